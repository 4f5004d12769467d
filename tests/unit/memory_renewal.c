// SPDX-License-Identifier: MIT
/* What becomes of memory when GPUs are lost and get their next devices, also while others use it. */
#include "memory_world.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define PAGE	4096ULL
#define PLUGGED 3U /* the adapter that a removed one comes back as */

/* Resets a GPU, which may have a next device at once, and has that noticed. */
static void reset(struct world *w, unsigned gpu)
{
	fake_revive(gpu);
	assert_int_equal(gsp_device_check(gsp_gpu_device(w->gpus[gpu])), -ENODEV);
}

static uint64_t epoch(struct world *w, unsigned gpu)
{
	return gsp_device_epoch(gsp_gpu_device(w->gpus[gpu])).number;
}

static bool told_lost(struct world *w, const void *p)
{
	struct memory_info info;

	assert_int_equal(memory_lookup(w->memory, p, &info), 0);
	return info.lost;
}

/* That a GPU sees these pages of the process, and may write them. */
static void assert_pages(unsigned gpu, const char *start, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += PAGE) {
		const void *page;
		bool writable;

		assert_true(fake_page_at(gpu, ptr_to_u64(start) + at, &page, &writable));
		assert_ptr_equal(page, start + at);
		assert_true(writable);
	}
}

static void add(struct world *w, void *start, uint64_t size)
{
	struct memory_registration registration = {.address = start, .size = size};

	assert_int_equal(memory_register(w->memory, &registration), 0);
}

static char *some_pages(uint64_t size)
{
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	return pages;
}

static void contents_hold_a_renewal_up_until_they_are_freed(void **state)
{
	struct world *w = *state;
	void *system = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *q, *p[5];
	unsigned calls;

	p[0] = alloc(w, MEMORY_LOCAL, 3 * GIB, 0);
	p[1] = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
	p[2] = alloc(w, MEMORY_LOCAL, 100, 0);
	p[3] = alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE);
	p[4] = alloc(w, MEMORY_PHYSICAL, MIB, 0);
	map_on(w, p[0], 3 * GIB, 1, 0);
	map_on(w, p[1], 64 * KIB, 1, 0);
	map_on(w, system, BLOCK, 3, 0);
	assert_int_equal(gsp_device_contents(w->devices[0]), 5);
	assert_false(told_lost(w, p[0]));
	reset(w, 0);
	calls = fake_calls();
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		assert_true(told_lost(w, p[i]));
	assert_false(told_lost(w, system));
	/* refused without a word to the host */
	assert_int_equal(get(w, MEMORY_LOCAL, MIB, 0, &q), -ENODEV);
	assert_int_equal(get(w, MEMORY_LOCAL, 100, 0, &q), -ENODEV);
	assert_int_equal(get(w, MEMORY_SCRATCH, MIB, 0, &q), -ENODEV);
	assert_int_equal(get(w, MEMORY_USER_QUEUE, MIB, 0, &q), -ENODEV);
	map_on(w, system, BLOCK, 1, -ENODEV);
	map_on(w, p[0], 3 * GIB, 0, -ENODEV);
	assert_int_equal(fake_calls(), calls);
	for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
		assert_int_equal(get(w, MEMORY_LOCAL, MIB, 0, &q), -ENODEV);
		assert_int_equal(memory_free(w->memory, p[i]), 0);
		assert_int_equal(memory_free(w->memory, p[i]), -ENOENT);
	}
	assert_int_equal(epoch(w, 0), 1);
	q = alloc(w, MEMORY_LOCAL, MIB, 0);
	assert_int_equal(epoch(w, 0), 2);
	assert_false(told_lost(w, q));
	/* the other GPU did not notice */
	assert_int_equal(epoch(w, 1), 1);
	check_place(w, system, 3);
	assert_pages(0, system, BLOCK);
	/* lost addresses were nobody's, and are had again */
	for (size_t i = 0; i < ARRAY_SIZE(p) - 1; i++)
		assert_false(is_mapped(0, p[i]));
}

