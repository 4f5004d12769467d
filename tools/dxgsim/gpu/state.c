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

struct gpu_unit *gpu_engine_unit(struct gpu_engine *engine, uint32_t index)
{
	if (!engine->units[index])
		engine->units[index] = gpu_unit_create(engine);
	return engine->units[index];
}

void gpu_fronts_invalidate(struct gpu_engine *engine, uint32_t caches)
{
	for (uint32_t i = 0; i < GPU_WORKERS; i++)
		if (engine->units[i])
			gpu_unit_invalidate(engine->units[i], caches);
}

const char *gpu_kernel_name(struct gpu_engine *engine, uint64_t code)
{
	struct gpu_kernel_name *known = &engine->names[code / 256 % GPU_KERNEL_NAMES];

	if (known->space == engine->memory.tables.space && known->code == code && known->space)
		return known->name;
	known->space = engine->memory.tables.space;
	known->code = code;
	if (!gpu_symbol_find(&engine->memory, code, known->name))
		known->name[0] = '\0';
	return known->name;
}

void gpu_kernel_names_forget(struct gpu_engine *engine)
{
	for (uint32_t i = 0; i < GPU_KERNEL_NAMES; i++)
		engine->names[i].space = NULL;
}
