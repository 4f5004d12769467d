// SPDX-License-Identifier: MIT
/*
 * Tables of what every vector ALU instruction may come with: each case is executed on all of its targets, with 32 and 64
 * lanes, and with all lanes active, some, and none; all registers are compared.
 */
#ifndef TESTS_UNIT_ISA_VALU_CASES_H
#define TESTS_UNIT_ISA_VALU_CASES_H

#include "isa_vectors.h"

#include "dxgsim/isa/half.h"

#define RESULT 3U /* v3, or v[10:11] of a pair */
#define PAIR   10U

/* What v3 or v[10:11] of a lane is afterwards; @s is the state before. */
typedef uint64_t expect(const struct vector_state *s, uint32_t lane, uint32_t lanes);

struct test_case {
	const char *text;
	uint32_t targets;
	expect *expect;
	bool pair;
	void (*prepare)(struct vector_state *state);
	/* lanes that are written, of those that @exec has; NULL: all of them */
	uint64_t (*written)(uint64_t exec, uint32_t lanes);
	uint32_t lanes; /* 0: both */
	/* instead of @expect: all there is to be checked */
	void (*verify)(const struct vector_state *before, const struct vector_state *after, uint32_t lanes);
	void (*patch)(struct vector_program *program); /* what the assembler does not know */
};

static inline uint32_t bits(float value)
{
	return (uint32_t)vector_float_bits(value);
}

static inline uint32_t half(float value)
{
	return isa_float_to_half(value, ISA_ROUND_NEAREST);
}

static inline float widened(uint32_t value)
{
	return isa_half_to_float((uint16_t)value);
}

static inline uint32_t word(const struct vector_state *s, uint32_t number, uint32_t lane)
{
	return s->vgprs[number][lane];
}

static inline float f32(const struct vector_state *s, uint32_t number, uint32_t lane)
{
	return vector_float(s->vgprs[number][lane]);
}

static inline float low(const struct vector_state *s, uint32_t number, uint32_t lane)
{
	return widened(s->vgprs[number][lane] & 0xffff);
}

static inline float high(const struct vector_state *s, uint32_t number, uint32_t lane)
{
	return widened(s->vgprs[number][lane] >> 16);
}

static inline uint64_t pair(const struct vector_state *s, uint32_t number, uint32_t lane)
{
	return s->vgprs[number][lane] | (uint64_t)s->vgprs[number + 1][lane] << 32;
}

static inline double f64(const struct vector_state *s, uint32_t number, uint32_t lane)
{
	return vector_double(pair(s, number, lane));
}

static inline void put_pair(struct vector_state *s, uint32_t number, uint32_t lane, double value)
{
	const uint64_t value_bits = vector_double_bits(value);

	s->vgprs[number][lane] = (uint32_t)value_bits;
	s->vgprs[number + 1][lane] = (uint32_t)(value_bits >> 32);
}

/*
 * Registers before: v1, v2: floats; v4, v5: two halves each; v[6:7], v[8:9]: doubles; v12, v13: anything.  Failures end the
 * running test.
 */
void valu_check(const struct test_case *tests, uint32_t count);

#define CHECK(tests) valu_check(tests, sizeof(tests) / sizeof((tests)[0]))
/* An expectation in the place where it is needed. */
#define EXPECT(name, expression)                                                          \
	static uint64_t name(const struct vector_state *s, uint32_t lane, uint32_t lanes) \
	{                                                                                 \
		(void)s, (void)lane, (void)lanes;                                         \
		return expression;                                                        \
	}

/* The other half of the result's register. */
#define KEEP_HIGH (word(s, 3, lane) & 0xffff0000U)
#define KEEP_LOW  (word(s, 3, lane) & 0xffffU)

#endif
