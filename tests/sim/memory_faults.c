// SPDX-License-Identifier: MIT
/* Memory calls of which one step fails: the answer is honest, the state is that of before, and the next try works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE (4 * KIB)

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */
static const HsaMemFlags scratch = {.Value = 0x240};	   /* Scratch | HostAccess */
static const HsaMemFlags vram = {.Value = 0x2081};	   /* NonPaged | NoSubstitute | CoarseGrain */
static const HsaMemMapFlags no_map_flags;

static void *allocate(HSAuint32 node, HSAuint64 size, HsaMemFlags flags)
{
	void *address = NULL;

	assert_status(hsaKmtAllocMemory(node, size, flags, &address), SUCCESS);
	return address;
}

/* The next call that matches fails, and one such call is made. */
static void fail_next(const char *spec)
{
	dxgsim_clear_faults();
	assert_int_equal(dxgsim_fault(spec), 0);
}

static void assert_struck(const char *ioctl)
{
	assert_non_null(dxgsim_fault_hit());
	assert_string_equal(dxgsim_fault_hit(), ioctl);
	dxgsim_clear_faults();
}

static void assert_mapped_to(const void *address, unsigned count, const HSAuint32 *nodes)
{
	HsaPointerInfo info;

	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(info.NMappedNodes, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(info.MappedNodes[i], nodes[i]);
}

static void a_map_that_fails_on_one_gpu_is_taken_back_on_the_other(void **state)
{
	static const struct {
		const char *fault;
		const char *ioctl;
	} steps[] = {
		{"ioctl=MAPGPUVIRTUALADDRESS:nth=2:errno=EINVAL", "MAPGPUVIRTUALADDRESS"},
		{"ioctl=MAPGPUVIRTUALADDRESS:nth=2:errno=ENOMEM", "MAPGPUVIRTUALADDRESS"},
		{"ioctl=MAKERESIDENT:nth=2:count=2:errno=ENOMEM", "MAKERESIDENT"},
		{"ioctl=CREATEALLOCATION:nth=2:errno=ENOMEM", "CREATEALLOCATION"},
		{"ioctl=MAPGPUVIRTUALADDRESS:nth=2:status=0xC0000001", "MAPGPUVIRTUALADDRESS"},
		{"ioctl=MAKERESIDENT:nth=2:count=2:status=0xC0000017", "MAKERESIDENT"},
	};
	struct machine *machine = *state;
	unsigned char *address;
	HSAuint64 va;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		address = allocate(machine->cpu, 128 * KIB, host_memory);
		memset(address, 0x77, 128 * KIB);
		fail_next(steps[i].fault);
		assert_int_not_equal(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), HSAKMT_STATUS_SUCCESS);
		assert_struck(steps[i].ioctl);
		assert_mapped_to(address, 0, NULL);
		assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
		assert_mapped_to(address, 2, machine->gpus);
		assert_int_equal(address[128 * KIB - 1], 0x77);
		assert_status(hsaKmtFreeMemory(address, 128 * KIB), SUCCESS);
		machine_assert_allocations(0);
	}
}

static void a_map_that_fails_keeps_the_mapping_there_was(void **state)
{
	struct machine *machine = *state;
	void *address = allocate(machine->cpu, 128 * KIB, host_memory);

	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 1, &machine->gpus[0]),
		      SUCCESS);
	fail_next("ioctl=MAPGPUVIRTUALADDRESS:errno=ENOMEM");
	assert_int_not_equal(
		hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 1, &machine->gpus[1]),
		HSAKMT_STATUS_SUCCESS);
	assert_struck("MAPGPUVIRTUALADDRESS");
	assert_mapped_to(address, 1, &machine->gpus[0]);
	fail_next("ioctl=MAPGPUVIRTUALADDRESS:errno=ENOMEM");
	assert_int_not_equal(hsaKmtMapMemoryToGPUNodes(address, PAGE, NULL, no_map_flags, 2, machine->gpus),
			     HSAKMT_STATUS_SUCCESS);
	assert_struck("MAPGPUVIRTUALADDRESS");
	assert_mapped_to(address, 1, &machine->gpus[0]);
	assert_status(hsaKmtFreeMemory(address, 0), SUCCESS);
	machine_assert_allocations(0);
}

static void vram_that_the_host_has_no_room_for_is_no_memory(void **state)
{
	static const char *const faults[] = {
		"ioctl=MAKERESIDENT:count=0:status=0xC0000017", /* STATUS_NO_MEMORY */
		"ioctl=MAKERESIDENT:count=0:errno=ENOMEM",
		"ioctl=CREATEALLOCATION:count=0:errno=ENOMEM",
	};
	struct machine *machine = *state;
	void *address;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		address = &address;
		fail_next(faults[i]);
		assert_status(hsaKmtAllocMemory(machine->gpus[0], 1 * GIB, vram, &address), NO_MEMORY);
		dxgsim_clear_faults();
		assert_null(address);
		machine_assert_allocations(0);
		address = allocate(machine->gpus[0], 1 * GIB, vram);
		assert_status(hsaKmtFreeMemory(address, 1 * GIB), SUCCESS);
	}
}

