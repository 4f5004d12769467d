// SPDX-License-Identifier: MIT
/*
 * When things happen on queues: who is woken when, and what waits for what.  No time limit decides but generous ones: what has to come first
 * holds back the other by words in memory.
 *
 * usage: queue_order ADAPTERS [slow]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "queue_bench.h"
#include "thread_time.h"

#define TRIES 5u

static int setup_20_ms(void **state)
{
	*state = bench_open(",dispatch-us=20000");
	return 0;
}

static int setup_50_us(void **state)
{
	*state = bench_open(",dispatch-us=50");
	return 0;
}

static int setup_700_ms(void **state)
{
	*state = bench_open(",dispatch-us=700000");
	return 0;
}

/* ---- who is woken when ---- */

/* True: the second kernel was not over yet when the one who slept on the first went on. */
static bool wakes_early(void)
{
	struct bench *bench = bench_open(",dispatch-us=80000");
	HsaEvent *event;
	bool early;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct aql_signal *signal = bench_arm(bench, i, 1);
		struct aql_packet packet = aql_dispatch(bench->plain, signal);

		if (!i)
			event = aql_add_event(signal);
		aql_put(&bench->queue, &packet);
	}
	aql_ring(&bench->queue);
	bench_sleep_until_zero(&bench->aql.signals[0], event);
	early = aql_value(&bench->aql.signals[1]) == 1;
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
	/* nobody waits for the other kernels */
	aql_close(&bench->queue);
	aql_bench_close(&bench->aql);
	free(bench);
	return early;
}

/* Where other programs let this one starve for 80 ms nothing is proven: then once more. */
static void a_sleeper_on_the_first_of_many_wakes_before_the_second_ends(void **state)
{
	unsigned tries = 1;

	(void)state;
	while (!wakes_early()) {
		assert_int_equal(machine_teardown(state), 0);
		if (tries++ == TRIES)
			fail_msg("the sleeper woke after the second kernel %u times", TRIES);
	}
}

static void kernels_that_nobody_waits_for_go_through_a_small_ring(void **state)
{
	enum { KERNELS = 10000, SMALL = 64, BURST = 16 };
	struct bench *bench = *state;
	struct aql_packet packet = aql_dispatch(bench->plain, NULL);
	struct dxgsim_gpu_counters before, now;
	struct aql_queue queue;
	uint64_t end;

	/* beside each other, as far as the GPU can */
	packet.header = aql_header(2, false, AQL_AGENT, AQL_AGENT);
	aql_open(&queue, &bench->aql.machine, bench->aql.node, SMALL);
	assert_true(dxgsim_gpu_counters(0, DXGSIM_ALL_NODES, &before));
	/* no completion signals, no events, and nobody calls but to publish: room comes by itself */
	for (unsigned i = 0; i < KERNELS; i++) {
		aql_put(&queue, &packet);
		if (i % BURST == BURST - 1)
			aql_ring(&queue);
	}
	end = aql_now_ns() + PATIENCE_NS;
	do
		assert_true(dxgsim_gpu_counters(0, DXGSIM_ALL_NODES, &now));
	while (now.dispatches - before.dispatches < KERNELS && aql_now_ns() < end);
	assert_int_equal(now.dispatches - before.dispatches, KERNELS);
	assert_int_equal(aql_read_index(&queue), KERNELS);
	bench_assert_healthy(&queue);
	aql_close(&queue);
}

struct sleeper {
	struct aql_signal *signal;
	HsaEvent *event;
	uint64_t woke_ns;
	pthread_t thread;
};

static void *sleeper_main(void *arg)
{
	struct sleeper *sleeper = arg;

	bench_sleep_until_zero(sleeper->signal, sleeper->event);
	sleeper->woke_ns = aql_now_ns();
	return NULL;
}

