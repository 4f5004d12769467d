// SPDX-License-Identifier: MIT
/* Arithmetic of 32-bit floats. */
#include <math.h>

#include "dxgsim/isa/division.h"
#include "dxgsim/isa/fma.h"
#include "dxgsim/isa/half.h"
#include "dxgsim/isa/order.h"

ISA_VALU_F32(add, a + b)
ISA_VALU_F32(sub, a - b)
ISA_VALU_F32(subrev, b - a)
ISA_VALU_F32(mul, a *b)

/* DX9: zero times anything is zero. */
ISA_VALU_F32(mul_dx9_zero, a == 0 || b == 0 ? 0 : a * b)
ISA_VALU_F32(fused_dx9_zero, a == 0 || b == 0 ? c : fmaf(a, b, c))

/* ---- minimum and maximum ---- */

#define ORDER(name, expression) \
	ISA_VALU_ORDER(name, u32, uint32_t, isa_source_32, ISA_MODE_DENORM_32, expression)

ORDER(min_of_all, isa_min_32(a, b, rules))
ORDER(max_of_all, isa_max_32(a, b, rules))

static bool has_nan(const union isa_lanes *values, uint32_t lanes)
{
	uint32_t nans = 0;

	for (uint32_t i = 0; i < (lanes == 64 ? 64 : 32); i++)
		nans |= (values->i32[i] & INT32_MAX) > 0x7f800000;
	return nans;
}

/* Without NaNs, and denormals kept: loops that can be vectorised. */
static bool is_simple(const struct isa_valu *valu)
{
	return !isa_flushes(ISA_MODE_DENORM_32(valu->mode)) && !has_nan(valu->a, valu->lanes) &&
	       !has_nan(valu->b, valu->lanes);
}

/* Floats that are no NaNs have the order of these. */
static inline int32_t order_of(int32_t bits)
{
	return bits ^ (bits < 0 ? INT32_MAX : 0);
}

ISA_VALU_U32(min_of_numbers, order_of((int32_t)a) < order_of((int32_t)b) ? a : b)
ISA_VALU_U32(max_of_numbers, order_of((int32_t)a) > order_of((int32_t)b) ? a : b)

static void min(struct isa_valu *valu)
{
	if (is_simple(valu))
		min_of_numbers(valu);
	else
		min_of_all(valu);
}

static void max(struct isa_valu *valu)
{
	if (is_simple(valu))
		max_of_numbers(valu);
	else
		max_of_all(valu);
}

ORDER(min3, isa_min_32(isa_min_32(a, b, rules), c, rules))
ORDER(max3, isa_max_32(isa_max_32(a, b, rules), c, rules))
ORDER(med3, isa_median_32(a, b, c, rules))
ORDER(minmax, isa_max_32(isa_min_32(a, b, rules), c, rules))
ORDER(maxmin, isa_min_32(isa_max_32(a, b, rules), c, rules))
ORDER(minimum, isa_minimum_32(a, b))
ORDER(maximum, isa_maximum_32(a, b))
ORDER(minimum3, isa_minimum_32(isa_minimum_32(a, b), c))
ORDER(maximum3, isa_maximum_32(isa_maximum_32(a, b), c))
ORDER(minimummaximum, isa_maximum_32(isa_minimum_32(a, b), c))
ORDER(maximumminimum, isa_minimum_32(isa_maximum_32(a, b), c))

/* ---- rounding and parts of floats ---- */

ISA_VALU_F32(truncate, truncf(a))
ISA_VALU_F32(ceiling, ceilf(a))
ISA_VALU_F32(floored, floorf(a))
ISA_VALU_F32(round_even, roundevenf(a))

static float fraction(float value)
{
	const float rest = value - floorf(value);

	return rest >= 1 ? 0x1.fffffep-1F : rest;
}

ISA_VALU_F32(fract, fraction(a))

static int32_t exponent(float value)
{
	int result = 0;

	if (isfinite(value))
		(void)frexpf(value, &result);
	return result;
}

static float mantissa(float value)
{
	int ignored;

	return isfinite(value) ? frexpf(value, &ignored) : value + value;
}

ISA_VALU_F32(frexp_mant, mantissa(a))

static void frexp_exp(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->i32[i] = exponent(valu->a->f32[i]);
	}
}

static void ldexp_by_b(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->f32[i] = ldexpf(valu->a->f32[i], valu->b->i32[i]);
	}
}

/* ---- division ---- */

static void div_scale(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		bool post;

		valu->d->f32[i] = isa_div_scale_32(valu->a->f32[i], valu->b->f32[i], valu->c->f32[i], &post);
		valu->mask_out |= (uint64_t)post << i;
	}
}

static void div_fmas(struct isa_valu *valu)
{
	const uint64_t scaled = valu->mask_in & valu->exec;

	isa_fused_32(valu);
	for (uint64_t left = scaled; left; left &= left - 1) {
		const uint32_t i = (uint32_t)__builtin_ctzll(left);

		valu->d->f32[i] = isa_div_fmas_32(valu->a->f32[i], valu->b->f32[i], valu->c->f32[i]);
	}
}

ISA_VALU_F32(div_fixup, isa_div_fixup_32(a, b, c))

/* ---- cube maps: which of x, y and z, in this order in a, b and c, is the largest ---- */

enum axis { AXIS_X, AXIS_Y, AXIS_Z };

static inline enum axis major_axis(float x, float y, float z)
{
	if (fabsf(z) >= fabsf(x) && fabsf(z) >= fabsf(y))
		return AXIS_Z;
	return fabsf(y) >= fabsf(x) ? AXIS_Y : AXIS_X;
}

