// SPDX-License-Identifier: MIT
/*
 * Comparisons of the vector ALU, by AMD's Instruction Set Architecture documents: every condition of every type, into VCC and into EXEC.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"

#define NUMBER_f16(bits) vector_half(bits)
#define NUMBER_f32(bits) (double)vector_float(bits)
#define NUMBER_f64(bits) vector_double(bits)

#define CONDITION(name, type, number, condition)                                     \
	static uint64_t name##_##type(struct vector_lane *lane)                      \
	{                                                                            \
		const number a = NUMBER_##type(lane->a), b = NUMBER_##type(lane->b); \
		(void)a, (void)b;                                                    \
		lane->out = (condition);                                             \
		return lane->d;                                                      \
	}

#define FLOAT_CONDITION(name, condition)        \
	CONDITION(name, f16, double, condition) \
	CONDITION(name, f32, double, condition) \
	CONDITION(name, f64, double, condition)

FLOAT_CONDITIONS(FLOAT_CONDITION)
FLOAT_CONDITION(f, false)
FLOAT_CONDITION(t, true)

#define NUMBER_i16(bits) (int64_t)(int16_t)(bits)
#define NUMBER_u16(bits) (uint64_t)(uint16_t)(bits)
#define NUMBER_i32(bits) (int64_t)(int32_t)(bits)
#define NUMBER_u32(bits) (uint64_t)(uint32_t)(bits)
#define NUMBER_i64(bits) (int64_t)(bits)
#define NUMBER_u64(bits) (uint64_t)(bits)

#define INTEGER_CONDITIONS(type, number)    \
	CONDITION(lt, type, number, a < b)  \
	CONDITION(eq, type, number, a == b) \
	CONDITION(le, type, number, a <= b) \
	CONDITION(gt, type, number, a > b)  \
	CONDITION(ne, type, number, a != b) \
	CONDITION(ge, type, number, a >= b)
#define CONSTANT_CONDITIONS(type, number) \
	CONDITION(f, type, number, false) \
	CONDITION(t, type, number, true)

INTEGER_CONDITIONS(i16, int64_t)
INTEGER_CONDITIONS(u16, uint64_t)
INTEGER_CONDITIONS(i32, int64_t)
INTEGER_CONDITIONS(u32, uint64_t)
INTEGER_CONDITIONS(i64, int64_t)
INTEGER_CONDITIONS(u64, uint64_t)
CONSTANT_CONDITIONS(i32, int64_t)
CONSTANT_CONDITIONS(u32, uint64_t)
CONSTANT_CONDITIONS(i64, int64_t)
CONSTANT_CONDITIONS(u64, uint64_t)

/* Bits of the mask: signaling and quiet NaN, -infinity, -normal, -denormal, -0, 0, denormal, normal, infinity. */
static uint64_t class_of(struct vector_lane *lane, unsigned mantissa, unsigned exponent)
{
	const uint64_t fraction = lane->a & ((1ull << mantissa) - 1), most = (1ull << exponent) - 1;
	const uint64_t power = lane->a >> mantissa & most;
	const bool negative = lane->a >> (mantissa + exponent) & 1;
	unsigned bit;

	if (power == most && fraction)
		bit = fraction >> (mantissa - 1) ? 1 : 0;
	else if (power == most)
		bit = negative ? 2 : 9;
	else if (power)
		bit = negative ? 3 : 8;
	else if (fraction)
		bit = negative ? 4 : 7;
	else
		bit = negative ? 5 : 6;
	lane->out = lane->b >> bit & 1;
	return lane->d;
}

static uint64_t class_f16(struct vector_lane *lane)
{
	return class_of(lane, 10, 5);
}

static uint64_t class_f32(struct vector_lane *lane)
{
	return class_of(lane, 23, 8);
}

static uint64_t class_f64(struct vector_lane *lane)
{
	return class_of(lane, 52, 11);
}

/* What goes to EXEC is taken to VCC, where rows look, and EXEC put back. */
#define TO_EXEC(text) "s_mov_b64 s[20:21], exec\n" text "\ns_mov_b64 vcc, exec\ns_mov_b64 exec, s[20:21]"

