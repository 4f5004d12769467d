// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/fence.h"
#include "util/compiler.h"
#include "util/log.h"

static int setup(void **state)
{
	(void)state;
	fake_reset();
	log_set_level(LOG_NONE);
	return 0;
}

static void the_host_is_right_and_a_loss_is_final(void **state)
{
	struct gsp_epoch epoch;
	uint64_t first, second;

	(void)state;
	gsp_epoch_init(&epoch);
	first = gsp_epoch_begin(&epoch);
	assert_int_equal(first, 1);
	assert_false(gsp_epoch_resolve(&epoch, first, GSP_ACTIVE));
	assert_false(gsp_epoch_resolve(&epoch, first, GSP_POWERED_DOWN));
	assert_int_equal(gsp_epoch_read(&epoch).state, GSP_POWERED_DOWN);
	assert_false(gsp_epoch_resolve(&epoch, first, GSP_ACTIVE));
	assert_int_equal(gsp_epoch_read(&epoch).state, GSP_ACTIVE);
	assert_true(gsp_epoch_resolve(&epoch, first, GSP_HUNG));
	/* an answer from before the loss, and more of the same */
	assert_false(gsp_epoch_resolve(&epoch, first, GSP_ACTIVE));
	assert_int_equal(gsp_epoch_read(&epoch).state, GSP_HUNG);
	assert_false(gsp_epoch_resolve(&epoch, first, GSP_REMOVED));
	assert_int_equal(gsp_epoch_read(&epoch).state, GSP_REMOVED);
	second = gsp_epoch_begin(&epoch);
	assert_false(gsp_epoch_resolve(&epoch, first, GSP_REMOVED));
	assert_int_equal(gsp_epoch_read(&epoch).number, second);
	assert_int_equal(gsp_epoch_read(&epoch).state, GSP_ACTIVE);
}

static void a_fence_is_done_pending_or_lost(void **state)
{
	uint64_t value = 5;

	(void)state;
	assert_int_equal(gsp_fence_read(&value, 5), GSP_FENCE_DONE);
	assert_int_equal(gsp_fence_read(&value, 4), GSP_FENCE_DONE);
	assert_int_equal(gsp_fence_read(&value, 6), GSP_FENCE_PENDING);
	value = UINT64_MAX - 1;
	assert_int_equal(gsp_fence_read(&value, 6), GSP_FENCE_DONE);
	value = UINT64_MAX;
	assert_int_equal(gsp_fence_read(&value, 6), GSP_FENCE_LOST);
	assert_int_equal(gsp_fence_read(&value, 0), GSP_FENCE_LOST);
}

static struct gsp_device *make_device(unsigned adapter)
{
	struct kmd_adapter info = {.discrete = true};
	struct gsp_device *device;

	assert_int_equal(gsp_device_create(NULL, FAKE_ADAPTER(adapter), &info, &device), 0);
	return device;
}

static void *opener(void *arg)
{
	const struct gsp_handles *handles;

	return gsp_device_open(arg, &handles) ? NULL : (void *)(uintptr_t)handles;
}

static void a_device_is_made_once_and_on_need(void **state)
{
	struct gsp_device *device = make_device(0);
	pthread_t threads[8];
	void *results[8];

	(void)state;
	assert_int_equal(fake_calls(), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, opener, device), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], &results[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++)
		assert_ptr_equal(results[i], results[0]);
	assert_non_null(results[0]);
	assert_int_equal(fake_calls(), 2);
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
}

static void a_refused_device_leaves_nothing_and_is_tried_again(void **state)
{
	struct gsp_device *device = make_device(0);
	const struct gsp_handles *handles;

	(void)state;
	for (unsigned n = 1; n <= 2; n++) {
		fake_fail_call(n, -ENOMEM);
		assert_int_equal(gsp_device_open(device, &handles), -ENOMEM);
		assert_null(handles);
		assert_int_equal(fake_leaks(), 0);
	}
	assert_int_equal(gsp_device_open(device, &handles), 0);
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
}

