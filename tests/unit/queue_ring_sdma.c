// SPDX-License-Identifier: MIT
/* SDMA rings: what is published runs once and in order, whatever it is cut into, and what waits does not hold the engine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue/signal.h"
#include "queue_ring.h"
#include "util/compiler.h"

#define EQUAL	    3U
#define GREATER	    6U
#define OTHER_FENCE 0x51234U

/* amd_signal_t */
struct signal {
	_Alignas(64) int64_t kind;
	int64_t value;
	uint64_t mailbox;
	uint32_t event_id;
	uint32_t unused;
	uint64_t stamps[4];
};

static void build(struct ring_kit *kit)
{
	ring_kit_build(kit, &sdma_ring_ops, PM4_GFX11, RING_BYTES);
}

static void know(const struct signal *signal)
{
	fake_memory_add(signal, sizeof(*signal), MEMORY_SYSTEM, 0, 0);
}

static void what_is_published_runs_and_the_read_index_follows(void **state)
{
	uint32_t from[3] = {1, 2, 3}, to[3] = {0}, fence = 0, w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = sdma_copy(w, from, to, 11);
	n += sdma_fence(w + n, &fence, 7);
	ring_kit_place(&kit, w, n);
	assert_int_equal(fake_batches(), 0);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	assert_true(ring_kit_has(fake_batch_at(0), w, n));
	assert_int_equal(*kit.request.read_index, 0); /* nothing ran yet */
	ring_kit_run(&kit);
	assert_memory_equal(from, to, 11);
	assert_int_equal(((uint8_t *)to)[11], 0);
	assert_int_equal(fence, 7);
	assert_int_equal(*kit.request.read_index, n * 4);
	/* rung again for nothing */
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	ring_kit_end(&kit);
}

static void every_length_of_slice_is_filled_up_to_the_alignment(void **state)
{
	uint32_t fence = 0, w[80], n, index = 0;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	/* fake_batch.c checks the alignment, the engine that packets fill it */
	for (uint32_t pad = 0; pad < 40; pad++) {
		n = sdma_fence(w, &fence, pad + 1);
		n += sdma_nops(w + n, pad);
		index += n;
		ring_kit_place(&kit, w, n);
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		ring_kit_run(&kit);
		assert_int_equal(fence, pad + 1);
		assert_int_equal(*kit.request.read_index, index * 4);
	}
	assert_int_equal(kit.unknown, 0);
	ring_kit_end(&kit);
}

static void slices_go_around_the_end_of_the_ring(void **state)
{
	uint32_t from[8], to[8], w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	/* 7 + 4 words: the ring's end falls on every place of a packet */
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t fence = 0;

		for (uint32_t k = 0; k < 8; k++)
			from[k] = i * 8 + k;
		n = sdma_copy(w, from, to, sizeof(from));
		n += sdma_fence(w + n, &fence, i + 1);
		ring_kit_place(&kit, w, n);
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		ring_kit_run(&kit);
		assert_memory_equal(from, to, sizeof(from));
		assert_int_equal(fence, i + 1);
		assert_int_equal(*kit.request.read_index, kit.placed * 4);
		assert_int_equal(fake_batches(), i + 1);
	}
	ring_kit_end(&kit);
}

static void a_full_ring_is_taken(void **state)
{
	struct ring_kit kit;
	uint32_t count = 0, w[4];

	(void)state;
	build(&kit);
	for (uint32_t round = 0; round < 3; round++) {
		/* full to the last byte */
		for (uint32_t i = 0; i < RING_BYTES / 16; i++)
			ring_kit_place(&kit, w, sdma_fence(w, &count, round * 1000 + i));
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		ring_kit_run(&kit);
		assert_int_equal(count, round * 1000 + RING_BYTES / 16 - 1);
		assert_int_equal(*kit.request.read_index, kit.placed * 4);
	}
	assert_int_equal(fake_batches(), 3);
	ring_kit_end(&kit);
}

