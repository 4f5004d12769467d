// SPDX-License-Identifier: MIT
/*
 * Division: what each of its instructions does by AMD's Instruction Set Architecture documents, and the sequences that compilers make of
 * them (LLVM: LowerFDIV32, LowerFDIV64, LowerFDIV16), whose quotients have to be correctly rounded whatever is divided.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_vectors.h"

/* ---- sequences ---- */

#define DIVIDE_F32                                 \
	"v_div_scale_f32 v20, $mask, $b, $b, $a\n" \
	"v_div_scale_f32 v21, $vcc, $a, $b, $a\n"  \
	"v_rcp_f32 v22, v20\n"                     \
	"v_fma_f32 v23, -v20, v22, 1.0\n"          \
	"v_fmac_f32 v22, v23, v22\n"               \
	"v_mul_f32 v23, v21, v22\n"                \
	"v_fma_f32 v24, -v20, v23, v21\n"          \
	"v_fmac_f32 v23, v24, v22\n"               \
	"v_fma_f32 v20, -v20, v23, v21\n"          \
	"v_div_fmas_f32 v20, v20, v22, v23\n"      \
	"v_div_fixup_f32 $d, v20, $b, $a"

#define DIVIDE_F64                                                \
	"v_div_scale_f64 v[20:21], $mask, $b, $b, $a\n"           \
	"v_rcp_f64 v[22:23], v[20:21]\n"                          \
	"v_fma_f64 v[24:25], -v[20:21], v[22:23], 1.0\n"          \
	"v_fma_f64 v[22:23], v[22:23], v[24:25], v[22:23]\n"      \
	"v_fma_f64 v[24:25], -v[20:21], v[22:23], 1.0\n"          \
	"v_fma_f64 v[22:23], v[22:23], v[24:25], v[22:23]\n"      \
	"v_div_scale_f64 v[24:25], $vcc, $a, $b, $a\n"            \
	"v_mul_f64 v[26:27], v[24:25], v[22:23]\n"                \
	"v_fma_f64 v[20:21], -v[20:21], v[26:27], v[24:25]\n"     \
	"v_div_fmas_f64 v[20:21], v[20:21], v[22:23], v[26:27]\n" \
	"v_div_fixup_f64 $d, v[20:21], $b, $a"

#define DIVIDE_F16                         \
	"v_cvt_f32_f16 v20, $a\n"          \
	"v_cvt_f32_f16 v21, $b\n"          \
	"v_rcp_f32 v22, v21\n"             \
	"v_mul_f32 v23, v20, v22\n"        \
	"v_fma_f32 v24, -v21, v23, v20\n"  \
	"v_fmac_f32 v23, v24, v22\n"       \
	"v_fma_f32 v24, -v21, v23, v20\n"  \
	"v_mul_f32 v24, v24, v22\n"        \
	"v_and_b32 v24, 0xff800000, v24\n" \
	"v_add_f32 v23, v24, v23\n"        \
	"v_cvt_f16_f32 v23, v23\n"         \
	"v_div_fixup_f16 $d, v23, $b, $a"

static uint64_t quotient_f32(struct vector_lane *lane)
{
	return vector_float_bits(vector_float(lane->a) / vector_float(lane->b));
}

static uint64_t quotient_f64(struct vector_lane *lane)
{
	return vector_double_bits(vector_double(lane->a) / vector_double(lane->b));
}

/* A quotient of halves is too far from the middle between two halves for the double between to matter. */
static uint64_t quotient_f16(struct vector_lane *lane)
{
	return (lane->d & 0xffff0000) | vector_half_bits(vector_half(lane->a) / vector_half(lane->b));
}

