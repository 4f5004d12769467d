// SPDX-License-Identifier: MIT
/* The parent's side of a probe: prints what the child tells, and ends it when it tells nothing any more. */
#ifndef DXGINFO_PROBE_WATCH_H
#define DXGINFO_PROBE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dxginfo/probe_child.h"
#include "util/compiler.h"

/* Goes to standard output and, whole, to a file. */
struct report {
	FILE *file; /* NULL: there is none */
	bool verbose;
	bool output_failed; /* standard output, which has been said */
};

void report_line(struct report *report, const char *fmt, ...) PRINTF_LIKE(2, 3);
void report_detail(struct report *report, const char *fmt, ...) PRINTF_LIKE(2, 3);

enum rung_end {
	RUNG_PASSED,
	RUNG_FAILED,
	RUNG_HUNG,	  /* a step did not end in time; the child was killed */
	RUNG_DIED,	  /* the child was ended by a signal */
	RUNG_INTERRUPTED, /* dxginfo was told to stop */
};

struct rung_result {
	enum rung_end end;
	uint32_t rule; /* the self-check that is broken, 0: none is named */
	char text[600];
	bool unkillable; /* the child stays in a call of the kernel */
};

int watch_signals(void);
int watch_stopped(void);
void watch_rung(struct report *report, const struct probe_target *target, enum gsp_rung rung,
		struct rung_result *result);

#endif
