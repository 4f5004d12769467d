// SPDX-License-Identifier: MIT
/*
 * Instructions of the vector ALU that move values between registers and lanes, by AMD's Instruction Set Architecture documents; with all
 * lanes, some and none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_memory_cases.h"

/* Registers: v0 to v7 random, s4 to s7 selectors, VCC and s[30:31] some lanes, M0 small. */
static void prepare(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t k = 0; k < lanes; k++)
			state->vgprs[i][k] = (uint32_t)vector_mix(i * 100 + k);
	for (uint32_t i = 4; i < 8; i++)
		state->sgprs[i] = (uint32_t)vector_mix(i);
	state->vcc = 0x0123456789abcdef;
	state->sgprs[30] = 0xa5c3f069;
	state->sgprs[31] = 0x12481357;
	if (lanes == 32)
		state->vcc &= UINT32_MAX;
	state->m0 = 3;
}

static void prepare_two_indices(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	prepare(state, lanes, target);
	state->m0 = 2u | 5u << 16;
}

static void prepare_lane(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	prepare(state, lanes, target);
	/* what is beyond the lanes wraps */
	state->m0 = lanes + 17;
	state->sgprs[4] = 2 * lanes + 5;
}

#define CASE(text, targets, expect) CASE_OF(text, targets, prepare, expect)
#define EXPECT(name)		    static void name(struct vector_state *state, uint32_t lanes, enum isa_target target)
#define UNUSED			    (void)lanes, (void)target, (void)state

/* v8 of each active lane. */
#define EXPECT_LANES(name, value)                          \
	EXPECT(name)                                       \
	{                                                  \
		const struct vector_state before = *state; \
                                                           \
		(void)target, (void)before;                \
		EACH_LANE(lane)                            \
		state->vgprs[8][lane] = (value);           \
	}

/* ---- moves ---- */

static bool bit_of(uint64_t mask, uint32_t lane)
{
	return mask >> lane & 1;
}

static uint64_t mask_of(const struct vector_state *state, uint32_t lanes)
{
	return lanes == 64 ? (uint64_t)state->sgprs[31] << 32 | state->sgprs[30] : state->sgprs[30];
}

EXPECT_LANES(moved, before.vgprs[1][lane])
EXPECT_LANES(moved_scalar, before.sgprs[5])
EXPECT_LANES(chosen_by_vcc, bit_of(before.vcc, lane) ? before.vgprs[2][lane] : before.vgprs[1][lane])
EXPECT_LANES(chosen_by_mask,
	     bit_of(mask_of(&before, lanes), lane) ? before.vgprs[2][lane] : before.vgprs[1][lane])
EXPECT_LANES(chosen_modified, bit_of(mask_of(&before, lanes), lane) ? before.vgprs[2][lane] & 0x7fffffff
								    : before.vgprs[1][lane] ^ 0x80000000)
EXPECT_LANES(chosen_half, (before.vgprs[8][lane] & 0xffff0000) |
				  ((bit_of(mask_of(&before, lanes), lane) ? before.vgprs[2][lane]
									  : before.vgprs[1][lane]) &
				   0xffff))
EXPECT_LANES(moved_upper_to_lower, (before.vgprs[8][lane] & 0xffff0000) | before.vgprs[1][lane] >> 16)
EXPECT_LANES(moved_lower_to_upper, (before.vgprs[8][lane] & 0xffff) | before.vgprs[1][lane] << 16)
EXPECT_LANES(moved_by_3, before.vgprs[1 + 3][lane])

EXPECT(moved_to_3)
{
	UNUSED;
	EACH_LANE(lane)
	state->vgprs[8 + 3][lane] = state->vgprs[1][lane];
}

EXPECT(moved_both_by_3)
{
	UNUSED;
	EACH_LANE(lane)
	state->vgprs[8 + 3][lane] = state->vgprs[1 + 3][lane];
}

EXPECT(moved_by_2_to_5)
{
	UNUSED;
	EACH_LANE(lane)
	state->vgprs[8 + 5][lane] = state->vgprs[1 + 2][lane];
}

static void swap_registers(struct vector_state *state, uint32_t lanes, uint32_t a, uint32_t b)
{
	EACH_LANE(lane)
	{
		const uint32_t value = state->vgprs[a][lane];

		state->vgprs[a][lane] = state->vgprs[b][lane];
		state->vgprs[b][lane] = value;
	}
}

