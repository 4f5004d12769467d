// SPDX-License-Identifier: MIT
/*
 * The registers that a dispatch programs.
 *
 * Sources: Mesa sid.h (addresses in bytes from 0xb000) and ac_preamble.c, Linux gc_*_offset.h and gc_*_sh_mask.h, AMD
 * PAL gfx9_plus_merged_registers.h; for the scratch ring and its resource ROCr registers.h and amd_aql_queue.cpp.
 */
#include "pm4/registers.h"

#include "util/compiler.h"

#define G9     PM4_GENERATION_BIT(PM4_GFX9)
#define G10    PM4_GENERATION_BIT(PM4_GFX10)
#define G11    PM4_GENERATION_BIT(PM4_GFX11)
#define G12    PM4_GENERATION_BIT(PM4_GFX12)
#define ALL    (G9 | G10 | G11 | G12)
#define G10_UP (G10 | G11 | G12)
#define G11_UP (G11 | G12)

#define USER_DATA(n) [REGISTER_USER_DATA_0 + (n)] = {"COMPUTE_USER_DATA_" #n, 0x240 + (n), ALL}

/*
 * Those that are not here either do not matter to a dispatch that starts at 0, 0, 0 and counts nothing (START,
 * PERFCOUNT_ENABLE, RESTART, ...) or are the driver's (TBA, TMA, DISPATCH_INTERLEAVE).  gfx12 names a ninth shader
 * engine; no GPU has more than eight.
 */
const struct pm4_register pm4_registers[REGISTER_COUNT] = {
	[REGISTER_NUM_THREAD_X] = {"COMPUTE_NUM_THREAD_X", 0x207, ALL},
	[REGISTER_NUM_THREAD_Y] = {"COMPUTE_NUM_THREAD_Y", 0x208, ALL},
	[REGISTER_NUM_THREAD_Z] = {"COMPUTE_NUM_THREAD_Z", 0x209, ALL},
	[REGISTER_PGM_LO] = {"COMPUTE_PGM_LO", 0x20c, ALL},
	[REGISTER_PGM_HI] = {"COMPUTE_PGM_HI", 0x20d, ALL},
	[REGISTER_SCRATCH_BASE_LO] = {"COMPUTE_DISPATCH_SCRATCH_BASE_LO", 0x210, G11_UP},
	[REGISTER_SCRATCH_BASE_HI] = {"COMPUTE_DISPATCH_SCRATCH_BASE_HI", 0x211, G11_UP},
	[REGISTER_RSRC1] = {"COMPUTE_PGM_RSRC1", 0x212, ALL},
	[REGISTER_RSRC2] = {"COMPUTE_PGM_RSRC2", 0x213, ALL},
	[REGISTER_RESOURCE_LIMITS] = {"COMPUTE_RESOURCE_LIMITS", 0x215, ALL},
	[REGISTER_THREAD_MGMT_SE0] = {"COMPUTE_STATIC_THREAD_MGMT_SE0", 0x216, ALL},
	[REGISTER_THREAD_MGMT_SE1] = {"COMPUTE_STATIC_THREAD_MGMT_SE1", 0x217, ALL},
	[REGISTER_TMPRING] = {"COMPUTE_TMPRING_SIZE", 0x218, ALL},
	[REGISTER_THREAD_MGMT_SE2] = {"COMPUTE_STATIC_THREAD_MGMT_SE2", 0x219, ALL},
	[REGISTER_THREAD_MGMT_SE3] = {"COMPUTE_STATIC_THREAD_MGMT_SE3", 0x21a, ALL},
	[REGISTER_RSRC3] = {"COMPUTE_PGM_RSRC3", 0x228, G10_UP},
	[REGISTER_THREAD_MGMT_SE4] = {"COMPUTE_STATIC_THREAD_MGMT_SE4", 0x22b, G11_UP},
	[REGISTER_THREAD_MGMT_SE5] = {"COMPUTE_STATIC_THREAD_MGMT_SE5", 0x22c, G11_UP},
	[REGISTER_THREAD_MGMT_SE6] = {"COMPUTE_STATIC_THREAD_MGMT_SE6", 0x22d, G11_UP},
	[REGISTER_THREAD_MGMT_SE7] = {"COMPUTE_STATIC_THREAD_MGMT_SE7", 0x22e, G11_UP},
	USER_DATA(0),
	USER_DATA(1),
	USER_DATA(2),
	USER_DATA(3),
	USER_DATA(4),
	USER_DATA(5),
	USER_DATA(6),
	USER_DATA(7),
	USER_DATA(8),
	USER_DATA(9),
	USER_DATA(10),
	USER_DATA(11),
	USER_DATA(12),
	USER_DATA(13),
	USER_DATA(14),
	USER_DATA(15),
};

#define F(field_id, ...)                         \
	{                                        \
#field_id, field_id, __VA_ARGS__ \
	}

