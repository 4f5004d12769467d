// SPDX-License-Identifier: MIT
/* The power hint of a GPU, turn by turn, in a time and on a source of power that the test makes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "gsp/gpu.h"
#include "gsp/power.h"
#include "gsp/timeline.h"
#include "util/compiler.h"
#include "util/log.h"

#define S  1000000000ULL
#define MS 1000000ULL

static enum power_source source;
static unsigned looks, told;

static enum power_source look_at_source(void)
{
	looks++;
	return source;
}

static void count_lines(enum log_level level, const char *line, void *arg)
{
	(void)line, (void)arg;
	told += level == LOG_INFO;
}

struct world {
	struct gsp_gpu *gpu;
	struct gsp_device *device;
	struct gsp_timeline *timeline;
	struct gsp_power power;
	uint64_t value, submitted, now;
};

static void begin(struct world *w, enum gsp_power_policy policy)
{
	struct gsp_power_options options = {.policy = policy, .source = look_at_source};

	gsp_power_init(&w->power, &options);
}

static int setup(void **state)
{
	struct kmd_adapter info = {.discrete = true};
	struct world *w = calloc(1, sizeof(*w));
	const struct gsp_handles *handles;

	fake_reset();
	log_set_level(LOG_INFO);
	log_set_sink(count_lines, NULL);
	source = POWER_UNKNOWN;
	looks = told = 0;
	assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &w->gpu), 0);
	w->device = gsp_gpu_device(w->gpu);
	assert_int_equal(gsp_device_open(w->device, &handles), 0);
	assert_int_equal(gsp_timeline_create(w->device, &w->value, &w->timeline), 0);
	w->now = 1000 * S;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	gsp_power_release(&w->power);
	gsp_timeline_stop(w->timeline);
	gsp_timeline_end(w->timeline);
	gsp_gpu_destroy(w->gpu);
	assert_int_equal(fake_leaks(), 0);
	assert_int_equal(fake_misuse(), 0);
	free(w);
	log_set_sink(NULL, NULL);
	return 0;
}

static void work(struct world *w)
{
	gsp_timeline_announce(w->timeline, ++w->submitted);
}

static void rest(struct world *w)
{
	w->value = w->submitted;
}

/* A turn; the time until the next one that is wanted. */
static uint64_t turn(struct world *w)
{
	uint64_t next = gsp_power_turn(&w->power, w->device, w->now);

	return next == UINT64_MAX ? next : next - w->now;
}

static void pass(struct world *w, uint64_t ns)
{
	w->now += ns;
}

/* How many there were, of which the latest asked or took back. */
static void assert_escapes(unsigned count, bool restore)
{
	struct fake_escape last;

	assert_int_equal(fake_escapes(&last), count);
	if (!count)
		return;
	assert_int_equal(last.size, 0xE8);
	assert_int_equal(last.flags, D3DDDI_ESCAPEFLAGS_HARDWARE_ACCESS);
	assert_int_equal(last.data[0x84], restore);
}

static void off_sends_nothing(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_OFF);
	source = POWER_MAINS;
	for (unsigned i = 0; i < 5; i++) {
		work(w);
		assert_true(turn(w) == UINT64_MAX);
		pass(w, S);
	}
	gsp_power_init(&w->power, NULL);
	assert_true(turn(w) == UINT64_MAX);
	assert_escapes(0, false);
	assert_int_equal(looks, 0);
}

static void performance_holds_it_for_a_burst_of_work_and_two_seconds(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	assert_true(turn(w) == UINT64_MAX);
	assert_escapes(0, false);
	for (unsigned i = 0; i < 10; i++) {
		work(w);
		assert_true(turn(w) == UINT64_MAX);
		assert_escapes(1, false);
		rest(w);
		pass(w, 10 * MS);
		assert_int_equal(turn(w), 2 * S);
		pass(w, 1900 * MS);
	}
	assert_int_equal(turn(w), 100 * MS);
	pass(w, 100 * MS - 1);
	assert_int_equal(turn(w), 1);
	assert_escapes(1, false);
	pass(w, 1);
	assert_true(turn(w) == UINT64_MAX);
	assert_escapes(2, true);
	/* again at once */
	pass(w, 1);
	work(w);
	turn(w);
	assert_escapes(3, false);
	/* long work is no idleness */
	pass(w, 3600 * S);
	turn(w);
	assert_escapes(3, false);
	gsp_power_release(&w->power);
	assert_escapes(4, true);
	gsp_power_release(&w->power);
	assert_escapes(4, true);
	assert_int_equal(looks, 0);
	assert_int_equal(told, 0);
}

