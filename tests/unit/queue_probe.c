// SPDX-License-Identifier: MIT
/* The probe on a host that fails it at every step, and against a GPU of its own few packets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_dxg.h"
#include "queue/probe.h"
#include "queue_world.h"
#include "util/compiler.h"

#define SOON_NS 30000000ULL

enum gpu_mood {
	GPU_WORKS,
	GPU_IDLES,	      /* the fence passes, nothing was done */
	GPU_STALLS,	      /* nor does the fence */
	GPU_WORKS_AND_STALLS, /* it did it, the fence does not tell */
	GPU_WRITES_WRONG,
	GPU_WRITES_BESIDE,
	GPU_WRITES_ELSEWHERE, /* ... and not where it was to */
	GPU_FAULTS,
	GPU_HANGS,
	GPU_NEEDS_RING, /* stalls without ring memory of ours */
};

struct trial {
	struct queue_world world;
	struct probe_options options;
	struct probe_result result;
	enum gpu_mood mood;
	unsigned events;
	enum probe_step next; /* whose outcome is due */
	bool begun;
	enum probe_outcome outcomes[PROBE_STEP_COUNT];
	int errors[PROBE_STEP_COUNT];
	char texts[PROBE_STEP_COUNT][256];
	unsigned runs[GSP_RUNG_COUNT];
};

/* Every step begins and ends, in order, the teardown too. */
static void collect(void *arg, const struct probe_event *event)
{
	struct trial *t = arg;

	t->events++;
	assert_int_equal(event->step, t->next);
	assert_non_null(event->text);
	if (event->outcome == PROBE_BEGINS) {
		assert_false(t->begun);
		t->begun = true;
		if (!event->step)
			t->runs[event->rung]++;
		return;
	}
	assert_true(t->begun);
	t->begun = false;
	t->outcomes[event->step] = event->outcome;
	t->errors[event->step] = event->error;
	assert_int_equal(event->error != 0, event->outcome == PROBE_FAILED);
	strncpy(t->texts[event->step], event->text, sizeof(t->texts[0]) - 1);
	t->next = (enum probe_step)((t->next + 1) % PROBE_STEP_COUNT);
}

/* The packets as the public headers have them, addresses being the process' own. */
static void execute(const uint32_t *words, uint32_t count, bool wrong)
{
	for (uint32_t at = 0; at < count;) {
		const uint32_t *p = words + at;
		uint32_t opcode = p[0] >> 8 & 0xff, length = (p[0] >> 16 & 0x3fff) + 2;
		uint32_t *target;

		assert_int_equal(p[0] >> 30, 3);
		if (p[0] == 0xffff1000) {
			at++;
			continue;
		}
		assert_true(length <= count - at);
		switch (opcode) {
		case 0x10:
			break;
		case 0x37:
			assert_int_equal(p[1] >> 8 & 0xf, 5);
			target = u64_to_ptr((uint64_t)p[3] << 32 | p[2]);
			memcpy(target, p + 4, (length - 4) * sizeof(*p));
			target[0] ^= wrong;
			break;
		case 0x49:
			assert_int_equal(length, 8);
			assert_int_equal(p[2] >> 29, 2);
			target = u64_to_ptr((uint64_t)p[4] << 32 | p[3]);
			memcpy(target, p + 5, 2 * sizeof(*p));
			break;
		default:
			fail_msg("unknown opcode %#x", opcode);
		}
		at += length;
	}
}

