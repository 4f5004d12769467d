// SPDX-License-Identifier: MIT
/*
 * Expectations of rows from expressions: a, b, c and the old destination d are values of the lane; and small functions that such
 * expressions are made of.
 */
#ifndef TESTS_UNIT_ISA_EXPECT_H
#define TESTS_UNIT_ISA_EXPECT_H

#include <math.h>

#include "isa_vectors.h"

/* As words of 64 bits. */
#define EXPECT(name, value)                                                        \
	static uint64_t name(struct vector_lane *lane)                             \
	{                                                                          \
		const uint64_t a = lane->a, b = lane->b, c = lane->c, d = lane->d; \
		(void)a, (void)b, (void)c, (void)d;                                \
		return (value);                                                    \
	}
#define EXPECT_32(name, value) EXPECT(name, (uint32_t)(value))

/* ... of which a condition is told too, that may be one of the `result`. */
#define EXPECT_OUT(name, value, condition)                                         \
	static uint64_t name(struct vector_lane *lane)                             \
	{                                                                          \
		const uint64_t a = lane->a, b = lane->b, c = lane->c, d = lane->d; \
		const uint64_t result = (value);                                   \
		(void)a, (void)b, (void)c, (void)d;                                \
		lane->out = (condition);                                           \
		return result;                                                     \
	}

/* As floats. */
#define EXPECT_F32(name, value)                                                                              \
	static uint64_t name(struct vector_lane *lane)                                                       \
	{                                                                                                    \
		const float a = vector_float(lane->a), b = vector_float(lane->b), c = vector_float(lane->c); \
		const float d = vector_float(lane->d);                                                       \
		(void)a, (void)b, (void)c, (void)d;                                                          \
		return vector_float_bits(value);                                                             \
	}

/* As halves; the upper half of the register stays. */
#define EXPECT_F16(name, value)                                                                            \
	static uint64_t name(struct vector_lane *lane)                                                     \
	{                                                                                                  \
		const double a = vector_half(lane->a), b = vector_half(lane->b), c = vector_half(lane->c); \
		const double d = vector_half(lane->d);                                                     \
		(void)a, (void)b, (void)c, (void)d;                                                        \
		return (lane->d & 0xffff0000) | vector_half_bits(value);                                   \
	}

/* @MAKE(name, condition of the numbers a and b) for every comparison of floats. */
#define FLOAT_CONDITIONS(MAKE)          \
	MAKE(lt, a < b)                 \
	MAKE(eq, a == b)                \
	MAKE(le, a <= b)                \
	MAKE(gt, a > b)                 \
	MAKE(lg, a<b || a> b)           \
	MAKE(ge, a >= b)                \
	MAKE(o, !isnan(a) && !isnan(b)) \
	MAKE(u, isnan(a) || isnan(b))   \
	MAKE(nge, !(a >= b))            \
	MAKE(nlg, !(a < b || a > b))    \
	MAKE(ngt, !(a > b))             \
	MAKE(nle, !(a <= b))            \
	MAKE(neq, !(a == b))            \
	MAKE(nlt, !(a < b))

static inline int64_t s32(uint64_t value)
{
	return (int64_t)(value & 0xffffffff) - (value & 0x80000000 ? 0x100000000 : 0);
}

static inline int64_t within(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

static inline double number(uint64_t bits)
{
	return (double)vector_float(bits);
}

/* As conversions to integers do it: no NaN, and nothing beyond. */
static inline double limited(double value, double low, double high)
{
	return isnan(value) ? 0 : value < low ? low : value > high ? high : value;
}

/* The bits of a half. To zero: what is too large is the largest. */
static inline uint64_t half_to_zero(uint64_t bits)
{
	const double value = number(bits);
	const uint64_t half = vector_half_bits(value);

	if (isnan(value) || isinf(value))
		return half;
	return fabs(vector_half(half)) > fabs(value) ? half - 1 : half;
}

#endif
