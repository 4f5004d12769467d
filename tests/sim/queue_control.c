// SPDX-License-Identifier: MIT
/*
 * What their user does to queues: ends them amid their work, stops them, changes their priority and compute units, and rings them this way or
 * that.
 *
 * usage: queue_control ADAPTERS
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "queue_bench.h"

#define CU_MASK_BITS 32u

static int setup_400_ms(void **state)
{
	*state = bench_open(",dispatch-us=400000");
	return 0;
}

/* Of a test that closed everything. */
static int teardown_closed(void **state)
{
	free(*state);
	return machine_teardown(state);
}

/* ---- the end of queues ---- */

static void assert_objects_settle(const char *kind, size_t count)
{
	uint64_t end = aql_now_ns() + PATIENCE_NS;

	while (dxgsim_live_objects(kind) > count && aql_now_ns() < end)
		bench_sleep_ms(1);
	assert_int_equal(dxgsim_live_objects(kind), count);
}

static void destroy_at_once(const struct aql_queue *queue)
{
	uint64_t start = aql_now_ns();

	assert_status(hsaKmtDestroyQueue(queue->resource.QueueId), SUCCESS);
	assert_in_range(aql_now_ns() - start, 0, NS_PER_S);
}

/* A ring by call may leave packets to a thread that is at the queue: until so many are submitted. */
static void expect_taken(const struct aql_queue *queue, uint64_t packets)
{
	uint64_t end = aql_now_ns() + PATIENCE_NS;

	while (aql_read_index(queue) < packets && aql_now_ns() < end)
		bench_sleep_ms(1);
	assert_true(aql_read_index(queue) >= packets);
}

/* What the queue's user gave it, which its user may take away at once. */
static void free_memory_of(const struct aql_queue *queue)
{
	aql_free(queue->ring);
	aql_free(queue->amd_queue);
}

/*
 * Barriers are cancelled: what they hold back is not done, whoever they wait for comes or not, and no signal moves.
 */
