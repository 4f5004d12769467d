// SPDX-License-Identifier: MIT
/* The values that instructions are tried with. */
#include "isa_vectors.h"

#include <math.h>

static const uint64_t corners_16[] = {0,      1,      2,      0x7f,   0x80,   0xff,   0x100,
				      0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 0x5555};
/* zero, the least denormal, the largest, the least normal, 0.5, 1, 1 and a bit, 1.5, 2, 1000, the largest, infinity, NaNs */
static const uint64_t corners_f16[] = {0,      0x0001, 0x03ff, 0x0400, 0x3800, 0x3c00, 0x3c01,
				       0x3e00, 0x4000, 0x63d0, 0x7bff, 0x7c00, 0x7e00, 0x7d01,
				       0x8000, 0x8001, 0x83ff, 0xbc00, 0xc500, 0xfbff, 0xfc00};
static const uint64_t corners_32[] = {0,	  1,	      2,	  31,	      32,
				      0xff,	  0x7fff,     0x8000,	  0xffff,     0x10000,
				      0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
				      0xffffffff, 0x55555555, 0x00ffffff, 0x00800000, 0xff800000};
static const uint64_t corners_f32[] = {0,	   0x00000001, 0x007fffff, 0x00800000, 0x3f000000, 0x3f800000,
				       0x3f800001, 0x3fc00000, 0x40000000, 0x447a0000, 0x4b7fffff, 0x4effffff,
				       0x4f000000, 0x5f000000, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0x7f800001,
				       0x80000000, 0x80000001, 0x807fffff, 0x80800000, 0xbf000000, 0xbf800000,
				       0xc0200000, 0xcf000000, 0xff7fffff, 0xff800000, 0xffc12345};
static const uint64_t corners_64[] = {0,
				      1,
				      0x7fffffff,
				      0xffffffff,
				      0x100000000,
				      0x7fffffffffffffff,
				      0x8000000000000000,
				      0x8000000000000001,
				      0xffffffffffffffff,
				      0xfffffffeffffffff,
				      0x5555555555555555};
static const uint64_t corners_f64[] = {0,
				       1,
				       0x000fffffffffffff,
				       0x0010000000000000,
				       0x3fe0000000000000,
				       0x3ff0000000000000,
				       0x3ff0000000000001,
				       0x3ff8000000000000,
				       0x4000000000000000,
				       0x41dfffffffc00000,
				       0x41e0000000000000,
				       0x433fffffffffffff,
				       0x7fefffffffffffff,
				       0x7ff0000000000000,
				       0x7ff8000000000000,
				       0x7ff0000000000001,
				       0x8000000000000000,
				       0x8000000000000001,
				       0xbff0000000000000,
				       0xc004000000000000,
				       0xc1e0000000000000,
				       0xffefffffffffffff,
				       0xfff0000000000000};
static const uint64_t corners_pair[] = {0,	    0x00010001, 0x7fff8000, 0x8000ffff,
					0xffff7fff, 0xffffffff, 0x0001ffff, 0x5555aaaa};
static const uint64_t corners_pair_f16[] = {0,		0x3c003c00, 0x7bff8001, 0x00010400, 0x7c00fc00,
					    0x7e003800, 0xbc004000, 0x80007bff, 0x03ff83ff, 0x7d013c00};
static const uint64_t corners_shift[] = {0, 1, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65, 255, 0xffffffff};

static const struct {
	const uint64_t *list;
	uint32_t count;
	uint32_t bits;
} corners[] = {
#define CORNERS(list, bits)                                  \
	{                                                    \
		list, sizeof(list) / sizeof((list)[0]), bits \
	}
	[VALUES_NONE] = {corners_16, 1, 0},
	[VALUES_U16] = CORNERS(corners_16, 16),
	[VALUES_F16] = CORNERS(corners_f16, 16),
	[VALUES_U32] = CORNERS(corners_32, 32),
	[VALUES_F32] = CORNERS(corners_f32, 32),
	[VALUES_U64] = CORNERS(corners_64, 64),
	[VALUES_F64] = CORNERS(corners_f64, 64),
	[VALUES_PAIR_U16] = CORNERS(corners_pair, 32),
	[VALUES_PAIR_F16] = CORNERS(corners_pair_f16, 32),
	[VALUES_SHIFT] = CORNERS(corners_shift, 32),
};

uint32_t vector_bits(enum vector_values values)
{
	return corners[values].bits;
}

uint32_t vector_corners(enum vector_values values)
{
	return corners[values].count;
}

uint64_t vector_mix(uint64_t value)
{
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ull;
	value = (value ^ value >> 27) * 0x94d049bb133111ebull;
	return value ^ value >> 31;
}

