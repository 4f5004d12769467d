// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/moment.h"
#include "gsp/timeline.h"
#include "queue_world.h"
#include "util/compiler.h"

#define COMMANDS 0x7f0000100100ULL
#define LENGTH	 64U
#define SOON	 20000000ULL

static const enum gsp_rung rungs[] = {GSP_RUNG_HARDWARE, GSP_RUNG_SOFTWARE, GSP_RUNG_USER_QUEUE};

static uint64_t word(const struct fake_submission *s, uint32_t offset, uint32_t size)
{
	uint64_t value = 0;

	memcpy(&value, s->private_data + offset, size);
	return value;
}

static struct channel *make(struct queue_world *w, enum gsp_rung rung)
{
	struct channel_options options = queue_world_options(w, rung);
	enum channel_step failed;
	struct channel *channel;

	assert_int_equal(channel_create(&options, &channel, &failed), 0);
	return channel;
}

static void expect_submission(struct channel *channel, uint64_t ordinal, struct fake_submission *last)
{
	uint64_t got;

	assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &got), 0);
	assert_int_equal(got, ordinal);
	assert_int_equal(fake_submissions(last), ordinal);
	/* the call and the private data have to say the same */
	assert_int_equal(last->commands, COMMANDS);
	assert_int_equal(last->length, LENGTH);
	assert_int_equal(last->private_data_size, 0x48);
	assert_int_equal(word(last, 0x10, 4), LENGTH);
	assert_int_equal(word(last, 0x20, 8), COMMANDS);
}

static void a_hardware_queue_counts_its_progress_fence(void **state)
{
	struct fake_submission last;
	struct queue_world w;
	struct channel *channel;

	(void)state;
	queue_world_build(&w, 11, true);
	channel = make(&w, GSP_RUNG_HARDWARE);
	assert_int_equal(fake_calls_of("create_hwqueue"), 1);
	assert_int_equal(fake_calls_of("create_fence"), 0);
	for (uint64_t n = 1; n <= 3; n++) {
		expect_submission(channel, n, &last);
		assert_int_equal(last.fence_id, n);
		assert_int_equal(word(&last, 0x28, 4), 0);
		assert_int_equal(channel_wait(channel, n, SOON), 0);
	}
	assert_int_equal(fake_calls_of("submit_to_hwqueue"), 3);
	assert_int_equal(fake_calls_of("hwqueue_signal"), 0);
	assert_int_equal(channel_destroy(channel), 0);
	queue_world_end(&w);
}

static void a_progress_fence_may_start_anywhere(void **state)
{
	struct channel_options options;
	struct gsp_fence_point point;
	struct fake_submission last;
	struct channel *channel;
	struct queue_world w;
	uint64_t ordinal;

	(void)state;
	queue_world_build(&w, 11, true);
	fake_progress_starts_at(1000);
	channel = make(&w, GSP_RUNG_HARDWARE);
	fake_stall(true);
	expect_submission(channel, 1, &last);
	assert_int_equal(last.fence_id, 1001);
	assert_int_equal(channel_wait(channel, 1, 0), -ETIMEDOUT);
	fake_stall(false);
	fake_finish();
	assert_int_equal(channel_wait(channel, 1, 0), 0);
	point = channel_point(channel, 1);
	assert_int_equal(point.wanted, 1001);
	assert_int_equal(channel_destroy(channel), 0);
	/* but for the value of a lost device, and where no number is left before it */
	fake_progress_starts_at(UINT64_MAX - 1);
	channel = make(&w, GSP_RUNG_HARDWARE);
	assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EOVERFLOW);
	assert_int_equal(channel_destroy(channel), 0);
	fake_progress_starts_at(UINT64_MAX);
	options = queue_world_options(&w, GSP_RUNG_HARDWARE);
	assert_int_equal(channel_create(&options, &channel, NULL), -ENODEV);
	assert_true(gsp_device_is_lost(w.device));
	queue_world_end(&w);
}

static void the_timeout_is_disabled_where_the_adapter_asks_for_it(void **state)
{
	struct fake_submission last;
	struct channel *channel;
	struct queue_world w;

	(void)state;
	queue_world_build(&w, 11, true);
	channel = make(&w, GSP_RUNG_HARDWARE);
	expect_submission(channel, 1, &last);
	assert_int_equal(fake_hwqueue_flags(last.to), D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT);
	assert_int_equal(channel_destroy(channel), 0);
	queue_world_end(&w);
}

