// SPDX-License-Identifier: MIT
/* Vector ALU instructions and lanes: masks, DPP, SDWA, dual issue, and what goes from lane to lane. */
#include "isa_valu_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- masks of lanes ---- */

static uint64_t mask_of(const struct vector_state *s, uint32_t lanes,
			bool (*test)(const struct vector_state *, uint32_t))
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < lanes; i++)
		if (s->exec >> i & 1 && test(s, i))
			mask |= UINT64_C(1) << i;
	return mask;
}

static bool is_less(const struct vector_state *s, uint32_t lane)
{
	return f32(s, 1, lane) < f32(s, 2, lane);
}

static bool is_less_64(const struct vector_state *s, uint32_t lane)
{
	return f64(s, 6, lane) < f64(s, 8, lane);
}

static bool is_less_high(const struct vector_state *s, uint32_t lane)
{
	return (int16_t)(word(s, 4, lane) >> 16) < (int16_t)word(s, 5, lane);
}

static bool carries(const struct vector_state *s, uint32_t lane)
{
	return (uint64_t)word(s, 12, lane) + word(s, 13, lane) + (s->vcc >> lane & 1) > UINT32_MAX;
}

static bool carries_from_scalar(const struct vector_state *s, uint32_t lane)
{
	const uint64_t in = s->sgprs[30] | (uint64_t)s->sgprs[31] << 32;

	return (uint64_t)word(s, 12, lane) + word(s, 13, lane) + (in >> lane & 1) > UINT32_MAX;
}

static void check_vcc_and_others(const struct vector_state *before, const struct vector_state *after,
				 uint64_t vcc, bool results)
{
	for (uint32_t i = 0; i < VECTOR_VGPRS; i++)
		if (!results || i != RESULT)
			assert_memory_equal(before->vgprs[i], after->vgprs[i], sizeof(before->vgprs[i]));
	assert_memory_equal(before->sgprs, after->sgprs, sizeof(before->sgprs));
	assert_true(after->exec == before->exec);
	assert_true(after->vcc == vcc);
}

static void verify_less(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	check_vcc_and_others(before, after, mask_of(before, lanes, is_less), false);
}

static void verify_less_64(const struct vector_state *before, const struct vector_state *after,
			   uint32_t lanes)
{
	check_vcc_and_others(before, after, mask_of(before, lanes, is_less_64), false);
}

/* s30, with 64 lanes s31, too. */
static void verify_mask(const struct vector_state *before, const struct vector_state *after, uint32_t lanes,
			uint64_t mask)
{
	assert_int_equal(after->sgprs[30], (uint32_t)mask);
	assert_int_equal(after->sgprs[31], lanes == 64 ? (uint32_t)(mask >> 32) : before->sgprs[31]);
	assert_true(after->vcc == before->vcc && after->exec == before->exec);
}

static void verify_less_to_scalar(const struct vector_state *before, const struct vector_state *after,
				  uint32_t lanes)
{
	verify_mask(before, after, lanes, mask_of(before, lanes, is_less));
}

static void verify_halves_less(const struct vector_state *before, const struct vector_state *after,
			       uint32_t lanes)
{
	verify_mask(before, after, lanes, mask_of(before, lanes, is_less_high));
}

static void verify_less_to_exec(const struct vector_state *before, const struct vector_state *after,
				uint32_t lanes)
{
	assert_true(after->exec == mask_of(before, lanes, is_less));
	assert_true(after->vcc == before->vcc);
	assert_memory_equal(before->sgprs, after->sgprs, sizeof(before->sgprs));
}

static void verify_sums(const struct vector_state *before, const struct vector_state *after, uint64_t in,
			uint32_t lanes)
{
	for (uint32_t i = 0; i < lanes; i++) {
		const uint32_t sum = word(before, 12, i) + word(before, 13, i) + (in >> i & 1);

		assert_int_equal(word(after, 3, i), before->exec >> i & 1 ? sum : word(before, 3, i));
	}
}

static void verify_carry(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	verify_sums(before, after, before->vcc, lanes);
	check_vcc_and_others(before, after, mask_of(before, lanes, carries), true);
}

