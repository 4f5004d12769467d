// SPDX-License-Identifier: MIT
/* Scratch memory: how much of it, who has it, and when it is somebody else's. */
#include <pthread.h>
#include <stdatomic.h>

#include "fake_lane.h"
#include "gsp/moment.h"
#include "memory_world.h"
#include "pm4/dispatch.h"
#include "queue/scratch.h"

static unsigned calloc_fails_at; /* the n-th from now, 0: none */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (calloc_fails_at && !--calloc_fails_at)
		return NULL;
	return __real_calloc(count, size);
}

#define ENGINES 4
#define WAVES	1024U

struct lab {
	struct world *world;
	struct scratch_pool *pool;
	struct lane *lanes[3];
};

static void open_lab(struct lab *lab, struct world *world, enum pm4_generation generation, uint64_t budget)
{
	const struct scratch_gpu gpu = {
		.memory = world->memory,
		.gpu = 0,
		.generation = generation,
		.waves = WAVES,
		.shader_engines = ENGINES,
		.budget = budget,
	};

	*lab = (struct lab){.world = world};
	assert_int_equal(scratch_pool_create(&gpu, &lab->pool), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(lab->lanes); i++)
		lab->lanes[i] = fake_lane_create(world->devices[0], 0);
}

static void close_lab(struct lab *lab)
{
	scratch_pool_destroy(lab->pool);
	for (unsigned i = 0; i < ARRAY_SIZE(lab->lanes); i++)
		fake_lane_destroy(lab->lanes[i]);
}

/* A submission on a lane, and on the GPU. */
static uint64_t submit(struct lab *lab, unsigned lane)
{
	run(lab->world, 0);
	return fake_lane_submit(lab->lanes[lane]);
}

static struct scratch_view need(struct lab *lab, unsigned lane, uint32_t wave_bytes,
				struct scratch_block **block)
{
	struct scratch_view view;

	assert_int_equal(scratch_get(lab->pool, wave_bytes, lab->lanes[lane], block, &view), 0);
	assert_non_null(*block);
	assert_true(view.wave_bytes >= wave_bytes);
	assert_true(view.bytes >= (uint64_t)view.waves * view.wave_bytes);
	assert_true(IS_ALIGNED(view.base, 256ULL));
	assert_true(fake_is_mapped(0, view.base));
	assert_true(fake_is_mapped(0, view.base + view.bytes - 1));
	return view;
}

static void all_waves_of_the_gpu_fit(void **state)
{
	(void)state;
	for (int generation = 0; generation < PM4_GENERATION_COUNT; generation++) {
		struct scratch_block *block = NULL;
		struct scratch_view view;
		struct memory_info info;
		uint32_t tmpring;
		struct lab lab;

		open_lab(&lab, *state, (enum pm4_generation)generation, 16 * GIB);
		view = need(&lab, 0, 5000, &block);
		assert_int_equal(view.waves, WAVES);
		assert_int_equal(view.wave_bytes, 5 * KIB);
		assert_true(pm4_tmpring((enum pm4_generation)generation, WAVES, 5 * KIB, ENGINES, &tmpring));
		assert_int_equal(view.tmpring, tmpring);
		assert_int_equal(pm4_tmpring_wave_bytes((enum pm4_generation)generation, view.tmpring),
				 view.wave_bytes);
		/* memory of the GPU */
		assert_int_equal(memory_lookup(lab.world->memory, u64_to_ptr(view.base), &info), 0);
		assert_int_equal(info.kind, MEMORY_LOCAL);
		assert_true(info.flags & MEMORY_COARSE);
		scratch_put(block, lab.lanes[0], 0);
		close_lab(&lab);
	}
}

static void the_block_that_a_queue_has_is_kept_while_it_is_large_enough(void **state)
{
	struct scratch_block *block = NULL, *first;
	struct scratch_view view, again;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	view = need(&lab, 0, 4 * KIB, &block);
	first = block;
	again = need(&lab, 0, 1, &block);
	assert_ptr_equal(block, first);
	assert_memory_equal(&view, &again, sizeof(view));
	again = need(&lab, 0, 4 * KIB, &block);
	assert_ptr_equal(block, first);
	again = need(&lab, 0, 4 * KIB + 1, &block);
	assert_ptr_not_equal(block, first);
	assert_int_not_equal(again.base, view.base);
	scratch_put(block, lab.lanes[0], 0);
	scratch_put(NULL, lab.lanes[0], 0);
	close_lab(&lab);
}

