// SPDX-License-Identifier: MIT
/*
 * Stand-ins for what translators submit by (submit.c, book.c, memory look-ups), linked in their place with fake_lane.c: submissions are
 * recorded, and nothing runs.
 */
#ifndef TESTS_FAKE_BATCH_H
#define TESTS_FAKE_BATCH_H

#include "queue/objects.h"

#define FAKE_IB_SIZE 32U /* bytes that command buffers are a multiple of */

struct fake_batch {
	uint64_t ordinal;
	uint32_t *words; /* a copy of the commands */
	uint32_t count;
	struct lane_wait waits[8];
	uint32_t wait_count;
	struct action actions[64]; /* the first of them */
	uint32_t action_count;
	uint64_t signals[64];
	uint32_t signal_count;
	bool signal_is_last;
};

/* Forgets everything; fails the test when a batch is open or memory is left. */
void fake_batch_reset(void);
/* Everything of struct queue that translators use, on a lane of its own. */
void fake_queue_init(struct queue *queue, struct queues *queues, enum pm4_generation generation);
void fake_queue_end(struct queue *queue);

uint32_t fake_batches(void);
const struct fake_batch *fake_batch_at(uint32_t i);
/* The next batch_begin() or batch_submit() fails with this. */
void fake_batch_refuse_begin(int error);
void fake_batch_refuse_submit(int error);

/* What memory_lookup() finds.  gpu_va 0: at the same address. */
void fake_memory_add(const void *start, uint64_t size, enum memory_kind kind, uint32_t flags,
		     uint64_t gpu_va);
/* That memory went with its device. */
void fake_memory_lose(const void *start);
/* The n-th memory_alloc() from now on fails; 0: none. */
void fake_memory_refuse(unsigned n);
/* The event that was set last, 0: none. */
uint32_t fake_event(void);
/* What book_find() knows. */
void fake_book_add(uint64_t signal, struct gsp_fence_point point);
unsigned fake_book_asked(void);

#endif
