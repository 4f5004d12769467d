// SPDX-License-Identifier: MIT
/* The engines of an adapter: what each is, whose turn it is on it, and what it is busy with. */
#include <stdio.h>
#include <string.h>

#include "dxgsim/host/types.h"

void vidsch_place_init(struct host_place *place, struct host_engine *engine)
{
	*place = (struct host_place){.engine = engine};
}

static void add_counters(struct gpu_counters *sum, const struct host_place *place)
{
	const struct gpu_counters *counters;

	if (!place->gpu)
		return;
	counters = gpu_engine_counters(place->gpu);
	sum->packets += counters->packets;
	sum->dispatches += counters->dispatches;
	sum->groups += counters->groups;
	sum->kernel_ns += counters->kernel_ns;
	sum->units += counters->units;
	sum->interrupts += counters->interrupts;
	sum->early_signals += counters->early_signals;
	sum->unacquired += counters->unacquired;
	sum->preemptions += counters->preemptions;
}

void vidsch_place_release(struct host_place *place)
{
	if (!place->gpu)
		return;
	add_counters(&place->engine->gone.gpu, place);
	gpu_engine_destroy(place->gpu);
	place->gpu = NULL;
}

void vidsch_count(const struct host_engine *engine, struct vidsch_counters *out)
{
	const struct host_fifo *fifo;

	*out = engine->gone;
	add_counters(&out->gpu, &engine->place);
	TAILQ_FOREACH(fifo, &engine->fifos, link) {
		out->jobs += fifo->finished;
		out->bytes += fifo->bytes;
		add_counters(&out->gpu, &fifo->place);
	}
}

void vidsch_visit_places(struct host_engine *engine, void (*visit)(struct host_place *place, void *arg),
			 void *arg)
{
	struct host_fifo *fifo;

	visit(&engine->place, arg);
	TAILQ_FOREACH(fifo, &engine->fifos, link) {
		if (fifo->hwqueue)
			visit(&fifo->place, arg);
	}
}

struct host_place *vidsch_place(struct host_fifo *fifo)
{
	return fifo->hwqueue ? &fifo->place : &fifo->engine->place;
}

void vidsch_adapter_init(struct host_adapter *adapter)
{
	memset(adapter->engines, 0, sizeof(adapter->engines));
	adapter->cache = NULL;
	adapter->workers = NULL;
	adapter->active = NULL;
	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++) {
		adapter->engines[i].adapter = adapter;
		adapter->engines[i].node = i;
		vidsch_place_init(&adapter->engines[i].place, &adapter->engines[i]);
		TAILQ_INIT(&adapter->engines[i].fifos);
	}
}

void vidsch_adapter_release(struct host_adapter *adapter)
{
	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++)
		vidsch_place_release(&adapter->engines[i].place);
	gpu_cache_destroy(adapter->cache);
	adapter->cache = NULL;
	gpu_workers_destroy(adapter->workers);
	adapter->workers = NULL;
}

struct addresses {
	const struct va_space *va;
	uint64_t start, length;
};

static void forget(struct host_place *place, void *arg)
{
	const struct addresses *addresses = arg;

	if (place->gpu)
		gpu_engine_forget(place->gpu, addresses->va, addresses->start, addresses->length);
}

void vidsch_forget(const struct va_space *va, uint64_t start, uint64_t length)
{
	struct addresses addresses = {va, start, length};

	/* hardware queues, and their engines with them, may be gone already */
	if (va->adapter->cache)
		gpu_cache_forget(va->adapter->cache, va, start, length);
	for (uint32_t i = 0; i < va->adapter->fixture->engine_count; i++)
		vidsch_visit_places(&va->adapter->engines[i], forget, &addresses);
}

/* ---- what it is ---- */

static enum gpu_engine_kind kind_of(uint32_t scheduler_id)
{
	switch (scheduler_id) {
	case 0:
		return GPU_ENGINE_GRAPHICS;
	case 5:
	case 6:
		return GPU_ENGINE_COMPUTE;
	case 4:
	case 7:
		return GPU_ENGINE_SDMA;
	default:
		return GPU_ENGINE_OTHER;
	}
}

