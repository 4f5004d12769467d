// SPDX-License-Identifier: MIT
/*
 * The fail-the-n-th-call sweep: a scenario, once for every ioctl it issues and every error, with that one ioctl
 * failing.  No crash, no hang, nothing left on the host, an honest answer, and the next try in the same process
 * works.
 */
#ifndef TESTS_SIM_SWEEP_H
#define TESTS_SIM_SWEEP_H

#include "scenario.h"

/* The main() of a sweep, whose arguments are faults: each an errno or what dxgsim --help knows besides (short ...). */
int sweep_main(int argc, char **argv, void (*scenario)(struct scenario_result *result));

#endif
