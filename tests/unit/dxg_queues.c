// SPDX-License-Identifier: MIT
/* Contexts, hardware queues, submission and the observer of src/dxg, against a driver that is one function. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxg/dxg.h"
#include "dxg/ioctl.h"
#include "fake_ioctl.h"
#include "util/compiler.h"
#include "util/log.h"

#define HANDLE 0x40080000U

static unsigned long last_command;
static uint64_t fence_page;
static d3dkmt_handle destroyed;

static int success_and_nothing(unsigned long command, void *arg)
{
	(void)arg;
	last_command = command;
	return 0;
}

static int a_good_context(unsigned long command, void *arg)
{
	struct d3dkmt_createcontextvirtual *args = arg;
	uint8_t *data;

	if (command == LX_DXDESTROYCONTEXT) {
		destroyed = ((struct d3dkmt_destroycontext *)arg)->context;
		return 0;
	}
	assert_int_equal(command, LX_DXCREATECONTEXTVIRTUAL);
	assert_int_equal(args->device, 7);
	assert_int_equal(args->node_ordinal, 3);
	assert_int_equal(args->engine_affinity, 1);
	assert_int_equal(args->client_hint, 3);
	assert_int_equal(args->flags, D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);
	assert_int_equal(args->priv_drv_data_size, 64);
	assert_int_equal(args->context, 0);
	data = u64_to_ptr(args->priv_drv_data);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(data[i]--, 0x21);
	args->context = HANDLE;
	return 0;
}

static int a_context_with_long_data(unsigned long command, void *arg)
{
	int ret = a_good_context(command, arg);

	if (command == LX_DXCREATECONTEXTVIRTUAL) {
		struct d3dkmt_createcontextvirtual *args = arg;

		((uint8_t *)u64_to_ptr(args->priv_drv_data))[args->priv_drv_data_size] = 0;
	}
	return ret;
}

static int refused(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return fail_with(EINVAL);
}

static struct dxg_context_request context_request(uint8_t data[64])
{
	memset(data, 0x21, 64);
	return (struct dxg_context_request){.node = 3,
					    .flags = D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED,
					    .private_data = data,
					    .private_data_size = 64};
}

static void a_context_comes_with_the_host_s_private_data(void **state)
{
	uint8_t data[64], changed[64];
	struct dxg_context_request request = context_request(data);
	struct dxg *dxg = opened();
	d3dkmt_handle context;

	(void)state;
	answer = a_good_context;
	destroyed = 0;
	memset(changed, 0x20, sizeof(changed));
	assert_int_equal(dxg_create_context(dxg, 7, &request, &context), 0);
	assert_int_equal(context, HANDLE);
	assert_memory_equal(data, changed, sizeof(data));
	assert_int_equal(dxg_destroy_context(dxg, context), 0);
	assert_int_equal(destroyed, HANDLE);
	dxg_close(dxg);
}

static void a_context_may_go_without_private_data(void **state)
{
	struct dxg_context_request request = {0};
	struct dxg *dxg = opened();
	d3dkmt_handle context = 5;

	(void)state;
	answer = success_and_nothing;
	/* this driver gives no handle: a failure, though it calls it success */
	assert_int_equal(dxg_create_context(dxg, 7, &request, &context), -EIO);
	assert_int_equal(context, 0);
	assert_int_equal(calls, 1);
	dxg_close(dxg);
}

static void a_refused_context_leaves_the_data_alone(void **state)
{
	uint8_t data[64], same[64];
	struct dxg_context_request request = context_request(data);
	struct dxg *dxg = opened();
	d3dkmt_handle context = 5;

	(void)state;
	answer = refused;
	memset(same, 0x21, sizeof(same));
	assert_int_equal(dxg_create_context(dxg, 7, &request, &context), -EINVAL);
	assert_int_equal((uint32_t)dxg_last_status(), 0xc000000d);
	assert_int_equal(context, 0);
	assert_memory_equal(data, same, sizeof(data));
	dxg_close(dxg);
}

