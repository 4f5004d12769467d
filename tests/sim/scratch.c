// SPDX-License-Identifier: MIT
/* The address range a GPU's scratch lives in: reserved whole, given memory piece by piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define KIB   1024ULL
#define MIB   (1024 * KIB)
#define GIB   (1024 * MIB)
#define RANGE (4 * GIB)	   /* what ROCr reserves for a GPU */
#define PIECE 0x1e00000ULL /* what its queues map of it */
#define LARGE 0x8c00000ULL /* what those of 2025 map */

static const HsaMemFlags scratch = {.Value = 0x240}; /* Scratch | HostAccess */

static char *reserve(HSAuint32 gpu)
{
	void *address = NULL;

	assert_status(hsaKmtAllocMemory(gpu, RANGE, scratch, &address), SUCCESS);
	assert_non_null(address);
	/* ROCr keeps what it hands to the hardware in units of this */
	assert_int_equal((uintptr_t)address % (64 * KIB), 0);
	return address;
}

static void map_piece(char *address, HSAuint64 size)
{
	HSAuint64 va = 1;

	assert_status(hsaKmtMapMemoryToGPU(address, size, &va), SUCCESS);
	assert_true(va == 0 || va == (uintptr_t)address);
}

static void a_reservation_costs_no_memory(void **state)
{
	struct machine *machine = *state;
	char *first = reserve(machine->gpus[0]), *second = reserve(machine->gpus[1]);

	machine_assert_allocations(0);
	assert_true(first + RANGE <= second || second + RANGE <= first);
	assert_status(hsaKmtFreeMemory(first, RANGE), SUCCESS);
	assert_status(hsaKmtFreeMemory(second, RANGE), SUCCESS);
}

static void pieces_are_mapped_and_unmapped_one_by_one(void **state)
{
	struct machine *machine = *state;

	for (unsigned i = 0; i < machine->gpu_count; i++) {
		char *range = reserve(machine->gpus[i]);

		map_piece(range, PIECE);
		map_piece(range + PIECE, LARGE);
		map_piece(range + RANGE - 64 * KIB, 64 * KIB);
		machine_assert_allocations(3);
		assert_int_equal(dxgsim_live_objects("device"), i + 1); /* of this GPU only */
		assert_status(hsaKmtUnmapMemoryToGPU(range + PIECE), SUCCESS);
		machine_assert_allocations(2);
		/* its place can be taken by another one */
		map_piece(range + PIECE, 64 * KIB);
		map_piece(range + PIECE + 64 * KIB, PIECE);
		assert_status(hsaKmtUnmapMemoryToGPU(range), SUCCESS);
		assert_status(hsaKmtUnmapMemoryToGPU(range + PIECE), SUCCESS);
		assert_status(hsaKmtUnmapMemoryToGPU(range + PIECE + 64 * KIB), SUCCESS);
		assert_status(hsaKmtUnmapMemoryToGPU(range + RANGE - 64 * KIB), SUCCESS);
		machine_assert_allocations(0);
		/* nothing is mapped there any more, which is no error */
		assert_status(hsaKmtUnmapMemoryToGPU(range), SUCCESS);
		assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
	}
}

static void the_same_piece_again_is_no_change(void **state)
{
	struct machine *machine = *state;
	char *range = reserve(machine->gpus[0]);
	uint64_t messages;

	map_piece(range + PIECE, PIECE);
	messages = dxgsim_message_count();
	map_piece(range + PIECE, PIECE);
	assert_int_equal(dxgsim_message_count(), messages);
	machine_assert_allocations(1);
	assert_status(hsaKmtUnmapMemoryToGPU(range + PIECE), SUCCESS);
	machine_assert_allocations(0);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
}

static void overlapping_pieces_are_refused(void **state)
{
	struct machine *machine = *state;
	char *range = reserve(machine->gpus[0]), *piece = range + 64 * MIB;
	static const struct {
		int64_t from;
		HSAuint64 size;
	} overlaps[] = {
		{0, 64 * KIB},				 /* its head */
		{0, 2 * PIECE},				 /* all of it and more */
		{PIECE - 64 * KIB, 64 * KIB},		 /* its tail */
		{PIECE - 64 * KIB, PIECE},		 /* across its end */
		{-64 * (int64_t)KIB, 128 * KIB},	 /* across its start */
		{-64 * (int64_t)KIB, PIECE + 128 * KIB}, /* around it */
	};
	HSAuint64 va;

	map_piece(piece, PIECE);
	for (size_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++)
		assert_int_not_equal(hsaKmtMapMemoryToGPU(piece + overlaps[i].from, overlaps[i].size, &va),
				     HSAKMT_STATUS_SUCCESS);
	machine_assert_allocations(1);
	/* its neighbours are free */
	map_piece(piece - 64 * KIB, 64 * KIB);
	map_piece(piece + PIECE, 64 * KIB);
	assert_status(hsaKmtUnmapMemoryToGPU(piece), SUCCESS);
	machine_assert_allocations(2);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
	machine_assert_allocations(0);
}

