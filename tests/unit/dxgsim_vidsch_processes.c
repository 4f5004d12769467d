// SPDX-License-Identifier: MIT
/*
 * Two processes on one engine of the simulated GPU: both get on, and neither finds anything of the other's, at the same
 * addresses and with the same handles.
 */
#include "dxgsim_vidsch_guest.h"
#include "guest_job.h"

#include <poll.h>
#include <string.h>

#include "dxgsim/host/model.h"
#include "dxgsim/host/vidsch.h"

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws" /* whose firmware keeps the registers of who is preempted */

static struct guest other;

/* 64 bits, past the L2 */
static void add_copy(struct job *job, uint64_t to, uint64_t from)
{
	ADD(job, 0xc0044000, 0x06116502, LO(from), HI(from), LO(to), HI(to));
}

static void add_kernel(struct job *job)
{
	job_add_dispatch(job);
	job_add_drain(job);
}

static void start(const char *spec)
{
	const bool gfx11 = strstr(spec, "rx7900") != NULL;

	guest_start(spec);
	guest_join(&other);
	job_put_kernel(&guest, gfx11);
	job_put_kernel(&other, gfx11);
}

static void finish(void)
{
	guest_leave(&other);
	guest_finish();
}

static int32_t submit(d3dkmt_handle context, const struct job *job, d3dkmt_handle fence, uint64_t value)
{
	uint32_t bytes;
	uint64_t commands = guest_words(job->words, job->count, &bytes);
	int32_t status = guest_submit(context, commands, bytes, 0);

	return status ? status : guest_gpu_signal(context, fence, value);
}

struct shared_fence {
	d3dkmt_handle mine, others;
	uint64_t gpu_va; /* in both address spaces */
};

/* One fence for both. */
static struct shared_fence share_fence(uint64_t value)
{
	struct host_create_sync_object create = {
		.args = {.device = guest.device,
			 .info = {.type = D3DDDI_MONITORED_FENCE,
				  .flags = D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED,
				  .monitored_fence = {.initial_fence_value = value}}},
	};
	struct host_create_sync_object_reply made = {0};
	struct host_open_sync_object open = {0};
	struct host_open_sync_object_reply opened = {0};

	assert_int_equal(guest_send(HOST_CREATESYNCOBJECT, &create, &made), 0);
	assert_int_not_equal(made.global_sync_object, 0);
	guest_swap(&other);
	open.device = guest.device;
	open.global_sync_object = made.global_sync_object;
	assert_int_equal(guest_send(HOST_OPENSYNCOBJECT, &open, &opened), 0);
	assert_true(opened.fence_gpu_va == made.fence_gpu_va);
	guest_swap(&other);
	return (struct shared_fence){made.sync_object, opened.sync_object, made.fence_gpu_va};
}

/* ---- getting on ---- */

#define KERNELS 8u

/* A job of kernels, each told to memory, that waits for a fence to reach 1 (0: none); returns the fence of its end. */
static d3dkmt_handle submit_kernels_behind(d3dkmt_handle gate, bool gfx11, uint32_t first)
{
	d3dkmt_handle context = guest_context(0), done = guest_fence(0, 0, NULL);
	struct job job = {0};

	for (uint32_t i = 0; i < KERNELS; i++) {
		job_add_registers(&job, gfx11);
		add_kernel(&job);
		job_add_write(&job, guest_data(0), first + i);
	}
	if (gate)
		assert_int_equal(guest_gpu_wait(context, gate, 1), 0);
	assert_int_equal(submit(context, &job, done, 1), 0);
	return done;
}

static d3dkmt_handle submit_kernels(bool gfx11, uint32_t first)
{
	return submit_kernels_behind(0, gfx11, first);
}

/*
 * Nobody waits for the end of the other's job, though each is one job: they alternate behind their kernels.  Those that take no time make turns
 * of one kernel; where they take some, who gets on is decided by who has the engine when the host comes to it.
 */
static void both_get_on(const char *spec, bool gfx11)
{
	struct vidsch_counters counters;
	d3dkmt_handle mine, others;
	struct shared_fence gate;

	start(spec);
	gate = share_fence(0);
	mine = submit_kernels_behind(gate.mine, gfx11, 1);
	guest_swap(&other);
	others = submit_kernels_behind(gate.others, gfx11, 101);
	assert_int_equal(guest_cpu_signal(gate.others, 1), 0);
	assert_true(guest_wait(others, 1));
	assert_int_equal(guest_value(0), 100 + KERNELS);
	guest_swap(&other);
	/* by the end of one, the other has had its turns */
	if (!strstr(spec, "dispatch-us"))
		assert_true(guest_value(0) >= KERNELS - 1);
	assert_true(guest_wait(mine, 1));
	assert_int_equal(guest_value(0), KERNELS);
	assert_true(host_model_gpu(guest.model, 0, guest.node, &counters));
	assert_true(counters.gpu.preemptions >= KERNELS);
	assert_int_equal(counters.gpu.dispatches, 2 * KERNELS);
	assert_int_equal(counters.jobs, 2);
	assert_int_equal(guest_misuse(), 0);
	finish();
}

static void both_get_on_in_turns(void **state)
{
	(void)state;
	both_get_on(SOFTWARE, false);
	both_get_on(SOFTWARE ",dispatch-us=10000", false);
	both_get_on(HARDWARE ",dispatch-us=10000", true);
}

