// SPDX-License-Identifier: MIT
/* Sources of vector ALU operations. */
#include <string.h>

#include "dxgsim/isa/half.h"
#include "dxgsim/isa/valu_frame.h"

/* What operations find where they have no source. */
static const union isa_lanes zeros;

static void flush_32(uint32_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		values[i] &= values[i] & 0x7f800000U ? UINT32_MAX : 0x80000000U;
}

static void flush_64(uint64_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		values[i] &= values[i] >> 52 & 0x7ffU ? UINT64_MAX : UINT64_C(1) << 63;
}

static void flush_16(uint32_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		values[i] &= (values[i] & 0x7c00U ? 0xffffU : 0x8000U) |
			     (values[i] & 0x7c000000U ? 0xffff0000U : 0x80000000U);
}

void isa_valu_flush(uint32_t mode, uint32_t flags, uint32_t type, uint32_t keep, union isa_lanes *values,
		    uint32_t count)
{
	const bool always = flags & ISA_VALU_FLUSH;

	if (flags & ISA_VALU_NO_FLUSH)
		return;
	if (type == ISA_F32 && (always || !(ISA_MODE_DENORM_32(mode) & keep)))
		flush_32(values->u32, count);
	if (!isa_type_is_float_64(type) || (!always && ISA_MODE_DENORM_64(mode) & keep))
		return;
	if (type == ISA_F64)
		flush_64(values->u64, count);
	else
		flush_16(values->u32, count);
}

/* Halves and modifiers; @high: the upper words of what is 64 bits wide. */
static void shape(const struct isa_valu_source *source, const uint32_t *restrict low,
		  const uint32_t *restrict high, uint32_t count, union isa_lanes *restrict to)
{
	const uint32_t keep = source->keep, flip = source->flip, shift = source->shift;

	if (isa_type_is_wide(source->type)) {
		for (uint32_t i = 0; i < count; i++)
			to->u64[i] = (uint64_t)((high[i] & keep) ^ flip) << 32 | low[i];
	} else if (isa_type_is_packed(source->type)) {
		for (uint32_t i = 0; i < count; i++) {
			const uint32_t both = (low[i] >> shift & 0xffffU) | low[i] >> source->shift_hi << 16;

			to->u32[i] = (both & keep) ^ flip;
		}
	} else {
		for (uint32_t i = 0; i < count; i++)
			to->u32[i] = (low[i] >> shift & keep) ^ flip;
	}
}

static void widen(union isa_lanes *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		values->f32[i] = isa_half_to_float((uint16_t)values->u32[i]);
}

static void change(struct isa_wave *wave, const struct isa_valu_plan *plan,
		   const struct isa_valu_source *source, bool plain, const uint32_t *low,
		   const uint32_t *high, uint32_t count, union isa_lanes *to)
{
	uint32_t selected[ISA_LANES];

	if (source->select != 6) {
		isa_sdwa_select(source->select, source->extend, low, count, selected);
		low = selected;
	}
	shape(source, low, high, count, to);
	if (!plain)
		isa_valu_flush(wave->mode, plan->binding->flags, source->type, ISA_KEEP_SOURCE, to, count);
	if (source->half)
		widen(to, count);
}

static uint64_t scalar(struct isa_wave *wave, const struct isa_inst *inst,
		       const struct isa_valu_source *source)
{
	switch (source->type) {
	case ISA_F16:
	case ISA_M16:
	case ISA_PACKED_F16:
		return isa_scalar_half(wave, inst, source->number);
	case ISA_B64:
	case ISA_F64:
	case ISA_PACKED_32:
		return isa_scalar64(wave, inst, source->number, source->type == ISA_F64);
	default:
		return isa_scalar32(wave, inst, source->number);
	}
}

static void fetch_scalar(struct isa_wave *wave, const struct isa_inst *inst, const struct isa_valu_plan *plan,
			 const struct isa_valu_source *source, bool plain, union isa_lanes *to)
{
	const uint64_t value = scalar(wave, inst, source);
	const uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
	const uint32_t lanes = wave->lanes == 64 ? 64 : 32;

	if (isa_type_is_wide(source->type)) {
		change(wave, plan, source, plain, &low, &high, 1, to);
		for (uint32_t i = 1; i < lanes; i++)
			to->u64[i] = to->u64[0];
		return;
	}
	if (source->in_place && plain)
		to->u32[0] = low;
	else
		change(wave, plan, source, plain, &low, &high, 1, to);
	for (uint32_t i = 1; i < lanes; i++)
		to->u32[i] = to->u32[0];
}

const union isa_lanes *isa_valu_fetch(struct isa_wave *wave, const struct isa_inst *inst,
				      const struct isa_valu_plan *plan, const struct isa_valu_source *source,
				      const struct isa_dpp *dpp, bool plain, union isa_lanes *to)
{
	const uint32_t lanes = wave->lanes == 64 ? 64 : 32;
	uint32_t moved[2][ISA_LANES];
	const uint32_t *low, *high;

	if (source->type == ISA_NONE)
		return &zeros;
	if (source->scalar) {
		fetch_scalar(wave, inst, plan, source, plain, to);
		return to;
	}
	low = isa_vgpr(wave, source->number);
	if (source->in_place && plain)
		return (const union isa_lanes *)low;
	high = isa_type_is_wide(source->type) ? low + lanes : low;
	if (source->permuted) {
		isa_dpp_permute(dpp, low, lanes, moved[0]);
		low = moved[0];
		if (isa_type_is_wide(source->type)) {
			isa_dpp_permute(dpp, high, lanes, moved[1]);
			high = moved[1];
		}
	}
	change(wave, plan, source, plain, low, high, lanes, to);
	return to;
}
