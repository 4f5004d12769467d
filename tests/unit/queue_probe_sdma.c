// SPDX-License-Identifier: MIT
/* The probe of copy engines, against one that knows their few packets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "queue/probe.h"
#include "queue_world.h"
#include "util/compiler.h"

enum mood { WORKS, HANGS, WRITES_WRONG, IDLES };

struct trial {
	struct queue_world world;
	struct probe_options options;
	struct probe_result result;
	enum mood mood;
	unsigned executed;
};

/* NOP and WRITE as the public headers have them (Linux: navi10_sdma_pkt_open.h). */
static void execute(const uint32_t *words, uint32_t count, bool wrong)
{
	for (uint32_t at = 0; at < count;) {
		const uint32_t *p = words + at;
		uint32_t data;

		switch (p[0] & 0xffff) {
		case 0:
			at += 1 + (p[0] >> 16 & 0x3fff);
			break;
		case 2:
			data = (p[3] & 0xfffff) + 1;
			assert_true(at + 4 + data <= count);
			memcpy(u64_to_ptr((uint64_t)p[2] << 32 | p[1]), p + 4, data * sizeof(*p));
			if (wrong)
				*(uint32_t *)u64_to_ptr((uint64_t)p[2] << 32 | p[1]) ^= 1;
			at += 4 + data;
			break;
		default:
			fail_msg("unknown packet %#x", p[0]);
		}
	}
}

static void engine(const struct fake_submission *submission, void *arg)
{
	struct trial *t = arg;

	t->executed++;
	/* what SDMA fetches by, and what ROCr pads to */
	assert_true(IS_ALIGNED(submission->commands, 32ULL));
	assert_true(IS_ALIGNED(submission->length, 64U));
	if (t->mood == WORKS || t->mood == WRITES_WRONG)
		execute(u64_to_ptr(submission->commands), submission->length / 4, t->mood == WRITES_WRONG);
	fake_stall(t->mood == HANGS);
}

static void begin(struct trial *t, unsigned gfx_major, bool hardware, enum gsp_rung rung, enum mood mood)
{
	memset(t, 0, sizeof(*t));
	queue_world_build_with_sdma(&t->world, gfx_major, hardware);
	t->mood = mood;
	t->options.channel = queue_world_options(&t->world, rung);
	t->options.channel.engine = KMD_ENGINE_SDMA0;
	/* the fence of a submission that stalls is issued before it is executed */
	fake_stall(mood == HANGS);
	fake_execute(engine, t);
}

static void end(struct trial *t)
{
	queue_world_end(&t->world);
}

static void it_passes_on_every_generation_and_rung(void **state)
{
	(void)state;
	for (unsigned gfx = 9; gfx <= 12; gfx++) {
		for (int rung = 0; rung < GSP_RUNG_COUNT; rung++) {
			struct trial t;

			begin(&t, gfx, true, (enum gsp_rung)rung, WORKS);
			assert_int_equal(probe_run(&t.options, &t.result), 0);
			assert_true(t.result.passed);
			assert_int_equal(t.executed, 1);
			end(&t);
		}
	}
}

/* The context is of the copy engine's node, not of the compute engine's. */
static void it_is_the_copy_engine_that_is_asked(void **state)
{
	struct dxg_context_request request;
	struct fake_submission submission;
	struct trial t;
	struct channel *channel;
	uint64_t ordinal;

	(void)state;
	begin(&t, 11, false, GSP_RUNG_SOFTWARE, IDLES);
	assert_int_equal(channel_create(&t.options.channel, &channel, NULL), 0);
	assert_int_equal(channel_submit(channel, 0x10000, 64, &ordinal), 0);
	fake_submissions(&submission);
	assert_true(fake_context(submission.to, &request));
	assert_int_equal(request.node, QUEUE_SDMA_NODE);
	assert_int_equal(channel_destroy(channel), 0);
	end(&t);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* Windows would count 2 s against the device: it is let go before, at whichever rung. */
static void an_engine_that_hangs_is_let_go_in_time(void **state)
{
	enum gsp_rung rung;
	struct trial t;
	uint64_t start;

	(void)state;
	begin(&t, 10, false, GSP_RUNG_SOFTWARE, HANGS);
	start = now_ns();
	assert_int_equal(probe_run(&t.options, &t.result), -ETIMEDOUT);
	assert_true(now_ns() - start < 2000000000ULL);
	assert_int_equal(t.result.failed_at, PROBE_FENCE);
	assert_non_null(strstr(t.result.why.text, "not executed"));
	assert_false(gsp_device_is_lost(t.world.device));
	t.options.step_timeout_ns = 20000000;
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), -ETIMEDOUT);
	assert_int_equal(rung, GSP_RUNG_NONE);
	assert_int_equal(t.executed, 3);
	assert_false(gsp_device_is_lost(t.world.device));
	/* the compute engine is as it was */
	t.mood = IDLES;
	fake_stall(false);
	end(&t);
}

static void what_it_writes_is_looked_at(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_HARDWARE, WRITES_WRONG);
	assert_int_equal(probe_run(&t.options, &t.result), -EBADMSG);
	assert_int_equal(t.result.failed_at, PROBE_RESULT);
	end(&t);
	begin(&t, 11, true, GSP_RUNG_HARDWARE, IDLES);
	assert_int_equal(probe_run(&t.options, &t.result), -ENODATA);
	assert_int_equal(t.result.failed_at, PROBE_RESULT);
	end(&t);
}

static void an_engine_that_is_not_there_is_not_asked(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, WORKS);
	t.options.channel.engine = KMD_ENGINE_SDMA1;
	assert_int_equal(probe_run(&t.options, &t.result), -EOPNOTSUPP);
	t.options.channel.engine = KMD_ENGINE_GRAPHICS;
	assert_int_equal(probe_run(&t.options, &t.result), -EOPNOTSUPP);
	assert_int_equal(fake_calls(), 0);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_passes_on_every_generation_and_rung),
		cmocka_unit_test(it_is_the_copy_engine_that_is_asked),
		cmocka_unit_test(an_engine_that_hangs_is_let_go_in_time),
		cmocka_unit_test(what_it_writes_is_looked_at),
		cmocka_unit_test(an_engine_that_is_not_there_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
