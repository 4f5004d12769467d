// SPDX-License-Identifier: MIT
/* The host's source of power, as sysfs shows it. */
#ifndef DXGSIM_PRELOAD_POWER_H
#define DXGSIM_PRELOAD_POWER_H

#include <stdbool.h>
#include <stdio.h>

/* Whether @path is /sys/class/power_supply or below it, and not opened by this library itself. */
bool power_is_played(const char *path);
/* Of such a path; results as of open() and fopen().  EACCES: to be made or written. */
int power_open(const char *path, int flags);
FILE *power_fopen(const char *path, const char *mode);

#endif
