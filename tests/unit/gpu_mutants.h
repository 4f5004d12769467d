// SPDX-License-Identifier: MIT
/*
 * Mutants of a command stream: copies from which one thing is gone.  They are read off the words, so that what a
 * builder starts to write is mutated without anybody's remembering it.
 */
#ifndef TESTS_UNIT_GPU_MUTANTS_H
#define TESTS_UNIT_GPU_MUTANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "pm4/pm4.h"

#define MUTANT_WORDS 1024U

struct mutant {
	const char *packet; /* "ACQUIRE_MEM" */
	const char *field;  /* what of it, "" if all; of a SET_SH_REG the register */
	/*
	 * What is written is there already, so that nobody can miss it: a register in the midst of others of one
	 * SET_SH_REG, where another header would be longer, or what an earlier WRITE_DATA has stored.
	 */
	bool again;
	uint32_t at;	 /* word of the packet in the stream */
	uint32_t length; /* ... and how many words stand there in the mutant */
	int32_t longer;	 /* words that it has more than the stream */
	uint32_t count;
	uint32_t words[MUTANT_WORDS];
};

/*
 * Calls `look` for each mutant: every action, event and other field of EVENT_WRITE, ACQUIRE_MEM and RELEASE_MEM that is
 * not 0, also outside of the tables of fields; every register of every SET_SH_REG; the fields of DISPATCH_DIRECT and the
 * bits of its initiator; and every packet as a whole but NOPs.  Fails the test at words that are no packet.
 */
void mutants_each(enum pm4_generation generation, const uint32_t *words, uint32_t count,
		  void (*look)(const struct mutant *mutant, void *data), void *data);
/* Where a word of the mutant's was in the stream; UINT32_MAX: in the midst of what was changed. */
uint32_t mutant_origin(const struct mutant *mutant, uint32_t word);

#endif