static void pieces_stay_inside_the_range(void **state)
{
	struct machine *machine = *state;
	char *range = reserve(machine->gpus[0]);
	HSAuint64 va;

	assert_int_not_equal(hsaKmtMapMemoryToGPU(range + RANGE - 64 * KIB, 128 * KIB, &va),
			     HSAKMT_STATUS_SUCCESS);
	assert_int_not_equal(hsaKmtMapMemoryToGPU(range, RANGE + 64 * KIB, &va), HSAKMT_STATUS_SUCCESS);
	assert_int_not_equal(hsaKmtMapMemoryToGPU(range + 64 * KIB, 0ULL - 64 * KIB, &va),
			     HSAKMT_STATUS_SUCCESS);
	assert_int_not_equal(hsaKmtMapMemoryToGPU(range + 64 * KIB, 0, &va), HSAKMT_STATUS_SUCCESS);
	assert_int_not_equal(hsaKmtMapMemoryToGPU(range + 1, 64 * KIB, &va), HSAKMT_STATUS_SUCCESS);
	machine_assert_allocations(0);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
}

static void a_piece_belongs_to_the_gpu_of_the_range(void **state)
{
	struct machine *machine = *state;
	HsaMemMapFlags flags = {.Value = 0};
	char *range = reserve(machine->gpus[0]);

	assert_int_not_equal(hsaKmtMapMemoryToGPUNodes(range, PIECE, NULL, flags, 1, &machine->gpus[1]),
			     HSAKMT_STATUS_SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(range, PIECE, NULL, flags, 1, &machine->gpus[0]), SUCCESS);
	machine_assert_allocations(1);
	assert_status(hsaKmtUnmapMemoryToGPU(range), SUCCESS);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
}

static void freeing_the_range_takes_its_pieces(void **state)
{
	struct machine *machine = *state;
	char *range = reserve(machine->gpus[0]);
	HsaPointerInfo info;

	map_piece(range, PIECE);
	map_piece(range + 1 * GIB, PIECE);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
	machine_assert_allocations(0);
	assert_status(hsaKmtQueryPointerInfo(range, &info), ERROR);
	/* and it can be had again */
	range = reserve(machine->gpus[0]);
	map_piece(range, PIECE);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
	machine_assert_allocations(0);
}

/* The GPU's own memory is full: host pages serve, as slowly as they are. */
static void scratch_is_had_from_the_host_when_vram_is_full(void **state)
{
	static const HsaMemFlags vram = {.Value = 0x2081};
	struct machine *machine = *state;
	void *hogs[64];
	unsigned hog_count = 0;
	HSAuint64 size = 8 * GIB;
	char *range = reserve(machine->gpus[0]);

	while (size >= MIB && hog_count < 64) {
		if (hsaKmtAllocMemory(machine->gpus[0], size, vram, &hogs[hog_count]) ==
		    HSAKMT_STATUS_SUCCESS)
			hog_count++;
		else
			size /= 2;
	}
	assert_in_range(hog_count, 1, 63);
	map_piece(range, LARGE);
	assert_status(hsaKmtUnmapMemoryToGPU(range), SUCCESS);
	assert_status(hsaKmtFreeMemory(range, RANGE), SUCCESS);
	while (hog_count)
		assert_status(hsaKmtFreeMemory(hogs[--hog_count], 0), SUCCESS);
	machine_assert_allocations(0);
}

#define OPEN(test) cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(a_reservation_costs_no_memory),
		OPEN(pieces_are_mapped_and_unmapped_one_by_one),
		OPEN(the_same_piece_again_is_no_change),
		OPEN(overlapping_pieces_are_refused),
		OPEN(pieces_stay_inside_the_range),
		OPEN(a_piece_belongs_to_the_gpu_of_the_range),
		OPEN(freeing_the_range_takes_its_pieces),
		OPEN(scratch_is_had_from_the_host_when_vram_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
