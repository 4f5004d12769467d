// SPDX-License-Identifier: MIT
/*
 * What ROCr does with copy engines on DXG: the packets of gfx9 on every generation (BlitSdmaV4), each submission padded to 64 bytes,
 * the write index and the doorbell stored and the doorbell rung by call too; the ring goes around over NOPs.
 */
#include <string.h>
#include <time.h>

#include "../unit/ring_packets.h"
#include "rocr7.h"

#define RING_BYTES   2048u /* small, so that it goes around often */
#define PADDING	     16u   /* words */
#define PATIENCE_S   20
#define ROUNDS	     40u
#define COPY_BYTES   70001u
#define WIDTH	     37u /* of a rectangle, in words */
#define HEIGHT	     11u
#define PITCH	     64u
#define FILL_PATTERN 0xfeedf00du
#define STAMPS_AT    0x8000 /* in the pool: the engine stores them at multiples of 32 bytes only */

struct copier {
	struct run *run;
	const struct workplace *place;
	bool gfx12;
	HsaQueueResource resource;
	char *ring;
	char *from, *to;
	uint64_t written;
	uint32_t words[96];
	uint32_t used;
};

/* ---- packets of Linux' vega10_sdma_pkt_open.h that have no other user ---- */

static void put_address(uint32_t *at, const void *address)
{
	at[0] = (uint32_t)(uintptr_t)address;
	at[1] = (uint32_t)((uint64_t)(uintptr_t)address >> 32);
}

static uint32_t fill(uint32_t *at, void *to, uint32_t pattern, uint32_t words)
{
	at[0] = 11u | 2u << 30; /* words */
	put_address(at + 1, to);
	at[3] = pattern;
	at[4] = (words - 1) * 4; /* as ROCr says it */
	return 5;
}

/* A rectangle of words at the same place of two pictures, both PITCH wide.  The one packet that gfx12 has its own form of. */
static uint32_t rectangle(uint32_t *at, const void *from, void *to, uint32_t x, uint32_t y, bool gfx12)
{
	const uint32_t pitch = (PITCH - 1) << (gfx12 ? 16 : 13);

	at[0] = 1u | 4u << 8 | 2u << 29;
	put_address(at + 1, from);
	at[3] = x | y << 16;
	at[4] = pitch;
	at[5] = PITCH * (HEIGHT + y) - 1;
	put_address(at + 6, to);
	at[8] = x | y << 16;
	at[9] = pitch;
	at[10] = PITCH * (HEIGHT + y) - 1;
	at[11] = (WIDTH - 1) | (HEIGHT - 1) << 16;
	at[12] = 0;
	return 13;
}

static uint32_t stamp(uint32_t *at, uint64_t *to)
{
	at[0] = 13u | 2u << 8;
	put_address(at + 1, to);
	return 3;
}

/* ---- the ring ---- */

/* Waits until there is room; the read index is told in bytes, counted on. */
static void make_room(struct copier *copier, uint64_t bytes)
{
	time_t begin = time(NULL);

	while (copier->written + bytes -
			       __atomic_load_n(copier->resource.Queue_read_ptr_aql, __ATOMIC_ACQUIRE) >
		       RING_BYTES &&
	       time(NULL) - begin < PATIENCE_S)
		nanosleep(&(const struct timespec){.tv_nsec = 50000}, NULL);
}

static void submit(struct copier *copier)
{
	uint32_t padding = (PADDING - copier->used % PADDING) % PADDING, bytes, left;

	/* one NOP over all of the rest */
	memset(copier->words + copier->used, 0, padding * 4);
	if (padding)
		copier->words[copier->used] = (padding - 1) << 16;
	bytes = (copier->used + padding) * 4;
	copier->used = 0;
	left = RING_BYTES - (uint32_t)(copier->written % RING_BYTES);
	if (left < bytes) {
		make_room(copier, left);
		memset(copier->ring + copier->written % RING_BYTES, 0, left);
		copier->written += left;
	}
	make_room(copier, bytes);
	memcpy(copier->ring + copier->written % RING_BYTES, copier->words, bytes);
	copier->written += bytes;
	__atomic_store_n(copier->resource.Queue_write_ptr_aql, copier->written, __ATOMIC_RELEASE);
	__atomic_store_n(copier->resource.Queue_DoorBell_aql, copier->written, __ATOMIC_RELEASE);
	ring_bell(copier->run, copier->resource.QueueId, copier->written);
}

