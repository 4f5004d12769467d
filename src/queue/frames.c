// SPDX-License-Identifier: MIT
/*
 * A ring of offsets with a record for each submission, in the order of their ordinals.  What lies between the begin of the oldest
 * record and the end of the latest is in use, also the rest at the end of the ring where a frame did not fit.
 *
 * A ring that is too small is replaced by an empty one; the old memory is freed at once, which the memory puts off until
 * what was submitted so far is over.  Frames larger than any ring have memory of their own.
 */
#include "queue/frames.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"
#include "util/log.h"

#define ALIGNMENT	256U
#define FIRST_RING	(256U << 10)
#define LARGEST_RING	(16U << 20)
#define LARGE_IN_FLIGHT (64ULL << 20) /* bytes of larger frames, where there are several */
#define FEW_IN_FLIGHT	64U /* submissions that a ring of less than the largest size has to have room for */
#define FIRST_RECORDS	64U /* a power of two */

struct record {
	uint64_t ordinal;
	uint32_t start; /* offset in the ring */
};

/* A frame with memory of its own. */
struct large {
	struct large *next;
	void *memory;
	uint64_t bytes;
	uint64_t ordinal;
};

struct frames {
	struct memory *memory;
	uint32_t gpu;

	uint8_t *ring; /* NULL: not allocated yet */
	uint32_t size;
	uint32_t head; /* the end of the latest record */
	struct record *records;
	uint32_t record_room; /* a power of two, or 0 */
	uint32_t first;
	uint32_t count;

	struct large *larges, **last_large;
	uint64_t large_bytes;

	/* given out, belongs to no submission yet: in the ring, or large */
	uint32_t reserved;
	struct large *reserved_large;
};

/* Makes a ring without memory.  -ENOMEM. */
int frames_create(struct memory *memory, uint32_t gpu, struct frames **out)
{
	struct frames *frames = calloc(1, sizeof(*frames));

	*out = frames;
	if (!frames)
		return -ENOMEM;
	frames->memory = memory;
	frames->gpu = gpu;
	frames->last_large = &frames->larges;
	return 0;
}

static void memory_give(struct frames *frames, void *address)
{
	int ret = address ? memory_free(frames->memory, address) : 0;

	if (ret)
		log_warn("command memory at %p: freeing: %s", address, strerror(-ret));
}

/* Host memory that the GPU reads past its L2: there may be what an earlier frame at the same address was. */
static int memory_take(struct frames *frames, uint64_t size, void **out)
{
	const struct memory_request request = {
		.gpu = MEMORY_HOST,
		.kind = MEMORY_SYSTEM,
		.flags = MEMORY_UNCACHED,
		.size = size,
	};
	void *address;
	int ret = memory_alloc(frames->memory, &request, &address);

	if (ret)
		return ret;
	ret = memory_map(frames->memory, address, size, &frames->gpu, 1, NULL);
	if (ret) {
		memory_give(frames, address);
		return ret;
	}
	*out = address;
	return 0;
}

static void large_free(struct frames *frames, struct large *large)
{
	if (!large)
		return;
	memory_give(frames, large->memory);
	free(large);
}

/* What submissions still use goes when they are over.  NULL is allowed. */
void frames_destroy(struct frames *frames)
{
	struct large *large, *next;

	if (!frames)
		return;
	for (large = frames->larges; large; large = next) {
		next = large->next;
		large_free(frames, large);
	}
	large_free(frames, frames->reserved_large);
	memory_give(frames, frames->ring);
	free(frames->records);
	free(frames);
}

static struct record *record_at(const struct frames *frames, uint32_t i)
{
	return &frames->records[(frames->first + i) & (frames->record_room - 1)];
}

/* Room for one more record, so that frames_commit() cannot fail. */
static int make_record_room(struct frames *frames)
{
	uint32_t room = frames->record_room ? frames->record_room * 2 : FIRST_RECORDS;
	struct record *records;

	if (frames->count < frames->record_room)
		return 0;
	records = calloc(room, sizeof(*records));
	if (!records)
		return -ENOMEM;
	for (uint32_t i = 0; i < frames->count; i++)
		records[i] = *record_at(frames, i);
	free(frames->records);
	frames->records = records;
	frames->record_room = room;
	frames->first = 0;
	return 0;
}

static void reclaim(struct frames *frames, uint64_t done)
{
	struct large *large;

	while (frames->count && record_at(frames, 0)->ordinal <= done) {
		frames->first = (frames->first + 1) & (frames->record_room - 1);
		frames->count--;
	}
	while ((large = frames->larges) && large->ordinal <= done) {
		frames->larges = large->next;
		if (!large->next)
			frames->last_large = &frames->larges;
		frames->large_bytes -= large->bytes;
		large_free(frames, large);
	}
}