static void work_that_no_turn_sees_is_work(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	turn(w);
	for (unsigned i = 0; i < 10; i++) {
		rest(w);
		assert_int_equal(turn(w), 2 * S);
		pass(w, 1900 * MS);
		work(w);
		rest(w);
	}
	assert_escapes(1, false);
}

static void a_device_that_was_never_busy_is_never_asked_for(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	for (unsigned i = 0; i < 5; i++) {
		work(w);
		rest(w);
		assert_true(turn(w) == UINT64_MAX);
	}
	assert_escapes(0, false);
}

static void automatic_asks_on_mains_only(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_AUTO);
	work(w);
	for (unsigned i = 0; i < 2; i++) {
		source = i ? POWER_BATTERY : POWER_UNKNOWN;
		assert_true(turn(w) == UINT64_MAX);
		pass(w, 500 * MS);
		assert_true(turn(w) == UINT64_MAX);
		pass(w, 500 * MS);
	}
	assert_escapes(0, false);
	/* once a second while there is work */
	assert_int_equal(looks, 2);
	source = POWER_MAINS;
	turn(w);
	assert_escapes(1, false);
	assert_int_equal(looks, 3);
}

static void a_change_to_battery_takes_it_back_within_a_second(void **state)
{
	struct world *w = *state;

	for (unsigned idle = 0; idle < 2; idle++) {
		for (unsigned unknown = 0; unknown < 2; unknown++) {
			unsigned before = fake_escapes(NULL);

			begin(w, GSP_POWER_AUTO);
			source = POWER_MAINS;
			work(w);
			assert_int_equal(turn(w), S);
			assert_escapes(before + 1, false);
			if (idle)
				rest(w);
			pass(w, MS);
			assert_int_equal(turn(w), S - MS);
			source = unknown ? POWER_UNKNOWN : POWER_BATTERY;
			pass(w, S - MS);
			assert_true(turn(w) == UINT64_MAX);
			assert_escapes(before + 2, true);
			pass(w, S);
			assert_true(turn(w) == UINT64_MAX);
			assert_escapes(before + 2, true);
			rest(w);
			turn(w);
		}
	}
}

static void new_work_finds_new_mains_at_once(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_AUTO);
	source = POWER_BATTERY;
	work(w);
	turn(w);
	rest(w);
	turn(w);
	source = POWER_MAINS;
	pass(w, 100 * MS);
	work(w);
	turn(w);
	assert_escapes(1, false);
	assert_int_equal(looks, 2);
}

static void work_that_follows_other_work_is_new_too(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_AUTO);
	source = POWER_BATTERY;
	work(w);
	work(w);
	turn(w);
	source = POWER_MAINS;
	pass(w, 100 * MS);
	turn(w);
	assert_escapes(0, false);
	w->value = 1;
	turn(w);
	assert_escapes(1, false);
}

static void bursts_on_battery_do_not_read_files_all_the_time(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_AUTO);
	source = POWER_BATTERY;
	for (unsigned i = 0; i < 1000; i++) {
		work(w);
		turn(w);
		rest(w);
		turn(w);
		pass(w, MS);
	}
	assert_in_range(looks, 1, 20);
	assert_escapes(0, false);
}

static void an_idle_machine_looks_at_nothing(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_AUTO);
	source = POWER_MAINS;
	for (unsigned i = 0; i < 100; i++) {
		assert_true(turn(w) == UINT64_MAX);
		pass(w, S);
	}
	assert_int_equal(looks, 0);
}

static void a_refusal_is_said_once_and_remembered(void **state)
{
	static const uint32_t codes[] = {2, 1, 0xD};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		unsigned before = fake_escapes(NULL), said = told;

		begin(w, GSP_POWER_PERFORMANCE);
		fake_answer_escapes(codes[i]);
		for (unsigned n = 0; n < 10; n++) {
			work(w);
			assert_true(turn(w) == UINT64_MAX);
			rest(w);
			turn(w);
			pass(w, S);
		}
		assert_int_equal(fake_escapes(NULL), before + 1);
		assert_int_equal(told, said + 1);
		gsp_power_release(&w->power);
		assert_int_equal(fake_escapes(NULL), before + 1);
	}
}

