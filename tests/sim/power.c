// SPDX-License-Identifier: MIT
/*
 * HSAKMT_DXG_POWER: the hint for high clocks as the host gets it.  It is held while work is outstanding and 2 s longer, by nobody who did not ask for it,
 * never on battery, and no work fails for it.
 *
 * usage: power ADAPTERS: one, whose driver answers
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hsakmt/hsakmt_dxg.h>

#include "aql_user.h"
#include "dxgsim/dxgsim.h"

#define SLOTS  64u
#define MS     1000000ull
#define S      (1000 * MS)
#define LATE_S 20u /* never reached unless something is lost */

static const char *adapters;

struct bench {
	struct aql_bench aql;
	struct aql_queue queue;
	struct aql_commands commands;
	uint32_t *word; /* the GPU waits for */
	uint32_t held;
	struct aql_signal *done;
};

static void begin(struct bench *bench, const char *on, const char *policy)
{
	if (policy)
		setenv(HSAKMT_DXG_ENV_POWER, policy, 1);
	else
		unsetenv(HSAKMT_DXG_ENV_POWER);
	memset(bench, 0, sizeof(*bench));
	aql_bench_open(&bench->aql, on);
	bench->word = aql_alloc(&bench->aql.machine, 4096, false);
	bench->commands = aql_commands_alloc(&bench->aql.machine, 64);
	aql_open(&bench->queue, &bench->aql.machine, bench->aql.node, SLOTS);
}

static void end(struct bench *bench)
{
	aql_close(&bench->queue);
	aql_commands_free(&bench->commands);
	aql_free(bench->word);
	aql_bench_close(&bench->aql);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
}

static uint64_t escapes(void)
{
	return dxgsim_ioctl_count_of("ESCAPE");
}

static void pause_ns(uint64_t ns)
{
	const struct timespec t = {.tv_sec = (time_t)(ns / S), .tv_nsec = (long)(ns % S)};

	nanosleep(&t, NULL);
}

/* How long it takes until there were so many; fails the test if they do not come. */
static uint64_t until(uint64_t count)
{
	uint64_t start = aql_now_ns();

	while (escapes() < count && aql_now_ns() - start < LATE_S * S)
		pause_ns(MS);
	assert_int_equal(escapes(), count);
	return aql_now_ns() - start;
}

/* Work that is outstanding until it is released. */
static void hold(struct bench *bench)
{
	struct aql_packet packet;

	bench->commands.used = 0;
	bench->done = aql_bench_arm(&bench->aql, 0, 1);
	aql_commands_wait(&bench->commands, bench->word, ++bench->held);
	packet = aql_vendor(&bench->commands, bench->done);
	aql_send(&bench->queue, &packet);
}

static void release(struct bench *bench)
{
	__atomic_store_n(bench->word, bench->held, __ATOMIC_RELEASE);
	aql_expect(bench->done, 0);
}

static void short_work(struct bench *bench, unsigned count)
{
	uint64_t kernel = aql_bench_kernel(&bench->aql, AQL_KERNEL_PLAIN);

	for (unsigned i = 0; i < count; i++) {
		struct aql_signal *done = aql_bench_arm(&bench->aql, 1, 1);
		struct aql_packet packet = aql_dispatch(kernel, done);

		aql_send(&bench->queue, &packet);
		aql_expect(done, 0);
	}
}

static void unless_it_is_wished_for_nothing_is_sent(void **state)
{
	static const char *const policies[] = {NULL, "", "off", "OFF", "1", "performance "};

	(void)state;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		struct bench bench;

		begin(&bench, adapters, policies[i]);
		dxgsim_control("power=mains");
		hold(&bench);
		short_work(&bench, 0);
		pause_ns(60 * MS);
		release(&bench);
		end(&bench);
		assert_int_equal(escapes(), 0);
	}
}

static void performance_is_one_request_for_a_burst_and_its_end(void **state)
{
	struct bench bench;
	uint64_t took;

	(void)state;
	begin(&bench, adapters, "performance");
	assert_int_equal(escapes(), 0);
	/* also where nobody knows of a battery */
	hold(&bench);
	until(1);
	release(&bench);
	short_work(&bench, 50);
	hold(&bench);
	release(&bench);
	took = until(2);
	assert_true(took >= (HSAKMT_DXG_POWER_IDLE_MS - 500) * MS);
	print_message("taken back after %llu ms\n", (unsigned long long)(took / MS));
	/* new work has it again at once */
	hold(&bench);
	took = until(3);
	print_message("asked for again after %llu ms\n", (unsigned long long)(took / MS));
	release(&bench);
	end(&bench);
	/* and with the end of the process's use it goes, at once */
	assert_int_equal(escapes(), 4);
}

