// SPDX-License-Identifier: MIT
/*
 * VRAM belongs to all processes of the VM: what one has mapped is not available to others, until it ends in whatever
 * way; but who needs more than is left is not refused for that, they share.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxg/uapi.h"
#include "dxgsim/dxgsim.h"
#include "machine.h"

#define ADAPTER "rx6800,vram-mib=512"
#define MIB	(1ull << 20)
#define VRAM	(512 * MIB)
#define PIECE	(200 * MIB)

static HSAKMT_STATUS take(const struct machine *machine, void **address)
{
	HsaMemFlags flags = {.ui32 = {.NonPaged = 1, .CoarseGrain = 1, .NoNUMABind = 1}};
	HsaMemMapFlags map_flags = {.Value = 0};
	HSAuint32 gpu = machine->gpus[0];
	HSAKMT_STATUS status;
	HSAuint64 gpu_va;

	status = hsaKmtAllocMemory(gpu, PIECE, flags, address);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = hsaKmtMapMemoryToGPUNodes(*address, PIECE, &gpu_va, map_flags, 1, &gpu);
	if (status != HSAKMT_STATUS_SUCCESS)
		hsaKmtFreeMemory(*address, PIECE);
	return status;
}

static void give_back(void *address)
{
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PIECE), SUCCESS);
	machine_assert_allocations(0);
}

static uint64_t available(const struct machine *machine)
{
	HSAuint64 bytes = 0;

	assert_status(hsaKmtAvailableMemory(machine->gpus[0], &bytes), SUCCESS);
	return bytes;
}

/* Bytes in place in the first segment, all processes together (Microsoft: d3dkmthk.h, D3DKMT_QUERYSTATISTICS). */
static uint64_t resident(void)
{
	struct d3dkmt_adapterinfo info = {0};
	struct d3dkmt_enumadapters3 adapters = {.adapter_count = 1, .adapters = (uintptr_t)&info};
	struct d3dkmt_querystatistics query = {.type = D3DKMT_QUERYSTATISTICS_SEGMENT};
	struct d3dkmt_closeadapter args;
	int fd = open("/dev/dxg", O_RDWR | O_CLOEXEC);
	uint64_t bytes;

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, LX_DXENUMADAPTERS3, &adapters), 0);
	query.adapter_luid = info.adapter_luid;
	assert_int_equal(ioctl(fd, LX_DXQUERYSTATISTICS, &query), 0);
	memcpy(&bytes, (const uint8_t *)&query.result + 16, sizeof(bytes));
	args.adapter_handle = info.adapter_handle;
	assert_int_equal(ioctl(fd, LX_DXCLOSEADAPTER, &args), 0);
	close(fd);
	return bytes;
}

/* What a process does until a byte comes: 0 when all went well. */
static int hold(int tell, int until)
{
	struct machine machine;
	void *address;
	char byte;

	machine_open(&machine);
	if (take(&machine, &address) || write(tell, "", 1) != 1 || read(until, &byte, 1) != 1)
		return 1;
	give_back(address);
	return hsaKmtCloseKFD() || dxgsim_leak_count() || dxgsim_misuse_count();
}

static pid_t start_holder(int *until)
{
	int told[2], ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		close(told[0]);
		close(ends[1]);
		_exit(hold(told[1], ends[0]));
	}
	close(told[1]);
	close(ends[0]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	close(told[0]);
	*until = ends[1];
	return pid;
}

static void vram_of_another_process_is_not_available(bool killed)
{
	struct machine machine;
	uint64_t all, before;
	int until, status;
	void *address;
	pid_t pid;

	machine_boot(ADAPTER);
	machine_open(&machine);
	all = available(&machine);
	before = resident();
	pid = start_holder(&until);
	assert_true(available(&machine) <= all - PIECE);
	assert_true(resident() >= before + PIECE);
	assert_status(take(&machine, &address), SUCCESS);
	assert_true(resident() >= before + 2 * PIECE);
	give_back(address);
	if (killed)
		kill(pid, SIGKILL);
	else
		assert_int_equal(write(until, "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(until);
	assert_int_equal(killed ? WTERMSIG(status) : status, killed ? SIGKILL : 0);
	assert_int_equal(available(&machine), all);
	assert_int_equal(resident(), before);
	assert_status(take(&machine, &address), SUCCESS);
	give_back(address);
}

static void a_killed_process_frees_its_vram(void **state)
{
	(void)state;
	vram_of_another_process_is_not_available(true);
}

static void a_process_that_closes_frees_its_vram(void **state)
{
	(void)state;
	vram_of_another_process_is_not_available(false);
}

#define RIVALS 4

/* Tells what came of it when all have been let go at once. */
static int try_to_take(int gate, int tell, int until)
{
	struct machine machine;
	HSAKMT_STATUS status;
	void *address;
	char byte;

	machine_open(&machine);
	if (read(gate, &byte, 1))
		return 1;
	status = take(&machine, &address);
	byte = (char)status;
	if (write(tell, &byte, 1) != 1 || read(until, &byte, 1))
		return 1;
	if (status != HSAKMT_STATUS_SUCCESS)
		return 1;
	give_back(address);
	return hsaKmtCloseKFD() || dxgsim_leak_count() || dxgsim_misuse_count();
}

static void rivals_share_what_is_there(void **state)
{
	int gate[2], told[2], until[2], status, got = 0;
	pid_t pids[RIVALS];
	struct machine machine;

	(void)state;
	machine_boot(ADAPTER);
	machine_open(&machine); /* from here on children share the VM */
	assert_int_equal(pipe(gate) | pipe(told) | pipe(until), 0);
	for (int i = 0; i < RIVALS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			alarm(60);
			close(gate[1]);
			close(until[1]);
			_exit(try_to_take(gate[0], told[1], until[0]));
		}
	}
	close(gate[1]);
	for (int i = 0; i < RIVALS; i++) {
		char result;

		assert_int_equal(read(told[0], &result, 1), 1);
		got += result == HSAKMT_STATUS_SUCCESS;
	}
	assert_int_equal(got, RIVALS);
	assert_true(resident() <= VRAM); /* of what they have mapped, which is more */
	close(until[1]);
	for (int i = 0; i < RIVALS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	close(gate[0]);
	close(told[0]);
	close(told[1]);
	close(until[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_killed_process_frees_its_vram, machine_teardown),
		cmocka_unit_test_teardown(a_process_that_closes_frees_its_vram, machine_teardown),
		cmocka_unit_test_teardown(rivals_share_what_is_there, machine_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
