// SPDX-License-Identifier: MIT
#include "dxginfo/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dxginfo/options.h"

#define STACK_SIZE (256U * 1024)

struct watchdog {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	uint32_t seconds;
	FILE *report;
	bool over;
	const char *what; /* what is under way; NULL: nothing */
	uint32_t waited;  /* seconds in which it was; not those in which this process was stopped */
};

static void complain(FILE *out, const struct watchdog *watchdog)
{
	fprintf(out,
		"dxginfo: the driver has not come back from %s for %u s: the host does not answer; "
		"\"wsl --shutdown\" on Windows may help\n",
		watchdog->what, watchdog->seconds);
	fflush(out);
}

static void *watch(void *arg)
{
	struct watchdog *watchdog = arg;
	struct timespec now;

	pthread_mutex_lock(&watchdog->lock);
	while (!watchdog->over) {
		if (watchdog->what && watchdog->waited > watchdog->seconds) {
			complain(stderr, watchdog);
			if (watchdog->report)
				complain(watchdog->report, watchdog);
			/* a fatal end is all that reaches a thread in the driver */
			_exit(EXIT_BAD);
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		now.tv_sec++;
		pthread_cond_timedwait(&watchdog->stopped, &watchdog->lock, &now);
		watchdog->waited++;
	}
	pthread_mutex_unlock(&watchdog->lock);
	return NULL;
}

/* Signals are for the other thread. */
static int start_thread(struct watchdog *watchdog)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	int err = pthread_attr_init(&attributes);

	if (err)
		return err;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (!err)
		err = pthread_create(&watchdog->thread, &attributes, watch, watchdog);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return err;
}

/*
 * From here on nothing that is told by watchdog_begin() or to watchdog_on_call() takes longer than `seconds`, or
 * dxginfo ends with a message, in `report` too if there is one.  One thing at a time.  -ENOMEM, -EAGAIN.
 */
int watchdog_start(uint32_t seconds, FILE *report, struct watchdog **out)
{
	struct watchdog *watchdog = calloc(1, sizeof(*watchdog));
	pthread_condattr_t attributes;
	int err;

	*out = NULL;
	if (!watchdog)
		return -ENOMEM;
	watchdog->seconds = seconds;
	watchdog->report = report;
	pthread_mutex_init(&watchdog->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watchdog->stopped, &attributes);
	pthread_condattr_destroy(&attributes);
	err = start_thread(watchdog);
	if (err) {
		pthread_cond_destroy(&watchdog->stopped);
		pthread_mutex_destroy(&watchdog->lock);
		free(watchdog);
		return -err;
	}
	*out = watchdog;
	return 0;
}

/* `what` stays valid until watchdog_end(). */
void watchdog_begin(struct watchdog *watchdog, const char *what)
{
	pthread_mutex_lock(&watchdog->lock);
	watchdog->what = what;
	watchdog->waited = 0;
	pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_end(struct watchdog *watchdog)
{
	pthread_mutex_lock(&watchdog->lock);
	watchdog->what = NULL;
	pthread_mutex_unlock(&watchdog->lock);
}

/* A dxg_observer. */
void watchdog_on_call(void *watchdog, const struct dxg_call *call)
{
	if (call->done)
		watchdog_end(watchdog);
	else
		watchdog_begin(watchdog, call->name);
}

/* NULL is no watchdog. */
void watchdog_stop(struct watchdog *watchdog)
{
	if (!watchdog)
		return;
	pthread_mutex_lock(&watchdog->lock);
	watchdog->over = true;
	pthread_cond_signal(&watchdog->stopped);
	pthread_mutex_unlock(&watchdog->lock);
	pthread_join(watchdog->thread, NULL);
	pthread_cond_destroy(&watchdog->stopped);
	pthread_mutex_destroy(&watchdog->lock);
	free(watchdog);
}
