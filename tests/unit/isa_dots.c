// SPDX-License-Identifier: MIT
/*
 * Dot products and sums of differences that write more than a pair, by AMD's Instruction Set Architecture documents.  In which order
 * floats are added and where they are rounded is left open: what is wanted is the exact sum, give or take.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_expect.h"

/* ---- integers ---- */

static int64_t part(uint64_t word, unsigned number, unsigned bits, bool sign)
{
	const uint64_t value = word >> (number * bits) & ((1ull << bits) - 1);

	return (int64_t)value - (sign && value >> (bits - 1) ? 1ll << bits : 0);
}

static int64_t products(uint64_t a, uint64_t b, unsigned bits, bool a_sign, bool b_sign)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < 32 / bits; i++)
		sum += part(a, i, bits, a_sign) * part(b, i, bits, b_sign);
	return sum;
}

EXPECT_32(dot2_i16, products(a, b, 16, true, true) + s32(c))
EXPECT_32(dot2_u16, products(a, b, 16, false, false) + (int64_t)c)
EXPECT_32(dot4_i8, products(a, b, 8, true, true) + s32(c))
EXPECT_32(dot4_u8, products(a, b, 8, false, false) + (int64_t)c)
EXPECT_32(dot8_i4, products(a, b, 4, true, true) + s32(c))
EXPECT_32(dot8_u4, products(a, b, 4, false, false) + (int64_t)c)
EXPECT_32(dot4c_i8, products(a, b, 8, true, true) + s32(d))
EXPECT_32(dot2_i16_clamped, within(products(a, b, 16, true, true) + s32(c), INT32_MIN, INT32_MAX))
EXPECT_32(dot2_u16_clamped, within(products(a, b, 16, false, false) + (int64_t)c, 0, UINT32_MAX))
EXPECT_32(dot4_i8_clamped, within(products(a, b, 8, true, true) + s32(c), INT32_MIN, INT32_MAX))
EXPECT_32(dot4_u8_clamped, within(products(a, b, 8, false, false) + (int64_t)c, 0, UINT32_MAX))
EXPECT_32(dot4_iu8, products(a, b, 8, true, false) + s32(c))
EXPECT_32(dot4_ui8, products(a, b, 8, false, true) + s32(c))
EXPECT_32(dot4_iu8_clamped, within(products(a, b, 8, true, false) + s32(c), INT32_MIN, INT32_MAX))
EXPECT_32(dot8_iu4, products(a, b, 4, true, false) + s32(c))
EXPECT_32(dot8_ui4, products(a, b, 4, false, true) + s32(c))

#define DOT(text, targets, expect)   ROW(text, targets, U32, U32, U32, U32, expect)
#define DOT_3(name, targets, expect) DOT(name " $d, $a, $b, $c", targets, expect)