static void the_library_s_own_memory_holds_nothing_up(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_LOCAL, MIB, MEMORY_INTERNAL), *queue = alloc(w, MEMORY_USER_QUEUE, MIB, 0);
	void *small = alloc(w, MEMORY_LOCAL, 100, MEMORY_INTERNAL), *q;
	void *system = alloc(w, MEMORY_SYSTEM, 100, MEMORY_INTERNAL);

	map_on(w, p, MIB, 1, 0);
	map_on(w, queue, MIB, 1, 0);
	map_on(w, system, 100, 1, 0);
	assert_int_equal(gsp_device_contents(w->devices[0]), 0);
	reset(w, 0);
	q = alloc(w, MEMORY_LOCAL, MIB, MEMORY_INTERNAL);
	assert_int_equal(epoch(w, 0), 2);
	assert_true(told_lost(w, p) && told_lost(w, queue) && told_lost(w, small));
	assert_false(told_lost(w, q) || told_lost(w, system));
	assert_true(is_mapped(0, system));
	/* what is lost stays so on the GPU's next device */
	map_on(w, p, MIB, 1, -ENODEV);
	map_on(w, p, MIB, 0, -ENODEV);
	map_on(w, queue, MIB, 1, -ENODEV);
	map_on(w, q, MIB, 1, 0);
	assert_int_equal(memory_unmap(w->memory, p), 0);
	assert_int_equal(memory_free(w->memory, p), 0);
	assert_int_equal(memory_free(w->memory, queue), 0);
	assert_true(is_mapped(0, q));
}

/* Chunks, blocks of slabs and what is mapped nowhere, over as many epochs as may be. */
static void memory_of_the_host_is_where_it_was(void **state)
{
	struct world *w = *state;
	void *large = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *first = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	void *off = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *small = alloc(w, MEMORY_SYSTEM, 100, 0);
	void *second = alloc(w, MEMORY_SYSTEM, BLOCK, MEMORY_READ_ONLY),
	     *moved = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	const void *page;
	bool writable;

	map_on(w, large, BLOCK, 7, 0);
	map_on(w, first, BLOCK, 1, 0);
	map_on(w, second, BLOCK, 2, 0);
	map_on(w, small, 100, 1, 0);
	map_on(w, off, BLOCK, 1, 0);
	assert_int_equal(memory_unmap(w->memory, off), 0);
	for (unsigned i = 0; i < GSP_RENEWALS; i++) {
		unsigned destroyed = fake_calls_of("destroy_allocations"),
			 made = fake_calls_of("create_allocations");

		run(w, 1); /* that of others is not waited for */
		map_on(w, moved, BLOCK, 1, 0);
		reset(w, 0);
		assert_int_equal(memory_free(w->memory, alloc(w, MEMORY_SCRATCH, MIB, 0)), 0);
		assert_int_equal(epoch(w, 0), i + 2);
		check_place(w, large, 7);
		check_place(w, first, 1);
		check_place(w, second, 2);
		check_place(w, moved, 1);
		assert_int_equal(told(w, small), 1);
		assert_true(is_mapped(0, small));
		check_place(w, off, 0);
		assert_pages(0, large, BLOCK);
		/* moved to the GPU each time, large, first, small; off the first time */
		assert_int_equal(fake_calls_of("destroy_allocations") - destroyed, i ? 4 : 5);
		assert_int_equal(fake_calls_of("create_allocations") - made, i ? 4 : 5);
		map_on(w, moved, BLOCK, 4, 0);
		check_place(w, moved, 4);
	}
	map_on(w, second, BLOCK, 1, 0);
	assert_true(fake_page_at(0, ptr_to_u64(second), &page, &writable));
	assert_false(writable);
	/* that was the last one for a minute */
	reset(w, 0);
	map_on(w, off, BLOCK, 1, -ENODEV);
	map_on(w, off, BLOCK, 0, 0);
	assert_int_equal(told(w, off), 7);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), -ENODEV);
}

static void what_every_gpu_is_to_have_comes_with_its_renewal(void **state)
{
	struct memory_request below = {
		.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = BLOCK, .highest = 1ULL << 40};
	struct world *w = *state;
	void *contents = alloc(w, MEMORY_LOCAL, MIB, 0), *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	void *small = alloc(w, MEMORY_SYSTEM, 100, 0), *again = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *off,
	     *within;

	reset(w, 0);
	off = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	/* at addresses that are reserved only now */
	assert_int_equal(memory_alloc(w->memory, &below, &within), 0);
	map_on(w, p, BLOCK, 0, 0);
	map_on(w, small, 100, 0, 0);
	map_on(w, within, BLOCK, 0, 0);
	map_on(w, off, BLOCK, 0, 0);
	map_on(w, again, BLOCK, 0, 0);
	map_on(w, again, BLOCK, 2, 0);
	assert_int_equal(told(w, p), 7);
	assert_int_equal(told(w, small), 7);
	assert_int_equal(told(w, within), 7);
	assert_false(is_mapped(0, p) || is_mapped(0, small));
	assert_true(is_mapped(1, p) && is_mapped(2, small));
	assert_int_equal(memory_unmap(w->memory, off), 0);
	check_place(w, off, 0);
	check_place(w, again, 2);
	assert_int_equal(memory_free(w->memory, contents), 0);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	check_place(w, p, 7);
	check_place(w, within, 7);
	check_place(w, off, 0);
	check_place(w, again, 2);
	assert_true(is_mapped(0, small));
}

