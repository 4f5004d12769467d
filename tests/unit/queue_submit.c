// SPDX-License-Identifier: MIT
/* What a queue does about submissions that fail, with stand-ins for all that a submission is made of. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue/objects.h"
#include "util/clock.h"
#include "util/log.h"

#define LONG_AGO_NS 5000000000ULL

static uint64_t starved_for;
static int frames_error;
static uint32_t committed_bytes;
static uint64_t committed_for;

void queue_starve(struct queue *queue, uint64_t ordinal)
{
	queue->starved = true;
	starved_for = ordinal;
}

/* Memory takes its time, and others submit to the lane meanwhile. */
int frames_reserve(struct frames *frames, struct lane *lane, uint32_t bytes, void **frame, uint64_t *blocking)
{
	(void)frames, (void)bytes, (void)frame;
	lane_lock(lane);
	fake_lane_submit(lane);
	lane_unlock(lane);
	*blocking = 7;
	return frames_error;
}

void frames_commit(struct frames *frames, uint32_t bytes, uint64_t ordinal)
{
	(void)frames;
	committed_bytes = bytes;
	committed_for = ordinal;
}

/* What follows is not called here, or does nothing. */

int actions_add(struct actions *actions, uint64_t ordinal, const struct action *list, uint32_t count)
{
	(void)actions, (void)ordinal, (void)list, (void)count;
	return -EIO;
}

void actions_cancel(struct actions *actions, uint64_t ordinal)
{
	(void)actions, (void)ordinal;
}

uint64_t actions_settled(const struct actions *actions)
{
	(void)actions;
	return 0;
}

void queue_lose(struct queue *queue)
{
	(void)queue;
}

int book_expect(struct book *book, uint64_t signal, struct lane *lane, uint64_t ordinal, bool last)
{
	(void)book, (void)signal, (void)lane, (void)ordinal, (void)last;
	return -EIO;
}

void book_submitted(struct book *book, struct lane *lane, uint64_t ordinal, bool made)
{
	(void)book, (void)lane, (void)ordinal, (void)made;
}

int memory_lookup(struct memory *memory, const void *address, struct memory_info *info)
{
	(void)memory, (void)address, (void)info;
	return -ENOENT;
}

void completion_expect(struct completion *completion, struct completion_source *source, uint64_t value)
{
	(void)completion, (void)source, (void)value;
}

void completion_busy(struct completion *completion)
{
	(void)completion;
}

int event_set(struct event_table *table, uint32_t id)
{
	(void)table, (void)id;
	return -EINVAL;
}

bool gsp_device_is_lost(const struct gsp_device *device)
{
	(void)device;
	return false;
}

static void build(struct queue *queue)
{
	log_set_level(LOG_NONE);
	starved_for = 0;
	frames_error = 0;
	committed_bytes = 0;
	committed_for = 0;
	*queue = (struct queue){.enabled = true};
	queue->lane = fake_lane_create(NULL, 0);
}

static void a_want_of_memory_outlasts_what_runs(void **state)
{
	static const int errors[] = {-ENOMEM, -ENOSPC};
	struct queue queue;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		build(&queue);
		for (unsigned n = 0; n < 3; n++)
			fake_lane_submit(queue.lane);
		/* what the second one holds comes back with it, however long that takes */
		fake_lane_finish(queue.lane, 1);
		queue.retry_since_ns = clock_ns() - LONG_AGO_NS;
		assert_int_equal(queue_submit_failed(&queue, errors[i], "a test"), QUEUE_PARKED);
		assert_int_equal(starved_for, 2);
		assert_false(queue.stopped);
		/* and when nothing runs any more there is a time for others to give some back */
		queue.starved = false;
		fake_lane_finish(queue.lane, 3);
		assert_int_equal(queue_submit_failed(&queue, errors[i], "a test"), QUEUE_PARKED);
		assert_false(queue.starved);
		queue.retry_since_ns = clock_ns() - LONG_AGO_NS;
		assert_int_equal(queue_submit_failed(&queue, errors[i], "a test"), QUEUE_STOPPED);
		assert_int_equal(queue.error, QUEUE_ERROR_INVALID_ALLOCATION);
		fake_lane_destroy(queue.lane);
	}
}

static void what_cannot_pass_stops_at_once(void **state)
{
	struct queue queue;

	(void)state;
	build(&queue);
	fake_lane_submit(queue.lane);
	assert_int_equal(queue_submit_failed(&queue, -EIO, "a test"), QUEUE_STOPPED);
	assert_true(queue.stopped);
	assert_int_equal(queue.error, QUEUE_ERROR_EXCEPTION);
	fake_lane_destroy(queue.lane);
}

static void memory_is_had_before_the_lane(void **state)
{
	struct queue queue;
	struct batch batch;

	(void)state;
	build(&queue);
	assert_int_equal(batch_begin(&queue, 64, &batch), 0);
	assert_int_equal(batch.ordinal, 2);
	batch_drop(&batch);
	frames_error = -EAGAIN;
	assert_int_equal(batch_begin(&queue, 64, &batch), -EAGAIN);
	assert_int_equal(starved_for, 7);
	assert_int_equal(queue_submit_failed(&queue, -EAGAIN, "a test"), QUEUE_PARKED);
	/* it is nobody's */
	lane_lock(queue.lane);
	lane_unlock(queue.lane);
	fake_lane_destroy(queue.lane);
}

static void what_is_not_submitted_leaves_its_frame_free(void **state)
{
	struct queue queue;
	struct batch batch;

	(void)state;
	build(&queue);
	queue.queues = &(struct queues){.book = NULL};
	assert_int_equal(batch_begin(&queue, 64, &batch), 0);
	fake_lane_refuse(queue.lane, -EINVAL);
	assert_int_equal(batch_submit(&batch, 0x1000, 32, 48), -EINVAL);
	assert_int_equal(committed_for, 0);
	assert_int_equal(batch_begin(&queue, 64, &batch), 0);
	assert_int_equal(batch_submit(&batch, 0x1000, 32, 48), 0);
	assert_int_equal(committed_bytes, 48);
	fake_lane_destroy(queue.lane);
}

/* A submission whose end nobody will be told of: its commands are read at any time, and are not sent again. */
static void what_may_run_though_it_failed_keeps_its_frame(void **state)
{
	struct queue queue;
	struct batch batch;
	uint64_t ordinal;

	(void)state;
	build(&queue);
	queue.queues = &(struct queues){.book = NULL};
	assert_int_equal(batch_begin(&queue, 64, &batch), 0);
	ordinal = batch.ordinal;
	fake_lane_break(queue.lane, -ENOMEM);
	assert_int_equal(batch_submit(&batch, 0x1000, 32, 48), -EIO);
	assert_int_equal(committed_bytes, 48);
	assert_int_equal(committed_for, ordinal);
	/* which is none that is ever done */
	assert_true(lane_submitted(queue.lane) < ordinal);
	assert_int_equal(queue_submit_failed(&queue, -EIO, "a test"), QUEUE_STOPPED);
	lane_lock(queue.lane);
	lane_unlock(queue.lane);
	fake_lane_destroy(queue.lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_submitted_leaves_its_frame_free),
		cmocka_unit_test(what_may_run_though_it_failed_keeps_its_frame),
		cmocka_unit_test(a_want_of_memory_outlasts_what_runs),
		cmocka_unit_test(what_cannot_pass_stops_at_once),
		cmocka_unit_test(memory_is_had_before_the_lane),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
