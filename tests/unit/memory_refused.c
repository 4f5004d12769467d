// SPDX-License-Identifier: MIT
/* What the host, the GPUs or the system refuse: what is told, what is left, and that the next attempt works. */
#include "memory_world.h"

#include <sys/mman.h>

static bool no_host_memory;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
	return no_host_memory ? NULL : __real_malloc(size);
}

/* The list of GPUs could not be told of: nothing was changed then. */
static void a_map_without_host_memory_changes_nothing(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);

	map_on(w, p, BLOCK, 1, 0);
	no_host_memory = true;
	map_on(w, p, BLOCK, 6, -ENOMEM);
	no_host_memory = false;
	check_place(w, p, 1);
	map_on(w, p, BLOCK, 1, 0);
	check_place(w, p, 1);
	map_on(w, p, BLOCK, 6, 0);
	check_place(w, p, 6);
	assert_int_equal(memory_unmap(w->memory, p), 0);
	check_place(w, p, 0);
}

/* Two chunks: the host lets go of one of them. */
static void what_could_not_be_unmapped_is_unmapped_the_next_time(void **state)
{
	struct world *w = *state;
	char *p = alloc(w, MEMORY_LOCAL, 3 * GIB, 0);

	for (unsigned n = 2; n <= 3; n++) {
		map_on(w, p, 3 * GIB, 1, 0);
		fake_fail_call(n, -EIO);
		assert_int_equal(memory_unmap(w->memory, p), -EIO);
		assert_true(is_mapped(0, p));
		assert_int_equal(memory_unmap(w->memory, p), 0);
		check_place(w, p, 0);
		assert_false(is_mapped(0, p + 2 * GIB));
	}
	/* the same in passing from one GPU to another */
	p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	map_on(w, p, BLOCK, 1, 0);
	fake_fail_call(5, -EIO); /* create, make resident, map, evict, unmap */
	map_on(w, p, BLOCK, 2, -EIO);
	assert_true(fake_failed());
	map_on(w, p, BLOCK, 2, 0);
	check_place(w, p, 2);
}

static void a_small_block_is_mapped_where_it_is_registered(void **state)
{
	const uint32_t second = 1;
	struct memory_registration registration = {.size = 4 * KIB, .gpus = &second, .count = 1};
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, 4 * KIB, 0), *q = alloc(w, MEMORY_SYSTEM, BLOCK, 0);

	registration.address = p;
	assert_int_equal(memory_register(w->memory, &registration), 0);
	registration.address = q;
	registration.size = BLOCK;
	assert_int_equal(memory_register(w->memory, &registration), 0);
	map_on(w, q, BLOCK, 1, -EPERM);
	map_on(w, p, 4 * KIB, 1, -EPERM);
	map_on(w, q, BLOCK, 0, 0);
	map_on(w, p, 4 * KIB, 0, 0);
	assert_int_equal(told(w, q), 2);
	assert_int_equal(told(w, p), 2);
	assert_int_equal(memory_deregister(w->memory, p), 0);
	map_on(w, p, 4 * KIB, 1, 0);
	assert_int_equal(told(w, p), 1);
}

static void visible_vram_is_had_where_both_can_have_it_or_not_at_all(void **state)
{
	struct world *w = *state;
	unsigned calls = fake_calls();
	void *p;

	/* the driver's limit */
	assert_int_equal(get(w, MEMORY_LOCAL, 4 * GIB - 4 * KIB, MEMORY_CPU_VISIBLE, &p), -ENOSPC);
	assert_int_equal(fake_calls(), calls);
	for (unsigned bad = 1; bad < 8; bad++) {
		fake_misalign_locks(bad);
		p = alloc(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE);
		assert_true(IS_ALIGNED(ptr_to_u64(p), 64 * KIB));
		assert_true(is_mapped(0, p));
	}
	fake_misalign_locks(100);
	assert_int_equal(get(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE, &p), -ENOSPC);
	fake_misalign_locks(0);
	fake_refuse_locks(-EIO);
	assert_int_equal(get(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE, &p), -ENOSPC);
	fake_refuse_locks(0);
	fake_local_limit(7 * MIB); /* what there is already */
	assert_int_equal(get(w, MEMORY_LOCAL, MIB, MEMORY_CPU_VISIBLE, &p), -ENOSPC);
	assert_int_equal(memory_last_step(), MEMORY_STEP_RESIDENT);
}