static void a_software_queue_signals_its_own_fence(void **state)
{
	struct fake_submission last;
	struct queue_world w;
	struct channel *channel;

	(void)state;
	queue_world_build(&w, 11, true);
	channel = make(&w, GSP_RUNG_SOFTWARE);
	assert_int_equal(fake_calls_of("create_hwqueue"), 0);
	for (uint64_t n = 1; n <= 3; n++) {
		expect_submission(channel, n, &last);
		assert_int_equal(word(&last, 0x28, 4), 0);
		assert_int_equal(channel_wait(channel, n, SOON), 0);
	}
	assert_int_equal(fake_calls_of("submit"), 3);
	assert_int_equal(fake_calls_of("context_signal"), 3);
	assert_int_equal(fake_calls_of("create_allocations"), 0);
	assert_int_equal(channel_destroy(channel), 0);
	queue_world_end(&w);
}

static void ring_memory_is_there_before_and_named_in_every_submission(void **state)
{
	struct fake_submission last;
	struct queue_world w;
	struct channel *channel;
	uint64_t ring;

	(void)state;
	queue_world_build(&w, 10, false);
	channel = make(&w, GSP_RUNG_USER_QUEUE);
	assert_int_equal(fake_calls_of("create_allocations"), 1);
	assert_int_equal(fake_calls_of("make_resident"), 1);
	assert_int_equal(fake_calls_of("map_gpu_va"), 1);
	expect_submission(channel, 1, &last);
	ring = word(&last, 0x28, 4);
	assert_int_not_equal(ring, 0);
	expect_submission(channel, 2, &last);
	assert_int_equal(word(&last, 0x28, 4), ring);
	assert_int_equal(channel_wait(channel, 2, SOON), 0);
	assert_int_equal(channel_destroy(channel), 0);
	queue_world_end(&w);
}

static void what_the_engine_cannot_fetch_is_refused(void **state)
{
	struct queue_world w;
	uint64_t ordinal;

	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		struct fake_submission last;
		struct channel *channel;

		queue_world_build(&w, 11, true);
		channel = make(&w, rungs[r]);
		/* 256 and 32 bytes are what the adapter asks for */
		assert_int_equal(channel_submit(channel, COMMANDS + 128, LENGTH, &ordinal), -EINVAL);
		assert_int_equal(channel_submit(channel, COMMANDS, LENGTH + 4, &ordinal), -EINVAL);
		assert_int_equal(channel_submit(channel, COMMANDS, 0, &ordinal), -EINVAL);
		assert_int_equal(channel_submit(channel, 0, LENGTH, &ordinal), -EINVAL);
		assert_int_equal(ordinal, 0);
		assert_int_equal(fake_submissions(&last), 0);
		expect_submission(channel, 1, &last);
		assert_int_equal(channel_wait(channel, 0, SOON), -EINVAL);
		assert_int_equal(channel_wait(channel, 2, SOON), -EINVAL);
		assert_int_equal(channel_destroy(channel), 0);
		queue_world_end(&w);
	}
}

static void a_failed_creation_names_its_step_and_leaves_nothing(void **state)
{
	/* of the calls, in order; the device and the address space are made by the first that needs them */
	static const struct {
		enum gsp_rung rung;
		unsigned calls;
		enum channel_step steps[9];
	} cases[] = {
		{GSP_RUNG_HARDWARE, 4, {CHANNEL_CONTEXT, CHANNEL_CONTEXT, CHANNEL_CONTEXT, CHANNEL_QUEUE}},
		{GSP_RUNG_SOFTWARE, 4, {CHANNEL_CONTEXT, CHANNEL_CONTEXT, CHANNEL_CONTEXT, CHANNEL_QUEUE}},
		{GSP_RUNG_USER_QUEUE,
		 8,
		 {CHANNEL_CONTEXT, CHANNEL_CONTEXT, CHANNEL_CONTEXT, CHANNEL_USER_QUEUE, CHANNEL_USER_QUEUE,
		  CHANNEL_USER_QUEUE, CHANNEL_USER_QUEUE, CHANNEL_QUEUE}},
	};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		for (unsigned n = 1; n <= cases[c].calls; n++) {
			struct channel_options options;
			enum channel_step failed = (enum channel_step)9;
			struct channel *channel;
			struct queue_world w;

			queue_world_build(&w, 10, true);
			options = queue_world_options(&w, cases[c].rung);
			/* an address that is taken is no failure, only its loss is */
			/* ... and no room on the GPU is asked about twice */
			fake_fail_call(n, cases[c].calls == 8 && n == 4	  ? -ENODEV
					  : cases[c].calls == 8 && n == 6 ? -EIO
									  : -ENOMEM);
			assert_int_not_equal(channel_create(&options, &channel, &failed), 0);
			assert_true(fake_failed());
			assert_null(channel);
			assert_int_equal(failed, cases[c].steps[n - 1]);
			queue_world_end(&w);
		}
	}
}