static void what_is_long_is_cut_at_packets(void **state)
{
	uint64_t bytes = 1 << 20;
	struct ring_kit kit;
	uint32_t w[7], n, from = 5, *to = calloc(bytes / 28, sizeof(*to)), i;

	(void)state;
	assert_non_null(to);
	ring_kit_build(&kit, &sdma_ring_ops, PM4_GFX10, bytes);
	for (i = 0; (i + 1) * 28 <= bytes; i++) {
		n = sdma_copy(w, &from, to + i, 4);
		ring_kit_place(&kit, w, n);
	}
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_in_range(fake_batches(), 16, 20);
	for (uint32_t k = 0; k < fake_batches(); k++)
		assert_in_range(fake_batch_at(k)->count, 1, 0x10000 / 4 + 64);
	ring_kit_run(&kit);
	for (uint32_t k = 0; k < i; k++)
		assert_int_equal(to[k], 5);
	assert_int_equal(*kit.request.read_index, kit.placed * 4);
	free(to);
	ring_kit_end(&kit);
}

static void a_packet_may_be_longer_than_a_slice(void **state)
{
	uint32_t words = 0x6000, n = words + 4, *w = calloc(n, 4), *to = calloc(words, 4), fence = 0;
	struct ring_kit kit;

	(void)state;
	assert_non_null(w);
	assert_non_null(to);
	ring_kit_build(&kit, &sdma_ring_ops, PM4_GFX10, 1 << 17);
	w[0] = 2; /* WRITE linear */
	w[1] = (uint32_t)ptr_to_u64(to);
	w[2] = (uint32_t)(ptr_to_u64(to) >> 32);
	w[3] = words - 1;
	for (uint32_t i = 0; i < words; i++)
		w[4 + i] = i * 3;
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t f[4];

		memset(to, 0, words * 4);
		ring_kit_place(&kit, f, sdma_fence(f, &fence, round));
		ring_kit_place(&kit, w, n);
		ring_kit_place(&kit, f, sdma_fence(f, &fence, round + 100));
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		ring_kit_run(&kit);
		assert_int_equal(fence, round + 100);
		assert_memory_equal(to, w + 4, words * 4);
		assert_int_equal(*kit.request.read_index, kit.placed * 4);
	}
	free(to);
	free(w);
	ring_kit_end(&kit);
}

static void a_packet_that_is_not_all_published_is_left(void **state)
{
	uint32_t from = 9, to = 0, fence = 0, w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = sdma_fence(w, &fence, 1);
	n += sdma_copy(w + n, &from, &to, 4);
	ring_kit_place(&kit, w, n);
	for (uint32_t part = 1; part < 4; part++)
		assert_int_equal(ring_kit_publish_to(&kit, part * 4), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 0);
	for (uint32_t part = 4; part < n; part++) {
		assert_int_equal(ring_kit_publish_to(&kit, part * 4), QUEUE_EMPTY);
		assert_int_equal(fake_batches(), 1);
		ring_kit_run(&kit);
		assert_int_equal(*kit.request.read_index, 16);
	}
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(to, 9);
	assert_int_equal(*kit.request.read_index, n * 4);
	ring_kit_end(&kit);
}

static void a_trap_becomes_an_event_and_ends_the_submission(void **state)
{
	uint32_t mailbox = 0, fence = 0, w[32], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = sdma_fence(w, &mailbox, 33);
	n += sdma_trap(w + n, 33);
	n += sdma_fence(w + n, &fence, 1);
	n += sdma_trap(w + n, 0);    /* of no event */
	n += sdma_trap(w + n, 5000); /* of none that there is */
	n += sdma_fence(w + n, &fence, 2);
	n += sdma_trap(w + n, 4096);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(0)->action_count, 1);
	assert_int_equal(fake_batch_at(0)->actions[0].kind, ACTION_EVENT);
	assert_int_equal(fake_batch_at(0)->actions[0].id, 33);
	assert_int_equal(fake_batch_at(1)->action_count, 1);
	assert_int_equal(fake_batch_at(1)->actions[0].id, 4096);
	ring_kit_run(&kit);
	assert_int_equal(kit.traps, 0);
	assert_int_equal(mailbox, 33);
	assert_int_equal(fence, 2);
	assert_int_equal(*kit.request.read_index, n * 4);
	ring_kit_end(&kit);
}