static void gpu(const struct fake_submission *submission, void *arg)
{
	struct trial *t = arg;
	uint32_t *words = u64_to_ptr(submission->commands), ring;
	bool stall = false;

	/* what the engine of the made-up adapter asks for */
	assert_true(IS_ALIGNED(submission->commands, 256ULL));
	assert_true(IS_ALIGNED(submission->length, 32U));
	assert_true(fake_is_mapped(0, submission->commands + submission->length - 1));
	memcpy(&ring, submission->private_data + 0x28, sizeof(ring));
	switch (t->mood) {
	case GPU_WORKS:
		execute(words, submission->length / 4, false);
		break;
	case GPU_IDLES:
		break;
	case GPU_STALLS:
		stall = true;
		break;
	case GPU_WORKS_AND_STALLS:
		execute(words, submission->length / 4, false);
		stall = true;
		break;
	case GPU_WRITES_WRONG:
		execute(words, submission->length / 4, true);
		break;
	case GPU_WRITES_BESIDE:
		execute(words, submission->length / 4, false);
		words[0xffff / 4] = 0;
		break;
	case GPU_WRITES_ELSEWHERE:
		words[0xffff / 4] = 0;
		break;
	case GPU_FAULTS:
		fake_page_fault(0, 0x123456000);
		break;
	case GPU_HANGS:
		fake_lose(0, D3DKMT_DEVICEEXECUTION_HUNG);
		break;
	case GPU_NEEDS_RING:
		stall = !ring;
		if (ring)
			execute(words, submission->length / 4, false);
		break;
	}
	fake_stall(stall);
}

static void begin(struct trial *t, unsigned gfx_major, bool hardware, enum gsp_rung rung, enum gpu_mood mood)
{
	memset(t, 0, sizeof(*t));
	queue_world_build(&t->world, gfx_major, hardware);
	t->mood = mood;
	t->options = (struct probe_options){
		.channel = queue_world_options(&t->world, rung),
		.step_timeout_ns = SOON_NS,
		.report = collect,
		.arg = t,
	};
	/* the fence of a submission that stalls was issued before it was executed */
	if (mood == GPU_STALLS || mood == GPU_WORKS_AND_STALLS || mood == GPU_NEEDS_RING)
		fake_stall(mood != GPU_NEEDS_RING || rung != GSP_RUNG_USER_QUEUE);
	fake_execute(gpu, t);
}

static void end(struct trial *t)
{
	assert_int_equal(t->next, 0);
	assert_false(t->begun);
	fake_stall(false);
	fake_hold_fences(false);
	fake_finish();
	queue_world_end(&t->world);
}

static void expect_passed(const struct trial *t, enum gsp_rung rung)
{
	assert_true(t->result.passed);
	assert_int_equal(t->result.error, 0);
	assert_int_equal(t->result.why.rule, 0);
	for (unsigned step = 0; step < PROBE_STEP_COUNT; step++)
		assert_int_equal(t->outcomes[step], step == PROBE_USER_QUEUE && rung != GSP_RUNG_USER_QUEUE
							    ? PROBE_SKIPPED
							    : PROBE_PASSED);
}

/* What is before the step passed, what is behind it was skipped, the teardown took place. */
static void expect_failed(const struct trial *t, enum probe_step failed_at, int error, unsigned rule)
{
	assert_false(t->result.passed);
	assert_int_equal(t->result.failed_at, failed_at);
	assert_int_equal(t->result.error, error);
	assert_int_equal(t->result.why.rule, rule);
	assert_non_null(strstr(t->result.why.text, probe_step_name(failed_at)));
	for (unsigned step = 0; step < PROBE_STEP_COUNT; step++) {
		if (step == failed_at) {
			assert_int_equal(t->outcomes[step], PROBE_FAILED);
			assert_int_equal(t->errors[step], error);
			assert_true(strlen(t->texts[step]) > 0);
		} else if (step < failed_at && step != PROBE_USER_QUEUE) {
			assert_int_equal(t->outcomes[step], PROBE_PASSED);
		} else if (step != PROBE_TEARDOWN && step != PROBE_USER_QUEUE) {
			assert_int_equal(t->outcomes[step], PROBE_SKIPPED);
		}
	}
	if (failed_at != PROBE_TEARDOWN)
		assert_int_equal(t->outcomes[PROBE_TEARDOWN], PROBE_PASSED);
}

