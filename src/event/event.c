// SPDX-License-Identifier: MIT
/*
 * One lock per table; a waiter links itself to its events and sleeps on a condition variable of its
 * own.  Setting an event hands it over to waiters under the lock, so a reset that follows at once
 * cannot take it away from those who were already waiting.
 *
 * A GPU sets an event by writing something to its mailbox.  It interrupts nobody, so the mailbox is read by those to whom
 * it matters: by waiters before they sleep, and from then on by event_scan_mailboxes().  Setting or resetting the event empties it.
 */
#include "event/event.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/compiler.h"

#define LINKS_ON_STACK 16

struct waiter;

/* One event in one waiter's list. */
struct link {
	struct link *next, **previous; /* in the event's list, oldest waiter first */
	struct waiter *waiter;
	struct event *event;
	bool satisfied;
	bool consumed;	  /* took the event's one shot, to be given back if the wait fails */
	bool watches_age; /* satisfied by every new age, whoever consumes the event */
};

struct waiter {
	pthread_cond_t wake;
	struct link *links;
	size_t count;
	size_t satisfied;
	bool all;
	bool cancelled;
};

struct event {
	uint32_t id;
	enum event_type type;
	bool manual_reset;
	bool set;
	uint64_t age;
	uint64_t *mailbox;
	struct link *first, **last;
	struct event *next, **previous; /* in the table's `awaited` while a signal event has waiters */
	bool raised;
	struct event_memory_fault fault;
	struct event_hw_exception exception;
};

struct event_table {
	pthread_mutex_t lock;
	struct event *events[EVENT_MAX + 1]; /* by id; 0 is never an id */
	/* free ids in the order they became free, so that an id comes back as late as possible */
	uint32_t free_ids[EVENT_MAX];
	uint32_t free_head;
	uint32_t free_count;
	uint32_t ids; /* that there are mailboxes for */
	uint64_t *mailboxes;
	uint64_t *own_mailboxes;
	struct event *awaited;
	struct event_listener listener;
	unsigned listening; /* calls of the listener that are under way */
	pthread_cond_t listened;
	bool shut;
};

static void take_mailboxes(struct event_table *table, uint64_t *mailboxes, size_t count)
{
	table->ids = (uint32_t)MIN((size_t)EVENT_MAX, count ? count - 1 : 0);
	table->mailboxes = mailboxes;
	for (uint32_t i = 0; i < table->ids; i++)
		table->free_ids[i] = i + 1;
	table->free_head = 0;
	table->free_count = table->ids;
}

/*
 * Creates a table.  `mailboxes` are EVENT_MAX + 1 or fewer words, indexed by id, in memory that a GPU
 * can write, and stay the caller's; NULL lets the table use memory of its own.  -ENOMEM.
 */
int event_table_create(uint64_t *mailboxes, size_t mailbox_count, struct event_table **out)
{
	struct event_table *table = calloc(1, sizeof(*table));

	*out = NULL;
	if (!table)
		return -ENOMEM;
	if (mailboxes) {
		take_mailboxes(table, mailboxes, mailbox_count);
	} else {
		table->own_mailboxes = calloc(EVENT_MAX + 1, sizeof(uint64_t));
		if (!table->own_mailboxes) {
			free(table);
			return -ENOMEM;
		}
		take_mailboxes(table, table->own_mailboxes, EVENT_MAX + 1);
	}
	pthread_mutex_init(&table->lock, NULL);
	pthread_cond_init(&table->listened, NULL);
	*out = table;
	return 0;
}

/*
 * Puts other mailboxes in the place of the table's, as event_table_create() takes them.  -EBUSY: there are events, whose mailboxes
 * somebody knows.
 */
