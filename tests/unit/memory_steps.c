// SPDX-License-Identifier: MIT
/* Which step of an allocation or a mapping failed, waits with a bound, and ring memory of a queue. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "queue_world.h"
#include "util/compiler.h"

#define SIZE 0x10000U
#define SOON 20000000ULL

static void the_failing_step_is_named(void **state)
{
	/* of the calls that put system memory on a GPU: device, paging queue, address, allocation, ... */
	static const struct {
		unsigned call;
		int error;
		enum memory_step step;
	} cases[] = {
		{3, -ENODEV, MEMORY_STEP_ADDRESS},
		{4, -ENOMEM, MEMORY_STEP_ALLOCATION},
		{5, -EIO, MEMORY_STEP_RESIDENT},
		{6, -EINVAL, MEMORY_STEP_MAP},
	};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		const struct memory_request request = {
			.gpu = MEMORY_HOST, .kind = MEMORY_SYSTEM, .size = SIZE};
		const struct gsp_handles *handles;
		struct queue_world w;
		void *p = NULL;
		int ret;

		queue_world_build(&w, 11, false);
		assert_int_equal(gsp_device_open(w.device, &handles), 0);
		fake_fail_call(cases[c].call - 2, cases[c].error);
		ret = memory_alloc(w.memory, &request, &p);
		if (!ret)
			ret = memory_map(w.memory, p, SIZE, NULL, 0, NULL);
		assert_true(fake_failed());
		assert_int_not_equal(ret, 0);
		assert_int_equal(memory_last_step(), cases[c].step);
		queue_world_end(&w);
	}
}

static void bad_arguments_are_of_no_step(void **state)
{
	struct memory_request request = {.gpu = MEMORY_HOST, .kind = MEMORY_SYSTEM, .size = SIZE};
	struct queue_world w;
	void *p;

	(void)state;
	queue_world_build(&w, 11, false);
	assert_int_equal(memory_alloc(w.memory, &request, &p), 0);
	assert_int_equal(memory_last_step(), MEMORY_STEP_ADDRESS);
	assert_int_equal(memory_map(w.memory, p, 0, NULL, 0, NULL), -EINVAL);
	assert_int_equal(memory_last_step(), MEMORY_STEP_NONE);
	request.size = 0;
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EINVAL);
	assert_int_equal(memory_last_step(), MEMORY_STEP_NONE);
	queue_world_end(&w);
}

static void a_wait_for_paging_has_the_bound_asked_for(void **state)
{
	const struct memory_request request = {.gpu = MEMORY_HOST, .kind = MEMORY_SYSTEM, .size = SIZE};
	struct queue_world w;
	void *p;

	(void)state;
	queue_world_build(&w, 11, false);
	assert_int_equal(memory_alloc(w.memory, &request, &p), 0);
	fake_hold_fences(true);
	fake_ignore_waits(true);
	assert_int_equal(memory_map_within(w.memory, p, SIZE, NULL, 0, SOON, NULL), -ETIMEDOUT);
	assert_int_equal(memory_last_step(), MEMORY_STEP_PAGING);
	assert_false(fake_is_mapped(0, ptr_to_u64(p)));
	fake_hold_fences(false);
	fake_finish();
	assert_int_equal(memory_map_within(w.memory, p, SIZE, NULL, 0, SOON, NULL), 0);
	queue_world_end(&w);
}

static void ring_memory_has_an_address_and_one_allocation(void **state)
{
	const struct memory_request request = {
		.kind = MEMORY_USER_QUEUE, .size = SIZE, .scheduler_id = KMD_ENGINE_COMPUTE0};
	struct memory_info info;
	struct queue_world w;
	d3dkmt_handle handle;
	void *p;

	(void)state;
	queue_world_build(&w, 10, false);
	assert_int_equal(memory_alloc(w.memory, &request, &p), 0);
	assert_true(IS_ALIGNED(ptr_to_u64(p), 0x10000ULL));
	/* not before it is mapped */
	assert_int_equal(memory_allocation(w.memory, p, 0, &handle), -EINVAL);
	assert_int_equal(memory_map(w.memory, p, SIZE, NULL, 0, NULL), 0);
	assert_true(fake_is_mapped(0, ptr_to_u64(p) + SIZE - 1));
	assert_int_equal(memory_allocation(w.memory, p, 0, &handle), 0);
	assert_int_not_equal(handle, 0);
	assert_int_equal(memory_allocation(w.memory, p, 1, &handle), -EINVAL);
	assert_int_equal(memory_allocation(w.memory, &w, 0, &handle), -ENOENT);
	assert_int_equal(memory_lookup(w.memory, p, &info), 0);
	assert_int_equal(info.kind, MEMORY_USER_QUEUE);
	assert_int_equal(memory_free(w.memory, p), 0);
	queue_world_end(&w);
}

static void ring_memory_is_for_an_engine_of_a_gpu(void **state)
{
	struct memory_request request = {
		.kind = MEMORY_USER_QUEUE, .size = SIZE, .scheduler_id = KMD_ENGINE_GRAPHICS};
	struct queue_world w;
	void *p;

	(void)state;
	queue_world_build(&w, 10, false);
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EINVAL);
	request.scheduler_id = KMD_ENGINE_COMPUTE0;
	request.gpu = 1;
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EINVAL);
	request.gpu = MEMORY_HOST;
	assert_int_equal(memory_alloc(w.memory, &request, &p), -EINVAL);
	queue_world_end(&w);
}

/* A driver that has no use for ring memory of ours has said nothing about how it wants the rest. */
static void refused_ring_memory_leaves_the_form_open(void **state)
{
	const struct memory_request ring = {
		.kind = MEMORY_USER_QUEUE, .size = SIZE, .scheduler_id = KMD_ENGINE_COMPUTE0};
	const struct memory_request local = {.kind = MEMORY_LOCAL, .size = SIZE / 2};
	struct queue_world w;
	void *p;

	(void)state;
	queue_world_build(&w, 10, false);
	fake_refuse_form_below(9);
	fake_refuse_larger(SIZE / 2);
	assert_int_equal(memory_alloc(w.memory, &ring, &p), -EIO);
	fake_refuse_larger(0);
	assert_int_equal(memory_alloc(w.memory, &local, &p), 0);
	queue_world_end(&w);
}

static void the_generation_is_the_configured_one(void **state)
{
	struct queue_world w;

	(void)state;
	queue_world_build(&w, 10, false);
	assert_int_equal(memory_gfx_major(w.memory, 0), 10);
	assert_int_equal(memory_gfx_major(w.memory, 1), 0);
	assert_int_equal(memory_gfx_major(w.memory, MEMORY_HOST), 0);
	queue_world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_failing_step_is_named),
		cmocka_unit_test(bad_arguments_are_of_no_step),
		cmocka_unit_test(a_wait_for_paging_has_the_bound_asked_for),
		cmocka_unit_test(ring_memory_has_an_address_and_one_allocation),
		cmocka_unit_test(ring_memory_is_for_an_engine_of_a_gpu),
		cmocka_unit_test(refused_ring_memory_leaves_the_form_open),
		cmocka_unit_test(the_generation_is_the_configured_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
