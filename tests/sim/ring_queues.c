// SPDX-License-Identifier: MIT
/*
 * Rings of SDMA and PM4 packets by the public API, on the machine that the command line names: copies arrive, interrupts wake, indices and
 * rings go around, what waits holds up nobody else.
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

#include "../unit/ring_packets.h"
#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define RING_BYTES  0x4000u
#define SCRATCHPAD  0x1000u
#define PATIENCE_MS 20000u

static const char *adapters;

struct ring {
	HSA_QUEUE_TYPE type;
	HsaQueueResource resource;
	uint32_t *words;
	uint64_t placed; /* words, counted on */
	bool by_call;
};

struct bench {
	struct machine machine;
	HSAuint32 node;
	uint32_t *memory; /* words of host memory that the tests use */
	struct ring sdma, pm4;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = 50000};

	nanosleep(&pause, NULL);
}

static void ring_open(struct bench *bench, struct ring *ring, HSA_QUEUE_TYPE type)
{
	*ring = (struct ring){.type = type};
	ring->words = aql_alloc(&bench->machine, RING_BYTES, true);
	assert_status(hsaKmtCreateQueue(bench->node, type, 100, HSA_QUEUE_PRIORITY_NORMAL, ring->words,
					RING_BYTES, NULL, &ring->resource),
		      SUCCESS);
	assert_non_null(ring->resource.Queue_write_ptr);
	assert_non_null(ring->resource.Queue_read_ptr);
	assert_non_null(ring->resource.Queue_DoorBell);
}

static void ring_close(struct ring *ring)
{
	assert_status(hsaKmtDestroyQueue(ring->resource.QueueId), SUCCESS);
	aql_free(ring->words);
}

static uint64_t unit(const struct ring *ring)
{
	return ring->type == HSA_QUEUE_SDMA ? 4 : 1;
}

/* Words that are done, of those that a whole ring can tell apart. */
static uint64_t done_words(const struct ring *ring)
{
	uint64_t index = __atomic_load_n(ring->resource.Queue_read_ptr_aql, __ATOMIC_ACQUIRE);

	return ring->type == HSA_QUEUE_SDMA ? index / 4 : index;
}

static bool is_idle(const struct ring *ring)
{
	if (ring->type == HSA_QUEUE_SDMA)
		return done_words(ring) == ring->placed;
	return done_words(ring) == ring->placed % (RING_BYTES / 4);
}

static void place(struct ring *ring, const uint32_t *words, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		ring->words[(ring->placed + i) % (RING_BYTES / 4)] = words[i];
	ring->placed += count;
}

/* As kfdtest and ROCr publish: the write index, then the doorbell, and ROCr on this host a call. */
static void publish(struct ring *ring)
{
	uint64_t index = ring->placed * unit(ring);

	__atomic_store_n(ring->resource.Queue_write_ptr_aql, index, __ATOMIC_RELEASE);
	__atomic_store_n(ring->resource.Queue_DoorBell_aql, index, __ATOMIC_RELEASE);
	if (ring->by_call)
		assert_status(hsaKmtQueueRingDoorbell(ring->resource.QueueId, index), SUCCESS);
}

static void send(struct ring *ring, const uint32_t *words, uint32_t count)
{
	place(ring, words, count);
	publish(ring);
}

static void expect_word(const uint32_t *at, uint32_t wanted)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (__atomic_load_n(at, __ATOMIC_ACQUIRE) != wanted) {
		if (now_ms() > until)
			fail_msg("%#x instead of %#x", *at, wanted);
		nap();
	}
}

static void expect_idle(const struct ring *ring)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	while (!is_idle(ring)) {
		if (now_ms() > until)
			fail_msg("the read index stays at %llu words of %llu",
				 (unsigned long long)done_words(ring), (unsigned long long)ring->placed);
		nap();
	}
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	assert_non_null(bench);
	machine_boot(adapters);
	machine_open(&bench->machine);
	assert_in_range(bench->machine.gpu_count, 1, MACHINE_MAX_GPUS);
	bench->node = bench->machine.gpus[0];
	bench->memory = aql_alloc(&bench->machine, SCRATCHPAD, false);
	ring_open(bench, &bench->sdma, HSA_QUEUE_SDMA);
	ring_open(bench, &bench->pm4, HSA_QUEUE_COMPUTE);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	ring_close(&bench->pm4);
	ring_close(&bench->sdma);
	aql_free(bench->memory);
	free(bench);
	return machine_teardown(state);
}

static HsaEvent *new_event(const struct bench *bench)
{
	HsaEventDescriptor description = {.EventType = HSA_EVENTTYPE_SIGNAL, .NodeId = bench->node};
	HsaEvent *event;

	assert_status(hsaKmtCreateEvent(&description, false, false, &event), SUCCESS);
	return event;
}

