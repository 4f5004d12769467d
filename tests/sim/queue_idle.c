// SPDX-License-Identifier: MIT
/*
 * A process whose queues are idle hardly runs: eight that are rung by call, and eight that are rung by storing, as ROCr that links
 * libhsakmt rings AQL queues and everybody rings of PM4 and SDMA packets.  Together their library's threads use less than a thousandth of
 * a processor, and ask the host for nothing.  Where others keep the machine busy, being awake costs more: what it costs in the best of
 * three spells counts, and in each of them how often the threads are awake and what they ask for.
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
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/userfaultfd.h>

#include "../unit/ring_packets.h"
#include "aql_user.h"
#include "dxgsim/dxgsim.h"
#include "thread_time.h"

#define AQL_QUEUES 12u /* the first eight are rung by call */
#define BY_CALL	   8u
#define RINGS	   4u /* rung by storing; half of them PM4, half SDMA */
#define SLOTS	   64u
#define RING_BYTES 0x1000u
#define SETTLE_S   1 /* until looks have backed off as far as they do */
#define IDLE_S	   10
#define SPELLS	   3u
#define MOST_NS	   (IDLE_S * 1000000000ull / 1000)
#define MOST_LOOKS (IDLE_S * 20u)

static const char *adapters;
static bool looks;

struct ring {
	HSA_QUEUE_TYPE type;
	HsaQueueResource resource;
	uint32_t *words;
	uint64_t placed; /* words */
};

struct bench {
	struct aql_bench aql;
	struct aql_queue queues[AQL_QUEUES];
	struct ring rings[RINGS];
	uint32_t *stored; /* by each ring's packets */
};

static void open_all(struct bench *bench)
{
	aql_bench_open(&bench->aql, adapters);
	bench->stored = aql_alloc(&bench->aql.machine, 4096, false);
	for (unsigned i = 0; i < AQL_QUEUES; i++) {
		aql_open(&bench->queues[i], &bench->aql.machine, bench->aql.node, SLOTS);
		bench->queues[i].store_doorbell = i >= BY_CALL;
	}
	for (unsigned i = 0; i < RINGS; i++) {
		struct ring *ring = &bench->rings[i];

		ring->type = i % 2 ? HSA_QUEUE_SDMA : HSA_QUEUE_COMPUTE;
		ring->words = aql_alloc(&bench->aql.machine, RING_BYTES, true);
		assert_status(hsaKmtCreateQueue(bench->aql.node, ring->type, 100, HSA_QUEUE_PRIORITY_NORMAL,
						ring->words, RING_BYTES, NULL, &ring->resource),
			      SUCCESS);
	}
}

static void close_all(struct bench *bench)
{
	for (unsigned i = 0; i < AQL_QUEUES; i++)
		aql_close(&bench->queues[i]);
	for (unsigned i = 0; i < RINGS; i++) {
		assert_status(hsaKmtDestroyQueue(bench->rings[i].resource.QueueId), SUCCESS);
		aql_free(bench->rings[i].words);
	}
	aql_free(bench->stored);
	aql_bench_close(&bench->aql);
}

static void ring_by_storing(struct ring *ring, uint32_t *to, uint32_t value)
{
	bool sdma = ring->type == HSA_QUEUE_SDMA;
	uint32_t *at = ring->words + ring->placed;
	uint64_t index;

	ring->placed += sdma ? sdma_fence(at, to, value) : pm4_store(at, to, value);
	index = sdma ? ring->placed * 4 : ring->placed;
	__atomic_store_n(ring->resource.Queue_write_ptr_aql, index, __ATOMIC_RELEASE);
	__atomic_store_n(ring->resource.Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
}

static void expect_word(const uint32_t *at, uint32_t wanted)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < 20000 && __atomic_load_n(at, __ATOMIC_ACQUIRE) != wanted; i++)
		nanosleep(&pause, NULL);
	assert_int_equal(__atomic_load_n(at, __ATOMIC_ACQUIRE), wanted);
}

/* Each queue does something, and all of it ends. */
static void use_all(struct bench *bench, uint32_t round)
{
	uint64_t kernel = aql_bench_kernel(&bench->aql, AQL_KERNEL_PLAIN);

	for (unsigned i = 0; i < AQL_QUEUES; i++) {
		struct aql_signal *done = aql_bench_arm(&bench->aql, i, 1);
		struct aql_packet packet = aql_dispatch(kernel, done);

		aql_send(&bench->queues[i], &packet);
	}
	for (unsigned i = 0; i < RINGS; i++)
		ring_by_storing(&bench->rings[i], bench->stored + i, round);
	for (unsigned i = 0; i < AQL_QUEUES; i++)
		aql_expect(&bench->aql.signals[i], 0);
	for (unsigned i = 0; i < RINGS; i++)
		expect_word(bench->stored + i, round);
}

/* The processor time of the library's threads in a spell of doing nothing. */
static uint64_t watch_a_spell(void)
{
	const struct timespec idle = {.tv_sec = IDLE_S};
	struct thread_time before, after;
	uint64_t ioctls, used, awake;

	ioctls = dxgsim_ioctl_count();
	before = thread_time("hsakmt-");
	nanosleep(&idle, NULL);
	after = thread_time("hsakmt-");
	ioctls = dxgsim_ioctl_count() - ioctls;
	used = after.ns - before.ns;
	awake = after.sleeps - before.sleeps;
	print_message("%u threads of the library: %.3f ms in %d s, %llu times awake, %llu ioctls\n",
		      after.threads, (double)used / 1e6, IDLE_S, (unsigned long long)awake,
		      (unsigned long long)ioctls);
	/* both that there are, and are told by their names: of completion, and of doorbells */
	assert_int_equal(before.threads, 2);
	assert_int_equal(after.threads, 2);
	assert_int_equal(ioctls, 0);
	/* watched, nothing wakes up at all */
	assert_in_range(awake, 0, looks ? MOST_LOOKS : 0);
	return used;
}

static void idle_queues_cost_nothing(void **state)
{
	const struct timespec settle = {.tv_sec = SETTLE_S};
	uint64_t used = UINT64_MAX;
	struct bench bench = {0};

	(void)state;
	open_all(&bench);
	use_all(&bench, 1);
	nanosleep(&settle, NULL);
	for (unsigned i = 0; i < SPELLS && used > MOST_NS; i++)
		used = watch_a_spell();
	assert_in_range(used, 0, MOST_NS);
	/* and it is found again when there is something to do */
	use_all(&bench, 2);
	close_all(&bench);
}

/* Containers may forbid it, and kernels may be built without. */
static bool is_userfaultfd_granted(void)
{
	int fd = (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);

	if (fd < 0)
		return false;
	close(fd);
	return true;
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
	looks = !strcmp(argv[1], "look");
	if (!looks && !is_userfaultfd_granted()) {
		print_message("no userfaultfd here: stores cannot be watched\n");
		return 77; /* skipped */
	}
	if (looks)
		setenv("HSAKMT_DXG_DOORBELL", "look", 1);
	adapters = argv[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
