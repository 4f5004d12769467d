// SPDX-License-Identifier: MIT
/* Memory: what the calls answer to bad requests, and what is told of a pointer. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE (4 * KIB)

static const HsaMemMapFlags no_map_flags;

static HsaMemFlags system_flags(void)
{
	HsaMemFlags flags = {.Value = 0};

	flags.ui32.HostAccess = 1;
	return flags;
}

static HsaMemFlags vram_flags(void)
{
	HsaMemFlags flags = {.Value = 0};

	flags.ui32.NonPaged = 1;
	flags.ui32.NoSubstitute = 1;
	flags.ui32.CoarseGrain = 1;
	return flags;
}

static void *allocate(HSAuint32 node, HSAuint64 size, HsaMemFlags flags)
{
	void *address = NULL;

	assert_status(hsaKmtAllocMemory(node, size, flags, &address), SUCCESS);
	assert_non_null(address);
	return address;
}

static void sizes_are_whole_pages_and_not_zero(void **state)
{
	struct machine *machine = *state;
	HSAuint32 nodes[] = {machine->cpu, machine->gpus[0], machine->gpus[1]};

	for (size_t i = 0; i < 3; i++) {
		HsaMemFlags flags = i ? vram_flags() : system_flags();
		void *address = &address;

		assert_status(hsaKmtAllocMemory(nodes[i], 0, flags, &address), INVALID_PARAMETER);
		assert_status(hsaKmtAllocMemory(nodes[i], 1, flags, &address), INVALID_PARAMETER);
		assert_status(hsaKmtAllocMemory(nodes[i], PAGE - 1, flags, &address), INVALID_PARAMETER);
		assert_status(hsaKmtAllocMemory(nodes[i], PAGE + 1, flags, &address), INVALID_PARAMETER);
		assert_status(hsaKmtAllocMemory(nodes[i], UINT64_MAX, flags, &address), INVALID_PARAMETER);
		/* the page size asked for counts */
		flags.ui32.PageSize = HSA_PAGE_SIZE_64KB;
		assert_status(hsaKmtAllocMemory(nodes[i], PAGE, flags, &address), INVALID_PARAMETER);
		flags.ui32.PageSize = HSA_PAGE_SIZE_2MB;
		assert_status(hsaKmtAllocMemory(nodes[i], 64 * KIB, flags, &address), INVALID_PARAMETER);
	}
	machine_assert_allocations(0);
}

/* More than any machine has: no success, no crash, no host call, and no address. */
static void sizes_near_overflow_are_refused_for_lack_of_memory(void **state)
{
	static const HSAuint64 sizes[] = {
		1ULL << 40,  1ULL << 47,	  1ULL << 48,	       1ULL << 62,
		1ULL << 63,  3ULL << 62,	  0ULL - (2 * MIB),    0ULL - (64 * KIB),
		0ULL - PAGE, (1ULL << 63) - PAGE, (1ULL << 44) + PAGE,
	};
	struct machine *machine = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		void *address = &address;

		assert_status(hsaKmtAllocMemory(machine->gpus[0], sizes[i], vram_flags(), &address),
			      NO_MEMORY);
		assert_null(address);
		address = &address;
		assert_int_not_equal(hsaKmtAllocMemory(machine->cpu, sizes[i], system_flags(), &address),
				     HSAKMT_STATUS_SUCCESS);
		assert_null(address);
	}
	machine_assert_allocations(0);
}

static void alignments_are_powers_of_two_of_a_page_or_more(void **state)
{
	static const HSAuint64 bad[] = {1, 8, 2048, PAGE + 1, 3 * PAGE, 1ULL << 63 | PAGE, UINT64_MAX};
	static const HSAuint64 good[] = {PAGE, 64 * KIB, 2 * MIB, 1 * GIB};
	struct machine *machine = *state;
	HsaMemFlags flags = system_flags();
	void *address = &address;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_status(hsaKmtAllocMemoryAlign(machine->cpu, PAGE, bad[i], flags, &address),
			      INVALID_PARAMETER);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_status(hsaKmtAllocMemoryAlign(machine->cpu, PAGE, good[i], flags, &address), SUCCESS);
		assert_int_equal((uintptr_t)address % good[i], 0);
		assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
		assert_status(hsaKmtAllocMemoryAlign(machine->gpus[0], PAGE, good[i], vram_flags(), &address),
			      SUCCESS);
		assert_int_equal((uintptr_t)address % good[i], 0);
		assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	}
	/* below the page size asked for */
	flags.ui32.PageSize = HSA_PAGE_SIZE_2MB;
	assert_status(hsaKmtAllocMemoryAlign(machine->cpu, 2 * MIB, 64 * KIB, flags, &address),
		      INVALID_PARAMETER);
	assert_status(hsaKmtAllocMemory(machine->cpu, 2 * MIB, flags, &address), SUCCESS);
	assert_int_equal((uintptr_t)address % (2 * MIB), 0);
	assert_status(hsaKmtFreeMemory(address, 2 * MIB), SUCCESS);
	/* no address has that alignment */
	flags = system_flags();
	address = &address;
	assert_int_not_equal(hsaKmtAllocMemoryAlign(machine->cpu, PAGE, 1ULL << 63, flags, &address),
			     HSAKMT_STATUS_SUCCESS);
	assert_null(address);
}

