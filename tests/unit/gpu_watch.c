// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dxgsim/gpu/kernel.h"
#include "dxgsim/gpu/state.h"
#include "gpu_watch.h"

#define COMMANDS       0x5500000000ULL
#define LINES_VA       0xffff00000000ULL /* no range but that of all memory gets there */
#define KERNEL_NS      1000U
#define PATIENCE       64U /* looks at an engine that waits */
#define OP_ACQUIRE_MEM 0x58U
#define OP_RELEASE_MEM 0x49U

/* What is played in, a line of the cache each. */
enum line {
	LINE_CPU,    /* written by the CPU */
	LINE_OTHER,  /* written by other work of the GPU, into the L2 */
	LINE_MIXED,  /* the first word by other work, the second by the CPU */
	LINE_STORES, /* a word for each kernel */
	LINE_COUNT
};

struct lines {
	uint32_t words[LINE_COUNT][GPU_LINE_BYTES / 4];
};

static struct {
	const struct watch *watch;
	struct watch_result *result;
	struct gpu_engine *engine;
	struct lines *lines;
	uint32_t *commands;
	uint32_t command_bytes;
	uint64_t now_ns;
	uint32_t changes; /* what the CPU and other work wrote last */
	uint32_t launched, stored;
	uint64_t last[WATCH_WORDS];
} w;

/* ---- memory ---- */

static bool in_range(uint64_t va, uint64_t start, void *bytes, uint64_t length, struct gpu_span *span)
{
	if (va < start || va - start >= length)
		return false;
	span->bytes = (uint8_t *)bytes + (va - start);
	span->length = length - (va - start);
	span->executable = true;
	return true;
}

static enum gpu_fault_reason translate(void *space, uint64_t va, enum gpu_access access,
				       struct gpu_span *span)
{
	const struct watch *watch = w.watch;

	(void)space;
	(void)access;
	if (in_range(va, COMMANDS, w.commands, w.command_bytes, span) ||
	    in_range(va, LINES_VA, w.lines, sizeof(*w.lines), span))
		return GPU_FAULT_NONE;
	for (uint32_t i = 0; i < watch->range_count; i++)
		if (in_range(va, watch->ranges[i].va, watch->ranges[i].bytes, watch->ranges[i].length,
			     span)) {
			span->uncached = watch->ranges[i].uncached;
			return GPU_FAULT_NONE;
		}
	return GPU_FAULT_UNMAPPED;
}

static uint64_t read_clock(void *machine)
{
	(void)machine;
	return 0x1000 + w.now_ns;
}

static uint64_t read_now(void *machine)
{
	(void)machine;
	return w.now_ns;
}

static const struct gpu_machine_ops ops = {.translate = translate, .clock = read_clock, .now_ns = read_now};

static uint64_t va_of(enum line line, uint32_t word)
{
	return LINES_VA + (uint64_t)line * GPU_LINE_BYTES + 4ULL * word;
}

/* ---- what is seen ---- */

static void see(const char *what, uint64_t value)
{
	struct watch_result *result = w.result;

	assert_true(result->seen_count < WATCH_SEEN);
	result->seen[result->seen_count++] = (struct watch_seen){what, value};
}

static void mark_stale(const char *what)
{
	if (!w.result->stale)
		w.result->stale = what;
}

static void see_launch(const struct gpu_launch *l)
{
	see("the kernel's code", l->code);
	see("its RSRC1", l->rsrc1);
	see("its RSRC2", l->rsrc2);
	see("its RSRC3", l->rsrc3);
	see("its user SGPRs' number", l->user_sgpr_count);
	for (uint32_t i = 0; i < l->user_sgpr_count; i++)
		see("a user SGPR", l->user_sgprs[i]);
	see("its wave size", l->wave_size);
	see("its LDS", l->lds_bytes);
	see("its compute units", l->units);
	see("its scratch", l->scratch);
	see("a wave's scratch", l->scratch_wave_bytes);
	see("waves with scratch", l->scratch_waves);
	for (uint32_t i = 0; i < 3; i++) {
		see("its first group", l->start[i]);
		see("its groups", l->end[i]);
		see("a group's size", l->group[i]);
		see("the last group's size", l->last_group[i]);
	}
}

