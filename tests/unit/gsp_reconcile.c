// SPDX-License-Identifier: MIT
/* What hints at a loss, against what the host says of the device. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/device.h"
#include "gsp/diagnose.h"
#include "util/compiler.h"
#include "util/log.h"

#define STATE(name) D3DKMT_DEVICEEXECUTION_##name

static struct gsp_device *device;
static unsigned told;

static void count_loss(struct gsp_device *of, enum gsp_state as, void *arg)
{
	(void)as, (void)arg;
	assert_true(gsp_device_is_lost(of));
	told++;
}

static void create(void)
{
	struct kmd_adapter info = {.discrete = true};

	fake_reset();
	told = 0;
	assert_int_equal(gsp_device_create(NULL, FAKE_ADAPTER(0), &info, &device), 0);
	gsp_device_on_loss(device, count_loss, NULL);
}

static void make(void)
{
	const struct gsp_handles *handles;

	create();
	assert_int_equal(gsp_device_open(device, &handles), 0);
}

static void end(void)
{
	gsp_device_destroy(device);
	device = NULL;
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
}

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	make();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	end();
	return 0;
}

static int by_time(void)
{
	return gsp_device_check(device);
}

static int by_call(void)
{
	return gsp_device_result(device, -ENODEV);
}

static int by_refusal(void)
{
	return gsp_device_creation_result(device, -EIO);
}

static int by_fence(void)
{
	gsp_device_fence_lost(device);
	return gsp_device_is_lost(device) ? -ENODEV : 0;
}

static int by_ping(void)
{
	return gsp_device_ping(device);
}

/* Each kind of evidence against each word of the host: state and result, and that a loss is told once whatever follows. */
static void evidence_and_the_host(void **state)
{
	static const struct {
		enum d3dkmt_deviceexecution_state host;
		enum gsp_state state;
	} words[] = {
		{STATE(ACTIVE), GSP_ACTIVE},
		{STATE(RESET), GSP_RESET},
		{STATE(HUNG), GSP_HUNG},
		{STATE(STOPPED), GSP_REMOVED},
		{STATE(ERROR_OUTOFMEMORY), GSP_RESET},
		{STATE(ERROR_DMAFAULT), GSP_RESET},
		{STATE(ERROR_DMAPAGEFAULT), GSP_RESET},
	};
	static const struct {
		int (*evidence)(void);
		bool proves;   /* a loss, against an "active" */
		int otherwise; /* the result where there is none */
	} kinds[] = {
		{by_time, false, 0},
		{by_call, true, 0},
		{by_refusal, false, -EIO},
		{by_fence, true, 0},
	};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
			bool lost = kinds[k].proves || words[w].state != GSP_ACTIVE;
			enum gsp_state expected = words[w].state;
			unsigned calls;

			end();
			make();
			if (words[w].host != STATE(ACTIVE))
				fake_lose(0, words[w].host);
			if (lost && expected < GSP_RESET && expected != GSP_HUNG)
				expected = GSP_RESET;
			/* evidence of one's own makes a hang a reset: the later word is the worse one */
			if (kinds[k].proves && expected == GSP_HUNG)
				expected = GSP_RESET;
			assert_int_equal(kinds[k].evidence(), lost ? -ENODEV : kinds[k].otherwise);
			assert_int_equal(gsp_device_epoch(device).state, expected);
			assert_int_equal(told, lost);
			if (!lost)
				continue;
			/* final, and nobody asks again */
			fake_revive(0);
			calls = fake_calls();
			assert_int_equal(by_time(), -ENODEV);
			assert_int_equal(by_call(), -ENODEV);
			assert_int_equal(by_refusal(), -ENODEV);
			assert_int_equal(by_fence(), -ENODEV);
			assert_int_equal(by_ping(), -ENODEV);
			assert_int_equal(fake_calls(), calls);
			assert_int_equal(gsp_device_epoch(device).state, expected);
			assert_int_equal(told, 1);
		}
}

static void a_guest_that_does_not_answer_is_no_news(void **state)
{
	(void)state;
	fake_fail_call(1, -EINVAL);
	assert_int_equal(by_time(), -EINVAL);
	assert_int_equal(gsp_device_epoch(device).state, GSP_ACTIVE);
	fake_fail_call(1, -EINTR);
	assert_int_equal(by_refusal(), -EIO);
	assert_int_equal(gsp_device_epoch(device).state, GSP_ACTIVE);
	assert_int_equal(told, 0);
	/* a fence proves it all the same */
	fake_fail_call(1, -EINVAL);
	assert_int_equal(by_fence(), -ENODEV);
	assert_int_equal(gsp_device_epoch(device).state, GSP_RESET);
	assert_int_equal(told, 1);
}