static void an_error_of_the_call_is_a_refusal(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	fake_fail_call(1, -EINVAL);
	turn(w);
	assert_true(fake_failed());
	pass(w, S);
	turn(w);
	assert_escapes(0, false);
	assert_int_equal(told, 1);
	assert_false(gsp_device_is_lost(w->device));
}

static void who_does_not_answer_is_told_to_take_it_back(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	fake_answer_escapes(FAKE_NO_ANSWER);
	work(w);
	turn(w);
	/* and once more, as that is not answered either */
	assert_escapes(3, true);
	pass(w, S);
	turn(w);
	assert_escapes(3, true);
	assert_int_equal(told, 1);
}

static void taking_back_that_is_refused_is_not_tried_again(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	turn(w);
	fake_answer_escapes(1);
	rest(w);
	turn(w);
	pass(w, 2 * S);
	assert_true(turn(w) == UINT64_MAX);
	assert_escapes(2, true);
	work(w);
	assert_true(turn(w) == UINT64_MAX);
	assert_escapes(2, true);
	assert_int_equal(told, 1);
}

static void a_lost_device_is_sent_nothing(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	turn(w);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(gsp_device_check(w->device), -ENODEV);
	assert_true(turn(w) == UINT64_MAX);
	assert_escapes(1, false);
	assert_null(w->power.held);
	work(w);
	assert_true(turn(w) == UINT64_MAX);
	gsp_power_release(&w->power);
	assert_int_equal(fake_calls_of("escape"), 1);
	assert_int_equal(told, 0);
}

static void a_loss_that_the_hint_finds_is_no_refusal(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	fake_fail_call(1, -ENODEV);
	assert_true(turn(w) == UINT64_MAX);
	assert_true(gsp_device_is_lost(w->device));
	assert_false(w->power.refused);
	assert_int_equal(told, 0);
}

/* Windows says it in different ways, and the guest's kernel may know better. */
static void what_a_lost_device_refuses_is_no_refusal(void **state)
{
	struct world *w = *state;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	fake_fail_call(1, -EINVAL);
	assert_true(turn(w) == UINT64_MAX);
	assert_true(fake_failed());
	assert_true(gsp_device_is_lost(w->device));
	assert_false(w->power.refused);
	assert_int_equal(told, 0);
}

static void the_next_device_is_asked_for_anew(void **state)
{
	struct world *w = *state;
	struct gsp_timeline *timeline;
	struct gsp_device *fresh;
	uint64_t value = 0;

	begin(w, GSP_POWER_PERFORMANCE);
	work(w);
	turn(w);
	assert_escapes(1, false);
	gsp_device_fence_lost(w->device);
	assert_true(gsp_gpu_is_lost(w->gpu));
	assert_int_equal(gsp_gpu_renew(w->gpu), 0);
	fresh = gsp_gpu_device(w->gpu);
	assert_ptr_not_equal(fresh, w->device);
	assert_int_equal(gsp_timeline_create(fresh, &value, &timeline), 0);
	gsp_timeline_announce(timeline, 1);
	assert_true(gsp_power_turn(&w->power, fresh, w->now) == UINT64_MAX);
	assert_escapes(2, false);
	assert_ptr_equal(w->power.held, fresh);
	gsp_power_release(&w->power);
	assert_escapes(3, true);
	value = 1;
	gsp_timeline_stop(timeline);
	gsp_timeline_end(timeline);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(off_sends_nothing),
		TEST(performance_holds_it_for_a_burst_of_work_and_two_seconds),
		TEST(work_that_no_turn_sees_is_work),
		TEST(a_device_that_was_never_busy_is_never_asked_for),
		TEST(automatic_asks_on_mains_only),
		TEST(a_change_to_battery_takes_it_back_within_a_second),
		TEST(new_work_finds_new_mains_at_once),
		TEST(work_that_follows_other_work_is_new_too),
		TEST(bursts_on_battery_do_not_read_files_all_the_time),
		TEST(an_idle_machine_looks_at_nothing),
		TEST(a_refusal_is_said_once_and_remembered),
		TEST(an_error_of_the_call_is_a_refusal),
		TEST(who_does_not_answer_is_told_to_take_it_back),
		TEST(taking_back_that_is_refused_is_not_tried_again),
		TEST(a_lost_device_is_sent_nothing),
		TEST(a_loss_that_the_hint_finds_is_no_refusal),
		TEST(what_a_lost_device_refuses_is_no_refusal),
		TEST(the_next_device_is_asked_for_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
