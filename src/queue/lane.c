// SPDX-License-Identifier: MIT
#include "queue/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gsp/retire.h"
#include "util/compiler.h"
#include "util/log.h"

struct lane {
	struct lanes *lanes;
	struct lane_options options;
	struct channel *channel;
	struct gsp_device *device;
	void *mark;			/* memory of lane_mark() */
	const volatile uint64_t *value; /* of the channel's fence */
	uint64_t base;			/* ordinal n is at base + n */
	pthread_mutex_t lock;		/* the channel's user */
	_Atomic uint64_t submitted;
	_Atomic uint64_t seen;	 /* the latest that was seen to be done; changed under lanes->lock */
	_Atomic unsigned users;	 /* changed under lanes->lock */
	struct lane *next;	 /* under lanes->lock */
	struct lane *next_fence; /* under lanes->fences_lock */
	struct gsp_retire item;
};

/* Of one device: the host gave no more contexts, and none was given back since. */
struct full {
	const struct gsp_device *device;
	uint32_t engines; /* bit per enum kmd_engine */
};

struct lanes {
	struct memory *memory;
	struct gsp_gpu *gpus[MEMORY_MAX_GPUS];
	uint32_t count;
	pthread_mutex_t lock;
	struct lane *first;
	pthread_rwlock_t fences_lock; /* for reading: no lane's fence goes meanwhile */
	struct lane *first_fence;     /* of all lanes that are, also those that were put */
	struct full full[MEMORY_MAX_GPUS];
	void (*ends)(void *arg, const struct lane *lane);
	void *ends_arg;
	struct gsp_retire_list retired;
};

int lanes_create(struct memory *memory, struct gsp_gpu *const *gpus, uint32_t count, struct lanes **out)
{
	struct lanes *lanes;

	*out = NULL;
	if (count > MEMORY_MAX_GPUS)
		return -EINVAL;
	lanes = calloc(1, sizeof(*lanes));
	if (!lanes)
		return -ENOMEM;
	lanes->memory = memory;
	lanes->count = count;
	for (uint32_t i = 0; i < count; i++)
		lanes->gpus[i] = gpus[i];
	pthread_mutex_init(&lanes->lock, NULL);
	pthread_rwlock_init(&lanes->fences_lock, NULL);
	gsp_retire_list_init(&lanes->retired);
	*out = lanes;
	return 0;
}

void lanes_on_end(struct lanes *lanes, void (*ends)(void *arg, const struct lane *lane), void *arg)
{
	lanes->ends = ends;
	lanes->ends_arg = arg;
}

void lanes_destroy(struct lanes *lanes)
{
	/* what still runs is dropped by the host with its queue */
	gsp_retire_drain(&lanes->retired, 0);
	gsp_retire_list_destroy(&lanes->retired);
	pthread_rwlock_destroy(&lanes->fences_lock);
	pthread_mutex_destroy(&lanes->lock);
	free(lanes);
}

/* A fence tells nothing any more when its device is lost: who asks then what was over before has what is noted here. */
static void note_done(struct lanes *lanes)
{
	uint64_t done;

	pthread_mutex_lock(&lanes->lock);
	for (struct lane *lane = lanes->first; lane; lane = lane->next) {
		done = lane_done(lane);
		if (done != UINT64_MAX)
			atomic_store_explicit(&lane->seen, done, memory_order_release);
	}
	pthread_mutex_unlock(&lanes->lock);
}

void lanes_run(struct lanes *lanes)
{
	note_done(lanes);
	gsp_retire_run(&lanes->retired);
}

static uint32_t engine_bit(const struct lane_options *options)
{
	return 1U << ((unsigned)options->engine & 31);
}

/* Another device's lanes go with it. */
static bool suits(const struct lane *lane, const struct lane_options *options)
{
	return lane->device == gsp_gpu_device(lane->lanes->gpus[options->gpu]) &&
	       !gsp_device_is_lost(lane->device) && lane->options.gpu == options->gpu &&
	       lane->options.engine == options->engine && lane->options.rung == options->rung;
}

/* With lanes->lock: the lane that the fewest share, those of the wished priority first. */
static struct lane *least_used(struct lanes *lanes, const struct lane_options *options)
{
	struct lane *best = NULL;

	for (struct lane *lane = lanes->first; lane; lane = lane->next) {
		if (!suits(lane, options))
			continue;
		if (!best) {
			best = lane;
			continue;
		}
		if ((lane->options.high_priority == options->high_priority) !=
		    (best->options.high_priority == options->high_priority)) {
			if (lane->options.high_priority == options->high_priority)
				best = lane;
		} else if (atomic_load(&lane->users) < atomic_load(&best->users)) {
			best = lane;
		}
	}
	return best;
}

/* With lanes->lock. */
static bool is_full(const struct lanes *lanes, const struct lane_options *options)
{
	const struct full *full = &lanes->full[options->gpu];

	return full->device == gsp_gpu_device(lanes->gpus[options->gpu]) &&
	       full->engines & engine_bit(options);
}

