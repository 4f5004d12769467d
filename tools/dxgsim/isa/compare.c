// SPDX-License-Identifier: MIT
/* Comparisons: a bit per lane into scalar registers, or EXEC. */
#include <math.h>
#include <string.h>

#include "dxgsim/isa/valu.h"

/* The lowest bits of the bytes. */
static uint64_t gather(const uint8_t *bytes, uint32_t lanes)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < lanes; i += 8) {
		uint64_t eight;

		memcpy(&eight, bytes + i, sizeof(eight));
		mask |= eight * UINT64_C(0x0102040810204080) >> 56 << i;
	}
	return mask;
}

/* A number that compares as the half does. */
static inline float half_order(uint32_t half)
{
	const int32_t magnitude = (int32_t)(half & 0x7fff);

	if (magnitude > 0x7c00)
		return NAN;
	return (float)(half & 0x8000 ? -magnitude : magnitude);
}

#define COMPARE(name, type, load, expression)                       \
	static void name(struct isa_valu *valu)                     \
	{                                                           \
		const union isa_lanes *as = valu->a, *bs = valu->b; \
		uint8_t bytes[ISA_LANES];                           \
                                                                    \
		ISA_FOR_LANES(valu)                                 \
		{                                                   \
			const type a = load(as), b = load(bs);      \
                                                                    \
			(void)a, (void)b;                           \
			bytes[i] = (uint8_t)(expression);           \
		}                                                   \
		valu->mask_out = gather(bytes, valu->lanes);        \
	}

#define LOAD_F16(lanes) half_order((lanes)->u32[i])
#define LOAD_F32(lanes) (lanes)->f32[i]
#define LOAD_F64(lanes) (lanes)->f64[i]
#define LOAD_I16(lanes) (int16_t)(lanes)->u32[i]
#define LOAD_U16(lanes) (uint16_t)(lanes)->u32[i]
#define LOAD_I32(lanes) (lanes)->i32[i]
#define LOAD_U32(lanes) (lanes)->u32[i]
#define LOAD_I64(lanes) (lanes)->i64[i]
#define LOAD_U64(lanes) (lanes)->u64[i]

/* Y(argument, name, expression) */
#define ORDERS(Y, t)     \
	Y(t, LT, a < b)  \
	Y(t, EQ, a == b) \
	Y(t, LE, a <= b) \
	Y(t, GT, a > b)  \
	Y(t, GE, a >= b)
#define FLOAT_TESTS(Y, t)            \
	ORDERS(Y, t)                 \
	Y(t, F, 0)                   \
	Y(t, LG, (a < b) || (a > b)) \
	Y(t, O, a == a && b == b)    \
	Y(t, U, a != a || b != b)    \
	Y(t, NGE, !(a >= b))         \
	Y(t, NLG, !(a < b || a > b)) \
	Y(t, NGT, !(a > b))          \
	Y(t, NLE, !(a <= b))         \
	Y(t, NEQ, !(a == b))         \
	Y(t, NLT, !(a < b))          \
	Y(t, T, 1)
#define SHORT_TESTS(Y, t) \
	ORDERS(Y, t)      \
	Y(t, NE, a != b)
#define INTEGER_TESTS(Y, t) \
	SHORT_TESTS(Y, t)   \
	Y(t, F, 0)          \
	Y(t, T, 1)

#define TYPE_F16 float
#define TYPE_F32 float
#define TYPE_F64 double
#define TYPE_I16 int16_t
#define TYPE_U16 uint16_t
#define TYPE_I32 int32_t
#define TYPE_U32 uint32_t
#define TYPE_I64 int64_t
#define TYPE_U64 uint64_t

#define FUNCTION(t, name, expression) COMPARE(compare_##name##_##t, TYPE_##t, LOAD_##t, expression)

#define ALL_TESTS(Y)          \
	FLOAT_TESTS(Y, F16)   \
	FLOAT_TESTS(Y, F32)   \
	FLOAT_TESTS(Y, F64)   \
	SHORT_TESTS(Y, I16)   \
	SHORT_TESTS(Y, U16)   \
	INTEGER_TESTS(Y, I32) \
	INTEGER_TESTS(Y, U32) \
	INTEGER_TESTS(Y, I64) \
	INTEGER_TESTS(Y, U64)

