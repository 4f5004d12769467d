// SPDX-License-Identifier: MIT
/* The caller's own memory on simulated GPUs: statuses, addresses, and what each call costs. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define PAGE 0x1000ULL
#define MIB  0x100000ULL

static const HsaMemFlags lock_flags = {.Value = 0x2040}; /* HostAccess | CoarseGrain: what ROCr locks with */
static const HsaMemFlags no_flags;
static const HsaMemMapFlags no_map_flags;

static char *make_pages(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	memset(p, 0x5a, size);
	return p;
}

static void lock(void *address, HSAuint64 size)
{
	assert_status(hsaKmtRegisterMemoryWithFlags(address, size, lock_flags), SUCCESS);
}

static HSAuint64 map(void *address, HSAuint64 size, HSAuint32 count, HSAuint32 *nodes)
{
	HSAuint64 va = 1;

	assert_status(hsaKmtMapMemoryToGPUNodes(address, size, &va, no_map_flags, count, nodes), SUCCESS);
	return va;
}

static void unlock(void *address)
{
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtDeregisterMemory(address), SUCCESS);
}

static uint64_t pins(void)
{
	return dxgsim_ioctl_count_of("CREATEALLOCATION");
}

static void locked_memory_is_described(void **state)
{
	struct machine *machine = *state;
	char *pages = make_pages(16 * PAGE), *p = pages + 3 * PAGE + 77;
	HsaPointerInfo info;

	lock(p, 2 * PAGE);
	assert_status(hsaKmtQueryPointerInfo(p + 5, &info), SUCCESS);
	assert_int_equal(info.Type, HSA_POINTER_REGISTERED_USER);
	assert_int_equal(info.NMappedNodes, 0);
	assert_int_equal(map(p, 2 * PAGE, 2, machine->gpus), (uintptr_t)p);
	assert_status(hsaKmtSetMemoryUserData(p, machine), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(p + 2 * PAGE - 1, &info), SUCCESS);
	assert_int_equal(info.Type, HSA_POINTER_REGISTERED_USER);
	assert_ptr_equal(info.CPUAddress, p);
	assert_int_equal(info.GPUAddress, (uintptr_t)p);
	assert_int_equal(info.SizeInBytes, 2 * PAGE);
	assert_int_equal(info.NMappedNodes, 2);
	assert_int_equal(info.MappedNodes[0], machine->gpus[0]);
	assert_int_equal(info.MappedNodes[1], machine->gpus[1]);
	assert_int_equal(info.NRegisteredNodes, 0);
	assert_int_equal(info.MemFlags.Value, lock_flags.Value);
	assert_ptr_equal(info.UserData, machine);
	assert_status(hsaKmtQueryPointerInfo(p + 2 * PAGE, &info), ERROR);
	assert_int_equal(info.Type, HSA_POINTER_UNKNOWN);
	unlock(p);
	assert_status(hsaKmtQueryPointerInfo(p, &info), ERROR);
	machine_assert_allocations(0);
	munmap(pages, 16 * PAGE);
}