static void integers(void **state)
{
	static const struct vector_row rows[] = {
		DOT_3("v_dot2_i32_i16", ON_GFX10, dot2_i16),
		DOT_3("v_dot2_u32_u16", ON_GFX10, dot2_u16),
		DOT_3("v_dot4_i32_i8", ON_GFX10, dot4_i8),
		DOT_3("v_dot4_u32_u8", ON_ALL, dot4_u8),
		DOT_3("v_dot8_i32_i4", ON_GFX10, dot8_i4),
		DOT_3("v_dot8_u32_u4", ON_ALL, dot8_u4),
		DOT("v_dot4c_i32_i8 $d, $a, $b", ON_GFX10, dot4c_i8),
		DOT("v_dot2_i32_i16 $d, $a, $b, $c clamp", ON_GFX10, dot2_i16_clamped),
		DOT("v_dot2_u32_u16 $d, $a, $b, $c clamp", ON_GFX10, dot2_u16_clamped),
		DOT("v_dot4_i32_i8 $d, $a, $b, $c clamp", ON_GFX10, dot4_i8_clamped),
		DOT("v_dot4_u32_u8 $d, $a, $b, $c clamp", ON_ALL, dot4_u8_clamped),
		DOT("v_dot4_i32_iu8 $d, $a, $b, $c neg_lo:[1,0,0]", ON_NEW, dot4_iu8),
		DOT("v_dot4_i32_iu8 $d, $a, $b, $c neg_lo:[0,1,0]", ON_NEW, dot4_ui8),
		DOT("v_dot4_i32_iu8 $d, $a, $b, $c neg_lo:[1,1,0]", ON_NEW, dot4_i8),
		DOT("v_dot4_i32_iu8 $d, $a, $b, $c", ON_NEW, dot4_u8),
		DOT("v_dot4_i32_iu8 $d, $a, $b, $c neg_lo:[1,0,0] clamp", ON_NEW, dot4_iu8_clamped),
		DOT("v_dot8_i32_iu4 $d, $a, $b, $c neg_lo:[1,0,0]", ON_NEW, dot8_iu4),
		DOT("v_dot8_i32_iu4 $d, $a, $b, $c neg_lo:[0,1,0]", ON_NEW, dot8_ui4),
		DOT("v_dot8_i32_iu4 $d, $a, $b, $c neg_lo:[1,1,0]", ON_NEW, dot8_i4),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- floats ---- */

/* What the sum that is wanted was made of: the last one. */
static double reach;

static uint64_t exact(const double *a, const double *b, unsigned count, double c)
{
	double sum = c;

	reach = fabs(c);
	for (unsigned i = 0; i < count; i++) {
		sum += a[i] * b[i];
		reach += fabs(a[i] * b[i]);
	}
	return vector_double_bits(sum);
}

static bool near(double got, double wanted, double most, double unit, double least)
{
	if (isnan(wanted) || isinf(reach))
		return isnan(got) || isinf(got);
	if (fabs(wanted) > most)
		return fabs(got) >= most * 0.99;
	return fabs(got - wanted) <= reach * unit + least;
}

#define NO_RULE UINT64_MAX

static bool near_f32(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE ||
	       near((double)vector_float(got), vector_double(wanted), 0x1p127, 0x1p-21, 0x1p-126);
}

static bool near_f16(uint64_t got, uint64_t wanted)
{
	return near(vector_half(got & 0xffff), vector_double(wanted), 65504, 0x1p-10, 0x1p-14);
}

static double bf16(uint64_t bits)
{
	return (double)vector_float((bits & 0xffff) << 16);
}

static bool near_bf16(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || near(bf16(got), vector_double(wanted), 0x1p127, 0x1p-7, 0x1p-126);
}

static double fp8(uint64_t bits)
{
	return vector_small_float(bits & 0xff, 3);
}

static double bf8(uint64_t bits)
{
	return vector_small_float(bits & 0xff, 2);
}

static double half(uint64_t bits)
{
	return vector_half(bits & 0xffff);
}

#define FLOAT_DOT(name, bits, a_value, b_value, c_value)      \
	static uint64_t name(struct vector_lane *lane)        \
	{                                                     \
		double as[32 / (bits)], bs[32 / (bits)];      \
                                                              \
		for (unsigned i = 0; i < 32 / (bits); i++) {  \
			as[i] = a_value(lane->a >> (bits)*i); \
			bs[i] = b_value(lane->b >> (bits)*i); \
		}                                             \
		return exact(as, bs, 32 / (bits), c_value);   \
	}

FLOAT_DOT(dot2_f32_f16, 16, half, half, (double)vector_float(lane->c))
FLOAT_DOT(dot2acc_f32_f16, 16, half, half, (double)vector_float(lane->d))
FLOAT_DOT(dot2_f16_f16, 16, half, half, half(lane->c))
/* Whether denormals of this type are flushed is left open. */
static bool has_denormal(uint64_t word)
{
	return (!(word & 0x7f80) && word & 0x7f) || (!(word >> 16 & 0x7f80) && word >> 16 & 0x7f);
}

#define BF16_DOT(name, c_value)                                     \
	FLOAT_DOT(name##_by_rule, 16, bf16, bf16, c_value)          \
	static uint64_t name(struct vector_lane *lane)              \
	{                                                           \
		if (has_denormal(lane->a) || has_denormal(lane->b)) \
			return NO_RULE;                             \
		return name##_by_rule(lane);                        \
	}

BF16_DOT(dot2_f32_bf16, (double)vector_float(lane->c))
BF16_DOT(dot2_bf16_bf16, bf16(lane->c))
FLOAT_DOT(dot4_fp8_fp8, 8, fp8, fp8, (double)vector_float(lane->c))
FLOAT_DOT(dot4_fp8_bf8, 8, fp8, bf8, (double)vector_float(lane->c))
FLOAT_DOT(dot4_bf8_fp8, 8, bf8, fp8, (double)vector_float(lane->c))
FLOAT_DOT(dot4_bf8_bf8, 8, bf8, bf8, (double)vector_float(lane->c))

static void floats(void **state)
{
#define FLOATS(text, targets, A, C, expect, same) ROW_SAME(text, targets, A, A, C, U32, expect, same)
	static const struct vector_row rows[] = {
		FLOATS("v_dot2_f32_f16 $d, $a, $b, $c", ON_ALL, PAIR_F16, F32, dot2_f32_f16, near_f32),
		FLOATS("v_dot2c_f32_f16 $d, $a, $b", ON_GFX10, PAIR_F16, NONE, dot2acc_f32_f16, near_f32),
		FLOATS("v_dot2acc_f32_f16 $d, $a, $b", ON_GFX11, PAIR_F16, NONE, dot2acc_f32_f16, near_f32),
		FLOATS("v_dot2_f16_f16 $d, $a, $b, $c", ON_NEW, PAIR_F16, F16, dot2_f16_f16, near_f16),
		FLOATS("v_dot2_f32_bf16 $d, $a, $b, $c", ON_NEW, U32, F32, dot2_f32_bf16, near_f32),
		FLOATS("v_dot2_bf16_bf16 $d, $a, $b, $c", ON_NEW, U32, U16, dot2_bf16_bf16, near_bf16),
		FLOATS("v_dot4_f32_fp8_fp8 $d, $a, $b, $c", ON_GFX12, U32, F32, dot4_fp8_fp8, near_f32),
		FLOATS("v_dot4_f32_fp8_bf8 $d, $a, $b, $c", ON_GFX12, U32, F32, dot4_fp8_bf8, near_f32),
		FLOATS("v_dot4_f32_bf8_fp8 $d, $a, $b, $c", ON_GFX12, U32, F32, dot4_bf8_fp8, near_f32),
		FLOATS("v_dot4_f32_bf8_bf8 $d, $a, $b, $c", ON_GFX12, U32, F32, dot4_bf8_bf8, near_f32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* The upper half of the register stays. */
static uint64_t upper_half(struct vector_lane *lane)
{
	return lane->d & 0xffff0000;
}

static bool same_upper_half(uint64_t got, uint64_t wanted)
{
	return (got & 0xffff0000) == wanted;
}

static void halves_stay(void **state)
{
	static const struct vector_row rows[] = {
		FLOATS("v_dot2_f16_f16 $d, $a, $b, $c", ON_NEW, PAIR_F16, F16, upper_half, same_upper_half),
		FLOATS("v_dot2_bf16_bf16 $d, $a, $b, $c", ON_NEW, U32, U16, upper_half, same_upper_half),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- sums of absolute differences, of four places of a byte string ---- */

/* Bytes of the reference that are 0 do not count. */
static uint64_t masked_sad(uint64_t a, uint64_t reference)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 32; i += 8) {
		const int64_t x = (int64_t)(a >> i & 0xff), y = (int64_t)(reference >> i & 0xff);

		if (y)
			sum += (uint64_t)(x > y ? x - y : y - x);
	}
	return sum;
}

static uint64_t mqsad_pk(struct vector_lane *lane)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 4; i++)
		result |= ((masked_sad(lane->a >> (8 * i), lane->b) + (lane->c >> (16 * i))) & 0xffff)
			  << (16 * i);
	return result;
}

/* Four words are results: this is the number-th of them. */
static uint64_t mqsad_word(struct vector_lane *lane, unsigned number)
{
	return (uint32_t)(masked_sad(lane->a >> (8 * number), lane->b) + (lane->c ^ number * 0x11111111));
}

static uint64_t mqsad_0(struct vector_lane *lane)
{
	return mqsad_word(lane, 0);
}

static uint64_t mqsad_1(struct vector_lane *lane)
{
	return mqsad_word(lane, 1);
}

static uint64_t mqsad_2(struct vector_lane *lane)
{
	return mqsad_word(lane, 2);
}

static uint64_t mqsad_3(struct vector_lane *lane)
{
	return mqsad_word(lane, 3);
}

#define MQSAD(number)                                                                           \
	ROW("v_mov_b32 v20, $c\nv_xor_b32 v21, 0x11111111, $c\nv_xor_b32 v22, 0x22222222, $c\n" \
	    "v_xor_b32 v23, 0x33333333, $c\nv_mqsad_u32_u8 v[10:13], $a, $b, v[20:23]\n"        \
	    "v_mov_b32 $d, v1" #number,                                                         \
	    ON_ALL, U64, U32, U32, U32, mqsad_##number)

static void differences(void **state)
{
	static const struct vector_row rows[] = {
		ROW("v_mqsad_pk_u16_u8 $d, $a, $b, $c", ON_ALL, U64, U32, U64, U64, mqsad_pk),
		MQSAD(0),
		MQSAD(1),
		MQSAD(2),
		MQSAD(3),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(floats),
		cmocka_unit_test(halves_stay),
		cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
