// SPDX-License-Identifier: MIT
/*
 * The scheduler: work of a context or hardware queue is done in order; waits hold nobody else up; an engine runs
 * one job at a time to its end. Jobs run on a thread of their own, everything else at once in whoever made it
 * possible. Public source of the rules: Microsoft, "GPU synchronization", "Hardware queues", "TDR".
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dxgsim/host/types.h"

#define PACKET_BUDGET 64u
#define POLL_NS	      100000u /* between looks at a job that waits for memory to change */

/* ---- work ---- */

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

/* ---- queues of work ---- */

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
	fifo->exempt = exempt;
	TAILQ_INIT(&fifo->work);
	TAILQ_INSERT_TAIL(&fifo->engine->fifos, fifo, link);
}

static void pop(struct host_fifo *fifo)
{
	struct host_work *work = TAILQ_FIRST(&fifo->work);

	TAILQ_REMOVE(&fifo->work, work, link);
	vidsch_work_free(model_of(fifo), work);
}

void vidsch_fifo_drop(struct host_fifo *fifo, bool raise)
{
	struct host_engine *engine = fifo->engine;

	if (engine->running == fifo) {
		if (engine->gpu)
			gpu_engine_reset(engine->gpu);
		engine->running = NULL;
		model_of(fifo)->sched_dirty = true; /* somebody else's turn */
	}
	while (!TAILQ_EMPTY(&fifo->work)) {
		struct host_work *work = TAILQ_FIRST(&fifo->work);

		event_put(model_of(fifo), work->event, raise);
		work->event = NULL;
		pop(fifo);
	}
}

void vidsch_fifo_release(struct host_fifo *fifo)
{
	vidsch_fifo_drop(fifo, false);
	TAILQ_REMOVE(&fifo->engine->fifos, fifo, link);
}

void vidsch_enqueue(struct host_fifo *fifo, struct host_work *work)
{
	if (work->kind == WORK_JOB)
		fifo->submitted++;
	TAILQ_INSERT_TAIL(&fifo->work, work, link);
	model_of(fifo)->sched_dirty = true;
}

static bool has_job(const struct host_fifo *fifo)
{
	const struct host_work *work = TAILQ_FIRST(&fifo->work);

	return work && work->kind == WORK_JOB && !work->stuck;
}

/* Up to the next job or unfulfilled wait. */
static void fifo_advance(struct host_fifo *fifo)
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
		pop(fifo);
	}
}

/* ---- engines ---- */

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

static enum gpu_engine_kind engine_kind(const struct host_engine *engine)
{
	return kind_of(engine->adapter->fixture->engines[engine->node].scheduler_id);
}

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

static void need_gpu(struct host_engine *engine)
{
	struct host_adapter *adapter = engine->adapter;
	struct gpu_engine_config config = {
		.kind = engine_kind(engine),
		.generation = adapter->fixture->generation,
		.ops = &vidmm_gpu_ops,
		.machine = adapter,
	};

	if (engine->gpu)
		return;
	if (!adapter->cache)
		adapter->cache = gpu_cache_create();
	config.cache = adapter->cache;
	if (adapter->cache)
		engine->gpu = gpu_engine_create(&config);
	if (!engine->gpu)
		report_fatal("dxgsim: out of memory for an engine of the GPU");
}

void vidsch_forget(const struct va_space *va, uint64_t start, uint64_t length)
{
	for (uint32_t i = 0; i < va->adapter->fixture->engine_count; i++) {
		if (va->adapter->engines[i].gpu)
			gpu_engine_forget(va->adapter->engines[i].gpu, va, start, length);
	}
}

static bool more_urgent(const struct host_context *a, const struct host_context *b)
{
	return a->priority != b->priority ? a->priority > b->priority
					  : a->in_process_priority > b->in_process_priority;
}

static struct host_fifo *next_fifo(const struct host_engine *engine)
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

static enum fixture_submit variant(const struct host_engine *engine)
{
	const struct fixture *fixture = engine->adapter->fixture;

	if (fixture->sdma_hangs && engine_kind(engine) == GPU_ENGINE_SDMA)
		return FIXTURE_SUBMIT_HANGS;
	return fixture->submit;
}

bool vidsch_hangs(const struct host_engine *engine)
{
	return variant(engine) == FIXTURE_SUBMIT_HANGS;
}

static void start_job(struct host_engine *engine, struct host_fifo *fifo)
{
	const struct host_work *work = TAILQ_FIRST(&fifo->work);
	struct host_device *device = fifo->context->device;
	const struct gpu_job job = {
		.commands = work->commands,
		.bytes = work->bytes,
		.space = &device->process->use[device->adapter->index].va,
		.cookie = fifo->submitted,
	};

	engine->running = fifo;
	engine->serial += engine->serial == UINT32_MAX ? 2 : 1; /* never 0 */
	engine->started_ns = model_now_ns();
	engine->wanted_ns = 0;
	if (variant(engine) != FIXTURE_SUBMIT_GOOD)
		return;
	need_gpu(engine);
	gpu_engine_start(engine->gpu, &job);
}

static void finish_job(struct host_engine *engine)
{
	struct host_fifo *fifo = engine->running;
	const struct host_work *work = TAILQ_FIRST(&fifo->work);
	struct host_model *model = engine->adapter->model;

	engine->busy_ns += model_now_ns() - engine->started_ns;
	engine->running = NULL;
	fifo->finished++;
	if (fifo->hwqueue)
		fence_set(model, fifo->hwqueue->sync.fence, work->progress);
	pop(fifo);
	TAILQ_REMOVE(&engine->fifos, fifo, link);
	TAILQ_INSERT_TAIL(&engine->fifos, fifo, link);
	model->sched_dirty = true;
}

