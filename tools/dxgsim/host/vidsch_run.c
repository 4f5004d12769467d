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
#define PAUSE_NS      20000u
#define PAUSE_EACH_NS 5000000u
#define YIELDS	      64u /* for who waits for the lock, before it is slept for him */

/* ---- jobs ---- */

/* For each shader engine, 16 bits of each array: LLVM's and Linux' compute units, of which a WGP has two. */
static void describe_units(const struct fixture *fixture, struct gpu_engine_config *config)
{
	uint32_t units = (1u << fixture->cus_per_wgp) - 1;

	config->shader_engines = fixture->shader_engines;
	for (uint32_t se = 0; se < FIXTURE_MAX_SE && se < GPU_SHADER_ENGINES; se++) {
		for (uint32_t bit = 0; bit < FIXTURE_MAX_SA * 16; bit++) {
			uint32_t wgp = bit % 16;
			uint32_t first = wgp * fixture->cus_per_wgp;

			if (fixture->wgp_mask[se][bit / 16] >> wgp & 1 && first < 16)
				config->compute_units[se] |= (units << first & 0xffff) << (bit / 16 * 16);
		}
	}
}

static void need_gpu(struct host_place *place)
{
	struct host_adapter *adapter = place->engine->adapter;
	const struct fixture *fixture = adapter->fixture;
	struct gpu_engine_config config = {
		.kind = vidsch_engine_kind(place->engine),
		.generation = fixture->generation,
		.minor = fixture_gfx_minor(fixture),
		.ops = &vidmm_gpu_ops,
		.machine = adapter,
		.firmware_state = fixture->firmware_state,
		.dispatch_ns = (uint64_t)fixture->dispatch_us * 1000,
		.skip_kernels = fixture->kernels_skipped,
		.seed = fixture->seed,
		.profile = adapter->model->profile,
		.strict_release = fixture->strict_release,
		.strict_acquire = fixture->strict_acquire,
	};

	if (place->gpu)
		return;
	describe_units(fixture, &config);
	if (!adapter->cache)
		adapter->cache = gpu_cache_create();
	if (!adapter->workers)
		adapter->workers = gpu_workers_create(fixture->workers, guest_memory_helper);
	config.cache = adapter->cache;
	config.workers = adapter->workers;
	if (adapter->cache && adapter->workers)
		place->gpu = gpu_engine_create(&config);
	if (!place->gpu)
		report_fatal("dxgsim: out of memory for an engine of the GPU");
}

/* Memory is looked at and written for the job in this place. */
static void enter(struct host_place *place)
{
	place->engine->adapter->active = place;
	guest_memory_hold();
}

static void leave(struct host_place *place)
{
	guest_memory_let_go();
	place->engine->adapter->active = NULL;
}

static void start_gpu(struct host_place *place, struct host_fifo *fifo)
{
	const struct host_work *work = TAILQ_FIRST(&fifo->work);
	struct host_device *device = fifo->context->device;
	const struct gpu_job job = {
		.commands = work->commands,
		.bytes = work->bytes,
		.space = &device->process->use[device->adapter->index].va,
		.cookie = fifo->submitted,
	};

	need_gpu(place);
	if (fifo->suspended) {
		gpu_engine_resume(place->gpu, fifo->suspended);
		fifo->suspended = NULL;
		return;
	}
	gpu_engine_start(place->gpu, &job);
	if (vidsch_engine_kind(place->engine) != GPU_ENGINE_SDMA)
		return;
	enter(place);
	gpu_sdma_driver_begins(place->gpu);
	leave(place);
}

static void start_job(struct host_place *place, struct host_fifo *fifo)
{
	struct host_engine *engine = place->engine;

	place->running = fifo;
	engine->serial += engine->serial == UINT32_MAX ? 2 : 1; /* never 0 */
	place->serial = engine->serial;
	place->seen_ns = model_now_ns();
	place->started_ns = place->seen_ns - fifo->held_ns;
	place->slow_ns = 0;
	place->paused_ns = place->wanted_ns = 0;
	place->in_trouble = false;
	place->begins = true;
	trouble_take(place);
	presence_ran(engine->adapter);
	if (vidsch_variant(engine) == FIXTURE_SUBMIT_GOOD)
		start_gpu(place, fifo);
}

static void to_the_end(struct host_engine *engine, struct host_fifo *fifo)
{
	TAILQ_REMOVE(&engine->fifos, fifo, link);
	TAILQ_INSERT_TAIL(&engine->fifos, fifo, link);
}

