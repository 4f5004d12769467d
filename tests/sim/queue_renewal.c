// SPDX-License-Identifier: MIT
/*
 * A GPU is lost in the middle of what queues do, and used again: who waits is told, other GPUs go on, and the next queue works beside those
 * that were lost.  Each test in a process of its own, for only so many losses are made up for in a minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"
#include "forked.h"
#include "ring_packets.h"

#define SLOTS	   64u
#define LOST	   (-(INT64_C(1) << 62)) /* of signals that nobody brings down any more */
#define EXCEPTION  INT64_C(0x80000000)	 /* what ROCr reads as HSA_STATUS_ERROR_EXCEPTION */
#define NS_PER_MS  1000000u
#define SOON_MS	   1000u /* 100 are meant; the machine may be busy */
#define AT_ONCE_MS 500u
#define DISPATCHES 40u
#define RENEWALS   3u /* in a minute */
#define VRAM_BYTES (1u << 20)

static char adapters[128]; /* of a discrete GPU, which is the machine's first */

struct life {
	struct aql_bench bench;
	struct aql_queue queue;
	struct aql_commands commands;
	uint32_t *word; /* the GPU stands until this is 1 */
	struct aql_signal *held;
};

static void hold(struct life *life)
{
	struct aql_packet packet;

	life->held = aql_bench_arm(&life->bench, 0, 1);
	packet = aql_vendor(&life->commands, life->held);
	aql_send(&life->queue, &packet);
}

static void begin_on(struct life *life, const char *machine)
{
	*life = (struct life){0};
	aql_bench_open(&life->bench, machine);
	life->word = aql_alloc(&life->bench.machine, 4096, false);
	life->commands = aql_commands_alloc(&life->bench.machine, 64);
	aql_commands_wait(&life->commands, life->word, 1);
	aql_open(&life->queue, &life->bench.machine, life->bench.node, SLOTS);
}

static void begin(struct life *life)
{
	begin_on(life, adapters);
}

static void end(struct life *life)
{
	aql_close(&life->queue);
	aql_commands_free(&life->commands);
	aql_free(life->word);
	aql_bench_close(&life->bench);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
}

static void lose(void)
{
	assert_int_equal(dxgsim_control("reset:adapter=0"), 0);
}

static void assert_within(uint64_t start_ns, uint64_t ms)
{
	assert_in_range((aql_now_ns() - start_ns) / NS_PER_MS, 0, ms);
}

static void dispatch(const struct life *life, struct aql_queue *queue, struct aql_signal *done)
{
	struct aql_packet packet = aql_dispatch(aql_bench_kernel(&life->bench, AQL_KERNEL_SCRATCH), done);

	aql_send(queue, &packet);
}

/* A new queue on the GPU, and what it does comes to its end. */
static void assert_works(struct life *life)
{
	struct aql_signal *done = aql_bench_arm(&life->bench, 200, 1);
	struct aql_queue queue;

	aql_open(&queue, &life->bench.machine, life->bench.node, SLOTS);
	dispatch(life, &queue, done);
	aql_expect(done, 0);
	assert_int_equal(*queue.error, 0);
	aql_close(&queue);
}

/* How often the host was asked for anything that a queue is made of; the library's thread may give things back meanwhile. */
static uint64_t asked_for(void)
{
	return dxgsim_ioctl_count_of("CREATEDEVICE") + dxgsim_ioctl_count_of("CREATECONTEXTVIRTUAL") +
	       dxgsim_ioctl_count_of("CREATEHWQUEUE") + dxgsim_ioctl_count_of("CREATESYNCHRONIZATIONOBJECT") +
	       dxgsim_ioctl_count_of("CREATEALLOCATION");
}

/* With the ring and the words of the lost queue, for the GPU takes no memory either. */
static void assert_refused_at_once(const struct life *life)
{
	HsaQueueResource resource = life->queue.resource;
	uint64_t start = aql_now_ns(), asked = asked_for();

	assert_status(hsaKmtCreateQueue(life->bench.node, HSA_QUEUE_COMPUTE_AQL, 100,
					HSA_QUEUE_PRIORITY_NORMAL, life->queue.ring,
					SLOTS * sizeof(struct aql_packet), NULL, &resource),
		      ERROR);
	assert_within(start, AT_ONCE_MS);
	assert_int_equal(asked_for(), asked);
}

