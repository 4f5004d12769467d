// SPDX-License-Identifier: MIT
/*
 * Many dispatches, many queues and several threads at a time: every signal comes down exactly once, and everybody who sleeps on one wakes.
 *
 * usage: queue_stress ADAPTERS DISPATCHES
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <sched.h>

#include <cmocka.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define THREADS	       4u
#define SHARED_QUEUES  2u /* of all threads together */
#define MANY_QUEUES    64u
#define SLOTS	       1024u
#define FEW_SLOTS      64u
#define SLEEP_EVERY    512u  /* signals: one that its owner sleeps on */
#define RING_EVERY     16u   /* packets: at most, with a call for all of them */
#define SIGNAL_VALUE   1000u /* from which one is taken away */
#define PER_MANY_QUEUE 96u   /* a multiple of RING_EVERY */
#define CHAIN_STEPS    2000u
#define LIVES	       50u
#define LIFE_PACKETS   20u
#define PATIENCE_NS    20000000000ull

static const char *adapters;
static uint32_t dispatches;

struct bench {
	struct aql_bench aql;
	uint64_t plain;
	struct aql_queue queues[MANY_QUEUES];
	unsigned queue_count;
	struct aql_signal *signals;
};

static int setup(void **state, unsigned queues, uint32_t slots, uint32_t signals)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	aql_bench_open(&bench->aql, adapters);
	bench->plain = aql_bench_kernel(&bench->aql, AQL_KERNEL_PLAIN);
	bench->signals = aql_alloc(&bench->aql.machine, (uint64_t)signals * sizeof(struct aql_signal), false);
	bench->queue_count = queues;
	for (unsigned i = 0; i < queues; i++)
		aql_open(&bench->queues[i], &bench->aql.machine, bench->aql.node, slots);
	*state = bench;
	return 0;
}

static int setup_shared(void **state)
{
	return setup(state, SHARED_QUEUES, SLOTS, dispatches);
}

static int setup_many(void **state)
{
	return setup(state, MANY_QUEUES, FEW_SLOTS, MANY_QUEUES * PER_MANY_QUEUE);
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	for (unsigned i = 0; i < bench->queue_count; i++)
		aql_close(&bench->queues[i]);
	aql_free(bench->signals);
	aql_bench_close(&bench->aql);
	free(bench);
	return machine_teardown(state);
}

struct worker {
	struct bench *bench;
	pthread_t thread;
	unsigned number;
	uint32_t first, end; /* signals */
	HsaEvent *event;
	uint64_t woken; /* how often a wait came back */
};

