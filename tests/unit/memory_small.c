// SPDX-License-Identifier: MIT
/* Small blocks as callers have them, down to the calls to the host that they cost. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/timeline.h"
#include "memory/memory.h"
#include "memory/slab.h"
#include "util/compiler.h"
#include "util/log.h"

#define KIB	1024ULL
#define MIB	(1024 * KIB)
#define COUNT	10000U
#define THREADS 8

struct world {
	struct gsp_gpu *gpus[2];
	struct gsp_device *devices[2];
	struct memory *memory;
	void *blocks[COUNT];
};

static int build(void **state)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 256 * MIB, .vram_invisible = 2048 * MIB};
	struct memory_gpu_config configs[2];
	struct world *w = calloc(1, sizeof(*w));
	const struct gsp_handles *handles;

	if (!w)
		return -1;
	fake_reset();
	log_set_level(LOG_NONE);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &w->gpus[i]), 0);
		w->devices[i] = gsp_gpu_device(w->gpus[i]);
		assert_int_equal(gsp_device_open(w->devices[i], &handles), 0);
		configs[i] = (struct memory_gpu_config){
			.gsp = w->gpus[i], .info = &info, .gfx_major = 10, .node = i + 1};
	}
	assert_int_equal(memory_create(configs, 2, &w->memory), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	memory_destroy(w->memory);
	for (unsigned i = 0; i < 2; i++)
		gsp_gpu_destroy(w->gpus[i]);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
	free(w);
	return 0;
}

static struct memory_request request_of(enum memory_kind kind, uint64_t size)
{
	return (struct memory_request){.kind = kind, .gpu = 0, .size = size};
}

static int alloc_and_map(struct world *w, enum memory_kind kind, uint64_t size, void **address)
{
	struct memory_request request = request_of(kind, size);
	const uint32_t gpu = 0;
	int ret = memory_alloc(w->memory, &request, address);

	if (ret)
		return ret;
	ret = memory_map(w->memory, *address, size, &gpu, 1, NULL);
	if (ret)
		memory_free(w->memory, *address);
	return ret;
}

static void ten_thousand_blocks(struct world *w, enum memory_kind kind, uint64_t size, unsigned count,
				unsigned most_calls)
{
	unsigned before = fake_calls();
	struct memory_info info;

	for (unsigned i = 0; i < count; i++)
		assert_int_equal(alloc_and_map(w, kind, size, &w->blocks[i]), 0);
	for (unsigned i = 0; i < count; i++) {
		assert_true(fake_is_mapped(0, ptr_to_u64(w->blocks[i])));
		assert_int_equal(memory_lookup(w->memory, w->blocks[i], &info), 0);
		assert_ptr_equal(info.start, w->blocks[i]);
		assert_int_equal(info.mapped, 1);
	}
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(memory_free(w->memory, w->blocks[i]), 0);
	assert_in_range(fake_calls() - before, 1, most_calls);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(memory_lookup(w->memory, w->blocks[i], &info), -ENOENT);
}

static void ten_thousand_blocks_of_host_memory_cost_few_calls(void **state)
{
	ten_thousand_blocks(*state, MEMORY_SYSTEM, 4 * KIB, COUNT, 64);
}

/* 62 MiB: 9 slabs */
static void a_thousand_blocks_of_vram_cost_few_calls(void **state)
{
	ten_thousand_blocks(*state, MEMORY_LOCAL, 64 * KIB, 1000, 80);
}

static void nothing_is_asked_of_the_host_while_a_gpu_is_busy(void **state)
{
	struct world *w = *state;
	struct gsp_timeline *timeline;
	uint64_t fence = 0;
	unsigned before;
	void *p;

	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(alloc_and_map(w, MEMORY_SYSTEM, 4 * KIB, &w->blocks[i]), 0);
	assert_int_equal(gsp_timeline_create(w->devices[0], &fence, &timeline), 0);
	gsp_timeline_announce(timeline, 1);
	before = fake_calls();
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(memory_free(w->memory, w->blocks[i]), 0);
	assert_int_equal(fake_calls(), before);
	/* the GPU may be reading them */
	for (unsigned i = 0; i < 512; i++) {
		assert_int_equal(alloc_and_map(w, MEMORY_SYSTEM, 4 * KIB, &p), 0);
		for (unsigned j = 0; j < 1024; j++)
			assert_ptr_not_equal(p, w->blocks[j]);
	}
	__atomic_store_n(&fence, 1, __ATOMIC_RELEASE);
	before = fake_calls_of("create_allocations");
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(alloc_and_map(w, MEMORY_SYSTEM, 4 * KIB, &p), 0);
	assert_int_equal(fake_calls_of("create_allocations"), before);
	gsp_timeline_stop(timeline);
	gsp_timeline_end(timeline);
}