/* As ROCr ends a copy: the signal goes down, the mailbox is written, an interrupt is asked for. */
static void a_decrement_is_known_and_last_if_only_fences_follow(void **state)
{
	struct signal a = {.kind = 1, .value = 1}, b = {.kind = 1, .value = 1};
	uint32_t from = 1, to = 0, mailbox = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	know(&b);
	n = sdma_copy(w, &from, &to, 4);
	n += sdma_decrement(w + n, &a.value);
	n += sdma_fence(w + n, &mailbox, 2);
	n += sdma_trap(w + n, 2);
	n += sdma_nops(w + n, 3);
	n += sdma_decrement(w + n, &b.value);
	n += sdma_copy(w + n, &from, &to, 4);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(0)->signal_count, 1);
	assert_int_equal(fake_batch_at(0)->signals[0], ptr_to_u64(&a));
	assert_true(fake_batch_at(0)->signal_is_last);
	assert_int_equal(fake_batch_at(1)->signal_count, 1);
	assert_int_equal(fake_batch_at(1)->signals[0], ptr_to_u64(&b));
	assert_false(fake_batch_at(1)->signal_is_last);
	ring_kit_run(&kit);
	assert_int_equal(a.value, 0);
	assert_int_equal(b.value, 0);
	ring_kit_end(&kit);
}

static void a_satisfied_dependency_costs_nothing(void **state)
{
	struct signal a = {.kind = 1}, b = {.kind = 1};
	uint32_t from = 3, to = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	know(&b);
	n = sdma_poll_signal(w, &a.value);
	n += sdma_poll_signal(w + n, &b.value);
	n += sdma_copy(w + n, &from, &to, 4);
	/* in the middle, and at the end */
	n += sdma_poll_signal(w + n, &b.value);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	assert_int_equal(fake_batch_at(0)->wait_count, 0);
	ring_kit_run(&kit);
	assert_int_equal(kit.polls, 0);
	assert_int_equal(to, 3);
	assert_int_equal(*kit.request.read_index, n * 4);
	ring_kit_end(&kit);
}

static void a_dependency_parks_the_queue_behind_what_precedes(void **state)
{
	struct signal a = {.kind = 1, .value = 1};
	uint32_t first = 0, second = 0, w[64], n, half;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	half = n = sdma_fence(w, &first, 1);
	n += sdma_poll_signal(w + n, &a.value);
	n += sdma_fence(w + n, &second, 1);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 1);
	ring_kit_run(&kit);
	assert_int_equal(first, 1);
	assert_int_equal(second, 0);
	assert_int_equal(*kit.request.read_index, half * 4);
	/* looked at */
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	a.value = -1;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	a.value = INT64_C(1) << 32; /* the lower half is zero */
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 1);
	a.value = 0;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(second, 1);
	assert_int_equal(kit.polls, 0);
	assert_int_equal(*kit.request.read_index, n * 4);
	ring_kit_end(&kit);
}

static struct gsp_fence_point point_of(struct gsp_device *device, d3dkmt_handle fence, uint64_t wanted)
{
	return (struct gsp_fence_point){.device = device, .fence = fence, .wanted = wanted};
}

static void a_known_dependency_is_waited_for_by_the_gpu(void **state)
{
	struct signal a = {.kind = 1, .value = 1}, b = {.kind = 1, .value = 1};
	uint32_t first = 0, second = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	know(&b);
	fake_book_add(ptr_to_u64(&a), point_of(NULL, OTHER_FENCE, 17));
	fake_book_add(ptr_to_u64(&b), point_of(NULL, OTHER_FENCE + 1, 18));
	n = sdma_fence(w, &first, 1);
	n += sdma_poll_signal(w + n, &a.value);
	n += sdma_poll_signal(w + n, &b.value);
	n += sdma_fence(w + n, &second, 1);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	/* what precedes does not wait with it */
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(0)->wait_count, 0);
	assert_int_equal(fake_batch_at(1)->wait_count, 2);
	assert_int_equal(fake_batch_at(1)->waits[0].fence, OTHER_FENCE);
	assert_int_equal(fake_batch_at(1)->waits[0].value, 17);
	assert_int_equal(fake_batch_at(1)->waits[1].fence, OTHER_FENCE + 1);
	assert_int_equal(fake_batch_at(1)->waits[1].value, 18);
	ring_kit_run(&kit);
	assert_int_equal(kit.polls, 0);
	assert_int_equal(second, 1);
	ring_kit_end(&kit);
}

