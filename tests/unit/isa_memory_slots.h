// SPDX-License-Identifier: MIT
/*
 * What global and buffer instructions have in common: rows for all of them, whose names are the same, and where the bytes of lanes are,
 * in slots of memory or in scratch.
 */
#ifndef TESTS_UNIT_ISA_MEMORY_SLOTS_H
#define TESTS_UNIT_ISA_MEMORY_SLOTS_H

#include "isa_memory_rows.h"

/* Slots of 32 bytes from here on; scratch is beyond them. */
#define SLOTS	  0x800u
#define SLOT	  32u
#define SCRATCH	  0x1400u
#define LANE_SLOT 20u /* in the scratch of a lane */

static inline uint8_t *in_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	(void)lanes;
	return state->memory + SLOTS + SLOT * memory_slot(lane) + offset;
}

/* Words of lanes are side by side. */
static inline uint8_t *in_scratch(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	offset += LANE_SLOT;
	return state->memory + SCRATCH + offset / 4 * 4 * lanes + lane * 4 + offset % 4;
}

static const struct memory_row loads_and_stores[] = {
	LOAD("load_ubyte", 1),
	LOAD_SIGNED("load_sbyte", 1),
	LOAD("load_ushort", 2),
	LOAD_SIGNED("load_sshort", 2),
	LOAD("load_dword", 4),
	LOAD("load_dwordx2", 8),
	LOAD("load_dwordx3", 12),
	LOAD("load_dwordx4", 16),
	LOAD_HALF("load_ubyte_d16", 1, false, false),
	LOAD_HALF("load_ubyte_d16_hi", 1, false, true),
	LOAD_HALF("load_sbyte_d16", 1, true, false),
	LOAD_HALF("load_sbyte_d16_hi", 1, true, true),
	LOAD_HALF("load_short_d16", 2, false, false),
	LOAD_HALF("load_short_d16_hi", 2, false, true),
	STORE("store_byte", 1),
	STORE_HIGH("store_byte_d16_hi", 1),
	STORE("store_short", 2),
	STORE_HIGH("store_short_d16_hi", 2),
	STORE("store_dword", 4),
	STORE("store_dwordx2", 8),
	STORE("store_dwordx3", 12),
	STORE("store_dwordx4", 16),
};

static const struct memory_row atomics[] = {
	ATOMIC("atomic_swap", ON_ALL, 4, memory_swap, WORDS),
	ATOMIC_TWO("atomic_cmpswap", ON_ALL, 4, memory_cmpswap, WORDS),
	ATOMIC("atomic_add", ON_ALL, 4, memory_add, WORDS),
	ATOMIC("atomic_sub", ON_ALL, 4, memory_sub, WORDS),
	ATOMIC("atomic_smin", ON_ALL, 4, memory_smin, WORDS),
	ATOMIC("atomic_smax", ON_ALL, 4, memory_smax, WORDS),
	ATOMIC("atomic_umin", ON_ALL, 4, memory_umin, WORDS),
	ATOMIC("atomic_umax", ON_ALL, 4, memory_umax, WORDS),
	ATOMIC("atomic_and", ON_ALL, 4, memory_and, WORDS),
	ATOMIC("atomic_or", ON_ALL, 4, memory_or, WORDS),
	ATOMIC("atomic_xor", ON_ALL, 4, memory_xor, WORDS),
	ATOMIC("atomic_inc", ON_ALL, 4, memory_inc, SMALL),
	ATOMIC("atomic_dec", ON_ALL, 4, memory_dec, SMALL),
	ATOMIC_TWO("atomic_fcmpswap", ON_OLD, 4, memory_fcmpswap, FLOATS),
	ATOMIC("atomic_fmin", ON_OLD, 4, memory_fmin, FLOATS),
	ATOMIC("atomic_fmax", ON_OLD, 4, memory_fmax, FLOATS),
	ATOMIC("atomic_min_num_f32", ON_GFX12, 4, memory_fmin, FLOATS),
	ATOMIC("atomic_max_num_f32", ON_GFX12, 4, memory_fmax, FLOATS),
	ATOMIC("atomic_add_f32", ON_NEW, 4, memory_fadd, FLOATS),
	ATOMIC("atomic_pk_add_f16", ON_GFX12, 4, memory_pk_add_f16, HALVES),
	ATOMIC("atomic_pk_add_bf16", ON_GFX12, 4, memory_pk_add_bf16, BF16),
	ATOMIC("atomic_cond_sub_u32", ON_GFX12, 4, memory_cond_sub, SMALL),
	ATOMIC("atomic_sub_clamp_u32", ON_GFX12, 4, memory_sub_clamp, SMALL),
	ATOMIC("atomic_swap_x2", ON_ALL, 8, memory_swap, WORDS),
	ATOMIC_TWO("atomic_cmpswap_x2", ON_ALL, 8, memory_cmpswap, WORDS),
	ATOMIC("atomic_add_x2", ON_ALL, 8, memory_add, WORDS),
	ATOMIC("atomic_sub_x2", ON_ALL, 8, memory_sub, WORDS),
	ATOMIC("atomic_smin_x2", ON_ALL, 8, memory_smin_x2, WORDS),
	ATOMIC("atomic_smax_x2", ON_ALL, 8, memory_smax_x2, WORDS),
	ATOMIC("atomic_umin_x2", ON_ALL, 8, memory_umin, WORDS),
	ATOMIC("atomic_umax_x2", ON_ALL, 8, memory_umax, WORDS),
	ATOMIC("atomic_and_x2", ON_ALL, 8, memory_and, WORDS),
	ATOMIC("atomic_or_x2", ON_ALL, 8, memory_or, WORDS),
	ATOMIC("atomic_xor_x2", ON_ALL, 8, memory_xor, WORDS),
	ATOMIC("atomic_inc_x2", ON_ALL, 8, memory_inc, SMALL),
	ATOMIC("atomic_dec_x2", ON_ALL, 8, memory_dec, SMALL),
	ATOMIC_TWO("atomic_fcmpswap_x2", ON_GFX10, 8, memory_fcmpswap_x2, FLOATS),
	ATOMIC("atomic_fmin_x2", ON_GFX10, 8, memory_fmin_x2, FLOATS),
	ATOMIC("atomic_fmax_x2", ON_GFX10, 8, memory_fmax_x2, FLOATS),
};

static const struct memory_row atomics_but_flat[] = {
	{.name = "atomic_csub",
	 .targets = ON_OLD,
	 .kind = MEMORY_ATOMIC,
	 .bytes = 4,
	 .modify = memory_sub_clamp,
	 .values = MEMORY_SMALL,
	 .always_returns = true},
};

#endif