/* A slab that waits for one GPU is put on others meanwhile. */
static void a_slab_goes_on_to_other_gpus_while_one_is_lost(void **state)
{
	const uint32_t first_two[] = {0, 1};
	struct memory_registration registration = {.size = 100, .gpus = first_two, .count = 2};
	struct world *w = *state;
	void *contents = alloc(w, MEMORY_LOCAL, MIB, 0), *p = alloc(w, MEMORY_SYSTEM, 100, 0);
	void *q = alloc(w, MEMORY_SYSTEM, 100, 0);

	registration.address = p;
	assert_int_equal(memory_register(w->memory, &registration), 0);
	reset(w, 0);
	map_on(w, p, 100, 0, 0);
	assert_int_equal(told(w, p), 3);
	map_on(w, q, 100, 4, 0);
	assert_int_equal(told(w, q), 4);
	assert_true(is_mapped(1, p) && is_mapped(2, q));
	assert_int_equal(memory_free(w->memory, contents), 0);
	/* mapping is enough to have the GPU renewed */
	map_on(w, q, 100, 5, 0);
	assert_int_equal(epoch(w, 0), 2);
	assert_true(is_mapped(0, p) && is_mapped(0, q));
}

static void who_maps_has_the_gpu_renewed(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	char *pages = some_pages(4 * PAGE);

	fake_user_pages(true);
	add(w, pages, 2 * PAGE);
	reset(w, 0);
	map_on(w, p, BLOCK, 2, 0);
	assert_int_equal(epoch(w, 0), 1);
	map_on(w, p, BLOCK, 3, 0);
	assert_int_equal(epoch(w, 0), 2);
	check_place(w, p, 3);
	reset(w, 0);
	map_on(w, pages, PAGE, 1, 0);
	assert_int_equal(epoch(w, 0), 3);
	assert_pages(0, pages, 2 * PAGE);
	reset(w, 1);
	map_on(w, pages, PAGE, 0, 0);
	assert_int_equal(epoch(w, 1), 2);
	assert_pages(1, pages, 2 * PAGE);
	check_place(w, p, 3);
	assert_int_equal(memory_deregister(w->memory, pages), 0);
	munmap(pages, 4 * PAGE);
}

/* Nobody can submit before a renewal is over, and nothing is left to do for who submits then. */
static void page_table_work_is_over_with_the_renewal(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	unsigned waits;

	map_on(w, p, BLOCK, 1, 0);
	reset(w, 0);
	fake_hold_fences(true);
	waits = fake_calls_of("wait_fences");
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	assert_int_equal(fake_calls_of("wait_fences"), waits + 1);
	fake_hold_fences(false);
}

static void reset_first(void *world)
{
	reset(world, 0);
}

/* What succeeded on a device that was lost in the middle of it did not succeed. */
static void memory_that_is_lost_as_it_is_made_is_not_had(void **state)
{
	struct world *w = *state;
	void *p, *system = alloc(w, MEMORY_SYSTEM, BLOCK, 0);

	fake_at_call("make_resident", reset_first, w);
	assert_int_equal(get(w, MEMORY_LOCAL, MIB, 0, &p), -ENODEV);
	assert_null(p);
	assert_int_equal(gsp_device_contents(w->devices[0]), 0);
	fake_at_call("make_resident", reset_first, w);
	assert_int_equal(get(w, MEMORY_LOCAL, 100, 0, &p), -ENODEV);
	assert_int_equal(epoch(w, 0), 2);
	assert_int_equal(gsp_device_contents(gsp_gpu_device(w->gpus[0])), 0);
	fake_at_call("map_gpu_va", reset_first, w);
	map_on(w, system, BLOCK, 3, -ENODEV);
	assert_int_equal(epoch(w, 0), 3);
	assert_int_equal(told(w, system), 0);
	map_on(w, system, BLOCK, 3, 0);
	check_place(w, system, 3);
}

struct helper {
	struct world *w;
	void *p;
	pthread_t thread;
};

