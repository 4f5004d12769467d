// SPDX-License-Identifier: MIT
/*
 * Queues of SDMA packets (HSA_QUEUE_SDMA).
 *
 * Both indices count bytes and go on for 64 bits, as gfx9's and later engines have them (ROCr: amd_blit_sdma.cpp, its monotonic indices;
 * kfdtest: SDMAQueue.cpp).  What is published ends at a packet, but not always at the engine's alignment.
 */
#include <errno.h>

#include "pm4/sdma.h"
#include "queue/ring_slices.h"
#include "queue/signal.h"
#include "util/compiler.h"

#define SHORT_WORDS 4U

/* What one poll, or two neighbours together, wait for. */
struct poll {
	uint64_t va;
	bool wide; /* 64 bits */
	enum pm4_compare compare;
	uint64_t reference;
	uint64_t mask;
	uint32_t words; /* of the packets */
};

/* A poll that all 32 bits are equal: half of what 64-bit signals are polled with. */
static bool is_half(const struct sdma_seen *seen)
{
	return seen->kind == SDMA_POLL && seen->compare == PM4_EQUAL && seen->mask == UINT32_MAX;
}

/*
 * ROCr polls a signal, 64 bits, by two packets, the upper half first (amd_blit_sdma.cpp).  Either order is the same where the value does not
 * come back once it is there, which is so for signals.
 */
static struct poll read_poll(const struct packet_ring *ring, const struct sdma_seen *seen,
			     const uint32_t *words, uint32_t count)
{
	struct poll poll = {
		.va = seen->va,
		.compare = seen->compare,
		.reference = seen->reference,
		.mask = seen->mask,
		.words = seen->words,
	};
	const uint32_t *behind = words + seen->words;
	struct sdma_seen next, low, high;

	if (!is_half(seen) || seen->words == count ||
	    sdma_look(ring->generation, behind, count - seen->words, &next) || !is_half(&next) ||
	    next.words > count - seen->words)
		return poll;
	low = next.va < seen->va ? next : *seen;
	high = next.va < seen->va ? *seen : next;
	if (!IS_ALIGNED(low.va, UINT64_C(8)) || high.va != low.va + 4)
		return poll;
	poll.va = low.va;
	poll.wide = true;
	poll.reference = (uint64_t)high.reference << 32 | low.reference;
	poll.mask = UINT64_MAX;
	poll.words += next.words;
	return poll;
}

static bool is_satisfied(const struct poll *poll, const void *at)
{
	uint64_t value = poll->wide ? __atomic_load_n((const uint64_t *)at, __ATOMIC_ACQUIRE)
				    : __atomic_load_n((const uint32_t *)at, __ATOMIC_ACQUIRE);

	value &= poll->mask;
	switch (poll->compare) {
	case PM4_LESS:
		return value < poll->reference;
	case PM4_LESS_OR_EQUAL:
		return value <= poll->reference;
	case PM4_EQUAL:
		return value == poll->reference;
	case PM4_NOT_EQUAL:
		return value != poll->reference;
	case PM4_GREATER_OR_EQUAL:
		return value >= poll->reference;
	case PM4_GREATER:
		return value > poll->reference;
	}
	return false;
}

/* Puts nothing in the place of packets. */
static enum packet_fate take_nothing(struct packet_ring *ring, uint32_t *words, uint32_t count)
{
	enum packet_fate fate = packet_ring_room(ring, count);

	if (fate != PACKET_TAKEN)
		return fate;
	sdma_fill(words, count);
	packet_ring_put(ring, words, count, false);
	return PACKET_TAKEN;
}

/*
 * A poll of a signal that is lost (SIGNAL_LOST).  What follows it up to the next decrement, a runtime's copy, would copy what is not there: nothing
 * of that is done, and the signal of the decrement is lost instead.
 */
static enum packet_fate take_moot(struct packet_ring *ring, const struct sdma_seen *seen, uint32_t *words,
				  uint32_t count)
{
	enum packet_fate fate = take_nothing(ring, words, count);

	if (fate != PACKET_TAKEN)
		return fate;
	ring->moot = seen->kind != SDMA_DECREMENT;
	if (!ring->moot)
		queue_lose_signal(ring->queue->queues, seen->va - SIGNAL_VALUE);
	return PACKET_TAKEN;
}

static enum packet_fate park(const struct packet_ring *ring)
{
	return ring->open ? PACKET_LATER : PACKET_WAITS;
}

/* The value is not there: wait for the submission that will bring it, if it is known, else park. */
static enum packet_fate wait_for_signal(struct packet_ring *ring, uint64_t signal, uint32_t *words,
					uint32_t count)
{
	struct lane *lane = ring->queue->lane;
	struct gsp_fence_point point, own;
	enum packet_fate fate;

	/* what precedes does not wait with it */
	if (ring->open && ring->works)
		return PACKET_LATER;
	if (ring->looks || lane_is_shared(lane) || !book_find(ring->queue->queues->book, signal, &point) ||
	    point.device != lane_device(lane))
		return park(ring);
	own = lane_point(lane, 0);
	/* the engine works off what is submitted to one queue one after the other */
	if (point.fence == own.fence)
		return take_nothing(ring, words, count);
	if (ring->open && ring->batch.wait_count == ARRAY_SIZE(ring->batch.waits))
		return PACKET_LATER;
	fate = take_nothing(ring, words, count);
	if (fate == PACKET_TAKEN)
		ring->batch.waits[ring->batch.wait_count++] =
			(struct lane_wait){.fence = point.fence, .value = point.wanted};
	return fate;
}

/*
 * A poll that is not satisfied would hold the engine, which is shared with others: it is looked at here instead, and packets that wait stay in
 * the ring.  Only what the CPU cannot see is left to the engine.
 */
