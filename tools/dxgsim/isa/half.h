// SPDX-License-Identifier: MIT
/*
 * Floats that C has no type for: IEEE half precision, bfloat16, and the 8-bit formats of gfx12.  All of it works on bits,
 * and but for isa_half_fma() and isa_half_fused() does not depend on the host's rounding mode.
 */
#ifndef DXGSIM_ISA_HALF_H
#define DXGSIM_ISA_HALF_H

#include <string.h>

#include "dxgsim/isa/wave.h"

/* How MODE writes rounding. */
#define ISA_ROUND_NEAREST 0U
#define ISA_ROUND_UP	  1U
#define ISA_ROUND_DOWN	  2U
#define ISA_ROUND_ZERO	  3U

#define ISA_HALF_NAN	  0xfe00U /* what an invalid operation gives */
#define ISA_HALF_INFINITY 0x7c00U

static inline uint32_t isa_float_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline float isa_float_of(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline uint64_t isa_double_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline double isa_double_of(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline bool isa_half_is_nan(uint32_t half)
{
	return (half & 0x7fffU) > ISA_HALF_INFINITY;
}

/*
 * Drops the @shift lower bits of @magnitude, 1 to 63.  That the sign is not part of it is why up and down depend on
 * @negative.
 */
static inline uint64_t isa_round_off(uint64_t magnitude, uint32_t shift, bool negative, uint32_t round)
{
	const uint64_t kept = magnitude >> shift;
	const uint64_t rest = magnitude & ((UINT64_C(1) << shift) - 1);
	const uint64_t tie = UINT64_C(1) << (shift - 1);

	switch (round) {
	case ISA_ROUND_UP:
		return kept + (rest && !negative);
	case ISA_ROUND_DOWN:
		return kept + (rest && negative);
	case ISA_ROUND_ZERO:
		return kept;
	default:
		return kept + (rest > tie || (rest == tie && (kept & 1)));
	}
}

/* Exact.  A NaN keeps its payload, and signals as it did.  (Without branches, for loops over lanes.) */
static inline float isa_half_to_float(uint16_t half)
{
	const uint32_t magnitude = half & 0x7fffU;
	const uint32_t exponents = (127U - 15U) << 23;
	const uint32_t denormal = isa_float_bits((float)(int32_t)magnitude * 0x1p-24F);
	const uint32_t normal =
		(magnitude << 13) + exponents + (magnitude >= ISA_HALF_INFINITY ? exponents : 0);

	return isa_float_of((uint32_t)(half & 0x8000U) << 16 | (magnitude < 0x400U ? denormal : normal));
}

/*
 * Rounded once, into denormals and infinity too.  A NaN keeps the upper part of its payload and becomes quiet.
 * @round: ISA_ROUND_...
 */
uint16_t isa_double_to_half(double value, uint32_t round);
uint16_t isa_float_to_half_slowly(float value, uint32_t round); /* part of the following */

static inline uint16_t isa_float_to_half(float value, uint32_t round)
{
	const uint32_t bits = isa_float_bits(value);
	const uint32_t magnitude = bits & 0x7fffffffU;

	/* normal, and so is the result: most of them */
	if (round == ISA_ROUND_NEAREST && magnitude - 0x38800000U < 0x477fe000U - 0x38800000U) {
		const uint32_t even = magnitude >> 13 & 1U;

		return (uint16_t)((bits >> 16 & 0x8000U) |
				  (magnitude - ((127U - 15U) << 23) + 0xfffU + even) >> 13);
	}
	if (!magnitude)
		return (uint16_t)(bits >> 16);
	return isa_float_to_half_slowly(value, round);
}

/* What an operation stores: rounded by MODE, and with its FP16_OVFL no infinity if @value is none. */
uint16_t isa_half_result(double value, uint32_t mode);
/*
 * ... of a float.  Sums, differences and products of two halves may be computed as floats: these have more than twice
 * the bits, so that rounding twice is rounding once (Figueroa: "When is double rounding innocuous?").
 */
static inline uint16_t isa_half_result_32(float value, uint32_t mode)
{
	if (mode & ISA_MODE_FP16_OVFL)
		return isa_half_result((double)value, mode);
	return isa_float_to_half(value, ISA_MODE_ROUND_64(mode));
}

/* a * b + c, rounded once.  @round is the rounding mode that the host has, too. */
uint16_t isa_half_fma(uint16_t a, uint16_t b, uint16_t c, uint32_t round);
/* ... as an operation stores it; the host's rounding mode is that of f16 in MODE. */
uint16_t isa_half_fused(uint16_t a, uint16_t b, uint16_t c, uint32_t mode);

/* The upper half of a float. */
float isa_bfloat_to_float(uint16_t bfloat);
uint16_t isa_float_to_bfloat(float value, uint32_t round);

/* The 8-bit formats of OCP: E4M3 has no infinity and its only NaN is all ones; E5M2 is the upper half of a half. */
enum isa_tiny {
	ISA_TINY_FP8, /* E4M3 */
	ISA_TINY_BF8, /* E5M2 */
};

float isa_tiny_to_float(enum isa_tiny format, uint8_t tiny);
/*
 * To the nearest, ties to even.  What is too large becomes the largest number with @saturate, otherwise infinity, or for
 * E4M3 NaN; @saturate concerns infinity too.
 */
uint8_t isa_float_to_tiny(enum isa_tiny format, float value, bool saturate);
/* ... after @noise, of 32 random bits, was added below its last place: stochastic rounding. */
uint8_t isa_float_to_tiny_noisy(enum isa_tiny format, float value, uint32_t noise, bool saturate);

#endif
