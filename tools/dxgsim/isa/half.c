// SPDX-License-Identifier: MIT
/* Conversions between floats of the host and those it has no type for. */
#include <math.h>

#include "dxgsim/isa/half.h"

#define DOUBLE_FRACTION ((UINT64_C(1) << 52) - 1)

/* Whether what is beyond the largest number becomes infinity, or that number. */
static bool overflows(bool negative, uint32_t round)
{
	return round == ISA_ROUND_NEAREST || (round == ISA_ROUND_UP && !negative) ||
	       (round == ISA_ROUND_DOWN && negative);
}

uint16_t isa_double_to_half(double value, uint32_t round)
{
	const uint64_t bits = isa_double_bits(value);
	const bool negative = bits >> 63;
	const uint32_t sign = negative ? 0x8000U : 0;
	const int32_t exponent = (int32_t)(bits >> 52 & 0x7ff) - 1023;
	uint64_t fraction = bits & DOUBLE_FRACTION;
	uint32_t half;

	if (exponent == 1024) {
		if (fraction)
			return (uint16_t)(sign | 0x7e00U | (uint32_t)(fraction >> 42));
		return (uint16_t)(sign | ISA_HALF_INFINITY);
	}
	if (exponent >= 16) {
		return (uint16_t)(sign | (overflows(negative, round) ? ISA_HALF_INFINITY : 0x7bffU));
	}
	if (exponent >= -14) {
		/* a carry out of the fraction is one more in the exponent, up to infinity */
		fraction |= (uint64_t)(exponent + 15) << 52;
		half = (uint32_t)isa_round_off(fraction, 42, negative, round);
		return (uint16_t)(sign | half);
	}
	if (!(bits << 1))
		return (uint16_t)sign;
	/* a denormal in units of 2^-24, or less than half of one */
	if (exponent >= -26)
		fraction = isa_round_off(fraction | UINT64_C(1) << 52, (uint32_t)(28 - exponent), negative,
					 round);
	else
		fraction = isa_round_off(1, 2, negative, round);
	return (uint16_t)(sign | (uint32_t)fraction);
}

uint16_t isa_float_to_half_slowly(float value, uint32_t round)
{
	const uint32_t bits = isa_float_bits(value);
	const uint32_t magnitude = bits & 0x7fffffffU;

	if (magnitude > 0x7f800000U) /* without the host's conversion, which is free to choose */
		return (uint16_t)((bits >> 16 & 0x8000U) | 0x7e00U | (magnitude >> 13 & 0x3ffU));
	return isa_double_to_half((double)value, round);
}

uint16_t isa_half_result(double value, uint32_t mode)
{
	const uint16_t half = isa_double_to_half(value, ISA_MODE_ROUND_64(mode));

	if (mode & ISA_MODE_FP16_OVFL && (half & 0x7fffU) == ISA_HALF_INFINITY && !isinf(value))
		return (uint16_t)(half - 1U);
	return half;
}

uint16_t isa_half_fma(uint16_t a, uint16_t b, uint16_t c, uint32_t round)
{
	/* 22 bits: exact */
	const double product = (double)isa_half_to_float(a) * (double)isa_half_to_float(b);
	const double addend = (double)isa_half_to_float(c);
	const double sum = product + addend;
	double back, error;
	uint64_t bits;

	/*
	 * Rounded twice in the same direction is rounded once.  To the nearest it is not, unless the first rounding
	 * was to odd (Boldo, Melquiond: "Emulation of FMA and correctly rounded sums"); what it has left off is
	 * exact by Knuth's sum of two.
	 */
	if (round != ISA_ROUND_NEAREST)
		return isa_double_to_half(sum, round);
	back = sum - product;
	error = (product - (sum - back)) + (addend - back);
	bits = isa_double_bits(sum);
	if (error == 0 || error != error || bits & 1)
		return isa_double_to_half(sum, round);
	bits += (error > 0) == (sum > 0) ? UINT64_C(1) : UINT64_MAX;
	return isa_double_to_half(isa_double_of(bits), round);
}

static bool half_is_finite(uint16_t half)
{
	return (half & ISA_HALF_INFINITY) != ISA_HALF_INFINITY;
}

uint16_t isa_half_fused(uint16_t a, uint16_t b, uint16_t c, uint32_t mode)
{
	const uint16_t half = isa_half_fma(a, b, c, ISA_MODE_ROUND_64(mode));

	if (mode & ISA_MODE_FP16_OVFL && (half & 0x7fffU) == ISA_HALF_INFINITY && half_is_finite(a) &&
	    half_is_finite(b) && half_is_finite(c))
		return (uint16_t)(half - 1U);
	return half;
}