static void it_passes_on_every_generation_and_rung(void **state)
{
	(void)state;
	for (unsigned gfx = 9; gfx <= 12; gfx++) {
		for (int rung = 0; rung < GSP_RUNG_COUNT; rung++) {
			struct trial t;

			begin(&t, gfx, true, (enum gsp_rung)rung, GPU_WORKS);
			assert_int_equal(probe_run(&t.options, &t.result), 0);
			expect_passed(&t, (enum gsp_rung)rung);
			/* twice on the same device: nothing of the first is in the way */
			assert_int_equal(probe_run(&t.options, &t.result), 0);
			expect_passed(&t, (enum gsp_rung)rung);
			end(&t);
		}
	}
}

static void it_needs_nobody_to_report_to(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, false, GSP_RUNG_SOFTWARE, GPU_WORKS);
	t.options.report = NULL;
	t.options.step_timeout_ns = 0;
	assert_int_equal(probe_run(&t.options, &t.result), 0);
	assert_true(t.result.passed);
	end(&t);
}

#define PASSES PROBE_STEP_COUNT

/* The calls of a probe in order, and the step that is to blame when the host refuses one of them. */
static const struct {
	enum gsp_rung rung;
	unsigned count;
	enum probe_step steps[24];
} walks[] = {
	{GSP_RUNG_HARDWARE,
	 14,
	 {PROBE_DEVICE, PROBE_PAGING_QUEUE, PROBE_CONTEXT, PROBE_QUEUE, PASSES /* another address is taken */,
	  PROBE_ALLOCATION, PROBE_RESIDENT, PROBE_MAP, PROBE_SUBMIT, PROBE_TEARDOWN /* queue */,
	  PROBE_TEARDOWN /* context */, PASSES /* evicting */, PASSES /* unmapping is tried again */,
	  PASSES /* the allocation is gone whatever is said */}},
	{GSP_RUNG_SOFTWARE,
	 15,
	 {PROBE_DEVICE, PROBE_PAGING_QUEUE, PROBE_CONTEXT, PROBE_QUEUE, PASSES, PROBE_ALLOCATION,
	  PROBE_RESIDENT, PROBE_MAP, PROBE_SUBMIT, PROBE_SUBMIT /* the signal */, PROBE_TEARDOWN,
	  PROBE_TEARDOWN /* fence */, PASSES, PASSES, PASSES}},
	{GSP_RUNG_USER_QUEUE, 22, {PROBE_DEVICE,     PROBE_PAGING_QUEUE,
				   PROBE_CONTEXT,    PASSES,
				   PROBE_USER_QUEUE, PROBE_USER_QUEUE,
				   PROBE_USER_QUEUE, PROBE_QUEUE,
				   PASSES,	     PROBE_ALLOCATION,
				   PROBE_RESIDENT,   PROBE_MAP,
				   PROBE_SUBMIT,     PROBE_SUBMIT,
				   PROBE_TEARDOWN,   PROBE_TEARDOWN,
				   PASSES,	     PASSES,
				   PASSES,	     PASSES,
				   PASSES,	     PASSES}},
};

static void every_refused_call_names_its_step_and_leaves_nothing(void **state)
{
	(void)state;
	for (unsigned w = 0; w < ARRAY_SIZE(walks); w++) {
		for (unsigned n = 1; n <= walks[w].count; n++) {
			enum probe_step step = walks[w].steps[n - 1];
			bool resident = step == PROBE_RESIDENT || (step == PROBE_USER_QUEUE && n == 6);
			/* the signal behind a submission */
			bool signals = step == PROBE_SUBMIT && walks[w].steps[n - 2] == step;
			int error = resident || signals ? -EIO : -ENOMEM;
			struct trial t;

			begin(&t, 10, true, walks[w].rung, GPU_WORKS);
			/* no room on the GPU is asked about twice, and a signal is made again */
			fake_fail_call(n, error);
			probe_run(&t.options, &t.result);
			assert_true(fake_failed());
			/* how a host's refusal of a fence shows (dxgkrnl) */
			if (step == PROBE_PAGING_QUEUE ||
			    (step == PROBE_QUEUE && walks[w].rung != GSP_RUNG_HARDWARE))
				assert_non_null(strstr(t.result.why.text, "refused"));
			if (step == PASSES)
				expect_passed(&t, walks[w].rung);
			else
				expect_failed(&t, step, error, 10);
			/* the next one works */
			fake_fail_call(0, 0);
			assert_int_equal(probe_run(&t.options, &t.result), 0);
			expect_passed(&t, walks[w].rung);
			end(&t);
		}
	}
}

