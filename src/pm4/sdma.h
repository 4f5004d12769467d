// SPDX-License-Identifier: MIT
/*
 * SDMA packets: looking at those that somebody else wrote, and the few that the library writes itself.
 */
#ifndef PM4_SDMA_H
#define PM4_SDMA_H

#include "pm4/pm4.h"

enum sdma_kind {
	SDMA_OTHER, /* understood as far as its length */
	SDMA_NOP,
	SDMA_TRAP,	/* .context */
	SDMA_POLL,	/* polls memory: .va, .reference, .mask, .compare */
	SDMA_DECREMENT, /* ATOMIC that adds -1 to 64 bits: .va */
};

struct sdma_seen {
	enum sdma_kind kind;
	uint32_t words; /* of the whole packet */
	uint64_t va;
	uint32_t context;
	uint32_t reference;
	uint32_t mask;
	enum pm4_compare compare;
};

int sdma_look(enum pm4_generation generation, const uint32_t *words, uint32_t count, struct sdma_seen *seen);
/* Makes `count` words something that does nothing. */
void sdma_fill(uint32_t *words, uint32_t count);
/* An aligned 64-bit store behind what was written before; see the definition for how it is ordered. */
#define SDMA_WRITE64_WORDS 7U
void sdma_write64(struct pm4_buffer *buffer, uint64_t va, uint64_t value);
void sdma_pad(struct pm4_buffer *buffer, uint32_t alignment);

#endif
