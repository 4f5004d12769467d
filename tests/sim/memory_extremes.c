// SPDX-License-Identifier: MIT
/* Memory at its ends: very many buffers, very large ones, a full card, a card that two processes fill, a fork. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE (4 * KIB)

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */
static const HsaMemFlags vram = {.Value = 0x2081};	   /* NonPaged | NoSubstitute | CoarseGrain */

static unsigned count_mappings(void)
{
	unsigned lines = 0;
	int c;
	FILE *file = fopen("/proc/self/maps", "re");

	assert_non_null(file);
	while ((c = getc(file)) != EOF)
		lines += c == '\n';
	fclose(file);
	return lines;
}

/* Allocated and mapped, or neither. */
static HSAKMT_STATUS take(HSAuint32 node, HSAuint64 size, HsaMemFlags flags, void **address)
{
	HSAKMT_STATUS status = hsaKmtAllocMemory(node, size, flags, address);
	HSAuint64 va;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = hsaKmtMapMemoryToGPU(*address, size, &va);
	if (status != HSAKMT_STATUS_SUCCESS)
		hsaKmtFreeMemory(*address, size);
	return status;
}

static HSAuint64 available(const struct machine *machine)
{
	HSAuint64 bytes = 0;

	assert_status(hsaKmtAvailableMemory(machine->gpus[0], &bytes), SUCCESS);
	return bytes;
}

#define BUFFERS	      100000
#define MOST_MAPPINGS 1000 /* of the kernel, for all of them: vm.max_map_count is 65530 by default */

/* Sizes that blocks are cut for, and sizes that they are not. */
static HSAuint64 mixed_size(size_t i)
{
	return PAGE * (1 + i * 7 % 32);
}

static void many_buffers_are_few_mappings(void **state)
{
	static unsigned char *buffers[BUFFERS];
	struct machine *machine = *state;
	unsigned before = count_mappings();
	HSAuint64 va;
	void *address;

	for (size_t i = 0; i < BUFFERS; i++) {
		assert_status(hsaKmtAllocMemory(i % 5 ? machine->cpu : machine->gpus[0], mixed_size(i),
						i % 5 ? host_memory : vram, &address),
			      SUCCESS);
		buffers[i] = address;
		if (i % 5)
			buffers[i][0] = (unsigned char)i;
		if (i % 64 == 1)
			assert_status(hsaKmtMapMemoryToGPU(address, mixed_size(i), &va), SUCCESS);
	}
	assert_in_range(count_mappings(), 0, before + MOST_MAPPINGS);
	for (size_t i = 0; i < BUFFERS; i += 2)
		assert_status(hsaKmtFreeMemory(buffers[i], mixed_size(i)), SUCCESS);
	assert_in_range(count_mappings(), 0, before + MOST_MAPPINGS);
	for (size_t i = 1; i < BUFFERS; i += 2) {
		if (i % 5)
			assert_int_equal(buffers[i][0], (unsigned char)i);
		assert_status(hsaKmtFreeMemory(buffers[i], mixed_size(i)), SUCCESS);
	}
	assert_in_range(count_mappings(), 0, before + MOST_MAPPINGS);
}

/* The card has 24 GiB, some of which Windows keeps. */
static void a_full_card_refuses_and_recovers(void **state)
{
	struct machine machine;
	void *buffers[25];
	HSAuint64 all;
	size_t count = 0;
	HSAKMT_STATUS status;

	(void)state;
	machine_boot("rx7900xtx");
	machine_open(&machine);
	all = available(&machine);
	while ((status = take(machine.gpus[0], GIB, vram, &buffers[count])) == HSAKMT_STATUS_SUCCESS)
		assert_in_range(++count, 1, 24);
	assert_int_equal(status, HSAKMT_STATUS_NO_MEMORY);
	assert_in_range(count, 20, 24);
	assert_in_range(available(&machine), 0, GIB);
	/* it stays so */
	assert_status(take(machine.gpus[0], GIB, vram, &buffers[count]), NO_MEMORY);
	/* there is room for what is smaller, or not, but nothing else */
	status = take(machine.gpus[0], 2 * MIB, vram, &buffers[count]);
	if (status == HSAKMT_STATUS_SUCCESS)
		assert_status(hsaKmtFreeMemory(buffers[count], 2 * MIB), SUCCESS);
	else
		assert_int_equal(status, HSAKMT_STATUS_NO_MEMORY);
	for (int round = 0; round < 5; round++) {
		assert_status(hsaKmtFreeMemory(buffers[round], GIB), SUCCESS);
		assert_status(take(machine.gpus[0], GIB, vram, &buffers[round]), SUCCESS);
	}
	while (count)
		assert_status(hsaKmtFreeMemory(buffers[--count], GIB), SUCCESS);
	assert_status(take(machine.gpus[0], GIB, vram, &buffers[0]), SUCCESS);
	assert_status(hsaKmtFreeMemory(buffers[0], GIB), SUCCESS);
	machine_assert_allocations(0);
	assert_int_equal(available(&machine), all);
}