/* id, generations, word, shift, width */
static const struct pm4_field num_thread_fields[] = {
	F(NUM_THREAD_FULL, ALL, 0, 0,
	  13), /* gfx12's width of X and Y; elsewhere it is 16, and no group is larger */
};

static const struct pm4_field rsrc1_fields[] = {
	F(RSRC1_PRIV, ALL, 0, 20, 1),
};

static const struct pm4_field rsrc2_fields[] = {
	F(RSRC2_LDS_SIZE, ALL, 0, 15, 9),
};

/* gfx9, gfx10: all waves, in units of 1 KiB; later: those of a shader engine, in units of 256 bytes */
static const struct pm4_field tmpring_fields[] = {
	F(TMPRING_WAVES, ALL, 0, 0, 12),
	F(TMPRING_WAVESIZE, G9 | G10, 0, 12, 13),
	F(TMPRING_WAVESIZE, G11, 0, 12, 15),
	F(TMPRING_WAVESIZE, G12, 0, 12, 18),
};

static const struct pm4_field base_fields[] = {
	F(BASE_LOW, ALL, 0, 0, 32),
	F(BASE_HIGH, ALL, 1, 0, 8),
};

static const struct pm4_field initiator_fields[] = {
	F(INITIATOR_COMPUTE_SHADER_EN, ALL, 0, 0, 1),
	F(INITIATOR_FORCE_START_AT_000, ALL, 0, 2, 1),
	F(INITIATOR_USE_THREAD_DIMENSIONS, ALL, 0, 5, 1),
	F(INITIATOR_CS_W32_EN, G10_UP, 0, 15, 1),
};

static const struct pm4_field resource_fields[] = {
	F(RESOURCE_BASE_LOW, ALL, 0, 0, 32),
	F(RESOURCE_BASE_HIGH, ALL, 1, 0, 16),
	F(RESOURCE_SWIZZLE_ENABLE, G9 | G10, 1, 31, 1),
	F(RESOURCE_SWIZZLE_ENABLE, G11_UP, 1, 30, 2),
	F(RESOURCE_NUM_RECORDS, ALL, 2, 0, 32),
	F(RESOURCE_DST_SEL_X, ALL, 3, 0, 3),
	F(RESOURCE_DST_SEL_Y, ALL, 3, 3, 3),
	F(RESOURCE_DST_SEL_Z, ALL, 3, 6, 3),
	F(RESOURCE_DST_SEL_W, ALL, 3, 9, 3),
	F(RESOURCE_NUM_FORMAT, G9, 3, 12, 3),
	F(RESOURCE_DATA_FORMAT, G9, 3, 15, 4),
	F(RESOURCE_ELEMENT_SIZE, G9, 3, 19, 2),
	F(RESOURCE_FORMAT, G10, 3, 12, 7),
	F(RESOURCE_FORMAT, G11_UP, 3, 12, 6),
	F(RESOURCE_INDEX_STRIDE, ALL, 3, 21, 2),
	F(RESOURCE_ADD_TID_ENABLE, ALL, 3, 23, 1),
	F(RESOURCE_LEVEL, G10, 3, 24, 1),
	F(RESOURCE_OOB_SELECT, G10_UP, 3, 28, 2),
};

#define WORD(title, count, array)                                                                      \
	{                                                                                              \
		.name = (title), .words = (count), .field_count = ARRAY_SIZE(array), .fields = (array) \
	}

const struct pm4_packet pm4_word_num_thread = WORD("COMPUTE_NUM_THREAD", 1, num_thread_fields);
const struct pm4_packet pm4_word_rsrc1 = WORD("COMPUTE_PGM_RSRC1", 1, rsrc1_fields);
const struct pm4_packet pm4_word_rsrc2 = WORD("COMPUTE_PGM_RSRC2", 1, rsrc2_fields);
const struct pm4_packet pm4_word_tmpring = WORD("COMPUTE_TMPRING_SIZE", 1, tmpring_fields);
const struct pm4_packet pm4_word_base = WORD("PGM, DISPATCH_SCRATCH_BASE", 2, base_fields);
const struct pm4_packet pm4_word_initiator = WORD("COMPUTE_DISPATCH_INITIATOR", 1, initiator_fields);
const struct pm4_packet pm4_word_resource = WORD("buffer resource", 4, resource_fields);

const struct pm4_packet *const pm4_register_words[] = {
	&pm4_word_num_thread, &pm4_word_rsrc1,	   &pm4_word_rsrc2,    &pm4_word_tmpring,
	&pm4_word_base,	      &pm4_word_initiator, &pm4_word_resource,
};
const uint32_t pm4_register_word_count = ARRAY_SIZE(pm4_register_words);

bool pm4_register_exists(uint32_t id, enum pm4_generation generation)
{
	return id < REGISTER_COUNT && pm4_registers[id].generations & PM4_GENERATION_BIT(generation);
}