/* The adapter vanishes at every call: no step hangs, all is given up, and the loss is what is told. */
static void a_removal_at_any_call_ends_it(void **state)
{
	(void)state;
	for (unsigned w = 0; w < ARRAY_SIZE(walks); w++) {
		for (unsigned n = 1; n <= walks[w].count; n++) {
			struct trial t;
			int ret;

			begin(&t, 10, true, walks[w].rung, GPU_WORKS);
			fake_fail_call(n, -ENODEV);
			ret = probe_run(&t.options, &t.result);
			/* in the teardown nothing of it is left to destroy */
			assert_true(ret == -ENODEV || (!ret && t.events == 2 * PROBE_STEP_COUNT));
			assert_int_equal(t.outcomes[PROBE_TEARDOWN], PROBE_PASSED);
			end(&t);
		}
	}
}

static void a_fence_that_never_moves_is_late(void **state)
{
	(void)state;
	for (int rung = 0; rung < GSP_RUNG_COUNT; rung++) {
		struct trial t;

		begin(&t, 11, true, (enum gsp_rung)rung, GPU_STALLS);
		assert_int_equal(probe_run(&t.options, &t.result), -ETIMEDOUT);
		expect_failed(&t, PROBE_FENCE, -ETIMEDOUT, 10);
		assert_non_null(strstr(t.result.why.text, "did not move"));
		assert_non_null(strstr(t.result.why.text, "the device is active"));
		assert_non_null(strstr(t.result.why.text, "not executed"));
		end(&t);
	}
}

static void a_fence_that_forgets_to_move_is_another_matter(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS_AND_STALLS);
	assert_int_equal(probe_run(&t.options, &t.result), -ETIMEDOUT);
	expect_failed(&t, PROBE_FENCE, -ETIMEDOUT, 10);
	assert_non_null(strstr(t.result.why.text, "commands were executed"));
	end(&t);
}

static void a_fence_without_effect_is_found_out(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_HARDWARE, GPU_IDLES);
	assert_int_equal(probe_run(&t.options, &t.result), -ENODATA);
	expect_failed(&t, PROBE_RESULT, -ENODATA, 10);
	end(&t);
}

static void a_wrong_number_is_found_out(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_HARDWARE, GPU_WRITES_WRONG);
	assert_int_equal(probe_run(&t.options, &t.result), -EBADMSG);
	expect_failed(&t, PROBE_RESULT, -EBADMSG, 10);
	assert_non_null(strstr(t.result.why.text, "instead of"));
	end(&t);
}

static void a_stray_write_is_found_out(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WRITES_BESIDE);
	assert_int_equal(probe_run(&t.options, &t.result), -EBADMSG);
	expect_failed(&t, PROBE_RESULT, -EBADMSG, 10);
	assert_non_null(strstr(t.result.why.text, "0xfffc"));
	end(&t);
}

/* Then it wrote something, only to another place. */
static void a_stray_write_alone_is_not_nothing(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WRITES_ELSEWHERE);
	assert_int_equal(probe_run(&t.options, &t.result), -EBADMSG);
	expect_failed(&t, PROBE_RESULT, -EBADMSG, 10);
	assert_non_null(strstr(t.result.why.text, "0xfffc"));
	end(&t);
}

static void a_page_fault_is_told_with_its_address(void **state)
{
	(void)state;
	for (int rung = 0; rung < GSP_RUNG_COUNT; rung++) {
		struct trial t;

		begin(&t, 11, true, (enum gsp_rung)rung, GPU_FAULTS);
		fake_stall(true);
		assert_int_equal(probe_run(&t.options, &t.result), -EFAULT);
		expect_failed(&t, PROBE_FENCE, -EFAULT, 11);
		assert_non_null(strstr(t.result.why.text, "page fault at 0x123456000"));
		end(&t);
	}
}