/* A hardware queue that waits for memory yields to nobody, and holds nobody up. */
static void hardware_queues_run_beside_each_other(void **state)
{
	struct guest_queue mine, others;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	(void)state;
	start(HARDWARE ",timeout-ms=60000");
	guest_queue(&mine);
	job_add_wait(&job, guest_data(0), 1);
	job_add_write(&job, guest_data(1), 2);
	commands = guest_words(job.words, job.count, &bytes);
	assert_int_equal(guest_submit_hw(&mine, commands, bytes), 0);
	guest_swap(&other);
	guest_queue(&others);
	/* it is another memory that has this address here */
	job = (struct job){0};
	job_add_write(&job, guest_data(0), 1);
	commands = guest_words(job.words, job.count, &bytes);
	assert_int_equal(guest_submit_hw(&others, commands, bytes), 0);
	assert_true(guest_wait(others.progress, 1));
	assert_int_equal(guest_value(0), 1);
	guest_swap(&other);
	assert_int_equal(guest_value(0), 0);
	assert_int_equal(guest_value(1), 0);
	guest_set_value(0, 1);
	assert_true(guest_wait(mine.progress, 1));
	assert_int_equal(guest_value(1), 2);
	assert_int_equal(guest_misuse(), 0);
	finish();
}

/* The end of a process whose job is preempted is the end of that job alone. */
static void one_may_end_amid_turns(void **state)
{
	d3dkmt_handle done;

	(void)state;
	start(SOFTWARE ",dispatch-us=10000");
	done = submit_kernels(false, 1);
	guest_swap(&other);
	submit_kernels(false, 101);
	guest_swap(&other);
	poll(NULL, 0, 30);
	guest_leave(&other);
	assert_true(guest_wait(done, 1));
	assert_int_equal(guest_value(0), KERNELS);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* ---- what is whose ---- */

/*
 * Who comes in the middle of the other's job finds none of its registers, even where the other finds them again.  Without
 * that a forgotten register would go unnoticed on a busy GPU.
 */
static void registers_are_the_others_own(const char *spec, bool gfx11, bool kept)
{
	d3dkmt_handle context, done;
	struct job job = {0};
	uint64_t commands;
	uint32_t bytes;

	start(spec);
	context = guest_context(0);
	done = guest_fence(0, 0, NULL);
	job_add_registers(&job, gfx11);
	for (uint32_t i = 0; i < 3; i++) {
		if (i && !kept)
			job_add_registers(&job, gfx11);
		add_kernel(&job);
		job_add_write(&job, guest_data(0), i + 1);
	}
	assert_int_equal(submit(context, &job, done, 1), 0);
	assert_true(guest_wait_running());
	guest_swap(&other);
	job = (struct job){0};
	add_kernel(&job);
	commands = guest_words(job.words, job.count, &bytes);
	assert_int_equal(guest_submit(guest_context(0), commands, bytes, 0), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("(COMPUTE_NUM_THREAD_X) has not been written"));
	assert_int_equal(guest_misuse(), 1);
	guest_swap(&other);
	assert_true(guest_wait(done, 1));
	assert_int_equal(guest_value(0), 3);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	finish();
}

static void neither_has_the_others_registers(void **state)
{
	(void)state;
	registers_are_the_others_own(SOFTWARE ",dispatch-us=50000", false, false);
	registers_are_the_others_own(HARDWARE ",dispatch-us=50000", true, true);
}

/* Signals its fence and lets a job read it. */
static void signal_and_read(uint64_t value, uint64_t *gpu_va, d3dkmt_handle *handle)
{
	d3dkmt_handle context = guest_context(0);
	struct job job = {0};

	*handle = guest_fence(1, 0, gpu_va);
	assert_int_equal(guest_gpu_signal(context, *handle, value), 0);
	assert_true(guest_wait(*handle, value));
	add_copy(&job, guest_data(0), *gpu_va);
	assert_int_equal(submit(context, &job, *handle, value + 1), 0);
	assert_true(guest_wait(*handle, value + 1));
}

static void neither_has_the_others_fences(void **state)
{
	d3dkmt_handle mine, others;
	uint64_t my_va, other_va, commands;
	struct job job = {0};
	uint32_t bytes;

	(void)state;
	start(SOFTWARE);
	signal_and_read(50, &my_va, &mine);
	guest_swap(&other);
	signal_and_read(90, &other_va, &others);
	/* the first of each have one handle and two values */
	assert_int_equal(mine, others);
	assert_int_equal(guest_value(0), 90);
	guest_swap(&other);
	assert_int_equal(guest_value(0), 50);
	assert_true(my_va != other_va);
	assert_int_equal(guest_misuse(), 0);
	/* fences lie side by side, but in a process' address space there are only its own */
	add_copy(&job, guest_data(0), other_va);
	commands = guest_words(job.words, job.count, &bytes);
	assert_int_equal(guest_submit(guest_context(0), commands, bytes, 0), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	assert_true(guest_reported("which is not mapped"));
	assert_int_equal(guest_misuse(), 1);
	assert_int_equal(guest_value(0), 50);
	guest_swap(&other);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	guest_swap(&other);
	finish();
}

/* One that was opened is. */
static void a_shared_fence_is_both_ones(void **state)
{
	struct shared_fence fence;
	struct job job = {0};
	d3dkmt_handle context;

	(void)state;
	start(SOFTWARE);
	fence = share_fence(7);
	guest_swap(&other);
	context = guest_context(0);
	add_copy(&job, guest_data(0), fence.gpu_va);
	assert_int_equal(submit(context, &job, fence.others, 8), 0);
	guest_swap(&other);
	assert_true(guest_wait(fence.mine, 8));
	assert_int_equal(other.memory[GUEST_DATA], 7);
	assert_int_equal(guest_misuse(), 0);
	finish();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_get_on_in_turns),
		cmocka_unit_test(hardware_queues_run_beside_each_other),
		cmocka_unit_test(one_may_end_amid_turns),
		cmocka_unit_test(neither_has_the_others_registers),
		cmocka_unit_test(neither_has_the_others_fences),
		cmocka_unit_test(a_shared_fence_is_both_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