static HSAKMT_STATUS try_flags(HSAuint32 node, HsaMemFlags flags)
{
	void *address = NULL;
	HSAKMT_STATUS status = hsaKmtAllocMemory(node, 64 * KIB, flags, &address);

	if (status == HSAKMT_STATUS_SUCCESS)
		assert_status(hsaKmtFreeMemory(address, 64 * KIB), SUCCESS);
	else
		assert_null(address);
	return status;
}

static void flags_that_contradict_each_other_are_refused(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = system_flags();
	void *address = NULL;

	flags.ui32.ExtendedCoherent = 1;
	assert_status(try_flags(machine->cpu, flags), SUCCESS);
	flags.ui32.CoarseGrain = 1;
	assert_status(try_flags(machine->cpu, flags), INVALID_PARAMETER);
	flags.ui32.CoarseGrain = 0;
	flags.ui32.Uncached = 1;
	assert_status(try_flags(machine->cpu, flags), INVALID_PARAMETER);
	flags = system_flags();
	flags.ui32.FixedAddress = 1;
	assert_status(try_flags(machine->cpu, flags), INVALID_PARAMETER); /* with no address */
	flags = system_flags();
	flags.ui32.Scratch = 1;
	assert_status(hsaKmtAllocMemoryAlign(machine->gpus[0], 64 * KIB, 64 * KIB, flags, &address),
		      NOT_IMPLEMENTED);
	/* physically contiguous memory, and host memory without an address, cannot be had */
	flags = vram_flags();
	flags.ui32.Contiguous = 1;
	assert_status(try_flags(machine->gpus[0], flags), NOT_SUPPORTED);
	flags = vram_flags();
	flags.ui32.GDSMemory = 1;
	assert_status(try_flags(machine->gpus[0], flags), NOT_SUPPORTED);
	flags = system_flags();
	flags.ui32.NoAddress = 1;
	assert_status(try_flags(machine->cpu, flags), NOT_SUPPORTED);
	flags = vram_flags();
	flags.ui32.NoAddress = 1;
	flags.ui32.OnlyAddress = 1;
	assert_status(try_flags(machine->gpus[0], flags), INVALID_PARAMETER);
	flags = vram_flags();
	flags.ui32.CachePolicy = HSA_CACHING_RESERVED;
	assert_status(try_flags(machine->gpus[0], flags), INVALID_PARAMETER);
	flags.ui32.CachePolicy = HSA_CACHING_WRITECOMBINED;
	assert_status(try_flags(machine->gpus[0], flags), SUCCESS);
	for (unsigned bit = 25; bit < 32; bit++)
		assert_status(try_flags(machine->cpu, (HsaMemFlags){.Value = 0x40U | 1U << bit}),
			      INVALID_PARAMETER);
}

/* A handle, not an address: the GPU's and the CPU's lie below 2^47. */
static void memory_without_an_address_has_a_handle(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = vram_flags();
	void *first, *second;

	flags.ui32.NoAddress = 1;
	first = allocate(machine->gpus[0], 2 * MIB, flags);
	second = allocate(machine->gpus[0], 64 * KIB, flags);
	assert_in_range((uintptr_t)first, 1ULL << 47, (1ULL << 48) - 1);
	assert_in_range((uintptr_t)second, 1ULL << 47, (1ULL << 48) - 1);
	assert_ptr_not_equal(first, second);
	assert_status(hsaKmtFreeMemory(first, 2 * MIB), SUCCESS);
	assert_status(hsaKmtFreeMemory(first, 2 * MIB), MEMORY_NOT_REGISTERED);
	assert_status(hsaKmtFreeMemory(second, 64 * KIB), SUCCESS);
}