float isa_bfloat_to_float(uint16_t bfloat)
{
	return isa_float_of((uint32_t)bfloat << 16);
}

uint16_t isa_float_to_bfloat(float value, uint32_t round)
{
	const uint32_t bits = isa_float_bits(value);
	const bool negative = bits >> 31;
	const uint32_t magnitude = bits & 0x7fffffffU;
	const uint32_t sign = bits >> 16 & 0x8000U;

	if (magnitude > 0x7f800000U)
		return (uint16_t)(sign | 0x7fc0U | magnitude >> 16);
	return (uint16_t)(sign | (uint32_t)isa_round_off(magnitude, 16, negative, round));
}

/* ---- 8 bits ---- */

struct tiny {
	uint32_t fraction_bits;
	int32_t bias;
	uint32_t largest;  /* number */
	uint32_t infinity; /* or what there is instead */
	uint32_t nan;
};

static const struct tiny tinies[] = {
	[ISA_TINY_FP8] = {.fraction_bits = 3, .bias = 7, .largest = 0x7e, .infinity = 0x7f, .nan = 0x7f},
	[ISA_TINY_BF8] = {.fraction_bits = 2, .bias = 15, .largest = 0x7b, .infinity = 0x7c, .nan = 0x7f},
};

float isa_tiny_to_float(enum isa_tiny format, uint8_t tiny)
{
	const struct tiny *as = &tinies[format];
	const uint32_t sign = (uint32_t)(tiny & 0x80U) << 24;
	const uint32_t magnitude = tiny & 0x7fU;
	const uint32_t up = 23U - as->fraction_bits;
	uint32_t shift;

	if (format == ISA_TINY_BF8)
		return isa_half_to_float((uint16_t)(tiny << 8));
	if (magnitude == as->nan)
		return isa_float_of(sign | 0x7fc00000U);
	if (magnitude >> as->fraction_bits)
		return isa_float_of(sign | ((magnitude << up) + ((uint32_t)(127 - as->bias) << 23)));
	if (!magnitude)
		return isa_float_of(sign);
	shift = (uint32_t)__builtin_clz(magnitude) - (31U - as->fraction_bits);
	return isa_float_of(sign | (uint32_t)(128 - as->bias - (int32_t)shift) << 23 |
			    (magnitude << (shift + up) & 0x7fffffU));
}

/*
 * Of a finite value.  @noise: NULL: to the nearest; otherwise added below the last place, with as many bits as are
 * dropped, and the rest is cut off.
 */
static uint32_t tiny_round(const struct tiny *as, uint32_t magnitude, const uint32_t *noise)
{
	int32_t exponent = (int32_t)(magnitude >> 23) - 127;
	uint64_t significand = magnitude & 0x7fffffU;
	uint32_t shift = 23U - as->fraction_bits;

	if (exponent == -127)
		exponent++;
	else
		significand |= 0x800000U;
	if (exponent < 1 - as->bias)
		shift += (uint32_t)(1 - as->bias - exponent);
	else
		significand += (uint64_t)(uint32_t)(exponent + as->bias - 1) << 23;
	/* nothing is left of it, however it is rounded */
	if (shift > 32)
		shift = 32;
	if (!noise)
		return (uint32_t)isa_round_off(significand, shift, false, ISA_ROUND_NEAREST);
	return (uint32_t)((significand + (*noise >> (32U - shift))) >> shift);
}

static uint8_t to_tiny(enum isa_tiny format, float value, const uint32_t *noise, bool saturate)
{
	const struct tiny *as = &tinies[format];
	const uint32_t bits = isa_float_bits(value);
	const uint32_t sign = bits >> 24 & 0x80U;
	const uint32_t magnitude = bits & 0x7fffffffU;
	uint32_t tiny;

	if (magnitude > 0x7f800000U)
		return (uint8_t)(sign | as->nan);
	tiny = magnitude == 0x7f800000U ? UINT32_MAX : tiny_round(as, magnitude, noise);
	if (tiny > as->largest)
		tiny = saturate ? as->largest : as->infinity;
	return (uint8_t)(sign | tiny);
}

uint8_t isa_float_to_tiny(enum isa_tiny format, float value, bool saturate)
{
	return to_tiny(format, value, NULL, saturate);
}

uint8_t isa_float_to_tiny_noisy(enum isa_tiny format, float value, uint32_t noise, bool saturate)
{
	return to_tiny(format, value, &noise, saturate);
}
