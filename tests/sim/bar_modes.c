// SPDX-License-Identifier: MIT
/* HSAKMT_DXG_BAR and HSAKMT_DXG_ALLOC_CPU_VISIBLE: VRAM that the CPU sees, or an honest no. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <hsakmt/hsakmt_dxg.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB  1024ULL
#define MIB  (1024 * KIB)
#define GIB  (1024 * MIB)
#define PAGE (4 * KIB)

static const HsaMemFlags vram = {.Value = 0x2081};	   /* NonPaged | NoSubstitute | CoarseGrain */
static const HsaMemFlags visible_vram = {.Value = 0x20c1}; /* and HostAccess */

static const struct hsakmt_dxg_alloc_options visible = {
	.size = sizeof(visible),
	.flags = HSAKMT_DXG_ALLOC_CPU_VISIBLE,
};

static void boot(struct machine *machine, const char *bar, const char *adapters)
{
	machine_boot(adapters);
	if (bar)
		setenv(HSAKMT_DXG_ENV_BAR, bar, 1);
	else
		unsetenv(HSAKMT_DXG_ENV_BAR);
	machine_open(machine);
	unsetenv(HSAKMT_DXG_ENV_BAR);
}

static HSAuint32 heap_type(HSAuint32 node)
{
	HsaMemoryProperties banks[8];
	HsaNodeProperties props;

	assert_status(hsaKmtGetNodeProperties(node, &props), SUCCESS);
	assert_in_range(props.NumMemoryBanks, 1, 8);
	assert_status(hsaKmtGetNodeMemoryProperties(node, props.NumMemoryBanks, banks), SUCCESS);
	return banks[0].HeapType;
}

/* What the link from a CPU node to a GPU node says. */
static bool cpu_reaches(HSAuint32 cpu, HSAuint32 gpu)
{
	HsaIoLinkProperties links[16];
	HsaNodeProperties props;

	assert_status(hsaKmtGetNodeProperties(cpu, &props), SUCCESS);
	assert_in_range(props.NumIOLinks, 1, 16);
	assert_status(hsaKmtGetNodeIoLinkProperties(cpu, props.NumIOLinks, links), SUCCESS);
	for (HSAuint32 i = 0; i < props.NumIOLinks; i++)
		if (links[i].NodeTo == gpu)
			return !links[i].Flags.ui32.NoPeerToPeerDMA;
	fail_msg("no link");
	return false;
}

static void use(unsigned char *address, HSAuint64 size)
{
	memset(address, 0x3c, size);
	assert_int_equal(address[0], 0x3c);
	assert_int_equal(address[size - 1], 0x3c);
}

static void asked_for_by_our_own_call(void **state)
{
	static const HSAuint64 sizes[] = {PAGE, 64 * KIB, 2 * MIB, 8 * MIB + PAGE};
	struct machine machine;
	HSAuint64 va;
	void *address;

	(void)state;
	boot(&machine, NULL, "rx6800;radeon680m");
	for (unsigned gpu = 0; gpu < machine.gpu_count; gpu++) {
		assert_int_equal(heap_type(machine.gpus[gpu]), HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE);
		assert_false(cpu_reaches(machine.cpu, machine.gpus[gpu]));
		for (size_t i = 0; i < 4; i++) {
			assert_status(
				hsaKmtDxgAllocMemory(machine.gpus[gpu], sizes[i], vram, &visible, &address),
				SUCCESS);
			use(address, sizes[i]);
			assert_status(hsaKmtMapMemoryToGPUNodes(address, sizes[i], &va,
								(HsaMemMapFlags){.Value = 0}, 1,
								&machine.gpus[gpu]),
				      SUCCESS);
			assert_status(hsaKmtFreeMemory(address, sizes[i]), SUCCESS);
		}
	}
}

static void what_cannot_be_visible_is_refused(void **state)
{
	struct hsakmt_dxg_alloc_options options = visible;
	HsaMemFlags fixed = vram, handle = vram, range = vram;
	struct machine machine;
	void *address;

	(void)state;
	boot(&machine, NULL, "rx6800");
	assert_status(hsaKmtDxgAllocMemory(machine.gpus[0], 4 * GIB, vram, &visible, &address), NO_MEMORY);
	assert_null(address);
	options.highest_address = 4 * GIB;
	assert_status(hsaKmtDxgAllocMemory(machine.gpus[0], PAGE, vram, &options, &address),
		      INVALID_PARAMETER);
	fixed.ui32.FixedAddress = 1;
	address = (void *)0x30000000;
	assert_status(hsaKmtDxgAllocMemory(machine.gpus[0], PAGE, fixed, &visible, &address),
		      INVALID_PARAMETER);
	handle.ui32.NoAddress = 1;
	assert_status(hsaKmtDxgAllocMemory(machine.gpus[0], PAGE, handle, &visible, &address),
		      INVALID_PARAMETER);
	range.ui32.OnlyAddress = 1;
	assert_status(hsaKmtDxgAllocMemory(machine.gpus[0], PAGE, range, &visible, &address),
		      INVALID_PARAMETER);
}

