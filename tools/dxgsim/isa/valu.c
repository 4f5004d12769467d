// SPDX-License-Identifier: MIT
/* Vector ALU instructions: the frame around their arithmetic. */
#include <fenv.h>

#include "dxgsim/isa/half.h"
#include "dxgsim/isa/valu_frame.h"

static const int host_rounding[4] = {
	[ISA_ROUND_NEAREST] = FE_TONEAREST,
	[ISA_ROUND_UP] = FE_UPWARD,
	[ISA_ROUND_DOWN] = FE_DOWNWARD,
	[ISA_ROUND_ZERO] = FE_TOWARDZERO,
};

/* In MODE's rounding and with its denormals, or with modifiers of the result. */
static void compute_carefully(struct isa_valu *valu, const struct isa_valu_plan *plan)
{
	const uint32_t round = plan->round_64 ? ISA_MODE_ROUND_64(valu->mode) : ISA_MODE_ROUND_32(valu->mode);
	int before = FE_TONEAREST;

	if (round != ISA_ROUND_NEAREST) {
		before = fegetround();
		fesetround(host_rounding[round]);
	}
	plan->binding->valu(valu);
	isa_valu_finish(valu->wave, valu->inst, plan, valu->d);
	if (round != ISA_ROUND_NEAREST)
		fesetround(before);
}

void isa_valu_compute(struct isa_valu *valu, const struct isa_valu_plan *plan, const struct isa_dpp *dpp,
		      struct isa_valu_space *space)
{
	struct isa_wave *wave = valu->wave;
	const struct isa_inst *inst = valu->inst;
	const bool plain = (valu->mode & plan->mode_mask) == plan->mode_plain;

	valu->a = isa_valu_fetch(wave, inst, plan, &plan->source[0], dpp, plain, &space->source[0]);
	valu->b = isa_valu_fetch(wave, inst, plan, &plan->source[1], dpp, plain, &space->source[1]);
	valu->c = isa_valu_fetch(wave, inst, plan, &plan->source[2], dpp, plain, &space->source[2]);
	if (plan->binding->flags & (ISA_VALU_MASK_IN | ISA_VALU_VCC_IN))
		valu->mask_in =
			plan->mask_in == ISA_VCC_LO ? isa_vcc(wave) : isa_lane_mask(wave, plan->mask_in);
	if (plain && !plan->finished)
		plan->binding->valu(valu);
	else
		compute_carefully(valu, plan);
}

static void store_mask(struct isa_wave *wave, const struct isa_valu_plan *plan, uint64_t mask)
{
	if (plan->binding->flags & ISA_VALU_TO_EXEC)
		wave->exec = mask;
	else if (plan->mask_out == ISA_VCC_LO)
		isa_set_vcc(wave, mask);
	else
		isa_set_lane_mask(wave, plan->mask_out, mask);
}

void isa_valu_execute_plan(struct isa_wave *wave, const struct isa_inst *inst,
			   const struct isa_valu_plan *plan)
{
	const uint64_t all = isa_all_lanes(wave), exec = wave->exec;
	struct isa_valu_space space;
	struct isa_valu valu = {
		.wave = wave,
		.inst = inst,
		.lanes = wave->lanes,
		.exec = exec,
		.clamp = inst->clamp,
		.mode = wave->mode,
		.d = &space.result,
	};
	struct isa_dpp dpp;
	uint64_t enabled = exec;

	if (plan->illegal) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	if (isa_variant_is_dpp(inst->variant)) {
		isa_dpp_lanes(wave, inst, &dpp);
		enabled = dpp.enabled;
	}
	if (plan->direct && exec == all)
		valu.d = (union isa_lanes *)isa_vgpr(wave, plan->dst);
	isa_valu_compute(&valu, plan, &dpp, &space);
	if (valu.d == &space.result)
		isa_valu_store(wave, inst, plan, valu.d, enabled);
	if (plan->result == ISA_SCALAR_MASK || plan->binding->flags & (ISA_VALU_MASK_OUT | ISA_VALU_TO_EXEC))
		store_mask(wave, plan, valu.mask_out & enabled);
}

void isa_valu_execute(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_valu_execute_plan(wave, inst, &inst->plan);
}