static void two_queues_never_have_the_same_block(void **state)
{
	struct scratch_block *blocks[3] = {0};
	struct scratch_view views[3];
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	for (unsigned i = 0; i < 3; i++) {
		views[i] = need(&lab, i, 2 * KIB, &blocks[i]);
		for (unsigned j = 0; j < i; j++)
			assert_true(views[i].base + views[i].bytes <= views[j].base ||
				    views[j].base + views[j].bytes <= views[i].base);
	}
	for (unsigned i = 0; i < 3; i++)
		scratch_put(blocks[i], lab.lanes[i], 0);
	close_lab(&lab);
}

static void a_block_is_reused_when_its_last_submission_is_over(void **state)
{
	struct scratch_block *a = NULL, *b = NULL, *c = NULL, *keep = NULL;
	struct scratch_view view, other;
	struct lab lab;
	uint64_t ordinal;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	need(&lab, 2, KIB, &keep); /* of another queue, so that idle blocks are kept */
	view = need(&lab, 0, 2 * KIB, &a);
	ordinal = submit(&lab, 0);
	scratch_put(a, lab.lanes[0], ordinal);
	/* still running; the lane may be gone, which the pool does not know */
	fake_lane_finish(lab.lanes[0], ordinal);
	other = need(&lab, 1, 2 * KIB, &b);
	assert_int_not_equal(other.base, view.base);
	finish(lab.world, 0);
	other = need(&lab, 0, 2 * KIB, &c);
	assert_int_equal(other.base, view.base);
	scratch_put(b, lab.lanes[1], 0);
	scratch_put(c, lab.lanes[0], 0);
	scratch_put(keep, lab.lanes[2], 0);
	close_lab(&lab);
}

/* The queue is amid a submission that uses the old block: it is not over before it was made and is over. */
static void a_block_that_is_outgrown_waits_for_the_submission_at_hand(void **state)
{
	struct scratch_block *a = NULL, *b = NULL, *c = NULL;
	struct scratch_view small, large, other;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	small = need(&lab, 0, 2 * KIB, &a);
	large = need(&lab, 0, 64 * KIB, &a);
	assert_true(large.bytes > small.bytes);
	/* nothing runs, and yet it is in use: of a submission that is being put together */
	other = need(&lab, 1, 2 * KIB, &b);
	assert_int_not_equal(other.base, small.base);
	submit(&lab, 0);
	scratch_pool_run(lab.pool);
	other = need(&lab, 2, 2 * KIB, &c);
	assert_int_not_equal(other.base, small.base);
	scratch_put(c, lab.lanes[2], 0);
	c = NULL;
	finish(lab.world, 0);
	scratch_pool_run(lab.pool);
	memory_run(lab.world->memory);
	assert_true(fake_is_mapped(0, large.base));
	assert_true(fake_is_mapped(0, small.base) != fake_is_mapped(0, other.base) ||
		    !fake_is_mapped(0, small.base)); /* one at most is kept */
	scratch_put(a, lab.lanes[0], 1);
	scratch_put(b, lab.lanes[1], 0);
	close_lab(&lab);
}

/* The submission was never made. */
static void what_a_queue_leaves_behind_at_its_end_is_not_forgotten(void **state)
{
	struct scratch_block *a = NULL;
	struct scratch_view small, large;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	small = need(&lab, 0, 2 * KIB, &a);
	large = need(&lab, 0, 64 * KIB, &a);
	scratch_put(a, lab.lanes[0], 0);
	/* nobody uses scratch any more: nothing is kept */
	memory_run(lab.world->memory);
	assert_false(fake_is_mapped(0, small.base));
	assert_false(fake_is_mapped(0, large.base));
	close_lab(&lab);
}

static void one_idle_block_is_kept_for_the_next_queue(void **state)
{
	struct scratch_block *blocks[3] = {0};
	struct scratch_view views[3];
	unsigned mapped = 0;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	for (unsigned i = 0; i < 3; i++)
		views[i] = need(&lab, i, (i + 1) * KIB, &blocks[i]);
	scratch_put(blocks[1], lab.lanes[1], 0);
	scratch_put(blocks[2], lab.lanes[2], 0);
	scratch_pool_run(lab.pool);
	memory_run(lab.world->memory);
	for (unsigned i = 0; i < 3; i++)
		mapped += fake_is_mapped(0, views[i].base);
	assert_int_equal(mapped, 2);
	/* the largest */
	assert_true(fake_is_mapped(0, views[2].base));
	scratch_put(blocks[0], lab.lanes[0], 0);
	memory_run(lab.world->memory);
	for (unsigned i = 0; i < 3; i++)
		assert_false(fake_is_mapped(0, views[i].base));
	close_lab(&lab);
}