static void each_wrong_call_has_its_status(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = {.ui32 = {.HostAccess = 1, .ExtendedCoherent = 1, .CoarseGrain = 1}};
	HSAuint32 bad = machine->nodes, *gpus = machine->gpus;
	char *p = make_pages(4 * PAGE);
	void *own = NULL;

	assert_status(hsaKmtRegisterMemoryWithFlags(p, PAGE, flags), INVALID_PARAMETER);
	assert_status(hsaKmtRegisterMemoryWithFlags(p, PAGE, no_flags), NOT_SUPPORTED);
	flags = (HsaMemFlags){.ui32 = {.HostAccess = 1, .NonPaged = 1}};
	assert_status(hsaKmtRegisterMemoryWithFlags(p, PAGE, flags), NOT_SUPPORTED);
	assert_status(hsaKmtRegisterMemory(p, 0), INVALID_PARAMETER);
	assert_status(hsaKmtRegisterMemory(p, UINT64_MAX - 1), INVALID_PARAMETER);
	assert_status(hsaKmtDeregisterMemory(p), MEMORY_NOT_REGISTERED);
	assert_status(hsaKmtDeregisterMemory(NULL), MEMORY_NOT_REGISTERED);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 0, gpus), INVALID_PARAMETER);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 1, &bad), INVALID_NODE_UNIT);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 1, &machine->cpu), ERROR);
	assert_status(hsaKmtMapMemoryToGPU(p, PAGE, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPUNodes(p, PAGE, NULL, no_map_flags, 1, gpus), ERROR);

	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 1, gpus), SUCCESS);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 1, gpus), SUCCESS);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 2, gpus), MEMORY_ALREADY_REGISTERED);
	assert_status(hsaKmtMapMemoryToGPUNodes(p, PAGE, NULL, no_map_flags, 2, gpus), ERROR);
	assert_status(hsaKmtMapMemoryToGPUNodes(p, PAGE, NULL, no_map_flags, 1, &gpus[1]), ERROR);
	assert_int_equal(map(p, PAGE, 1, gpus), (uintptr_t)p);
	unlock(p);
	assert_status(hsaKmtDeregisterMemory(p), SUCCESS);
	assert_status(hsaKmtDeregisterMemory(p), MEMORY_NOT_REGISTERED);

	assert_status(hsaKmtAllocMemory(machine->cpu, MIB, lock_flags, &own), SUCCESS);
	assert_status(hsaKmtRegisterMemory(own, PAGE), INVALID_HANDLE);
	assert_status(hsaKmtRegisterMemoryWithFlags((char *)own + 5, 10, lock_flags), INVALID_HANDLE);
	assert_status(hsaKmtDeregisterMemory(own), MEMORY_NOT_REGISTERED);
	assert_status(hsaKmtRegisterMemoryToNodes(own, MIB, 1, gpus), SUCCESS);
	assert_status(hsaKmtRegisterMemoryToNodes(own, MIB, 2, gpus), MEMORY_ALREADY_REGISTERED);
	assert_status(hsaKmtMapMemoryToGPUNodes(own, MIB, NULL, no_map_flags, 2, gpus), ERROR);
	assert_status(hsaKmtDeregisterMemory(own), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(own, MIB, NULL, no_map_flags, 2, gpus), SUCCESS);
	assert_status(hsaKmtFreeMemory(own, MIB), SUCCESS);
	munmap(p, 4 * PAGE);
}

