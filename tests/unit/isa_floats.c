// SPDX-License-Identifier: MIT
/*
 * Float, double and half arithmetic of the vector ALU against the host's, by the text of AMD's Instruction Set Architecture documents:
 * NaNs, infinities, denormals and signed zeros included.  Halves are computed in double, where their sums and products are exact.
 */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"

/* ---- floats ---- */

static bool is_signaling(uint64_t bits)
{
	return (bits & 0x7fc00000) == 0x7f800000 && (bits & 0x003fffff);
}

static bool zeros(float a, float b)
{
	return a == 0 && b == 0;
}

/* minNum and maxNum: a number rather than a NaN, -0 less than 0. */
static float least(float a, float b)
{
	if (isnan(a))
		return b;
	if (isnan(b))
		return a;
	if (zeros(a, b))
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static float most(float a, float b)
{
	if (isnan(a))
		return b;
	if (isnan(b))
		return a;
	if (zeros(a, b))
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

/* A signaling NaN comes out as a NaN where MODE.IEEE is set (before gfx12). */
static uint64_t of_numbers(struct vector_lane *lane, float (*choose)(float, float))
{
	if ((lane->mode & ISA_MODE_IEEE) && (is_signaling(lane->a) || is_signaling(lane->b)))
		return 0x7fc00000;
	return vector_float_bits(choose(vector_float(lane->a), vector_float(lane->b)));
}

static uint64_t min_f32(struct vector_lane *lane)
{
	return of_numbers(lane, least);
}

static uint64_t max_f32(struct vector_lane *lane)
{
	return of_numbers(lane, most);
}

/* A NaN if there is one. */
static uint64_t minimum_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a), b = vector_float(lane->b);

	return vector_float_bits(isnan(a) || isnan(b) ? NAN : least(a, b));
}

static uint64_t maximum_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a), b = vector_float(lane->b);

	return vector_float_bits(isnan(a) || isnan(b) ? NAN : most(a, b));
}

static float flushed(float value)
{
	return fpclassify(value) == FP_SUBNORMAL ? copysignf(0, value) : value;
}

/* 0 times anything is 0. */
static float dx9(float a, float b)
{
	return a == 0 || b == 0 ? 0 : a * b;
}

EXPECT_F32(add_f32, a + b)
EXPECT_F32(sub_f32, a - b)
EXPECT_F32(subrev_f32, b - a)
EXPECT_F32(mul_f32, a *b)
EXPECT_F32(mul_dx9, dx9(a, b))
EXPECT_F32(fma_f32, fmaf(a, b, c))
EXPECT_F32(fmac_f32, fmaf(a, b, d))
EXPECT_F32(fmaak_f32, fmaf(a, b, 2.5f))
EXPECT_F32(fmamk_f32, fmaf(a, 2.5f, b))
EXPECT_F32(neg_a_plus_abs_b, -a + fabsf(b))
EXPECT_F32(fma_of_modified, fmaf(-fabsf(a), b, -c))
EXPECT_F32(trunc_f32, truncf(a))
EXPECT_F32(ceil_f32, ceilf(a))
EXPECT_F32(floor_f32, floorf(a))
EXPECT_F32(rndne_f32, rintf(a))
EXPECT_F32(add_times_2, (flushed(a) + flushed(b)) * 2)
EXPECT_F32(add_times_4, (flushed(a) + flushed(b)) * 4)
EXPECT_F32(add_by_2, (flushed(a) + flushed(b)) / 2)

static float clamped(float value)
{
	if (isnan(value) || value < 0)
		return 0; /* DX10_CLAMP */
	return value > 1 ? 1 : value == 0 ? 0 : value;
}

EXPECT_F32(add_clamped, clamped(a + b))

static uint64_t fract_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a);
	float fraction = a - floorf(a);

	/* below 1 in any case */
	return vector_float_bits(fraction >= 1 ? nextafterf(1, 0) : fraction);
}

