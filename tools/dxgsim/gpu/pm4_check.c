// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/pm4_check.h"

enum gpu_outcome gpu_reserved_value(struct gpu_engine *engine, const char *name, uint32_t value)
{
	return gpu_refuse(engine, GPU_ERROR_PACKET, "%s %u is reserved", name, value);
}

enum gpu_outcome gpu_missing_value(struct gpu_engine *engine, const char *name, const char *what)
{
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "%s %s is not simulated", name, what);
}

bool gpu_aligned(struct gpu_engine *engine, const char *name, uint64_t va, uint32_t bytes)
{
	if (!(va & (bytes - 1)))
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET, "%s 0x%llx is not a multiple of %u", name,
		   (unsigned long long)va, bytes);
	return false;
}

/* gfx12 says how long data is wanted, and nothing of that goes past the L2. */
bool gpu_cache_policy(struct gpu_engine *engine, uint32_t value, enum gpu_cache_policy *policy)
{
	static const enum gpu_cache_policy gfx10[] = {GPU_CACHE_LRU, GPU_CACHE_STREAM, GPU_CACHE_NO_ALLOCATE,
						      GPU_CACHE_BYPASS};
	static const enum gpu_cache_policy gfx12[] = {GPU_CACHE_LRU, GPU_CACHE_STREAM, GPU_CACHE_LRU,
						      GPU_CACHE_LRU};

	if (engine->config.generation == 9 && value > 1) {
		gpu_reserved_value(engine, "CACHE_POLICY", value);
		return false;
	}
	*policy = engine->config.generation >= 12 ? gfx12[value] : gfx10[value];
	return true;
}
