// SPDX-License-Identifier: MIT
/* Operands of vector ALU instructions: constants, modifiers, halves of registers, and what MODE does to floats. */
#include "isa_valu_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- modifiers ---- */

EXPECT(neg_plus_abs, bits(-f32(s, 1, lane) + (f32(s, 2, lane) < 0 ? -f32(s, 2, lane) : f32(s, 2, lane))))
EXPECT(neg_abs_plus, bits(f32(s, 2, lane) - vector_float(word(s, 1, lane) & 0x7fffffff)))
EXPECT(fma_into_source, bits(f32(s, 1, lane) * -f32(s, 2, lane) + 0.5F))
EXPECT(neg_plus_abs_64, vector_double_bits(-f64(s, 6, lane) + vector_double(pair(s, 8, lane) << 1 >> 1)))
EXPECT(neg_plus_abs_16,
       half(-low(s, 4, lane) + widened(word(s, 5, lane) & 0x7fff)) | (word(s, 3, lane) & 0xffff0000))
EXPECT(choice, s->vcc >> lane & 1 ? word(s, 2, lane) & 0x7fffffff : word(s, 1, lane) ^ 0x80000000)
EXPECT(sum_of_words, word(s, 12, lane) + word(s, 13, lane))

static void half_in_result(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++)
		s->vgprs[RESULT][i] = bits(0.5F);
}

static void floats_are_negated_and_made_positive(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_add_f32 v3, -v1, |v2|", .targets = ON_ALL, .expect = neg_plus_abs},
		{.text = "v_add_f32 v3, -|v1|, v2", .targets = ON_ALL, .expect = neg_abs_plus},
		{.text = "v_fma_f32 v3, v1, -v2, |v3|",
		 .targets = ON_ALL,
		 .expect = fma_into_source,
		 .prepare = half_in_result},
		{.text = "v_add_f64 v[10:11], -v[6:7], |v[8:9]|",
		 .targets = ON_ALL,
		 .expect = neg_plus_abs_64,
		 .pair = true},
		{.text = "v_add_f16 v3, -v4, |v5|", .targets = ON_ALL, .expect = neg_plus_abs_16},
		{.text = "v_cndmask_b32 v3, -v1, |v2|, $vcc", .targets = ON_ALL, .expect = choice},
		{.text = "v_add_nc_u32_e64 v3, v12, v13", .targets = ON_ALL, .expect = sum_of_words},
	};

	(void)state;
	CHECK(tests);
}

/* ---- constants and scalars ---- */

EXPECT(half_plus, bits(0.5F + f32(s, 1, lane)))
EXPECT(half_plus_64, vector_double_bits(0.5 + f64(s, 6, lane)))
EXPECT(half_plus_16, half(0.5F + low(s, 4, lane)) | (word(s, 3, lane) & 0xffff0000))
EXPECT(three_plus_64, vector_double_bits(3 + f64(s, 6, lane)))
EXPECT(literal_plus, bits(123.25F + f32(s, 1, lane)))
EXPECT(literal_plus_16, half(12.5F + low(s, 4, lane)) | (word(s, 3, lane) & 0xffff0000))
EXPECT(literal_between, bits(f32(s, 1, lane) * 123.5F + f32(s, 2, lane)))
EXPECT(literal_last, bits(f32(s, 1, lane) * f32(s, 2, lane) + 123.5F))
EXPECT(word_of_half, bits(0.5F))
EXPECT(minus_three, (uint32_t)-3)
EXPECT(minus_three_plus_16, ((word(s, 4, lane) - 3) & 0xffff) | (word(s, 3, lane) & 0xffff0000))
EXPECT(shifted_64, pair(s, 6, lane) << 4)
EXPECT(shifted_constant, (uint64_t)-5 << (word(s, 12, lane) & 63))
EXPECT(scalar_plus, bits(1.25F + f32(s, 1, lane)))
EXPECT(scalar_negated, bits(-1.25F + f32(s, 1, lane)))
EXPECT(scalar_pair_plus, vector_double_bits(-2.75 + f64(s, 6, lane)))
EXPECT(scalar_half_plus, half(0.75F + low(s, 4, lane)) | (word(s, 3, lane) & 0xffff0000))
EXPECT(exec_low, (uint32_t)s->exec)
EXPECT(vcc_plus, (uint32_t)s->vcc + word(s, 12, lane))
EXPECT(m0_plus, s->m0 + word(s, 12, lane))
EXPECT(three_words, word(s, 12, lane) + 17 + s->sgprs[5])