static void barriers_of_a_destroyed_queue_are_cancelled(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *never = bench_arm(bench, 0, 1), *told = bench_arm(bench, 1, 1),
			  *held = bench_arm(bench, 2, 1), *before = bench_arm(bench, 3, 1);
	size_t contexts = dxgsim_live_objects("context");
	HsaEvent *event = aql_add_event(told);

	for (unsigned round = 0; round < 2; round++) {
		struct aql_queue queue;

		bench_open_queue(bench, &queue);
		/* looked at, and told by an event */
		bench_arm(bench, 3, 1);
		bench_send(bench, &queue, before);
		bench_send_barrier(&queue, round ? told : never, NULL);
		for (unsigned i = 0; i < 100; i++)
			bench_send(bench, &queue, held);
		aql_expect(before, 0);
		destroy_at_once(&queue);
		aql_store(round ? told : never, 0);
		assert_status(hsaKmtSetEvent(event), SUCCESS);
		free_memory_of(&queue);
		assert_false(aql_wait(held, 0, NOT_YET_MS));
		assert_int_equal(aql_value(held), 1);
	}
	assert_objects_settle("context", contexts);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

/* What runs goes on: with its commands, packets and arguments, though their owner has freed all of it. */
static void work_of_a_destroyed_queue_ends_with_all_it_uses(void **state)
{
	struct bench *bench = *state;
	size_t contexts = dxgsim_live_objects("context"), hwqueues = dxgsim_live_objects("hwqueue");
	size_t allocations;
	struct hold hold;
	struct aql_queue queue;
	char *kernels;
	struct aql_packet packet;
	struct aql_signal *done;
	uint64_t end;

	/* the library keeps what it allocated for the first queue's work */
	bench_send(bench, &bench->queue, bench_arm(bench, 0, 1));
	aql_expect(&bench->aql.signals[0], 0);
	allocations = dxgsim_live_objects("allocation");
	hold = hold_alloc(bench);
	kernels = aql_alloc(&bench->aql.machine, 4096, true);
	done = aql_alloc(&bench->aql.machine, 4096, false);
	done->kind = 1;
	aql_store(done, 100);
	packet = aql_dispatch(aql_kernel(kernels, bench->aql.gfx_major, AQL_KERNEL_DISPATCH), done);
	bench_open_queue(bench, &queue);
	hold_send(&hold, &queue, NULL);
	for (unsigned i = 0; i < 100; i++)
		aql_send(&queue, &packet);
	expect_taken(&queue, aql_write_index(&queue));
	destroy_at_once(&queue);
	/* the GPU stands at the first packet */
	assert_int_equal(aql_value(done), 100);
	if (bench_hardware)
		assert_int_equal(dxgsim_live_objects("hwqueue"), hwqueues + 1);
	assert_int_equal(dxgsim_live_objects("context"), contexts + 1);
	aql_free(kernels);
	aql_free(done);
	free_memory_of(&queue);
	aql_commands_free(&hold.commands);
	hold_let_go(&hold);
	aql_free(hold.go);
	assert_objects_settle("context", contexts);
	assert_objects_settle("hwqueue", hwqueues);
	end = aql_now_ns() + PATIENCE_NS;
	while (dxgsim_live_objects("allocation") > allocations && aql_now_ns() < end)
		machine_make_room();
	/* less when something was about to be given back at first */
	assert_in_range(dxgsim_live_objects("allocation"), 0, allocations);
}

/* Where kernels take long, and nobody waits for their ends before the library is closed. */
static void work_of_destroyed_queues_is_gone_at_close(void **state)
{
	enum { QUEUES = 4 };
	struct bench *bench = *state;
	struct aql_signal *done = bench_arm(bench, 0, 1), *never = bench_arm(bench, 1, 1);
	struct aql_queue queues[QUEUES];

	for (unsigned i = 0; i < QUEUES; i++)
		bench_open_queue(bench, &queues[i]);
	for (unsigned i = 0; i < QUEUES; i++) {
		bench_send(bench, &queues[i], done);
		bench_send_barrier(&queues[i], i % 2 ? never : done, NULL);
		bench_send(bench, &queues[i], NULL);
	}
	for (unsigned i = 0; i < QUEUES; i++)
		destroy_at_once(&queues[i]);
	destroy_at_once(&bench->queue);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	assert_int_equal(dxgsim_live_objects(NULL), 0);
}

/* Who waits for a queue that is destroyed before it came to that stays where it is, and can be destroyed itself. */
static void a_consumer_outlives_its_producer(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *never = bench_arm(bench, 0, 1), *made = bench_arm(bench, 1, 1),
			  *late = bench_arm(bench, 2, 1), *done = bench_arm(bench, 3, 1);
	struct hold hold = hold_alloc(bench);
	struct aql_queue producer, consumer;

	bench_open_queue(bench, &producer);
	bench_open_queue(bench, &consumer);
	hold_send(&hold, &producer, made);
	bench_send_barrier(&producer, never, NULL);
	bench_send(bench, &producer, late);
	/* waits on the GPU for what is submitted, and behind it for what never is */
	bench_send_barrier(&consumer, made, NULL);
	bench_send_barrier(&bench->queue, made, NULL);
	bench_send(bench, &bench->queue, done);
	bench_send_barrier(&consumer, late, NULL);
	expect_taken(&producer, 1);
	destroy_at_once(&producer);
	free_memory_of(&producer);
	assert_int_equal(aql_value(done), 1);
	hold_let_go(&hold);
	aql_expect(done, 0);
	/* what the CPU has to do is not done for a queue that is gone: its user may have freed the signal */
	if (!strstr(bench_adapters, "atomics=off"))
		aql_expect(made, 0);
	assert_int_equal(aql_value(late), 1);
	bench_assert_healthy(&bench->queue);
	bench_assert_healthy(&consumer);
	destroy_at_once(&consumer);
	free_memory_of(&consumer);
	hold_free(&hold);
}

/* ---- what queues can be told ---- */

static HSAKMT_STATUS update(const struct aql_queue *queue, HSAuint32 percentage, HSA_QUEUE_PRIORITY priority)
{
	return hsaKmtUpdateQueue(queue->resource.QueueId, percentage, priority, queue->ring,
				 queue->slots * sizeof(struct aql_packet), NULL);
}

static void a_queue_of_no_percentage_stands_still(void **state)
{
	struct bench *bench = *state;
	struct aql_queue *queue = &bench->queue;

	for (unsigned round = 0; round < 4; round++) {
		struct aql_signal *done = bench_arm(bench, round, 1);
		uint64_t read;

		/* by the percentage, or by taking the ring away */
		if (round % 2)
			assert_status(hsaKmtUpdateQueue(queue->resource.QueueId, 100,
							HSA_QUEUE_PRIORITY_NORMAL, NULL, 0, NULL),
				      SUCCESS);
		else
			assert_status(update(queue, 0, HSA_QUEUE_PRIORITY_NORMAL), SUCCESS);
		read = aql_read_index(queue);
		queue->store_doorbell = round / 2;
		bench_send(bench, queue, done);
		assert_false(aql_wait(done, 0, NOT_YET_MS));
		assert_int_equal(aql_read_index(queue), read);
		assert_status(update(queue, round ? 100 : 1, HSA_QUEUE_PRIORITY_NORMAL), SUCCESS);
		aql_expect(done, 0);
	}
	queue->store_doorbell = false;
	bench_assert_healthy(queue);
}

/* A barrier that is met while its queue stands still does not let it go. */
static void a_parked_queue_stands_still_too(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *awaited = bench_arm(bench, 0, 1), *done = bench_arm(bench, 1, 1);

	bench_send_barrier(&bench->queue, awaited, NULL);
	bench_send(bench, &bench->queue, done);
	assert_status(update(&bench->queue, 0, HSA_QUEUE_PRIORITY_NORMAL), SUCCESS);
	aql_store(awaited, 0);
	assert_false(aql_wait(done, 0, NOT_YET_MS));
	assert_status(update(&bench->queue, 100, HSA_QUEUE_PRIORITY_NORMAL), SUCCESS);
	aql_expect(done, 0);
}

#define PRIORITY_CALL "SETCONTEXTSCHEDULINGPRIORITY"

static void open_profiled(const struct bench *bench, struct aql_queue *queue)
{
	bench_open_queue(bench, queue);
	*(uint32_t *)(void *)(queue->amd_queue + 180) |= 1u << 3; /* queue_properties: profiling */
}

static void a_priority_reaches_the_host(void **state)
{
	enum { KERNELS = 8 };
	struct bench *bench = *state;
	size_t contexts = dxgsim_live_objects("context");
	struct aql_signal *signals = bench->aql.signals, *last_urgent = &signals[2 * KERNELS - 1];
	uint64_t before = dxgsim_ioctl_count_of(PRIORITY_CALL);
	struct aql_queue patient, urgent;
	struct hold hold;
	bool shared;

	open_profiled(bench, &patient);
	open_profiled(bench, &urgent);
	shared = dxgsim_live_objects("context") != contexts + 2;
	assert_status(update(&patient, 100, HSA_QUEUE_PRIORITY_NORMAL), SUCCESS);
	assert_int_equal(dxgsim_ioctl_count_of(PRIORITY_CALL), before);
	assert_status(update(&patient, 100, HSA_QUEUE_PRIORITY_MINIMUM), SUCCESS);
	assert_status(update(&urgent, 100, HSA_QUEUE_PRIORITY_MAXIMUM), SUCCESS);
	assert_int_equal(dxgsim_ioctl_count_of(PRIORITY_CALL), before + 2);
	hold = hold_alloc(bench);
	hold_send(&hold, &bench->queue, NULL);
	for (unsigned i = 0; i < 2 * KERNELS; i++)
		bench_send(bench, i < KERNELS ? &patient : &urgent, bench_arm(bench, i, 1));
	hold_let_go(&hold);
	for (unsigned i = 0; i < 2 * KERNELS; i++)
		aql_expect(&signals[i], 0);
	/* who shares a context shares its turns, and hardware queues all have theirs */
	if (!bench_hardware && !shared)
		assert_true(signals[0].start_stamp >= last_urgent->end_stamp);
	aql_close(&patient);
	aql_close(&urgent);
	hold_free(&hold);
}

static uint64_t units_of_a_dispatch(struct bench *bench)
{
	struct aql_signal *done = bench_arm(bench, 0, 1);
	struct dxgsim_gpu_counters before, after;

	assert_true(dxgsim_gpu_counters(0, DXGSIM_ALL_NODES, &before));
	bench_send(bench, &bench->queue, done);
	aql_expect(done, 0);
	assert_true(dxgsim_gpu_counters(0, DXGSIM_ALL_NODES, &after));
	assert_int_equal(after.dispatches - before.dispatches, 1);
	return after.units - before.units;
}

static void a_mask_of_compute_units_holds_for_dispatches(void **state)
{
	static const HSAuint32 masks[] = {0x3, 0xf, 0xff, 0xffff0000, 0x3};
	struct bench *bench = *state;
	HSA_QUEUEID id = bench->queue.resource.QueueId;
	uint64_t all = units_of_a_dispatch(bench);
	HSAuint32 every[8], none = 0;
	HsaNodeProperties properties;
	HsaQueueInfo info;

	memset(every, 0xff, sizeof(every));
	assert_status(hsaKmtGetNodeProperties(bench->aql.node, &properties), SUCCESS);
	assert_int_equal(all, properties.NumFComputeCores / properties.NumSIMDPerCU);
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		HSAuint32 mask = masks[i];
		uint64_t wanted = (uint64_t)__builtin_popcount(mask);

		/* of small GPUs the upper bits are none */
		if (all < CU_MASK_BITS)
			wanted = (uint64_t)__builtin_popcount(mask & ((1u << all) - 1));
		if (!wanted)
			continue;
		assert_status(hsaKmtSetQueueCUMask(id, CU_MASK_BITS, &mask), SUCCESS);
		assert_int_equal(units_of_a_dispatch(bench), wanted);
		assert_status(hsaKmtGetQueueInfo(id, &info), SUCCESS);
		assert_int_equal(info.CUMaskInfo[0], mask);
	}
	assert_int_not_equal(hsaKmtSetQueueCUMask(id, CU_MASK_BITS, &none), HSAKMT_STATUS_SUCCESS);
	assert_int_equal(units_of_a_dispatch(bench), 2);
	assert_status(hsaKmtSetQueueCUMask(id, 8 * CU_MASK_BITS, every), SUCCESS);
	assert_int_equal(units_of_a_dispatch(bench), all);
}

