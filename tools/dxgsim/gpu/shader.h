// SPDX-License-Identifier: MIT
/* Kernels: running what a dispatch launched, and how that gets to memory. */
#ifndef DXGSIM_GPU_SHADER_H
#define DXGSIM_GPU_SHADER_H

#include "dxgsim/gpu/front.h"
#include "dxgsim/gpu/work.h"

/*
 * Runs the kernel from its start to its end; its effects happen now.  GPU_DONE or GPU_STOPPED, with the error then that
 * of the dispatch.
 */
enum gpu_outcome gpu_shader_run(struct gpu_engine *engine, const struct gpu_launch *launch);

/*
 * A kernel's accesses; in the space of the running job or, in between, the last.  @cache: GPU_FRONT_VECTOR,
 * GPU_FRONT_SCALAR or GPU_FRONT_INSTRUCTION.  False: a page fault, which gpu_page_fault() reports.
 */
bool gpu_shader_read(struct gpu_engine *engine, enum gpu_front_cache cache, uint64_t va, void *to,
		     uint32_t bytes);
bool gpu_shader_write(struct gpu_engine *engine, uint64_t va, const void *from, uint32_t bytes);

#endif
