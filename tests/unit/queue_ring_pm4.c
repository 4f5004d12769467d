// SPDX-License-Identifier: MIT
/* PM4 rings: what is published runs once and in order, with indirect buffers inside; interrupts become events. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue_ring.h"
#include "util/compiler.h"

#define ONE_WORD_NOP 0xffff1000U
#define RING_WORDS   (RING_BYTES / 4)

static void build(struct ring_kit *kit)
{
	ring_kit_build(kit, &pm4_ring_ops, PM4_GFX11, RING_BYTES);
}

static void what_is_published_runs_on_every_generation(void **state)
{
	uint32_t word, w[16], n;
	struct ring_kit kit;

	(void)state;
	for (int g = 0; g < PM4_GENERATION_COUNT; g++) {
		ring_kit_build(&kit, &pm4_ring_ops, (enum pm4_generation)g, RING_BYTES);
		word = 0;
		w[0] = ONE_WORD_NOP;
		n = 1 + pm4_store(w + 1, &word, 7);
		ring_kit_place(&kit, w, n);
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		assert_int_equal(fake_batches(), 1);
		assert_true(ring_kit_has(fake_batch_at(0), w, n));
		assert_int_equal(*kit.request.read_index, 0);
		ring_kit_run(&kit);
		assert_int_equal(word, 7);
		assert_int_equal(*kit.request.read_index, n);
		assert_int_equal(kit.unknown, 0);
		ring_kit_end(&kit);
	}
}

/* kfdtest reads it as a place in the ring, with 32 bits. */
static void the_read_index_is_a_place_in_the_ring(void **state)
{
	uint32_t word = 0, w[8], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	/* 5 words: the ring's end falls on every place of a packet */
	for (uint32_t i = 0; i < 2000; i++) {
		n = pm4_store(w, &word, i + 1);
		ring_kit_place(&kit, w, n);
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		ring_kit_run(&kit);
		assert_int_equal(word, i + 1);
		assert_int_equal(*kit.request.read_index, kit.placed % RING_WORDS);
		assert_int_equal(fake_batches(), i + 1);
	}
	assert_true(kit.placed > RING_WORDS);
	ring_kit_end(&kit);
}

static void a_packet_that_is_not_all_published_is_left(void **state)
{
	uint32_t word = 0, w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = pm4_store(w, &word, 1);
	n += pm4_fence(w + n, &word, 2, false, 0);
	ring_kit_place(&kit, w, n);
	for (uint32_t i = 1; i < n; i++) {
		assert_int_equal(ring_kit_publish_to(&kit, i), QUEUE_EMPTY);
		assert_int_equal(fake_batches(), i >= 5);
	}
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(word, 2);
	ring_kit_end(&kit);
}

static void an_interrupt_becomes_an_event_and_ends_the_submission(void **state)
{
	uint32_t mailbox = 0, word = 0, w[64], n;
	struct ring_kit kit;

	(void)state;
	for (int g = 0; g < PM4_GENERATION_COUNT; g++) {
		ring_kit_build(&kit, &pm4_ring_ops, (enum pm4_generation)g, RING_BYTES);
		n = pm4_fence(w, &mailbox, 9, true, 9);
		n += pm4_fence(w + n, &word, 1, false, 10);
		n += pm4_fence(w + n, &word, 2, true, 0);
		n += pm4_fence(w + n, &word, 3, true, EVENT_MAX + 1);
		n += pm4_fence(w + n, &word, 4, true, EVENT_MAX);
		ring_kit_place(&kit, w, n);
		assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
		assert_int_equal(fake_batches(), 2);
		assert_int_equal(fake_batch_at(0)->action_count, 1);
		assert_int_equal(fake_batch_at(0)->actions[0].kind, ACTION_EVENT);
		assert_int_equal(fake_batch_at(0)->actions[0].id, 9);
		assert_int_equal(fake_batch_at(1)->action_count, 1);
		assert_int_equal(fake_batch_at(1)->actions[0].id, EVENT_MAX);
		ring_kit_run(&kit);
		assert_int_equal(kit.traps, 0);
		assert_int_equal(mailbox, 9);
		assert_int_equal(word, 4);
		ring_kit_end(&kit);
	}
}

