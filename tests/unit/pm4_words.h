// SPDX-License-Identifier: MIT
/* A small command buffer for tests of packets. */
#ifndef PM4_WORDS_H
#define PM4_WORDS_H

#include "pm4/pm4.h"

#define UNTOUCHED 0xdeadbeefU

struct words {
	struct pm4_buffer buffer;
	uint32_t at[256];
};

void words_start(struct words *w, enum pm4_generation generation);
void words_expect(const struct words *w, const uint32_t *expected, uint32_t count);
void words_expect_refused(const struct words *w, int error);

#endif
