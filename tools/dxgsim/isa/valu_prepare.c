// SPDX-License-Identifier: MIT
#include "dxgsim/isa/valu_frame.h"

void isa_valu_prepare(enum isa_target target, struct isa_inst *inst)
{
	if (!inst->binding || inst->binding->class != ISA_CLASS_VECTOR)
		return;
	if (inst->row->format == ISA_FORMAT_VOPD)
		isa_vopd_prepare(target, inst);
	else
		isa_valu_plan(target, inst, inst->binding, inst->dst, inst->src, &inst->plan);
}
