// SPDX-License-Identifier: MIT
/*
 * What dxgsim finds wrong with the program under test. Leaks and misuse make dxgsim exit with
 * DXGSIM_EXIT_REPORT; notes do not. Every finding is one line in the file DXGSIM_REPORT names
 * ("PID KIND text"), appended in one write so that processes do not mix lines.
 */
#ifndef DXGSIM_REPORT_H
#define DXGSIM_REPORT_H

#include <stdint.h>

#define DXGSIM_EXIT_REPORT 70

struct report_counters {
	uint64_t leaks;
	uint64_t misuse;
	uint64_t notes;
};

/* Something real hardware or the real host would punish; the call at fault is refused too where it can be. */
void report_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Misuse that crashes the real guest kernel: reports, then ends the process with DXGSIM_EXIT_REPORT. */
_Noreturn void report_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Worth knowing, but no fault of the program. */
void report_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* An object which the program has not given back when it ends its use of /dev/dxg. */
void report_leak(const char *format, ...) __attribute__((format(printf, 1, 2)));

void report_get_counters(struct report_counters *out);
void report_reset_counters(void);
/* In the only thread of a forked child: its findings are its own. */
void report_after_fork_in_child(void);
/* Text of the findings since the last reset, at most what fits; for messages of tests. */
uint32_t report_copy_text(char *buffer, uint32_t size);
/* A line of what kernels have done; no finding. */
void report_profile(const char *text);
/* Where findings go; NULL or "-": standard error. */
int report_open(const char *path);

#endif
