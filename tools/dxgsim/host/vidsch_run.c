// SPDX-License-Identifier: MIT
/*
 * The scheduler at work: an engine runs one job at a time to its end, on a thread of the host; everything else is done
 * at once in whoever made it possible. Public source of the rules: Microsoft, "GPU synchronization", "Hardware queues",
 * "TDR".
 */
#include <sched.h>
#include <time.h>

#include "dxgsim/guest_memory.h"
#include "dxgsim/host/types.h"

#define PACKET_BUDGET 64u
#define POLL_NS	      100000u /* between looks at a job that waits for memory to change */

/* ---- jobs ---- */

static void need_gpu(struct host_engine *engine)
{
	struct host_adapter *adapter = engine->adapter;
	struct gpu_engine_config config = {
		.kind = vidsch_engine_kind(engine),
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
	engine->paused_ns = engine->wanted_ns = 0;
	presence_ran(engine->adapter);
	if (vidsch_variant(engine) != FIXTURE_SUBMIT_GOOD)
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
	vidsch_fifo_pop(fifo);
	TAILQ_REMOVE(&engine->fifos, fifo, link);
	TAILQ_INSERT_TAIL(&engine->fifos, fifo, link);
	model->sched_dirty = true;
}

static enum gpu_outcome run_job(struct host_engine *engine)
{
	enum gpu_outcome outcome;

	switch (vidsch_variant(engine)) {
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
	guest_memory_hold();
	outcome = gpu_engine_run(engine->gpu, PACKET_BUDGET);
	guest_memory_let_go();
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

	if (vidsch_variant(engine) == FIXTURE_SUBMIT_FAULT)
		vidsch_stopped(engine, &simulated, true);
	else
		vidsch_stopped(engine, gpu_engine_error(engine->gpu), false);
}

/*
 * Nothing executes while memory of its device is out of VRAM.  A job that is on the engine already is preempted for
 * that long, and is not late by it.
 */
static bool memory_in_place(struct host_engine *engine, uint64_t *due_ns)
{
	uint64_t now;

	if (presence_ready(engine->adapter, due_ns)) {
		if (engine->running && engine->paused_ns) {
			now = model_now_ns();
			engine->started_ns += now - engine->paused_ns;
			if (engine->wanted_ns)
				engine->wanted_ns += now - engine->paused_ns;
			engine->paused_ns = 0;
		}
		return true;
	}
	if (engine->running && !engine->paused_ns)
		engine->paused_ns = model_now_ns();
	return false;
}

/* A piece of work of one engine. Whether there may be more at once; else *due_ns is when to come again. */
static bool engine_serve(struct host_engine *engine, uint64_t *due_ns)
{
	struct host_fifo *fifo = engine->running ? NULL : vidsch_next_fifo(engine);
	uint64_t timeout;

	if ((!engine->running && !fifo) || !memory_in_place(engine, due_ns))
		return false;
	if (fifo)
		start_job(engine, fifo);
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
					vidsch_fifo_advance(fifo);
				jobs |= engine->running || vidsch_next_fifo(engine);
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
