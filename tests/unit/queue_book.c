// SPDX-License-Identifier: MIT
/* What the book says of signals, and what it must never say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue/book.h"
#include "queue/signal.h"
#include "util/compiler.h"

static bool no_memory;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : __real_calloc(count, size);
}

struct desk {
	struct book *book;
	struct lane *lanes[3];
	uint8_t signals[8][SIGNAL_BYTES] __attribute__((aligned(64)));
};

static void open_desk(struct desk *desk)
{
	memset(desk, 0, sizeof(*desk));
	assert_int_equal(book_create(&desk->book), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(desk->lanes); i++)
		desk->lanes[i] = fake_lane_create(NULL, i);
}

static void close_desk(struct desk *desk)
{
	book_destroy(desk->book);
	for (unsigned i = 0; i < ARRAY_SIZE(desk->lanes); i++)
		if (desk->lanes[i])
			fake_lane_destroy(desk->lanes[i]);
}

static uint64_t signal_of(struct desk *desk, unsigned i)
{
	return ptr_to_u64(desk->signals[i]);
}

static void store(struct desk *desk, unsigned i, int64_t value)
{
	__atomic_store_n((int64_t *)(void *)&desk->signals[i][SIGNAL_VALUE], value, __ATOMIC_RELEASE);
}

static void decrement(struct desk *desk, unsigned i)
{
	__atomic_fetch_sub((int64_t *)(void *)&desk->signals[i][SIGNAL_VALUE], 1, __ATOMIC_RELEASE);
}

/* One submission with one decrement, made. */
static uint64_t submit(struct desk *desk, unsigned lane, unsigned i, bool last)
{
	uint64_t ordinal = lane_next(desk->lanes[lane]);

	assert_int_equal(book_expect(desk->book, signal_of(desk, i), desk->lanes[lane], ordinal, last), 0);
	assert_int_equal(fake_lane_submit(desk->lanes[lane]), ordinal);
	book_submitted(desk->book, desk->lanes[lane], ordinal, true);
	return ordinal;
}

static bool is_known(struct desk *desk, unsigned i)
{
	struct gsp_fence_point point;

	return book_find(desk->book, signal_of(desk, i), &point);
}

static void expect_point(struct desk *desk, unsigned i, unsigned lane, uint64_t ordinal)
{
	const struct gsp_fence_point wanted = lane_point(desk->lanes[lane], ordinal);
	struct gsp_fence_point point = {0};

	assert_true(book_find(desk->book, signal_of(desk, i), &point));
	assert_int_equal(point.fence, wanted.fence);
	assert_int_equal(point.wanted, wanted.wanted);
	assert_ptr_equal(point.value, wanted.value);
}

static void one_submission_that_brings_it_to_zero_is_found(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 1);
	assert_false(is_known(&desk, 0));
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 1);
	/* over: nothing to wait for */
	decrement(&desk, 0);
	assert_false(is_known(&desk, 0));
	fake_lane_finish(desk.lanes[0], 1);
	assert_false(is_known(&desk, 0));
	/* and again */
	store(&desk, 0, 1);
	assert_false(is_known(&desk, 0));
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 2);
	close_desk(&desk);
}

static void it_is_not_known_before_the_submission_is_made(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 1);
	assert_int_equal(book_expect(desk.book, signal_of(&desk, 0), desk.lanes[0], 1, true), 0);
	assert_false(is_known(&desk, 0));
	fake_lane_submit(desk.lanes[0]);
	book_submitted(desk.book, desk.lanes[0], 1, true);
	assert_true(is_known(&desk, 0));
	close_desk(&desk);
}

static void the_latest_of_several_is_the_one_to_wait_for(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 3);
	submit(&desk, 0, 0, false);
	assert_false(is_known(&desk, 0));
	submit(&desk, 0, 0, false);
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 3);
	/* in any state that the GPU may be in meanwhile */
	decrement(&desk, 0);
	expect_point(&desk, 0, 0, 3);
	fake_lane_finish(desk.lanes[0], 1);
	expect_point(&desk, 0, 0, 3);
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 2);
	expect_point(&desk, 0, 0, 3);
	close_desk(&desk);
}

static void a_decrement_amid_a_submission_is_not_its_end(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, false);
	assert_false(is_known(&desk, 0));
	close_desk(&desk);
}

static void an_end_that_is_not_zero_is_unknown(void **state)
{
	static const int64_t values[] = {0, 2, 3, -1, 5, INT64_MIN, INT64_MAX};
	struct desk desk;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		open_desk(&desk);
		store(&desk, 0, values[i]);
		submit(&desk, 0, 0, true);
		assert_false(is_known(&desk, 0));
		/* not even when somebody else makes the number fit */
		store(&desk, 0, 1);
		assert_false(is_known(&desk, 0));
		close_desk(&desk);
	}
}

