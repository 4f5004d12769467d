// SPDX-License-Identifier: MIT
/* Many threads at once: buffers of their own, and one that all map, unmap and look up. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "memory/memory.h"
#include "util/compiler.h"
#include "util/log.h"

#define THREADS 6
#define ROUNDS	150

static struct memory *memory;
static void *shared;

static int one_round(unsigned i, const uint32_t *gpu)
{
	struct memory_request request = {
		.kind = i % 3 ? MEMORY_SYSTEM : MEMORY_LOCAL,
		.size = 4096U << (i % 6),
		.gpu = *gpu,
	};
	struct memory_info info;
	char *p;
	void *address;

	if (memory_alloc(memory, &request, &address))
		return 1;
	p = address;
	if (memory_map(memory, p, request.size, gpu, 1, NULL) || memory_lookup(memory, p + 4095, &info) ||
	    info.start != p || info.mapped != 1ULL << *gpu)
		return 2;
	if (memory_set_user_data(memory, p, &info) || memory_lookup(memory, shared, &info) ||
	    info.start != shared)
		return 3;
	if (memory_map(memory, shared, 4096, gpu, 1, NULL) || (i % 5 == 0 && memory_unmap(memory, shared)))
		return 4;
	if (memory_unmap(memory, p) || memory_free(memory, p))
		return 5;
	return 0;
}

static void *worker(void *arg)
{
	uint32_t gpu = (uint32_t)(uintptr_t)arg % 2;

	for (unsigned i = 0; i < ROUNDS; i++) {
		int ret = one_round(i, &gpu);

		if (ret)
			return (void *)(uintptr_t)ret;
	}
	return NULL;
}

/* All of them free the same buffers: each is freed exactly once. */
static void *freer(void *arg)
{
	void **list = arg;
	uintptr_t freed = 0;

	for (unsigned i = 0; i < 64; i++)
		freed += memory_free(memory, list[i]) == 0;
	return (void *)freed;
}

static void threads_do_not_disturb_each_other(void **state)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 8ULL << 30};
	struct memory_gpu_config configs[2] = {0};
	struct memory_request request = {.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = 4096};
	pthread_t threads[THREADS];
	uintptr_t freed = 0;
	void *list[64];

	(void)state;
	fake_reset();
	log_set_level(LOG_NONE);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &configs[i].gsp), 0);
		configs[i].info = &info;
	}
	assert_int_equal(memory_create(configs, 2, &memory), 0);
	assert_int_equal(memory_alloc(memory, &request, &shared), 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, (void *)(uintptr_t)i), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_null(result);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(list); i++) {
		assert_int_equal(memory_alloc(memory, &request, &list[i]), 0);
		assert_int_equal(memory_map(memory, list[i], 4096, NULL, 0, NULL), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, freer, list), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		freed += (uintptr_t)result;
	}
	assert_int_equal(freed, ARRAY_SIZE(list));
	memory_destroy(memory);
	gsp_gpu_destroy(configs[0].gsp);
	gsp_gpu_destroy(configs[1].gsp);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

static void *map_some(void *arg)
{
	struct memory_request request = {.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = 128U << 10};
	void *address;

	(void)arg;
	return (void *)(uintptr_t)(memory_alloc(memory, &request, &address) ||
				   memory_map(memory, address, 128U << 10, NULL, 0, NULL));
}

/* Every refusal is a line in the user's kernel log, whichever thread runs into it. */
static void threads_that_come_together_try_a_form_once(void **state)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 8ULL << 30};
	struct memory_gpu_config config = {.info = &info};
	pthread_t threads[THREADS];

	(void)state;
	fake_reset();
	log_set_level(LOG_NONE);
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &config.gsp), 0);
	assert_int_equal(memory_create(&config, 1, &memory), 0);
	fake_refuse_form_below(9);
	fake_take_time(5000000);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, map_some, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		void *result;

		pthread_join(threads[i], &result);
		assert_null(result);
	}
	fake_take_time(0);
	assert_int_equal(fake_calls_of("create_allocations"), THREADS + 2);
	memory_destroy(memory);
	gsp_gpu_destroy(config.gsp);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_do_not_disturb_each_other),
		cmocka_unit_test(threads_that_come_together_try_a_form_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
