// SPDX-License-Identifier: MIT
#include "util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1024

static _Atomic int threshold = -1; /* -1: the environment has not been read */
static _Atomic(log_sink) current_sink;
static void *_Atomic current_arg;

static int threshold_from_environment(void)
{
	const char *text = getenv("HSAKMT_DEBUG_LEVEL");
	char *end;
	long value;

	if (!text || !*text)
		return LOG_ERR;
	value = strtol(text, &end, 10);
	if (*end || value < LOG_NONE || value > LOG_DEBUG)
		return LOG_ERR;
	return (int)value;
}

/* True when a message of this level would be printed; guards messages that are dear to compose. */
bool log_enabled(enum log_level level)
{
	int limit = atomic_load_explicit(&threshold, memory_order_relaxed);

	if (limit < 0) {
		limit = threshold_from_environment();
		atomic_store_explicit(&threshold, limit, memory_order_relaxed);
	}
	return (int)level <= limit;
}

/* Overrides HSAKMT_DEBUG_LEVEL for this process. */
void log_set_level(enum log_level level)
{
	atomic_store(&threshold, (int)level);
}

/* Sends messages to a function instead of stderr.  The sink may be called from any thread. */
void log_set_sink(log_sink sink, void *arg)
{
	atomic_store(&current_arg, arg);
	atomic_store(&current_sink, sink);
}

/* Prints one line.  A line longer than the buffer is cut; errno is left as it was. */
void log_write(enum log_level level, const char *fmt, ...)
{
	static const char prefix[] = "hsakmt-dxg: ";
	char line[LINE_SIZE];
	int saved = errno;
	log_sink sink;
	size_t used;
	va_list args;
	int n;

	if (!log_enabled(level))
		return;
	memcpy(line, prefix, sizeof(prefix));
	used = sizeof(prefix) - 1;
	va_start(args, fmt);
	n = vsnprintf(line + used, sizeof(line) - used - 1, fmt, args);
	va_end(args);
	if (n > 0)
		used += MIN((size_t)n, sizeof(line) - used - 2);
	line[used] = '\0';

	sink = atomic_load(&current_sink);
	if (sink) {
		sink(level, line + sizeof(prefix) - 1, atomic_load(&current_arg));
	} else {
		line[used] = '\n';
		/* one write, so that lines of several threads do not mix; nobody to tell if it fails */
		if (write(STDERR_FILENO, line, used + 1) < 0)
			errno = saved;
	}
	errno = saved;
}
