// SPDX-License-Identifier: MIT
/* What follows submissions on the CPU: once, in order, after them, and not at all when they never ended. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue/actions.h"
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

#define SIGNALS 4

struct desk {
	struct event_table *events;
	struct lane *lane;
	struct actions *actions;
	uint8_t signals[SIGNALS][SIGNAL_BYTES] __attribute__((aligned(64)));
	uint32_t ids[SIGNALS];
};

static void open_desk(struct desk *desk)
{
	const struct event_request request = {.type = EVENT_SIGNAL};

	memset(desk, 0, sizeof(*desk));
	assert_int_equal(event_table_create(NULL, 0, &desk->events), 0);
	desk->lane = fake_lane_create(NULL, 0);
	assert_int_equal(actions_create(desk->events, desk->lane, &desk->actions), 0);
	for (unsigned i = 0; i < SIGNALS; i++)
		assert_int_equal(event_create(desk->events, &request, &desk->ids[i]), 0);
}

static void close_desk(struct desk *desk)
{
	actions_destroy(desk->actions);
	fake_lane_destroy(desk->lane);
	event_table_shutdown(desk->events);
	event_table_destroy(desk->events);
}

static int64_t *value_of(struct desk *desk, unsigned i)
{
	return (int64_t *)(void *)&desk->signals[i][SIGNAL_VALUE];
}

static struct event_state state_of(struct desk *desk, unsigned i)
{
	struct event_state state;

	assert_int_equal(event_query(desk->events, desk->ids[i], &state), 0);
	return state;
}

/* How often an event was set. */
static uint64_t times_set(struct desk *desk, unsigned i)
{
	return state_of(desk, i).age - 1;
}

static struct action action_of(struct desk *desk, enum action_kind kind, unsigned i)
{
	return (struct action){
		.kind = kind,
		.id = desk->ids[i],
		.signal = ptr_to_u64(desk->signals[i]),
		.mailbox = ptr_to_u64(state_of(desk, i).mailbox),
	};
}

static uint64_t put_in(struct desk *desk, enum action_kind kind, unsigned i)
{
	const struct action action = action_of(desk, kind, i);
	uint64_t ordinal = lane_next(desk->lane);

	assert_int_equal(actions_add(desk->actions, ordinal, &action, 1), 0);
	return fake_lane_submit(desk->lane);
}

static void nothing_is_done_before_its_submission(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	*value_of(&desk, 0) = 1;
	assert_int_equal(actions_run(desk.actions), 0);
	put_in(&desk, ACTION_DECREMENT, 0);
	put_in(&desk, ACTION_EVENT, 1);
	assert_int_equal(actions_run(desk.actions), 1);
	assert_int_equal(*value_of(&desk, 0), 1);
	assert_int_equal(times_set(&desk, 0), 0);
	assert_int_equal(actions_settled(desk.actions), 0);
	fake_lane_finish(desk.lane, 1);
	assert_int_equal(actions_run(desk.actions), 2);
	assert_int_equal(*value_of(&desk, 0), 0);
	assert_int_equal(times_set(&desk, 0), 1);
	assert_int_equal(*state_of(&desk, 0).mailbox, 0);
	assert_int_equal(times_set(&desk, 1), 0);
	assert_int_equal(actions_settled(desk.actions), 1);
	fake_lane_finish(desk.lane, 2);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(times_set(&desk, 1), 1);
	assert_int_equal(*state_of(&desk, 1).mailbox, 0);
	/* once */
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(*value_of(&desk, 0), 0);
	assert_int_equal(times_set(&desk, 0), 1);
	assert_int_equal(actions_settled(desk.actions), 2);
	close_desk(&desk);
}

static void telling_leaves_the_value_to_the_gpu(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	*value_of(&desk, 0) = 7;
	put_in(&desk, ACTION_TELL, 0);
	fake_lane_finish(desk.lane, 1);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(*value_of(&desk, 0), 7);
	assert_int_equal(times_set(&desk, 0), 1);
	assert_int_equal(*state_of(&desk, 0).mailbox, 0);
	close_desk(&desk);
}

static void a_signal_without_an_event_is_decremented_only(void **state)
{
	struct desk desk;
	struct action action;

	(void)state;
	open_desk(&desk);
	*value_of(&desk, 0) = 2;
	action = action_of(&desk, ACTION_DECREMENT, 0);
	action.mailbox = 0;
	assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
	action = action_of(&desk, ACTION_DECREMENT, 0);
	action.id = 0;
	assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
	fake_lane_finish(desk.lane, 1);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(*value_of(&desk, 0), 0);
	assert_int_equal(times_set(&desk, 0), 0);
	assert_int_equal(*state_of(&desk, 0).mailbox, 0);
	close_desk(&desk);
}