static uint64_t ldexp_f32(struct vector_lane *lane)
{
	int32_t exponent = (int32_t)lane->b;

	exponent = exponent > 1000 ? 1000 : exponent < -1000 ? -1000 : exponent;
	return vector_float_bits(ldexpf(vector_float(lane->a), exponent));
}

static uint64_t frexp_exp_i32_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a);
	int exponent = 0;

	if (!isnan(a) && !isinf(a))
		frexpf(a, &exponent);
	return (uint32_t)exponent;
}

static uint64_t frexp_mant_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a);
	int exponent;

	return vector_float_bits(isnan(a) || isinf(a) ? a : frexpf(a, &exponent));
}

static float of_three(struct vector_lane *lane, float (*choose)(float, float))
{
	return choose(choose(vector_float(lane->a), vector_float(lane->b)), vector_float(lane->c));
}

static bool any_nan(const struct vector_lane *lane)
{
	return isnan(vector_float(lane->a)) || isnan(vector_float(lane->b)) || isnan(vector_float(lane->c));
}

/* With a NaN among the sources the documents' words leave room: these are compared only without. */
static uint64_t without_nan(struct vector_lane *lane, float value)
{
	return any_nan(lane) ? UINT64_MAX : vector_float_bits(value);
}

static bool same_f32_or_nan_source(uint64_t got, uint64_t wanted)
{
	return wanted == UINT64_MAX || vector_same_f32(got, wanted);
}

static uint64_t min3_f32(struct vector_lane *lane)
{
	return without_nan(lane, of_three(lane, least));
}

static uint64_t max3_f32(struct vector_lane *lane)
{
	return without_nan(lane, of_three(lane, most));
}

static bool same_number(uint64_t got, uint64_t wanted)
{
	return same_f32_or_nan_source(got, wanted) || vector_float(got) == vector_float(wanted);
}

static uint64_t med3_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a), b = vector_float(lane->b), c = vector_float(lane->c);

	return without_nan(lane, most(least(a, b), least(most(a, b), c)));
}

#define F32_1(text, targets, expect) \
	ROW_SAME(text " $d, $a", targets, F32, NONE, NONE, F32, expect, vector_same_f32)
#define F32_2(text, targets, expect) ROW_SAME(text, targets, F32, F32, NONE, F32, expect, vector_same_f32)
#define F32_3(text, targets, expect) ROW_SAME(text, targets, F32, F32, F32, F32, expect, vector_same_f32)