int event_table_use_mailboxes(struct event_table *table, uint64_t *mailboxes, size_t mailbox_count)
{
	uint64_t *own = NULL;
	int ret = 0;

	pthread_mutex_lock(&table->lock);
	if (table->free_count < table->ids) {
		ret = -EBUSY;
	} else {
		own = table->own_mailboxes;
		table->own_mailboxes = NULL;
		take_mailboxes(table, mailboxes, mailbox_count);
	}
	pthread_mutex_unlock(&table->lock);
	free(own);
	return ret;
}

/*
 * Says who is told of events that are set and of waiters; NULL: nobody.  The one before is not called any more when this
 * returns: a call that is under way is waited for, so not from inside of one.
 */
void event_table_listen(struct event_table *table, const struct event_listener *listener)
{
	pthread_mutex_lock(&table->lock);
	table->listener = listener ? *listener : (struct event_listener){0};
	while (table->listening)
		pthread_cond_wait(&table->listened, &table->lock);
	pthread_mutex_unlock(&table->lock);
}

/* With the lock, which is given up while the listener is called. */
static void tell(struct event_table *table, void (*call)(void *arg), void *arg)
{
	if (!call)
		return;
	table->listening++;
	pthread_mutex_unlock(&table->lock);
	call(arg);
	pthread_mutex_lock(&table->lock);
	if (!--table->listening)
		pthread_cond_broadcast(&table->listened);
}

static void tell_that_it_was_set(struct event_table *table)
{
	tell(table, table->listener.was_set, table->listener.arg);
}

static bool finished(const struct waiter *waiter)
{
	return waiter->cancelled ||
	       (waiter->all ? waiter->satisfied == waiter->count : waiter->satisfied > 0);
}

static void give(struct link *link)
{
	link->satisfied = true;
	link->waiter->satisfied++;
	if (finished(link->waiter))
		pthread_cond_signal(&link->waiter->wake);
}

/*
 * Hands a set event to its waiters: to all of them, or, when it resets itself, to the oldest one that can
 * use it.  With `new_age` the event has just been set, which also satisfies those who watch its age: they
 * share an event and must all wake (kfd_events.c: set_event), but only one of them consumes it.
 */
static void deliver(struct event *event, bool new_age)
{
	for (struct link *link = event->first; link; link = link->next) {
		if (link->satisfied || finished(link->waiter))
			continue;
		if (!event->set && !(new_age && link->watches_age))
			continue;
		if (event->set && !event->manual_reset) {
			event->set = false;
			link->consumed = true;
		}
		give(link);
	}
}

static void cancel_waiters(struct event *event)
{
	for (struct link *link = event->first; link; link = link->next) {
		/* what was set before the end counts, even if the waiter has not run since */
		if (finished(link->waiter))
			continue;
		link->waiter->cancelled = true;
		pthread_cond_signal(&link->waiter->wake);
	}
}

/* Makes every present and future wait fail with -ECANCELED; other calls go on working. */
void event_table_shutdown(struct event_table *table)
{
	pthread_mutex_lock(&table->lock);
	table->shut = true;
	for (uint32_t id = 1; id <= EVENT_MAX; id++)
		if (table->events[id])
			cancel_waiters(table->events[id]);
	pthread_mutex_unlock(&table->lock);
}

/* Frees the table and the events left in it.  Nobody may be waiting (event_table_shutdown()) or call any more. */
void event_table_destroy(struct event_table *table)
{
	for (uint32_t id = 1; id <= EVENT_MAX; id++)
		free(table->events[id]);
	pthread_cond_destroy(&table->listened);
	pthread_mutex_destroy(&table->lock);
	free(table->own_mailboxes);
	free(table);
}

static struct event *find(struct event_table *table, uint32_t id)
{
	return id && id <= EVENT_MAX ? table->events[id] : NULL;
}

