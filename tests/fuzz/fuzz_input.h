// SPDX-License-Identifier: MIT
/* An input of a fuzz target as a stream of bytes. */
#ifndef TESTS_FUZZ_FUZZ_INPUT_H
#define TESTS_FUZZ_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUIRE(condition)                                                                            \
	do {                                                                                          \
		if (!(condition)) {                                                                   \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			abort();                                                                      \
		}                                                                                     \
	} while (0)

struct input {
	const uint8_t *data;
	size_t size;
};

/* Past the end of the input everything is 0. */
static inline uint32_t take(struct input *input)
{
	if (!input->size)
		return 0;
	input->size--;
	return *input->data++;
}

static inline uint64_t take_bytes(struct input *input, unsigned int count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 8 | take(input);
	return value;
}

#endif
