// SPDX-License-Identifier: MIT
/*
 * A client's way to memory: through the page tables and, if page and packet say so, the L2.  One for each engine, and one
 * for each of its compute units, which are at work at the same time.
 */
#ifndef DXGSIM_GPU_MEMORY_H
#define DXGSIM_GPU_MEMORY_H

#include "dxgsim/gpu/cache.h"

struct gpu_fault {
	enum gpu_fault_reason reason;
	enum gpu_access access;
	uint64_t va; /* the first byte out of reach */
};

struct gpu_memory {
	struct gpu_tables tables;
	struct gpu_cache *cache;
	struct gpu_fault fault; /* of the last access that failed */
};

/*
 * Aligned 4 and 8 bytes are one access; more is done in order of addresses, and a fault leaves done what came
 * before it.  @access: GPU_FETCH or GPU_READ.
 */
bool gpu_memory_read(struct gpu_memory *memory, uint64_t va, enum gpu_access access, void *to, uint32_t bytes,
		     enum gpu_cache_policy policy);
bool gpu_memory_write(struct gpu_memory *memory, uint64_t va, const void *from, uint32_t bytes,
		      enum gpu_cache_policy policy);
/* For a cache in front of the L2: the whole line around @bytes at @va, which are inside of it and asked for. */
bool gpu_memory_read_line(struct gpu_memory *memory, uint64_t va, uint32_t bytes, uint8_t *line);

/*
 * Reads, modifies and writes 4 or 8 aligned bytes, where nobody comes between: neither a CPU, if it happens in memory, nor
 * another engine.  What was there before is in *@old.
 */
typedef uint64_t gpu_modify(uint64_t old, const void *operands);
bool gpu_memory_atomic(struct gpu_memory *memory, uint64_t va, uint32_t bytes, enum gpu_cache_policy policy,
		       gpu_modify *modify, const void *operands, uint64_t *old);
/* Whether all of it can be reached. */
bool gpu_memory_check(struct gpu_memory *memory, uint64_t va, uint64_t bytes, enum gpu_access access,
		      bool executable);

#endif
