// SPDX-License-Identifier: MIT
#include "gsp/retire.h"

#include <errno.h>
#include <time.h>

#include "util/clock.h"
#include "util/compiler.h"

#define LOOK_FIRST_NS	50000ULL    /* looks at a moment back off from this ... */
#define LOOK_LAST_NS	1000000ULL  /* ... to this */
#define LOOK_AT_HOST_NS 50000000ULL /* how often it is asked meanwhile whether the devices still live */

static void chain_init(struct gsp_retire_chain *chain)
{
	chain->first = NULL;
	chain->last = &chain->first;
}

static void chain_append(struct gsp_retire_chain *chain, struct gsp_retire *item)
{
	item->next = NULL;
	*chain->last = item;
	chain->last = &item->next;
}

/* Empties a chain; the items are still linked by `next`. */
static struct gsp_retire *chain_take(struct gsp_retire_chain *chain)
{
	struct gsp_retire *first = chain->first;

	chain_init(chain);
	return first;
}

void gsp_retire_list_init(struct gsp_retire_list *list)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&list->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&list->lock, NULL);
	list->mixed = (struct gsp_retire_lane){0};
	list->lane_count = 0;
	chain_init(&list->passed);
	list->ending = 0;
}

/* The first item behind a moment that is still waited for; the caller has the lock. */
static struct gsp_retire *first_behind_moment(const struct gsp_retire_list *list)
{
	struct gsp_retire *first = list->mixed.first;

	for (unsigned i = 0; i < list->lane_count && !first; i++)
		first = list->lanes[i].first;
	return first;
}

/* True when everything that was listed has ended, callbacks included. */
bool gsp_retire_is_empty(struct gsp_retire_list *list)
{
	bool empty;

	pthread_mutex_lock(&list->lock);
	empty = !first_behind_moment(list) && !list->passed.first && !list->ending;
	pthread_mutex_unlock(&list->lock);
	return empty;
}

/*
 * Where moments of a device are, a place that nothing is in if need be: more devices may come than there are places, but those that
 * were lost leave theirs empty.  Among those of several when there is no place left.
 */
static struct gsp_retire_lane *lane_of(struct gsp_retire_list *list, const struct gsp_device *device)
{
	struct gsp_retire_lane *empty = NULL;

	if (!device)
		return &list->mixed;
	for (unsigned i = 0; i < list->lane_count; i++) {
		if (list->lanes[i].device == device)
			return &list->lanes[i];
		if (!list->lanes[i].first)
			empty = &list->lanes[i];
	}
	if (!empty && list->lane_count < ARRAY_SIZE(list->lanes))
		empty = &list->lanes[list->lane_count++];
	if (!empty)
		return &list->mixed;
	*empty = (struct gsp_retire_lane){.device = device};
	return empty;
}

static void append_leader(struct gsp_retire_lane *lane, struct gsp_retire *leader)
{
	leader->next_moment = NULL;
	if (lane->last)
		lane->last->next_moment = leader;
	else
		lane->first = leader;
	lane->last = leader;
}

/* Things are freed in runs: who waits for the same as the one before joins it, whatever else is a leader of its own. */
static void append_behind(struct gsp_retire_list *list, struct gsp_retire *item)
{
	struct gsp_retire_lane *lane = lane_of(list, gsp_moment_device(item->moment));
	struct gsp_retire *leader = lane->last;

	item->next = NULL;
	if (leader && gsp_moment_equals(leader->moment, item->moment)) {
		leader->last_behind->next = item;
		leader->last_behind = item;
		return;
	}
	item->last_behind = item;
	append_leader(lane, item);
}

/*
 * Lists an item that its callback will end, and takes over the caller's reference on its moment.  The item and the devices
 * it waits for must last until then.
 */
void gsp_retire_add(struct gsp_retire_list *list, struct gsp_retire *item)
{
	item->why = 0;
	pthread_mutex_lock(&list->lock);
	if (item->moment)
		append_behind(list, item);
	else
		chain_append(&list->passed, item);
	pthread_mutex_unlock(&list->lock);
}

/* Moves what is behind a moment to the points. */
static void pass(struct gsp_retire_list *list, struct gsp_retire *leader, int why)
{
	*list->passed.last = leader;
	list->passed.last = &leader->last_behind->next;
	for (struct gsp_retire *item = leader; item && why; item = item->next)
		item->why = why;
}

/*
 * Moves what is behind moments that are over to the points; the caller has the lock.  Moments of one device pass in
 * order, so that the first which is not over spares the look at the others.
 */
static void pass_lane(struct gsp_retire_list *list, struct gsp_retire_lane *lane)
{
	struct gsp_retire **link = &lane->first, *before = NULL;

	while (*link) {
		struct gsp_retire *leader = *link;
		enum gsp_fence_state state = gsp_moment_read(leader->moment);

		if (state == GSP_FENCE_PENDING) {
			if (lane->device)
				return;
			before = leader;
			link = &leader->next_moment;
			continue;
		}
		*link = leader->next_moment;
		if (lane->last == leader)
			lane->last = before;
		pass(list, leader, state == GSP_FENCE_LOST ? -ENODEV : 0);
	}
}

static enum gsp_fence_state point_state(const struct gsp_retire *item)
{
	return item->point.device ? gsp_fence_point_read(&item->point) : GSP_FENCE_DONE;
}

/* Takes the items whose points passed too from the list; the caller has the lock. */
static void pass_points(struct gsp_retire_list *list, struct gsp_retire_chain *ready)
{
	struct gsp_retire *item = chain_take(&list->passed);

	while (item) {
		struct gsp_retire *next = item->next;
		enum gsp_fence_state state = point_state(item);

		if (state == GSP_FENCE_PENDING) {
			chain_append(&list->passed, item);
		} else {
			if (state == GSP_FENCE_LOST)
				item->why = -ENODEV;
			chain_append(ready, item);
			list->ending++;
		}
		item = next;
	}
}