static void *renew_first(void *arg)
{
	struct helper *helper = arg;

	return u64_to_ptr((uint64_t)-gsp_gpu_renew(helper->w->gpus[0]));
}

/* The renewal begins while the buffer is held, with the first GPU behind and the second before the holder. */
static void begin_renewal(void *arg)
{
	const struct timespec time = {.tv_nsec = 20000000};
	struct helper *helper = arg;

	reset(helper->w, 0);
	assert_int_equal(pthread_create(&helper->thread, NULL, renew_first, helper), 0);
	nanosleep(&time, NULL);
}

/* Who holds memory when a GPU is renewed may be told that it is there: it will be before the GPU is told to be. */
static void a_renewal_waits_for_who_is_at_it(void **state)
{
	struct helper helper = {.w = *state};
	struct world *w = *state;
	void *result;

	helper.p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	map_on(w, helper.p, BLOCK, 1, 0);
	fake_at_call("create_allocations", begin_renewal, &helper);
	map_on(w, helper.p, BLOCK, 3, 0);
	pthread_join(helper.thread, &result);
	assert_int_equal(ptr_to_u64(result), 0);
	check_place(w, helper.p, 3);
	assert_int_equal(epoch(w, 0), 2);
	assert_pages(0, helper.p, BLOCK);
}

/* Parts of scratch are contents that nobody misses: they go, and their place is free. */
static void parts_of_scratch_go_with_their_device(void **state)
{
	struct world *w = *state;
	char *scratch = alloc(w, MEMORY_SCRATCH, 4 * MIB, 0);

	map_on(w, scratch, MIB, 1, 0);
	map_on(w, scratch + MIB, MIB, 1, 0);
	run(w, 0);
	assert_int_equal(memory_unmap(w->memory, scratch + MIB), 0);
	reset(w, 0);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	check_place(w, scratch, 0);
	assert_false(is_mapped(0, scratch + MIB));
	/* another size was in the way before */
	map_on(w, scratch, 2 * MIB, 1, 0);
	check_place(w, scratch, 1);
	assert_true(is_mapped(0, scratch + MIB));
}

static void registered_memory_is_where_it_was(void **state)
{
	struct world *w = *state;
	char *pages = some_pages(64 * PAGE), *contents;
	unsigned pins;

	fake_user_pages(true);
	add(w, pages + 10, 20 * PAGE);
	add(w, pages + 10 * PAGE, 30 * PAGE);
	add(w, pages + 50 * PAGE, PAGE);
	add(w, pages + 60 * PAGE, PAGE);
	map_on(w, pages + 10, 20 * PAGE, 1, 0);
	map_on(w, pages + 10 * PAGE, 30 * PAGE, 3, 0);
	map_on(w, pages + 60 * PAGE, PAGE, 1, 0);
	assert_int_equal(memory_unmap(w->memory, pages + 60 * PAGE), 0);
	for (unsigned i = 0; i < 2; i++) {
		contents = alloc(w, MEMORY_LOCAL, MIB, 0);
		reset(w, 0);
		map_on(w, pages + 10, 20 * PAGE, 1, -ENODEV);
		map_on(w, pages + 50 * PAGE, PAGE, 0, 0);
		assert_int_equal(told(w, pages + 50 * PAGE), 7);
		assert_int_equal(memory_free(w->memory, contents), 0);
		pins = fake_calls_of("create_allocations");
		assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
		/* overlapping ones share what they have in common */
		assert_in_range(fake_calls_of("create_allocations") - pins, 3, 4);
		assert_pages(0, pages, 40 * PAGE);
		assert_pages(1, pages + 10 * PAGE, 30 * PAGE);
		assert_pages(0, pages + 50 * PAGE, PAGE);
		assert_false(is_mapped(0, pages + 60 * PAGE));
		assert_int_equal(told(w, pages + 15 * PAGE), 1);
		assert_int_equal(told(w, pages + 35 * PAGE), 3);
	}
	/* as shared as before: what is left of one stays */
	assert_int_equal(memory_unmap(w->memory, pages + 10), 0);
	assert_pages(0, pages + 10 * PAGE, 30 * PAGE);
	/* pages that went are no reason to have none of the others */
	munmap(pages + 50 * PAGE, PAGE);
	reset(w, 0);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	assert_pages(0, pages + 10 * PAGE, 30 * PAGE);
	assert_int_equal(told(w, pages + 50 * PAGE), 6);
	for (unsigned i = 0; i < 64; i++)
		memory_deregister(w->memory, pages + i * PAGE + (i ? 0 : 10));
	memory_run(w->memory);
	assert_false(is_mapped(0, pages + 10 * PAGE));
	munmap(pages, 64 * PAGE);
}

