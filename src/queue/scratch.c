// SPDX-License-Identifier: MIT
#include "queue/scratch.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "gsp/moment.h"
#include "pm4/dispatch.h"
#include "util/compiler.h"

#define WAVE_GRAIN	1024U	   /* a multiple of what any generation counts a wave's memory in */
#define LARGEST_PART	4U	   /* of the budget: 1 / LARGEST_PART for one block */
#define LARGEST_RECORDS UINT32_MAX /* of a buffer resource, by which kernels up to gfx10 reach it */

enum block_state {
	BLOCK_LENT,
	BLOCK_LEAVING, /* its last user is a submission that may not have been made yet */
	BLOCK_IDLE,    /* nobody's, when its moment is over */
};

struct scratch_block {
	struct scratch_pool *pool;
	struct scratch_block *next;
	struct gsp_device *device; /* that it was allocated on */
	void *address;
	uint64_t bytes;
	struct scratch_view view; /* for whom it is lent to */
	enum block_state state;
	uint64_t owner;		   /* LENT, LEAVING: the queue, by a number of our own */
	struct lane *lane;	   /* LEAVING: lives as long as the owner has not put its block */
	uint64_t ordinal;	   /* LEAVING */
	struct gsp_moment *moment; /* IDLE: NULL: it is over */
};

struct scratch_pool {
	struct scratch_gpu gpu;
	pthread_mutex_t lock; /* of what follows; not held while the host is asked */
	struct scratch_block *blocks;
	unsigned lent;
	uint64_t owners;
};

/* Asks nobody for memory yet.  -ENOMEM. */
int scratch_pool_create(const struct scratch_gpu *gpu, struct scratch_pool **out)
{
	struct scratch_pool *pool = calloc(1, sizeof(*pool));

	*out = NULL;
	if (!pool)
		return -ENOMEM;
	pool->gpu = *gpu;
	pthread_mutex_init(&pool->lock, NULL);
	*out = pool;
	return 0;
}

/* Ends blocks that are on no list any more.  What the GPU still uses goes when that is over. */
static void free_blocks(struct scratch_pool *pool, struct scratch_block *blocks)
{
	while (blocks) {
		struct scratch_block *next = blocks->next;

		gsp_moment_put(blocks->moment);
		memory_free(pool->gpu.memory, blocks->address);
		free(blocks);
		blocks = next;
	}
}

