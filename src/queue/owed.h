// SPDX-License-Identifier: MIT
/*
 * The decrements of signals that a queue's submissions are still to make: who waits for one has to be told when it will not come.
 *
 * In the order of submissions.  With the queue's lock.
 */
#ifndef QUEUE_OWED_H
#define QUEUE_OWED_H

#include <stdbool.h>
#include <stdint.h>

struct owed_signal {
	uint64_t ordinal;
	uint64_t signal;
};

/* Zeroed: empty. */
struct owed {
	struct owed_signal *ring;
	uint32_t capacity; /* a power of two, or 0 */
	uint32_t first;
	uint32_t count;
};

int owed_add(struct owed *owed, uint64_t ordinal, const uint64_t *signals, uint32_t count);
void owed_cancel(struct owed *owed, uint64_t ordinal);
void owed_reap(struct owed *owed, uint64_t over);
bool owed_take(struct owed *owed, struct owed_signal *out);
void owed_end(struct owed *owed);

#endif
