// SPDX-License-Identifier: MIT
/* Conversions between numbers: floats to integers are cut off and saturate, and NaN becomes 0. */
#include <math.h>

#include "dxgsim/isa/half.h"
#include "dxgsim/isa/valu.h"

/* Within @least and @most, which are integers. */
static inline double within(double value, double least, double most)
{
	if (isnan(value))
		return 0;
	return value < least ? least : value > most ? most : value;
}

static inline int32_t to_i32(double value)
{
	return (int32_t)within(value, INT32_MIN, INT32_MAX);
}

static inline uint32_t to_u32(double value)
{
	return (uint32_t)within(value, 0, UINT32_MAX);
}

static inline uint16_t to_i16(double value)
{
	return (uint16_t)(int16_t)within(value, INT16_MIN, INT16_MAX);
}

static inline uint16_t to_u16(double value)
{
	return (uint16_t)within(value, 0, UINT16_MAX);
}

/* Normalized integers: 1 is the largest.  Rounded by MODE; the product is exact. */
static inline uint16_t to_snorm(double value)
{
	return (uint16_t)(int16_t)nearbyint(within(value, -1, 1) * INT16_MAX);
}

static inline uint16_t to_unorm(double value)
{
	return (uint16_t)nearbyint(within(value, 0, 1) * UINT16_MAX);
}

static inline double of_half(uint32_t half)
{
	return (double)isa_half_to_float((uint16_t)half);
}

static inline float quiet(float value)
{
	return isnan(value) ? isa_float_of(isa_float_bits(value) | 0x400000U) : value;
}

static inline uint32_t pair(uint32_t low, uint32_t high)
{
	return (low & 0xffffU) | high << 16;
}

#define CONVERT(name, to, expression)                                              \
	static void name(struct isa_valu *valu)                                    \
	{                                                                          \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c; \
		union isa_lanes *restrict ds = valu->d;                            \
                                                                                   \
		(void)bs, (void)cs;                                                \
		ISA_FOR_LANES(valu)                                                \
		{                                                                  \
			ds->to[i] = (expression);                                  \
		}                                                                  \
	}

/* ---- 32 and 64 bits ---- */

CONVERT(i32_f32, i32, to_i32((double)as->f32[i]))
CONVERT(u32_f32, u32, to_u32((double)as->f32[i]))
CONVERT(i32_f64, i32, to_i32(as->f64[i]))
CONVERT(u32_f64, u32, to_u32(as->f64[i]))
CONVERT(f32_i32, f32, (float)as->i32[i])
CONVERT(f32_u32, f32, (float)(int64_t)as->u32[i])
CONVERT(f64_i32, f64, as->i32[i])
CONVERT(f64_u32, f64, as->u32[i])
CONVERT(f32_f64, f32, (float)as->f64[i])
CONVERT(f64_f32, f64, (double)as->f32[i])
CONVERT(f32_ubyte0, f32, (float)(int32_t)(as->u32[i] & 0xff))
CONVERT(f32_ubyte1, f32, (float)(int32_t)(as->u32[i] >> 8 & 0xff))
CONVERT(f32_ubyte2, f32, (float)(int32_t)(as->u32[i] >> 16 & 0xff))
CONVERT(f32_ubyte3, f32, (float)(int32_t)(as->u32[i] >> 24))
/* to the nearest integer, halves upwards: added as doubles so that the sum is not rounded to one first */
CONVERT(nearest_i32_f32, i32, to_i32(floor((double)as->f32[i] + 0.5)))
CONVERT(floor_i32_f32, i32, to_i32(floor((double)as->f32[i])))
/* sixteenths, of 4 bits with a sign */
CONVERT(off_f32_i4, f32, (float)((int32_t)((as->u32[i] & 15) ^ 8) - 8) * 0.0625F)
CONVERT(i32_i16, i32, (int16_t)as->u32[i])
CONVERT(u32_u16, u32, (uint16_t)as->u32[i])

/* ---- halves ---- */

CONVERT(f16_f32, u32, isa_half_result_32(as->f32[i], valu->mode))
CONVERT(f32_f16, f32, quiet(isa_half_to_float((uint16_t)as->u32[i])))
CONVERT(f16_u16, u32, isa_half_result((uint16_t)as->u32[i], valu->mode))
CONVERT(f16_i16, u32, isa_half_result((int16_t)as->u32[i], valu->mode))
CONVERT(u16_f16, u32, to_u16(of_half(as->u32[i])))
CONVERT(i16_f16, u32, to_i16(of_half(as->u32[i])))
CONVERT(norm_i16_f16, u32, to_snorm(of_half(as->u32[i])))
CONVERT(norm_u16_f16, u32, to_unorm(of_half(as->u32[i])))

/* ---- pairs ---- */

CONVERT(pk_rtz_f16_f32, u32,
	pair(isa_float_to_half(as->f32[i], ISA_ROUND_ZERO), isa_float_to_half(bs->f32[i], ISA_ROUND_ZERO)))