/* A GPU that cannot have the CPU's addresses has others. */
static void registered_memory_elsewhere_is_where_it_was(void **state)
{
	struct world *w = *state;
	char *pages = some_pages(64 * PAGE);
	struct memory_info info;
	const void *page;
	bool writable;

	fake_user_pages(true);
	alloc(w, MEMORY_PHYSICAL, MIB, MEMORY_INTERNAL);
	assert_int_equal(memory_free(w->memory, alloc(w, MEMORY_SCRATCH, MIB, 0)), 0);
	fake_occupy(0, 1);
	add(w, pages, 20 * PAGE);
	map_on(w, pages, 20 * PAGE, 3, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(memory_lookup(w->memory, pages, &info), 0);
		assert_int_not_equal(info.gpu_va, ptr_to_u64(pages));
		assert_int_equal(info.mapped, 3);
		for (unsigned gpu = 0; gpu < 2; gpu++) {
			assert_true(fake_page_at(gpu, info.gpu_va + 3 * PAGE, &page, &writable));
			assert_ptr_equal(page, pages + 3 * PAGE);
		}
		reset(w, 0);
		reset(w, 1);
		assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
		assert_int_equal(gsp_gpu_renew(w->gpus[1]), 0);
	}
	assert_int_equal(memory_deregister(w->memory, pages), 0);
	munmap(pages, 64 * PAGE);
}

static int found;

static int find(void *arg, const struct kmd_adapter *lost, d3dkmt_handle *adapter, struct kmd_adapter *info)
{
	(void)arg;
	*adapter = FAKE_ADAPTER(PLUGGED);
	*info = *lost;
	info->luid.a++;
	return found;
}