/* Its queue ended between the look and the wait: the host knows no such fence any more. */
static void a_wait_that_the_host_refuses_is_looked_at_instead(void **state)
{
	struct signal a = {.kind = 1, .value = 1};
	uint32_t done = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	fake_book_add(ptr_to_u64(&a), point_of(NULL, OTHER_FENCE, 17));
	n = sdma_poll_signal(w, &a.value);
	n += sdma_fence(w + n, &done, 1);
	ring_kit_place(&kit, w, n);
	fake_batch_refuse_submit(-EINVAL);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_false(kit.queue.stopped);
	/* not tried again */
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 0);
	a.value = 0;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(done, 1);
	/* the next one is */
	a.value = 1;
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batch_at(fake_batches() - 1)->wait_count, 1);
	/* a lost device is another matter */
	ring_kit_place(&kit, w, n);
	fake_batch_refuse_submit(-ENODEV);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	ring_kit_end(&kit);
}

static void a_turn_ends_between_submissions(void **state)
{
	uint32_t done = 0, w[16];
	struct ring_kit kit;

	(void)state;
	build(&kit);
	ring_kit_place(&kit, w, sdma_fence(w, &done, 1));
	kit.queue.turn_ends_ns = 1;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_true(kit.queue.yields);
	assert_int_equal(fake_batches(), 0);
	kit.queue.turn_ends_ns = 0;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	ring_kit_end(&kit);
}

/* A copy of what is lost would be taken for the result: it is left out up to its signal, which is lost too.  The next one is done. */
static void what_waits_for_a_lost_signal_is_left_out(void **state)
{
	struct signal a = {.kind = 1, .value = SIGNAL_LOST - 1}, done = {.kind = 1, .value = 1};
	struct signal next = {.kind = 1, .value = 1};
	uint32_t from = 1, to = 2, then = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	know(&done);
	know(&next);
	n = sdma_poll_signal(w, &a.value);
	n += sdma_copy(w + n, &from, &to, sizeof(to));
	ring_kit_place(&kit, w, n);
	/* also when what precedes it was submitted apart, or is taken back */
	fake_batch_refuse_submit(-EAGAIN);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	n = sdma_copy(w, &from, &to, sizeof(to));
	n += sdma_decrement(w + n, &done.value);
	n += sdma_copy(w + n, &from, &then, sizeof(then));
	n += sdma_decrement(w + n, &next.value);
	ring_kit_place(&kit, w, n);
	fake_batch_refuse_begin(-EAGAIN);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(to, 2);
	assert_int_equal(done.value, SIGNAL_LOST);
	assert_int_equal(then, 1);
	assert_int_equal(next.value, 0);
	assert_false(kit.queue.stopped);
	ring_kit_end(&kit);
}

static void what_is_published_on_a_lost_device_is_told(void **state)
{
	struct signal a = {.kind = 1, .value = 1}, signals[3];
	uint32_t from = 1, to = 2, w[128], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	n = sdma_poll_signal(w, &a.value);
	for (unsigned i = 0; i < ARRAY_SIZE(signals); i++) {
		signals[i] = (struct signal){.kind = 1, .value = 1};
		know(&signals[i]);
		n += sdma_copy(w + n, &from, &to, sizeof(to));
		n += sdma_decrement(w + n, &signals[i].value);
	}
	/* the last one is not all there */
	ring_kit_place(&kit, w, n - 1);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	kit.ops->lose(&kit.queue);
	assert_int_equal(signals[0].value, SIGNAL_LOST);
	assert_int_equal(signals[1].value, SIGNAL_LOST);
	assert_int_equal(signals[2].value, 1);
	/* once */
	signals[0].value = 1;
	ring_kit_place(&kit, w + n - 1, 1);
	__atomic_store_n(kit.queue.write_index, n * sizeof(w[0]), __ATOMIC_RELEASE);
	kit.ops->lose(&kit.queue);
	assert_int_equal(signals[0].value, 1);
	assert_int_equal(signals[2].value, SIGNAL_LOST);
	assert_int_equal(fake_batches(), 0);
	ring_kit_end(&kit);
}