static void verify_carry_in_scalar(const struct vector_state *before, const struct vector_state *after,
				   uint32_t lanes)
{
	verify_sums(before, after, before->sgprs[30] | (uint64_t)before->sgprs[31] << 32, lanes);
	verify_mask(before, after, lanes, mask_of(before, lanes, carries_from_scalar));
}

EXPECT(choice_by_scalar,
       (s->sgprs[30] | (uint64_t)s->sgprs[31] << 32) >> lane & 1 ? word(s, 13, lane) : word(s, 12, lane))

/* v_div_fmas takes VCC wherever it is written: a quotient that was scaled is scaled back ("RDNA3", V_DIV_FMAS_F32). */
EXPECT(scaled_back, bits((f32(s, 1, lane) * 4 + 1) * (s->vcc >> lane & 1 ? 0x1p-64F : 1)))

/* op_sel of the first source, which assemblers do not have for comparisons. */
static void patch_compared_half(struct vector_program *program)
{
	program->words[0] |= 1U << 11;
}

static void masks_have_a_bit_per_lane(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_cmp_lt_f32 $vcc, v1, v2", .targets = ON_ALL, .verify = verify_less},
		{.text = "v_cmp_lt_f64 $vcc, v[6:7], v[8:9]", .targets = ON_ALL, .verify = verify_less_64},
		{.text = "v_cmp_lt_f32 $mask, v1, v2", .targets = ON_ALL, .verify = verify_less_to_scalar},
		{.text = "v_cmp_lt_i16 $mask, v4, v5",
		 .targets = ON_GFX11 | ON_GFX12,
		 .patch = patch_compared_half,
		 .verify = verify_halves_less},
		{.text = "v_cmpx_lt_f32 v1, v2", .targets = ON_ALL, .verify = verify_less_to_exec},
		{.text = "v_cmpx_lt_f32_e64 v1, v2", .targets = ON_ALL, .verify = verify_less_to_exec},
		{.text = "v_add_co_ci_u32 v3, $vcc, v12, v13, $vcc",
		 .targets = ON_ALL,
		 .verify = verify_carry},
		{.text = "v_add_co_ci_u32 v3, $mask, v12, v13, $mask",
		 .targets = ON_ALL,
		 .verify = verify_carry_in_scalar},
		{.text = "v_cndmask_b32 v3, v12, v13, $mask", .targets = ON_ALL, .expect = choice_by_scalar},
		{.text = "v_div_fmas_f32 v3, v1, 4.0, 1.0", .targets = ON_ALL, .expect = scaled_back},
	};

	(void)state;
	CHECK(tests);
}

/* ---- DPP ---- */

static bool active(const struct vector_state *s, uint32_t lane)
{
	return s->exec >> lane & 1;
}

EXPECT(reversed_quads, word(s, 12, lane ^ 3))
EXPECT(from_right, word(s, 12, lane + 3))
EXPECT(from_left_plus, word(s, 12, lane - 1) + word(s, 13, lane))
EXPECT(from_left_or_zero, lane % 16 < 2 || !active(s, lane - 2) ? 0 : word(s, 12, lane - 2))
EXPECT(from_left_or_zero_any, lane % 16 < 2 ? 0 : word(s, 12, lane - 2))
EXPECT(rotated, word(s, 12, lane / 16 * 16 + (lane + 12) % 16))
EXPECT(mirrored, word(s, 12, lane ^ 15))
EXPECT(half_mirrored, word(s, 12, lane ^ 7))
EXPECT(shared, word(s, 12, lane / 16 * 16 + 5))
EXPECT(crossed, word(s, 12, lane ^ 6))
EXPECT(modified, bits(-f32(s, 1, lane ^ 3) + vector_float(word(s, 2, lane) & 0x7fffffff)))
EXPECT(eights, active(s, lane ^ 7) ? word(s, 12, lane ^ 7) : 0)
EXPECT(eights_any, word(s, 12, lane ^ 7))

/* Lanes whose source is active. */
static uint64_t with_source(uint64_t exec, uint32_t lanes, int (*from)(int lane))
{
	uint64_t mask = 0;

	for (int i = 0; i < (int)lanes; i++) {
		const int at = from(i % 16);

		if (at >= 0 && at < 16 && exec >> (i / 16 * 16 + at) & 1)
			mask |= UINT64_C(1) << i;
	}
	return mask;
}