static void constants_are_as_wide_as_operands(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_add_f32 v3, 0.5, v1", .targets = ON_ALL, .expect = half_plus},
		{.text = "v_add_f32 v3, v1, 0.5", .targets = ON_ALL, .expect = half_plus},
		{.text = "v_add_f16 v3, 0.5, v4", .targets = ON_ALL, .expect = half_plus_16},
		{.text = "v_add_f64 v[10:11], 0.5, v[6:7]",
		 .targets = ON_ALL,
		 .expect = half_plus_64,
		 .pair = true},
		{.text = "v_add_f64 v[10:11], 0x40080000, v[6:7]",
		 .targets = ON_ALL,
		 .expect = three_plus_64,
		 .pair = true},
		{.text = "v_add_f32 v3, 0x42f68000, v1", .targets = ON_ALL, .expect = literal_plus},
		{.text = "v_add_f16 v3, 0x4a40, v4", .targets = ON_ALL, .expect = literal_plus_16},
		{.text = "v_fmamk_f32 v3, v1, 0x42f70000, v2", .targets = ON_ALL, .expect = literal_between},
		{.text = "v_fmaak_f32 v3, v1, v2, 0x42f70000", .targets = ON_ALL, .expect = literal_last},
		{.text = "v_mov_b32 v3, 0.5", .targets = ON_ALL, .expect = word_of_half},
		{.text = "v_mov_b32 v3, -3", .targets = ON_ALL, .expect = minus_three},
		{.text = "v_add_nc_u16 v3, -3, v4", .targets = ON_ALL, .expect = minus_three_plus_16},
		{.text = "v_lshlrev_b64 v[10:11], 4, v[6:7]",
		 .targets = ON_ALL,
		 .expect = shifted_64,
		 .pair = true},
		{.text = "v_lshlrev_b64 v[10:11], v12, -5",
		 .targets = ON_ALL,
		 .expect = shifted_constant,
		 .pair = true},
	};

	(void)state;
	CHECK(tests);
}

static void scalars_are_the_same_for_all_lanes(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_add_f32 v3, s5, v1", .targets = ON_ALL, .expect = scalar_plus},
		{.text = "v_add_f32 v3, v1, s5", .targets = ON_ALL, .expect = scalar_plus},
		{.text = "v_add_f32 v3, -s5, v1", .targets = ON_ALL, .expect = scalar_negated},
		{.text = "v_add_f64 v[10:11], s[6:7], v[6:7]",
		 .targets = ON_ALL,
		 .expect = scalar_pair_plus,
		 .pair = true},
		{.text = "v_add_f16 v3, s8, v4", .targets = ON_ALL, .expect = scalar_half_plus},
		{.text = "v_mov_b32 v3, exec_lo", .targets = ON_ALL, .expect = exec_low},
		{.text = "v_add_nc_u32 v3, vcc_lo, v12", .targets = ON_ALL, .expect = vcc_plus},
		{.text = "v_add_nc_u32 v3, m0, v12", .targets = ON_ALL, .expect = m0_plus},
		{.text = "v_add3_u32 v3, v12, 17, s5", .targets = ON_ALL, .expect = three_words},
	};

	(void)state;
	CHECK(tests);
}

/* ---- halves ---- */

EXPECT(high_plus_low, (((word(s, 4, lane) >> 16) + word(s, 5, lane)) & 0xffff) | KEEP_HIGH)
EXPECT(low_plus_high_to_high, (word(s, 4, lane) + (word(s, 5, lane) >> 16)) << 16 | KEEP_LOW)
EXPECT(mad_to_high,
       ((word(s, 4, lane) & 0xffff) * (word(s, 5, lane) >> 16) + (word(s, 1, lane) >> 16)) << 16 | KEEP_LOW)
EXPECT(scalar_high_plus, (((s->sgprs[8] >> 16) + word(s, 5, lane)) & 0xffff) | KEEP_HIGH)
EXPECT(high_plus_high_16, half(high(s, 4, lane) + high(s, 5, lane)) << 16 | KEEP_LOW)
EXPECT(widened_high, bits(high(s, 4, lane)))
EXPECT(widened_low, bits(low(s, 4, lane)))

/* v4 and v5 are their upper halves, and so is the result. */
static void patch_halves(struct vector_program *program)
{
	program->words[0] |= 0x80 | 0x80U << 9 | 0x80U << 17;
}

static void patch_source_half(struct vector_program *program)
{
	program->words[0] |= 0x80;
}

