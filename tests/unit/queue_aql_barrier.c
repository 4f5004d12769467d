// SPDX-License-Identifier: MIT
/* Barriers of AQL rings: what is passed at once, waited for by the scheduler, or parked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue_aql_world.h"
#include "util/compiler.h"

static struct aql_barrier_packet barrier_on(struct aql_world *world, enum aql_type type, uint32_t first,
					    uint32_t count)
{
	struct aql_barrier_packet packet = world_barrier(type);

	for (uint32_t i = 0; i < count; i++)
		packet.signals[i] = world_signal(world, first + i);
	return packet;
}

/* A barrier that is satisfied costs no submission, and between dispatches no command. */
static void test_satisfied(void **state)
{
	struct aql_world world;
	struct aql_barrier_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	packet = barrier_on(&world, AQL_BARRIER_AND, 0, 5);
	packet.header = world_header(AQL_BARRIER_AND, true, PM4_SCOPE_NONE, PM4_SCOPE_NONE);
	world_push(&world, &packet);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 0);
	assert_int_equal(world_read(&world), 2);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	packet.header = AQL_BARRIER_AND;
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	packet.header = world_header(AQL_BARRIER_AND, true, PM4_SCOPE_NONE, PM4_SCOPE_NONE);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	assert_int_equal(fake_batches(), 1);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRKKDK");
	assert_int_equal(world_read(&world), 8);
	aql_world_end(&world);
}

static void test_fences_and_signal_of_a_barrier(void **state)
{
	struct aql_world world;
	struct aql_barrier_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_push_kernels(&world, 0, 1);
	packet = barrier_on(&world, AQL_BARRIER_AND, 0, 0);
	packet.header = world_header(AQL_BARRIER_AND, true, PM4_SCOPE_SYSTEM, PM4_SCOPE_SYSTEM);
	packet.completion = world_signal(&world, 9);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	assert_string_equal(world_commands_after(&world, 0, 0), "QRK"
								"DQQWA"
								"K");
	packet.completion = 0x1000;
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_STOPPED);
	assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_PACKET);
	aql_world_end(&world);
}

/* What precedes a barrier is submitted before it is waited for; what follows is not translated. */
static void test_parked(void **state)
{
	struct aql_world world;
	struct aql_barrier_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_set_signal(&world, 0, 1, 0x9000);
	world_set_signal(&world, 1, 1, 0x9008);
	packet = barrier_on(&world, AQL_BARRIER_AND, 0, 3);
	world_push_kernels(&world, 0, 2);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 1);
	assert_int_equal(world_read(&world), 2);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 1);
	/* one of them has nobody who tells */
	world_set_signal(&world, 0, -1, 0);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	world_set_signal(&world, 0, 0, 0);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	world_set_signal(&world, 1, 0, 0);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(world_read(&world), 4);
	aql_world_end(&world);
}

static void test_any_of_them(void **state)
{
	struct aql_world world;
	struct aql_barrier_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	for (uint32_t i = 0; i < 5; i++)
		world_set_signal(&world, i, 1, 0);
	packet = barrier_on(&world, AQL_BARRIER_OR, 0, 5);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	/* of several the scheduler would wait for all */
	assert_int_equal(fake_book_asked(), 0);
	world_set_signal(&world, 3, 0, 0);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	/* nothing to wait for is satisfied */
	packet = barrier_on(&world, AQL_BARRIER_OR, 0, 0);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(world_read(&world), 2);
	aql_world_end(&world);
}

static struct gsp_fence_point point_at(struct aql_world *world, struct lane *producer, uint64_t ordinal)
{
	struct gsp_fence_point point = lane_point(producer, ordinal);

	point.device = lane_device(world->queue.lane);
	return point;
}

