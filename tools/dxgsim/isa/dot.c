// SPDX-License-Identifier: MIT
/*
 * Dot products of short vectors, added to a number.  Source: AMD's ISA documents, "VOP2", "VOP3" and "VOP3P Instructions":
 * products are added one after the other, the lowest first.
 */
#include "dxgsim/isa/fma.h"
#include "dxgsim/isa/half.h"
#include "dxgsim/isa/integer.h"

/* ---- floats of 16 bits, the sum is a float ---- */

/* Denormals are flushed whatever MODE says (LLVM: performFMACombine() of SIISelLowering.cpp). */
static inline float flushed(float value)
{
	const uint32_t bits = isa_float_bits(value);

	return bits & 0x7f800000U ? value : isa_float_of(bits & 0x80000000U);
}

/* A denormal of half precision is none as a float. */
static inline float from_half(uint32_t half)
{
	return isa_half_to_float((uint16_t)half);
}

static inline float from_bfloat(uint32_t bfloat)
{
	return flushed(isa_bfloat_to_float((uint16_t)bfloat));
}

#define DOT2(name, from)                                                                                  \
	static inline __attribute__((always_inline)) void name##_lanes(                                   \
		const union isa_lanes *as, const union isa_lanes *bs, const union isa_lanes *cs,          \
		union isa_lanes *restrict ds, uint32_t lanes)                                             \
	{                                                                                                 \
		for (uint32_t i = 0; i < lanes; i++) {                                                    \
			const uint32_t a = as->u32[i], b = bs->u32[i];                                    \
			float sum = flushed(cs->f32[i]);                                                  \
                                                                                                          \
			sum = flushed(fmaf(from(a), from(b), sum));                                       \
			ds->f32[i] = flushed(fmaf(from(a >> 16), from(b >> 16), sum));                    \
		}                                                                                         \
	}                                                                                                 \
                                                                                                          \
	ISA_WITH_FMA static void name##_fast(const struct isa_valu *valu, const union isa_lanes *a,       \
					     const union isa_lanes *b)                                    \
	{                                                                                                 \
		name##_lanes(a, b, valu->c, valu->d, valu->lanes == 64 ? 64 : 32);                        \
	}                                                                                                 \
                                                                                                          \
	static void name(const struct isa_valu *valu, const union isa_lanes *a, const union isa_lanes *b) \
	{                                                                                                 \
		if (isa_has_fma())                                                                        \
			name##_fast(valu, a, b);                                                          \
		else                                                                                      \
			name##_lanes(a, b, valu->c, valu->d, valu->lanes == 64 ? 64 : 32);                \
	}

DOT2(dot2_halves, from_half)
DOT2(dot2_bfloats, from_bfloat)

static void dot2_f32_f16(struct isa_valu *valu)
{
	dot2_halves(valu, valu->a, valu->b);
}

/* Constants are fetched as half precision; what they are as bfloat16. */
static uint32_t bfloat_constant(uint32_t half)
{
	switch (half & 0x7fff) {
	case 0x3800: /* 0.5 */
		return half ^ 0x3800 ^ 0x3f00;
	case 0x3c00: /* 1 */
		return half ^ 0x3c00 ^ 0x3f80;
	case 0x4400: /* 4 */
		return half ^ 0x4400 ^ 0x4080;
	case 0x3118: /* 1 / (2 pi) */
		return half ^ 0x3118 ^ 0x3e22;
	default: /* 2 is the same as both */
		return half;
	}
}

static const union isa_lanes *bfloats(const struct isa_valu *valu, uint32_t number,
				      const union isa_lanes *source, union isa_lanes *space)
{
	const uint32_t encoding = valu->inst->src[number];

	if (encoding < ISA_HALF || encoding > ISA_HALF + 8)
		return source;
	ISA_FOR_LANES(valu)
	{
		const uint32_t both = source->u32[i];

		space->u32[i] = bfloat_constant(both & 0xffff) | bfloat_constant(both >> 16) << 16;
	}
	return space;
}

static void dot2_f32_bf16(struct isa_valu *valu)
{
	union isa_lanes a, b;

	dot2_bfloats(valu, bfloats(valu, 0, valu->a, &a), bfloats(valu, 1, valu->b, &b));
}

/* ---- ... of 16 bits, too, after each addition ---- */

