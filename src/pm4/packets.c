// SPDX-License-Identifier: MIT
/*
 * The packets of the compute engine's command processor.
 *
 * Sources: Linux kfd_pm4_headers_ai.h and kfdtest's pm4_pkt_struct_*.h (gfx9, gfx10), Linux nvd.h and soc15d.h
 * with the rings of gfx_v9_0.c to gfx_v12_0.c (all), Mesa sid.h; for COPY_DATA, the two waits, ATOMIC_MEM and
 * DISPATCH_DIRECT AMD PAL gfx9_plus_merged_f32_mec_pm4_packets.h (gfx9 to gfx11) and gfx12_merged_f32_mec_pm4_packets.h.
 */
#include "pm4/packets.h"

#include <stddef.h>

#include "util/compiler.h"

#define G9     PM4_GENERATION_BIT(PM4_GFX9)
#define G10    PM4_GENERATION_BIT(PM4_GFX10)
#define G11    PM4_GENERATION_BIT(PM4_GFX11)
#define G12    PM4_GENERATION_BIT(PM4_GFX12)
#define ALL    (G9 | G10 | G11 | G12)
#define G10_UP (G10 | G11 | G12)

#define F(field_id, ...)                         \
	{                                        \
#field_id, field_id, __VA_ARGS__ \
	}

/* id, generations, word, shift, width */
static const struct pm4_field header_fields[] = {
	F(HEADER_TYPE, ALL, 0, 30, 2),
	F(HEADER_COUNT, ALL, 0, 16, 14),
	F(HEADER_OPCODE, ALL, 0, 8, 8),
	F(HEADER_SHADER_TYPE, ALL, 0, 1, 1),
};

static const struct pm4_field write_data_fields[] = {
	F(WRITE_DATA_DST_SEL, ALL, 1, 8, 4),	   F(WRITE_DATA_WR_CONFIRM, ALL, 1, 20, 1),
	F(WRITE_DATA_CACHE_POLICY, ALL, 1, 25, 2), /* gfx12: temporal hint */
	F(WRITE_DATA_ADDRESS_LOW, ALL, 2, 2, 30),  F(WRITE_DATA_ADDRESS_HIGH, ALL, 3, 0, 32),
};

static const struct pm4_field release_mem_fields[] = {
	F(RELEASE_MEM_EVENT_TYPE, ALL, 1, 0, 6),
	F(RELEASE_MEM_EVENT_INDEX, ALL, 1, 8, 4),

	F(RELEASE_MEM_TC_WB, G9, 1, 15, 1),
	F(RELEASE_MEM_TCL1, G9, 1, 16, 1),
	F(RELEASE_MEM_TC, G9, 1, 17, 1),
	F(RELEASE_MEM_TC_NC, G9, 1, 19, 1),

	/* gfx12 ignores the bits of the metadata cache and of GL1 */
	F(RELEASE_MEM_GLM_WB, G10 | G11, 1, 12, 1),
	F(RELEASE_MEM_GLM_INV, G10 | G11, 1, 13, 1),
	F(RELEASE_MEM_GLV_INV, G10_UP, 1, 14, 1),
	F(RELEASE_MEM_GL1_INV, G10 | G11, 1, 15, 1),
	F(RELEASE_MEM_GL2_INV, G10_UP, 1, 20, 1),
	F(RELEASE_MEM_GL2_WB, G10_UP, 1, 21, 1),
	F(RELEASE_MEM_SEQ, G10_UP, 1, 22, 2),
	F(RELEASE_MEM_GLK_INV, G11 | G12, 1, 30, 1),

	F(RELEASE_MEM_CACHE_POLICY, ALL, 1, 25, 2), /* gfx12: temporal hint */

	F(RELEASE_MEM_DST_SEL, ALL, 2, 16, 2),
	F(RELEASE_MEM_INT_SEL, ALL, 2, 24, 3),
	F(RELEASE_MEM_DATA_SEL, ALL, 2, 29, 3),
	F(RELEASE_MEM_ADDRESS_LOW, ALL, 3, 2, 30),
	F(RELEASE_MEM_ADDRESS_HIGH, ALL, 4, 0, 32),
	F(RELEASE_MEM_DATA_LOW, ALL, 5, 0, 32),
	F(RELEASE_MEM_DATA_HIGH, ALL, 6, 0, 32),
	F(RELEASE_MEM_CONTEXT, ALL, 7, 0, 32),
};

