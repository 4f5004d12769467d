// SPDX-License-Identifier: MIT
#include "gsp/timeline.h"

#include <errno.h>
#include <stdlib.h>

#include "gsp/device_private.h"
#include "gsp/timeline_private.h"
#include "util/compiler.h"

/*
 * Starts the timeline of a queue that was just made: `value` is the page of its fence, and nothing is unfinished.
 * The device is open and outlives the timeline and the moments taken of it.  The owner announces, retracts and
 * stops from one thread at a time.  -ENOMEM; -ENODEV: the fence reads all ones, the device is lost.
 */
int gsp_timeline_create(struct gsp_device *device, const volatile uint64_t *value, struct gsp_timeline **out)
{
	struct gsp_timeline *timeline;
	uint64_t now;
	int ret;

	*out = NULL;
	ret = gsp_fence_current(value, &now);
	if (ret) {
		gsp_device_fence_lost(device);
		return ret;
	}
	timeline = calloc(1, sizeof(*timeline));
	if (!timeline)
		return -ENOMEM;
	timeline->device = device;
	timeline->value = value;
	atomic_init(&timeline->announced, now);
	atomic_init(&timeline->references, 1);
	pthread_mutex_lock(&device->activity);
	timeline->next = device->timelines;
	device->timelines = timeline;
	pthread_mutex_unlock(&device->activity);
	*out = timeline;
	return 0;
}

/*
 * A submission that will take the fence to `value` is about to be made.  Before the call that makes it, and
 * before looking at gsp_paging_due().
 */
void gsp_timeline_announce(struct gsp_timeline *timeline, uint64_t value)
{
	/* sequentially consistent, as gsp_paging_settle() explains */
	atomic_store(&timeline->announced, value);
}

/* What was announced was not submitted; `value` is that of the latest submission which was. */
void gsp_timeline_retract(struct gsp_timeline *timeline, uint64_t value)
{
	atomic_store(&timeline->announced, value);
}

/*
 * The queue is about to be destroyed, and the page of its fence with it: the page is not read any more once this
 * returns.  Work that had not ended by now counts as unfinished until gsp_timeline_end().
 */
void gsp_timeline_stop(struct gsp_timeline *timeline)
{
	struct gsp_device *device = timeline->device;

	pthread_mutex_lock(&device->activity);
	/* a lost device's page is not read; neither is `last` then */
	if (!gsp_device_is_lost(device))
		timeline->last = __atomic_load_n(timeline->value, __ATOMIC_ACQUIRE);
	timeline->value = &timeline->last;
	pthread_mutex_unlock(&device->activity);
}

/* The queue was destroyed: all of its work is over.  The timeline is the caller's no more.  NULL is allowed. */
void gsp_timeline_end(struct gsp_timeline *timeline)
{
	struct gsp_timeline **link;

	if (!timeline)
		return;
	pthread_mutex_lock(&timeline->device->activity);
	for (link = &timeline->device->timelines; *link != timeline; link = &(*link)->next)
		;
	*link = timeline->next;
	timeline->ended = true;
	pthread_mutex_unlock(&timeline->device->activity);
	gsp_timeline_put(timeline);
}

void gsp_timeline_get(struct gsp_timeline *timeline)
{
	atomic_fetch_add_explicit(&timeline->references, 1, memory_order_relaxed);
}

void gsp_timeline_put(struct gsp_timeline *timeline)
{
	if (atomic_fetch_sub_explicit(&timeline->references, 1, memory_order_acq_rel) == 1)
		free(timeline);
}

/*
 * Whether what was announced up to `wanted` is over.  The caller holds the device's `activity`.
 *
 * A value beyond what is announced now was retracted: no submission stands behind it, and waiting for it could be for ever.
 */
enum gsp_fence_state gsp_timeline_state(const struct gsp_timeline *timeline, uint64_t wanted)
{
	uint64_t announced = atomic_load(&timeline->announced);

	if (timeline->ended)
		return GSP_FENCE_DONE;
	if (gsp_device_is_lost(timeline->device))
		return GSP_FENCE_LOST;
	return gsp_fence_read(timeline->value, MIN(wanted, announced));
}

