// SPDX-License-Identifier: MIT
/*
 * From a ring to submissions.
 *
 * The write index in memory is what counts as published.  Everybody who uses such rings stores it and then the doorbell (libhsakmt's
 * kfdtest: PM4Queue.cpp, SDMAQueue.cpp; ROCr: amd_blit_sdma.cpp), so that it is never behind the doorbell, while a doorbell that is
 * read late may be behind it; and a ring by call brings no value that can be relied on.  Doorbells wake, no more.
 */
#include "queue/ring_slices.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"

#define WORD	       4U
#define SLICE_WORDS    (0x10000U / WORD)
#define MIN_RING_BYTES 1024U /* the kernel driver's smallest (kfd_priv.h: KFD_MIN_QUEUE_RING_SIZE) */
#define ROOM_MAX_WORDS (UINT32_MAX / WORD / 2)

/*
 * Where the CPU reads what lies at a GPU's address: NULL where it cannot, or where it is not known to.
 */
const void *packet_ring_reach(const struct packet_ring *ring, uint64_t va, uint64_t bytes)
{
	struct memory_info info;
	uint64_t start;

	if (memory_lookup(ring->queue->queues->memory, u64_to_ptr(va), &info))
		return NULL;
	start = ptr_to_u64(info.start);
	if (!memory_is_for_cpu(&info) || info.lost)
		return NULL;
	/* memory that GPUs see elsewhere is not what they see at its address */
	if (info.gpu_va != start || va < start || va - start > info.size || bytes > info.size - (va - start))
		return NULL;
	return u64_to_ptr(va);
}

static int make_cells(struct packet_ring *ring)
{
	struct memory *memory = ring->queue->queues->memory;
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_UNCACHED,
		.size = sizeof(*ring->cells),
	};
	void *address;
	int ret = memory_alloc(memory, &request, &address);

	if (ret)
		return ret;
	ring->cells = address;
	memset(ring->cells, 0, sizeof(*ring->cells));
	return memory_map(memory, address, sizeof(*ring->cells), &ring->queue->gpu, 1, NULL);
}

/*
 * A queue's ring with its indices, which start at zero.  -EINVAL: the ring is no power of two, too small or not aligned; -EFAULT: it
 * is not memory that the CPU reads; else what queue_host_error() makes of memory_alloc()'s and memory_map()'s.
 */
int packet_ring_create(struct queue *queue, struct queue_request *request, const struct packet_format *format)
{
	const struct gsp_engine_caps *engine =
		gsp_caps_engine(gsp_device_caps(lane_device(queue->lane)), lane_options(queue->lane)->engine);
	struct packet_ring *ring;
	int ret;

	if (queue->ring_bytes < MIN_RING_BYTES || !IS_POWER_OF_TWO(queue->ring_bytes) ||
	    !IS_ALIGNED(ptr_to_u64(queue->ring), (uint64_t)WORD))
		return -EINVAL;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->queue = queue;
	ring->format = format;
	ring->generation = queue_gpu_state(queue)->generation;
	ring->alignment = engine && engine->ib_size > WORD ? engine->ib_size : WORD;
	ring->slice_words = SLICE_WORDS;
	queue->translator = ring;
	ret = packet_ring_reach(ring, ptr_to_u64(queue->ring), queue->ring_bytes) ? 0 : -EFAULT;
	ring->known = queue->ring;
	if (!ret)
		ret = queue_host_error(make_cells(ring));
	if (!ret) {
		ring->slice = malloc((size_t)ring->slice_words * WORD);
		ret = ring->slice ? 0 : -ENOMEM;
	}
	if (ret) {
		packet_ring_destroy(queue);
		return ret;
	}
	queue->read_index = request->read_index = &ring->cells->read;
	queue->write_index = request->write_index = &ring->cells->write;
	return 0;
}

/* What still runs may store its read index: the memory goes when that is over. */
void packet_ring_destroy(struct queue *queue)
{
	struct packet_ring *ring = queue->translator;

	if (ring->cells)
		memory_free(queue->queues->memory, ring->cells);
	free(ring->slice);
	free(ring);
	queue->translator = NULL;
}

static void drop(struct packet_ring *ring)
{
	if (ring->open)
		batch_drop(&ring->batch);
	ring->open = false;
}

/* A call that take() made failed: the submission is taken back, to be tried again where that may help. */
enum packet_fate packet_ring_failed(struct packet_ring *ring, int error, const char *step)
{
	drop(ring);
	return queue_submit_failed(ring->queue, error, step) == QUEUE_PARKED ? PACKET_WAITS : PACKET_STOPPED;
}

/* The packet in front is none that can be run: it stops the queue, when all before it is submitted. */
enum packet_fate packet_ring_refuse(struct packet_ring *ring, const char *why)
{
	if (ring->open)
		return PACKET_LATER;
	queue_fail(ring->queue, QUEUE_ERROR_INVALID_PACKET, "at index %#" PRIx64 " of its ring: %s",
		   ring->done, why);
	return PACKET_STOPPED;
}