static void start_sleeper(struct sleeper *sleeper)
{
	assert_int_equal(pthread_create(&sleeper->thread, NULL, sleeper_main, sleeper), 0);
	bench_sleep_ms(2);
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * As a kernel tells: it stores to a signal and then the event's id to its mailbox, and runs on.  What it would send is an interrupt that
 * does not arrive.
 */
static void a_running_kernel_wakes_who_sleeps_on_its_signal(void **state)
{
	enum { ROUNDS = 20 };
	struct bench *bench = *state;
	uint64_t latencies[ROUNDS];
	HsaEvent *event = aql_add_event(bench_arm(bench, 0, 1));
	uint32_t *gates = aql_alloc(&bench->aql.machine, 4096, false);

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct aql_commands commands = aql_commands_alloc(&bench->aql.machine, 128);
		struct aql_signal *signal = bench_arm(bench, 0, 1), *over = bench_arm(bench, 1, 1);
		struct sleeper sleeper = {.signal = signal, .event = event};
		struct aql_packet packet;
		uint64_t told_ns;

		signal->event_id = event->EventId;
		signal->mailbox = event->EventData.HWData2;
		__atomic_store_n(&gates[0], 0, __ATOMIC_RELEASE);
		__atomic_store_n(&gates[16], 0, __ATOMIC_RELEASE);
		aql_commands_wait(&commands, &gates[0], 1);
		if (round % 2) {
			aql_commands_copy(&commands, &signal->value, 0);
		} else {
			aql_commands_write(&commands, &signal->value, 0);
			aql_commands_write(&commands, (char *)&signal->value + 4, 0);
		}
		aql_commands_write_back(&commands, bench->aql.gfx_major);
		aql_commands_write(&commands, (const void *)(uintptr_t)signal->mailbox, event->EventId);
		aql_commands_write_back(&commands, bench->aql.gfx_major);
		aql_commands_wait(&commands, &gates[16], 1);
		packet = aql_vendor(&commands, over);
		/* asleep before the kernel runs, and while it does */
		if (round / 2 % 2)
			start_sleeper(&sleeper);
		aql_send(&bench->queue, &packet);
		if (!(round / 2 % 2))
			start_sleeper(&sleeper);
		told_ns = aql_now_ns();
		__atomic_store_n(&gates[0], 1, __ATOMIC_RELEASE);
		pthread_join(sleeper.thread, NULL);
		latencies[round] = sleeper.woke_ns - told_ns;
		/* it runs on all the time */
		assert_int_equal(aql_value(over), 1);
		__atomic_store_n(&gates[16], 1, __ATOMIC_RELEASE);
		aql_expect(over, 0);
		aql_commands_free(&commands);
	}
	qsort(latencies, ROUNDS, sizeof(latencies[0]), compare_u64);
	print_message("%s: a kernel's signal wakes its sleeper after %.2f ms, at worst after %.2f ms\n",
		      bench_adapters, (double)latencies[ROUNDS / 2] / 1e6,
		      (double)latencies[ROUNDS - 1] / 1e6);
	/* a twentieth of what is meant, so that a busy machine does not matter */
	assert_in_range(latencies[ROUNDS / 2], 0, 100 * NS_PER_MS);
	bench_assert_healthy(&bench->queue);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
	aql_free(gates);
}

/* ---- what waits for what ---- */

static void a_consumer_may_be_published_before_its_producers(void **state)
{
	enum { PRODUCERS = 5 };
	struct bench *bench = *state;
	struct aql_queue producers[PRODUCERS];
	struct aql_signal *made[PRODUCERS], *all = bench_arm(bench, 10, 1), *any = bench_arm(bench, 11, 1);
	struct aql_packet barrier;

	for (unsigned i = 0; i < PRODUCERS; i++) {
		bench_open_queue(bench, &producers[i]);
		made[i] = bench_arm(bench, i, 1);
	}
	barrier = aql_barrier(true, made, PRODUCERS, any);
	aql_send(&bench->queue, &barrier);
	barrier = aql_barrier(false, made, PRODUCERS, all);
	aql_send(&bench->queue, &barrier);
	assert_false(aql_wait(any, 0, NOT_YET_MS));
	for (unsigned i = PRODUCERS; i-- > 0;) {
		assert_int_equal(aql_value(all), 1);
		bench_send(bench, &producers[i], made[i]);
		aql_expect(made[i], 0);
		aql_expect(any, 0);
	}
	aql_expect(all, 0);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		bench_assert_healthy(&producers[i]);
		aql_close(&producers[i]);
	}
	bench_assert_healthy(&bench->queue);
}