static void what_is_kept_gives_way_to_what_is_asked_for(void **state)
{
	struct memory_request request = request_of(MEMORY_LOCAL, 63 * MIB);
	struct world *w = *state;
	void *p;

	fake_local_limit(64 * MIB);
	ten_thousand_blocks(w, MEMORY_LOCAL, 64 * KIB, 480, 80);
	assert_in_range(slabs_cached(w->memory, 0), 8 * MIB, 24 * MIB);
	assert_int_equal(memory_alloc(w->memory, &request, &p), 0);
	assert_int_equal(slabs_cached(w->memory, 0), 0);
	/* room for two of the smallest slabs; the second would be larger if it could */
	fake_local_limit(67 * MIB);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(alloc_and_map(w, MEMORY_LOCAL, 1, &w->blocks[i]), 0);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(alloc_and_map(w, MEMORY_LOCAL, 1, &w->blocks[i]), 0);
	request.size = 1;
	assert_int_equal(memory_alloc(w->memory, &request, &p), -ENOSPC);
	assert_int_equal(memory_free(w->memory, w->blocks[0]), 0);
	assert_int_equal(memory_alloc(w->memory, &request, &p), 0);
}

static int some_of_each(struct world *w)
{
	const enum memory_kind kinds[] = {MEMORY_SYSTEM, MEMORY_LOCAL};
	void *blocks[2][130] = {{0}};
	int ret = 0;

	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < 130 && !ret; i++) {
			ret = alloc_and_map(w, kinds[k], 64 * KIB, &blocks[k][i]);
			if (ret)
				blocks[k][i] = NULL;
		}
	for (unsigned k = 0; k < 2; k++)
		for (unsigned i = 0; i < 130; i++)
			if (blocks[k][i])
				assert_int_equal(memory_free(w->memory, blocks[k][i]), 0);
	return ret;
}

/* Whichever call to the host fails, what was made is whole, and the next attempt works. */
static void any_call_may_fail(void **state)
{
	for (unsigned n = 1;; n++) {
		bool failed;
		int ret;

		fake_fail_call(n, -ENOMEM);
		ret = some_of_each(*state);
		failed = fake_failed();
		if (!failed) {
			assert_int_equal(ret, 0);
			assert_in_range(n, 10, 500);
			break;
		}
		assert_int_equal(some_of_each(*state), 0);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(build(state), 0);
	}
}

static void *all_at_once(void *arg)
{
	struct world *w = arg;

	for (unsigned round = 0; round < 40; round++) {
		void *blocks[40];

		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
			enum memory_kind kind = i % 3 ? MEMORY_SYSTEM : MEMORY_LOCAL;
			struct memory_info info;

			if (alloc_and_map(w, kind, 4 * KIB << i % 5, &blocks[i]))
				return arg;
			if (memory_lookup(w->memory, (char *)blocks[i] + 4095, &info) ||
			    info.start != blocks[i] || info.mapped != 1 || info.kind != kind)
				return arg;
			if (kind == MEMORY_SYSTEM && *(uint64_t *)blocks[i])
				return arg;
			if (kind == MEMORY_SYSTEM)
				*(uint64_t *)blocks[i] = round + 1;
		}
		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
			if (memory_free(w->memory, blocks[i]))
				return arg;
	}
	return NULL;
}

static void threads_share_slabs(void **state)
{
	pthread_t threads[THREADS];
	void *result;

	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, all_at_once, *state), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ten_thousand_blocks_of_host_memory_cost_few_calls),
		TEST(a_thousand_blocks_of_vram_cost_few_calls),
		TEST(nothing_is_asked_of_the_host_while_a_gpu_is_busy),
		TEST(what_is_kept_gives_way_to_what_is_asked_for),
		TEST(any_call_may_fail),
		TEST(threads_share_slabs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
