// SPDX-License-Identifier: MIT
/* Each piece of a test in a child of its own: with a time limit, and a crash is a failure. */
#ifndef TESTS_SIM_FORKED_H
#define TESTS_SIM_FORKED_H

#define FORKED_TIME_LIMIT_S 60

/* Runs body(arg) in a child; 0 when it returned 0 in time and exit found no leak, else says what happened. */
int forked_run(const char *title, int (*body)(void *arg), void *arg);

/* How many file descriptors and threads this process has. */
unsigned count_fds(void);
unsigned count_threads(void);
/* Kilobytes of memory in use (VmRSS). */
unsigned long resident_kilobytes(void);

#endif
