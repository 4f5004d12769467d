// SPDX-License-Identifier: MIT
/* What an input of fuzz_api is read as: bytes, choices, and values that may be hostile. */
#ifndef TESTS_FUZZ_FUZZ_API_H
#define TESTS_FUZZ_FUZZ_API_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

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

/* Values of the API that are valid often and hostile now and then. */
uint64_t take_size(struct input *input);
HSAuint32 take_node(struct input *input);
HsaMemFlags take_flags(struct input *input);
/* A buffer's address, something inside or behind one, or wild; for parameters that are looked up only. */
void *take_address(struct input *input);
/* An event there is, or NULL. */
HsaEvent *take_event(struct input *input);

/* fuzz_api_refused.c: a call that the library does not serve; whatever comes, it answers a status. */
void call_refused(struct input *input);

/* fuzz_api_registration.c: one that is about memory of the caller's. */
void call_registration(struct input *input);
void deregister_everything(void);
void forget_registrations(void);

#endif