static const struct pm4_field copy_data_fields[] = {
	F(COPY_DATA_SRC_SEL, ALL, 1, 0, 4),	      F(COPY_DATA_DST_SEL, ALL, 1, 8, 4),
	F(COPY_DATA_SRC_CACHE_POLICY, ALL, 1, 13, 2), /* gfx12: temporal hint, as the other */
	F(COPY_DATA_COUNT_SEL, ALL, 1, 16, 1),	      F(COPY_DATA_WR_CONFIRM, ALL, 1, 20, 1),
	F(COPY_DATA_DST_CACHE_POLICY, ALL, 1, 25, 2), F(COPY_DATA_SRC_LOW, ALL, 2, 2, 30),
	F(COPY_DATA_SRC_HIGH, ALL, 3, 0, 32),	      F(COPY_DATA_DST_LOW, ALL, 4, 2, 30),
	F(COPY_DATA_DST_HIGH, ALL, 5, 0, 32),
};

static const struct pm4_field wait_reg_mem_fields[] = {
	F(WAIT_FUNCTION, ALL, 1, 0, 3),
	F(WAIT_MEM_SPACE, ALL, 1, 4, 2),
	F(WAIT_OPERATION, ALL, 1, 6, 2),
	F(WAIT_CACHE_POLICY, G10_UP, 1, 25, 2), /* gfx12: temporal hint */
	F(WAIT_ADDRESS_LOW, ALL, 2, 2, 30),
	F(WAIT_ADDRESS_HIGH, ALL, 3, 0, 32),
	F(WAIT_REFERENCE_LOW, ALL, 4, 0, 32),
	F(WAIT_MASK_LOW, ALL, 5, 0, 32),
	F(WAIT_POLL_INTERVAL, ALL, 6, 0, 16),
};

static const struct pm4_field wait_reg_mem64_fields[] = {
	F(WAIT_FUNCTION, ALL, 1, 0, 3),	      F(WAIT_MEM_SPACE, ALL, 1, 4, 2),
	F(WAIT_OPERATION, ALL, 1, 6, 2),      F(WAIT_CACHE_POLICY, G10_UP, 1, 25, 2),
	F(WAIT_ADDRESS_LOW, ALL, 2, 3, 29),   F(WAIT_ADDRESS_HIGH, ALL, 3, 0, 32),
	F(WAIT_REFERENCE_LOW, ALL, 4, 0, 32), F(WAIT_REFERENCE_HIGH, ALL, 5, 0, 32),
	F(WAIT_MASK_LOW, ALL, 6, 0, 32),      F(WAIT_MASK_HIGH, ALL, 7, 0, 32),
	F(WAIT_POLL_INTERVAL, ALL, 8, 0, 16),
};

/* CP_COHER_CNTL is word 1 */
static const struct pm4_field acquire_mem_gfx9_fields[] = {
	F(ACQUIRE_MEM_TC_NC, G9, 1, 3, 1),	    F(ACQUIRE_MEM_TC_WB, G9, 1, 18, 1),
	F(ACQUIRE_MEM_TCL1, G9, 1, 22, 1),	    F(ACQUIRE_MEM_TC, G9, 1, 23, 1),
	F(ACQUIRE_MEM_KCACHE, G9, 1, 27, 1),	    F(ACQUIRE_MEM_ICACHE, G9, 1, 29, 1),
	F(ACQUIRE_MEM_SIZE_LOW, G9, 2, 0, 32),	    F(ACQUIRE_MEM_SIZE_HIGH, G9, 3, 0, 8),
	F(ACQUIRE_MEM_BASE_LOW, G9, 4, 0, 32),	    F(ACQUIRE_MEM_BASE_HIGH, G9, 5, 0, 24),
	F(ACQUIRE_MEM_POLL_INTERVAL, G9, 6, 0, 16),
};