static void flags_of_rocr_are_all_served(void **state)
{
	/* HostAccess | Uncached, and ExecuteAccess, ExecuteBlit; CoarseGrain; AQLQueueMemory; NoSubstitute */
	static const HSAuint32 host[] = {0x40, 0x20040, 0x21040, 0x821040, 0x2040, 0x25040, 0xc0, 0x1040};
	static const HSAuint32 local[] = {0x1, 0x81, 0x2081, 0x3081, 0x1081, 0x20081};
	struct machine *machine = *state;

	for (size_t i = 0; i < sizeof(host) / sizeof(host[0]); i++)
		assert_status(try_flags(machine->cpu, (HsaMemFlags){.Value = host[i]}), SUCCESS);
	for (unsigned gpu = 0; gpu < machine->gpu_count; gpu++)
		for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
			assert_status(try_flags(machine->gpus[gpu], (HsaMemFlags){.Value = local[i]}),
				      SUCCESS);
}

static void a_fixed_address_is_had_or_refused(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = system_flags();
	void *first = allocate(machine->cpu, 2 * MIB, flags), *fixed = first, *odd = (char *)first + 1;

	flags.ui32.FixedAddress = 1;
	/* in use */
	assert_int_not_equal(hsaKmtAllocMemory(machine->cpu, 2 * MIB, flags, &fixed), HSAKMT_STATUS_SUCCESS);
	assert_status(hsaKmtAllocMemory(machine->cpu, 2 * MIB, flags, &odd), INVALID_PARAMETER);
	/* the program's own memory */
	fixed = (void *)((uintptr_t)&flags & ~(uintptr_t)(PAGE - 1));
	assert_int_not_equal(hsaKmtAllocMemory(machine->cpu, PAGE, flags, &fixed), HSAKMT_STATUS_SUCCESS);
	assert_status(hsaKmtFreeMemory(first, 2 * MIB), SUCCESS);
	fixed = first;
	assert_status(hsaKmtAllocMemory(machine->cpu, 2 * MIB, flags, &fixed), SUCCESS);
	assert_ptr_equal(fixed, first);
	assert_status(hsaKmtFreeMemory(fixed, 2 * MIB), SUCCESS);
}

static void only_the_start_of_a_buffer_frees_it_and_once(void **state)
{
	struct machine *machine = *state;
	HSAuint32 nodes[] = {machine->cpu, machine->gpus[0], machine->gpus[1]};
	int mine;

	assert_status(hsaKmtFreeMemory(NULL, PAGE), ERROR);
	assert_status(hsaKmtFreeMemory(&mine, PAGE), MEMORY_NOT_REGISTERED);
	for (size_t i = 0; i < 3; i++) {
		char *address = allocate(nodes[i], 4 * MIB, i ? vram_flags() : system_flags());

		assert_status(hsaKmtFreeMemory(address + PAGE, 4 * MIB), MEMORY_NOT_REGISTERED);
		assert_status(hsaKmtFreeMemory(address + 4 * MIB - 1, 4 * MIB), MEMORY_NOT_REGISTERED);
		assert_status(hsaKmtFreeMemory(address - 1, 4 * MIB), MEMORY_NOT_REGISTERED);
		/* the size is ignored */
		assert_status(hsaKmtFreeMemory(address, 0), SUCCESS);
		assert_status(hsaKmtFreeMemory(address, 4 * MIB), MEMORY_NOT_REGISTERED);
	}
}

static void mapping_an_unknown_address_is_refused(void **state)
{
	struct machine *machine = *state;
	HSAuint64 va = 1;
	int mine;

	assert_status(hsaKmtMapMemoryToGPU(NULL, PAGE, &va), ERROR);
	assert_status(hsaKmtMapMemoryToGPU(&mine, PAGE, &va), INVALID_PARAMETER);
	assert_int_equal(va, 0);
	assert_status(hsaKmtMapMemoryToGPUNodes(NULL, PAGE, &va, no_map_flags, 1, machine->gpus), ERROR);
	va = 1;
	assert_status(hsaKmtMapMemoryToGPUNodes(&mine, PAGE, &va, no_map_flags, 1, machine->gpus), ERROR);
	assert_int_equal(va, 0);
	assert_status(hsaKmtUnmapMemoryToGPU(NULL), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU(&mine), ERROR);
	machine_assert_allocations(0);
}

