// SPDX-License-Identifier: MIT
/* The probe of the copy engines of simulated adapters, and that one which hangs costs nobody anything but its queues. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dxgsim/dxgsim.h"
#include "probe_gpu.h"
#include "queue/verdict.h"
#include "util/compiler.h"
#include "util/log.h"

static void open_gpu(struct probe_gpu *gpu, const char *adapter, unsigned gfx_major)
{
	log_set_level(LOG_NONE);
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

static int run(const struct probe_gpu *gpu, enum kmd_engine engine, enum gsp_rung rung,
	       struct probe_result *result)
{
	struct probe_options options = probe_gpu_options(gpu, rung);

	options.channel.engine = engine;
	return probe_run(&options, result);
}

static const struct {
	const char *adapter;
	unsigned gfx_major;
} adapters[] = {
	{"rx6800", 10},		  {"radeon680m", 10},	     {"rx7900xtx", 11},
	{"rx7900xtx,hws=on", 11}, {"radeon780m,hws=on", 11}, {"strixhalo", 11},
	{"rx9070xt", 12},	  {"rx9070xt,hws=on", 12},
};

static void every_copy_engine_works_on_every_rung_that_it_has(void **state)
{
	static const enum kmd_engine engines[] = {KMD_ENGINE_SDMA0, KMD_ENGINE_SDMA1};
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(adapters); i++) {
		struct probe_gpu gpu;

		open_gpu(&gpu, adapters[i].adapter, adapters[i].gfx_major);
		for (unsigned e = 0; e < ARRAY_SIZE(engines); e++) {
			bool there = gsp_caps_engine(gsp_device_caps(gpu.device), engines[e]);

			for (int rung = 0; rung < GSP_RUNG_COUNT; rung++) {
				struct probe_result result;
				int ret = run(&gpu, engines[e], (enum gsp_rung)rung, &result);

				if (!there || (rung == GSP_RUNG_HARDWARE &&
					       !gsp_hardware_usable(gpu.device, engines[e]))) {
					assert_int_equal(ret, -EOPNOTSUPP);
					continue;
				}
				if (ret)
					fail_msg("%s, engine %d: %s", adapters[i].adapter, (int)engines[e],
						 result.why.text);
				passed++;
			}
		}
		close_gpu(&gpu, adapters[i].adapter);
	}
	assert_in_range(passed, 2 * ARRAY_SIZE(adapters), 6 * ARRAY_SIZE(adapters));
}

/* The host takes the work and never runs it: no GPU timeout, the device lives, and compute queues work on. */
static void an_engine_that_hangs_costs_only_its_queues(void **state)
{
	static const struct {
		const char *adapter;
		unsigned gfx_major;
	} hosts[] = {
		{"rx6800,sdma=hangs", 10},
		{"rx7900xtx,hws=on,sdma=hangs", 11},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct verdicts *verdicts;
		struct probe_gpu gpu;
		enum gsp_rung rung;

		open_gpu(&gpu, hosts[i].adapter, hosts[i].gfx_major);
		assert_int_equal(verdicts_create(gpu.memory, &gpu.gsp, 1, NULL, &verdicts), 0);
		assert_int_equal(verdict_get(verdicts, 0, KMD_ENGINE_SDMA0, &rung), -ETIMEDOUT);
		assert_int_equal(rung, GSP_RUNG_NONE);
		assert_int_equal(gsp_device_check(gpu.device), 0);
		assert_false(gsp_device_is_lost(gpu.device));
		assert_int_equal(verdict_get(verdicts, 0, KMD_ENGINE_COMPUTE0, &rung), 0);
		assert_int_not_equal(rung, GSP_RUNG_NONE);
		/* and it is not tried again */
		assert_int_equal(verdict_get(verdicts, 0, KMD_ENGINE_SDMA0, &rung), -ETIMEDOUT);
		verdicts_destroy(verdicts);
		close_gpu(&gpu, hosts[i].adapter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_copy_engine_works_on_every_rung_that_it_has),
		cmocka_unit_test(an_engine_that_hangs_costs_only_its_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