#define LARGE_CARD "rx7900xtx,vram-mib=262144"
#define LARGE	   (200 * GIB)
#define CHUNK	   (2 * GIB)

/* More than this machine has of any memory. */
static void a_large_buffer_is_made_resident_at_once(void **state)
{
	struct machine machine;
	uint64_t residency, fences;
	HsaPointerInfo info;
	void *address;

	(void)state;
	machine_boot(LARGE_CARD);
	machine_open(&machine);
	residency = dxgsim_ioctl_count_of("MAKERESIDENT");
	fences = dxgsim_ioctl_count_of("WAITFORSYNCHRONIZATIONOBJECTFROMCPU");
	assert_status(take(machine.gpus[0], LARGE, vram, &address), SUCCESS);
	assert_int_equal(dxgsim_ioctl_count_of("MAKERESIDENT"), residency + 1);
	assert_int_equal(dxgsim_ioctl_count_of("WAITFORSYNCHRONIZATIONOBJECTFROMCPU"), fences);
	assert_int_equal(dxgsim_live_objects("allocation"), LARGE / CHUNK);
	assert_status(hsaKmtQueryPointerInfo((char *)address + LARGE - 1, &info), SUCCESS);
	assert_ptr_equal(info.CPUAddress, address);
	assert_int_equal(info.SizeInBytes, LARGE);
	assert_int_equal(info.NMappedNodes, 1);
	assert_status(hsaKmtFreeMemory(address, LARGE), SUCCESS);
	machine_assert_allocations(0);
}

static void system_memory_beyond_4_gib_is_one_buffer(void **state)
{
	struct machine *machine = *state;
	HSAuint64 size = 4 * GIB + 3 * MIB;
	HsaPointerInfo info;
	unsigned char *bytes;
	void *address;

	assert_status(hsaKmtAllocMemory(machine->cpu, size, host_memory, &address), SUCCESS);
	bytes = address;
	for (HSAuint64 at = 0; at < size; at += GIB)
		bytes[at] = (unsigned char)(at / GIB + 1);
	bytes[size - 1] = 99;
	assert_status(hsaKmtMapMemoryToGPUNodes(address, size, NULL, (HsaMemMapFlags){.Value = 0}, 1,
						&machine->gpus[0]),
		      SUCCESS);
	for (HSAuint64 at = 0; at < size; at += GIB)
		assert_int_equal(bytes[at], at / GIB + 1);
	assert_int_equal(bytes[size - 1], 99);
	assert_status(hsaKmtQueryPointerInfo(bytes + size - 1, &info), SUCCESS);
	assert_int_equal(info.SizeInBytes, size);
	assert_status(hsaKmtFreeMemory(address, size), SUCCESS);
}

#define SHARED_CARD "rx6800,vram-mib=1024"
#define MOST_OF_IT  (700 * MIB)
#define THE_REST    (250 * MIB)

/* In a child: takes its share, tells, and keeps it until a byte comes. */
static int hold(int tell, int until)
{
	struct machine machine;
	void *address;
	char byte;

	machine_open(&machine);
	if (take(machine.gpus[0], MOST_OF_IT, vram, &address) || write(tell, "", 1) != 1 ||
	    read(until, &byte, 1) != 1)
		return 1;
	if (hsaKmtFreeMemory(address, MOST_OF_IT))
		return 1;
	return hsaKmtCloseKFD() || dxgsim_leak_count() || dxgsim_misuse_count();
}

static struct dxgsim_paging paging(void)
{
	struct dxgsim_paging now;

	assert_true(dxgsim_paging(0, &now));
	return now;
}

