// SPDX-License-Identifier: MIT
#include "queue/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/diagnose.h"
#include "kmd/check.h"
#include "pm4/pm4.h"
#include "pm4/sdma.h"
#include "queue/probe_words.h"
#include "util/compiler.h"
#include "util/log.h"

/*
 * Waiting ends before Windows' GPU timeout of 2 s would count against a copy engine that holds what it was given: with its
 * queue gone it costs nobody the device.
 */
#define STEP_NS	     2000000000ULL
#define STEP_SDMA_NS 1000000000ULL

/* The memory of a probe: commands at its begin, in the other half what they write, and words that nobody writes. */
#define MEMORY_BYTES 0x10000U
#define MEMORY_WORDS (MEMORY_BYTES / 4)
#define RESULT_AT    0x8000U
#define MAGIC_AT     (RESULT_AT + 0x40U)
#define STAMP_AT     (RESULT_AT + 0x80U)
#define FILL	     0xa5a50000U
#define MAGIC_WORDS  3U
#define STAMP	     0x0123456789abcdefULL

static const uint32_t magic[MAGIC_WORDS] = {0x600dda7aU, 0x9ff22585U, 0x00000001U};

struct run {
	struct probe_walk walk;
	struct probe_result *result;
	enum probe_step at; /* the first step without an outcome */
	bool begun;	    /* that step */
	bool with_next;	    /* it is told of together with the next */

	struct channel *channel;
	uint32_t *memory;   /* MEMORY_BYTES, the same address on the GPU */
	uint32_t *expected; /* how it is when all went well */
	uint32_t length;    /* of the commands, bytes */
	uint64_t ordinal;
};

static void tell(const struct run *run, enum probe_outcome outcome, int error, const char *text)
{
	const struct probe_event event = {
		.step = run->at,
		.outcome = outcome,
		.error = error,
		.text = text,
		.with_next = run->with_next,
		.rung = run->walk.rung,
	};

	if (run->walk.options->report)
		run->walk.options->report(run->walk.options->arg, &event);
}

static void begin(struct run *run)
{
	if (!run->begun)
		tell(run, PROBE_BEGINS, 0, "");
	run->begun = true;
}

static void conclude(struct run *run, enum probe_outcome outcome, int error, const char *text)
{
	begin(run);
	tell(run, outcome, error, text);
	run->at++;
	run->begun = false;
}

static bool is_part_of_rung(const struct run *run, enum probe_step step)
{
	return step != PROBE_USER_QUEUE || run->walk.rung == GSP_RUNG_USER_QUEUE;
}

/* One call made several steps: those before `step` went well. */
static void passed_before(struct run *run, enum probe_step step)
{
	run->with_next = true;
	while (run->at < step)
		conclude(run, is_part_of_rung(run, run->at) ? PROBE_PASSED : PROBE_SKIPPED, 0, "");
	run->with_next = false;
}

static void passed(struct run *run, enum probe_step step, const char *text)
{
	passed_before(run, step);
	conclude(run, PROBE_PASSED, 0, text);
}