/* Somebody changed the signal, so what it ends at is anybody's guess. */
static void a_value_that_does_not_match_is_unknown(void **state)
{
	static const int64_t values[] = {0, 3, 4, -1, -2, INT64_MIN, INT64_MAX};
	struct desk desk;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
		open_desk(&desk);
		store(&desk, 0, 2);
		submit(&desk, 0, 0, true);
		submit(&desk, 0, 0, true);
		assert_true(is_known(&desk, 0));
		store(&desk, 0, values[i]);
		assert_false(is_known(&desk, 0));
		close_desk(&desk);
	}
}

static void decrements_of_two_lanes_have_no_single_end(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 2);
	submit(&desk, 0, 0, true);
	submit(&desk, 1, 0, true);
	assert_false(is_known(&desk, 0));
	/* but when one of them is over the other is alone */
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 1);
	expect_point(&desk, 0, 1, 1);
	close_desk(&desk);
	/* whichever it is */
	open_desk(&desk);
	store(&desk, 0, 2);
	submit(&desk, 0, 0, true);
	submit(&desk, 1, 0, true);
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[1], 1);
	assert_false(is_known(&desk, 0));
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 1);
	store(&desk, 0, 1);
	submit(&desk, 2, 0, true);
	expect_point(&desk, 0, 2, 1);
	close_desk(&desk);
}

static void lanes_by_turns_are_told_apart(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 4);
	for (unsigned i = 0; i < 4; i++)
		submit(&desk, i & 1, 0, true);
	assert_false(is_known(&desk, 0));
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 1);
	assert_false(is_known(&desk, 0));
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 2);
	assert_false(
		is_known(&desk, 0)); /* two runs of lane 1: known to be one only when the first is over */
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[1], 1);
	expect_point(&desk, 0, 1, 2);
	close_desk(&desk);
}

/* What the fence of an idle lane tells is seen without anything new being put into it. */
static void what_is_over_elsewhere_does_not_count(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, true);
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 1);
	store(&desk, 0, 1);
	submit(&desk, 1, 0, true);
	expect_point(&desk, 0, 1, 1);
	close_desk(&desk);
}

/* The GPU decremented, its fence is not seen yet, and the owner starts over. */
static void a_signal_that_starts_over_is_not_taken_for_the_old_one(void **state)
{
	struct desk desk;
	uint32_t mark = 0;

	(void)state;
	open_desk(&desk);
	book_mark(desk.book, desk.lanes[0], &mark);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 1);
	mark = 1;
	decrement(&desk, 0);
	store(&desk, 0, 1);
	assert_false(is_known(&desk, 0));
	/* the next use of it, while the fence is late */
	submit(&desk, 1, 0, true);
	assert_false(is_known(&desk, 0));
	fake_lane_finish(desk.lanes[0], 1);
	assert_false(is_known(&desk, 0)); /* two decrements of a one were expected */
	close_desk(&desk);
}

static void marks_wrap_around(void **state)
{
	struct desk desk;
	uint32_t mark = UINT32_MAX - 1;
	uint64_t ordinal = 0x1ffffffffULL;

	(void)state;
	open_desk(&desk);
	book_mark(desk.book, desk.lanes[0], &mark);
	store(&desk, 0, 1);
	assert_int_equal(book_expect(desk.book, signal_of(&desk, 0), desk.lanes[0], ordinal, true), 0);
	book_submitted(desk.book, desk.lanes[0], ordinal, true);
	assert_true(is_known(&desk, 0));
	mark = UINT32_MAX;
	assert_false(is_known(&desk, 0));
	mark = 0; /* 0x200000000: later than it */
	assert_false(is_known(&desk, 0));
	close_desk(&desk);
}

static void a_submission_that_was_not_made_is_taken_back(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 1);
	store(&desk, 1, 2);
	submit(&desk, 0, 1, true);
	assert_int_equal(book_expect(desk.book, signal_of(&desk, 0), desk.lanes[0], 2, true), 0);
	assert_int_equal(book_expect(desk.book, signal_of(&desk, 1), desk.lanes[0], 2, true), 0);
	book_submitted(desk.book, desk.lanes[0], 2, false);
	assert_false(is_known(&desk, 0));
	/* of the other one decrement is pending: nothing is believed until it is over */
	submit(&desk, 0, 1, true);
	assert_false(is_known(&desk, 1));
	decrement(&desk, 1);
	decrement(&desk, 1);
	fake_lane_finish(desk.lanes[0], 2);
	store(&desk, 1, 1);
	submit(&desk, 0, 1, true);
	expect_point(&desk, 1, 0, 3);
	/* of the first nothing is */
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 4);
	close_desk(&desk);
}

