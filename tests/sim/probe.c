// SPDX-License-Identifier: MIT
/*
 * The probe through the library's own modules, on simulated adapters and on hosts that go wrong in one way each: it
 * passes or names the step, and leaves nothing behind.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "probe_gpu.h"
#include "util/compiler.h"
#include "util/log.h"

struct last_event {
	enum probe_step step;
	enum probe_outcome outcome;
	unsigned failures;
	char text[256];
};

static int quiet(void **state)
{
	(void)state;
	log_set_level(LOG_NONE);
	return 0;
}

static void open_gpu(struct probe_gpu *gpu, const char *adapter, unsigned gfx_major)
{
	dxgsim_reset();
	if (probe_gpu_open(gpu, adapter, gfx_major))
		fail_msg("%s cannot be opened", adapter);
}

static void close_gpu(struct probe_gpu *gpu, const char *adapter)
{
	char text[4096];

	assert_int_equal(probe_gpu_close(gpu), 0);
	if (dxgsim_misuse_count() || dxgsim_leak_count()) {
		dxgsim_findings(text, sizeof(text));
		fail_msg("%s:\n%s", adapter, text);
	}
}

static void remember(void *arg, const struct probe_event *event)
{
	struct last_event *last = arg;

	last->step = event->step;
	last->outcome = event->outcome;
	if (event->outcome != PROBE_FAILED)
		return;
	last->failures++;
	snprintf(last->text, sizeof(last->text), "%s", event->text);
}

static struct probe_options options_of(const struct probe_gpu *gpu, enum gsp_rung rung,
				       struct last_event *last)
{
	struct probe_options options = probe_gpu_options(gpu, rung);

	*last = (struct last_event){.step = PROBE_STEP_COUNT};
	options.report = remember;
	options.arg = last;
	return options;
}

static void expect_pass(const struct probe_gpu *gpu, const char *adapter, enum gsp_rung rung)
{
	struct probe_result result;
	struct last_event last;
	struct probe_options options = options_of(gpu, rung, &last);

	if (probe_run(&options, &result))
		fail_msg("%s: %s", adapter, result.why.text);
	assert_true(result.passed);
	assert_int_equal(last.step, PROBE_TEARDOWN);
	assert_int_equal(last.outcome, PROBE_PASSED);
	assert_int_equal(last.failures, 0);
}

static const struct {
	const char *adapter;
	unsigned gfx_major;
} adapters[] = {
	{"rx6800", 10},	    {"radeon680m", 10}, {"rx7900xtx", 11}, {"rx7600mxt", 11},
	{"radeon780m", 11}, {"w7900", 11},	{"strixhalo", 11}, {"rx9070xt", 12},
};

static void every_adapter_works_with_software_queues(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(adapters); i++) {
		struct probe_gpu gpu;

		open_gpu(&gpu, adapters[i].adapter, adapters[i].gfx_major);
		expect_pass(&gpu, adapters[i].adapter, GSP_RUNG_SOFTWARE);
		expect_pass(&gpu, adapters[i].adapter, GSP_RUNG_SOFTWARE);
		expect_pass(&gpu, adapters[i].adapter, GSP_RUNG_USER_QUEUE);
		close_gpu(&gpu, adapters[i].adapter);
	}
}

static void every_adapter_with_hardware_scheduling_works_with_hardware_queues(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(adapters); i++) {
		char name[64];
		struct probe_gpu gpu;

		if (adapters[i].gfx_major < 11)
			continue; /* RX 7000 and later have it */
		snprintf(name, sizeof(name), "%s,hws=on", adapters[i].adapter);
		open_gpu(&gpu, name, adapters[i].gfx_major);
		expect_pass(&gpu, name, GSP_RUNG_HARDWARE);
		expect_pass(&gpu, name, GSP_RUNG_HARDWARE);
		expect_pass(&gpu, name, GSP_RUNG_SOFTWARE);
		close_gpu(&gpu, name);
	}
}