static void host_access_is_asked_for_by_1(void **state)
{
	struct machine machine;
	void *address;

	(void)state;
	boot(&machine, "1", "rx6800");
	assert_int_equal(heap_type(machine.gpus[0]), HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE);
	assert_status(hsaKmtAllocMemory(machine.gpus[0], 2 * MIB, visible_vram, &address), SUCCESS);
	use(address, 2 * MIB);
	assert_status(hsaKmtFreeMemory(address, 2 * MIB), SUCCESS);
	/* never memory that the CPU does not see */
	assert_status(hsaKmtAllocMemory(machine.gpus[0], 4 * GIB, visible_vram, &address), NO_MEMORY);
	assert_null(address);
	assert_status(hsaKmtAllocMemory(machine.gpus[0], 4 * GIB, vram, &address), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, 4 * GIB), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	/* and of a host that locks no VRAM */
	boot(&machine, "1", "rx6800,cpu-visible=ignored");
	assert_status(hsaKmtAllocMemory(machine.gpus[0], 2 * MIB, visible_vram, &address), NO_MEMORY);
	assert_null(address);
}

static void without_it_host_access_of_vram_is_private(void **state)
{
	static const char *const off[] = {NULL, "", "0", "yes"};
	struct machine machine;
	void *address;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		boot(&machine, off[i], "rx6800");
		assert_int_equal(heap_type(machine.gpus[0]), HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE);
		assert_status(hsaKmtAllocMemory(machine.gpus[0], 4 * GIB, visible_vram, &address), SUCCESS);
		assert_status(hsaKmtFreeMemory(address, 4 * GIB), SUCCESS);
		assert_int_equal(dxgsim_ioctl_count_of("LOCK2"), 0);
		assert_status(hsaKmtCloseKFD(), SUCCESS);
	}
}

static void all_makes_frame_buffers_public_where_it_works(void **state)
{
	HsaSystemProperties system;
	struct machine machine;
	uint64_t locks;
	void *address;

	(void)state;
	boot(&machine, "all", "rx6800;radeon680m,cpu-visible=ignored;rx7900xtx,rebar=off");
	assert_int_equal(machine.gpu_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		HsaNodeProperties props;
		bool works;

		assert_status(hsaKmtGetNodeProperties(machine.gpus[i], &props), SUCCESS);
		works = props.DeviceId == 0x73bf;
		assert_int_equal(heap_type(machine.gpus[i]), works ? HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC
								   : HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE);
		assert_int_equal(cpu_reaches(machine.cpu, machine.gpus[i]), works);
		if (works) {
			assert_status(hsaKmtAllocMemory(machine.gpus[i], 2 * MIB, visible_vram, &address),
				      SUCCESS);
			use(address, 2 * MIB);
			assert_status(hsaKmtFreeMemory(address, 2 * MIB), SUCCESS);
		}
	}
	/* it was tried once, and is remembered as long as the library is open */
	locks = dxgsim_ioctl_count_of("LOCK2");
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtAcquireSystemProperties(&system), SUCCESS);
	assert_int_equal(dxgsim_ioctl_count_of("LOCK2"), locks);
	assert_int_equal(cpu_reaches(machine.cpu, machine.gpus[0]) +
				 cpu_reaches(machine.cpu, machine.gpus[1]) +
				 cpu_reaches(machine.cpu, machine.gpus[2]),
			 1);
}

/* A driver that does not tell how much of the video memory the CPU reaches may mean any part of it. */
static void what_is_not_told_stays_private(void **state)
{
	struct machine machine;

	(void)state;
	boot(&machine, "all", "rx6800,patch=0.0x4360@0x1390=0000000000000000");
	assert_int_equal(machine.gpu_count, 1);
	assert_int_equal(heap_type(machine.gpus[0]), HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE);
	assert_int_equal(dxgsim_ioctl_count_of("LOCK2"), 0);
}

