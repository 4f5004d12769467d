// SPDX-License-Identifier: MIT
/* Division: scaling, the last step, and the special cases. */
#include <fenv.h>
#include <math.h>

#include "dxgsim/isa/division.h"
#include "dxgsim/isa/half.h"

static int32_t exponent_32(float value)
{
	return (int32_t)(isa_float_bits(value) >> 23 & 0xff);
}

static int32_t exponent_64(double value)
{
	return (int32_t)(isa_double_bits(value) >> 52 & 0x7ff);
}

/*
 * The documents have two things that cannot be meant, as the division around it would be wrong: that a reciprocal
 * is a denormal is asked of a double where the operands are floats, and where the quotient is one, too, the
 * denominator is scaled up, which makes it infinite.
 */
float isa_div_scale_32(float value, float denominator, float numerator, bool *post)
{
	const float quotient = numerator / denominator;
	bool tiny_reciprocal;

	*post = false;
	if (numerator == 0 || denominator == 0)
		return isa_float_of(0x7fc00000);
	if (exponent_32(numerator) - exponent_32(denominator) >= 96) {
		*post = true;
		return value == denominator ? ldexpf(value, 64) : value;
	}
	if (fpclassify(denominator) == FP_SUBNORMAL)
		return ldexpf(value, 64);
	tiny_reciprocal = fabsf(denominator) > 0x1p126F && !isinf(denominator);
	if (tiny_reciprocal && fpclassify(quotient) == FP_SUBNORMAL) {
		*post = true;
		return value == denominator ? ldexpf(value, -64) : value;
	}
	if (tiny_reciprocal)
		return ldexpf(value, -64);
	if (fpclassify(quotient) == FP_SUBNORMAL) {
		*post = true;
		return value == numerator ? ldexpf(value, 64) : value;
	}
	if (exponent_32(numerator) <= 23)
		return ldexpf(value, 64);
	return value;
}

double isa_div_scale_64(double value, double denominator, double numerator, bool *post)
{
	const double quotient = numerator / denominator;
	bool tiny_reciprocal;

	*post = false;
	if (numerator == 0 || denominator == 0)
		return isa_double_of(UINT64_C(0x7ff8000000000000));
	if (exponent_64(numerator) - exponent_64(denominator) >= 768) {
		*post = true;
		return value == denominator ? ldexp(value, 128) : value;
	}
	if (fpclassify(denominator) == FP_SUBNORMAL)
		return ldexp(value, 128);
	tiny_reciprocal = fabs(denominator) > 0x1p1022 && !isinf(denominator);
	if (tiny_reciprocal && fpclassify(quotient) == FP_SUBNORMAL) {
		*post = true;
		return value == denominator ? ldexp(value, -128) : value;
	}
	if (tiny_reciprocal)
		return ldexp(value, -128);
	if (fpclassify(quotient) == FP_SUBNORMAL) {
		*post = true;
		return value == numerator ? ldexp(value, 128) : value;
	}
	if (exponent_64(numerator) <= 53)
		return ldexp(value, 128);
	return value;
}

/* The two neighbours of the exact result, or twice itself. */
static void enclose(double a, double b, double c, double *below, double *above)
{
	const int before = fegetround();

	fesetround(FE_DOWNWARD);
	*below = fma(a, b, c);
	fesetround(FE_UPWARD);
	*above = fma(a, b, c);
	fesetround(before);
}

float isa_div_fmas_32(float a, float b, float c)
{
	const int scale = exponent_32(c) > 127 ? 64 : -64;
	double below, above;

	enclose((double)a, (double)b, (double)c, &below, &above);
	/* Rounded to odd: then rounding what is left to fewer bits is as good as rounding the exact result. */
	if (below < above)
		return (float)ldexp(isa_double_bits(below) & 1 ? below : above, scale);
	return (float)ldexp(fma((double)a, (double)b, (double)c), scale);
}

