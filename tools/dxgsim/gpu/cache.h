// SPDX-License-Identifier: MIT
/*
 * The L2: write-back, with lines of 128 bytes that know of every byte whether it is there and whether memory has
 * it.  As in hardware, a line is found by the memory it stands for, not by an address of some space.
 *
 * Nothing leaves it but by a write-back or to make room, and nothing that was read is read again before it is
 * invalidated: a program that forgets either sees it.
 *
 * Compute units on several threads use it at the same time.
 */
#ifndef DXGSIM_GPU_CACHE_H
#define DXGSIM_GPU_CACHE_H

#include "dxgsim/gpu/guest_bytes.h"
#include "dxgsim/gpu/tables.h"

/* How an access uses the L2. */
enum gpu_cache_policy {
	GPU_CACHE_LRU,
	GPU_CACHE_STREAM,      /* the first to make room */
	GPU_CACHE_NO_ALLOCATE, /* takes what is there, adds nothing */
	GPU_CACHE_BYPASS,
};

#define GPU_CACHE_WRITE_BACK (1U << 0)
/*
 * Lines that are as they were read.  One that was written to is not touched, its other bytes neither, unless it is
 * written back by the same action (Mesa, ac_barrier.c: "The L2 cache ops").
 */
#define GPU_CACHE_INVALIDATE (1U << 1)
#define GPU_CACHE_DISCARD    (1U << 2) /* all of it goes, written or not */

/* An access inside of one line. */
struct gpu_cache_access {
	struct gpu_tables *tables; /* whose address it is; asked when lines are written back to make room */
	uint64_t va;
	uint8_t *memory; /* what @va means */
	uint32_t bytes;
	enum gpu_cache_policy policy;
};

void gpu_cache_read(struct gpu_cache *cache, const struct gpu_cache_access *access, uint8_t *to);
/* The whole line of the access as well, as GPU_CACHE_LRU has it, for a cache in front of this one. */
void gpu_cache_read_line(struct gpu_cache *cache, const struct gpu_cache_access *access, uint8_t *to);
void gpu_cache_write(struct gpu_cache *cache, const struct gpu_cache_access *access, const uint8_t *from);
/* Does GPU_CACHE_* to the lines of @first to @last; all lines if this is the whole space. */
void gpu_cache_act(struct gpu_cache *cache, struct gpu_tables *tables, uint32_t actions, uint64_t first,
		   uint64_t last);
void gpu_cache_drop(struct gpu_cache *cache);
/* Where the policy has it: in the cache, or in memory after what the cache has of it was written back. */
void gpu_cache_atomic(struct gpu_cache *cache, const struct gpu_cache_access *access,
		      struct gpu_cache_atomic *atomic);

#endif
