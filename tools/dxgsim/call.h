// SPDX-License-Identifier: MIT
/* A call on /dev/dxg while it runs: what faults, counters and the trace know of it. */
#ifndef DXGSIM_CALL_H
#define DXGSIM_CALL_H

#include <stdbool.h>
#include <stdint.h>

struct fault;

/* One call in flight; lives on the caller's stack. The fields belong to hooks.c. */
struct hook_call {
	unsigned long cmd;
	const void *arg;
	uint64_t start_ns;
	struct hook_call *outer;   /* of the same thread */
	const struct fault *fault; /* to apply to this call's messages */
	bool fault_applied;	   /* and it was */
	uint64_t fault_hit;	   /* how many calls were struck until then */
	uint32_t fault_left;	   /* messages it still applies to */
	uint32_t fault_skip;	   /* messages it lets pass first */
	uint32_t messages;
	uint32_t sync_messages;
	char names[160]; /* of the messages, for the trace */
};

#endif