static void maps_are_counted(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(4 * PAGE);
	HsaPointerInfo info;

	lock(p, 4 * PAGE);
	map(p, 4 * PAGE, 1, &machine->gpus[0]);
	map(p, 4 * PAGE, 1, &machine->gpus[1]);
	assert_int_equal(pins(), 2);
	assert_status(hsaKmtUnmapMemoryToGPU(p), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(p, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, 2);
	assert_status(hsaKmtUnmapMemoryToGPU(p), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU(p), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(p, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, 0);
	assert_status(hsaKmtDeregisterMemory(p), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU(p), ERROR);
	munmap(p, 4 * PAGE);
}

static void overlapping_registrations_cost_no_second_pin(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(MIB);
	uint64_t calls;

	lock(p + 100, 100 * PAGE);
	map(p + 100, 100 * PAGE, 1, machine->gpus);
	assert_int_equal(pins(), 1);
	assert_int_equal(dxgsim_ioctl_count_of("RESERVEGPUVIRTUALADDRESS"), 1);
	assert_int_equal(dxgsim_ioctl_count_of("MAKERESIDENT"), 1);
	assert_int_equal(dxgsim_ioctl_count_of("MAPGPUVIRTUALADDRESS"), 1);
	calls = dxgsim_ioctl_count();
	for (unsigned i = 0; i < 50; i++) {
		lock(p + i * PAGE + 200, PAGE + i);
		map(p + i * PAGE + 200, PAGE + i, 1, machine->gpus);
	}
	assert_int_equal(dxgsim_ioctl_count(), calls);
	lock(p + 60 * PAGE, 60 * PAGE);
	map(p + 60 * PAGE, 60 * PAGE, 1, machine->gpus);
	assert_int_equal(pins(), 2);
	unlock(p + 100);
	for (unsigned i = 0; i < 50; i++)
		unlock(p + i * PAGE + 200);
	unlock(p + 60 * PAGE);
	machine_assert_allocations(0);
	munmap(p, MIB);
}

/* Neighbours on the heap share a page, and what one of them leaves is mapped anew by the process. */
static void a_neighbour_keeps_no_stale_pages(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(8 * PAGE);

	lock(p + 3 * PAGE + 100, 2 * PAGE);
	map(p + 3 * PAGE + 100, 2 * PAGE, 2, machine->gpus);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t before = pins();

		lock(p, 3 * PAGE + 100);
		assert_int_equal(map(p, 3 * PAGE + 100, 2, machine->gpus), (uintptr_t)p);
		assert_int_equal(pins(), before + 2);
		unlock(p);
		assert_int_equal(munmap(p, 2 * PAGE), 0);
		assert_ptr_equal(mmap(p, 2 * PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
				 p);
	}
	unlock(p + 3 * PAGE + 100);
	munmap(p, 8 * PAGE);
}

static void pages_have_the_rights_that_the_process_has(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(16 * PAGE);

	assert_int_equal(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
	lock(p, 8 * PAGE);
	assert_int_equal(map(p, 8 * PAGE, 2, machine->gpus), (uintptr_t)p);
	unlock(p);
	/* constants of a program, and a missing page */
	lock((void *)(uintptr_t) "read only", 9);
	map((void *)(uintptr_t) "read only", 9, 1, machine->gpus);
	unlock((void *)(uintptr_t) "read only");
	assert_int_equal(munmap(p + 12 * PAGE, PAGE), 0);
	lock(p + 10 * PAGE, 5 * PAGE);
	assert_status(
		hsaKmtMapMemoryToGPUNodes(p + 10 * PAGE, 5 * PAGE, NULL, no_map_flags, 1, machine->gpus),
		ERROR);
	assert_status(hsaKmtDeregisterMemory(p + 10 * PAGE), SUCCESS);
	lock(p + 12 * PAGE, PAGE);
	assert_status(hsaKmtMapMemoryToGPU(p + 12 * PAGE, PAGE, NULL), ERROR);
	assert_status(hsaKmtDeregisterMemory(p + 12 * PAGE), SUCCESS);
	machine_assert_allocations(0);
	munmap(p, 16 * PAGE);
}

static void a_taken_address_is_told_another(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(4 * PAGE);
	HsaPointerInfo info;
	HSAuint64 va;

	lock(p + 10, 3 * PAGE);
	assert_int_equal(dxgsim_fault("ioctl=RESERVEGPUVIRTUALADDRESS:nth=1:zero"), 0);
	va = map(p + 10, 3 * PAGE, 2, machine->gpus);
	dxgsim_clear_faults();
	assert_int_not_equal(va, (uintptr_t)p + 10);
	assert_int_equal(va & (PAGE - 1), 10);
	assert_int_equal(map(p + 20, 1, 1, machine->gpus), va + 10);
	assert_status(hsaKmtQueryPointerInfo(p + 10, &info), SUCCESS);
	assert_ptr_equal(info.CPUAddress, p + 10);
	assert_int_equal(info.GPUAddress, va);
	assert_status(hsaKmtQueryPointerInfo((void *)(uintptr_t)(va + 3 * PAGE - 1), &info), SUCCESS);
	assert_ptr_equal(info.CPUAddress, p + 10);
	assert_status(hsaKmtUnmapMemoryToGPU(p + 10), SUCCESS);
	unlock(p + 10);
	machine_assert_allocations(0);
	munmap(p, 4 * PAGE);
}

/* The same adapter, whose addresses end below those that the kernel gives to programs. */
static void write_short_adapter(char *path)
{
	const char *directory = getenv("DXGSIM_ADAPTER_PATH");
	char from[4096], line[512];
	FILE *in, *out;
	int fd;

	assert_non_null(directory);
	snprintf(from, sizeof(from), "%s/rx6800.ini", directory);
	in = fopen(from, "r");
	fd = mkstemps(path, 4);
	assert_true(fd >= 0);
	out = fdopen(fd, "w");
	assert_non_null(in);
	assert_non_null(out);
	while (fgets(line, sizeof(line), in))
		fputs(strstr(line, "va_end") ? "va_end = 0x100000000000\n" : line, out);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

static void an_address_out_of_reach_is_told_another(void **state)
{
	char path[] = "/tmp/user-pointers-XXXXXX.ini";
	struct machine *machine = *state;
	char *p = make_pages(4 * PAGE);
	HSAuint64 va;

	assert_true((uintptr_t)p > 0x100000000000);
	write_short_adapter(path);
	machine_boot(path);
	machine_open(machine);
	unlink(path);
	assert_int_equal(machine->gpu_count, 1);
	lock(p + 1, 2 * PAGE);
	va = map(p + 1, 2 * PAGE, 1, machine->gpus);
	assert_true(va < 0x100000000000);
	assert_int_equal(va & (PAGE - 1), 1);
	unlock(p + 1);
	munmap(p, 4 * PAGE);
}

static void without_a_gpu_there_is_nothing_to_register(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(PAGE);

	machine_boot("foreign");
	machine_open(machine);
	assert_int_equal(machine->gpu_count, 0);
	assert_status(hsaKmtRegisterMemory(p, PAGE), SUCCESS);
	assert_status(hsaKmtRegisterMemoryWithFlags(p, PAGE, lock_flags), NOT_SUPPORTED);
	assert_status(hsaKmtRegisterMemoryToNodes(p, PAGE, 1, &machine->cpu), NOT_SUPPORTED);
	assert_status(hsaKmtDeregisterMemory(p), SUCCESS);
	munmap(p, PAGE);
}

static void an_integrated_gpu_needs_registration_too(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(PAGE);

	machine_boot("radeon680m");
	machine_open(machine);
	assert_int_equal(machine->gpu_count, 1);
	lock(p, PAGE);
	assert_int_equal(map(p, PAGE, 1, machine->gpus), (uintptr_t)p);
	assert_int_equal(pins(), 1);
	unlock(p);
	munmap(p, PAGE);
}

/* The caller's pages stay a child's, unlike the library's. */
static void a_child_has_registered_memory(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(2 * PAGE);
	int status;
	pid_t pid;

	lock(p, 2 * PAGE);
	map(p, 2 * PAGE, 2, machine->gpus);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(p[0] == 0x5a && p[2 * PAGE - 1] == 0x5a ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	unlock(p);
	munmap(p, 2 * PAGE);
}

static void close_ends_what_is_still_mapped(void **state)
{
	struct machine *machine = *state;
	char *p = make_pages(64 * PAGE);

	for (unsigned i = 0; i < 20; i++) {
		lock(p + i * PAGE, 5 * PAGE);
		lock(p + i * PAGE, 5 * PAGE);
		map(p + i * PAGE, 5 * PAGE, 1 + i % 2, machine->gpus);
		map(p + i * PAGE, 5 * PAGE, 1, machine->gpus);
	}
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	assert_int_equal(dxgsim_live_objects(NULL), 0);
	munmap(p, 64 * PAGE);
}

#define THREADS 8U
#define ROUNDS	60U

struct worker {
	pthread_t thread;
	struct machine *machine;
	char *pages;
	unsigned number;
	int line; /* 0: all was well */
};

#define OK(call)                                        \
	do {                                            \
		if ((call) != HSAKMT_STATUS_SUCCESS)    \
			return worker->line = __LINE__; \
	} while (0)

static int one_lock(struct worker *worker, uint32_t *random)
{
	HSAuint64 first, size, va;
	HsaPointerInfo info;
	HSAuint32 *nodes, count;
	char *p;

	*random = *random * 1664525 + 1013904223;
	first = (*random >> 8) % 60;
	size = 1 + (*random >> 16) % ((63 - first) * PAGE);
	count = 1 + (*random >> 29) % 2;
	nodes = worker->machine->gpus + (count == 1 && *random >> 31);
	p = worker->pages + first * PAGE + worker->number * 32;
	OK(hsaKmtRegisterMemoryWithFlags(p, size, lock_flags));
	OK(hsaKmtMapMemoryToGPUNodes(p, size, &va, no_map_flags, count, nodes));
	if (va != (uintptr_t)p)
		return worker->line = __LINE__;
	OK(hsaKmtQueryPointerInfo(p + size / 2, &info));
	if (info.Type != HSA_POINTER_REGISTERED_USER || info.SizeInBytes > size)
		return worker->line = __LINE__;
	OK(hsaKmtUnmapMemoryToGPU(p));
	OK(hsaKmtDeregisterMemory(p));
	return 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	uint32_t random = worker->number * 2654435761U + 1;

	for (unsigned i = 0; i < ROUNDS && !one_lock(worker, &random); i++)
		;
	return NULL;
}

static void threads_lock_overlapping_ranges(void **state)
{
	struct worker workers[THREADS];
	char *pages = make_pages(64 * PAGE);

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.machine = *state, .pages = pages, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(workers[i].line, 0);
	machine_assert_allocations(0);
	munmap(pages, 64 * PAGE);
}

#define on_machine(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_machine(locked_memory_is_described),
		on_machine(each_wrong_call_has_its_status),
		on_machine(maps_are_counted),
		on_machine(overlapping_registrations_cost_no_second_pin),
		on_machine(a_neighbour_keeps_no_stale_pages),
		on_machine(pages_have_the_rights_that_the_process_has),
		on_machine(a_taken_address_is_told_another),
		on_machine(an_address_out_of_reach_is_told_another),
		on_machine(without_a_gpu_there_is_nothing_to_register),
		on_machine(an_integrated_gpu_needs_registration_too),
		on_machine(a_child_has_registered_memory),
		on_machine(close_ends_what_is_still_mapped),
		on_machine(threads_lock_overlapping_ranges),
	};

	return cmocka_run_group_tests_name("user pointers", tests, NULL, NULL);
}