static void dot2_f16_f16(struct isa_valu *valu)
{
	const uint32_t round = ISA_MODE_ROUND_64(valu->mode);

	ISA_FOR_LANES(valu)
	{
		const uint32_t a = valu->a->u32[i], b = valu->b->u32[i];
		uint16_t sum = (uint16_t)valu->c->u32[i];

		sum = isa_half_fma((uint16_t)a, (uint16_t)b, sum, round);
		sum = isa_half_fma((uint16_t)(a >> 16), (uint16_t)(b >> 16), sum, round);
		valu->d->u32[i] = sum;
	}
}

/* A sum that has a rest, rounded to odd: towards zero, and then its last place is one. */
static double to_odd(double value, double rest)
{
	const uint64_t bits = isa_double_bits(value);

	if (!isfinite(value) || rest == 0 || bits & 1)
		return value;
	return isa_double_of((rest > 0) == (value > 0) ? bits + 1 : bits - 1);
}

/*
 * Rounded once: the product is exact as a double, and the sum and then the float are rounded to odd (Boldo, Melquiond:
 * "Emulation of FMA and correctly rounded sums").
 */
static uint16_t bfloat_fma(uint32_t a, uint32_t b, uint32_t c, uint32_t round)
{
	const double product = (double)from_bfloat(a) * (double)from_bfloat(b);
	const double addend = (double)from_bfloat(c);
	const double sum = product + addend;
	const double back = sum - product;
	const double odd = to_odd(sum, (product - (sum - back)) + (addend - back));
	const float cut = (float)odd;
	uint32_t bits = isa_float_bits(cut), result;

	if (isfinite(cut) && (double)cut != odd && !(bits & 1))
		bits = fabs((double)cut) < fabs(odd) ? bits + 1 : bits - 1;
	result = isa_float_to_bfloat(isa_float_of(bits), round);
	return (uint16_t)(result & 0x7f80 ? result : result & 0x8000);
}

static void dot2_bf16_bf16(struct isa_valu *valu)
{
	const uint32_t round = ISA_MODE_ROUND_64(valu->mode);
	union isa_lanes spaces[3];
	const union isa_lanes *a = bfloats(valu, 0, valu->a, &spaces[0]);
	const union isa_lanes *b = bfloats(valu, 1, valu->b, &spaces[1]);
	const union isa_lanes *c = bfloats(valu, 2, valu->c, &spaces[2]);

	ISA_FOR_LANES(valu)
	{
		const uint16_t sum = bfloat_fma(a->u32[i], b->u32[i], c->u32[i], round);

		valu->d->u32[i] = bfloat_fma(a->u32[i] >> 16, b->u32[i] >> 16, sum, round);
	}
}

/* ---- floats of 8 bits ---- */

static void dot4_tiny(struct isa_valu *valu, enum isa_tiny a_is, enum isa_tiny b_is)
{
	ISA_FOR_LANES(valu)
	{
		float sum = flushed(valu->c->f32[i]);

		for (uint32_t shift = 0; shift < 32; shift += 8) {
			const float a = isa_tiny_to_float(a_is, (uint8_t)(valu->a->u32[i] >> shift));
			const float b = isa_tiny_to_float(b_is, (uint8_t)(valu->b->u32[i] >> shift));

			sum += a * b; /* the product is exact */
		}
		valu->d->f32[i] = flushed(sum);
	}
}

static void dot4_f32_fp8_fp8(struct isa_valu *valu)
{
	dot4_tiny(valu, ISA_TINY_FP8, ISA_TINY_FP8);
}

static void dot4_f32_fp8_bf8(struct isa_valu *valu)
{
	dot4_tiny(valu, ISA_TINY_FP8, ISA_TINY_BF8);
}

static void dot4_f32_bf8_fp8(struct isa_valu *valu)
{
	dot4_tiny(valu, ISA_TINY_BF8, ISA_TINY_FP8);
}

static void dot4_f32_bf8_bf8(struct isa_valu *valu)
{
	dot4_tiny(valu, ISA_TINY_BF8, ISA_TINY_BF8);
}

/* ---- integers ---- */

/* The number of @bits bits at @shift, which has a sign or none. */
static inline int32_t part(uint32_t word, uint32_t shift, uint32_t bits, bool has_sign)
{
	const uint32_t up = word << (32 - bits - shift);

	return has_sign ? (int32_t)up >> (32 - bits) : (int32_t)(up >> (32 - bits));
}