enum gpu_engine_kind vidsch_engine_kind(const struct host_engine *engine)
{
	return kind_of(engine->adapter->fixture->engines[engine->node].scheduler_id);
}

enum fixture_submit vidsch_variant(const struct host_engine *engine)
{
	const struct fixture *fixture = engine->adapter->fixture;

	if (fixture->sdma_hangs && vidsch_engine_kind(engine) == GPU_ENGINE_SDMA)
		return FIXTURE_SUBMIT_HANGS;
	return fixture->submit;
}

bool vidsch_hangs(const struct host_engine *engine)
{
	return vidsch_variant(engine) == FIXTURE_SUBMIT_HANGS;
}

/* ---- whose turn it is ---- */

bool vidsch_has_job(const struct host_fifo *fifo)
{
	const struct host_work *work = TAILQ_FIRST(&fifo->work);

	return work && work->kind == WORK_JOB && !work->stuck;
}

static bool more_urgent(const struct host_context *a, const struct host_context *b)
{
	return a->priority != b->priority ? a->priority > b->priority
					  : a->in_process_priority > b->in_process_priority;
}

struct host_fifo *vidsch_next_fifo(const struct host_engine *engine)
{
	struct host_fifo *fifo, *best = NULL;

	TAILQ_FOREACH(fifo, &engine->fifos, link) {
		if (!fifo->hwqueue && vidsch_has_job(fifo) &&
		    (!best || more_urgent(fifo->context, best->context)))
			best = fifo;
	}
	return best;
}

static bool wants(const struct host_fifo *fifo, const struct host_place *place)
{
	return !fifo->hwqueue && !place->running->hwqueue && fifo->context != place->running->context &&
	       vidsch_has_job(fifo);
}

bool vidsch_wanted(const struct host_place *place)
{
	const struct host_fifo *fifo;

	TAILQ_FOREACH(fifo, &place->engine->fifos, link) {
		if (wants(fifo, place))
			return true;
	}
	return false;
}

bool vidsch_wanted_now(const struct host_place *place)
{
	const struct host_context *context = place->running->context;
	const struct host_fifo *fifo;

	TAILQ_FOREACH(fifo, &place->engine->fifos, link) {
		if (wants(fifo, place) && !more_urgent(context, fifo->context) &&
		    (fifo->context->device->process != context->device->process ||
		     more_urgent(fifo->context, context)))
			return true;
	}
	return false;
}

/* ---- what it does ---- */

void vidsch_describe(const struct host_place *place, char *text, size_t size)
{
	const struct host_fifo *fifo = place->running;
	const struct host_engine *engine = place->engine;
	d3dkmt_handle handle = fifo->hwqueue ? fifo->hwqueue->object.handle : fifo->context->object.handle;

	snprintf(text, size, "job %llu of %s 0x%x on node %u (%s), device 0x%x",
		 (unsigned long long)fifo->finished + 1, fifo->hwqueue ? "hardware queue" : "context", handle,
		 engine->node, engine->adapter->fixture->engines[engine->node].name,
		 fifo->context->device->object.handle);
}

struct unused {
	const struct host_call *call;
	const struct host_allocation *allocation;
};

static void check_unused(struct host_place *place, void *arg)
{
	const struct unused *unused = arg;
	char who[160];

	if (!place->running || place->serial != unused->allocation->used_by[place->engine->node])
		return;
	vidsch_describe(place, who, sizeof(who));
	report_misuse("%s: allocation 0x%x is said not to be in use, but is by %s", unused->call->name,
		      unused->allocation->object.handle, who);
}

void vidsch_check_unused(const struct host_call *call, const struct host_allocation *allocation)
{
	struct host_adapter *adapter = allocation->device->adapter;
	struct unused unused = {call, allocation};

	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++)
		vidsch_visit_places(&adapter->engines[i], check_unused, &unused);
}
