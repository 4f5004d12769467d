// SPDX-License-Identifier: MIT
/* The engines of an adapter: what each is, whose turn it is on it, and what it is busy with. */
#include <stdio.h>
#include <string.h>

#include "dxgsim/host/types.h"

void vidsch_adapter_init(struct host_adapter *adapter)
{
	memset(adapter->engines, 0, sizeof(adapter->engines));
	adapter->cache = NULL;
	adapter->active = NULL;
	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++) {
		adapter->engines[i].adapter = adapter;
		adapter->engines[i].node = i;
		TAILQ_INIT(&adapter->engines[i].fifos);
	}
}

void vidsch_adapter_release(struct host_adapter *adapter)
{
	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++) {
		if (adapter->engines[i].gpu)
			gpu_engine_destroy(adapter->engines[i].gpu);
		adapter->engines[i].gpu = NULL;
	}
	gpu_cache_destroy(adapter->cache);
	adapter->cache = NULL;
}

void vidsch_forget(const struct va_space *va, uint64_t start, uint64_t length)
{
	for (uint32_t i = 0; i < va->adapter->fixture->engine_count; i++) {
		if (va->adapter->engines[i].gpu)
			gpu_engine_forget(va->adapter->engines[i].gpu, va, start, length);
	}
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

static bool has_job(const struct host_fifo *fifo)
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
		if (has_job(fifo) && (!best || more_urgent(fifo->context, best->context)))
			best = fifo;
	}
	return best;
}

bool vidsch_wanted(const struct host_engine *engine)
{
	const struct host_fifo *fifo;

	TAILQ_FOREACH(fifo, &engine->fifos, link) {
		if (fifo->context != engine->running->context && has_job(fifo))
			return true;
	}
	return false;
}

/* ---- what it does ---- */

void vidsch_describe(const struct host_engine *engine, char *text, size_t size)
{
	const struct host_fifo *fifo = engine->running;
	d3dkmt_handle handle = fifo->hwqueue ? fifo->hwqueue->object.handle : fifo->context->object.handle;

	snprintf(text, size, "job %llu of %s 0x%x on node %u (%s), device 0x%x",
		 (unsigned long long)fifo->finished + 1, fifo->hwqueue ? "hardware queue" : "context", handle,
		 engine->node, engine->adapter->fixture->engines[engine->node].name,
		 fifo->context->device->object.handle);
}

void vidsch_check_unused(const struct host_call *call, const struct host_allocation *allocation)
{
	const struct host_adapter *adapter = allocation->device->adapter;
	char who[160];

	for (uint32_t i = 0; i < adapter->fixture->engine_count; i++) {
		const struct host_engine *engine = &adapter->engines[i];

		if (!engine->running || engine->serial != allocation->used_by[i])
			continue;
		vidsch_describe(engine, who, sizeof(who));
		report_misuse("%s: allocation 0x%x is said not to be in use, but is by %s", call->name,
			      allocation->object.handle, who);
	}
}