/* What the kernel of that number stores, from 0 on. */
static uint32_t mark_of(uint32_t kernel)
{
	return 0x57000001 + kernel;
}

static void see_read(const char *what, enum gpu_front_cache cache, enum line line, uint32_t word)
{
	uint32_t value = 0;

	assert_true(gpu_unit_read(w.engine->units[0], cache, va_of(line, word), &value, sizeof(value)));
	see(what, value);
	if (cache != GPU_FRONT_INSTRUCTION && value != (line == LINE_STORES ? mark_of(word) : w.changes))
		mark_stale(what);
}

/* What a kernel reads when it starts. */
static void see_reads(void)
{
	see_read("what the CPU wrote, by the vector cache", GPU_FRONT_VECTOR, LINE_CPU, 0);
	see_read("what the CPU wrote, by the scalar cache", GPU_FRONT_SCALAR, LINE_CPU, 0);
	see_read("what the CPU wrote, by the instruction cache", GPU_FRONT_INSTRUCTION, LINE_CPU, 0);
	see_read("what other work wrote, by the vector cache", GPU_FRONT_VECTOR, LINE_OTHER, 0);
	see_read("what other work wrote, by the scalar cache", GPU_FRONT_SCALAR, LINE_OTHER, 0);
	see_read("what other work wrote, by the instruction cache", GPU_FRONT_INSTRUCTION, LINE_OTHER, 0);
	see_read("what other work wrote beside the CPU", GPU_FRONT_VECTOR, LINE_MIXED, 0);
	see_read("what the CPU wrote beside other work", GPU_FRONT_VECTOR, LINE_MIXED, 1);
	if (w.launched < 2)
		return;
	see_read("what the kernel before stored, by the vector cache", GPU_FRONT_VECTOR, LINE_STORES,
		 w.launched - 2);
	see_read("what the kernel before stored, by the scalar cache", GPU_FRONT_SCALAR, LINE_STORES,
		 w.launched - 2);
}

enum gpu_outcome __real_gpu_pipeline_launch(struct gpu_engine *engine, const struct gpu_launch *launch);
enum gpu_outcome __wrap_gpu_pipeline_launch(struct gpu_engine *engine, const struct gpu_launch *launch);
enum gpu_outcome __real_gpu_kernel_ends(struct gpu_engine *engine, const struct gpu_kernel *kernel);
enum gpu_outcome __wrap_gpu_kernel_ends(struct gpu_engine *engine, const struct gpu_kernel *kernel);

enum gpu_outcome __wrap_gpu_pipeline_launch(struct gpu_engine *engine, const struct gpu_launch *launch)
{
	enum gpu_outcome outcome = __real_gpu_pipeline_launch(engine, launch);

	if (outcome != GPU_DONE)
		return outcome;
	w.launched++;
	see_launch(launch);
	see_reads();
	return outcome;
}

enum gpu_outcome __wrap_gpu_kernel_ends(struct gpu_engine *engine, const struct gpu_kernel *kernel)
{
	enum gpu_outcome outcome = __real_gpu_kernel_ends(engine, kernel);
	uint32_t mark = mark_of(w.stored);

	if (outcome != GPU_DONE)
		return outcome;
	assert_true(w.stored < GPU_LINE_BYTES / 4);
	assert_true(gpu_unit_write(engine->units[0], va_of(LINE_STORES, w.stored++), &mark, sizeof(mark)));
	return outcome;
}