/* A signal's memory may say anything. */
static void a_mailbox_that_is_not_the_events_is_not_written(void **state)
{
	static const uint32_t ids[] = {0, 4096, 4097, UINT32_MAX, 100};
	uint64_t stray = 0x55;
	struct desk desk;
	struct action action;

	(void)state;
	open_desk(&desk);
	action = action_of(&desk, ACTION_TELL, 0);
	action.mailbox = ptr_to_u64(&stray);
	assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
	action.mailbox = 8; /* nowhere */
	assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
	action.mailbox = ptr_to_u64(state_of(&desk, 1).mailbox);
	assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		action.id = ids[i];
		assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
		action.kind = ACTION_EVENT;
		assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
		action.kind = ACTION_TELL;
	}
	fake_lane_finish(desk.lane, 1);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(stray, 0x55);
	assert_int_equal(*state_of(&desk, 1).mailbox, 0);
	assert_int_equal(times_set(&desk, 0), 3);
	assert_int_equal(times_set(&desk, 1), 0);
	close_desk(&desk);
}

/* The owner of a signal may free it when it reads zero, which it does from the decrement on. */
static void a_signal_that_is_gone_is_not_touched(void **state)
{
	struct desk desk;
	struct action action;
	uint8_t *signal = calloc(1, SIGNAL_BYTES);

	(void)state;
	open_desk(&desk);
	action = action_of(&desk, ACTION_TELL, 0);
	action.signal = ptr_to_u64(signal);
	free(signal);
	assert_int_equal(actions_add(desk.actions, 1, &action, 1), 0);
	fake_lane_finish(desk.lane, 1);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(times_set(&desk, 0), 1);
	close_desk(&desk);
}

static void an_event_that_was_destroyed_is_no_matter(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	*value_of(&desk, 0) = 1;
	put_in(&desk, ACTION_DECREMENT, 0);
	put_in(&desk, ACTION_EVENT, 0);
	assert_int_equal(event_destroy(desk.events, desk.ids[0]), 0);
	fake_lane_finish(desk.lane, 2);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(*value_of(&desk, 0), 0);
	close_desk(&desk);
}

static void what_failed_to_be_submitted_is_taken_back(void **state)
{
	struct action list[3];
	struct desk desk;

	(void)state;
	open_desk(&desk);
	put_in(&desk, ACTION_TELL, 0);
	for (unsigned i = 0; i < 3; i++)
		list[i] = action_of(&desk, ACTION_TELL, 1);
	assert_int_equal(actions_add(desk.actions, 2, list, 3), 0);
	actions_cancel(desk.actions, 2);
	actions_cancel(desk.actions, 2);
	/* another submission has the number */
	put_in(&desk, ACTION_TELL, 2);
	fake_lane_finish(desk.lane, 2);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(times_set(&desk, 0), 1);
	assert_int_equal(times_set(&desk, 1), 0);
	assert_int_equal(times_set(&desk, 2), 1);
	close_desk(&desk);
}

static void on_a_lost_device_sleepers_are_woken_and_nothing_else(void **state)
{
	struct desk desk;

	(void)state;
	open_desk(&desk);
	*value_of(&desk, 0) = 1;
	put_in(&desk, ACTION_DECREMENT, 0);
	put_in(&desk, ACTION_TELL, 1);
	put_in(&desk, ACTION_EVENT, 2);
	fake_lane_lose(desk.lane);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(*value_of(&desk, 0), 1);
	assert_int_equal(times_set(&desk, 0), 1);
	assert_int_equal(times_set(&desk, 1), 1);
	assert_int_equal(times_set(&desk, 2), 0);
	assert_int_equal(*state_of(&desk, 0).mailbox, 0);
	assert_int_equal(*state_of(&desk, 1).mailbox, 0);
	close_desk(&desk);
}

static void many_are_done_in_one_go(void **state)
{
	struct action list[100];
	struct desk desk;

	(void)state;
	open_desk(&desk);
	*value_of(&desk, 0) = 100 * 100;
	/* around the end of the ring, and larger than it */
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(list); i++)
			list[i] = action_of(&desk, ACTION_DECREMENT, 0);
		assert_int_equal(actions_add(desk.actions, round + 1, list, ARRAY_SIZE(list)), 0);
		assert_int_equal(actions_add(desk.actions, round + 1, list, 0), 0);
		fake_lane_finish(desk.lane, round);
		assert_int_equal(actions_run(desk.actions), round + 1);
		assert_int_equal(actions_settled(desk.actions), round);
		assert_int_equal(*value_of(&desk, 0), 100 * 100 - 100 * (int)round);
	}
	fake_lane_finish(desk.lane, 100);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(actions_settled(desk.actions), 100);
	assert_int_equal(*value_of(&desk, 0), 0);
	assert_int_equal(times_set(&desk, 0), 100 * 100);
	close_desk(&desk);
}

