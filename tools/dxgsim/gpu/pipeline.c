// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "dxgsim/gpu/execute.h"
#include "dxgsim/gpu/kernel.h"
#include "dxgsim/gpu/pipeline.h"
#include "dxgsim/gpu/profile.h"
#include "dxgsim/gpu/state.h"

#define SLICES 64U /* in which kernels do something, and wait again, before others have their turn */

static struct gpu_pipeline *pipeline_of(struct gpu_engine *engine)
{
	return &engine->now.pipeline;
}

/* Kernels and releases fail long after their packets: an error is told of those. */
static enum gpu_outcome blame(struct gpu_engine *engine, const char *name, uint64_t packet, uint32_t offset)
{
	char text[sizeof(engine->error.text)];
	const char *colon = strstr(engine->error.text, ": ");

	snprintf(text, sizeof(text), "%s at +0x%x%s", name, offset, colon ? colon : "");
	memcpy(engine->error.text, text, sizeof(text));
	engine->error.offset = offset;
	if (engine->error.kind != GPU_ERROR_PAGE_FAULT)
		engine->error.va = packet;
	return GPU_STOPPED;
}

static enum gpu_outcome blame_kernel(struct gpu_engine *engine, uint32_t index)
{
	const struct gpu_launch *launch = &pipeline_of(engine)->kernels[index].launch;
	const char *name = gpu_kernel_name(engine, launch->code);
	char who[GPU_SYMBOL_MAX + 32];

	snprintf(who, sizeof(who), *name ? "kernel %s, dispatched" : "kernel%s dispatched", name);
	return blame(engine, who, launch->packet, launch->offset);
}

static void tell_profile(struct gpu_engine *engine, const struct gpu_kernel *kernel)
{
	const char *name;
	char address[32];

	if (!engine->config.profile || !kernel->run)
		return;
	name = gpu_kernel_name(engine, kernel->launch.code);
	if (!*name) {
		snprintf(address, sizeof(address), "0x%llx", (unsigned long long)kernel->launch.code);
		name = address;
	}
	gpu_profile_add(engine->config.profile, name, &kernel->run->counts, kernel->run->busy_ns);
}

static enum gpu_outcome end_kernel(struct gpu_engine *engine, uint32_t index)
{
	struct gpu_pipeline *pipeline = pipeline_of(engine);

	if (gpu_kernel_ends(engine, &pipeline->kernels[index]) != GPU_DONE)
		return blame_kernel(engine, index);
	tell_profile(engine, &pipeline->kernels[index]);
	gpu_run_destroy(pipeline->kernels[index].run);
	pipeline->kernel_count--;
	if (index != pipeline->kernel_count)
		pipeline->kernels[index] = pipeline->kernels[pipeline->kernel_count];
	return GPU_DONE;
}

static bool may_end(const struct gpu_kernel *kernel, uint64_t now)
{
	return (!kernel->run || gpu_run_ended(kernel->run)) && (!kernel->end_ns || now >= kernel->end_ns);
}

/* One of those that can end; kernel_count: none can. */
static uint32_t pick(struct gpu_engine *engine)
{
	const struct gpu_pipeline *pipeline = pipeline_of(engine);
	uint32_t first, index;
	uint64_t now;

	if (!pipeline->kernel_count)
		return 0;
	now = gpu_now_ns(engine);
	first = pipeline->kernel_count > 1 ? gpu_chance(engine) : 0;
	for (uint32_t i = 0; i < pipeline->kernel_count; i++) {
		index = (first + i) % pipeline->kernel_count;
		if (may_end(&pipeline->kernels[index], now))
			return index;
	}
	return pipeline->kernel_count;
}

/* Ends one that can end; if there is none, kernels have some time. */
static enum gpu_outcome push_kernels(struct gpu_engine *engine, bool *any)
{
	struct gpu_pipeline *pipeline = pipeline_of(engine);
	enum gpu_slice slice = GPU_SLICE_IDLE;
	uint32_t index = pick(engine), failed;

	*any = false;
	for (uint32_t i = 0; i < SLICES && index == pipeline->kernel_count; i++) {
		slice = gpu_execute(engine, &failed);
		if (slice == GPU_SLICE_STOPPED)
			return blame_kernel(engine, failed);
		index = pick(engine);
		if (slice != GPU_SLICE_MOVED)
			break;
	}
	if (index < pipeline->kernel_count) {
		*any = true;
		return end_kernel(engine, index);
	}
	return slice == GPU_SLICE_IDLE ? GPU_DONE : GPU_RUNNING;
}