static void halves_are_selected_and_the_other_one_kept(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_add_nc_u16 v3, v4, v5 op_sel:[1,0,0]",
		 .targets = ON_ALL,
		 .expect = high_plus_low},
		{.text = "v_add_nc_u16 v3, v4, v5 op_sel:[0,1,1]",
		 .targets = ON_ALL,
		 .expect = low_plus_high_to_high},
		{.text = "v_mad_u16 v3, v4, v5, v1 op_sel:[0,1,1,1]",
		 .targets = ON_ALL,
		 .expect = mad_to_high},
		{.text = "v_add_nc_u16 v3, s8, v5 op_sel:[1,0,0]",
		 .targets = ON_ALL,
		 .expect = scalar_high_plus},
		/* gfx11 names halves in the number of the register */
		{.text = "v_add_f16 v3, v4, v5",
		 .targets = ON_GFX11 | ON_GFX12,
		 .expect = high_plus_high_16,
		 .patch = patch_halves},
		{.text = "v_cvt_f32_f16 v3, v4",
		 .targets = ON_GFX11 | ON_GFX12,
		 .expect = widened_high,
		 .patch = patch_source_half},
		{.text = "v_cvt_f32_f16 v3, v4", .targets = ON_ALL, .expect = widened_low},
	};

	(void)state;
	CHECK(tests);
}

#define PACK(high, low) ((uint32_t)(high) << 16 | ((low)&0xffffU))

EXPECT(packed_sums,
       PACK((word(s, 4, lane) >> 16) + (word(s, 5, lane) >> 16), word(s, 4, lane) + word(s, 5, lane)))
EXPECT(packed_crossed,
       PACK(word(s, 4, lane) + (word(s, 5, lane) >> 16), (word(s, 4, lane) >> 16) + word(s, 5, lane)))
EXPECT(packed_negated,
       PACK(half(high(s, 4, lane) - high(s, 5, lane)), half(-low(s, 4, lane) + low(s, 5, lane))))
EXPECT(packed_constant, PACK(half(0.5F + high(s, 4, lane)), half(0.5F + low(s, 4, lane))))
EXPECT(packed_constant_low, PACK(half(high(s, 4, lane)), half(0.5F + low(s, 4, lane))))
EXPECT(packed_integer, PACK((word(s, 4, lane) >> 16) + 7, word(s, 4, lane) + 7))
EXPECT(packed_scalar, PACK(half(-2 + high(s, 4, lane)), half(0.75F + low(s, 4, lane))))

EXPECT(fmac_constant_low, PACK(word(s, 3, lane) >> 16, half(0.5F * low(s, 4, lane) + 0.25F)))
EXPECT(fmac_constant, PACK(half(0.5F * high(s, 4, lane) + 0.25F), half(0.5F * low(s, 4, lane) + 0.25F)))

static void quarters_in_result(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++)
		s->vgprs[RESULT][i] = half(0.25F) << 16 | half(0.25F);
}