static void *alloc_local(const struct bench *bench, uint64_t bytes)
{
	HsaMemFlags flags = {.Value = 0};
	HsaMemMapFlags map = {.Value = 0};
	HSAuint32 node = bench->node;
	HSAuint64 va;
	void *memory;

	flags.ui32.NonPaged = 1;
	flags.ui32.CoarseGrain = 1;
	assert_status(hsaKmtAllocMemory(node, bytes, flags, &memory), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(memory, bytes, &va, map, 1, &node), SUCCESS);
	return memory;
}

/* ---- SDMA ---- */

static void copies_of_any_size_arrive(void **state)
{
	static const uint32_t sizes[] = {1, 2, 3, 5, 31, 64, 65, 4095, 4096, 4097, 65537, (1 << 20) + 3};
	struct bench *bench = *state;
	uint32_t most = 2 << 20, w[64], n;
	uint8_t *from = aql_alloc(&bench->machine, most, false),
		*back = aql_alloc(&bench->machine, most, false);
	uint8_t *local = alloc_local(bench, most);

	for (uint32_t i = 0; i < most; i++)
		from[i] = (uint8_t)(i * 7 + (i >> 8));
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t size = sizes[i], shift = i % 5;

		memset(back, 0xee, most);
		n = sdma_copy(w, from + shift, local + 3, size);
		n += sdma_copy(w + n, local + 3, back + 1, size);
		n += sdma_fence(w + n, bench->memory, i + 1);
		send(&bench->sdma, w, n);
		expect_word(bench->memory, i + 1);
		assert_memory_equal(back + 1, from + shift, size);
		assert_int_equal(back[0], 0xee);
		assert_int_equal(back[size + 1], 0xee);
	}
	expect_idle(&bench->sdma);
	aql_free(local);
	aql_free(back);
	aql_free(from);
}