/* PACKET_TAKEN: there is room for so many words in the submission, which is begun if there was none; else what take() is to return. */
enum packet_fate packet_ring_room(struct packet_ring *ring, uint32_t words)
{
	uint32_t tail = ring->format->end_bytes + ring->alignment, room;
	int ret;

	if (words > ROOM_MAX_WORDS)
		return packet_ring_refuse(ring, "a packet is too long");
	if (ring->open)
		return words <= ring->out.capacity - ring->out.used - tail / WORD ? PACKET_TAKEN
										  : PACKET_LATER;
	room = ALIGN_UP(MAX(words, SLICE_WORDS) * WORD + tail, 256U);
	ret = batch_begin(ring->queue, room, &ring->batch);
	if (ret)
		return packet_ring_failed(ring, ret, "space for commands");
	ring->open = true;
	ring->works = false;
	ring->put = 0;
	pm4_begin(&ring->out, ring->generation, (uint32_t *)(void *)ring->batch.frame,
		  ring->batch.room / WORD);
	return PACKET_TAKEN;
}

/* Puts in words that there is room for.  works: they do something. */
void packet_ring_put(struct packet_ring *ring, const uint32_t *words, uint32_t count, bool works)
{
	pm4_raw(&ring->out, words, count);
	if (works)
		ring->works = true;
}

/*
 * A packet of the open submission asks for an interrupt with this word: the number of the event to set.  Of other words the kernel driver
 * makes that the mailboxes are to be looked at (kfd_events.c), which the event table does for who sleeps anyway.
 */
enum packet_fate packet_ring_interrupt(struct packet_ring *ring, uint32_t id)
{
	const struct action action = {.kind = ACTION_EVENT, .id = id};
	int ret;

	if (!id || id > EVENT_MAX)
		return PACKET_TAKEN;
	ret = batch_act(&ring->batch, &action);
	/* who sleeps is not to wait for what follows */
	return ret ? packet_ring_failed(ring, ret, "remembering an interrupt") : PACKET_ENDS;
}

static uint64_t index_of(const struct packet_ring *ring, uint64_t words)
{
	return words * WORD / ring->format->index_bytes;
}

static uint64_t ring_indices(const struct packet_ring *ring)
{
	return ring->queue->ring_bytes / ring->format->index_bytes;
}

/* What a failure to submit comes to.  What was to be waited for may be gone, because it is over: that is looked at then. */
static enum packet_fate submit_failed(struct packet_ring *ring, int error, bool waits)
{
	if (!waits || error == -ENODEV)
		return packet_ring_failed(ring, error, "submission");
	ring->looks = true;
	return PACKET_WAITS;
}

/* Submits what is open; if that fails nothing of it is, and *fate is what the queue comes to.  false: it failed. */
static bool submit(struct packet_ring *ring, enum packet_fate *fate)
{
	bool waits = ring->batch.wait_count;
	uint64_t done = ring->done + index_of(ring, ring->put), ordinal = ring->batch.ordinal;
	uint64_t index = ring->format->index_wraps ? done % ring_indices(ring) : done;
	uint32_t bytes;
	int ret;

	ring->format->end(&ring->out, ptr_to_u64(&ring->cells->read), index, ring->alignment);
	ret = pm4_end(&ring->out, &bytes);
	if (ret) {
		*fate = packet_ring_failed(ring, ret, "commands");
		return false;
	}
	ring->open = false;
	ret = batch_submit(&ring->batch, ptr_to_u64(ring->batch.frame), bytes, bytes);
	if (ret) {
		*fate = submit_failed(ring, ret, waits);
		return false;
	}
	ring->done = done;
	ring->was_moot = ring->moot;
	ring->last = ordinal;
	ring->looks = false;
	return true;
}

/*
 * Takes packets of the slice, and submits them where a submission ends: before a packet that asks for it, behind one, and at the end of
 * what there is.  *at: how many words of the slice are submitted; *length: of the packet behind them, if it is cut.
 */
static enum packet_fate take_packets(struct packet_ring *ring, uint32_t words, uint32_t *at, uint32_t *length)
{
	enum packet_fate fate = PACKET_TAKEN;
	uint32_t taken = 0;

	*at = 0;
	*length = 0;
	/* what was taken back is taken again */
	ring->moot = ring->was_moot;
	while (fate == PACKET_TAKEN || fate == PACKET_ENDS || fate == PACKET_LATER) {
		if (taken == words)
			break;
		fate = ring->format->take(ring, ring->slice + taken, words - taken, length);
		if (fate == PACKET_TAKEN || fate == PACKET_ENDS) {
			taken += *length;
			ring->put += *length;
		}
		if (fate != PACKET_TAKEN && ring->open) {
			if (!submit(ring, &fate))
				return fate;
			*at = taken;
		}
	}
	if (ring->open) {
		if (!submit(ring, &fate))
			return fate;
		*at = taken;
	}
	return fate;
}