static bool failed(struct run *run, enum probe_step step, int error, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The step that failed; the first one is the probe's result.  Returns false, for its callers to do the same. */
static bool failed(struct run *run, enum probe_step step, int error, const char *fmt, ...)
{
	struct probe_result *result = run->result;
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	passed_before(run, step);
	if (!result->error) {
		result->failed_at = step;
		result->error = error;
		probe_explain(&run->walk, step, error, text, &result->why);
	}
	conclude(run, PROBE_FAILED, error, text);
	return false;
}

/* failed() for a call, with its error in words behind `prefix`. */
static bool failed_call(struct run *run, enum probe_step step, int error, const char *prefix)
{
	char text[120];

	return failed(run, step, error, "%s%s", prefix,
		      probe_describe(&run->walk, step, error, text, sizeof(text)));
}

static bool open_device(struct run *run)
{
	struct gsp_device *device = run->walk.options->channel.device;
	const struct gsp_handles *handles;
	enum probe_step step = PROBE_DEVICE;
	int ret;

	begin(run);
	ret = gsp_device_open(device, &handles);
	if (!ret) {
		passed(run, PROBE_PAGING_QUEUE, "");
		return true;
	}
	if (gsp_device_open_failed_at(device) == GSP_OPEN_PAGING_QUEUE)
		step = PROBE_PAGING_QUEUE;
	return failed_call(run, step, ret, "");
}

static bool open_channel(struct run *run)
{
	static const enum probe_step step_of[] = {
		[CHANNEL_CONTEXT] = PROBE_CONTEXT,
		[CHANNEL_USER_QUEUE] = PROBE_USER_QUEUE,
		[CHANNEL_QUEUE] = PROBE_QUEUE,
	};
	struct channel_options options = run->walk.options->channel;
	enum channel_step at;
	int ret;

	options.setup_timeout_ns = run->walk.timeout_ns;
	begin(run);
	ret = channel_create(&options, &run->channel, &at);
	if (!ret) {
		passed(run, PROBE_QUEUE, gsp_rung_name(run->walk.rung));
		return true;
	}
	return failed_call(run, step_of[at], ret, "");
}

static enum probe_step map_step(void)
{
	switch (memory_last_step()) {
	case MEMORY_STEP_RESIDENT:
		return PROBE_RESIDENT;
	case MEMORY_STEP_MAP:
		return PROBE_MAP;
	case MEMORY_STEP_PAGING:
		return PROBE_PAGING;
	case MEMORY_STEP_NONE:
	case MEMORY_STEP_ADDRESS:
	case MEMORY_STEP_ALLOCATION:
		break;
	}
	return PROBE_ALLOCATION;
}

static bool make_memory(struct run *run)
{
	const struct channel_options *options = &run->walk.options->channel;
	const struct memory_request request = {
		.gpu = MEMORY_HOST, .kind = MEMORY_SYSTEM, .size = MEMORY_BYTES, .flags = MEMORY_ALONE};
	char text[120];
	void *address;
	int ret;

	begin(run);
	ret = memory_alloc(options->memory, &request, &address);
	if (ret)
		return failed_call(run, PROBE_ADDRESS, ret, "");
	run->memory = address;
	snprintf(text, sizeof(text), "%#" PRIx64, ptr_to_u64(address));
	passed(run, PROBE_ADDRESS, text);
	begin(run);
	ret = memory_map_within(options->memory, address, MEMORY_BYTES, &options->gpu, 1,
				run->walk.timeout_ns, NULL);
	if (ret)
		return failed_call(run, map_step(), ret, "");
	passed(run, PROBE_PAGING, "");
	return true;
}

static bool is_sdma(enum kmd_engine engine)
{
	return engine == KMD_ENGINE_SDMA0 || engine == KMD_ENGINE_SDMA1;
}

static void build_compute(struct pm4_buffer *buffer, uint64_t va)
{
	const struct pm4_release release = {
		.actions = PM4_RELEASE_WRITE_BACK_L2,
		.data = PM4_DATA_64,
		.va = va + STAMP_AT,
		.value = STAMP,
	};

	pm4_write_data(buffer, va + MAGIC_AT, magic, MAGIC_WORDS);
	pm4_release_mem(buffer, &release);
}

/* By stores of 64 bits; the odd word's neighbour is written as it is. */
static void build_sdma(struct pm4_buffer *buffer, uint64_t va)
{
	for (uint32_t i = 0; i < MAGIC_WORDS; i += 2) {
		uint32_t at = MAGIC_AT / 4 + i, high = i + 1 < MAGIC_WORDS ? magic[i + 1] : FILL | (at + 1);

		sdma_write64(buffer, va + at * 4, magic[i] | (uint64_t)high << 32);
	}
	sdma_write64(buffer, va + STAMP_AT, STAMP);
}

/* Commands and filling into the memory, and what is to become of it into run->expected. */
static bool write_commands(struct run *run)
{
	const struct channel_options *options = &run->walk.options->channel;
	const struct gsp_engine_caps *engine =
		gsp_caps_engine(gsp_device_caps(options->device), options->engine);
	uint64_t va = ptr_to_u64(run->memory), stamp = STAMP;
	uint32_t alignment = engine ? engine->ib_size : 4;
	enum pm4_generation generation;
	struct pm4_buffer buffer;
	int ret = pm4_generation_of(memory_gfx_major(options->memory, options->gpu), &generation);

	begin(run);
	if (ret)
		return failed(run, PROBE_COMMANDS, ret, "no commands for gfx%u are known",
			      memory_gfx_major(options->memory, options->gpu));
	run->expected = malloc(MEMORY_BYTES);
	if (!run->expected)
		return failed(run, PROBE_COMMANDS, -ENOMEM, "%s", strerror(ENOMEM));
	for (uint32_t i = 0; i < MEMORY_WORDS; i++)
		run->expected[i] = FILL | i;
	pm4_begin(&buffer, generation, run->expected, RESULT_AT / 4);
	if (is_sdma(options->engine)) {
		build_sdma(&buffer, va);
		sdma_pad(&buffer, alignment);
	} else {
		build_compute(&buffer, va);
		pm4_pad(&buffer, alignment);
	}
	ret = pm4_end(&buffer, &run->length);
	if (ret)
		return failed(run, PROBE_COMMANDS, ret, "the commands cannot be written: %s", strerror(-ret));
	memcpy(run->memory, run->expected, MEMORY_BYTES);
	memcpy((uint8_t *)run->expected + MAGIC_AT, magic, sizeof(magic));
	memcpy((uint8_t *)run->expected + STAMP_AT, &stamp, sizeof(stamp));
	passed(run, PROBE_COMMANDS, "");
	return true;
}

static bool submit(struct run *run)
{
	int ret;

	begin(run);
	ret = channel_submit(run->channel, ptr_to_u64(run->memory), run->length, &run->ordinal);
	if (ret)
		return failed_call(run, PROBE_SUBMIT, ret, "");
	passed(run, PROBE_SUBMIT, "");
	return true;
}

/* A word of the memory, which the GPU may be writing to. */
static uint32_t word_at(const struct run *run, uint32_t word)
{
	return __atomic_load_n(&run->memory[word], __ATOMIC_RELAXED);
}

/* The first word that is not as it should be; MEMORY_WORDS if all are. */
static uint32_t first_wrong(const struct run *run)
{
	uint32_t i = 0;

	while (i < MEMORY_WORDS && word_at(run, i) == run->expected[i])
		i++;
	return i;
}

static bool is_result(uint32_t word)
{
	return (word >= MAGIC_AT / 4 && word < MAGIC_AT / 4 + MAGIC_WORDS) ||
	       (word >= STAMP_AT / 4 && word < STAMP_AT / 4 + 2);
}

/* Whether all of the memory is as it was before. */
static bool nothing_written(const struct run *run)
{
	for (uint32_t i = 0; i < MEMORY_WORDS; i++)
		if (word_at(run, i) != (is_result(i) ? FILL | i : run->expected[i]))
			return false;
	return true;
}

/* The first word that changed though nobody was to write it; MEMORY_WORDS if none did. */
static uint32_t first_stray(const struct run *run)
{
	uint32_t i = 0;

	while (i < MEMORY_WORDS && (is_result(i) || word_at(run, i) == run->expected[i]))
		i++;
	return i;
}

/* For a fence that does not tell. */
static const char *how_far(const struct run *run)
{
	if (first_wrong(run) == MEMORY_WORDS)
		return "and yet the commands were executed";
	return nothing_written(run) ? "the commands were not executed"
				    : "the commands were executed in part, or wrongly";
}

static bool wait_for_fence(struct run *run)
{
	struct gsp_diagnosis diagnosis;
	char text[120];
	int ret, alive;

	begin(run);
	ret = channel_wait(run->channel, run->ordinal, run->walk.timeout_ns);
	if (!ret) {
		passed(run, PROBE_FENCE, "");
		return true;
	}
	if (ret != -ETIMEDOUT)
		return failed_call(run, PROBE_FENCE, ret, "");
	alive = gsp_device_diagnose(run->walk.options->channel.device, &diagnosis);
	return failed(run, PROBE_FENCE, ret, "the fence did not move within %" PRIu64 " ms, %s, %s",
		      run->walk.timeout_ns / 1000000,
		      alive && alive != -ENODEV && alive != -EFAULT
			      ? "the host does not tell how the device is"
			      : gsp_diagnosis_text(&diagnosis, text, sizeof(text)),
		      how_far(run));
}

static bool check_result(struct run *run)
{
	uint32_t stray, wrong;

	begin(run);
	stray = first_stray(run);
	if (stray < MEMORY_WORDS)
		return failed(run, PROBE_RESULT, -EBADMSG,
			      "the word at +%#x, which nobody was to write, changed to %#x", stray * 4,
			      word_at(run, stray));
	if (nothing_written(run))
		return failed(run, PROBE_RESULT, -ENODATA,
			      "the fence passed, but the GPU wrote nothing that the CPU can see");
	wrong = first_wrong(run);
	if (wrong < MEMORY_WORDS)
		return failed(run, PROBE_RESULT, -EBADMSG,
			      "the fence passed, but at +%#x there is %#x instead of %#x", wrong * 4,
			      word_at(run, wrong), run->expected[wrong]);
	passed(run, PROBE_RESULT, "");
	return true;
}

/* The channel first: with it ends what the GPU may still do in the memory. */
static void tear_down(struct run *run)
{
	int channel_error, memory_error = 0;

	begin(run);
	channel_error = channel_destroy(run->channel);
	if (run->memory)
		memory_error = memory_free(run->walk.options->channel.memory, run->memory);
	free(run->expected);
	if (channel_error)
		failed_call(run, PROBE_TEARDOWN, channel_error, "destroying the queue: ");
	else if (memory_error)
		failed_call(run, PROBE_TEARDOWN, memory_error, "freeing the memory: ");
	else
		passed(run, PROBE_TEARDOWN, "");
}

/*
 * Walks the whole way once, on the rung that options->channel names: every step is reported, first that it begins, then what
 * became of it; what follows a failure is skipped, but for the teardown, which always takes place and leaves nothing but
 * the device and its paging queue (the gsp_device's own), and what memory_free() leaves to the host's page-table work.  No
 * step waits longer for the GPU than the timeout (and a second where memory has to make room), none is tried twice.
 *
 * 0: passed.  -EINVAL: options without memory, a GPU that it does not have, an unknown rung; -EOPNOTSUPP: an SDMA engine that
 * it does not have, or an engine that takes no work of ours; nothing is reported or asked of the host then.  Else the error of the first step that failed, as in *result:
 * -EFAULT a page fault, -ENODEV lost, -ETIMEDOUT late, -ENODATA and -EBADMSG what was not written or wrong.
 */
int probe_run(const struct probe_options *options, struct probe_result *result)
{
	struct run run = {
		.walk =
			{
				.options = options,
				.rung = options->channel.rung,
				.timeout_ns = options->step_timeout_ns,
			},
		.result = result,
		.at = PROBE_DEVICE,
	};

	memset(result, 0, sizeof(*result));
	result->failed_at = PROBE_STEP_COUNT;
	if (!options->channel.device || !options->channel.memory ||
	    !memory_gfx_major(options->channel.memory, options->channel.gpu) ||
	    (uint32_t)run.walk.rung >= GSP_RUNG_COUNT)
		result->error = -EINVAL;
	else if (options->channel.engine != KMD_ENGINE_COMPUTE0 &&
		 !(is_sdma(options->channel.engine) &&
		   gsp_caps_engine(gsp_device_caps(options->channel.device), options->channel.engine)))
		result->error = -EOPNOTSUPP;
	if (result->error)
		return result->error;
	if (!run.walk.timeout_ns)
		run.walk.timeout_ns = is_sdma(options->channel.engine) ? STEP_SDMA_NS : STEP_NS;

	if (open_device(&run) && open_channel(&run) && make_memory(&run) && write_commands(&run) &&
	    submit(&run) && wait_for_fence(&run))
		check_result(&run);
	while (run.at < PROBE_TEARDOWN)
		conclude(&run, PROBE_SKIPPED, 0, "");
	tear_down(&run);
	result->passed = !result->error;
	return result->error;
}

/* What says nothing of the rung: a call that did not get through, or for want of memory. */
static bool is_passing(int error)
{
	return error == -EINTR || error == -EAGAIN || error == -ENOMEM || error == -ENOSPC;
}

/*
 * Another rung may do better when it was the queue that failed, and the device survived it.  Software queues with and
 * without ring memory have the same context and fence, and memory locking keeps out every fence.
 */
static bool may_try_next(enum gsp_rung rung, const struct probe_result *result)
{
	switch (result->failed_at) {
	case PROBE_CONTEXT:
	case PROBE_QUEUE:
		return rung == GSP_RUNG_HARDWARE && result->error != -ENODEV && result->error != -ECANCELED;
	case PROBE_SUBMIT:
	case PROBE_FENCE:
	case PROBE_RESULT:
		return result->error != -ENODEV && result->error != -EFAULT;
	default:
		return false;
	}
}

static bool is_refused_queue(const struct probe_options *options, const struct probe_result *result)
{
	return options->channel.rung == GSP_RUNG_HARDWARE && result->failed_at == PROBE_QUEUE &&
	       kmd_is_refusal(result->error);
}

/*
 * probe_run().  A hardware queue that is refused is asked for once more: the process, and others after it, would do without for as long as they
 * live, and that may have been a matter of the moment.
 */
static int run_rung(const struct probe_options *options, struct probe_result *result)
{
	int ret = probe_run(options, result);

	if (!is_refused_queue(options, result))
		return ret;
	ret = probe_run(options, result);
	if (is_refused_queue(options, result))
		gsp_hardware_refused(options->channel.device, options->channel.engine, ret);
	return ret;
}

/*
 * The best rung of an engine that passes, options->channel.rung is not looked at: hardware queues if they are promised, then
 * software queues without and with ring memory of ours, each once, but for refused hardware queues.  It stops where another rung
 * cannot help: the device is lost, memory is what fails, or software queues cannot be made at all.
 *
 * 0 and *rung; else GSP_RUNG_NONE and the error of the rung that came furthest, which *result describes.
 */
int probe_ladder(const struct probe_options *options, enum gsp_rung *rung, struct probe_result *result)
{
	struct gsp_device *device = options->channel.device;
	struct probe_options one = *options;
	int ret, refused_context = 0;
	struct probe_result tried;
	bool first = true, makeshift = false;

	*rung = GSP_RUNG_NONE;
	memset(result, 0, sizeof(*result));
	for (int next = GSP_RUNG_HARDWARE; next < GSP_RUNG_COUNT; next++) {
		one.channel.rung = (enum gsp_rung)next;
		if (next == GSP_RUNG_HARDWARE &&
		    (!device || !gsp_hardware_usable(device, options->channel.engine)))
			continue;
		ret = run_rung(&one, &tried);
		/* contexts can run out; refused for a hardware queue alone they mean that there is none */
		if (refused_context && tried.failed_at > PROBE_CONTEXT)
			gsp_hardware_refused(device, options->channel.engine, refused_context);
		if (!ret) {
			*rung = one.channel.rung;
			*result = tried;
			result->makeshift = makeshift;
			return 0;
		}
		makeshift |= is_passing(ret);
		refused_context = 0;
		if (next == GSP_RUNG_HARDWARE && tried.failed_at == PROBE_CONTEXT && kmd_is_refusal(ret))
			refused_context = ret;
		if (first || tried.failed_at > result->failed_at)
			*result = tried;
		first = false;
		if (!may_try_next(one.channel.rung, &tried) || gsp_device_is_lost(device))
			break;
		log_info("adapter %#x: %s", gsp_device_adapter(device), tried.why.text);
	}
	return result->error;
}
