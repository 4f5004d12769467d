// SPDX-License-Identifier: MIT
/* What isa_valu_execute() does for an instruction, as far as it follows from the instruction alone. */
#include "dxgsim/isa/valu_frame.h"

/* MODE */
#define ROUND_32       3U
#define ROUND_64       (3U << 2)
#define KEEP_SOURCE_32 (1U << 4)
#define KEEP_RESULT_32 (1U << 5)
#define KEEP_SOURCE_64 (1U << 6)
#define KEEP_RESULT_64 (1U << 7)

static bool in_vop3p(const struct isa_inst *inst)
{
	return inst->row->format == ISA_FORMAT_VOP3P;
}

static bool bit(uint32_t bits, uint32_t number)
{
	return bits >> number & 1;
}

/* Absolute value, then negation; integers have neither. */
static void plan_modifiers(const struct isa_inst *inst, uint32_t number, struct isa_valu_source *source)
{
	const bool mixed = source->half || (in_vop3p(inst) && source->type == ISA_F32);
	const bool abs = mixed ? bit(inst->neg_hi, number) : bit(inst->abs, number);
	const bool neg = bit(inst->neg, number);
	bool neg_hi = neg;
	uint32_t sign;

	source->keep = isa_type_is_half(source->type) ? UINT16_MAX : UINT32_MAX;
	switch (source->type) {
	case ISA_F16:
	case ISA_M16:
		sign = 0x8000;
		break;
	case ISA_F32:
	case ISA_M32:
	case ISA_F64:
		sign = 0x80000000;
		break;
	case ISA_PACKED_F16:
		if (in_vop3p(inst))
			neg_hi = bit(inst->neg_hi, number);
		else if (abs)
			source->keep = 0x7fff7fff;
		source->flip = (neg ? 0x8000U : 0) | (neg_hi ? 0x80000000U : 0);
		return;
	default:
		return;
	}
	if (abs)
		source->keep &= ~sign;
	if (neg)
		source->flip = sign;
}

static bool is_float_constant(uint32_t encoding)
{
	return encoding >= ISA_HALF && encoding <= ISA_HALF + 8;
}

/*
 * Of formats without op_sel the decoder has put it there: gfx11 names halves of registers.  Where packed operands have
 * none, in v_pk_fmac and v_dot2_f16_f16, gfx11 has float constants in both halves and gfx10 in the lower one
 * (llvm-project issue 94116).
 */
static void plan_halves(enum isa_target target, const struct isa_inst *inst, uint32_t number,
			struct isa_valu_source *source)
{
	source->shift_hi = 16;
	if (isa_type_is_half(source->type)) {
		source->shift = bit(inst->opsel, number) ? 16 : 0;
	} else if (isa_type_is_packed(source->type) && in_vop3p(inst)) {
		source->shift = bit(inst->opsel, number) ? 16 : 0;
		source->shift_hi = bit(inst->opsel_hi, number) ? 16 : 0;
	} else if (source->type == ISA_PACKED_F16 && source->scalar && is_float_constant(source->number) &&
		   target != ISA_GFX10_3) {
		source->shift_hi = 0;
	}
}

static void plan_source(enum isa_target target, const struct isa_inst *inst, uint32_t number, uint32_t type,
			uint32_t encoding, struct isa_valu_plan *plan)
{
	struct isa_valu_source *source = &plan->source[number];

	if (type == ISA_NONE || type == ISA_SCALAR_MASK)
		return;
	if (plan->binding->flags & ISA_VALU_MIXED) {
		source->half = bit(inst->opsel_hi, number);
		type = source->half ? ISA_F16 : ISA_F32;
	}
	source->type = (uint8_t)type;
	source->scalar = encoding < ISA_VGPR;
	source->number = (uint16_t)(source->scalar ? encoding : encoding - ISA_VGPR);
	source->select = 6;
	plan_halves(target, inst, number, source);
	plan_modifiers(inst, number, source);
	source->permuted = number == 0 && !source->scalar && isa_variant_is_dpp(inst->variant);
	if (inst->variant == ISA_SDWA && number < 2) {
		source->select = inst->src_sel[number];
		source->extend = bit(inst->sext, number);
		if (source->select > 6)
			plan->illegal = true;
	}
}

/* The register that becomes the result, as the third source. */
static void plan_old_result(uint32_t type, struct isa_valu_plan *plan)
{
	struct isa_valu_source *source = &plan->source[2];

	*source = (struct isa_valu_source){
		.type = (uint8_t)type,
		.number = plan->dst,
		.select = 6,
		.shift = plan->shift,
		.shift_hi = 16,
		.keep = isa_type_is_half(type) ? UINT16_MAX : UINT32_MAX,
	};
}

