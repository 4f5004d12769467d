// SPDX-License-Identifier: MIT
/*
 * What queues cost, as numbers that do not depend on the machine: calls of the host per batch of packets, per event and per wait, and bytes
 * of commands per dispatch.
 *
 * usage: queue_counts ADAPTERS; its text says what is expected: "hws" is hardware queues, "pending=always" memory that is not
 * mapped at once, "atomics=off" signals that the CPU brings down, so that the library has to be told once per submission.  Where the engine
 * has Windows' GPU timeout batches are cut by how long kernels took on a machine that is perhaps busy: for machines without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define SLOTS	     512u
#define BATCH	     256u
#define PLAIN_BYTES  170u /* of a repeated dispatch ... */
#define SIGNAL_BYTES 210u /* ... and of one with a completion signal */

static const char *adapters;
static bool hardware;
static bool slow_paging;
static bool told_of_ends;

struct counts {
	uint64_t all;
	uint64_t submits;
	uint64_t signals; /* that tell the end of software queues' submissions */
	uint64_t waits;	  /* of the scheduler for a fence */
	uint64_t told;	  /* requests to be told when a fence is so far */
	uint64_t looks;	  /* of the completion thread at the devices; at its own pace */
};

static struct counts read_counters(void)
{
	return (struct counts){
		.all = dxgsim_ioctl_count(),
		.submits = dxgsim_ioctl_count_of("SUBMITCOMMANDTOHWQUEUE") +
			   dxgsim_ioctl_count_of("SUBMITCOMMAND"),
		.signals = dxgsim_ioctl_count_of("SIGNALSYNCHRONIZATIONOBJECTFROMGPU"),
		.waits = dxgsim_ioctl_count_of("SUBMITWAITFORSYNCOBJECTSTOHWQUEUE") +
			 dxgsim_ioctl_count_of("WAITFORSYNCHRONIZATIONOBJECTFROMGPU"),
		.told = dxgsim_ioctl_count_of("WAITFORSYNCHRONIZATIONOBJECTFROMCPU"),
		.looks = dxgsim_ioctl_count_of("GETDEVICESTATE"),
	};
}

/* The completion thread calls when it likes: counters between which it did are read again. */
static struct counts count(void)
{
	struct counts now;

	do
		now = read_counters();
	while (now.all != dxgsim_ioctl_count());
	return now;
}

static struct counts since(const struct counts *before)
{
	struct counts now = count();

	return (struct counts){
		.all = now.all - before->all,
		.submits = now.submits - before->submits,
		.signals = now.signals - before->signals,
		.waits = now.waits - before->waits,
		.told = now.told - before->told,
		.looks = now.looks - before->looks,
	};
}

/* That many submissions and waits, and nothing else. */
static void assert_cost(const struct counts *before, uint64_t submits, uint64_t waits)
{
	struct counts cost = since(before);

	assert_int_equal(cost.submits, submits);
	assert_int_equal(cost.signals, hardware ? 0 : submits);
	assert_int_equal(cost.waits, waits);
	assert_in_range(cost.told, 0, told_of_ends ? submits : 0);
	assert_int_equal(cost.all - cost.looks, cost.submits + cost.signals + cost.waits + cost.told);
}

struct bench {
	struct aql_bench aql;
	struct aql_queue queue;
	uint64_t plain;
};

static void send_and_wait(struct bench *bench, struct aql_queue *queue)
{
	struct aql_signal *done = aql_bench_arm(&bench->aql, 0, 1);
	struct aql_packet packet = aql_dispatch(bench->plain, done);

	aql_send(queue, &packet);
	aql_expect(done, 0);
}

/*
 * All that was submitted is over, its fence included, which comes after the signals: an event is set behind it.  Before, frames are in use, and
 * the next batch may have to be cut.
 */
