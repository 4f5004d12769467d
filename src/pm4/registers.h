// SPDX-License-Identifier: MIT
/* Inside src/pm4 only: the registers of a dispatch, and what is in them, as tables. */
#ifndef PM4_REGISTERS_H
#define PM4_REGISTERS_H

#include "pm4/packets.h"

/* In the order of their addresses, which is the one they are written in. */
enum pm4_register_id {
	REGISTER_NUM_THREAD_X,
	REGISTER_NUM_THREAD_Y,
	REGISTER_NUM_THREAD_Z,
	REGISTER_PGM_LO,
	REGISTER_PGM_HI,
	REGISTER_SCRATCH_BASE_LO,
	REGISTER_SCRATCH_BASE_HI,
	REGISTER_RSRC1,
	REGISTER_RSRC2,
	REGISTER_RESOURCE_LIMITS,
	REGISTER_THREAD_MGMT_SE0,
	REGISTER_THREAD_MGMT_SE1,
	REGISTER_TMPRING,
	REGISTER_THREAD_MGMT_SE2,
	REGISTER_THREAD_MGMT_SE3,
	REGISTER_RSRC3,
	REGISTER_THREAD_MGMT_SE4,
	REGISTER_THREAD_MGMT_SE5,
	REGISTER_THREAD_MGMT_SE6,
	REGISTER_THREAD_MGMT_SE7,
	REGISTER_USER_DATA_0,
	REGISTER_COUNT = REGISTER_USER_DATA_0 + 16
};

struct pm4_register {
	const char *name;
	uint16_t offset; /* in registers, from where SET_SH_REG counts: the address less 0x2c00 */
	uint8_t generations;
};

extern const struct pm4_register pm4_registers[REGISTER_COUNT];

/* What is in them: tables as those of packets, of one word. */
enum pm4_num_thread_field { NUM_THREAD_FULL, NUM_THREAD_FIELD_COUNT };

enum pm4_rsrc1_field { RSRC1_PRIV, RSRC1_FIELD_COUNT };

enum pm4_rsrc2_field { RSRC2_LDS_SIZE, RSRC2_FIELD_COUNT };

enum pm4_tmpring_field { TMPRING_WAVES, TMPRING_WAVESIZE, TMPRING_FIELD_COUNT };

/* of PGM and of the scratch base: the address in units of 256 bytes */
enum pm4_base_field { BASE_LOW, BASE_HIGH, BASE_FIELD_COUNT };

/* of the last word of DISPATCH_DIRECT */
enum pm4_initiator_field {
	INITIATOR_COMPUTE_SHADER_EN,
	INITIATOR_FORCE_START_AT_000,
	INITIATOR_USE_THREAD_DIMENSIONS,
	INITIATOR_CS_W32_EN,
	INITIATOR_FIELD_COUNT
};

/* a buffer resource for scratch */
enum pm4_resource_field {
	RESOURCE_BASE_LOW,
	RESOURCE_BASE_HIGH,
	RESOURCE_SWIZZLE_ENABLE,
	RESOURCE_NUM_RECORDS,
	RESOURCE_DST_SEL_X,
	RESOURCE_DST_SEL_Y,
	RESOURCE_DST_SEL_Z,
	RESOURCE_DST_SEL_W,
	RESOURCE_NUM_FORMAT,
	RESOURCE_DATA_FORMAT,
	RESOURCE_ELEMENT_SIZE,
	RESOURCE_FORMAT,
	RESOURCE_INDEX_STRIDE,
	RESOURCE_ADD_TID_ENABLE,
	RESOURCE_LEVEL,
	RESOURCE_OOB_SELECT,
	RESOURCE_FIELD_COUNT
};

extern const struct pm4_packet pm4_word_num_thread;
extern const struct pm4_packet pm4_word_rsrc1;
extern const struct pm4_packet pm4_word_rsrc2;
extern const struct pm4_packet pm4_word_tmpring;
extern const struct pm4_packet pm4_word_base;
extern const struct pm4_packet pm4_word_initiator;
extern const struct pm4_packet pm4_word_resource;

extern const struct pm4_packet *const pm4_register_words[];
extern const uint32_t pm4_register_word_count;

bool pm4_register_exists(uint32_t id, enum pm4_generation generation);

#endif
