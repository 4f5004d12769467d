// SPDX-License-Identifier: MIT
/* Inside src/pm4 only: a packet being put together, every value checked against its field. */
#ifndef PM4_DRAFT_H
#define PM4_DRAFT_H

#include "pm4/packets.h"

#define PM4_FIXED_MAX_WORDS 9U
#define PM4_ADDRESS_BITS    48U

struct pm4_draft {
	struct pm4_buffer *buffer;
	const struct pm4_packet *packet;
	bool bad; /* something did not fit */
	uint32_t words[PM4_FIXED_MAX_WORDS];
};

struct pm4_draft pm4_draft_begin(struct pm4_buffer *buffer, const struct pm4_packet *packet);
void pm4_draft_put(struct pm4_draft *draft, uint32_t id, uint64_t value);
void pm4_draft_put_address(struct pm4_draft *draft, uint32_t low, uint32_t high, uint64_t va,
			   uint32_t alignment);
void pm4_draft_end(struct pm4_draft *draft, const uint32_t *payload, uint32_t payload_words);

bool pm4_put_header(const struct pm4_packet *packet, enum pm4_generation generation, uint32_t count,
		    uint32_t *header);

void pm4_fail(struct pm4_buffer *buffer, int error);
bool pm4_reserve(struct pm4_buffer *buffer, uint32_t words);

#endif