static void ring_memory_that_does_not_come_is_waited_for_no_longer_than_asked(void **state)
{
	struct channel_options options;
	enum channel_step failed;
	struct channel *channel;
	struct queue_world w;

	(void)state;
	queue_world_build(&w, 10, false);
	options = queue_world_options(&w, GSP_RUNG_USER_QUEUE);
	options.setup_timeout_ns = SOON;
	fake_hold_fences(true);
	fake_ignore_waits(true);
	assert_int_equal(channel_create(&options, &channel, &failed), -ETIMEDOUT);
	assert_int_equal(failed, CHANNEL_USER_QUEUE);
	fake_hold_fences(false);
	fake_finish();
	queue_world_end(&w);
}

static void a_late_submission_is_told_from_a_lost_one(void **state)
{
	static const struct {
		enum d3dkmt_deviceexecution_state host;
		int error;
	} cases[] = {
		{D3DKMT_DEVICEEXECUTION_ACTIVE, -ETIMEDOUT},
		{D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT, -EFAULT},
		{D3DKMT_DEVICEEXECUTION_HUNG, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_RESET, -ENODEV},
		{D3DKMT_DEVICEEXECUTION_STOPPED, -ENODEV},
	};

	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
			struct fake_submission last;
			struct channel *channel;
			struct queue_world w;
			uint64_t ordinal;

			queue_world_build(&w, 11, true);
			channel = make(&w, rungs[r]);
			fake_stall(true);
			expect_submission(channel, 1, &last);
			assert_int_equal(channel_wait(channel, 1, 0), -ETIMEDOUT);
			if (cases[c].host != D3DKMT_DEVICEEXECUTION_ACTIVE)
				fake_lose(0, cases[c].host);
			assert_int_equal(channel_wait(channel, 1, SOON), cases[c].error);
			if (cases[c].error != -ETIMEDOUT) {
				assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal),
						 -ENODEV);
				assert_int_equal(
					channel_wait_for(channel, &(d3dkmt_handle){1}, &(uint64_t){1}, 1),
					-ENODEV);
			}
			/* its work never ends, or its device is lost: it goes all the same */
			assert_int_equal(channel_destroy(channel), 0);
			fake_stall(false);
			queue_world_end(&w);
		}
	}
}

static void a_wait_for_another_fence_is_the_gpus(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		const struct gsp_handles *handles;
		struct fake_submission last;
		struct channel *channel;
		struct queue_world w;

		queue_world_build(&w, 11, true);
		channel = make(&w, rungs[r]);
		assert_int_equal(gsp_device_open(w.device, &handles), 0);
		assert_int_equal(channel_wait_for(channel, &handles->paging.fence, &(uint64_t){5}, 1), 0);
		assert_int_equal(fake_calls_of("hwqueue_wait"), rungs[r] == GSP_RUNG_HARDWARE);
		assert_int_equal(fake_calls_of("context_wait"), rungs[r] != GSP_RUNG_HARDWARE);
		fake_fail_call(1, -EAGAIN);
		assert_int_equal(channel_wait_for(channel, &handles->paging.fence, &(uint64_t){5}, 1),
				 -EAGAIN);
		expect_submission(channel, 1, &last);
		assert_int_equal(channel_destroy(channel), 0);
		queue_world_end(&w);
	}
}