static void fewer_waves_run_where_a_quarter_of_the_memory_is_less(void **state)
{
	struct scratch_block *block = NULL;
	struct scratch_view view;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 256 * MIB);
	view = need(&lab, 0, 256 * KIB, &block);
	assert_int_equal(view.waves, 256); /* 64 MiB */
	view = need(&lab, 0, 4 * MIB, &block);
	assert_int_equal(view.waves, 16);
	scratch_put(block, lab.lanes[0], 0);
	close_lab(&lab);
}

static void a_wave_that_does_not_fit_is_refused(void **state)
{
	static const struct {
		enum pm4_generation generation;
		uint32_t fits, not ;
	} sizes[] = {
		/* 13, 15 and 18 bits of 1024, 256 and 256 bytes */
		{PM4_GFX10, 8191 * 1024, 8192 * 1024},
		{PM4_GFX11, 8191 * 1024, 8192 * 1024},
		{PM4_GFX12, 65535 * 1024, 65536 * 1024},
	};
	struct scratch_block *block;
	struct scratch_view view;
	struct lab lab;

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		open_lab(&lab, *state, sizes[i].generation, 14 * GIB);
		block = NULL;
		assert_int_equal(scratch_get(lab.pool, sizes[i].not, lab.lanes[0], &block, &view), -E2BIG);
		assert_int_equal(scratch_get(lab.pool, UINT32_MAX, lab.lanes[0], &block, &view), -E2BIG);
		assert_null(block);
		need(&lab, 0, sizes[i].fits, &block);
		/* what it has stays its own */
		assert_int_equal(scratch_get(lab.pool, UINT32_MAX, lab.lanes[0], &block, &view), -E2BIG);
		assert_non_null(block);
		scratch_put(block, lab.lanes[0], 0);
		close_lab(&lab);
	}
	/* one wave per engine is too much for a quarter */
	open_lab(&lab, *state, PM4_GFX11, 64 * MIB);
	block = NULL;
	assert_int_equal(scratch_get(lab.pool, 4 * MIB + 1, lab.lanes[0], &block, &view), -E2BIG);
	need(&lab, 0, 4 * MIB, &block);
	scratch_put(block, lab.lanes[0], 0);
	close_lab(&lab);
}

/* Up to gfx10 kernels reach it by a resource whose size has 32 bits. */
static void a_block_for_gfx10_is_less_than_4_gib(void **state)
{
	struct scratch_block *block = NULL;
	struct scratch_view view;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX10, 64 * GIB);
	view = need(&lab, 0, 4 * MIB, &block);
	assert_true(view.bytes < 4 * GIB);
	assert_int_equal(view.waves, WAVES / 2);
	scratch_put(block, lab.lanes[0], 0);
	close_lab(&lab);
	block = NULL;
	open_lab(&lab, *state, PM4_GFX11, 60 * GIB);
	view = need(&lab, 0, 4 * MIB, &block);
	assert_int_equal(view.bytes, 4 * GIB);
	scratch_put(block, lab.lanes[0], 0);
	close_lab(&lab);
}

static void less_memory_than_wished_for_is_better_than_none(void **state)
{
	struct scratch_block *a = NULL, *b = NULL, *c = NULL, *keep = NULL;
	struct scratch_view view;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	need(&lab, 2, KIB, &keep);
	need(&lab, 0, 256 * KIB, &a); /* 256 MiB */
	scratch_put(a, lab.lanes[0], 0);
	/* an idle one goes first */
	fake_local_limit(600 * MIB);
	view = need(&lab, 0, 512 * KIB, &b);
	assert_int_equal(view.bytes, 512 * MIB);
	fake_local_limit(560 * MIB);
	a = NULL;
	view = need(&lab, 1, 512 * KIB, &a);
	assert_int_equal(view.bytes, 32 * MIB);
	/* not even a wave for each engine */
	fake_local_limit(548 * MIB);
	assert_int_equal(scratch_get(lab.pool, MIB, lab.lanes[1], &c, &view), -ENOSPC);
	assert_null(c);
	fake_local_limit(UINT64_MAX);
	need(&lab, 1, MIB, &c);
	scratch_put(c, lab.lanes[1], 0);
	scratch_put(a, lab.lanes[1], 0);
	scratch_put(b, lab.lanes[0], 0);
	scratch_put(keep, lab.lanes[2], 0);
	close_lab(&lab);
}

