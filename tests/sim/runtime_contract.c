// SPDX-License-Identifier: MIT
/*
 * What a runtime that links libhsakmt may rely on, all of it at once, on the machine that the command line names: it is told nothing of
 * translation, only stores to doorbells, sleeps on the events of its signals, and has told each queue in amd_queue_t of the scratch that
 * is its own.  Compute and copy queues depend on each other.
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

#define SLOTS	      64u
#define QUEUES	      2u
#define PATIENCE_MS   20000u
#define SCRATCH_RANGE (1ULL << 32)
#define SCRATCH_PIECE 0x1e00000ULL
#define SCRATCH_WAVES 8u /* on each shader engine */
#define LANE_BYTES    256u
#define COPY_RING     0x4000u
#define COPY_BYTES    5000u
#define SIGNAL_COUNT  32u

/* amd_queue_t (ROCr amd_hsa_queue.h) */
#define TMPRING	 140
#define RESOURCE 144
#define BASE	 160
#define LANE	 176
#define INACTIVE 192

static const char *adapters;

struct runtime {
	struct aql_bench bench;
	HsaNodeProperties properties;
	struct aql_queue queues[QUEUES];
	char *scratch;
	HsaQueueResource copier;
	char *copy_ring;
	uint64_t copied; /* bytes written to that ring */
	unsigned char *memory;
	HsaEvent *events[SIGNAL_COUNT];
};

/* A signal as ROCr makes it where interrupts are on: each has its event. */
static struct aql_signal *armed(struct runtime *runtime, uint32_t index, int64_t value)
{
	struct aql_signal *signal = aql_bench_arm(&runtime->bench, index, value);

	if (runtime->events[index]) {
		signal->mailbox = runtime->events[index]->EventData.HWData2;
		signal->event_id = runtime->events[index]->EventId;
	} else {
		runtime->events[index] = aql_add_event(signal);
	}
	return signal;
}

/* ROCr InterruptSignal::WaitRelaxed, without the time that it looks before it sleeps: who is not woken is late. */
static void sleep_on(struct runtime *runtime, const struct aql_signal *signal, int64_t wanted)
{
	HsaEvent *event = runtime->events[signal - runtime->bench.signals];

	while (aql_value(signal) != wanted)
		assert_status(hsaKmtWaitOnEvent(event, PATIENCE_MS), SUCCESS);
}

static void set(struct runtime *runtime, struct aql_signal *signal, int64_t value)
{
	aql_store(signal, value);
	assert_status(hsaKmtSetEvent(runtime->events[signal - runtime->bench.signals]), SUCCESS);
}

/* ROCr InitScratchSRD and FillComputeTmpRingSize, what of it the packet processor reads. */
static void tell_of_scratch(const struct runtime *runtime, char *amd_queue, const char *scratch)
{
	const uint32_t wave = LANE_BYTES * 64, engines = runtime->properties.NumShaderBanks,
		       lane = LANE_BYTES;
	const uint64_t base = (uintptr_t)scratch;
	const uint32_t size = SCRATCH_WAVES * engines * wave;
	const uint32_t resource[4] = {(uint32_t)base, (uint32_t)(base >> 32) | 1u << 31, size, 0};
	const uint32_t ring = runtime->bench.gfx_major >= 11 ? SCRATCH_WAVES | (wave / 256) << 12
							     : SCRATCH_WAVES * engines | (wave / 1024) << 12;

	assert_true(size <= SCRATCH_PIECE / QUEUES);
	memcpy(amd_queue + TMPRING, &ring, sizeof(ring));
	memcpy(amd_queue + RESOURCE, resource, sizeof(resource));
	memcpy(amd_queue + BASE, &base, sizeof(base));
	memcpy(amd_queue + LANE, &lane, sizeof(lane));
}

static void start_queues(struct runtime *runtime)
{
	const struct machine *machine = &runtime->bench.machine;
	HsaMemFlags flags = {.Value = 0x240}; /* Scratch | HostAccess */
	HSAuint64 va;
	void *range;

	assert_status(hsaKmtAllocMemory(runtime->bench.node, SCRATCH_RANGE, flags, &range), SUCCESS);
	runtime->scratch = range;
	assert_status(hsaKmtMapMemoryToGPU(range, SCRATCH_PIECE, &va), SUCCESS);
	for (unsigned i = 0; i < QUEUES; i++) {
		aql_open(&runtime->queues[i], machine, runtime->bench.node, SLOTS);
		runtime->queues[i].store_doorbell = true;
		tell_of_scratch(runtime, runtime->queues[i].amd_queue,
				runtime->scratch + i * (SCRATCH_PIECE / QUEUES));
	}
	runtime->copy_ring = aql_alloc(machine, COPY_RING, true);
	runtime->memory = aql_alloc(machine, 0x10000, false);
	assert_status(hsaKmtCreateQueue(runtime->bench.node, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_MAXIMUM,
					runtime->copy_ring, COPY_RING, NULL, &runtime->copier),
		      SUCCESS);
}