static void an_ordinal_is_used_only_when_the_host_took_the_work(void **state)
{
	struct fake_submission last;
	struct channel *channel;
	struct queue_world w;
	uint64_t ordinal;

	(void)state;
	queue_world_build(&w, 11, true);
	channel = make(&w, GSP_RUNG_HARDWARE);
	fake_fail_call(1, -EAGAIN);
	assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EAGAIN);
	expect_submission(channel, 1, &last);
	assert_int_equal(channel_destroy(channel), 0);
	queue_world_end(&w);
}

/* Otherwise the next ordinal would stand for work that nobody knows of. */
static void work_without_a_signal_ends_a_software_queue(void **state)
{
	struct fake_submission last;
	struct channel *channel;
	struct queue_world w;
	struct gsp_moment *moment;
	uint64_t ordinal;

	(void)state;
	queue_world_build(&w, 11, true);
	channel = make(&w, GSP_RUNG_SOFTWARE);
	fake_fail_call(1, -EAGAIN);
	assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EAGAIN);
	expect_submission(channel, 1, &last);
	fake_fail_call(2, -EPERM);
	assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EPERM);
	/* which tells that they may run */
	assert_int_equal(ordinal, 2);
	assert_int_equal(fake_submissions(&last), 2);
	assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EIO);
	assert_int_equal(ordinal, 0);
	assert_int_equal(fake_submissions(&last), 2);
	assert_int_equal(channel_wait(channel, 1, SOON), 0);
	/* nobody can tell when those commands end */
	moment = gsp_moment_take(&w.device, 1);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_PENDING);
	assert_int_equal(channel_destroy(channel), 0);
	assert_int_equal(gsp_moment_read(moment), GSP_FENCE_DONE);
	gsp_moment_put(moment);
	queue_world_end(&w);
}

/* A call that did not get through says nothing of the host: the next one may. */
static void a_signal_that_fails_for_once_is_made_again(void **state)
{
	static const int errors[] = {-EINTR, -ENOMEM};
	struct fake_submission last;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
		struct channel *channel;
		struct queue_world w;
		uint64_t ordinal;

		queue_world_build(&w, 11, true);
		channel = make(&w, GSP_RUNG_SOFTWARE);
		fake_fail_call(2, errors[i]);
		assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), 0);
		assert_true(fake_failed());
		assert_int_equal(ordinal, 1);
		expect_submission(channel, 2, &last);
		assert_int_equal(fake_submissions(&last), 2);
		assert_int_equal(channel_wait(channel, 1, SOON), 0);
		assert_int_equal(channel_destroy(channel), 0);
		queue_world_end(&w);
	}
}

static void everything_is_given_up_whatever_the_host_says(void **state)
{
	static const unsigned destroys[] = {2, 2,
					    4}; /* calls before the allocation, which may fail unnoticed */

	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		for (unsigned n = 1; n <= destroys[r]; n++) {
			struct channel *channel;
			struct queue_world w;
			int ret;

			queue_world_build(&w, 11, true);
			channel = make(&w, rungs[r]);
			fake_fail_call(n, -EBADF);
			ret = channel_destroy(channel);
			assert_true(fake_failed());
			/* ring memory that cannot be evicted or unmapped goes later */
			assert_int_equal(ret, rungs[r] == GSP_RUNG_USER_QUEUE && n >= 3 ? 0 : -EBADF);
			queue_world_end(&w);
		}
	}
}

static unsigned waits(void)
{
	return fake_calls_of("hwqueue_wait") + fake_calls_of("context_wait");
}

static void expect_wait(struct gsp_device *device, uint64_t value, unsigned count)
{
	d3dkmt_handle fence;
	uint64_t waited;

	fake_last_wait(&fence, &waited);
	assert_int_equal(fence, gsp_device_handles(device)->paging.fence);
	assert_int_equal(waited, value);
	assert_int_equal(waits(), count);
}

/* Page-table work that is under way, left to the next submission. */
static uint64_t leave_page_table_work(struct gsp_device *device)
{
	uint64_t value;

	fake_hold_fences(true);
	assert_int_equal(dxg_make_resident(NULL, gsp_device_handles(device)->paging.handle, NULL, 0, &value),
			 0);
	assert_int_equal(gsp_paging_settle(device, value, GSP_WAIT_FOREVER), 0);
	assert_int_equal(fake_calls_of("wait_fences"), 0);
	return value;
}

