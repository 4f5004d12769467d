// SPDX-License-Identifier: MIT
/*
 * The thread that acts when GPU work is over.  There is one per process, made on first need.
 *
 * It sleeps without timeout while nothing is outstanding.  Otherwise it sleeps on one armed eventfd per source
 * that expects something, and looks every 50 ms at the state of the devices with unfinished work, which the guest kernel
 * answers from what it knows; more often (20 us to 16 ms, backing off) only while somebody asked for looks, or somebody
 * sleeps on an event that a running kernel may set.  That a device is lost is found without any call of the library's user, and told
 * by his events (event/loss.h), whichever thread found it; a thread that never ran is not started for that.  A host that has said nothing for a
 * second while work is unfinished and no fence moves is asked whether it is there, once a second.
 *
 * Callbacks run on this thread with no lock of it held.
 */
#ifndef EVENT_COMPLETION_H
#define EVENT_COMPLETION_H

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"
#include "gsp/fence.h"
#include "gsp/gpu.h"
#include "gsp/power.h"

struct completion;
struct completion_armed;

/* A place in one of the thread's lists. */
struct completion_link {
	struct completion_link *next, *previous;
};

/* A fence whose progress somebody has to act upon; embedded in its owner. */
struct completion_source {
	/* the owner's, fixed from completion_add() to completion_remove() */
	struct gsp_device *device;
	d3dkmt_handle fence;
	const volatile uint64_t *value;
	/*
	 * Acts upon what has passed.  Returns the next value that it wants to hear of, 0: none.  Also called when nothing has passed.
	 *
	 * Of a lost device (gsp_device_is_lost()) it is called once, whatever it expects: after the events that tell of the loss
	 * were raised, and in the same turn.  What it returns then does not matter; what is expected of it afterwards calls it again.
	 */
	uint64_t (*passed)(struct completion_source *source);

	/* the thread's; see completion_private.h */
	struct completion_link link;
	struct completion_armed *armed;
	_Atomic uint64_t expected; /* the smallest value that somebody wants to hear of; 0: none */
	int place;
	bool look_instead;
	bool told_lost;
	bool ending;
};

/*
 * Something that has to be looked at, again and again or once at a time that is known; embedded in its owner.  One look is one or the other:
 * who needs both embeds two.
 */
struct completion_look {
	/* true: look again, soon; false: it is over, and the look is taken off the list, until it is asked for again */
	bool (*look)(struct completion_look *look);

	/* the thread's; zeroed by the owner at first */
	struct completion_link link;
	uint64_t due_ns; /* when it is to be looked at; 0: not then */
	bool listed;
	bool fresh;
	bool ending;
};

struct completion_options {
	struct event_table *events; /* whose mailboxes are looked at, and which is listened to; NULL: none */
	/* at every turn of the thread, and at least every 50 ms while something is outstanding: what can be given back */
	void (*housekeep)(void *arg);
	void *arg;
	/* the GPUs whose unfinished work keeps the thread looking, whose losses are told, and their nodes' public ids (NULL: their places); fixed */
	struct gsp_gpu *const *gpus;
	const uint32_t *nodes;
	uint32_t gpu_count;
	struct gsp_power_options power; /* of each of them */
};

int completion_create(const struct completion_options *options, struct completion **out);
void completion_destroy(struct completion *completion);

int completion_add(struct completion *completion, struct completion_source *source);
void completion_remove(struct completion *completion, struct completion_source *source);
void completion_expect(struct completion *completion, struct completion_source *source, uint64_t value);

void completion_look(struct completion *completion, struct completion_look *look);
/* Once, at a time of clock_ns(): the thread sleeps until then, with no turns of its own between. */
void completion_look_at(struct completion *completion, struct completion_look *look, uint64_t due_ns);
/* Ends both. */
void completion_unlook(struct completion *completion, struct completion_look *look);

/* Something was submitted, or is to be given back: cheap while the thread is awake anyway. */
void completion_busy(struct completion *completion);
/* An event was set, a signal stored: what is looked at may be over. */
void completion_kick(struct completion *completion);
/* How often the thread woke up so far. */
uint64_t completion_turns(const struct completion *completion);

#endif