static void node_lists_are_checked(void **state)
{
	struct machine *machine = *state;
	void *address = allocate(machine->cpu, PAGE, system_flags());
	HSAuint32 bad[] = {machine->gpus[0], machine->nodes};
	HSAuint32 cpu[] = {machine->gpus[0], machine->cpu};
	HsaPointerInfo info;

	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 0, machine->gpus),
		      INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 1, NULL),
		      INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, UINT64_MAX, machine->gpus),
		      INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 2, bad),
		      INVALID_NODE_UNIT);
	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 2, cpu), ERROR);
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, 0);
	machine_assert_allocations(0);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
}

static void a_map_must_stay_inside_its_buffer(void **state)
{
	struct machine *machine = *state;
	char *address = allocate(machine->cpu, 64 * KIB, system_flags());
	HSAuint64 va;

	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPU(address + PAGE, 64 * KIB, &va), INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPU(address, UINT64_MAX, &va), INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPU(address + PAGE, 0ULL - PAGE, &va), INVALID_PARAMETER);
	machine_assert_allocations(0);
	/* a part of it: the whole is mapped */
	assert_status(hsaKmtMapMemoryToGPU(address + PAGE, PAGE, &va), SUCCESS);
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, 64 * KIB), SUCCESS);
}

/* libhsakmt counts the maps of user pointers only: of memory it allocated, one unmap undoes all. */
static void maps_are_not_counted(void **state)
{
	struct machine *machine = *state;
	void *address = allocate(machine->cpu, PAGE, system_flags());
	HsaPointerInfo info;
	HSAuint64 va;

	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS); /* not mapped */
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	assert_int_equal(va, 0); /* the same address */
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, NULL), SUCCESS);
	machine_assert_allocations(machine->gpu_count);
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, machine->gpu_count);
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, 0);
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
}

static void a_pointer_tells_of_its_buffer(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = {.Value = 0x21040}; /* HostAccess | ExecuteAccess | Uncached */
	char *system = allocate(machine->cpu, 3 * PAGE, flags);
	char *vram = allocate(machine->gpus[1], 256 * KIB, vram_flags());
	HsaPointerInfo info;
	HSAuint64 va;

	memset(&info, 0xff, sizeof(info));
	assert_status(hsaKmtQueryPointerInfo(system + 2 * PAGE + 5, &info), SUCCESS);
	assert_int_equal(info.Type, HSA_POINTER_ALLOCATED);
	assert_int_equal(info.Node, machine->cpu);
	assert_ptr_equal(info.CPUAddress, system);
	assert_int_equal(info.GPUAddress, (uintptr_t)system);
	assert_int_equal(info.SizeInBytes, 3 * PAGE);
	assert_int_equal(info.NRegisteredNodes, 0);
	assert_int_equal(info.NMappedNodes, 0);
	assert_null(info.UserData);
	assert_true(info.MemFlags.ui32.HostAccess);
	assert_true(info.MemFlags.ui32.ExecuteAccess);
	assert_true(info.MemFlags.ui32.Uncached);
	assert_int_equal(info.MemFlags.Value, flags.Value); /* and nothing else */

	assert_status(hsaKmtQueryPointerInfo(vram + 256 * KIB - 1, &info), SUCCESS);
	assert_int_equal(info.Type, HSA_POINTER_ALLOCATED);
	assert_int_equal(info.Node, machine->gpus[1]);
	assert_int_equal(info.GPUAddress, (uintptr_t)vram);
	assert_int_equal(info.SizeInBytes, 256 * KIB);
	assert_true(info.MemFlags.ui32.NonPaged);
	assert_true(info.MemFlags.ui32.CoarseGrain);
	assert_int_equal(info.MemFlags.Value, vram_flags().Value);

	assert_status(hsaKmtMapMemoryToGPU(vram, 256 * KIB, &va), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(vram, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, 1);
	assert_int_equal(info.MappedNodes[0], machine->gpus[1]);

	/* the bytes on both sides belong to nobody or to somebody else */
	if (hsaKmtQueryPointerInfo(system - 1, &info) == HSAKMT_STATUS_SUCCESS)
		assert_ptr_not_equal(info.CPUAddress, system);
	else
		assert_int_equal(info.Type, HSA_POINTER_UNKNOWN);
	assert_status(hsaKmtFreeMemory(system, 3 * PAGE), SUCCESS);
	assert_status(hsaKmtFreeMemory(vram, 256 * KIB), SUCCESS);
	memset(&info, 0xff, sizeof(info));
	assert_status(hsaKmtQueryPointerInfo(system, &info), ERROR);
	assert_int_equal(info.Type, HSA_POINTER_UNKNOWN);
	assert_int_equal(info.SizeInBytes, 0);
	assert_status(hsaKmtQueryPointerInfo(&info, &info), ERROR);
	assert_status(hsaKmtQueryPointerInfo(NULL, &info), ERROR);
	assert_status(hsaKmtQueryPointerInfo(system, NULL), INVALID_PARAMETER);
}

static void user_data_stays_with_its_buffer(void **state)
{
	struct machine *machine = *state;
	char *address = allocate(machine->cpu, 2 * PAGE, system_flags());
	HsaPointerInfo info;
	int mine;

	assert_status(hsaKmtSetMemoryUserData(&mine, &mine), ERROR);
	assert_status(hsaKmtSetMemoryUserData(NULL, &mine), ERROR);
	assert_status(hsaKmtSetMemoryUserData(address + PAGE, &mine), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_ptr_equal(info.UserData, &mine);
	assert_status(hsaKmtSetMemoryUserData(address, NULL), SUCCESS);
	assert_status(hsaKmtQueryPointerInfo(address + 1, &info), SUCCESS);
	assert_null(info.UserData);
	assert_status(hsaKmtSetMemoryUserData(address, &mine), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, 2 * PAGE), SUCCESS);
	/* whoever gets the address next gets it without */
	address = allocate(machine->cpu, 2 * PAGE, system_flags());
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_null(info.UserData);
	assert_status(hsaKmtFreeMemory(address, 2 * PAGE), SUCCESS);
}

static void a_reserved_address_has_no_memory(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = {.Value = 0};
	HsaPointerInfo info;
	HSAuint64 va;
	void *address;

	flags.ui32.OnlyAddress = 1;
	address = allocate(machine->gpus[0], 16 * MIB, flags);
	machine_assert_allocations(0);
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.Type, HSA_POINTER_RESERVED_ADDR);
	assert_int_equal(info.SizeInBytes, 16 * MIB);
	assert_status(hsaKmtMapMemoryToGPU(address, 16 * MIB, &va), INVALID_PARAMETER);
	assert_status(hsaKmtFreeMemory(address, 16 * MIB), SUCCESS);
}