/* Floats: of moderate size half of the time, for others mostly meet infinities. */
uint64_t vector_value(enum vector_values values, uint32_t index)
{
	uint64_t random = vector_mix(index + 0x9e3779b97f4a7c15ull * ((uint64_t)values + 1));
	bool moderate = vector_mix(random) & 1;

	if (index < corners[values].count)
		return corners[values].list[index];
	switch (values) {
	case VALUES_NONE:
		return 0;
	case VALUES_F32:
		if (moderate)
			random = (random & 0x80ffffff) | (0x3b + (random >> 40 & 7)) << 24;
		break;
	case VALUES_F64:
		if (moderate)
			random = (random & 0x800fffffffffffff) | (0x3f0 + (random >> 52 & 0x1f)) << 52;
		break;
	case VALUES_F16:
		if (moderate)
			random = (random & 0x87ff) | (6 + (random >> 20 & 7)) << 11;
		break;
	case VALUES_PAIR_F16:
		if (moderate)
			random = (random & 0x87ff87ff) | (6 + (random >> 40 & 7)) << 11 |
				 (6 + (random >> 44 & 7)) << 27;
		break;
	case VALUES_SHIFT:
		random = moderate ? random & 31 : random & 127;
		break;
	case VALUES_U16:
	case VALUES_U32:
	case VALUES_U64:
	case VALUES_PAIR_U16:
		random >>= moderate ? random >> 32 & 15 : 0;
		break;
	}
	return corners[values].bits == 64 ? random : random & (~0ull >> (64 - corners[values].bits));
}

static bool nan_f16(uint64_t bits)
{
	return (bits & 0x7fff) > 0x7c00;
}

bool vector_same_f32(uint64_t got, uint64_t wanted)
{
	return got == wanted || ((got & 0x7fffffff) > 0x7f800000 && (wanted & 0x7fffffff) > 0x7f800000);
}

bool vector_same_f64(uint64_t got, uint64_t wanted)
{
	const uint64_t infinity = 0x7ff0000000000000;

	return got == wanted || ((got & INT64_MAX) > infinity && (wanted & INT64_MAX) > infinity);
}

bool vector_same_f16(uint64_t got, uint64_t wanted)
{
	return got >> 16 == wanted >> 16 &&
	       ((got & 0xffff) == (wanted & 0xffff) || (nan_f16(got) && nan_f16(wanted)));
}

bool vector_same_pair_f16(uint64_t got, uint64_t wanted)
{
	return vector_same_f16(got & 0xffff, wanted & 0xffff) && vector_same_f16(got >> 16, wanted >> 16);
}

double vector_half(uint64_t bits)
{
	const int exponent = bits >> 10 & 31;
	const double fraction = (double)(bits & 1023);
	double value;

	if (exponent == 31)
		value = bits & 1023 ? (double)NAN : (double)INFINITY;
	else
		value = exponent ? ldexp(fraction + 1024, exponent - 25) : ldexp(fraction, -24);
	return bits & 0x8000 ? -value : value;
}

uint64_t vector_half_bits(double value)
{
	const uint64_t sign = signbit(value) ? 0x8000 : 0;
	const double magnitude = fabs(value);
	int exponent;

	if (isnan(value))
		return 0x7e00;
	if (magnitude >= 65520)
		return sign | 0x7c00;
	if (magnitude < 0x1p-14)
		return sign | (uint64_t)rint(ldexp(magnitude, 24));
	frexp(magnitude, &exponent);
	return sign | (((uint64_t)(exponent + 13) << 10) + (uint64_t)rint(ldexp(magnitude, 11 - exponent)));
}

double vector_sum_to_odd(double product, double addend)
{
	const double sum = product + addend, back = sum - product;
	const double lost = (product - (sum - back)) + (addend - back);
	const uint64_t bits = vector_double_bits(sum);

	if (lost == 0 || isnan(lost) || isinf(sum) || bits & 1)
		return sum;
	return vector_double((lost > 0) == (sum > 0) ? bits + 1 : bits - 1);
}

double vector_small_float(uint64_t bits, int mantissa)
{
	const uint64_t fraction = bits & ((1u << mantissa) - 1), most = 0x7full >> mantissa;
	const uint64_t power = bits >> mantissa & most;
	const int bias = mantissa == 3 ? 7 : 15;
	double value;

	if (power == most && mantissa == 2)
		value = fraction ? (double)NAN : (double)INFINITY;
	else if ((bits & 0x7f) == 0x7f)
		value = (double)NAN;
	else
		value = ldexp((double)fraction + (power ? 1 << mantissa : 0),
			      (int)(power ? power : 1) - bias - mantissa);
	return bits & 0x80 ? -value : value;
}
