// SPDX-License-Identifier: MIT
/*
 * The fail-the-n-th-call sweep: a scenario, once for every ioctl it issues and every error, with that one ioctl
 * failing.  No crash, no hang, nothing left on the host, an honest answer, and the next try in the same process
 * works.
 */
#ifndef TESTS_SIM_SWEEP_H
#define TESTS_SIM_SWEEP_H

#include <stdbool.h>

#include "scenario.h"

/* The main() of a sweep, whose arguments are faults: each an errno or what dxgsim --help knows besides (short ...). */
int sweep_main(int argc, char **argv, void (*scenario)(struct scenario_result *result));

/*
 * The same for a scenario that has several threads call the host, so that the order of ioctls is another one in each run: every
 * ioctl of each kind, counted by kind, from sweep_begin() on.  The arguments are ADAPTERS, of one GPU, and faults.
 * `kinds`, up to NULL, have to be among those that are struck.
 */
int sweep_kinds_main(int argc, char **argv, void (*scenario)(struct scenario_result *result),
		     const char *const *kinds);
/* Called by the scenario: from here on. */
void sweep_begin(void);
/* Whether the fault struck in this run; it does not do so again. */
bool sweep_struck(void);
/* The fault is one that passes: the host or the kernel has no room at this moment. */
bool sweep_passes(void);

#endif
