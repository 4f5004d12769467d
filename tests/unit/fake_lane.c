// SPDX-License-Identifier: MIT
#include "fake_lane.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct lane {
	struct lane_options options;
	struct gsp_device *device;
	d3dkmt_handle fence;
	uint64_t value; /* as the GPU's, written atomically */
	_Atomic uint64_t submitted;
	_Atomic bool shared;
	_Atomic int refusal;
	_Atomic bool breaks;
	pthread_mutex_t lock;
};

static _Atomic d3dkmt_handle next_fence = 0x40000100;

struct lane *fake_lane_create(struct gsp_device *device, uint32_t gpu)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (!lane)
		abort();
	lane->options = (struct lane_options){.gpu = gpu, .engine = KMD_ENGINE_COMPUTE0};
	lane->device = device;
	lane->fence = atomic_fetch_add(&next_fence, 0x40);
	lane->value = FAKE_LANE_BASE;
	pthread_mutex_init(&lane->lock, NULL);
	return lane;
}

void fake_lane_destroy(struct lane *lane)
{
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}

uint64_t fake_lane_submit(struct lane *lane)
{
	return atomic_fetch_add(&lane->submitted, 1) + 1;
}

void fake_lane_finish(struct lane *lane, uint64_t ordinal)
{
	__atomic_store_n(&lane->value, FAKE_LANE_BASE + ordinal, __ATOMIC_RELEASE);
}

void fake_lane_lose(struct lane *lane)
{
	__atomic_store_n(&lane->value, UINT64_MAX, __ATOMIC_RELEASE);
}

void fake_lane_share(struct lane *lane, bool shared)
{
	atomic_store(&lane->shared, shared);
}

void fake_lane_refuse(struct lane *lane, int error)
{
	atomic_store(&lane->refusal, error);
}

void fake_lane_break(struct lane *lane, int error)
{
	atomic_store(&lane->breaks, true);
	fake_lane_refuse(lane, error);
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
	return atomic_load(&lane->submitted) + 1;
}

int lane_submit(struct lane *lane, uint64_t commands, uint32_t length, const struct lane_wait *waits,
		uint32_t wait_count, uint64_t *ordinal)
{
	int refusal = atomic_exchange(&lane->refusal, 0);

	(void)commands;
	(void)length;
	(void)waits;
	(void)wait_count;
	if (refusal)
		*ordinal = atomic_exchange(&lane->breaks, false) ? lane_next(lane) : 0;
	else
		*ordinal = fake_lane_submit(lane);
	return refusal;
}

bool lane_is_shared(const struct lane *lane)
{
	return atomic_load(&lane->shared);
}

uint64_t lane_submitted(const struct lane *lane)
{
	return atomic_load(&lane->submitted);
}

uint64_t lane_seen(const struct lane *lane)
{
	(void)lane;
	return 0;
}

uint64_t lane_done(const struct lane *lane)
{
	uint64_t now = __atomic_load_n(&lane->value, __ATOMIC_ACQUIRE);

	return now == UINT64_MAX ? UINT64_MAX : now - FAKE_LANE_BASE;
}

enum gsp_fence_state lane_read(const struct lane *lane, uint64_t ordinal)
{
	uint64_t done = lane_done(lane);

	if (done == UINT64_MAX)
		return GSP_FENCE_LOST;
	return done >= ordinal ? GSP_FENCE_DONE : GSP_FENCE_PENDING;
}

struct gsp_fence_point lane_point(const struct lane *lane, uint64_t ordinal)
{
	return (struct gsp_fence_point){
		.device = lane->device,
		.fence = lane->fence,
		.value = &lane->value,
		.wanted = FAKE_LANE_BASE + ordinal,
	};
}

struct gsp_device *lane_device(const struct lane *lane)
{
	return lane->device;
}

const struct lane_options *lane_options(const struct lane *lane)
{
	return &lane->options;
}

volatile uint64_t *lane_mark(const struct lane *lane)
{
	static uint64_t mark;

	(void)lane;
	return &mark;
}