static void a_hang_is_told_from_a_page_fault(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_HARDWARE, GPU_HANGS);
	fake_stall(true);
	assert_int_equal(probe_run(&t.options, &t.result), -ENODEV);
	expect_failed(&t, PROBE_FENCE, -ENODEV, 11);
	assert_non_null(strstr(t.result.why.text, "hung"));
	end(&t);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static void paging_that_never_ends_is_waited_for_as_long_as_asked(void **state)
{
	struct trial t;
	uint64_t start;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_HARDWARE, GPU_WORKS);
	fake_hold_fences(true);
	fake_ignore_waits(true);
	start = now_ns();
	assert_int_equal(probe_run(&t.options, &t.result), -ETIMEDOUT);
	/* the library's own bound on paging is 10 s */
	assert_true(now_ns() - start < 5000000000ULL);
	expect_failed(&t, PROBE_PAGING, -ETIMEDOUT, 10);
	end(&t);
}

static void private_data_that_no_form_pleases_is_another_rule(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	fake_refuse_contexts_below(0x1000);
	assert_int_equal(probe_run(&t.options, &t.result), -EINVAL);
	expect_failed(&t, PROBE_CONTEXT, -EINVAL, 15);
	end(&t);
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	fake_refuse_form_below(99);
	assert_int_equal(probe_run(&t.options, &t.result), -EIO);
	expect_failed(&t, PROBE_ALLOCATION, -EIO, 15);
	end(&t);
	/* one that was taken before is not to blame */
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	assert_int_equal(probe_run(&t.options, &t.result), 0);
	fake_refuse_contexts_below(0x1000);
	assert_int_equal(probe_run(&t.options, &t.result), -EINVAL);
	expect_failed(&t, PROBE_CONTEXT, -EINVAL, 10);
	end(&t);
	/* what was written behind it is a matter of its own */
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	fake_fail_call(3, -EPROTO);
	assert_int_equal(probe_run(&t.options, &t.result), -EPROTO);
	expect_failed(&t, PROBE_CONTEXT, -EPROTO, 12);
	end(&t);
	/* one form is enough */
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	fake_refuse_contexts_below(0x1a8);
	fake_refuse_form_below(9);
	assert_int_equal(probe_run(&t.options, &t.result), 0);
	expect_passed(&t, GSP_RUNG_SOFTWARE);
	end(&t);
}

/* A GPU whose own addresses leave no room for the process' is no lost one. */
static void a_gpu_without_common_addresses_is_not_called_lost(void **state)
{
	static const enum gsp_rung rungs[] = {GSP_RUNG_SOFTWARE, GSP_RUNG_USER_QUEUE};
	static const enum probe_step steps[] = {PROBE_ADDRESS, PROBE_USER_QUEUE};
	const struct kmd_adapter info = {
		.valid = 1ULL << KMD_FIELD_VA_RANGE,
		.va_limit = 65536,
		.discrete = true,
		.compute_node = QUEUE_NODE,
		.sdma_node = {KMD_NO_NODE, KMD_NO_NODE},
		.vram_visible = 1ULL << 30,
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rungs); i++) {
		struct memory_gpu_config config = {.info = &info, .gfx_major = 11, .node = 1};
		struct trial t = {.mood = GPU_WORKS};

		fake_reset();
		assert_int_equal(gsp_gpu_create(NULL, FAKE_ADAPTER(0), &info, &config.gsp), 0);
		assert_int_equal(memory_create(&config, 1, &t.world.memory), 0);
		t.world.gpu = config.gsp;
		t.world.device = gsp_gpu_device(config.gsp);
		t.options = (struct probe_options){
			.channel = queue_world_options(&t.world, rungs[i]), .report = collect, .arg = &t};
		assert_int_equal(probe_run(&t.options, &t.result), -ENODEV);
		assert_false(gsp_device_is_lost(t.world.device));
		expect_failed(&t, steps[i], -ENODEV, 10);
		assert_null(strstr(t.result.why.text, "the device is active"));
		assert_non_null(strstr(t.result.why.text, "addresses"));
		end(&t);
	}
}