/* Windows moves memory to and fro then: slower, but everybody has all that it was given. */
static void two_processes_may_take_more_than_there_is(void **state)
{
	int told[2], until[2], status;
	struct dxgsim_paging before;
	struct machine machine;
	void *first, *second;
	char byte;
	HSAuint64 all;
	pid_t pid;

	(void)state;
	machine_boot(SHARED_CARD);
	machine_open(&machine);
	all = available(&machine);
	assert_status(take(machine.gpus[0], MOST_OF_IT, vram, &first), SUCCESS);
	before = paging();
	assert_int_equal(pipe(told) | pipe(until), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(60);
		close(told[0]);
		close(until[1]);
		_exit(hold(told[1], until[0]));
	}
	close(told[1]);
	close(until[0]);
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_true(paging().adapter_out > before.adapter_out);
	/* it is as if nothing had happened, but for the time it takes */
	assert_status(hsaKmtUnmapMemoryToGPU(first), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(first, MOST_OF_IT, NULL), SUCCESS);
	assert_status(take(machine.gpus[0], THE_REST, vram, &second), SUCCESS);
	assert_status(hsaKmtFreeMemory(second, THE_REST), SUCCESS);
	assert_int_equal(write(until[1], "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(told[0]);
	close(until[1]);
	/* and alone again it has the card for itself */
	assert_status(hsaKmtUnmapMemoryToGPU(first), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(first, MOST_OF_IT, NULL), SUCCESS);
	before = paging();
	assert_status(take(machine.gpus[0], THE_REST, vram, &second), SUCCESS);
	assert_int_equal(paging().adapter_out, before.adapter_out);
	assert_status(take(machine.gpus[0], MOST_OF_IT, vram, &second), NO_MEMORY);
	assert_status(hsaKmtFreeMemory(first, MOST_OF_IT), SUCCESS);
	assert_status(take(machine.gpus[0], THE_REST, vram, &first), SUCCESS);
	assert_in_range(available(&machine), 0, all - THE_REST);
}

/* What became of a child that reads there: 0, or the signal that ended it. */
static int read_in_a_child(const volatile char *address, char expected)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(*address != expected);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	assert_int_equal(status, 0);
	return 0;
}

/* Else the kernel would give one of the two a copy, and who of them the GPU's pages would be chance. */
static void a_child_has_none_of_the_librarys_memory(void **state)
{
	static const HSAuint64 sizes[] = {PAGE, 128 * KIB, 3 * MIB};
	struct machine *machine = *state;
	HsaPointerInfo info;
	char *address;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_status(take(machine->cpu, sizes[i], host_memory, (void **)&address), SUCCESS);
		memset(address, 0x21, sizes[i]);
		assert_int_equal(read_in_a_child(address, 0x21), SIGSEGV);
		assert_int_equal(read_in_a_child(address + sizes[i] - 1, 0x21), SIGSEGV);
		/* the parent has it as before */
		for (HSAuint64 k = 0; k < sizes[i]; k++)
			assert_int_equal(address[k], 0x21);
		address[0] = 0x22;
		assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
		assert_int_equal(info.NMappedNodes, machine->gpu_count);
		assert_status(hsaKmtFreeMemory(address, sizes[i]), SUCCESS);
	}
}

/* Programs fork with their own memory locked, and the child wants it. */
static void a_child_has_the_programs_memory(void **state)
{
	HsaMemFlags flags = {.Value = 0x2040}; /* HostAccess | CoarseGrain */
	char *memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	HSAuint64 va;

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	memset(memory, 0x33, MIB);
	assert_status(hsaKmtRegisterMemoryWithFlags(memory + 100, 500 * KIB, flags), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(memory + 100, 500 * KIB, &va), SUCCESS);
	assert_int_equal(read_in_a_child(memory + 100, 0x33), 0);
	assert_int_equal(read_in_a_child(memory + 300 * KIB, 0x33), 0);
	assert_int_equal(memory[100], 0x33);
	assert_status(hsaKmtUnmapMemoryToGPU(memory + 100), SUCCESS);
	assert_status(hsaKmtDeregisterMemory(memory + 100), SUCCESS);
	munmap(memory, MIB);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)
#define OWN(test)  cmocka_unit_test_teardown(test, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(many_buffers_are_few_mappings),
		OWN(a_full_card_refuses_and_recovers),
		OWN(a_large_buffer_is_made_resident_at_once),
		OPEN(system_memory_beyond_4_gib_is_one_buffer),
		OWN(two_processes_may_take_more_than_there_is),
		OPEN(a_child_has_none_of_the_librarys_memory),
		OPEN(a_child_has_the_programs_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
