// SPDX-License-Identifier: MIT
/*
 * The packets of the compute engine's command processor.
 *
 * Sources: Linux kfd_pm4_headers_ai.h and kfdtest's pm4_pkt_struct_*.h (gfx9, gfx10), Linux nvd.h and soc15d.h
 * with the rings of gfx_v9_0.c to gfx_v12_0.c (all), Mesa sid.h; for COPY_DATA and the two waits AMD PAL
 * gfx9_plus_merged_f32_mec_pm4_packets.h (gfx9 to gfx11) and gfx12_merged_f32_mec_pm4_packets.h.
 */
#include "pm4/packets.h"

#include <stddef.h>

#include "util/compiler.h"

#define G9  PM4_GENERATION_BIT(PM4_GFX9)
#define G10 PM4_GENERATION_BIT(PM4_GFX10)
#define G11 PM4_GENERATION_BIT(PM4_GFX11)
#define G12 PM4_GENERATION_BIT(PM4_GFX12)
#define ALL (G9 | G10 | G11 | G12)

/* id, generations, word, shift, width */
static const struct pm4_field header_fields[] = {
	{HEADER_TYPE, ALL, 0, 30, 2},
	{HEADER_COUNT, ALL, 0, 16, 14},
	{HEADER_OPCODE, ALL, 0, 8, 8},
	{HEADER_SHADER_TYPE, ALL, 0, 1, 1},
};

static const struct pm4_field write_data_fields[] = {
	{WRITE_DATA_DST_SEL, ALL, 1, 8, 4},	  {WRITE_DATA_WR_CONFIRM, ALL, 1, 20, 1},
	{WRITE_DATA_CACHE_POLICY, ALL, 1, 25, 2}, /* gfx12: temporal hint */
	{WRITE_DATA_ADDRESS_LOW, ALL, 2, 2, 30},  {WRITE_DATA_ADDRESS_HIGH, ALL, 3, 0, 32},
};

static const struct pm4_field release_mem_fields[] = {
	{RELEASE_MEM_EVENT_TYPE, ALL, 1, 0, 6},
	{RELEASE_MEM_EVENT_INDEX, ALL, 1, 8, 4},

	{RELEASE_MEM_TC_WB, G9, 1, 15, 1},
	{RELEASE_MEM_TCL1, G9, 1, 16, 1},
	{RELEASE_MEM_TC, G9, 1, 17, 1},
	{RELEASE_MEM_TC_NC, G9, 1, 19, 1},

	/* gfx12 ignores the metadata cache's bits */
	{RELEASE_MEM_GLM_WB, G10 | G11, 1, 12, 1},
	{RELEASE_MEM_GLM_INV, G10 | G11, 1, 13, 1},
	{RELEASE_MEM_GLV_INV, G10 | G11 | G12, 1, 14, 1},
	{RELEASE_MEM_GL1_INV, G10 | G11 | G12, 1, 15, 1},
	{RELEASE_MEM_GL2_INV, G10 | G11 | G12, 1, 20, 1},
	{RELEASE_MEM_GL2_WB, G10 | G11 | G12, 1, 21, 1},
	{RELEASE_MEM_SEQ, G10 | G11 | G12, 1, 22, 2},
	{RELEASE_MEM_GLK_INV, G11 | G12, 1, 30, 1},

	{RELEASE_MEM_CACHE_POLICY, ALL, 1, 25, 2}, /* gfx12: temporal hint */

	{RELEASE_MEM_DST_SEL, ALL, 2, 16, 2},
	{RELEASE_MEM_INT_SEL, ALL, 2, 24, 3},
	{RELEASE_MEM_DATA_SEL, ALL, 2, 29, 3},
	{RELEASE_MEM_ADDRESS_LOW, ALL, 3, 2, 30},
	{RELEASE_MEM_ADDRESS_HIGH, ALL, 4, 0, 32},
	{RELEASE_MEM_DATA_LOW, ALL, 5, 0, 32},
	{RELEASE_MEM_DATA_HIGH, ALL, 6, 0, 32},
	/* word 7, the interrupt's context id, stays 0: none is asked for */
};

static const struct pm4_field copy_data_fields[] = {
	{COPY_DATA_SRC_SEL, ALL, 1, 0, 4},	     {COPY_DATA_DST_SEL, ALL, 1, 8, 4},
	{COPY_DATA_SRC_CACHE_POLICY, ALL, 1, 13, 2}, /* gfx12: temporal hint, as the other */
	{COPY_DATA_COUNT_SEL, ALL, 1, 16, 1},	     {COPY_DATA_WR_CONFIRM, ALL, 1, 20, 1},
	{COPY_DATA_DST_CACHE_POLICY, ALL, 1, 25, 2}, {COPY_DATA_SRC_LOW, ALL, 2, 2, 30},
	{COPY_DATA_SRC_HIGH, ALL, 3, 0, 32},	     {COPY_DATA_DST_LOW, ALL, 4, 2, 30},
	{COPY_DATA_DST_HIGH, ALL, 5, 0, 32},
};

static const struct pm4_field wait_reg_mem_fields[] = {
	{WAIT_FUNCTION, ALL, 1, 0, 3},
	{WAIT_MEM_SPACE, ALL, 1, 4, 2},
	{WAIT_OPERATION, ALL, 1, 6, 2},
	{WAIT_CACHE_POLICY, G10 | G11 | G12, 1, 25, 2}, /* gfx12: temporal hint */
	{WAIT_ADDRESS_LOW, ALL, 2, 2, 30},
	{WAIT_ADDRESS_HIGH, ALL, 3, 0, 32},
	{WAIT_REFERENCE_LOW, ALL, 4, 0, 32},
	{WAIT_MASK_LOW, ALL, 5, 0, 32},
	{WAIT_POLL_INTERVAL, ALL, 6, 0, 16},
};

static const struct pm4_field wait_reg_mem64_fields[] = {
	{WAIT_FUNCTION, ALL, 1, 0, 3},	     {WAIT_MEM_SPACE, ALL, 1, 4, 2},
	{WAIT_OPERATION, ALL, 1, 6, 2},	     {WAIT_CACHE_POLICY, G10 | G11 | G12, 1, 25, 2},
	{WAIT_ADDRESS_LOW, ALL, 2, 3, 29},   {WAIT_ADDRESS_HIGH, ALL, 3, 0, 32},
	{WAIT_REFERENCE_LOW, ALL, 4, 0, 32}, {WAIT_REFERENCE_HIGH, ALL, 5, 0, 32},
	{WAIT_MASK_LOW, ALL, 6, 0, 32},	     {WAIT_MASK_HIGH, ALL, 7, 0, 32},
	{WAIT_POLL_INTERVAL, ALL, 8, 0, 16},
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
