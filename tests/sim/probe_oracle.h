// SPDX-License-Identifier: MIT
/*
 * What a probe has to say when one of its ioctls fails: told from the ioctls alone, without a look at the reports that
 * are to be checked.
 */
#ifndef TESTS_SIM_PROBE_ORACLE_H
#define TESTS_SIM_PROBE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/probe.h"

#define ORACLE_MAX_CALLS 128

/* The ioctls of a probe, without LX_DX, in order. */
struct oracle_calls {
	const char *names[ORACLE_MAX_CALLS];
	size_t count;
};

/* One ioctl that failed, and how. */
struct oracle_fault {
	const char *spec;     /* as in a fault of dxgsim: errno=ENOMEM, short ... */
	const char *ioctl;    /* its name */
	bool applied;	      /* false: the fault had nothing to act on */
	enum probe_step step; /* that it belongs to; PROBE_STEP_COUNT: what comes after a probe */
};

/* The step that call number `index` belongs to. */
enum probe_step oracle_step(enum gsp_rung rung, const struct oracle_calls *calls, size_t index);
bool oracle_may_pass(const struct oracle_fault *fault);
bool oracle_may_fail_at(const struct oracle_fault *fault, enum probe_step step);
/* Whether the fault says that the device is lost, which is not true: the simulated GPU goes on. */
bool oracle_says_lost(const char *spec);

#endif
