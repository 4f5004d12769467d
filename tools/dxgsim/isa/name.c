// SPDX-License-Identifier: MIT
/* Names of instructions as llvm-objdump prints them. */
#include <stdio.h>
#include <string.h>

#include "dxgsim/isa/inst.h"

/* Operations that are written in one way only, and so have no suffix. */
static bool has_one_form(enum isa_operation operation)
{
	switch (operation) {
	case ISA_V_NOP:
	case ISA_V_PIPEFLUSH:
	case ISA_V_CLREXCP:
	case ISA_V_ILLEGAL:
	case ISA_V_READFIRSTLANE_B32:
	case ISA_V_SWAP_B32:
	case ISA_V_SWAPREL_B32:
	case ISA_V_PERMLANE64_B32:
	case ISA_V_FMAMK_F32:
	case ISA_V_FMAMK_F16:
	case ISA_V_FMAAK_F32:
	case ISA_V_FMAAK_F16:
	case ISA_V_PK_FMAC_F16:
	case ISA_V_DOT2ACC_F32_F16:
	case ISA_V_DOT4C_I32_I8:
		return true;
	default:
		return false;
	}
}

static bool has_small_form(enum isa_format format)
{
	return format == ISA_FORMAT_VOP1 || format == ISA_FORMAT_VOP2 || format == ISA_FORMAT_VOPC;
}

/* gfx10 has them in two formats. */
static bool is_interpolation(const struct isa_inst *inst)
{
	switch (inst->row->operation) {
	case ISA_V_INTERP_P1_F32:
	case ISA_V_INTERP_P2_F32:
	case ISA_V_INTERP_MOV_F32:
		return inst->row->format == ISA_FORMAT_VINTRP || inst->row->format == ISA_FORMAT_VOP3;
	default:
		return false;
	}
}

static const char *suffix(const struct isa_inst *inst)
{
	bool forms = (has_small_form(inst->row->format) && !has_one_form(inst->row->operation)) ||
		     is_interpolation(inst);

	switch (inst->variant) {
	case ISA_E32:
		return forms ? "_e32" : "";
	case ISA_E64:
		return forms ? "_e64" : "";
	case ISA_DPP16:
	case ISA_DPP8:
		return inst->row->format == ISA_FORMAT_VOPC ? "" : "_dpp";
	case ISA_SDWA:
		return "_sdwa";
	default:
		return "_e64_dpp";
	}
}

void isa_inst_name(enum isa_target target, const struct isa_inst *inst, char *text, size_t size)
{
	(void)target;
	if (!inst->row)
		snprintf(text, size, "(no instruction)");
	else if (inst->y_row)
		snprintf(text, size, "%s :: %s", inst->row->name, inst->y_row->name);
	else
		snprintf(text, size, "%s%s", inst->row->name, suffix(inst));
}