static void available_memory_falls_and_rises_with_allocations(void **state)
{
	struct machine *machine = *state;
	HSAuint64 before[2], during, after;
	void *address;

	for (unsigned i = 0; i < 2; i++) {
		assert_status(hsaKmtAvailableMemory(machine->gpus[i], &before[i]), SUCCESS);
		assert_int_not_equal(before[i], 0);
	}
	/* the fixture's VRAM */
	assert_in_range(before[0], 8 * GIB, 16 * GIB);
	address = allocate(machine->gpus[0], 256 * MIB, vram_flags());
	assert_status(hsaKmtAvailableMemory(machine->gpus[0], &during), SUCCESS);
	assert_in_range(before[0] - during, 256 * MIB, 256 * MIB + 64 * MIB);
	assert_status(hsaKmtAvailableMemory(machine->gpus[1], &during), SUCCESS);
	assert_int_equal(during, before[1]);
	assert_status(hsaKmtFreeMemory(address, 256 * MIB), SUCCESS);
	assert_status(hsaKmtAvailableMemory(machine->gpus[0], &after), SUCCESS);
	assert_in_range(after, before[0] - 64 * MIB, before[0]);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(sizes_are_whole_pages_and_not_zero),
		OPEN(sizes_near_overflow_are_refused_for_lack_of_memory),
		OPEN(alignments_are_powers_of_two_of_a_page_or_more),
		OPEN(flags_that_contradict_each_other_are_refused),
		OPEN(memory_without_an_address_has_a_handle),
		OPEN(flags_of_rocr_are_all_served),
		OPEN(a_fixed_address_is_had_or_refused),
		OPEN(only_the_start_of_a_buffer_frees_it_and_once),
		OPEN(mapping_an_unknown_address_is_refused),
		OPEN(node_lists_are_checked),
		OPEN(a_map_must_stay_inside_its_buffer),
		OPEN(maps_are_not_counted),
		OPEN(a_pointer_tells_of_its_buffer),
		OPEN(user_data_stays_with_its_buffer),
		OPEN(a_reserved_address_has_no_memory),
		OPEN(available_memory_falls_and_rises_with_allocations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
