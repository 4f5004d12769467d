// SPDX-License-Identifier: MIT
/* Fault specs: which call fails, and how; or what befalls the host, and when. */
#ifndef DXGSIM_FAULT_H
#define DXGSIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/host/happening.h"

struct host_message;

#define FAULT_ANY	 (-1)
#define FAULT_OPEN	 0    /* no ioctl has number 0 */
#define FAULT_ALLOCATING (-2) /* what needs memory of the host */
#define FAULT_PAGING	 (-3) /* what ends with a paging fence */
#define FAULT_NEVER	 (-4) /* no call */

enum fault_kind {
	FAULT_ERRNO,	 /* the call returns -1 without reaching the driver */
	FAULT_STATUS,	 /* the host refuses its messages with this NTSTATUS */
	FAULT_REFUSE,	 /* the host refuses its messages as far as their replies can tell */
	FAULT_DROP,	 /* the host drops its asynchronous messages */
	FAULT_RING_FULL, /* the VMBus ring is full */
	FAULT_SHORT,	 /* the host's reply has fewer bytes */
	FAULT_ZERO,	 /* the host's reply is all zeros */
	FAULT_SLOW,	 /* the host takes longer until the paging fence is signalled */
	FAULT_HAPPENING, /* no fault of a call: something befalls the host, at a time or just before a call */
};

struct fault {
	struct fault *next;
	int nr; /* of the ioctl, or one of the above */
	enum fault_kind kind;
	uint32_t value;	   /* errno, NTSTATUS, bytes or milliseconds */
	uint64_t nth;	   /* matching call it starts with, from 1 */
	uint64_t count;	   /* calls it lasts, 0: for ever */
	uint32_t skip;	   /* messages of the call let pass first */
	uint32_t messages; /* of the call it applies to; UINT32_MAX: all */
	bool lost;	   /* the devices of the process are lost with it */
	uint64_t seen;	   /* matching calls so far */
	/* FAULT_HAPPENING */
	struct happening happening;
	char text[64];	   /* the same for people; cut if need be */
	bool timed;	   /* it comes at a time, not before a call; the next are schedule.c's */
	uint64_t after_ms; /* the first open of /dev/dxg */
	uint64_t due_ns;   /* of CLOCK_MONOTONIC; 0: not known yet */
	bool over;
};

/* Text for --help. */
extern const char fault_grammar[];

/* 0 and a new fault (free()), -EINVAL with what is wrong in @reason, or -ENOMEM. */
int fault_parse(const char *spec, struct fault **out, char *reason, unsigned int reason_size);
/* Counts a call of @nr; true when the fault strikes it. */
bool fault_strikes(struct fault *fault, int nr);
/* Whether the fault can do anything to a message: some act on a reply, or a part of it, that not every one has. */
bool fault_applies(const struct fault *fault, const struct host_message *m);
/* Of one that loses devices: whether they are removed, else they are reset. */
bool fault_removes(const struct fault *fault);
/* Whether it delivers its messages nevertheless, changed by fault_change(). */
bool fault_delivers(const struct fault *fault);
void fault_change(const struct fault *fault, struct host_message *m);
/*
 * What becomes of any other such message instead of its delivery: what host_ops.send() returns, with the reply, its length
 * and its status as the fault has them.
 */
int fault_apply(const struct fault *fault, struct host_message *m);

#endif