/* Whether there is room in the ring when the first `over` records are over, and where. */
static bool find_room(const struct frames *frames, uint32_t over, uint32_t bytes, uint32_t *offset)
{
	uint32_t head = frames->head, tail, end = frames->size;

	if (over == frames->count) {
		*offset = 0;
		return bytes <= end;
	}
	tail = record_at(frames, over)->start;
	if (head <= tail)
		end = tail;
	*offset = head;
	if (end - head >= bytes)
		return true;
	*offset = 0;
	return head > tail && tail >= bytes;
}

/* The ordinal with which there will be room. */
static uint64_t room_comes_with(const struct frames *frames, uint32_t bytes)
{
	uint32_t over = 1, offset;

	while (over < frames->count && !find_room(frames, over, bytes, &offset))
		over++;
	return record_at(frames, over - 1)->ordinal;
}

static int grow(struct frames *frames, uint32_t bytes)
{
	uint32_t size = frames->ring ? frames->size : FIRST_RING / 2;
	void *ring;
	int ret;

	do
		size = MIN(size * 2, LARGEST_RING);
	while (size < bytes);
	ret = memory_take(frames, size, &ring);
	if (ret)
		return ret;
	memory_give(frames, frames->ring);
	frames->ring = ring;
	frames->size = size;
	frames->head = frames->first = frames->count = 0;
	return 0;
}

static int reserve_large(struct frames *frames, uint64_t bytes, void **frame, uint64_t *blocking)
{
	struct large *large;
	int ret;

	if (frames->larges && frames->large_bytes + bytes > LARGE_IN_FLIGHT) {
		*blocking = frames->larges->ordinal;
		return -EAGAIN;
	}
	large = calloc(1, sizeof(*large));
	if (!large)
		return -ENOMEM;
	large->bytes = bytes;
	ret = memory_take(frames, bytes, &large->memory);
	if (ret) {
		free(large);
		return ret;
	}
	frames->reserved_large = large;
	*frame = large->memory;
	return 0;
}

static int reserve_in_ring(struct frames *frames, uint32_t bytes, void **frame, uint64_t *blocking)
{
	int ret = make_record_room(frames);
	uint32_t offset;

	if (ret)
		return ret;
	if (!find_room(frames, 0, bytes, &offset)) {
		bool too_small = bytes > frames->size;

		if (too_small || (frames->count < FEW_IN_FLIGHT && frames->size < LARGEST_RING)) {
			ret = grow(frames, bytes);
			if (ret && too_small)
				return ret;
		} else {
			ret = -EAGAIN;
		}
		/* a ring that cannot grow will do */
		if (ret) {
			*blocking = room_comes_with(frames, bytes);
			return -EAGAIN;
		}
		offset = 0;
	}
	frames->reserved = offset;
	*frame = frames->ring + offset;
	return 0;
}

/*
 * At least `bytes` of contiguous space, aligned to 256, with one address for the CPU and the GPU; its contents are undefined.
 * It replaces what was reserved before and not committed.  The lane is always the same; the GPU is not waited for,
 * except by page-table work for new memory.
 *
 * -EAGAIN: no room before the lane is done with *blocking; -ENOMEM, -ENOSPC, -ENODEV, -ETIMEDOUT as memory_alloc() and
 * memory_map().
 */
int frames_reserve(struct frames *frames, struct lane *lane, uint32_t bytes, void **frame, uint64_t *blocking)
{
	uint64_t rounded = ALIGN_UP((uint64_t)MAX(bytes, 1), (uint64_t)ALIGNMENT);

	*frame = NULL;
	*blocking = 0;
	large_free(frames, frames->reserved_large);
	frames->reserved_large = NULL;
	reclaim(frames, lane_done(lane));
	if (rounded > LARGEST_RING)
		return reserve_large(frames, rounded, frame, blocking);
	return reserve_in_ring(frames, (uint32_t)rounded, frame, blocking);
}

/*
 * The first `bytes` (0: none) of what was reserved last are in use until `ordinal`, which is higher than any before, is
 * done; the rest is free again.
 */
void frames_commit(struct frames *frames, uint32_t bytes, uint64_t ordinal)
{
	struct large *large = frames->reserved_large;

	if (!bytes)
		return;
	if (large) {
		frames->reserved_large = NULL;
		large->ordinal = ordinal;
		frames->large_bytes += large->bytes;
		*frames->last_large = large;
		frames->last_large = &large->next;
		return;
	}
	*record_at(frames, frames->count++) = (struct record){.ordinal = ordinal, .start = frames->reserved};
	frames->head = frames->reserved + ALIGN_UP(bytes, ALIGNMENT);
}