static void indirect_buffers_are_put_in_place(void **state)
{
	uint32_t word = 0, mailbox = 0, inside[32], w[32], n, m;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	fake_memory_add(inside, sizeof(inside), MEMORY_SYSTEM, 0, 0);
	m = pm4_store(inside, &word, 5);
	m += pm4_fence(inside + m, &mailbox, 3, true, 3);
	m += pm4_store(inside + m, &word, 6);
	n = pm4_store(w, &word, 1);
	n += pm4_jump(w + n, inside, m);
	n += pm4_store(w + n, &word, 7);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	/* the event's sleeper does not wait for what follows the indirect buffer */
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(0)->action_count, 1);
	assert_int_equal(fake_batch_at(0)->actions[0].id, 3);
	/* it was copied */
	memset(inside, 0xff, sizeof(inside));
	ring_kit_run(&kit);
	assert_int_equal(kit.jumps, 0);
	assert_int_equal(kit.traps, 0);
	assert_int_equal(mailbox, 3);
	assert_int_equal(word, 7);
	assert_int_equal(*kit.request.read_index, n);
	ring_kit_end(&kit);
}

static void large_indirect_buffers_have_their_own_submissions(void **state)
{
	uint32_t words = (1U << 20) / 4, *inside = malloc(words * 4), word = 0, w[64], n = 0;
	struct ring_kit kit;

	(void)state;
	assert_non_null(inside);
	for (uint32_t i = 0; i < words; i++)
		inside[i] = ONE_WORD_NOP;
	pm4_store(inside, &word, 1);
	pm4_store(inside + words - 5, &word, 2);
	build(&kit);
	fake_memory_add(inside, words * 4, MEMORY_USER, 0, 0);
	for (unsigned i = 0; i < 3; i++)
		n += pm4_jump(w + n, inside, words);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(fake_batches(), 3);
	assert_int_equal(kit.jumps, 0);
	assert_int_equal(word, 2);
	assert_int_equal(*kit.request.read_index, n);
	ring_kit_end(&kit);
	free(inside);
}

static void what_the_cpu_cannot_read_is_jumped_to(void **state)
{
	uint32_t local[4], unknown[4], partly[4], *large = calloc(1, (1U << 20) + 4), w[32], n;
	struct ring_kit kit;

	(void)state;
	assert_non_null(large);
	build(&kit);
	fake_memory_add(local, sizeof(local), MEMORY_LOCAL, 0, 0);
	fake_memory_add(partly, sizeof(partly) - 4, MEMORY_SYSTEM, 0, 0);
	fake_memory_add(large, (1U << 20) + 4, MEMORY_SYSTEM, 0, 0);
	n = pm4_jump(w, local, 4);
	n += pm4_jump(w + n, unknown, 4);
	n += pm4_jump(w + n, partly, 4);
	n += pm4_jump(w + n, large, (1U << 18) + 1);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	assert_true(ring_kit_has(fake_batch_at(0), w, n));
	ring_kit_run(&kit);
	assert_int_equal(kit.jumps, 4);
	ring_kit_end(&kit);
	free(large);
}

static void a_bad_indirect_buffer_stops_the_queue_behind_what_precedes(void **state)
{
	static const char *const names[] = {"nested", "cut", "no packet"};
	uint32_t word, inside[32], w[32], n, m;
	struct ring_kit kit;

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(names); i++) {
		bool alone = i & 1;

		build(&kit);
		word = 0;
		fake_memory_add(inside, sizeof(inside), MEMORY_SYSTEM, 0, 0);
		m = pm4_fence(inside, &word, 5, true, 5);
		if (i / 2 == 0)
			m += pm4_jump(inside + m, inside, 4);
		else if (i / 2 == 1)
			m += pm4_store(inside + m, &word, 6) - 1;
		else
			inside[m++] = 0x40000000;
		n = alone ? 0 : pm4_store(w, &word, 1);
		n += pm4_jump(w + n, inside, m);
		n += pm4_store(w + n, &word, 7);
		ring_kit_place(&kit, w, n);
		assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
		assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
		ring_kit_run(&kit);
		assert_int_equal(fake_batches(), !alone);
		assert_int_equal(word, !alone);
		if (!alone)
			assert_int_equal(fake_batch_at(0)->action_count, 0);
		ring_kit_end(&kit);
	}
}

