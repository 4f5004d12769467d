// SPDX-License-Identifier: MIT
/* What befalls the simulated host from outside, in one program: who is lost, who goes on, and what the guest is told. */
#include "dxgsim_vidsch_guest.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/host/model.h"

#define SOFTWARE "rx6800"
#define HARDWARE "rx7900xtx,hws"
#define ALL_ONES UINT64_MAX
#define KMD	 49u /* Microsoft: KMTQAITYPE_KMD_DRIVER_VERSION */

static struct guest other;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int happens(const char *text)
{
	struct happening happening;
	char reason[160] = "";

	if (happening_parse(text, &happening, reason, sizeof(reason)))
		fail_msg("'%s': %s", text, reason);
	return host_model_happen(guest.model, &happening);
}

/* What send() returns, and the status where that is 0. */
static int try(enum host_message_type type, const void *request, void *reply, bool sync)
{
	struct host_message m = {.type = type,
				 .sync = sync,
				 .process = guest.process,
				 .has_status = true,
				 .reply_expected = 16};
	int rc;

	m.request.any = request;
	m.reply.any = reply;
	m.reply_length = m.reply_expected;
	rc = host_model_ops.send(guest.model, &m);
	if (rc)
		return rc;
	return m.reply_length < m.reply_expected ? -EOVERFLOW : m.status;
}

static int try_state(void)
{
	struct host_get_device_state request = {
		.args = {.device = guest.device, .state_type = D3DKMT_DEVICESTATE_EXECUTION}};
	struct host_get_device_state_reply reply = {0};

	return try(HOST_GETDEVICESTATE, &request, &reply, true);
}

/* A job that waits for the dword @index to be 1. */
static void submit_wait(struct guest_queue *queue, uint32_t index)
{
	uint32_t bytes;
	uint64_t commands = guest_wait_memory(guest_data(index), 1, &bytes);

	assert_int_equal(guest_submit_hw(queue, commands, bytes), 0);
}

static void submit_write(struct guest_queue *queue, uint32_t index, uint32_t value)
{
	uint32_t bytes;
	uint64_t commands = guest_write(guest_data(index), value, &bytes);

	assert_int_equal(guest_submit_hw(queue, commands, bytes), 0);
}

static void work_is_done(struct guest_queue *queue, uint32_t value)
{
	submit_write(queue, 7, value);
	assert_true(guest_wait(queue->progress, queue->last));
	assert_int_equal(guest_value(7), value);
}

/* ---- what cannot be ---- */

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	guest_start(SOFTWARE);
	assert_int_equal(happens("reset:adapter=1"), -EINVAL);
	assert_int_equal(happens("hang:node=31"), -EINVAL);
	assert_int_equal(happens("plug"), -EALREADY);
	assert_int_equal(happens("resume"), -EALREADY);
	assert_int_equal(happens("live-channel"), -EALREADY);
	assert_int_equal(happens("remove"), 0);
	assert_int_equal(happens("remove"), -EALREADY);
	assert_int_equal(happens("hang"), -ENODEV);
	assert_int_equal(happens("reset"), -ENODEV);
	assert_int_equal(happens("reset:engine"), -ENODEV);
	assert_int_equal(happens("driver-restart"), -ENODEV);
	assert_int_equal(happens("plug"), 0);
	for (int i = 0; i < 16; i++)
		assert_int_equal(happens("hang"), 0);
	assert_int_equal(happens("hang"), -EBUSY);
	guest_finish();
}

/* ---- resets ---- */

static void an_adapter_reset_takes_all_devices(void **state)
{
	struct guest_queue queue;
	unsigned int told;

	(void)state;
	guest_start(HARDWARE);
	guest_join(&other);
	guest_queue(&queue);
	submit_wait(&queue, 0);
	told = guest_told.states;
	assert_int_equal(happens("reset"), 0);
	assert_true(guest_told.states > told);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(guest_fence_value(queue.page), ALL_ONES);
	guest_swap(&other);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_RESET);
	guest_swap(&other);
	/* who starts again goes on */
	guest_begin_again();
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	guest_queue(&queue);
	work_is_done(&queue, 5);
	assert_int_equal(guest_misuse(), 0);
	guest_leave(&other);
	guest_finish();
}