CONVERT(pk_i16_f32, u32, pair(to_i16((double)as->f32[i]), to_i16((double)bs->f32[i])))
CONVERT(pk_u16_f32, u32, pair(to_u16((double)as->f32[i]), to_u16((double)bs->f32[i])))
CONVERT(pk_norm_i16_f32, u32, pair(to_snorm((double)as->f32[i]), to_snorm((double)bs->f32[i])))
CONVERT(pk_norm_u16_f32, u32, pair(to_unorm((double)as->f32[i]), to_unorm((double)bs->f32[i])))
CONVERT(pk_norm_i16_f16, u32, pair(to_snorm(of_half(as->u32[i])), to_snorm(of_half(bs->u32[i]))))
CONVERT(pk_norm_u16_f16, u32, pair(to_unorm(of_half(as->u32[i])), to_unorm(of_half(bs->u32[i]))))
CONVERT(pk_i16_i32, u32, pair(to_i16(as->i32[i]), to_i16(bs->i32[i])))
CONVERT(pk_u16_u32, u32, pair(to_u16(as->u32[i]), to_u16(bs->u32[i])))

/* A byte of S2, which of them S1 says.  The only conversion to an integer that is rounded by MODE; kernels count on that. */
static void pk_u8_f32(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		const uint32_t byte = (uint32_t)within(nearbyint((double)valu->a->f32[i]), 0, 255);
		const uint32_t shift = (valu->b->u32[i] & 3) * 8;

		valu->d->u32[i] = (valu->c->u32[i] & ~(UINT32_C(0xff) << shift)) | byte << shift;
	}
}

/* ---- 8-bit floats, of gfx12 ---- */

/* Which byte of the source: VOP3 has the two bits of op_sel in reverse ("RDNA4", V_CVT_F32_FP8). */
static void widen(struct isa_valu *valu, enum isa_tiny format)
{
	const uint32_t selected = valu->inst->opsel & 3;
	const uint32_t shift = ((selected & 1) << 1 | selected >> 1) * 8;

	ISA_FOR_LANES(valu)
	{
		valu->d->f32[i] = isa_tiny_to_float(format, (uint8_t)(valu->a->u32[i] >> shift));
	}
}

static void widen_two(struct isa_valu *valu, enum isa_tiny format)
{
	ISA_FOR_LANES(valu)
	{
		const uint32_t a = valu->a->u32[i];
		const uint32_t low = isa_float_bits(isa_tiny_to_float(format, (uint8_t)a));
		const uint32_t high = isa_float_bits(isa_tiny_to_float(format, (uint8_t)(a >> 8)));

		valu->d->u64[i] = (uint64_t)high << 32 | low;
	}
}

static void narrow_two(struct isa_valu *valu, enum isa_tiny format)
{
	const bool saturate = valu->mode & ISA_MODE_FP16_OVFL;

	ISA_FOR_LANES(valu)
	{
		valu->d->u32[i] = isa_float_to_tiny(format, valu->a->f32[i], saturate) |
				  (uint32_t)isa_float_to_tiny(format, valu->b->f32[i], saturate) << 8;
	}
}

/* Into the byte of the old result that op_sel's upper two bits say; S1 is noise. */
static void narrow_noisy(struct isa_valu *valu, enum isa_tiny format)
{
	const bool saturate = valu->mode & ISA_MODE_FP16_OVFL;
	const uint32_t shift = (valu->inst->opsel >> 2 & 3U) * 8;

	ISA_FOR_LANES(valu)
	{
		const uint32_t byte =
			isa_float_to_tiny_noisy(format, valu->a->f32[i], valu->b->u32[i], saturate);

		valu->d->u32[i] = (valu->c->u32[i] & ~(UINT32_C(0xff) << shift)) | byte << shift;
	}
}

#define TINY(name, function, format)            \
	static void name(struct isa_valu *valu) \
	{                                       \
		function(valu, format);         \
	}

TINY(f32_fp8, widen, ISA_TINY_FP8)
TINY(f32_bf8, widen, ISA_TINY_BF8)
TINY(pk_f32_fp8, widen_two, ISA_TINY_FP8)
TINY(pk_f32_bf8, widen_two, ISA_TINY_BF8)
TINY(pk_fp8_f32, narrow_two, ISA_TINY_FP8)
TINY(pk_bf8_f32, narrow_two, ISA_TINY_BF8)
TINY(sr_fp8_f32, narrow_noisy, ISA_TINY_FP8)
TINY(sr_bf8_f32, narrow_noisy, ISA_TINY_BF8)

#define FROM(operation_, function, to, flags_, ...)                                                          \
	{                                                                                                    \
		.operation = ISA_V_CVT_##operation_, .class = ISA_CLASS_VECTOR, .execute = isa_valu_execute, \
		.valu = function, .result = to, .sources = {__VA_ARGS__}, .flags = flags_,                   \
	}