static void a_lost_gpu_has_no_scratch(void **state)
{
	struct scratch_block *a = NULL, *b = NULL;
	struct scratch_view view;
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	need(&lab, 0, KIB, &a);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	gsp_device_check(lab.world->devices[0]);
	assert_int_equal(scratch_get(lab.pool, 2 * KIB, lab.lanes[0], &a, &view), -ENODEV);
	assert_int_equal(scratch_get(lab.pool, KIB, lab.lanes[1], &b, &view), -ENODEV);
	assert_null(b);
	scratch_put(a, lab.lanes[0], 5);
	close_lab(&lab);
}

/* Every call of the host and every piece of memory, refused once. */
static void a_failure_leaves_everything_as_it_was(void **state)
{
	struct scratch_block *block = NULL, *before;
	struct scratch_view view;
	struct lab lab;
	int ret;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	need(&lab, 0, KIB, &block);
	before = block;
	for (unsigned n = 1; n <= 6; n++) {
		fake_fail_call(n, -EIO);
		ret = scratch_get(lab.pool, (n + 1) * KIB, lab.lanes[0], &block, &view);
		fake_fail_call(0, 0);
		assert_true(!ret || ret == -EIO || ret == -EOPNOTSUPP);
		assert_true(ret ? block == before : block != before);
		before = block;
	}
	for (unsigned n = 1; n <= 3; n++) {
		calloc_fails_at = n;
		ret = scratch_get(lab.pool, (n + 20) * KIB, lab.lanes[0], &block, &view);
		calloc_fails_at = 0;
		assert_true(!ret || ret == -ENOMEM);
		assert_true(ret ? block == before : block != before);
		before = block;
	}
	scratch_put(block, lab.lanes[0], 0);
	close_lab(&lab);
	calloc_fails_at = 1;
	assert_int_equal(scratch_pool_create(&(struct scratch_gpu){0}, &lab.pool), -ENOMEM);
	assert_null(lab.pool);
	scratch_pool_destroy(NULL);
}

struct worker {
	pthread_t thread;
	struct lab *lab;
	unsigned lane;
	_Atomic uint64_t *taken; /* bases in use */
};

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned seed = w->lane;

	for (unsigned i = 0; i < 300; i++) {
		struct scratch_block *block = NULL;
		struct scratch_view view;
		unsigned rounds = 1 + (unsigned)rand_r(&seed) % 3;

		for (unsigned r = 1; r <= rounds; r++) {
			if (scratch_get(w->lab->pool, r * KIB, w->lab->lanes[w->lane], &block, &view))
				abort();
			atomic_store(&w->taken[w->lane], view.base);
			for (unsigned other = 0; other < 3; other++)
				if (other != w->lane && atomic_load(&w->taken[other]) == view.base)
					abort();
		}
		if (i % 16 == 0)
			scratch_pool_run(w->lab->pool);
		atomic_store(&w->taken[w->lane], 0);
		scratch_put(block, w->lab->lanes[w->lane], 0);
	}
	return NULL;
}

static void queues_on_many_threads_share_nothing(void **state)
{
	_Atomic uint64_t taken[3] = {0};
	struct worker workers[3];
	struct lab lab;

	open_lab(&lab, *state, PM4_GFX11, 16 * GIB);
	for (unsigned i = 0; i < 3; i++) {
		workers[i] = (struct worker){.lab = &lab, .lane = i, .taken = taken};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(workers[i].thread, NULL);
	close_lab(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_waves_of_the_gpu_fit),
		TEST(the_block_that_a_queue_has_is_kept_while_it_is_large_enough),
		TEST(two_queues_never_have_the_same_block),
		TEST(a_block_is_reused_when_its_last_submission_is_over),
		TEST(a_block_that_is_outgrown_waits_for_the_submission_at_hand),
		TEST(what_a_queue_leaves_behind_at_its_end_is_not_forgotten),
		TEST(one_idle_block_is_kept_for_the_next_queue),
		TEST(fewer_waves_run_where_a_quarter_of_the_memory_is_less),
		TEST(a_wave_that_does_not_fit_is_refused),
		TEST(a_block_for_gfx10_is_less_than_4_gib),
		TEST(less_memory_than_wished_for_is_better_than_none),
		TEST(a_lost_gpu_has_no_scratch),
		TEST(a_failure_leaves_everything_as_it_was),
		TEST(queues_on_many_threads_share_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