static enum packet_fate take_poll(struct packet_ring *ring, const struct sdma_seen *seen, uint32_t *words,
				  uint32_t count, uint32_t *length)
{
	const struct poll poll = read_poll(ring, seen, words, count);
	const void *at = packet_ring_reach(ring, poll.va, poll.wide ? 8 : 4);
	enum packet_fate fate;

	if (!at) {
		fate = packet_ring_room(ring, seen->words);
		if (fate != PACKET_TAKEN)
			return fate;
		packet_ring_put(ring, words, seen->words, true);
		ring->batch.signal_is_last = false;
		return PACKET_TAKEN;
	}
	*length = poll.words;
	if (poll.wide && !poll.reference) {
		/* a signal: once it is zero it stays so for who waits for it */
		if (is_satisfied(&poll, at))
			return take_nothing(ring, words, poll.words);
		if (signal_says_lost(__atomic_load_n((const int64_t *)at, __ATOMIC_ACQUIRE)))
			return take_moot(ring, seen, words, poll.words);
		return wait_for_signal(ring, poll.va - SIGNAL_VALUE, words, poll.words);
	}
	/* of any other word it counts what it holds when all before is done */
	if (ring->open)
		return PACKET_LATER;
	if (ring->last)
		switch (lane_read(ring->queue->lane, ring->last)) {
		case GSP_FENCE_DONE:
			break;
		case GSP_FENCE_PENDING:
			return park(ring);
		case GSP_FENCE_LOST:
			return packet_ring_failed(ring, -ENODEV, "a poll");
		}
	return is_satisfied(&poll, at) ? take_nothing(ring, words, poll.words) : park(ring);
}

static enum packet_fate take_trap(struct packet_ring *ring, const struct sdma_seen *seen, uint32_t *words)
{
	enum packet_fate fate = take_nothing(ring, words, seen->words);

	return fate == PACKET_TAKEN ? packet_ring_interrupt(ring, seen->context) : fate;
}

static enum packet_fate take_decrement(struct packet_ring *ring, const struct sdma_seen *seen,
				       const uint32_t *words)
{
	enum packet_fate fate = packet_ring_room(ring, seen->words + SDMA_WRITE64_WORDS);
	int ret = 0;

	if (fate != PACKET_TAKEN)
		return fate;
	/* see book_mark() */
	sdma_write64(&ring->out, ptr_to_u64((const void *)(uintptr_t)lane_mark(ring->queue->lane)),
		     ring->batch.ordinal);
	packet_ring_put(ring, words, seen->words, true);
	/* of anything else than a signal's value nobody will ask; it may also be where the CPU cannot look */
	if (IS_ALIGNED(seen->va, (uint64_t)sizeof(uint64_t)) &&
	    packet_ring_reach(ring, seen->va - SIGNAL_VALUE, SIGNAL_BYTES))
		ret = batch_note(&ring->batch, seen->va - SIGNAL_VALUE);
	return ret ? packet_ring_failed(ring, ret, "noting a signal") : PACKET_TAKEN;
}

static enum packet_fate take_other(struct packet_ring *ring, const struct sdma_seen *seen,
				   const uint32_t *words)
{
	enum packet_fate fate = packet_ring_room(ring, seen->words);

	if (fate != PACKET_TAKEN)
		return fate;
	packet_ring_put(ring, words, seen->words, seen->kind != SDMA_NOP);
	/* a fence or a time stamp, which follow a decrement, take no time worth waiting less for; copies do */
	if (seen->kind != SDMA_NOP && seen->words > SHORT_WORDS)
		ring->batch.signal_is_last = false;
	return PACKET_TAKEN;
}

static enum packet_fate take(struct packet_ring *ring, uint32_t *words, uint32_t count, uint32_t *length)
{
	struct sdma_seen seen = {0};
	int ret = sdma_look(ring->generation, words, count, &seen);

	*length = seen.words;
	if (seen.words > count)
		return PACKET_CUT;
	if (ret || !seen.words)
		return packet_ring_refuse(ring, "no packet");
	if (ring->moot)
		return take_moot(ring, &seen, words, seen.words);
	switch (seen.kind) {
	case SDMA_POLL:
		return take_poll(ring, &seen, words, count, length);
	case SDMA_TRAP:
		return take_trap(ring, &seen, words);
	case SDMA_DECREMENT:
		return take_decrement(ring, &seen, words);
	case SDMA_NOP:
	case SDMA_OTHER:
		break;
	}
	return take_other(ring, &seen, words);
}

static void end(struct pm4_buffer *out, uint64_t va, uint64_t index, uint32_t alignment)
{
	sdma_write64(out, va, index);
	sdma_pad(out, alignment);
}

static uint32_t lose(struct packet_ring *ring, const uint32_t *words, uint32_t count)
{
	struct sdma_seen seen = {0};
	uint32_t at = 0;

	for (; at < count; at += seen.words) {
		if (sdma_look(ring->generation, words + at, count - at, &seen) || !seen.words ||
		    seen.words > count - at)
			break;
		if (seen.kind == SDMA_DECREMENT)
			queue_lose_signal(ring->queue->queues, seen.va - SIGNAL_VALUE);
	}
	return at;
}

static const struct packet_format format = {
	.index_bytes = 1,
	.end_bytes = 64,
	.take = take,
	.lose = lose,
	.end = end,
};

static int create(struct queue *queue, struct queue_request *request)
{
	return packet_ring_create(queue, request, &format);
}

const struct queue_ops sdma_ring_ops = {
	.create = create,
	.destroy = packet_ring_destroy,
	.drain = packet_ring_drain,
	.lose = packet_ring_lose,
};
