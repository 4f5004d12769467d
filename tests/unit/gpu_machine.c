// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "gpu_machine.h"

struct machine machine;
uint8_t *machine_memory;

static enum gpu_fault_reason translate(void *space, uint64_t va, enum gpu_access access,
				       struct gpu_span *span)
{
	const struct machine_space *s = space;
	const struct machine_page *page;

	if (va < BASE || va - BASE >= (uint64_t)PAGES * PAGE)
		return GPU_FAULT_UNMAPPED;
	page = &s->pages[(va - BASE) / PAGE];
	if (page->fault[access] != GPU_FAULT_NONE)
		return page->fault[access];
	span->bytes = machine_memory + (size_t)page->frame * PAGE + va % PAGE;
	span->length = PAGE - va % PAGE;
	if (machine.span_limit && span->length > machine.span_limit)
		span->length = machine.span_limit;
	span->uncached = page->uncached;
	span->executable = !page->data_only;
	span->no_atomics = page->no_atomics;
	return GPU_FAULT_NONE;
}

static uint64_t read_clock(void *m)
{
	return ((struct machine *)m)->clock;
}

static uint64_t read_now(void *m)
{
	return ((struct machine *)m)->now_ns;
}

static const struct gpu_machine_ops ops = {.translate = translate, .clock = read_clock, .now_ns = read_now};

struct gpu_engine *machine_engine_as(struct gpu_engine_config config)
{
	struct gpu_engine *engine;

	config.ops = &ops;
	config.machine = &machine;
	engine = gpu_engine_create(&config);
	if (!engine)
		abort();
	return engine;
}

struct gpu_engine *machine_engine(uint32_t generation, enum gpu_engine_kind kind, struct gpu_cache *cache)
{
	return machine_engine_as(
		(struct gpu_engine_config){.kind = kind, .generation = generation, .cache = cache});
}

void machine_space_init(struct machine_space *space)
{
	memset(space, 0, sizeof(*space));
	for (uint32_t i = 0; i < PAGES; i++)
		space->pages[i].frame = i;
}

void machine_start_as(struct gpu_engine_config config)
{
	memset(&machine, 0, sizeof(machine));
	machine_space_init(&machine.space);
	machine_memory = aligned_alloc(PAGE, (size_t)PAGES * PAGE);
	if (!machine_memory)
		abort();
	memset(machine_memory, 0, (size_t)PAGES * PAGE);
	machine.engine = machine_engine_as(config);
}

void machine_start(uint32_t generation, enum gpu_engine_kind kind)
{
	machine_start_as((struct gpu_engine_config){.kind = kind, .generation = generation});
}

void machine_stop(void)
{
	gpu_engine_destroy(machine.engine);
	free(machine_memory);
	machine_memory = NULL;
}

uint32_t *at(uint64_t va)
{
	return (uint32_t *)(void *)(machine_memory + (va - BASE));
}

uint64_t *at64(uint64_t va)
{
	return (uint64_t *)(void *)(machine_memory + (va - BASE));
}

enum gpu_outcome run_job(struct gpu_engine *engine, struct machine_space *space, uint64_t va, uint32_t bytes)
{
	struct gpu_job job = {.commands = va, .bytes = bytes, .space = space};

	gpu_engine_start(engine, &job);
	return gpu_engine_run(engine, UINT32_MAX);
}

enum gpu_outcome run(const uint32_t *words, uint32_t count)
{
	if (count > COMMAND_WORDS)
		abort();
	memcpy(at(COMMANDS), words, count * sizeof(*words));
	return run_job(machine.engine, &machine.space, COMMANDS, count * 4);
}

void assert_stopped(enum gpu_outcome outcome, enum gpu_error_kind kind, const char *text)
{
	const struct gpu_error *error = gpu_engine_error(machine.engine);

	if (outcome != GPU_STOPPED || error->kind != kind || !strstr(error->text, text))
		fail_msg("outcome %d, error %d \"%s\", expected \"%s\"", (int)outcome, (int)error->kind,
			 error->text, text);
	gpu_engine_reset(machine.engine);
}
