// SPDX-License-Identifier: MIT
#include "dxgsim/isa/decode_vector.h"

#include <errno.h>

#include "dxgsim/isa/decode_extra.h"
#include "dxgsim/isa/valu.h"

static bool is_half(uint8_t type)
{
	return type == ISA_B16 || type == ISA_F16 || type == ISA_M16;
}

/*
 * gfx11 and later: where an operand has 16 bits, VOP1, VOP2 and VOPC name the halves of the first 128 registers
 * ("RDNA3", 16-bit VGPR operands); they become what op_sel is for VOP3.
 */
static void name_halves(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	const struct isa_binding *binding = isa_binding(inst->row->operation);

	if (decoder->target == ISA_GFX10_3 || !binding)
		return;
	if (inst->row->format != ISA_FORMAT_VOPC && is_half(binding->result) && inst->dst >= 128) {
		inst->dst -= 128;
		inst->opsel |= 8;
	}
	for (uint32_t i = 0; i < 3; i++) {
		if (!is_half(binding->sources[i]) || inst->src[i] < ISA_VGPR + 128)
			continue;
		inst->src[i] -= 128;
		inst->opsel |= (uint8_t)(1U << i);
	}
}

/* The first source and what it stands for; others have been decoded. */
static int decode_first(struct isa_decoder *decoder, bool dpp)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t encoding = isa_bits(inst->words[0], 8, 0);

	if (isa_decode_is_sdwa(encoding) && decoder->target == ISA_GFX10_3)
		return isa_decode_sdwa_word(decoder);
	if (isa_decode_is_dpp(encoding) && dpp)
		return isa_decode_dpp_word(decoder, encoding);
	return isa_decode_source(decoder, encoding, &inst->src[0]);
}

int isa_decode_vop1(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_VOP1, isa_bits(word, 16, 9), 1);

	if (!error && decoder->target == ISA_GFX10_3 && inst->row->operation == ISA_V_NOP &&
	    isa_decode_is_dpp(isa_bits(word, 8, 0)))
		return isa_decode_more(decoder, &word); /* what it would permute does not matter */
	if (error || isa_decode_no_source(inst))
		return error;
	inst->dst = (uint16_t)isa_bits(word, 24, 17);
	if (inst->row->operation == ISA_V_READFIRSTLANE_B32)
		inst->dst = isa_decode_scalar(decoder, inst->dst & 127U);
	error = decode_first(decoder, true);
	if (!error)
		name_halves(decoder);
	return error;
}

int isa_decode_vop2(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_VOP2, isa_bits(word, 30, 25), 1);
	uint16_t second = (uint16_t)(ISA_VGPR + isa_bits(word, 16, 9));
	bool constant = true;

	if (error)
		return error;
	inst->dst = (uint16_t)isa_bits(word, 24, 17);
	switch (inst->row->operation) {
	case ISA_V_ILLEGAL: /* all its bits are 0 */
		return word ? -EILSEQ : 0;
	case ISA_V_FMAMK_F32:
	case ISA_V_FMAMK_F16:
		inst->src[1] = ISA_LITERAL;
		inst->src[2] = second;
		break;
	case ISA_V_FMAAK_F32:
	case ISA_V_FMAAK_F16:
		inst->src[1] = second;
		inst->src[2] = ISA_LITERAL;
		break;
	default:
		inst->src[1] = second;
		constant = false;
		if (isa_decode_carry_in(inst))
			inst->src[2] = ISA_VCC_LO;
		if (isa_decode_carry_out(inst))
			inst->sdst = ISA_VCC_LO;
		break;
	}
	if (constant) {
		error = isa_decode_source(decoder, isa_bits(word, 8, 0), &inst->src[0]);
		if (!error)
			error = isa_decode_literal(decoder);
	} else {
		error = decode_first(decoder, true);
	}
	if (!error)
		name_halves(decoder);
	return error;
}

int isa_decode_vopc(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_VOPC, isa_bits(word, 24, 17), 1);

	if (error)
		return error;
	inst->sdst = isa_decode_is_cmpx(inst) ? ISA_EXEC_LO : ISA_VCC_LO;
	inst->dst = inst->sdst;
	inst->src[1] = (uint16_t)(ISA_VGPR + isa_bits(word, 16, 9));
	error = decode_first(decoder, decoder->target != ISA_GFX10_3);
	if (!error)
		name_halves(decoder);
	return error;
}

int isa_decode_vintrp(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];

	inst->dst = (uint16_t)isa_bits(word, 25, 18);
	inst->src[0] = (uint16_t)(ISA_VGPR + isa_bits(word, 7, 0));
	return isa_decode_row(decoder, ISA_FORMAT_VINTRP, isa_bits(word, 17, 16), 1);
}

int isa_decode_ldsdir(struct isa_decoder *decoder)
{
	uint32_t word = decoder->inst->words[0];

	decoder->inst->dst = (uint16_t)isa_bits(word, 7, 0);
	return isa_decode_row(decoder, ISA_FORMAT_LDSDIR, isa_bits(word, 21, 20), 1);
}
