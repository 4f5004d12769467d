// SPDX-License-Identifier: MIT
/* What engines have under way: kernels that dispatches launched, RELEASE_MEMs, and an SDMA packet. */
#ifndef DXGSIM_GPU_WORK_H
#define DXGSIM_GPU_WORK_H

#include "dxgsim/gpu/cache.h"

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
	bool any_order; /* groups need not start in that of their numbers */
	uint32_t units; /* that it may run on */
	/* 0 waves: no scratch. The address is known from gfx11 on, before that it is the user SGPRs' */
	uint64_t scratch;
	uint32_t scratch_wave_bytes;
	uint32_t scratch_waves; /* of each shader engine since gfx11, else of all */
	uint64_t packet;	/* the dispatch */
	uint32_t offset;	/* ... in the job */
};

struct gpu_run;

#define GPU_KERNELS  32U
#define GPU_RELEASES 16U

struct gpu_kernel {
	struct gpu_launch launch;
	uint64_t number; /* of the dispatch */
	uint64_t end_ns; /* it does not end before */
	/* how far it is; NULL: nothing of it is executed, or all of it when it ends */
	struct gpu_run *run;
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
	uint64_t taken; /* of GPU_ROOM, by work-groups that are resident */
	uint64_t next;	/* number */
	uint32_t kernel_count;
	uint32_t release_count;
	struct gpu_kernel kernels[GPU_KERNELS];
	struct gpu_release releases[GPU_RELEASES]; /* the first comes first */
};

/* How far an SDMA engine is in the packet it is at. */
struct gpu_sdma {
	uint64_t done;	/* bytes, or rows of a sub-window */
	uint32_t polls; /* that were in vain */
};

#endif