/* Known submissions are waited for by the scheduler, each once, and the own ones by order alone. */
static void test_waits_on_the_gpu(void **state)
{
	struct lane *one = fake_lane_create(NULL, 0), *two = fake_lane_create(NULL, 0);
	struct aql_world world;
	struct aql_barrier_packet packet;
	const struct fake_batch *batch;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	for (uint32_t i = 0; i < 4; i++)
		world_set_signal(&world, i, 1, 0);
	fake_book_add(world_signal(&world, 0), point_at(&world, one, 3));
	fake_book_add(world_signal(&world, 1), point_at(&world, two, 1));
	fake_book_add(world_signal(&world, 2), point_at(&world, one, 7));
	fake_book_add(world_signal(&world, 3), point_at(&world, world.queue.lane, 1));
	packet = barrier_on(&world, AQL_BARRIER_AND, 0, 4);
	world_push_kernels(&world, 0, 1);
	world_push(&world, &packet);
	world_push_kernels(&world, 0, 1);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 2);
	assert_int_equal(fake_batch_at(0)->wait_count, 0);
	batch = fake_batch_at(1);
	assert_int_equal(batch->wait_count, 2);
	assert_int_equal(batch->waits[0].fence, lane_point(one, 0).fence);
	assert_int_equal(batch->waits[0].value, FAKE_LANE_BASE + 7);
	assert_int_equal(batch->waits[1].fence, lane_point(two, 0).fence);
	assert_int_equal(world_count(&world, 1, 'K'), 1);
	/* alone it is a submission all the same, for what comes later */
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 3);
	assert_int_equal(fake_batch_at(2)->wait_count, 2);
	/* only the own lane: nothing */
	packet = barrier_on(&world, AQL_BARRIER_AND, 3, 1);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 3);
	assert_int_equal(world_read(&world), 5);
	aql_world_end(&world);
	fake_lane_destroy(one);
	fake_lane_destroy(two);
}

static void test_what_is_not_waited_for_on_the_gpu(void **state)
{
	struct lane *other = fake_lane_create(NULL, 0);
	static uint64_t elsewhere;
	struct aql_world world;
	struct aql_barrier_packet packet;
	struct gsp_fence_point point;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	for (uint32_t i = 0; i < 3; i++)
		world_set_signal(&world, i, 1, 0);
	point = point_at(&world, other, 1);
	fake_book_add(world_signal(&world, 0), point);
	point.device = (struct gsp_device *)(void *)&elsewhere;
	fake_book_add(world_signal(&world, 2), point);
	/* one of two is not known; one is of another device */
	packet = barrier_on(&world, AQL_BARRIER_AND, 0, 2);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	world_set_signal(&world, 1, 0, 0);
	/* on a lane of several queues nothing is */
	fake_lane_share(world.queue.lane, true);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	fake_lane_share(world.queue.lane, false);
	/* the wait was refused, for its fence is gone: looked at, until it is there */
	fake_batch_refuse_submit(-EINVAL);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_false(world.queue.stopped);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	assert_int_equal(fake_batches(), 0);
	world_set_signal(&world, 0, 0, 0);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	packet = barrier_on(&world, AQL_BARRIER_AND, 2, 1);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	aql_world_end(&world);
	fake_lane_destroy(other);
}

static void test_values(void **state)
{
	static const struct {
		enum aql_condition condition;
		int64_t value, mask, now;
		bool met;
	} cases[] = {
		{AQL_EQUAL, 5, -1, 5, true},
		{AQL_EQUAL, 5, 7, 13, true},
		{AQL_EQUAL, 5, -1, 13, false},
		{AQL_NOT_EQUAL, 5, -1, 4, true},
		{AQL_NOT_EQUAL, 5, 7, 13, false},
		{AQL_LESS, 0, -1, -1, true},
		{AQL_LESS, 0, -1, 0, false},
		{AQL_GREATER_OR_EQUAL, 3, -1, 3, true},
		{AQL_GREATER_OR_EQUAL, 3, -1, -4, false},
		{AQL_GREATER_OR_EQUAL, 3, 0, 100, false},
	};
	struct aql_world world;
	struct aql_value_packet packet;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		aql_world_build(&world, PM4_GFX11, 64);
		aql_world_create(&world);
		packet = (struct aql_value_packet){
			.format = AQL_VENDOR_BARRIER_VALUE,
			.signal = world_signal(&world, 0),
			.condition = cases[i].condition,
			.value = cases[i].value,
			.mask = cases[i].mask,
		};
		world_set_signal(&world, 0, cases[i].now, 0);
		world_push(&world, &packet);
		assert_int_equal(world_drain(&world), cases[i].met ? QUEUE_EMPTY : QUEUE_PARKED);
		/* a signal that nobody gave is satisfied */
		packet.signal = 0;
		if (cases[i].met) {
			world_push(&world, &packet);
			assert_int_equal(world_drain(&world), QUEUE_EMPTY);
			packet.condition = 4;
			world_push(&world, &packet);
			assert_int_equal(world_drain(&world), QUEUE_STOPPED);
		}
		aql_world_end(&world);
	}
}

