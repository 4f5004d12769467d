// SPDX-License-Identifier: MIT
/* Inside src/pm4 only: the packets as tables.  Every bit position of a packet is written down here once. */
#ifndef PM4_PACKETS_H
#define PM4_PACKETS_H

#include <stdint.h>

#include "pm4/pm4.h"

#define PM4_GENERATION_BIT(generation) ((uint8_t)(1U << (generation)))

#define PM4_TYPE_0 0U
#define PM4_TYPE_2 2U
#define PM4_TYPE_3 3U

/* of the header: the words of the packet less two; the highest means a NOP that is its header alone */
#define PM4_COUNT_BIAS	      2U
#define PM4_COUNT_HEADER_ONLY 0x3fffU
#define PM4_PACKET_MAX_WORDS  (PM4_COUNT_HEADER_ONLY - 1 + PM4_COUNT_BIAS)

/* RELEASE_MEM: interrupts */
#define PM4_INT_SEL_NONE	       0U
#define PM4_INT_SEL_ONLY	       1U
#define PM4_INT_SEL_AFTER_CONFIRM      2U
#define PM4_INT_SEL_DATA_AFTER_CONFIRM 3U /* none; the data follows when the writes before are confirmed */

#define PM4_SEQ_FORWARD 1U /* cache actions from the shader's caches outwards */

/* A field, where some generations have it. */
struct pm4_field {
	const char *name;
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
	RELEASE_MEM_CONTEXT, /* of the interrupt */
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

/* of both forms of ACQUIRE_MEM */
enum pm4_acquire_mem_field {
	ACQUIRE_MEM_TC_NC,
	ACQUIRE_MEM_TC_WB,
	ACQUIRE_MEM_TCL1,
	ACQUIRE_MEM_TC,
	ACQUIRE_MEM_KCACHE,
	ACQUIRE_MEM_ICACHE,
	ACQUIRE_MEM_SIZE_LOW, /* in units of 256 bytes, as the base */
	ACQUIRE_MEM_SIZE_HIGH,
	ACQUIRE_MEM_BASE_LOW,
	ACQUIRE_MEM_BASE_HIGH,
	ACQUIRE_MEM_POLL_INTERVAL,
	ACQUIRE_MEM_GLI_INV,
	ACQUIRE_MEM_GLM_WB,
	ACQUIRE_MEM_GLM_INV,
	ACQUIRE_MEM_GLK_INV,
	ACQUIRE_MEM_GLV_INV,
	ACQUIRE_MEM_GL1_INV,
	ACQUIRE_MEM_GL2_INV,
	ACQUIRE_MEM_GL2_WB,
	ACQUIRE_MEM_SEQ,
	ACQUIRE_MEM_FIELD_COUNT
};

enum pm4_event_write_field { EVENT_WRITE_TYPE, EVENT_WRITE_INDEX, EVENT_WRITE_FIELD_COUNT };

enum pm4_set_sh_reg_field {
	SET_SH_REG_OFFSET, /* in registers */
	SET_SH_REG_FIELD_COUNT
};

enum pm4_dispatch_direct_field {
	DISPATCH_DIRECT_X,
	DISPATCH_DIRECT_Y,
	DISPATCH_DIRECT_Z,
	DISPATCH_DIRECT_INITIATOR, /* see registers.h */
	DISPATCH_DIRECT_FIELD_COUNT
};

enum pm4_atomic_mem_field {
	ATOMIC_MEM_ATOMIC,
	ATOMIC_MEM_COMMAND,
	ATOMIC_MEM_CACHE_POLICY,
	ATOMIC_MEM_ADDRESS_LOW, /* in words */
	ATOMIC_MEM_ADDRESS_HIGH,
	ATOMIC_MEM_SOURCE_LOW,
	ATOMIC_MEM_SOURCE_HIGH,
	ATOMIC_MEM_COMPARE_LOW,
	ATOMIC_MEM_COMPARE_HIGH,
	ATOMIC_MEM_LOOP_INTERVAL,
	ATOMIC_MEM_FIELD_COUNT
};

enum pm4_indirect_buffer_field {
	INDIRECT_BUFFER_ADDRESS_LOW, /* in words */
	INDIRECT_BUFFER_ADDRESS_HIGH,
	INDIRECT_BUFFER_SIZE, /* words */
	INDIRECT_BUFFER_CHAIN,
	INDIRECT_BUFFER_FIELD_COUNT
};

extern const struct pm4_packet pm4_header; /* word 0 of every packet */
extern const struct pm4_packet pm4_packet_nop;
extern const struct pm4_packet pm4_packet_write_data;
extern const struct pm4_packet pm4_packet_release_mem;
extern const struct pm4_packet pm4_packet_copy_data;
extern const struct pm4_packet pm4_packet_wait_reg_mem;
extern const struct pm4_packet pm4_packet_wait_reg_mem64;
extern const struct pm4_packet pm4_packet_acquire_mem_gfx9; /* the older form, a word shorter */
extern const struct pm4_packet pm4_packet_acquire_mem;
extern const struct pm4_packet pm4_packet_event_write;
extern const struct pm4_packet pm4_packet_set_sh_reg;
extern const struct pm4_packet pm4_packet_dispatch_direct;
extern const struct pm4_packet pm4_packet_atomic_mem;
extern const struct pm4_packet pm4_packet_indirect_buffer;

extern const struct pm4_packet *const pm4_packets[]; /* the header and all packets above */
extern const uint32_t pm4_packet_count;

const struct pm4_field *pm4_field_find(const struct pm4_packet *packet, uint32_t id,
				       enum pm4_generation generation);
bool pm4_field_put(const struct pm4_packet *packet, uint32_t id, enum pm4_generation generation,
		   uint64_t value, uint32_t *words);
uint32_t pm4_field_get(const struct pm4_packet *packet, uint32_t id, enum pm4_generation generation,
		       const uint32_t *words);

#endif
