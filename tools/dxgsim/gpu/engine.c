// SPDX-License-Identifier: MIT
/* The life of an engine, and its way through a command buffer. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/engine.h"

struct gpu_engine *gpu_engine_create(const struct gpu_engine_config *config)
{
	struct gpu_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->config = *config;
	engine->memory.ops = config->ops;
	engine->memory.cache = config->cache ? config->cache : gpu_cache_create();
	if (!engine->memory.cache) {
		free(engine);
		return NULL;
	}
	return engine;
}

void gpu_engine_destroy(struct gpu_engine *engine)
{
	if (!engine)
		return;
	if (!engine->config.cache)
		gpu_cache_destroy(engine->memory.cache);
	free(engine);
}

void gpu_engine_start(struct gpu_engine *engine, const struct gpu_job *job)
{
	assert(engine->state == GPU_ENGINE_IDLE);
	engine->job = *job;
	engine->memory.space = job->space;
	engine->offset = 0;
	engine->packet_name = NULL;
	engine->error = (struct gpu_error){0};
	engine->state = GPU_ENGINE_BUSY;
}

void gpu_engine_reset(struct gpu_engine *engine)
{
	if (!engine->config.cache)
		gpu_cache_drop(engine->memory.cache);
	engine->memory.space = NULL;
	engine->error = (struct gpu_error){0};
	engine->state = GPU_ENGINE_IDLE;
}

void gpu_engine_forget(struct gpu_engine *engine, const void *space, uint64_t va, uint64_t length)
{
	gpu_cache_forget(engine->memory.cache, space, va, length);
}

const struct gpu_error *gpu_engine_error(const struct gpu_engine *engine)
{
	return &engine->error;
}

static enum gpu_outcome step(struct gpu_engine *engine, uint32_t *words)
{
	engine->packet_name = NULL;
	if ((engine->job.commands | engine->job.bytes) & 3)
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "address 0x%llx and size %u of the commands are not multiples of 4",
				  (unsigned long long)engine->job.commands, engine->job.bytes);
	switch (engine->config.kind) {
	case GPU_ENGINE_COMPUTE:
		return gpu_pm4_step(engine, words);
	case GPU_ENGINE_GRAPHICS:
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "graphics packets are not simulated");
	case GPU_ENGINE_SDMA:
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "SDMA packets are not simulated");
	case GPU_ENGINE_OTHER:
		break;
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "this engine executes nothing");
}

enum gpu_outcome gpu_engine_run(struct gpu_engine *engine, uint32_t packets)
{
	enum gpu_outcome outcome;
	uint32_t words = 0;

	if (engine->state == GPU_ENGINE_STOPPED)
		return GPU_STOPPED;
	while (engine->state == GPU_ENGINE_BUSY) {
		if (engine->offset == engine->job.bytes) {
			engine->state = GPU_ENGINE_IDLE;
			break;
		}
		if (!packets--)
			return GPU_RUNNING;
		outcome = step(engine, &words);
		if (outcome != GPU_DONE)
			return outcome;
		engine->offset += words * 4;
	}
	return GPU_DONE;
}