static const struct isa_binding list[] = {
	FROM(I32_F32, i32_f32, ISA_B32, 0, ISA_F32),
	FROM(U32_F32, u32_f32, ISA_B32, 0, ISA_F32),
	FROM(I32_F64, i32_f64, ISA_B32, 0, ISA_F64),
	FROM(U32_F64, u32_f64, ISA_B32, 0, ISA_F64),
	FROM(F32_I32, f32_i32, ISA_F32, 0, ISA_B32),
	FROM(F32_U32, f32_u32, ISA_F32, 0, ISA_B32),
	FROM(F64_I32, f64_i32, ISA_F64, 0, ISA_B32),
	FROM(F64_U32, f64_u32, ISA_F64, 0, ISA_B32),
	FROM(F32_F64, f32_f64, ISA_F32, 0, ISA_F64),
	FROM(F64_F32, f64_f32, ISA_F64, 0, ISA_F32),
	FROM(F32_UBYTE0, f32_ubyte0, ISA_F32, 0, ISA_B32),
	FROM(F32_UBYTE1, f32_ubyte1, ISA_F32, 0, ISA_B32),
	FROM(F32_UBYTE2, f32_ubyte2, ISA_F32, 0, ISA_B32),
	FROM(F32_UBYTE3, f32_ubyte3, ISA_F32, 0, ISA_B32),
	FROM(NEAREST_I32_F32, nearest_i32_f32, ISA_B32, 0, ISA_F32),
	FROM(FLOOR_I32_F32, floor_i32_f32, ISA_B32, 0, ISA_F32),
	FROM(OFF_F32_I4, off_f32_i4, ISA_F32, 0, ISA_B32),
	FROM(I32_I16, i32_i16, ISA_B32, 0, ISA_B16),
	FROM(U32_U16, u32_u16, ISA_B32, 0, ISA_B16),
	FROM(F16_F32, f16_f32, ISA_F16, 0, ISA_F32),
	FROM(F32_F16, f32_f16, ISA_F32, 0, ISA_F16),
	FROM(F16_U16, f16_u16, ISA_F16, 0, ISA_B16),
	FROM(F16_I16, f16_i16, ISA_F16, 0, ISA_B16),
	FROM(U16_F16, u16_f16, ISA_B16, 0, ISA_F16),
	FROM(I16_F16, i16_f16, ISA_B16, 0, ISA_F16),
	FROM(NORM_I16_F16, norm_i16_f16, ISA_B16, 0, ISA_F16),
	FROM(NORM_U16_F16, norm_u16_f16, ISA_B16, 0, ISA_F16),
	FROM(PK_RTZ_F16_F32, pk_rtz_f16_f32, ISA_PACKED_F16, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(PK_I16_F32, pk_i16_f32, ISA_B32, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(PK_U16_F32, pk_u16_f32, ISA_B32, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(PK_NORM_I16_F32, pk_norm_i16_f32, ISA_B32, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(PK_NORM_U16_F32, pk_norm_u16_f32, ISA_B32, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(PK_NORM_I16_F16, pk_norm_i16_f16, ISA_B32, ISA_VALU_TWO, ISA_F16, ISA_F16),
	FROM(PK_NORM_U16_F16, pk_norm_u16_f16, ISA_B32, ISA_VALU_TWO, ISA_F16, ISA_F16),
	FROM(PK_I16_I32, pk_i16_i32, ISA_B32, ISA_VALU_TWO, ISA_B32, ISA_B32),
	FROM(PK_U16_U32, pk_u16_u32, ISA_B32, ISA_VALU_TWO, ISA_B32, ISA_B32),
	FROM(PK_U8_F32, pk_u8_f32, ISA_B32, 0, ISA_F32, ISA_B32, ISA_B32),
	FROM(F32_FP8, f32_fp8, ISA_F32, 0, ISA_B32),
	FROM(F32_BF8, f32_bf8, ISA_F32, 0, ISA_B32),
	FROM(PK_F32_FP8, pk_f32_fp8, ISA_PACKED_32, ISA_VALU_TWO, ISA_B16),
	FROM(PK_F32_BF8, pk_f32_bf8, ISA_PACKED_32, ISA_VALU_TWO, ISA_B16),
	FROM(PK_FP8_F32, pk_fp8_f32, ISA_B16, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(PK_BF8_F32, pk_bf8_f32, ISA_B16, ISA_VALU_TWO, ISA_F32, ISA_F32),
	FROM(SR_FP8_F32, sr_fp8_f32, ISA_B32, ISA_VALU_READS_RESULT, ISA_F32, ISA_B32, ISA_B32),
	FROM(SR_BF8_F32, sr_bf8_f32, ISA_B32, ISA_VALU_READS_RESULT, ISA_F32, ISA_B32, ISA_B32),
};

const struct isa_bindings isa_bind_convert = {list, sizeof(list) / sizeof(list[0])};
