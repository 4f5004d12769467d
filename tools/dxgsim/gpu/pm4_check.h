// SPDX-License-Identifier: MIT
/* Refusals of what PM4 packets and registers must not hold. */
#ifndef DXGSIM_GPU_PM4_CHECK_H
#define DXGSIM_GPU_PM4_CHECK_H

#include "dxgsim/gpu/fields.h"
#include "dxgsim/gpu/state.h"

/* Refusals; all GPU_STOPPED. */
enum gpu_outcome gpu_reserved_value(struct gpu_engine *engine, const char *name, uint32_t value);
enum gpu_outcome gpu_missing_value(struct gpu_engine *engine, const char *name, const char *what);
/* False: refused. */
bool gpu_aligned(struct gpu_engine *engine, const char *name, uint64_t va, uint32_t bytes);
bool gpu_cache_policy(struct gpu_engine *engine, uint32_t value, enum gpu_cache_policy *policy);

#endif
