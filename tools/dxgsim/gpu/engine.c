// SPDX-License-Identifier: MIT
/* The life of an engine, and its way through a command buffer. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/gpu/execute.h"
#include "dxgsim/gpu/pipeline.h"
#include "dxgsim/gpu/pm4.h"
#include "dxgsim/gpu/sdma.h"
#include "dxgsim/gpu/state.h"

#define FIXED_SEED 0x2545f4914f6cdd1dULL

static void learn_generation(struct gpu_engine *engine)
{
	uint32_t generation = engine->config.generation;

	for (uint32_t i = 0; i < 256; i++) {
		engine->opcodes[i] = gpu_opcode_info(generation, i);
		engine->forms[i] = gpu_packet_form(generation, i);
	}
	for (uint32_t i = 0; i < GPU_SH_COUNT; i++)
		engine->registers[i] = gpu_register(generation, GPU_SH_FIRST + i);
}

static void learn_target(struct gpu_engine *engine)
{
	struct gpu_engine_config *config = &engine->config;

	if (config->generation == 10 && !config->minor)
		config->minor = 3;
	engine->executes =
		isa_target_of(config->generation, config->minor, config->stepping, &engine->target);
}

struct gpu_engine *gpu_engine_create(const struct gpu_engine_config *config)
{
	struct gpu_engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->config = *config;
	if (!config->shader_engines || config->shader_engines > GPU_SHADER_ENGINES)
		engine->config.shader_engines = 4;
	engine->chance = config->seed ? config->seed : FIXED_SEED;
	learn_target(engine);
	gpu_tables_init(&engine->memory.tables, config->ops);
	engine->memory.cache = config->cache ? config->cache : gpu_cache_create();
	if (!engine->memory.cache || !gpu_engine_unit(engine, 0)) {
		gpu_engine_destroy(engine);
		return NULL;
	}
	learn_generation(engine);
	return engine;
}

void gpu_engine_destroy(struct gpu_engine *engine)
{
	if (!engine)
		return;
	gpu_pipeline_drop(engine);
	for (uint32_t i = 0; i < GPU_WORKERS; i++)
		gpu_unit_destroy(engine->units[i]);
	if (!engine->config.cache)
		gpu_cache_destroy(engine->memory.cache);
	free(engine);
}

static void enter_space(struct gpu_engine *engine, void *space)
{
	gpu_tables_enter(&engine->memory.tables, space);
	gpu_unit_enter(engine->units[0], space);
}

/* Ready for its first packet, or for that after a preemption. */
static void begin(struct gpu_engine *engine)
{
	enter_space(engine, engine->job.space);
	engine->packet_name = NULL;
	engine->may_preempt = true;
	engine->preemption_wanted = false;
	engine->error = (struct gpu_error){0};
	engine->state = GPU_ENGINE_BUSY;
}

void gpu_engine_start(struct gpu_engine *engine, const struct gpu_job *job)
{
	struct gpu_progress *now = &engine->now;

	assert(engine->state == GPU_ENGINE_IDLE);
	engine->job = *job;
	engine->offset = 0;
	engine->sdma = (struct gpu_sdma){0};
	now->commands = (struct gpu_commands){.va = job->commands, .bytes = job->bytes};
	now->caller = (struct gpu_commands){0};
	gpu_pipeline_drop(engine);
	gpu_registers_poison(&now->registers);
	now->atomic_return = 0;
	now->acquired = 0;
	now->undrained = 0;
	begin(engine);
}

void gpu_engine_reset(struct gpu_engine *engine)
{
	if (!engine->config.cache)
		gpu_cache_drop(engine->memory.cache);
	gpu_fronts_invalidate(engine, ~0U);
	gpu_pipeline_drop(engine);
	engine->unwritten = false;
	engine->metadata_unwritten = false;
	engine->memory.tables.space = NULL;
	engine->error = (struct gpu_error){0};
	engine->state = GPU_ENGINE_IDLE;
}

void gpu_engine_forget(struct gpu_engine *engine, const void *space, uint64_t va, uint64_t length)
{
	gpu_cache_forget(engine->memory.cache, space, va, length);
	gpu_kernel_names_forget(engine);
	for (uint32_t i = 0; i < GPU_WORKERS; i++)
		if (engine->units[i])
			gpu_unit_forget(engine->units[i], space, va, length);
}

const struct gpu_error *gpu_engine_error(const struct gpu_engine *engine)
{
	return &engine->error;
}

const struct gpu_counters *gpu_engine_counters(const struct gpu_engine *engine)
{
	return &engine->counters;
}

void gpu_engine_ask(struct gpu_engine *engine, bool wanted)
{
	engine->preemption_wanted = wanted && engine->state == GPU_ENGINE_BUSY;
}

struct gpu_suspended *gpu_engine_preempt(struct gpu_engine *engine)
{
	struct gpu_suspended *suspended;