#define SOURCES(name, expression)                                   \
	static int name##_source(int lane)                          \
	{                                                           \
		return expression;                                  \
	}                                                           \
	static uint64_t name##_lanes(uint64_t exec, uint32_t lanes) \
	{                                                           \
		return with_source(exec, lanes, name##_source);     \
	}

SOURCES(reversed_quads, lane ^ 3)
SOURCES(from_right, lane + 3)
SOURCES(from_left, lane - 1)
SOURCES(rotated, (lane + 12) % 16)
SOURCES(mirrored, 15 - lane)
SOURCES(half_mirrored, lane ^ 7)
SOURCES(shared, 5 + lane * 0)
SOURCES(crossed, lane ^ 6)

static uint64_t inner_lanes(uint64_t exec, uint32_t lanes)
{
	(void)exec, (void)lanes;
	return UINT64_C(0xfffefffefffefffe);
}

/* Rows 0 and 2, banks 1 and 2. */
static uint64_t some_rows_and_banks(uint64_t exec, uint32_t lanes)
{
	return reversed_quads_lanes(exec, lanes) & 0x00000ff000000ff0;
}

EXPECT(from_left_any, word(s, 12, lane - 1))

EXPECT(choice_of_reversed, s->vcc >> lane & 1 ? word(s, 13, lane) : word(s, 12, lane ^ 3))
EXPECT(choice_of_reversed_by_scalar,
       (s->sgprs[30] | (uint64_t)s->sgprs[31] << 32) >> lane & 1 ? word(s, 13, lane) : word(s, 12, lane ^ 3))

/* Lanes that DPP disables have no bit in the mask. */
static bool is_less_reversed(const struct vector_state *s, uint32_t lane)
{
	return active(s, lane ^ 3) && f32(s, 1, lane ^ 3) < f32(s, 2, lane);
}

static void verify_less_reversed(const struct vector_state *before, const struct vector_state *after,
				 uint32_t lanes)
{
	verify_mask(before, after, lanes, mask_of(before, lanes, is_less_reversed));
}

static void lanes_get_those_of_their_rows(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_mov_b32_dpp v3, v12 quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = reversed_quads,
		 .written = reversed_quads_lanes},
		{.text = "v_mov_b32_dpp v3, v12 quad_perm:[3,2,1,0] row_mask:0x5 bank_mask:0x6",
		 .targets = ON_ALL,
		 .expect = reversed_quads,
		 .written = some_rows_and_banks},
		{.text = "v_mov_b32_dpp v3, v12 row_shl:3 row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = from_right,
		 .written = from_right_lanes},
		{.text = "v_add_nc_u32_dpp v3, v12, v13 row_shr:1 row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = from_left_plus,
		 .written = from_left_lanes},
		{.text = "v_mov_b32_dpp v3, v12 row_shr:1 row_mask:0xf bank_mask:0xf fi:1",
		 .targets = ON_ALL,
		 .expect = from_left_any,
		 .written = inner_lanes},
		{.text = "v_mov_b32_dpp v3, v12 row_shr:2 row_mask:0xf bank_mask:0xf bound_ctrl:1",
		 .targets = ON_ALL,
		 .expect = from_left_or_zero},
		{.text = "v_mov_b32_dpp v3, v12 row_shr:2 row_mask:0xf bank_mask:0xf bound_ctrl:1 fi:1",
		 .targets = ON_ALL,
		 .expect = from_left_or_zero_any},
		{.text = "v_mov_b32_dpp v3, v12 row_ror:4 row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = rotated,
		 .written = rotated_lanes},
		{.text = "v_mov_b32_dpp v3, v12 row_mirror row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = mirrored,
		 .written = mirrored_lanes},
		{.text = "v_mov_b32_dpp v3, v12 row_half_mirror row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = half_mirrored,
		 .written = half_mirrored_lanes},
		{.text = "v_mov_b32_dpp v3, v12 row_share:5 row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = shared,
		 .written = shared_lanes},
		{.text = "v_mov_b32_dpp v3, v12 row_xmask:6 row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = crossed,
		 .written = crossed_lanes},
		{.text = "v_add_f32_dpp v3, -v1, |v2| quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = modified,
		 .written = reversed_quads_lanes},
		{.text = "v_add_f32_e64_dpp v3, -v1, |v2| quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf",
		 .targets = ON_GFX11 | ON_GFX12,
		 .expect = modified,
		 .written = reversed_quads_lanes},
		{.text = "v_mov_b32_dpp v3, v12 dpp8:[7,6,5,4,3,2,1,0]", .targets = ON_ALL, .expect = eights},
		{.text = "v_mov_b32_dpp v3, v12 dpp8:[7,6,5,4,3,2,1,0] fi:1",
		 .targets = ON_ALL,
		 .expect = eights_any},
		{.text = "v_cndmask_b32_dpp v3, v12, v13, $vcc quad_perm:[3,2,1,0] row_mask:0xf "
			 "bank_mask:0xf",
		 .targets = ON_ALL,
		 .expect = choice_of_reversed,
		 .written = reversed_quads_lanes},
		{.text = "v_cndmask_b32_e64_dpp v3, v12, v13, $mask quad_perm:[3,2,1,0] row_mask:0xf "
			 "bank_mask:0xf",
		 .targets = ON_GFX11 | ON_GFX12,
		 .expect = choice_of_reversed_by_scalar,
		 .written = reversed_quads_lanes},
		{.text = "v_cmp_lt_f32_e64_dpp $mask, v1, v2 quad_perm:[3,2,1,0] row_mask:0xf bank_mask:0xf",
		 .targets = ON_GFX11 | ON_GFX12,
		 .verify = verify_less_reversed},
	};

	(void)state;
	CHECK(tests);
}