/* A fence that reads all ones may be the first sign of a loss. */
static void report_loss(const struct gsp_retire *item)
{
	if (item->point.device && gsp_fence_point_read(&item->point) == GSP_FENCE_LOST)
		gsp_device_fence_lost(item->point.device);
	if (item->moment && gsp_moment_read(item->moment) == GSP_FENCE_LOST)
		gsp_moment_check(item->moment);
}

static size_t run_all(struct gsp_retire *item)
{
	size_t count = 0;

	while (item) {
		struct gsp_retire *next = item->next; /* the callback frees the item, or adds it again */

		if (item->why == -ENODEV)
			report_loss(item);
		gsp_moment_put(item->moment);
		item->moment = NULL;
		item->run(item, item->why);
		item = next;
		count++;
	}
	return count;
}

/*
 * Ends every item whose moment is over and whose point passed; returns how many it was.  Never waits.  Costs a look
 * per device and per point that is waited for, and one per moment of several devices, however many items are behind them.
 */
size_t gsp_retire_run(struct gsp_retire_list *list)
{
	struct gsp_retire_chain ready;
	size_t count;

	chain_init(&ready);
	pthread_mutex_lock(&list->lock);
	pass_lane(list, &list->mixed);
	for (unsigned i = 0; i < list->lane_count; i++)
		pass_lane(list, &list->lanes[i]);
	pass_points(list, &ready);
	pthread_mutex_unlock(&list->lock);
	if (!ready.first)
		return 0;
	count = run_all(ready.first);
	pthread_mutex_lock(&list->lock);
	list->ending -= count;
	pthread_cond_broadcast(&list->ended);
	pthread_mutex_unlock(&list->lock);
	return count;
}

/* What a drain waits for next: a point before a moment, for that can be slept on. */
struct awaited {
	bool point_found;
	struct gsp_fence_point point; /* with a reference of its own on the device, whose page it may be */
	struct gsp_moment *moment;    /* a reference of its own, or NULL */
};

static struct awaited find_awaited(struct gsp_retire_list *list)
{
	struct awaited awaited = {0};
	const struct gsp_retire *behind;

	pthread_mutex_lock(&list->lock);
	for (struct gsp_retire *item = list->passed.first; item && !awaited.point_found; item = item->next) {
		awaited.point_found = point_state(item) == GSP_FENCE_PENDING;
		awaited.point = item->point;
	}
	if (awaited.point_found)
		gsp_device_get(awaited.point.device);
	behind = first_behind_moment(list);
	if (!awaited.point_found && behind)
		awaited.moment = gsp_moment_get(behind->moment);
	pthread_mutex_unlock(&list->lock);
	return awaited;
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

static void sleep_ns(uint64_t ns)
{
	struct timespec t = {.tv_nsec = (long)ns};

	nanosleep(&t, NULL); /* cut short by a signal it costs one more look */
}

/*
 * Waits until everything listed has ended, for at most timeout_ns in all; the loss of a device ends its items.
 * -ETIMEDOUT: some are still listed, or their callbacks still run on another thread.
 *
 * Moments are waited for in looks: their fences may go with their queues meanwhile, so no wait can be armed on them.
 */
int gsp_retire_drain(struct gsp_retire_list *list, uint64_t timeout_ns)
{
	uint64_t start = clock_ns(), asked = 0, look = LOOK_FIRST_NS;

	for (;;) {
		size_t ended = gsp_retire_run(list);
		struct awaited awaited = find_awaited(list);
		uint64_t waited = clock_ns() - start, left = timeout_ns > waited ? timeout_ns - waited : 0;
		int ret;

		if (awaited.point_found) {
			ret = gsp_fence_wait(awaited.point.device, awaited.point.fence, awaited.point.value,
					     awaited.point.wanted, left);
			gsp_device_put(awaited.point.device);
			if (ret && ret != -ENODEV)
				return ret;
		} else if (awaited.moment) {
			if (waited - asked >= LOOK_AT_HOST_NS) {
				asked = waited;
				gsp_moment_check(awaited.moment);
			}
			gsp_moment_put(awaited.moment);
			if (!left)
				return -ETIMEDOUT;
			look = ended ? LOOK_FIRST_NS : MIN(look * 2, LOOK_LAST_NS);
			sleep_ns(MIN(look, left));
		} else {
			/* what passed between the two looks still has to be run */
			if (gsp_retire_run(list))
				continue;
			ret = wait_for_others(list, start, timeout_ns);
			/* their callbacks may have added more */
			if (ret || gsp_retire_is_empty(list))
				return ret;
		}
	}
}

static void give_up_lane(struct gsp_retire_list *list, struct gsp_retire_lane *lane)
{
	struct gsp_retire *leader = lane->first;

	lane->first = lane->last = NULL;
	for (; leader; leader = leader->next_moment)
		pass(list, leader, 0);
}

/* Ends the list and whatever is still on it, with -ETIMEDOUT.  Drain first; nobody but the callbacks may add any more. */
void gsp_retire_list_destroy(struct gsp_retire_list *list)
{
	while (first_behind_moment(list) || list->passed.first) {
		struct gsp_retire *item;

		give_up_lane(list, &list->mixed);
		for (unsigned i = 0; i < list->lane_count; i++)
			give_up_lane(list, &list->lanes[i]);
		item = chain_take(&list->passed);
		for (struct gsp_retire *i = item; i; i = i->next)
			i->why = -ETIMEDOUT;
		run_all(item);
	}
	pthread_cond_destroy(&list->ended);
	pthread_mutex_destroy(&list->lock);
}