static void a_context_that_wrote_behind_its_data_is_given_back(void **state)
{
	uint8_t data[64], same[64];
	struct dxg_context_request request = context_request(data);
	struct dxg *dxg = opened();
	d3dkmt_handle context;

	(void)state;
	answer = a_context_with_long_data;
	destroyed = 0;
	memset(same, 0x21, sizeof(same));
	assert_int_equal(dxg_create_context(dxg, 7, &request, &context), -EPROTO);
	assert_int_equal(context, 0);
	assert_int_equal(destroyed, HANDLE);
	assert_memory_equal(data, same, sizeof(data));
	dxg_close(dxg);
}

/* What the host leaves out of a hardware queue. */
static enum { NOTHING, QUEUE_HANDLE, QUEUE_FENCE, QUEUE_PAGE, QUEUE_LONG_DATA } left_out;

static int a_hwqueue(unsigned long command, void *arg)
{
	struct d3dkmt_createhwqueue *args = arg;
	uint8_t *data;

	if (command == LX_DXDESTROYHWQUEUE) {
		destroyed = ((struct d3dkmt_destroyhwqueue *)arg)->queue;
		return 0;
	}
	assert_int_equal(command, LX_DXCREATEHWQUEUE);
	assert_int_equal(args->context, HANDLE);
	assert_int_equal(args->flags, D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT);
	assert_int_equal(args->priv_drv_data_size, 64);
	data = u64_to_ptr(args->priv_drv_data);
	data[0x14] = 9;
	if (left_out == QUEUE_LONG_DATA)
		data[64 + 1] = 0;
	args->queue = left_out == QUEUE_HANDLE ? 0 : HANDLE + 0x40;
	args->queue_progress_fence = left_out == QUEUE_FENCE ? 0 : HANDLE + 0x80;
	args->queue_progress_fence_cpu_va = left_out == QUEUE_PAGE ? 0 : ptr_to_u64(&fence_page);
	args->queue_progress_fence_gpu_va = 0x10000000;
	return 0;
}

static int create_hwqueue(struct dxg *dxg, uint8_t data[64], struct dxg_hwqueue *queue)
{
	memset(data, 0, 64);
	memset(queue, 0xff, sizeof(*queue));
	calls = 0;
	destroyed = 0;
	return dxg_create_hwqueue(dxg, HANDLE, D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT, data, 64,
				  queue);
}

static void a_hardware_queue_has_a_fence_that_can_be_read(void **state)
{
	struct dxg *dxg = opened();
	struct dxg_hwqueue queue;
	uint8_t data[64];

	(void)state;
	answer = a_hwqueue;
	left_out = NOTHING;
	assert_int_equal(create_hwqueue(dxg, data, &queue), 0);
	assert_int_equal(queue.handle, HANDLE + 0x40);
	assert_int_equal(queue.fence, HANDLE + 0x80);
	assert_ptr_equal(queue.value, &fence_page);
	assert_int_equal(queue.gpu_va, 0x10000000);
	assert_int_equal(data[0x14], 9);
	assert_int_equal(dxg_destroy_hwqueue(dxg, queue.handle), 0);
	assert_int_equal(destroyed, HANDLE + 0x40);
	dxg_close(dxg);
}

static void half_a_hardware_queue_is_given_back(void **state)
{
	static const struct {
		int what, error;
		d3dkmt_handle undone;
	} cases[] = {
		{QUEUE_HANDLE, -EIO, 0},
		{QUEUE_FENCE, -EIO, HANDLE + 0x40},
		{QUEUE_PAGE, -EIO, HANDLE + 0x40},
		{QUEUE_LONG_DATA, -EPROTO, HANDLE + 0x40},
	};
	struct dxg_hwqueue queue, none = {0};
	struct dxg *dxg = opened();
	uint8_t data[64];

	(void)state;
	answer = a_hwqueue;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		left_out = (__typeof__(left_out))cases[i].what;
		assert_int_equal(create_hwqueue(dxg, data, &queue), cases[i].error);
		assert_memory_equal(&queue, &none, sizeof(queue));
		assert_int_equal(destroyed, cases[i].undone);
		assert_int_equal(calls, cases[i].undone ? 2 : 1);
		assert_int_equal(data[0x14], 0);
	}
	dxg_close(dxg);
}