static void packed_halves_are_arranged(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_pk_add_u16 v3, v4, v5", .targets = ON_ALL, .expect = packed_sums},
		{.text = "v_pk_add_u16 v3, v4, v5 op_sel:[1,0] op_sel_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = packed_crossed},
		{.text = "v_pk_add_f16 v3, v4, v5 neg_lo:[1,0] neg_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = packed_negated},
		{.text = "v_pk_add_f16 v3, 0.5, v4 op_sel_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = packed_constant},
		{.text = "v_pk_add_f16 v3, 0.5, v4", .targets = ON_ALL, .expect = packed_constant_low},
		{.text = "v_pk_add_u16 v3, 7, v4 op_sel_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = packed_integer},
		{.text = "v_pk_add_f16 v3, s8, v4", .targets = ON_ALL, .expect = packed_scalar},
		{.text = "v_pk_fmac_f16 v3, 0.5, v4",
		 .targets = ON_GFX10,
		 .expect = fmac_constant_low,
		 .prepare = quarters_in_result},
		{.text = "v_pk_fmac_f16 v3, 0.5, v4",
		 .targets = ON_GFX11 | ON_GFX12,
		 .expect = fmac_constant,
		 .prepare = quarters_in_result},
	};

	(void)state;
	CHECK(tests);
}

EXPECT(mixed, bits(high(s, 4, lane) * f32(s, 1, lane) + low(s, 5, lane)))
EXPECT(mixed_modified,
       bits(-widened(word(s, 4, lane) & 0x7fff) * vector_float(word(s, 1, lane) & 0x7fffffff) -
	    f32(s, 2, lane)))
EXPECT(mixed_low, half(low(s, 4, lane) * 0.5F + low(s, 5, lane)) | KEEP_HIGH)
EXPECT(mixed_high, half(low(s, 4, lane) * 0.5F + low(s, 5, lane)) << 16 | KEEP_LOW)

static void mixed_sources_are_halves_or_floats(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_fma_mix_f32 v3, v4, v1, v5 op_sel:[1,0,0] op_sel_hi:[1,0,1]",
		 .targets = ON_ALL,
		 .expect = mixed},
		{.text = "v_fma_mix_f32 v3, -|v4|, |v1|, -v2 op_sel_hi:[1,0,0]",
		 .targets = ON_ALL,
		 .expect = mixed_modified},
		{.text = "v_fma_mixlo_f16 v3, v4, 0.5, v5 op_sel_hi:[1,0,1]",
		 .targets = ON_ALL,
		 .expect = mixed_low},
		{.text = "v_fma_mixhi_f16 v3, v4, 0.5, v5 op_sel_hi:[1,0,1]",
		 .targets = ON_ALL,
		 .expect = mixed_high},
	};

	(void)state;
	CHECK(tests);
}

/* ---- sources before results ---- */

EXPECT(shift_into_itself, pair(s, 11, lane) << 1)
EXPECT(shift_of_upper, pair(s, 9, lane) << 1)
EXPECT(sum_of_itself, word(s, 3, lane) + word(s, 3, lane))
EXPECT(product_of_overlap, (uint64_t)word(s, 10, lane) * word(s, 11, lane) + pair(s, 10, lane))

static void sources_are_read_before_results_are_written(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_lshlrev_b64 v[10:11], 1, v[11:12]",
		 .targets = ON_ALL,
		 .expect = shift_into_itself,
		 .pair = true},
		{.text = "v_lshlrev_b64 v[10:11], 1, v[9:10]",
		 .targets = ON_ALL,
		 .expect = shift_of_upper,
		 .pair = true},
		{.text = "v_add_nc_u32 v3, v3, v3", .targets = ON_ALL, .expect = sum_of_itself},
		{.text = "v_mad_u64_u32 v[10:11], null, v10, v11, v[10:11]",
		 .targets = ON_ALL,
		 .expect = product_of_overlap,
		 .pair = true},
	};

	(void)state;
	CHECK(tests);
}

/* ---- MODE ---- */

#define TINY 1e-40F

static void tiny(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++) {
		s->vgprs[1][i] = bits(i & 1 ? TINY : -TINY);
		s->vgprs[2][i] = bits(1.17549435e-38F); /* the smallest normal */
		s->vgprs[4][i] = i & 1 ? 0x00010001 : 0x80018001;
		put_pair(s, 6, i, i & 1 ? 1e-310 : -1e-310);
	}
}

static void flush_all(struct vector_state *s)
{
	tiny(s);
	s->mode = (s->mode & ~0xf0U);
}

static void flush_results(struct vector_state *s)
{
	tiny(s);
	s->mode = (s->mode & ~0xf0U) | 0x50;
}

static void flush_floats_only(struct vector_state *s)
{
	tiny(s);
	s->mode = (s->mode & ~0xf0U) | 0xc0;
}

static void flush_doubles_only(struct vector_state *s)
{
	tiny(s);
	s->mode = (s->mode & ~0xf0U) | 0x30;
}

static void flush_sources(struct vector_state *s)
{
	tiny(s);
	s->mode = (s->mode & ~0xf0U) | 0xa0;
}

EXPECT(kept, word(s, 1, lane))
EXPECT(signed_zero, lane & 1 ? 0 : 0x80000000U)
EXPECT(kept_negated, word(s, 1, lane) ^ 0x80000000U)
EXPECT(signed_zero_negated, lane & 1 ? 0x80000000U : 0)
EXPECT(signed_zero_64, lane & 1 ? 0 : UINT64_C(1) << 63)
EXPECT(kept_64, pair(s, 6, lane))
EXPECT(packed_zeros, lane & 1 ? 0 : 0x80008000U)
EXPECT(kept_packed, word(s, 4, lane))
EXPECT(halved_normal, 0x00400000)
EXPECT(zero, 0)