static void without_memory_nothing_is_remembered(void **state)
{
	struct action list[65];
	struct actions *actions;
	struct desk desk;

	(void)state;
	open_desk(&desk);
	no_memory = true;
	assert_int_equal(actions_create(desk.events, desk.lane, &actions), -ENOMEM);
	assert_null(actions);
	no_memory = false;
	*value_of(&desk, 0) = 1000;
	put_in(&desk, ACTION_DECREMENT, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(list); i++)
		list[i] = action_of(&desk, ACTION_DECREMENT, 0);
	no_memory = true;
	assert_int_equal(actions_add(desk.actions, 2, list, ARRAY_SIZE(list)), -ENOMEM);
	assert_int_equal(actions_add(desk.actions, 2, list, UINT32_MAX - 1), -ENOMEM);
	/* there is room for less */
	assert_int_equal(actions_add(desk.actions, 2, list, 1), 0);
	no_memory = false;
	fake_lane_finish(desk.lane, 2);
	assert_int_equal(actions_run(desk.actions), 0);
	assert_int_equal(*value_of(&desk, 0), 998);
	actions_destroy(NULL);
	close_desk(&desk);
}

#define ROUNDS	20000U
#define RUNNERS 3

struct crowd {
	struct desk desk;
	_Atomic uint64_t finished;
	_Atomic bool over;
};

/* Plays the completion thread. */
static void *run_until_over(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t settled = 0;

	while (!atomic_load(&crowd->over)) {
		uint64_t before = atomic_load(&crowd->finished), now;

		actions_run(crowd->desk.actions);
		/* whatever was over before the call is done after it, whichever thread did it */
		now = actions_settled(crowd->desk.actions);
		if (now < before || now < settled)
			abort();
		settled = now;
	}
	return NULL;
}

static void every_one_is_done_once_whoever_does_it(void **state)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	pthread_t runners[RUNNERS];
	struct desk *desk = &crowd->desk;

	(void)state;
	open_desk(desk);
	*value_of(desk, 0) = ROUNDS;
	*value_of(desk, 1) = ROUNDS;
	for (unsigned i = 0; i < RUNNERS; i++)
		assert_int_equal(pthread_create(&runners[i], NULL, run_until_over, crowd), 0);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		const struct action list[] = {
			action_of(desk, ACTION_DECREMENT, 0),
			action_of(desk, ACTION_DECREMENT, 1),
		};

		/* now and then one that fails */
		if (round % 7 == 0) {
			assert_int_equal(actions_add(desk->actions, round, list, 2), 0);
			actions_cancel(desk->actions, round);
		}
		assert_int_equal(actions_add(desk->actions, round, list, 2), 0);
		fake_lane_submit(desk->lane);
		if (round % 5 == 0 || round == ROUNDS) {
			fake_lane_finish(desk->lane, round);
			atomic_store(&crowd->finished, round);
		}
	}
	actions_run(desk->actions);
	atomic_store(&crowd->over, true);
	for (unsigned i = 0; i < RUNNERS; i++)
		pthread_join(runners[i], NULL);
	assert_int_equal(actions_settled(desk->actions), ROUNDS);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(__atomic_load_n(value_of(desk, i), __ATOMIC_ACQUIRE), 0);
		assert_int_equal(times_set(desk, i), ROUNDS);
	}
	close_desk(desk);
	free(crowd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_before_its_submission),
		cmocka_unit_test(telling_leaves_the_value_to_the_gpu),
		cmocka_unit_test(a_signal_without_an_event_is_decremented_only),
		cmocka_unit_test(a_mailbox_that_is_not_the_events_is_not_written),
		cmocka_unit_test(a_signal_that_is_gone_is_not_touched),
		cmocka_unit_test(an_event_that_was_destroyed_is_no_matter),
		cmocka_unit_test(what_failed_to_be_submitted_is_taken_back),
		cmocka_unit_test(on_a_lost_device_sleepers_are_woken_and_nothing_else),
		cmocka_unit_test(many_are_done_in_one_go),
		cmocka_unit_test(without_memory_nothing_is_remembered),
		cmocka_unit_test(every_one_is_done_once_whoever_does_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
