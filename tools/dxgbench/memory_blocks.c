// SPDX-License-Identifier: MIT
/* Small blocks, as ROCr asks for by the thousand, beside requests just too large to be cut from something larger. */
#include <stddef.h>

#include "dxgbench/blocks.h"
#include "dxgbench/machine.h"
#include "dxgbench/options.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* The alternatives take their time, and memory; what they cost does not depend on their number. */
#define MAX_ALTERNATIVES 1000
#define MAX_VRAM	 (256 * MIB)

void memory_blocks(struct report *report, struct machine *machine, const struct options *options)
{
	static const struct blocks small = {"system-4k", NULL, "4 KiB of system memory", 4 * KIB,
					    MEMORY_SYSTEM};
	static const struct blocks large = {"system-128k", "system-4k", "128 KiB, not cut from a larger one",
					    128 * KIB, MEMORY_SYSTEM};
	static const struct blocks small_held = {"system-4k-held", NULL, "4 KiB of system memory, all held",
						 4 * KIB, MEMORY_SYSTEM};
	static const struct blocks large_held = {"system-128k-held", "system-4k-held", "128 KiB, all held",
						 128 * KIB, MEMORY_SYSTEM};
	static const struct blocks vram = {"vram-64k", NULL, "64 KiB of VRAM, all held", 64 * KIB,
					   MEMORY_VRAM};
	static const struct blocks vram_large = {"vram-128k", "vram-64k", "128 KiB of VRAM, all held",
						 128 * KIB, MEMORY_VRAM};
	uint64_t alternatives = MIN(options->count, MAX_ALTERNATIVES);
	/* what an integrated GPU has for itself is not much, however much its node reports */
	uint64_t in_vram = MIN(options->count, MIN(machine->vram / 4, MAX_VRAM) / vram_large.size);

	blocks_in_turn(report, machine, &small, options->count);
	blocks_in_turn(report, machine, &large, alternatives);
	blocks_held(report, machine, &small_held, options->count);
	blocks_held(report, machine, &large_held, alternatives);
	blocks_held(report, machine, &vram, in_vram);
	blocks_held(report, machine, &vram_large, MIN(in_vram, alternatives));
}