static void the_ladder_finds_the_rung_of_each_host(void **state)
{
	static const struct {
		const char *adapter;
		unsigned gfx_major;
		enum gsp_rung rung;
	} cases[] = {
		{"rx7900xtx", 11, GSP_RUNG_SOFTWARE},
		{"rx7900xtx,hws=on", 11, GSP_RUNG_HARDWARE},
		{"rx7900xtx,hws=on,hwqueue=refused", 11, GSP_RUNG_SOFTWARE},
		{"rx7900xtx,hws=on,context=long", 11, GSP_RUNG_HARDWARE},
		{"rx9070xt,hws=on,host=27", 12, GSP_RUNG_HARDWARE},
		{"rx9070xt,host=27", 12, GSP_RUNG_SOFTWARE},
		{"rx9070xt,async=off", 12, GSP_RUNG_SOFTWARE},
		{"rx6800,pending=always,paging-us=2000", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,paging-fence=1000", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,checksum=enforced", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,allocation-version=9", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,context=long,allocation-version=9", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,contexts=1", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,context-reply=rewritten", 10, GSP_RUNG_SOFTWARE},
		{"rx6800,user-queue=required", 10, GSP_RUNG_USER_QUEUE},
		{"radeon680m,user-queue=required", 10, GSP_RUNG_USER_QUEUE},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_result result;
		struct probe_options options;
		struct last_event last;
		enum gsp_rung rung;
		struct probe_gpu gpu;

		print_message("           %s\n", cases[i].adapter);
		open_gpu(&gpu, cases[i].adapter, cases[i].gfx_major);
		options = options_of(&gpu, GSP_RUNG_NONE, &last);
		options.step_timeout_ns = 300000000;
		if (probe_ladder(&options, &rung, &result))
			fail_msg("%s: %s", cases[i].adapter, result.why.text);
		assert_int_equal(rung, cases[i].rung);
		close_gpu(&gpu, cases[i].adapter);
	}
}

static void a_broken_host_is_found_out_and_leaves_nothing(void **state)
{
	static const struct {
		const char *adapter;
		unsigned gfx_major;
		enum gsp_rung rung;
		enum probe_step step;
		int error;
		uint32_t rule;
	} cases[] = {
		{"rx7900xtx,submit=lost", 11, GSP_RUNG_SOFTWARE, PROBE_FENCE, -ETIMEDOUT, 10},
		{"rx7900xtx,hws=on,submit=lost", 11, GSP_RUNG_HARDWARE, PROBE_FENCE, -ETIMEDOUT, 10},
		{"rx6800,user-queue=required", 10, GSP_RUNG_SOFTWARE, PROBE_FENCE, -ETIMEDOUT, 10},
		{"rx7900xtx,submit=unwritten", 11, GSP_RUNG_SOFTWARE, PROBE_RESULT, -ENODATA, 10},
		{"rx7900xtx,hws=on,submit=unwritten", 11, GSP_RUNG_HARDWARE, PROBE_RESULT, -ENODATA, 10},
		{"rx7900xtx,submit=fault", 11, GSP_RUNG_SOFTWARE, PROBE_FENCE, -EFAULT, 11},
		{"rx7900xtx,hws=on,submit=fault", 11, GSP_RUNG_HARDWARE, PROBE_FENCE, -EFAULT, 11},
		{"rx7900xtx,hws=on,hwqueue=refused", 11, GSP_RUNG_HARDWARE, PROBE_QUEUE, 0, 10},
		{"rx6800,contexts=0", 10, GSP_RUNG_SOFTWARE, PROBE_CONTEXT, -EINVAL, 15},
		{"rx6800,allocation-version=3", 10, GSP_RUNG_SOFTWARE, PROBE_ALLOCATION, 0, 15},
		{"rx7900xtx,pending=always,paging-us=2000000", 11, GSP_RUNG_SOFTWARE, PROBE_PAGING,
		 -ETIMEDOUT, 10},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_result result;
		struct probe_options options;
		struct last_event last;
		struct probe_gpu gpu;
		int ret;

		print_message("           %s\n", cases[i].adapter);
		open_gpu(&gpu, cases[i].adapter, cases[i].gfx_major);
		options = options_of(&gpu, cases[i].rung, &last);
		options.step_timeout_ns = 200000000;
		ret = probe_run(&options, &result);
		print_message("             %s\n", result.why.text);
		assert_int_not_equal(ret, 0);
		assert_int_equal(result.failed_at, cases[i].step);
		if (cases[i].error)
			assert_int_equal(ret, cases[i].error);
		assert_int_equal(result.why.rule, cases[i].rule);
		assert_int_equal(last.failures, 1);
		assert_int_equal(last.step, PROBE_TEARDOWN);
		assert_int_equal(last.outcome, PROBE_PASSED);
		assert_int_equal(dxgsim_live_objects("context"), 0);
		assert_int_equal(dxgsim_live_objects("hwqueue"), 0);
		close_gpu(&gpu, cases[i].adapter);
	}
}

