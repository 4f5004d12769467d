// SPDX-License-Identifier: MIT
/* hsaKmtDxgAllocMemory(): its options are honoured or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

static const HsaMemFlags host_memory = {.Value = 0x20040}; /* HostAccess | Uncached */
static const HsaMemFlags vram = {.Value = 0x2081};	   /* NonPaged | NoSubstitute | CoarseGrain */

static struct hsakmt_dxg_alloc_options below(HSAuint64 highest)
{
	return (struct hsakmt_dxg_alloc_options){.size = sizeof(struct hsakmt_dxg_alloc_options),
						 .lowest_address = 0,
						 .highest_address = highest};
}

static void assert_below(const void *address, HSAuint64 size, HSAuint64 highest)
{
	assert_non_null(address);
	assert_true((uintptr_t)address <= highest - size);
}

/* What a client with 32-bit pointers asks for. */
static void addresses_below_4_gib_are_had(void **state)
{
	static const HSAuint64 sizes[] = {PAGE, 64 * KIB, 2 * MIB, 32 * MIB};
	const struct hsakmt_dxg_alloc_options options = below(4 * GIB);
	struct machine *machine = *state;
	void *addresses[8];
	HSAuint64 va;

	for (size_t i = 0; i < 8; i++) {
		HSAuint32 node = i < 4 ? machine->cpu : machine->gpus[i % machine->gpu_count];
		HSAuint64 size = sizes[i % 4];

		assert_status(
			hsaKmtDxgAllocMemory(node, size, i < 4 ? host_memory : vram, &options, &addresses[i]),
			SUCCESS);
		assert_below(addresses[i], size, 4 * GIB);
		if (i < 4)
			memset(addresses[i], 0x11, size);
		assert_status(hsaKmtMapMemoryToGPUNodes(addresses[i], size, &va, (HsaMemMapFlags){.Value = 0},
							1, i < 4 ? &machine->gpus[0] : &node),
			      SUCCESS);
	}
	for (size_t i = 0; i < 8; i++)
		assert_status(hsaKmtFreeMemory(addresses[i], sizes[i % 4]), SUCCESS);
}

static void a_full_window_is_no_memory(void **state)
{
	struct hsakmt_dxg_alloc_options options = below(0x10000000 + 64 * MIB);
	struct machine *machine = *state;
	void *addresses[40], *address;
	unsigned count = 0;
	HSAKMT_STATUS status;

	options.lowest_address = 0x10000000;
	while ((status = hsaKmtDxgAllocMemory(machine->cpu, 2 * MIB, host_memory, &options, &address)) ==
	       HSAKMT_STATUS_SUCCESS) {
		assert_in_range((uintptr_t)address, 0x10000000, 0x10000000 + 62 * MIB);
		assert_in_range(count, 0, 31);
		addresses[count++] = address;
	}
	assert_int_equal(status, HSAKMT_STATUS_NO_MEMORY);
	assert_null(address);
	assert_int_equal(count, 32);
	/* memory without a wish is still there, somewhere else */
	assert_status(hsaKmtAllocMemory(machine->cpu, 2 * MIB, host_memory, &address), SUCCESS);
	assert_false((uintptr_t)address >= 0x10000000 && (uintptr_t)address < 0x10000000 + 64 * MIB);
	assert_status(hsaKmtFreeMemory(address, 2 * MIB), SUCCESS);
	/* one that is freed can be had again */
	assert_status(hsaKmtFreeMemory(addresses[5], 2 * MIB), SUCCESS);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, 2 * MIB, host_memory, &options, &address), SUCCESS);
	assert_ptr_equal(address, addresses[5]);
	while (count)
		assert_status(hsaKmtFreeMemory(addresses[--count], 2 * MIB), SUCCESS);
}

/* A window around the program's own memory: nothing of it is touched. */
static void what_lies_in_the_window_stays(void **state)
{
	struct hsakmt_dxg_alloc_options options = below(0x20000000 + 2 * MIB);
	struct machine *machine = *state;
	unsigned char *own = mmap((void *)0x20100000, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	void *a, *b, *c;

	assert_ptr_not_equal(own, MAP_FAILED);
	*own = 0x77;
	options.lowest_address = 0x20000000;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, 960 * KIB, host_memory, &options, &a), SUCCESS);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, 960 * KIB, host_memory, &options, &b), SUCCESS);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, 960 * KIB, host_memory, &options, &c), NO_MEMORY);
	assert_int_equal(*own, 0x77);
	memset(a, 1, 960 * KIB);
	memset(b, 1, 960 * KIB);
	assert_int_equal(*own, 0x77);
	assert_status(hsaKmtFreeMemory(a, 960 * KIB), SUCCESS);
	assert_status(hsaKmtFreeMemory(b, 960 * KIB), SUCCESS);
	assert_int_equal(munmap(own, PAGE), 0);
}