static int setup(void **state)
{
	struct runtime *runtime = calloc(1, sizeof(*runtime));

	assert_non_null(runtime);
	aql_bench_open(&runtime->bench, adapters);
	assert_status(hsaKmtGetNodeProperties(runtime->bench.node, &runtime->properties), SUCCESS);
	start_queues(runtime);
	*state = runtime;
	return 0;
}

static int teardown(void **state)
{
	struct runtime *runtime = *state;

	assert_status(hsaKmtDestroyQueue(runtime->copier.QueueId), SUCCESS);
	for (unsigned i = 0; i < QUEUES; i++)
		aql_close(&runtime->queues[i]);
	for (unsigned i = 0; i < SIGNAL_COUNT; i++)
		if (runtime->events[i])
			assert_status(hsaKmtDestroyEvent(runtime->events[i]), SUCCESS);
	aql_free(runtime->copy_ring);
	aql_free(runtime->memory);
	assert_status(hsaKmtFreeMemory(runtime->scratch, SCRATCH_RANGE), SUCCESS);
	aql_bench_close(&runtime->bench);
	free(runtime);
	return machine_teardown(state);
}

/* A copy when `after` is 0, which sets `done` and, unlike a signal of AQL, its event by packets of its own. */
static void copy(struct runtime *runtime, const unsigned char *from, unsigned char *to,
		 const struct aql_signal *after, const struct aql_signal *done)
{
	uint32_t w[64], n = 0;

	if (after)
		n += sdma_poll_signal(w + n, &after->value);
	n += sdma_copy(w + n, from, to, COPY_BYTES);
	n += sdma_decrement(w + n, &done->value);
	n += sdma_fence(w + n, (const void *)(uintptr_t)done->mailbox, done->event_id);
	n += sdma_trap(w + n, done->event_id);
	/* not a multiple of anything */
	for (uint32_t i = 0; i < n; i++)
		((uint32_t *)(void *)runtime->copy_ring)[(runtime->copied / 4 + i) % (COPY_RING / 4)] = w[i];
	runtime->copied += n * 4ull;
	__atomic_store_n(runtime->copier.Queue_write_ptr_aql, runtime->copied, __ATOMIC_RELEASE);
	__atomic_store_n(runtime->copier.Queue_DoorBell_aql, runtime->copied, __ATOMIC_RELEASE);
}

static struct aql_packet dispatch(const struct runtime *runtime, enum aql_kernel_kind kind,
				  struct aql_signal *done)
{
	struct aql_packet packet = aql_dispatch(aql_bench_kernel(&runtime->bench, kind), done);

	packet.private_bytes = kind == AQL_KERNEL_SCRATCH ? LANE_BYTES : 0;
	return packet;
}

static void nothing_is_said_of_translation(void **state)
{
	const struct runtime *runtime = *state;

	/* there is no place for it in what libhsakmt's callers have */
	assert_int_equal(sizeof(runtime->properties), 356);
	/* 64-bit doorbells that take packet indices, on which ROCr stores the last one's */
	assert_int_equal(runtime->properties.Capability.ui32.DoorbellType, 2);
}

static void a_stored_doorbell_and_a_sleeper_are_all_it_takes(void **state)
{
	static const long pauses[] = {0, 20000, 300000, 8000000};
	struct runtime *runtime = *state;

	for (unsigned i = 0; i < 100; i++) {
		struct aql_signal *done = armed(runtime, i % 4, 1);
		struct aql_packet packet = dispatch(runtime, AQL_KERNEL_PLAIN, done);

		nanosleep(&(const struct timespec){.tv_nsec = pauses[i % 4]}, NULL);
		aql_send(&runtime->queues[i % QUEUES], &packet);
		sleep_on(runtime, done, 0);
	}
}

