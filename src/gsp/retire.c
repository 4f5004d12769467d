// SPDX-License-Identifier: MIT
#include "gsp/retire.h"

#include <errno.h>
#include <time.h>

#include "util/compiler.h"

void gsp_retire_list_init(struct gsp_retire_list *list)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&list->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&list->lock, NULL);
	list->first = NULL;
	list->last = &list->first;
	list->ending = 0;
}

/* True when everything that was listed has ended, callbacks included. */
bool gsp_retire_is_empty(struct gsp_retire_list *list)
{
	bool empty;

	pthread_mutex_lock(&list->lock);
	empty = !list->first && !list->ending;
	pthread_mutex_unlock(&list->lock);
	return empty;
}

static void append(struct gsp_retire_list *list, struct gsp_retire *item)
{
	item->next = NULL;
	*list->last = item;
	list->last = &item->next;
}

/* Lists an item that its callback will end.  The item, its points and their devices must last until then. */
void gsp_retire_add(struct gsp_retire_list *list, struct gsp_retire *item)
{
	pthread_mutex_lock(&list->lock);
	append(list, item);
	pthread_mutex_unlock(&list->lock);
}

/* 0 or -ENODEV: over; -EAGAIN: some live device still has to pass, which `pending` then names. */
static int item_state(const struct gsp_retire *item, struct gsp_fence_point *pending)
{
	int why = 0;

	for (unsigned i = 0; i < item->count; i++) {
		switch (gsp_fence_point_read(&item->points[i])) {
		case GSP_FENCE_DONE:
			break;
		case GSP_FENCE_LOST:
			why = -ENODEV;
			break;
		case GSP_FENCE_PENDING:
			if (pending)
				*pending = item->points[i];
			return -EAGAIN;
		}
	}
	return why;
}

/* A fence that reads all ones may be the first sign of a loss. */
static void report_loss(const struct gsp_retire *item)
{
	for (unsigned i = 0; i < item->count; i++)
		if (gsp_fence_point_read(&item->points[i]) == GSP_FENCE_LOST)
			gsp_device_fence_lost(item->points[i].device);
}

static size_t run_all(struct gsp_retire *item)
{
	size_t count = 0;

	while (item) {
		struct gsp_retire *next = item->next; /* the callback frees the item */

		if (item->why == -ENODEV)
			report_loss(item);
		item->run(item, item->why);
		item = next;
		count++;
	}
	return count;
}

/* Ends every item whose points have passed; returns how many it was.  Never waits. */
size_t gsp_retire_run(struct gsp_retire_list *list)
{
	struct gsp_retire *ready = NULL, **ready_last = &ready, *item;
	size_t count;

	pthread_mutex_lock(&list->lock);
	item = list->first;
	list->first = NULL;
	list->last = &list->first;
	while (item) {
		struct gsp_retire *next = item->next;

		item->why = item_state(item, NULL);
		if (item->why == -EAGAIN) {
			append(list, item);
		} else {
			item->next = NULL;
			*ready_last = item;
			ready_last = &item->next;
			list->ending++;
		}
		item = next;
	}
	pthread_mutex_unlock(&list->lock);
	if (!ready)
		return 0;
	count = run_all(ready);
	pthread_mutex_lock(&list->lock);
	list->ending -= count;
	pthread_cond_broadcast(&list->ended);
	pthread_mutex_unlock(&list->lock);
	return count;
}

static bool first_pending(struct gsp_retire_list *list, struct gsp_fence_point *point)
{
	bool found = false;

	pthread_mutex_lock(&list->lock);
	for (struct gsp_retire *item = list->first; item && !found; item = item->next)
		found = item_state(item, point) == -EAGAIN;
	pthread_mutex_unlock(&list->lock);
	return found;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static struct timespec deadline_of(uint64_t start, uint64_t timeout_ns)
{
	uint64_t end = timeout_ns > (uint64_t)INT64_MAX - start ? (uint64_t)INT64_MAX : start + timeout_ns;

	return (struct timespec){.tv_sec = (time_t)(end / 1000000000ULL),
				 .tv_nsec = (long)(end % 1000000000ULL)};
}

/* Waits for what other threads took from the list.  0; -ETIMEDOUT. */
static int wait_for_others(struct gsp_retire_list *list, uint64_t start, uint64_t timeout_ns)
{
	struct timespec deadline = deadline_of(start, timeout_ns);
	int ret = 0;

	pthread_mutex_lock(&list->lock);
	while (list->ending && !ret)
		ret = pthread_cond_timedwait(&list->ended, &list->lock, &deadline);
	if (!list->ending)
		ret = 0;
	pthread_mutex_unlock(&list->lock);
	return ret ? -ETIMEDOUT : 0;
}

/*
 * Waits until everything listed has ended, for at most timeout_ns in all; the loss of a device ends its items.
 * -ETIMEDOUT: some are still listed, or their callbacks still run on another thread.
 */
int gsp_retire_drain(struct gsp_retire_list *list, uint64_t timeout_ns)
{
	uint64_t start = now_ns(), waited;
	struct gsp_fence_point point;
	int ret;

	for (;;) {
		gsp_retire_run(list);
		if (!first_pending(list, &point)) {
			/* what passed between the two looks still has to be run */
			if (gsp_retire_run(list))
				continue;
			return wait_for_others(list, start, timeout_ns);
		}
		waited = now_ns() - start;
		ret = gsp_fence_wait(point.device, point.fence, point.value, point.wanted,
				     timeout_ns > waited ? timeout_ns - waited : 0);
		if (ret && ret != -ENODEV)
			return ret;
	}
}

/* Ends the list and whatever is still on it, with -ETIMEDOUT.  Drain first; nobody may add any more. */
void gsp_retire_list_destroy(struct gsp_retire_list *list)
{
	struct gsp_retire *item;

	while (list->first) {
		item = list->first;
		list->first = NULL;
		list->last = &list->first;
		for (struct gsp_retire *i = item; i; i = i->next)
			i->why = -ETIMEDOUT;
		run_all(item);
	}
	pthread_cond_destroy(&list->ended);
	pthread_mutex_destroy(&list->lock);
}