static void a_trap_wakes_the_sleeper(void **state)
{
	struct bench *bench = *state;
	HsaEvent *event = new_event(bench);
	uint32_t w[16], n;

	for (unsigned i = 0; i < 20; i++) {
		n = sdma_fence(w, bench->memory, i + 1);
		n += sdma_fence(w + n, (const void *)(uintptr_t)event->EventData.HWData2, event->EventId);
		n += sdma_trap(w + n, event->EventId);
		bench->sdma.by_call = i >= 10; /* who calls does so from then on */
		send(&bench->sdma, w, n);
		assert_status(hsaKmtWaitOnEvent(event, PATIENCE_MS), SUCCESS);
		/* it may be told of twice, by its mailbox and by the interrupt */
		expect_word(bench->memory, i + 1);
	}
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

/* The whole ring several times, with packets that end at every place of it and slices that are not aligned. */
static void rings_go_around(void **state)
{
	struct bench *bench = *state;
	uint32_t w[16], n;

	for (unsigned kind = 0; kind < 2; kind++) {
		struct ring *ring = kind ? &bench->pm4 : &bench->sdma;
		uint64_t size = RING_BYTES / 4;

		for (uint32_t i = 0; i < 6000; i++) {
			if (kind)
				n = pm4_store(w, bench->memory + 1, i + 1);
			else
				n = sdma_fence(w, bench->memory + i % 3, i + 1);
			if (!kind && i % 3 == 0)
				n += sdma_nops(w + n, i % 11);
			/* one word stays free: a full ring and an empty one look alike to PM4's read index */
			while (kind ? (ring->placed - done_words(ring)) % size + n >= size
				    : ring->placed - done_words(ring) + n > size)
				nap();
			place(ring, w, n);
			if (i % 7 == 0)
				publish(ring);
		}
		publish(ring);
		expect_idle(ring);
		assert_true(ring->placed > 4 * size);
		assert_int_equal(bench->memory[kind ? 1 : 5999 % 3], 6000);
	}
}

static struct aql_signal *armed(struct bench *bench, uint32_t index, int64_t value)
{
	struct aql_signal *signal = (struct aql_signal *)(void *)(bench->memory + 256) + index;

	memset(signal, 0, sizeof(*signal));
	signal->kind = 1;
	aql_store(signal, value);
	return signal;
}

static void a_copy_waits_for_its_signals(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *from_cpu = armed(bench, 0, 1), *first = armed(bench, 1, 1);
	struct aql_signal *second = armed(bench, 2, 1);
	struct ring other;
	uint32_t w[64], n;

	ring_open(bench, &other, HSA_QUEUE_SDMA);
	/* what the other queue waits for is published later */
	bench->memory[0] = 0;
	n = sdma_poll_signal(w, &first->value);
	n += sdma_fence(w + n, bench->memory + 1, 2);
	n += sdma_decrement(w + n, &second->value);
	send(&other, w, n);
	n = sdma_fence(w, bench->memory, 1);
	n += sdma_poll_signal(w + n, &from_cpu->value);
	n += sdma_fence(w + n, bench->memory, 2);
	n += sdma_decrement(w + n, &first->value);
	send(&bench->sdma, w, n);
	/* what precedes the poll is not held up */
	expect_word(bench->memory, 1);
	assert_int_equal(aql_value(first), 1);
	assert_int_equal(aql_value(second), 1);
	aql_store(from_cpu, 0);
	aql_expect(second, 0);
	assert_int_equal(bench->memory[0], 2);
	assert_int_equal(bench->memory[1], 2);
	expect_idle(&bench->sdma);
	expect_idle(&other);
	ring_close(&other);
}

static void copies_and_dispatches_wait_for_each_other(void **state)
{
	struct bench *bench = *state;
	char *kernel = aql_alloc(&bench->machine, AQL_KERNEL_BYTES, true);
	uint64_t code = aql_kernel(kernel, aql_gfx_major(bench->node), AQL_KERNEL_PLAIN);
	struct aql_queue aql;
	uint32_t w[64], n;

	aql_open(&aql, &bench->machine, bench->node, 64);
	for (unsigned i = 0; i < 20; i++) {
		struct aql_signal *kernel_done = armed(bench, 0, 1), *copied = armed(bench, 1, 1);
		struct aql_signal *all = armed(bench, 2, 1);
		struct aql_signal *const deps[] = {copied};
		struct aql_packet dispatch = aql_dispatch(code, kernel_done);
		struct aql_packet barrier = aql_barrier(false, deps, 1, all);

		n = sdma_poll_signal(w, &kernel_done->value);
		n += sdma_fence(w + n, bench->memory, i + 1);
		n += sdma_decrement(w + n, &copied->value);
		if (i & 1) {
			send(&bench->sdma, w, n);
			aql_send(&aql, &dispatch);
			aql_send(&aql, &barrier);
		} else {
			aql_send(&aql, &dispatch);
			aql_send(&aql, &barrier);
			send(&bench->sdma, w, n);
		}
		aql_expect(all, 0);
		assert_int_equal(bench->memory[0], i + 1);
		assert_int_equal(aql_value(copied), 0);
	}
	aql_close(&aql);
	aql_free(kernel);
}

static void a_queue_that_waits_forever_is_destroyed_at_once(void **state)
{
	struct bench *bench = *state;
	struct aql_signal *never = armed(bench, 0, 1);
	struct ring ring;
	uint32_t w[32], n;
	uint64_t start;

	ring_open(bench, &ring, HSA_QUEUE_SDMA);
	n = sdma_poll_signal(w, &never->value);
	n += sdma_fence(w + n, bench->memory, 77);
	send(&ring, w, n);
	n = sdma_fence(w, bench->memory + 1, 1);
	send(&bench->sdma, w, n);
	expect_word(bench->memory + 1, 1);
	start = now_ms();
	ring_close(&ring);
	assert_in_range(now_ms() - start, 0, 1000);
	assert_int_not_equal(bench->memory[0], 77);
}

static void a_bad_packet_stops_its_queue_alone(void **state)
{
	struct bench *bench = *state;
	uint32_t w[16], n;
	struct ring bad[2];

	for (unsigned i = 0; i < 2; i++) {
		ring_open(bench, &bad[i], i ? HSA_QUEUE_COMPUTE : HSA_QUEUE_SDMA);
		n = i ? pm4_store(w, bench->memory + i, 5) : sdma_fence(w, bench->memory + i, 5);
		w[n++] = i ? 0x40000000u : 0xfeu;
		send(&bad[i], w, n);
		expect_word(bench->memory + i, 5);
		n = i ? pm4_store(w, bench->memory + i, 6) : sdma_fence(w, bench->memory + i, 6);
		send(&bad[i], w, n);
	}
	send(&bench->sdma, w, sdma_fence(w, bench->memory + 2, 1));
	send(&bench->pm4, w, pm4_store(w, bench->memory + 3, 1));
	expect_word(bench->memory + 2, 1);
	expect_word(bench->memory + 3, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(bench->memory[i], 5);
		ring_close(&bad[i]);
	}
}

static void both_engines_can_be_asked_for(void **state)
{
	struct bench *bench = *state;
	struct ring rings[2];
	uint32_t w[8];

	for (uint32_t i = 0; i < 2; i++) {
		rings[i] = (struct ring){.type = HSA_QUEUE_SDMA};
		rings[i].words = aql_alloc(&bench->machine, RING_BYTES, true);
		assert_status(hsaKmtCreateQueueExt(bench->node, HSA_QUEUE_SDMA_BY_ENG_ID, 100,
						   HSA_QUEUE_PRIORITY_NORMAL, i, rings[i].words, RING_BYTES,
						   NULL, &rings[i].resource),
			      SUCCESS);
		send(&rings[i], w, sdma_fence(w, bench->memory + i, i + 1));
	}
	for (uint32_t i = 0; i < 2; i++) {
		expect_word(bench->memory + i, i + 1);
		expect_idle(&rings[i]);
		ring_close(&rings[i]);
	}
}

/* ---- PM4 ---- */

static void an_interrupt_wakes_the_sleeper(void **state)
{
	struct bench *bench = *state;
	HsaEvent *event = new_event(bench);
	uint32_t w[32], n;

	for (unsigned i = 0; i < 20; i++) {
		n = pm4_store(w, bench->memory, i + 1);
		n += pm4_fence(w + n, (const void *)(uintptr_t)event->EventData.HWData2, event->EventId, true,
			       event->EventId);
		bench->pm4.by_call = i >= 10;
		send(&bench->pm4, w, n);
		assert_status(hsaKmtWaitOnEvent(event, PATIENCE_MS), SUCCESS);
		expect_word(bench->memory, i + 1);
	}
	expect_idle(&bench->pm4);
	assert_status(hsaKmtDestroyEvent(event), SUCCESS);
}

static void an_indirect_buffer_runs_in_its_place(void **state)
{
	struct bench *bench = *state;
	uint32_t *inside = aql_alloc(&bench->machine, 4096, true), w[32], n, m;

	m = pm4_store(inside, bench->memory, 2);
	m += pm4_store(inside + m, bench->memory + 1, 2);
	n = pm4_store(w, bench->memory, 1);
	n += pm4_store(w + n, bench->memory + 1, 1);
	n += pm4_jump(w + n, inside, m);
	n += pm4_store(w + n, bench->memory + 1, 3);
	send(&bench->pm4, w, n);
	expect_idle(&bench->pm4);
	assert_int_equal(bench->memory[0], 2);
	assert_int_equal(bench->memory[1], 3);
	aql_free(inside);
}

/* kfdtest: a queue that is updated to nothing takes nothing until it is updated back. */
static void a_disabled_queue_keeps_its_packets(void **state)
{
	struct bench *bench = *state;
	struct ring *ring = &bench->pm4;
	const struct timespec pause = {.tv_nsec = 20000000};
	uint32_t w[16];

	send(ring, w, pm4_store(w, bench->memory, 1));
	expect_idle(ring);
	assert_status(hsaKmtUpdateQueue(ring->resource.QueueId, 0, HSA_QUEUE_PRIORITY_NORMAL, NULL, 0, NULL),
		      SUCCESS);
	send(ring, w, pm4_store(w, bench->memory, 2));
	nanosleep(&pause, NULL);
	assert_int_equal(bench->memory[0], 1);
	assert_status(hsaKmtUpdateQueue(ring->resource.QueueId, 100, HSA_QUEUE_PRIORITY_NORMAL, ring->words,
					RING_BYTES, NULL),
		      SUCCESS);
	expect_idle(ring);
	assert_int_equal(bench->memory[0], 2);
}

static void rings_of_bad_shape_are_refused(void **state)
{
	struct bench *bench = *state;
	HsaQueueResource resource = {0};
	static const HSA_QUEUE_TYPE types[] = {HSA_QUEUE_SDMA, HSA_QUEUE_COMPUTE};
	char stray[64];

	for (unsigned i = 0; i < 2; i++) {
		assert_status(hsaKmtCreateQueue(bench->node, types[i], 100, HSA_QUEUE_PRIORITY_NORMAL,
						bench->sdma.words, RING_BYTES - 64, NULL, &resource),
			      INVALID_PARAMETER);
		assert_status(hsaKmtCreateQueue(bench->node, types[i], 100, HSA_QUEUE_PRIORITY_NORMAL,
						bench->sdma.words, 2 * RING_BYTES, NULL, &resource),
			      ERROR);
		assert_status(hsaKmtCreateQueue(bench->node, types[i], 100, HSA_QUEUE_PRIORITY_NORMAL, stray,
						RING_BYTES, NULL, &resource),
			      ERROR);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(copies_of_any_size_arrive, setup, teardown),
		cmocka_unit_test_setup_teardown(a_trap_wakes_the_sleeper, setup, teardown),
		cmocka_unit_test_setup_teardown(rings_go_around, setup, teardown),
		cmocka_unit_test_setup_teardown(a_copy_waits_for_its_signals, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_and_dispatches_wait_for_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(a_queue_that_waits_forever_is_destroyed_at_once, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_bad_packet_stops_its_queue_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(both_engines_can_be_asked_for, setup, teardown),
		cmocka_unit_test_setup_teardown(an_interrupt_wakes_the_sleeper, setup, teardown),
		cmocka_unit_test_setup_teardown(an_indirect_buffer_runs_in_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(a_disabled_queue_keeps_its_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(rings_of_bad_shape_are_refused, setup, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
