// SPDX-License-Identifier: MIT
/*
 * AQL queues by the public API, on the machine that the command line names: every form of packet is carried out, in order, and told
 * of as it asks; bad ones stop their queue alone.
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
#include "dxgsim/dxgsim.h"

#define ERROR_NS 10000000000ull
#define SLOTS	 64u

static const char *adapters;

struct bench {
	struct machine machine;
	HSAuint32 node;
	unsigned gfx_major;
	struct aql_queue queue;
	char *kernels; /* AQL_KERNEL_BYTES each, by kind */
	struct aql_signal *signals;
};

#define SIGNALS 1024u

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	machine_boot(adapters);
	machine_open(&bench->machine);
	assert_in_range(bench->machine.gpu_count, 1, MACHINE_MAX_GPUS);
	bench->node = bench->machine.gpus[0];
	bench->gfx_major = aql_gfx_major(bench->node);
	bench->kernels = aql_alloc(&bench->machine, AQL_KERNEL_KINDS * AQL_KERNEL_BYTES, true);
	bench->signals = aql_alloc(&bench->machine, SIGNALS * sizeof(*bench->signals), false);
	for (unsigned kind = 0; kind < AQL_KERNEL_KINDS; kind++)
		aql_kernel(bench->kernels + kind * AQL_KERNEL_BYTES, bench->gfx_major,
			   (enum aql_kernel_kind)kind);
	aql_open(&bench->queue, &bench->machine, bench->node, SLOTS);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	aql_close(&bench->queue);
	aql_free(bench->signals);
	aql_free(bench->kernels);
	free(bench);
	return machine_teardown(state);
}

static uint64_t kernel(const struct bench *bench, enum aql_kernel_kind kind)
{
	return (uint64_t)(uintptr_t)(bench->kernels + (unsigned)kind * AQL_KERNEL_BYTES);
}

static struct aql_signal *armed(struct bench *bench, uint32_t index, int64_t value)
{
	struct aql_signal *signal = &bench->signals[index];

	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	aql_store(signal, value);
	return signal;
}

static void assert_healthy(const struct bench *bench)
{
	assert_int_equal(*bench->queue.error, 0);
}

/* ---- dispatches ---- */

static void every_kernel_form_ends_and_signals(void **state)
{
	static const struct {
		uint16_t setup;
		uint16_t group[3];
		uint32_t grid[3];
	} shapes[] = {
		{1, {1, 1, 1}, {1, 1, 1}},     {1, {64, 1, 1}, {4096, 1, 1}}, {1, {256, 1, 1}, {1000, 1, 1}},
		{2, {16, 16, 1}, {33, 17, 1}}, {3, {8, 8, 4}, {9, 31, 5}},    {3, {1024, 1, 1}, {1024, 3, 2}},
		{1, {100, 1, 1}, {50, 1, 1}},
	};
	struct bench *bench = *state;
	void *kernarg = aql_alloc(&bench->machine, 4096, false);

	for (unsigned kind = 0; kind < AQL_KERNEL_KINDS; kind++)
		for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
			struct aql_signal *done = armed(bench, 0, 1);
			struct aql_packet packet =
				aql_dispatch(kernel(bench, (enum aql_kernel_kind)kind), done);

			packet.setup = shapes[i].setup;
			memcpy(packet.group, shapes[i].group, sizeof(packet.group));
			memcpy(packet.grid, shapes[i].grid, sizeof(packet.grid));
			packet.kernarg = (uint64_t)(uintptr_t)kernarg;
			packet.private_bytes = kind == AQL_KERNEL_SCRATCH ? 256 : 0;
			packet.group_bytes = kind == AQL_KERNEL_LDS ? 2048 : 0;
			aql_send(&bench->queue, &packet);
			aql_expect(done, 0);
		}
	assert_healthy(bench);
	aql_free(kernarg);
}

static void a_ring_wraps_and_takes_packets_that_nobody_waits_for(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *done = armed(bench, 0, 1);
	struct aql_packet packet = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), NULL);

	for (unsigned i = 0; i < 10000; i++)
		aql_send(&bench->queue, &packet);
	packet.signal = (uint64_t)(uintptr_t)done;
	aql_send(&bench->queue, &packet);
	aql_expect(done, 0);
	assert_int_equal(aql_read_index(&bench->queue), 10001);
	assert_healthy(bench);
}

static void a_packet_is_taken_when_it_is_published_not_when_its_slot_is(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *first = armed(bench, 0, 1), *second = armed(bench, 1, 1);
	struct aql_packet packet = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), first);
	struct aql_packet late = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), second);
	uint16_t header = late.header;
	uint64_t index;

	late.header = 1;
	aql_send(&bench->queue, &packet);
	index = aql_send(&bench->queue, &late);
	aql_expect(first, 0);
	assert_int_equal(aql_read_index(&bench->queue), 1);
	assert_int_equal(aql_value(second), 1);
	__atomic_store_n(&bench->queue.ring[index % SLOTS].header, header, __ATOMIC_RELEASE);
	aql_ring(&bench->queue);
	aql_expect(second, 0);
	assert_healthy(bench);
}