/* Creates an event and gives its id.  -EINVAL: no such type; -ENOSPC: all ids are in use; -ENOMEM. */
int event_create(struct event_table *table, const struct event_request *request, uint32_t *id)
{
	bool starts_set =
		request->initially_set && (request->type == EVENT_SIGNAL || request->type == EVENT_DEBUG);
	struct event *event;

	*id = 0;
	if ((unsigned)request->type >= EVENT_TYPE_COUNT)
		return -EINVAL;
	event = calloc(1, sizeof(*event));
	if (!event)
		return -ENOMEM;
	event->type = request->type;
	event->manual_reset = request->manual_reset;
	event->set = starts_set;
	event->age = 1;
	event->last = &event->first;

	pthread_mutex_lock(&table->lock);
	if (!table->free_count) {
		pthread_mutex_unlock(&table->lock);
		free(event);
		return -ENOSPC;
	}
	event->id = table->free_ids[table->free_head];
	table->free_head = (table->free_head + 1) % EVENT_MAX;
	table->free_count--;
	event->mailbox = &table->mailboxes[event->id];
	__atomic_store_n(event->mailbox, 0, __ATOMIC_RELAXED);
	table->events[event->id] = event;
	*id = event->id;
	pthread_mutex_unlock(&table->lock);
	return 0;
}

static void link_to_event(struct event_table *table, struct link *link, struct event *event)
{
	if (!event->first && event->type == EVENT_SIGNAL) {
		event->next = table->awaited;
		event->previous = &table->awaited;
		if (event->next)
			event->next->previous = &event->next;
		table->awaited = event;
	}
	link->event = event;
	link->previous = event->last;
	*event->last = link;
	event->last = &link->next;
}

static void unlink_from_event(struct link *link)
{
	struct event *event = link->event;

	*link->previous = link->next;
	if (link->next)
		link->next->previous = link->previous;
	else
		event->last = link->previous;
	if (!event->first && event->type == EVENT_SIGNAL) {
		*event->previous = event->next;
		if (event->next)
			event->next->previous = event->previous;
	}
}

/* Destroys an event; whoever waits for it, alone or among others, gets -ECANCELED.  -EINVAL: no such event. */
int event_destroy(struct event_table *table, uint32_t id)
{
	struct event *event;

	pthread_mutex_lock(&table->lock);
	event = find(table, id);
	if (!event) {
		pthread_mutex_unlock(&table->lock);
		return -EINVAL;
	}
	cancel_waiters(event);
	while (event->first) {
		struct link *link = event->first;

		unlink_from_event(link);
		link->event = NULL;
	}
	table->events[id] = NULL;
	table->free_ids[(table->free_head + table->free_count++) % EVENT_MAX] = id;
	pthread_mutex_unlock(&table->lock);
	free(event);
	return 0;
}

/* Empties the mailbox: what was in it is told by what is done to the event now. */
static bool take_mail(struct event *event)
{
	/* read first: it is mostly empty, and GPUs have it in their caches */
	return __atomic_load_n(event->mailbox, __ATOMIC_ACQUIRE) &&
	       __atomic_exchange_n(event->mailbox, 0, __ATOMIC_ACQ_REL);
}

static void set_locked(struct event *event)
{
	take_mail(event);
	event->set = true;
	event->age++;
	deliver(event, true);
}

static bool set_by_mail(struct event *event)
{
	if (event->type != EVENT_SIGNAL || !take_mail(event))
		return false;
	set_locked(event);
	return true;
}

/* Sets an event.  -EINVAL: no such event. */
int event_set(struct event_table *table, uint32_t id)
{
	struct event *event;

	pthread_mutex_lock(&table->lock);
	event = find(table, id);
	if (event) {
		set_locked(event);
		tell_that_it_was_set(table);
	}
	pthread_mutex_unlock(&table->lock);
	return event ? 0 : -EINVAL;
}

/* Resets an event; a waiter that was handed it keeps it.  -EINVAL: no such event. */
int event_reset(struct event_table *table, uint32_t id)
{
	struct event *event;

	pthread_mutex_lock(&table->lock);
	event = find(table, id);
	if (event) {
		take_mail(event);
		event->set = false;
	}
	pthread_mutex_unlock(&table->lock);
	return event ? 0 : -EINVAL;
}

