// SPDX-License-Identifier: MIT
/*
 * Single memory instructions, each with a function that makes of the state before what must be there afterwards: with all lanes, with
 * some and with none.
 */
#ifndef TESTS_UNIT_ISA_MEMORY_CASES_H
#define TESTS_UNIT_ISA_MEMORY_CASES_H

#include "isa_vectors.h"

typedef void memory_change(struct vector_state *state, uint32_t lanes, enum isa_target target);

struct memory_case {
	const char *text;
	uint32_t targets;
	memory_change *prepare; /* NULL: memory and LDS have patterns, registers what vector_reset() says */
	/* NULL: nothing changes. A fault that it sets must be that: kind, access, address and lane; then nothing else is compared. */
	memory_change *expect;
	bool reaches; /* its scope and cache actions are compared, too, and all lanes are active */
};

#define CASE_OF(text_, targets_, prepare_, expect_)                                        \
	{                                                                                  \
		.text = text_, .targets = targets_, .prepare = prepare_, .expect = expect_ \
	}

void memory_check_cases(const struct memory_case *cases, uint32_t count);
#define MEMORY_CHECK_CASES(cases) memory_check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

#define EACH_LANE(lane)                               \
	for (uint32_t lane = 0; lane < lanes; lane++) \
		if (state->exec >> lane & 1)

uint32_t memory_word(const uint8_t *bytes, uint32_t at);
void memory_put_word(uint8_t *bytes, uint32_t at, uint32_t word);
void memory_put_pair(struct vector_state *state, uint32_t vgpr, uint32_t lane, uint64_t value);

#endif
