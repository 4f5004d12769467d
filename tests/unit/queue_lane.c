// SPDX-License-Identifier: MIT
/* Lanes on the fake dxg floor: what becomes of those that others wait for. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "queue/lane.h"
#include "queue_world.h"

#define COMMANDS 0x7f0000100100ULL
#define LENGTH	 64U

struct pair {
	struct queue_world world;
	struct lanes *lanes;
	struct lane *one, *other;
};

static void open_pair(struct pair *pair, enum gsp_rung rung)
{
	const struct lane_options options = {.engine = KMD_ENGINE_COMPUTE0, .rung = rung};

	queue_world_build(&pair->world, 11, true);
	assert_int_equal(lanes_create(pair->world.memory, &pair->world.gpu, 1, &pair->lanes), 0);
	assert_int_equal(lane_get(pair->lanes, &options, &pair->one), 0);
	assert_int_equal(lane_get(pair->lanes, &options, &pair->other), 0);
}

static void close_pair(struct pair *pair)
{
	lane_put(pair->one);
	lane_put(pair->other);
	lanes_destroy(pair->lanes);
	queue_world_end(&pair->world);
}

static uint64_t submit(struct lane *lane, const struct lane_wait *waits, uint32_t count)
{
	uint64_t ordinal;

	lane_lock(lane);
	assert_int_equal(lane_submit(lane, COMMANDS, LENGTH, waits, count, &ordinal), 0);
	lane_unlock(lane);
	return ordinal;
}

static struct lane_wait wait_for(const struct lane *lane, uint64_t ordinal)
{
	struct gsp_fence_point point = lane_point(lane, ordinal);

	return (struct lane_wait){.fence = point.fence, .value = point.wanted};
}

static unsigned waits_made(void)
{
	return fake_calls_of("hwqueue_wait") + fake_calls_of("context_wait");
}

/* Between finding out that a lane's work brings a signal and waiting for it the lane may end, and its fence with it. */
static void an_ended_lane_is_not_waited_for(enum gsp_rung rung)
{
	struct lane_wait waits[2];
	struct pair pair;

	open_pair(&pair, rung);
	waits[0] = wait_for(pair.one, submit(pair.one, NULL, 0));
	waits[1] = wait_for(pair.other, submit(pair.other, NULL, 0));
	lane_put(pair.one);
	pair.one = NULL;
	assert_int_equal(submit(pair.other, waits, 1), 2);
	assert_int_equal(waits_made(), 0);
	/* the rest is */
	assert_int_equal(submit(pair.other, waits, 2), 3);
	assert_int_equal(waits_made(), 1);
	close_pair(&pair);
}

static void a_lane_that_ended_is_not_waited_for(void **state)
{
	(void)state;
	an_ended_lane_is_not_waited_for(GSP_RUNG_HARDWARE);
	an_ended_lane_is_not_waited_for(GSP_RUNG_SOFTWARE);
}

/* One that nobody uses any more is there until its work is over. */
static void a_lane_that_was_put_is_waited_for(void **state)
{
	struct lane_wait wait;
	struct pair pair;

	(void)state;
	open_pair(&pair, GSP_RUNG_HARDWARE);
	fake_stall(true);
	wait = wait_for(pair.one, submit(pair.one, NULL, 0));
	lane_put(pair.one);
	pair.one = NULL;
	assert_int_equal(submit(pair.other, &wait, 1), 1);
	assert_int_equal(waits_made(), 1);
	fake_stall(false);
	fake_finish();
	lanes_run(pair.lanes);
	assert_int_equal(submit(pair.other, &wait, 1), 2);
	assert_int_equal(waits_made(), 1);
	close_pair(&pair);
}

static void more_waits_than_a_submission_has_are_refused(void **state)
{
	struct lane_wait waits[LANE_WAITS + 1] = {{0}};
	uint64_t ordinal = 1;
	struct pair pair;

	(void)state;
	open_pair(&pair, GSP_RUNG_HARDWARE);
	assert_int_equal(lane_submit(pair.one, COMMANDS, LENGTH, waits, LANE_WAITS + 1, &ordinal), -EINVAL);
	assert_int_equal(ordinal, 0);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lane_that_ended_is_not_waited_for),
		cmocka_unit_test(a_lane_that_was_put_is_waited_for),
		cmocka_unit_test(more_waits_than_a_submission_has_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
