// SPDX-License-Identifier: MIT
#include "gpu_work.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

#include "gsp/diagnose.h"
#include "memory/memory.h"
#include "util/compiler.h"

#define FRAMES	    16u
#define FRAME_BYTES 16384u
#define TAIL_WORDS  64u /* for what ends a submission */
#define MASK	    0xffffffffu
#define NOTICE_MS   2000

/* The frame of the next ordinal, once the submission that had it before is done. */
static void begin_frame(struct gpu_work *work)
{
	uint64_t next = work->submitted + 1;
	char *frame = work->frames + next % FRAMES * FRAME_BYTES;
	int ret = next > FRAMES ? gpu_work_wait(work, next - FRAMES) : 0;

	pm4_begin(&work->buffer, work->generation, (uint32_t *)(void *)frame,
		  FRAME_BYTES / (uint32_t)sizeof(uint32_t) - TAIL_WORDS);
	work->buffer.error = ret;
}

static int make_frames(struct gpu_work *work, const struct channel_options *options)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_UNCACHED,
		.size = FRAMES * FRAME_BYTES,
	};
	void *address;
	int ret = memory_alloc(work->memory, &request, &address);

	if (ret)
		return ret;
	work->frames = address;
	return memory_map(work->memory, address, request.size, &options->gpu, 1, NULL);
}

int gpu_work_open(struct gpu_work *work, const struct channel_options *options)
{
	const struct gsp_engine_caps *engine =
		gsp_caps_engine(gsp_device_caps(options->device), options->engine);
	int ret;

	*work = (struct gpu_work){.device = options->device, .memory = options->memory};
	if (!engine)
		return -EOPNOTSUPP;
	work->ib_size = engine->ib_size;
	ret = pm4_generation_of(memory_gfx_major(options->memory, options->gpu), &work->generation);
	if (!ret)
		ret = channel_create(options, &work->channel, NULL);
	if (!ret)
		ret = make_frames(work, options);
	if (!ret) {
		begin_frame(work);
		ret = gpu_work_run(work);
	}
	if (ret)
		gpu_work_close(work);
	return ret;
}

int gpu_work_close(struct gpu_work *work)
{
	int ret = channel_destroy(work->channel), err = 0;

	if (work->frames)
		err = memory_free(work->memory, work->frames);
	*work = (struct gpu_work){0};
	return ret ? ret : err;
}

void gpu_work_write(struct gpu_work *work, uint64_t to, uint32_t value)
{
	pm4_write_data(&work->buffer, to, &value, 1);
}

void gpu_work_copy(struct gpu_work *work, uint64_t to, uint64_t from)
{
	pm4_copy_data(&work->buffer, to, from, sizeof(uint32_t));
}

void gpu_work_wait_equal(struct gpu_work *work, uint64_t at, uint32_t value)
{
	const struct pm4_wait wait = {.va = at, .compare = PM4_EQUAL, .reference = value, .mask = MASK};

	pm4_wait_mem32(&work->buffer, &wait);
}

void gpu_work_tell(struct gpu_work *work, uint64_t to, uint32_t value)
{
	const struct pm4_release release = {
		.actions = PM4_RELEASE_WRITE_BACK_L2, .data = PM4_DATA_32, .va = to, .value = value};

	pm4_release_mem(&work->buffer, &release);
}

/* Any call may be the first to tell of a loss; the driver's own notice of it, with the cause, can come behind that. */
static int cause_of(const struct gpu_work *work, int ret)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct gsp_diagnosis diagnosis;

	if (ret != -ENODEV)
		return ret;
	for (int i = 0; i < NOTICE_MS; i++) {
		ret = gsp_device_diagnose(work->device, &diagnosis);
		if (diagnosis.cause != GSP_CAUSE_UNKNOWN)
			return ret == -EFAULT ? ret : -ENODEV;
		nanosleep(&pause, NULL);
	}
	return -ENODEV;
}

int gpu_work_submit(struct gpu_work *work, uint64_t *ordinal)
{
	const struct pm4_release release = {.actions = PM4_RELEASE_WRITE_BACK_L2, .data = PM4_DATA_NONE};
	uint32_t length;
	int ret;

	*ordinal = 0;
	work->buffer.capacity += TAIL_WORDS;
	pm4_release_mem(&work->buffer, &release);
	pm4_pad(&work->buffer, work->ib_size);
	ret = pm4_end(&work->buffer, &length);
	if (!ret)
		ret = channel_submit(work->channel, ptr_to_u64(work->buffer.words), length, ordinal);
	if (!ret)
		work->submitted = *ordinal;
	begin_frame(work);
	return cause_of(work, ret);
}

int gpu_work_wait(struct gpu_work *work, uint64_t ordinal)
{
	return cause_of(work, channel_wait(work->channel, ordinal, GPU_WORK_PATIENCE_NS));
}

int gpu_work_run(struct gpu_work *work)
{
	uint64_t ordinal;
	int ret = gpu_work_submit(work, &ordinal);

	return ret ? ret : gpu_work_wait(work, ordinal);
}