/* The kernel chooses the address of a lock, among whatever else is mapped; only multiples of 64 KiB will do. */
static void an_address_is_found_in_any_crowd(void **state)
{
	struct crowd {
		void *start;
		size_t size;
	} crowd[64] = {0};
	struct machine machine;
	uint32_t random = 1;

	(void)state;
	boot(&machine, NULL, "rx6800");
	for (unsigned i = 0; i < 1500; i++) {
		struct crowd *one;
		void *address;

		random = random * 1664525 + 1013904223;
		one = &crowd[random >> 26];
		if (one->start)
			munmap(one->start, one->size);
		one->size = PAGE * (1 + (size_t)(random >> 26));
		one->start = mmap(NULL, one->size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_ptr_not_equal(one->start, MAP_FAILED);
		assert_status(hsaKmtDxgAllocMemory(machine.gpus[0], 192 * KIB, vram, &visible, &address),
			      SUCCESS);
		assert_int_equal((uintptr_t)address % (64 * KIB), 0);
		if (i % 4)
			assert_status(hsaKmtFreeMemory(address, 192 * KIB), SUCCESS);
	}
	for (unsigned i = 0; i < 64; i++)
		if (crowd[i].start)
			munmap(crowd[i].start, crowd[i].size);
}

static HSAuint64 vram_left(HSAuint32 node)
{
	HSAuint64 left;

	assert_status(hsaKmtAvailableMemory(node, &left), SUCCESS);
	return left;
}

/* Where kernel descriptors are is read by the CPU; the caller is told of what he asked for. */
static void code_is_where_the_cpu_reads_it(void **state)
{
	static const struct {
		const char *bar, *adapter;
		bool in_vram;
	} hosts[] = {
		{NULL, "rx6800", false},
		{"0", "rx6800", false},
		{"1", "rx6800", true},
		{"all", "rx7900xtx", true},
		{"1", "rx6800,cpu-visible=ignored", false},
		{NULL, "radeon680m", false},
	};
	static const HSAuint64 sizes[] = {PAGE, 64 * KIB, 32 * MIB + PAGE};
	const HsaMemFlags code = {.Value =
					  0x3081}; /* NonPaged | NoSubstitute | ExecuteAccess | CoarseGrain */
	const HsaMemMapFlags no_flags = {.Value = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct machine machine;

		boot(&machine, hosts[i].bar, hosts[i].adapter);
		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			HSAuint64 before = vram_left(machine.gpus[0]), after, va;
			HsaPointerInfo info;
			void *address, *at;

			assert_status(hsaKmtAllocMemory(machine.gpus[0], sizes[j], code, &address), SUCCESS);
			assert_int_equal((uintptr_t)address % (64 * KIB), 0);
			use(address, sizes[j]);
			assert_status(
				hsaKmtMapMemoryToGPUNodes(address, sizes[j], &va, no_flags, 1, machine.gpus),
				SUCCESS);
			use(address, sizes[j]);
			assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
			assert_int_equal(info.Type, HSA_POINTER_ALLOCATED);
			assert_int_equal(info.Node, machine.gpus[0]);
			assert_int_equal(info.MemFlags.Value, code.Value);
			assert_int_equal(info.SizeInBytes, sizes[j]);
			assert_int_equal(info.NMappedNodes, 1);
			after = vram_left(machine.gpus[0]);
			if (sizes[j] > MIB && strncmp(hosts[i].adapter, "radeon", 6) != 0)
				assert_int_equal(before - after >= sizes[j], hosts[i].in_vram);
			assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
			assert_status(hsaKmtFreeMemory(address, sizes[j]), SUCCESS);
			/* aligned as private VRAM would be */
			assert_status(hsaKmtAllocMemoryAlign(machine.gpus[0], sizes[j], 4 * MIB, code, &at),
				      SUCCESS);
			assert_int_equal((uintptr_t)at % (4 * MIB), 0);
			use(at, sizes[j]);
			assert_status(hsaKmtFreeMemory(at, sizes[j]), SUCCESS);
		}
		assert_status(hsaKmtCloseKFD(), SUCCESS);
	}
}

#define CLOSED(test) cmocka_unit_test_setup_teardown(test, machine_setup_closed, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLOSED(asked_for_by_our_own_call),
		CLOSED(what_cannot_be_visible_is_refused),
		CLOSED(an_address_is_found_in_any_crowd),
		CLOSED(host_access_is_asked_for_by_1),
		CLOSED(code_is_where_the_cpu_reads_it),
		CLOSED(without_it_host_access_of_vram_is_private),
		CLOSED(all_makes_frame_buffers_public_where_it_works),
		CLOSED(what_is_not_told_stays_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
