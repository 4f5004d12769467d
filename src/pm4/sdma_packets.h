// SPDX-License-Identifier: MIT
/* Inside src/pm4 only: SDMA packets as tables. */
#ifndef PM4_SDMA_PACKETS_H
#define PM4_SDMA_PACKETS_H

#include "pm4/packets.h"

enum sdma_operation {
	SDMA_OP_NOP = 0,
	SDMA_OP_COPY = 1,
	SDMA_OP_WRITE = 2,
	SDMA_OP_INDIRECT = 4,
	SDMA_OP_FENCE = 5,
	SDMA_OP_TRAP = 6,
	SDMA_OP_POLL_REGMEM = 8,
	SDMA_OP_COND_EXEC = 9,
	SDMA_OP_ATOMIC = 10,
	SDMA_OP_CONST_FILL = 11,
	SDMA_OP_TIMESTAMP = 13,
	SDMA_OP_SRBM_WRITE = 14,
	SDMA_OP_GCR_REQ = 17,
};

enum sdma_field {
	SDMA_HEADER_OP,
	SDMA_HEADER_SUB_OP,
	SDMA_NOP_COUNT, /* of words that follow */
	SDMA_COPY_LINEAR_COMPRESSED,
	SDMA_COPY_LINEAR_BROADCAST,
	SDMA_WRITE_ADDRESS_LOW,
	SDMA_WRITE_ADDRESS_HIGH,
	SDMA_WRITE_COUNT, /* of words that follow, less one */
	SDMA_TRAP_CONTEXT,
	SDMA_POLL_FUNCTION,
	SDMA_POLL_MEMORY,
	SDMA_POLL_ADDRESS_LOW, /* in words */
	SDMA_POLL_ADDRESS_HIGH,
	SDMA_POLL_REFERENCE,
	SDMA_POLL_MASK,
	SDMA_ATOMIC_LOOP,
	SDMA_ATOMIC_OPERATION,
	SDMA_ATOMIC_ADDRESS_LOW,
	SDMA_ATOMIC_ADDRESS_HIGH,
	SDMA_ATOMIC_SOURCE_LOW,
	SDMA_ATOMIC_SOURCE_HIGH,
	SDMA_FIELD_COUNT
};

/* One kind of packet: what its operation and sub-operation are, and how long it is. */
struct sdma_packet {
	const char *name;
	uint8_t operation;
	uint8_t sub_operation;
	uint8_t generations;
	uint8_t words; /* what is always there */
};

extern const struct sdma_packet sdma_packets[];
extern const uint32_t sdma_packet_count;

extern const struct pm4_packet sdma_fields; /* of all of them, by enum sdma_field */

const struct sdma_packet *sdma_packet_find(enum pm4_generation generation, uint32_t operation,
					   uint32_t sub_operation);

#endif
