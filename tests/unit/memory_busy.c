// SPDX-License-Identifier: MIT
/* Memory beside running work: what is asked of the host, when, and what is left. */
#include "memory_world.h"

#include <pthread.h>
#include <time.h>

/* The part that was unmapped leaves its place to the new one, not with the new one's mapping. */
static void a_part_of_scratch_comes_back_while_work_runs(void **state)
{
	struct world *w = *state;
	char *p = alloc(w, MEMORY_SCRATCH, 64 * MIB, 0);

	assert_int_equal(memory_map(w->memory, p, 2 * MIB, NULL, 0, NULL), 0);
	assert_int_equal(memory_map(w->memory, p + 2 * MIB, 2 * MIB, NULL, 0, NULL), 0);
	run(w, 0);
	assert_int_equal(memory_unmap(w->memory, p), 0);
	assert_int_equal(memory_unmap(w->memory, p + 2 * MIB), 0);
	/* across both */
	assert_int_equal(memory_map(w->memory, p + MIB, 2 * MIB, NULL, 0, NULL), 0);
	assert_int_equal(fake_calls_of("destroy_allocations"), 0);
	finish(w, 0);
	alloc(w, MEMORY_ADDRESS, MIB, 0);
	assert_int_equal(fake_calls_of("destroy_allocations"), 2);
	assert_false(is_mapped(0, p));
	assert_true(is_mapped(0, p + MIB));
	assert_true(is_mapped(0, p + 3 * MIB - 1));
	assert_int_equal(told(w, p), 1);
	assert_int_equal(memory_free(w->memory, p), 0);
}

/* ... and if the host does not let go of it, the place is not covered up. */
static void a_part_of_scratch_that_stays_keeps_its_place(void **state)
{
	struct world *w = *state;
	char *p = alloc(w, MEMORY_SCRATCH, 64 * MIB, 0);

	assert_int_equal(memory_map(w->memory, p, 2 * MIB, NULL, 0, NULL), 0);
	run(w, 0);
	assert_int_equal(memory_unmap(w->memory, p), 0);
	fake_fail_call(2, -EIO); /* the first evicts */
	assert_int_equal(memory_map(w->memory, p, 2 * MIB, NULL, 0, NULL), -EIO);
	assert_true(is_mapped(0, p));
	assert_int_equal(memory_map(w->memory, p, 2 * MIB, NULL, 0, NULL), 0);
	finish(w, 0);
	assert_int_equal(memory_free(w->memory, p), 0);
}

/* ... not for ever: it is destroyed as it is. */
static void a_part_of_scratch_that_stays_for_ever_is_given_up(void **state)
{
	struct world *w = *state;
	char *p = alloc(w, MEMORY_SCRATCH, 64 * MIB, 0);

	assert_int_equal(memory_map(w->memory, p, 2 * MIB, NULL, 0, NULL), 0);
	run(w, 0);
	assert_int_equal(memory_unmap(w->memory, p), 0);
	finish(w, 0);
	for (unsigned try = 0; try < 3; try++) {
		assert_int_equal(fake_calls_of("destroy_allocations"), 0);
		fake_fail_call(try ? 1 : 2, -EIO);
		alloc(w, MEMORY_ADDRESS, MIB, 0);
		assert_true(fake_failed());
	}
	assert_int_equal(fake_calls_of("destroy_allocations"), 1);
	w->misuse = 1; /* destroyed while mapped */
	assert_int_equal(memory_map(w->memory, p, 2 * MIB, NULL, 0, NULL), 0);
	assert_int_equal(memory_free(w->memory, p), 0);
	assert_ptr_not_equal(alloc(w, MEMORY_SCRATCH, 64 * MIB, 0), p);
}

static void who_asks_for_the_wait_gets_it_for_what_is_mapped_already(void **state)
{
	const uint32_t gpu = 0;
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);

	fake_hold_fences(true);
	fake_ignore_waits(true);
	assert_int_equal(memory_map(w->memory, p, BLOCK, &gpu, 1, NULL), 0); /* left to the next submission */
	assert_int_equal(memory_map_within(w->memory, p, BLOCK, &gpu, 1, 1000000, NULL), -ETIMEDOUT);
	fake_finish();
	assert_int_equal(memory_map_within(w->memory, p, BLOCK, &gpu, 1, 1000000, NULL), 0);
	fake_hold_fences(false);
	check_place(w, p, 1);
}

static bool comes_again(struct world *w, size_t kind, const void *freed)
{
	bool again = false;

	for (unsigned i = 0; i < 3; i++)
		again |= alloc(w, kinds[kind].kind, kinds[kind].size, kinds[kind].flags) == freed;
	return again;
}