/* The host is not even asked, and is no worse thought of afterwards. */
static void memory_locking_stops_the_probe_until_it_ends(void **state)
{
	const struct gsp_handles *handles;
	struct probe_options options;
	struct probe_result result;
	struct last_event last;
	enum gsp_rung rung;
	struct probe_gpu gpu;

	(void)state;
	open_gpu(&gpu, "rx7900xtx,hws=on", 11);
	options = options_of(&gpu, GSP_RUNG_NONE, &last);
	assert_int_equal(gsp_device_open(gpu.device, &handles), 0);
	/* by hand, for the sanitizers make mlockall() do nothing */
	if (syscall(SYS_mlockall, MCL_FUTURE)) {
		close_gpu(&gpu, "rx7900xtx");
		skip();
	}
	assert_int_equal(probe_ladder(&options, &rung, &result), -ECANCELED);
	syscall(SYS_munlockall);
	assert_int_equal(result.failed_at, PROBE_QUEUE);
	assert_non_null(strstr(result.why.text, "mlockall"));
	assert_int_equal(last.failures, 1);
	assert_int_equal(probe_ladder(&options, &rung, &result), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	close_gpu(&gpu, "rx7900xtx");
}

static void *climb(void *arg)
{
	const struct probe_options *options = arg;
	struct probe_result result;
	enum gsp_rung rung = GSP_RUNG_NONE;

	probe_ladder(options, &rung, &result);
	return (void *)(uintptr_t)rung;
}

/* Each has a queue and memory of its own; the device, its form and its address space they share. */
static void probes_at_the_same_time_do_not_disturb_each_other(void **state)
{
	static const struct {
		const char *adapter;
		unsigned gfx_major;
		enum gsp_rung rung;
	} cases[] = {
		{"rx7900xtx,hws=on", 11, GSP_RUNG_HARDWARE},
		{"rx7900xtx,hws=on,hwqueue=refused", 11, GSP_RUNG_SOFTWARE},
		{"rx6800,context=long,allocation-version=9,pending=always,paging-us=500", 10,
		 GSP_RUNG_SOFTWARE},
		{"rx6800,user-queue=required", 10, GSP_RUNG_USER_QUEUE},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe_options options;
		struct probe_gpu gpu;
		pthread_t threads[3];

		open_gpu(&gpu, cases[i].adapter, cases[i].gfx_major);
		options = probe_gpu_options(&gpu, GSP_RUNG_NONE);
		for (unsigned t = 0; t < ARRAY_SIZE(threads); t++)
			assert_int_equal(pthread_create(&threads[t], NULL, climb, &options), 0);
		for (unsigned t = 0; t < ARRAY_SIZE(threads); t++) {
			void *rung;

			pthread_join(threads[t], &rung);
			assert_int_equal((uintptr_t)rung, cases[i].rung);
		}
		close_gpu(&gpu, cases[i].adapter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_adapter_works_with_software_queues),
		cmocka_unit_test(every_adapter_with_hardware_scheduling_works_with_hardware_queues),
		cmocka_unit_test(the_ladder_finds_the_rung_of_each_host),
		cmocka_unit_test(a_broken_host_is_found_out_and_leaves_nothing),
		cmocka_unit_test(memory_locking_stops_the_probe_until_it_ends),
		cmocka_unit_test(probes_at_the_same_time_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, quiet, NULL);
}
