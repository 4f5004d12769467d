// SPDX-License-Identifier: MIT
/* Arithmetic of 16-bit floats. */
#include <math.h>

#include "dxgsim/isa/division.h"
#include "dxgsim/isa/half.h"
#include "dxgsim/isa/order.h"

/* Functions of values, which double has exactly; and what they give, too, unless it is rounded below. */
#define VALUES(name, expression)                                                               \
	static void name(struct isa_valu *valu)                                                \
	{                                                                                      \
		ISA_FOR_LANES(valu)                                                            \
		{                                                                              \
			const double a = (double)isa_half_to_float((uint16_t)valu->a->u32[i]); \
			const double b = (double)isa_half_to_float((uint16_t)valu->b->u32[i]); \
                                                                                               \
			(void)b;                                                               \
			valu->d->u32[i] = isa_half_result(expression, valu->mode);             \
		}                                                                              \
	}

/* ... that float has with bits enough. */
#define SHORT_VALUES(name, expression)                                                \
	static void name(struct isa_valu *valu)                                       \
	{                                                                             \
		ISA_FOR_LANES(valu)                                                   \
		{                                                                     \
			const float a = isa_half_to_float((uint16_t)valu->a->u32[i]); \
			const float b = isa_half_to_float((uint16_t)valu->b->u32[i]); \
                                                                                      \
			(void)b;                                                      \
			valu->d->u32[i] = isa_half_result_32(expression, valu->mode); \
		}                                                                     \
	}

/* ... of bits. */
#define BITS(name, expression)                                        \
	static void name(struct isa_valu *valu)                       \
	{                                                             \
		ISA_FOR_LANES(valu)                                   \
		{                                                     \
			const uint16_t a = (uint16_t)valu->a->u32[i]; \
			const uint16_t b = (uint16_t)valu->b->u32[i]; \
			const uint16_t c = (uint16_t)valu->c->u32[i]; \
                                                                      \
			(void)a, (void)b, (void)c;                    \
			valu->d->u32[i] = (expression);               \
		}                                                     \
	}

/* ... of bits, in an order. */
#define ORDER(name, expression) \
	ISA_VALU_ORDER(name, u32, uint16_t, isa_source_16, ISA_MODE_DENORM_64, expression)

SHORT_VALUES(add, a + b)
SHORT_VALUES(sub, a - b)
SHORT_VALUES(subrev, b - a)
SHORT_VALUES(mul, (a) * (b))
BITS(fused, isa_half_fused(a, b, c, valu->mode))

ORDER(min, isa_min_16(a, b, rules))
ORDER(max, isa_max_16(a, b, rules))
ORDER(min3, isa_min_16(isa_min_16(a, b, rules), c, rules))
ORDER(max3, isa_max_16(isa_max_16(a, b, rules), c, rules))
ORDER(med3, isa_median_16(a, b, c, rules))
ORDER(minmax, isa_max_16(isa_min_16(a, b, rules), c, rules))
ORDER(maxmin, isa_min_16(isa_max_16(a, b, rules), c, rules))
ORDER(minimum, isa_minimum_16(a, b))
ORDER(maximum, isa_maximum_16(a, b))
ORDER(minimum3, isa_minimum_16(isa_minimum_16(a, b), c))
ORDER(maximum3, isa_maximum_16(isa_maximum_16(a, b), c))
ORDER(minimummaximum, isa_maximum_16(isa_minimum_16(a, b), c))
ORDER(maximumminimum, isa_minimum_16(isa_maximum_16(a, b), c))
BITS(div_fixup, isa_div_fixup_16(a, b, c))

SHORT_VALUES(truncate, truncf(a))
SHORT_VALUES(ceiling, ceilf(a))
SHORT_VALUES(floored, floorf(a))
SHORT_VALUES(round_even, roundevenf(a))