/* One of the awaited signals comes from work that is known, the other from what is not even published. */
static void a_consumer_waits_for_the_known_and_the_unknown(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *known = bench_arm(bench, 0, 1), *unknown = bench_arm(bench, 1, 1),
			  *done = bench_arm(bench, 2, 1);
	struct aql_signal *both[] = {known, unknown};
	struct aql_packet barrier = aql_barrier(false, both, 2, done);
	struct hold hold = hold_alloc(bench);
	struct aql_queue first, second;

	bench_open_queue(bench, &first);
	bench_open_queue(bench, &second);
	hold_send(&hold, &first, known);
	aql_send(&bench->queue, &barrier);
	bench_send(bench, &second, unknown);
	hold_let_go(&hold);
	aql_expect(done, 0);
	aql_close(&first);
	aql_close(&second);
	hold_free(&hold);
}

/* Each queue in turn needs what the other does next; all is published in the order that is worst. */
static void queues_that_need_each_other_in_turn_come_to_their_ends(void **state)
{
	enum { STEPS = 40 };
	struct bench *bench = *state;
	struct aql_signal *start = bench_arm(bench, STEPS, 1);
	struct aql_queue other;

	bench_open_queue(bench, &other);
	for (unsigned i = 0; i < STEPS; i++)
		bench_arm(bench, i, 1);
	for (unsigned side = 0; side < 2; side++)
		for (unsigned step = side; step < STEPS; step += 2) {
			struct aql_queue *queue = side ? &bench->queue : &other;

			bench_send_barrier(queue, step ? &bench->aql.signals[step - 1] : start, NULL);
			bench_send(bench, queue, &bench->aql.signals[step]);
		}
	assert_false(aql_wait(&bench->aql.signals[0], 0, NOT_YET_MS));
	aql_store(start, 0);
	for (unsigned i = 0; i < STEPS; i++)
		aql_expect(&bench->aql.signals[i], 0);
	bench_assert_healthy(&other);
	bench_assert_healthy(&bench->queue);
	aql_close(&other);
}

/*
 * A kernel that runs on behind the one whose signal another queue waits for, and ends by what that does: the other must not wait for
 * the end of the batch.
 */
static void a_persistent_consumer_in_the_producers_batch_is_served(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *made = bench_arm(bench, 0, 1), *served = bench_arm(bench, 1, 1),
			  *answered = bench_arm(bench, 2, 1);
	struct hold start, persistent;
	struct aql_commands answer;
	struct aql_packet packet;
	struct aql_queue other;

	if (!bench_hardware)
		skip(); /* its engine runs one after the other */
	start = hold_alloc(bench);
	persistent = hold_alloc(bench);
	bench_open_queue(bench, &other);
	packet = aql_vendor(&start.commands, NULL);
	aql_put(&bench->queue, &packet);
	packet = aql_dispatch(bench->plain, made);
	aql_put(&bench->queue, &packet);
	packet = aql_vendor(&persistent.commands, served);
	aql_put(&bench->queue, &packet);
	aql_ring(&bench->queue);
	bench_send_barrier(&other, made, NULL);
	answer = aql_commands_alloc(&bench->aql.machine, 64);
	aql_commands_write(&answer, persistent.go, 1);
	packet = aql_vendor(&answer, answered);
	aql_send(&other, &packet);
	assert_int_equal(aql_value(made), 1);
	hold_let_go(&start);
	aql_expect(answered, 0);
	aql_expect(served, 0);
	aql_close(&other);
	aql_commands_free(&answer);
	hold_free(&persistent);
	hold_free(&start);
}

/* ---- what takes its time ---- */

/* None of them takes the time that is allowed, but two or three together would. */
static void long_kernels_are_no_timeout(void **state)
{
	enum { KERNELS = 4 };
	struct bench *bench = *state;
	struct aql_signal *all = bench_arm(bench, 0, KERNELS);

	for (unsigned i = 0; i < KERNELS; i++) {
		struct aql_packet packet = aql_dispatch(bench->plain, all);

		aql_put(&bench->queue, &packet);
	}
	aql_ring(&bench->queue);
	aql_expect(all, 0);
	bench_assert_healthy(&bench->queue);
}

