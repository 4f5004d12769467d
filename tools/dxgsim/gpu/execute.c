// SPDX-License-Identifier: MIT
/*
 * A slice: every compute unit that has work-groups, or may get some, goes on with them in turn on a thread of its own,
 * until nothing is left to do or the time is over.  In each of its turns a unit takes any of the kernels, and of that the
 * oldest group that can go on; now and then another, for what the oldest waits for without saying so may be up to one that
 * has not had its turn yet.
 */
#include "dxgsim/gpu/execute.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "dxgsim/gpu/kernel.h"
#include "dxgsim/gpu/kernel_fault.h"
#include "dxgsim/gpu/state.h"
#include "dxgsim/gpu/unit.h"
#include "dxgsim/gpu/workers.h"

#define SLICE_NS     1000000U
#define TURN	     2048U /* instructions */
#define LEAST	     8192U /* ... that a unit may execute whatever the time is */
#define GROUP_COST   4U	   /* in instructions, of making one */
#define SELDOM(dice) (((dice)&7) == 0)

struct slice {
	struct gpu_engine *engine;
	uint32_t run_count;
	struct gpu_run *runs[GPU_KERNELS];
	uint32_t indices[GPU_KERNELS]; /* of these, in the pipeline */
	uint32_t unit_count;
	uint32_t units[GPU_WORKERS];
	uint64_t chance[GPU_WORKERS];
	uint64_t busy_ns[GPU_WORKERS][GPU_KERNELS];
	uint64_t spent_ns[GPU_WORKERS];
	pthread_mutex_t lock; /* what the runs have in common, and the counters */
	atomic_bool moved, over, stop;
	/* who stopped it */
	bool no_memory;
	uint32_t failed;
	struct gpu_unit *unit;
	struct isa_fault fault;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t host_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static uint32_t roll(uint64_t *chance)
{
	/* xorshift64* */
	*chance ^= *chance >> 12;
	*chance ^= *chance << 25;
	*chance ^= *chance >> 27;
	return (uint32_t)(*chance * 0x2545f4914f6cdd1dULL >> 32);
}

/* ---- whose turn it is ---- */

/* Kernels before it have the same memory as scratch, with other places. */
static bool must_not_start(const struct slice *slice, const struct gpu_run *run)
{
	for (uint32_t i = 0; run->scratch && i < slice->run_count; i++) {
		const struct gpu_run *other = slice->runs[i];

		if (other->number < run->number && other->scratch && other->scratch != run->scratch &&
		    gpu_scratch_overlaps(other->scratch, run->scratch))
			return true;
	}
	return false;
}

static void stop(struct slice *slice, uint32_t which, struct gpu_unit *unit, const struct isa_fault *fault)
{
	pthread_mutex_lock(&slice->lock);
	if (!atomic_load(&slice->stop)) {
		slice->failed = slice->indices[which];
		slice->unit = unit;
		slice->no_memory = !fault;
		if (fault)
			slice->fault = *fault;
		atomic_store(&slice->stop, true);
	}
	pthread_mutex_unlock(&slice->lock);
}

static struct gpu_resident *start_group(struct slice *slice, uint32_t which, uint32_t unit)
{
	struct gpu_run *run = slice->runs[which];
	struct gpu_resident *resident;
	struct gpu_claim claim;
	int rc;

	if (must_not_start(slice, run))
		return NULL;
	pthread_mutex_lock(&slice->lock);
	rc = gpu_run_claim(run, &slice->engine->now.pipeline.taken, &claim);
	pthread_mutex_unlock(&slice->lock);
	if (rc)
		return NULL;
	resident = gpu_run_begin(run, unit, &claim);
	if (!resident)
		stop(slice, which, NULL, NULL);
	return resident;
}

/* The oldest that does not wait. */
static struct gpu_resident *first_ready(const struct gpu_residents *residents)
{
	struct gpu_resident *resident;