static void other_results_pass(void **state)
{
	static const int results[] = {0, 1, -EINVAL, -ENOMEM, -EAGAIN, -EIO, -ETIMEDOUT};
	unsigned calls = fake_calls();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++)
		assert_int_equal(gsp_device_result(device, results[i]), results[i]);
	assert_int_equal(fake_calls(), calls);
	assert_false(gsp_device_is_lost(device));
}

static void one_that_was_not_made_is_not_asked_for(void **state)
{
	(void)state;
	end();
	create();
	assert_int_equal(by_time(), 0);
	assert_int_equal(by_ping(), 0);
	assert_int_equal(fake_calls(), 0);
	/* but a call about its adapter may say it */
	assert_int_equal(by_call(), -ENODEV);
	assert_int_equal(told, 1);
}

static void three_pings_without_an_answer_are_a_loss(void **state)
{
	static const int silences[] = {-EAGAIN, -EOVERFLOW};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(silences); i++) {
		end();
		make();
		fake_fall_silent(silences[i]);
		assert_int_equal(by_ping(), 0);
		assert_int_equal(gsp_device_epoch(device).state, GSP_POWERED_DOWN);
		/* what the guest's kernel knows is from before */
		assert_int_equal(by_time(), 0);
		assert_int_equal(gsp_device_epoch(device).state, GSP_POWERED_DOWN);
		assert_int_equal(by_ping(), 0);
		assert_int_equal(told, 0);
		assert_int_equal(by_ping(), -ENODEV);
		assert_int_equal(gsp_device_epoch(device).state, GSP_HUNG);
		assert_int_equal(told, 1);
	}
}

static void a_silent_host_takes_nothing_back_before_it_answers(void **state)
{
	(void)state;
	assert_true(gsp_device_takes_back(device));
	fake_fall_silent(-EOVERFLOW);
	for (unsigned i = 0; i < 3; i++)
		by_ping();
	assert_false(gsp_device_takes_back(device));
	fake_fall_silent(0);
	/* it is not asked for each thing that is to be given back */
	assert_false(gsp_device_takes_back(device));
	usleep(150000);
	assert_true(gsp_device_takes_back(device));
	assert_true(gsp_device_takes_back(device));
	assert_int_equal(gsp_device_epoch(device).state, GSP_HUNG);
}

static void an_answer_in_between_begins_anew(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		fake_fall_silent(-EAGAIN);
		assert_int_equal(by_ping(), 0);
		assert_int_equal(by_ping(), 0);
		fake_fall_silent(round % 2 ? -EINVAL : 0); /* a refusal is an answer too */
		assert_int_equal(by_ping(), 0);
		assert_int_equal(gsp_device_epoch(device).state, GSP_ACTIVE);
	}
	assert_int_equal(told, 0);
}

static void work_that_gets_on_is_an_answer_too(void **state)
{
	(void)state;
	fake_fall_silent(-EAGAIN);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(by_ping(), 0);
		assert_int_equal(by_ping(), 0);
		gsp_device_moved(device);
		assert_int_equal(gsp_device_epoch(device).state, GSP_ACTIVE);
	}
	for (unsigned i = 0; i < 3; i++)
		by_ping();
	gsp_device_moved(device);
	assert_int_equal(gsp_device_epoch(device).state, GSP_HUNG);
	assert_int_equal(told, 1);
}

static void a_ping_hears_of_a_loss(void **state)
{
	(void)state;
	fake_fall_silent(-ENODEV);
	assert_int_equal(by_ping(), -ENODEV);
	assert_int_equal(told, 1);
}

/* While it does not answer, a loss that the guest's kernel knows of is one. */
static void asleep_or_not_a_loss_counts(void **state)
{
	(void)state;
	fake_fall_silent(-EAGAIN);
	assert_int_equal(by_ping(), 0);
	fake_lose(0, STATE(HUNG));
	assert_int_equal(by_time(), -ENODEV);
	assert_int_equal(gsp_device_epoch(device).state, GSP_HUNG);
}