static void page_table_work_left_to_submissions_is_one_wait_of_each_channel(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		struct channel *first, *second;
		struct queue_world w;
		uint64_t ordinal, value;

		queue_world_build(&w, 11, true);
		first = make(&w, rungs[r]);
		second = make(&w, rungs[r]);
		fake_hold_fences(true);
		assert_int_equal(channel_submit(first, COMMANDS, LENGTH, &ordinal), 0);
		assert_int_equal(waits(), 0);
		fake_finish();
		value = leave_page_table_work(w.device);
		assert_int_equal(channel_submit(first, COMMANDS, LENGTH, &ordinal), 0);
		expect_wait(w.device, value, 1);
		assert_int_equal(channel_submit(first, COMMANDS, LENGTH, &ordinal), 0);
		assert_int_equal(waits(), 1);
		assert_int_equal(channel_submit(second, COMMANDS, LENGTH, &ordinal), 0);
		expect_wait(w.device, value, 2);
		fake_finish();
		/* of several the last is enough */
		leave_page_table_work(w.device);
		value = leave_page_table_work(w.device);
		assert_int_equal(channel_submit(first, COMMANDS, LENGTH, &ordinal), 0);
		expect_wait(w.device, value, 3);
		/* over before the other one submits */
		fake_finish();
		assert_int_equal(channel_submit(second, COMMANDS, LENGTH, &ordinal), 0);
		assert_int_equal(waits(), 3);
		fake_hold_fences(false);
		fake_finish();
		assert_int_equal(channel_destroy(first), 0);
		assert_int_equal(channel_destroy(second), 0);
		queue_world_end(&w);
	}
}

static void a_refused_submission_or_wait_leaves_nothing_announced(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		struct gsp_device *device;
		struct fake_submission last;
		struct channel *channel;
		struct queue_world w;
		uint64_t ordinal, value;

		queue_world_build(&w, 11, true);
		device = w.device;
		channel = make(&w, rungs[r]);
		value = leave_page_table_work(device);
		fake_fail_call(1, -EAGAIN);
		assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EAGAIN);
		assert_int_equal(waits(), 1);
		assert_int_equal(fake_submissions(&last), 0);
		assert_true(gsp_device_is_idle(device));
		assert_null(gsp_moment_take(&device, 1));
		/* the wait was taken, the submission is not: the next one needs no other */
		fake_fail_call(2, -EAGAIN);
		assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -EAGAIN);
		expect_wait(device, value, 2);
		assert_int_equal(fake_submissions(&last), 0);
		assert_true(gsp_device_is_idle(device));
		expect_submission(channel, 1, &last);
		assert_int_equal(waits(), 2);
		assert_false(gsp_device_is_idle(device));
		fake_hold_fences(false);
		fake_finish();
		assert_true(gsp_device_is_idle(device));
		assert_int_equal(channel_destroy(channel), 0);
		queue_world_end(&w);
	}
}

static void nothing_is_submitted_behind_page_tables_that_are_lost(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		struct fake_submission last;
		struct channel *channel;
		struct queue_world w;
		uint64_t ordinal;

		queue_world_build(&w, 11, true);
		channel = make(&w, rungs[r]);
		leave_page_table_work(w.device);
		fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
		assert_int_equal(channel_submit(channel, COMMANDS, LENGTH, &ordinal), -ENODEV);
		assert_true(gsp_device_is_lost(w.device));
		assert_int_equal(waits(), 0);
		assert_int_equal(fake_submissions(&last), 0);
		assert_int_equal(channel_destroy(channel), 0);
		queue_world_end(&w);
	}
}

