// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/scratch.h"

#include <stdlib.h>

struct gpu_scratch *gpu_scratch_create(uint64_t base, uint32_t wave_bytes, uint32_t waves)
{
	struct gpu_scratch *scratch =
		calloc(1, sizeof(*scratch) + ((size_t)waves + 63) / 64 * sizeof(scratch->taken[0]));

	if (!scratch)
		return NULL;
	scratch->users = 1;
	scratch->base = base;
	scratch->wave_bytes = wave_bytes;
	scratch->waves = waves;
	return scratch;
}

void gpu_scratch_put(struct gpu_scratch *scratch)
{
	if (scratch && !--scratch->users)
		free(scratch);
}

static uint64_t bytes_of(const struct gpu_scratch *scratch)
{
	return (uint64_t)scratch->wave_bytes * scratch->waves;
}

bool gpu_scratch_overlaps(const struct gpu_scratch *a, const struct gpu_scratch *b)
{
	return a->base < b->base + bytes_of(b) && b->base < a->base + bytes_of(a);
}

static void mark(struct gpu_scratch *scratch, uint32_t waves, uint32_t first, bool taken)
{
	for (uint32_t i = first; i < first + waves; i++) {
		if (taken)
			scratch->taken[i / 64] |= 1ULL << i % 64;
		else
			scratch->taken[i / 64] &= ~(1ULL << i % 64);
	}
}

bool gpu_scratch_take(struct gpu_scratch *scratch, uint32_t waves, uint32_t *first)
{
	uint32_t free_waves = 0;

	for (uint32_t i = 0; i < scratch->waves; i++) {
		if (scratch->taken[i / 64] >> i % 64 & 1) {
			free_waves = 0;
			continue;
		}
		if (++free_waves < waves)
			continue;
		*first = i + 1 - waves;
		mark(scratch, waves, *first, true);
		return true;
	}
	return false;
}

void gpu_scratch_give(struct gpu_scratch *scratch, uint32_t waves, uint32_t first)
{
	mark(scratch, waves, first, false);
}
