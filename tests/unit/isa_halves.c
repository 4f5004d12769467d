// SPDX-License-Identifier: MIT
/*
 * What isa_floats.c lacks of halves, and the least and the most of all floats, by AMD's Instruction Set Architecture documents.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"

#define H1(text, targets, expect) \
	ROW_SAME(text " $d, $a", targets, F16, NONE, NONE, U32, expect, vector_same_f16)
#define H2(text, targets, expect) ROW_SAME(text, targets, F16, F16, NONE, U32, expect, vector_same_f16)
#define H3(text, targets, expect) ROW_SAME(text, targets, F16, F16, F16, U32, expect, vector_same_f16)

/* ---- numbers of any size: -0 is less than 0 ---- */

static double least(double a, double b)
{
	if (a == 0 && b == 0)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static double most(double a, double b)
{
	if (a == 0 && b == 0)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

/* A number rather than a NaN, or a NaN rather than a number. */
static double least_number(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : least(a, b);
}

static double most_number(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : most(a, b);
}

static double minimum(double a, double b)
{
	return isnan(a) || isnan(b) ? (double)NAN : least(a, b);
}

static double maximum(double a, double b)
{
	return isnan(a) || isnan(b) ? (double)NAN : most(a, b);
}

static bool is_signaling(uint64_t half)
{
	return (half & 0x7e00) == 0x7c00 && (half & 0x1ff);
}

/* A signaling NaN comes out as a NaN where MODE.IEEE is set (before gfx12). */
static uint64_t of_numbers(struct vector_lane *lane, double (*choose)(double, double))
{
	double value = choose(vector_half(lane->a), vector_half(lane->b));

	if ((lane->mode & ISA_MODE_IEEE) && (is_signaling(lane->a) || is_signaling(lane->b)))
		value = (double)NAN;
	return (lane->d & 0xffff0000) | vector_half_bits(value);
}

static uint64_t min_f16(struct vector_lane *lane)
{
	return of_numbers(lane, least_number);
}

static uint64_t max_f16(struct vector_lane *lane)
{
	return of_numbers(lane, most_number);
}

/* With NaNs among three the documents' words leave room: these are compared only without. */
#define NO_RULE UINT64_MAX

static bool same_f16_by_rule(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f16(got, wanted);
}

static bool same_f32_by_rule(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f32(got, wanted);
}

/* The greatest of the others where one is the greatest, by numbers: -0 is as great as 0 there. */
static double middle(double a, double b, double c)
{
	const double greatest = most(most(a, b), c);

	if (greatest == a)
		return most(b, c);
	return most(a, greatest == b ? c : b);
}

#define THREE(name, value)                                                                                 \
	static uint64_t name##_f16(struct vector_lane *lane)                                               \
	{                                                                                                  \
		const double a = vector_half(lane->a), b = vector_half(lane->b), c = vector_half(lane->c); \
		if (isnan(a) || isnan(b) || isnan(c))                                                      \
			return NO_RULE;                                                                    \
		return (lane->d & 0xffff0000) | vector_half_bits(value);                                   \
	}                                                                                                  \
	static uint64_t name##_f32(struct vector_lane *lane)                                               \
	{                                                                                                  \
		const double a = (double)vector_float(lane->a), b = (double)vector_float(lane->b),         \
			     c = (double)vector_float(lane->c);                                            \
		if (isnan(a) || isnan(b) || isnan(c))                                                      \
			return NO_RULE;                                                                    \
		return vector_float_bits((float)(value));                                                  \
	}

THREE(min3, least(least(a, b), c))
THREE(max3, most(most(a, b), c))
THREE(med3, middle(a, b, c))
THREE(maxmin, least(most(a, b), c))
THREE(minmax, most(least(a, b), c))

/* NaNs go through these. */
#define STRICT(name, value)                                                                        \
	EXPECT_F16(name##_f16, value)                                                              \
	static uint64_t name##_f32(struct vector_lane *lane)                                       \
	{                                                                                          \
		const double a = (double)vector_float(lane->a), b = (double)vector_float(lane->b), \
			     c = (double)vector_float(lane->c);                                    \
		(void)c;                                                                           \
		return vector_float_bits((float)(value));                                          \
	}                                                                                          \
	static uint64_t name##_f64(struct vector_lane *lane)                                       \
	{                                                                                          \
		const double a = vector_double(lane->a), b = vector_double(lane->b),               \
			     c = vector_double(lane->c);                                           \
		(void)c;                                                                           \
		return vector_double_bits(value);                                                  \
	}

STRICT(minimum, minimum(a, b))
STRICT(maximum, maximum(a, b))
STRICT(minimum3, minimum(minimum(a, b), c))
STRICT(maximum3, maximum(maximum(a, b), c))
STRICT(minimummaximum, maximum(minimum(a, b), c))
STRICT(maximumminimum, minimum(maximum(a, b), c))

#define BOTH(name, expect, targets)                                                                        \
	ROW_SAME(name "_f16 $d, $a, $b, $c", targets, F16, F16, F16, U32, expect##_f16, same_f16_by_rule), \
		ROW_SAME(name "_f32 $d, $a, $b, $c", targets, F32, F32, F32, F32, expect##_f32,            \
			 same_f32_by_rule)

static void least_and_most(void **state)
{
	static const struct vector_row rows[] = {
		H2("v_min_f16 $d, $a, $b", ON_OLD, min_f16),
		H2("v_max_f16 $d, $a, $b", ON_OLD, max_f16),
		H2("v_min_num_f16 $d, $a, $b", ON_GFX12, min_f16),
		H2("v_max_num_f16 $d, $a, $b", ON_GFX12, max_f16),
		BOTH("v_min3", min3, ON_OLD),
		BOTH("v_max3", max3, ON_OLD),
		BOTH("v_med3", med3, ON_OLD),
		BOTH("v_min3_num", min3, ON_GFX12),
		BOTH("v_max3_num", max3, ON_GFX12),
		BOTH("v_med3_num", med3, ON_GFX12),
		BOTH("v_maxmin", maxmin, ON_GFX11),
		BOTH("v_minmax", minmax, ON_GFX11),
		BOTH("v_maxmin_num", maxmin, ON_GFX12),
		BOTH("v_minmax_num", minmax, ON_GFX12),
		BOTH("v_minimum3", minimum3, ON_GFX12),
		BOTH("v_maximum3", maximum3, ON_GFX12),
		BOTH("v_minimummaximum", minimummaximum, ON_GFX12),
		BOTH("v_maximumminimum", maximumminimum, ON_GFX12),
		H2("v_minimum_f16 $d, $a, $b", ON_GFX12, minimum_f16),
		H2("v_maximum_f16 $d, $a, $b", ON_GFX12, maximum_f16),
		ROW_SAME("v_minimum_f64 $d, $a, $b", ON_GFX12, F64, F64, NONE, F64, minimum_f64,
			 vector_same_f64),
		ROW_SAME("v_maximum_f64 $d, $a, $b", ON_GFX12, F64, F64, NONE, F64, maximum_f64,
			 vector_same_f64),
	};

	(void)state, (void)minimum_f32, (void)maximum_f32, (void)minimum3_f64, (void)maximum3_f64;
	(void)minimummaximum_f64, (void)maximumminimum_f64;
	VECTOR_CHECK(rows);
}

/* ---- sums and products ---- */

EXPECT_F16(subrev_f16, b - a)
EXPECT_F16(fmaak_f16, vector_sum_to_odd(a *b, 2.5))
EXPECT_F16(fmamk_f16, vector_sum_to_odd(a * 2.5, b))
EXPECT_F16(neg_a_plus_abs_b, -a + fabs(b))

/* As a float, then as a half. */
static uint64_t mixed(struct vector_lane *lane)
{
	const double a = vector_half(lane->a >> 16), c = vector_half(lane->c);

	return vector_half_bits((double)fmaf((float)a, vector_float(lane->b), (float)c));
}

static uint64_t fma_mixlo(struct vector_lane *lane)
{
	return (lane->d & 0xffff0000) | mixed(lane);
}

static uint64_t fma_mixhi(struct vector_lane *lane)
{
	return (lane->d & 0xffff) | mixed(lane) << 16;
}

static float dx9_product(float a, float b)
{
	return a == 0 || b == 0 ? 0 : a * b;
}

static uint64_t fma_dx9(struct vector_lane *lane)
{
	const float a = vector_float(lane->a), b = vector_float(lane->b), c = vector_float(lane->c);

	return vector_float_bits(a == 0 || b == 0 ? c : fmaf(a, b, c));
}

static uint64_t fmac_dx9(struct vector_lane *lane)
{
	struct vector_lane with_old = *lane;

	with_old.c = lane->d;
	return fma_dx9(&with_old);
}

static uint64_t mullit(struct vector_lane *lane)
{
	const float a = vector_float(lane->a), b = vector_float(lane->b), c = vector_float(lane->c);

	if (lane->b == 0xff7fffff || lane->b == 0xff800000 || isnan(b) || isnan(c) || c <= 0)
		return 0xff7fffff;
	return vector_float_bits(dx9_product(a, b));
}

static void sums_and_products(void **state)
{
	static const struct vector_row rows[] = {
		H2("v_subrev_f16 $d, $a, $b", ON_ALL, subrev_f16),
		H2("v_fmaak_f16 $d, $a, $b, 0x4100", ON_ALL, fmaak_f16),
		H2("v_fmamk_f16 $d, $a, 0x4100, $b", ON_ALL, fmamk_f16),
		H2("v_add_f16 $d, -$a, |$b|", ON_ALL, neg_a_plus_abs_b),
		ROW_SAME("v_fma_mixlo_f16 $d, $a, $b, $c op_sel:[1,0,0] op_sel_hi:[1,0,1]", ON_ALL, PAIR_F16,
			 F32, F16, U32, fma_mixlo, vector_same_f16),
		ROW_SAME("v_fma_mixhi_f16 $d, $a, $b, $c op_sel:[1,0,0] op_sel_hi:[1,0,1]", ON_ALL, PAIR_F16,
			 F32, F16, U32, fma_mixhi, vector_same_pair_f16),
		ROW_SAME("v_fma_legacy_f32 $d, $a, $b, $c", ON_GFX10, F32, F32, F32, F32, fma_dx9,
			 vector_same_f32),
		ROW_SAME("v_fma_dx9_zero_f32 $d, $a, $b, $c", ON_NEW, F32, F32, F32, F32, fma_dx9,
			 vector_same_f32),
		ROW_SAME("v_fmac_legacy_f32 $d, $a, $b", ON_GFX10, F32, F32, NONE, F32, fmac_dx9,
			 vector_same_f32),
		ROW_SAME("v_fmac_dx9_zero_f32 $d, $a, $b", ON_GFX11, F32, F32, NONE, F32, fmac_dx9,
			 vector_same_f32),
		ROW_SAME("v_mullit_f32 $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, mullit, vector_same_f32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- parts of a number ---- */

static uint64_t fract_f16(struct vector_lane *lane)
{
	const double a = vector_half(lane->a);
	uint64_t bits = vector_half_bits(a - floor(a));

	/* below 1 in any case */
	if (bits == 0x3c00)
		bits = 0x3bff;
	return (lane->d & 0xffff0000) | bits;
}

static uint64_t frexp_exp_f16(struct vector_lane *lane)
{
	const double a = vector_half(lane->a);
	int exponent = 0;

	if (!isnan(a) && !isinf(a))
		frexp(a, &exponent);
	return (lane->d & 0xffff0000) | ((uint64_t)exponent & 0xffff);
}

static uint64_t frexp_mant_f16(struct vector_lane *lane)
{
	const double a = vector_half(lane->a);
	int exponent;

	return (lane->d & 0xffff0000) | vector_half_bits(isnan(a) || isinf(a) ? a : frexp(a, &exponent));
}

static uint64_t ldexp_f16(struct vector_lane *lane)
{
	int exponent = (int16_t)lane->b;

	exponent = exponent > 200 ? 200 : exponent < -200 ? -200 : exponent;
	return (lane->d & 0xffff0000) | vector_half_bits(ldexp(vector_half(lane->a), exponent));
}

static void parts_of_numbers(void **state)
{
	static const struct vector_row rows[] = {
		H1("v_fract_f16", ON_ALL, fract_f16),
		H1("v_frexp_mant_f16", ON_ALL, frexp_mant_f16),
		ROW("v_frexp_exp_i16_f16 $d, $a", ON_ALL, F16, NONE, NONE, U32, frexp_exp_f16),
		ROW_SAME("v_ldexp_f16 $d, $a, $b", ON_ALL, F16, SHIFT, NONE, U32, ldexp_f16, vector_same_f16),
		ROW_SAME("v_ldexp_f16 $d, $a, $b", ON_ALL, F16, U16, NONE, U32, ldexp_f16, vector_same_f16),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- pairs ---- */

static uint64_t pair_of(struct vector_lane *lane, double (*choose)(double, double), bool number)
{
	struct vector_lane low = *lane, high = *lane;

	low.d = high.d = 0;
	high.a = lane->a >> 16;
	high.b = lane->b >> 16;
	if (!number)
		low.mode = high.mode = 0;
	return of_numbers(&low, choose) | of_numbers(&high, choose) << 16;
}

static uint64_t pk_min(struct vector_lane *lane)
{
	return pair_of(lane, least_number, true);
}

static uint64_t pk_max(struct vector_lane *lane)
{
	return pair_of(lane, most_number, true);
}

static uint64_t pk_minimum(struct vector_lane *lane)
{
	return pair_of(lane, minimum, false);
}

static uint64_t pk_maximum(struct vector_lane *lane)
{
	return pair_of(lane, maximum, false);
}

static uint64_t pk_fmac(struct vector_lane *lane)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 32; i += 16)
		result |= vector_half_bits(
				  vector_sum_to_odd(vector_half(lane->a >> i) * vector_half(lane->b >> i),
						    vector_half(lane->d >> i)))
			  << i;
	return result;
}

static uint64_t pack(struct vector_lane *lane)
{
	return (lane->a & 0xffff) | (lane->b & 0xffff) << 16;
}

static uint64_t pack_of_uppers(struct vector_lane *lane)
{
	return ((lane->a >> 16 & 0xffff) ^ 0x8000) | (lane->b & 0x7fff) << 16;
}

static void pairs(void **state)
{
#define PAIR_2(text, targets, expect) \
	ROW_SAME(text, targets, PAIR_F16, PAIR_F16, NONE, PAIR_F16, expect, vector_same_pair_f16)
	static const struct vector_row rows[] = {
		PAIR_2("v_pk_min_f16 $d, $a, $b", ON_OLD, pk_min),
		PAIR_2("v_pk_max_f16 $d, $a, $b", ON_OLD, pk_max),
		PAIR_2("v_pk_min_num_f16 $d, $a, $b", ON_GFX12, pk_min),
		PAIR_2("v_pk_max_num_f16 $d, $a, $b", ON_GFX12, pk_max),
		PAIR_2("v_pk_minimum_f16 $d, $a, $b", ON_GFX12, pk_minimum),
		PAIR_2("v_pk_maximum_f16 $d, $a, $b", ON_GFX12, pk_maximum),
		PAIR_2("v_pk_fmac_f16 $d, $a, $b", ON_ALL, pk_fmac),
		PAIR_2("v_pack_b32_f16 $d, $a, $b", ON_ALL, pack),
		PAIR_2("v_pack_b32_f16 $d, -$a, |$b| op_sel:[1,0,0]", ON_ALL, pack_of_uppers),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(least_and_most),
		cmocka_unit_test(sums_and_products),
		cmocka_unit_test(parts_of_numbers),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