static void an_adapter_that_comes_back_gets_the_addresses_too(void **state)
{
	struct world *w = *state;
	char *pages = some_pages(64 * PAGE);
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *q, *small = alloc(w, MEMORY_SYSTEM, 100, 0);
	struct memory_request below = {
		.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = BLOCK, .highest = 1ULL << 40};

	fake_user_pages(true);
	gsp_gpu_find_by(w->gpus[0], find, NULL);
	found = -ENODEV;
	add(w, pages + PAGE, 20 * PAGE);
	add(w, pages + 40 * PAGE, 20 * PAGE);
	map_on(w, pages + PAGE, 20 * PAGE, 3, 0);
	map_on(w, p, BLOCK, 3, 0);
	map_on(w, small, 100, 1, 0);
	/* reserved last, so it comes first */
	assert_int_equal(memory_alloc(w->memory, &below, &q), 0);
	map_on(w, q, BLOCK, 3, 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	map_on(w, p, BLOCK, 1, -ENODEV);
	map_on(w, p, BLOCK, 3, -ENODEV);
	map_on(w, pages + 40 * PAGE, 20 * PAGE, 0, 0);
	found = 0;
	fake_occupy(PLUGGED, 1);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	assert_int_equal(told(w, p), 3);
	assert_true(is_mapped(PLUGGED, p) && is_mapped(PLUGGED, small));
	assert_pages(PLUGGED, pages + PAGE, 20 * PAGE);
	assert_pages(PLUGGED, pages + 40 * PAGE, 20 * PAGE);
	/* what lies where the place was taken is not there, and cannot be */
	assert_int_equal(told(w, q), 2);
	assert_false(is_mapped(PLUGGED, q));
	map_on(w, q, BLOCK, 1, -ENODEV);
	map_on(w, q, BLOCK, 2, 0);
	/* new things too */
	q = alloc(w, MEMORY_LOCAL, MIB, MEMORY_INTERNAL);
	map_on(w, q, MIB, 1, 0);
	assert_true(is_mapped(PLUGGED, q));
	reset(w, 1);
	fake_revive(PLUGGED);
	assert_int_equal(gsp_device_check(gsp_gpu_device(w->gpus[0])), -ENODEV);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	assert_pages(PLUGGED, pages + PAGE, 20 * PAGE);
	assert_int_equal(memory_unmap(w->memory, p), 0);
	assert_int_equal(memory_deregister(w->memory, pages + PAGE), 0);
	assert_int_equal(memory_deregister(w->memory, pages + 40 * PAGE), 0);
	munmap(pages, 64 * PAGE);
}

/* An adapter that has none of the addresses is of use for new memory only. */
static void where_no_address_can_be_had_nothing_is(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *small = alloc(w, MEMORY_SYSTEM, 100, 0), *q;
	char *pages = some_pages(64 * PAGE);

	fake_user_pages(true);
	gsp_gpu_find_by(w->gpus[0], find, NULL);
	found = 0;
	add(w, pages, 20 * PAGE);
	map_on(w, p, BLOCK, 3, 0);
	map_on(w, small, 100, 5, 0);
	map_on(w, pages, 20 * PAGE, 3, 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
	fake_occupy(PLUGGED, 100);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	assert_int_equal(told(w, p), 2);
	assert_true(is_mapped(1, p));
	assert_false(is_mapped(PLUGGED, p));
	assert_int_equal(told(w, small), 4);
	assert_int_equal(told(w, pages), 2);
	map_on(w, small, 100, 1, -ENODEV);
	map_on(w, small, 100, 0, 0);
	assert_int_equal(told(w, small), 6);
	fake_occupy(PLUGGED, 0);
	assert_int_equal(memory_free(w->memory, small), 0);
	assert_int_equal(memory_free(w->memory, p), 0);
	/* at new addresses it works as ever */
	q = alloc(w, MEMORY_LOCAL, 3 * MIB, MEMORY_INTERNAL);
	map_on(w, q, 3 * MIB, 1, 0);
	map_on(w, pages, 20 * PAGE, 1, 0);
	assert_pages(PLUGGED, pages, 20 * PAGE);
	assert_int_equal(memory_deregister(w->memory, pages), 0);
	munmap(pages, 64 * PAGE);
}

/* Addresses of lost memory are nobody's until it is freed, and anybody's from then on. */
static void lost_addresses_are_used_again(void **state)
{
	struct world *w = *state;
	struct memory_request request = {
		.kind = MEMORY_LOCAL, .size = 4 * MIB, .flags = MEMORY_FIXED_ADDRESS};
	char *p = alloc(w, MEMORY_LOCAL, 4 * MIB, 0),
	     *visible = alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE);
	void *q;

	map_on(w, p, 4 * MIB, 1, 0);
	for (unsigned i = 0; i < 2; i++) {
		unsigned freed = fake_calls_of("free_gpu_va");

		run(w, 0);
		reset(w, 0);
		request.fixed = p;
		assert_int_equal(memory_alloc(w->memory, &request, &q), -ENODEV);
		/* work that went with it is not waited for */
		assert_int_equal(memory_free(w->memory, p), 0);
		assert_int_equal(memory_free(w->memory, visible), 0);
		memory_run(w->memory);
		assert_false(is_mapped(0, p) || is_mapped(0, visible));
		/* what was reserved stays so, the lock's address was the host's */
		assert_int_equal(fake_calls_of("free_gpu_va"), freed + 1);
		assert_int_equal(memory_alloc(w->memory, &request, &q), 0);
		assert_ptr_equal(q, p);
		fake_lock_at(ptr_to_u64(visible));
		assert_ptr_equal(alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE), visible);
		map_on(w, p, 4 * MIB, 1, 0);
		assert_true(is_mapped(0, p) && is_mapped(0, visible));
	}
}

/* The slabs that were kept of a lost device serve nobody. */
static void what_was_kept_is_not_had_again(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
	uint64_t offered;

	assert_int_equal(memory_free(w->memory, p), 0);
	assert_true(memory_spare(w->memory, 0, &offered) > 0);
	reset(w, 0);
	assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
	assert_int_equal(memory_spare(w->memory, 0, &offered), 0);
	assert_int_equal(offered, 0);
	p = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
	map_on(w, p, 64 * KIB, 1, 0);
	assert_false(told_lost(w, p));
	assert_true(is_mapped(0, p));
}

/* A world with everything in it, of which one GPU is lost. */
static void fill(struct world *w, char *pages)
{
	void *p;

	fake_user_pages(true);
	p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	map_on(w, p, BLOCK, 3, 0);
	p = alloc(w, MEMORY_SYSTEM, 100, 0);
	map_on(w, p, 100, 1, 0);
	/* a slab that is kept empty */
	p = alloc(w, MEMORY_SYSTEM, 32 * KIB, 0);
	map_on(w, p, 32 * KIB, 3, 0);
	assert_int_equal(memory_free(w->memory, p), 0);
	p = alloc(w, MEMORY_SCRATCH, MIB, 0);
	map_on(w, p, MIB, 1, 0);
	p = alloc(w, MEMORY_LOCAL, MIB, MEMORY_INTERNAL);
	map_on(w, p, MIB, 1, 0);
	assert_int_equal(memory_free(w->memory, alloc(w, MEMORY_LOCAL, 64 * KIB, 0)), 0);
	add(w, pages, 20 * PAGE);
	add(w, pages + 10 * PAGE, 30 * PAGE);
	map_on(w, pages, 20 * PAGE, 3, 0);
	map_on(w, pages + 10 * PAGE, 30 * PAGE, 1, 0);
}