static void a_large_alignment_is_honoured(void **state)
{
	struct hsakmt_dxg_alloc_options options = {.size = sizeof(options)};
	struct machine *machine = *state;
	void *address;

	for (HSAuint64 alignment = PAGE; alignment <= 64 * GIB; alignment *= 4) {
		options.alignment = alignment;
		assert_status(hsaKmtDxgAllocMemory(machine->gpus[0], 2 * MIB, vram, &options, &address),
			      SUCCESS);
		assert_int_equal((uintptr_t)address & (alignment - 1), 0);
		assert_status(hsaKmtFreeMemory(address, 2 * MIB), SUCCESS);
		assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options, &address),
			      SUCCESS);
		assert_int_equal((uintptr_t)address & (alignment - 1), 0);
		assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	}
	options.highest_address = 4 * GIB;
	options.alignment = 1 * GIB;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options, &address), SUCCESS);
	assert_below(address, PAGE, 4 * GIB);
	assert_int_equal((uintptr_t)address & (1 * GIB - 1), 0);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	options.highest_address = 0;
	options.alignment = 3 * MIB;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options, &address),
		      INVALID_PARAMETER);
	options.alignment = 1ULL << 63;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options, &address), NO_MEMORY);
	assert_null(address);
}

static void options_that_are_not_known_are_refused(void **state)
{
	struct {
		struct hsakmt_dxg_alloc_options known;
		HSAuint64 newer;
	} options = {.known = {.size = sizeof(options)}};
	struct machine *machine = *state;
	HSAuint64 only_size = sizeof(only_size);
	const struct {
		struct hsakmt_dxg_alloc_options options;
	} refused[] = {
		{{.size = 0}},
		{{.size = 7}},
		{{.size = sizeof(options), .flags = 2}},
		{{.size = sizeof(options), .flags = 1ULL << 63}},
		/* windows */
		{{.size = sizeof(options.known), .lowest_address = 1 * GIB}},
		{{.size = sizeof(options.known), .lowest_address = 1 * GIB, .highest_address = 1 * GIB}},
		{{.size = sizeof(options.known), .lowest_address = 2 * GIB, .highest_address = 1 * GIB}},
		{{.size = sizeof(options.known), .lowest_address = 1, .highest_address = 1 * GIB}},
		{{.size = sizeof(options.known), .highest_address = 1 * GIB + 1}},
		{{.size = sizeof(options.known),
		  .lowest_address = 1ULL << 47,
		  .highest_address = 1ULL << 48}},
		{{.size = sizeof(options.known), .highest_address = PAGE}},
		/* it is not VRAM */
		{{.size = sizeof(options.known), .flags = HSAKMT_DXG_ALLOC_CPU_VISIBLE}},
	};
	void *address;

	/* none, and less than we know */
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, NULL, &address), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, (void *)&only_size, &address),
		      SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	/* more than we know */
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options.known, &address),
		      SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	options.newer = 1ULL << 56;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options.known, &address),
		      INVALID_PARAMETER);
	assert_null(address);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct {
			struct hsakmt_dxg_alloc_options known;
			HSAuint64 newer;
		} padded = {.known = refused[i].options};

		address = &address;
		assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &padded.known, &address),
			      INVALID_PARAMETER);
		assert_null(address);
	}
	/* a size that nobody has is not believed: the tail would be read without end */
	options.known.size = UINT64_MAX;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options.known, &address),
		      INVALID_PARAMETER);
}

static void the_usual_checks_are_made(void **state)
{
	const struct hsakmt_dxg_alloc_options options = below(4 * GIB);
	struct machine *machine = *state;
	HsaMemFlags fixed = host_memory;
	void *address = (void *)0x30000000;

	fixed.ui32.FixedAddress = 1;
	/* two wishes at once */
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, fixed, &options, &address), INVALID_PARAMETER);
	address = (void *)0x30000000;
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, fixed, NULL, &address), SUCCESS);
	assert_ptr_equal(address, (void *)0x30000000);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
	assert_status(hsaKmtDxgAllocMemory(99, PAGE, host_memory, &options, &address), INVALID_NODE_UNIT);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, 0, host_memory, &options, &address),
		      INVALID_PARAMETER);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, PAGE, host_memory, &options, NULL),
		      INVALID_PARAMETER);
	assert_status(hsaKmtDxgAllocMemory(machine->cpu, 8 * GIB, host_memory, &options, &address),
		      NO_MEMORY);
	assert_null(address);
}

static void a_closed_library_refuses(void **state)
{
	void *address;

	(void)state;
	assert_status(hsaKmtDxgAllocMemory(0, PAGE, host_memory, NULL, &address),
		      KERNEL_IO_CHANNEL_NOT_OPENED);
}

#define OPEN(test)   cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)
#define CLOSED(test) cmocka_unit_test_setup_teardown(test, machine_setup_closed, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPEN(addresses_below_4_gib_are_had),
		OPEN(a_full_window_is_no_memory),
		OPEN(what_lies_in_the_window_stays),
		OPEN(a_large_alignment_is_honoured),
		OPEN(options_that_are_not_known_are_refused),
		OPEN(the_usual_checks_are_made),
		CLOSED(a_closed_library_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
