// SPDX-License-Identifier: MIT
#include "thread_time.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NAME_BYTES 32
#define PATH_BYTES 64

/* The clock of a thread by its kernel number (Linux: include/linux/posix-timers.h, MAKE_THREAD_CPUCLOCK of CPUCLOCK_SCHED). */
static clockid_t clock_of(int tid)
{
	return (clockid_t)(~(unsigned)tid << 3 | 6);
}

static bool has_prefix(int tid, const char *prefix)
{
	char path[PATH_BYTES], name[NAME_BYTES] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = 0;
	fclose(file);
	return !strncmp(name, prefix, strlen(prefix));
}

static uint64_t sleeps_of(int tid)
{
	char path[PATH_BYTES], line[128];
	unsigned long long count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %llu", &count) == 1)
			break;
	fclose(file);
	return count;
}

struct thread_time thread_time(const char *prefix)
{
	struct thread_time sum = {0};
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;

	if (!tasks)
		return sum;
	while ((entry = readdir(tasks))) {
		int tid = atoi(entry->d_name);
		struct timespec t;

		if (tid <= 0 || !has_prefix(tid, prefix) || clock_gettime(clock_of(tid), &t))
			continue;
		sum.threads++;
		sum.ns += (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
		sum.sleeps += sleeps_of(tid);
	}
	closedir(tasks);
	return sum;
}