static void what_precedes_a_bad_packet_runs(void **state)
{
	uint32_t word = 0, w[16], n;
	struct ring_kit kit;

	(void)state;
	build(&kit);
	n = pm4_store(w, &word, 1);
	w[n++] = 0x40000000; /* the reserved type */
	n += pm4_store(w + n, &word, 2);
	ring_kit_place(&kit, w, n);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
	ring_kit_run(&kit);
	assert_int_equal(word, 1);
	assert_int_equal(*kit.request.read_index, 5);
	ring_kit_end(&kit);
}

static void a_packet_as_long_as_the_ring_is_taken_a_longer_one_is_not(void **state)
{
	uint32_t w[RING_WORDS] = {0};
	struct ring_kit kit;

	(void)state;
	build(&kit);
	w[0] = 3U << 30 | (RING_WORDS - 2) << 16 | 0x10U << 8;
	ring_kit_place(&kit, w, RING_WORDS);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_EMPTY);
	ring_kit_run(&kit);
	assert_int_equal(*kit.request.read_index, 0);
	w[0] += 1U << 16;
	ring_kit_place(&kit, w, 8);
	assert_int_equal(ring_kit_publish(&kit), QUEUE_STOPPED);
	assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
	ring_kit_end(&kit);
}

static void senseless_indices_stop_the_queue(void **state)
{
	static const struct {
		uint64_t first, then;
	} rows[] = {{5, 4}, {5, 0}, {0, RING_WORDS + 1}, {5, RING_WORDS + 6}, {0, UINT64_MAX}};
	struct ring_kit kit;
	uint32_t word, w[8];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		build(&kit);
		for (uint32_t k = 0; k < RING_WORDS; k++)
			kit.ring[k] = ONE_WORD_NOP; /* it is not for the packets */
		ring_kit_place(&kit, w, pm4_store(w, &word, 1));
		assert_int_equal(ring_kit_publish_to(&kit, rows[i].first), QUEUE_EMPTY);
		assert_int_equal(ring_kit_publish_to(&kit, rows[i].then), QUEUE_STOPPED);
		assert_int_equal(kit.queue.error, QUEUE_ERROR_INVALID_PACKET);
		ring_kit_end(&kit);
	}
}

static void no_words_crash(void **state)
{
	static uint32_t inside[512];
	uint32_t seed = 4711;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct ring_kit kit;
		uint32_t count = 1 + seed % 400;

		ring_kit_build(&kit, &pm4_ring_ops, (enum pm4_generation)(round % PM4_GENERATION_COUNT),
			       RING_BYTES);
		fake_memory_add(inside, sizeof(inside), MEMORY_SYSTEM, 0, 0);
		for (uint32_t i = 0; i < count; i++) {
			static const uint32_t ops[] = {0x10, 0x37, 0x3f, 0x49, 0x15, 0x58};
			uint32_t header;

			seed = seed * 1664525 + 1013904223;
			header = 3U << 30 | (seed >> 24 & 7) << 16 | ops[(seed >> 8) % 6] << 8;
			inside[i % 512] = seed & 0x40 ? seed : header;
			if ((seed >> 4 & 0xf) == 0) {
				uint32_t jump[4];

				ring_kit_place(&kit, jump,
					       pm4_jump(jump, inside + (seed >> 12 & 0xff), seed >> 20));
			} else {
				ring_kit_place(&kit, (uint32_t[]){seed & 0x80 ? seed : header}, 1);
			}
		}
		if (kit.placed <= RING_WORDS)
			ring_kit_publish(&kit);
		ring_kit_publish(&kit);
		ring_kit_end(&kit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_published_runs_on_every_generation),
		cmocka_unit_test(the_read_index_is_a_place_in_the_ring),
		cmocka_unit_test(a_packet_that_is_not_all_published_is_left),
		cmocka_unit_test(an_interrupt_becomes_an_event_and_ends_the_submission),
		cmocka_unit_test(indirect_buffers_are_put_in_place),
		cmocka_unit_test(large_indirect_buffers_have_their_own_submissions),
		cmocka_unit_test(what_the_cpu_cannot_read_is_jumped_to),
		cmocka_unit_test(a_bad_indirect_buffer_stops_the_queue_behind_what_precedes),
		cmocka_unit_test(what_precedes_a_bad_packet_runs),
		cmocka_unit_test(a_packet_as_long_as_the_ring_is_taken_a_longer_one_is_not),
		cmocka_unit_test(senseless_indices_stop_the_queue),
		cmocka_unit_test(no_words_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