/* Whatever it is: no call to the host, nothing taken off, no address given to somebody else before the work is over. */
static void freeing_beside_running_work_asks_nothing(void **state)
{
	struct world *w = *state;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		void *p = alloc(w, kinds[k].kind, kinds[k].size, kinds[k].flags);
		unsigned before, destroyed = fake_calls_of("destroy_allocations");

		if (kinds[k].mappable)
			map_on(w, p, kinds[k].size, kinds[k].kind == MEMORY_SYSTEM ? 7 : 1, 0);
		for (unsigned i = 0; i < GPUS; i++)
			run(w, i);
		before = fake_calls();
		assert_int_equal(memory_free(w->memory, p), 0);
		assert_int_equal(fake_calls(), before);
		assert_int_equal(memory_free(w->memory, p), -ENOENT);
		if (kinds[k].mappable)
			assert_true(is_mapped(0, p));
		if (kinds[k].kind != MEMORY_ADDRESS)
			assert_false(comes_again(w, k, p));
		assert_int_equal(fake_calls_of("destroy_allocations"), destroyed);
		for (unsigned i = 0; i < GPUS; i++)
			finish(w, i);
		alloc(w, MEMORY_ADDRESS, MIB, 0);
	}
}

/* One GPU is through, the other is not: the pages are still its. */
static void the_slowest_gpu_decides_about_the_address(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);

	map_on(w, p, BLOCK, 3, 0);
	run(w, 0);
	run(w, 1);
	assert_int_equal(memory_free(w->memory, p), 0);
	finish(w, 0);
	assert_ptr_not_equal(alloc(w, MEMORY_SYSTEM, BLOCK, 0), p);
	assert_false(is_mapped(0, p));
	assert_true(is_mapped(1, p));
	finish(w, 1);
	assert_ptr_equal(alloc(w, MEMORY_SYSTEM, BLOCK, 0), p);
}

/* The same for a block of a slab that two GPUs have, whichever is the slow one. */
static void a_small_block_waits_for_every_gpu_it_may_be_used_on(void **state)
{
	struct world *w = *state;

	for (unsigned slow = 0; slow < 2; slow++) {
		void *p = alloc(w, MEMORY_SYSTEM, 4 * KIB, 0);

		map_on(w, p, 4 * KIB, 3, 0);
		run(w, slow);
		assert_int_equal(memory_free(w->memory, p), 0);
		for (unsigned i = 0; i < 1000; i++)
			assert_ptr_not_equal(alloc(w, MEMORY_SYSTEM, 4 * KIB, 0), p);
		finish(w, slow);
	}
}

/* The pages go back to the system when the GPUs are through, not when the address is used again. */
static void freed_pages_are_gone_when_the_work_is_over(void **state)
{
	struct world *w = *state;
	volatile char *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);

	map_on(w, (void *)(uintptr_t)p, BLOCK, 1, 0);
	*p = 1;
	run(w, 0);
	assert_int_equal(memory_free(w->memory, (void *)(uintptr_t)p), 0);
	assert_int_equal(*p, 1); /* what runs may read it */
	finish(w, 0);
	alloc(w, MEMORY_ADDRESS, MIB, 0);
	assert_int_equal(*p, 0);
}

/* VRAM that the CPU sees is there for the GPU from the beginning. */
static void visible_vram_is_not_put_off_past_what_runs(void **state)
{
	struct world *w = *state;
	unsigned armed = fake_calls_of("wait_fences");
	uint64_t due = gsp_paging_due(w->devices[0]);

	fake_hold_fences(true);
	alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE);
	assert_int_equal(fake_calls_of("wait_fences"), armed);
	assert_true(gsp_paging_due(w->devices[0]) > due);
	run(w, 0);
	alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE);
	assert_int_equal(fake_calls_of("wait_fences"), armed + 1);
	fake_hold_fences(false);
	fake_finish();
}

/* It keeps its place on the GPU, and what it holds. */
static void visible_vram_stays_where_the_cpu_sees_it(void **state)
{
	struct world *w = *state;
	char *p = alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE);

	assert_int_equal(told(w, p), 0);
	p[5] = 5;
	for (unsigned i = 0; i < 2; i++) {
		map_on(w, p, MIB, 1, 0);
		assert_int_equal(told(w, p), 1);
		assert_int_equal(memory_unmap(w->memory, p), 0);
		assert_int_equal(told(w, p), 0);
		assert_true(is_mapped(0, p));
	}
	assert_int_equal(p[5], 5);
	assert_int_equal(fake_calls_of("lock"), 1);
	run(w, 0);
	assert_int_equal(memory_free(w->memory, p), 0);
	assert_int_equal(fake_calls_of("unlock"), 0);
	finish(w, 0);
	alloc(w, MEMORY_ADDRESS, MIB, 0);
	assert_int_equal(fake_calls_of("unlock"), 1);
}