static void many_dependencies_take_several_submissions(void **state)
{
	struct signal signals[12];
	uint32_t done = 0, w[12 * 12 + 4], n = 0, waits = 0;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	for (unsigned i = 0; i < ARRAY_SIZE(signals); i++) {
		signals[i] = (struct signal){.kind = 1, .value = 1};
		know(&signals[i]);
		fake_book_add(ptr_to_u64(&signals[i]), point_of(NULL, OTHER_FENCE + i, i + 1));
		n += sdma_poll_signal(w + n, &signals[i].value);
	}
	n += sdma_fence(w + n, &done, 1);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	for (uint32_t i = 0; i < fake_batches(); i++)
		for (uint32_t k = 0; k < fake_batch_at(i)->wait_count; k++)
			assert_int_equal(fake_batch_at(i)->waits[k].fence, OTHER_FENCE + waits++);
	assert_int_equal(waits, ARRAY_SIZE(signals));
	ring_kit_run(&kit);
	assert_int_equal(done, 1);
	ring_kit_end(&kit);
}

static void the_order_of_the_queue_itself_needs_no_wait(void **state)
{
	struct signal a = {.kind = 1, .value = 1};
	uint32_t from = 3, to = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	know(&a);
	n = sdma_copy(w, &from, &to, 4);
	n += sdma_decrement(w + n, &a.value);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	fake_book_add(ptr_to_u64(&a), lane_point(kit.queue.lane, 1));
	n = sdma_poll_signal(w, &a.value);
	n += sdma_copy(w + n, &from, &to, 4);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(1)->wait_count, 0);
	ring_kit_run(&kit);
	assert_int_equal(kit.polls, 0);
	ring_kit_end(&kit);
}

static void on_a_shared_lane_and_for_another_device_it_parks(void **state)
{
	struct signal a = {.kind = 1, .value = 1};
	struct ring_kit kit;
	uint32_t w[16];

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		build(&kit);
		know(&a);
		fake_lane_share(kit.queue.lane, i == 0);
		fake_book_add(ptr_to_u64(&a), point_of(i == 0 ? NULL : u64_to_ptr(0x1000), OTHER_FENCE, 17));
		ring_kit_place(&kit, w, sdma_poll_signal(w, &a.value));
		assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
		assert_int_equal(fake_batches(), 0);
		ring_kit_end(&kit);
	}
}

/* A word that a packet before it writes: what it holds now says nothing. */
static void a_poll_of_any_word_counts_when_all_before_is_done(void **state)
{
	uint32_t word = 5, done = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	fake_memory_add(&word, sizeof(word), MEMORY_SYSTEM, 0, 0);
	n = sdma_fence(w, &word, 6);
	n += sdma_poll(w + n, &word, EQUAL, 5, UINT32_MAX);
	n += sdma_fence(w + n, &done, 1);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 1);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	ring_kit_run(&kit);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	word = 5;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(done, 1);
	assert_int_equal(kit.polls, 0);
	assert_int_equal(fake_book_asked(), 0);
	ring_kit_end(&kit);
}

static void conditions_are_those_of_the_packet(void **state)
{
	/* func, word, reference, mask: satisfied */
	static const struct {
		uint32_t func, word, reference, mask;
		bool satisfied;
	} rows[] = {
		{1, 4, 5, 0xff, true},
		{1, 5, 5, 0xff, false},
		{2, 5, 5, 0xff, true},
		{2, 6, 5, 0xff, false},
		{3, 0x105, 5, 0xff, true},
		{3, 0x105, 5, 0xfff, false},
		{4, 6, 5, 0xff, true},
		{4, 5, 5, 0xff, false},
		{5, 5, 5, 0xff, true},
		{5, 4, 5, 0xff, false},
		{6, 6, 5, 0xff, true},
		{6, 5, 5, 0xff, false},
		{6, 0xf0000000, 5, UINT32_MAX, true},
	};
	struct ring_kit kit;
	uint32_t word, w[8];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		build(&kit);
		word = rows[i].word;
		fake_memory_add(&word, sizeof(word), MEMORY_SYSTEM, 0, 0);
		ring_kit_place(&kit, w, sdma_poll(w, &word, rows[i].func, rows[i].reference, rows[i].mask));
		assert_int_equal(ring_kit_publish(&kit), rows[i].satisfied ? QUEUE_EMPTY : QUEUE_PARKED);
		assert_int_equal(fake_batches(), rows[i].satisfied);
		ring_kit_end(&kit);
	}
}

