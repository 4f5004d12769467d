// SPDX-License-Identifier: MIT
/* Kernels of gfx9, whose instructions are not simulated but for the end. */
#ifndef DXGSIM_GPU_SHADER_H
#define DXGSIM_GPU_SHADER_H

#include "dxgsim/gpu/work.h"

/* Looks for the end of the kernel. GPU_DONE or GPU_STOPPED, with the error then that of the dispatch. */
enum gpu_outcome gpu_shader_run(struct gpu_engine *engine, const struct gpu_launch *launch);

#endif
