// SPDX-License-Identifier: MIT
#include "dxgsim/report.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REPORT_TEXT_MAX 16384

static struct {
	pthread_mutex_t lock;
	char path[4096]; /* empty: standard error */
	struct report_counters counters;
	char text[REPORT_TEXT_MAX];
	uint32_t used;
} report = {.lock = PTHREAD_MUTEX_INITIALIZER};

/*
 * The file is opened for each line: the program under test may close every descriptor it did not open
 * itself, and findings are rare.
 */
static void write_line(const char *line, size_t length)
{
	int fd = STDERR_FILENO;

	if (report.path[0])
		fd = open(report.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		fd = STDERR_FILENO;
	while (length) {
		ssize_t done = write(fd, line, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break; /* nowhere left to tell it; the counters still do */
		line += done;
		length -= (size_t)done;
	}
	if (fd != STDERR_FILENO)
		close(fd);
}

static void __attribute__((format(printf, 3, 0)))
add(uint64_t *counter, const char *kind, const char *format, va_list args)
{
	int saved = errno;
	char line[1024];
	int head, length;

	head = snprintf(line, sizeof(line), "%d %s ", (int)getpid(), kind);
	length = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
	length = length < 0 ? head : head + length;
	if (length > (int)sizeof(line) - 2)
		length = (int)sizeof(line) - 2;
	line[length++] = '\n';
	pthread_mutex_lock(&report.lock);
	++*counter;
	write_line(line, (size_t)length);
	if (report.used + (uint32_t)length < REPORT_TEXT_MAX) {
		memcpy(report.text + report.used, line, (size_t)length);
		report.used += (uint32_t)length;
	}
	pthread_mutex_unlock(&report.lock);
	errno = saved;
}

void report_leak(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(&report.counters.leaks, "LEAK", format, args);
	va_end(args);
}

void report_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(&report.counters.notes, "NOTE", format, args);
	va_end(args);
}

void report_misuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(&report.counters.misuse, "MISUSE", format, args);
	va_end(args);
}

static void __attribute__((format(printf, 2, 3))) tell(const char *kind, const char *format, ...)
{
	uint64_t uncounted = 0;
	va_list args;

	va_start(args, format);
	add(&uncounted, kind, format, args);
	va_end(args);
}

void report_profile(const char *text)
{
	tell("PROFILE", "%s", text);
}

_Noreturn void report_fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(&report.counters.misuse, "FATAL", format, args);
	va_end(args);
	_exit(DXGSIM_EXIT_REPORT);
}

void report_get_counters(struct report_counters *out)
{
	pthread_mutex_lock(&report.lock);
	*out = report.counters;
	pthread_mutex_unlock(&report.lock);
}

void report_reset_counters(void)
{
	pthread_mutex_lock(&report.lock);
	memset(&report.counters, 0, sizeof(report.counters));
	report.used = 0;
	pthread_mutex_unlock(&report.lock);
}

void report_after_fork_in_child(void)
{
	/* another thread of the parent may have held it */
	pthread_mutex_init(&report.lock, NULL);
	report_reset_counters();
}

uint32_t report_copy_text(char *buffer, uint32_t size)
{
	uint32_t length;

	if (!size)
		return 0;
	pthread_mutex_lock(&report.lock);
	length = report.used < size - 1 ? report.used : size - 1;
	memcpy(buffer, report.text, length);
	pthread_mutex_unlock(&report.lock);
	buffer[length] = '\0';
	return length;
}

int report_open(const char *path)
{
	if (!path || !strcmp(path, "-"))
		path = "";
	if (strlen(path) >= sizeof(report.path))
		return -ENAMETOOLONG;
	pthread_mutex_lock(&report.lock);
	memcpy(report.path, path, strlen(path) + 1);
	pthread_mutex_unlock(&report.lock);
	return 0;
}
