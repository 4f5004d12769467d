// SPDX-License-Identifier: MIT
/*
 * Guest events: what the host raises by number (dxgkrnl: the host event list of dxgglobal).  CPU waits, enqueued
 * CPU events, CPU_NOTIFICATION objects and sync files are all such events.
 */
#include "dxgsim/driver/event.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

struct event {
	TAILQ_ENTRY(event) entry;
	uint64_t id;
	bool persistent;
	bool spent;	     /* must not be fired any more */
	bool removing;	     /* event_remove() frees it */
	unsigned int firing; /* threads inside fire() */
	void (*fire)(void *arg);
	void (*release)(void *arg);
	void *arg;
};

static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fired = PTHREAD_COND_INITIALIZER;
static TAILQ_HEAD(, event) events = TAILQ_HEAD_INITIALIZER(events);
static uint64_t last_id;

static void event_free(struct event *event)
{
	if (event->release)
		event->release(event->arg);
	free(event);
}

static struct event *event_find(uint64_t id)
{
	struct event *event;

	TAILQ_FOREACH(event, &events, entry)
		if (event->id == id)
			return event;
	return NULL;
}

int event_add(bool persistent, void (*fire)(void *arg), void (*release)(void *arg), void *arg, uint64_t *id)
{
	struct event *event = calloc(1, sizeof(*event));

	if (!event)
		return -ENOMEM;
	event->persistent = persistent;
	event->fire = fire;
	event->release = release;
	event->arg = arg;
	pthread_mutex_lock(&events_lock);
	*id = event->id = ++last_id;
	TAILQ_INSERT_TAIL(&events, event, entry);
	pthread_mutex_unlock(&events_lock);
	return 0;
}

void events_signal(uint64_t id)
{
	struct event *event;
	bool done = false;

	pthread_mutex_lock(&events_lock);
	event = event_find(id);
	if (!event || event->spent) {
		pthread_mutex_unlock(&events_lock);
		return;
	}
	if (!event->persistent)
		event->spent = true;
	event->firing++;
	pthread_mutex_unlock(&events_lock);

	event->fire(event->arg);

	pthread_mutex_lock(&events_lock);
	event->firing--;
	if (event->removing) {
		pthread_cond_broadcast(&fired);
	} else if (!event->persistent) {
		TAILQ_REMOVE(&events, event, entry);
		done = true;
	}
	pthread_mutex_unlock(&events_lock);
	if (done)
		event_free(event);
}

bool event_remove(uint64_t id)
{
	struct event *event;
	bool pending;

	pthread_mutex_lock(&events_lock);
	event = event_find(id);
	if (!event || event->removing) {
		pthread_mutex_unlock(&events_lock);
		return false;
	}
	pending = !event->spent;
	event->spent = true;
	event->removing = true;
	while (event->firing)
		pthread_cond_wait(&fired, &events_lock);
	TAILQ_REMOVE(&events, event, entry);
	pthread_mutex_unlock(&events_lock);
	event_free(event);
	return pending;
}

void events_drop(void)
{
	struct event *event;

	pthread_mutex_lock(&events_lock);
	while ((event = TAILQ_FIRST(&events))) {
		TAILQ_REMOVE(&events, event, entry);
		event_free(event);
	}
	pthread_mutex_unlock(&events_lock);
}

void events_fork_prepare(void)
{
	pthread_mutex_lock(&events_lock);
}

void events_fork_done(void)
{
	pthread_mutex_unlock(&events_lock);
}

void events_fork_child(void)
{
	/* waiters on it were other threads */
	pthread_cond_init(&fired, NULL);
	/* copies of the parent's: their descriptors are the child's own and closed here */
	events_drop();
}

int eventfd_take(uint64_t fd, int *copy)
{
	char path[64], target[64] = "";
	int number = (int)(uint32_t)fd; /* the driver looks at the low half only */

	if (number < 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", number);
	if (readlink(path, target, sizeof(target) - 1) < 0 || strcmp(target, "anon_inode:[eventfd]") != 0)
		return -EINVAL;
	/* far from the numbers the program is given, so that its own descriptors do not shift */
	*copy = fcntl(number, F_DUPFD_CLOEXEC, 512);
	if (*copy < 0)
		*copy = fcntl(number, F_DUPFD_CLOEXEC, 3);
	return *copy < 0 ? -EINVAL : 0;
}

struct eventfd_event {
	int fd;
};

static void eventfd_fire(void *arg)
{
	const struct eventfd_event *event = arg;
	uint64_t one = 1;

	/* a full counter is a counter that wakes whoever waits */
	if (write(event->fd, &one, sizeof(one)) < 0)
		return;
}

static void eventfd_release(void *arg)
{
	struct eventfd_event *event = arg;

	close(event->fd);
	free(event);
}

int eventfd_event_add(uint64_t fd, bool persistent, uint64_t *id)
{
	struct eventfd_event *event;
	int copy, ret;

	ret = eventfd_take(fd, &copy);
	if (ret)
		return ret;
	event = malloc(sizeof(*event));
	if (!event) {
		close(copy);
		return -ENOMEM;
	}
	event->fd = copy;
	ret = event_add(persistent, eventfd_fire, eventfd_release, event, id);
	if (ret)
		eventfd_release(event);
	return ret;
}
