// SPDX-License-Identifier: MIT
/*
 * Scratch memory that the library lends to dispatches whose queue has none of its user's.
 *
 * Blocks belong to a device.  One is lent to one queue at a time, for the engine numbers the scratch slots of each queue from
 * zero: two queues that ran on one block would write to the same memory.  It is free again when the submissions that used it are over.
 */
#ifndef QUEUE_SCRATCH_H
#define QUEUE_SCRATCH_H

#include <stdint.h>

#include "memory/memory.h"
#include "pm4/pm4.h"
#include "queue/lane.h"

struct scratch_pool; /* of one GPU */
struct scratch_block;

struct scratch_gpu {
	struct memory *memory;
	uint32_t gpu;
	enum pm4_generation generation;
	uint32_t waves; /* most that run at once on the whole GPU */
	uint32_t shader_engines;
	uint64_t budget; /* bytes of GPU memory; a block is a quarter of it at most */
};

int scratch_pool_create(const struct scratch_gpu *gpu, struct scratch_pool **out);
/* All blocks were put, and no lane is left that used one. */
void scratch_pool_destroy(struct scratch_pool *pool);
/* Gives memory back that nobody needs; for housekeeping. */
void scratch_pool_run(struct scratch_pool *pool);

/* What a dispatch needs to know of a block. */
struct scratch_view {
	uint64_t base;
	uint64_t bytes;
	uint32_t waves;
	uint32_t wave_bytes;
	uint32_t tmpring;
};

/*
 * A block for waves of at least `wave_bytes` for a queue: the one it has (*block, NULL: none), if that is large enough, else another; the
 * old one goes back when the submission that the queue is at (lane_next()) is over.  Fewer waves run at once where the memory does
 * not suffice for all.  On failure *block stays as it was.
 *
 * -E2BIG: no single wave (per shader engine) fits, or the register cannot say it; -ENOSPC, -ENOMEM: no memory now; -ENODEV.
 */
int scratch_get(struct scratch_pool *pool, uint32_t wave_bytes, struct lane *lane,
		struct scratch_block **block, struct scratch_view *view);
/*
 * The queue ends: the block, and those it had before, are reused when the lane's ordinal is over, and all that is submitted by now.
 * While it still has the lane.  NULL is allowed.
 */
void scratch_put(struct scratch_block *block, struct lane *lane, uint64_t ordinal);

#endif