static void float_arithmetic(void **state)
{
	static const struct vector_row rows[] = {
		F32_2("v_add_f32 $d, $a, $b", ON_ALL, add_f32),
		F32_2("v_sub_f32 $d, $a, $b", ON_ALL, sub_f32),
		F32_2("v_subrev_f32 $d, $a, $b", ON_ALL, subrev_f32),
		F32_2("v_mul_f32 $d, $a, $b", ON_ALL, mul_f32),
		F32_2("v_mul_legacy_f32 $d, $a, $b", ON_ALL, mul_dx9),
		F32_3("v_fma_f32 $d, $a, $b, $c", ON_ALL, fma_f32),
		F32_2("v_fmac_f32 $d, $a, $b", ON_ALL, fmac_f32),
		F32_2("v_fmaak_f32 $d, $a, $b, 0x40200000", ON_ALL, fmaak_f32),
		F32_2("v_fmamk_f32 $d, $a, 0x40200000, $b", ON_ALL, fmamk_f32),
		F32_2("v_add_f32 $d, -$a, |$b|", ON_ALL, neg_a_plus_abs_b),
		F32_3("v_fma_f32 $d, -|$a|, $b, -$c", ON_ALL, fma_of_modified),
		F32_2("v_add_f32_e64 $d, $a, $b clamp", ON_ALL, add_clamped),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* Output modifiers are ignored with denormals kept and in IEEE mode, so that MODE is 0 for them; denormals are flushed then. */
static bool same_flushed(uint64_t got, uint64_t wanted)
{
	if ((wanted & 0x7f800000) == 0)
		return (got & 0x7fffffff) == 0;
	/* what was flushed before it was multiplied */
	return vector_same_f32(got, wanted) ||
	       ((got & 0x7fffffff) == 0 && fabsf(vector_float(wanted)) < 0x1p-123f) ||
	       fabsf(vector_float(got) - vector_float(wanted)) <= 0x1p-123f;
}

static void output_modifiers(void **state)
{
	static const struct vector_row rows[] = {
		ROW_MODE("v_add_f32_e64 $d, $a, $b mul:2", ON_ALL, F32, F32, NONE, F32, add_times_2,
			 same_flushed, 0xc0),
		ROW_MODE("v_add_f32_e64 $d, $a, $b mul:4", ON_ALL, F32, F32, NONE, F32, add_times_4,
			 same_flushed, 0xc0),
		ROW_MODE("v_add_f32_e64 $d, $a, $b div:2", ON_ALL, F32, F32, NONE, F32, add_by_2,
			 same_flushed, 0xc0),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

static void least_and_most_floats(void **state)
{
	static const struct vector_row rows[] = {
		F32_2("v_min_f32 $d, $a, $b", ON_ALL, min_f32),
		F32_2("v_max_f32 $d, $a, $b", ON_ALL, max_f32),
		F32_2("v_minimum_f32 $d, $a, $b", ON_GFX12, minimum_f32),
		F32_2("v_maximum_f32 $d, $a, $b", ON_GFX12, maximum_f32),
		ROW_SAME("v_min3_f32 $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, min3_f32,
			 same_f32_or_nan_source),
		ROW_SAME("v_max3_f32 $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, max3_f32,
			 same_f32_or_nan_source),
		ROW_SAME("v_med3_f32 $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, med3_f32, same_number),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

static void float_roundings(void **state)
{
	static const struct vector_row rows[] = {
		F32_1("v_trunc_f32", ON_ALL, trunc_f32),
		F32_1("v_ceil_f32", ON_ALL, ceil_f32),
		F32_1("v_floor_f32", ON_ALL, floor_f32),
		F32_1("v_rndne_f32", ON_ALL, rndne_f32),
		F32_1("v_fract_f32", ON_ALL, fract_f32),
		F32_1("v_frexp_mant_f32", ON_ALL, frexp_mant_f32),
		ROW("v_frexp_exp_i32_f32 $d, $a", ON_ALL, F32, NONE, NONE, U32, frexp_exp_i32_f32),
		ROW_SAME("v_ldexp_f32 $d, $a, $b", ON_ALL, F32, SHIFT, NONE, F32, ldexp_f32, vector_same_f32),
		ROW_SAME("v_ldexp_f32 $d, $a, $b", ON_ALL, F32, U32, NONE, F32, ldexp_f32, vector_same_f32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- MODE ---- */

static volatile float in_a, in_b;

/* The sum, rounded as the C library's @mode says; volatile, so that it is not computed before. */
static uint64_t rounded_sum(struct vector_lane *lane, int mode)
{
	volatile float sum;

	fesetround(mode);
	in_a = vector_float(lane->a);
	in_b = vector_float(lane->b);
	sum = in_a + in_b;
	fesetround(FE_TONEAREST);
	return vector_float_bits(sum);
}

static uint64_t sum_up(struct vector_lane *lane)
{
	return rounded_sum(lane, FE_UPWARD);
}

static uint64_t sum_down(struct vector_lane *lane)
{
	return rounded_sum(lane, FE_DOWNWARD);
}

static uint64_t sum_to_zero(struct vector_lane *lane)
{
	return rounded_sum(lane, FE_TOWARDZERO);
}

EXPECT_F32(flushed_mul, flushed(flushed(a) * flushed(b)))
EXPECT_F32(mul_of_flushed, flushed(a) * flushed(b))
EXPECT_F32(mul_then_flushed, flushed(a *b))

static void modes(void **state)
{
	static const struct vector_row rows[] = {
		ROW_MODE("v_add_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, F32, sum_up, vector_same_f32, 0xf1),
		ROW_MODE("v_add_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, F32, sum_down, vector_same_f32,
			 0xf2),
		ROW_MODE("v_add_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, F32, sum_to_zero, vector_same_f32,
			 0xf3),
		ROW_MODE("v_mul_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, F32, flushed_mul, vector_same_f32,
			 0xc0),
		ROW_MODE("v_mul_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, F32, mul_then_flushed,
			 vector_same_f32, 0xd0),
		ROW_MODE("v_mul_f32 $d, $a, $b", ON_ALL, F32, F32, NONE, F32, mul_of_flushed, vector_same_f32,
			 0xe0),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- doubles ---- */

#define DOUBLE(name, value)                                                          \
	static uint64_t name(struct vector_lane *lane)                               \
	{                                                                            \
		const double a = vector_double(lane->a), b = vector_double(lane->b), \
			     c = vector_double(lane->c);                             \
		(void)a, (void)b, (void)c;                                           \
		return vector_double_bits(value);                                    \
	}

DOUBLE(add_f64, a + b)
DOUBLE(mul_f64, a *b)
DOUBLE(fma_f64, fma(a, b, c))
DOUBLE(trunc_f64, trunc(a))
DOUBLE(ceil_f64, ceil(a))
DOUBLE(floor_f64, floor(a))
DOUBLE(rndne_f64, rint(a))
DOUBLE(neg_a_times_abs_b, -a *fabs(b))

static uint64_t fract_f64(struct vector_lane *lane)
{
	double a = vector_double(lane->a), fraction = a - floor(a);

	return vector_double_bits(fraction >= 1 ? nextafter(1, 0) : fraction);
}

static uint64_t ldexp_f64(struct vector_lane *lane)
{
	int32_t exponent = (int32_t)lane->b;

	exponent = exponent > 5000 ? 5000 : exponent < -5000 ? -5000 : exponent;
	return vector_double_bits(ldexp(vector_double(lane->a), exponent));
}

static uint64_t frexp_mant_f64(struct vector_lane *lane)
{
	double a = vector_double(lane->a);
	int exponent;

	return vector_double_bits(isnan(a) || isinf(a) ? a : frexp(a, &exponent));
}

static uint64_t frexp_exp_i32_f64(struct vector_lane *lane)
{
	double a = vector_double(lane->a);
	int exponent = 0;

	if (!isnan(a) && !isinf(a))
		frexp(a, &exponent);
	return (uint32_t)exponent;
}

static bool is_signaling_double(uint64_t bits)
{
	return (bits & 0x7ff8000000000000) == 0x7ff0000000000000 && (bits & 0x0007ffffffffffff);
}

static uint64_t of_doubles(struct vector_lane *lane, bool less)
{
	double a = vector_double(lane->a), b = vector_double(lane->b);

	if ((lane->mode & ISA_MODE_IEEE) && (is_signaling_double(lane->a) || is_signaling_double(lane->b)))
		return 0x7ff8000000000000;
	if (isnan(a))
		return vector_double_bits(b);
	if (isnan(b))
		return vector_double_bits(a);
	if (a == 0 && b == 0)
		return vector_double_bits((signbit(a) != 0) == less ? a : b);
	return vector_double_bits((a < b) == less ? a : b);
}

static uint64_t min_f64(struct vector_lane *lane)
{
	return of_doubles(lane, true);
}

static uint64_t max_f64(struct vector_lane *lane)
{
	return of_doubles(lane, false);
}

static void double_arithmetic(void **state)
{
#define F64_1(text, expect) ROW_SAME(text, ON_ALL, F64, NONE, NONE, F64, expect, vector_same_f64)
#define F64_2(text, expect) ROW_SAME(text, ON_ALL, F64, F64, NONE, F64, expect, vector_same_f64)
	static const struct vector_row rows[] = {
		F64_2("v_add_f64 $d, $a, $b", add_f64),
		F64_2("v_mul_f64 $d, $a, $b", mul_f64),
		F64_2("v_mul_f64 $d, -$a, |$b|", neg_a_times_abs_b),
		ROW_SAME("v_fma_f64 $d, $a, $b, $c", ON_ALL, F64, F64, F64, F64, fma_f64, vector_same_f64),
		F64_2("v_min_f64 $d, $a, $b", min_f64),
		F64_2("v_max_f64 $d, $a, $b", max_f64),
		F64_1("v_trunc_f64 $d, $a", trunc_f64),
		F64_1("v_ceil_f64 $d, $a", ceil_f64),
		F64_1("v_floor_f64 $d, $a", floor_f64),
		F64_1("v_rndne_f64 $d, $a", rndne_f64),
		F64_1("v_fract_f64 $d, $a", fract_f64),
		F64_1("v_frexp_mant_f64 $d, $a", frexp_mant_f64),
		ROW("v_frexp_exp_i32_f64 $d, $a", ON_ALL, F64, NONE, NONE, U32, frexp_exp_i32_f64),
		ROW_SAME("v_ldexp_f64 $d, $a, $b", ON_ALL, F64, SHIFT, NONE, F64, ldexp_f64, vector_same_f64),
		ROW_SAME("v_ldexp_f64 $d, $a, $b", ON_ALL, F64, U32, NONE, F64, ldexp_f64, vector_same_f64),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- halves ---- */

EXPECT_F16(add_f16, a + b)
EXPECT_F16(sub_f16, a - b)
EXPECT_F16(mul_f16, a *b)
EXPECT_F16(fma_f16, vector_sum_to_odd(a *b, c))
EXPECT_F16(fmac_f16, vector_sum_to_odd(a *b, d))
EXPECT_F16(trunc_f16, trunc(a))
EXPECT_F16(ceil_f16, ceil(a))
EXPECT_F16(floor_f16, floor(a))
EXPECT_F16(rndne_f16, rint(a))

static uint64_t pair_of(uint64_t low, uint64_t high)
{
	return low | high << 16;
}

#define PAIR(name, value)                                                                              \
	static uint64_t name##_half(double a, double b, double c)                                      \
	{                                                                                              \
		(void)a, (void)b, (void)c;                                                             \
		return vector_half_bits(value);                                                        \
	}                                                                                              \
	static uint64_t name(struct vector_lane *lane)                                                 \
	{                                                                                              \
		return pair_of(                                                                        \
			name##_half(vector_half(lane->a), vector_half(lane->b), vector_half(lane->c)), \
			name##_half(vector_half(lane->a >> 16), vector_half(lane->b >> 16),            \
				    vector_half(lane->c >> 16)));                                      \
	}

PAIR(pk_add_f16, a + b)
PAIR(pk_mul_f16, a *b)
PAIR(pk_fma_f16, vector_sum_to_odd(a *b, c))

/* neg_lo:[1,0] neg_hi:[0,1] op_sel:[1,0] op_sel_hi:[0,1]: a crossed and partly negated */
static uint64_t pk_add_crossed(struct vector_lane *lane)
{
	return pair_of(vector_half_bits(-vector_half(lane->a >> 16) + vector_half(lane->b)),
		       vector_half_bits(vector_half(lane->a) - vector_half(lane->b >> 16)));
}

/* The upper half of a, a float b and the lower half of c. */
static uint64_t fma_mix(struct vector_lane *lane)
{
	double a = vector_half(lane->a >> 16), c = vector_half(lane->c);

	return vector_float_bits(fmaf((float)a, vector_float(lane->b), (float)c));
}

static void half_arithmetic(void **state)
{
#define F16_1(text, expect) ROW_SAME(text " $d, $a", ON_ALL, F16, NONE, NONE, U32, expect, vector_same_f16)
#define F16_2(text, expect) ROW_SAME(text " $d, $a, $b", ON_ALL, F16, F16, NONE, U32, expect, vector_same_f16)
	static const struct vector_row rows[] = {
		F16_2("v_add_f16", add_f16),
		F16_2("v_sub_f16", sub_f16),
		F16_2("v_mul_f16", mul_f16),
		ROW_SAME("v_fma_f16 $d, $a, $b, $c", ON_ALL, F16, F16, F16, U32, fma_f16, vector_same_f16),
		F16_2("v_fmac_f16", fmac_f16),
		F16_1("v_trunc_f16", trunc_f16),
		F16_1("v_ceil_f16", ceil_f16),
		F16_1("v_floor_f16", floor_f16),
		F16_1("v_rndne_f16", rndne_f16),
		ROW_SAME("v_pk_add_f16 $d, $a, $b", ON_ALL, PAIR_F16, PAIR_F16, NONE, U32, pk_add_f16,
			 vector_same_pair_f16),
		ROW_SAME("v_pk_mul_f16 $d, $a, $b", ON_ALL, PAIR_F16, PAIR_F16, NONE, U32, pk_mul_f16,
			 vector_same_pair_f16),
		ROW_SAME("v_pk_fma_f16 $d, $a, $b, $c", ON_ALL, PAIR_F16, PAIR_F16, PAIR_F16, U32, pk_fma_f16,
			 vector_same_pair_f16),
		ROW_SAME("v_pk_add_f16 $d, $a, $b op_sel:[1,0] op_sel_hi:[0,1] neg_lo:[1,0] neg_hi:[0,1]",
			 ON_ALL, PAIR_F16, PAIR_F16, NONE, U32, pk_add_crossed, vector_same_pair_f16),
		ROW_SAME("v_fma_mix_f32 $d, $a, $b, $c op_sel:[1,0,0] op_sel_hi:[1,0,1]", ON_ALL, PAIR_F16,
			 F32, F16, F32, fma_mix, vector_same_f32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- comparisons ---- */

#define COMPARE(name, condition)                                                  \
	static uint64_t cmp_##name(struct vector_lane *lane)                      \
	{                                                                         \
		const float a = vector_float(lane->a), b = vector_float(lane->b); \
		lane->out = (condition);                                          \
		return lane->d;                                                   \
	}

FLOAT_CONDITIONS(COMPARE)

#define COMPARE_INT(name, type, operator)                         \
	static uint64_t name(struct vector_lane *lane)            \
	{                                                         \
		lane->out = (type)lane->a operator(type) lane->b; \
		return lane->d;                                   \
	}

COMPARE_INT(lt_u32, uint32_t, <)
COMPARE_INT(ge_i32, int32_t, >=)
COMPARE_INT(ne_u64, uint64_t, !=)
COMPARE_INT(gt_i64, int64_t, >)
COMPARE_INT(le_u16, uint16_t, <=)
COMPARE_INT(lt_i16, int16_t, <)

/* Bits of the mask: signaling and quiet NaN, -infinity, -normal, -denormal, -0, 0, denormal, normal, infinity. */
static uint64_t class_f32(struct vector_lane *lane)
{
	float a = vector_float(lane->a);
	unsigned bit;

	if (isnan(a))
		bit = is_signaling(lane->a) ? 0 : 1;
	else if (isinf(a))
		bit = signbit(a) ? 2 : 9;
	else if (a == 0)
		bit = signbit(a) ? 5 : 6;
	else if (fpclassify(a) == FP_SUBNORMAL)
		bit = signbit(a) ? 4 : 7;
	else
		bit = signbit(a) ? 3 : 8;
	lane->out = lane->b >> bit & 1;
	return lane->d;
}

static void comparisons(void **state)
{
#define CMP(name) ROW_VCC("v_cmp_" #name "_f32 $vcc, $a, $b", ON_ALL, F32, F32, NONE, U32, cmp_##name)
	static const struct vector_row rows[] = {
		CMP(lt),
		CMP(eq),
		CMP(le),
		CMP(gt),
		CMP(lg),
		CMP(ge),
		CMP(o),
		CMP(u),
		CMP(nge),
		CMP(nlg),
		CMP(ngt),
		CMP(nle),
		CMP(neq),
		CMP(nlt),
		ROW_VCC("v_cmp_lt_u32 $vcc, $a, $b", ON_ALL, U32, U32, NONE, U32, lt_u32),
		ROW_VCC("v_cmp_ge_i32_e64 $vcc, $a, $b", ON_ALL, U32, U32, NONE, U32, ge_i32),
		ROW_VCC("v_cmp_ne_u64 $vcc, $a, $b", ON_ALL, U64, U64, NONE, U32, ne_u64),
		ROW_VCC("v_cmp_gt_i64 $vcc, $a, $b", ON_ALL, U64, U64, NONE, U32, gt_i64),
		ROW_VCC("v_cmp_le_u16 $vcc, $a, $b", ON_ALL, U16, U16, NONE, U32, le_u16),
		ROW_VCC("v_cmp_lt_i16 $vcc, $a, $b", ON_ALL, U16, U16, NONE, U32, lt_i16),
		ROW_VCC("v_cmp_class_f32 $vcc, $a, $b", ON_ALL, F32, U32, NONE, U32, class_f32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- conversions ---- */

EXPECT(i32_of_f32, (uint32_t)(int32_t)limited(trunc(number(a)), INT32_MIN, INT32_MAX))
EXPECT(u32_of_f32, (uint32_t)limited(trunc(number(a)), 0, UINT32_MAX))
EXPECT(i32_of_f64, (uint32_t)(int32_t)limited(trunc(vector_double(a)), INT32_MIN, INT32_MAX))
EXPECT(u32_of_f64, (uint32_t)limited(trunc(vector_double(a)), 0, UINT32_MAX))
EXPECT(f32_of_i32, vector_float_bits((float)(int32_t)a))
EXPECT(f32_of_u32, vector_float_bits((float)(uint32_t)a))
EXPECT(f64_of_i32, vector_double_bits((double)(int32_t)a))
EXPECT(f64_of_u32, vector_double_bits((double)(uint32_t)a))
EXPECT(f64_of_f32, vector_double_bits(number(a)))
EXPECT(f32_of_f64, vector_float_bits((float)vector_double(a)))
EXPECT(f16_of_f32, (d & 0xffff0000) | vector_half_bits(number(a)))
EXPECT(f32_of_f16, vector_float_bits((float)vector_half(a)))
EXPECT(u16_of_f16, (d & 0xffff0000) | (uint64_t)limited(trunc(vector_half(a)), 0, 65535))
EXPECT(i16_of_f16,
       (d & 0xffff0000) | ((uint64_t)(int64_t)limited(trunc(vector_half(a)), -32768, 32767) & 0xffff))
EXPECT(f16_of_u16, (d & 0xffff0000) | vector_half_bits((double)(a & 0xffff)))
EXPECT(f32_of_byte_2, vector_float_bits((float)(a >> 16 & 0xff)))
EXPECT(nearest_i32, (uint32_t)(int32_t)limited(floor(number(a) + 0.5), INT32_MIN, INT32_MAX))
EXPECT(floor_i32, (uint32_t)(int32_t)limited(floor(number(a)), INT32_MIN, INT32_MAX))

static void conversions(void **state)
{
	static const struct vector_row rows[] = {
		ROW("v_cvt_i32_f32 $d, $a", ON_ALL, F32, NONE, NONE, U32, i32_of_f32),
		ROW("v_cvt_u32_f32 $d, $a", ON_ALL, F32, NONE, NONE, U32, u32_of_f32),
		ROW("v_cvt_i32_f64 $d, $a", ON_ALL, F64, NONE, NONE, U32, i32_of_f64),
		ROW("v_cvt_u32_f64 $d, $a", ON_ALL, F64, NONE, NONE, U32, u32_of_f64),
		ROW("v_cvt_f32_i32 $d, $a", ON_ALL, U32, NONE, NONE, F32, f32_of_i32),
		ROW("v_cvt_f32_u32 $d, $a", ON_ALL, U32, NONE, NONE, F32, f32_of_u32),
		ROW("v_cvt_f64_i32 $d, $a", ON_ALL, U32, NONE, NONE, F64, f64_of_i32),
		ROW("v_cvt_f64_u32 $d, $a", ON_ALL, U32, NONE, NONE, F64, f64_of_u32),
		ROW_SAME("v_cvt_f64_f32 $d, $a", ON_ALL, F32, NONE, NONE, F64, f64_of_f32, vector_same_f64),
		ROW_SAME("v_cvt_f32_f64 $d, $a", ON_ALL, F64, NONE, NONE, F32, f32_of_f64, vector_same_f32),
		ROW_SAME("v_cvt_f16_f32 $d, $a", ON_ALL, F32, NONE, NONE, U32, f16_of_f32, vector_same_f16),
		ROW_SAME("v_cvt_f32_f16 $d, $a", ON_ALL, F16, NONE, NONE, F32, f32_of_f16, vector_same_f32),
		ROW("v_cvt_u16_f16 $d, $a", ON_ALL, F16, NONE, NONE, U32, u16_of_f16),
		ROW("v_cvt_i16_f16 $d, $a", ON_ALL, F16, NONE, NONE, U32, i16_of_f16),
		ROW_SAME("v_cvt_f16_u16 $d, $a", ON_ALL, U16, NONE, NONE, U32, f16_of_u16, vector_same_f16),
		ROW("v_cvt_f32_ubyte2 $d, $a", ON_ALL, U32, NONE, NONE, F32, f32_of_byte_2),
		ROW("v_cvt_rpi_i32_f32 $d, $a", ON_ALL, F32, NONE, NONE, U32, nearest_i32),
		ROW("v_cvt_flr_i32_f32 $d, $a", ON_ALL, F32, NONE, NONE, U32, floor_i32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- functions that hardware approximates: an error of one unit in the last place is allowed (RDNA documents) ---- */

static bool near_f32(uint64_t got, uint64_t wanted)
{
	int64_t apart = (int64_t)(got & INT32_MAX) - (int64_t)(wanted & INT32_MAX);

	if (vector_same_f32(got, wanted))
		return true;
	/* denormals may be flushed, of sources and of results */
	if (!(wanted & 0x7f800000) && !(got & 0x7fffffff))
		return true;
	return got >> 31 == wanted >> 31 && apart >= -1 && apart <= 1;
}

EXPECT_F32(rcp, 1 / flushed(a))
EXPECT_F32(sqrt_32, sqrtf(flushed(a)))
EXPECT_F32(rsq, (float)(1 / sqrt((double)flushed(a))))

/* Of denormal arguments the sign is kept only. */
EXPECT_F32(exp_32, exp2f(flushed(a)))
EXPECT_F32(log_32, (float)log2((double)flushed(a)))

static void approximated_functions(void **state)
{
	static const struct vector_row rows[] = {
		ROW_MODE("v_rcp_f32 $d, $a", ON_ALL, F32, NONE, NONE, F32, rcp, near_f32, 0xc0),
		ROW_MODE("v_rsq_f32 $d, $a", ON_ALL, F32, NONE, NONE, F32, rsq, near_f32, 0xc0),
		ROW_MODE("v_sqrt_f32 $d, $a", ON_ALL, F32, NONE, NONE, F32, sqrt_32, near_f32, 0xc0),
		ROW_MODE("v_exp_f32 $d, $a", ON_ALL, F32, NONE, NONE, F32, exp_32, near_f32, 0xc0),
		ROW_MODE("v_log_f32 $d, $a", ON_ALL, F32, NONE, NONE, F32, log_32, near_f32, 0xc0),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(float_arithmetic),
		cmocka_unit_test(output_modifiers),
		cmocka_unit_test(least_and_most_floats),
		cmocka_unit_test(float_roundings),
		cmocka_unit_test(modes),
		cmocka_unit_test(double_arithmetic),
		cmocka_unit_test(half_arithmetic),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(conversions),
		cmocka_unit_test(approximated_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
