// SPDX-License-Identifier: MIT
/*
 * A list of what is to come, and a thread that waits for the next of it, for as long as there is any.  The lock is not
 * held while something happens, for the host and the guest driver have locks of their own.
 */
#include "dxgsim/schedule.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dxgsim/report.h"
#include "dxgsim/trace.h"

#define NS_PER_MS 1000000u
#define NS_PER_S  1000000000u

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool ready; /* changed is made */
	struct fault *list;
	struct host_model *model; /* NULL: not opened yet */
	pthread_t thread;
	bool runs; /* or has ended and was not waited for */
	bool stop;
} schedule = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void schedule_explain(int error, const struct happening *happening, char *text, unsigned int size)
{
	switch (error) {
	case -EINVAL:
		snprintf(text, size, "there is no such adapter or engine");
		return;
	case -EALREADY:
		snprintf(text, size, "that is so already");
		return;
	case -ENODEV:
		snprintf(text, size, "adapter %u is removed", happening->adapter);
		return;
	case -EBUSY:
		snprintf(text, size, "too many jobs that have not come yet are to fail");
		return;
	default:
		snprintf(text, size, "%s", strerror(-error));
	}
}

void schedule_strike(struct host_model *model, const struct fault *fault)
{
	int rc = host_model_happen(model, &fault->happening);
	char reason[160];

	if (!rc)
		trace_happening(fault->text);
	/* several processes are told of the same removal, and one of them is the first */
	if (!rc || rc == -EALREADY)
		return;
	schedule_explain(rc, &fault->happening, reason, sizeof(reason));
	report_note("%s: %s", fault->text, reason);
}

/* ---- with the lock ---- */

static struct fault *next_due(void)
{
	struct fault *next = NULL;

	for (struct fault *fault = schedule.list; fault; fault = fault->next)
		if (!fault->over && (!next || fault->due_ns < next->due_ns))
			next = fault;
	return next;
}

/* What is due happens, the lock given up meanwhile; a copy, for the list may be cleared. */
static struct fault *strike_due(void)
{
	struct host_model *model = schedule.model;
	struct fault *next, now;

	while (!schedule.stop && (next = next_due()) && next->due_ns <= now_ns()) {
		next->over = true;
		now = *next;
		pthread_mutex_unlock(&schedule.lock);
		schedule_strike(model, &now);
		pthread_mutex_lock(&schedule.lock);
	}
	return schedule.stop ? NULL : next_due();
}

static void *wait_and_strike(void *unused)
{
	struct fault *next;

	(void)unused;
	pthread_mutex_lock(&schedule.lock);
	while (!schedule.stop) {
		next = strike_due();
		if (next) {
			struct timespec until = {(time_t)(next->due_ns / NS_PER_S),
						 (long)(next->due_ns % NS_PER_S)};

			pthread_cond_timedwait(&schedule.changed, &schedule.lock, &until);
		} else if (!schedule.stop) {
			pthread_cond_wait(&schedule.changed, &schedule.lock);
		}
	}
	pthread_mutex_unlock(&schedule.lock);
	return NULL;
}

static int prepare_condition(void)
{
	pthread_condattr_t attr;
	int rc;

	if (schedule.ready)
		return 0;
	rc = pthread_condattr_init(&attr);
	if (rc)
		return -rc;
	rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (!rc)
		rc = pthread_cond_init(&schedule.changed, &attr);
	pthread_condattr_destroy(&attr);
	schedule.ready = !rc;
	return -rc;
}

/* The program's signals are not for this thread. */
static int start_thread(void)
{
	sigset_t all, before;
	int rc;

	if (schedule.runs || !next_due())
		return 0;
	rc = prepare_condition();
	if (rc)
		return rc;
	schedule.stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(&schedule.thread, NULL, wait_and_strike, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	schedule.runs = !rc;
	return rc;
}

static void set_due(struct fault *fault)
{
	fault->due_ns = now_ns() + fault->after_ms * NS_PER_MS;
}

/* ---- */

int schedule_add(struct fault *fault)
{
	struct fault **end = &schedule.list;
	int rc = 0;

	pthread_mutex_lock(&schedule.lock);
	while (*end)
		end = &(*end)->next;
	*end = fault;
	if (schedule.model) {
		set_due(fault);
		strike_due();
		rc = start_thread();
		if (schedule.runs)
			pthread_cond_signal(&schedule.changed);
	}
	pthread_mutex_unlock(&schedule.lock);
	return rc;
}

int schedule_opened(struct host_model *model)
{
	int rc = 0;

	pthread_mutex_lock(&schedule.lock);
	if (!schedule.model) {
		schedule.model = model;
		for (struct fault *fault = schedule.list; fault; fault = fault->next)
			set_due(fault);
		strike_due();
		rc = start_thread();
	}
	pthread_mutex_unlock(&schedule.lock);
	return rc;
}

static void free_list(void)
{
	while (schedule.list) {
		struct fault *fault = schedule.list;

		schedule.list = fault->next;
		free(fault);
	}
}

void schedule_clear(void)
{
	pthread_mutex_lock(&schedule.lock);
	free_list();
	pthread_mutex_unlock(&schedule.lock);
}

void schedule_stop(void)
{
	bool runs;

	pthread_mutex_lock(&schedule.lock);
	schedule.stop = true;
	runs = schedule.runs;
	schedule.runs = false;
	if (runs)
		pthread_cond_signal(&schedule.changed);
	pthread_mutex_unlock(&schedule.lock);
	if (runs)
		pthread_join(schedule.thread, NULL);
	pthread_mutex_lock(&schedule.lock);
	schedule.stop = false;
	schedule.model = NULL;
	pthread_mutex_unlock(&schedule.lock);
}

void schedule_forked(void)
{
	pthread_mutex_init(&schedule.lock, NULL);
	schedule.ready = false;
	schedule.runs = false;
	schedule.stop = false;
	schedule.model = NULL;
	for (struct fault *fault = schedule.list; fault; fault = fault->next)
		fault->over = false;
}
