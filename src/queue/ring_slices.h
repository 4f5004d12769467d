// SPDX-License-Identifier: MIT
/*
 * Rings of packets for one engine (PM4, SDMA): what is published is copied slice by slice, walked packet by packet and submitted.
 * What a packet is the formats say, which this is parametrized by.
 */
#ifndef QUEUE_RING_SLICES_H
#define QUEUE_RING_SLICES_H

#include "queue/objects.h"

/* What looking at the packet in front came to. */
enum packet_fate {
	PACKET_TAKEN,	/* it is in the submission */
	PACKET_ENDS,	/* so it is, and the submission ends behind it */
	PACKET_LATER,	/* what is in the submission goes first; then it is looked at again */
	PACKET_CUT,	/* its end is not there */
	PACKET_WAITS,	/* the queue is parked in front of it */
	PACKET_STOPPED, /* the queue was */
};

struct packet_ring;

struct packet_format {
	uint32_t index_bytes; /* what the ring's indices count */
	bool index_wraps; /* the read index is a place in the ring; else it counts on, as the write index does */
	uint32_t end_bytes; /* most that end() puts in */
	/*
	 * Puts in the packet at `words`, of which `count` are there, and says how many it is long, also when it is cut (0: that
	 * is not to be seen yet).  The words are a copy, which may be changed once packet_ring_room() was granted.
	 */
	enum packet_fate (*take)(struct packet_ring *ring, uint32_t *words, uint32_t count, uint32_t *length);
	/*
	 * The device is lost: makes the signals lost that these packets would have brought down, and says how many words of them there
	 * are to their ends.  NULL: they know no signals.
	 */
	uint32_t (*lose)(struct packet_ring *ring, const uint32_t *words, uint32_t count);
	/* Puts in the store of the read index, behind all that the submission does, and fills up to the alignment. */
	void (*end)(struct pm4_buffer *out, uint64_t va, uint64_t index, uint32_t alignment);
};

/* The queue's own indices, each in a cache line of its own. */
struct packet_cells {
	_Alignas(64) uint64_t read; /* by the GPU */
	_Alignas(64) uint64_t write;
};

struct packet_ring {
	struct queue *queue;
	const struct packet_format *format;
	enum pm4_generation generation;
	uint32_t alignment; /* bytes, of a command buffer's length */
	struct packet_cells *cells;
	const uint8_t *known; /* a ring that was found to be readable memory */
	uint64_t done;	      /* submitted up to this index */
	uint64_t last;	      /* ordinal of the latest submission, 0: none */
	uint64_t lost;	      /* up to this index signals were made lost with the device */
	bool was_moot;	      /* `moot` at `done` */
	bool looks;	      /* a wait on the GPU was refused: the packet in front is looked at only */
	uint32_t *slice;
	uint32_t slice_words;

	/* the submission that is put together */
	bool open;
	bool moot; /* what the packets wait for is lost: they are passed over up to the signal that they would bring down */
	bool works; /* there is more in it than packets that do nothing */
	struct batch batch;
	struct pm4_buffer out;
	uint32_t put; /* words of the ring that are in it */
};

int packet_ring_create(struct queue *queue, struct queue_request *request,
		       const struct packet_format *format);
void packet_ring_destroy(struct queue *queue);
enum queue_progress packet_ring_drain(struct queue *queue);
void packet_ring_lose(struct queue *queue);

/* for take() */
enum packet_fate packet_ring_room(struct packet_ring *ring, uint32_t words);
void packet_ring_put(struct packet_ring *ring, const uint32_t *words, uint32_t count, bool works);
enum packet_fate packet_ring_interrupt(struct packet_ring *ring, uint32_t id);
enum packet_fate packet_ring_failed(struct packet_ring *ring, int error, const char *step);
enum packet_fate packet_ring_refuse(struct packet_ring *ring, const char *why);
const void *packet_ring_reach(const struct packet_ring *ring, uint64_t va, uint64_t bytes);

#endif