static void no_fence_is_mapped_while_future_mappings_are_locked(void **state)
{
	struct dxg *dxg = opened();
	struct dxg_hwqueue queue;
	uint8_t data[64];

	(void)state;
	/* by hand, for the sanitizers make mlockall() do nothing */
	if (syscall(SYS_mlockall, MCL_FUTURE)) {
		dxg_close(dxg);
		skip();
	}
	log_set_level(LOG_NONE);
	answer = a_hwqueue;
	left_out = NOTHING;
	/* not as the host refuses, which is -EPERM too */
	assert_int_equal(create_hwqueue(dxg, data, &queue), -ECANCELED);
	assert_string_equal(dxg_status_name(dxg_last_status()), "UNSUCCESSFUL");
	assert_int_equal(calls, 0);
	syscall(SYS_munlockall);
	assert_int_equal(create_hwqueue(dxg, data, &queue), 0);
	dxg_close(dxg);
}

static const uint8_t submit_data[72] = {6};
static const struct dxg_submission submission = {
	.commands = 0x7f0000001000,
	.length = 24,
	.private_data = submit_data,
	.private_data_size = sizeof(submit_data),
};

static int a_submission(unsigned long command, void *arg)
{
	if (command == LX_DXSUBMITCOMMAND) {
		const struct d3dkmt_submitcommand *args = arg;

		assert_int_equal(args->command_buffer, 0x7f0000001000);
		assert_int_equal(args->command_length, 24);
		assert_int_equal(args->flags, 0);
		assert_int_equal(args->broadcast_context_count, 1);
		assert_int_equal(args->broadcast_context[0], HANDLE);
		assert_int_equal(args->broadcast_context[1], 0);
		assert_int_equal(args->priv_drv_data, ptr_to_u64(submit_data));
		assert_int_equal(args->priv_drv_data_size, 72);
		assert_int_equal(args->num_primaries, 0);
		assert_int_equal(args->num_history_buffers, 0);
	} else {
		const struct d3dkmt_submitcommandtohwqueue *args = arg;

		assert_int_equal(command, LX_DXSUBMITCOMMANDTOHWQUEUE);
		assert_int_equal(args->hwqueue, HANDLE);
		assert_int_equal(args->hwqueue_progress_fence_id, 12);
		assert_int_equal(args->command_buffer, 0x7f0000001000);
		assert_int_equal(args->command_length, 24);
		assert_int_equal(args->priv_drv_data, ptr_to_u64(submit_data));
		assert_int_equal(args->priv_drv_data_size, 72);
		assert_int_equal(args->num_primaries, 0);
	}
	/* the host's word, where there is one, may be any kind of success */
	return 0x103;
}

static void a_submission_says_the_same_in_both_forms(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	answer = a_submission;
	assert_int_equal(dxg_submit(dxg, HANDLE, &submission), 0);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 12, &submission), 0);
	assert_int_equal(calls, 2);
	dxg_close(dxg);
}