static void what_the_cpu_decrements_is_over_when_it_says_so(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	book_settled(desk.book, desk.lanes[0], 0);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 1);
	/* the fence passed: waiting for it would be no waiting, the value is about to change */
	fake_lane_finish(desk.lanes[0], 1);
	assert_false(is_known(&desk, 0));
	/* it still counts, so a further decrement does not bring the value to zero */
	submit(&desk, 1, 0, true);
	assert_false(is_known(&desk, 0));
	decrement(&desk, 0);
	book_settled(desk.book, desk.lanes[0], 1);
	fake_lane_finish(desk.lanes[1], 1);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, true);
	expect_point(&desk, 0, 0, 2);
	/* it does not go back */
	book_settled(desk.book, desk.lanes[0], 0);
	expect_point(&desk, 0, 0, 2);
	close_desk(&desk);
}

static void a_lost_device_leaves_nothing_to_wait_for(void **state)
{
	struct desk desk;

	(void)state;
	for (unsigned settles = 0; settles < 2; settles++) {
		open_desk(&desk);
		if (settles)
			book_settled(desk.book, desk.lanes[0], 0);
		store(&desk, 0, 1);
		submit(&desk, 0, 0, true);
		fake_lane_lose(desk.lanes[0]);
		assert_false(is_known(&desk, 0));
		submit(&desk, 1, 0, true);
		expect_point(&desk, 0, 1, 1);
		close_desk(&desk);
	}
}

static void a_lane_that_ends_takes_its_decrements_along(void **state)
{
	struct desk desk;
	struct lane *first;

	(void)state;
	open_desk(&desk);
	first = desk.lanes[0];
	store(&desk, 0, 2);
	store(&desk, 1, 1);
	store(&desk, 2, 2);
	submit(&desk, 1, 0, true);
	submit(&desk, 0, 0, true);
	submit(&desk, 0, 1, true);
	submit(&desk, 0, 2, true);
	submit(&desk, 1, 2, true);
	/* one of them was over before, and the latest */
	book_forget(desk.book, first);
	fake_lane_destroy(first);
	desk.lanes[0] = NULL;
	for (unsigned i = 0; i < 3; i++)
		assert_false(is_known(&desk, i));
	/* what the other lane has to do with it remains, and is not believed */
	store(&desk, 0, 1);
	assert_false(is_known(&desk, 0));
	store(&desk, 2, 1);
	assert_false(is_known(&desk, 2));
	submit(&desk, 1, 1, true);
	expect_point(&desk, 1, 1, 3);
	/* nobody knows it any more, and that is no error */
	book_forget(desk.book, first);
	book_submitted(desk.book, first, 9, true);
	book_submitted(desk.book, first, 9, false);
	close_desk(&desk);
}

/* Its decrements were over long ago, others of the same signal are not. */
static void a_lane_may_end_before_a_signal_that_it_had_to_do_with(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	store(&desk, 0, 2);
	submit(&desk, 1, 0, true);
	submit(&desk, 0, 0, true);
	decrement(&desk, 0);
	fake_lane_finish(desk.lanes[0], 1);
	assert_false(is_known(&desk, 0));
	book_forget(desk.book, desk.lanes[0]);
	fake_lane_destroy(desk.lanes[0]);
	desk.lanes[0] = NULL;
	assert_false(is_known(&desk, 0));
	submit(&desk, 2, 0, true);
	assert_false(is_known(&desk, 0));
	close_desk(&desk);
}

/* Signals are freed when their owners like, so only those asked about may be read. */
static void the_memory_of_other_signals_is_not_touched(void **state)
{
	struct desk desk;
	uint8_t *gone = calloc(1, SIGNAL_BYTES);
	uint64_t address = ptr_to_u64(gone);

	(void)state;
	open_desk(&desk);
	assert_int_equal(book_expect(desk.book, address, desk.lanes[0], 1, true), 0);
	fake_lane_submit(desk.lanes[0]);
	book_submitted(desk.book, desk.lanes[0], 1, true);
	free(gone);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, true);
	fake_lane_finish(desk.lanes[0], 2);
	submit(&desk, 0, 0, true);
	book_submitted(desk.book, desk.lanes[0], 4, false);
	book_settled(desk.book, desk.lanes[0], 2);
	book_forget(desk.book, desk.lanes[0]);
	close_desk(&desk);
}