static uint32_t *room(struct copier *copier)
{
	return copier->words + copier->used;
}

/* What ends every copy: the signal, and its event if somebody sleeps on it. */
static void finish(struct copier *copier, struct signal *done)
{
	copier->used += sdma_decrement(room(copier), &done->value);
	if (done->mailbox) {
		copier->used +=
			sdma_fence(room(copier), (const void *)(uintptr_t)done->mailbox, done->event_id);
		copier->used += sdma_trap(room(copier), done->event_id);
	}
	submit(copier);
}

/* ---- what is copied ---- */

static void prepare(struct copier *copier, unsigned seed)
{
	for (unsigned i = 0; i < COPY_BYTES; i++)
		copier->from[i] = (char)(i * 7 + seed);
	memset(copier->to, 0x11, COPY_BYTES + 16);
}

static void copy_bytes(struct copier *copier, unsigned round)
{
	static const uint32_t sizes[] = {1, 2, 3, 63, 4096, 4097, COPY_BYTES};
	uint32_t bytes = sizes[round % (sizeof(sizes) / sizeof(sizes[0]))], at = round % 5;
	uint64_t *stamps = (uint64_t *)(void *)(copier->place->pool + STAMPS_AT);
	struct signal *done = arm_signal(copier->place, 2, true);

	stamps[0] = stamps[4] = 0;
	copier->used += stamp(room(copier), &stamps[0]);
	copier->used += sdma_copy(room(copier), copier->from, copier->to + at, bytes);
	copier->used += stamp(room(copier), &stamps[4]);
	finish(copier, done);
	await_signal(copier->run, "a copy", copier->place, done);
	judge(copier->run, "the copy is right", !memcmp(copier->from, copier->to + at, bytes));
	judge(copier->run, "the copy is all there is",
	      copier->to[at + bytes] == 0x11 && (!at || copier->to[0] == 0x11));
	judge(copier->run, "the copy took time", stamps[0] && stamps[4] >= stamps[0]);
}

static void fill_words(struct copier *copier, unsigned round)
{
	struct signal *done = arm_signal(copier->place, 2, true);
	const uint32_t count = 1 + round * 11, *words = (const uint32_t *)(const void *)copier->to;

	copier->used += fill(room(copier), copier->to, FILL_PATTERN, count);
	finish(copier, done);
	await_signal(copier->run, "a fill", copier->place, done);
	judge(copier->run, "the fill is right",
	      words[0] == FILL_PATTERN && words[count - 1] == FILL_PATTERN && words[count] == 0x11111111);
}

static void copy_rectangle(struct copier *copier, unsigned round)
{
	struct signal *done = arm_signal(copier->place, 2, true);
	const uint32_t x = round % 16, y = round % 7;
	bool right = true;

	copier->used += rectangle(room(copier), copier->from, copier->to, x, y, copier->gfx12);
	finish(copier, done);
	await_signal(copier->run, "a rectangle", copier->place, done);
	for (uint32_t i = 0; i < PITCH * (HEIGHT + 8); i++) {
		bool inside =
			i % PITCH >= x && i % PITCH < x + WIDTH && i / PITCH >= y && i / PITCH < y + HEIGHT;

		right = right &&
			!memcmp(copier->to + i * 4, inside ? copier->from + i * 4 : "\x11\x11\x11\x11", 4);
	}
	judge(copier->run, "the rectangle is right", right);
}