/* Residency, too, has to be over before an allocation goes. */
static void nothing_is_destroyed_before_its_paging_is_over(void **state)
{
	struct world *w = *state;
	void *p;

	fake_hold_fences(true);
	p = alloc(w, MEMORY_PHYSICAL, MIB, 0);
	assert_int_equal(memory_free(w->memory, p), 0);
	assert_int_equal(fake_calls_of("destroy_allocations"), 0);
	fake_finish();
	fake_hold_fences(false);
	alloc(w, MEMORY_ADDRESS, MIB, 0);
	assert_int_equal(fake_calls_of("destroy_allocations"), 1);
}

/* A process over its budget keeps nothing beyond what it uses next. */
static void the_budget_steers_what_is_offered(void **state)
{
	static void *blocks[480];
	struct world *w = *state;

	for (unsigned round = 0; round < 2; round++) {
		unsigned offers = fake_calls_of("offer");

		fake_budget(round ? GIB : MIB);
		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
			blocks[i] = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
		for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
			assert_int_equal(memory_free(w->memory, blocks[i]), 0);
		assert_in_range(fake_calls_of("offer") - offers, round, round ? 2 : 0);
	}
}

static void an_address_that_is_about_to_return_is_waited_for(void **state)
{
	struct memory_request request = {
		.kind = MEMORY_SYSTEM, .gpu = MEMORY_HOST, .size = BLOCK, .flags = MEMORY_FIXED_ADDRESS};
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *q;

	map_on(w, p, BLOCK, 1, 0);
	fake_hold_fences(true);
	assert_int_equal(memory_free(w->memory, p), 0);
	request.fixed = p;
	assert_int_equal(memory_alloc(w->memory, &request, &q), 0);
	assert_ptr_equal(q, p);
	fake_hold_fences(false);
}

/* More than the slab that is kept, and the one that is offered. */
static void vram_that_was_never_mapped_is_freed_as_quietly(void **state)
{
	static void *blocks[320];
	struct world *w = *state;
	unsigned before;

	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
		blocks[i] = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
	run(w, 0);
	before = fake_calls();
	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
		assert_int_equal(memory_free(w->memory, blocks[i]), 0);
	assert_int_equal(fake_calls(), before);
	finish(w, 0);
}

/* Every way onto a GPU; each is left to the next submission while the GPU is idle, and has come to its end while it is not. */
static void nothing_is_put_off_past_what_runs(void **state)
{
	struct world *w = *state;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		unsigned armed;
		uint64_t due;
		void *p;

		if (!kinds[k].mappable)
			continue;
		fake_hold_fences(true);
		armed = fake_calls_of("wait_fences");
		due = gsp_paging_due(w->devices[0]);
		p = alloc(w, kinds[k].kind, kinds[k].size, kinds[k].flags);
		map_on(w, p, kinds[k].size, 1, 0);
		assert_int_equal(fake_calls_of("wait_fences"), armed);
		assert_true(gsp_paging_due(w->devices[0]) > due);
		/* all of it: every one of these has a fence value */
		assert_int_equal(gsp_paging_due(w->devices[0]), fake_calls_of("make_resident") +
									fake_calls_of("map_gpu_va") +
									fake_calls_of("unmap_gpu_va"));
		fake_finish();
		run(w, 0);
		/* another slab */
		p = alloc(w, kinds[k].kind, kinds[k].size, kinds[k].flags | MEMORY_EXECUTABLE);
		map_on(w, p, kinds[k].size, 1, 0);
		assert_int_equal(fake_calls_of("wait_fences"), armed + 1);
		fake_hold_fences(false);
		fake_finish();
		finish(w, 0);
	}
}

/* What comes back from an offer is used without another map. */
static void a_slab_that_comes_back_is_there_for_what_runs(void **state)
{
	static void *blocks[480];
	struct world *w = *state;
	unsigned armed, reclaimed;

	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++) {
		blocks[i] = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
		map_on(w, blocks[i], 64 * KIB, 1, 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(blocks); i++)
		assert_int_equal(memory_free(w->memory, blocks[i]), 0);
	assert_in_range(fake_calls_of("offer"), 1, 2);
	fake_hold_fences(true);
	run(w, 0);
	armed = fake_calls_of("wait_fences");
	for (unsigned i = 0; i < 260 && !(reclaimed = fake_calls_of("reclaim")); i++) {
		blocks[i] = alloc(w, MEMORY_LOCAL, 64 * KIB, 0);
		map_on(w, blocks[i], 64 * KIB, 1, 0);
	}
	assert_int_equal(reclaimed, 1);
	assert_int_equal(fake_calls_of("wait_fences"), armed + 1);
	fake_hold_fences(false);
	fake_finish();
}