/* ---- SDWA ---- */

EXPECT(byte_plus_word,
       (uint64_t)(word(s, 12, lane) >> 8 & 0xff) + (uint64_t)(int16_t)(word(s, 13, lane) >> 16))
EXPECT(byte_kept, (word(s, 3, lane) & 0xff00ffff) | ((word(s, 12, lane) + word(s, 13, lane)) & 0xff) << 16)
EXPECT(byte_alone, ((word(s, 12, lane) + word(s, 13, lane)) & 0xff) << 16)
EXPECT(byte_extended, (uint32_t)(int8_t)(word(s, 12, lane) + word(s, 13, lane)) << 16)
EXPECT(high_negated_plus, half(-high(s, 4, lane) + widened(word(s, 5, lane) & 0x7fff)) << 16 | KEEP_LOW)
EXPECT(scalar_word_plus, (s->sgprs[8] >> 16) + word(s, 13, lane))

static bool bytes_are_equal(const struct vector_state *s, uint32_t lane)
{
	return (word(s, 12, lane) & 3) == 2;
}

static void make_small(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++) {
		s->vgprs[12][i] &= 0xffffff03;
		s->vgprs[13][i] = 0xff02ffff;
	}
}

static void verify_bytes(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	verify_mask(before, after, lanes, mask_of(before, lanes, bytes_are_equal));
}

static void parts_of_registers_are_operands(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_add_nc_u32_sdwa v3, v12, sext(v13) dst_sel:DWORD src0_sel:BYTE_1 src1_sel:WORD_1",
		 .targets = ON_GFX10,
		 .expect = byte_plus_word},
		{"v_add_nc_u32_sdwa v3, v12, v13 dst_sel:BYTE_2 dst_unused:UNUSED_PRESERVE src0_sel:DWORD "
		 "src1_sel:DWORD",
		 .targets = ON_GFX10, .expect = byte_kept},
		{"v_add_nc_u32_sdwa v3, v12, v13 dst_sel:BYTE_2 dst_unused:UNUSED_PAD src0_sel:DWORD "
		 "src1_sel:DWORD",
		 .targets = ON_GFX10, .expect = byte_alone},
		{"v_add_nc_u32_sdwa v3, v12, v13 dst_sel:BYTE_2 dst_unused:UNUSED_SEXT src0_sel:DWORD "
		 "src1_sel:DWORD",
		 .targets = ON_GFX10, .expect = byte_extended},
		{"v_add_f16_sdwa v3, -v4, |v5| dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:WORD_1 "
		 "src1_sel:WORD_0",
		 .targets = ON_GFX10, .expect = high_negated_plus},
		{.text = "v_add_nc_u32_sdwa v3, s8, v13 dst_sel:DWORD src0_sel:WORD_1 src1_sel:DWORD",
		 .targets = ON_GFX10,
		 .expect = scalar_word_plus},
		{.text = "v_cmp_eq_u32_sdwa $mask, v12, v13 src0_sel:BYTE_0 src1_sel:BYTE_2",
		 .targets = ON_GFX10,
		 .prepare = make_small,
		 .verify = verify_bytes},
	};

	(void)state;
	CHECK(tests);
}