/* With every call of a renewal failing in turn: nothing is left behind, and the next attempt works. */
static void any_call_of_a_renewal_may_fail(void **state)
{
	static const int errors[] = {-ENOMEM, -EIO, -EINVAL, -ENODEV};
	char *pages = some_pages(64 * PAGE);

	for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
		for (unsigned n = 1, came = 1; came; n++) {
			bool plugged = n % 2, gone;
			struct world *w = *state;
			int ret;

			assert_true(n < 120);
			fill(w, pages);
			if (plugged) {
				gsp_gpu_find_by(w->gpus[0], find, NULL);
				found = 0;
				fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
				assert_int_equal(gsp_device_check(w->devices[0]), -ENODEV);
			} else {
				reset(w, 0);
			}
			fake_hold_fences(n % 3 == 0);
			fake_fail_call(n, errors[e]);
			ret = gsp_gpu_renew(w->gpus[0]);
			came = fake_failed();
			if (!came)
				fake_fail_call(0, 0);
			gone = came && errors[e] == -ENODEV;
			if (ret && !gone)
				assert_int_equal(gsp_gpu_renew(w->gpus[0]), 0);
			if (!came || (ret && !gone))
				assert_pages(plugged ? PLUGGED : 0, pages, 40 * PAGE);
			assert_pages(1, pages, 20 * PAGE);
			fake_hold_fences(false);
			fake_finish();
			w->misuse =
				fake_misuse(); /* an evict or unmap that failed is not repeated before the end */
			assert_true(w->misuse == 0 || (came && !ret));
			assert_int_equal(tear_down(state), 0);
			assert_int_equal(build(state), 0);
		}
	munmap(pages, 64 * PAGE);
}

/* What is never freed ends with the memory, in whatever state the GPUs are. */
static void everything_ends_in_every_state(void **state)
{
	char *pages = some_pages(64 * PAGE);

	for (unsigned s = 0; s < 8; s++) {
		struct world *w = *state;

		fill(w, pages);
		alloc(w, MEMORY_LOCAL, MIB, s & 1 ? MEMORY_INTERNAL : 0);
		alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE | (s & 1 ? MEMORY_INTERNAL : 0));
		for (unsigned i = 0; i < 2; i++) {
			run(w, 0);
			if (s & 2 && i) {
				fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
				gsp_device_check(gsp_gpu_device(w->gpus[0]));
			} else {
				reset(w, 0);
			}
			assert_int_equal(gsp_gpu_renew(w->gpus[0]), s & 1 && !(s & 2 && i) ? 0 : -ENODEV);
		}
		if (s & 4)
			reset(w, 1);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(build(state), 0);
	}
	munmap(pages, 64 * PAGE);
}

#define WORKERS 4U

struct crowd {
	struct world *w;
	char *pages;
	atomic_bool over;
	_Atomic unsigned next;
};

static bool is_fine(int ret)
{
	return !ret || ret == -ENODEV;
}

