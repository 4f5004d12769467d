// SPDX-License-Identifier: MIT
/*
 * Messages to the user.  HSAKMT_DEBUG_LEVEL chooses how much is printed, with libhsakmt's numbers:
 * 3 errors (the default), 4 warnings, 6 information, 7 debugging, 0 nothing.  A message names the
 * object, the step and the cause.
 */
#ifndef UTIL_LOG_H
#define UTIL_LOG_H

#include <stdbool.h>

#include "util/compiler.h"

enum log_level {
	LOG_NONE = 0,
	LOG_ERR = 3,
	LOG_WARN = 4,
	LOG_INFO = 6,
	LOG_DEBUG = 7,
};

/* A sink gets whole lines without the trailing newline; NULL restores stderr. */
typedef void (*log_sink)(enum log_level level, const char *line, void *arg);

bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_set_level(enum log_level level);
void log_set_sink(log_sink sink, void *arg);

#define log_err(...)   log_write(LOG_ERR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