static void automatic_follows_the_source_of_power(void **state)
{
	struct bench bench;
	uint64_t took;

	(void)state;
	begin(&bench, adapters, "auto");
	hold(&bench);
	pause_ns(100 * MS);
	assert_int_equal(escapes(), 0);
	release(&bench);
	assert_int_equal(dxgsim_control("power=mains"), 0);
	hold(&bench);
	took = until(1);
	print_message("on mains: asked for after %llu ms\n", (unsigned long long)(took / MS));
	assert_int_equal(dxgsim_control("power=battery"), 0);
	/* the work goes on */
	took = until(2);
	print_message("on battery: taken back after %llu ms\n", (unsigned long long)(took / MS));
	release(&bench);
	hold(&bench);
	pause_ns(100 * MS);
	release(&bench);
	short_work(&bench, 10);
	assert_int_equal(escapes(), 2);
	assert_int_equal(dxgsim_control("power=mains"), 0);
	pause_ns(110 * MS);
	hold(&bench);
	took = until(3);
	print_message("on mains again: asked for after %llu ms\n", (unsigned long long)(took / MS));
	release(&bench);
	end(&bench);
	assert_int_equal(escapes(), 4);
}

static void a_refusal_fails_nothing_and_is_not_repeated(void **state)
{
	static const char *const faults[] = {"ioctl=ESCAPE:errno=EINVAL", "ioctl=ESCAPE:errno=ENOMEM",
					     "ioctl=ESCAPE:errno=EPERM"};

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct bench bench;

		begin(&bench, adapters, "performance");
		assert_int_equal(dxgsim_fault(faults[i]), 0);
		hold(&bench);
		until(1);
		release(&bench);
		for (unsigned n = 0; n < 3; n++) {
			hold(&bench);
			pause_ns(20 * MS);
			release(&bench);
		}
		short_work(&bench, 20);
		assert_int_equal(escapes(), 1);
		end(&bench);
		assert_int_equal(escapes(), 1);
		dxgsim_clear_faults();
	}
}

static void a_driver_that_does_not_answer_is_asked_once(void **state)
{
	char silent[128];
	struct bench bench;

	(void)state;
	snprintf(silent, sizeof(silent), "%s,escape=ignored", adapters);
	begin(&bench, silent, "performance");
	hold(&bench);
	/* the request, and twice that it may be forgotten */
	until(3);
	release(&bench);
	hold(&bench);
	pause_ns(60 * MS);
	release(&bench);
	end(&bench);
	assert_int_equal(escapes(), 3);
}

static void a_lost_gpu_is_sent_nothing(void **state)
{
	struct bench bench;
	uint64_t start;

	(void)state;
	begin(&bench, adapters, "performance");
	hold(&bench);
	until(1);
	assert_int_equal(dxgsim_control("reset"), 0);
	start = aql_now_ns();
	while (!__atomic_load_n(bench.queue.error, __ATOMIC_ACQUIRE) && aql_now_ns() - start < LATE_S * S)
		pause_ns(MS);
	assert_int_not_equal(*bench.queue.error, 0);
	end(&bench);
	assert_int_equal(escapes(), 1);
}

static int teardown(void **state)
{
	int ret = machine_teardown(state);

	unsetenv(HSAKMT_DXG_ENV_POWER);
	return ret;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(unless_it_is_wished_for_nothing_is_sent, teardown),
		cmocka_unit_test_teardown(performance_is_one_request_for_a_burst_and_its_end, teardown),
		cmocka_unit_test_teardown(automatic_follows_the_source_of_power, teardown),
		cmocka_unit_test_teardown(a_refusal_fails_nothing_and_is_not_repeated, teardown),
		cmocka_unit_test_teardown(a_driver_that_does_not_answer_is_asked_once, teardown),
		cmocka_unit_test_teardown(a_lost_gpu_is_sent_nothing, teardown),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s ADAPTERS\n", argv[0]);
		return 2;
	}
	adapters = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
