// SPDX-License-Identifier: MIT
/*
 * Kernels that take long, or for ever, on the simulated host: who is a timeout, and that everybody else goes on.
 */
#include "dxgsim_vidsch_guest.h"
#include "guest_job.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "dxgsim/guest_memory.h"
#include "dxgsim/host/model.h"
#include "dxgsim/host/vidsch.h"

#define HARDWARE   "rx7900xtx,hws,workers=1"
#define OTHER_CODE (GUEST_CODE + 0x100)
#define CODE_BYTES 0x100u

/* for gfx1100; s[0:1] is an address, s2 a number */
static const uint32_t forever[] = {0xbfa0ffff};
/* counts s2 down to 0 */
static const uint32_t count[] = {0xbe840002, 0x80848104, 0xbf078004, 0xbfa2fffd, 0xbfb00000};
/* reads the word until it is not 0, without sleeping, and stores it in the next */
static const uint32_t spin[] = {0x7e000280, 0xdc526000, 0x01000000, 0xbf8903f7, 0x7e080501,
				0xbf068004, 0xbfa2fffa, 0xdc6a0004, 0x00000100, 0xbfb00000};
static const uint32_t store_one[] = {0x7e000280, 0x7e020281, 0xdc6a0000, 0x00000100, 0xbfb00000};

static void add_kernel(struct job *job, const uint32_t *words, uint32_t bytes, uint32_t where, uint64_t va,
		       uint32_t number, uint32_t groups)
{
	const uint64_t code = (GUEST_BASE + where) >> 8;

	memcpy(guest.memory + where, words, bytes);
	job_add_registers(job, true);
	ADD(job, 0xc0027602, 0x20c, LO(code), HI(code));
	ADD(job, 0xc0017602, 0x213, 3 << 1);
	ADD(job, 0xc0037602, 0x240, LO(va), HI(va), number);
	ADD(job, 0xc0031502, groups * 32, 1, 1, 0x8025);
	/* groups of 32 */
	job->words[2] = 32;
}

static int32_t submit(struct guest_queue *queue, const struct job *job)
{
	uint32_t bytes;
	uint64_t commands = guest_words(job->words, job->count, &bytes);

	return guest_submit_hw(queue, commands, bytes);
}

static void a_group_without_end_is_a_timeout(void **state)
{
	struct guest_queue queue;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=200");
	guest_queue(&queue);
	add_kernel(&job, forever, sizeof(forever), GUEST_CODE, 0, 0, 3);
	assert_int_equal(submit(&queue, &job), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_true(guest_reported("GPU timeout"));
	assert_int_equal(guest_misuse(), 1);
	guest_finish();
}

/* Hardware would have ended all of them in a millisecond. */
static void many_slow_groups_are_none(void **state)
{
	struct vidsch_counters counters;
	struct guest_queue queue;
	struct job job = {0};

	(void)state;
	guest_start(HARDWARE ",timeout-ms=150");
	guest_queue(&queue);
	add_kernel(&job, count, sizeof(count), GUEST_CODE, 0, 50000, 200);
	assert_int_equal(submit(&queue, &job), 0);
	assert_true(guest_wait(queue.progress, 1));
	assert_true(host_model_gpu(guest.model, 0, guest.node, &counters));
	assert_true(counters.gpu.groups == 200);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* Neither calls nor the program's own memory wait for the end of a kernel, nor does another queue's. */
static void others_have_their_turn(void **state)
{
	struct guest_queue first, second;
	struct job job = {0}, other = {0};

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&first);
	guest_queue(&second);
	add_kernel(&job, spin, sizeof(spin), GUEST_CODE, guest_data(0), 0, 8);
	assert_int_equal(submit(&first, &job), 0);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
		if (guest_memory_begin_change())
			guest_memory_end_change();
	}
	assert_int_equal(guest_fence_value(first.page), 0);
	add_kernel(&other, store_one, sizeof(store_one), OTHER_CODE, guest_data(0), 0, 1);
	assert_int_equal(submit(&second, &other), 0);
	assert_true(guest_wait(second.progress, 1));
	assert_true(guest_wait(first.progress, 1));
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* What is under way is dropped with its queue, or with all that there is. */
static void queues_end_amid_their_kernels(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct guest_queue queue;
		struct job job = {0};

		guest_start(HARDWARE);
		guest_queue(&queue);
		add_kernel(&job, i ? forever : spin, i ? sizeof(forever) : sizeof(spin), GUEST_CODE,
			   guest_data(0), 0, 300);
		assert_int_equal(submit(&queue, &job), 0);
		for (uint32_t k = 0; k < 20; k++)
			assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
		guest_finish();
	}
}

static void *change_memory(void *cancelled)
{
	while (!atomic_load((atomic_bool *)cancelled))
		sched_yield();
	if (guest_memory_begin_change())
		guest_memory_end_change();
	pthread_testcancel();
	return NULL;
}

/* Cancelled while it waits for the GPU, a thread does not keep others waiting. */
static void a_cancelled_thread_gives_its_turn(void **state)
{
	atomic_bool cancelled = false;
	struct timespec until;
	pthread_t thread;
	void *result;

	(void)state;
	guest_memory_hold();
	assert_int_equal(pthread_create(&thread, NULL, change_memory, &cancelled), 0);
	assert_int_equal(pthread_cancel(thread), 0);
	atomic_store(&cancelled, true);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_nsec += 20000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	assert_int_equal(pthread_timedjoin_np(thread, &result, &until), ETIMEDOUT);
	guest_memory_let_go();
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, PTHREAD_CANCELED);
	guest_memory_hold();
	guest_memory_let_go();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_without_end_is_a_timeout),
		cmocka_unit_test(many_slow_groups_are_none),
		cmocka_unit_test(others_have_their_turn),
		cmocka_unit_test(queues_end_amid_their_kernels),
		cmocka_unit_test(a_cancelled_thread_gives_its_turn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
