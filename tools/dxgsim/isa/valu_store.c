// SPDX-License-Identifier: MIT
/* Results of vector ALU operations. */
#include <string.h>

#include "dxgsim/isa/half.h"
#include "dxgsim/isa/valu_frame.h"

#define BITS_4(first)  1U << (first), 2U << (first), 4U << (first), 8U << (first)
#define BITS_16(first) BITS_4(first), BITS_4((first) + 4), BITS_4((first) + 8), BITS_4((first) + 12)
const uint32_t isa_lane_bits[32] = {BITS_16(0), BITS_16(16)};

/* The bits @bits of words. */
static void store_bits(struct isa_wave *wave, uint32_t number, const uint32_t *restrict values, uint64_t mask,
		       uint32_t bits)
{
	for (uint32_t i = 0; i < wave->lanes; i += 32) {
		const uint32_t lanes = (uint32_t)(mask >> i);
		const uint32_t *restrict from = values + i;
		uint32_t *restrict to = isa_vgpr(wave, number) + i;

		for (uint32_t j = 0; j < 32; j++) {
			const uint32_t written = lanes & isa_lane_bits[j] ? bits : 0;

			to[j] = (to[j] & ~written) | (from[j] & written);
		}
	}
}

void isa_store_row(struct isa_wave *wave, uint32_t number, const uint32_t *values, uint64_t mask)
{
	if (mask == isa_all_lanes(wave))
		memcpy(isa_vgpr(wave, number), values, wave->lanes * sizeof(*values));
	else if (mask)
		store_bits(wave, number, values, mask, UINT32_MAX);
}

static void store_half(struct isa_wave *wave, const struct isa_valu_plan *plan, const uint32_t *values,
		       uint64_t mask)
{
	uint32_t moved[ISA_LANES];

	if (plan->shift) {
		for (uint32_t i = 0; i < wave->lanes; i++)
			moved[i] = values[i] << 16;
		values = moved;
	}
	store_bits(wave, plan->dst, values, mask, UINT32_C(0xffff) << plan->shift);
}

static void store_wide(struct isa_wave *wave, const struct isa_valu_plan *plan, const uint64_t *values,
		       uint64_t mask)
{
	uint32_t low[ISA_LANES], high[ISA_LANES];

	for (uint32_t i = 0; i < wave->lanes; i++) {
		low[i] = (uint32_t)values[i];
		high[i] = (uint32_t)(values[i] >> 32);
	}
	isa_store_row(wave, plan->dst, low, mask);
	isa_store_row(wave, plan->dst + 1U, high, mask);
}

static void store_part(struct isa_wave *wave, const struct isa_inst *inst, const struct isa_valu_plan *plan,
		       const uint32_t *values, uint64_t mask)
{
	uint32_t merged[ISA_LANES];

	memcpy(merged, isa_vgpr(wave, plan->dst), wave->lanes * sizeof(*merged));
	isa_sdwa_deposit(inst, values, wave->lanes, merged);
	isa_store_row(wave, plan->dst, merged, mask);
}

void isa_valu_store(struct isa_wave *wave, const struct isa_inst *inst, const struct isa_valu_plan *plan,
		    const union isa_lanes *values, uint64_t mask)
{
	if (plan->result == ISA_NONE || plan->result == ISA_SCALAR_MASK)
		return;
	if (isa_type_is_wide(plan->result))
		store_wide(wave, plan, values->u64, mask);
	else if (plan->scattered)
		store_part(wave, inst, plan, values->u32, mask);
	else if (isa_type_is_half(plan->result) && !plan->whole)
		store_half(wave, plan, values->u32, mask);
	else
		isa_store_row(wave, plan->dst, values->u32, mask);
}

/* ---- output modifiers ---- */

static const float factors[4] = {1, 2, 4, 0.5F};

/* A result that is multiplied is no negative zero, not even before. */
static void modify_32(float factor, union isa_lanes *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		values->u32[i] &= values->u32[i] << 1 ? UINT32_MAX : 0;
		values->f32[i] *= factor;
	}
}