	if (engine->state != GPU_ENGINE_BUSY || !engine->may_preempt)
		return NULL;
	suspended = malloc(sizeof(*suspended));
	if (!suspended)
		return NULL;
	suspended->job = engine->job;
	suspended->offset = engine->offset;
	suspended->progress = engine->now;
	suspended->since_ns = gpu_now_ns(engine);
	if (!engine->config.firmware_state)
		gpu_registers_poison(&suspended->progress.registers);
	/* kernels under way are the suspended job's */
	engine->now.pipeline.kernel_count = engine->now.pipeline.release_count = 0;
	engine->now.pipeline.taken = 0;
	engine->counters.preemptions++;
	engine->preemption_wanted = false;
	engine->memory.tables.space = NULL;
	engine->state = GPU_ENGINE_IDLE;
	return suspended;
}

void gpu_engine_resume(struct gpu_engine *engine, struct gpu_suspended *suspended)
{
	struct gpu_pipeline *pipeline = &engine->now.pipeline;
	uint64_t away = gpu_now_ns(engine) - suspended->since_ns;

	assert(engine->state == GPU_ENGINE_IDLE);
	engine->job = suspended->job;
	engine->offset = suspended->offset;
	engine->now = suspended->progress;
	for (uint32_t i = 0; i < pipeline->kernel_count; i++)
		if (pipeline->kernels[i].end_ns)
			pipeline->kernels[i].end_ns += away;
	begin(engine);
	free(suspended);
}

void gpu_suspended_destroy(struct gpu_suspended *suspended)
{
	if (!suspended)
		return;
	gpu_pipeline_free(&suspended->progress.pipeline);
	free(suspended);
}

static enum gpu_outcome step(struct gpu_engine *engine, uint32_t *words)
{
	const struct gpu_commands *commands = &engine->now.commands;

	engine->packet_name = NULL;
	if ((commands->va | commands->bytes) & 3)
		return gpu_refuse(engine, GPU_ERROR_PACKET,
				  "address 0x%llx and size %u of the commands are not multiples of 4",
				  (unsigned long long)commands->va, commands->bytes);
	switch (engine->config.kind) {
	case GPU_ENGINE_COMPUTE:
		return gpu_pm4_step(engine, words);
	case GPU_ENGINE_GRAPHICS:
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "graphics packets are not simulated");
	case GPU_ENGINE_SDMA:
		return gpu_sdma_step(engine, words);
	case GPU_ENGINE_OTHER:
		break;
	}
	return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "this engine executes nothing");
}

/* At the end of the commands: back to those that called them, or the job is over, and the engine idle. */
static enum gpu_outcome leave(struct gpu_engine *engine)
{
	struct gpu_progress *now = &engine->now;
	enum gpu_outcome outcome;

	if (now->caller.bytes) {
		now->commands = now->caller;
		now->caller.bytes = 0;
		/* behind the packet, which is of 4 words */
		engine->offset = now->caller_offset + 16;
		return GPU_DONE;
	}
	outcome = gpu_pipeline_finish(engine);
	if (outcome == GPU_DONE)
		engine->state = GPU_ENGINE_IDLE;
	return outcome;
}

/*
 * One packet, or a part of it.  GPU_WAITING: not now, and nothing in the pipeline can help; *@again: the pipeline has
 * moved, and the packet is to be tried again.
 */
static enum gpu_outcome one_packet(struct gpu_engine *engine, bool *again)
{
	enum gpu_outcome outcome = gpu_pipeline_advance(engine);
	uint64_t dispatches = engine->counters.dispatches;
	uint32_t words = 0;

	*again = false;
	if (outcome == GPU_DONE)
		outcome = step(engine, &words);
	if (outcome == GPU_WAITING) {
		outcome = gpu_pipeline_push(engine, again);
		return outcome == GPU_DONE && !*again ? GPU_WAITING : outcome;
	}
	if (outcome == GPU_DONE) {
		engine->offset += words * 4;
		engine->may_preempt = engine->counters.dispatches != dispatches;
	}
	return outcome;
}

enum gpu_outcome gpu_engine_run(struct gpu_engine *engine, uint32_t packets)
{
	enum gpu_outcome outcome;
	bool again;

	if (engine->state == GPU_ENGINE_STOPPED)
		return GPU_STOPPED;
	if (engine->state == GPU_ENGINE_BUSY)
		enter_space(engine, engine->job.space);
	gpu_execute_begin(engine);
	while (engine->state == GPU_ENGINE_BUSY) {
		if (engine->preemption_wanted && engine->may_preempt)
			return GPU_RUNNING;
		if (engine->offset == engine->now.commands.bytes) {
			outcome = leave(engine);
			if (outcome != GPU_DONE)
				return outcome;
			continue;
		}
		if (!packets--)
			return GPU_RUNNING;
		outcome = one_packet(engine, &again);
		if (outcome != GPU_DONE)
			return outcome;
		engine->counters.packets++;
		if (engine->slice_over)
			return GPU_RUNNING;
	}
	return GPU_DONE;
}
