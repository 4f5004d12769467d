// SPDX-License-Identifier: MIT
/* Doorbells that remember how they were rung, for the tests of src/queue/doorbell.c. */
#ifndef TESTS_QUEUE_DOORBELL_H
#define TESTS_QUEUE_DOORBELL_H

#include <dirent.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/doorbell.h"
#include "util/clock.h"

#define LOST_NS 20000000000ULL /* a store that is not told by then is lost */

struct bench {
	struct doorbells *doorbells;
	bool forced_fallback;
	bool faults; /* how it is to be: by userfaultfd */
};

struct bell {
	struct doorbell doorbell;
	_Atomic uint64_t rings;
	_Atomic uint64_t value;
};

static inline void sleep_us(long us)
{
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	nanosleep(&t, NULL);
}

static inline void bell_rung(struct doorbell *doorbell, uint64_t value)
{
	struct bell *bell = (struct bell *)(void *)doorbell;

	bell->value = value;
	bell->rings++;
}

static inline uint64_t bell_rings(const struct bell *bell)
{
	return bell->rings;
}

static inline uint64_t bell_value(const struct bell *bell)
{
	return bell->value;
}

static inline void bell_store(struct bell *bell, uint64_t value)
{
	__atomic_store_n(bell->doorbell.cell, value, __ATOMIC_RELEASE);
}

static inline void bell_get(struct bench *bench, struct bell *bell, uint64_t initial)
{
	memset(bell, 0, sizeof(*bell));
	bell->doorbell.rung = bell_rung;
	assert_int_equal(doorbell_get(bench->doorbells, initial, &bell->doorbell), 0);
}

static inline void bell_watch(struct bench *bench, struct bell *bell, uint64_t initial)
{
	bell_get(bench, bell, initial);
	assert_int_equal(doorbell_watch(bench->doorbells, &bell->doorbell), 0);
}

static inline void bell_end(struct bench *bench, struct bell *bell)
{
	doorbell_unwatch(bench->doorbells, &bell->doorbell);
	doorbell_put(bench->doorbells, &bell->doorbell);
}

static inline void await_rings(const struct bell *bell, uint64_t rings)
{
	uint64_t end = clock_ns() + LOST_NS;

	while (bell_rings(bell) < rings) {
		assert_true(clock_ns() < end);
		sched_yield();
	}
}

static inline void await_value(const struct bell *bell, uint64_t value)
{
	uint64_t end = clock_ns() + LOST_NS;

	while (bell_value(bell) != value) {
		assert_true(clock_ns() < end);
		sched_yield();
	}
}

/* A line of the watching thread's status file; false: there is no such thread or line. */
static inline bool thread_status(const char *key, const char *format, unsigned long long *value)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	bool found = false;

	assert_non_null(tasks);
	while (!found && (task = readdir(tasks))) {
		char path[300], line[200];
		bool ours = false;
		FILE *status;

		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		status = task->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (status && !found && fgets(line, sizeof(line), status)) {
			ours |= !strcmp(line, "Name:\thsakmt-doorbell\n");
			if (ours && !strncmp(line, key, strlen(key)))
				found = sscanf(line + strlen(key), format, value) == 1;
		}
		if (status)
			fclose(status);
	}
	closedir(tasks);
	return found;
}

/* How often the thread slept. */
static inline uint64_t thread_turns(void)
{
	unsigned long long turns;

	assert_true(thread_status("voluntary_ctxt_switches:", "%llu", &turns));
	return turns;
}

/* Until the thread has stopped looking for more, or looks as seldom as it ever does. */
static inline void settle(const struct bench *bench)
{
	uint64_t turns;

	sleep_us(bench->faults ? 30000 : 90000);
	while (bench->faults && (turns = thread_turns(), sleep_us(10000), thread_turns() != turns))
		;
}

static inline void bench_begin(struct bench *bench, bool forced_fallback)
{
	long fd = syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);

	bench->forced_fallback = forced_fallback;
	bench->faults = fd >= 0 && !forced_fallback;
	if (fd >= 0)
		close((int)fd);
	else
		print_message("userfaultfd is refused here: that part is not tested\n");
}

#endif
