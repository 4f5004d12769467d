// SPDX-License-Identifier: MIT
/*
 * A process with eight idle queues, of which half are rung by call and half by storing, hardly runs: its library's threads use less than a
 * thousandth of a processor.  Counted is processor time, not time: other programs do not matter.
 *
 * usage: queue_idle watch|look ADAPTERS: how stored doorbells are found
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "aql_user.h"
#include "thread_time.h"

#define QUEUES	 8u
#define SLOTS	 64u
#define SETTLE_S 1 /* until looks have backed off as far as they do */
#define IDLE_S	 10
#define MOST_NS	 (IDLE_S * 1000000000ull / 1000)

static const char *adapters;

static uint64_t process_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void ring_all(const struct aql_bench *bench, struct aql_queue *queues)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		struct aql_signal *done = aql_bench_arm(bench, i, 1);
		struct aql_packet packet = aql_dispatch(aql_bench_kernel(bench, AQL_KERNEL_PLAIN), done);

		aql_send(&queues[i], &packet);
	}
	for (unsigned i = 0; i < QUEUES; i++)
		aql_expect(&bench->signals[i], 0);
}

static void idle_queues_cost_nothing(void **state)
{
	const struct timespec settle = {.tv_sec = SETTLE_S}, idle = {.tv_sec = IDLE_S};
	struct thread_time before, after;
	struct aql_queue queues[QUEUES];
	struct aql_bench bench;
	uint64_t whole, used;

	(void)state;
	aql_bench_open(&bench, adapters);
	for (unsigned i = 0; i < QUEUES; i++) {
		aql_open(&queues[i], &bench.machine, bench.node, SLOTS);
		queues[i].store_doorbell = i % 2;
	}
	ring_all(&bench, queues);
	nanosleep(&settle, NULL);
	before = thread_time("hsakmt-");
	whole = process_ns();
	nanosleep(&idle, NULL);
	after = thread_time("hsakmt-");
	whole = process_ns() - whole;
	used = after.ns - before.ns;
	print_message("%u threads of the library: %.3f ms in %d s, %llu times awake; the process: %.3f ms\n",
		      after.threads, (double)used / 1e6, IDLE_S,
		      (unsigned long long)(after.sleeps - before.sleeps), (double)whole / 1e6);
	/* both that there are, and are told by their names */
	assert_int_equal(before.threads, 2);
	assert_int_equal(after.threads, 2);
	assert_in_range(used, 0, MOST_NS);
	ring_all(&bench, queues);
	for (unsigned i = 0; i < QUEUES; i++)
		aql_close(&queues[i]);
	aql_bench_close(&bench);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(idle_queues_cost_nothing, machine_teardown),
	};

	if (argc != 3 || (strcmp(argv[1], "watch") && strcmp(argv[1], "look"))) {
		fprintf(stderr, "usage: %s watch|look ADAPTERS\n", argv[0]);
		return 2;
	}
	if (!strcmp(argv[1], "look"))
		setenv("HSAKMT_DXG_DOORBELL", "look", 1);
	adapters = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