/* Only what was sent with private data can have something written behind it. */
static void an_answer_that_makes_no_sense_is_no_written_slack(void **state)
{
	static const struct {
		enum gsp_rung rung;
		unsigned call;
		enum probe_step step;
		unsigned rule;
	} cases[] = {
		{GSP_RUNG_HARDWARE, 4, PROBE_QUEUE, 12},
		{GSP_RUNG_HARDWARE, 6, PROBE_ALLOCATION, 12},
		{GSP_RUNG_HARDWARE, 7, PROBE_RESIDENT, 10},
		{GSP_RUNG_HARDWARE, 8, PROBE_MAP, 10},
		{GSP_RUNG_USER_QUEUE, 5, PROBE_USER_QUEUE, 12},
		{GSP_RUNG_USER_QUEUE, 6, PROBE_USER_QUEUE, 10},
		{GSP_RUNG_USER_QUEUE, 7, PROBE_USER_QUEUE, 10},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		struct trial t;

		begin(&t, 11, true, cases[i].rung, GPU_WORKS);
		fake_fail_call(cases[i].call, -EPROTO);
		assert_int_equal(probe_run(&t.options, &t.result), -EPROTO);
		expect_failed(&t, cases[i].step, -EPROTO, cases[i].rule);
		assert_int_equal(strstr(t.result.why.text, "written behind") != NULL, cases[i].rule == 12);
		end(&t);
	}
}

/* Once a form was taken a refusal has another reason, and the others were not tried. */
static void a_form_that_was_taken_is_not_to_blame(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	assert_int_equal(probe_run(&t.options, &t.result), 0);
	fake_refuse_form_below(99);
	assert_int_equal(probe_run(&t.options, &t.result), -EIO);
	expect_failed(&t, PROBE_ALLOCATION, -EIO, 10);
	assert_null(strstr(t.result.why.text, "known forms"));
	t.options.channel.rung = GSP_RUNG_USER_QUEUE;
	assert_int_equal(probe_run(&t.options, &t.result), -EIO);
	expect_failed(&t, PROBE_USER_QUEUE, -EIO, 10);
	end(&t);
	begin(&t, 11, true, GSP_RUNG_USER_QUEUE, GPU_WORKS);
	fake_refuse_form_below(99);
	assert_int_equal(probe_run(&t.options, &t.result), -EIO);
	expect_failed(&t, PROBE_USER_QUEUE, -EIO, 15);
	end(&t);
}

static void options_that_make_no_sense_ask_nothing(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	assert_int_equal(probe_run(&t.options, &t.result), -EINVAL);
	t.options.channel.rung = GSP_RUNG_SOFTWARE;
	t.options.channel.gpu = 1;
	assert_int_equal(probe_run(&t.options, &t.result), -EINVAL);
	t.options.channel.gpu = 0;
	t.options.channel.engine = KMD_ENGINE_SDMA0;
	assert_int_equal(probe_run(&t.options, &t.result), -EOPNOTSUPP);
	assert_false(t.result.passed);
	assert_int_equal(t.events, 0);
	assert_int_equal(fake_calls(), 0);
	end(&t);
	begin(&t, 8, true, GSP_RUNG_SOFTWARE, GPU_WORKS);
	assert_int_equal(probe_run(&t.options, &t.result), -EOPNOTSUPP);
	expect_failed(&t, PROBE_COMMANDS, -EOPNOTSUPP, 10);
	end(&t);
}

static void climb(struct trial *t, enum gsp_rung expected, int error, unsigned hardware, unsigned software,
		  unsigned user_queue)
{
	enum gsp_rung rung;

	t->options.channel.rung = GSP_RUNG_NONE; /* not looked at */
	assert_int_equal(probe_ladder(&t->options, &rung, &t->result), error);
	assert_int_equal(rung, expected);
	assert_int_equal(t->result.passed, !error);
	assert_int_equal(t->runs[GSP_RUNG_HARDWARE], hardware);
	assert_int_equal(t->runs[GSP_RUNG_SOFTWARE], software);
	assert_int_equal(t->runs[GSP_RUNG_USER_QUEUE], user_queue);
	end(t);
}