/* Whether nothing that was announced on the device is unfinished.  On a lost device nothing runs. */
bool gsp_device_is_idle(struct gsp_device *device)
{
	bool idle = true;

	pthread_mutex_lock(&device->activity);
	for (struct gsp_timeline *t = device->timelines; t && idle; t = t->next)
		idle = gsp_timeline_state(t, UINT64_MAX) != GSP_FENCE_PENDING;
	pthread_mutex_unlock(&device->activity);
	return idle;
}

/*
 * Whether a fence of the device says that it is lost, which nobody has noticed yet: for gsp_device_fence_lost().  Such a device is idle,
 * so that who only waits for it to be would not look at it again.
 */
bool gsp_device_hides_loss(struct gsp_device *device)
{
	bool hides = false;

	if (gsp_device_is_lost(device))
		return false;
	pthread_mutex_lock(&device->activity);
	for (struct gsp_timeline *t = device->timelines; t && !hides; t = t->next)
		hides = gsp_timeline_state(t, UINT64_MAX) == GSP_FENCE_LOST;
	pthread_mutex_unlock(&device->activity);
	return hides;
}

/*
 * The opposite of gsp_device_is_idle(), for who comes again: *reached changes whenever one of the device's queues got on, and
 * stays while they stand still.
 */
bool gsp_device_works(struct gsp_device *device, uint64_t *reached)
{
	bool works = false;

	*reached = 0;
	pthread_mutex_lock(&device->activity);
	for (struct gsp_timeline *t = device->timelines; t; t = t->next) {
		enum gsp_fence_state state = gsp_timeline_state(t, UINT64_MAX);

		if (state == GSP_FENCE_LOST)
			continue;
		works = works || state == GSP_FENCE_PENDING;
		*reached += __atomic_load_n(t->value, __ATOMIC_ACQUIRE);
	}
	pthread_mutex_unlock(&device->activity);
	return works;
}

/*
 * The value of the device's paging fence that a submission has to wait for: the largest that gsp_paging_settle() was given.
 * Looked at after gsp_timeline_announce().
 */
uint64_t gsp_paging_due(const struct gsp_device *device)
{
	return atomic_load(&device->paging_due);
}

/*
 * Sees to it that the GPU does not run ahead of page-table work, whose paging fence value is `value` (0: there
 * was none).  While nothing is unfinished on the device that is left to the next submission, which waits for
 * gsp_paging_due(); otherwise the fence is waited for here, for at most timeout_ns, since what runs may be told of the memory at
 * any time and asks nobody.
 *
 * 0; -ETIMEDOUT: submissions to come wait for it all the same; -ENODEV: lost; -EINVAL: a value no fence can reach.
 *
 * The two sides each write their own word and then read the other's: here `paging_due`, then every `announced`; a queue
 * `announced`, then `paging_due`.  All four are sequentially consistent, so whichever write comes second in their one
 * order, its writer reads the first: either the submission finds the value due, or it is found here to be under way,
 * or both.  With release and acquire alone both could read the old words, and the submission would run on page tables
 * that are not there yet.  (Where a larger value is due already, having read it stands for having written it.)  A timeline
 * created after the look under `activity` needs no more than that lock to see the value.
 */
int gsp_paging_settle(struct gsp_device *device, uint64_t value, uint64_t timeout_ns)
{
	const struct dxg_paging_queue *paging = &device->handles.paging;
	uint64_t due;

	if (gsp_device_is_lost(device))
		return -ENODEV;
	if (!value)
		return 0;
	if (value == GSP_FENCE_LOST_VALUE)
		return -EINVAL;
	due = atomic_load(&device->paging_due);
	while (due < value && !atomic_compare_exchange_weak(&device->paging_due, &due, value))
		;
	if (gsp_fence_read(paging->value, value) == GSP_FENCE_PENDING && gsp_device_is_idle(device))
		return 0;
	/* a fence that passed, or a lost device, is found there at once */
	return gsp_fence_wait(device, paging->fence, paging->value, value, timeout_ns);
}
