// SPDX-License-Identifier: MIT
/*
 * The packets of the SDMA engines: version 4 (gfx9), 5 (gfx10), 6 (gfx11) and 7 (gfx12).
 *
 * Sources: Linux vega10_sdma_pkt_open.h, navi10_sdma_pkt_open.h, sdma_v6_0_0_pkt_open.h and the rings of sdma_v4_0.c to
 * sdma_v7_0.c; AMD PAL's gfx12 SDMA packets; ROCr sdma_registers.h; Mesa ac_cmdbuf_sdma.c.
 */
#include "pm4/sdma_packets.h"

#include <stddef.h>

#include "util/compiler.h"

#define G9     PM4_GENERATION_BIT(PM4_GFX9)
#define G10    PM4_GENERATION_BIT(PM4_GFX10)
#define G11    PM4_GENERATION_BIT(PM4_GFX11)
#define G12    PM4_GENERATION_BIT(PM4_GFX12)
#define ALL    (G9 | G10 | G11 | G12)
#define G10_UP (G10 | G11 | G12)

/* name, operation, sub-operation, generations, words */
const struct sdma_packet sdma_packets[] = {
	{"NOP", SDMA_OP_NOP, 0, ALL, 1},
	{"COPY linear", SDMA_OP_COPY, 0, ALL, 7},
	{"COPY linear sub-window", SDMA_OP_COPY, 4, ALL, 13}, /* ROCr: rectangles */
	{"COPY large sub-window", SDMA_OP_COPY, 36, G12, 20},
	{"WRITE linear", SDMA_OP_WRITE, 0, ALL, 4},
	{"INDIRECT", SDMA_OP_INDIRECT, 0, ALL, 6},
	{"FENCE", SDMA_OP_FENCE, 0, ALL, 4},
	{"FENCE with conditional interrupt", SDMA_OP_FENCE, 1, G12, 8},
	{"TRAP", SDMA_OP_TRAP, 0, ALL, 2},
	{"POLL_REGMEM", SDMA_OP_POLL_REGMEM, 0, ALL, 6},
	{"COND_EXEC", SDMA_OP_COND_EXEC, 0, ALL, 5},
	{"ATOMIC", SDMA_OP_ATOMIC, 0, ALL, 8},
	{"CONST_FILL", SDMA_OP_CONST_FILL, 0, ALL, 5},
	{"TIMESTAMP set", SDMA_OP_TIMESTAMP, 0, ALL, 3},
	{"TIMESTAMP get", SDMA_OP_TIMESTAMP, 1, ALL, 3},
	{"TIMESTAMP get global", SDMA_OP_TIMESTAMP, 2, ALL, 3},
	{"SRBM_WRITE", SDMA_OP_SRBM_WRITE, 0, ALL,
	 3}, /* gfx12: REGISTER_WRITE, as long (Linux sdma_v7_0.c) */
	{"GCR_REQ", SDMA_OP_GCR_REQ, 0, G10_UP, 5},
	{"GCR_REQ of a user", SDMA_OP_GCR_REQ, 1, G10_UP, 5},
};
const uint32_t sdma_packet_count = ARRAY_SIZE(sdma_packets);

#define F(field_id, ...)                         \
	{                                        \
#field_id, field_id, __VA_ARGS__ \
	}

/* id, generations, word, shift, width */
static const struct pm4_field fields[] = {
	F(SDMA_HEADER_OP, ALL, 0, 0, 8),
	F(SDMA_HEADER_SUB_OP, ALL, 0, 8, 8),
	F(SDMA_NOP_COUNT, ALL, 0, 16, 14),
	/* gfx12: a word about compression follows (PAL: META_CONFIG; Linux sdma_v7_0.c); elsewhere the bit is a cache policy's */
	F(SDMA_COPY_LINEAR_COMPRESSED, G12, 0, 19, 1),
	F(SDMA_COPY_LINEAR_BROADCAST, ALL, 0, 27, 1), /* a second destination follows */
	F(SDMA_WRITE_ADDRESS_LOW, ALL, 1, 0, 32),
	F(SDMA_WRITE_ADDRESS_HIGH, ALL, 2, 0, 32),
	F(SDMA_WRITE_COUNT, ALL, 3, 0, 20),
	F(SDMA_TRAP_CONTEXT, G9 | G10 | G11, 1, 0, 28),
	F(SDMA_TRAP_CONTEXT, G12, 1, 0, 32),
	F(SDMA_POLL_FUNCTION, ALL, 0, 28, 3),
	F(SDMA_POLL_MEMORY, ALL, 0, 31, 1),
	F(SDMA_POLL_ADDRESS_LOW, ALL, 1, 2, 30),
	F(SDMA_POLL_ADDRESS_HIGH, ALL, 2, 0, 32),
	F(SDMA_POLL_REFERENCE, ALL, 3, 0, 32),
	F(SDMA_POLL_MASK, ALL, 4, 0, 32),
	F(SDMA_ATOMIC_LOOP, ALL, 0, 16, 1),
	F(SDMA_ATOMIC_OPERATION, ALL, 0, 25, 7),
	F(SDMA_ATOMIC_ADDRESS_LOW, ALL, 1, 0, 32),
	F(SDMA_ATOMIC_ADDRESS_HIGH, ALL, 2, 0, 32),
	F(SDMA_ATOMIC_SOURCE_LOW, ALL, 3, 0, 32),
	F(SDMA_ATOMIC_SOURCE_HIGH, ALL, 4, 0, 32),
};

const struct pm4_packet sdma_fields = {
	.name = "SDMA", .words = 8, .field_count = ARRAY_SIZE(fields), .fields = fields};

/* NULL: the generation has no such packet, or none whose length is known. */
const struct sdma_packet *sdma_packet_find(enum pm4_generation generation, uint32_t operation,
					   uint32_t sub_operation)
{
	for (uint32_t i = 0; i < sdma_packet_count; i++)
		if (sdma_packets[i].operation == operation &&
		    sdma_packets[i].sub_operation == sub_operation &&
		    sdma_packets[i].generations & PM4_GENERATION_BIT(generation))
			return &sdma_packets[i];
	return NULL;
}