static void impossible_submissions_never_reach_the_driver(void **state)
{
	struct dxg_submission none = submission, empty = submission, fat = submission;
	struct dxg *dxg = opened();

	(void)state;
	answer = success_and_nothing;
	none.commands = 0;
	empty.length = 0;
	fat.private_data_size = 130977;
	assert_int_equal(dxg_submit(dxg, HANDLE, &none), -EINVAL);
	assert_int_equal(dxg_submit(dxg, HANDLE, &empty), -EINVAL);
	assert_int_equal(dxg_submit(dxg, HANDLE, &fat), -EINVAL);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 1, &none), -EINVAL);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 1, &empty), -EINVAL);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 1, &fat), -EINVAL);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 0, &submission), -EINVAL);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, UINT64_MAX, &submission), -EINVAL);
	assert_int_equal(calls, 0);
	fat.private_data_size = 130976; /* what a message to a hardware queue holds; to a context, less */
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 1, &fat), 0);
	assert_int_equal(dxg_submit(dxg, HANDLE, &fat), -EINVAL);
	fat.private_data_size = 130648;
	assert_int_equal(dxg_submit(dxg, HANDLE, &fat), 0);
	assert_int_equal(calls, 2);
	dxg_close(dxg);
}

static void private_data_is_limited_by_the_message(void **state)
{
	static uint8_t data[131002];
	struct dxg_context_request request = {.private_data = data, .private_data_size = 131002};
	struct dxg *dxg = opened();
	struct dxg_hwqueue queue;
	d3dkmt_handle context;

	(void)state;
	answer = success_and_nothing;
	assert_int_equal(dxg_create_context(dxg, 7, &request, &context), -EINVAL);
	assert_int_equal(dxg_create_hwqueue(dxg, 7, 0, data, 130986, &queue), -EINVAL);
	assert_int_equal(calls, 0);
	request.private_data_size = 131001;
	assert_int_equal(dxg_create_context(dxg, 7, &request, &context), -EIO);
	assert_int_equal(dxg_create_hwqueue(dxg, 7, 0, data, 130985, &queue), -EIO);
	assert_int_equal(calls, 2);
	dxg_close(dxg);
}

typedef int (*fence_call)(struct dxg *dxg, d3dkmt_handle on, const d3dkmt_handle *fences,
			  const uint64_t *values, uint32_t count);

static const struct {
	fence_call call;
	unsigned long command;
} fence_calls[] = {
	{dxg_context_signal, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU},
	{dxg_context_wait, LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU},
	{dxg_hwqueue_signal, LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE},
	{dxg_hwqueue_wait, LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE},
	{dxg_signal_fences, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU},
};

static struct {
	unsigned long command;
	d3dkmt_handle on;
	uint32_t count;
	uint64_t fences, values;
	uint32_t flags;
} seen;

#define SEE(type, on_member, values_member)        \
	do {                                       \
		const struct type *args = arg;     \
		seen.on = args->on_member;         \
		seen.count = args->object_count;   \
		seen.fences = args->objects;       \
		seen.values = args->values_member; \
	} while (0)

static int look_at_fences(unsigned long command, void *arg)
{
	memset(&seen, 0, sizeof(seen));
	seen.command = command;
	if (command == LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU) {
		SEE(d3dkmt_signalsynchronizationobjectfromgpu, context, monitored_fence_values);
	} else if (command == LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU) {
		SEE(d3dkmt_waitforsynchronizationobjectfromgpu, context, monitored_fence_values);
	} else if (command == LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE) {
		SEE(d3dkmt_submitwaitforsyncobjectstohwqueue, hwqueue, fence_values);
	} else if (command == LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU) {
		SEE(d3dkmt_signalsynchronizationobjectfromcpu, device, fence_values);
		seen.flags = ((struct d3dkmt_signalsynchronizationobjectfromcpu *)arg)->flags;
	} else {
		const struct d3dkmt_submitsignalsyncobjectstohwqueue *args = arg;

		assert_int_equal(command, LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE);
		assert_int_equal(args->hwqueue_count, 1);
		seen.on = *(d3dkmt_handle *)u64_to_ptr(args->hwqueues);
		seen.count = args->object_count;
		seen.fences = args->objects;
		seen.values = args->fence_values;
		seen.flags = args->flags;
	}
	return 0;
}

