// SPDX-License-Identifier: MIT
/* hsaKmtAvailableMemory(): true with a host that tells the budget, one that tells statistics only, and one that tells nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define NO_BUDGET "ioctl=QUERYVIDEOMEMORYINFO:count=0:zero"

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */
static const HsaMemFlags vram = {.Value = 0x2081};	   /* NonPaged | NoSubstitute | CoarseGrain */

static void inject(const char *spec)
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

static HSAuint64 available(HSAuint32 node)
{
	HSAuint64 bytes = UINT64_MAX;

	assert_status(hsaKmtAvailableMemory(node, &bytes), SUCCESS);
	return bytes;
}

static HSAuint64 heap_of(HSAuint32 node)
{
	HsaMemoryProperties banks[8];
	HsaNodeProperties props;

	assert_status(hsaKmtGetNodeProperties(node, &props), SUCCESS);
	assert_in_range(props.NumMemoryBanks, 1, 8);
	assert_status(hsaKmtGetNodeMemoryProperties(node, props.NumMemoryBanks, banks), SUCCESS);
	return banks[0].SizeInBytes;
}

static void *mapped(HSAuint32 node, HSAuint64 size)
{
	HSAuint64 va;
	void *address;

	assert_status(hsaKmtAllocMemory(node, size, vram, &address), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(address, size, &va, (HsaMemMapFlags){.Value = 0}, 1, &node),
		      SUCCESS);
	return address;
}

static void what_is_mapped_is_missing_until_it_is_freed(HSAuint32 node)
{
	HSAuint64 before = available(node), heap = heap_of(node);
	void *a, *b;

	assert_in_range(before, heap / 2, heap);
	a = mapped(node, 256 * MIB);
	assert_int_equal(available(node), before - 256 * MIB);
	b = mapped(node, 3 * MIB);
	assert_int_equal(available(node), before - 259 * MIB);
	assert_status(hsaKmtFreeMemory(a, 256 * MIB), SUCCESS);
	assert_int_equal(available(node), before - 3 * MIB);
	assert_status(hsaKmtFreeMemory(b, 3 * MIB), SUCCESS);
	assert_int_equal(available(node), before);
}

static void the_budget_is_told(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++)
		what_is_mapped_is_missing_until_it_is_freed(machine->gpus[i]);
	assert_int_equal(dxgsim_ioctl_count_of("QUERYVIDEOMEMORYINFO") > 0, 1);
}

static void without_a_budget_statistics_tell(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		inject(NO_BUDGET);
		what_is_mapped_is_missing_until_it_is_freed(machine->gpus[i]);
		/* of the whole adapter: nothing is kept for others */
		assert_int_equal(available(machine->gpus[i]), heap_of(machine->gpus[i]));
		assert_struck("QUERYVIDEOMEMORYINFO");
	}
	/* a guest kernel or a host that does not know the call at all */
	inject("ioctl=QUERYVIDEOMEMORYINFO:count=0:errno=ENOTTY");
	assert_int_equal(available(machine->gpus[0]), heap_of(machine->gpus[0]));
	assert_struck("QUERYVIDEOMEMORYINFO");
}

static void what_the_library_keeps_is_available(void **state)
{
	static void *blocks[40];
	struct machine *machine = *state;
	HSAuint64 before = available(machine->gpus[0]), meanwhile;

	for (size_t i = 0; i < 40; i++)
		blocks[i] = mapped(machine->gpus[0], 64 * KIB);
	meanwhile = available(machine->gpus[0]);
	assert_in_range(meanwhile, before - 64 * MIB, before - 40 * 64 * KIB);
	for (size_t i = 0; i < 40; i++)
		assert_status(hsaKmtFreeMemory(blocks[i], 64 * KIB), SUCCESS);
	assert_int_equal(available(machine->gpus[0]), before);
	inject(NO_BUDGET);
	assert_int_equal(available(machine->gpus[0]), heap_of(machine->gpus[0]));
	dxgsim_clear_faults();
}

