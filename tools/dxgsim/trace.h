// SPDX-License-Identifier: MIT
/* The trace: one line per call, with its main arguments, result, time and host messages. */
#ifndef DXGSIM_TRACE_H
#define DXGSIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/call.h"

/* Appends to @path ("-": standard error). 0 or -errno. */
int trace_open(const char *path);
bool trace_enabled(void);
/* A line between those of calls: what has befallen the host. */
void trace_happening(const char *text);
/* @name: of a call that is no ioctl, else NULL. */
void trace_call(const struct hook_call *call, const char *name, int ret, int err);

#endif
