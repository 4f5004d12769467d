// SPDX-License-Identifier: MIT
/* Floats of the scalar ALU, since gfx11.5, against the host's: by AMD's Instruction Set Architecture documents. */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"

#define ON_BOTH (ON_GFX11_5 | ON_GFX12)

#define FLOAT(name, value) EXPECT_F32(name##_f32, value)
#define HALF(name, value)                                                                          \
	static uint64_t name##_f16(struct vector_lane *lane)                                       \
	{                                                                                          \
		const double a = vector_half(lane->a & 0xffff), b = vector_half(lane->b & 0xffff); \
		const double d = vector_half(lane->d & 0xffff);                                    \
		(void)a, (void)b, (void)d;                                                         \
		return vector_half_bits(value);                                                    \
	}

/* Numbers rather than NaNs, but for those that signal in IEEE mode; -0 is less than 0. */
static double least(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) ? b : a;
	if (a == 0 && b == 0)
		return signbit(a) ? a : b;
	return a < b ? a : b;
}

static double most(double a, double b)
{
	return -least(-a, -b);
}

static double strict(double a, double b, double number)
{
	return isnan(a) || isnan(b) ? (double)NAN : number;
}

FLOAT(add, a + b)
FLOAT(sub, a - b)
FLOAT(mul, a *b)
FLOAT(fmac, fmaf(a, b, d))
FLOAT(fmaak, fmaf(a, b, 2.5f))
FLOAT(fmamk, fmaf(a, 2.5f, b))
FLOAT(ceil, ceilf(a))
FLOAT(floor, floorf(a))
FLOAT(trunc, truncf(a))
FLOAT(rndne, rintf(a))
FLOAT(min, (float)least((double)a, (double)b))
FLOAT(max, (float)most((double)a, (double)b))
FLOAT(minimum, (float)strict((double)a, (double)b, least((double)a, (double)b)))
FLOAT(maximum, (float)strict((double)a, (double)b, most((double)a, (double)b)))
HALF(add, a + b)
HALF(sub, a - b)
HALF(mul, a *b)
HALF(fmac, vector_sum_to_odd(a *b, d))
HALF(ceil, ceil(a))
HALF(floor, floor(a))
HALF(trunc, trunc(a))
HALF(rndne, rint(a))
HALF(min, least(a, b))
HALF(max, most(a, b))
HALF(minimum, strict(a, b, least(a, b)))
HALF(maximum, strict(a, b, most(a, b)))

/* A signaling NaN may come out as a NaN in IEEE mode: compared where the mode has none. */
static bool same_number_f32(uint64_t got, uint64_t wanted)
{
	return vector_same_f32(got, wanted) || isnan(vector_float(got));
}

static bool same_number_f16(uint64_t got, uint64_t wanted)
{
	return vector_same_f16(got, wanted) || isnan(vector_half(got & 0xffff));
}

#define F2(text, targets, expect) ROW_SAME(text, targets, F32, F32, NONE, F32, expect##_f32, vector_same_f32)
#define H2(text, targets, expect) ROW_SAME(text, targets, F16, F16, NONE, U32, expect##_f16, vector_same_f16)
#define BOTH_2(name, expect) \
	F2("s_" name "_f32 $d, $a, $b", ON_BOTH, expect), H2("s_" name "_f16 $d, $a, $b", ON_BOTH, expect)
