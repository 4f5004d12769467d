// SPDX-License-Identifier: MIT
#include "queue/channel.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/diagnose.h"
#include "gsp/timeline.h"
#include "kmd/queue.h"
#include "util/compiler.h"
#include "util/log.h"

#define SETUP_NS     2000000000ULL
#define SIGNAL_TRIES 4U

/*
 * What the driver takes of it is not published (AMD's client is told by its driver); a driver that knows the size of the
 * allocation cannot have too much.
 */
#define USER_QUEUE_SIZE (1ULL << 20)

struct channel {
	struct gsp_device *device;
	struct memory *memory;
	uint32_t gpu;
	enum gsp_rung rung;
	uint32_t ib_start;
	uint32_t ib_size;

	d3dkmt_handle context;
	d3dkmt_handle hwqueue;	  /* GSP_RUNG_HARDWARE */
	d3dkmt_handle own_fence;  /* the others; destroyed with the channel */
	d3dkmt_handle user_queue; /* allocation, GSP_RUNG_USER_QUEUE */
	void *user_queue_memory;

	d3dkmt_handle fence; /* the queue's progress fence, or own_fence */
	const volatile uint64_t *value;
	uint64_t base; /* what the fence was at when nothing was submitted: ordinal n is at base + n */
	_Atomic uint64_t submitted;
	struct gsp_timeline *timeline;
	uint64_t paging_passed; /* the paging fence value that what is submitted has waited for */
	/* a submission went in without its signal: what follows could not be told apart; also read for priorities, on any thread */
	_Atomic int broken;
};

static struct dxg *dxg_of(const struct channel *channel)
{
	return gsp_device_dxg(channel->device);
}

static int make_user_queue(struct channel *channel, const struct channel_options *options)
{
	const struct memory_request request = {
		.gpu = channel->gpu,
		.kind = MEMORY_USER_QUEUE,
		.flags = MEMORY_INTERNAL,
		.size = USER_QUEUE_SIZE,
		.scheduler_id = options->engine,
	};
	uint64_t timeout_ns = options->setup_timeout_ns ? options->setup_timeout_ns : SETUP_NS;
	int ret = memory_alloc(channel->memory, &request, &channel->user_queue_memory);

	if (ret)
		return ret;
	ret = memory_map_within(channel->memory, channel->user_queue_memory, USER_QUEUE_SIZE, &channel->gpu,
				1, timeout_ns, NULL);
	return ret ? ret
		   : memory_allocation(channel->memory, channel->user_queue_memory, channel->gpu,
				       &channel->user_queue);
}

static int make_hardware_queue(struct channel *channel, const struct channel_options *options,
			       const struct gsp_caps *caps, const struct gsp_engine_caps *engine)
{
	const struct kmd_hwqueue_request request = {
		.firmware_managed_state = caps->firmware_managed_state,
		.high_priority = options->high_priority,
	};
	uint32_t flags = engine->no_timeout ? D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT : 0;
	struct kmd_hwqueue_blob blob;
	struct dxg_hwqueue queue;
	uint32_t id;
	int ret = kmd_hwqueue_encode(&request, &blob);

	if (ret)
		return ret;
	ret = gsp_device_creation_result(
		channel->device,
		dxg_create_hwqueue(dxg_of(channel), channel->context, flags, blob.data, blob.size, &queue));
	if (ret)
		return ret;
	gsp_hardware_granted(channel->device, options->engine);
	channel->hwqueue = queue.handle;
	channel->fence = queue.fence;
	channel->value = queue.value;
	ret = kmd_hwqueue_decode(&blob, &id);
	if (!ret)
		log_debug("adapter %#x: hardware queue %u", gsp_device_adapter(channel->device), id);
	return ret;
}

static int make_own_fence(struct channel *channel)
{
	d3dkmt_handle device = gsp_device_handles(channel->device)->device;
	struct dxg_fence fence;
	int ret = gsp_device_result(channel->device, dxg_create_fence(dxg_of(channel), device, 0, &fence));

	if (ret)
		return ret;
	channel->own_fence = channel->fence = fence.handle;
	channel->value = fence.value;
	return 0;
}