static void denormals_are_flushed_as_mode_says(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_mul_f32 v3, 1.0, v1", .targets = ON_ALL, .expect = kept, .prepare = tiny},
		{.text = "v_mul_f32 v3, 1.0, v1",
		 .targets = ON_ALL,
		 .expect = signed_zero,
		 .prepare = flush_all},
		{.text = "v_mul_f32 v3, 1.0, v1",
		 .targets = ON_ALL,
		 .expect = signed_zero,
		 .prepare = flush_results},
		{.text = "v_mul_f32 v3, 1.0, -v1",
		 .targets = ON_ALL,
		 .expect = signed_zero_negated,
		 .prepare = flush_floats_only},
		{.text = "v_mul_f32 v3, 0.5, v2",
		 .targets = ON_ALL,
		 .expect = halved_normal,
		 .prepare = tiny},
		{.text = "v_mul_f32 v3, 0.5, v2",
		 .targets = ON_ALL,
		 .expect = zero,
		 .prepare = flush_results},
		{.text = "v_mul_f64 v[10:11], 1.0, v[6:7]",
		 .targets = ON_ALL,
		 .expect = kept_64,
		 .pair = true,
		 .prepare = flush_floats_only},
		{.text = "v_mul_f64 v[10:11], 1.0, v[6:7]",
		 .targets = ON_ALL,
		 .expect = signed_zero_64,
		 .pair = true,
		 .prepare = flush_all},
		{.text = "v_pk_mul_f16 v3, 1.0, v4 op_sel_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = kept_packed,
		 .prepare = flush_floats_only},
		{.text = "v_pk_mul_f16 v3, 1.0, v4 op_sel_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = packed_zeros,
		 .prepare = flush_all},
		{.text = "v_mul_f32 v3, 1.0, v1",
		 .targets = ON_ALL,
		 .expect = kept,
		 .prepare = flush_doubles_only},
		{.text = "v_mul_f32 v3, 1.0, v1",
		 .targets = ON_ALL,
		 .expect = signed_zero,
		 .prepare = flush_sources},
		{.text = "v_mul_f32 v3, 0.5, v2",
		 .targets = ON_ALL,
		 .expect = halved_normal,
		 .prepare = flush_sources},
		{.text = "v_mul_f64 v[10:11], 1.0, v[6:7]",
		 .targets = ON_ALL,
		 .expect = signed_zero_64,
		 .pair = true,
		 .prepare = flush_doubles_only},
		{.text = "v_mul_f64 v[10:11], 1.0, v[6:7]",
		 .targets = ON_ALL,
		 .expect = signed_zero_64,
		 .pair = true,
		 .prepare = flush_sources},
		{.text = "v_pk_mul_f16 v3, 1.0, v4 op_sel_hi:[0,1]",
		 .targets = ON_ALL,
		 .expect = packed_zeros,
		 .prepare = flush_sources},
		/* moves are none of MODE's business */
		{.text = "v_mov_b32 v3, v1", .targets = ON_ALL, .expect = kept, .prepare = flush_all},
		{.text = "v_cndmask_b32 v3, -v1, -v1, $vcc",
		 .targets = ON_ALL,
		 .expect = kept_negated,
		 .prepare = flush_all},
	};

	(void)state;
	CHECK(tests);
}

static void round_up(struct vector_state *s)
{
	s->mode |= 1;
	s->sgprs[5] = bits(1e-20F);
}

static void round_down(struct vector_state *s)
{
	s->mode |= 2;
	s->sgprs[5] = bits(1e-20F);
}

static void round_up_64(struct vector_state *s)
{
	s->mode |= 1 << 2;
	s->sgprs[5] = bits(1e-20F);
	s->sgprs[6] = (uint32_t)vector_double_bits(1e-20);
	s->sgprs[7] = (uint32_t)(vector_double_bits(1e-20) >> 32);
}

EXPECT(just_above_one, 0x3f800001)
EXPECT(one, 0x3f800000)
EXPECT(just_above_one_64, UINT64_C(0x3ff0000000000001))

static void results_are_rounded_as_mode_says(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_add_f32 v3, s5, 1.0",
		 .targets = ON_ALL,
		 .expect = just_above_one,
		 .prepare = round_up},
		{.text = "v_add_f32 v3, s5, 1.0", .targets = ON_ALL, .expect = one, .prepare = round_down},
		{.text = "v_add_f32 v3, s5, 1.0", .targets = ON_ALL, .expect = one, .prepare = round_up_64},
		{.text = "v_add_f64 v[10:11], s[6:7], 1.0",
		 .targets = ON_ALL,
		 .expect = just_above_one_64,
		 .pair = true,
		 .prepare = round_up_64},
	};

	(void)state;
	CHECK(tests);
}