static void profiling_stamps_frame_the_kernel(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *done = armed(bench, 0, 1), *plain = armed(bench, 1, 1);
	struct aql_packet packet = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), plain);
	uint32_t *properties = (uint32_t *)(void *)(bench->queue.amd_queue + 180);

	aql_send(&bench->queue, &packet);
	aql_expect(plain, 0);
	assert_int_equal(plain->start_stamp, 0);
	__atomic_fetch_or(properties, 1u << 3, __ATOMIC_SEQ_CST);
	packet.signal = (uint64_t)(uintptr_t)done;
	aql_send(&bench->queue, &packet);
	aql_expect(done, 0);
	assert_int_not_equal(done->start_stamp, 0);
	assert_true(done->end_stamp >= done->start_stamp);
}

/* ---- barriers ---- */

static void a_barrier_holds_back_until_the_cpu_sets_its_signals(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *awaited[3] = {armed(bench, 0, 1), armed(bench, 1, 1), armed(bench, 2, 0)};
	struct aql_signal *done = armed(bench, 3, 1), *after = armed(bench, 4, 1);
	struct aql_packet barrier = aql_barrier(false, awaited, 3, done);
	struct aql_packet next = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), after);

	aql_send(&bench->queue, &barrier);
	aql_send(&bench->queue, &next);
	assert_false(aql_wait(done, 0, 30));
	aql_store(awaited[0], 0);
	assert_false(aql_wait(done, 0, 30));
	aql_store(awaited[1], 0);
	aql_expect(done, 0);
	aql_expect(after, 0);
	assert_healthy(bench);
}

static void an_or_barrier_goes_on_at_the_first(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *awaited[2] = {armed(bench, 0, 1), armed(bench, 1, 1)};
	struct aql_signal *done = armed(bench, 3, 1);
	struct aql_packet barrier = aql_barrier(true, awaited, 2, done);

	aql_send(&bench->queue, &barrier);
	assert_false(aql_wait(done, 0, 30));
	aql_store(awaited[1], 0);
	aql_expect(done, 0);
	assert_healthy(bench);
}

static void queues_depend_on_each_other_in_a_ring(void **state)
{
	enum { QUEUES = 8, ROUNDS = 20 };
	struct bench *bench = *state;
	struct aql_queue queues[QUEUES];
	struct aql_signal *end = armed(bench, SIGNALS - 1, 1), *start = armed(bench, SIGNALS - 2, 1);

	for (unsigned i = 0; i < QUEUES; i++)
		aql_open(&queues[i], &bench->machine, bench->node, SLOTS);
	/* the consumers are published before their producers */
	for (unsigned i = 0; i < QUEUES * ROUNDS; i++)
		armed(bench, i, 1);
	for (unsigned q = QUEUES; q-- > 0;)
		for (unsigned round = 0; round < ROUNDS; round++) {
			unsigned step = round * QUEUES + q;
			struct aql_signal *before = step ? &bench->signals[step - 1] : start;
			struct aql_packet barrier = aql_barrier(false, &before, 1, NULL);
			struct aql_packet work =
				aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), &bench->signals[step]);

			aql_send(&queues[q], &barrier);
			aql_send(&queues[q], &work);
		}
	assert_false(aql_wait(&bench->signals[0], 0, 20));
	aql_store(start, 0);
	for (unsigned i = 0; i < QUEUES * ROUNDS; i++)
		aql_expect(&bench->signals[i], 0);
	for (unsigned i = 0; i < QUEUES; i++) {
		assert_int_equal(*queues[i].error, 0);
		aql_close(&queues[i]);
	}
	(void)end;
}

static void a_queue_with_a_barrier_that_never_comes_is_destroyed_at_once(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *never = armed(bench, 0, 1);
	struct aql_packet barrier = aql_barrier(false, &never, 1, NULL);
	struct timespec start, end;
	struct aql_queue queue;

	aql_open(&queue, &bench->machine, bench->node, SLOTS);
	aql_send(&queue, &barrier);
	clock_gettime(CLOCK_MONOTONIC, &start);
	aql_close(&queue);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_in_range((end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000, 0,
			1000);
}

/* ---- events ---- */

static void a_sleeper_on_a_signals_event_is_woken(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	struct bench *bench = *state;
	struct aql_signal *done = armed(bench, 0, 1);
	struct aql_packet packet;
	HsaEvent *event;

	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), SUCCESS);
	done->mailbox = event->EventData.HWData2;
	done->event_id = event->EventId;
	packet = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), done);
	for (unsigned i = 0; i < 50; i++) {
		aql_store(done, 1);
		aql_send(&bench->queue, &packet);
		while (aql_value(done))
			assert_status(hsaKmtWaitOnEvent(event, 20000), SUCCESS);
	}
	assert_healthy(bench);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

/* ---- many ---- */

