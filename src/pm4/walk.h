// SPDX-License-Identifier: MIT
/*
 * Looking at PM4 words that somebody else wrote: where packets end and which of them ask for an interrupt.
 */
#ifndef PM4_WALK_H
#define PM4_WALK_H

#include "pm4/pm4.h"

struct pm4_seen {
	uint32_t words;	  /* of the whole packet */
	uint32_t opcode;  /* 0 for packets that are no type 3 */
	bool interrupts;  /* it asks for an interrupt when it is done ... */
	uint32_t context; /* ... with this word */
};

int pm4_look(enum pm4_generation generation, const uint32_t *words, uint32_t count, struct pm4_seen *seen);
void pm4_mute(enum pm4_generation generation, uint32_t *packet);
int pm4_read_indirect(enum pm4_generation generation, const uint32_t *words, uint32_t count, uint64_t *va,
		      uint32_t *dwords);

#endif