/* word 1 is reserved, GCR_CNTL is word 7; gfx12 has no metadata cache and no GL1 */
static const struct pm4_field acquire_mem_fields[] = {
	F(ACQUIRE_MEM_SIZE_LOW, G10_UP, 2, 0, 32),	F(ACQUIRE_MEM_SIZE_HIGH, G10_UP, 3, 0, 8),
	F(ACQUIRE_MEM_BASE_LOW, G10_UP, 4, 0, 32),	F(ACQUIRE_MEM_BASE_HIGH, G10_UP, 5, 0, 24),
	F(ACQUIRE_MEM_POLL_INTERVAL, G10_UP, 6, 0, 16), F(ACQUIRE_MEM_GLI_INV, G10_UP, 7, 0, 2),
	F(ACQUIRE_MEM_GLM_WB, G10 | G11, 7, 4, 1),	F(ACQUIRE_MEM_GLM_INV, G10 | G11, 7, 5, 1),
	F(ACQUIRE_MEM_GLK_INV, G10_UP, 7, 7, 1),	F(ACQUIRE_MEM_GLV_INV, G10_UP, 7, 8, 1),
	F(ACQUIRE_MEM_GL1_INV, G10 | G11, 7, 9, 1),	F(ACQUIRE_MEM_GL2_INV, G10_UP, 7, 14, 1),
	F(ACQUIRE_MEM_GL2_WB, G10_UP, 7, 15, 1),	F(ACQUIRE_MEM_SEQ, G10_UP, 7, 16, 2),
};

static const struct pm4_field event_write_fields[] = {
	F(EVENT_WRITE_TYPE, ALL, 1, 0, 6),
	F(EVENT_WRITE_INDEX, ALL, 1, 8, 4),
};

static const struct pm4_field set_sh_reg_fields[] = {
	F(SET_SH_REG_OFFSET, ALL, 1, 0, 16),
};

static const struct pm4_field dispatch_direct_fields[] = {
	F(DISPATCH_DIRECT_X, ALL, 1, 0, 32),
	F(DISPATCH_DIRECT_Y, ALL, 2, 0, 32),
	F(DISPATCH_DIRECT_Z, ALL, 3, 0, 32),
	F(DISPATCH_DIRECT_INITIATOR, ALL, 4, 0, 32),
};

static const struct pm4_field atomic_mem_fields[] = {
	F(ATOMIC_MEM_ATOMIC, ALL, 1, 0, 7),	    F(ATOMIC_MEM_COMMAND, ALL, 1, 8, 4),
	F(ATOMIC_MEM_CACHE_POLICY, ALL, 1, 25, 2), /* gfx12: temporal hint */
	F(ATOMIC_MEM_ADDRESS_LOW, ALL, 2, 0, 32),   F(ATOMIC_MEM_ADDRESS_HIGH, ALL, 3, 0, 32),
	F(ATOMIC_MEM_SOURCE_LOW, ALL, 4, 0, 32),    F(ATOMIC_MEM_SOURCE_HIGH, ALL, 5, 0, 32),
	F(ATOMIC_MEM_COMPARE_LOW, ALL, 6, 0, 32),   F(ATOMIC_MEM_COMPARE_HIGH, ALL, 7, 0, 32),
	F(ATOMIC_MEM_LOOP_INTERVAL, ALL, 8, 0, 13),
};

static const struct pm4_field indirect_buffer_fields[] = {
	F(INDIRECT_BUFFER_ADDRESS_LOW, ALL, 1, 2, 30),
	F(INDIRECT_BUFFER_ADDRESS_HIGH, ALL, 2, 0, 16),
	F(INDIRECT_BUFFER_SIZE, ALL, 3, 0, 20),
	F(INDIRECT_BUFFER_CHAIN, ALL, 3, 20, 1),
};

#define FIELDS(array) .field_count = ARRAY_SIZE(array), .fields = (array)

const struct pm4_packet pm4_header = {.name = "header", .words = 1, FIELDS(header_fields)};
const struct pm4_packet pm4_packet_nop = {.name = "NOP", .opcode = 0x10, .words = 1};
const struct pm4_packet pm4_packet_write_data = {
	.name = "WRITE_DATA", .opcode = 0x37, .words = 4, FIELDS(write_data_fields)};