/* Host to device memory, kernel, and back: a chain over three queues that the CPU starts when all of it is there. */
static void queues_of_both_kinds_wait_for_each_other(void **state)
{
	struct runtime *runtime = *state;
	unsigned char *from = runtime->memory, *middle = from + 0x4000, *to = from + 0x8000;

	for (unsigned round = 0; round < 20; round++) {
		struct aql_signal *start = armed(runtime, 0, 1), *in = armed(runtime, 1, 1),
				  *first = armed(runtime, 2, 1), *second = armed(runtime, 3, 1),
				  *out = armed(runtime, 4, 1);
		struct aql_packet after_in = aql_barrier(false, &in, 1, NULL),
				  after_first = aql_barrier(false, &first, 1, NULL),
				  one = dispatch(runtime, AQL_KERNEL_SCRATCH, first),
				  two = dispatch(runtime, AQL_KERNEL_DISPATCH, second);

		for (unsigned i = 0; i < COPY_BYTES; i++)
			from[i] = (unsigned char)(i * 3 + round);
		/* the last one first */
		aql_send(&runtime->queues[1], &after_first);
		aql_send(&runtime->queues[1], &two);
		aql_send(&runtime->queues[0], &after_in);
		aql_send(&runtime->queues[0], &one);
		copy(runtime, from, middle, start, in);
		copy(runtime, middle, to, second, out);
		nanosleep(&(const struct timespec){.tv_nsec = round ? 0 : 5000000}, NULL);
		assert_int_equal(aql_value(in), 1);
		assert_int_equal(aql_value(out), 1);
		set(runtime, start, 0);
		sleep_on(runtime, out, 0);
		assert_memory_equal(from, to, COPY_BYTES);
		assert_int_equal(aql_value(first), 0);
		assert_int_equal(aql_value(second), 0);
	}
}

/* Of the runtime's own no memory is taken; for what it does not cover there is the library's. */
static void scratch_is_the_runtimes_where_it_suffices(void **state)
{
	struct runtime *runtime = *state;
	struct aql_signal *done = armed(runtime, 0, 1);
	struct aql_packet packet = dispatch(runtime, AQL_KERNEL_PLAIN, done);
	size_t allocations;

	for (unsigned i = 0; i < QUEUES; i++) {
		set(runtime, done, 1);
		aql_send(&runtime->queues[i], &packet);
		sleep_on(runtime, done, 0);
	}
	allocations = dxgsim_live_objects("allocation");
	packet = dispatch(runtime, AQL_KERNEL_SCRATCH, done);
	for (unsigned i = 0; i < 10; i++) {
		set(runtime, done, 1);
		aql_send(&runtime->queues[i % QUEUES], &packet);
		sleep_on(runtime, done, 0);
	}
	assert_int_equal(dxgsim_live_objects("allocation"), allocations);
	/* more than the queues were told of */
	packet.private_bytes = 4 * LANE_BYTES;
	set(runtime, done, 1);
	aql_send(&runtime->queues[0], &packet);
	sleep_on(runtime, done, 0);
	assert_true(dxgsim_live_objects("allocation") > allocations);
	/* taken back, as ROCr does when it trims: the next dispatch uses the library's too */
	memset(runtime->queues[1].amd_queue + TMPRING, 0, LANE - TMPRING);
	packet.private_bytes = LANE_BYTES;
	set(runtime, done, 1);
	aql_send(&runtime->queues[1], &packet);
	sleep_on(runtime, done, 0);
	assert_int_equal(*runtime->queues[0].error, 0);
	assert_int_equal(*runtime->queues[1].error, 0);
}

/* ROCr sleeps on the queue's inactive signal to call the application back. */
static void an_error_wakes_who_waits_for_the_queue_to_stop(void **state)
{
	struct runtime *runtime = *state;
	struct aql_signal *inactive = armed(runtime, 5, 0), *done = armed(runtime, 6, 1),
			  *other = armed(runtime, 7, 1);
	struct aql_packet packet = dispatch(runtime, AQL_KERNEL_PLAIN, done);

	*(uint64_t *)(void *)(runtime->queues[0].amd_queue + INACTIVE) = (uint64_t)(uintptr_t)inactive;
	packet.header = aql_header(77, true, AQL_SYSTEM, AQL_SYSTEM);
	aql_send(&runtime->queues[0], &packet);
	assert_status(hsaKmtWaitOnEvent(runtime->events[5], PATIENCE_MS), SUCCESS);
	assert_int_equal(aql_value(inactive), 0x20);
	assert_int_equal(*runtime->queues[0].error, 0x20);
	assert_int_equal(aql_value(done), 1);
	/* the others go on */
	packet = dispatch(runtime, AQL_KERNEL_SCRATCH, other);
	aql_send(&runtime->queues[1], &packet);
	sleep_on(runtime, other, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_said_of_translation),
		TEST(a_stored_doorbell_and_a_sleeper_are_all_it_takes),
		TEST(queues_of_both_kinds_wait_for_each_other),
		TEST(scratch_is_the_runtimes_where_it_suffices),
		TEST(an_error_wakes_who_waits_for_the_queue_to_stop),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