static void quotients(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME(DIVIDE_F32, ON_ALL, F32, F32, NONE, F32, quotient_f32, vector_same_f32),
		ROW_SAME(DIVIDE_F64, ON_ALL, F64, F64, NONE, F64, quotient_f64, vector_same_f64),
		ROW_SAME(DIVIDE_F16, ON_ALL, F16, F16, NONE, U32, quotient_f16, vector_same_f16),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* Random words as floats: of any exponents. */
static void quotients_of_anything(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME(DIVIDE_F32, ON_ALL, U32, U32, NONE, F32, quotient_f32, vector_same_f32),
		ROW_SAME(DIVIDE_F64, ON_ALL, U64, U64, NONE, F64, quotient_f64, vector_same_f64),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- what is left where there is no rule ---- */

#define NO_RULE 0xdeadbeefdeadbeefull

static bool same_f32(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f32(got, wanted);
}

static bool same_f64(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f64(got, wanted);
}

static bool same_f16(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f16(got, wanted);
}

/* ---- fix-up: signs and what is not finite; $a is what was computed, $b the denominator, $c the numerator ---- */

static double fixed(double quotient, double below, double above)
{
	const double sign = signbit(below) != signbit(above) ? -1.0 : 1.0;

	if (isnan(above) || isnan(below) || (below == 0 && above == 0) || (isinf(below) && isinf(above)))
		return (double)NAN;
	if (below == 0 || isinf(above))
		return sign * (double)INFINITY;
	if (isinf(below) || above == 0)
		return copysign(0, sign);
	return copysign(quotient, sign);
}

/* Whether the quotient is one that fits by far. */
static bool moderate(double below, double above, int limit)
{
	int a, b;

	if (isnan(below) || isnan(above) || isinf(below) || isinf(above) || below == 0 || above == 0)
		return true;
	frexp(below, &b);
	frexp(above, &a);
	return a - b < limit && b - a < limit;
}

static uint64_t fixup_f32(struct vector_lane *lane)
{
	const float a = vector_float(lane->a), b = vector_float(lane->b), c = vector_float(lane->c);

	if (isnan(a) || !moderate((double)b, (double)c, 120))
		return NO_RULE;
	return vector_float_bits((float)fixed((double)a, (double)b, (double)c));
}

static uint64_t fixup_f64(struct vector_lane *lane)
{
	const double a = vector_double(lane->a), b = vector_double(lane->b), c = vector_double(lane->c);

	if (isnan(a) || !moderate(b, c, 1000))
		return NO_RULE;
	return vector_double_bits(fixed(a, b, c));
}

static uint64_t fixup_f16(struct vector_lane *lane)
{
	const double a = vector_half(lane->a), b = vector_half(lane->b), c = vector_half(lane->c);

	if (isnan(a))
		return NO_RULE;
	return (lane->d & 0xffff0000) | vector_half_bits(fixed(a, b, c));
}

static void fix_ups(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME("v_div_fixup_f32 $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, fixup_f32, same_f32),
		ROW_SAME("v_div_fixup_f64 $d, $a, $b, $c", ON_ALL, F64, F64, F64, F64, fixup_f64, same_f64),
		ROW_SAME("v_div_fixup_f16 $d, $a, $b, $c", ON_ALL, F16, F16, F16, U32, fixup_f16, same_f16),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- a sum of products, scaled back for lanes that have a bit in VCC; whether it is rounded before and after is left open ---- */

static uint64_t fmas_f32(struct vector_lane *lane)
{
	const float a = vector_float(lane->a), b = vector_float(lane->b), c = vector_float(lane->c);
	const float value = fmaf(a, b, c);

	const float scaled = value * ((lane->c >> 23 & 0xff) > 127 ? 0x1p64f : 0x1p-64f);

	if (!lane->in)
		return vector_float_bits(value);
	return isfinite(value) && (value == 0 || isnormal(scaled)) ? vector_float_bits(scaled) : NO_RULE;
}

static uint64_t fmas_f64(struct vector_lane *lane)
{
	const double a = vector_double(lane->a), b = vector_double(lane->b), c = vector_double(lane->c);
	const double value = fma(a, b, c);

	const double scaled = value * ((lane->c >> 52 & 0x7ff) > 1023 ? 0x1p128 : 0x1p-128);

	if (!lane->in)
		return vector_double_bits(value);
	return isfinite(value) && (value == 0 || isnormal(scaled)) ? vector_double_bits(scaled) : NO_RULE;
}

static void scaled_back(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME("v_div_fmas_f32 $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, fmas_f32, same_f32),
		ROW_SAME("v_div_fmas_f64 $d, $a, $b, $c", ON_ALL, F64, F64, F64, F64, fmas_f64, same_f64),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- scaling: what is 0 or moderate has a rule that can be told in a word ---- */

static bool usual(double value, int limit)
{
	int exponent;

	frexp(value, &exponent);
	return !isnan(value) && !isinf(value) && exponent < limit && exponent > -limit;
}

static uint64_t scale_f32(struct vector_lane *lane)
{
	const float a = vector_float(lane->a), b = vector_float(lane->b);

	lane->out = false;
	if (a == 0 || b == 0)
		return 0x7fc00000;
	return lane->a;
}

static uint64_t scale_f64(struct vector_lane *lane)
{
	lane->out = false;
	if (vector_double(lane->a) == 0 || vector_double(lane->b) == 0)
		return 0x7ff8000000000000;
	return lane->a;
}

/* Exponents are brought near 0 first, but those of zeros and what is not finite. */
#define MODERATE_F32 \
	"v_frexp_mant_f32 v20, $a\nv_frexp_mant_f32 v21, $b\nv_div_scale_f32 $d, $vcc, v20, v21, v20"
#define MODERATE_F64                                                     \
	"v_frexp_mant_f64 v[20:21], $a\nv_frexp_mant_f64 v[22:23], $b\n" \
	"v_div_scale_f64 $d, $vcc, v[20:21], v[22:23], v[20:21]"

static uint64_t scale_mantissa_f32(struct vector_lane *lane)
{
	struct vector_lane mantissas = *lane;
	uint64_t result;
	int exponent;

	if (!usual((double)vector_float(lane->a), 1000) || !usual((double)vector_float(lane->b), 1000))
		return NO_RULE;
	mantissas.a = vector_float_bits(frexpf(vector_float(lane->a), &exponent));
	mantissas.b = vector_float_bits(frexpf(vector_float(lane->b), &exponent));
	result = scale_f32(&mantissas);
	lane->out = mantissas.out;
	return result;
}

static uint64_t scale_mantissa_f64(struct vector_lane *lane)
{
	struct vector_lane mantissas = *lane;
	uint64_t result;
	int exponent;

	if (!usual(vector_double(lane->a), 10000) || !usual(vector_double(lane->b), 10000))
		return NO_RULE;
	mantissas.a = vector_double_bits(frexp(vector_double(lane->a), &exponent));
	mantissas.b = vector_double_bits(frexp(vector_double(lane->b), &exponent));
	result = scale_f64(&mantissas);
	lane->out = mantissas.out;
	return result;
}

static void moderate_numbers_are_not_scaled(void **state)
{
	static const struct vector_row rows[] = {
		ROW_SAME(MODERATE_F32, ON_ALL, F32, F32, NONE, F32, scale_mantissa_f32, same_f32),
		ROW_SAME(MODERATE_F64, ON_ALL, F64, F64, NONE, F64, scale_mantissa_f64, same_f64),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotients),
		cmocka_unit_test(quotients_of_anything),
		cmocka_unit_test(fix_ups),
		cmocka_unit_test(scaled_back),
		cmocka_unit_test(moderate_numbers_are_not_scaled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
