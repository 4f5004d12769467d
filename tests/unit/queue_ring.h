// SPDX-License-Identifier: MIT
/*
 * A queue of packets over the stand-ins of fake_batch.h, and an engine for its submissions that knows as much as the tests
 * need: stores, copies and additions.
 */
#ifndef TESTS_QUEUE_RING_H
#define TESTS_QUEUE_RING_H

#include "fake_batch.h"
#include "ring_packets.h"

#define RING_BYTES 0x1000U

struct ring_kit {
	struct queues queues;
	struct queue queue;
	struct queue_request request;
	const struct queue_ops *ops;
	uint32_t *ring;
	uint64_t ring_bytes;
	uint64_t placed; /* words, from the begin */
	uint32_t run;	 /* submissions that were */
	/* what the engine met */
	unsigned polls;
	unsigned traps;
	unsigned jumps;
	unsigned unknown;
};

void ring_kit_build(struct ring_kit *kit, const struct queue_ops *ops, enum pm4_generation generation,
		    uint64_t ring_bytes);
void ring_kit_end(struct ring_kit *kit);

/* Puts words into the ring, around its end, without publishing them. */
void ring_kit_place(struct ring_kit *kit, const uint32_t *words, uint32_t count);
/* Publishes what was placed, and drains. */
enum queue_progress ring_kit_publish(struct ring_kit *kit);
enum queue_progress ring_kit_publish_to(struct ring_kit *kit, uint64_t index);
/* Runs what was submitted and not run yet; the lane is done then. */
void ring_kit_run(struct ring_kit *kit);
/* Whether words occur one after the other in a submission. */
bool ring_kit_has(const struct fake_batch *batch, const uint32_t *words, uint32_t count);

#endif
