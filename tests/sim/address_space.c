// SPDX-License-Identifier: MIT
/* Where memory lies: inside what a limited process may have, and in few mappings of the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE (4 * KIB)

/* the sanitizers' own address space is not to be limited */
#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */
static const HsaMemFlags scratch = {.Value = 0x240};	   /* Scratch | HostAccess */
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

/* vm.max_map_count is 65530 by default, and a runtime makes many small buffers. */
static void neighbours_are_one_mapping(void **state)
{
	static void *buffers[2000];
	struct machine *machine = *state;
	unsigned before;
	HSAuint64 va;

	assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, host_memory, &buffers[0]), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(buffers[0], PAGE, &va), SUCCESS);
	before = count_mappings();
	for (size_t i = 1; i < 2000; i++) {
		assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, host_memory, &buffers[i]), SUCCESS);
		memset(buffers[i], 1, PAGE);
	}
	assert_in_range(count_mappings(), 0, before + 64);
	for (size_t i = 0; i < 2000; i++)
		assert_status(hsaKmtFreeMemory(buffers[i], PAGE), SUCCESS);
	assert_in_range(count_mappings(), 0, before + 64);
}

/* Freed ones between live ones cost no mapping each, and come back as zeros. */
static void holes_between_buffers_are_no_mappings(void **state)
{
	static void *buffers[100000];
	struct machine *machine = *state;
	unsigned before = count_mappings();

	for (size_t i = 0; i < 100000; i++) {
		assert_status(hsaKmtAllocMemory(machine->cpu, 128 * KIB, host_memory, &buffers[i]), SUCCESS);
		*(volatile char *)buffers[i] = 1;
	}
	assert_in_range(count_mappings(), 0, before + 64);
	for (size_t i = 0; i < 100000; i += 2)
		assert_status(hsaKmtFreeMemory(buffers[i], 128 * KIB), SUCCESS);
	assert_in_range(count_mappings(), 0, before + 64);
	for (size_t i = 0; i < 100000; i += 2) {
		assert_status(hsaKmtAllocMemory(machine->cpu, 128 * KIB, host_memory, &buffers[i]), SUCCESS);
		assert_int_equal(*(volatile char *)buffers[i], 0);
	}
	for (size_t i = 1; i < 100000; i += 2)
		assert_int_equal(*(volatile char *)buffers[i], 1);
	for (size_t i = 0; i < 100000; i++)
		assert_status(hsaKmtFreeMemory(buffers[i], 128 * KIB), SUCCESS);
	assert_in_range(count_mappings(), 0, before + 64);
}

static void large_buffers_are_had_again_and_again(void **state)
{
	struct machine *machine = *state;
	HSAuint64 va;
	void *first = NULL, *address;

	/* twice as much, in all, as any pool has addresses for */
	for (int i = 0; i < 200; i++) {
		assert_status(hsaKmtAllocMemory(machine->gpus[0], 4 * GIB, vram, &address), SUCCESS);
		if (!first)
			first = address;
		if (i % 16 == 0)
			assert_status(hsaKmtMapMemoryToGPU(address, 4 * GIB, &va), SUCCESS);
		assert_status(hsaKmtFreeMemory(address, 4 * GIB), SUCCESS);
	}
}

/* Lets this process have `more` bytes of addresses than it has. */
static int limit_address_space(uint64_t more)
{
	struct rlimit limit;
	unsigned long pages;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return -1;
	if (fscanf(file, "%lu", &pages) != 1) {
		fclose(file);
		return -1;
	}
	fclose(file);
	limit.rlim_cur = limit.rlim_max = pages * (uint64_t)sysconf(_SC_PAGESIZE) + more;
	return setrlimit(RLIMIT_AS, &limit);
}

#define STOP_UNLESS(condition)                                                          \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			return -1;                                                      \
		}                                                                       \
	} while (0)

static int in_a_limited_process(void *arg)
{
	struct machine *machine = arg;
	void *host = NULL, *local = NULL, *range = &range;
	HSAuint64 va;

	dxgsim_reset();
	machine_open(machine);
	STOP_UNLESS(!limit_address_space(1 * GIB));
	STOP_UNLESS(hsaKmtAllocMemory(machine->cpu, 4 * MIB, host_memory, &host) == HSAKMT_STATUS_SUCCESS);
	memset(host, 1, 4 * MIB);
	STOP_UNLESS(hsaKmtMapMemoryToGPU(host, 4 * MIB, &va) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtAllocMemory(machine->gpus[0], 16 * MIB, vram, &local) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtMapMemoryToGPU(local, 16 * MIB, &va) == HSAKMT_STATUS_SUCCESS);
	/* this cannot be had, and is not the end */
	STOP_UNLESS(hsaKmtAllocMemory(machine->gpus[0], 4 * GIB, scratch, &range) == HSAKMT_STATUS_NO_MEMORY);
	STOP_UNLESS(!range);
	STOP_UNLESS(hsaKmtAllocMemory(machine->gpus[0], 64 * MIB, scratch, &range) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtMapMemoryToGPU(range, 1 * MIB, &va) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtFreeMemory(range, 64 * MIB) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtFreeMemory(local, 16 * MIB) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtFreeMemory(host, 4 * MIB) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS);
	return dxgsim_misuse_count() || dxgsim_leak_count() ? -1 : 0;
}

/* What a batch system gives. */
static int opens_in_16_gib(void *arg)
{
	struct machine *machine = arg;
	struct rlimit limit = {.rlim_cur = 16 * GIB, .rlim_max = 16 * GIB};
	void *host = NULL, *local = NULL;
	HSAuint64 va;

	STOP_UNLESS(!setrlimit(RLIMIT_AS, &limit));
	dxgsim_reset();
	machine_open(machine);
	STOP_UNLESS(hsaKmtAllocMemory(machine->cpu, 1 * GIB, host_memory, &host) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtAllocMemory(machine->gpus[0], 4 * GIB, vram, &local) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtMapMemoryToGPU(local, 4 * GIB, &va) == HSAKMT_STATUS_SUCCESS);
	/* more addresses than there are, with all of the GPU's memory free */
	STOP_UNLESS(hsaKmtAllocMemory(machine->gpus[0], 15 * GIB, vram, &host) == HSAKMT_STATUS_NO_MEMORY);
	STOP_UNLESS(hsaKmtFreeMemory(local, 4 * GIB) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtAllocMemory(machine->gpus[0], 4 * GIB, vram, &local) == HSAKMT_STATUS_SUCCESS);
	STOP_UNLESS(hsaKmtCloseKFD() == HSAKMT_STATUS_SUCCESS);
	return dxgsim_misuse_count() || dxgsim_leak_count() ? -1 : 0;
}

static void sixteen_gib_of_addresses_are_enough(void **state)
{
	if (SANITIZED)
		skip();
	assert_int_equal(forked_run("in 16 GiB", opens_in_16_gib, *state), 0);
}

static void a_limited_address_space_is_shared_with_the_program(void **state)
{
	if (SANITIZED)
		skip();
	assert_int_equal(forked_run("in a limited process", in_a_limited_process, *state), 0);
}

#define OPEN(test)   cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)
#define CLOSED(test) cmocka_unit_test_setup_teardown(test, machine_setup_closed, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(neighbours_are_one_mapping),
		OPEN(holes_between_buffers_are_no_mappings),
		OPEN(large_buffers_are_had_again_and_again),
		CLOSED(a_limited_address_space_is_shared_with_the_program),
		CLOSED(sixteen_gib_of_addresses_are_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