/* The kernel may choose what the GPU cannot address. */
static void visible_vram_is_never_beyond_the_gpu_s_addresses(void **state)
{
	struct kmd_adapter info = {.discrete = true,
				   .vram_visible = GIB,
				   .valid = 1ULL << KMD_FIELD_VA_RANGE,
				   .va_base = 64 * KIB};
	struct memory_request request = {.kind = MEMORY_LOCAL, .size = MIB, .flags = MEMORY_CPU_VISIBLE};
	struct memory_gpu_config config = {.info = &info, .gfx_major = 10, .node = 1};
	struct memory *memory;
	void *hole = mmap(NULL, 8 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;
	int ret;

	(void)state;
	assert_ptr_not_equal(hole, MAP_FAILED);
	info.va_limit = ALIGN_UP(ptr_to_u64(hole), 64 * KIB) + 3 * MIB;
	munmap(hole, 8 * MIB);
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(3), &info, &config.gsp), 0);
	assert_int_equal(memory_create(&config, 1, &memory), 0);
	/* what comes instead of that one is the kernel's choice again */
	fake_lock_at(info.va_limit);
	ret = memory_alloc(memory, &request, &p);
	assert_true(ret ? ret == -ENOSPC : ptr_to_u64(p) + MIB <= info.va_limit && !memory_free(memory, p));
	/* below it is fine, up to the last byte */
	fake_lock_at(info.va_limit - MIB);
	assert_int_equal(memory_alloc(memory, &request, &p), 0);
	assert_int_equal(ptr_to_u64(p), info.va_limit - MIB);
	assert_int_equal(memory_free(memory, p), 0);
	fake_lock_at(info.va_limit - MIB - 64 * KIB);
	request.size = 2 * MIB;
	ret = memory_alloc(memory, &request, &p);
	assert_true(ret ? ret == -ENOSPC : ptr_to_u64(p) + 2 * MIB <= info.va_limit);
	memory_destroy(memory);
	gsp_gpu_destroy(config.gsp);
}

/* What is refused for want of memory is had after all when something is kept for later. */
static void what_is_kept_is_given_up_for_any_refusal(void **state)
{
	struct world *w = *state;
	void *p = alloc(w, MEMORY_SYSTEM, BLOCK, 0), *block;

	/* to allocate, and to have it resident */
	for (unsigned n = 1; n <= 2; n++) {
		block = alloc(w, MEMORY_SYSTEM, 4 * KIB, 0);
		map_on(w, block, 4 * KIB, 1, 0);
		assert_int_equal(memory_free(w->memory, block), 0);
		fake_fail_call(n, -ENOMEM);
		map_on(w, p, BLOCK, 1U << n, 0);
		assert_true(fake_failed());
		check_place(w, p, 1U << n);
	}
}

/* With nothing to give up: VRAM is exhausted, host memory is another matter.  More than there is of either is not asked for. */
static void refusals_tell_what_is_exhausted(void **state)
{
	struct world *w = *state;
	unsigned calls;
	void *p;

	alloc(w, MEMORY_LOCAL, MIB, 0);
	fake_fail_call(1, -ENOMEM);
	assert_int_equal(get(w, MEMORY_LOCAL, MIB, 0, &p), -ENOSPC);
	assert_int_equal(memory_last_step(), MEMORY_STEP_ALLOCATION);
	p = alloc(w, MEMORY_SYSTEM, BLOCK, 0);
	fake_fail_call(1, -ENOMEM);
	map_on(w, p, BLOCK, 1, -ENOMEM);
	calls = fake_calls();
	assert_int_equal(get(w, MEMORY_SYSTEM, 1ULL << 44, 0, &p), -ENOMEM);
	assert_int_equal(get(w, MEMORY_LOCAL, 16 * GIB, 0, &p), -ENOSPC);
	assert_int_equal(fake_calls(), calls);
}

static void a_gpu_s_rights_are_what_was_asked_for(void **state)
{
	struct world *w = *state;
	const void *page;
	bool writable;

	for (uint32_t i = 0; i < 2; i++) {
		void *p = alloc(w, MEMORY_SYSTEM, BLOCK, i ? MEMORY_READ_ONLY : 0);

		map_on(w, p, BLOCK, 1, 0);
		assert_true(fake_page_at(0, ptr_to_u64(p), &page, &writable));
		assert_ptr_equal(page, p);
		assert_int_equal(writable, !i);
	}
}