static void sleep_until_down(struct worker *worker, struct aql_signal *signal)
{
	while (aql_value(signal) == SIGNAL_VALUE) {
		assert_status(hsaKmtWaitOnEvent(worker->event, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
		worker->woken++;
	}
}

/* Which queue a dispatch goes to: of two, with other producers; or one after the other. */
static struct aql_queue *queue_of(struct bench *bench, uint32_t index)
{
	return &bench->queues[index / RING_EVERY % bench->queue_count];
}

static void *dispatch_all(void *arg)
{
	struct worker *worker = arg;
	struct bench *bench = worker->bench;

	for (uint32_t i = worker->first; i < worker->end; i++) {
		struct aql_signal *signal = &bench->signals[i];
		struct aql_packet packet = aql_dispatch(bench->plain, signal);
		bool sleeps = i % SLEEP_EVERY == worker->number;

		signal->kind = 1;
		if (sleeps) {
			signal->event_id = worker->event->EventId;
			signal->mailbox = worker->event->EventData.HWData2;
		}
		aql_store(signal, SIGNAL_VALUE);
		aql_put(queue_of(bench, i), &packet);
		/* a slot of the ring is taken at once, so that what is published has to be rung before one waits for anything */
		if (sleeps || i % RING_EVERY == RING_EVERY - 1 || i == worker->end - 1)
			aql_ring(queue_of(bench, i));
		if (sleeps)
			sleep_until_down(worker, signal);
	}
	return NULL;
}

static uint64_t count_dispatches(void)
{
	struct dxgsim_gpu_counters counters;

	assert_true(dxgsim_gpu_counters(0, DXGSIM_ALL_NODES, &counters));
	return counters.dispatches;
}

static void all_dispatches_signal_once(struct bench *bench, uint32_t count)
{
	struct worker workers[THREADS] = {0};
	uint64_t before = count_dispatches(), ioctls = dxgsim_ioctl_count(), start = aql_now_ns(), woken = 0;
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.bench = bench,
			.number = i,
			.first = (uint32_t)((uint64_t)count * i / THREADS),
			.end = (uint32_t)((uint64_t)count * (i + 1) / THREADS),
		};
		assert_status(hsaKmtCreateEvent(&descriptor, false, false, &workers[i].event), SUCCESS);
		assert_int_equal(pthread_create(&workers[i].thread, NULL, dispatch_all, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		woken += workers[i].woken;
	}
	for (uint32_t i = 0; i < count; i++)
		aql_expect(&bench->signals[i], SIGNAL_VALUE - 1);
	print_message("%s: %u dispatches in %.2f s, %llu ioctls, %llu times woken\n", adapters, count,
		      (double)(aql_now_ns() - start) / 1e9,
		      (unsigned long long)(dxgsim_ioctl_count() - ioctls), (unsigned long long)woken);
	/* each kernel ran once, and none takes its signal down again */
	assert_int_equal(count_dispatches() - before, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(aql_value(&bench->signals[i]), SIGNAL_VALUE - 1);
	for (unsigned i = 0; i < bench->queue_count; i++) {
		assert_int_equal(*bench->queues[i].error, 0);
		assert_int_equal(aql_read_index(&bench->queues[i]), aql_write_index(&bench->queues[i]));
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_status(hsaKmtDestroyEvent(workers[i].event), SUCCESS);
}

static void threads_share_queues(void **state)
{
	all_dispatches_signal_once(*state, dispatches);
}

static void many_queues_are_used_at_once(void **state)
{
	struct bench *bench = *state;

	/* all have work when the first of it ends */
	for (unsigned i = 0; i < MANY_QUEUES; i++)
		assert_int_equal(aql_read_index(&bench->queues[i]), 0);
	all_dispatches_signal_once(bench, MANY_QUEUES * PER_MANY_QUEUE);
	for (unsigned i = 0; i < MANY_QUEUES; i++)
		assert_int_equal(aql_read_index(&bench->queues[i]), PER_MANY_QUEUE);
}

/* ---- dependencies ---- */

/* Each step waits for the step before, on the queue of another thread, which publishes it sooner or later. */
static void *send_steps(void *arg)
{
	struct worker *worker = arg;
	struct bench *bench = worker->bench;
	struct aql_queue *queue = &bench->queues[worker->number];

	for (uint32_t step = worker->number; step < CHAIN_STEPS; step += THREADS) {
		struct aql_signal *before = step ? &bench->signals[step - 1] : NULL;
		struct aql_packet barrier = aql_barrier(false, &before, before != NULL, NULL);
		struct aql_packet work = aql_dispatch(bench->plain, &bench->signals[step]);

		aql_send(queue, &barrier);
		aql_put(queue, &work);
		/* together with the next barrier, or at once */
		if (step % 3 || step + THREADS >= CHAIN_STEPS)
			aql_ring(queue);
	}
	return NULL;
}

static int setup_chain(void **state)
{
	struct bench *bench;
	int ret = setup(state, THREADS, FEW_SLOTS, CHAIN_STEPS);

	bench = *state;
	for (uint32_t i = 0; i < CHAIN_STEPS; i++) {
		bench->signals[i].kind = 1;
		aql_store(&bench->signals[i], 1);
	}
	return ret;
}

static void a_chain_through_all_queues_comes_to_its_end(void **state)
{
	struct bench *bench = *state;
	struct worker workers[THREADS];
	uint64_t start = aql_now_ns();

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.bench = bench, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, send_steps, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (uint32_t i = 0; i < CHAIN_STEPS; i++)
		aql_expect(&bench->signals[i], 0);
	print_message("%s: a chain of %u steps in %.2f s\n", adapters, CHAIN_STEPS,
		      (double)(aql_now_ns() - start) / 1e9);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(*bench->queues[i].error, 0);
}

/* ---- lives ---- */

/* Queues end amid their work, with barriers that are met or not, beside others that begin. */
static void *open_and_close(void *arg)
{
	struct worker *worker = arg;
	struct bench *bench = worker->bench;
	struct aql_signal *never = &bench->signals[THREADS * LIVES];

	for (unsigned life = 0; life < LIVES; life++) {
		struct aql_signal *mine = &bench->signals[worker->number * LIVES + life];
		struct aql_packet work = aql_dispatch(bench->plain, mine);
		struct aql_packet barrier = aql_barrier(false, &never, 1, NULL);
		struct aql_queue queue;

		aql_open(&queue, &bench->aql.machine, bench->aql.node, FEW_SLOTS);
		queue.store_doorbell = life % 2;
		for (unsigned i = 0; i < LIFE_PACKETS; i++)
			aql_send(&queue, &work);
		if (life % 3)
			aql_expect(mine, 0);
		if (life % 4 == 3)
			aql_send(&queue, &barrier);
		aql_close(&queue);
	}
	return NULL;
}

static int setup_lives(void **state)
{
	struct bench *bench;
	int ret = setup(state, 1, FEW_SLOTS, THREADS * LIVES + 1);

	bench = *state;
	for (uint32_t i = 0; i <= THREADS * LIVES; i++) {
		bench->signals[i].kind = 1;
		aql_store(&bench->signals[i], LIFE_PACKETS);
	}
	return ret;
}

static void queues_begin_and_end_beside_each_other(void **state)
{
	struct bench *bench = *state;
	size_t contexts = dxgsim_live_objects("context");
	struct worker workers[THREADS];
	uint64_t end;

	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.bench = bench, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, open_and_close, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	end = aql_now_ns() + PATIENCE_NS;
	while (dxgsim_live_objects("context") > contexts && aql_now_ns() < end)
		sched_yield();
	assert_int_equal(dxgsim_live_objects("context"), contexts);
	/* what was handed over before its queue ended has been done, and nothing twice */
	for (uint32_t i = 0; i < THREADS * LIVES; i++)
		assert_in_range(aql_value(&bench->signals[i]), 0, LIFE_PACKETS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads_share_queues, setup_shared, teardown),
		cmocka_unit_test_setup_teardown(many_queues_are_used_at_once, setup_many, teardown),
		cmocka_unit_test_setup_teardown(a_chain_through_all_queues_comes_to_its_end, setup_chain,
						teardown),
		cmocka_unit_test_setup_teardown(queues_begin_and_end_beside_each_other, setup_lives,
						teardown),
	};

	if (argc == 3)
		dispatches = (uint32_t)strtoul(argv[2], NULL, 10);
	if (!dispatches) {
		fprintf(stderr, "usage: %s ADAPTERS DISPATCHES\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
