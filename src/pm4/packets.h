// SPDX-License-Identifier: MIT
/* Inside src/pm4 only: the packets as tables.  Every bit position of a packet is written down here once. */
#ifndef PM4_PACKETS_H
#define PM4_PACKETS_H

#include <stdint.h>

#include "pm4/pm4.h"

#define PM4_GENERATION_BIT(generation) ((uint8_t)(1U << (generation)))

/* A field, where some generations have it. */
struct pm4_field {
	uint8_t id;
	uint8_t generations; /* PM4_GENERATION_BIT()s */
	uint8_t word;	     /* 0 is the header */
	uint8_t shift;
	uint8_t width; /* bits */
};

struct pm4_packet {
	const char *name;
	uint8_t opcode;
	uint8_t words; /* header included, payload not */
	uint8_t field_count;
	const struct pm4_field *fields;
};

enum pm4_header_field {
	HEADER_TYPE,
	HEADER_COUNT, /* words of the packet, less two */
	HEADER_OPCODE,
	HEADER_SHADER_TYPE,
	HEADER_FIELD_COUNT
};

enum pm4_write_data_field {
	WRITE_DATA_DST_SEL,
	WRITE_DATA_WR_CONFIRM,
	WRITE_DATA_CACHE_POLICY,
	WRITE_DATA_ADDRESS_LOW, /* in words */
	WRITE_DATA_ADDRESS_HIGH,
	WRITE_DATA_FIELD_COUNT
};

enum pm4_release_mem_field {
	RELEASE_MEM_EVENT_TYPE,
	RELEASE_MEM_EVENT_INDEX,
	RELEASE_MEM_TC_WB,
	RELEASE_MEM_TCL1,
	RELEASE_MEM_TC,
	RELEASE_MEM_TC_NC,
	RELEASE_MEM_GLM_WB,
	RELEASE_MEM_GLM_INV,
	RELEASE_MEM_GLV_INV,
	RELEASE_MEM_GL1_INV,
	RELEASE_MEM_GL2_INV,
	RELEASE_MEM_GL2_WB,
	RELEASE_MEM_SEQ,
	RELEASE_MEM_GLK_INV,
	RELEASE_MEM_CACHE_POLICY,
	RELEASE_MEM_DST_SEL,
	RELEASE_MEM_INT_SEL,
	RELEASE_MEM_DATA_SEL,
	RELEASE_MEM_ADDRESS_LOW, /* in words */
	RELEASE_MEM_ADDRESS_HIGH,
	RELEASE_MEM_DATA_LOW,
	RELEASE_MEM_DATA_HIGH,
	RELEASE_MEM_FIELD_COUNT
};

enum pm4_copy_data_field {
	COPY_DATA_SRC_SEL,
	COPY_DATA_DST_SEL,
	COPY_DATA_SRC_CACHE_POLICY,
	COPY_DATA_COUNT_SEL,
	COPY_DATA_WR_CONFIRM,
	COPY_DATA_DST_CACHE_POLICY,
	COPY_DATA_SRC_LOW, /* in words */
	COPY_DATA_SRC_HIGH,
	COPY_DATA_DST_LOW, /* in words */
	COPY_DATA_DST_HIGH,
	COPY_DATA_FIELD_COUNT
};

/* of WAIT_REG_MEM and WAIT_REG_MEM64; the 32-bit one has no high halves */
enum pm4_wait_field {
	WAIT_FUNCTION,
	WAIT_MEM_SPACE,
	WAIT_OPERATION,
	WAIT_CACHE_POLICY,
	WAIT_ADDRESS_LOW, /* in words or in pairs of them */
	WAIT_ADDRESS_HIGH,
	WAIT_REFERENCE_LOW,
	WAIT_REFERENCE_HIGH,
	WAIT_MASK_LOW,
	WAIT_MASK_HIGH,
	WAIT_POLL_INTERVAL,
	WAIT_FIELD_COUNT
};

extern const struct pm4_packet pm4_header; /* word 0 of every packet */
extern const struct pm4_packet pm4_packet_nop;
extern const struct pm4_packet pm4_packet_write_data;
extern const struct pm4_packet pm4_packet_release_mem;
extern const struct pm4_packet pm4_packet_copy_data;
extern const struct pm4_packet pm4_packet_wait_reg_mem;
extern const struct pm4_packet pm4_packet_wait_reg_mem64;

const struct pm4_field *pm4_field_find(const struct pm4_packet *packet, uint32_t id,
				       enum pm4_generation generation);

#endif
