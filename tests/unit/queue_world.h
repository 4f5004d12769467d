// SPDX-License-Identifier: MIT
/* A device and its memory on the fake dxg floor, for the tests of src/queue. */
#ifndef TESTS_QUEUE_WORLD_H
#define TESTS_QUEUE_WORLD_H

#include "queue/channel.h"

#define QUEUE_NODE	3U /* ordinal of the compute engine */
#define QUEUE_SDMA_NODE 4U

struct queue_world {
	struct gsp_gpu *gpu;
	struct gsp_device *device;
	struct memory *memory;
};

/* hardware: whether the private data promises hardware queues. */
void queue_world_build(struct queue_world *world, unsigned gfx_major, bool hardware);
/* The same with a copy engine, SDMA0, and an adapter that is known by a LUID. */
void queue_world_build_with_sdma(struct queue_world *world, unsigned gfx_major, bool hardware);
/* Fails the test when something is left or was misused. */
void queue_world_end(struct queue_world *world);
struct channel_options queue_world_options(const struct queue_world *world, enum gsp_rung rung);

#endif
