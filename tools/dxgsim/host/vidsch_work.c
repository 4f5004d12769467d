// SPDX-License-Identifier: MIT
/*
 * What is queued in contexts and hardware queues: done in order, where waits hold nobody else up. Jobs are the engines'
 * to run. Public source of the rules: Microsoft, "GPU synchronization".
 */
#include <stdio.h>
#include <stdlib.h>

#include "dxgsim/host/types.h"

/* ---- pieces of work ---- */

struct host_work *vidsch_work(enum work_kind kind, uint32_t points)
{
	struct host_work *work = calloc(1, sizeof(*work) + points * sizeof(work->points[0]));

	if (work)
		work->kind = kind;
	return work;
}

static void event_put(struct host_model *model, struct host_event *event, bool raise)
{
	if (!event || --event->refs)
		return;
	if (raise)
		guest_raise(model, event->guest_event);
	free(event);
}

void vidsch_work_free(struct host_model *model, struct host_work *work)
{
	for (uint32_t i = 0; i < work->count; i++)
		fence_put(model, work->points[i].fence);
	event_put(model, work->event, false);
	free(work);
}

static bool reached(const struct host_fence *fence, uint64_t value)
{
	return fence->type == D3DDDI_SEMAPHORE ? fence->value > 0 : fence->value >= value;
}

static bool wait_over(struct host_model *model, const struct host_work *work)
{
	for (uint32_t i = 0; i < work->count; i++) {
		if (!reached(work->points[i].fence, work->points[i].value))
			return false;
	}
	for (uint32_t i = 0; i < work->count; i++) {
		struct host_fence *fence = work->points[i].fence;

		if (fence->type == D3DDDI_SEMAPHORE && fence->value)
			fence_set(model, fence, fence->value - 1);
	}
	return true;
}

/* ---- queues of them ---- */

static struct host_model *model_of(const struct host_fifo *fifo)
{
	return fifo->engine->adapter->model;
}

static void signal_all(const struct host_fifo *fifo, const struct host_work *work)
{
	char who[48];

	snprintf(who, sizeof(who), "a signal queued in %s 0x%x", fifo->hwqueue ? "hardware queue" : "context",
		 fifo->hwqueue ? fifo->hwqueue->object.handle : fifo->context->object.handle);
	for (uint32_t i = 0; i < work->count; i++)
		fence_signal(model_of(fifo), &work->points[i], work->rewind, who);
}

void vidsch_fifo_init(struct host_fifo *fifo, struct host_context *context, struct host_hwqueue *hwqueue,
		      bool exempt)
{
	fifo->context = context;
	fifo->hwqueue = hwqueue;
	fifo->engine = &context->device->adapter->engines[context->node];
	vidsch_place_init(&fifo->place, fifo->engine);
	fifo->exempt = exempt;
	TAILQ_INIT(&fifo->work);
	TAILQ_INSERT_TAIL(&fifo->engine->fifos, fifo, link);
}

void vidsch_fifo_pop(struct host_fifo *fifo)
{
	struct host_work *work = TAILQ_FIRST(&fifo->work);

	TAILQ_REMOVE(&fifo->work, work, link);
	vidsch_work_free(model_of(fifo), work);
}

void vidsch_fifo_drop(struct host_fifo *fifo, bool raise)
{
	struct host_place *place = vidsch_place(fifo);

	if (place->running == fifo) {
		if (place->gpu)
			gpu_engine_reset(place->gpu);
		place->running = NULL;
		model_of(fifo)->sched_dirty = true; /* somebody else's turn */
	}
	gpu_suspended_destroy(fifo->suspended);
	fifo->suspended = NULL;
	while (!TAILQ_EMPTY(&fifo->work)) {
		struct host_work *work = TAILQ_FIRST(&fifo->work);

		event_put(model_of(fifo), work->event, raise);
		work->event = NULL;
		vidsch_fifo_pop(fifo);
	}
}

void vidsch_fifo_release(struct host_fifo *fifo)
{
	vidsch_fifo_drop(fifo, false);
	vidsch_place_release(&fifo->place);
	fifo->engine->gone.jobs += fifo->finished;
	fifo->engine->gone.bytes += fifo->bytes;
	TAILQ_REMOVE(&fifo->engine->fifos, fifo, link);
}

void vidsch_enqueue(struct host_fifo *fifo, struct host_work *work)
{
	if (work->kind == WORK_JOB)
		fifo->submitted++;
	TAILQ_INSERT_TAIL(&fifo->work, work, link);
	model_of(fifo)->sched_dirty = true;
}

void vidsch_fifo_advance(struct host_fifo *fifo)
{
	struct host_model *model = model_of(fifo);
	struct host_work *work;

	while ((work = TAILQ_FIRST(&fifo->work))) {
		switch (work->kind) {
		case WORK_JOB:
			return;
		case WORK_WAIT:
			if (!wait_over(model, work))
				return;
			break;
		case WORK_SIGNAL:
			signal_all(fifo, work);
			break;
		case WORK_EVENT:
			event_put(model, work->event, true);
			work->event = NULL;
			break;
		}
		vidsch_fifo_pop(fifo);
	}
}
