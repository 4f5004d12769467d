// SPDX-License-Identifier: MIT
/*
 * What is behind the packet processor of a compute engine: kernels that were launched and have not ended, and
 * RELEASE_MEMs that wait for them.  The processor goes on meanwhile.
 *
 * Kernels end in any order, at a later packet of chance, and at the latest when they are waited for:
 * EVENT_WRITE with CS_PARTIAL_FLUSH, the end of the job.  A RELEASE_MEM is done some time after the kernels before it
 * have ended, in order with the others; nothing but its own write tells when, so that a packet that relies on it without
 * waiting for that write shows.  Sources: LLVM AMDGPU usage; Mesa, si_cp_release_mem and its callers.
 */
#ifndef DXGSIM_GPU_PIPELINE_H
#define DXGSIM_GPU_PIPELINE_H

#include "dxgsim/gpu/shader.h"

#define GPU_KERNELS  32U
#define GPU_RELEASES 16U

struct gpu_kernel {
	struct gpu_launch launch;
	uint64_t number; /* of the dispatch */
	uint64_t end_ns; /* it does not end before */
};

/* Cache actions of ACQUIRE_MEM and RELEASE_MEM. */
struct gpu_actions {
	uint32_t l2; /* GPU_CACHE_* */
	uint32_t
		metadata; /* GPU_CACHE_* of the cache for metadata of images, which gfx10 and gfx11 have in front of the L2 */
	uint32_t fronts; /* GPU_FRONT_BIT()s to be invalidated */
	bool in_order;	 /* SEQ forward: nearer to the kernels first; else all at once */
};

/* A RELEASE_MEM, decoded. */
struct gpu_release {
	uint64_t after; /* kernels with lower numbers must have ended */
	struct gpu_actions actions;
	uint32_t bytes; /* to be written; 0: nothing */
	bool clock;	/* ... the GPU's instead of the value */
	bool confirmed; /* ... behind the confirmation of what was written before */
	enum gpu_cache_policy policy;
	uint64_t va;
	uint64_t value;
	uint64_t packet;
	uint32_t offset;
};

struct gpu_pipeline {
	uint64_t next; /* number */
	uint32_t kernel_count;
	uint32_t release_count;
	struct gpu_kernel kernels[GPU_KERNELS];
	struct gpu_release releases[GPU_RELEASES]; /* the first comes first */
};

/* GPU_WAITING: there is no room before others are done. */
enum gpu_outcome gpu_pipeline_launch(struct gpu_engine *engine, const struct gpu_launch *launch);
enum gpu_outcome gpu_pipeline_release(struct gpu_engine *engine, const struct gpu_release *release);
/* Chance: something may come to its end, or not. */
enum gpu_outcome gpu_pipeline_advance(struct gpu_engine *engine);
/* One thing comes to its end if any can: *@any. */
enum gpu_outcome gpu_pipeline_push(struct gpu_engine *engine, bool *any);
/* Every kernel has ended. */
enum gpu_outcome gpu_pipeline_drain(struct gpu_engine *engine);
/* ... and every RELEASE_MEM is done. */
enum gpu_outcome gpu_pipeline_finish(struct gpu_engine *engine);
void gpu_pipeline_drop(struct gpu_engine *engine);

/* Those of the L2 on lines from @first to @last. */
void gpu_cache_actions(struct gpu_engine *engine, const struct gpu_actions *actions, uint64_t first,
		       uint64_t last);
/* A packet is about to write what others wait for. False: strict_release forbids it and the engine is stopped. */
bool gpu_may_signal(struct gpu_engine *engine);

#endif