static void count_loss(struct gsp_device *device, enum gsp_state state, void *arg)
{
	assert_true(gsp_device_is_lost(device));
	assert_int_equal(state, GSP_HUNG);
	++*(unsigned *)arg;
}

static void a_loss_is_told_once(void **state)
{
	struct gsp_device *device = make_device(0);
	const struct gsp_handles *handles;
	unsigned told = 0;

	(void)state;
	gsp_device_on_loss(device, count_loss, &told);
	assert_int_equal(gsp_device_open(device, &handles), 0);
	assert_int_equal(gsp_device_check(device), 0);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_HUNG);
	assert_int_equal(gsp_device_result(device, -EINVAL), -EINVAL);
	assert_int_equal(told, 0);
	assert_int_equal(gsp_device_result(device, -ENODEV), -ENODEV);
	assert_int_equal(gsp_device_check(device), -ENODEV);
	assert_int_equal(told, 1);
	assert_int_equal(gsp_device_open(device, &handles), -ENODEV);
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
}

static void a_call_may_know_of_a_loss_before_the_guest_does(void **state)
{
	struct gsp_device *device = make_device(0);
	const struct gsp_handles *handles;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	/* the host said so to the call, and the state that is at hand says that all is well */
	assert_int_equal(gsp_device_result(device, -ENODEV), -ENODEV);
	assert_int_equal(gsp_device_epoch(device).state, GSP_RESET);
	assert_int_equal(gsp_device_check(device), -ENODEV);
	gsp_device_destroy(device);
	assert_int_equal(fake_leaks(), 0);
}

static void a_wait_ends_done_late_or_lost(void **state)
{
	struct gsp_device *device = make_device(0);
	const struct gsp_handles *handles;
	uint64_t fence, va, value = 0;

	(void)state;
	assert_int_equal(gsp_device_open(device, &handles), 0);
	assert_int_equal(dxg_reserve_gpu_va(NULL, FAKE_ADAPTER(0), 0x10000, 0, 0, 0x1000, &va), 0);
	fake_hold_fences(true);
	assert_int_equal(dxg_make_resident(NULL, handles->paging.handle, NULL, 0, &fence), 0);
	assert_int_equal(gsp_fence_wait(device, handles->paging.fence, handles->paging.value, fence, 0),
			 -ETIMEDOUT);
	assert_int_equal(fake_calls_of("wait_fences"), 0);
	assert_int_equal(
		gsp_fence_wait(device, handles->paging.fence, handles->paging.value, fence, GSP_WAIT_FOREVER),
		0);
	assert_int_equal(fake_calls_of("wait_fences"), 1);
	fake_ignore_waits(true);
	assert_int_equal(gsp_fence_wait(device, 1, &value, 9, 1000000), -ETIMEDOUT);
	/* no eventfd wait to be had: it looks by itself */
	fake_fail_call(1, -EINVAL);
	assert_int_equal(gsp_fence_wait(device, 1, &value, 9, 1000000), -ETIMEDOUT);
	assert_int_equal(gsp_fence_wait(device, 1, &value, UINT64_MAX, 0), -EINVAL);
	/* the fence stands still, but the host says that the device is gone */
	fake_lose(0, D3DKMT_DEVICEEXECUTION_STOPPED);
	assert_int_equal(gsp_fence_wait(device, 1, &value, 9, GSP_WAIT_FOREVER), -ENODEV);
	assert_int_equal(gsp_device_epoch(device).state, GSP_REMOVED);
	gsp_device_destroy(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_host_is_right_and_a_loss_is_final, setup),
		cmocka_unit_test_setup(a_fence_is_done_pending_or_lost, setup),
		cmocka_unit_test_setup(a_device_is_made_once_and_on_need, setup),
		cmocka_unit_test_setup(a_refused_device_leaves_nothing_and_is_tried_again, setup),
		cmocka_unit_test_setup(a_loss_is_told_once, setup),
		cmocka_unit_test_setup(a_call_may_know_of_a_loss_before_the_guest_does, setup),
		cmocka_unit_test_setup(a_wait_ends_done_late_or_lost, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
