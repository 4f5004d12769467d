// SPDX-License-Identifier: MIT
/*
 * What the CPU has to do for a queue's user when a submission is over, in the order of submissions.
 *
 * Put in before the submission, by the queue's lock holder; done by whoever comes by, mostly the completion thread.
 */
#ifndef QUEUE_ACTIONS_H
#define QUEUE_ACTIONS_H

#include <stdint.h>

#include "event/event.h"
#include "queue/lane.h"

enum action_kind {
	ACTION_DECREMENT, /* the signal's value, for the GPU cannot; then as ACTION_TELL */
	ACTION_TELL,	  /* set the signal's event, if it has one: an id and a mailbox */
	ACTION_EVENT,	  /* set the event `id`: an interrupt that a packet asked for */
};

/*
 * Filled before the submission: as soon as its signal is at zero its owner may free it, so nothing of it is read afterwards.
 */
struct action {
	enum action_kind kind;
	uint32_t id;	  /* of the event, 0: none */
	uint64_t signal;  /* ACTION_DECREMENT */
	uint64_t mailbox; /* address, 0: none */
};

struct actions;

int actions_create(struct event_table *events, struct lane *lane, struct actions **out);
void actions_destroy(struct actions *actions);

/*
 * Remembers what follows ordinal `ordinal`.  -ENOMEM: nothing was remembered.  actions_cancel() takes back all that was put in
 * for an ordinal whose submission failed.
 */
int actions_add(struct actions *actions, uint64_t ordinal, const struct action *list, uint32_t count);
void actions_cancel(struct actions *actions, uint64_t ordinal);
/*
 * Does what is due.  Returns the ordinal of the first that is not due, 0: none.
 * What belongs to a lost device's submissions is dropped: nobody is told that work ended which did not.
 */
uint64_t actions_run(struct actions *actions);
/* Everything up to this ordinal was done. */
uint64_t actions_settled(const struct actions *actions);

#endif