#define BOTH_1(name)                                                                                    \
	ROW_SAME("s_" #name "_f32 $d, $a", ON_BOTH, F32, NONE, NONE, F32, name##_f32, vector_same_f32), \
		ROW_SAME("s_" #name "_f16 $d, $a", ON_BOTH, F16, NONE, NONE, U32, name##_f16,           \
			 vector_same_f16)

static void arithmetic(void **state)
{
	static const struct vector_row rows[] = {
		BOTH_2("add", add),
		BOTH_2("sub", sub),
		BOTH_2("mul", mul),
		BOTH_2("fmac", fmac),
		F2("s_fmaak_f32 $d, $a, $b, 0x40200000", ON_BOTH, fmaak),
		F2("s_fmamk_f32 $d, $a, 0x40200000, $b", ON_BOTH, fmamk),
		BOTH_1(ceil),
		BOTH_1(floor),
		BOTH_1(trunc),
		BOTH_1(rndne),
		ROW_SAME("s_min_f32 $d, $a, $b", ON_GFX11_5, F32, F32, NONE, F32, min_f32, same_number_f32),
		ROW_SAME("s_max_f32 $d, $a, $b", ON_GFX11_5, F32, F32, NONE, F32, max_f32, same_number_f32),
		ROW_SAME("s_min_f16 $d, $a, $b", ON_GFX11_5, F16, F16, NONE, U32, min_f16, same_number_f16),
		ROW_SAME("s_max_f16 $d, $a, $b", ON_GFX11_5, F16, F16, NONE, U32, max_f16, same_number_f16),
		F2("s_min_num_f32 $d, $a, $b", ON_GFX12, min),
		F2("s_max_num_f32 $d, $a, $b", ON_GFX12, max),
		H2("s_min_num_f16 $d, $a, $b", ON_GFX12, min),
		H2("s_max_num_f16 $d, $a, $b", ON_GFX12, max),
		F2("s_minimum_f32 $d, $a, $b", ON_GFX12, minimum),
		F2("s_maximum_f32 $d, $a, $b", ON_GFX12, maximum),
		H2("s_minimum_f16 $d, $a, $b", ON_GFX12, minimum),
		H2("s_maximum_f16 $d, $a, $b", ON_GFX12, maximum),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- MODE ---- */

static volatile float in_a, in_b;

static uint64_t sum_up(struct vector_lane *lane)
{
	volatile float sum;

	fesetround(FE_UPWARD);
	in_a = vector_float(lane->a);
	in_b = vector_float(lane->b);
	sum = in_a + in_b;
	fesetround(FE_TONEAREST);
	return vector_float_bits(sum);
}

static float flushed(float value)
{
	return fpclassify(value) == FP_SUBNORMAL ? copysignf(0, value) : value;
}

FLOAT(flushed_mul, flushed(flushed(a) * flushed(b)))

static void modes(void **state)
{
	static const struct vector_row rows[] = {
		ROW_MODE("s_add_f32 $d, $a, $b", ON_BOTH, F32, F32, NONE, F32, sum_up, vector_same_f32, 0xf1),
		ROW_MODE("s_mul_f32 $d, $a, $b", ON_BOTH, F32, F32, NONE, F32, flushed_mul_f32,
			 vector_same_f32, 0xc0),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- comparisons ---- */

#define CONDITION(name, condition)                                                \
	static uint64_t name##_f32(struct vector_lane *lane)                      \
	{                                                                         \
		const float a = vector_float(lane->a), b = vector_float(lane->b); \
		lane->out = (condition);                                          \
		return lane->d;                                                   \
	}                                                                         \
	static uint64_t name##_f16(struct vector_lane *lane)                      \
	{                                                                         \
		const double a = vector_half(lane->a), b = vector_half(lane->b);  \
		lane->out = (condition);                                          \
		return lane->d;                                                   \
	}

FLOAT_CONDITIONS(CONDITION)

#define COMPARE(name)                                                                    \
	ROW_VCC("s_cmp_" #name "_f32 $a, $b", ON_BOTH, F32, F32, NONE, U32, name##_f32), \
		ROW_VCC("s_cmp_" #name "_f16 $a, $b", ON_BOTH, F16, F16, NONE, U32, name##_f16)

static void comparisons(void **state)
{
	static const struct vector_row rows[] = {
		COMPARE(lt),  COMPARE(eq),  COMPARE(le),  COMPARE(gt),	COMPARE(lg),
		COMPARE(ge),  COMPARE(o),   COMPARE(u),	  COMPARE(nge), COMPARE(nlg),
		COMPARE(ngt), COMPARE(nle), COMPARE(neq), COMPARE(nlt),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- conversions ---- */

EXPECT(f16_of_f32, vector_half_bits(number(a)))
EXPECT(f32_of_f16, vector_float_bits((float)vector_half(a & 0xffff)))
EXPECT(f32_of_upper, vector_float_bits((float)vector_half(a >> 16 & 0xffff)))
EXPECT(i32_of_f32, (uint32_t)(int32_t)limited(trunc(number(a)), INT32_MIN, INT32_MAX))
EXPECT(u32_of_f32, (uint32_t)limited(trunc(number(a)), 0, UINT32_MAX))
EXPECT(pk_rtz, half_to_zero(a) | half_to_zero(b) << 16)

static void conversions(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME("s_cvt_f16_f32 $d, $a", ON_BOTH, F32, NONE, NONE, U32, f16_of_f32, vector_same_f16),
		ROW_SAME("s_cvt_f32_f16 $d, $a", ON_BOTH, PAIR_F16, NONE, NONE, F32, f32_of_f16,
			 vector_same_f32),
		ROW_SAME("s_cvt_hi_f32_f16 $d, $a", ON_BOTH, PAIR_F16, NONE, NONE, F32, f32_of_upper,
			 vector_same_f32),
		ROW("s_cvt_i32_f32 $d, $a", ON_BOTH, F32, NONE, NONE, U32, i32_of_f32),
		ROW("s_cvt_u32_f32 $d, $a", ON_BOTH, F32, NONE, NONE, U32, u32_of_f32),
		ROW_SAME("s_cvt_pk_rtz_f16_f32 $d, $a, $b", ON_BOTH, F32, F32, NONE, U32, pk_rtz,
			 vector_same_pair_f16),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(modes),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(conversions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