/* ---- dual issue ---- */

static void verify_crossed_moves(const struct vector_state *before, const struct vector_state *after,
				 uint32_t lanes)
{
	for (uint32_t i = 0; i < lanes; i++) {
		const bool in = active(before, i);

		assert_int_equal(word(after, 12, i), in ? word(before, 13, i) : word(before, 12, i));
		assert_int_equal(word(after, 13, i), in ? word(before, 12, i) : word(before, 13, i));
	}
}

static void verify_two(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	for (uint32_t i = 0; i < lanes; i++) {
		const uint32_t sum = word(before, 12, i) + before->sgprs[5];
		const uint32_t fma = bits(f32(before, 1, i) * 123.5F + f32(before, 2, i));
		const bool in = active(before, i);

		assert_int_equal(word(after, 2, i), in ? fma : word(before, 2, i));
		assert_int_equal(word(after, 3, i), in ? sum : word(before, 3, i));
	}
}

static void verify_choice_and_product(const struct vector_state *before, const struct vector_state *after,
				      uint32_t lanes)
{
	for (uint32_t i = 0; i < lanes; i++) {
		const uint32_t chosen = word(before, before->vcc >> i & 1 ? 13 : 12, i);
		const uint32_t sum = bits(f32(before, 2, i) * f32(before, 1, i) + f32(before, 4, i));
		const bool in = active(before, i);

		assert_int_equal(word(after, 3, i), in ? chosen : word(before, 3, i));
		assert_int_equal(word(after, 4, i), in ? sum : word(before, 4, i));
	}
}

static void make_float(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++)
		s->vgprs[4][i] = bits(0.25F * (float)i);
}

static void both_halves_read_before_either_writes(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_dual_mov_b32 v12, v13 :: v_dual_mov_b32 v13, v12",
		 .targets = ON_GFX11 | ON_GFX12,
		 .verify = verify_crossed_moves,
		 .lanes = 32},
		{.text = "v_dual_fmamk_f32 v2, v1, 0x42f70000, v2 :: v_dual_add_nc_u32 v3, s5, v12",
		 .targets = ON_GFX11 | ON_GFX12,
		 .verify = verify_two,
		 .lanes = 32},
		{.text = "v_dual_cndmask_b32 v3, v12, v13 :: v_dual_fmac_f32 v4, v1, v2",
		 .targets = ON_GFX11 | ON_GFX12,
		 .verify = verify_choice_and_product,
		 .prepare = make_float,
		 .lanes = 32},
	};

	(void)state;
	CHECK(tests);
}

/* ---- registers that M0 says ---- */

static void index_by_1(struct vector_state *s)
{
	s->m0 = 1;
}

static void index_by_1_and_2(struct vector_state *s)
{
	s->m0 = 1 << 16 | 2;
}

EXPECT(next_register, word(s, 13, lane))
EXPECT(second_register, word(s, 14, lane))
EXPECT(same_register, word(s, 12, lane))

static void verify_swap(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	verify_crossed_moves(before, after, lanes);
}

static void swap_indices(struct vector_state *s)
{
	s->m0 = 2 << 16 | 1;
}