static void an_engine_reset_takes_what_runs(void **state)
{
	struct guest_queue queue, idle;

	(void)state;
	guest_start(HARDWARE);
	guest_join(&other);
	assert_int_equal(happens("reset:engine"), 0);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	guest_queue(&queue);
	guest_swap(&other);
	guest_queue(&idle);
	guest_swap(&other);
	submit_write(&queue, 1, 1);
	submit_wait(&queue, 0);
	while (!guest_value(1))
		poll(NULL, 0, 1);
	while (guest_state() == D3DKMT_DEVICEEXECUTION_ACTIVE) {
		assert_int_equal(happens("reset:engine:node=30"), -EINVAL);
		assert_int_equal(happens("reset:engine"), 0); /* once the second job is there */
	}
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	guest_swap(&other);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	work_is_done(&idle, 3);
	guest_swap(&other);
	assert_int_equal(guest_misuse(), 0);
	guest_leave(&other);
	guest_finish();
}

/* ---- jobs ---- */

static void a_job_hangs(const char *what, const char *spec, uint32_t state_of_other)
{
	struct guest_queue queue, others;

	guest_start(spec);
	guest_join(&other);
	guest_queue(&queue);
	work_is_done(&queue, 1);
	assert_int_equal(happens(what), 0);
	submit_write(&queue, 2, 2);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
	assert_int_equal(guest_value(2), 0);
	guest_swap(&other);
	assert_int_equal(guest_state(), state_of_other);
	if (state_of_other != D3DKMT_DEVICEEXECUTION_ACTIVE)
		guest_begin_again();
	guest_queue(&others);
	work_is_done(&others, 3); /* it was the one job */
	guest_swap(&other);
	assert_int_equal(guest_misuse(), 0);
	guest_leave(&other);
	guest_finish();
}

static void hangs_end_with_the_timeout(void **state)
{
	(void)state;
	a_job_hangs("hang", HARDWARE ",timeout-ms=20", D3DKMT_DEVICEEXECUTION_ACTIVE);
	a_job_hangs("illegal", HARDWARE ",timeout-ms=20", D3DKMT_DEVICEEXECUTION_ACTIVE);
}

static void a_timeout_may_reset_the_adapter(void **state)
{
	(void)state;
	a_job_hangs("hang", HARDWARE ",timeout-ms=20,tdr=adapter", D3DKMT_DEVICEEXECUTION_RESET);
}

/* The simulated Windows does not crash by what befalls it. */
static void hangs_from_outside_are_not_counted(void **state)
{
	struct guest_queue queue;

	(void)state;
	guest_start(HARDWARE ",timeout-ms=1");
	for (int i = 0; i < 8; i++) {
		guest_queue(&queue);
		assert_int_equal(happens("hang"), 0);
		submit_write(&queue, 2, 2);
		assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_HUNG);
		guest_begin_again();
	}
	guest_finish();
}