/* What is known of an event now.  -EINVAL: no such event. */
int event_query(struct event_table *table, uint32_t id, struct event_state *state)
{
	struct event *event;

	pthread_mutex_lock(&table->lock);
	event = find(table, id);
	if (event)
		*state = (struct event_state){
			.type = event->type,
			.set = event->set,
			.age = event->age,
			.mailbox = event->mailbox,
			.raised = event->raised,
			.fault = event->fault,
			.exception = event->exception,
		};
	pthread_mutex_unlock(&table->lock);
	return event ? 0 : -EINVAL;
}

static int raise_all(struct event_table *table, enum event_type type, const struct event_memory_fault *fault,
		     const struct event_hw_exception *exception)
{
	int raised = 0;

	pthread_mutex_lock(&table->lock);
	for (uint32_t id = 1; id <= EVENT_MAX; id++) {
		struct event *event = table->events[id];

		if (!event || event->type != type)
			continue;
		if (fault)
			event->fault = *fault;
		if (exception)
			event->exception = *exception;
		event->raised = true;
		set_locked(event);
		raised++;
	}
	if (raised)
		tell_that_it_was_set(table);
	pthread_mutex_unlock(&table->lock);
	return raised;
}

/* Stores the fault in every EVENT_MEMORY event and sets them; returns how many there were. */
int event_raise_memory_fault(struct event_table *table, const struct event_memory_fault *fault)
{
	return raise_all(table, EVENT_MEMORY, fault, NULL);
}

/* Stores the exception in every EVENT_HW_EXCEPTION event and sets them; returns how many there were. */
int event_raise_hw_exception(struct event_table *table, const struct event_hw_exception *exception)
{
	return raise_all(table, EVENT_HW_EXCEPTION, NULL, exception);
}

static bool somebody_sleeps_on(const struct event *event)
{
	for (const struct link *link = event->first; link; link = link->next)
		if (!finished(link->waiter))
			return true;
	return false;
}

/*
 * Sets the signal events whose mailboxes a GPU has written, of those that are waited for; the others' mail is found by
 * whoever waits next.  True: somebody still sleeps on a signal event, so a running kernel may wake him.
 */
bool event_scan_mailboxes(struct event_table *table)
{
	bool set = false, sleeps = false;

	pthread_mutex_lock(&table->lock);
	for (struct event *event = table->awaited; event; event = event->next)
		set = set_by_mail(event) || set;
	/* a set may have finished a wait for several, which are counted only now */
	for (struct event *event = table->awaited; event && !sleeps; event = event->next)
		sleeps = somebody_sleeps_on(event);
	if (set)
		tell_that_it_was_set(table);
	pthread_mutex_unlock(&table->lock);
	return sleeps;
}

/*
 * Appends a link per event.  An id that stands twice is one event waited for twice.  *mail: an event was set by what was in its
 * mailbox since nobody waited.
 */
static int link_all(struct event_table *table, struct waiter *waiter, const uint32_t *ids, bool *mail)
{
	for (size_t i = 0; i < waiter->count; i++)
		if (!find(table, ids[i]))
			return -EINVAL;
	for (size_t i = 0; i < waiter->count; i++)
		*mail = set_by_mail(find(table, ids[i])) || *mail;
	for (size_t i = 0; i < waiter->count; i++) {
		struct link *link = &waiter->links[i];

		*link = (struct link){.waiter = waiter};
		link_to_event(table, link, find(table, ids[i]));
	}
	return 0;
}

/*
 * Takes what is already there.  An event whose age differs from the one the caller last saw was set
 * in between and counts as set, even if somebody else has consumed it (kfd_events.c: event_age).
 */