static void scratch_that_gets_no_vram_gets_host_pages(void **state)
{
	struct machine *machine = *state;
	char *range = allocate(machine->gpus[0], 4 * GIB, scratch);
	HSAuint64 va;

	/* no room is asked about twice */
	fail_next("ioctl=MAKERESIDENT:nth=1:count=2:status=0xC0000017");
	assert_status(hsaKmtMapMemoryToGPU(range + MIB, 30 * MIB, &va), SUCCESS);
	assert_struck("MAKERESIDENT");
	/* neither kind */
	fail_next("ioctl=MAKERESIDENT:count=0:status=0xC0000017");
	assert_status(hsaKmtMapMemoryToGPU(range + 64 * MIB, 30 * MIB, &va), NO_MEMORY);
	dxgsim_clear_faults();
	machine_assert_allocations(1);
	assert_status(hsaKmtMapMemoryToGPU(range + 64 * MIB, 30 * MIB, &va), SUCCESS);
	assert_status(hsaKmtFreeMemory(range, 4 * GIB), SUCCESS);
	machine_assert_allocations(0);
}

/* What cannot be taken off the GPU again is not mapped over with something else; the next try completes it. */
static void half_mapped_scratch_is_not_mapped_twice(void **state)
{
	struct machine *machine = *state;
	char *range = allocate(machine->gpus[0], 4 * GIB, scratch);
	HSAuint64 va;

	/* of two chunks the second is refused, and so is taking the first one back */
	fail_next("ioctl=MAPGPUVIRTUALADDRESS:nth=2:count=2:errno=EINVAL");
	assert_int_not_equal(hsaKmtMapMemoryToGPU(range, 2 * GIB + MIB, &va), HSAKMT_STATUS_SUCCESS);
	assert_struck("MAPGPUVIRTUALADDRESS");
	machine_assert_allocations(2);
	assert_status(hsaKmtMapMemoryToGPU(range, 2 * GIB + MIB, &va), SUCCESS);
	machine_assert_allocations(2);
	assert_status(hsaKmtFreeMemory(range, 4 * GIB), SUCCESS);
	machine_assert_allocations(0);
}

static void an_unmap_that_fails_is_told_and_can_be_tried_again(void **state)
{
	struct machine *machine = *state;
	char *address = allocate(machine->cpu, 128 * KIB, host_memory);
	HSAuint64 va;

	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	fail_next("ioctl=MAPGPUVIRTUALADDRESS:errno=EINVAL");
	assert_status(hsaKmtUnmapMemoryToGPU(address), ERROR);
	assert_struck("MAPGPUVIRTUALADDRESS");
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_mapped_to(address, 0, NULL);
	/* of a freed buffer it is asked again later */
	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	fail_next("ioctl=MAPGPUVIRTUALADDRESS:errno=EINVAL");
	assert_status(hsaKmtFreeMemory(address, 128 * KIB), SUCCESS);
	assert_struck("MAPGPUVIRTUALADDRESS");
	assert_int_not_equal(dxgsim_live_objects("allocation"), 0);
	assert_status(hsaKmtFreeMemory(address, 128 * KIB), MEMORY_NOT_REGISTERED);
	machine_assert_allocations(0);
}

/* Eviction is a favour to others. */
static void an_eviction_that_fails_is_no_error(void **state)
{
	struct machine *machine = *state;
	char *address = allocate(machine->gpus[0], 128 * KIB, vram);
	HSAuint64 va;

	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	fail_next("ioctl=EVICT:errno=EINVAL");
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_struck("EVICT");
	assert_mapped_to(address, 0, NULL);
	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, 128 * KIB), SUCCESS);
	machine_assert_allocations(0);
}

static void an_address_that_a_gpu_refuses_is_replaced_by_another(void **state)
{
	struct machine *machine = *state;
	char *address;
	HSAuint64 va;

	fail_next("ioctl=RESERVEGPUVIRTUALADDRESS:nth=2:errno=EINVAL");
	address = allocate(machine->cpu, 128 * KIB, host_memory);
	assert_struck("RESERVEGPUVIRTUALADDRESS");
	assert_status(hsaKmtMapMemoryToGPU(address, 128 * KIB, &va), SUCCESS);
	assert_mapped_to(address, 2, machine->gpus);
	assert_status(hsaKmtFreeMemory(address, 128 * KIB), SUCCESS);
	/* no address at all: told, and not for ever (the pool of GPU memory has none yet) */
	fail_next("ioctl=RESERVEGPUVIRTUALADDRESS:count=0:errno=EINVAL");
	address = (char *)&address;
	assert_status(hsaKmtAllocMemory(machine->gpus[0], 128 * KIB, vram, (void **)&address), NO_MEMORY);
	assert_null(address);
	dxgsim_clear_faults();
	address = allocate(machine->gpus[0], 128 * KIB, vram);
	assert_status(hsaKmtFreeMemory(address, 128 * KIB), SUCCESS);
}

static void a_full_ring_is_waited_out(void **state)
{
	struct machine *machine = *state;
	void *address = allocate(machine->cpu, 64 * KIB, host_memory);
	HSAuint64 va;

	fail_next("ioctl=ANY:nth=2:ring-full=3");
	assert_status(hsaKmtMapMemoryToGPU(address, 64 * KIB, &va), SUCCESS);
	dxgsim_clear_faults();
	assert_mapped_to(address, 2, machine->gpus);
	assert_status(hsaKmtFreeMemory(address, 64 * KIB), SUCCESS);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(a_map_that_fails_on_one_gpu_is_taken_back_on_the_other),
		OPEN(a_map_that_fails_keeps_the_mapping_there_was),
		OPEN(vram_that_the_host_has_no_room_for_is_no_memory),
		OPEN(scratch_that_gets_no_vram_gets_host_pages),
		OPEN(half_mapped_scratch_is_not_mapped_twice),
		OPEN(an_unmap_that_fails_is_told_and_can_be_tried_again),
		OPEN(an_eviction_that_fails_is_no_error),
		OPEN(an_address_that_a_gpu_refuses_is_replaced_by_another),
		OPEN(a_full_ring_is_waited_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