static void settle(struct bench *bench, struct aql_queue *queue)
{
	struct aql_signal *done = aql_bench_arm(&bench->aql, 0, 1);
	HsaEvent *event = aql_add_event(done);
	struct aql_packet packet = aql_dispatch(bench->plain, done);

	aql_send(queue, &packet);
	do
		assert_status(hsaKmtWaitOnEvent(event, 20000), SUCCESS);
	while (aql_value(done));
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

/* All frames that batches come to use are mapped, and nothing is pending. */
static void warm_up(struct bench *bench, struct aql_queue *queue)
{
	struct aql_packet packet = aql_dispatch(bench->plain, NULL);

	for (unsigned round = 0; round < 12; round++) {
		for (unsigned i = 0; i < BATCH - 1; i++)
			aql_put(queue, &packet);
		send_and_wait(bench, queue);
	}
	settle(bench, queue);
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	aql_bench_open(&bench->aql, adapters);
	bench->plain = aql_bench_kernel(&bench->aql, AQL_KERNEL_PLAIN);
	aql_open(&bench->queue, &bench->aql.machine, bench->aql.node, SLOTS);
	warm_up(bench, &bench->queue);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	aql_close(&bench->queue);
	aql_bench_close(&bench->aql);
	free(bench);
	return machine_teardown(state);
}

/* ---- calls ---- */

static void one_submission_per_batch(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *last = &bench->aql.signals[BATCH - 1];
	struct counts before;

	for (unsigned round = 0; round < 4; round++) {
		settle(bench, &bench->queue);
		before = count();
		aql_hold(&bench->queue);
		for (unsigned i = 0; i < BATCH; i++) {
			/* with and without signals: only events have to be told */
			struct aql_signal *signal = aql_bench_arm(&bench->aql, i, 1);
			struct aql_packet packet =
				aql_dispatch(bench->plain, i % 2 || round % 2 ? signal : NULL);

			aql_put(&bench->queue, &packet);
		}
		aql_ring(&bench->queue);
		aql_expect(last, 0);
		assert_cost(&before, 1, 0);
	}
}

static void a_ring_of_nothing_costs_nothing(void **state)
{
	struct bench *bench = *state;
	struct counts before = count();

	for (unsigned i = 0; i < 100; i++)
		aql_ring(&bench->queue);
	assert_cost(&before, 0, 0);
}

static void one_submission_per_packet_that_has_an_event(void **state)
{
	enum { EVENTS = 16 };
	struct bench *bench = *state;
	struct counts before, cost;
	HsaEvent *events[EVENTS];

	for (unsigned i = 0; i < EVENTS; i++)
		events[i] = aql_add_event(aql_bench_arm(&bench->aql, i, 1));
	before = count();
	/* packets between them join the next one */
	aql_hold(&bench->queue);
	for (unsigned i = 0; i < EVENTS; i++) {
		struct aql_packet plain = aql_dispatch(bench->plain, NULL);
		struct aql_packet told = aql_dispatch(bench->plain, &bench->aql.signals[i]);

		aql_put(&bench->queue, &plain);
		aql_put(&bench->queue, &told);
	}
	aql_ring(&bench->queue);
	for (unsigned i = 0; i < EVENTS; i++)
		while (aql_value(&bench->aql.signals[i]))
			assert_status(hsaKmtWaitOnEvent(events[i], 20000), SUCCESS);
	cost = since(&before);
	assert_int_equal(cost.submits, EVENTS);
	assert_int_equal(cost.signals, hardware ? 0 : EVENTS);
	/* besides, the completion thread asks to be told of fences: not more often than there are some */
	assert_in_range(cost.all - cost.looks - cost.submits - cost.signals, 0, EVENTS + 1);
	for (unsigned i = 0; i < EVENTS; i++)
		assert_status(hsaKmtDestroyEvent(events[i]), SUCCESS);
}

static void a_wait_that_is_satisfied_costs_nothing(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *done = aql_bench_arm(&bench->aql, 1, 1);
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *manual, *other, *told = aql_add_event(done);
	struct aql_packet packet = aql_dispatch(bench->plain, done);
	struct counts before;
	HsaEvent *both[2];

	assert_status(hsaKmtCreateEvent(&descriptor, true, true, &manual), SUCCESS);
	assert_status(hsaKmtCreateEvent(&descriptor, true, false, &other), SUCCESS);
	assert_status(hsaKmtSetEvent(manual), SUCCESS);
	both[0] = other;
	both[1] = manual;
	before = count();
	for (unsigned i = 0; i < 100; i++) {
		assert_status(hsaKmtWaitOnEvent(manual, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
		assert_status(hsaKmtWaitOnMultipleEvents(both, 2, false, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
	}
	assert_status(hsaKmtSetEvent(other), SUCCESS);
	assert_status(hsaKmtWaitOnMultipleEvents(both, 2, true, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
	assert_int_equal(since(&before).all - since(&before).looks, 0);
	/* one that the GPU has set */
	aql_send(&bench->queue, &packet);
	aql_expect(done, 0);
	while (hsaKmtWaitOnEvent(told, 20000) == HSAKMT_STATUS_WAIT_TIMEOUT)
		;
	assert_status(hsaKmtSetEvent(told), SUCCESS);
	before = count();
	assert_status(hsaKmtWaitOnEvent(told, HSA_EVENTTIMEOUT_INFINITE), SUCCESS);
	assert_int_equal(since(&before).all - since(&before).looks, 0);
	assert_status(hsaKmtDestroyEvent(told), SUCCESS);
	assert_status(hsaKmtDestroyEvent(other), SUCCESS);
	assert_status(hsaKmtDestroyEvent(manual), SUCCESS);
}

static void a_barrier_that_is_satisfied_costs_nothing(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *zero = aql_bench_arm(&bench->aql, 1, 0), *done = aql_bench_arm(&bench->aql, 2, 1);
	struct aql_packet barrier = aql_barrier(false, &zero, 1, NULL);
	struct aql_packet work = aql_dispatch(bench->plain, done);
	struct counts before = count();

	/* within a batch: no submission of its own, and no wait */
	aql_hold(&bench->queue);
	aql_put(&bench->queue, &barrier);
	aql_put(&bench->queue, &work);
	aql_ring(&bench->queue);
	aql_expect(done, 0);
	assert_cost(&before, 1, 0);
	/* alone and without fences: nothing at all */
	barrier.header = aql_header(3, true, AQL_NONE, AQL_NONE);
	before = count();
	for (unsigned i = 0; i < 50; i++)
		aql_send(&bench->queue, &barrier);
	assert_int_equal(aql_read_index(&bench->queue), aql_write_index(&bench->queue));
	assert_cost(&before, 0, 0);
}

/* Work that an engine holds until `go` is one, then a dispatch that brings `between` down. */
static void produce(struct bench *bench, struct aql_queue *queue, const struct aql_commands *held,
		    struct aql_signal *between)
{
	struct aql_packet first = aql_vendor(held, NULL), second = aql_dispatch(bench->plain, between);

	aql_hold(queue);
	aql_put(queue, &first);
	aql_put(queue, &second);
	aql_ring(queue);
}

/* A batch behind a barrier for so many other queues. */
static void depend(struct bench *bench, struct aql_queue *producers, unsigned count_of_them,
		   struct aql_queue *consumer)
{
	struct aql_commands commands = aql_commands_alloc(&bench->aql.machine, 64);
	volatile uint32_t *go = aql_alloc(&bench->aql.machine, 4096, false);
	struct aql_packet barrier, consume = aql_dispatch(bench->plain, NULL);
	struct aql_signal *between[2], *done = aql_bench_arm(&bench->aql, 3, 1);
	struct counts before;

	aql_commands_wait(&commands, (const void *)(uintptr_t)go, 1);
	send_and_wait(bench, &bench->queue);
	before = count();
	for (unsigned i = 0; i < count_of_them; i++) {
		between[i] = aql_bench_arm(&bench->aql, 1 + i, 1);
		produce(bench, &producers[i], &commands, between[i]);
	}
	assert_cost(&before, count_of_them, 0);
	barrier = aql_barrier(false, between, count_of_them, NULL);
	aql_hold(consumer);
	aql_put(consumer, &barrier);
	for (unsigned i = 1; i < BATCH - 1; i++)
		aql_put(consumer, &consume);
	consume = aql_dispatch(bench->plain, done);
	aql_put(consumer, &consume);
	aql_ring(consumer);
	/* nothing is left in the ring to be looked at, though nothing can have happened */
	assert_int_equal(aql_read_index(consumer), aql_write_index(consumer));
	for (unsigned i = 0; i < count_of_them; i++)
		assert_int_equal(aql_value(between[i]), 1);
	/* one call for all of them */
	assert_cost(&before, count_of_them + 1, 1);
	__atomic_store_n(go, 1, __ATOMIC_RELEASE);
	aql_expect(done, 0);
	assert_cost(&before, count_of_them + 1, 1);
	aql_free((void *)(uintptr_t)go);
	aql_commands_free(&commands);
}

static void a_dependency_that_is_known_costs_one_wait(void **state)
{
	struct bench *bench = *state;
	struct aql_queue producers[2], consumer;

	aql_open(&consumer, &bench->aql.machine, bench->aql.node, SLOTS);
	warm_up(bench, &consumer);
	for (unsigned i = 0; i < 2; i++) {
		aql_open(&producers[i], &bench->aql.machine, bench->aql.node, SLOTS);
		warm_up(bench, &producers[i]);
	}
	for (unsigned i = 1; i <= 2; i++)
		depend(bench, producers, i, &consumer);
	aql_close(&producers[1]);
	aql_close(&producers[0]);
	aql_close(&consumer);
}

static void memory_that_is_not_there_yet_costs_one_wait(void **state)
{
	struct bench *bench = *state;
	char *kernarg = aql_alloc(&bench->aql.machine, 0x20000, false);
	struct counts before = count();

	for (unsigned round = 0; round < 2; round++) {
		aql_hold(&bench->queue);
		for (unsigned i = 0; i < BATCH; i++) {
			struct aql_packet packet = aql_dispatch(
				bench->plain, i == BATCH - 1 ? aql_bench_arm(&bench->aql, 0, 1) : NULL);

			packet.kernarg = (uint64_t)(uintptr_t)(kernarg + i * 64);
			aql_put(&bench->queue, &packet);
		}
		aql_ring(&bench->queue);
		aql_expect(&bench->aql.signals[0], 0);
		/* for the first; a host that is quick has nothing pending */
		assert_cost(&before, round + 1, slow_paging ? 1 : since(&before).waits);
		assert_in_range(since(&before).waits, 0, 1);
	}
	aql_free(kernarg);
}

/* ---- bytes ---- */

static uint64_t command_bytes(void)
{
	struct dxgsim_gpu_counters counters;

	assert_true(dxgsim_gpu_counters(0, DXGSIM_ALL_NODES, &counters));
	return counters.command_bytes;
}

/* Of one batch of so many dispatches of the same kernel, each with arguments of its own. */
static uint64_t bytes_of(struct bench *bench, char *kernarg, unsigned dispatches, bool signals)
{
	struct aql_signal *last = aql_bench_arm(&bench->aql, 0, 1);
	struct counts before = count();
	uint64_t bytes = command_bytes();

	aql_hold(&bench->queue);
	for (unsigned i = 0; i < dispatches; i++) {
		struct aql_signal *own = signals ? aql_bench_arm(&bench->aql, 1 + i, 1) : NULL;
		struct aql_packet packet = aql_dispatch(bench->plain, i == dispatches - 1 ? last : own);

		packet.kernarg = (uint64_t)(uintptr_t)(kernarg + i * 64);
		aql_put(&bench->queue, &packet);
	}
	aql_ring(&bench->queue);
	aql_expect(last, 0);
	assert_cost(&before, 1, 0);
	/* the job is counted before its fence moves, its signal comes earlier: one more behind it is in order */
	send_and_wait(bench, &bench->queue);
	return command_bytes() - bytes;
}

static void a_repeated_dispatch_needs_few_bytes(void **state)
{
	struct bench *bench = *state;
	char *kernarg = aql_alloc(&bench->aql.machine, BATCH * 64, false);
	static const struct {
		bool signals;
		unsigned limit;
	} kinds[] = {{false, PLAIN_BYTES}, {true, SIGNAL_BYTES}};

	send_and_wait(bench, &bench->queue);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t few = bytes_of(bench, kernarg, 8, kinds[i].signals);
		uint64_t many = bytes_of(bench, kernarg, 248, kinds[i].signals);
		double each = (double)(many - few) / 240;

		print_message("%s: %.1f bytes of PM4 for a repeated dispatch %s signal\n", adapters, each,
			      kinds[i].signals ? "with" : "without");
		if (each > kinds[i].limit && bench->aql.gfx_major == 11)
			fail_msg("%.1f bytes instead of %u at most", each, kinds[i].limit);
	}
	aql_free(kernarg);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_submission_per_batch, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ring_of_nothing_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(one_submission_per_packet_that_has_an_event, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wait_that_is_satisfied_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_barrier_that_is_satisfied_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dependency_that_is_known_costs_one_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_that_is_not_there_yet_costs_one_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(a_repeated_dispatch_needs_few_bytes, setup, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	hardware = strstr(adapters, "hws") != NULL;
	slow_paging = strstr(adapters, "pending=always") != NULL;
	told_of_ends = strstr(adapters, "atomics=off") != NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
