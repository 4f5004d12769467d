// SPDX-License-Identifier: MIT
/* Two 16-bit floats at once, and arithmetic of 16-bit and 32-bit floats mixed. */
#include <fenv.h>
#include <math.h>

#include "dxgsim/isa/fma.h"
#include "dxgsim/isa/half.h"
#include "dxgsim/isa/order.h"

/* What operations need to know of MODE. */
struct how {
	uint32_t mode;
	struct isa_nan_rules rules;
	bool flush; /* sources of minimum and maximum */
};

static struct how how_of(const struct isa_valu *valu)
{
	return (struct how){
		.mode = valu->mode,
		.rules = isa_nan_rules(valu),
		.flush = isa_flushes(ISA_MODE_DENORM_64(valu->mode)),
	};
}

/* a, b and c: the halves at the same place. */
#define PACKED(name, expression)                                                                      \
	static inline uint16_t name##_part(uint16_t a, uint16_t b, uint16_t c, struct how how)        \
	{                                                                                             \
		(void)c, (void)how;                                                                   \
		return (expression);                                                                  \
	}                                                                                             \
                                                                                                      \
	static void name(struct isa_valu *valu)                                                       \
	{                                                                                             \
		const struct how how = how_of(valu);                                                  \
                                                                                                      \
		ISA_FOR_LANES(valu)                                                                   \
		{                                                                                     \
			const uint32_t a = valu->a->u32[i], b = valu->b->u32[i];                      \
			const uint32_t c = valu->c->u32[i];                                           \
			const uint32_t low = name##_part((uint16_t)a, (uint16_t)b, (uint16_t)c, how); \
			const uint32_t high = name##_part((uint16_t)(a >> 16), (uint16_t)(b >> 16),   \
							  (uint16_t)(c >> 16), how);                  \
                                                                                                      \
			valu->d->u32[i] = low | high << 16;                                           \
		}                                                                                     \
	}
/* ... and minimum or maximum. */
#define ORDER(name, ...) \
	PACKED(name, isa_##name##_16(isa_source_16(a, how.flush), isa_source_16(b, how.flush) __VA_ARGS__))

static inline float value(uint16_t half)
{
	return isa_half_to_float(half);
}

PACKED(add, isa_half_result_32(value(a) + value(b), how.mode))
PACKED(mul, isa_half_result_32(value(a) * value(b), how.mode))
PACKED(fused, isa_half_fused(a, b, c, how.mode))
#define BY_RULES , how.rules
ORDER(min, BY_RULES)
ORDER(max, BY_RULES)
ORDER(minimum, )
ORDER(maximum, )

static void pack(struct isa_valu *valu)
{
	ISA_FOR_LANES(valu)
	{
		valu->d->u32[i] = valu->a->u32[i] | valu->b->u32[i] << 16;
	}
}

/* ---- mixed: valu.c has made floats of all sources ---- */

/* Rounded twice: as a float, then as a half, each as MODE has it. */
static void mix_to_half(struct isa_valu *valu)
{
	const int half_rounding = fegetround();
	static const int host[] = {
		[ISA_ROUND_NEAREST] = FE_TONEAREST,
		[ISA_ROUND_UP] = FE_UPWARD,
		[ISA_ROUND_DOWN] = FE_DOWNWARD,
		[ISA_ROUND_ZERO] = FE_TOWARDZERO,
	};
	union isa_lanes sums;

	fesetround(host[ISA_MODE_ROUND_32(valu->mode)]);
	ISA_FOR_LANES(valu)
	{
		sums.f32[i] = fmaf(valu->a->f32[i], valu->b->f32[i], valu->c->f32[i]);
	}
	fesetround(half_rounding);
	ISA_FOR_LANES(valu)
	{
		valu->d->u32[i] = isa_half_result_32(sums.f32[i], valu->mode);
	}
}

#define PACKED_BINDING(operation, function, flag_bits, ...) \
	ISA_VALU_BINDING(ISA_V_##operation, function, ISA_PACKED_F16, ISA_VALU_TWO | (flag_bits), __VA_ARGS__)
#define TWO(operation, function, flags) \
	PACKED_BINDING(operation, function, flags, ISA_PACKED_F16, ISA_PACKED_F16)
#define THREE(operation, function, flags) \
	PACKED_BINDING(operation, function, flags, ISA_PACKED_F16, ISA_PACKED_F16, ISA_PACKED_F16)
#define MIX(operation, function, to) \
	ISA_VALU_BINDING(ISA_V_##operation, function, to, ISA_VALU_MIXED, ISA_F32, ISA_F32, ISA_F32)

static const struct isa_binding list[] = {
	TWO(PK_ADD_F16, add, 0),
	TWO(PK_MUL_F16, mul, 0),
	THREE(PK_FMA_F16, fused, 0),
	THREE(PK_FMAC_F16, fused, ISA_VALU_READS_RESULT),
	TWO(PK_MIN_NUM_F16, min, ISA_VALU_NO_FLUSH),
	TWO(PK_MAX_NUM_F16, max, ISA_VALU_NO_FLUSH),
	TWO(PK_MINIMUM_F16, minimum, ISA_VALU_NO_FLUSH),
	TWO(PK_MAXIMUM_F16, maximum, ISA_VALU_NO_FLUSH),
	{
		.operation = ISA_V_PACK_B32_F16,
		.class = ISA_CLASS_VECTOR,
		.execute = isa_valu_execute,
		.valu = pack,
		.result = ISA_B32,
		.sources = {ISA_F16, ISA_F16},
	},
	MIX(FMA_MIX_F32, isa_fused_32, ISA_F32),
	MIX(FMA_MIXLO_F16, mix_to_half, ISA_F16),
	MIX(FMA_MIXHI_F16, mix_to_half, ISA_F16),
};

const struct isa_bindings isa_bind_packed = {list, sizeof(list) / sizeof(list[0])};