static void submissions_count_as_unfinished_until_they_or_their_channel_end(void **state)
{
	(void)state;
	for (unsigned r = 0; r < ARRAY_SIZE(rungs); r++) {
		struct gsp_moment *first, *second;
		struct fake_submission last;
		struct channel *channel;
		struct queue_world w;

		queue_world_build(&w, 11, true);
		fake_progress_starts_at(5);
		channel = make(&w, rungs[r]);
		assert_true(gsp_device_is_idle(w.device));
		fake_stall(true);
		expect_submission(channel, 1, &last);
		assert_false(gsp_device_is_idle(w.device));
		first = gsp_moment_take(&w.device, 1);
		fake_stall(false);
		fake_finish();
		assert_int_equal(gsp_moment_read(first), GSP_FENCE_DONE);
		assert_true(gsp_device_is_idle(w.device));
		fake_stall(true);
		expect_submission(channel, 2, &last);
		second = gsp_moment_take(&w.device, 1);
		assert_int_equal(gsp_moment_read(second), GSP_FENCE_PENDING);
		assert_int_equal(channel_destroy(channel), 0);
		assert_int_equal(gsp_moment_read(second), GSP_FENCE_DONE);
		assert_true(gsp_device_is_idle(w.device));
		gsp_moment_put(first);
		gsp_moment_put(second);
		fake_stall(false);
		queue_world_end(&w);
	}
}

static void a_point_is_for_retire_lists(void **state)
{
	struct fake_submission last;
	struct gsp_fence_point point;
	struct channel *channel;
	struct queue_world w;

	(void)state;
	queue_world_build(&w, 11, true);
	channel = make(&w, GSP_RUNG_HARDWARE);
	fake_stall(true);
	expect_submission(channel, 1, &last);
	point = channel_point(channel, 1);
	assert_int_equal(gsp_fence_point_read(&point), GSP_FENCE_PENDING);
	fake_stall(false);
	fake_finish();
	assert_int_equal(gsp_fence_point_read(&point), GSP_FENCE_DONE);
	assert_int_equal(channel_destroy(channel), 0);
	queue_world_end(&w);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	struct channel_options options;
	enum channel_step failed;
	struct channel *channel;
	struct queue_world w;

	(void)state;
	queue_world_build(&w, 11, false);
	options = queue_world_options(&w, GSP_RUNG_NONE);
	assert_int_equal(channel_create(&options, &channel, &failed), -EINVAL);
	options = queue_world_options(&w, GSP_RUNG_USER_QUEUE);
	options.memory = NULL;
	assert_int_equal(channel_create(&options, &channel, NULL), -EINVAL);
	options = queue_world_options(&w, GSP_RUNG_HARDWARE); /* not promised */
	assert_int_equal(channel_create(&options, &channel, NULL), -EOPNOTSUPP);
	options = queue_world_options(&w, GSP_RUNG_SOFTWARE);
	options.engine = KMD_ENGINE_SDMA0;
	assert_int_equal(channel_create(&options, &channel, NULL), -EOPNOTSUPP);
	assert_int_equal(channel_destroy(NULL), 0);
	assert_int_equal(fake_calls(), 0);
	queue_world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hardware_queue_counts_its_progress_fence),
		cmocka_unit_test(a_progress_fence_may_start_anywhere),
		cmocka_unit_test(the_timeout_is_disabled_where_the_adapter_asks_for_it),
		cmocka_unit_test(a_software_queue_signals_its_own_fence),
		cmocka_unit_test(ring_memory_is_there_before_and_named_in_every_submission),
		cmocka_unit_test(what_the_engine_cannot_fetch_is_refused),
		cmocka_unit_test(a_failed_creation_names_its_step_and_leaves_nothing),
		cmocka_unit_test(ring_memory_that_does_not_come_is_waited_for_no_longer_than_asked),
		cmocka_unit_test(a_late_submission_is_told_from_a_lost_one),
		cmocka_unit_test(a_wait_for_another_fence_is_the_gpus),
		cmocka_unit_test(an_ordinal_is_used_only_when_the_host_took_the_work),
		cmocka_unit_test(work_without_a_signal_ends_a_software_queue),
		cmocka_unit_test(a_signal_that_fails_for_once_is_made_again),
		cmocka_unit_test(everything_is_given_up_whatever_the_host_says),
		cmocka_unit_test(page_table_work_left_to_submissions_is_one_wait_of_each_channel),
		cmocka_unit_test(a_refused_submission_or_wait_leaves_nothing_announced),
		cmocka_unit_test(nothing_is_submitted_behind_page_tables_that_are_lost),
		cmocka_unit_test(submissions_count_as_unfinished_until_they_or_their_channel_end),
		cmocka_unit_test(a_point_is_for_retire_lists),
		cmocka_unit_test(options_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
