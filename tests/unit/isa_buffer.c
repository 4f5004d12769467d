// SPDX-License-Identifier: MIT
/*
 * Buffer instructions, by AMD's Instruction Set Architecture documents: every size and atomic through resources that name bytes in
 * different ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_memory_resource.h"
#include "isa_memory_rows.h"

#define ON_NEW (ON_GFX11 | ON_GFX12)
#define ON_OLD (ON_GFX10 | ON_GFX11)

#define SLOTS	     0x800u
#define SLOT	     32u
#define SCRATCH	     0x1400u
#define SCRATCH_LANE 160u
#define LANE_SLOT    20u

static uint8_t *in_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	(void)lanes;
	return state->memory + SLOTS + SLOT * memory_slot(lane) + offset;
}

static uint8_t *in_first_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	(void)lane, (void)lanes;
	return state->memory + SLOTS + offset;
}

/* The base lies before the slots; the scalar offset and 16 of the instruction make up for it. */
static struct memory_resource raw(enum isa_target target)
{
	return (struct memory_resource){
		.target = target,
		.base = VECTOR_MEMORY + 0x400,
		.records = VECTOR_BYTES - 0x400,
		.bounds = MEMORY_BOUNDS_RAW,
	};
}

static void by_resource(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = raw(target);

	(void)lanes;
	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = SLOTS - 0x400 - 16;
}

static void by_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	by_resource(state, lanes, target);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = SLOT * memory_slot(i);
}

static struct memory_resource structured(enum isa_target target)
{
	return (struct memory_resource){
		.target = target,
		.base = VECTOR_MEMORY + SLOTS - 8,
		.stride = SLOT,
		.records = 64,
		.bounds = MEMORY_BOUNDS_STRUCTURED,
	};
}

/* Slots begin 8 bytes into records. */
static void by_index(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = structured(target);

	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = 0;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = memory_slot(i);
}

static void by_index_and_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	by_index(state, lanes, target);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[1][i] = 4 * (i & 1);
}

static uint8_t *by_parity(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	return in_slot(state, lane, lanes, offset + 4 * (lane & 1));
}

/* ---- scratch of compilers: words of lanes side by side, as flat scratch has them ---- */

static uint8_t *in_scratch(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	offset += LANE_SLOT;
	return state->memory + SCRATCH + offset / 4 * 4 * lanes + lane * 4 + offset % 4;
}

static struct memory_resource scratch(enum isa_target target, uint32_t lanes)
{
	return (struct memory_resource){
		.target = target,
		.base = VECTOR_MEMORY + 0x400,
		.records = UINT32_MAX,
		.swizzled = true,
		.add_lane = true,
		.index_stride = lanes,
		.bounds = MEMORY_BOUNDS_RAW,
	};
}

static void by_scratch_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = scratch(target, lanes);

	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = SCRATCH - 0x400; /* where the wave's begins */
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = LANE_SLOT - 4;
}

/* ---- records whose words lie side by side, eight records at a time ---- */

static uint8_t *swizzled(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	const uint32_t index = memory_slot(lane), at = offset + 8;

	(void)lanes;
	return state->memory + SLOTS + index / 8 * 8 * SLOT + at / 4 * 4 * 8 + index % 8 * 4 + at % 4;
}

static void by_swizzled_index(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	struct memory_resource resource = structured(target);

	resource.base = VECTOR_MEMORY + SLOTS;
	resource.swizzled = true;
	resource.index_stride = 8;
	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = 0;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = memory_slot(i);
}

static const struct memory_way ways[] = {
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, off, s[8:11], s4 offset:16",
		.prepare = by_resource,
		.place = in_first_slot,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 offen offset:16",
		.store = "buffer_$n $s, v0, s[8:11], s4 offen offset:16",
		.atomic = "buffer_$n $s, v0, s[8:11], s4 offen offset:16",
		.returning = "buffer_$n $s, v0, s[8:11], s4 offen offset:16 $g",
		.returns_to_source = true,
		.prepare = by_offset,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 idxen offset:8",
		.store = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8",
		.atomic = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8",
		.returning = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8 $g",
		.returns_to_source = true,
		.prepare = by_index,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v[0:1], s[8:11], s4 idxen offen offset:8",
		.store = "buffer_$n $s, v[0:1], s[8:11], s4 idxen offen offset:8",
		.prepare = by_index_and_offset,
		.place = by_parity,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 offen offset:4",
		.store = "buffer_$n $s, v0, s[8:11], s4 offen offset:4",
		.prepare = by_scratch_offset,
		.place = in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 idxen offset:8",
		.store = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8",
		.prepare = by_swizzled_index,
		.place = swizzled,
	},
};

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
	{.name = "atomic_csub",
	 .targets = ON_OLD,
	 .kind = MEMORY_ATOMIC,
	 .bytes = 4,
	 .modify = memory_sub_clamp,
	 .values = MEMORY_SMALL,
	 .always_returns = true},
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

static void loads_and_stores_of_all_sizes(void **state)
{
	(void)state;
	MEMORY_CHECK(loads_and_stores, ways);
}

static void changes(void **state)
{
	(void)state;
	MEMORY_CHECK(atomics, ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_stores_of_all_sizes),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