/* NULL is allowed. */
void scratch_pool_destroy(struct scratch_pool *pool)
{
	if (!pool)
		return;
	free_blocks(pool, pool->blocks);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* ---- with the pool's lock ---- */

/* Whether nobody uses a block and it can be lent again. */
static bool is_free(const struct scratch_block *block)
{
	return block->state == BLOCK_IDLE && !gsp_device_is_lost(block->device) &&
	       (!block->moment || gsp_moment_read(block->moment) == GSP_FENCE_DONE);
}

/*
 * What it was used for is submitted: a moment of the device tells when that is over, also when the lane and its fence are gone
 * by then.
 */
static void become_idle(struct scratch_block *block)
{
	struct gsp_device *device = lane_device(block->lane);

	block->moment = gsp_moment_take(&device, 1);
	block->state = BLOCK_IDLE;
	block->lane = NULL;
}

/* Looks after the blocks whose last submission was not made when they were left. */
static void settle(struct scratch_pool *pool)
{
	for (struct scratch_block *block = pool->blocks; block; block = block->next)
		if (block->state == BLOCK_LEAVING && lane_submitted(block->lane) >= block->ordinal)
			become_idle(block);
}

static void leave(struct scratch_block *block, struct lane *lane, uint64_t ordinal)
{
	block->state = BLOCK_LEAVING;
	block->lane = lane;
	block->ordinal = ordinal;
	block->pool->lent--;
}

static void lend(struct scratch_pool *pool, struct scratch_block *block, uint64_t owner)
{
	gsp_moment_put(block->moment);
	block->moment = NULL;
	block->state = BLOCK_LENT;
	block->owner = owner;
	pool->lent++;
}

static struct scratch_block *find_free(struct scratch_pool *pool, const struct gsp_device *device,
				       uint64_t bytes)
{
	struct scratch_block *block = pool->blocks;

	while (block && (block->device != device || block->bytes < bytes || !is_free(block)))
		block = block->next;
	return block;
}

/* Takes idle blocks off the list but `keep`. */
static struct scratch_block *take_idle(struct scratch_pool *pool, const struct scratch_block *keep)
{
	struct scratch_block **link = &pool->blocks, *taken = NULL;

	while (*link) {
		struct scratch_block *block = *link;

		if (block->state != BLOCK_IDLE || block == keep) {
			link = &block->next;
			continue;
		}
		*link = block->next;
		block->next = taken;
		taken = block;
	}
	return taken;
}

static struct scratch_block *largest_free(struct scratch_pool *pool)
{
	struct scratch_block *largest = NULL;

	for (struct scratch_block *block = pool->blocks; block; block = block->next)
		if (is_free(block) && (!largest || block->bytes > largest->bytes))
			largest = block;
	return largest;
}

/* ---- without it ---- */

/* Keeps what one more queue may need soon, as long as there are queues that use scratch. */
void scratch_pool_run(struct scratch_pool *pool)
{
	struct scratch_block *unused;

	pthread_mutex_lock(&pool->lock);
	settle(pool);
	unused = take_idle(pool, pool->lent ? largest_free(pool) : NULL);
	pthread_mutex_unlock(&pool->lock);
	free_blocks(pool, unused);
}

static void free_idle(struct scratch_pool *pool)
{
	struct scratch_block *idle;

	pthread_mutex_lock(&pool->lock);
	idle = take_idle(pool, NULL);
	pthread_mutex_unlock(&pool->lock);
	free_blocks(pool, idle);
}

/* On that device: what is allocated while it lives is there. */
static int allocate_block(struct scratch_pool *pool, struct gsp_device *device, uint64_t bytes,
			  struct scratch_block **out)
{
	const struct memory_request request = {
		.gpu = pool->gpu.gpu,
		.kind = MEMORY_LOCAL,
		.flags = MEMORY_COARSE | MEMORY_ALONE | MEMORY_INTERNAL,
		.size = bytes,
	};
	struct scratch_block *block = calloc(1, sizeof(*block));
	int ret;

	*out = NULL;
	if (!block)
		return -ENOMEM;
	ret = memory_alloc(pool->gpu.memory, &request, &block->address);
	if (ret) {
		free(block);
		return ret;
	}
	ret = memory_map(pool->gpu.memory, block->address, bytes, &pool->gpu.gpu, 1, NULL);
	if (!ret && gsp_device_is_lost(device))
		ret = -ENODEV;
	if (ret) {
		memory_free(pool->gpu.memory, block->address);
		free(block);
		return ret;
	}
	block->pool = pool;
	block->device = device;
	block->bytes = bytes;
	block->state = BLOCK_IDLE;
	*out = block;
	return 0;
}

static bool is_want_of_memory(int error)
{
	return error == -ENOSPC || error == -ENOMEM;
}

/* What so many waves of that size take; false: too much, or the register cannot say it. */
static bool describe(const struct scratch_gpu *gpu, uint32_t waves, uint32_t wave_bytes,
		     struct scratch_view *view)
{
	*view = (struct scratch_view){
		.bytes = (uint64_t)waves * wave_bytes,
		.waves = waves,
		.wave_bytes = wave_bytes,
	};
	if (view->bytes > gpu->budget / LARGEST_PART)
		return false;
	if (gpu->generation < PM4_GFX11 && view->bytes > LARGEST_RECORDS)
		return false;
	return pm4_tmpring(gpu->generation, waves, wave_bytes, gpu->shader_engines, &view->tmpring);
}

/* A block that nobody has, as many waves of it as there can be; it is lent to `owner`. */
static int find_or_allocate(struct scratch_pool *pool, struct gsp_device *device, uint32_t wave_bytes,
			    uint64_t owner, struct scratch_block **out, struct scratch_view *view)
{
	const struct scratch_gpu *gpu = &pool->gpu;
	uint32_t engines = MAX(gpu->shader_engines, 1U), waves = MAX(gpu->waves, engines);
	struct scratch_block *block;
	bool freed = false;
	int ret = -E2BIG;

	/* half as many, while there is one for each engine */
	for (waves -= waves % engines; waves; waves = waves / 2 - waves / 2 % engines) {
		if (!describe(gpu, waves, wave_bytes, view))
			continue;
		pthread_mutex_lock(&pool->lock);
		block = find_free(pool, device, view->bytes);
		if (block)
			lend(pool, block, owner);
		pthread_mutex_unlock(&pool->lock);
		if (block) {
			*out = block;
			return 0;
		}
		ret = allocate_block(pool, device, view->bytes, &block);
		if (is_want_of_memory(ret) && !freed) {
			free_idle(pool);
			freed = true;
			ret = allocate_block(pool, device, view->bytes, &block);
		}
		if (ret && !is_want_of_memory(ret))
			return ret;
		if (!ret) {
			pthread_mutex_lock(&pool->lock);
			block->next = pool->blocks;
			pool->blocks = block;
			lend(pool, block, owner);
			pthread_mutex_unlock(&pool->lock);
			*out = block;
			return 0;
		}
	}
	return ret;
}

/*
 * The sizes: a quarter of the budget at most, and 4 GiB up to gfx10.  May wait for the host, and for its page-table work, where
 * memory has to be had.  Called by who submits to the lane.
 */
int scratch_get(struct scratch_pool *pool, uint32_t wave_bytes, struct lane *lane,
		struct scratch_block **block, struct scratch_view *view)
{
	struct scratch_block *old = *block, *found = NULL;
	uint64_t owner;
	int ret;

	if (wave_bytes > UINT32_MAX - WAVE_GRAIN)
		return -E2BIG;
	wave_bytes = ALIGN_UP(MAX(wave_bytes, 1U), WAVE_GRAIN);
	if (gsp_device_is_lost(lane_device(lane)))
		return -ENODEV;
	/* nobody else changes what a block is lent for */
	if (old && old->view.wave_bytes >= wave_bytes) {
		*view = old->view;
		return 0;
	}
	pthread_mutex_lock(&pool->lock);
	settle(pool);
	owner = old ? old->owner : ++pool->owners;
	pthread_mutex_unlock(&pool->lock);
	ret = find_or_allocate(pool, lane_device(lane), wave_bytes, owner, &found, view);
	if (ret)
		return ret;
	view->base = ptr_to_u64(found->address);
	found->view = *view;
	if (old) {
		pthread_mutex_lock(&pool->lock);
		leave(old, lane, lane_next(lane));
		pthread_mutex_unlock(&pool->lock);
	}
	*block = found;
	return 0;
}

/* See scratch.h.  Memory that no queue needs any more is given back. */
void scratch_put(struct scratch_block *block, struct lane *lane, uint64_t ordinal)
{
	struct scratch_pool *pool;
	uint64_t owner;

	if (!block)
		return;
	pool = block->pool;
	pthread_mutex_lock(&pool->lock);
	owner = block->owner;
	leave(block, lane, ordinal);
	/* what was not submitted by now will not be */
	for (struct scratch_block *left = pool->blocks; left; left = left->next)
		if (left->state == BLOCK_LEAVING && left->owner == owner)
			become_idle(left);
	pthread_mutex_unlock(&pool->lock);
	scratch_pool_run(pool);
}