static int build(struct channel *channel, const struct channel_options *options, enum channel_step *step)
{
	const struct gsp_caps *caps = gsp_device_caps(channel->device);
	const struct gsp_engine_caps *engine = gsp_caps_engine(caps, options->engine);
	int ret;

	*step = CHANNEL_CONTEXT;
	if (!engine)
		return -EOPNOTSUPP;
	channel->ib_start = engine->ib_start;
	channel->ib_size = engine->ib_size;
	ret = gsp_context_create(channel->device, options->engine, channel->rung, &channel->context);
	if (ret)
		return ret;
	if (channel->rung == GSP_RUNG_USER_QUEUE) {
		*step = CHANNEL_USER_QUEUE;
		ret = make_user_queue(channel, options);
		if (ret)
			return ret;
	}
	*step = CHANNEL_QUEUE;
	ret = channel->rung == GSP_RUNG_HARDWARE ? make_hardware_queue(channel, options, caps, engine)
						 : make_own_fence(channel);
	if (ret)
		return ret;
	ret = gsp_fence_current(channel->value, &channel->base);
	if (ret) {
		gsp_device_fence_lost(channel->device);
		return ret;
	}
	return gsp_timeline_create(channel->device, channel->value, &channel->timeline);
}

/*
 * Opens a way to an engine, in the one manner that options->rung says; nothing else is tried.  The device and the memory
 * must outlive it.
 *
 * -EINVAL: options->rung, or no memory for GSP_RUNG_USER_QUEUE; -EOPNOTSUPP: the adapter has no such engine, or no hardware
 * queues on it; -ENOMEM; -ETIMEDOUT: ring memory was not there in time; -ENODEV: lost; another error: the host's refusal.
 * *failed (may be NULL) is where it stopped; nothing is left behind then.
 */
int channel_create(const struct channel_options *options, struct channel **out, enum channel_step *failed)
{
	enum channel_step step = CHANNEL_CONTEXT;
	struct channel *channel;
	int ret;

	*out = NULL;
	if (failed)
		*failed = step;
	if ((uint32_t)options->rung >= GSP_RUNG_COUNT ||
	    (options->rung == GSP_RUNG_USER_QUEUE && !options->memory))
		return -EINVAL;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return -ENOMEM;
	channel->device = options->device;
	gsp_device_get(channel->device);
	channel->memory = options->memory;
	channel->gpu = options->gpu;
	channel->rung = options->rung;
	atomic_init(&channel->submitted, 0);
	ret = build(channel, options, &step);
	if (ret) {
		if (failed)
			*failed = step;
		channel_destroy(channel); /* the first error is the one to tell */
		return ret;
	}
	*out = channel;
	return 0;
}

static void keep_first(int *error, int ret)
{
	if (!*error)
		*error = ret;
}

/* The result of destroying something: with a lost device it is gone all the same. */
static int gone(struct channel *channel, int ret)
{
	ret = gsp_device_result(channel->device, ret);
	return ret == -ENODEV ? 0 : ret;
}

/*
 * Takes a channel down, also when its work never ends: the host drops what a queue still holds, so nothing is waited for.
 * Who gave it command buffers keeps them until then.  Everything is given up whatever happens; the first error is returned.
 * NULL is allowed.
 */
int channel_destroy(struct channel *channel)
{
	int error = 0;

	if (!channel)
		return 0;
	if (channel->timeline)
		gsp_timeline_stop(channel->timeline);
	/* on an adapter that is gone there is nothing left to destroy */
	if (channel->hwqueue && gsp_device_takes_back(channel->device))
		keep_first(&error, gone(channel, dxg_destroy_hwqueue(dxg_of(channel), channel->hwqueue)));
	if (channel->context)
		keep_first(&error, gsp_context_destroy(channel->device, channel->context));
	/* after the context, which may still hold a signal of it */
	if (channel->own_fence && gsp_device_takes_back(channel->device))
		keep_first(&error, gone(channel, dxg_destroy_fence(dxg_of(channel), channel->own_fence)));
	/* nothing runs any more: what waited for it can end, the ring memory too */
	gsp_timeline_end(channel->timeline);
	if (channel->user_queue_memory)
		keep_first(&error, memory_free(channel->memory, channel->user_queue_memory));
	gsp_device_put(channel->device);
	free(channel);
	return error;
}

