// SPDX-License-Identifier: MIT
/* A simulated GPU with the library's own modules on it, below its API. */
#ifndef TESTS_SIM_PROBE_GPU_H
#define TESTS_SIM_PROBE_GPU_H

#include "queue/probe.h"

struct probe_gpu {
	struct dxg *dxg;
	struct dxg_adapter adapter;
	struct kmd_adapter info;
	struct gsp_gpu *gsp;
	struct gsp_device *device;
	struct memory *memory;
};

/* A new machine with this one adapter; 0, or the error of the first step, and nothing is left open. */
int probe_gpu_open(struct probe_gpu *gpu, const char *adapter, unsigned gfx_major);
/* Gives all of it up; 0 or the first error. */
int probe_gpu_close(struct probe_gpu *gpu);
struct probe_options probe_gpu_options(const struct probe_gpu *gpu, enum gsp_rung rung);

#endif
