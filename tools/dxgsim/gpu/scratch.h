// SPDX-License-Identifier: MIT
/* The scratch memory of a queue: places for as many waves as COMPUTE_TMPRING_SIZE has, each for one at a time. */
#ifndef DXGSIM_GPU_SCRATCH_H
#define DXGSIM_GPU_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>

struct gpu_scratch {
	uint32_t users; /* kernels */
	uint64_t base;
	uint32_t wave_bytes;
	uint32_t waves;
	uint64_t taken[]; /* a bit for each wave */
};

/* With one user.  NULL: no memory. */
struct gpu_scratch *gpu_scratch_create(uint64_t base, uint32_t wave_bytes, uint32_t waves);
/* One user less; NULL is allowed. */
void gpu_scratch_put(struct gpu_scratch *scratch);
/* Whether some of it is the other's too. */
bool gpu_scratch_overlaps(const struct gpu_scratch *a, const struct gpu_scratch *b);
/* Places for @waves waves, one behind the other: *@first. False: there are none now. */
bool gpu_scratch_take(struct gpu_scratch *scratch, uint32_t waves, uint32_t *first);
void gpu_scratch_give(struct gpu_scratch *scratch, uint32_t waves, uint32_t first);

#endif
