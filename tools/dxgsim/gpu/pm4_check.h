// SPDX-License-Identifier: MIT
/* Fields of PM4 packets and registers, and refusals of what they must not hold. */
#ifndef DXGSIM_GPU_PM4_CHECK_H
#define DXGSIM_GPU_PM4_CHECK_H

#include "dxgsim/gpu/state.h"

static inline uint32_t gpu_field(uint32_t word, uint32_t high, uint32_t low)
{
	return word >> low & ~0U >> (31 - (high - low));
}

static inline uint64_t gpu_join(const uint32_t *words)
{
	return words[0] | (uint64_t)words[1] << 32;
}

static inline bool gpu_bit(uint32_t word, uint32_t bit)
{
	return word >> bit & 1;
}

/* Refusals; all GPU_STOPPED. */
enum gpu_outcome gpu_reserved_value(struct gpu_engine *engine, const char *name, uint32_t value);
enum gpu_outcome gpu_missing_value(struct gpu_engine *engine, const char *name, const char *what);
/* False: refused. */
bool gpu_aligned(struct gpu_engine *engine, const char *name, uint64_t va, uint32_t bytes);
bool gpu_cache_policy(struct gpu_engine *engine, uint32_t value, enum gpu_cache_policy *policy);

#endif