/* ---- how they are rung ---- */

static void ring_by(struct bench *bench, bool call, bool store)
{
	struct aql_signal *done = bench_arm(bench, 0, 1);
	struct aql_packet packet = aql_dispatch(bench->plain, done);
	uint64_t index = aql_put(&bench->queue, &packet);

	if (store)
		__atomic_store_n(bench->queue.resource.Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
	if (call)
		assert_status(hsaKmtQueueRingDoorbell(bench->queue.resource.QueueId, index), SUCCESS);
	aql_expect(done, 0);
}

static void stores_are_seen_whatever_was_before(void **state)
{
	struct bench *bench = *state;

	for (unsigned round = 0; round < 4; round++) {
		/* once, and so often that it is taken for a habit */
		for (unsigned i = 0; i < (round % 2 ? 40 : 1); i++)
			ring_by(bench, true, round / 2);
		for (unsigned i = 0; i < 8; i++) {
			ring_by(bench, false, true);
			bench_sleep_ms(i * 2);
		}
	}
	bench_assert_healthy(&bench->queue);
}

static int setup_looks(void **state)
{
	setenv("HSAKMT_DXG_DOORBELL", "look", 1);
	return bench_setup(state);
}

static int teardown_looks(void **state)
{
	int ret = bench_teardown(state);

	unsetenv("HSAKMT_DXG_DOORBELL");
	return ret;
}

#define PLAIN(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		PLAIN(barriers_of_a_destroyed_queue_are_cancelled),
		PLAIN(work_of_a_destroyed_queue_ends_with_all_it_uses),
		cmocka_unit_test_setup_teardown(work_of_destroyed_queues_is_gone_at_close, setup_400_ms,
						teardown_closed),
		PLAIN(a_consumer_outlives_its_producer),
		PLAIN(a_queue_of_no_percentage_stands_still),
		PLAIN(a_parked_queue_stands_still_too),
		PLAIN(a_priority_reaches_the_host),
		PLAIN(a_mask_of_compute_units_holds_for_dispatches),
		PLAIN(stores_are_seen_whatever_was_before),
		cmocka_unit_test_setup_teardown(stores_are_seen_whatever_was_before, setup_looks,
						teardown_looks),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	bench_use(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