static int usable(const struct channel *channel)
{
	if (gsp_device_is_lost(channel->device))
		return -ENODEV;
	return channel->broken;
}

/*
 * Holds back what is submitted from now on until all of these fences of the device (paging and progress fences too), 32 at most, have
 * reached their values.  Nobody waits here.  -ENODEV: lost; another error: the host did not take it, and what follows is not held back.
 */
int channel_wait_for(struct channel *channel, const d3dkmt_handle *fences, const uint64_t *values,
		     uint32_t count)
{
	struct dxg *dxg = dxg_of(channel);
	int ret = usable(channel);

	if (ret)
		return ret;
	if (channel->rung == GSP_RUNG_HARDWARE)
		ret = dxg_hwqueue_wait(dxg, channel->hwqueue, fences, values, count);
	else
		ret = dxg_context_wait(dxg, channel->context, fences, values, count);
	return gsp_device_result(channel->device, ret);
}

/* Lets the GPU wait for page-table work that was left to this submission, unless it is done or was waited for before. */
static int wait_for_page_tables(struct channel *channel)
{
	const struct dxg_paging_queue *paging = &gsp_device_handles(channel->device)->paging;
	uint64_t due = gsp_paging_due(channel->device);
	int ret = 0;

	if (due <= channel->paging_passed)
		return 0;
	switch (gsp_fence_read(paging->value, due)) {
	case GSP_FENCE_DONE:
		break;
	case GSP_FENCE_PENDING:
		ret = channel_wait_for(channel, &paging->fence, &due, 1);
		break;
	case GSP_FENCE_LOST:
		gsp_device_fence_lost(channel->device);
		return -ENODEV;
	}
	if (!ret)
		channel->paging_passed = due;
	return ret;
}

/* A call that may go through the next time; where the ring is full dxg_context_signal() has tried again already. */
static bool may_pass(int error)
{
	return error == -EINTR || error == -ENOMEM;
}

/* The signal behind commands that were taken.  Without it their end would not be known, so it is tried again; twice it does what it does once. */
static int signal_software(struct channel *channel, uint64_t value)
{
	unsigned tries = SIGNAL_TRIES;
	int ret;

	do
		ret = gsp_device_result(channel->device, dxg_context_signal(dxg_of(channel), channel->context,
									    &channel->fence, &value, 1));
	while (may_pass(ret) && --tries);
	return ret;
}

static int submit_software(struct channel *channel, const struct dxg_submission *submission, uint64_t value)
{
	int ret =
		gsp_device_result(channel->device, dxg_submit(dxg_of(channel), channel->context, submission));

	if (ret)
		return ret;
	ret = signal_software(channel, value);
	if (ret && ret != -ENODEV)
		channel->broken = -EIO;
	return ret;
}

static int submit_to_engine(struct channel *channel, const struct dxg_submission *submission, uint64_t value)
{
	if (channel->rung != GSP_RUNG_HARDWARE)
		return submit_software(channel, submission, value);
	return gsp_device_result(channel->device,
				 dxg_submit_to_hwqueue(dxg_of(channel), channel->hwqueue, value, submission));
}

/*
 * Puts in a command buffer: `length` bytes at the GPU address `commands`, mapped and resident until its ordinal is done.
 * Ordinals count from 1 and are done in order.  Page-table work that gsp_paging_settle() left to submissions is waited
 * for by the GPU before it starts.
 *
 * -EINVAL: not aligned as the engine asks (gsp_engine_caps), or empty; -EOVERFLOW: the fence has no number left before the
 * one that means lost; -ENODEV: lost; another error: the host did not take it, or not the wait before it.  When a
 * software queue took the commands but not the signal behind them, nothing more can be submitted (-EIO), and the commands may run until
 * channel_destroy(): this failure alone gives them an ordinal, which is never done.
 */