static void dispatches_are_told_of(void **state)
{
	struct aql_signal *signals[DISPATCHES], *done;
	struct life life;
	uint64_t start;

	(void)state;
	begin(&life);
	done = aql_bench_arm(&life.bench, 100, 1);
	dispatch(&life, &life.queue, done);
	aql_expect(done, 0);
	hold(&life);
	for (unsigned i = 0; i < DISPATCHES; i++) {
		signals[i] = aql_bench_arm(&life.bench, 1 + i, 1);
		dispatch(&life, &life.queue, signals[i]);
	}
	start = aql_now_ns();
	lose();
	aql_expect_error(&life.queue, EXCEPTION);
	assert_within(start, SOON_MS);
	aql_expect(life.held, LOST);
	for (unsigned i = 0; i < DISPATCHES; i++)
		aql_expect(signals[i], LOST);
	assert_within(start, SOON_MS + 100);
	/* what had ended is as it was */
	assert_int_equal(aql_value(done), 0);
	/* what comes now, when the ring returns */
	aql_store(done, 1);
	dispatch(&life, &life.queue, done);
	aql_expect(done, LOST);
	/* with the old queue there, which stays as it is */
	assert_works(&life);
	assert_int_equal(*life.queue.error, EXCEPTION);
	aql_store(done, 1);
	dispatch(&life, &life.queue, done);
	aql_expect(done, LOST);
	end(&life);
}

static void a_queue_that_is_destroyed_leaves_nobody_waiting(void **state)
{
	struct aql_signal *waits, *barred;
	struct aql_packet packet;
	struct life life;
	uint64_t start;

	(void)state;
	begin(&life);
	hold(&life);
	waits = aql_bench_arm(&life.bench, 1, 1);
	barred = aql_bench_arm(&life.bench, 2, 1);
	packet = aql_barrier(false, &waits, 1, barred);
	aql_send(&life.queue, &packet);
	lose();
	aql_expect_error(&life.queue, EXCEPTION);
	start = aql_now_ns();
	assert_status(hsaKmtDestroyQueue(life.queue.resource.QueueId), SUCCESS);
	assert_within(start, AT_ONCE_MS);
	assert_int_equal(aql_value(life.held), LOST);
	assert_int_equal(aql_value(barred), LOST);
	assert_int_equal(aql_value(waits), 1);
	aql_free(life.queue.ring);
	aql_free(life.queue.amd_queue);
	aql_open(&life.queue, &life.bench.machine, life.bench.node, SLOTS);
	assert_works(&life);
	end(&life);
}

/* It waits for the GPU that is lost, is told, and goes on. */
static void barriers_of_another_gpu_are_released(void **state)
{
	struct aql_signal *barred, *next, *any;
	struct aql_signal *both[2];
	struct aql_queue other;
	struct aql_packet packet;
	char two[160];
	struct life life;

	(void)state;
	snprintf(two, sizeof(two), "%s;radeon680m", adapters);
	begin_on(&life, two);
	/* a kernel that any GPU runs */
	aql_open(&other, &life.bench.machine, life.bench.machine.gpus[1], SLOTS);
	hold(&life);
	barred = aql_bench_arm(&life.bench, 1, 1);
	next = aql_bench_arm(&life.bench, 2, 1);
	any = aql_bench_arm(&life.bench, 3, 1);
	packet = aql_barrier(false, &life.held, 1, barred);
	aql_send(&other, &packet);
	both[0] = life.held;
	both[1] = barred;
	packet = aql_barrier(true, both, 2, any);
	aql_send(&other, &packet);
	packet = aql_barrier(false, NULL, 0, next);
	aql_send(&other, &packet);
	lose();
	aql_expect_error(&life.queue, EXCEPTION);
	aql_expect(barred, LOST);
	aql_expect(any, LOST);
	aql_expect(next, 0);
	assert_int_equal(*other.error, 0);
	aql_store(next, 1);
	aql_send(&other, &packet);
	aql_expect(next, 0);
	aql_close(&other);
	assert_works(&life);
	end(&life);
}

/* A copy that follows work which is lost does not take place. */
static void copies_are_told_of(void **state)
{
	uint32_t *ring, *data, words[64], n;
	HsaQueueResource resource = {0};
	struct aql_signal *copied, *again;
	struct life life;

	(void)state;
	begin(&life);
	ring = aql_alloc(&life.bench.machine, 4096, false);
	data = aql_alloc(&life.bench.machine, 4096, false);
	data[0] = 1;
	copied = aql_bench_arm(&life.bench, 1, 1);
	again = aql_bench_arm(&life.bench, 2, 1);
	assert_status(hsaKmtCreateQueue(life.bench.node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_NORMAL, ring,
					4096, NULL, &resource),
		      SUCCESS);
	hold(&life);
	n = sdma_poll_signal(words, &life.held->value);
	n += sdma_copy(words + n, data, data + 64, 64);
	n += sdma_decrement(words + n, &copied->value);
	memcpy(ring, words, n * sizeof(words[0]));
	__atomic_store_n(resource.Queue_write_ptr_aql, n * sizeof(words[0]), __ATOMIC_RELEASE);
	assert_status(hsaKmtQueueRingDoorbell(resource.QueueId, n * sizeof(words[0])), SUCCESS);
	lose();
	aql_expect(life.held, LOST);
	aql_expect(copied, LOST);
	assert_int_equal(data[64], 0);
	/* what is put in later */
	memcpy(ring + n, words, n * sizeof(words[0]));
	words[0] = sdma_decrement(ring + n, &again->value);
	__atomic_store_n(resource.Queue_write_ptr_aql, (n + words[0]) * sizeof(words[0]), __ATOMIC_RELEASE);
	assert_status(hsaKmtQueueRingDoorbell(resource.QueueId, 0), SUCCESS);
	aql_expect(again, LOST);
	assert_status(hsaKmtDestroyQueue(resource.QueueId), SUCCESS);
	assert_works(&life);
	aql_free(data);
	aql_free(ring);
	end(&life);
}