static void modify(struct vector_state *s)
{
	s->mode = ISA_MODE_DX10_CLAMP;
	for (uint32_t i = 0; i < ISA_LANES; i++)
		s->vgprs[1][i] = i & 1 ? bits(3) : 0x80000000U;
}

static void modify_in_ieee_mode(struct vector_state *s)
{
	modify(s);
	s->mode |= ISA_MODE_IEEE;
}

static void modify_with_denormals(struct vector_state *s)
{
	modify(s);
	s->mode |= 0x20;
}

EXPECT(times_four, lane & 1 ? bits(12) : 0)
EXPECT(halved, lane & 1 ? bits(1.5F) : 0)
EXPECT(unmodified, word(s, 1, lane))

static void output_modifiers_need_flushed_denormals(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_mul_f32 v3, 1.0, v1 mul:4",
		 .targets = ON_ALL,
		 .expect = times_four,
		 .prepare = modify},
		{.text = "v_mul_f32 v3, 1.0, v1 div:2",
		 .targets = ON_ALL,
		 .expect = halved,
		 .prepare = modify},
		{.text = "v_mul_f32 v3, 1.0, v1 mul:4",
		 .targets = ON_GFX10 | ON_GFX11,
		 .expect = unmodified,
		 .prepare = modify_in_ieee_mode},
		{.text = "v_mul_f32 v3, 1.0, v1 mul:4",
		 .targets = ON_ALL,
		 .expect = unmodified,
		 .prepare = modify_with_denormals},
	};

	(void)state;
	CHECK(tests);
}

static const uint32_t clamped_from[4] = {0x7fc00000, 0xbf000000, 0x3f000000, 0x40000000};
static const uint32_t clamped_to[4] = {0, 0, 0x3f000000, 0x3f800000};

static void clamp(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++) {
		s->vgprs[1][i] = clamped_from[i % 4];
		s->vgprs[4][i] = i & 1 ? 0x4000b800 : 0x7e003800;
		s->vgprs[12][i] = UINT32_MAX - i % 4;
	}
}

static void clamp_but_nan(struct vector_state *s)
{
	clamp(s);
	s->mode &= ~ISA_MODE_DX10_CLAMP;
}

EXPECT(clamped, clamped_to[lane % 4])
EXPECT(clamped_but_nan, lane % 4 ? clamped_to[lane % 4] : 0x7fc00000)
EXPECT(clamped_pair, lane & 1 ? 0x3c000000 : 0x00003800)
EXPECT(saturated, lane % 4 == 3 ? UINT32_MAX - 1 : UINT32_MAX)

static void results_are_clamped(void **state)
{
	static const struct test_case tests[] = {
		{.text = "v_mul_f32 v3, 1.0, v1 clamp",
		 .targets = ON_ALL,
		 .expect = clamped,
		 .prepare = clamp},
		{.text = "v_mul_f32 v3, 1.0, v1 clamp",
		 .targets = ON_GFX10 | ON_GFX11,
		 .expect = clamped_but_nan,
		 .prepare = clamp_but_nan},
		{.text = "v_mul_f32 v3, 1.0, v1 clamp",
		 .targets = ON_GFX12,
		 .expect = clamped,
		 .prepare = clamp_but_nan},
		{.text = "v_pk_mul_f16 v3, 1.0, v4 op_sel_hi:[0,1] clamp",
		 .targets = ON_ALL,
		 .expect = clamped_pair,
		 .prepare = clamp},
		{.text = "v_add_nc_u32 v3, v12, 2 clamp",
		 .targets = ON_ALL,
		 .expect = saturated,
		 .prepare = clamp},
	};

	(void)state;
	CHECK(tests);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floats_are_negated_and_made_positive),
		cmocka_unit_test(constants_are_as_wide_as_operands),
		cmocka_unit_test(scalars_are_the_same_for_all_lanes),
		cmocka_unit_test(halves_are_selected_and_the_other_one_kept),
		cmocka_unit_test(packed_halves_are_arranged),
		cmocka_unit_test(mixed_sources_are_halves_or_floats),
		cmocka_unit_test(sources_are_read_before_results_are_written),
		cmocka_unit_test(denormals_are_flushed_as_mode_says),
		cmocka_unit_test(results_are_rounded_as_mode_says),
		cmocka_unit_test(output_modifiers_need_flushed_denormals),
		cmocka_unit_test(results_are_clamped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