ALL_TESTS(FUNCTION)

/* ---- classes of floats: the bits that the second source may have ---- */

enum {
	SIGNALING_NAN = 1,
	QUIET_NAN = 1 << 1,
	NEGATIVE_INFINITY = 1 << 2,
	NEGATIVE_NORMAL = 1 << 3,
	NEGATIVE_DENORMAL = 1 << 4,
	NEGATIVE_ZERO = 1 << 5,
	POSITIVE_ZERO = 1 << 6,
	POSITIVE_DENORMAL = 1 << 7,
	POSITIVE_NORMAL = 1 << 8,
	POSITIVE_INFINITY = 1 << 9,
};

/* @fraction, @exponent: how many bits it has of them. */
static inline uint32_t class_of(uint64_t bits, uint32_t fraction_bits, uint32_t exponent_bits)
{
	const uint64_t fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
	const uint64_t last = (UINT64_C(1) << exponent_bits) - 1;
	const uint64_t exponent = bits >> fraction_bits & last;
	const bool negative = bits >> (fraction_bits + exponent_bits) & 1;

	if (exponent == last && fraction)
		return fraction >> (fraction_bits - 1) ? QUIET_NAN : SIGNALING_NAN;
	if (exponent == last)
		return negative ? NEGATIVE_INFINITY : POSITIVE_INFINITY;
	if (exponent)
		return negative ? NEGATIVE_NORMAL : POSITIVE_NORMAL;
	if (fraction)
		return negative ? NEGATIVE_DENORMAL : POSITIVE_DENORMAL;
	return negative ? NEGATIVE_ZERO : POSITIVE_ZERO;
}

#define CLASS(t, field, fraction_bits, exponent_bits)                                                     \
	static void class_##t(struct isa_valu *valu)                                                      \
	{                                                                                                 \
		uint8_t bytes[ISA_LANES];                                                                 \
                                                                                                          \
		ISA_FOR_LANES(valu)                                                                       \
		{                                                                                         \
			const uint32_t class = class_of(valu->a->field[i], fraction_bits, exponent_bits); \
                                                                                                          \
			bytes[i] = (valu->b->u32[i] & class) != 0;                                        \
		}                                                                                         \
		valu->mask_out = gather(bytes, valu->lanes);                                              \
	}

CLASS(F16, u32, 10, 5)
CLASS(F32, u32, 23, 8)
CLASS(F64, u64, 52, 11)

/* ---- the list ---- */

#define SOURCE_F16 ISA_F16
#define SOURCE_F32 ISA_F32
#define SOURCE_F64 ISA_F64
#define SOURCE_I16 ISA_B16
#define SOURCE_U16 ISA_B16
#define SOURCE_I32 ISA_B32
#define SOURCE_U32 ISA_B32
#define SOURCE_I64 ISA_B64
#define SOURCE_U64 ISA_B64

#define BIND(name, function, first, second, also) \
	{.operation = ISA_V_CMP_##name,           \
	 .class = ISA_CLASS_VECTOR,               \
	 .execute = isa_valu_execute,             \
	 .valu = function,                        \
	 .result = ISA_SCALAR_MASK,               \
	 .sources = {first, second},              \
	 .flags = also},                          \
		{.operation = ISA_V_CMPX_##name,  \
		 .class = ISA_CLASS_VECTOR,       \
		 .execute = isa_valu_execute,     \
		 .valu = function,                \
		 .result = ISA_SCALAR_MASK,       \
		 .sources = {first, second},      \
		 .flags = (also) | ISA_VALU_TO_EXEC},

#define BIND_TEST(t, name, expression) BIND(name##_##t, compare_##name##_##t, SOURCE_##t, SOURCE_##t, 0)

static const struct isa_binding list[] = {
	ALL_TESTS(BIND_TEST) BIND(CLASS_F16, class_F16, ISA_M16, ISA_B16, 0)
		BIND(CLASS_F32, class_F32, ISA_M32, ISA_B32, 0)
			BIND(CLASS_F64, class_F64, ISA_F64, ISA_B32, ISA_VALU_NO_FLUSH)};

const struct isa_bindings isa_bind_compare = {list, sizeof(list) / sizeof(list[0])};