static enum gpu_outcome run_job(struct host_engine *engine)
{
	enum gpu_outcome outcome;

	switch (variant(engine)) {
	case FIXTURE_SUBMIT_GOOD:
	case FIXTURE_SUBMIT_LOST:
		break;
	case FIXTURE_SUBMIT_UNWRITTEN:
		return GPU_DONE;
	case FIXTURE_SUBMIT_FAULT:
		return GPU_STOPPED;
	case FIXTURE_SUBMIT_HANGS:
		return GPU_WAITING;
	}
	engine->adapter->active = engine;
	outcome = gpu_engine_run(engine->gpu, PACKET_BUDGET);
	engine->adapter->active = NULL;
	return outcome;
}

static void stop_job(struct host_engine *engine)
{
	const struct gpu_error simulated = {
		.kind = GPU_ERROR_PAGE_FAULT,
		.reason = GPU_FAULT_UNMAPPED,
		.access = GPU_FETCH,
		.va = TAILQ_FIRST(&engine->running->work)->commands,
	};

	if (variant(engine) == FIXTURE_SUBMIT_FAULT)
		vidsch_stopped(engine, &simulated, true);
	else
		vidsch_stopped(engine, gpu_engine_error(engine->gpu), false);
}

/* A piece of work of one engine. Whether there may be more at once; else *due_ns is when to come again. */
static bool engine_serve(struct host_engine *engine, uint64_t *due_ns)
{
	uint64_t timeout;

	if (!engine->running) {
		struct host_fifo *fifo = next_fifo(engine);

		if (!fifo)
			return false;
		start_job(engine, fifo);
	}
	switch (run_job(engine)) {
	case GPU_DONE:
		finish_job(engine);
		return true;
	case GPU_RUNNING:
		vidsch_timed_out(engine, &timeout);
		return true;
	case GPU_WAITING:
		if (vidsch_timed_out(engine, &timeout))
			return true;
		*due_ns = model_now_ns() + POLL_NS;
		if (vidsch_hangs(engine))
			*due_ns = timeout;
		return false;
	case GPU_STOPPED:
		break;
	}
	stop_job(engine);
	return true;
}

/* ---- the thread ---- */

static void let_others(struct host_model *model)
{
	if (!atomic_load_explicit(&model->lock_wanted, memory_order_relaxed))
		return;
	pthread_mutex_unlock(&model->lock);
	sched_yield();
	pthread_mutex_lock(&model->lock);
}

static void sleep_until(struct host_model *model, uint64_t due_ns)
{
	struct timespec due = {(time_t)(due_ns / 1000000000), (long)(due_ns % 1000000000)};

	if (model->sched_kick || model->sched_stop)
		return;
	if (due_ns == UINT64_MAX)
		pthread_cond_wait(&model->sched_work, &model->lock);
	else
		pthread_cond_timedwait(&model->sched_work, &model->lock, &due);
}

static void *scheduler_main(void *arg)
{
	struct host_model *model = arg;

	pthread_mutex_lock(&model->lock);
	while (!model->sched_stop) {
		uint64_t due = UINT64_MAX;
		bool more = false;

		model->sched_kick = false;
		for (uint32_t i = 0; i < model->adapter_count; i++) {
			struct host_adapter *adapter = &model->adapters[i];

			for (uint32_t k = 0; k < adapter->fixture->engine_count; k++) {
				uint64_t next = UINT64_MAX;

				more |= engine_serve(&adapter->engines[k], &next);
				due = next < due ? next : due;
			}
		}
		vidsch_advance(model);
		guest_deliver(model);
		if (more)
			let_others(model);
		else
			sleep_until(model, due);
	}
	pthread_mutex_unlock(&model->lock);
	return NULL;
}

static int start_thread(struct host_model *model)
{
	int rc;

	if (model->sched_runs)
		return 0;
	model->sched_stop = false;
	rc = host_thread(model, &model->scheduler, scheduler_main);
	if (!rc)
		model->sched_runs = true;
	return rc;
}

void vidsch_stop(struct host_model *model)
{
	bool runs;

	pthread_mutex_lock(&model->lock);
	model->sched_stop = true;
	runs = model->sched_runs;
	model->sched_runs = false;
	pthread_cond_signal(&model->sched_work);
	pthread_mutex_unlock(&model->lock);
	if (runs)
		pthread_join(model->scheduler, NULL);
}

void vidsch_advance(struct host_model *model)
{
	bool jobs = false;

	if (!model->sched_dirty)
		return;
	while (model->sched_dirty) {
		model->sched_dirty = false;
		for (uint32_t i = 0; i < model->adapter_count; i++) {
			struct host_adapter *adapter = &model->adapters[i];

			for (uint32_t k = 0; k < adapter->fixture->engine_count; k++) {
				struct host_engine *engine = &adapter->engines[k];
				struct host_fifo *fifo;

				TAILQ_FOREACH(fifo, &engine->fifos, link)
					fifo_advance(fifo);
				jobs |= engine->running || next_fifo(engine);
			}
		}
	}
	if (!jobs)
		return;
	if (start_thread(model))
		report_fatal("dxgsim: no thread for the GPU");
	model->sched_kick = true;
	pthread_cond_signal(&model->sched_work);
}
