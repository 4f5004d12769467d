// SPDX-License-Identifier: MIT
/*
 * What is behind the packet processor of a compute engine: kernels that were launched and have not ended, and
 * RELEASE_MEMs that wait for them.  The processor goes on meanwhile.
 *
 * Kernels end in any order, at a later packet of chance, and at the latest when they are waited for:
 * EVENT_WRITE with CS_PARTIAL_FLUSH, the end of the job.  All of them progress together, for one may wait for what another
 * writes.  A RELEASE_MEM is done some time after the kernels before it have ended, in order with the others; nothing but
 * its own write tells when, so that a packet that relies on it without waiting for that write shows.  Sources: LLVM AMDGPU
 * usage; Mesa, si_cp_release_mem and its callers.
 */
#ifndef DXGSIM_GPU_PIPELINE_H
#define DXGSIM_GPU_PIPELINE_H

#include "dxgsim/gpu/work.h"

/*
 * GPU_WAITING: nothing can be done at this moment; GPU_RUNNING: the time for kernels is over and they have more to do.
 * gpu_pipeline_launch() and gpu_pipeline_release(): there is no room before others are done.
 */
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
/* What is in it is given up. */
void gpu_pipeline_free(struct gpu_pipeline *pipeline);

/* Those of the L2 on lines from @first to @last. */
void gpu_cache_actions(struct gpu_engine *engine, const struct gpu_actions *actions, uint64_t first,
		       uint64_t last);
/* A packet is about to write what others wait for. False: strict_release forbids it and the engine is stopped. */
bool gpu_may_signal(struct gpu_engine *engine);

#endif