/* Nor does it keep other queues from the engine. */
static void a_long_burst_is_no_timeout(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *last = bench_arm(bench, 0, 1), *beside = bench_arm(bench, 1, 1);
	struct aql_queue other;

	bench_open_queue(bench, &other);
	for (unsigned i = 0; i < SLOTS; i++) {
		struct aql_packet packet = aql_dispatch(bench->plain, i == SLOTS - 1 ? last : NULL);

		aql_put(&bench->queue, &packet);
	}
	aql_ring(&bench->queue);
	bench_send(bench, &other, beside);
	aql_expect(beside, 0);
	assert_int_equal(aql_value(last), 1);
	aql_expect(last, 0);
	bench_assert_healthy(&bench->queue);
	aql_close(&other);
}

static void a_signal_that_comes_late_costs_nothing(void **state)
{
	enum { WAIT_S = 10, SETTLE_S = 2, MOST_LOOKS = 150 /* in a second */ };
	struct bench *bench = *state;
	struct aql_signal *silent = bench_arm(bench, 0, 1), *told = bench_arm(bench, 1, 1),
			  *first = bench_arm(bench, 2, 1), *second = bench_arm(bench, 3, 1);
	HsaEvent *event = aql_add_event(told);
	struct thread_time before, settled, after;
	struct aql_queue other;

	bench_open_queue(bench, &other);
	bench_send_barrier(&bench->queue, silent, NULL);
	bench_send(bench, &bench->queue, first);
	bench_send_barrier(&other, told, NULL);
	bench_send(bench, &other, second);
	before = thread_time("hsakmt-");
	assert_int_not_equal(before.threads, 0);
	bench_sleep_ms(SETTLE_S * 1000);
	settled = thread_time("hsakmt-");
	bench_sleep_ms((WAIT_S - SETTLE_S) * 1000);
	after = thread_time("hsakmt-");
	print_message("%s: waiting for %d s takes %.2f ms of a processor, %llu times awake\n", bench_adapters,
		      WAIT_S, (double)(after.ns - before.ns) / 1e6,
		      (unsigned long long)(after.sleeps - before.sleeps));
	/* what being awake once costs is the machine's affair: how often is the library's */
	assert_in_range(after.sleeps - settled.sleeps, 0, (WAIT_S - SETTLE_S) * MOST_LOOKS);
	assert_in_range(after.ns - before.ns, 0, WAIT_S * NS_PER_S / 20);
	assert_int_equal(aql_value(first), 1);
	assert_int_equal(aql_value(second), 1);
	aql_store(silent, 0);
	aql_store(told, 0);
	assert_status(hsaKmtSetEvent(event), SUCCESS);
	aql_expect(first, 0);
	aql_expect(second, 0);
	bench_assert_healthy(&bench->queue);
	bench_assert_healthy(&other);
	aql_close(&other);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_sleeper_on_the_first_of_many_wakes_before_the_second_ends,
					  machine_teardown),
		cmocka_unit_test_setup_teardown(kernels_that_nobody_waits_for_go_through_a_small_ring,
						setup_50_us, bench_teardown),
		PLAIN(a_running_kernel_wakes_who_sleeps_on_its_signal),
		PLAIN(a_consumer_may_be_published_before_its_producers),
		PLAIN(a_consumer_waits_for_the_known_and_the_unknown),
		PLAIN(queues_that_need_each_other_in_turn_come_to_their_ends),
		PLAIN(a_persistent_consumer_in_the_producers_batch_is_served),
	};
	const struct CMUnitTest slow[] = {
		cmocka_unit_test_setup_teardown(a_long_burst_is_no_timeout, setup_20_ms, bench_teardown),
		cmocka_unit_test_setup_teardown(long_kernels_are_no_timeout, setup_700_ms, bench_teardown),
		PLAIN(a_signal_that_comes_late_costs_nothing),
	};

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "slow"))) {
		fprintf(stderr, "usage: %s ADAPTERS [slow]\n", argv[0]);
		return 2;
	}
	bench_use(argv[1]);
	return argc == 3 ? cmocka_run_group_tests(slow, NULL, NULL)
			 : cmocka_run_group_tests(tests, NULL, NULL);
}