#define MANY 70000U

static void what_is_too_much_to_remember_is_unknown(void **state)
{
	int64_t *memory = calloc(MANY, SIGNAL_BYTES);
	struct gsp_fence_point point;
	struct desk desk;
	unsigned refused = 0;

	(void)state;
	open_desk(&desk);
	for (unsigned i = 0; i < MANY; i++) {
		uint64_t signal = ptr_to_u64(memory) + (uint64_t)i * SIGNAL_BYTES, ordinal = i + 1;

		memory[i * SIGNAL_BYTES / 8 + 1] = 1;
		if (book_expect(desk.book, signal, desk.lanes[0], ordinal, true))
			refused++;
		fake_lane_submit(desk.lanes[0]);
		book_submitted(desk.book, desk.lanes[0], ordinal, true);
	}
	assert_int_equal(refused, MANY - 65536);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(
			book_find(desk.book, ptr_to_u64(memory) + (uint64_t)i * SIGNAL_BYTES, &point),
			i < 65536);
	/* one more decrement of a signal that is known makes it unknown */
	memory[1] = 2;
	assert_int_equal(book_expect(desk.book, ptr_to_u64(memory), desk.lanes[0], MANY + 1, true), -ENOMEM);
	assert_false(book_find(desk.book, ptr_to_u64(memory), &point));
	/* and there is room again when something is over */
	fake_lane_finish(desk.lanes[0], MANY);
	store(&desk, 0, 1);
	submit(&desk, 0, 0, true);
	assert_true(is_known(&desk, 0));
	close_desk(&desk);
	free(memory);
}

static void without_memory_signals_are_unknown(void **state)
{
	struct book *book;
	struct desk desk;

	(void)state;
	no_memory = true;
	assert_int_equal(book_create(&book), -ENOMEM);
	assert_null(book);
	no_memory = false;
	open_desk(&desk);
	store(&desk, 0, 1);
	no_memory = true;
	/* no lane, no entry */
	assert_int_equal(book_expect(desk.book, signal_of(&desk, 0), desk.lanes[0], 1, true), -ENOMEM);
	book_submitted(desk.book, desk.lanes[0], 1, true);
	assert_false(is_known(&desk, 0));
	no_memory = false;
	fake_lane_submit(desk.lanes[0]);
	submit(&desk, 0, 0, true);
	assert_true(is_known(&desk, 0));
	/* a lane more, which cannot be remembered, decrements it too */
	no_memory = true;
	store(&desk, 0, 2);
	assert_int_equal(book_expect(desk.book, signal_of(&desk, 0), desk.lanes[1], 1, true), -ENOMEM);
	store(&desk, 0, 1);
	assert_false(is_known(&desk, 0));
	no_memory = false;
	/* what a lane is like has to be known */
	store(&desk, 1, 1);
	submit(&desk, 0, 1, true);
	assert_true(is_known(&desk, 1));
	no_memory = true;
	book_settled(desk.book, desk.lanes[2], 0);
	no_memory = false;
	assert_false(is_known(&desk, 1));
	close_desk(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_submission_that_brings_it_to_zero_is_found),
		cmocka_unit_test(it_is_not_known_before_the_submission_is_made),
		cmocka_unit_test(the_latest_of_several_is_the_one_to_wait_for),
		cmocka_unit_test(a_decrement_amid_a_submission_is_not_its_end),
		cmocka_unit_test(an_end_that_is_not_zero_is_unknown),
		cmocka_unit_test(a_value_that_does_not_match_is_unknown),
		cmocka_unit_test(decrements_of_two_lanes_have_no_single_end),
		cmocka_unit_test(lanes_by_turns_are_told_apart),
		cmocka_unit_test(what_is_over_elsewhere_does_not_count),
		cmocka_unit_test(a_signal_that_starts_over_is_not_taken_for_the_old_one),
		cmocka_unit_test(marks_wrap_around),
		cmocka_unit_test(a_submission_that_was_not_made_is_taken_back),
		cmocka_unit_test(what_the_cpu_decrements_is_over_when_it_says_so),
		cmocka_unit_test(a_lost_device_leaves_nothing_to_wait_for),
		cmocka_unit_test(a_lane_that_ends_takes_its_decrements_along),
		cmocka_unit_test(a_lane_may_end_before_a_signal_that_it_had_to_do_with),
		cmocka_unit_test(the_memory_of_other_signals_is_not_touched),
		cmocka_unit_test(what_is_too_much_to_remember_is_unknown),
		cmocka_unit_test(without_memory_signals_are_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