double isa_div_fmas_64(double a, double b, double c, uint32_t round)
{
	const double sum = fma(a, b, c);
	const bool negative = signbit(sum);
	double below, above;
	uint64_t magnitude;
	int32_t shift;

	if (exponent_64(c) > 1023)
		return ldexp(sum, 128);
	if (!(fabs(sum) < 0x1p-894) || sum == 0)
		return ldexp(sum, -128);
	/* It becomes a denormal: from what is left of the exact result if it is cut off, and whether that is all. */
	enclose(a, b, c, &below, &above);
	magnitude = isa_double_bits(negative ? above : below);
	shift = 129 - (int32_t)(magnitude >> 52 & 0x7ff);
	if (shift > 60 || shift < 1)
		shift = 60;
	magnitude = (magnitude & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	magnitude = magnitude << 1 | (below < above);
	magnitude = isa_round_off(magnitude, (uint32_t)shift + 1, negative, round);
	return isa_double_of(magnitude | (uint64_t)negative << 63);
}

/* What is beyond the range, as MODE rounds it. */
static float out_of_range_32(float factor, bool negative)
{
	return (negative ? -factor : factor) * factor;
}

static double out_of_range_64(double factor, bool negative)
{
	return (negative ? -factor : factor) * factor;
}

/*
 * The documents ask whether the exponent of the denominator is that of infinity, when that was dealt with already; it is
 * the quotient's, which overflowed on the way.
 */
float isa_div_fixup_32(float quotient, float denominator, float numerator)
{
	const uint32_t sign =
		(isa_float_bits(denominator) ^ isa_float_bits(numerator)) & UINT32_C(0x80000000);

	if (isnan(numerator))
		return isa_float_of(isa_float_bits(numerator) | 0x400000U);
	if (isnan(denominator))
		return isa_float_of(isa_float_bits(denominator) | 0x400000U);
	if ((denominator == 0 && numerator == 0) || (isinf(denominator) && isinf(numerator)))
		return isa_float_of(0xffc00000);
	if (denominator == 0 || isinf(numerator))
		return isa_float_of(sign | 0x7f800000U);
	if (isinf(denominator) || numerator == 0)
		return isa_float_of(sign);
	if (exponent_32(numerator) - exponent_32(denominator) < -150)
		return out_of_range_32(0x1p-100F, sign);
	if (exponent_32(quotient) == 255)
		return out_of_range_32(0x1p100F, sign);
	return isa_float_of(sign | (isa_float_bits(quotient) & 0x7fffffffU));
}

double isa_div_fixup_64(double quotient, double denominator, double numerator)
{
	const uint64_t sign = (isa_double_bits(denominator) ^ isa_double_bits(numerator)) & UINT64_C(1) << 63;

	if (isnan(numerator))
		return isa_double_of(isa_double_bits(numerator) | UINT64_C(1) << 51);
	if (isnan(denominator))
		return isa_double_of(isa_double_bits(denominator) | UINT64_C(1) << 51);
	if ((denominator == 0 && numerator == 0) || (isinf(denominator) && isinf(numerator)))
		return isa_double_of(UINT64_C(0xfff8) << 48);
	if (denominator == 0 || isinf(numerator))
		return isa_double_of(sign | UINT64_C(0x7ff) << 52);
	if (isinf(denominator) || numerator == 0)
		return isa_double_of(sign);
	if (exponent_64(numerator) - exponent_64(denominator) < -1075)
		return out_of_range_64(0x1p-1000, sign);
	if (exponent_64(quotient) == 2047)
		return out_of_range_64(0x1p1000, sign);
	return isa_double_of(sign | (isa_double_bits(quotient) & ~(UINT64_C(1) << 63)));
}

uint16_t isa_div_fixup_16(uint16_t quotient, uint16_t denominator, uint16_t numerator)
{
	const uint32_t sign = (denominator ^ numerator) & 0x8000U;
	const uint32_t d = denominator & 0x7fffU, n = numerator & 0x7fffU;

	if (isa_half_is_nan(numerator))
		return numerator | 0x200U;
	if (isa_half_is_nan(denominator))
		return denominator | 0x200U;
	if ((!d && !n) || (d == ISA_HALF_INFINITY && n == ISA_HALF_INFINITY))
		return ISA_HALF_NAN;
	if (!d || n == ISA_HALF_INFINITY)
		return (uint16_t)(sign | ISA_HALF_INFINITY);
	if (d == ISA_HALF_INFINITY || !n)
		return (uint16_t)sign;
	return (uint16_t)(sign | (quotient & 0x7fffU));
}