/* Two submissions, the first of which waits for the CPU; the second may not overtake it. */
static void copy_after(struct copier *copier, unsigned round)
{
	struct signal *first = arm_signal(copier->place, 0, false),
		      *second = arm_signal(copier->place, 2, false);
	struct signal *done = arm_signal(copier->place, 4, true);

	copier->used += sdma_poll_signal(room(copier), &first->value);
	copier->used += sdma_copy(room(copier), copier->from, copier->to, 100);
	finish(copier, second);
	copier->used += sdma_poll_signal(room(copier), &second->value);
	copier->used += sdma_copy(room(copier), copier->to, copier->to + 200, 100);
	finish(copier, done);
	nanosleep(&(const struct timespec){.tv_nsec = 200000}, NULL);
	judge(copier->run, "a copy waits", done->value == 1 && copier->to[0] == 0x11);
	copier->from[0] = (char)round;
	__atomic_store_n(&first->value, 0, __ATOMIC_RELEASE);
	await_signal(copier->run, "copies that depend on each other", copier->place, done);
	judge(copier->run, "they came in order", !memcmp(copier->from, copier->to + 200, 100));
}

static void expect_idle(const struct copier *copier)
{
	const volatile HSAuint64 *read = copier->resource.Queue_read_ptr_aql;
	time_t begin = time(NULL);

	while (*read != copier->written && time(NULL) - begin < PATIENCE_S)
		nanosleep(&(const struct timespec){.tv_nsec = 100000}, NULL);
	judge(copier->run, "the read index follows", *read == copier->written);
}

static void copy_all(struct run *run, const struct workplace *place, const char *form, HSAKMT_STATUS status,
		     const HsaQueueResource *resource, char *ring)
{
	static void (*const copies[])(struct copier * copier, unsigned round) = {copy_bytes, fill_words,
										 copy_rectangle, copy_after};
	struct copier copier = {
		.run = run,
		.place = place,
		.gfx12 = place->gfx_major >= 12,
		.resource = *resource,
		.ring = ring,
		.from = place->pool + COPIES_AT,
		.to = place->pool + COPIES_AT + 0x20000,
	};

	if (!judge_status(run, form, status, HSAKMT_STATUS_SUCCESS) ||
	    !judge(run, form,
		   resource->Queue_write_ptr_aql && resource->Queue_read_ptr_aql &&
			   resource->Queue_DoorBell_aql))
		return;
	for (unsigned round = 0; round < ROUNDS && !run->failures; round++) {
		prepare(&copier, round);
		copies[round % 4](&copier, round);
	}
	if (!run->failures) {
		EXPECT(run, copier.written > 2 * RING_BYTES);
		expect_idle(&copier);
	}
	SUCCEEDS(run, run->thunk.hsaKmtDestroyQueue(resource->QueueId));
}

/* A queue by each form of the call, on either engine. */
void use_copies(struct run *run, const struct workplace *place)
{
	const struct thunk *thunk = &run->thunk;
	char *ring = place->pool + COPIES_AT + 0x40000;
	HsaQueueResource resource;

	memset(&resource, 0, sizeof(resource));
	copy_all(run, place, "hsaKmtCreateQueue of SDMA",
		 thunk->hsaKmtCreateQueue(place->gpu, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_MAXIMUM, ring,
					  RING_BYTES, NULL, &resource),
		 &resource, ring);
	for (HSAuint32 engine = 0; engine < 2; engine++) {
		memset(&resource, 0, sizeof(resource));
		copy_all(run, place, "hsaKmtCreateQueueExt of an engine",
			 thunk->hsaKmtCreateQueueExt(place->gpu, HSA_QUEUE_SDMA_BY_ENG_ID, 100,
						     HSA_QUEUE_PRIORITY_MAXIMUM, engine, ring, RING_BYTES,
						     NULL, &resource),
			 &resource, ring);
	}
	if (run->generation->id < ROCM_7_13)
		return;
	memset(&resource, 0, sizeof(resource));
	copy_all(run, place, "hsaKmtCreateQueueV2 of SDMA",
		 thunk->hsaKmtCreateQueueV2(place->gpu, HSA_QUEUE_SDMA, 100, HSA_QUEUE_PRIORITY_MAXIMUM, 0,
					    ring, RING_BYTES, 0, NULL, &resource),
		 &resource, ring);
}