static void finish_job(struct host_place *place)
{
	struct host_fifo *fifo = place->running;
	const struct host_work *work = TAILQ_FIRST(&fifo->work);
	struct host_model *model = place->engine->adapter->model;

	if (vidsch_variant(place->engine) == FIXTURE_SUBMIT_GOOD &&
	    vidsch_engine_kind(place->engine) == GPU_ENGINE_SDMA) {
		enter(place);
		gpu_sdma_driver_ends(place->gpu);
		leave(place);
	}
	place->engine->busy_ns += model_now_ns() - place->started_ns;
	place->running = NULL;
	fifo->held_ns = 0;
	fifo->finished++;
	fifo->bytes += work->bytes;
	if (fifo->hwqueue)
		fence_set(model, fifo->hwqueue->sync.fence, work->progress);
	vidsch_fifo_pop(fifo);
	to_the_end(place->engine, fifo);
	model->sched_dirty = true;
}

/* SDMA engines make room for others between jobs alone. */
static bool is_preemptible(const struct host_place *place)
{
	return vidsch_variant(place->engine) == FIXTURE_SUBMIT_GOOD && !place->running->hwqueue &&
	       !place->in_trouble && vidsch_engine_kind(place->engine) == GPU_ENGINE_COMPUTE;
}

/* Whether the job there has made room for another. */
static bool preempt(struct host_place *place)
{
	struct host_fifo *fifo = place->running;
	bool wanted;

	if (!is_preemptible(place))
		return false;
	wanted = vidsch_wanted_now(place);
	gpu_engine_ask(place->gpu, wanted);
	if (!wanted)
		return false;
	fifo->suspended = gpu_engine_preempt(place->gpu);
	if (!fifo->suspended)
		return false;
	fifo->held_ns = model_now_ns() - place->started_ns;
	place->running = NULL;
	to_the_end(place->engine, fifo);
	return true;
}

/*
 * Who is to make room from the start is asked to after its first packet: asked before, it would not get on, and after many, how
 * busy the host is would decide how many kernels are in a turn.
 */
static uint32_t packet_budget(struct host_place *place)
{
	bool begins = place->begins;

	place->begins = false;
	return begins && is_preemptible(place) && vidsch_wanted_now(place) ? 1 : PACKET_BUDGET;
}

static enum gpu_outcome run_job(struct host_place *place)
{
	enum gpu_outcome outcome;

