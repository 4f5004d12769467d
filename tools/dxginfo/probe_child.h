// SPDX-License-Identifier: MIT
/*
 * The process that a probe runs in, and what it tells of itself.  It may hang in a call of the driver or die; the
 * parent sees every step and every ioctl as it begins, and so can name the one that did not end.
 */
#ifndef DXGINFO_PROBE_CHILD_H
#define DXGINFO_PROBE_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "dxginfo/machine.h"
#include "gsp/caps.h"

enum probe_message_kind {
	PROBE_MESSAGE_STEP,
	PROBE_MESSAGE_CALL,
	PROBE_MESSAGE_LOG,
	PROBE_MESSAGE_STATE,   /* of the device, afterwards */
	PROBE_MESSAGE_VERDICT, /* the last word of probe_run() */
	PROBE_MESSAGE_END,     /* everything is given back */
};

#define PROBE_NAME_SIZE 48U
#define PROBE_TEXT_SIZE 400U

/* One packet on the socket. */
struct probe_message {
	uint32_t kind;	    /* enum probe_message_kind */
	uint32_t outcome;   /* steps: enum probe_outcome; verdict: 1 passed */
	int32_t error;	    /* -errno, or a positive NTSTATUS of a call */
	int32_t status;	    /* NTSTATUS */
	uint32_t rule;	    /* verdict: the self-check that is broken */
	uint32_t done;	    /* calls: it has returned */
	uint32_t with_next; /* steps: the time is of this one and the next */
	uint64_t at_ns;	    /* CLOCK_MONOTONIC */
	uint64_t ns;	    /* calls: how long it took */
	char name[PROBE_NAME_SIZE];
	char text[PROBE_TEXT_SIZE];
};

struct probe_target {
	uint32_t node;
	struct winluid luid;
	struct kmd_adapter info;
	uint32_t gfx_major;
	uint64_t step_timeout_ns;
};

int probe_child_start(const struct probe_target *target, enum gsp_rung rung, pid_t *child, int *socket);
uint64_t probe_now_ns(void);

#endif
