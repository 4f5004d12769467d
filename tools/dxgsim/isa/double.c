// SPDX-License-Identifier: MIT
/* Arithmetic of 64-bit floats. */
#include <math.h>

#include "dxgsim/isa/division.h"
#include "dxgsim/isa/fma.h"
#include "dxgsim/isa/half.h"
#include "dxgsim/isa/order.h"

ISA_VALU_F64(add, a + b)
ISA_VALU_F64(mul, a *b)

#define ORDER(name, expression) \
	ISA_VALU_ORDER(name, u64, uint64_t, isa_source_64, ISA_MODE_DENORM_64, expression)

ORDER(min, isa_min_64(a, b, rules))
ORDER(max, isa_max_64(a, b, rules))
ORDER(minimum, isa_minimum_64(a, b))
ORDER(maximum, isa_maximum_64(a, b))

/* ---- rounding and parts of floats ---- */

ISA_VALU_F64(truncate, trunc(a))
ISA_VALU_F64(ceiling, ceil(a))
ISA_VALU_F64(floored, floor(a))
ISA_VALU_F64(round_even, roundeven(a))

static double fraction(double value)
{
	const double rest = value - floor(value);

	return rest >= 1 ? 0x1.fffffffffffffp-1 : rest;
}

ISA_VALU_F64(fract, fraction(a))

static double mantissa(double value)
{
	int ignored;

	return isfinite(value) ? frexp(value, &ignored) : value + value;
}

ISA_VALU_F64(frexp_mant, mantissa(a))

static void frexp_exp(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		int result = 0;

		if (isfinite(valu->a->f64[i]))
			(void)frexp(valu->a->f64[i], &result);
		valu->d->i32[i] = result;
	}
}

static void ldexp_by_b(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->f64[i] = ldexp(valu->a->f64[i], valu->b->i32[i]);
	}
}

/* ---- division, and what the hardware has of roots ---- */

ISA_VALU_F64(rcp, 1 / a)
ISA_VALU_F64(rsq, 1 / sqrt(a))
ISA_VALU_F64(root, sqrt(a))

static void div_scale(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		bool post;

		valu->d->f64[i] = isa_div_scale_64(valu->a->f64[i], valu->b->f64[i], valu->c->f64[i], &post);
		valu->mask_out |= (uint64_t)post << i;
	}
}

static void div_fmas(struct isa_valu *valu)
{
	const uint64_t scaled = valu->mask_in & valu->exec;

	isa_fused_64(valu);
	for (uint64_t left = scaled; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctzll(left);

		valu->d->f64[i] = isa_div_fmas_64(valu->a->f64[i], valu->b->f64[i], valu->c->f64[i],
						  ISA_MODE_ROUND_64(valu->mode));
	}
}

ISA_VALU_F64(div_fixup, isa_div_fixup_64(a, b, c))

/* ---- reduction of the arguments of trigonometric functions ---- */

/* The first 1201 bits of 2 / pi behind the point, from the highest on, and zeros. */
#define TWO_OVER_PI_BITS 1201U
static const uint64_t two_over_pi[] = {
	UINT64_C(0xa2f9836e4e441529), UINT64_C(0xfc2757d1f534ddc0), UINT64_C(0xdb6295993c439041),
	UINT64_C(0xfe5163abdebbc561), UINT64_C(0xb7246e3a424dd2e0), UINT64_C(0x06492eea09d1921c),
	UINT64_C(0xfe1deb1cb129a73e), UINT64_C(0xe88235f52ebb4484), UINT64_C(0xe99c7026b45f7e41),
	UINT64_C(0x3991d639835339f4), UINT64_C(0x9c845f8bbdf9283b), UINT64_C(0x1ff897ffde05980f),
	UINT64_C(0xef2f118b5a0a6d1f), UINT64_C(0x6d367ecf27cb09b7), UINT64_C(0x4f463f669e5fea2d),
	UINT64_C(0x7527bac7ebe5f17b), UINT64_C(0x3d0739f78a5292ea), UINT64_C(0x6bfb5fb11f8d5d08),
	UINT64_C(0x56033046fc7b0000),
};

/* The 53 bits of it from @first on, counted from the point. */
static uint64_t two_over_pi_part(uint32_t first)
{
	const uint32_t word = first / 64, bit = first % 64;
	const uint32_t words = sizeof(two_over_pi) / sizeof(two_over_pi[0]);
	uint64_t part;

	if (first >= TWO_OVER_PI_BITS)
		return 0;
	part = two_over_pi[word] << bit;
	if (bit && word + 1 < words)
		part |= two_over_pi[word + 1] >> (64 - bit);
	return part >> 11;
}

/*
 * The b-th 53 bits of 2 / pi from where they matter for a on: higher ones would only add multiples of 4 to the product.
 * AMD, "RDNA 3": V_TRIG_PREOP_F64.
 */
static double trig_preop(double a, uint32_t b)
{
	const int32_t exponent = (int32_t)(isa_double_bits(a) >> 52 & 0x7ff);
	int32_t shift = (int32_t)(b & 31) * 53;
	int32_t scale;

	if (exponent > 1077)
		shift += exponent - 1077;
	scale = -53 - shift;
	if (exponent >= 1968)
		scale += 128;
	return ldexp((double)two_over_pi_part((uint32_t)shift), scale);
}

static void trig_preop_by_b(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->f64[i] = trig_preop(valu->a->f64[i], valu->b->u32[i]);
	}
}

#define ONE(operation, function) ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F64, 0, ISA_F64)
#define TWO(operation, function, flag_bits) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F64, flag_bits, ISA_F64, ISA_F64)
#define THREE(operation, function, flag_bits) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F64, flag_bits, ISA_F64, ISA_F64, ISA_F64)
#define WITH_INTEGER(operation, function) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F64, 0, ISA_F64, ISA_B32)

static const struct isa_binding list[] = {
	TWO(ADD_F64, add, 0),
	TWO(MUL_F64, mul, 0),
	THREE(FMA_F64, isa_fused_64, 0),
	TWO(MIN_NUM_F64, min, ISA_VALU_NO_FLUSH),
	TWO(MAX_NUM_F64, max, ISA_VALU_NO_FLUSH),
	TWO(MINIMUM_F64, minimum, ISA_VALU_NO_FLUSH),
	TWO(MAXIMUM_F64, maximum, ISA_VALU_NO_FLUSH),
	ONE(TRUNC_F64, truncate),
	ONE(CEIL_F64, ceiling),
	ONE(FLOOR_F64, floored),
	ONE(RNDNE_F64, round_even),
	ONE(FRACT_F64, fract),
	ONE(FREXP_MANT_F64, frexp_mant),
	{
		.operation = ISA_V_FREXP_EXP_I32_F64,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = frexp_exp,
		.result = ISA_B32,
		.sources = {ISA_F64},
	},
	WITH_INTEGER(LDEXP_F64, ldexp_by_b),
	ONE(RCP_F64, rcp),
	ONE(RSQ_F64, rsq),
	ONE(SQRT_F64, root),
	THREE(DIV_SCALE_F64, div_scale, ISA_VALU_MASK_OUT),
	THREE(DIV_FMAS_F64, div_fmas, ISA_VALU_VCC_IN),
	THREE(DIV_FIXUP_F64, div_fixup, 0),
	WITH_INTEGER(TRIG_PREOP_F64, trig_preop_by_b),
};

const struct isa_bindings isa_bind_double = {list, sizeof(list) / sizeof(list[0])};