static void registers_are_moved_and_exchanged(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_mov_b32 v3, v12", .targets = ON_ALL, .expect = same_register},
		{.text = "v_movrels_b32 v3, v12",
		 .targets = ON_ALL,
		 .expect = next_register,
		 .prepare = index_by_1},
		{.text = "v_movreld_b32 v2, v12",
		 .targets = ON_ALL,
		 .expect = same_register,
		 .prepare = index_by_1},
		{.text = "v_movrelsd_b32 v2, v12",
		 .targets = ON_ALL,
		 .expect = next_register,
		 .prepare = index_by_1},
		{.text = "v_movrelsd_2_b32 v2, v12",
		 .targets = ON_ALL,
		 .expect = second_register,
		 .prepare = index_by_1_and_2},
		{.text = "v_swap_b32 v12, v13", .targets = ON_ALL, .verify = verify_swap},
		{.text = "v_swaprel_b32 v10, v12",
		 .targets = ON_ALL,
		 .prepare = swap_indices,
		 .verify = verify_swap},
	};

	(void)state;
	CHECK(tests);
}

/* ---- lanes ---- */

static void verify_read(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	assert_int_equal(after->sgprs[20], word(before, 12, 0x5678 % lanes));
	assert_memory_equal(before->vgprs, after->vgprs, sizeof(before->vgprs));
}

static void verify_first(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	uint32_t first = 0;

	for (uint32_t i = lanes; i-- > 0;)
		first = active(before, i) ? i : first;
	assert_int_equal(after->sgprs[20], word(before, 12, first));
}

static void verify_write(const struct vector_state *before, const struct vector_state *after, uint32_t lanes)
{
	for (uint32_t i = 0; i < lanes; i++)
		assert_int_equal(word(after, 3, i),
				 i == 0x5678 % lanes ? before->sgprs[5] : word(before, 3, i));
}

/* Lane i of a row reads lane 15 - i, but 3, which reads lane 0. */
static void put_selects(struct vector_state *s)
{
	s->sgprs[10] = 0x89ab0def;
	s->sgprs[11] = 0x01234567;
	for (uint32_t i = 0; i < ISA_LANES; i++)
		s->vgprs[13][i] = (i % 16 == 3 ? 0 : 15 - i % 16) | 0xabcdef30;
}

static uint32_t selected(uint32_t lane, bool cross)
{
	return (lane / 16 ^ (cross ? 1 : 0)) * 16 + (lane % 16 == 3 ? 0 : 15 - lane % 16);
}

EXPECT(permuted, word(s, 12, selected(lane, false)))
EXPECT(permuted_or_zero, active(s, selected(lane, false)) ? word(s, 12, selected(lane, false)) : 0)
EXPECT(permuted_across, word(s, 12, selected(lane, true)))
EXPECT(exchanged, lanes == 64 ? word(s, 12, lane ^ 32) : word(s, 3, lane))
EXPECT(lanes_below,
       (uint32_t)__builtin_popcountll(UINT64_C(0xf0f0ff000f0f00ff) & ((UINT64_C(1) << lane) - 1)) +
	       word(s, 12, lane))

static uint64_t permuted_lanes(uint64_t exec, uint32_t lanes)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < lanes; i++)
		mask |= (exec >> selected(i, false) & 1) << i;
	return mask;
}

static void put_bits(struct vector_state *s)
{
	s->sgprs[10] = 0x0f0f00ff;
	s->sgprs[11] = 0xf0f0ff00;
	for (uint32_t i = 0; i < ISA_LANES; i++)
		s->vgprs[RESULT][i] = word(s, 12, i);
}

static void values_go_between_lanes(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_readlane_b32 s20, v12, m0", .targets = ON_ALL, .verify = verify_read},
		{.text = "v_readfirstlane_b32 s20, v12", .targets = ON_ALL, .verify = verify_first},
		{.text = "v_writelane_b32 v3, s5, m0", .targets = ON_ALL, .verify = verify_write},
		{.text = "v_permlane16_b32 v3, v12, s10, s11",
		 .targets = ON_ALL,
		 .expect = permuted,
		 .prepare = put_selects,
		 .written = permuted_lanes},
		{.text = "v_permlane16_b32 v3, v12, s10, s11 op_sel:[1,0]",
		 .targets = ON_ALL,
		 .expect = permuted,
		 .prepare = put_selects},
		{.text = "v_permlane16_b32 v3, v12, s10, s11 op_sel:[0,1]",
		 .targets = ON_ALL,
		 .expect = permuted_or_zero,
		 .prepare = put_selects},
		{.text = "v_permlanex16_b32 v3, v12, s10, s11 op_sel:[1,0]",
		 .targets = ON_ALL,
		 .expect = permuted_across,
		 .prepare = put_selects},
		{.text = "v_permlane16_var_b32 v3, v12, v13",
		 .targets = ON_GFX12,
		 .expect = permuted,
		 .prepare = put_selects,
		 .written = permuted_lanes},
		{.text = "v_permlanex16_var_b32 v3, v12, v13 op_sel:[1,0]",
		 .targets = ON_GFX12,
		 .expect = permuted_across,
		 .prepare = put_selects},
		{.text = "v_permlane64_b32 v3, v12", .targets = ON_GFX11 | ON_GFX12, .expect = exchanged},
		{.text = "v_mbcnt_lo_u32_b32 v3, s10, v3\nv_mbcnt_hi_u32_b32 v3, s11, v3",
		 .targets = ON_ALL,
		 .expect = lanes_below,
		 .prepare = put_bits},
	};

	(void)state;
	CHECK(tests);
}