static void sixty_four_queues_work_side_by_side(void **state)
{
	enum { QUEUES = 64 };
	struct bench *bench = *state;
	static struct aql_queue queues[QUEUES];

	for (unsigned i = 0; i < QUEUES; i++)
		aql_open(&queues[i], &bench->machine, bench->node, SLOTS);
	for (unsigned i = 0; i < QUEUES; i++) {
		struct aql_packet packet = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), armed(bench, i, 1));

		aql_send(&queues[i], &packet);
	}
	for (unsigned i = 0; i < QUEUES; i++)
		aql_expect(&bench->signals[i], 0);
	for (unsigned i = 0; i < QUEUES; i++)
		aql_close(&queues[i]);
}

static void stored_doorbells_are_seen(void **state)
{
	struct bench *bench = *state;
	struct aql_queue queue;
	const struct timespec pauses[] = {
		{.tv_nsec = 0}, {.tv_nsec = 100000}, {.tv_nsec = 5000000}, {.tv_nsec = 30000000}};

	aql_open(&queue, &bench->machine, bench->node, SLOTS);
	queue.store_doorbell = true;
	for (unsigned i = 0; i < 200; i++) {
		struct aql_signal *done = armed(bench, 0, 1);
		struct aql_packet packet = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), done);

		aql_send(&queue, &packet);
		aql_expect(done, 0);
		nanosleep(&pauses[i % 4], NULL);
	}
	aql_close(&queue);
}

/* ---- what is wrong ---- */

struct wrong {
	const char *name;
	void (*spoil)(struct bench *bench, struct aql_packet *packet);
	int64_t error;
};

static void agent_dispatch(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->header = aql_header(4, true, AQL_SYSTEM, AQL_SYSTEM);
}

static void unknown_type(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->header = aql_header(77, true, AQL_SYSTEM, AQL_SYSTEM);
}

static void no_kernel(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->kernel = 0;
}

static void kernel_nowhere(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->kernel = 0x7000deadb000;
}

static void large_group(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->group[0] = 1024;
	packet->group[1] = 2;
	packet->setup = 2;
}

static void no_group(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->group[0] = 0;
}

static void no_dimensions(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->setup = 0;
}

static void much_lds(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->group_bytes = 1u << 20;
}

static void signal_nowhere(struct bench *bench, struct aql_packet *packet)
{
	(void)bench;
	packet->signal = 0x7000deadb040;
}

static const struct wrong wrongs[] = {
	{"agent dispatch", agent_dispatch, 0x20},
	{"unknown type", unknown_type, 0x20},
	{"no kernel", no_kernel, 8},
	{"kernel nowhere", kernel_nowhere, 8},
	{"large group", large_group, 0},
	{"no group", no_group, 0},
	{"no dimensions", no_dimensions, 0},
	{"much LDS", much_lds, 0},
	{"signal nowhere", signal_nowhere, 0},
};

/* The inactive signal is told last; the packet before may be over before anybody has looked at the bad one. */
static int64_t wait_for_error(const struct aql_signal *inactive)
{
	uint64_t start = aql_now_ns();

	while (!aql_value(inactive) && aql_now_ns() - start < ERROR_NS)
		nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
	return aql_value(inactive);
}

static void a_bad_packet_stops_its_queue_alone(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		struct aql_signal *before = armed(bench, 0, 1), *done = armed(bench, 1, 1),
				  *inactive = armed(bench, 2, 0);
		struct aql_packet good = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), before), bad;
		struct aql_queue queue;

		aql_open(&queue, &bench->machine, bench->node, SLOTS);
		*(uint64_t *)(void *)(queue.amd_queue + 192) = (uint64_t)(uintptr_t)inactive;
		bad = aql_dispatch(kernel(bench, AQL_KERNEL_PLAIN), done);
		wrongs[i].spoil(bench, &bad);
		aql_put(&queue, &good);
		aql_send(&queue, &bad);
		aql_expect(before, 0);
		if (!wait_for_error(inactive) || !*queue.error)
			fail_msg("%s: no error is told", wrongs[i].name);
		if (wrongs[i].error && *queue.error != wrongs[i].error)
			fail_msg("%s: error %#llx", wrongs[i].name, (unsigned long long)*queue.error);
		assert_int_equal(aql_value(inactive), *queue.error);
		assert_int_equal(aql_value(done), 1);
		aql_close(&queue);
	}
	/* the other queue lives */
	every_kernel_form_ends_and_signals(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_kernel_form_ends_and_signals, setup, teardown),
		cmocka_unit_test_setup_teardown(a_ring_wraps_and_takes_packets_that_nobody_waits_for, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_packet_is_taken_when_it_is_published_not_when_its_slot_is,
						setup, teardown),
		cmocka_unit_test_setup_teardown(profiling_stamps_frame_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(a_barrier_holds_back_until_the_cpu_sets_its_signals, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_or_barrier_goes_on_at_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(queues_depend_on_each_other_in_a_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(a_queue_with_a_barrier_that_never_comes_is_destroyed_at_once,
						setup, teardown),
		cmocka_unit_test_setup_teardown(a_sleeper_on_a_signals_event_is_woken, setup, teardown),
		cmocka_unit_test_setup_teardown(sixty_four_queues_work_side_by_side, setup, teardown),
		cmocka_unit_test_setup_teardown(stored_doorbells_are_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(a_bad_packet_stops_its_queue_alone, setup, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