static float cube_face(float x, float y, float z)
{
	switch (major_axis(x, y, z)) {
	case AXIS_Z:
		return z < 0 ? 5 : 4;
	case AXIS_Y:
		return y < 0 ? 3 : 2;
	default:
		return x < 0 ? 1 : 0;
	}
}

static float cube_s(float x, float y, float z)
{
	switch (major_axis(x, y, z)) {
	case AXIS_Z:
		return z < 0 ? -x : x;
	case AXIS_Y:
		return x;
	default:
		return x < 0 ? z : -z;
	}
}

static float cube_t(float x, float y, float z)
{
	if (major_axis(x, y, z) == AXIS_Y)
		return y < 0 ? -z : z;
	return -y;
}

static float cube_major(float x, float y, float z)
{
	switch (major_axis(x, y, z)) {
	case AXIS_Z:
		return z * 2;
	case AXIS_Y:
		return y * 2;
	default:
		return x * 2;
	}
}

ISA_VALU_F32(cubeid, cube_face(a, b, c))
ISA_VALU_F32(cubesc, cube_s(a, b, c))
ISA_VALU_F32(cubetc, cube_t(a, b, c))
ISA_VALU_F32(cubema, cube_major(a, b, c))

/* The power of a specular light: b to the power of c was the logarithm's part. */
ISA_VALU_F32(mullit, b == -0x1.fffffep127F || b == -INFINITY || isnan(b) || c <= 0 || isnan(c)
			     ? -0x1.fffffep127F
		     : a == 0 || b == 0 ? 0
					: a * b)

#define ONE(operation, function) ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F32, 0, ISA_F32)
#define TWO(operation, function) ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F32, 0, ISA_F32, ISA_F32)
#define ORDER_TWO(operation, function) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F32, ISA_VALU_NO_FLUSH, ISA_F32, ISA_F32)
#define THREE(operation, function, flag_bits) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_F32, flag_bits, ISA_F32, ISA_F32, ISA_F32)

static const struct isa_binding list[] = {
	TWO(ADD_F32, add),
	TWO(SUB_F32, sub),
	TWO(SUBREV_F32, subrev),
	TWO(MUL_F32, mul),
	TWO(MUL_DX9_ZERO_F32, mul_dx9_zero),
	THREE(FMA_F32, isa_fused_32, 0),
	THREE(FMAC_F32, isa_fused_32, ISA_VALU_READS_RESULT),
	THREE(FMAAK_F32, isa_fused_32, 0),
	THREE(FMAMK_F32, isa_fused_32, 0),
	THREE(FMA_DX9_ZERO_F32, fused_dx9_zero, 0),
	THREE(FMAC_DX9_ZERO_F32, fused_dx9_zero, ISA_VALU_READS_RESULT),
	ORDER_TWO(MIN_NUM_F32, min),
	ORDER_TWO(MAX_NUM_F32, max),
	ORDER_TWO(MINIMUM_F32, minimum),
	ORDER_TWO(MAXIMUM_F32, maximum),
	THREE(MIN3_NUM_F32, min3, ISA_VALU_NO_FLUSH),
	THREE(MAX3_NUM_F32, max3, ISA_VALU_NO_FLUSH),
	THREE(MED3_NUM_F32, med3, ISA_VALU_NO_FLUSH),
	THREE(MINMAX_NUM_F32, minmax, ISA_VALU_NO_FLUSH),
	THREE(MAXMIN_NUM_F32, maxmin, ISA_VALU_NO_FLUSH),
	THREE(MINIMUM3_F32, minimum3, ISA_VALU_NO_FLUSH),
	THREE(MAXIMUM3_F32, maximum3, ISA_VALU_NO_FLUSH),
	THREE(MINIMUMMAXIMUM_F32, minimummaximum, ISA_VALU_NO_FLUSH),
	THREE(MAXIMUMMINIMUM_F32, maximumminimum, ISA_VALU_NO_FLUSH),
	ONE(TRUNC_F32, truncate),
	ONE(CEIL_F32, ceiling),
	ONE(FLOOR_F32, floored),
	ONE(RNDNE_F32, round_even),
	ONE(FRACT_F32, fract),
	ONE(FREXP_MANT_F32, frexp_mant),
	{
		.operation = ISA_V_FREXP_EXP_I32_F32,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = frexp_exp,
		.result = ISA_B32,
		.sources = {ISA_F32},
	},
	{
		.operation = ISA_V_LDEXP_F32,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = ldexp_by_b,
		.result = ISA_F32,
		.sources = {ISA_F32, ISA_B32},
	},
	THREE(DIV_SCALE_F32, div_scale, ISA_VALU_MASK_OUT),
	{
		/* denormal sources are kept, whatever MODE says */
		.operation = ISA_V_DIV_FMAS_F32,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = div_fmas,
		.result = ISA_F32,
		.sources = {ISA_M32, ISA_M32, ISA_M32},
		.flags = ISA_VALU_VCC_IN,
	},
	THREE(DIV_FIXUP_F32, div_fixup, 0),
	THREE(CUBEID_F32, cubeid, 0),
	THREE(CUBESC_F32, cubesc, 0),
	THREE(CUBETC_F32, cubetc, 0),
	THREE(CUBEMA_F32, cubema, 0),
	THREE(MULLIT_F32, mullit, 0),
};

const struct isa_bindings isa_bind_float = {list, sizeof(list) / sizeof(list[0])};