static void what_runs_faults(void **state)
{
	struct d3dkmt_devicepagefault_state fault;
	struct guest_queue queue;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	submit_wait(&queue, 0);
	assert_int_equal(happens("page-fault:va=0x123456789:node=0"), 0); /* of another engine */
	assert_int_equal(happens("page-fault:va=0x7f0000001234"), 0);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	fault = guest_page_fault();
	assert_int_equal(fault.faulted_virtual_address, 0x7f0000001000);
	assert_true(fault.page_fault_flags & DXGK_PAGE_FAULT_WRITE);
	assert_int_equal(guest_fence_value(queue.page), ALL_ONES);
	guest_begin_again();
	guest_queue(&queue);
	assert_int_equal(happens("page-fault:read"), 0);
	submit_write(&queue, 2, 2);
	assert_int_equal(guest_lost_state(), D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
	fault = guest_page_fault();
	assert_int_equal(fault.faulted_virtual_address, GUEST_BASE);
	assert_false(fault.page_fault_flags & DXGK_PAGE_FAULT_WRITE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

/* ---- coming and going ---- */

static uint64_t driver_version(void)
{
	uint8_t bytes[8] = {0};
	struct host_query_adapter_info request = {.type = KMD, .size = sizeof(bytes), .data = bytes};
	struct host_query_adapter_info_reply reply = {.data = bytes};
	uint64_t version;

	assert_int_equal(guest_send(HOST_QUERYADAPTERINFO, &request, &reply), 0);
	memcpy(&version, bytes, sizeof(version));
	return version;
}

static void a_gpu_goes_and_comes_back(void **state)
{
	struct guest_queue queue;
	d3dkmt_handle fence;
	struct host_destroy_sync_object destroy;
	uint32_t luid;

	(void)state;
	guest_start(HARDWARE);
	luid = guest_told.luid;
	guest_queue(&queue);
	fence = guest_fence(0, 0, NULL);
	submit_wait(&queue, 0);
	assert_int_equal(happens("remove"), 0);
	assert_int_equal(guest_told.removed, 1);
	assert_int_equal(try_state(), -ENODEV);
	assert_int_equal(guest_fence_value(queue.page), ALL_ONES);
	assert_int_equal(happens("plug"), 0);
	assert_int_equal(guest_told.added, 1);
	assert_int_not_equal(guest_told.luid, luid);
	/* the guest's driver may still send for what was: through the VM's channel */
	destroy.sync_object = fence;
	assert_int_equal(try(HOST_DESTROYSYNCOBJECT, &destroy, NULL, true), 0);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_STOPPED);
	guest_begin_again();
	guest_queue(&queue);
	work_is_done(&queue, 4);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void the_driver_is_another_one(void **state)
{
	uint64_t before;

	(void)state;
	guest_start(SOFTWARE);
	before = driver_version();
	assert_int_equal(happens("driver-restart"), 0);
	assert_int_equal(driver_version(), before);
	assert_int_equal(happens("driver-restart:version=40.1.2.3"), 0);
	assert_int_equal(driver_version(), 40ull << 48 | 1ull << 32 | 2 << 16 | 3);
	assert_int_equal(guest_told.removed, 2);
	assert_int_equal(guest_told.added, 2);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_STOPPED);
	guest_finish();
}

/* ---- sleep, channel, starvation, power ---- */

static void *ask(void *answered)
{
	guest_state();
	atomic_store((atomic_bool *)answered, true);
	return NULL;
}

static void sleeps(const char *resume, uint32_t state_then)
{
	struct guest_queue queue;
	atomic_bool answered = false;
	pthread_t thread;

	guest_start(HARDWARE ",timeout-ms=150");
	guest_queue(&queue);
	submit_write(&queue, 1, 1);
	submit_wait(&queue, 0);
	while (!guest_value(1))
		poll(NULL, 0, 1);
	poll(NULL, 0, 5); /* now the second one runs */
	assert_int_equal(happens("sleep"), 0);
	assert_int_equal(happens("sleep"), -EALREADY);
	assert_int_equal(pthread_create(&thread, NULL, ask, &answered), 0);
	poll(NULL, 0, 200); /* longer than a job may take */
	assert_false(atomic_load(&answered));
	assert_true(guest_fence_value(queue.page) <= 1);
	assert_int_equal(happens(resume), 0);
	pthread_join(thread, NULL);
	poll(NULL, 0, 5);
	assert_int_equal(guest_state(), state_then);
	guest_set_value(0, 1);
	assert_true(guest_wait(queue.progress, 2));
	if (state_then == D3DKMT_DEVICEEXECUTION_ACTIVE)
		work_is_done(&queue, 2);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void nothing_runs_while_the_host_sleeps(void **state)
{
	(void)state;
	sleeps("resume", D3DKMT_DEVICEEXECUTION_ACTIVE);
	sleeps("resume:lost", D3DKMT_DEVICEEXECUTION_RESET);
}

static void a_dead_channel_answers_short(void **state)
{
	struct guest_queue queue;
	unsigned int told;

	(void)state;
	guest_start(HARDWARE);
	guest_queue(&queue);
	submit_wait(&queue, 0);
	assert_int_equal(happens("dead-channel"), 0);
	assert_int_equal(try_state(), -EOVERFLOW);
	assert_int_equal(try(HOST_SIGNALSYNCOBJECT, NULL, NULL, false), -EAGAIN);
	told = guest_told.states;
	assert_int_equal(happens("reset"), 0);
	assert_int_equal(guest_told.states, told);
	assert_int_equal(guest_fence_value(queue.page), ALL_ONES); /* memory needs no channel */
	assert_int_equal(happens("live-channel"), 0);
	assert_true(guest_told.states > told);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void who_starves_loses_nothing(void **state)
{
	struct guest_queue running, waiting;
	uint64_t start;

	(void)state;
	guest_start(HARDWARE ",timeout-ms=150");
	guest_queue(&running);
	guest_queue(&waiting);
	submit_wait(&running, 0);
	poll(NULL, 0, 5);
	start = now_ms();
	assert_int_equal(happens("starve:ms=200"), 0);
	submit_write(&waiting, 1, 1);
	assert_true(guest_wait(waiting.progress, 1));
	assert_true(now_ms() - start >= 200);
	assert_int_equal(guest_value(1), 1);
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	guest_set_value(0, 1);
	assert_true(guest_wait(running.progress, 1));
	assert_int_equal(guest_state(), D3DKMT_DEVICEEXECUTION_ACTIVE);
	assert_int_equal(guest_misuse(), 0);
	guest_finish();
}

static void power_comes_from_somewhere(void **state)
{
	(void)state;
	guest_start(SOFTWARE);
	assert_int_equal(host_model_power(guest.model), HOST_POWER_UNKNOWN);
	assert_int_equal(happens("power=battery"), 0);
	assert_int_equal(host_model_power(guest.model), HOST_POWER_BATTERY);
	assert_int_equal(happens("power=mains"), 0);
	assert_int_equal(host_model_power(guest.model), HOST_POWER_MAINS);
	guest_finish();
}

/* ---- alone, and as one process of several ---- */

static struct arena *arena;
static int arena_fd;
static char path[64];

static int with_arena(void **state)
{
	(void)state;
	if (arena_create(GUEST_MACHINE, &arena, &arena_fd))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), arena_fd);
	guest_arena_path = path;
	return 0;
}

static int nothing_is_left(void **state)
{
	struct arena_totals totals;
	char text[256];

	(void)state;
	arena_total(arena, &totals);
	if (arena_describe(&totals, text, sizeof(text)))
		print_error("left: %s\n", text);
	arena_close(arena);
	close(arena_fd);
	guest_arena_path = NULL;
	return text[0] ? -1 : 0;
}

#define BOTH(test) cmocka_unit_test(test), cmocka_unit_test_setup_teardown(test, with_arena, nothing_is_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(what_cannot_be_is_refused),
		BOTH(an_adapter_reset_takes_all_devices),
		BOTH(an_engine_reset_takes_what_runs),
		BOTH(hangs_end_with_the_timeout),
		BOTH(a_timeout_may_reset_the_adapter),
		BOTH(hangs_from_outside_are_not_counted),
		BOTH(what_runs_faults),
		BOTH(a_gpu_goes_and_comes_back),
		BOTH(the_driver_is_another_one),
		BOTH(nothing_runs_while_the_host_sleeps),
		BOTH(a_dead_channel_answers_short),
		BOTH(who_starves_loses_nothing),
		BOTH(power_comes_from_somewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
