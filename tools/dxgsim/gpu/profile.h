// SPDX-License-Identifier: MIT
/* What kernels have done, by name. */
#ifndef DXGSIM_GPU_PROFILE_H
#define DXGSIM_GPU_PROFILE_H

#include "dxgsim/gpu/gpu.h"
#include "dxgsim/isa/isa.h"

/* A dispatch has ended. */
void gpu_profile_add(struct gpu_profile *profile, const char *kernel, const struct isa_counts *counts,
		     uint64_t busy_ns);

#endif