static void what_the_cpu_cannot_see_is_left_to_the_engine(void **state)
{
	static const enum memory_kind kinds[] = {MEMORY_LOCAL, MEMORY_SCRATCH, MEMORY_ADDRESS};
	uint32_t words[ARRAY_SIZE(kinds)], elsewhere, unknown, w[64], n = 0;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		fake_memory_add(&words[i], 4, kinds[i], 0, 0);
		n += sdma_poll(w + n, &words[i], EQUAL, 1, UINT32_MAX);
	}
	fake_memory_add(&elsewhere, 4, MEMORY_USER, 0, 0x123456000);
	n += sdma_poll(w + n, &elsewhere, EQUAL, 1, UINT32_MAX);
	n += sdma_poll(w + n, &unknown, EQUAL, 1, UINT32_MAX);
	w[n] = 8; /* of a register */
	memset(w + n + 1, 0, 20);
	n += 6;
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 1);
	assert_true(ring_kit_has(fake_batch_at(0), w, n));
	ring_kit_end(&kit);
}

static void visible_gpu_memory_is_looked_at(void **state)
{
	struct ring_kit kit;
	uint32_t word = 0, w[8];

	(void)state;
	build(&kit);
	fake_memory_add(&word, 4, MEMORY_LOCAL, MEMORY_CPU_VISIBLE, 0);
	ring_kit_place(&kit, w, sdma_poll(w, &word, GREATER, 1, UINT32_MAX));
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	word = 2;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_end(&kit);
}

static void senseless_indices_stop_the_queue(void **state)
{
	const struct {
		uint64_t first, then;
	} rows[] = {
		{16, 12},	 {16, 0}, {0, RING_BYTES + 4}, {16, RING_BYTES + 20},
		{0, UINT64_MAX}, {0, 3},  {0, 1ULL << 63},     {16, 18},
	};
	struct ring_kit kit;
	uint32_t fence, w[4];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		build(&kit);
		memset(kit.ring, 0, RING_BYTES); /* it is not for the packets */
		ring_kit_place(&kit, w, sdma_fence(w, &fence, 1));
		assert_int_equal(ring_kit_publish_to(&kit, rows[i].first), QUEUE_EMPTY);
		assert_int_equal(ring_kit_publish_to(&kit, rows[i].then), QUEUE_STOPPED);
		assert_true(kit.queue.stopped);
		assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
		ring_kit_end(&kit);
	}
}

static void what_precedes_a_bad_packet_runs(void **state)
{
	uint32_t fence = 0, w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = sdma_fence(w, &fence, 1);
	w[n++] = 0xfe; /* no such packet */
	n += sdma_fence(w + n, &fence, 2);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
	assert_int_equal(fake_batches(), 1);
	ring_kit_run(&kit);
	assert_int_equal(fence, 1);
	assert_int_equal(*kit.request.read_index, 16);
	ring_kit_end(&kit);
}

static void a_packet_longer_than_the_ring_stops_the_queue(void **state)
{
	struct ring_kit kit;
	uint32_t w[4] = {2, 0x1000, 0, RING_BYTES / 4};

	(void)state;
	build(&kit);
	ring_kit_place(&kit, w, 4);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
	ring_kit_end(&kit);
}

static void failures_that_pass_are_tried_again(void **state)
{
	uint32_t fence = 0, mailbox = 0, w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = sdma_fence(w, &mailbox, 4);
	n += sdma_trap(w + n, 4);
	n += sdma_fence(w + n, &fence, 1);
	ring_kit_place(&kit, w, n);
	fake_batch_refuse_begin(-EAGAIN);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	fake_batch_refuse_submit(-ENOMEM);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 0);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	/* nothing twice */
	assert_int_equal(fake_batch_at(0)->action_count, 1);
	assert_int_equal(fake_batch_at(1)->action_count, 0);
	ring_kit_run(&kit);
	assert_int_equal(fence, 1);
	assert_int_equal(*kit.request.read_index, n * 4);
	/* others do not pass */
	ring_kit_place(&kit, w, n);
	fake_batch_refuse_submit(-EIO);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	assert_int_equal(kit.queue.error, QUEUE_ERROR_EXCEPTION);
	ring_kit_end(&kit);
}