/* Only the sum is clamped. */
static inline __attribute__((always_inline)) void dot(struct isa_valu *valu, uint32_t bits, bool a_signed,
						      bool b_signed, bool result_signed)
{
	const int64_t least = result_signed ? INT32_MIN : 0;
	const int64_t most = result_signed ? INT32_MAX : UINT32_MAX;
	const bool clamp = valu->clamp;

	ISA_FOR_LANES(valu)
	{
		const uint32_t a = valu->a->u32[i], b = valu->b->u32[i];
		int64_t sum = result_signed ? word_signed(valu->c->u32[i]) : valu->c->u32[i];

		for (uint32_t shift = 0; shift < 32; shift += bits)
			sum += (int64_t)part(a, shift, bits, a_signed) * part(b, shift, bits, b_signed);
		if (clamp)
			sum = bits_clamp(sum, least, most);
		valu->d->u32[i] = (uint32_t)sum;
	}
}

#define DOT(name, bits, has_sign)                              \
	static void name(struct isa_valu *valu)                \
	{                                                      \
		dot(valu, bits, has_sign, has_sign, has_sign); \
	}

DOT(dot2_i32_i16, 16, true)
DOT(dot2_u32_u16, 16, false)
DOT(dot4_i32_i8, 8, true)
DOT(dot4_u32_u8, 8, false)
DOT(dot8_i32_i4, 4, true)
DOT(dot8_u32_u4, 4, false)

/* What would negate the first or the second operand says that it has a sign. */
static void dot4_i32_iu8(struct isa_valu *valu)
{
	dot(valu, 8, valu->inst->neg & 1, valu->inst->neg >> 1 & 1, true);
}

static void dot8_i32_iu4(struct isa_valu *valu)
{
	dot(valu, 4, valu->inst->neg & 1, valu->inst->neg >> 1 & 1, true);
}

#define WORDS(name, function) INTEGER(name, function, B32, ISA_VALU_CLAMPS, ISA_B32, ISA_B32, ISA_B32)
#define TINY(name, function)  INTEGER(name, function, F32, ISA_VALU_NO_FLUSH, ISA_B32, ISA_B32, ISA_F32)

/* Results of 32 bits flush denormals by themselves, those of halves by MODE. */
static const struct isa_binding list[] = {
	INTEGER(V_DOT2_F32_F16, dot2_f32_f16, F32, ISA_VALU_NO_FLUSH, ISA_PACKED_F16, ISA_PACKED_F16,
		ISA_F32),
	INTEGER(V_DOT2ACC_F32_F16, dot2_f32_f16, F32, ISA_VALU_NO_FLUSH | ISA_VALU_READS_RESULT,
		ISA_PACKED_F16, ISA_PACKED_F16),
	INTEGER(V_DOT2_F32_BF16, dot2_f32_bf16, F32, ISA_VALU_NO_FLUSH, ISA_PACKED_F16, ISA_PACKED_F16,
		ISA_F32),
	INTEGER(V_DOT2_F16_F16, dot2_f16_f16, F16, 0, ISA_PACKED_F16, ISA_PACKED_F16, ISA_F16),
	INTEGER(V_DOT2_BF16_BF16, dot2_bf16_bf16, B16, ISA_VALU_NO_FLUSH, ISA_PACKED_F16, ISA_PACKED_F16,
		ISA_M16),
	TINY(V_DOT4_F32_FP8_FP8, dot4_f32_fp8_fp8),
	TINY(V_DOT4_F32_FP8_BF8, dot4_f32_fp8_bf8),
	TINY(V_DOT4_F32_BF8_FP8, dot4_f32_bf8_fp8),
	TINY(V_DOT4_F32_BF8_BF8, dot4_f32_bf8_bf8),
	INTEGER(V_DOT2_I32_I16, dot2_i32_i16, B32, ISA_VALU_CLAMPS, ISA_PACKED_16, ISA_PACKED_16, ISA_B32),
	INTEGER(V_DOT2_U32_U16, dot2_u32_u16, B32, ISA_VALU_CLAMPS, ISA_PACKED_16, ISA_PACKED_16, ISA_B32),
	WORDS(V_DOT4_I32_I8, dot4_i32_i8),
	WORDS(V_DOT4_U32_U8, dot4_u32_u8),
	WORDS(V_DOT8_I32_I4, dot8_i32_i4),
	WORDS(V_DOT8_U32_U4, dot8_u32_u4),
	WORDS(V_DOT4_I32_IU8, dot4_i32_iu8),
	WORDS(V_DOT8_I32_IU4, dot8_i32_iu4),
	INTEGER(V_DOT4C_I32_I8, dot4_i32_i8, B32, ISA_VALU_READS_RESULT, ISA_B32, ISA_B32),
};

const struct isa_bindings isa_bind_dot = {list, sizeof(list) / sizeof(list[0])};
