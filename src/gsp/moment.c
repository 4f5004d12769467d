// SPDX-License-Identifier: MIT
#include "gsp/moment.h"

#include <stdlib.h>

#include "gsp/device_private.h"
#include "gsp/timeline_private.h"

struct entry {
	struct gsp_timeline *timeline; /* holds a reference */
	uint64_t wanted;
};

struct gsp_moment {
	_Atomic unsigned references;
	struct gsp_device *device; /* that may know it as its latest; NULL: of several devices, or `never` */
	unsigned count;
	struct entry entries[]; /* those of a device together, in the order of its list */
};

/* Stands in for a moment there is no memory for: nobody knows what it would have named, so it never passes. */
static struct gsp_moment never;

static bool take_reference(struct gsp_moment *moment)
{
	unsigned references = atomic_load_explicit(&moment->references, memory_order_relaxed);

	do
		if (!references)
			return false;
	while (!atomic_compare_exchange_weak_explicit(&moment->references, &references, references + 1,
						      memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* One more reference of a moment that the caller has one of. */
struct gsp_moment *gsp_moment_get(struct gsp_moment *moment)
{
	if (moment && moment != &never)
		atomic_fetch_add_explicit(&moment->references, 1, memory_order_relaxed);
	return moment;
}

/* Gives a reference back.  NULL is allowed. */
void gsp_moment_put(struct gsp_moment *moment)
{
	if (!moment || moment == &never)
		return;
	if (atomic_fetch_sub_explicit(&moment->references, 1, memory_order_acq_rel) != 1)
		return;
	if (moment->device) {
		/* who looks at it there, under this lock, can get no reference any more */
		pthread_mutex_lock(&moment->device->activity);
		if (moment->device->latest == moment)
			moment->device->latest = NULL;
		pthread_mutex_unlock(&moment->device->activity);
	}
	for (unsigned i = 0; i < moment->count; i++)
		gsp_timeline_put(moment->entries[i].timeline);
	free(moment);
}

struct census {
	unsigned timelines;  /* on the device's list */
	unsigned unfinished; /* of them */
	bool known;	     /* `latest` names all that is unfinished */
};

/* Looks at every timeline of a device.  The caller holds `activity`. */
static struct census look_at(const struct gsp_device *device)
{
	const struct gsp_moment *latest = device->latest;
	struct census census = {.known = latest};
	unsigned at = 0;

	for (const struct gsp_timeline *t = device->timelines; t; t = t->next) {
		uint64_t announced = atomic_load(&t->announced);

		census.timelines++;
		if (gsp_timeline_state(t, announced) != GSP_FENCE_PENDING)
			continue;
		census.unfinished++;
		/* new timelines come to the front of the list: both are in the same order */
		while (census.known && at < latest->count && latest->entries[at].timeline != t)
			at++;
		census.known = census.known && at < latest->count && latest->entries[at].wanted >= announced;
	}
	return census;
}

/* Adds what is unfinished on a device; NULL without memory for it, and `moment` is gone then. */
static struct gsp_moment *grow(struct gsp_moment *moment, const struct gsp_device *device, unsigned timelines)
{
	unsigned count = moment ? moment->count : 0;
	struct gsp_moment *grown =
		realloc(moment, sizeof(*moment) + (count + timelines) * sizeof(moment->entries[0]));

	if (!grown) {
		for (unsigned i = 0; i < count; i++)
			gsp_timeline_put(moment->entries[i].timeline);
		free(moment);
		return NULL;
	}
	if (!moment) {
		atomic_init(&grown->references, 1);
		grown->device = NULL;
	}
	for (struct gsp_timeline *t = device->timelines; t; t = t->next) {
		uint64_t announced = atomic_load(&t->announced);

		if (gsp_timeline_state(t, announced) != GSP_FENCE_PENDING)
			continue;
		gsp_timeline_get(t);
		grown->entries[count++] = (struct entry){.timeline = t, .wanted = announced};
	}
	grown->count = count;
	return grown;
}

/*
 * What is unfinished on these devices now, or NULL: nothing is (a device is idle, lost, or its queues are gone).  The reference
 * is the caller's.  The devices outlive it; the queues need not.
 *
 * Cannot fail: without memory it is a moment that stays pending for ever, so that what waits for it ends when its retire list
 * does.  Takes of one device between which nothing was announced are the same moment.
 */
struct gsp_moment *gsp_moment_take(struct gsp_device *const *devices, unsigned count)
{
	struct gsp_moment *moment = NULL;

	for (unsigned i = 0; i < count; i++) {
		struct gsp_device *device = devices[i];
		struct census census;
		bool shared = false, failed = false;

		pthread_mutex_lock(&device->activity);
		census = look_at(device);
		if (census.unfinished && count == 1 && census.known)
			shared = take_reference(device->latest);
		if (shared) {
			moment = device->latest;
		} else if (census.unfinished) {
			moment = grow(moment, device, census.timelines);
			failed = !moment;
			if (moment && count == 1) {
				moment->device = device;
				device->latest = moment;
			}
		}
		pthread_mutex_unlock(&device->activity);
		if (failed)
			return &never;
	}
	return moment;
}

/*
 * DONE: all of it is over; LOST: a device with unfinished work of it is lost, and the rest is over; else PENDING.  Asks nobody:
 * gsp_moment_check() does.  What the GPU wrote is visible after DONE.
 */
enum gsp_fence_state gsp_moment_read(struct gsp_moment *moment)
{
	enum gsp_fence_state state = GSP_FENCE_DONE;
	struct gsp_device *locked = NULL;

	if (moment == &never)
		return GSP_FENCE_PENDING;
	for (unsigned i = 0; i < moment->count && state != GSP_FENCE_PENDING; i++) {
		const struct entry *entry = &moment->entries[i];
		enum gsp_fence_state one;

		if (entry->timeline->device != locked) {
			if (locked)
				pthread_mutex_unlock(&locked->activity);
			locked = entry->timeline->device;
			pthread_mutex_lock(&locked->activity);
		}
		one = gsp_timeline_state(entry->timeline, entry->wanted);
		if (one != GSP_FENCE_DONE)
			state = one;
	}
	if (locked)
		pthread_mutex_unlock(&locked->activity);
	return state;
}

/*
 * Asks the host how the devices are that a moment still waits for: a fence that stands still may be that of a device which is
 * gone, one that reads all ones is.  May wait for the host; the caller holds no lock.
 */
void gsp_moment_check(struct gsp_moment *moment)
{
	struct gsp_device *asked = NULL;

	for (unsigned i = 0; i < moment->count; i++) {
		const struct entry *entry = &moment->entries[i];
		struct gsp_device *device = entry->timeline->device;
		enum gsp_fence_state state;

		if (device == asked || gsp_device_is_lost(device))
			continue;
		pthread_mutex_lock(&device->activity);
		state = gsp_timeline_state(entry->timeline, entry->wanted);
		pthread_mutex_unlock(&device->activity);
		if (state == GSP_FENCE_DONE)
			continue;
		asked = device;
		if (state == GSP_FENCE_LOST)
			gsp_device_fence_lost(device);
		else
			gsp_device_check(device);
	}
}

/*
 * The device that a moment is of alone, or NULL.  Such moments of one device pass in the order in which they were
 * taken: what an earlier one still waits for, a later one names too.
 */
const struct gsp_device *gsp_moment_device(const struct gsp_moment *moment)
{
	return moment->device;
}

/* Whether two moments name the same work. */
bool gsp_moment_equals(const struct gsp_moment *a, const struct gsp_moment *b)
{
	if (a == b)
		return true;
	if (!a->count || a->count != b->count) /* the stand-in names nothing */
		return false;
	for (unsigned i = 0; i < a->count; i++)
		if (a->entries[i].timeline != b->entries[i].timeline ||
		    a->entries[i].wanted != b->entries[i].wanted)
			return false;
	return true;
}