static void see_stores(const char *what)
{
	for (uint32_t i = 0; i < w.launched && i < GPU_LINE_BYTES / 4; i++) {
		see(what, w.lines->words[LINE_STORES][i]);
		if (!w.lines->words[LINE_STORES][i])
			mark_stale(what);
	}
}

static uint64_t word_now(uint32_t i)
{
	uint64_t value;

	memcpy(&value, w.watch->words[i], sizeof(value));
	return value;
}

/* @at: during which packet. */
static void see_words(uint32_t at)
{
	for (uint32_t i = 0; i < w.watch->word_count; i++) {
		uint64_t value = word_now(i);

		if (value == w.last[i])
			continue;
		w.last[i] = value;
		see("a word changes", i);
		see("a word changes at", at);
		see("a word's value", value);
		see_stores("a store, behind a change of a word");
	}
}

/* ---- what goes on beside the engine ---- */

/* Other work reads by caches of its own, so that it is in the L2. */
static void others_read(uint64_t va)
{
	uint32_t value;

	assert_true(gpu_memory_read(&w.engine->memory, va, GPU_READ, &value, sizeof(value), GPU_CACHE_LRU));
}

/* ... and writes, and none of that has been written back. */
static void others_write(uint64_t va)
{
	assert_true(gpu_memory_write(&w.engine->memory, va, &w.changes, sizeof(w.changes), GPU_CACHE_LRU));
	gpu_kernels_wrote(w.engine);
}

static void others_read_words(void)
{
	const struct watch *watch = w.watch;

	for (uint32_t i = 0; i < watch->word_count; i++)
		for (uint32_t k = 0; k < watch->range_count; k++) {
			uint64_t offset = (uintptr_t)watch->words[i] - (uintptr_t)watch->ranges[k].bytes;

			if (offset < watch->ranges[k].length)
				others_read(watch->ranges[k].va + offset);
		}
}

/* What was invalidated before can be old again. */
static void world_goes_on(bool invalidates)
{
	w.engine->now.acquired = 0;
	w.changes++;
	others_read(va_of(LINE_MIXED, 1));
	others_read_words();
	w.lines->words[LINE_CPU][0] = w.changes;
	w.lines->words[LINE_MIXED][1] = w.changes;
	if (invalidates && w.watch->cpu)
		w.watch->cpu(w.watch->data);
	others_write(va_of(LINE_OTHER, 0));
	others_write(va_of(LINE_MIXED, 0));
}

/* Is there a packet that does something to caches, and does it invalidate the L2? */
static bool is_cache_action(const uint32_t *packet, bool *invalidates)
{
	uint32_t opcode = packet[0] >> 8 & 0xff;
	bool gfx9 = w.watch->generation == 9;

	if (opcode == OP_ACQUIRE_MEM)
		*invalidates = gfx9 ? packet[1] >> 23 & 1 : packet[7] >> 14 & 1;
	else if (opcode == OP_RELEASE_MEM)
		*invalidates = packet[1] >> (gfx9 ? 17 : 20) & 1;
	else
		return false;
	return true;
}

/* ---- runs ---- */

static void stopped(const char *text)
{
	snprintf(w.result->stop, sizeof(w.result->stop), "%s", text);
}

static bool run_job(const struct watch_job *job, const struct watch_change *change)
{
	struct gpu_job gpu_job = {.commands = COMMANDS, .space = &w};
	enum gpu_outcome outcome = GPU_RUNNING;
	uint32_t waits = 0, at;
	bool invalidates;

	w.command_bytes = (change ? change->count : job->count) * 4;
	memcpy(w.commands, change ? change->words : job->words, w.command_bytes);
	gpu_job.bytes = w.command_bytes;
	w.engine->config.strict_acquire = w.watch->strict_acquire && job->system;
	gpu_engine_start(w.engine, &gpu_job);
	while (outcome != GPU_DONE) {
		at = w.engine->offset / 4;
		if (change)
			at = change->origin(change->data, at);
		if (outcome == GPU_RUNNING && at < job->count &&
		    is_cache_action(job->words + at, &invalidates))
			world_goes_on(invalidates);
		outcome = gpu_engine_run(w.engine, 1);
		see_words(at);
		if (outcome == GPU_STOPPED) {
			stopped(gpu_engine_error(w.engine)->text);
			return false;
		}
		waits = outcome == GPU_WAITING ? waits + 1 : 0;
		if (waits)
			w.now_ns += KERNEL_NS;
		if (waits > PATIENCE) {
			stopped("the engine waits for ever");
			return false;
		}
	}
	return true;
}