static void set_full(struct lanes *lanes, const struct lane *lane, bool is)
{
	struct full *full = &lanes->full[lane->options.gpu];

	pthread_mutex_lock(&lanes->lock);
	if (is && full->device != lane->device)
		*full = (struct full){.device = lane->device};
	if (is)
		full->engines |= engine_bit(&lane->options);
	else if (full->device == lane->device)
		full->engines &= ~engine_bit(&lane->options);
	pthread_mutex_unlock(&lanes->lock);
}

static struct lane *share(struct lanes *lanes, const struct lane_options *options, bool only_if_full)
{
	struct lane *lane = NULL;

	pthread_mutex_lock(&lanes->lock);
	if (!only_if_full || is_full(lanes, options))
		lane = least_used(lanes, options);
	if (lane)
		atomic_fetch_add(&lane->users, 1);
	pthread_mutex_unlock(&lanes->lock);
	return lane;
}

static int make_mark(struct lanes *lanes, uint32_t gpu, void **mark)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_UNCACHED,
		.size = sizeof(uint64_t),
	};
	int ret = memory_alloc(lanes->memory, &request, mark);

	if (ret)
		return ret;
	ret = memory_map(lanes->memory, *mark, request.size, &gpu, 1, NULL);
	if (ret)
		memory_free(lanes->memory, *mark);
	return ret;
}

static int create(struct lanes *lanes, const struct lane_options *options, struct lane **out)
{
	const struct channel_options channel = {
		.device = gsp_gpu_device(lanes->gpus[options->gpu]),
		.memory = lanes->memory,
		.gpu = options->gpu,
		.engine = options->engine,
		.rung = options->rung,
		.high_priority = options->high_priority,
	};
	struct lane *lane = calloc(1, sizeof(*lane));
	struct gsp_fence_point point;
	int ret;

	if (!lane)
		return -ENOMEM;
	ret = channel_create(&channel, &lane->channel, NULL);
	if (!ret)
		ret = make_mark(lanes, options->gpu, &lane->mark);
	if (ret) {
		channel_destroy(lane->channel);
		free(lane);
		return ret;
	}
	point = channel_point(lane->channel, 0);
	lane->lanes = lanes;
	lane->options = *options;
	lane->device = point.device;
	lane->value = point.value;
	lane->base = point.wanted;
	atomic_init(&lane->users, 1);
	pthread_mutex_init(&lane->lock, NULL);
	/* before anybody can share it, and submit what others wait for */
	pthread_rwlock_wrlock(&lanes->fences_lock);
	lane->next_fence = lanes->first_fence;
	lanes->first_fence = lane;
	pthread_rwlock_unlock(&lanes->fences_lock);
	pthread_mutex_lock(&lanes->lock);
	lane->next = lanes->first;
	lanes->first = lane;
	pthread_mutex_unlock(&lanes->lock);
	*out = lane;
	return 0;
}

/*
 * A lane for one more queue: its own, or, when the host gives no more contexts or queues, one that another has already.
 * -EINVAL: no such GPU; else what channel_create() said, when there is nothing to share.
 */
int lane_get(struct lanes *lanes, const struct lane_options *options, struct lane **out)
{
	int ret;

	*out = NULL;
	if (options->gpu >= lanes->count)
		return -EINVAL;
	*out = share(lanes, options, true);
	if (*out)
		return 0;
	lanes_run(lanes); /* contexts of queues that are gone */
	ret = create(lanes, options, out);
	if (!ret || ret == -ENODEV || ret == -EOPNOTSUPP)
		return ret;
	*out = share(lanes, options, false);
	if (!*out)
		return ret;
	set_full(lanes, *out, true);
	log_info("adapter %#x: the host gives no further queue (%s): queues share one",
		 gsp_device_adapter((*out)->device), strerror(-ret));
	return 0;
}

/* Nobody is told any more to wait for its fence. */
static void hide_fence(struct lane *lane)
{
	struct lanes *lanes = lane->lanes;
	struct lane **link = &lanes->first_fence;

	pthread_rwlock_wrlock(&lanes->fences_lock);
	while (*link != lane)
		link = &(*link)->next_fence;
	*link = lane->next_fence;
	pthread_rwlock_unlock(&lanes->fences_lock);
}

static void end(struct lane *lane)
{
	struct lanes *lanes = lane->lanes;
	int ret;

	if (lanes->ends)
		lanes->ends(lanes->ends_arg, lane);
	hide_fence(lane);
	ret = channel_destroy(lane->channel);
	if (ret)
		log_warn("adapter %#x: a queue could not be taken down: %s", gsp_device_adapter(lane->device),
			 strerror(-ret));
	memory_free(lanes->memory, lane->mark);
	set_full(lanes, lane, false);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}