EXPECT(swapped)
{
	UNUSED;
	swap_registers(state, lanes, 8, 1);
}

EXPECT(swapped_by_5_and_2)
{
	UNUSED;
	swap_registers(state, lanes, 8 + 5, 1 + 2);
}

static void registers_are_moved(void **state)
{
	static const struct memory_case cases[] = {
		CASE("v_mov_b32 v8, v1", ON_ALL, moved),
		CASE("v_mov_b32_e64 v8, s5", ON_ALL, moved_scalar),
		CASE("v_mov_b16 v8.l, v1.h", ON_NEW, moved_upper_to_lower),
		CASE("v_mov_b16 v8.h, v1.l", ON_NEW, moved_lower_to_upper),
		CASE("v_nop", ON_ALL, NULL),
		CASE("v_pipeflush", ON_ALL, NULL),
		CASE("v_clrexcp", ON_GFX10, NULL),
		CASE("v_cndmask_b32 v8, v1, v2, $vcc", ON_ALL, chosen_by_vcc),
		CASE("v_cndmask_b32_e64 v8, v1, v2, $mask", ON_ALL, chosen_by_mask),
		CASE("v_cndmask_b32_e64 v8, -v1, |v2|, $mask", ON_ALL, chosen_modified),
		CASE("v_cndmask_b16 v8, v1, v2, $mask", ON_NEW, chosen_half),
		CASE("v_movrels_b32 v8, v1", ON_ALL, moved_by_3),
		CASE("v_movreld_b32 v8, v1", ON_ALL, moved_to_3),
		CASE("v_movrelsd_b32 v8, v1", ON_ALL, moved_both_by_3),
		CASE_OF("v_movrelsd_2_b32 v8, v1", ON_ALL, prepare_two_indices, moved_by_2_to_5),
		CASE("v_swap_b32 v8, v1", ON_ALL, swapped),
		CASE_OF("v_swaprel_b32 v8, v1", ON_ALL, prepare_two_indices, swapped_by_5_and_2),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- single lanes: whatever EXEC says ---- */

EXPECT(lane_by_m0)
{
	UNUSED;
	state->sgprs[20] = state->vgprs[1][17];
}

EXPECT(lane_by_scalar)
{
	UNUSED;
	state->sgprs[20] = state->vgprs[1][5];
}

EXPECT(lane_29)
{
	UNUSED;
	state->sgprs[20] = state->vgprs[1][29];
}

EXPECT(first_lane)
{
	uint32_t first = 0;

	UNUSED;
	while (first < lanes && !(state->exec >> first & 1))
		first++;
	state->sgprs[20] = state->vgprs[1][first < lanes ? first : 0];
}

EXPECT(into_lane_by_m0)
{
	UNUSED;
	state->vgprs[8][17] = state->sgprs[5];
}

EXPECT(into_lane_29)
{
	UNUSED;
	state->vgprs[8][29] = 0x3f800000;
}

static void single_lanes(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("v_readlane_b32 s20, v1, m0", ON_ALL, prepare_lane, lane_by_m0),
		CASE_OF("v_readlane_b32 s20, v1, s4", ON_ALL, prepare_lane, lane_by_scalar),
		CASE("v_readlane_b32 s20, v1, 29", ON_ALL, lane_29),
		CASE("v_readfirstlane_b32 s20, v1", ON_ALL, first_lane),
		CASE_OF("v_writelane_b32 v8, s5, m0", ON_ALL, prepare_lane, into_lane_by_m0),
		CASE("v_writelane_b32 v8, 1.0, 29", ON_ALL, into_lane_29),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- bits below a lane ---- */

static uint32_t ones(uint64_t value)
{
	uint32_t count = 0;

	for (; value; value &= value - 1)
		count++;
	return count;
}

static uint32_t below(uint64_t mask, uint32_t lane)
{
	return ones(mask & ((1ull << lane) - 1));
}

EXPECT_LANES(counted_low, before.vgprs[2][lane] + below(before.vgprs[1][lane], lane < 32 ? lane : 32))
EXPECT_LANES(counted_high, before.vgprs[2][lane] + below(before.vgprs[1][lane], lane < 32 ? 0 : lane - 32))
EXPECT_LANES(number_of_lane, lane)

static void bits_below_a_lane(void **state)
{
	static const struct memory_case cases[] = {
		CASE("v_mbcnt_lo_u32_b32 v8, v1, v2", ON_ALL, counted_low),
		CASE("v_mbcnt_hi_u32_b32 v8, v1, v2", ON_ALL, counted_high),
		CASE("v_mbcnt_lo_u32_b32 v8, -1, 0\nv_mbcnt_hi_u32_b32 v8, -1, v8", ON_ALL, number_of_lane),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- rows of 16 lanes ---- */

struct permutation {
	bool other_row, by_register, fetch_inactive, bound_control;
};

static void permute(struct vector_state *state, uint32_t lanes, struct permutation how)
{
	const uint64_t selectors = (uint64_t)state->sgprs[5] << 32 | state->sgprs[4];
	const struct vector_state before = *state;

	EACH_LANE(lane)
	{
		const uint32_t selector = how.by_register ? before.vgprs[2][lane] & 15
							  : (uint32_t)(selectors >> (lane % 16 * 4)) & 15;
		const uint32_t from = ((lane & ~15u) ^ (how.other_row ? 16 : 0)) + selector;

		if (before.exec >> from & 1 || how.fetch_inactive)
			state->vgprs[8][lane] = before.vgprs[1][from];
		else if (how.bound_control)
			state->vgprs[8][lane] = 0;
	}
}

#define PERMUTE(name, ...)                                                \
	EXPECT(name)                                                      \
	{                                                                 \
		UNUSED;                                                   \
		permute(state, lanes, (struct permutation){__VA_ARGS__}); \
	}

PERMUTE(permuted, .other_row = false)
PERMUTE(permuted_fi, .fetch_inactive = true)
PERMUTE(permuted_bc, .bound_control = true)
PERMUTE(permuted_fi_bc, .fetch_inactive = true, .bound_control = true)
PERMUTE(exchanged, .other_row = true)
PERMUTE(exchanged_fi, .other_row = true, .fetch_inactive = true)
PERMUTE(exchanged_bc, .other_row = true, .bound_control = true)
PERMUTE(permuted_var, .by_register = true)
PERMUTE(permuted_var_fi, .by_register = true, .fetch_inactive = true)
PERMUTE(exchanged_var, .by_register = true, .other_row = true)
PERMUTE(exchanged_var_bc, .by_register = true, .other_row = true, .bound_control = true)

EXPECT(halves_exchanged)
{
	const struct vector_state before = *state;

	UNUSED;
	if (lanes == 32)
		return;
	EACH_LANE(lane)
	state->vgprs[8][lane] = before.vgprs[1][lane ^ 32];
}

static void rows_of_lanes(void **state)
{
	static const struct memory_case cases[] = {
		CASE("v_permlane16_b32 v8, v1, s4, s5", ON_ALL, permuted),
		CASE("v_permlane16_b32 v8, v1, s4, s5 op_sel:[1,0]", ON_ALL, permuted_fi),
		CASE("v_permlane16_b32 v8, v1, s4, s5 op_sel:[0,1]", ON_ALL, permuted_bc),
		CASE("v_permlane16_b32 v8, v1, s4, s5 op_sel:[1,1]", ON_ALL, permuted_fi_bc),
		CASE("v_permlanex16_b32 v8, v1, s4, s5", ON_ALL, exchanged),
		CASE("v_permlanex16_b32 v8, v1, s4, s5 op_sel:[1,0]", ON_ALL, exchanged_fi),
		CASE("v_permlanex16_b32 v8, v1, s4, s5 op_sel:[0,1]", ON_ALL, exchanged_bc),
		CASE("v_permlane16_var_b32 v8, v1, v2", ON_GFX12, permuted_var),
		CASE("v_permlane16_var_b32 v8, v1, v2 op_sel:[1,0]", ON_GFX12, permuted_var_fi),
		CASE("v_permlanex16_var_b32 v8, v1, v2", ON_GFX12, exchanged_var),
		CASE("v_permlanex16_var_b32 v8, v1, v2 op_sel:[0,1]", ON_GFX12, exchanged_var_bc),
		CASE("v_permlane64_b32 v8, v1", ON_NEW, halves_exchanged),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_moved),
		cmocka_unit_test(single_lanes),
		cmocka_unit_test(bits_below_a_lane),
		cmocka_unit_test(rows_of_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