static void each_fence_has_a_value_of_its_own(void **state)
{
	static const d3dkmt_handle fences[] = {HANDLE + 0x40, HANDLE + 0x80};
	static const uint64_t values[] = {5, UINT64_MAX - 1};
	struct dxg *dxg = opened();

	(void)state;
	answer = look_at_fences;
	for (size_t i = 0; i < ARRAY_SIZE(fence_calls); i++) {
		assert_int_equal(fence_calls[i].call(dxg, HANDLE, fences, values, 2), 0);
		assert_int_equal(seen.command, fence_calls[i].command);
		assert_int_equal(seen.on, HANDLE);
		assert_int_equal(seen.count, 2);
		assert_int_equal(seen.fences, ptr_to_u64(fences));
		assert_int_equal(seen.values, ptr_to_u64(values));
		assert_int_equal(seen.flags, 0);
	}
	dxg_close(dxg);
}

static void lists_that_the_driver_would_let_through_are_refused(void **state)
{
	d3dkmt_handle fences[33];
	struct dxg *dxg = opened();
	uint64_t values[33];

	(void)state;
	answer = look_at_fences;
	for (uint32_t i = 0; i < 33; i++) {
		fences[i] = HANDLE + 0x40 * i;
		values[i] = i;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fence_calls); i++) {
		fence_call call = fence_calls[i].call;

		calls = 0;
		assert_int_equal(call(dxg, HANDLE, fences, values, 0), -EINVAL);
		assert_int_equal(call(dxg, HANDLE, fences, values, 33), -EINVAL);
		assert_int_equal(call(dxg, HANDLE, NULL, values, 1), -EINVAL);
		assert_int_equal(call(dxg, HANDLE, fences, NULL, 1), -EINVAL);
		/* only the first of a list is looked at by the driver */
		fences[31] = 0;
		assert_int_equal(call(dxg, HANDLE, fences, values, 32), -EINVAL);
		fences[31] = HANDLE;
		values[31] = UINT64_MAX;
		assert_int_equal(call(dxg, HANDLE, fences, values, 32), -EINVAL);
		values[31] = 31;
		assert_int_equal(calls, 0);
		assert_int_equal(call(dxg, HANDLE, fences, values, 32), 0);
		assert_int_equal(calls, 1);
	}
	dxg_close(dxg);
}

static int gone(unsigned long command, void *arg)
{
	(void)command;
	(void)arg;
	return fail_with(ENODEV);
}

static void the_driver_s_errors_come_through(void **state)
{
	const d3dkmt_handle fence = HANDLE;
	const uint64_t value = 1;
	uint8_t data[64];
	struct dxg_context_request request = context_request(data);
	struct dxg *dxg = opened();
	struct dxg_hwqueue queue;
	d3dkmt_handle context;

	(void)state;
	answer = gone;
	for (size_t i = 0; i < ARRAY_SIZE(fence_calls); i++)
		assert_int_equal(fence_calls[i].call(dxg, HANDLE, &fence, &value, 1), -ENODEV);
	assert_int_equal(dxg_submit(dxg, HANDLE, &submission), -ENODEV);
	assert_int_equal(dxg_submit_to_hwqueue(dxg, HANDLE, 1, &submission), -ENODEV);
	assert_int_equal(dxg_create_context(dxg, HANDLE, &request, &context), -ENODEV);
	assert_int_equal(dxg_destroy_context(dxg, HANDLE), -ENODEV);
	assert_int_equal(dxg_create_hwqueue(dxg, HANDLE, 0, data, 64, &queue), -ENODEV);
	assert_int_equal(dxg_destroy_hwqueue(dxg, HANDLE), -ENODEV);
	dxg_close(dxg);
}

static struct dxg_call observed[8];
static unsigned observations;

static void observe(void *arg, const struct dxg_call *call)
{
	assert_ptr_equal(arg, &observations);
	assert_true(observations < ARRAY_SIZE(observed));
	observed[observations++] = *call;
}