static void the_ladder_takes_the_first_rung_that_passes(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	climb(&t, GSP_RUNG_HARDWARE, 0, 1, 0, 0);
	begin(&t, 11, false, GSP_RUNG_NONE, GPU_WORKS);
	climb(&t, GSP_RUNG_SOFTWARE, 0, 0, 1, 0);
	/* promised, and refused all the same */
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_hwqueues(-EPERM);
	climb(&t, GSP_RUNG_SOFTWARE, 0, 2, 1, 0);
	/* for once only: the device, its paging queue and the context come before */
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_fail_call(4, -EINVAL);
	climb(&t, GSP_RUNG_HARDWARE, 0, 2, 0, 0);
	begin(&t, 10, false, GSP_RUNG_NONE, GPU_NEEDS_RING);
	climb(&t, GSP_RUNG_USER_QUEUE, 0, 0, 1, 1);
}

static void a_refused_hardware_queue_is_not_asked_for_again(void **state)
{
	enum gsp_rung rung;
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_hwqueues(-EINVAL);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_SOFTWARE);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(fake_calls_of("create_hwqueue"), 2);
	end(&t);
}

/* The device was reset between the context and the queue. */
static void a_loss_is_not_taken_for_a_refused_hardware_queue(void **state)
{
	enum gsp_rung rung;
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_hwqueues(-EINVAL);
	fake_lose(0, D3DKMT_DEVICEEXECUTION_RESET);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), -ENODEV);
	assert_int_equal(t.result.failed_at, PROBE_QUEUE);
	assert_int_equal(t.result.why.rule, 11);
	assert_true(gsp_hardware_usable(t.world.device, KMD_ENGINE_COMPUTE0));
	end(&t);
}

/* Once the fence's numbers are used up nothing can be told apart. */
static void a_fence_without_numbers_is_named(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_HARDWARE, GPU_WORKS);
	fake_progress_starts_at(UINT64_MAX - 1);
	assert_int_equal(probe_run(&t.options, &t.result), -EOVERFLOW);
	expect_failed(&t, PROBE_SUBMIT, -EOVERFLOW, 10);
	assert_non_null(strstr(t.result.why.text, "fence"));
	end(&t);
}

/* Memory locking can be switched off again; the host was not asked. */
static void what_the_host_did_not_refuse_is_asked_for_again(void **state)
{
	enum gsp_rung rung;
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_hwqueues(-ECANCELED);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), -ECANCELED);
	assert_int_equal(rung, GSP_RUNG_NONE);
	assert_int_equal(t.result.why.rule, 10);
	assert_non_null(strstr(t.result.why.text, "memory locking"));
	/* a software queue's fence would be no better */
	assert_int_equal(t.runs[GSP_RUNG_SOFTWARE], 0);
	fake_refuse_hwqueues(0);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	end(&t);
}

/* They may have run out, and come back. */
static void hardware_queues_that_worked_before_are_not_given_up(void **state)
{
	enum gsp_rung rung;
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	fake_refuse_hwqueues(-EINVAL);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_SOFTWARE);
	fake_refuse_hwqueues(0);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	end(&t);
}

/* Contexts may have run out for a time, for software queues as well. */
static void a_refused_context_is_a_refused_hardware_queue_only_if_others_are_not(void **state)
{
	enum gsp_rung rung;
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_contexts(~0U);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), -EINVAL);
	fake_refuse_contexts(0);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_HARDWARE);
	end(&t);
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_contexts(D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(rung, GSP_RUNG_SOFTWARE);
	assert_false(gsp_hardware_usable(t.world.device, KMD_ENGINE_COMPUTE0));
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), 0);
	assert_int_equal(t.runs[GSP_RUNG_HARDWARE], 1);
	end(&t);
}

