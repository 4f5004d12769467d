// SPDX-License-Identifier: MIT
/*
 * Buffers that are none of many: ROCr's 2 MiB pieces of VRAM, the first ones beside later ones, and system memory
 * from 64 KiB to 1 GiB beside memory of the program's own that is registered.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

#include "dxgbench/blocks.h"
#include "dxgbench/machine.h"
#include "dxgbench/options.h"
#include "dxgbench/pin.h"
#include "dxgbench/report.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define VRAM_PIECES 32	      /* at a time */
#define TRAFFIC	    (8 * GIB) /* through a size, when there are so many of it */
#define LEAST	    5	      /* ... and at least so many */
#define SHARE	    4	      /* of the memory that is available: this part at most */

static void vram_pieces(struct report *report, const struct machine *machine)
{
	static const struct blocks cold = {"vram-2m-cold", "vram-2m", "2 MiB of VRAM, the first ones",
					   2 * MIB, MEMORY_VRAM};
	static const struct blocks warm = {"vram-2m", NULL, "2 MiB of VRAM", 2 * MIB, MEMORY_VRAM};
	uint64_t pieces = MIN(VRAM_PIECES, machine->vram / 4 / warm.size);

	blocks_held(report, machine, &cold, pieces);
	blocks_held_apart(report, machine, &warm, pieces);
}

/* Memory that the program got from the kernel instead of from the library. */
static void own_memory(struct report *report, const struct machine *machine, const char *beside,
		       const char *size_name, uint64_t size, uint64_t count)
{
	struct row *row;
	struct measure measure;
	char name[32];

	snprintf(name, sizeof(name), "own-%s", size_name);
	row = report_row(report, name, beside, "mmap, register, map, deregister, munmap");
	machine_settle();
	measure_begin(&measure, row, count, 1);
	for (uint64_t i = 0; i < count; i++) {
		void *address;
		bool good;

		measure_start(&measure);
		address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (address == MAP_FAILED) {
			report_failed(report, row, "mmap fails");
			break;
		}
		good = pin(report, row, machine, address, size) && unpin(report, row, address);
		munmap(address, size);
		if (!good)
			break;
		measure_stop(&measure);
	}
	machine_settle();
	measure_end(&measure);
}

static void system_memory(struct report *report, const struct machine *machine, const struct options *options)
{
	static const struct {
		uint64_t size;
		const char *name;
		const char *title;
	} sizes[] = {
		{64 * KIB, "64k", "64 KiB of system memory"}, {1 * MIB, "1m", "1 MiB of system memory"},
		{16 * MIB, "16m", "16 MiB of system memory"}, {128 * MIB, "128m", "128 MiB of system memory"},
		{1 * GIB, "1g", "1 GiB of system memory"},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t count = MIN(options->repeat, MAX(TRAFFIC / sizes[i].size, LEAST));
		struct blocks blocks = {
			.title = sizes[i].title, .size = sizes[i].size, .flags = MEMORY_SYSTEM};
		char name[32];

		snprintf(name, sizeof(name), "system-%s", sizes[i].name);
		blocks.name = name;
		if (sizes[i].size > machine->available / SHARE) {
			report_skipped(report_row(report, name, NULL, "%s", sizes[i].title),
				       "too little memory is available");
			continue;
		}
		blocks_in_turn(report, machine, &blocks, count);
		own_memory(report, machine, name, sizes[i].name, sizes[i].size, count);
	}
}

void memory_large(struct report *report, struct machine *machine, const struct options *options)
{
	vram_pieces(report, machine);
	system_memory(report, machine, options);
}