static int all_of_one(struct world *w, size_t k)
{
	uint64_t size = kinds[k].size;
	void *p;
	int ret = get(w, kinds[k].kind, size, kinds[k].flags, &p), freed;

	if (ret) {
		assert_null(p);
		return ret;
	}
	if (kinds[k].mappable) {
		ret = memory_map(w->memory, p, size, NULL, 0, NULL);
		if (!ret)
			assert_true(is_mapped(0, p) || gsp_device_is_lost(w->devices[0]));
		ret = ret ? ret : memory_unmap(w->memory, p);
		ret = ret ? ret : memory_map(w->memory, p, size, NULL, 0, NULL);
	}
	freed = memory_free(w->memory, p);
	assert_int_equal(freed, 0);
	assert_int_equal(memory_lookup(w->memory, p, &(struct memory_info){0}), -ENOENT);
	return ret;
}

/* With any call failing in any way: the documented status, nothing left behind, and the next attempt works. */
static void any_call_may_fail_for_any_kind(void **state)
{
	static const int errors[] = {-ENODEV, -ENOMEM, -EIO, -EEXIST, -EINVAL, -ETIMEDOUT};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t e = 0; e < ARRAY_SIZE(errors); e++)
			for (unsigned n = 1, came = 1; came; n++) {
				int ret;

				assert_true(n < 200);
				fake_misalign_locks(2);
				fake_hold_fences(n & 1);
				fake_fail_call(n, errors[e]);
				ret = all_of_one(*state, k);
				came = fake_failed();
				if (!came)
					assert_int_equal(ret, 0);
				if (ret && errors[e] == -ENODEV)
					assert_int_equal(ret, -ENODEV);
				else if (ret && errors[e] == -ENOMEM)
					assert_true(ret == -ENOMEM || ret == -ENOSPC);
				if (!came)
					fake_fail_call(0, 0);
				fake_misalign_locks(0);
				if (errors[e] != -ENODEV)
					assert_int_equal(all_of_one(*state, k), 0);
				assert_int_equal(tear_down(state), 0);
				assert_int_equal(build(state), 0);
			}
}

static void sizes_and_places_without_sense_are_refused(void **state)
{
	static const uint64_t sizes[] = {UINT64_MAX, UINT64_MAX - 4095, 1ULL << 63, 1ULL << 47,
					 (1ULL << 44) + 1};
	struct world *w = *state;

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct memory_request request = {
			.kind = kinds[k].kind, .flags = kinds[k].flags, .scheduler_id = KMD_ENGINE_COMPUTE0};
		void *p;

		assert_int_equal(memory_alloc(w->memory, &request, &p), -EINVAL);
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			int ret;

			request.size = sizes[s];
			ret = memory_alloc(w->memory, &request, &p);
			assert_true(ret == -ENOMEM || ret == -ENOSPC);
			assert_null(p);
		}
		request.size = kinds[k].size;
		for (unsigned shift = 40; shift < 64; shift++) {
			int ret;

			request.alignment = 1ULL << shift;
			ret = memory_alloc(w->memory, &request, &p);
			if (!ret) {
				assert_true(IS_ALIGNED(ptr_to_u64(p), request.alignment));
				assert_int_equal(memory_free(w->memory, p), 0);
			} else {
				assert_true(ret == -ENOMEM || ret == -EINVAL);
			}
		}
		request.alignment = 0;
		request.lowest = 0;
		request.highest = UINT64_MAX & ~4095ULL;
		if (!(kinds[k].flags & MEMORY_CPU_VISIBLE) && kinds[k].kind != MEMORY_PHYSICAL) {
			assert_int_equal(memory_alloc(w->memory, &request, &p), 0);
			assert_int_equal(memory_map(w->memory, p, UINT64_MAX, NULL, 0, NULL), -EINVAL);
			assert_int_equal(
				memory_map(w->memory, (char *)p + 4096, kinds[k].size, NULL, 0, NULL),
				kinds[k].size == 4096 ? -ENOENT : -EINVAL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_map_without_host_memory_changes_nothing),
		TEST(what_could_not_be_unmapped_is_unmapped_the_next_time),
		TEST(a_small_block_is_mapped_where_it_is_registered),
		TEST(visible_vram_is_had_where_both_can_have_it_or_not_at_all),
		TEST(visible_vram_is_never_beyond_the_gpu_s_addresses),
		TEST(what_is_kept_is_given_up_for_any_refusal),
		TEST(refusals_tell_what_is_exhausted),
		TEST(a_gpu_s_rights_are_what_was_asked_for),
		TEST(any_call_may_fail_for_any_kind),
		TEST(sizes_and_places_without_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