static bool release_ready(const struct gpu_pipeline *pipeline)
{
	if (!pipeline->release_count)
		return false;
	for (uint32_t i = 0; i < pipeline->kernel_count; i++)
		if (pipeline->kernels[i].number < pipeline->releases[0].after)
			return false;
	return true;
}

static enum gpu_outcome do_release(struct gpu_engine *engine)
{
	struct gpu_pipeline *pipeline = pipeline_of(engine);
	struct gpu_release release = pipeline->releases[0];
	uint64_t value = release.value;

	gpu_cache_actions(engine, &release.actions, 0, UINT64_MAX);
	if (release.bytes) {
		/* kernels launched after it are none of its business */
		bool unwritten = engine->unwritten || engine->metadata_unwritten;
		bool unconfirmed = release.actions.l2 & GPU_CACHE_WRITE_BACK && !release.confirmed;

		engine->counters.early_signals += unwritten || unconfirmed;
		if ((unwritten || unconfirmed) && engine->config.strict_release) {
			gpu_refuse(engine, GPU_ERROR_PACKET,
				   unwritten ? "signal before what kernels wrote is written back"
					     : "signal that waits for no confirmation of the write-back");
			return blame(engine, "RELEASE_MEM", release.packet, release.offset);
		}
		if (release.clock)
			value = engine->config.ops->clock(engine->config.machine);
		if (!gpu_memory_write(&engine->memory, release.va, &value, release.bytes, release.policy)) {
			gpu_page_fault(engine);
			return blame(engine, "RELEASE_MEM", release.packet, release.offset);
		}
	}
	pipeline->release_count--;
	memmove(pipeline->releases, pipeline->releases + 1,
		pipeline->release_count * sizeof(pipeline->releases[0]));
	return GPU_DONE;
}

enum gpu_outcome gpu_pipeline_push(struct gpu_engine *engine, bool *any)
{
	*any = true;
	if (release_ready(pipeline_of(engine)))
		return do_release(engine);
	return push_kernels(engine, any);
}

enum gpu_outcome gpu_pipeline_advance(struct gpu_engine *engine)
{
	const struct gpu_pipeline *pipeline = pipeline_of(engine);
	enum gpu_outcome outcome;
	bool any;

	if (!pipeline->kernel_count && !pipeline->release_count)
		return GPU_DONE;
	if (engine->config.strict_release || engine->config.strict_acquire || gpu_chance(engine) % 4)
		return GPU_DONE;
	outcome = gpu_pipeline_push(engine, &any);
	return outcome == GPU_STOPPED ? GPU_STOPPED : GPU_DONE;
}

enum gpu_outcome gpu_pipeline_drain(struct gpu_engine *engine)
{
	const struct gpu_pipeline *pipeline = pipeline_of(engine);
	enum gpu_outcome outcome;
	bool any;

	while (pipeline->kernel_count) {
		outcome = push_kernels(engine, &any);
		if (outcome != GPU_DONE)
			return outcome;
		if (!any)
			return GPU_WAITING;
	}
	if (engine->now.undrained)
		engine->now.acquired = 0;
	engine->now.undrained = 0;
	return GPU_DONE;
}

enum gpu_outcome gpu_pipeline_finish(struct gpu_engine *engine)
{
	const struct gpu_pipeline *pipeline = pipeline_of(engine);
	enum gpu_outcome outcome;
	bool any;

	while (pipeline->kernel_count || pipeline->release_count) {
		outcome = gpu_pipeline_push(engine, &any);
		if (outcome != GPU_DONE)
			return outcome;
		if (!any)
			return GPU_WAITING;
	}
	return GPU_DONE;
}

void gpu_pipeline_free(struct gpu_pipeline *pipeline)
{
	for (uint32_t i = 0; i < pipeline->kernel_count; i++)
		gpu_run_destroy(pipeline->kernels[i].run);
	pipeline->kernel_count = 0;
	pipeline->release_count = 0;
	pipeline->taken = 0;
}

void gpu_pipeline_drop(struct gpu_engine *engine)
{
	gpu_pipeline_free(pipeline_of(engine));
}