/* System memory is nothing of a discrete GPU's own. */
static void host_memory_is_not_the_gpus(void **state)
{
	struct machine *machine = *state;
	HSAuint64 before = available(machine->gpus[0]), va;
	void *address;

	assert_status(hsaKmtAllocMemory(machine->cpu, 64 * MIB, host_memory, &address), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(address, 64 * MIB, &va), SUCCESS);
	assert_int_equal(available(machine->gpus[0]), before);
	assert_status(hsaKmtFreeMemory(address, 64 * MIB), SUCCESS);
}

/* With unified memory Windows may put all segments of a GPU into one group; the other one reads as zeros. */
static void an_apu_may_have_one_empty_segment_group(void **state)
{
	struct machine *machine = *state;
	HSAuint64 all = available(machine->gpus[1]), part[2];

	inject("ioctl=QUERYVIDEOMEMORYINFO:nth=1:zero");
	part[0] = available(machine->gpus[1]);
	assert_struck("QUERYVIDEOMEMORYINFO");
	inject("ioctl=QUERYVIDEOMEMORYINFO:nth=2:zero");
	part[1] = available(machine->gpus[1]);
	assert_struck("QUERYVIDEOMEMORYINFO");
	assert_int_equal(part[0] + part[1], all);
}

static void what_the_host_does_not_tell_is_an_error(void **state)
{
	struct machine *machine = *state;
	HSAuint64 bytes = 12345;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		inject(NO_BUDGET);
		assert_int_equal(dxgsim_fault("ioctl=QUERYSTATISTICS:count=0:errno=EINVAL"), 0);
		assert_status(hsaKmtAvailableMemory(machine->gpus[i], &bytes), ERROR);
		/* an answer of nothing but zeros is no answer either */
		inject(NO_BUDGET);
		assert_int_equal(dxgsim_fault("ioctl=QUERYSTATISTICS:count=0:zero"), 0);
		assert_status(hsaKmtAvailableMemory(machine->gpus[i], &bytes), ERROR);
		/* the second segment only */
		inject(NO_BUDGET);
		assert_int_equal(dxgsim_fault("ioctl=QUERYSTATISTICS:nth=2:errno=EINVAL"), 0);
		assert_status(hsaKmtAvailableMemory(machine->gpus[i], &bytes), ERROR);
		assert_int_equal(bytes, 12345);
		dxgsim_clear_faults();
	}
	assert_status(hsaKmtAvailableMemory(machine->cpu, &bytes), ERROR);
	assert_status(hsaKmtAvailableMemory(machine->gpus[0], NULL), INVALID_PARAMETER);
	assert_status(hsaKmtAvailableMemory(99, &bytes), INVALID_NODE_UNIT);
	assert_int_equal(bytes, 12345);
}

static void a_host_without_statistics_has_a_budget(void **state)
{
	struct machine machine;
	HSAuint64 bytes = 12345;

	(void)state;
	machine_boot("rx6800,statistics=off;radeon680m,statistics=off");
	machine_open(&machine);
	for (unsigned i = 0; i < machine.gpu_count; i++)
		what_is_mapped_is_missing_until_it_is_freed(machine.gpus[i]);
	inject(NO_BUDGET);
	assert_status(hsaKmtAvailableMemory(machine.gpus[0], &bytes), ERROR);
	assert_int_equal(bytes, 12345);
	dxgsim_clear_faults();
}

static void a_split_frame_buffer_is_summed_up(void **state)
{
	struct machine machine;

	(void)state;
	machine_boot("rx6800,rebar=off");
	machine_open(&machine);
	what_is_mapped_is_missing_until_it_is_freed(machine.gpus[0]);
	inject(NO_BUDGET);
	what_is_mapped_is_missing_until_it_is_freed(machine.gpus[0]);
	assert_int_equal(available(machine.gpus[0]), heap_of(machine.gpus[0]));
	dxgsim_clear_faults();
}

#define OPEN(test)   cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)
#define CLOSED(test) cmocka_unit_test_setup_teardown(test, machine_setup_closed, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(the_budget_is_told),
		OPEN(without_a_budget_statistics_tell),
		OPEN(what_the_library_keeps_is_available),
		OPEN(host_memory_is_not_the_gpus),
		OPEN(an_apu_may_have_one_empty_segment_group),
		OPEN(what_the_host_does_not_tell_is_an_error),
		CLOSED(a_host_without_statistics_has_a_budget),
		CLOSED(a_split_frame_buffer_is_summed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