#define NAMED_ROWS(name, condition, type, targets, VALUES, OTHERS)                                           \
	ROW_VCC("v_cmp_" name "_" #type " $vcc, $a, $b", targets, VALUES, OTHERS, NONE, U32,                 \
		condition##_##type),                                                                         \
		ROW_VCC("v_cmp_" name "_" #type "_e64 $vcc, $a, $b", targets, VALUES, OTHERS, NONE, U32,     \
			condition##_##type),                                                                 \
		ROW_VCC(TO_EXEC("v_cmpx_" name "_" #type "_e32 $a, $b"), targets, VALUES, OTHERS, NONE, U32, \
			condition##_##type),                                                                 \
		ROW_VCC(TO_EXEC("v_cmpx_" name "_" #type "_e64 $a, $b"), targets, VALUES, OTHERS, NONE, U32, \
			condition##_##type)
#define ROWS(condition, type, VALUES) NAMED_ROWS(#condition, condition, type, ON_ALL, VALUES, VALUES)

#define FLOAT_ROWS(type, VALUES)                                                            \
	NAMED_ROWS("f", f, type, ON_OLD, VALUES, VALUES),                                   \
		NAMED_ROWS("tru", t, type, ON_GFX10, VALUES, VALUES),                       \
		NAMED_ROWS("t", t, type, ON_GFX11, VALUES, VALUES), ROWS(lt, type, VALUES), \
		ROWS(eq, type, VALUES), ROWS(le, type, VALUES), ROWS(gt, type, VALUES),     \
		ROWS(lg, type, VALUES), ROWS(ge, type, VALUES), ROWS(o, type, VALUES),      \
		ROWS(u, type, VALUES), ROWS(nge, type, VALUES), ROWS(nlg, type, VALUES),    \
		ROWS(ngt, type, VALUES), ROWS(nle, type, VALUES), ROWS(neq, type, VALUES),  \
		ROWS(nlt, type, VALUES), NAMED_ROWS("class", class, type, ON_ALL, VALUES, U32)

#define INTEGER_ROWS(type, VALUES)                                                                      \
	ROWS(lt, type, VALUES), ROWS(eq, type, VALUES), ROWS(le, type, VALUES), ROWS(gt, type, VALUES), \
		ROWS(ne, type, VALUES), ROWS(ge, type, VALUES)
#define CONSTANT_ROWS(type, VALUES) \
	NAMED_ROWS("f", f, type, ON_OLD, VALUES, VALUES), NAMED_ROWS("t", t, type, ON_OLD, VALUES, VALUES)

static void halves(void **state)
{
	static const struct vector_row rows[] = {FLOAT_ROWS(f16, F16)};

	(void)state;
	VECTOR_CHECK(rows);
}

static void floats(void **state)
{
	static const struct vector_row rows[] = {FLOAT_ROWS(f32, F32)};

	(void)state;
	VECTOR_CHECK(rows);
}

static void doubles(void **state)
{
	static const struct vector_row rows[] = {FLOAT_ROWS(f64, F64)};

	(void)state;
	VECTOR_CHECK(rows);
}

static void integers(void **state)
{
	static const struct vector_row rows[] = {
		INTEGER_ROWS(i16, U16),	 INTEGER_ROWS(u16, U16),  INTEGER_ROWS(i32, U32),
		INTEGER_ROWS(u32, U32),	 INTEGER_ROWS(i64, U64),  INTEGER_ROWS(u64, U64),
		CONSTANT_ROWS(i32, U32), CONSTANT_ROWS(u32, U32), CONSTANT_ROWS(i64, U64),
		CONSTANT_ROWS(u64, U64),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* Denormals are flushed where MODE says so, of all but classes. */
static float flushed(uint64_t bits)
{
	return bits & 0x7f800000 ? vector_float(bits) : 0;
}

static uint64_t flushed_lt(struct vector_lane *lane)
{
	lane->out = flushed(lane->a) < flushed(lane->b);
	return lane->d;
}

static uint64_t flushed_eq(struct vector_lane *lane)
{
	lane->out = flushed(lane->a) == flushed(lane->b);
	return lane->d;
}

static void flushed_denormals(void **state)
{
#define FLUSHED(text_, expect_)                                                                      \
	{                                                                                            \
		.text = text_, .targets = ON_ALL, .a = VALUES_F32, .b = VALUES_F32, .d = VALUES_U32, \
		.expect = expect_, .vcc_out = true, .mode = 1u << 31 | 0xc0                          \
	}
	static const struct vector_row rows[] = {
		FLUSHED("v_cmp_lt_f32 $vcc, $a, $b", flushed_lt),
		FLUSHED("v_cmp_eq_f32 $vcc, $a, $b", flushed_eq),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(halves),
		cmocka_unit_test(floats),
		cmocka_unit_test(doubles),
		cmocka_unit_test(integers),
		cmocka_unit_test(flushed_denormals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