/* Copies what is published from an index on, at most `words`, out of the ring, in two pieces around its end.  -ENOMEM */
static int copy_slice(struct packet_ring *ring, uint64_t index, uint32_t words)
{
	const struct queue *queue = ring->queue;
	uint64_t bytes = (uint64_t)words * WORD;
	uint64_t from = index % ring_indices(ring) * ring->format->index_bytes;
	uint64_t first = MIN(bytes, queue->ring_bytes - from);

	if (words > ring->slice_words) {
		uint32_t *larger = realloc(ring->slice, bytes);

		if (!larger)
			return -ENOMEM;
		ring->slice = larger;
		ring->slice_words = words;
	}
	memcpy(ring->slice, queue->ring + from, first);
	memcpy((uint8_t *)ring->slice + first, queue->ring, bytes - first);
	return 0;
}

/* How many words are published and not submitted.  false: the queue was stopped, for its indices or its ring make no sense. */
static bool published(struct packet_ring *ring, uint64_t *words)
{
	struct queue *queue = ring->queue;
	uint64_t write = __atomic_load_n(&ring->cells->write, __ATOMIC_ACQUIRE), ahead = write - ring->done;

	if (queue->ring != ring->known) {
		if (!IS_ALIGNED(ptr_to_u64(queue->ring), (uint64_t)WORD) ||
		    !packet_ring_reach(ring, ptr_to_u64(queue->ring), queue->ring_bytes)) {
			queue_fail(queue, QUEUE_ERROR_INVALID_ARGUMENT,
				   "its new ring is not memory that can be read");
			return false;
		}
		ring->known = queue->ring;
	}
	if (ahead > ring_indices(ring)) {
		queue_fail(queue, QUEUE_ERROR_INVALID_PACKET,
			   "write index %#" PRIx64 " is behind %#" PRIx64 " or a ring ahead of it", write,
			   ring->done);
		return false;
	}
	if (ahead * ring->format->index_bytes % WORD) {
		queue_fail(queue, QUEUE_ERROR_INVALID_PACKET,
			   "write index %#" PRIx64 " is not of whole words", write);
		return false;
	}
	*words = ahead * ring->format->index_bytes / WORD;
	return true;
}

/* Submits all that is published, or up to the packet that waits.  A packet whose end is not published yet is left for the next ring. */
enum queue_progress packet_ring_drain(struct queue *queue)
{
	struct packet_ring *ring = queue->translator;
	uint64_t words, most = SLICE_WORDS;
	uint32_t at, length, slice;
	enum packet_fate fate;
	int ret;

	for (;;) {
		if (!published(ring, &words))
			return QUEUE_STOPPED;
		if (!words || atomic_load(&queue->ending))
			return QUEUE_EMPTY;
		if (queue_turn_is_over(queue))
			return QUEUE_PARKED;
		slice = (uint32_t)MIN(words, most);
		ret = copy_slice(ring, ring->done, slice);
		if (ret)
			return queue_submit_failed(queue, ret, "a copy of its ring");
		fate = take_packets(ring, slice, &at, &length);
		if (fate == PACKET_WAITS)
			return QUEUE_PARKED;
		if (fate == PACKET_STOPPED)
			return QUEUE_STOPPED;
		most = SLICE_WORDS;
		if (fate != PACKET_CUT || at)
			continue;
		/* nothing but the begin of a packet: it is longer than a slice, or not all there */
		if (slice < words) {
			most = MAX((uint64_t)length, (uint64_t)slice * 2);
		} else if ((uint64_t)MAX(length, slice + 1) * WORD > queue->ring_bytes) {
			packet_ring_refuse(ring, "a packet is longer than the ring");
			return QUEUE_STOPPED;
		} else {
			return QUEUE_EMPTY;
		}
	}
}

/* What is published and will not be submitted; the read index stays.  A ring that makes no sense has nothing that could be told. */
void packet_ring_lose(struct queue *queue)
{
	struct packet_ring *ring = queue->translator;
	uint64_t write = __atomic_load_n(&ring->cells->write, __ATOMIC_ACQUIRE), words, most = SLICE_WORDS;
	uint32_t slice, passed;

	if (write - ring->done > ring_indices(ring) ||
	    !packet_ring_reach(ring, ptr_to_u64(queue->ring), queue->ring_bytes))
		return;
	if (ring->lost < ring->done)
		ring->lost = ring->done;
	while (ring->lost < write) {
		words = (write - ring->lost) * ring->format->index_bytes / WORD;
		slice = (uint32_t)MIN(words, most);
		if (!slice || copy_slice(ring, ring->lost, slice))
			return;
		passed = ring->format->lose(ring, ring->slice, slice);
		ring->lost += index_of(ring, passed);
		most = passed ? SLICE_WORDS : most * 2;
		if (!passed && slice == words)
			return;
	}
}
