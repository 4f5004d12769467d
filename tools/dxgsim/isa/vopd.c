// SPDX-License-Identifier: MIT
/*
 * VOPD: two operations at once.  Both read their sources before either writes its result ("RDNA3", Dual Issue VALU); they
 * are the operations of VOP1 and VOP2.
 */
#include "dxgsim/isa/valu_frame.h"

static isa_execute execute;

static enum isa_operation single(enum isa_operation dual)
{
	switch (dual) {
	case ISA_V_DUAL_FMAC_F32:
		return ISA_V_FMAC_F32;
	case ISA_V_DUAL_FMAAK_F32:
		return ISA_V_FMAAK_F32;
	case ISA_V_DUAL_FMAMK_F32:
		return ISA_V_FMAMK_F32;
	case ISA_V_DUAL_MUL_F32:
		return ISA_V_MUL_F32;
	case ISA_V_DUAL_ADD_F32:
		return ISA_V_ADD_F32;
	case ISA_V_DUAL_SUB_F32:
		return ISA_V_SUB_F32;
	case ISA_V_DUAL_SUBREV_F32:
		return ISA_V_SUBREV_F32;
	case ISA_V_DUAL_MUL_DX9_ZERO_F32:
		return ISA_V_MUL_DX9_ZERO_F32;
	case ISA_V_DUAL_MOV_B32:
		return ISA_V_MOV_B32;
	case ISA_V_DUAL_CNDMASK_B32:
		return ISA_V_CNDMASK_B32;
	case ISA_V_DUAL_MAX_F32:
	case ISA_V_DUAL_MAX_NUM_F32:
		return ISA_V_MAX_NUM_F32;
	case ISA_V_DUAL_MIN_F32:
	case ISA_V_DUAL_MIN_NUM_F32:
		return ISA_V_MIN_NUM_F32;
	case ISA_V_DUAL_DOT2ACC_F32_F16:
		return ISA_V_DOT2ACC_F32_F16;
	case ISA_V_DUAL_ADD_NC_U32:
		return ISA_V_ADD_NC_U32;
	case ISA_V_DUAL_LSHLREV_B32:
		return ISA_V_LSHLREV_B32;
	case ISA_V_DUAL_AND_B32:
		return ISA_V_AND_B32;
	default:
		return ISA_OPERATIONS;
	}
}

static bool reads(const struct isa_valu_plan *plan, uint32_t number)
{
	for (uint32_t i = 0; i < 3; i++) {
		const struct isa_valu_source *source = &plan->source[i];

		if (source->type != ISA_NONE && !source->scalar && source->number == number)
			return true;
	}
	return false;
}

void isa_vopd_prepare(enum isa_target target, struct isa_inst *inst)
{
	const struct isa_binding *x = isa_binding(single(inst->row->operation));
	const struct isa_binding *y = inst->y_row ? isa_binding(single(inst->y_row->operation)) : NULL;

	if (!x || !y)
		return;
	isa_valu_plan(target, inst, x, inst->dst, inst->src, &inst->plan);
	isa_valu_plan(target, inst, y, inst->y_dst, inst->y_src, &inst->y_plan);
	if (reads(&inst->y_plan, inst->plan.dst))
		inst->plan.direct = false;
}

static void compute(struct isa_wave *wave, const struct isa_inst *inst, const struct isa_valu_plan *plan,
		    struct isa_valu *valu, struct isa_valu_space *space)
{
	*valu = (struct isa_valu){
		.wave = wave,
		.inst = inst,
		.lanes = wave->lanes,
		.exec = wave->exec,
		.mode = wave->mode,
		.d = &space->result,
	};
	if (plan->direct && wave->exec == isa_all_lanes(wave))
		valu->d = (union isa_lanes *)isa_vgpr(wave, plan->dst);
	isa_valu_compute(valu, plan, NULL, space);
}

static void execute(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_valu_space x_space, y_space;
	struct isa_valu x, y;

	if (!inst->plan.binding) {
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
		return;
	}
	if (wave->lanes == 64) { /* "RDNA3", Dual Issue VALU: wave32 only */
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	compute(wave, inst, &inst->plan, &x, &x_space);
	compute(wave, inst, &inst->y_plan, &y, &y_space);
	if (x.d == &x_space.result)
		isa_valu_store(wave, inst, &inst->plan, x.d, wave->exec);
	if (y.d == &y_space.result)
		isa_valu_store(wave, inst, &inst->y_plan, y.d, wave->exec);
}

#define DUAL(name)                                                                            \
	{                                                                                     \
		.operation = ISA_V_DUAL_##name, .class = ISA_CLASS_VECTOR, .execute = execute \
	}

static const struct isa_binding list[] = {
	DUAL(FMAC_F32),	  DUAL(FMAAK_F32),   DUAL(FMAMK_F32),	     DUAL(MUL_F32),	DUAL(ADD_F32),
	DUAL(SUB_F32),	  DUAL(SUBREV_F32),  DUAL(MUL_DX9_ZERO_F32), DUAL(MOV_B32),	DUAL(CNDMASK_B32),
	DUAL(MAX_F32),	  DUAL(MAX_NUM_F32), DUAL(MIN_F32),	     DUAL(MIN_NUM_F32), DUAL(DOT2ACC_F32_F16),
	DUAL(ADD_NC_U32), DUAL(LSHLREV_B32), DUAL(AND_B32),
};

const struct isa_bindings isa_bind_vopd = {list, sizeof(list) / sizeof(list[0])};