/* Whatever of it meets the loss. */
static void creation_fails_and_the_next_one_works(void **state)
{
	struct aql_queue queue;
	struct life life;

	(void)state;
	begin(&life);
	hold(&life);
	assert_int_equal(dxgsim_fault("ioctl=CREATECONTEXTVIRTUAL:errno=EIO:lost"), 0);
	assert_status(aql_try_open(&queue, &life.bench.machine, life.bench.node, SLOTS), ERROR);
	assert_non_null(dxgsim_fault_hit());
	dxgsim_clear_faults();
	aql_expect_error(&life.queue, EXCEPTION);
	aql_expect(life.held, LOST);
	aql_free(queue.ring);
	aql_free(queue.amd_queue);
	assert_works(&life);
	end(&life);
}

static void destruction_goes_through_the_loss(void **state)
{
	struct aql_signal *done;
	struct aql_queue queue;
	struct life life;
	uint64_t start;

	(void)state;
	begin(&life);
	done = aql_bench_arm(&life.bench, 1, 1);
	aql_open(&queue, &life.bench.machine, life.bench.node, SLOTS);
	dispatch(&life, &queue, done);
	aql_expect(done, 0);
	hold(&life);
	assert_int_equal(dxgsim_fault("ioctl=DESTROYCONTEXT:errno=EIO:lost"), 0);
	start = aql_now_ns();
	aql_close(&queue);
	assert_within(start, AT_ONCE_MS);
	aql_expect_error(&life.queue, EXCEPTION);
	dxgsim_clear_faults();
	aql_expect(life.held, LOST);
	assert_works(&life);
	end(&life);
}

/* Who still has some could take what is gone for what is there. */
static void gpu_memory_has_to_be_freed_first(void **state)
{
	HsaMemFlags flags = {.Value = 0};
	struct life life;
	void *vram;

	(void)state;
	begin(&life);
	flags.ui32.NonPaged = 1;
	assert_status(hsaKmtAllocMemory(life.bench.node, VRAM_BYTES, flags, &vram), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(vram, VRAM_BYTES, NULL), SUCCESS);
	hold(&life);
	lose();
	aql_expect_error(&life.queue, EXCEPTION);
	assert_refused_at_once(&life);
	assert_refused_at_once(&life);
	assert_status(hsaKmtFreeMemory(vram, VRAM_BYTES), SUCCESS);
	assert_works(&life);
	end(&life);
}

static void a_gpu_that_is_lost_too_often_is_left_alone(void **state)
{
	struct life life;

	(void)state;
	begin(&life);
	for (unsigned i = 0; i < RENEWALS; i++) {
		hold(&life);
		lose();
		aql_expect_error(&life.queue, EXCEPTION);
		aql_close(&life.queue);
		aql_open(&life.queue, &life.bench.machine, life.bench.node, SLOTS);
	}
	assert_works(&life);
	hold(&life);
	lose();
	aql_expect_error(&life.queue, EXCEPTION);
	assert_refused_at_once(&life);
	end(&life);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_teardown(dispatches_are_told_of, machine_teardown),
	cmocka_unit_test_teardown(a_queue_that_is_destroyed_leaves_nobody_waiting, machine_teardown),
	cmocka_unit_test_teardown(barriers_of_another_gpu_are_released, machine_teardown),
	cmocka_unit_test_teardown(copies_are_told_of, machine_teardown),
	cmocka_unit_test_teardown(creation_fails_and_the_next_one_works, machine_teardown),
	cmocka_unit_test_teardown(destruction_goes_through_the_loss, machine_teardown),
	cmocka_unit_test_teardown(gpu_memory_has_to_be_freed_first, machine_teardown),
	cmocka_unit_test_teardown(a_gpu_that_is_lost_too_often_is_left_alone, machine_teardown),
};

static int run_one(void *arg)
{
	const struct CMUnitTest one[] = {*(const struct CMUnitTest *)arg};

	return cmocka_run_group_tests(one, NULL, NULL);
}

int main(int argc, char **argv)
{
	int failures = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: %s ADAPTERS [TEST]\n", argv[0]);
		return 2;
	}
	snprintf(adapters, sizeof(adapters), "%s", argv[1]);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct CMUnitTest test = tests[i];

		if (argc < 3 || !strcmp(argv[2], test.name))
			failures -= forked_run(test.name, run_one, &test);
	}
	return failures ? 1 : 0;
}