static bool unchanged(const struct isa_valu_source *source)
{
	return !source->half && source->select == 6 && !source->permuted && !isa_type_is_half(source->type) &&
	       !isa_type_is_wide(source->type) && !source->shift &&
	       (!isa_type_is_packed(source->type) || source->shift_hi == 16) && source->keep == UINT32_MAX &&
	       !source->flip;
}

static void plan_result(const struct isa_inst *inst, uint32_t dst, struct isa_valu_plan *plan)
{
	const struct isa_binding *binding = plan->binding;

	plan->dst = (uint16_t)dst;
	plan->result = binding->result;
	plan->whole = binding->flags & ISA_VALU_WHOLE;
	if (plan->result == ISA_NONE || plan->result == ISA_SCALAR_MASK)
		return;
	if (isa_type_is_half(plan->result) && in_vop3p(inst))
		plan->shift = binding->operation == ISA_V_FMA_MIXHI_F16 ? 16 : 0;
	else if (isa_type_is_half(plan->result))
		plan->shift = bit(inst->opsel, 3) ? 16 : 0;
	plan->scattered = inst->variant == ISA_SDWA;
	if (plan->scattered && (inst->dst_sel > 6 || inst->dst_unused > 2))
		plan->illegal = true;
	if (plan->result == ISA_F32 || isa_type_is_float_64(plan->result))
		plan->finished = inst->clamp || (inst->omod && plan->result != ISA_PACKED_F16);
}

/* Scalar operands that have a bit per lane. */
static void plan_masks(const struct isa_inst *inst, struct isa_valu_plan *plan)
{
	const bool named = isa_variant_is_e64(inst->variant) && !(plan->binding->flags & ISA_VALU_VCC_IN);

	plan->mask_in = named ? inst->src[2] : ISA_VCC_LO;
	plan->mask_out = inst->sdst;
}

static void plan_mode(struct isa_valu_plan *plan)
{
	const uint32_t flags = plan->binding->flags;
	uint32_t mask = 0;
	bool has_32 = plan->result == ISA_F32;

	plan->round_64 = isa_type_is_float_64(plan->result);
	if (has_32)
		mask |= KEEP_RESULT_32;
	if (plan->round_64)
		mask |= KEEP_RESULT_64;
	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t type = plan->source[i].type;

		if (type == ISA_F32) {
			mask |= KEEP_SOURCE_32;
			has_32 = has_32 || !plan->round_64;
		}
		if (isa_type_is_float_64(type)) {
			mask |= KEEP_SOURCE_64;
			plan->round_64 = plan->round_64 || !has_32;
		}
	}
	if (flags & ISA_VALU_NO_FLUSH)
		mask = 0;
	plan->mode_plain = mask;
	if (flags & ISA_VALU_ROUNDS_64)
		plan->round_64 = true;
	if (plan->round_64)
		mask |= ROUND_64;
	else if (has_32)
		mask |= ROUND_32;
	plan->mode_mask = mask;
	if (flags & ISA_VALU_FLUSH) { /* never plain */
		plan->mode_mask = 0;
		plan->mode_plain = 1;
	}
}

static void plan_directness(const struct isa_inst *inst, struct isa_valu_plan *plan)
{
	plan->direct = !plan->finished && !plan->scattered && !isa_variant_is_dpp(inst->variant) &&
		       !isa_type_is_half(plan->result) && !isa_type_is_wide(plan->result) &&
		       plan->result != ISA_NONE && plan->result != ISA_SCALAR_MASK;
	for (uint32_t i = 0; i < 3; i++) {
		struct isa_valu_source *source = &plan->source[i];

		source->in_place = source->type != ISA_NONE && unchanged(source);
		if (source->in_place && !source->scalar && source->number == plan->dst)
			plan->direct = false;
	}
}

void isa_valu_plan(enum isa_target target, const struct isa_inst *inst, const struct isa_binding *binding,
		   uint32_t dst, const uint16_t src[3], struct isa_valu_plan *plan)
{
	*plan = (struct isa_valu_plan){.binding = binding};
	plan_result(inst, dst, plan);
	for (uint32_t i = 0; i < 3; i++) {
		if (i < 2 || !(binding->flags & ISA_VALU_READS_RESULT))
			plan_source(target, inst, i, binding->sources[i], src[i], plan);
		else
			plan_old_result(binding->sources[2] ? binding->sources[2] : binding->result, plan);
	}
	if (isa_variant_is_dpp(inst->variant) && !isa_dpp_control_legal(inst))
		plan->illegal = true;
	plan_masks(inst, plan);
	plan_mode(plan);
	plan_directness(inst, plan);
}
