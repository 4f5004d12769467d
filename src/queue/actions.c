// SPDX-License-Identifier: MIT
#include "queue/actions.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "queue/signal.h"
#include "util/compiler.h"

#define FIRST_CAPACITY 64U
#define PORTION	       32U /* how many are taken out at once */

struct due {
	uint64_t ordinal;
	struct action action;
};

struct actions {
	struct event_table *events;
	struct lane *lane;
	pthread_mutex_t running; /* of who does them, so that they are done in order */
	_Atomic uint64_t settled;

	pthread_mutex_t lock; /* of the rest, a ring, oldest first; taken inside of `running` */
	struct due *ring;
	uint32_t capacity; /* a power of two */
	uint32_t first;
	uint32_t count;
};

/* For one queue that submits to the lane; both it and the events outlive the actions.  -ENOMEM. */
int actions_create(struct event_table *events, struct lane *lane, struct actions **out)
{
	struct actions *actions = calloc(1, sizeof(*actions));

	*out = NULL;
	if (!actions)
		return -ENOMEM;
	actions->ring = malloc(FIRST_CAPACITY * sizeof(*actions->ring));
	if (!actions->ring) {
		free(actions);
		return -ENOMEM;
	}
	actions->events = events;
	actions->lane = lane;
	actions->capacity = FIRST_CAPACITY;
	atomic_init(&actions->settled, 0);
	pthread_mutex_init(&actions->running, NULL);
	pthread_mutex_init(&actions->lock, NULL);
	*out = actions;
	return 0;
}

/* What was not due is not done any more.  Nobody uses them.  NULL is allowed. */
void actions_destroy(struct actions *actions)
{
	if (!actions)
		return;
	pthread_mutex_destroy(&actions->lock);
	pthread_mutex_destroy(&actions->running);
	free(actions->ring);
	free(actions);
}

static struct due *due_at(const struct actions *actions, uint32_t index)
{
	return &actions->ring[(actions->first + index) & (actions->capacity - 1)];
}

static int make_room(struct actions *actions, uint32_t more)
{
	uint64_t capacity = actions->capacity, wanted = (uint64_t)actions->count + more;
	struct due *ring;

	if (wanted <= capacity)
		return 0;
	while (capacity < wanted)
		capacity *= 2;
	if (capacity > UINT32_MAX / sizeof(*ring))
		return -ENOMEM;
	ring = malloc(capacity * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	for (uint32_t i = 0; i < actions->count; i++)
		ring[i] = *due_at(actions, i);
	free(actions->ring);
	actions->ring = ring;
	actions->capacity = (uint32_t)capacity;
	actions->first = 0;
	return 0;
}

/*
 * Remembers what follows the submission with this ordinal, which was not made yet; ordinals do not go back.  All of the list or,
 * with -ENOMEM, nothing.  Beside actions_run(), but not beside others that put in.
 */
int actions_add(struct actions *actions, uint64_t ordinal, const struct action *list, uint32_t count)
{
	int ret;

	pthread_mutex_lock(&actions->lock);
	ret = make_room(actions, count);
	for (uint32_t i = 0; !ret && i < count; i++)
		*due_at(actions, actions->count++) = (struct due){.ordinal = ordinal, .action = list[i]};
	pthread_mutex_unlock(&actions->lock);
	return ret;
}

/* Takes back what was put in for the latest ordinal, whose submission failed. */
void actions_cancel(struct actions *actions, uint64_t ordinal)
{
	pthread_mutex_lock(&actions->lock);
	while (actions->count && due_at(actions, actions->count - 1)->ordinal == ordinal)
		actions->count--;
	pthread_mutex_unlock(&actions->lock);
}

/*
 * Sets the event that a signal's owner sleeps on, if it has one.  Its mailbox is how a GPU would say the same, so it is not written
 * to: setting the event would empty it again.  An id that is none is nobody's.
 */
static void tell(const struct actions *actions, const struct action *action)
{
	if (action->id && action->mailbox)
		event_set(actions->events, action->id);
}

static void act(const struct actions *actions, const struct action *action, bool lost)
{
	switch (action->kind) {
	case ACTION_DECREMENT:
		if (!lost)
			__atomic_fetch_sub((int64_t *)(uintptr_t)(action->signal + SIGNAL_VALUE), 1,
					   __ATOMIC_RELEASE);
		tell(actions, action);
		break;
	case ACTION_TELL:
		tell(actions, action);
		break;
	case ACTION_EVENT:
		/* nothing but the event says that it happened */
		if (!lost && action->id)
			event_set(actions->events, action->id);
		break;
	}
}

/* Takes out what is due, PORTION at most.  *next: the ordinal of what is in front then, 0: nothing. */
static uint32_t take(struct actions *actions, uint64_t done, struct due portion[PORTION], uint64_t *next)
{
	uint32_t count = 0;

	pthread_mutex_lock(&actions->lock);
	while (count < PORTION && actions->count && due_at(actions, 0)->ordinal <= done) {
		portion[count++] = *due_at(actions, 0);
		actions->first = (actions->first + 1) & (actions->capacity - 1);
		actions->count--;
	}
	*next = actions->count ? due_at(actions, 0)->ordinal : 0;
	pthread_mutex_unlock(&actions->lock);
	return count;
}

/*
 * Does what is due, in order, on the calling thread; one that comes meanwhile waits its turn.  Returns the ordinal of the first
 * that is not due, 0: there is none.
 *
 * Of a lost device's submissions nobody knows whether they ended: no signal is touched and no interrupt told, but who
 * sleeps on a signal is woken to see for himself.
 */
uint64_t actions_run(struct actions *actions)
{
	struct due portion[PORTION];
	uint64_t done, next = 0;
	uint32_t count;

	pthread_mutex_lock(&actions->running);
	done = lane_done(actions->lane);
	do {
		count = take(actions, done, portion, &next);
		for (uint32_t i = 0; i < count; i++)
			act(actions, &portion[i].action, done == UINT64_MAX);
		/* of the same ordinal there may be more */
		if (count && done != UINT64_MAX && portion[count - 1].ordinal != next)
			atomic_store_explicit(&actions->settled, portion[count - 1].ordinal,
					      memory_order_release);
	} while (count == PORTION);
	pthread_mutex_unlock(&actions->running);
	return next;
}

/* The ordinal up to which all was done, 0: nothing was so far.  Grows only as actions do: others of the lane are not counted. */
uint64_t actions_settled(const struct actions *actions)
{
	return atomic_load_explicit(&actions->settled, memory_order_acquire);
}