static void retired(struct gsp_retire *item, int why)
{
	(void)why; /* over, lost, or given up: the host drops what is left */
	end((struct lane *)((char *)item - offsetof(struct lane, item)));
}

/* Gives back what lane_get() gave; the last user's lane ends when its work is over, and nobody waits for that.  NULL is allowed. */
void lane_put(struct lane *lane)
{
	struct lanes *lanes;
	struct lane **link;
	bool last;

	if (!lane)
		return;
	lanes = lane->lanes;
	pthread_mutex_lock(&lanes->lock);
	last = atomic_fetch_sub(&lane->users, 1) == 1;
	if (last) {
		for (link = &lanes->first; *link != lane; link = &(*link)->next)
			;
		*link = lane->next;
	}
	pthread_mutex_unlock(&lanes->lock);
	if (!last)
		return;
	if (lane_read(lane, lane_submitted(lane)) != GSP_FENCE_PENDING) {
		end(lane);
		return;
	}
	lane->item = (struct gsp_retire){
		.run = retired,
		.point = lane_point(lane, lane_submitted(lane)),
	};
	gsp_retire_add(&lanes->retired, &lane->item);
}

void lane_lock(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
}

void lane_unlock(struct lane *lane)
{
	pthread_mutex_unlock(&lane->lock);
}

uint64_t lane_next(const struct lane *lane)
{
	return atomic_load_explicit(&lane->submitted, memory_order_relaxed) + 1;
}

/* With lanes->fences_lock. */
static bool is_there(const struct lanes *lanes, d3dkmt_handle fence)
{
	for (const struct lane *lane = lanes->first_fence; lane; lane = lane->next_fence)
		if (lane_point(lane, 0).fence == fence)
			return true;
	return false;
}

/*
 * A lane may have ended since its fence was found to be what brings a signal; its work is over then, or lost, and its handle perhaps another
 * object's by now.  The others stay until the host has them.
 */
static int wait_for_lanes(struct lane *lane, const struct lane_wait *waits, uint32_t count)
{
	struct lanes *lanes = lane->lanes;
	d3dkmt_handle fences[LANE_WAITS];
	uint64_t values[LANE_WAITS];
	uint32_t there = 0;
	int ret = 0;

	if (!count)
		return 0;
	pthread_rwlock_rdlock(&lanes->fences_lock);
	for (uint32_t i = 0; i < count; i++) {
		if (!is_there(lanes, waits[i].fence))
			continue;
		fences[there] = waits[i].fence;
		values[there++] = waits[i].value;
	}
	if (there)
		ret = channel_wait_for(lane->channel, fences, values, there);
	pthread_rwlock_unlock(&lanes->fences_lock);
	return ret;
}

/*
 * Errors of channel_wait_for() and channel_submit(); -EINVAL: more than LANE_WAITS.  Waits that were made before a failure hold back what
 * comes next.  A failure with an ordinal: the commands may run all the same, until the lane ends.
 */
int lane_submit(struct lane *lane, uint64_t commands, uint32_t length, const struct lane_wait *waits,
		uint32_t wait_count, uint64_t *ordinal)
{
	int ret;

	*ordinal = 0;
	if (wait_count > LANE_WAITS)
		return -EINVAL;
	ret = wait_for_lanes(lane, waits, wait_count);
	if (ret)
		return ret;
	ret = channel_submit(lane->channel, commands, length, ordinal);
	if (!ret)
		atomic_store_explicit(&lane->submitted, *ordinal, memory_order_release);
	return ret;
}

bool lane_is_shared(const struct lane *lane)
{
	return atomic_load(&lane->users) > 1;
}

enum gsp_fence_state lane_read(const struct lane *lane, uint64_t ordinal)
{
	const struct gsp_fence_point point = lane_point(lane, ordinal);

	return gsp_fence_point_read(&point);
}

uint64_t lane_submitted(const struct lane *lane)
{
	return atomic_load_explicit(&lane->submitted, memory_order_acquire);
}

uint64_t lane_done(const struct lane *lane)
{
	uint64_t now;

	if (gsp_device_is_lost(lane->device) || gsp_fence_current(lane->value, &now))
		return UINT64_MAX;
	/* not more than there is, whatever the host writes there */
	return now > lane->base ? MIN(now - lane->base, lane_submitted(lane)) : 0;
}

uint64_t lane_seen(const struct lane *lane)
{
	return atomic_load_explicit(&lane->seen, memory_order_acquire);
}

struct gsp_fence_point lane_point(const struct lane *lane, uint64_t ordinal)
{
	return channel_point(lane->channel, ordinal);
}

volatile uint64_t *lane_mark(const struct lane *lane)
{
	return lane->mark;
}

int lane_set_priority(struct lane *lane, int priority)
{
	return channel_set_priority(lane->channel, priority);
}

struct gsp_device *lane_device(const struct lane *lane)
{
	return lane->device;
}

const struct lane_options *lane_options(const struct lane *lane)
{
	return &lane->options;
}