int channel_submit(struct channel *channel, uint64_t commands, uint32_t length, uint64_t *ordinal)
{
	uint64_t next = atomic_load_explicit(&channel->submitted, memory_order_relaxed) + 1;
	const struct kmd_submit_request request = {
		.commands = commands,
		.length = length,
		.user_queue = channel->user_queue,
	};
	struct kmd_submit_blob blob;
	struct dxg_submission submission;
	int ret = usable(channel);

	*ordinal = 0;
	if (ret)
		return ret;
	if (!IS_ALIGNED(commands, (uint64_t)channel->ib_start) || length % channel->ib_size)
		return -EINVAL;
	/* all ones is what a lost device's fence reads */
	if (channel->base >= GSP_FENCE_LOST_VALUE - next)
		return -EOVERFLOW;
	ret = kmd_submit_encode(&request, &blob);
	if (ret)
		return ret;
	submission = (struct dxg_submission){
		.commands = commands,
		.length = length,
		.private_data = blob.data,
		.private_data_size = blob.size,
	};
	gsp_timeline_announce(channel->timeline, channel->base + next);
	ret = wait_for_page_tables(channel);
	if (!ret)
		ret = submit_to_engine(channel, &submission, channel->base + next);
	if (ret) {
		/* commands without their signal may run until the queue is destroyed, and count as unfinished until then */
		if (channel->broken)
			*ordinal = next;
		else
			gsp_timeline_retract(channel->timeline, channel->base + next - 1);
		return ret;
	}
	atomic_store_explicit(&channel->submitted, next, memory_order_release);
	*ordinal = next;
	return 0;
}

/*
 * Waits until a submission is done, for at most timeout_ns (GSP_WAIT_FOREVER: as long as the device lives).  What the GPU
 * wrote is visible after 0.
 *
 * What a fence that does not come means is asked of the host (not after a mere look, timeout 0): -EFAULT: the GPU
 * stopped at a page fault of this device's work; -ENODEV: the device is lost for another cause (gsp_device_diagnose() has
 * the words); -ETIMEDOUT: simply late.  -EINVAL: an ordinal that was not submitted.
 */
int channel_wait(struct channel *channel, uint64_t ordinal, uint64_t timeout_ns)
{
	struct gsp_diagnosis diagnosis;
	int ret, cause;

	if (!ordinal || ordinal > atomic_load_explicit(&channel->submitted, memory_order_acquire))
		return -EINVAL;
	ret = gsp_fence_wait(channel->device, channel->fence, channel->value, channel->base + ordinal,
			     timeout_ns);
	if (ret != -ENODEV && (ret != -ETIMEDOUT || !timeout_ns))
		return ret;
	cause = gsp_device_diagnose(channel->device, &diagnosis);
	return cause == -EFAULT || cause == -ENODEV ? cause : ret;
}

/*
 * How urgent its work is: HSA's -3 to 3, as the two thirds of Windows' -7 to 7 that are next to the middle.  -EINVAL; -ENODEV: lost;
 * another error: the host's refusal, perhaps of what this user may not ask for.
 */
int channel_set_priority(struct channel *channel, int priority)
{
	int ret = usable(channel);

	if (ret)
		return ret;
	if (priority < -3 || priority > 3)
		return -EINVAL;
	return gsp_device_result(channel->device,
				 dxg_set_context_priority(dxg_of(channel), channel->context, 2 * priority));
}

/* A submission as a point for retire lists; the channel must outlive it. */
struct gsp_fence_point channel_point(const struct channel *channel, uint64_t ordinal)
{
	return (struct gsp_fence_point){
		.device = channel->device,
		.fence = channel->fence,
		.value = channel->value,
		.wanted = channel->base + ordinal,
	};
}
