// SPDX-License-Identifier: MIT
/* How SDMA engines reach memory; the rules are in sdma.h.  What fails leaves the engine stopped. */
#ifndef DXGSIM_GPU_SDMA_MEMORY_H
#define DXGSIM_GPU_SDMA_MEMORY_H

#include "dxgsim/gpu/state.h"

#define GPU_SDMA_READS	GPU_CACHE_NO_ALLOCATE
#define GPU_SDMA_WRITES GPU_CACHE_BYPASS

bool gpu_sdma_read(struct gpu_engine *engine, uint64_t va, void *to, uint32_t bytes,
		   enum gpu_cache_policy policy);
bool gpu_sdma_write(struct gpu_engine *engine, uint64_t va, const void *from, uint32_t bytes,
		    enum gpu_cache_policy policy);
/* @bytes bytes of the value are copied, what it repeats after: 1, 2 or 4; @va is a multiple of that. */
bool gpu_sdma_repeat(struct gpu_engine *engine, uint64_t va, uint32_t value, uint32_t bytes,
		     enum gpu_cache_policy policy);

enum gpu_sdma_atomic {
	GPU_SDMA_NOT_AN_ATOMIC,
	GPU_SDMA_ATOMIC_MISSING, /* of floating point */
	GPU_SDMA_ATOMIC_32,
	GPU_SDMA_ATOMIC_64,
};

/* What the operation works on. */
enum gpu_sdma_atomic gpu_sdma_atomic_width(uint32_t operation);
bool gpu_sdma_atomic_compares(uint32_t operation);
/* @va is aligned.  *@matched: of a compare-and-swap, whether it was one. */
bool gpu_sdma_atomic(struct gpu_engine *engine, uint32_t operation, uint64_t va, uint64_t source,
		     uint64_t compare, bool *matched);

#endif
