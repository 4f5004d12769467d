// SPDX-License-Identifier: MIT
/* Kernels at work: a slice of time for those of an engine, on all its compute units. */
#ifndef DXGSIM_GPU_EXECUTE_H
#define DXGSIM_GPU_EXECUTE_H

#include "dxgsim/gpu/gpu.h"

/* What came of a slice. */
enum gpu_slice {
	GPU_SLICE_IDLE,	 /* there is nothing to do, or all that are left wait for memory to change */
	GPU_SLICE_MOVED, /* something was done, and nothing is left to do at this moment */
	GPU_SLICE_OVER,	 /* there is more to do, but the time is over */
	GPU_SLICE_STOPPED,
};

/* The time of all slices up to the next call counts together. */
void gpu_execute_begin(struct gpu_engine *engine);
/* Kernels of the pipeline progress.  GPU_SLICE_STOPPED: the error is that of the kernel, whose packet is in *@failed. */
enum gpu_slice gpu_execute(struct gpu_engine *engine, uint32_t *failed);

#endif
