// SPDX-License-Identifier: MIT
/*
 * Queues of PM4 packets (HSA_QUEUE_COMPUTE).
 *
 * Indices as libhsakmt's users have them on gfx9 and later (kfdtest: PM4Queue.cpp): the write index counts words and goes on for 64
 * bits; the read index is a place in the ring, in words, of which only 32 bits matter.
 */
#include <errno.h>

#include "pm4/walk.h"
#include "queue/ring_slices.h"
#include "util/compiler.h"

#define INDIRECT_MAX_BYTES (1U << 20) /* of an indirect buffer that is copied */

/* Whether an indirect buffer consists of packets, and of no indirect buffer again. */
static const char *check_indirect(const struct packet_ring *ring, const uint32_t *words, uint32_t count)
{
	struct pm4_seen seen;
	uint32_t length;
	uint64_t va;

	for (uint32_t at = 0; at < count; at += seen.words) {
		if (pm4_look(ring->generation, words + at, count - at, &seen) || !seen.words ||
		    seen.words > count - at)
			return "an indirect buffer does not consist of packets";
		if (!pm4_read_indirect(ring->generation, words + at, seen.words, &va, &length))
			return "an indirect buffer inside of an indirect buffer";
	}
	return NULL;
}

/* The packet's interrupt, if it asks for one, is the CPU's to make up for. */
static enum packet_fate take_interrupt(struct packet_ring *ring, uint32_t *packet,
				       const struct pm4_seen *seen)
{
	if (!seen->interrupts)
		return PACKET_TAKEN;
	pm4_mute(ring->generation, packet);
	return packet_ring_interrupt(ring, seen->context);
}

/*
 * In place of an indirect buffer, its words: the host's driver makes only the submitted buffer itself surely readable to the engine, jumps
 * from it into other memory were seen to stall.
 */
static enum packet_fate take_indirect(struct packet_ring *ring, const uint32_t *words, uint32_t count)
{
	enum packet_fate fate = packet_ring_room(ring, count);
	struct pm4_seen seen;
	uint32_t *copy;
	const char *why;

	if (fate != PACKET_TAKEN)
		return fate;
	copy = ring->out.words + ring->out.used;
	packet_ring_put(ring, words, count, true);
	why = check_indirect(ring, copy, count);
	if (why) {
		/* out again; what was in before goes first */
		ring->out.used -= count;
		if (!ring->put) {
			batch_drop(&ring->batch);
			ring->open = false;
		}
		return packet_ring_refuse(ring, why);
	}
	for (uint32_t at = 0; at < count; at += seen.words) {
		enum packet_fate asked = PACKET_TAKEN;

		if (!pm4_look(ring->generation, copy + at, count - at, &seen))
			asked = take_interrupt(ring, copy + at, &seen);
		if (asked == PACKET_ENDS)
			fate = asked;
		else if (asked != PACKET_TAKEN)
			return asked;
	}
	return fate;
}

static enum packet_fate take(struct packet_ring *ring, uint32_t *words, uint32_t count, uint32_t *length)
{
	enum packet_fate fate;
	struct pm4_seen seen = {0};
	const void *indirect = NULL;
	uint32_t indirect_words;
	uint64_t va;
	int ret = pm4_look(ring->generation, words, count, &seen);

	*length = seen.words;
	if (seen.words > count)
		return PACKET_CUT;
	if (ret || !seen.words)
		return packet_ring_refuse(ring, "no packet");
	if (!pm4_read_indirect(ring->generation, words, seen.words, &va, &indirect_words) &&
	    indirect_words <= INDIRECT_MAX_BYTES / sizeof(*words))
		indirect = packet_ring_reach(ring, va, (uint64_t)indirect_words * sizeof(*words));
	if (indirect)
		return take_indirect(ring, indirect, indirect_words);
	fate = packet_ring_room(ring, seen.words);
	if (fate != PACKET_TAKEN)
		return fate;
	fate = take_interrupt(ring, words, &seen);
	if (fate == PACKET_TAKEN || fate == PACKET_ENDS)
		packet_ring_put(ring, words, seen.words, true);
	return fate;
}

/* The read index, when what precedes is over and seen by the CPU. */
static void end(struct pm4_buffer *out, uint64_t va, uint64_t index, uint32_t alignment)
{
	const struct pm4_release release = {
		.actions = PM4_RELEASE_WRITE_BACK_L2,
		.data = PM4_DATA_64,
		.va = va,
		.value = index,
	};

	pm4_release_mem(out, &release);
	pm4_pad(out, alignment);
}

static const struct packet_format format = {
	.index_bytes = 4,
	.index_wraps = true,
	.end_bytes = 64,
	.take = take,
	.end = end,
};

static int create(struct queue *queue, struct queue_request *request)
{
	return packet_ring_create(queue, request, &format);
}

const struct queue_ops pm4_ring_ops = {
	.create = create,
	.destroy = packet_ring_destroy,
	.drain = packet_ring_drain,
};