const struct pm4_packet pm4_packet_release_mem = {
	.name = "RELEASE_MEM", .opcode = 0x49, .words = 8, FIELDS(release_mem_fields)};

const struct pm4_packet pm4_packet_copy_data = {
	.name = "COPY_DATA", .opcode = 0x40, .words = 6, FIELDS(copy_data_fields)};
const struct pm4_packet pm4_packet_wait_reg_mem = {
	.name = "WAIT_REG_MEM", .opcode = 0x3c, .words = 7, FIELDS(wait_reg_mem_fields)};
const struct pm4_packet pm4_packet_wait_reg_mem64 = {
	.name = "WAIT_REG_MEM64", .opcode = 0x93, .words = 9, FIELDS(wait_reg_mem64_fields)};

const struct pm4_packet pm4_packet_acquire_mem_gfx9 = {
	.name = "ACQUIRE_MEM", .opcode = 0x58, .words = 7, FIELDS(acquire_mem_gfx9_fields)};
const struct pm4_packet pm4_packet_acquire_mem = {
	.name = "ACQUIRE_MEM", .opcode = 0x58, .words = 8, FIELDS(acquire_mem_fields)};
const struct pm4_packet pm4_packet_event_write = {
	.name = "EVENT_WRITE", .opcode = 0x46, .words = 2, FIELDS(event_write_fields)};
const struct pm4_packet pm4_packet_set_sh_reg = {
	.name = "SET_SH_REG", .opcode = 0x76, .words = 2, FIELDS(set_sh_reg_fields)};
const struct pm4_packet pm4_packet_dispatch_direct = {
	.name = "DISPATCH_DIRECT", .opcode = 0x15, .words = 5, FIELDS(dispatch_direct_fields)};
const struct pm4_packet pm4_packet_atomic_mem = {
	.name = "ATOMIC_MEM", .opcode = 0x1e, .words = 9, FIELDS(atomic_mem_fields)};
const struct pm4_packet pm4_packet_indirect_buffer = {
	.name = "INDIRECT_BUFFER", .opcode = 0x3f, .words = 4, FIELDS(indirect_buffer_fields)};

const struct pm4_packet *const pm4_packets[] = {
	&pm4_header,
	&pm4_packet_nop,
	&pm4_packet_write_data,
	&pm4_packet_release_mem,
	&pm4_packet_copy_data,
	&pm4_packet_wait_reg_mem,
	&pm4_packet_wait_reg_mem64,
	&pm4_packet_acquire_mem_gfx9,
	&pm4_packet_acquire_mem,
	&pm4_packet_event_write,
	&pm4_packet_set_sh_reg,
	&pm4_packet_dispatch_direct,
	&pm4_packet_atomic_mem,
	&pm4_packet_indirect_buffer,
};
const uint32_t pm4_packet_count = ARRAY_SIZE(pm4_packets);

/* Where a generation has a field of a packet; NULL: it has none. */
const struct pm4_field *pm4_field_find(const struct pm4_packet *packet, uint32_t id,
				       enum pm4_generation generation)
{
	for (uint32_t i = 0; i < packet->field_count; i++) {
		const struct pm4_field *field = &packet->fields[i];

		if (field->id == id && field->generations & PM4_GENERATION_BIT(generation))
			return field;
	}
	return NULL;
}

static uint32_t mask_of(const struct pm4_field *field)
{
	return (uint32_t)(((1ULL << field->width) - 1) << field->shift);
}

/* Replaces a field.  false: the generation does not have it, or the value is wider. */
bool pm4_field_put(const struct pm4_packet *packet, uint32_t id, enum pm4_generation generation,
		   uint64_t value, uint32_t *words)
{
	const struct pm4_field *field = pm4_field_find(packet, id, generation);

	if (!field || value >> field->width)
		return false;
	words[field->word] = (words[field->word] & ~mask_of(field)) | (uint32_t)value << field->shift;
	return true;
}

/* What a field holds; 0 if the generation does not have it. */
uint32_t pm4_field_get(const struct pm4_packet *packet, uint32_t id, enum pm4_generation generation,
		       const uint32_t *words)
{
	const struct pm4_field *field = pm4_field_find(packet, id, generation);

	return field ? (words[field->word] & mask_of(field)) >> field->shift : 0;
}