	TAILQ_FOREACH(resident, residents, link) {
		if (!resident->waits)
			return resident;
	}
	return NULL;
}

/* One that waits and was not looked at in this slice, or else any. */
static struct gpu_resident *another(const struct gpu_residents *residents, uint32_t slice, uint32_t dice)
{
	struct gpu_resident *resident, *found = NULL;
	uint32_t ready = 0;

	TAILQ_FOREACH(resident, residents, link) {
		if (resident->waits && resident->looked != slice)
			return resident;
		/* each of them as likely as the others */
		if (!resident->waits && dice % ++ready == 0)
			found = resident;
	}
	return found;
}

static struct gpu_resident *pick_group(struct slice *slice, uint32_t which, uint32_t unit, uint32_t dice)
{
	const struct gpu_residents *residents = &slice->runs[which]->residents[unit];
	struct gpu_resident *ready = first_ready(residents);
	struct gpu_resident *other;

	if (ready && !SELDOM(dice))
		return ready;
	other = !ready || dice & 8 ? start_group(slice, which, unit) : NULL;
	return other ? other : another(residents, slice->engine->slices, dice >> 4);
}

static struct gpu_resident *pick(struct slice *slice, uint32_t number, uint32_t *which)
{
	uint32_t dice = roll(&slice->chance[number]);
	uint32_t first = roll(&slice->chance[number]) % slice->run_count;
	struct gpu_resident *resident;

	for (uint32_t i = 0; i < slice->run_count; i++) {
		*which = (first + i) % slice->run_count;
		resident = pick_group(slice, *which, slice->units[number], dice);
		if (resident)
			return resident;
	}
	return NULL;
}

/* ---- turns ---- */

static void end_group(struct slice *slice, struct gpu_run *run, uint32_t unit, struct gpu_resident *resident)
{
	pthread_mutex_lock(&slice->lock);
	gpu_run_end(run, &slice->engine->now.pipeline.taken, unit, resident);
	slice->engine->counters.groups++;
	pthread_mutex_unlock(&slice->lock);
	gpu_resident_destroy(resident);
}

/* How many instructions it took. */
static uint64_t turn(struct slice *slice, uint32_t which, uint32_t unit, struct gpu_resident *resident)
{
	struct gpu_run *run = slice->runs[which];
	struct gpu_unit *where = slice->engine->units[unit];
	const struct isa_counts *counts = isa_group_counts(resident->group);
	uint64_t before = counts->instructions;
	enum isa_outcome outcome = isa_group_run(resident->group, &where->isa, TURN);
	uint64_t instructions = counts->instructions - before + GROUP_COST;

	resident->waits = outcome == ISA_WAITING;
	resident->looked = slice->engine->slices;
	if (outcome != ISA_WAITING)
		atomic_store_explicit(&slice->moved, true, memory_order_relaxed);
	if (outcome == ISA_DONE)
		end_group(slice, run, unit, resident);
	else if (outcome == ISA_STOPPED)
		stop(slice, which, where, isa_group_fault(resident->group));
	return instructions;
}

static void take_turns(struct slice *slice, uint32_t number)
{
	struct gpu_resident *resident;
	uint64_t done = 0, now = host_ns(), before;
	uint32_t which;

	while (!atomic_load_explicit(&slice->stop, memory_order_relaxed)) {
		resident = pick(slice, number, &which);
		if (!resident)
			return;
		before = now;
		done += turn(slice, which, slice->units[number], resident);
		now = host_ns();
		slice->busy_ns[number][which] += now - before;
		if (done < LEAST || now < slice->engine->slice_end_ns)
			continue;
		atomic_store_explicit(&slice->over, true, memory_order_relaxed);
		return;
	}
}

/* A core's own time, which others' programs have no part in, is for each kernel what its turns took of it. */
static void work(void *arg, uint32_t number)
{
	uint64_t begin = clock_ns(CLOCK_THREAD_CPUTIME_ID), spent, all = 0;
	struct slice *slice = arg;

	take_turns(slice, number);
	spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
	slice->spent_ns[number] = spent;
	for (uint32_t i = 0; i < slice->run_count; i++)
		all += slice->busy_ns[number][i];
	for (uint32_t i = 0; all && i < slice->run_count; i++)
		slice->busy_ns[number][i] =
			(uint64_t)((double)spent * (double)slice->busy_ns[number][i] / (double)all);
}

/* ---- slices ---- */

void gpu_execute_begin(struct gpu_engine *engine)
{
	engine->slice_end_ns = 0;
	engine->slice_over = false;
}

/* Kernels that have not ended; how many groups might start if there were room. */
static uint64_t collect(struct slice *slice)
{
	const struct gpu_pipeline *pipeline = &slice->engine->now.pipeline;
	uint64_t startable = 0;

	for (uint32_t i = 0; i < pipeline->kernel_count; i++) {
		struct gpu_run *run = pipeline->kernels[i].run;

		if (!run || gpu_run_ended(run))
			continue;
		if (run->total - run->next > GPU_WORKERS - startable)
			startable = GPU_WORKERS;
		else
			startable += run->total - run->next;
		slice->indices[slice->run_count] = i;
		slice->runs[slice->run_count++] = run;
	}
	return startable;
}

static bool has_groups(const struct slice *slice, uint32_t unit)
{
	for (uint32_t i = 0; i < slice->run_count; i++)
		if (!TAILQ_EMPTY(&slice->runs[i]->residents[unit]))
			return true;
	return false;
}

/* Those with groups, and as many more as groups may start; which, is up to chance. */
static bool choose_units(struct slice *slice, uint64_t startable)
{
	struct gpu_engine *engine = slice->engine;
	uint32_t count = gpu_workers_count(engine->config.workers);
	uint32_t first = count > 1 ? gpu_chance(engine) % count : 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t unit = (first + i) % count;

		if (!has_groups(slice, unit) && !startable)
			continue;
		if (!has_groups(slice, unit))
			startable--;
		if (!gpu_engine_unit(engine, unit))
			return false;
		gpu_unit_enter(engine->units[unit], engine->memory.tables.space);
		slice->chance[slice->unit_count] = (uint64_t)gpu_chance(engine) << 1 | 1;
		slice->units[slice->unit_count++] = unit;
	}
	return true;
}

