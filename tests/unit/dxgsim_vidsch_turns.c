// SPDX-License-Identifier: MIT
/* Who runs when on an engine of the simulated GPU: hardware queues, contexts, priorities, SDMA; and how it is counted. */
#include "dxgsim_vidsch_guest.h"
#include "guest_job.h"

#include <poll.h>
#include <string.h>
#include <time.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/vidsch.h"

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws"
#define COPY_0	 4u /* scheduler id */

static int32_t submit(d3dkmt_handle context, const struct job *job, d3dkmt_handle fence, uint64_t value)
{
	uint32_t bytes;
	uint64_t commands = guest_words(job->words, job->count, &bytes);
	int32_t status = guest_submit(context, commands, bytes, 0);

	return status ? status : guest_gpu_signal(context, fence, value);
}

static int32_t submit_hw(struct guest_queue *queue, const struct job *job)
{
	uint32_t bytes;
	uint64_t commands = guest_words(job->words, job->count, &bytes);

	return guest_submit_hw(queue, commands, bytes);
}

static void set_priority(d3dkmt_handle context, int32_t priority)
{
	struct host_set_context_priority request = {.context = context, .priority = priority};

	assert_int_equal(guest_send(HOST_SETCONTEXTSCHEDULINGPRIORITY, &request, NULL), 0);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool becomes(uint32_t index, uint32_t value)
{
	for (int i = 0; i < 10000 && guest_value(index) != value; i++)
		poll(NULL, 0, 1);
	return guest_value(index) == value;
}

/* ---- hardware queues ---- */

/* The consumer never yields, and was there first; all of the producers are on its engine. */
static void a_waiting_hardware_queue_stops_no_other(void **state)
{
	struct guest_queue consumer, producers[6];
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=60000");
	guest_queue(&consumer);
	for (uint32_t i = 0; i < 6; i++)
		job_add_wait(&job, guest_data(i), i + 1);
	job_add_write(&job, guest_data(100), 1);
	assert_int_equal(submit_hw(&consumer, &job), 0);
	for (uint32_t i = 0; i < 6; i++) {
		guest_queue(&producers[i]);
		job = (struct job){0};
		job_add_wait(&job, guest_data(5 - i + 1), 5 - i == 5 ? 0 : 5 - i + 2);
		job_add_write(&job, guest_data(5 - i), 5 - i + 1);
		assert_int_equal(submit_hw(&producers[i], &job), 0);
	}
	assert_true(guest_wait(consumer.progress, 1));
	assert_int_equal(guest_value(100), 1);
	for (uint32_t i = 0; i < 6; i++)
		assert_true(guest_wait(producers[i].progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* Several queues of one context are no different. */
static void queues_of_one_context_run_beside_each_other(void **state)
{
	struct guest_queue first, second;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=60000");
	guest_queue(&first);
	assert_int_equal(guest_hwqueue(first.context, 0, &second), 0);
	job_add_wait(&job, guest_data(0), 1);
	assert_int_equal(submit_hw(&first, &job), 0);
	job = (struct job){0};
	job_add_write(&job, guest_data(0), 1);
	assert_int_equal(submit_hw(&second, &job), 0);
	assert_true(guest_wait(first.progress, 1));
	assert_true(guest_wait(second.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void each_hardware_queue_has_its_own_limit(void **state)
{
	struct guest_queue waits, works;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=150");
	guest_queue(&waits);
	guest_queue(&works);
	job_add_wait(&job, guest_data(0), 1);
	assert_int_equal(submit_hw(&waits, &job), 0);
	job = (struct job){0};
	job_add_write(&job, guest_data(1), 1);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(submit_hw(&works, &job), 0);
		assert_true(guest_wait(works.progress, i + 1));
		guest.used = 0x1000;
	}
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("GPU timeout: job 1 of hardware queue"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* ---- contexts ---- */

/* Of one process and one urgency: job after job, whatever the first one waits for. */
static void contexts_take_turns_between_jobs(void **state)
{
	d3dkmt_handle first, second, done;
	struct job job = {0};

	(void)state;
	guest_start(SOFTWARE ",timeout-ms=60000");
	first = guest_context(0);
	second = guest_context(0);
	done = guest_fence(0, 0, NULL);
	job_add_write(&job, guest_data(9), 1);
	job_add_wait(&job, guest_data(0), 1);
	assert_int_equal(submit(first, &job, guest_fence(0, 0, NULL), 1), 0);
	assert_true(becomes(9, 1));
	job = (struct job){0};
	job_add_write(&job, guest_data(1), 1);
	assert_int_equal(submit(second, &job, done, 1), 0);
	poll(NULL, 0, 100);
	assert_int_equal(guest_value(1), 0);
	guest_set_value(0, 1);
	assert_true(guest_wait(done, 1));
	assert_int_equal(guest_value(1), 1);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* A job gives way where it can: before its first packet and behind a dispatch. */
static void a_job_yields_to_a_more_urgent_context(void **state)
{
	d3dkmt_handle slow, urgent, slow_done, urgent_done;
	struct vidsch_counters counters;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=60000");
	slow = guest_context(0);
	urgent = guest_context(0);
	set_priority(urgent, 5);
	slow_done = guest_fence(0, 0, NULL);
	urgent_done = guest_fence(0, 0, NULL);
	job_add_wait(&job, guest_data(0), 1);
	job_add_write(&job, guest_data(2), 1);
	assert_int_equal(submit(slow, &job, slow_done, 1), 0);
	assert_true(guest_wait_running());
	job = (struct job){0};
	job_add_write(&job, guest_data(1), 1);
	assert_int_equal(submit(urgent, &job, urgent_done, 1), 0);
	assert_true(guest_wait(urgent_done, 1));
	assert_int_equal(guest_value(2), 0);
	guest_set_value(0, 1);
	assert_true(guest_wait(slow_done, 1));
	assert_int_equal(guest_value(2), 1);
	assert_true(host_model_gpu(guest.model, 0, guest.node, &counters));
	assert_int_equal(counters.gpu.preemptions, 1);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* A wait in the middle is no place to be preempted at. */
static void a_job_that_cannot_yield_is_a_timeout(void **state)
{
	d3dkmt_handle slow, urgent, fence;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=100");
	slow = guest_context(D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT);
	urgent = guest_context(0);
	fence = guest_fence(0, 0, NULL);
	set_priority(urgent, 5);
	job_add_write(&job, guest_data(9), 1);
	job_add_wait(&job, guest_data(0), 1);
	assert_int_equal(submit(slow, &job, fence, 1), 0);
	assert_true(becomes(9, 1));
	poll(NULL, 0, 200);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	job = (struct job){0};
	job_add_write(&job, guest_data(1), 1);
	assert_int_equal(submit(urgent, &job, guest_fence(0, 0, NULL), 1), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("that another context wanted"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* Three kernels one after the other; who is more urgent comes between them, when two are still to come. */
static void preempt_between_kernels(const char *spec, bool gfx11, bool again)
{
	d3dkmt_handle slow, urgent, slow_done, urgent_done;
	struct job job = {0};

	guest_start(spec);
	job_put_kernel(&guest, gfx11);
	slow = guest_context(0);
	urgent = guest_context(0);
	set_priority(urgent, 5);
	slow_done = guest_fence(0, 0, NULL);
	urgent_done = guest_fence(0, 0, NULL);
	for (uint32_t i = 0; i < 3; i++) {
		if (again || !i)
			job_add_registers(&job, gfx11);
		job_add_dispatch(&job);
		job_add_drain(&job);
		job_add_write(&job, guest_data(2), i + 1);
	}
	assert_int_equal(submit(slow, &job, slow_done, 1), 0);
	assert_true(guest_wait_running());
	job = (struct job){0};
	job_add_write(&job, guest_data(1), 1);
	assert_int_equal(submit(urgent, &job, urgent_done, 1), 0);
	assert_true(guest_wait(urgent_done, 1));
	assert_in_range(guest_value(2), 0, 2);
	assert_true(guest_wait(slow_done, 1));
}

static void registers_outlive_a_preemption_where_firmware_keeps_them(void **state)
{
	(void)state;
	preempt_between_kernels(HARDWARE ",dispatch-us=100000", true, false);
	assert_int_equal(guest_value(2), 3);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void registers_written_again_outlive_it_everywhere(void **state)
{
	(void)state;
	preempt_between_kernels(SOFTWARE ",dispatch-us=100000", false, true);
	assert_int_equal(guest_value(2), 3);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* ---- time ---- */

static void kernels_take_the_time_they_are_given(void **state)
{
	struct guest_queue queue;
	struct job job = {0};
	uint64_t start;

	(void)state;
	guest_start(HARDWARE ",dispatch-us=60000");
	job_put_kernel(&guest, true);
	guest_queue(&queue);
	job_add_registers(&job, true);
	for (uint32_t i = 0; i < 2; i++) {
		job_add_dispatch(&job);
		job_add_drain(&job);
	}
	start = now_ms();
	assert_int_equal(submit_hw(&queue, &job), 0);
	assert_true(guest_wait(queue.progress, 1));
	assert_true(now_ms() - start >= 120);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* What counts is the submission, not the kernel. */
static void a_submission_of_many_kernels_is_a_timeout(void **state)
{
	struct guest_queue queue;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",dispatch-us=40000,timeout-ms=100");
	job_put_kernel(&guest, true);
	guest_queue(&queue);
	job_add_registers(&job, true);
	for (uint32_t i = 0; i < 10; i++) {
		job_add_dispatch(&job);
		job_add_drain(&job);
	}
	assert_int_equal(submit_hw(&queue, &job), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("GPU timeout"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

static void many_submissions_of_one_kernel_are_none(void **state)
{
	struct guest_queue queue;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",dispatch-us=40000,timeout-ms=100");
	job_put_kernel(&guest, true);
	guest_queue(&queue);
	job_add_registers(&job, true);
	job_add_dispatch(&job);
	job_add_drain(&job);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(submit_hw(&queue, &job), 0);
	assert_true(guest_wait(queue.progress, 10));
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* ---- forgotten cache actions ---- */

static void strict_hosts_report_what_was_forgotten(void **state)
{
	struct guest_queue queue;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",strict=acquire");
	job_put_kernel(&guest, true);
	guest_queue(&queue);
	job_add_registers(&job, true);
	job_add_dispatch(&job);
	job_add_drain(&job);
	assert_int_equal(submit_hw(&queue, &job), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("DISPATCH_DIRECT"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
	guest_start(HARDWARE ",dispatch-us=1000,strict=release");
	job_put_kernel(&guest, true);
	guest_queue(&queue);
	job = (struct job){0};
	job_add_registers(&job, true);
	job_add_dispatch(&job);
	job_add_write(&job, guest_data(0), 1);
	assert_int_equal(submit_hw(&queue, &job), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("WRITE_DATA"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* ---- SDMA ---- */

static uint32_t copy_node(const char *spec)
{
	return strstr(spec, "rx6800") ? 4 : 3;
}

/* As the functional probe does: three words, a fence, zeros to the end. */
static void add_sdma_probe(struct job *job)
{
	ADD(job, 2, LO(guest_data(0)), HI(guest_data(0)), 2, 0x600dda7a, 0x9ff22585, 1);
	ADD(job, 5, LO(guest_data(8)), HI(guest_data(8)), 77, 0, 0, 0, 0, 0);
}

static void assert_probed(void)
{
	assert_int_equal(guest_value(0), 0x600dda7a);
	assert_int_equal(guest_value(1), 0x9ff22585);
	assert_int_equal(guest_value(2), 1);
	assert_int_equal(guest_value(3), 0);
	assert_int_equal(guest_value(8), 77);
	assert_int_equal(guest_misuse(), 0);
	memset(guest.memory + GUEST_DATA, 0, 0x100);
}

/* guest_words() pads as for PM4, SDMA has NOPs of its own. */
static uint64_t sdma_words(const struct job *job, uint32_t *bytes)
{
	uint64_t commands = guest_words(job->words, job->count, bytes);
	uint8_t *start = guest.memory + (commands - GUEST_BASE);

	memset(start + job->count * 4, 0, *bytes - job->count * 4);
	return commands;
}

static void sdma_runs_on_every_rung(void **state)
{
	static const char *const specs[] = {SOFTWARE, HARDWARE, SOFTWARE ",user-queue=required", "radeon680m",
					    "rx9070xt,hws"};

	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct job job = {0};
		d3dkmt_handle context, fence, ring = 0;
		struct guest_queue queue = {0};
		struct fixture_error error;
		struct fixture *fixture;
		uint32_t node = 0, bytes;
		uint64_t commands;

		assert_int_equal(fixture_load(specs[i], ADAPTERS, &fixture, &error), 0);
		while (fixture->engines[node].scheduler_id != COPY_0)
			node++;
		guest_start(specs[i]);
		add_sdma_probe(&job);
		if (fixture_hws_mask(fixture) >> node & 1) {
			queue.context = guest_context_on(node, D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);
			assert_int_equal(guest_hwqueue(queue.context, 0, &queue), 0);
			commands = sdma_words(&job, &bytes);
			assert_int_equal(guest_submit_hw(&queue, commands, bytes), 0);
			assert_true(guest_wait(queue.progress, 1));
			assert_probed();
		}
		if (fixture->user_queue_required)
			ring = guest_user_queue(COPY_0, true);
		context = guest_context_on(node, 0);
		fence = guest_fence(0, 0, NULL);
		commands = sdma_words(&job, &bytes);
		assert_int_equal(guest_submit(context, commands, bytes, ring), 0);
		assert_int_equal(guest_gpu_signal(context, fence, 1), 0);
		assert_true(guest_wait(fence, 1));
		assert_probed();
		guest_finish();
		fixture_free(fixture);
	}
}

/* The CPU writes, SDMA copies, and again: no packet says a word about caches, for the driver does it. */
static void sdma_sees_what_the_cpu_wrote(void **state)
{
	d3dkmt_handle context, fence;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	context = guest_context_on(copy_node(SOFTWARE), 0);
	fence = guest_fence(0, 0, NULL);
	ADD(&job, 1, 15, 0, LO(guest_data(0)), HI(guest_data(0)), LO(guest_data(64)), HI(guest_data(64)));
	commands = sdma_words(&job, &bytes);
	for (uint32_t i = 1; i <= 10; i++) {
		guest_set_value(0, i);
		assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
		assert_int_equal(guest_gpu_signal(context, fence, i), 0);
		assert_true(guest_wait(fence, i));
		assert_int_equal(guest_value(64), i);
	}
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* ... and what a compute engine left in the L2. */
static void sdma_sees_what_is_in_the_l2(void **state)
{
	d3dkmt_handle compute, copy, first, second;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	compute = guest_context(0);
	copy = guest_context_on(copy_node(SOFTWARE), 0);
	first = guest_fence(0, 0, NULL);
	second = guest_fence(0, 0, NULL);
	ADD(&job, 0xc0033700, 0x00100500, LO(guest_data(0)), HI(guest_data(0)), 0x1234);
	assert_int_equal(submit(compute, &job, first, 1), 0);
	job = (struct job){0};
	ADD(&job, 1, 3, 0, LO(guest_data(0)), HI(guest_data(0)), LO(guest_data(64)), HI(guest_data(64)));
	commands = sdma_words(&job, &bytes);
	assert_int_equal(guest_gpu_wait(copy, first, 1), 0);
	assert_int_equal(guest_submit(copy, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(copy, second, 1), 0);
	assert_true(guest_wait(second, 1));
	assert_int_equal(guest_value(64), 0x1234);
	guest_finish();
}

/* It takes the simulator longer than the limit, but no hardware. */
static void a_large_copy_is_no_timeout(void **state)
{
	d3dkmt_handle context, fence;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE ",timeout-ms=1");
	context = guest_context_on(copy_node(SOFTWARE), 0);
	fence = guest_fence(0, 0, NULL);
	for (uint32_t i = 0; i < 70; i++)
		ADD(&job, 1, 0x6fff, 0, LO(GUEST_BASE), HI(GUEST_BASE), LO(GUEST_BASE + 0x8000),
		    HI(GUEST_BASE + 0x8000));
	commands = sdma_words(&job, &bytes);
	for (uint32_t i = 1; i <= 10; i++) {
		assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
		assert_int_equal(guest_gpu_signal(context, fence, i), 0);
	}
	assert_true(guest_wait(fence, 10));
	assert_memory_equal(guest.memory, guest.memory + 0x8000, 0x7000);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_poll_of_sdma_holds_its_engine_alone(void **state)
{
	d3dkmt_handle copy, compute, copied, computed;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	copy = guest_context_on(copy_node(SOFTWARE), 0);
	compute = guest_context(0);
	copied = guest_fence(0, 0, NULL);
	computed = guest_fence(0, 0, NULL);
	ADD(&job, 0xb0000008, LO(guest_data(0)), HI(guest_data(0)), 1, ~0u, 0x0fff0004);
	commands = sdma_words(&job, &bytes);
	assert_int_equal(guest_submit(copy, commands, bytes, 0), 0);
	assert_int_equal(guest_gpu_signal(copy, copied, 1), 0);
	job = (struct job){0};
	job_add_write(&job, guest_data(1), 1);
	assert_int_equal(submit(compute, &job, computed, 1), 0);
	assert_true(guest_wait(computed, 1));
	job = (struct job){0};
	job_add_write(&job, guest_data(0), 1);
	assert_int_equal(submit(compute, &job, computed, 2), 0);
	assert_true(guest_wait(copied, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void a_bad_sdma_packet_hangs_the_device(void **state)
{
	d3dkmt_handle context;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	guest_start(SOFTWARE);
	context = guest_context_on(copy_node(SOFTWARE), 0);
	ADD(&job, 0xf000000e, 0x1234, 1);
	commands = sdma_words(&job, &bytes);
	assert_int_equal(guest_submit(context, commands, bytes, 0), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("(Copy 0)"));
	assert_true(guest_reported("SRBM_WRITE at +0x0: only for the kernel driver's queues"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* ---- counting ---- */

static void everything_is_counted(void **state)
{
	struct vidsch_counters counters;
	struct host_destroy_context destroy;
	struct guest_queue queue;
	struct job job = {0};
	uint64_t bytes;

	(void)state;
	guest_start(HARDWARE);
	job_put_kernel(&guest, true);
	guest_queue(&queue);
	job_add_registers(&job, true);
	job_add_dispatch(&job);
	job_add_dispatch(&job);
	job_add_drain(&job);
	bytes = (job.count * 4 + 31) / 32 * 32;
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(submit_hw(&queue, &job), 0);
	assert_true(guest_wait(queue.progress, 3));
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(host_model_gpu(guest.model, 0, guest.node, &counters));
		assert_int_equal(counters.jobs, 3);
		assert_int_equal(counters.bytes, 3 * bytes);
		assert_int_equal(counters.gpu.dispatches, 6);
		/* the padding is of packets too */
		assert_int_equal(counters.gpu.packets, 3 * (10 + bytes / 4 - job.count));
		assert_true(host_model_gpu(guest.model, 0, guest.node + 1, &counters));
		assert_int_equal(counters.jobs, 0);
		/* also when the queue is no more */
		if (!i) {
			destroy.context = queue.context;
			assert_int_equal(guest_send(HOST_DESTROYCONTEXT, &destroy, NULL), 0);
		}
	}
	assert_false(host_model_gpu(guest.model, 0, FIXTURE_MAX_ENGINES, &counters));
	assert_false(host_model_gpu(guest.model, 1, 0, &counters));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_waiting_hardware_queue_stops_no_other),
		cmocka_unit_test(queues_of_one_context_run_beside_each_other),
		cmocka_unit_test(each_hardware_queue_has_its_own_limit),
		cmocka_unit_test(contexts_take_turns_between_jobs),
		cmocka_unit_test(a_job_yields_to_a_more_urgent_context),
		cmocka_unit_test(a_job_that_cannot_yield_is_a_timeout),
		cmocka_unit_test(registers_outlive_a_preemption_where_firmware_keeps_them),
		cmocka_unit_test(registers_written_again_outlive_it_everywhere),
		cmocka_unit_test(kernels_take_the_time_they_are_given),
		cmocka_unit_test(a_submission_of_many_kernels_is_a_timeout),
		cmocka_unit_test(many_submissions_of_one_kernel_are_none),
		cmocka_unit_test(strict_hosts_report_what_was_forgotten),
		cmocka_unit_test(sdma_runs_on_every_rung),
		cmocka_unit_test(sdma_sees_what_the_cpu_wrote),
		cmocka_unit_test(sdma_sees_what_is_in_the_l2),
		cmocka_unit_test(a_large_copy_is_no_timeout),
		cmocka_unit_test(a_poll_of_sdma_holds_its_engine_alone),
		cmocka_unit_test(a_bad_sdma_packet_hangs_the_device),
		cmocka_unit_test(everything_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