/* Of gfx9 those that do nothing. */
static bool can_execute(const struct gpu_engine *engine)
{
	return engine->executes || engine->config.skip_kernels || engine->config.generation == 9;
}

enum gpu_outcome gpu_pipeline_launch(struct gpu_engine *engine, const struct gpu_launch *launch)
{
	struct gpu_pipeline *pipeline = pipeline_of(engine);
	struct gpu_run *run = NULL;
	struct gpu_kernel *kernel;

	if (pipeline->kernel_count == GPU_KERNELS)
		return GPU_WAITING;
	if (!can_execute(engine))
		return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "kernels of gfx%u.%u.%u are not simulated",
				  engine->config.generation, engine->config.minor, engine->config.stepping);
	if (engine->executes && !engine->config.skip_kernels) {
		run = gpu_run_create(engine, launch, pipeline->next);
		if (!run)
			return gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "no memory for a kernel");
		if (run->scratch && run->waves > run->scratch->waves) {
			uint32_t waves = run->waves, places = run->scratch->waves;

			gpu_run_destroy(run);
			return gpu_refuse(
				engine, GPU_ERROR_UNSUPPORTED,
				"a work-group of %u waves with scratch for %u of them is not simulated",
				waves, places);
		}
	}
	kernel = &pipeline->kernels[pipeline->kernel_count++];
	kernel->launch = *launch;
	kernel->number = pipeline->next++;
	kernel->end_ns = 0;
	kernel->run = run;
	if (engine->config.dispatch_ns && engine->config.ops->now_ns)
		kernel->end_ns = gpu_now_ns(engine) + engine->config.dispatch_ns;
	engine->now.undrained++;
	engine->counters.dispatches++;
	engine->counters.units += launch->units;
	return GPU_DONE;
}

enum gpu_outcome gpu_pipeline_release(struct gpu_engine *engine, const struct gpu_release *release)
{
	struct gpu_pipeline *pipeline = pipeline_of(engine);
	struct gpu_release *mine;

	if (pipeline->release_count == GPU_RELEASES)
		return GPU_WAITING;
	mine = &pipeline->releases[pipeline->release_count++];
	*mine = *release;
	mine->after = pipeline->next;
	return GPU_DONE;
}

/*
 * Of metadata nothing is there but whether some may wait for being written: kernels do not say.  It goes into the L2,
 * and from there to memory only if the L2's turn is later.  It is written back only when it is invalidated as well
 * (Mesa, ac_barrier.c: "GLM doesn't support WB alone").
 */
static void metadata_actions(struct gpu_engine *engine, uint32_t actions)
{
	bool invalidate = actions & GPU_CACHE_INVALIDATE;

	if (invalidate && actions & GPU_CACHE_WRITE_BACK && engine->metadata_unwritten) {
		engine->metadata_unwritten = false;
		engine->unwritten = true;
	}
	if (invalidate && !engine->metadata_unwritten)
		engine->now.acquired |= GPU_ACQUIRED_METADATA;
}

void gpu_cache_actions(struct gpu_engine *engine, const struct gpu_actions *actions, uint64_t first,
		       uint64_t last)
{
	bool all = first == 0 && last == UINT64_MAX;

	if (actions->in_order && all)
		metadata_actions(engine, actions->metadata);
	if (actions->l2)
		gpu_cache_act(engine->memory.cache, &engine->memory.tables, actions->l2, first, last);
	gpu_fronts_invalidate(engine, actions->fronts);
	engine->now.acquired |= actions->fronts;
	if (!all)
		return;
	if (actions->l2 & GPU_CACHE_INVALIDATE)
		engine->now.acquired |= GPU_ACQUIRED_L2;
	if (actions->l2 & GPU_CACHE_WRITE_BACK)
		engine->unwritten = false;
	/* at the same time is perhaps later */
	if (!actions->in_order)
		metadata_actions(engine, actions->metadata);
}

bool gpu_may_signal(struct gpu_engine *engine)
{
	bool running = engine->now.pipeline.kernel_count;

	if (!running && !engine->unwritten && !engine->metadata_unwritten)
		return true;
	engine->counters.early_signals++;
	if (!engine->config.strict_release)
		return true;
	gpu_refuse(engine, GPU_ERROR_PACKET,
		   running ? "signal while a kernel runs"
			   : "signal before what kernels wrote is written back");
	return false;
}