static void the_cause_is_asked_for_once(void **state)
{
	static const struct {
		enum d3dkmt_deviceexecution_state host;
		enum gsp_cause cause;
	} words[] = {
		{STATE(RESET), GSP_CAUSE_RESET},	  {STATE(HUNG), GSP_CAUSE_HUNG},
		{STATE(STOPPED), GSP_CAUSE_REMOVED},	  {STATE(ERROR_OUTOFMEMORY), GSP_CAUSE_OUT_OF_MEMORY},
		{STATE(ERROR_DMAFAULT), GSP_CAUSE_FAULT},
	};
	struct gsp_diagnosis diagnosis;
	unsigned calls;

	(void)state;
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), 0);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		end();
		make();
		fake_lose(0, words[i].host);
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), -ENODEV);
		assert_int_equal(diagnosis.cause, words[i].cause);
		assert_false(diagnosis.has_address);
		calls = fake_calls();
		fake_revive(0);
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), -ENODEV);
		assert_int_equal(diagnosis.cause, words[i].cause);
		assert_int_equal(fake_calls(), calls);
	}
	end();
	make();
	fake_page_fault(0, 0xdead000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(gsp_device_diagnose(device, &diagnosis), -EFAULT);
		assert_int_equal(diagnosis.cause, GSP_CAUSE_PAGE_FAULT);
		assert_true(diagnosis.has_address);
		assert_int_equal(diagnosis.address, 0xdead000);
	}
	assert_int_equal(fake_calls_of("get_page_fault"), 1);
}

static void tell_the_guest(void *arg)
{
	(void)arg;
	fake_lose(0, STATE(HUNG));
}

/* The call that this happens in is answered as before. */
static void tell_it_in_the_next_call(void *arg)
{
	fake_at_call("get_device_state", tell_the_guest, arg);
}

static void a_fence_may_be_ahead_of_the_cause(void **state)
{
	struct gsp_diagnosis diagnosis;

	(void)state;
	gsp_device_fence_lost(device);
	fake_at_call("get_device_state", tell_it_in_the_next_call, NULL);
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), -ENODEV);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_HUNG);
	/* or it never comes */
	end();
	make();
	gsp_device_fence_lost(device);
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), -ENODEV);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_UNKNOWN);
}

static void a_reset_that_turns_out_as_a_removal_is_one(void **state)
{
	struct gsp_diagnosis diagnosis;

	(void)state;
	gsp_device_fence_lost(device);
	assert_int_equal(gsp_device_epoch(device).state, GSP_RESET);
	fake_lose(0, STATE(STOPPED));
	assert_int_equal(gsp_device_diagnose(device, &diagnosis), -ENODEV);
	assert_int_equal(diagnosis.cause, GSP_CAUSE_REMOVED);
	/* another adapter is looked for then */
	assert_int_equal(gsp_device_epoch(device).state, GSP_REMOVED);
	assert_int_equal(told, 1);
}

static void *call_in_thread(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 50; i++) {
		by_time();
		by_call();
		by_fence();
	}
	return NULL;
}

static atomic_uint times_told;

static void count_in_thread(struct gsp_device *of, enum gsp_state as, void *arg)
{
	(void)of, (void)as, (void)arg;
	atomic_fetch_add(&times_told, 1);
}

static void threads_tell_it_once(void **state)
{
	const struct gsp_handles *handles;
	pthread_t threads[4];

	(void)state;
	end();
	create();
	gsp_device_on_loss(device, count_in_thread, NULL);
	assert_int_equal(gsp_device_open(device, &handles), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_in_thread, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&times_told), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(evidence_and_the_host),
		TEST(a_guest_that_does_not_answer_is_no_news),
		TEST(other_results_pass),
		TEST(one_that_was_not_made_is_not_asked_for),
		TEST(three_pings_without_an_answer_are_a_loss),
		TEST(a_silent_host_takes_nothing_back_before_it_answers),
		TEST(an_answer_in_between_begins_anew),
		TEST(work_that_gets_on_is_an_answer_too),
		TEST(a_ping_hears_of_a_loss),
		TEST(asleep_or_not_a_loss_counts),
		TEST(the_cause_is_asked_for_once),
		TEST(a_fence_may_be_ahead_of_the_cause),
		TEST(a_reset_that_turns_out_as_a_removal_is_one),
		TEST(threads_tell_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