/* Its ring memory comes after the context, which is the same for both. */
static void software_queues_that_cannot_be_made_are_not_tried_with_ring_memory(void **state)
{
	enum gsp_rung rung;
	struct trial t;

	(void)state;
	begin(&t, 11, false, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_contexts_below(0x1000);
	assert_int_equal(probe_ladder(&t.options, &rung, &t.result), -EINVAL);
	assert_int_equal(rung, GSP_RUNG_NONE);
	assert_int_equal(t.runs[GSP_RUNG_SOFTWARE], 1);
	assert_int_equal(t.runs[GSP_RUNG_USER_QUEUE], 0);
	assert_int_equal(fake_calls_of("create_context"), 2);
	end(&t);
}

static void the_ladder_ends_when_nothing_helps(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_STALLS);
	climb(&t, GSP_RUNG_NONE, -ETIMEDOUT, 1, 1, 1);
	assert_int_equal(t.result.failed_at, PROBE_FENCE);
	/* a lost device can do no more */
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_FAULTS);
	fake_stall(true);
	climb(&t, GSP_RUNG_NONE, -EFAULT, 1, 0, 0);
	assert_int_equal(t.result.why.rule, 11);
	/* the memory of the host is not the queue's fault */
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_WORKS);
	fake_refuse_form_below(99);
	climb(&t, GSP_RUNG_NONE, -EIO, 1, 0, 0);
	assert_int_equal(t.result.failed_at, PROBE_ALLOCATION);
}

/* Of several failures the one that came furthest says most. */
static void the_ladder_tells_of_the_rung_that_came_furthest(void **state)
{
	struct trial t;

	(void)state;
	begin(&t, 11, true, GSP_RUNG_NONE, GPU_IDLES);
	fake_refuse_hwqueues(-EPERM);
	climb(&t, GSP_RUNG_NONE, -ENODATA, 2, 1, 1);
	assert_int_equal(t.result.failed_at, PROBE_RESULT);
	assert_non_null(strstr(t.result.why.text, "software queue, "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_passes_on_every_generation_and_rung),
		cmocka_unit_test(it_needs_nobody_to_report_to),
		cmocka_unit_test(every_refused_call_names_its_step_and_leaves_nothing),
		cmocka_unit_test(a_removal_at_any_call_ends_it),
		cmocka_unit_test(a_fence_that_never_moves_is_late),
		cmocka_unit_test(a_fence_that_forgets_to_move_is_another_matter),
		cmocka_unit_test(a_fence_without_effect_is_found_out),
		cmocka_unit_test(a_wrong_number_is_found_out),
		cmocka_unit_test(a_stray_write_is_found_out),
		cmocka_unit_test(a_stray_write_alone_is_not_nothing),
		cmocka_unit_test(a_page_fault_is_told_with_its_address),
		cmocka_unit_test(a_hang_is_told_from_a_page_fault),
		cmocka_unit_test(paging_that_never_ends_is_waited_for_as_long_as_asked),
		cmocka_unit_test(private_data_that_no_form_pleases_is_another_rule),
		cmocka_unit_test(a_gpu_without_common_addresses_is_not_called_lost),
		cmocka_unit_test(an_answer_that_makes_no_sense_is_no_written_slack),
		cmocka_unit_test(a_form_that_was_taken_is_not_to_blame),
		cmocka_unit_test(options_that_make_no_sense_ask_nothing),
		cmocka_unit_test(the_ladder_takes_the_first_rung_that_passes),
		cmocka_unit_test(a_refused_hardware_queue_is_not_asked_for_again),
		cmocka_unit_test(a_loss_is_not_taken_for_a_refused_hardware_queue),
		cmocka_unit_test(a_fence_without_numbers_is_named),
		cmocka_unit_test(what_the_host_did_not_refuse_is_asked_for_again),
		cmocka_unit_test(hardware_queues_that_worked_before_are_not_given_up),
		cmocka_unit_test(a_refused_context_is_a_refused_hardware_queue_only_if_others_are_not),
		cmocka_unit_test(software_queues_that_cannot_be_made_are_not_tried_with_ring_memory),
		cmocka_unit_test(the_ladder_ends_when_nothing_helps),
		cmocka_unit_test(the_ladder_tells_of_the_rung_that_came_furthest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