static void fract(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		const double a = (double)isa_half_to_float((uint16_t)valu->a->u32[i]);
		const uint16_t rest = isa_half_result(a - floor(a), valu->mode);

		valu->d->u32[i] = rest == 0x3c00 ? 0x3bff : rest;
	}
}

static double mantissa(double value)
{
	int ignored;

	return isfinite(value) ? frexp(value, &ignored) : value;
}

VALUES(frexp_mant, mantissa(a))

static void frexp_exp(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		const double a = (double)isa_half_to_float((uint16_t)valu->a->u32[i]);
		int result = 0;

		if (isfinite(a))
			(void)frexp(a, &result);
		valu->d->u32[i] = (uint16_t)result;
	}
}

static void ldexp_by_b(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		const double a = (double)isa_half_to_float((uint16_t)valu->a->u32[i]);
		int by = (int16_t)valu->b->u32[i];

		/* beyond that nothing changes, and here all of it is exact */
		by = by > 100 ? 100 : by < -100 ? -100 : by;
		valu->d->u32[i] = isa_half_result(ldexp(a, by), valu->mode);
	}
}

#define ONE(operation, function) ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F16, 0, ISA_F16)
#define TWO(operation, function, flag_bits) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F16, flag_bits, ISA_F16, ISA_F16)
#define THREE(operation, function, flag_bits) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F16, flag_bits, ISA_F16, ISA_F16, ISA_F16)

static const struct isa_binding list[] = {
	TWO(ADD_F16, add, 0),
	TWO(SUB_F16, sub, 0),
	TWO(SUBREV_F16, subrev, 0),
	TWO(MUL_F16, mul, 0),
	THREE(FMA_F16, fused, 0),
	THREE(FMAC_F16, fused, ISA_VALU_READS_RESULT),
	THREE(FMAAK_F16, fused, 0),
	THREE(FMAMK_F16, fused, 0),
	TWO(MIN_NUM_F16, min, ISA_VALU_NO_FLUSH),
	TWO(MAX_NUM_F16, max, ISA_VALU_NO_FLUSH),
	TWO(MINIMUM_F16, minimum, ISA_VALU_NO_FLUSH),
	TWO(MAXIMUM_F16, maximum, ISA_VALU_NO_FLUSH),
	THREE(MIN3_NUM_F16, min3, ISA_VALU_NO_FLUSH),
	THREE(MAX3_NUM_F16, max3, ISA_VALU_NO_FLUSH),
	THREE(MED3_NUM_F16, med3, ISA_VALU_NO_FLUSH),
	THREE(MINMAX_NUM_F16, minmax, ISA_VALU_NO_FLUSH),
	THREE(MAXMIN_NUM_F16, maxmin, ISA_VALU_NO_FLUSH),
	THREE(MINIMUM3_F16, minimum3, ISA_VALU_NO_FLUSH),
	THREE(MAXIMUM3_F16, maximum3, ISA_VALU_NO_FLUSH),
	THREE(MINIMUMMAXIMUM_F16, minimummaximum, ISA_VALU_NO_FLUSH),
	THREE(MAXIMUMMINIMUM_F16, maximumminimum, ISA_VALU_NO_FLUSH),
	THREE(DIV_FIXUP_F16, div_fixup, 0),
	ONE(TRUNC_F16, truncate),
	ONE(CEIL_F16, ceiling),
	ONE(FLOOR_F16, floored),
	ONE(RNDNE_F16, round_even),
	ONE(FRACT_F16, fract),
	ONE(FREXP_MANT_F16, frexp_mant),
	{
		.operation = ISA_V_FREXP_EXP_I16_F16,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = frexp_exp,
		.result = ISA_B16,
		.sources = {ISA_F16},
	},
	{
		.operation = ISA_V_LDEXP_F16,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = ldexp_by_b,
		.result = ISA_F16,
		.sources = {ISA_F16, ISA_B16},
	},
};

const struct isa_bindings isa_bind_half = {list, sizeof(list) / sizeof(list[0])};