/* Of a signal's future only zero is known. */
static void test_values_on_the_gpu(void **state)
{
	struct lane *other = fake_lane_create(NULL, 0);
	struct aql_world world;
	struct aql_value_packet packet;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_set_signal(&world, 0, 9, 0);
	fake_book_add(world_signal(&world, 0), point_at(&world, other, 1));
	packet = (struct aql_value_packet){
		.format = AQL_VENDOR_BARRIER_VALUE,
		.signal = world_signal(&world, 0),
		.condition = AQL_LESS,
		.value = 5,
		.mask = -1,
	};
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batch_at(0)->wait_count, 1);
	packet.condition = AQL_EQUAL;
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	aql_world_end(&world);
	fake_lane_destroy(other);
}

static void test_signals_that_are_not_there(void **state)
{
	static const uint64_t bad[] = {0x8, 0x1000, UINT64_MAX - 7, 1ULL << 63, 12345};
	struct aql_world world;
	struct aql_barrier_packet packet;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		aql_world_build(&world, PM4_GFX11, 64);
		aql_world_create(&world);
		packet = world_barrier(i % 2 ? AQL_BARRIER_OR : AQL_BARRIER_AND);
		packet.signals[4] = bad[i];
		world_push(&world, &packet);
		assert_int_equal(world_drain(&world), QUEUE_STOPPED);
		assert_int_equal(world.queue.error, QUEUE_ERROR_INVALID_PACKET);
		aql_world_end(&world);
	}
}

static int64_t value_of(struct aql_world *world, uint32_t i)
{
	return signal_load(world_signal(world, i));
}