/* Line of the first surprise, or NULL.  Each thread has its own blocks, and pages that overlap the others'. */
static void *use_memory(void *arg)
{
	struct crowd *c = arg;
	struct memory *memory = c->w->memory;
	unsigned index = atomic_fetch_add(&c->next, 1);
	char *start = c->pages + index * 4 * PAGE + index * 16;
	struct memory_registration registration = {.address = start, .size = 12 * PAGE};

	for (uint32_t round = 0; !atomic_load(&c->over); round++) {
		const uint32_t gpu = round % GPUS;
		struct memory_info info;
		void *local, *p, *small;
		int mapped;

		if (!is_fine(get(c->w, MEMORY_LOCAL, round % 2 ? 64 * KIB : MIB, 0, &local)))
			return u64_to_ptr(__LINE__);
		if (get(c->w, MEMORY_SYSTEM, BLOCK, 0, &p) || get(c->w, MEMORY_SYSTEM, 100, 0, &small))
			return u64_to_ptr(__LINE__);
		if (memory_register(memory, &registration))
			return u64_to_ptr(__LINE__);
		if (!is_fine(memory_map(memory, p, BLOCK, &gpu, round % 2, NULL)) ||
		    !is_fine(memory_map(memory, small, 100, &gpu, round % 2, NULL)))
			return u64_to_ptr(__LINE__);
		mapped = memory_map(memory, start, 12 * PAGE, &gpu, round % 3 ? 1 : 0, NULL);
		if (!is_fine(mapped))
			return u64_to_ptr(__LINE__);
		if (local && !is_fine(memory_map(memory, local, 64, NULL, 0, NULL)))
			return u64_to_ptr(__LINE__);
		if (memory_lookup(memory, p, &info) || info.lost || memory_lookup(memory, start, &info))
			return u64_to_ptr(__LINE__);
		if (round % 4 == 0 && !is_fine(memory_unmap(memory, p)))
			return u64_to_ptr(__LINE__);
		/* of what is not mapped there the one around it would be unmapped, which is to stay */
		if (round % 4 == 0 && !mapped && !is_fine(memory_unmap(memory, start)))
			return u64_to_ptr(__LINE__);
		if (local && memory_free(memory, local))
			return u64_to_ptr(__LINE__);
		if (memory_free(memory, p) || memory_free(memory, small) || memory_deregister(memory, start))
			return u64_to_ptr(__LINE__);
	}
	return NULL;
}

/* GPUs are lost and renewed beside threads that do all there is; what stays all the time is there after each of them. */
static void threads_do_not_notice_renewals(void **state)
{
	struct world *w = *state;
	struct crowd c = {.w = w, .pages = some_pages(64 * PAGE)};
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *small = alloc(w, MEMORY_SYSTEM, 100, 0), *result;
	pthread_t threads[WORKERS];

	fake_user_pages(true);
	add(w, c.pages, 32 * PAGE);
	map_on(w, p, BLOCK, 0, 0);
	map_on(w, small, 100, 0, 0);
	map_on(w, c.pages, 32 * PAGE, 0, 0);
	fake_take_time(1000);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_memory, &c), 0);
	for (unsigned i = 0; i < GPUS * GSP_RENEWALS; i++) {
		const struct timespec time = {.tv_nsec = 10000000};
		unsigned gpu = i % GPUS;
		int ret;

		nanosleep(&time, NULL);
		reset(w, gpu);
		/* the others free what they have of the lost one, and perhaps renew it */
		while ((ret = gsp_gpu_renew(w->gpus[gpu])) == -ENODEV)
			sched_yield();
		assert_int_equal(ret, 0);
		assert_int_equal(epoch(w, gpu), i / GPUS + 2);
		check_place(w, p, 7);
		assert_true(is_mapped(gpu, small));
		assert_pages(gpu, c.pages, 32 * PAGE);
	}
	atomic_store(&c.over, true);
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], &result);
		assert_int_equal(ptr_to_u64(result), 0);
	}
	fake_take_time(0);
	for (unsigned gpu = 0; gpu < GPUS; gpu++) {
		const struct gsp_device *device = gsp_gpu_device(w->gpus[gpu]);

		assert_int_equal(gsp_device_contents(device), 0);
		assert_pages(gpu, p, BLOCK);
		assert_pages(gpu, c.pages, 32 * PAGE);
	}
	assert_int_equal(memory_deregister(w->memory, c.pages), 0);
	munmap(c.pages, 64 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(contents_hold_a_renewal_up_until_they_are_freed),
		TEST(the_library_s_own_memory_holds_nothing_up),
		TEST(memory_of_the_host_is_where_it_was),
		TEST(what_every_gpu_is_to_have_comes_with_its_renewal),
		TEST(a_slab_goes_on_to_other_gpus_while_one_is_lost),
		TEST(who_maps_has_the_gpu_renewed),
		TEST(page_table_work_is_over_with_the_renewal),
		TEST(memory_that_is_lost_as_it_is_made_is_not_had),
		TEST(a_renewal_waits_for_who_is_at_it),
		TEST(parts_of_scratch_go_with_their_device),
		TEST(registered_memory_is_where_it_was),
		TEST(registered_memory_elsewhere_is_where_it_was),
		TEST(an_adapter_that_comes_back_gets_the_addresses_too),
		TEST(where_no_address_can_be_had_nothing_is),
		TEST(lost_addresses_are_used_again),
		TEST(what_was_kept_is_not_had_again),
		TEST(any_call_of_a_renewal_may_fail),
		TEST(everything_ends_in_every_state),
		TEST(threads_do_not_notice_renewals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