static void an_ending_queue_takes_nothing(void **state)
{
	struct ring_kit kit;
	uint32_t w[4], fence;

	(void)state;
	build(&kit);
	ring_kit_place(&kit, w, sdma_fence(w, &fence, 1));
	atomic_store(&kit.queue.ending, true);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 0);
	ring_kit_end(&kit);
}

static void rings_have_to_be_memory_of_a_sane_size(void **state)
{
	struct ring_kit kit;
	uint64_t stray[2];

	(void)state;
	build(&kit);
	kit.ops->destroy(&kit.queue);
	kit.queue.ring_bytes = RING_BYTES - 4;
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), -EINVAL);
	kit.queue.ring_bytes = 512;
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), -EINVAL);
	kit.queue.ring_bytes = 2 * RING_BYTES;
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), -EFAULT);
	kit.queue.ring_bytes = RING_BYTES;
	kit.queue.ring = (uint8_t *)kit.ring + 2;
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), -EINVAL);
	kit.queue.ring = (uint8_t *)stray;
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), -EFAULT);
	kit.queue.ring = (uint8_t *)kit.ring;
	fake_memory_refuse(1);
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), -ENOMEM);
	assert_int_equal(kit.ops->create(&kit.queue, &kit.request), 0);
	/* replaced by an update */
	kit.queue.ring = (uint8_t *)stray;
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_ARGUMENT);
	ring_kit_end(&kit);
}

static void no_words_crash(void **state)
{
	uint32_t seed = 12345;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct ring_kit kit;
		uint32_t count = 1 + seed % 400;

		ring_kit_build(&kit, &sdma_ring_ops, (enum pm4_generation)(round % PM4_GENERATION_COUNT),
			       RING_BYTES);
		for (uint32_t i = 0; i < count; i++) {
			seed = seed * 1664525 + 1013904223;
			/* often an operation that there is */
			ring_kit_place(&kit, (uint32_t[]){seed & 0x80 ? seed : seed >> 24 & 0x1f}, 1);
		}
		ring_kit_publish(&kit);
		ring_kit_publish(&kit);
		ring_kit_end(&kit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_published_runs_and_the_read_index_follows),
		cmocka_unit_test(every_length_of_slice_is_filled_up_to_the_alignment),
		cmocka_unit_test(slices_go_around_the_end_of_the_ring),
		cmocka_unit_test(a_full_ring_is_taken),
		cmocka_unit_test(what_is_long_is_cut_at_packets),
		cmocka_unit_test(a_packet_may_be_longer_than_a_slice),
		cmocka_unit_test(a_packet_that_is_not_all_published_is_left),
		cmocka_unit_test(a_trap_becomes_an_event_and_ends_the_submission),
		cmocka_unit_test(a_decrement_is_known_and_last_if_only_fences_follow),
		cmocka_unit_test(a_satisfied_dependency_costs_nothing),
		cmocka_unit_test(a_dependency_parks_the_queue_behind_what_precedes),
		cmocka_unit_test(a_known_dependency_is_waited_for_by_the_gpu),
		cmocka_unit_test(a_wait_that_the_host_refuses_is_looked_at_instead),
		cmocka_unit_test(a_turn_ends_between_submissions),
		cmocka_unit_test(what_waits_for_a_lost_signal_is_left_out),
		cmocka_unit_test(what_is_published_on_a_lost_device_is_told),
		cmocka_unit_test(many_dependencies_take_several_submissions),
		cmocka_unit_test(the_order_of_the_queue_itself_needs_no_wait),
		cmocka_unit_test(on_a_shared_lane_and_for_another_device_it_parks),
		cmocka_unit_test(a_poll_of_any_word_counts_when_all_before_is_done),
		cmocka_unit_test(conditions_are_those_of_the_packet),
		cmocka_unit_test(what_the_cpu_cannot_see_is_left_to_the_engine),
		cmocka_unit_test(visible_gpu_memory_is_looked_at),
		cmocka_unit_test(senseless_indices_stop_the_queue),
		cmocka_unit_test(what_precedes_a_bad_packet_runs),
		cmocka_unit_test(a_packet_longer_than_the_ring_stops_the_queue),
		cmocka_unit_test(failures_that_pass_are_tried_again),
		cmocka_unit_test(an_ending_queue_takes_nothing),
		cmocka_unit_test(rings_have_to_be_memory_of_a_sane_size),
		cmocka_unit_test(no_words_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