/* ---- what may not be ---- */

static void registers_that_the_wave_has_not_stop_it(void **state)
{
	struct vector_program programs[] = {
		{.target = ISA_GFX11, .lanes = 32, .text = "v_mov_b32 v64, v1"},
		{.target = ISA_GFX11, .lanes = 32, .text = "v_add_f64 v[10:11], v[63:64], v[6:7]"},
		{.target = ISA_GFX11, .lanes = 32, .text = "v_movrels_b32 v3, v12"},
		{.target = ISA_GFX11, .lanes = 32, .text = "v_dual_mov_b32 v2, v1 :: v_dual_mov_b32 v65, v2"},
		{.target = ISA_GFX11, .lanes = 32, .text = "v_cmp_lt_f32 vcc_lo, s5, v64"},
	};
	struct vector_state *s = calloc(1, sizeof(*s));

	(void)state;
	assert_non_null(s);
	vector_assemble(programs, sizeof(programs) / sizeof(programs[0]));
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		vector_reset(s, ISA_GFX11, 32);
		s->m0 = 60;
		vector_execute(&programs[i], s);
		if (s->fault.kind != ISA_FAULT_REGISTER)
			fail_msg("%s: %s", programs[i].text, isa_fault_name(s->fault.kind));
	}
	free(s);
}

/* wave_shl:1, which went with gfx9. */
static void patch_wave_shift(struct vector_program *program)
{
	program->words[1] = (program->words[1] & ~0x1ff00U) | 0x130U << 8;
}

/* The assembler would not make it. */
static void patch_size(struct vector_program *program)
{
	program->lanes = 64;
}

static void what_the_documents_exclude_stops_the_wave(void **state)
{
	struct vector_program programs[] = {
		{.target = ISA_GFX10_3, .lanes = 32, .text = "v_mov_b32_dpp v3, v1 row_shl:1"},
		{.target = ISA_GFX12, .lanes = 32, .text = "v_mov_b32_dpp v3, v1 row_shl:1"},
		{.target = ISA_GFX11, .lanes = 32, .text = "v_dual_mov_b32 v2, v1 :: v_dual_mov_b32 v3, v2"},
	};
	struct vector_state *s = calloc(1, sizeof(*s));

	(void)state;
	assert_non_null(s);
	vector_assemble(programs, 3);
	patch_wave_shift(&programs[0]);
	patch_wave_shift(&programs[1]);
	patch_size(&programs[2]);
	for (size_t i = 0; i < 3; i++) {
		vector_reset(s, programs[i].target, programs[i].lanes);
		vector_execute(&programs[i], s);
		if (s->fault.kind != ISA_FAULT_ILLEGAL)
			fail_msg("%s: %s", programs[i].text, isa_fault_name(s->fault.kind));
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_have_a_bit_per_lane),
		cmocka_unit_test(lanes_get_those_of_their_rows),
		cmocka_unit_test(parts_of_registers_are_operands),
		cmocka_unit_test(both_halves_read_before_either_writes),
		cmocka_unit_test(registers_are_moved_and_exchanged),
		cmocka_unit_test(values_go_between_lanes),
		cmocka_unit_test(registers_that_the_wave_has_not_stop_it),
		cmocka_unit_test(what_the_documents_exclude_stops_the_wave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