static enum gpu_slice stopped(struct slice *slice, uint32_t *failed)
{
	struct gpu_engine *engine = slice->engine;

	*failed = slice->failed;
	if (slice->no_memory)
		gpu_refuse(engine, GPU_ERROR_UNSUPPORTED, "no memory for a work-group");
	else
		gpu_kernel_fault(engine, &slice->fault, &slice->unit->memory.fault);
	return GPU_SLICE_STOPPED;
}

enum gpu_slice gpu_execute(struct gpu_engine *engine, uint32_t *failed)
{
	struct slice slice = {.engine = engine, .lock = PTHREAD_MUTEX_INITIALIZER};
	uint64_t startable = collect(&slice), longest = 0;

	if (!slice.run_count)
		return GPU_SLICE_IDLE;
	if (!engine->slice_end_ns)
		engine->slice_end_ns = host_ns() + SLICE_NS;
	engine->slices++;
	slice.failed = slice.indices[0];
	if (!choose_units(&slice, startable)) {
		slice.no_memory = true;
		return stopped(&slice, failed);
	}
	gpu_workers_run(engine->config.workers, slice.unit_count, work, &slice);
	for (uint32_t i = 0; i < slice.unit_count; i++)
		longest = slice.spent_ns[i] > longest ? slice.spent_ns[i] : longest;
	engine->counters.kernel_ns += longest;
	for (uint32_t i = 0; i < slice.unit_count; i++)
		for (uint32_t k = 0; k < slice.run_count; k++)
			slice.runs[k]->busy_ns += slice.busy_ns[i][k];
	if (atomic_load(&slice.stop))
		return stopped(&slice, failed);
	engine->slice_over = atomic_load(&slice.over);
	if (engine->slice_over)
		return GPU_SLICE_OVER;
	return atomic_load(&slice.moved) ? GPU_SLICE_MOVED : GPU_SLICE_IDLE;
}
