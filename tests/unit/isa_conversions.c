// SPDX-License-Identifier: MIT
/*
 * Conversions that isa_floats.c lacks, by AMD's Instruction Set Architecture documents: packed, normalized, of bytes, and of the floats
 * of 8 bits (Open Compute Project: OFP8) that gfx12 has.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"

static uint64_t pair_of(uint64_t low, uint64_t high)
{
	return (low & 0xffff) | (high & 0xffff) << 16;
}

/* ---- packed ---- */

static uint64_t i16_of(double value)
{
	return (uint64_t)(int64_t)limited(trunc(value), -32768, 32767);
}

static uint64_t u16_of(double value)
{
	return (uint64_t)limited(trunc(value), 0, 65535);
}

EXPECT(pk_rtz, pair_of(half_to_zero(a), half_to_zero(b)))
EXPECT(pk_i16_f32, pair_of(i16_of(number(a)), i16_of(number(b))))
EXPECT(pk_u16_f32, pair_of(u16_of(number(a)), u16_of(number(b))))
EXPECT(pk_i16_i32,
       pair_of((uint64_t)within((int32_t)a, -32768, 32767), (uint64_t)within((int32_t)b, -32768, 32767)))
EXPECT(pk_u16_u32, pair_of((uint64_t)within((int64_t)a, 0, 65535), (uint64_t)within((int64_t)b, 0, 65535)))
EXPECT(i32_i16, a & 0x8000 ? a | 0xffff0000 : a)
EXPECT(u32_u16, a & 0xffff)
EXPECT(f16_i16, (d & 0xffff0000) | vector_half_bits((int16_t)a))
EXPECT(byte_0, vector_float_bits((float)(a & 0xff)))
EXPECT(byte_1, vector_float_bits((float)(a >> 8 & 0xff)))
EXPECT(byte_3, vector_float_bits((float)(a >> 24 & 0xff)))
EXPECT(off_i4, vector_float_bits((float)((int)(a & 7) - (int)(a & 8)) / 16))

/* The only conversion to an integer that rounds as MODE says: to the nearest here. */
static uint64_t u8_in_word(struct vector_lane *lane)
{
	const unsigned shift = 8 * (lane->b & 3);

	return (lane->c & ~(0xffull << shift)) | (uint64_t)limited(rint(number(lane->a)), 0, 255) << shift;
}

/* ---- normalized: of what lies half-way between two integers nobody says which is taken ---- */

static uint64_t normalized(double value, double low, double scale)
{
	value = limited(value, low, 1) * scale;
	return (uint64_t)(int64_t)floor(value + 0.5);
}

#define NORMALIZED(name, low, scale, to_number) \
	EXPECT(name, pair_of(normalized(to_number(a), low, scale), normalized(to_number(b), low, scale)))
#define NORMALIZED_HALF(name, low, scale) \
	EXPECT(name, (d & 0xffff0000) | (normalized(vector_half(a), low, scale) & 0xffff))

NORMALIZED(pk_i16_f32_norm, -1, 32767, number)
NORMALIZED(pk_u16_f32_norm, 0, 65535, number)
NORMALIZED(pk_i16_f16_norm, -1, 32767, vector_half)
NORMALIZED(pk_u16_f16_norm, 0, 65535, vector_half)
NORMALIZED_HALF(one_i16_f16_norm, -1, 32767)
NORMALIZED_HALF(one_u16_f16_norm, 0, 65535)

static bool beside(uint64_t got, uint64_t wanted)
{
	const uint64_t apart = (got - wanted) & 0xffff;

	return apart == 0 || apart == 1 || apart == 0xffff;
}

static bool same_normalized(uint64_t got, uint64_t wanted)
{
	return beside(got, wanted) && beside(got >> 16, wanted >> 16);
}

