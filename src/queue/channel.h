// SPDX-License-Identifier: MIT
/*
 * A way to one engine of a GPU: a context with its hardware or software queue and the fence that tells
 * what is done.  Command buffers go in, ordinals come out.
 *
 * A channel is used by one thread at a time; its owner has the lock.  Waiting may happen beside it.
 */
#ifndef QUEUE_CHANNEL_H
#define QUEUE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "gsp/caps.h"
#include "gsp/context.h"
#include "gsp/fence.h"
#include "memory/memory.h"

struct channel;

struct channel_options {
	struct gsp_device *device;
	struct memory *memory; /* for ring memory of GSP_RUNG_USER_QUEUE */
	uint32_t gpu;	       /* the device's index in `memory` */
	enum kmd_engine engine;
	enum gsp_rung rung;
	bool high_priority;
	uint64_t setup_timeout_ns; /* for the wait inside channel_create(), ring memory's; 0: 2 s */
};

/* What channel_create() was doing when it failed. */
enum channel_step {
	CHANNEL_CONTEXT,
	CHANNEL_USER_QUEUE, /* ring memory */
	CHANNEL_QUEUE,	    /* hardware queue, or the fence of a software queue */
};

int channel_create(const struct channel_options *options, struct channel **out, enum channel_step *failed);
int channel_destroy(struct channel *channel);
int channel_wait_for(struct channel *channel, const d3dkmt_handle *fences, const uint64_t *values,
		     uint32_t count);
int channel_submit(struct channel *channel, uint64_t commands, uint32_t length, uint64_t *ordinal);
int channel_wait(struct channel *channel, uint64_t ordinal, uint64_t timeout_ns);
int channel_set_priority(struct channel *channel, int priority);
struct gsp_fence_point channel_point(const struct channel *channel, uint64_t ordinal);

#endif