static void take_present(struct waiter *waiter, const uint64_t *ages)
{
	for (size_t i = 0; i < waiter->count && !finished(waiter); i++) {
		struct link *link = &waiter->links[i];
		struct event *event = link->event;

		if (event->set)
			deliver(event, false);
		link->watches_age = ages && ages[i] && event->type == EVENT_SIGNAL;
		if (!link->satisfied && link->watches_age && ages[i] != event->age)
			give(link);
	}
}

/*
 * Ends a wait.  Ages go out for the events that satisfied it only: the age of another one would hide a
 * set that this waiter was not told of.  A wait that failed gives back what it had consumed.
 */
static void unlink_all(struct waiter *waiter, bool success, uint64_t *ages)
{
	for (size_t i = 0; i < waiter->count; i++) {
		struct link *link = &waiter->links[i];
		struct event *event = link->event;

		if (!event)
			continue;
		unlink_from_event(link);
		if (success && link->satisfied && link->watches_age)
			ages[i] = event->age;
		if (!success && link->consumed && !event->set) {
			event->set = true;
			deliver(event, false);
		}
	}
}

static struct timespec deadline_after(uint32_t milliseconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += milliseconds / 1000;
	t.tv_nsec += (long)(milliseconds % 1000) * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_nsec -= 1000000000L;
		t.tv_sec++;
	}
	return t;
}

static void sleep_until_finished(struct event_table *table, struct waiter *waiter, uint32_t timeout_ms)
{
	struct timespec deadline = deadline_after(timeout_ms);

	/* whoever reads mailboxes finds the waiter from now on */
	tell(table, table->listener.will_sleep, table->listener.arg);
	while (!finished(waiter)) {
		if (timeout_ms == EVENT_WAIT_FOREVER)
			pthread_cond_wait(&waiter->wake, &table->lock);
		else if (pthread_cond_timedwait(&waiter->wake, &table->lock, &deadline) == ETIMEDOUT)
			break;
	}
}

static void waiter_init(struct waiter *waiter)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&waiter->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

/*
 * Waits until one, or with `all` every one, of the events has been set.  timeout_ms 0 only looks,
 * EVENT_WAIT_FOREVER has no end, anything between is milliseconds of CLOCK_MONOTONIC.
 *
 * `ages` may be NULL; else one word per event, used for EVENT_SIGNAL only.  In: the age last seen, or 0 not
 * to use ages.  Out, on success, where it was not 0 and the event was set: the age now.  With ages any number of
 * threads may share an event that resets itself: each sees every time it was set.  Without, one of them
 * gets it.
 *
 * -ETIMEDOUT; -EINVAL: no events, or an id that is none; -ECANCELED: an event was destroyed or the
 * table shut down meanwhile; -ENOMEM.
 */
int event_wait(struct event_table *table, const uint32_t *ids, size_t count, bool all, uint32_t timeout_ms,
	       uint64_t *ages)
{
	struct link on_stack[LINKS_ON_STACK];
	struct waiter waiter = {.links = on_stack, .count = count, .all = all};
	bool mail = false;
	int ret;

	if (!count || count > EVENT_MAX)
		return -EINVAL;
	if (count > LINKS_ON_STACK) {
		waiter.links = calloc(count, sizeof(*waiter.links));
		if (!waiter.links)
			return -ENOMEM;
	}
	waiter_init(&waiter);
	pthread_mutex_lock(&table->lock);
	ret = table->shut ? -ECANCELED : link_all(table, &waiter, ids, &mail);
	if (!ret) {
		take_present(&waiter, ages);
		if (mail)
			tell_that_it_was_set(table);
		if (!finished(&waiter) && timeout_ms)
			sleep_until_finished(table, &waiter, timeout_ms);
		if (waiter.cancelled)
			ret = -ECANCELED;
		else if (!finished(&waiter))
			ret = -ETIMEDOUT;
		unlink_all(&waiter, !ret, ages);
	}
	pthread_mutex_unlock(&table->lock);
	pthread_cond_destroy(&waiter.wake);
	if (waiter.links != on_stack)
		free(waiter.links);
	return ret;
}
