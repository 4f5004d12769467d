// SPDX-License-Identifier: MIT
/* What an input of fuzz_api is read as: choices, and values that may be hostile. */
#ifndef TESTS_FUZZ_FUZZ_API_H
#define TESTS_FUZZ_FUZZ_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

#include "fuzz_input.h"

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

/* Whether the caller's structures are the newest. */
bool newest_layout(void);

/* fuzz_api_queues.c: calls on queues. */
void call_create_queue(struct input *input);
void call_queue(struct input *input);
void destroy_queues(void);
void forget_queues(void);
/* Whether a queue needs something of this memory. */
bool queues_use(const void *address, uint64_t size);

/* fuzz_api_registration.c: one that is about memory of the caller's. */
void call_registration(struct input *input);
void deregister_everything(void);
void forget_registrations(void);

#endif