/* A kernel of old has read everything, so that it is in all caches. */
static void fill_caches(void)
{
	static const uint32_t nop[] = {0xffff1000};
	const struct watch_job job = {.words = nop, .count = 1};
	uint32_t value;

	assert_true(run_job(&job, NULL));
	for (uint32_t line = 0; line < LINE_COUNT; line++)
		for (uint32_t cache = GPU_FRONT_VECTOR; cache <= GPU_FRONT_INSTRUCTION; cache++)
			assert_true(gpu_unit_read(w.engine->units[0], (enum gpu_front_cache)cache,
						  va_of((enum line)line, 0), &value, sizeof(value)));
}

void watch_run(const struct watch *watch, const struct watch_change *change, struct watch_result *result)
{
	const struct gpu_engine_config config = {
		.kind = GPU_ENGINE_COMPUTE,
		.generation = watch->generation,
		.ops = &ops,
		.machine = &w,
		.shader_engines = watch->generation >= 11 ? 8 : 4,
		.firmware_state = true,
		.dispatch_ns = KERNEL_NS,
		.strict_acquire = watch->strict_acquire,
		.strict_release = watch->strict_release,
	};

	memset(&w, 0, sizeof(w));
	memset(result, 0, sizeof(*result));
	result->done = true;
	w.watch = watch;
	w.result = result;
	w.now_ns = KERNEL_NS;
	w.lines = aligned_alloc(4096, 4096);
	w.commands = aligned_alloc(4096, 16384);
	w.engine = gpu_engine_create(&config);
	assert_non_null(w.lines);
	assert_non_null(w.commands);
	assert_non_null(w.engine);
	memset(w.lines, 0, sizeof(*w.lines));
	fill_caches();
	for (uint32_t i = 0; i < watch->word_count; i++)
		w.last[i] = word_now(i);
	for (uint32_t i = 0; i < watch->job_count && result->done; i++)
		result->done = run_job(&watch->jobs[i], change && change->which == i ? change : NULL);
	see_stores("a store, in the end");
	result->launches = w.launched;
	gpu_engine_destroy(w.engine);
	free(w.commands);
	free(w.lines);
}

bool watch_differs(const struct watch_result *expected, const struct watch_result *got, char *text)
{
	*text = 0;
	if (!got->done) {
		snprintf(text, WATCH_TEXT, "%s", got->stop);
		return true;
	}
	for (uint32_t i = 0; i < got->seen_count && i < expected->seen_count; i++) {
		const struct watch_seen *a = &expected->seen[i], *b = &got->seen[i];

		if (a->value == b->value && !strcmp(a->what, b->what))
			continue;
		if (strcmp(a->what, b->what))
			snprintf(text, WATCH_TEXT, "%s instead of %s", b->what, a->what);
		else
			snprintf(text, WATCH_TEXT, "%s: 0x%llx, not 0x%llx", a->what,
				 (unsigned long long)b->value, (unsigned long long)a->value);
		return true;
	}
	if (expected->seen_count == got->seen_count)
		return false;
	snprintf(text, WATCH_TEXT, "%u things are seen, not %u", got->seen_count, expected->seen_count);
	return true;
}

uint32_t watch_end_of_kernel(uint32_t generation)
{
	return generation >= 11 ? 0xbfb00000 : 0xbf810000;
}
