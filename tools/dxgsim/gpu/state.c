// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/state.h"

uint32_t gpu_chance(struct gpu_engine *engine)
{
	/* xorshift64* */
	engine->chance ^= engine->chance >> 12;
	engine->chance ^= engine->chance << 25;
	engine->chance ^= engine->chance >> 27;
	return (uint32_t)(engine->chance * 0x2545f4914f6cdd1dULL >> 32);
}

uint64_t gpu_now_ns(const struct gpu_engine *engine)
{
	if (!engine->config.dispatch_ns || !engine->config.ops->now_ns)
		return 0;
	return engine->config.ops->now_ns(engine->config.machine);
}

bool gpu_has_metadata_cache(const struct gpu_engine *engine)
{
	return engine->config.generation == 10 || engine->config.generation == 11;
}

void gpu_kernels_wrote(struct gpu_engine *engine)
{
	engine->unwritten = true;
	engine->metadata_unwritten = gpu_has_metadata_cache(engine);
}
