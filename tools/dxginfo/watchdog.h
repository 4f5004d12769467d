// SPDX-License-Identifier: MIT
/* Ends dxginfo when a call of the driver does not come back: whoever hangs in one can do nothing about it. */
#ifndef DXGINFO_WATCHDOG_H
#define DXGINFO_WATCHDOG_H

#include <stdint.h>
#include <stdio.h>

#include "dxg/dxg.h"

struct watchdog;

int watchdog_start(uint32_t seconds, FILE *report, struct watchdog **out);
void watchdog_begin(struct watchdog *watchdog, const char *what);
void watchdog_end(struct watchdog *watchdog);
void watchdog_on_call(void *watchdog, const struct dxg_call *call);
void watchdog_stop(struct watchdog *watchdog);

#endif
