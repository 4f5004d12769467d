// SPDX-License-Identifier: MIT
/* Kernels: what a dispatch launches, and how it gets to memory. */
#ifndef DXGSIM_GPU_SHADER_H
#define DXGSIM_GPU_SHADER_H

#include "dxgsim/gpu/front.h"
#include "dxgsim/gpu/gpu.h"

#define GPU_USER_SGPRS 16U

struct gpu_launch {
	uint64_t code; /* of the first instruction */
	uint32_t rsrc1, rsrc2, rsrc3;
	uint32_t user_sgprs[GPU_USER_SGPRS];
	uint32_t user_sgpr_count;
	uint32_t wave_size; /* 32 or 64 */
	uint32_t vgprs;	    /* of a lane */
	/* work-groups from `start` up to, not including, `end`; the last of each dimension may be smaller */
	uint32_t start[3], end[3];
	uint32_t group[3], last_group[3]; /* work-items */
	uint32_t lds_bytes;
	uint32_t units; /* that it may run on */
	/* 0 waves: no scratch. The address is known from gfx11 on, before that it is the user SGPRs' */
	uint64_t scratch;
	uint32_t scratch_wave_bytes;
	uint32_t scratch_waves; /* of each shader engine since gfx11, else of all */
	uint64_t packet;	/* the dispatch */
	uint32_t offset;	/* ... in the job */
};

struct gpu_engine;

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