#define WORKERS 4

struct crowd {
	struct world *w;
	_Atomic bool over;
	_Atomic bool lost; /* a GPU may be: what needs it may be refused */
	void *_Atomic scratch;
};

/* Keeps the GPUs busy most of the time, each with one submission after the other. */
static void *submit(void *arg)
{
	const struct timespec time = {.tv_nsec = 200000};
	struct crowd *c = arg;

	while (!c->over)
		for (unsigned i = 0; i < GPUS && !c->over; i++) {
			run(c->w, i);
			nanosleep(&time, NULL);
			if (i != 1)
				finish(c->w, i);
			if (c->w->announced[1] % 8 == 0)
				finish(c->w, 1);
		}
	return NULL;
}

static bool is_fine(const struct crowd *c, int ret)
{
	return !ret || (c->lost && ret == -ENODEV);
}

/* NULL if all went well; else the number of the line. */
static void *use_memory(void *arg)
{
	struct crowd *c = arg;
	struct world *w = c->w;

	for (unsigned round = 0; round < 60; round++) {
		void *p[ARRAY_SIZE(kinds)];
		int ret;

		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
			ret = get(w, kinds[k].kind, MIN(kinds[k].size, 4 * MIB), kinds[k].flags, &p[k]);
			if (!is_fine(c, ret))
				return u64_to_ptr(__LINE__);
			if (!p[k] || !kinds[k].mappable)
				continue;
			ret = memory_map(w->memory, p[k], 1, NULL, 0, NULL);
			if (!is_fine(c, ret))
				return u64_to_ptr(__LINE__);
			if (kinds[k].kind != MEMORY_SYSTEM)
				continue;
			if (*(char *)p[k])
				return u64_to_ptr(__LINE__);
			*(char *)p[k] = 1;
		}
		/* one range for all of them: parts come and go */
		for (unsigned i = 0; i < 4; i++) {
			char *part = (char *)c->scratch + (round + i) % 5 * MIB;

			ret = memory_map(w->memory, part, MIB, NULL, 0, NULL);
			if (!is_fine(c, ret))
				return u64_to_ptr(__LINE__);
			ret = memory_unmap(w->memory, part);
			if (!is_fine(c, ret))
				return u64_to_ptr(__LINE__);
		}
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			if (p[k] && memory_free(w->memory, p[k]))
				return u64_to_ptr(__LINE__);
	}
	return NULL;
}

static void crowd(struct world *w, bool lose)
{
	struct crowd c = {.w = w, .lost = lose, .scratch = alloc(w, MEMORY_SCRATCH, 8 * MIB, 0)};
	pthread_t threads[WORKERS], gpu;
	void *result;

	fake_take_time(1000);
	assert_int_equal(pthread_create(&gpu, NULL, submit, &c), 0);
	for (unsigned i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_memory, &c), 0);
	if (lose) {
		const struct timespec time = {.tv_nsec = 20000000};

		nanosleep(&time, NULL);
		fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
		nanosleep(&time, NULL);
		fake_lose(1, D3DKMT_DEVICEEXECUTION_STOPPED);
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		pthread_join(threads[i], &result);
		assert_int_equal(ptr_to_u64(result), 0);
	}
	c.over = true;
	pthread_join(gpu, NULL);
	fake_take_time(0);
}

static void threads_and_running_work_do_not_disturb_each_other(void **state)
{
	crowd(*state, false);
}

static void gpus_may_be_lost_in_the_middle_of_it(void **state)
{
	crowd(*state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_part_of_scratch_comes_back_while_work_runs),
		TEST(a_part_of_scratch_that_stays_keeps_its_place),
		TEST(a_part_of_scratch_that_stays_for_ever_is_given_up),
		TEST(who_asks_for_the_wait_gets_it_for_what_is_mapped_already),
		TEST(freeing_beside_running_work_asks_nothing),
		TEST(the_slowest_gpu_decides_about_the_address),
		TEST(a_small_block_waits_for_every_gpu_it_may_be_used_on),
		TEST(freed_pages_are_gone_when_the_work_is_over),
		TEST(visible_vram_is_not_put_off_past_what_runs),
		TEST(visible_vram_stays_where_the_cpu_sees_it),
		TEST(nothing_is_destroyed_before_its_paging_is_over),
		TEST(the_budget_steers_what_is_offered),
		TEST(an_address_that_is_about_to_return_is_waited_for),
		TEST(vram_that_was_never_mapped_is_freed_as_quietly),
		TEST(nothing_is_put_off_past_what_runs),
		TEST(a_slab_that_comes_back_is_there_for_what_runs),
		TEST(threads_and_running_work_do_not_disturb_each_other),
		TEST(gpus_may_be_lost_in_the_middle_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
