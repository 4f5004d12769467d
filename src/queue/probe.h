// SPDX-License-Identifier: MIT
/*
 * Does work reach an engine and come back?  Success of every create call proves nothing, so the probe lets
 * the GPU write a number into host memory and looks for it (self-checks 10 and 11 of docs/private-data.md).
 */
#ifndef QUEUE_PROBE_H
#define QUEUE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/channel.h"

enum probe_step {
	PROBE_DEVICE,
	PROBE_PAGING_QUEUE,
	PROBE_CONTEXT,
	PROBE_USER_QUEUE, /* ring memory; GSP_RUNG_USER_QUEUE only */
	PROBE_QUEUE,
	PROBE_ADDRESS,	  /* 64 KiB of address space for CPU and GPU */
	PROBE_ALLOCATION, /* ... of host memory there */
	PROBE_RESIDENT,
	PROBE_MAP,
	PROBE_PAGING, /* the paging fence of the two */
	PROBE_COMMANDS,
	PROBE_SUBMIT,
	PROBE_FENCE,
	PROBE_RESULT, /* the number is there, and nothing else was written */
	PROBE_TEARDOWN,
	PROBE_STEP_COUNT
};

enum probe_outcome {
	PROBE_BEGINS,
	PROBE_PASSED,
	PROBE_FAILED,
	PROBE_SKIPPED, /* needs a step that failed, or not part of this rung */
};

struct probe_event {
	enum probe_step step;
	enum probe_outcome outcome;
	int error;	  /* -errno of a failure */
	const char *text; /* what was found, in words; "" if there is nothing to say */
	bool with_next;	  /* passed, in one call with the step that follows: the time is both's */
	enum gsp_rung rung;
};

struct probe_options {
	struct channel_options channel;
	uint64_t step_timeout_ns;				    /* 0: 2 s, of SDMA engines 1 s */
	void (*report)(void *arg, const struct probe_event *event); /* may be NULL */
	void *arg;
};

struct probe_result {
	bool passed;
	bool makeshift; /* probe_ladder(): a better rung failed for a reason that may pass */
	enum probe_step failed_at;
	int error;
	struct kmd_failure why; /* the self-check that is broken, in words for the user */
};

int probe_run(const struct probe_options *options, struct probe_result *result);
const char *probe_step_name(enum probe_step step);

/* The best rung of an engine that passes; each is tried once, best first. */
int probe_ladder(const struct probe_options *options, enum gsp_rung *rung, struct probe_result *result);

#endif
