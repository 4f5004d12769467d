// SPDX-License-Identifier: MIT
/*
 * The caches of a compute unit in front of the L2: vector L0, scalar and instruction cache, and on gfx10 and
 * gfx11 the L1 that these share, which here is a unit's own too, as if it were alone in its shader array.  They are found
 * by address and never written back, for kernels write through them; what is in one stays, stale or not, until it is
 * invalidated.  Sources: LLVM AMDGPU usage, memory models of gfx6-gfx9, gfx10-gfx11 and gfx12.
 */
#ifndef DXGSIM_GPU_FRONT_H
#define DXGSIM_GPU_FRONT_H

#include "dxgsim/gpu/memory.h"
#include "dxgsim/isa/isa.h"

enum gpu_front_cache {
	GPU_FRONT_VECTOR,
	GPU_FRONT_SCALAR,
	GPU_FRONT_INSTRUCTION,
	GPU_FRONT_L1, /* behind the others */
	GPU_FRONT_COUNT
};

#define GPU_FRONT_BIT(cache) (1U << (cache))

struct gpu_front;

/* NULL: no memory. */
struct gpu_front *gpu_front_create(uint32_t generation);
void gpu_front_destroy(struct gpu_front *front);
/*
 * What @scope does not have in common is passed by, but for a line that is there: the bytes that were read are in it
 * afterwards.  False: memory->fault says why.
 */
bool gpu_front_read(struct gpu_front *front, struct gpu_memory *memory, enum gpu_front_cache cache,
		    enum isa_scope scope, uint64_t va, void *to, uint32_t bytes);
bool gpu_front_write(struct gpu_front *front, struct gpu_memory *memory, uint64_t va, const void *from,
		     uint32_t bytes);
/* In the L2 or behind it, as gpu_memory_atomic(); the line is in no cache of the unit afterwards. */
bool gpu_front_atomic(struct gpu_front *front, struct gpu_memory *memory, uint64_t va, uint32_t bytes,
		      gpu_modify *modify, const void *operands, uint64_t *old);
/* GPU_FRONT_BIT()s. */
void gpu_front_invalidate(struct gpu_front *front, uint32_t caches);
void gpu_front_forget(struct gpu_front *front, const void *space, uint64_t va, uint64_t length);

#endif