static void packed(void **state)
{
#define NORM(text, VALUES, expect) ROW_SAME(text, ON_ALL, VALUES, VALUES, NONE, U32, expect, same_normalized)
	static const struct vector_row rows[] = {
		ROW_SAME("v_cvt_pkrtz_f16_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, U32, pk_rtz,
			 vector_same_pair_f16),
		ROW("v_cvt_pk_i16_f32 $d, $a, $b", ON_NEW, F32, F32, NONE, U32, pk_i16_f32),
		ROW("v_cvt_pk_u16_f32 $d, $a, $b", ON_NEW, F32, F32, NONE, U32, pk_u16_f32),
		ROW("v_cvt_pk_i16_i32 $d, $a, $b", ON_ALL, U32, U32, NONE, U32, pk_i16_i32),
		ROW("v_cvt_pk_u16_u32 $d, $a, $b", ON_ALL, U32, U32, NONE, U32, pk_u16_u32),
		ROW("v_cvt_i32_i16 $d, $a", ON_NEW, U16, NONE, NONE, U32, i32_i16),
		ROW("v_cvt_u32_u16 $d, $a", ON_NEW, U16, NONE, NONE, U32, u32_u16),
		ROW("v_cvt_f16_i16 $d, $a", ON_ALL, U16, NONE, NONE, U32, f16_i16),
		ROW("v_cvt_f32_ubyte0 $d, $a", ON_ALL, U32, NONE, NONE, F32, byte_0),
		ROW("v_cvt_f32_ubyte1 $d, $a", ON_ALL, U32, NONE, NONE, F32, byte_1),
		ROW("v_cvt_f32_ubyte3 $d, $a", ON_ALL, U32, NONE, NONE, F32, byte_3),
		ROW("v_cvt_off_f32_i4 $d, $a", ON_ALL, U32, NONE, NONE, F32, off_i4),
		ROW("v_cvt_pk_u8_f32 $d, $a, $b, $c", ON_ALL, F32, U32, U32, U32, u8_in_word),
		NORM("v_cvt_pknorm_i16_f32 $d, $a, $b", F32, pk_i16_f32_norm),
		NORM("v_cvt_pknorm_u16_f32 $d, $a, $b", F32, pk_u16_f32_norm),
		NORM("v_cvt_pknorm_i16_f16 $d, $a, $b", F16, pk_i16_f16_norm),
		NORM("v_cvt_pknorm_u16_f16 $d, $a, $b", F16, pk_u16_f16_norm),
		ROW_SAME("v_cvt_norm_i16_f16 $d, $a", ON_ALL, F16, NONE, NONE, U32, one_i16_f16_norm,
			 same_normalized),
		ROW_SAME("v_cvt_norm_u16_f16 $d, $a", ON_ALL, F16, NONE, NONE, U32, one_u16_f16_norm,
			 same_normalized),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* Numbers from -1.5 to 1.5, which random ones seldom are. */
EXPECT(small_i16, pk_i16_f32_norm(&(struct vector_lane){
			  .a = vector_float_bits((float)(int32_t)a * 0x1.8p-31f),
			  .b = vector_float_bits((float)(int32_t)b * 0x1.8p-31f),
		  }))
EXPECT(small_u16, pk_u16_f32_norm(&(struct vector_lane){
			  .a = vector_float_bits((float)(int32_t)a * 0x1.8p-31f),
			  .b = vector_float_bits((float)(int32_t)b * 0x1.8p-31f),
		  }))

#define SMALL                                                                            \
	"v_cvt_f32_i32 v20, $a\nv_mul_f32 v20, 0x30400000, v20\nv_cvt_f32_i32 v21, $b\n" \
	"v_mul_f32 v21, 0x30400000, v21\n"

static void normalized_numbers(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME(SMALL "v_cvt_pknorm_i16_f32 $d, v20, v21", ON_ALL, U32, U32, NONE, U32, small_i16,
			 same_normalized),
		ROW_SAME(SMALL "v_cvt_pknorm_u16_f32 $d, v20, v21", ON_ALL, U32, U32, NONE, U32, small_u16,
			 same_normalized),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- floats of 8 bits ---- */

struct small_float {
	int mantissa;
	bool has_infinity;
	double most;
	double too_much; /* rounds to something larger than the most */
};

/* E4M3 and E5M2. */
static const struct small_float fp8 = {3, false, 448, 464}, bf8 = {2, true, 57344, 61440};

static double small_value(const struct small_float *type, uint64_t bits)
{
	return vector_small_float(bits, type->mantissa);
}

static bool small_nan(const struct small_float *type, uint64_t bits)
{
	return isnan(small_value(type, bits & 0xff));
}

/* The nearest; what is too much is infinite, or a NaN without infinities. */
static uint64_t small_bits(const struct small_float *type, double value)
{
	const uint64_t sign = signbit(value) ? 0x80 : 0;
	const double magnitude = fabs(value);
	uint64_t at = 0;

	if (isnan(value))
		return sign | 0x7f;
	if (magnitude > type->too_much || (magnitude == type->too_much && type->has_infinity))
		return sign | (type->has_infinity ? 0x7c : 0x7f);
	/* the largest that is not larger, then the nearer of it and the next */
	while (at + 1 < 0x7f && small_value(type, at + 1) <= magnitude && small_value(type, at) < type->most)
		at++;
	if (small_value(type, at) < type->most) {
		const double below = magnitude - small_value(type, at),
			     above = small_value(type, at + 1) - magnitude;

		if (above < below || (above == below && at & 1))
			at++;
	}
	return sign | at;
}

EXPECT(f32_fp8, vector_float_bits((float)small_value(&fp8, a & 0xff)))
EXPECT(f32_bf8, vector_float_bits((float)small_value(&bf8, a & 0xff)))
EXPECT(f32_fp8_1, vector_float_bits((float)small_value(&fp8, a >> 8 & 0xff)))
EXPECT(f32_bf8_3, vector_float_bits((float)small_value(&bf8, a >> 24 & 0xff)))

static uint64_t two_floats(const struct small_float *type, uint64_t bits)
{
	return vector_float_bits((float)small_value(type, bits & 0xff)) |
	       vector_float_bits((float)small_value(type, bits >> 8 & 0xff)) << 32;
}

EXPECT(two_fp8, two_floats(&fp8, a))
EXPECT(two_bf8, two_floats(&bf8, a))
EXPECT(two_fp8_upper, two_floats(&fp8, a >> 16))
EXPECT(pk_fp8, (d & 0xffff0000) | small_bits(&fp8, number(a)) | small_bits(&fp8, number(b)) << 8)
EXPECT(pk_bf8, (d & 0xffff0000) | small_bits(&bf8, number(a)) | small_bits(&bf8, number(b)) << 8)
EXPECT(pk_fp8_upper, (d & 0xffff) | small_bits(&fp8, number(a)) << 16 | small_bits(&fp8, number(b)) << 24)

static bool same_two_f32(uint64_t got, uint64_t wanted)
{
	return vector_same_f32(got & 0xffffffff, wanted & 0xffffffff) &&
	       vector_same_f32(got >> 32, wanted >> 32);
}

static bool same_small(const struct small_float *type, uint64_t got, uint64_t wanted)
{
	for (unsigned i = 0; i < 32; i += 8)
		if ((got >> i & 0xff) != (wanted >> i & 0xff) &&
		    !(small_nan(type, got >> i) && small_nan(type, wanted >> i)))
			return false;
	return true;
}

static bool same_fp8(uint64_t got, uint64_t wanted)
{
	return same_small(&fp8, got, wanted);
}

static bool same_bf8(uint64_t got, uint64_t wanted)
{
	return same_small(&bf8, got, wanted);
}

/*
 * By chance: of a number between two either may come, that of less magnitude for a chance of 0 and the other for all ones; a number that
 * is one of them stays.
 */
static bool by_chance(const struct small_float *type, uint64_t got, uint64_t bits)
{
	const double value = number(bits), chosen = small_value(type, got & 0xff);
	const uint64_t at = got & 0x7f;

	if (isnan(value) || fabs(value) > type->most || fabs(value) < 0x1p-14)
		return true; /* large and small ones: below */
	if (type == &fp8 && fabs(value) < 0x1p-6)
		return true;
	if (signbit(value) != signbit(chosen))
		return false;
	if (chosen == value)
		return true;
	if (fabs(chosen) < fabs(value))
		return fabs(small_value(type, at + 1)) > fabs(value);
	return at && fabs(small_value(type, at - 1)) < fabs(value);
}

static bool chance_fp8(uint64_t got, uint64_t wanted)
{
	return by_chance(&fp8, got, wanted);
}

static bool chance_bf8(uint64_t got, uint64_t wanted)
{
	return by_chance(&bf8, got, wanted);
}

/* To zero, as no chance has it. */
static bool to_zero_fp8(uint64_t got, uint64_t wanted)
{
	return chance_fp8(got, wanted) && (!(fabs(number(wanted)) <= 448 && fabs(number(wanted)) >= 0x1p-6) ||
					   fabs(small_value(&fp8, got & 0xff)) <= fabs(number(wanted)));
}

static bool to_zero_bf8(uint64_t got, uint64_t wanted)
{
	return chance_bf8(got, wanted) &&
	       (!(fabs(number(wanted)) <= 57344 && fabs(number(wanted)) >= 0x1p-14) ||
		fabs(small_value(&bf8, got & 0xff)) <= fabs(number(wanted)));
}

EXPECT(number_itself, a)

/* The other bytes stay. */
EXPECT(others_stay, d & 0xffffff00)
EXPECT(others_stay_2, d & 0xff00ffff)

static bool same_but_first(uint64_t got, uint64_t wanted)
{
	return (got & 0xffffff00) == wanted;
}

static bool same_but_third(uint64_t got, uint64_t wanted)
{
	return (got & 0xff00ffff) == wanted;
}

static void small_floats(void **state)
{
#define SMALL_1(text, VALUES, D, expect, same) ROW_SAME(text, ON_GFX12, VALUES, NONE, NONE, D, expect, same)
#define SMALL_2(text, B, expect, same)	       ROW_SAME(text, ON_GFX12, F32, B, NONE, U32, expect, same)
	static const struct vector_row rows[] = {
		SMALL_1("v_cvt_f32_fp8 $d, $a", U32, F32, f32_fp8, vector_same_f32),
		SMALL_1("v_cvt_f32_bf8 $d, $a", U32, F32, f32_bf8, vector_same_f32),
		SMALL_1("v_cvt_f32_fp8_e64 $d, $a byte_sel:1", U32, F32, f32_fp8_1, vector_same_f32),
		SMALL_1("v_cvt_f32_bf8_e64 $d, $a byte_sel:3", U32, F32, f32_bf8_3, vector_same_f32),
		SMALL_1("v_cvt_pk_f32_fp8 $d, $a", U32, F64, two_fp8, same_two_f32),
		SMALL_1("v_cvt_pk_f32_bf8 $d, $a", U32, F64, two_bf8, same_two_f32),
		SMALL_1("v_cvt_pk_f32_fp8_e64 $d, $a op_sel:[1,0]", U32, F64, two_fp8_upper, same_two_f32),
		SMALL_2("v_cvt_pk_fp8_f32 $d, $a, $b", F32, pk_fp8, same_fp8),
		SMALL_2("v_cvt_pk_bf8_f32 $d, $a, $b", F32, pk_bf8, same_bf8),
		SMALL_2("v_cvt_pk_fp8_f32 $d, $a, $b op_sel:[0,0,1]", F32, pk_fp8_upper, same_fp8),
		SMALL_2("v_cvt_sr_fp8_f32 $d, $a, $b", U32, number_itself, chance_fp8),
		SMALL_2("v_cvt_sr_bf8_f32 $d, $a, $b", U32, number_itself, chance_bf8),
		SMALL_2("v_mov_b32 $b, 0\nv_cvt_sr_fp8_f32 $d, $a, $b", U32, number_itself, to_zero_fp8),
		SMALL_2("v_mov_b32 $b, 0\nv_cvt_sr_bf8_f32 $d, $a, $b", U32, number_itself, to_zero_bf8),
		SMALL_2("v_cvt_sr_fp8_f32 $d, $a, $b", U32, others_stay, same_but_first),
		SMALL_2("v_cvt_sr_bf8_f32 $d, $a, $b byte_sel:2", U32, others_stay_2, same_but_third),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* Floats of the range of these, which random ones seldom are: small integers, divided. */
#define RANGED(type, first)                                            \
	(d & 0xffff0000) | small_bits(type, ldexp((double)a, first)) | \
		small_bits(type, ldexp((int16_t)b, -18)) << 8

EXPECT(ranged_fp8, RANGED(&fp8, -6))
EXPECT(ranged_bf8, RANGED(&bf8, 0))

#define DIVIDED(first)                                                                       \
	"v_cvt_f32_i32 v20, $a\nv_ldexp_f32 v20, v20, " first "\nv_bfe_i32 v22, $b, 0, 16\n" \
	"v_cvt_f32_i32 v22, v22\nv_ldexp_f32 v22, v22, -18\n"

static void small_floats_of_their_range(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME(DIVIDED("-6") "v_cvt_pk_fp8_f32 $d, v20, v22", ON_GFX12, U16, U16, NONE, U32,
			 ranged_fp8, same_fp8),
		ROW_SAME(DIVIDED("0") "v_cvt_pk_bf8_f32 $d, v20, v22", ON_GFX12, U16, U16, NONE, U32,
			 ranged_bf8, same_bf8),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed),
		cmocka_unit_test(normalized_numbers),
		cmocka_unit_test(small_floats),
		cmocka_unit_test(small_floats_of_their_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
