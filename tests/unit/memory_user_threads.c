// SPDX-License-Identifier: MIT
/* Eight threads register, map, look up and end overlapping ranges of the same pages; each finds its own whole. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "memory/memory.h"
#include "memory/user.h"
#include "util/compiler.h"
#include "util/log.h"

#define PAGE	4096ULL
#define PAGES	96U
#define THREADS 8U
#define ROUNDS	100U
#define MIB	(1ULL << 20)

static struct memory *memory;
static char *pages;

struct worker {
	pthread_t thread;
	unsigned index;
	uint32_t random;
	int failed; /* step */
};

static uint32_t next(struct worker *worker)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 17;
	worker->random ^= worker->random << 5;
	return worker->random;
}

/* Whether all pages of [start, start + size) are on the GPU, with the one of `start` at va's page. */
static bool is_there(unsigned gpu, uint64_t va, const char *start, uint64_t size)
{
	uint64_t inside = ptr_to_u64(start) % PAGE;

	for (uint64_t offset = 0; offset < inside + size; offset += PAGE) {
		const void *page;
		bool writable;

		if (!fake_page_at(gpu, va - inside + offset, &page, &writable) ||
		    page != start - inside + offset || !writable)
			return false;
	}
	return true;
}

static int one_life(struct worker *worker)
{
	uint32_t gpu = next(worker) % 2, other = 1 - gpu, first = next(worker) % (PAGES - 1);
	/* no two threads' registrations start at the same address, so that each ends its own */
	char *start = pages + first * PAGE + worker->index * 16;
	uint64_t size = PAGE / 2 + next(worker) % ((PAGES - 1 - first) * PAGE + 1);
	struct memory_registration registration = {
		.address = start, .size = size, .flags = next(worker) % 4 ? MEMORY_COARSE : MEMORY_UNCACHED};
	bool again = next(worker) % 2;
	struct memory_info info;
	uint64_t va;

	if (memory_register(memory, &registration))
		return 1;
	if (memory_map(memory, start, size, &gpu, 1, &va) || va != ptr_to_u64(start))
		return 2;
	if (!is_there(gpu, va, start, size))
		return 3;
	if (memory_lookup(memory, start + size - 1, &info) || info.kind != MEMORY_USER || info.size > size)
		return 4;
	if (again && (memory_map(memory, start, size, &other, 1, &va) || va != ptr_to_u64(start) ||
		      !is_there(other, va, start, size)))
		return 5;
	if (memory_set_user_data(memory, start, worker) || memory_unmap(memory, start))
		return 6;
	if (again && !is_there(gpu, ptr_to_u64(start), start, size))
		return 7;
	return memory_deregister(memory, start) ? 8 : 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	for (unsigned i = 0; i < ROUNDS && !worker->failed; i++)
		worker->failed = one_life(worker);
	return NULL;
}

static void each_thread_has_its_pages(void **state)
{
	struct kmd_adapter info = {.discrete = true, .vram_visible = 256 * MIB};
	struct memory_gpu_config configs[2];
	struct worker workers[THREADS];
	struct gsp_gpu *gpus[2];

	(void)state;
	fake_reset();
	fake_user_pages(true);
	fake_take_time(20000);
	log_set_level(LOG_NONE);
	pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(i), &info, &gpus[i]), 0);
		configs[i] = (struct memory_gpu_config){
			.gsp = gpus[i], .info = &info, .gfx_major = 10, .node = i + 1};
	}
	assert_int_equal(memory_create(configs, 2, &memory), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.index = i, .random = 2463534242U + i * 77};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(workers[i].failed, 0);
	for (unsigned i = 0; i < PAGES; i++) {
		assert_false(fake_is_mapped(0, ptr_to_u64(pages + i * PAGE)));
		assert_false(fake_is_mapped(1, ptr_to_u64(pages + i * PAGE)));
	}
	/* shared, and at the CPU's address throughout: less than one pin for each map */
	assert_true(fake_calls_of("create_allocations") < THREADS * ROUNDS * 3 / 2);
	memory_destroy(memory);
	for (unsigned i = 0; i < 2; i++)
		gsp_gpu_destroy(gpus[i]);
	munmap(pages, PAGES * PAGE);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_thread_has_its_pages)};

	return cmocka_run_group_tests_name("memory user threads", tests, NULL, NULL);
}