static unsigned busy_left;

static int busy_then_refused(unsigned long command, void *arg)
{
	struct timespec t = {.tv_nsec = 1000000};

	(void)command;
	(void)arg;
	if (busy_left)
		return busy_left--, fail_with(EAGAIN);
	nanosleep(&t, NULL);
	return fail_with(ENOMEM);
}

static void the_observer_sees_each_call_once_before_and_after(void **state)
{
	struct dxg *dxg = opened();

	(void)state;
	observations = 0;
	dxg_observe(dxg, observe, &observations);
	answer = busy_then_refused;
	busy_left = 2;
	assert_int_equal(dxg_destroy_device(dxg, 7), -ENOMEM);
	assert_int_equal(calls, 3); /* the retries are inside one call */
	assert_int_equal(observations, 2);
	assert_string_equal(observed[0].name, "DESTROYDEVICE");
	assert_false(observed[0].done);
	assert_string_equal(observed[1].name, "DESTROYDEVICE");
	assert_true(observed[1].done);
	assert_int_equal(observed[1].result, -ENOMEM);
	assert_int_equal((uint32_t)observed[1].status, 0xc0000017);
	assert_in_range(observed[1].ns, 1000000, 60ULL * 1000000000);

	answer = a_submission;
	assert_int_equal(dxg_submit(dxg, HANDLE, &submission), 0);
	assert_int_equal(observations, 4);
	assert_string_equal(observed[3].name, "SUBMITCOMMAND");
	assert_int_equal(observed[3].result, 0x103);
	assert_int_equal(observed[3].status, 0);

	dxg_observe(dxg, NULL, NULL);
	assert_int_equal(dxg_submit(dxg, HANDLE, &submission), 0);
	assert_int_equal(observations, 4);
	dxg_close(dxg);
}

/* Against the driver's own list: name, command word, and more. */
static void every_ioctl_has_its_name(void **state)
{
	char line[256], name[64];
	unsigned long command;
	unsigned count = 0;
	FILE *csv = fopen(IOCTLS_CSV, "r");

	(void)state;
	assert_non_null(csv);
	assert_non_null(fgets(line, sizeof(line), csv)); /* the heading */
	while (fgets(line, sizeof(line), csv)) {
		const char *bare = name;

		assert_int_equal(sscanf(line, "%63[^,],%lx", name, &command), 2);
		bare += !strncmp(bare, "LX_DX", 5) ? 5 : 3;
		assert_string_equal(dxg_ioctl_name(command), bare);
		count++;
	}
	fclose(csv);
	assert_int_equal(count, 65);
	for (unsigned nr = 0; nr < 256; nr++)
		count -= strcmp(dxg_ioctl_name(_IO(DXG_IOCTL_MAGIC, nr)), "unknown") != 0;
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_comes_with_the_host_s_private_data),
		cmocka_unit_test(a_context_may_go_without_private_data),
		cmocka_unit_test(a_refused_context_leaves_the_data_alone),
		cmocka_unit_test(a_context_that_wrote_behind_its_data_is_given_back),
		cmocka_unit_test(a_hardware_queue_has_a_fence_that_can_be_read),
		cmocka_unit_test(half_a_hardware_queue_is_given_back),
		cmocka_unit_test(no_fence_is_mapped_while_future_mappings_are_locked),
		cmocka_unit_test(a_submission_says_the_same_in_both_forms),
		cmocka_unit_test(impossible_submissions_never_reach_the_driver),
		cmocka_unit_test(private_data_is_limited_by_the_message),
		cmocka_unit_test(each_fence_has_a_value_of_its_own),
		cmocka_unit_test(lists_that_the_driver_would_let_through_are_refused),
		cmocka_unit_test(the_driver_s_errors_come_through),
		cmocka_unit_test(the_observer_sees_each_call_once_before_and_after),
		cmocka_unit_test(every_ioctl_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