static void modify_64(float factor, union isa_lanes *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		values->u64[i] &= values->u64[i] << 1 ? UINT64_MAX : 0;
		values->f64[i] *= (double)factor;
	}
}

static void modify_16(float factor, uint32_t round, union isa_lanes *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint16_t half = values->u32[i] & 0x7fffU ? (uint16_t)values->u32[i] : 0;

		values->u32[i] = isa_float_to_half(isa_half_to_float(half) * factor, round);
	}
}

/*
 * They are ignored where denormal results are kept or, before gfx12, in IEEE mode ("RDNA3", Output Modifiers).
 */
static bool omod_is_ignored(const struct isa_wave *wave, uint32_t type)
{
	const uint32_t denormals =
		type == ISA_F32 ? ISA_MODE_DENORM_32(wave->mode) : ISA_MODE_DENORM_64(wave->mode);

	return denormals & ISA_KEEP_RESULT || (wave->target != ISA_GFX12 && wave->mode & ISA_MODE_IEEE);
}

static void modify(const struct isa_wave *wave, uint32_t type, uint32_t omod, union isa_lanes *values)
{
	switch (type) {
	case ISA_F32:
		modify_32(factors[omod], values, wave->lanes);
		break;
	case ISA_F64:
		modify_64(factors[omod], values, wave->lanes);
		break;
	case ISA_F16:
		modify_16(factors[omod], ISA_MODE_ROUND_64(wave->mode), values, wave->lanes);
		break;
	default:
		break;
	}
}

/* ---- clamp: to 0 and 1, on the bits of floats; NaN becomes 0 or stays ---- */

static inline uint64_t clamp_bits(uint64_t bits, uint64_t sign, uint64_t infinity, uint64_t one,
				  bool nan_to_0)
{
	if ((bits & ~sign) > infinity)
		return nan_to_0 ? 0 : bits;
	if (bits & sign)
		return 0;
	return bits > one ? one : bits;
}

static uint32_t clamp_16(uint32_t bits, bool nan_to_0)
{
	return (uint32_t)clamp_bits(bits & 0xffffU, 0x8000, 0x7c00, 0x3c00, nan_to_0);
}

static void clamp(uint32_t type, bool nan_to_0, union isa_lanes *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		switch (type) {
		case ISA_F32:
			values->u32[i] = (uint32_t)clamp_bits(values->u32[i], 0x80000000, 0x7f800000,
							      0x3f800000, nan_to_0);
			break;
		case ISA_F64:
			values->u64[i] = clamp_bits(values->u64[i], UINT64_C(1) << 63, UINT64_C(0x7ff) << 52,
						    UINT64_C(0x3ff) << 52, nan_to_0);
			break;
		case ISA_F16:
			values->u32[i] = clamp_16(values->u32[i], nan_to_0);
			break;
		case ISA_PACKED_F16:
			values->u32[i] = clamp_16(values->u32[i], nan_to_0) |
					 clamp_16(values->u32[i] >> 16, nan_to_0) << 16;
			break;
		default:
			return;
		}
	}
}

void isa_valu_finish(const struct isa_wave *wave, const struct isa_inst *inst,
		     const struct isa_valu_plan *plan, union isa_lanes *values)
{
	const uint32_t type = plan->result, flags = plan->binding->flags;

	isa_valu_flush(wave->mode, flags, type, ISA_KEEP_RESULT, values, wave->lanes);
	if (!plan->finished)
		return;
	if (inst->omod && !omod_is_ignored(wave, type)) {
		modify(wave, type, inst->omod & 3, values);
		isa_valu_flush(wave->mode, flags, type, ISA_KEEP_RESULT, values, wave->lanes);
	}
	if (inst->clamp)
		clamp(type, wave->target == ISA_GFX12 || wave->mode & ISA_MODE_DX10_CLAMP, values,
		      wave->lanes);
}
