// SPDX-License-Identifier: MIT
/* The simulated scheduler: order of jobs, waits and signals in contexts and hardware queues; what is refused. */
#include "dxgsim_vidsch_guest.h"

#include <pthread.h>

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws"

static void a_job_of_a_context_runs_and_then_its_signal(void **state)
{
	d3dkmt_handle context, fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	context = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	commands = guest_write(guest_data(0), 0xcafe, &bytes);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(context, fence, 1), 0);
	assert_true(guest_wait(fence, 1));
	assert_int_equal(guest_value(0), 0xcafe);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_hardware_queue_counts_its_jobs(void **state)
{
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	for (uint32_t i = 0; i < 20; i++) {
		commands = guest_write(guest_data(i), i + 1, &bytes);
		assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	}
	assert_true(guest_wait(queue.progress, 20));
	assert_int_equal(guest_fence_value(queue.page), 20);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(guest_value(i), i + 1);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* The first writes 1, the second waits for it on the scheduler and writes 2 over it. */
static void a_wait_orders_two_contexts(void **state)
{
	d3dkmt_handle first, second, before, after;
	uint64_t one, two;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	first = guest_context(0);
	second = guest_context(0);
	before = guest_fence(0, 0, NULL);
	after = guest_fence(0, 0, NULL);
	one = guest_write(guest_data(0), 1, &bytes);
	two = guest_write(guest_data(0), 2, &bytes);
	assert_int_equal(guest_gpu_wait(second, before, 7), 0);
	assert_int_equal(guest_submit(second, two, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(second, after, 1), 0);
	assert_int_equal(guest_submit(first, one, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(first, before, 7), 0);
	assert_true(guest_wait(after, 1));
	assert_int_equal(guest_value(0), 2);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_wait_holds_its_own_queue_alone(void **state)
{
	struct guest_queue held, other;
	uint64_t one, two;
	d3dkmt_handle fence;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&held);
	guest_queue(&other);
	fence = guest_fence(0, 0, NULL);
	one = guest_write(guest_data(0), 1, &bytes);
	two = guest_write(guest_data(1), 2, &bytes);
	assert_int_equal(guest_gpu_wait(held.hwqueue, fence, 1), 0);
	assert_int_equal(guest_submit_hw(&held, one, bytes), 0);
	assert_int_equal(guest_submit_hw(&other, two, bytes), 0);
	assert_true(guest_wait(other.progress, 1));
	assert_int_equal(guest_value(1), 2);
	assert_int_equal(guest_fence_value(held.page), 0);
	assert_int_equal(guest_value(0), 0);
	assert_int_equal(guest_cpu_signal(fence, 1), 0);
	assert_true(guest_wait(held.progress, 1));
	assert_int_equal(guest_value(0), 1);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void queues_wait_for_progress_and_paging_fences(void **state)
{
	struct guest_queue first, second;
	uint64_t one, two;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&first);
	guest_queue(&second);
	one = guest_write(guest_data(0), 1, &bytes);
	two = guest_write(guest_data(0), 2, &bytes);
	assert_int_equal(guest_gpu_wait(second.hwqueue, guest.paging_fence, 0), 0);
	assert_int_equal(guest_gpu_wait(second.hwqueue, first.progress, 1), 0);
	assert_int_equal(guest_submit_hw(&second, two, bytes), 0);
	assert_int_equal(guest_submit_hw(&first, one, bytes), 0);
	assert_true(guest_wait(second.progress, 1));
	assert_int_equal(guest_value(0), 2);
	/* nobody but the host moves it, and no queue waits for what it has not been given */
	assert_int_not_equal(guest_cpu_signal(first.progress, 9), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_gpu_signal(second.hwqueue, first.progress, 9), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_gpu_signal(second.hwqueue, guest.paging_fence, 9), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_gpu_wait(first.hwqueue, first.progress, 9), 0);
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void an_event_comes_after_what_was_queued_before_it(void **state)
{
	d3dkmt_handle context, fence;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	context = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	commands = guest_write(guest_data(3), 3, &bytes);
	assert_int_equal(guest_gpu_wait(context, fence, 1), 0);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_cpu_event(context, 5), 0);
	assert_int_equal(guest_value(3), 0);
	assert_int_equal(guest_cpu_signal(fence, 1), 0);
	assert_true(guest_wait_event(5));
	assert_int_equal(guest_value(3), 3);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* A destroyed fence is gone for the program, not for what was queued with it. */
static void queued_work_keeps_its_fences(void **state)
{
	struct host_destroy_sync_object destroy;
	d3dkmt_handle context, fence, done;

	(void)state;
	guest_start(SOFTWARE);
	context = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	done = guest_fence(0, 0, NULL);
	assert_int_equal(guest_gpu_wait(context, fence, 1), 0);
	assert_int_equal(guest_gpu_signal(context, done, 1), 0);
	destroy.sync_object = fence;
	assert_int_equal(guest_send(HOST_DESTROYSYNCOBJECT, &destroy, NULL), 0);
	assert_int_not_equal(guest_cpu_signal(fence, 1), 0);
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void engines_run_beside_each_other(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle other;
	uint64_t wait, commands;
	uint32_t wait_bytes, bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	/* a job that waits for memory holds compute 0, while compute 1 goes on */
	other = guest_context_on(2, 0);
	assert_int_not_equal(other, 0);
	wait = guest_wait_memory(guest_data(0), 1, &wait_bytes);
	commands = guest_write(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, wait, wait_bytes), 0);
	assert_int_equal(guest_submit(other, commands, bytes, 0), 0);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void the_gpu_reads_fences_and_host_memory(void **state)
{
	uint64_t wait, gpu_va;
	struct guest_queue queue;
	d3dkmt_handle fence;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	fence = guest_fence(0, 0, &gpu_va);
	wait = guest_wait_memory(gpu_va, 4, &bytes);
	assert_int_equal(guest_submit_hw(&queue, wait, bytes), 0);
	assert_int_equal(guest_cpu_signal(fence, 4), 0);
	assert_true(guest_wait(queue.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void the_urgent_context_goes_first(void **state)
{
	struct host_set_context_priority request = {.priority = 7};
	struct host_get_context_priority get;
	struct host_get_context_priority_reply got = {0};
	d3dkmt_handle slow, quick, gate, done, quick_done;
	uint64_t one, two;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	slow = guest_context(0);
	quick = guest_context(0);
	gate = guest_fence(0, 0, NULL);
	done = guest_fence(0, 0, NULL);
	quick_done = guest_fence(0, 0, NULL);
	request.context = quick;
	assert_int_equal(guest_send(HOST_SETCONTEXTSCHEDULINGPRIORITY, &request, NULL), 0);
	get = (struct host_get_context_priority){.context = quick};
	assert_int_equal(guest_send(HOST_GETCONTEXTSCHEDULINGPRIORITY, &get, &got), 0);
	assert_int_equal(got.priority, 7);
	request.priority = 8;
	assert_int_not_equal(guest_send(HOST_SETCONTEXTSCHEDULINGPRIORITY, &request, NULL), 0);
	one = guest_write(guest_data(0), 1, &bytes);
	two = guest_write(guest_data(0), 2, &bytes);
	/* both become ready at once; what the urgent one wrote is written over by the other */
	assert_int_equal(guest_gpu_wait(slow, gate, 1), 0);
	assert_int_equal(guest_gpu_wait(quick, gate, 1), 0);
	assert_int_equal(guest_submit(slow, one, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(slow, done, 1), 0);
	assert_int_equal(guest_submit(quick, two, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(quick, quick_done, 1), 0);
	assert_int_equal(guest_cpu_signal(gate, 1), 0);
	assert_true(guest_wait(done, 1));
	assert_true(guest_wait(quick_done, 1));
	assert_int_equal(guest_value(0), 1);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* Each of these is a mistake of the program, refused and told. */
static void wrong_calls_are_refused(void **state)
{
	const uint32_t hw = D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED;
	const uint32_t exempt = D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT;
	struct guest_queue queue, none;
	d3dkmt_handle software;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	software = guest_context(0);
	commands = guest_write(guest_data(0), 1, &bytes);
	assert_int_equal(guest_misuse(), 0);

	assert_int_equal(guest_context_on(7, 0), 0); /* no such node */
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(guest_context_on(2, hw), 0); /* compute 1 has no hardware queues */
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(guest_context_on(3, exempt), 0); /* SDMA is not in the timeout mask */
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(guest_context(1), 0); /* NullRendering */
	assert_int_equal(guest_misuse(), 1);
	guest.hint = 99; /* Windows knows no such client */
	assert_int_equal(guest_context(0), 0);
	assert_int_equal(guest_misuse(), 1);
	guest.hint = 3;
	assert_int_not_equal(guest_context(exempt), 0);
	assert_int_not_equal(guest_hwqueue(software, 0, &none), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_hwqueue(queue.context, 2, &none), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit(queue.context, commands, bytes, 0), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit(queue.hwqueue, commands, bytes, 0), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_gpu_wait(queue.context, queue.progress, 0), 0);
	assert_int_equal(guest_misuse(), 1);
	queue.last = 1; /* an id is left out */
	assert_int_not_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_misuse(), 1);
	queue.last = 0;
	assert_int_not_equal(guest_submit_hw(&queue, commands + 32, bytes), 0); /* 256 */
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit_hw(&queue, commands, bytes - 4), 0); /* 32 */
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit_hw(&queue, commands, 4u << 20), 0); /* 20 bits of dwords */
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit(software, commands, bytes, queue.context), 0); /* no allocation */
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit(software, commands, bytes, guest.allocation), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_not_equal(guest_submit(software, commands, bytes, guest_user_queue(4, true)), 0);
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_true(guest_wait(queue.progress, 1));
	guest_finish();
}

static int32_t signal_with(uint32_t flags, d3dkmt_handle context, d3dkmt_handle fence, uint64_t value)
{
	struct host_signal_sync_object request = {.flags = flags,
						  .object_count = 1,
						  .objects = &fence,
						  .context_count = context ? 1 : 0,
						  .contexts = &context,
						  .device = guest.device,
						  .fence_value_count = 1,
						  .fence_values = &value};

	return guest_send(HOST_SIGNALSYNCOBJECT, &request, NULL);
}

/* Unless told to; who waits for a value that was there would wait for ever. */
static void a_fence_does_not_go_back(void **state)
{
	const uint32_t rewind = D3DDDICB_SIGNALFLAGS_ALLOW_FENCE_REWIND;
	d3dkmt_handle context, fence, done;

	(void)state;
	guest_start(SOFTWARE);
	context = guest_context(0);
	fence = guest_fence(7, 0, NULL);
	done = guest_fence(0, 0, NULL);
	assert_int_equal(guest_cpu_signal(fence, 7), 0);
	assert_int_equal(guest_misuse(), 0);
	assert_int_equal(guest_cpu_signal(fence, 6), HOST_STATUS_INVALID_PARAMETER);
	assert_true(guest_reported("from 7 back to 6"));
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(guest_gpu_signal(context, fence, 5), 0);
	assert_int_equal(guest_gpu_signal(context, done, 1), 0);
	assert_true(guest_wait(done, 1));
	assert_true(guest_reported("from 7 back to 5"));
	assert_int_equal(guest_misuse(), 1);
	assert_true(guest_wait(fence, 7));
	assert_int_equal(signal_with(rewind, 0, fence, 3), 0);
	assert_int_equal(signal_with(rewind, context, fence, 2), 0);
	assert_int_equal(guest_gpu_signal(context, done, 2), 0);
	assert_true(guest_wait(done, 2));
	assert_int_equal(guest_cpu_signal(fence, 3), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void the_cpu_signals_with_flags_that_mean_something_there(void **state)
{
	d3dkmt_handle fence;

	(void)state;
	guest_start(SOFTWARE);
	fence = guest_fence(0, 0, NULL);
	assert_int_equal(signal_with(8, 0, fence, 1), HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(signal_with(D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT, 0, fence, 1),
			 HOST_STATUS_INVALID_PARAMETER);
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* What queued work would still have told is lost with it. */
static void unfinished_waits_and_signals_are_told(void **state)
{
	struct host_destroy_context destroy;
	d3dkmt_handle fence;

	(void)state;
	guest_start(SOFTWARE);
	destroy.context = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	assert_int_equal(guest_gpu_wait(destroy.context, fence, 1), 0);
	assert_int_equal(guest_gpu_signal(destroy.context, fence, 2), 0);
	assert_int_equal(guest_send(HOST_DESTROYCONTEXT, &destroy, NULL), 0);
	assert_true(guest_reported("2 waits and signals unfinished"));
	guest_finish();
}

static void destroyed_things_take_no_work(void **state)
{
	struct host_destroy_hwqueue destroy_queue;
	struct host_destroy_context destroy;
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	destroy_queue.hwqueue = queue.hwqueue;
	assert_int_equal(guest_send(HOST_DESTROYHWQUEUE, &destroy_queue, NULL), 0);
	assert_true(guest_reported("1 jobs unfinished"));
	assert_int_equal(guest_misuse(), 0);
	assert_int_not_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_not_equal(guest_send(HOST_DESTROYHWQUEUE, &destroy_queue, NULL), 0);
	assert_int_equal(guest_misuse(), 2);
	/* the engine is free again */
	assert_int_equal(guest_hwqueue(queue.context, 0, &queue), 0);
	commands = guest_write(guest_data(1), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_true(guest_wait(queue.progress, 1));
	destroy.context = queue.context;
	assert_int_equal(guest_send(HOST_DESTROYCONTEXT, &destroy, NULL), 0);
	assert_int_equal(guest_misuse(), 0);
	assert_int_not_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void a_process_may_end_amid_work(void **state)
{
	struct host_flush_device flush = {.reason = HOST_FLUSH_DEVICE_TERMINATE};
	struct guest_queue queue;
	d3dkmt_handle context;
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	context = guest_context(0);
	commands = guest_wait_memory(guest_data(0), 1, &bytes);
	assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_cpu_event(context, 9), 0);
	flush.device = guest.device;
	assert_int_equal(guest_send(HOST_FLUSHDEVICE, &flush, NULL), 0);
	assert_true(guest_wait_event(9));
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

#define ROUNDS 300

struct submitter {
	struct guest_queue queue;
	uint64_t commands;
	uint32_t bytes;
	int32_t status;
};

static void *submit_many(void *arg)
{
	struct submitter *submitter = arg;

	for (int i = 0; i < ROUNDS && !submitter->status; i++)
		submitter->status = guest_submit_hw(&submitter->queue, submitter->commands, submitter->bytes);
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct guest_queue queue;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		struct host_destroy_context destroy;

		guest_queue(&queue);
		destroy.context = queue.context;
		guest_send(HOST_DESTROYCONTEXT, &destroy, NULL);
	}
	return NULL;
}

static void threads_may_submit_at_once(void **state)
{
	struct submitter submitters[2] = {0};
	pthread_t threads[3];

	(void)state;
	guest_start(HARDWARE);
	for (uint32_t i = 0; i < 2; i++) {
		guest_queue(&submitters[i].queue);
		submitters[i].commands = guest_write(guest_data(i), i + 1, &submitters[i].bytes);
	}
	for (uint32_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &submitters[i]), 0);
	assert_int_equal(pthread_create(&threads[2], NULL, come_and_go, NULL), 0);
	for (uint32_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(submitters[i].status, 0);
		assert_true(guest_wait(submitters[i].queue.progress, ROUNDS));
		assert_int_equal(guest_fence_value(submitters[i].queue.page), ROUNDS);
		assert_int_equal(guest_value(i), i + 1);
	}
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_of_a_context_runs_and_then_its_signal),
		cmocka_unit_test(a_hardware_queue_counts_its_jobs),
		cmocka_unit_test(a_wait_orders_two_contexts),
		cmocka_unit_test(a_wait_holds_its_own_queue_alone),
		cmocka_unit_test(queues_wait_for_progress_and_paging_fences),
		cmocka_unit_test(an_event_comes_after_what_was_queued_before_it),
		cmocka_unit_test(queued_work_keeps_its_fences),
		cmocka_unit_test(engines_run_beside_each_other),
		cmocka_unit_test(the_gpu_reads_fences_and_host_memory),
		cmocka_unit_test(the_urgent_context_goes_first),
		cmocka_unit_test(wrong_calls_are_refused),
		cmocka_unit_test(a_fence_does_not_go_back),
		cmocka_unit_test(the_cpu_signals_with_flags_that_mean_something_there),
		cmocka_unit_test(unfinished_waits_and_signals_are_told),
		cmocka_unit_test(destroyed_things_take_no_work),
		cmocka_unit_test(a_process_may_end_amid_work),
		cmocka_unit_test(threads_may_submit_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
