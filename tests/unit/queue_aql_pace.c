// SPDX-License-Identifier: MIT
/* How much work a submission holds on engines with a GPU timeout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_lane.h"
#include "queue_aql_world.h"
#include "util/compiler.h"

#define TICKS_PER_MS 100000ULL
#define COPY_DATA    0xc0044002U

static void build(struct aql_world *world)
{
	aql_world_build(world, PM4_GFX11, SLOTS);
	world_no_timeout = false;
	aql_world_create(world);
}

/* Plays a submission that took so long: its two stores of the clock. */
static void play(struct aql_world *world, uint32_t batch, uint64_t ms)
{
	const struct fake_batch *record = fake_batch_at(batch);
	static uint64_t clock = 12345;
	uint64_t stores[8];
	uint32_t count = 0;

	for (uint32_t at = 0; at + 6 <= record->count; at++) {
		if (record->words[at] == COPY_DATA) {
			assert_true(count < ARRAY_SIZE(stores));
			stores[count++] = record->words[at + 4] | (uint64_t)record->words[at + 5] << 32;
		}
	}
	assert_int_equal(count, 2);
	*(uint64_t *)u64_to_ptr(stores[0]) = clock;
	clock += ms * TICKS_PER_MS;
	*(uint64_t *)u64_to_ptr(stores[1]) = clock;
	fake_lane_finish(world->queue.lane, record->ordinal);
}

/* What never ran may take as long as the timeout allows, and goes alone. */
static void test_unknown_kernels(void **state)
{
	struct aql_world world;

	(void)state;
	build(&world);
	for (uint32_t i = 0; i < 8; i++)
		world_push_kernels(&world, i, 1);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 8);
	/* the clock, reads of memory anew, the kernel, and at the end of all the clock */
	assert_string_equal(world_commands_after(&world, 0, 0), "LQRKDL");
	aql_world_end(&world);

	/* an exempt engine has no such limit, and no clocks */
	aql_world_build(&world, PM4_GFX11, SLOTS);
	aql_world_create(&world);
	world_push_kernels(&world, 0, 100);
	world_drain(&world);
	assert_int_equal(fake_batches(), 1);
	assert_int_equal(world_count(&world, 0, 'L'), 0);
	aql_world_end(&world);
}

static uint32_t kernels_per_submission(struct aql_world *world, uint32_t kernel)
{
	uint32_t first = fake_batches();

	world_push_kernels(world, kernel, 256);
	assert_int_equal(world_drain(world), QUEUE_EMPTY);
	return world_count(world, first, 'K');
}

/* Short kernels are found to be short, long ones long, at once. */
static void test_learning(void **state)
{
	struct aql_world world;
	uint32_t done = 0;

	(void)state;
	build(&world);
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(fake_batches(), done + 1);
		play(&world, done, world_count(&world, done, 'K')); /* 1 ms each */
		done++;
		if (i < 19) {
			world_push_kernels(&world, 0, 4);
			world_drain(&world);
		}
	}
	assert_in_range(kernels_per_submission(&world, 0), 70, 100);
	/* now 30 ms each */
	play(&world, done, 30 * world_count(&world, done, 'K'));
	assert_int_equal(kernels_per_submission(&world, 0), 3);
	aql_world_end(&world);
}

/* 20 ms each: never more than 100 ms in one, however many come at once. */
static void test_a_burst_of_long_kernels(void **state)
{
	struct aql_world world;

	(void)state;
	build(&world);
	world_push_kernels(&world, 5, 1);
	world_drain(&world);
	play(&world, 0, 20);
	for (uint32_t i = 1; i < 12; i++) {
		world_push_kernels(&world, 5, 4);
		world_drain(&world);
		play(&world, i, 80);
	}
	world_push_kernels(&world, 5, 256);
	world_drain(&world);
	for (uint32_t i = 12; i < fake_batches(); i++)
		assert_in_range(world_count(&world, i, 'K'), 1, 5);
	assert_in_range(fake_batches() - 12, 52, 64);
	aql_world_end(&world);
}

/* Clocks that went astray, and those of a lost device, teach nothing. */
static void test_nonsense_is_not_learnt(void **state)
{
	struct aql_world world;

	(void)state;
	build(&world);
	world_push_kernels(&world, 0, 1);
	world_drain(&world);
	play(&world, 0, 100000);
	assert_int_equal(kernels_per_submission(&world, 0), 1);
	fake_lane_finish(world.queue.lane, fake_batches());
	/* never stored */
	assert_int_equal(kernels_per_submission(&world, 0), 1);
	fake_lane_lose(world.queue.lane);
	assert_int_equal(kernels_per_submission(&world, 0), 1);
	aql_world_end(&world);
}

/* Two kinds in one: shared out by what was expected, a very short one not forgotten. */
static void test_mixed_submissions(void **state)
{
	struct aql_world world;
	uint32_t played = 0;

	(void)state;
	build(&world);
	for (uint32_t i = 0; i < 40; i++) {
		world_push_kernels(&world, 1, 1);
		world_push_kernels(&world, 2, 1);
		world_drain(&world);
		/* apart at first */
		while (played < fake_batches())
			play(&world, played++, 2);
	}
	assert_int_equal(played, 41);
	assert_in_range(kernels_per_submission(&world, 1), 70, 256);
	aql_world_end(&world);
}

/* More submissions at once than are measured. */
static void test_many_in_flight(void **state)
{
	struct aql_world world;

	(void)state;
	build(&world);
	world_push_kernels(&world, 0, 256);
	assert_int_equal(world_drain(&world), QUEUE_EMPTY);
	assert_int_equal(fake_batches(), 256);
	assert_int_equal(world_count(&world, 0, 'L'), 2);
	assert_int_equal(world_count(&world, 255, 'L'), 0);
	for (uint32_t i = 0; i < 256; i++)
		assert_int_equal(world_count(&world, i, 'K'), 1);
	aql_world_end(&world);
}

static void test_no_memory_for_clocks(void **state)
{
	struct aql_world world;

	(void)state;
	aql_world_build(&world, PM4_GFX11, 64);
	world_no_timeout = false;
	fake_memory_refuse(1);
	assert_true(world.queue.ops->create(&world.queue, &world.request) < 0);
	assert_null(world.queue.translator);
	aql_world_end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown_kernels),		cmocka_unit_test(test_learning),
		cmocka_unit_test(test_a_burst_of_long_kernels), cmocka_unit_test(test_nonsense_is_not_learnt),
		cmocka_unit_test(test_mixed_submissions),	cmocka_unit_test(test_many_in_flight),
		cmocka_unit_test(test_no_memory_for_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