	if (place->in_trouble)
		return place->trouble.kind == HAPPENING_PAGE_FAULT ? GPU_STOPPED : GPU_WAITING;
	switch (vidsch_variant(place->engine)) {
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
	enter(place);
	outcome = gpu_engine_run(place->gpu, packet_budget(place));
	leave(place);
	return outcome;
}

static void stop_job(struct host_place *place)
{
	struct gpu_error simulated = {
		.kind = GPU_ERROR_PAGE_FAULT,
		.reason = GPU_FAULT_UNMAPPED,
		.access = GPU_FETCH,
		.va = TAILQ_FIRST(&place->running->work)->commands,
	};

	if (place->in_trouble) {
		simulated.access = place->trouble.read ? GPU_READ : GPU_WRITE;
		if (place->trouble.address_given)
			simulated.va = place->trouble.address;
	}
	if (place->in_trouble || vidsch_variant(place->engine) == FIXTURE_SUBMIT_FAULT)
		vidsch_stopped(place, &simulated, true);
	else
		vidsch_stopped(place, gpu_engine_error(place->gpu), false);
}

static void excuse(struct host_place *place, uint64_t ns)
{
	place->started_ns += ns;
	if (place->wanted_ns)
		place->wanted_ns += ns;
}

/*
 * Nothing executes while memory of its device is out of VRAM, or the engine is kept from working.  A job that is on it
 * already is preempted for that long, and is not late by it.
 */
static bool may_execute(struct host_place *place, uint64_t *due_ns)
{
	struct host_adapter *adapter = place->engine->adapter;

	if (trouble_lets_work(adapter, due_ns) && presence_ready(adapter, due_ns)) {
		if (place->running && place->paused_ns) {
			uint64_t away = model_now_ns() - place->paused_ns;

			excuse(place, away);
			place->seen_ns += away; /* nor is it time in which it was slow */
		}
		place->paused_ns = 0;
		return true;
	}
	if (place->running && !place->paused_ns)
		place->paused_ns = model_now_ns();
	return false;
}

/*
 * A large copy takes milliseconds on hardware and a thousand times that here: what SDMA does without waiting counts for
 * nothing. Its packets know no loop, so that it comes to an end.  Kernels are as slow, and may never end: of what they do
 * without waiting, that up to the end of a work-group counts for nothing, and nor does the time in which the host's cores
 * were busy with something else.
 */
static void excuse_slowness(struct host_place *place, bool waits)
{
	uint64_t now = model_now_ns(), passed = now - place->seen_ns, worked = 0;
	const struct gpu_counters *counters = place->gpu ? gpu_engine_counters(place->gpu) : NULL;

	place->seen_ns = now;
	if (counters) {
		worked = counters->kernel_ns - place->kernel_ns;
		place->kernel_ns = counters->kernel_ns;
	}
	if (vidsch_engine_kind(place->engine) == GPU_ENGINE_SDMA || worked > passed)
		worked = passed;
	if (!waits) {
		excuse(place, passed - worked);
		place->slow_ns += worked;
	}
	if (counters && vidsch_engine_kind(place->engine) != GPU_ENGINE_SDMA &&
	    counters->groups == place->groups)
		return;
	excuse(place, place->slow_ns);
	place->slow_ns = 0;
	place->groups = counters ? counters->groups : 0;
}

/* A piece of work of what runs there. Whether there may be more at once; else *due_ns is when to come again. */
static bool serve_running(struct host_place *place, uint64_t *due_ns)
{
	uint64_t timeout;

	switch (run_job(place)) {
	case GPU_DONE:
		finish_job(place);
		return true;
	case GPU_RUNNING:
		if (preempt(place))
			return true;
		excuse_slowness(place, false);
		vidsch_timed_out(place, &timeout);
		return true;
	case GPU_WAITING:
		if (preempt(place))
			return true;
		excuse_slowness(place, true);
		if (vidsch_timed_out(place, &timeout))
			return true;
		*due_ns = model_now_ns() + POLL_NS;
		if (place->in_trouble || vidsch_hangs(place->engine))
			*due_ns = timeout;
		return false;
	case GPU_STOPPED:
		break;
	}
	stop_job(place);
	return true;
}

static bool place_serve(struct host_place *place, struct host_fifo *next, uint64_t *due_ns)
{
	uint64_t due = UINT64_MAX;
	bool more = false;

	if ((place->running || next) && may_execute(place, &due)) {
		if (!place->running)
			start_job(place, next);
		more = serve_running(place, &due);
	}
	*due_ns = due < *due_ns ? due : *due_ns;
	return more;
}

/*
 * A piece of every job that has its turn.  Who was served goes to the end of the list, and a device that is lost takes
 * nothing out of it.
 */
static bool engine_serve(struct host_engine *engine, uint64_t *due_ns)
{
	struct host_fifo *fifo, *next;
	bool more;

	more = place_serve(&engine->place, engine->place.running ? NULL : vidsch_next_fifo(engine), due_ns);
	engine->round++;
	for (fifo = TAILQ_FIRST(&engine->fifos); fifo; fifo = next) {
		next = TAILQ_NEXT(fifo, link);
		if (!fifo->hwqueue || fifo->round == engine->round)
			continue;
		fifo->round = engine->round;
		more |= place_serve(&fifo->place, vidsch_has_job(fifo) ? fifo : NULL, due_ns);
	}
	return more;
}

/* ---- the thread ---- */

/*
 * A mutex goes to who comes first, and that is who has just let go of it: one of those who wait must have had it before.
 * Whoever waits without model_lock(), as after a condition, gets it in the pauses.
 */
static void let_others(struct host_model *model)
{
	const struct timespec pause = {0, PAUSE_NS};
	unsigned int given = atomic_load_explicit(&model->lock_given, memory_order_relaxed);
	uint64_t now = model_now_ns();
	bool rests = now - model->paused_ns >= PAUSE_EACH_NS;

	if (!rests && !atomic_load_explicit(&model->lock_wanted, memory_order_relaxed))
		return;
	pthread_mutex_unlock(&model->lock);
	for (uint32_t i = 0; atomic_load_explicit(&model->lock_wanted, memory_order_relaxed) &&
			     given == atomic_load_explicit(&model->lock_given, memory_order_relaxed);
	     i++) {
		/* they may be without a core, which this thread should not take from others for nothing */
		if (i < YIELDS)
			sched_yield();
		else
			nanosleep(&pause, NULL);
	}
	if (rests)
		nanosleep(&pause, NULL);
	pthread_mutex_lock(&model->lock);
	if (rests)
		model->paused_ns = model_now_ns();
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

	model_lock(model);
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

	model_lock(model);
	model->sched_stop = true;
	runs = model->sched_runs;
	model->sched_runs = false;
	pthread_cond_signal(&model->sched_work);
	pthread_mutex_unlock(&model->lock);
	if (runs)
		pthread_join(model->scheduler, NULL);
	for (uint32_t i = 0; i < model->adapter_count; i++)
		gpu_workers_stop(model->adapters[i].workers);
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
				jobs |= engine->place.running != NULL;
				TAILQ_FOREACH(fifo, &engine->fifos, link)
					jobs |= fifo->place.running || vidsch_has_job(fifo);
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