/* What waits for a signal that is lost is lost too, at once when nothing else is waited for; the queue goes on. */
static void test_lost_signals(void **state)
{
	static const struct {
		enum aql_type type;
		int64_t first, second;
		enum queue_progress progress;
		int64_t completion;
	} cases[] = {
		{AQL_BARRIER_AND, SIGNAL_LOST, 0, QUEUE_EMPTY, SIGNAL_LOST},
		{AQL_BARRIER_AND, 0, SIGNAL_LOST - 3, QUEUE_EMPTY, SIGNAL_LOST},
		{AQL_BARRIER_AND, SIGNAL_LOST, 1, QUEUE_PARKED, 1},
		/* one is enough, if it comes */
		{AQL_BARRIER_OR, SIGNAL_LOST, 0, QUEUE_EMPTY, 1},
		{AQL_BARRIER_OR, SIGNAL_LOST, 1, QUEUE_PARKED, 1},
		{AQL_BARRIER_OR, SIGNAL_LOST, SIGNAL_LOST, QUEUE_EMPTY, SIGNAL_LOST},
		/* other negative values are their owners' */
		{AQL_BARRIER_AND, -1, 0, QUEUE_PARKED, 1},
		{AQL_BARRIER_AND, SIGNAL_LOST / 2 + 1, 0, QUEUE_PARKED, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct aql_world world;
		struct aql_barrier_packet packet;

		aql_world_build(&world, PM4_GFX11, 64);
		aql_world_create(&world);
		world_set_signal(&world, 0, cases[i].first, 0);
		world_set_signal(&world, 1, cases[i].second, 0);
		world_set_signal(&world, 2, 1, 0x9000);
		packet = barrier_on(&world, cases[i].type, 0, 2);
		packet.completion = world_signal(&world, 2);
		world_push_kernels(&world, 0, 1);
		world_push(&world, &packet);
		world_push_kernels(&world, 0, 1);
		assert_int_equal(world_drain(&world), cases[i].progress);
		assert_int_equal(value_of(&world, 2), cases[i].completion);
		assert_int_equal(world_read(&world), cases[i].progress == QUEUE_EMPTY ? 3 : 1);
		/* the scheduler is not asked to wait for what may be lost */
		if (cases[i].first == SIGNAL_LOST)
			assert_int_equal(fake_book_asked(), 0);
		aql_world_end(&world);
	}
}

static void test_lost_values(void **state)
{
	struct aql_value_packet packet = {
		.header = AQL_VENDOR_SPECIFIC,
		.format = AQL_VENDOR_BARRIER_VALUE,
		.mask = 0xff,
		.value = 7,
		.condition = AQL_LESS,
	};
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	world_set_signal(&world, 0, SIGNAL_LOST, 0);
	world_set_signal(&world, 1, 1, 0);
	packet.signal = world_signal(&world, 0);
	packet.completion = world_signal(&world, 1);
	world_push(&world, &packet);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(value_of(&world, 1), SIGNAL_LOST);
	assert_int_equal(fake_batches(), 0);
	assert_int_equal(world_read(&world), 1);
	aql_world_end(&world);
}

/* What nobody will translate: the signals of all that is published, each once, and the packets stay. */
static void test_what_is_published_when_the_device_is_lost(void **state)
{
	struct aql_dispatch_packet dispatch;
	struct aql_barrier_packet packet;
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	aql_world_create(&world);
	for (uint32_t i = 0; i < 8; i++)
		world_set_signal(&world, i, i == 3 ? 0 : 1, 0);
	dispatch = world_dispatch(&world, 0);
	dispatch.completion = world_signal(&world, 0);
	world_push(&world, &dispatch);
	world_drain(&world);
	packet = barrier_on(&world, AQL_BARRIER_AND, 1, 1);
	packet.completion = world_signal(&world, 2);
	world_push(&world, &packet);
	dispatch.completion = world_signal(&world, 3);
	world_push(&world, &dispatch);
	dispatch.completion = 0x1000;
	world_push(&world, &dispatch);
	assert_int_equal(world_drain(&world), QUEUE_PARKED);
	world.queue.ops->lose(&world.queue);
	/* that of a submission is not the translator's */
	assert_int_equal(value_of(&world, 0), 1);
	assert_int_equal(value_of(&world, 1), 1);
	assert_int_equal(value_of(&world, 2), SIGNAL_LOST);
	assert_int_equal(value_of(&world, 3), 0);
	assert_int_equal(world_read(&world), 1);
	/* its owner's again */
	world_set_signal(&world, 2, 1, 0);
	dispatch.completion = world_signal(&world, 4);
	world_push(&world, &dispatch);
	world.queue.ops->lose(&world.queue);
	assert_int_equal(value_of(&world, 2), 1);
	assert_int_equal(value_of(&world, 4), SIGNAL_LOST);
	aql_world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_satisfied),
		cmocka_unit_test(test_fences_and_signal_of_a_barrier),
		cmocka_unit_test(test_parked),
		cmocka_unit_test(test_any_of_them),
		cmocka_unit_test(test_waits_on_the_gpu),
		cmocka_unit_test(test_what_is_not_waited_for_on_the_gpu),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_values_on_the_gpu),
		cmocka_unit_test(test_signals_that_are_not_there),
		cmocka_unit_test(test_lost_signals),
		cmocka_unit_test(test_lost_values),
		cmocka_unit_test(test_what_is_published_when_the_device_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
