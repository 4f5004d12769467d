// SPDX-License-Identifier: MIT
/* VOP3, VOP3P, VINTERP and VOPD. */
#include <errno.h>

#include "dxgsim/isa/decode_vop3.h"

#include "dxgsim/isa/decode_extra.h"

/* Opcodes of the smaller formats as VOP3. */
#define VOP3_VOP2     0x100U
#define VOP3_VOP1     0x180U
#define VOP3_VOP1_END 0x200U

static bool is_scalar_result(const struct isa_inst *inst)
{
	switch (inst->row->operation) {
	case ISA_V_READLANE_B32:
	case ISA_V_S_EXP_F32:
	case ISA_V_S_EXP_F16:
	case ISA_V_S_LOG_F32:
	case ISA_V_S_LOG_F16:
	case ISA_V_S_RCP_F32:
	case ISA_V_S_RCP_F16:
	case ISA_V_S_RSQ_F32:
	case ISA_V_S_RSQ_F16:
	case ISA_V_S_SQRT_F32:
	case ISA_V_S_SQRT_F16:
		return true;
	default:
		return inst->row->format == ISA_FORMAT_VOPC;
	}
}

/* How many sources opcodes have that are VOP3 only. */
static uint32_t vop3_sources(enum isa_target target, uint32_t opcode)
{
	if (target != ISA_GFX10_3)
		return opcode < 0x280 ? 3 : opcode < 0x2fc ? 1 : opcode < 0x300 ? 3 : 2;
	if (opcode < 0x200)
		return (opcode >= 0x164 && opcode <= 0x16c) || opcode == 0x174 ? 2 : 3;
	if (opcode < 0x340)
		return 2;
	if (opcode < 0x360)
		return 3;
	if (opcode < 0x36d || opcode == 0x376 || opcode == 0x37f)
		return 2;
	return 3;
}

static int decode_vop3_row(struct isa_decoder *decoder, uint32_t opcode, uint32_t *sources)
{
	struct isa_inst *inst = decoder->inst;
	int error;

	if (isa_row(decoder->target, ISA_FORMAT_VOP3, opcode)) {
		*sources = vop3_sources(decoder->target, opcode);
		return isa_decode_row(decoder, ISA_FORMAT_VOP3, opcode, 2);
	}
	if (opcode < VOP3_VOP2) {
		*sources = 2;
		return isa_decode_row(decoder, ISA_FORMAT_VOPC, opcode, 2);
	}
	if (opcode < VOP3_VOP1) {
		error = isa_decode_row(decoder, ISA_FORMAT_VOP2, opcode - VOP3_VOP2, 2);
		*sources = error ? 0 : isa_decode_carry_in(inst) ? 3 : 2;
		return error;
	}
	if (opcode < VOP3_VOP1_END) {
		error = isa_decode_row(decoder, ISA_FORMAT_VOP1, opcode - VOP3_VOP1, 2);
		*sources = error || isa_decode_no_source(inst) ? 0 : 1;
		return error;
	}
	return -EILSEQ;
}

/* These exist in their small format only. */
static bool has_no_vop3(const struct isa_inst *inst)
{
	switch (inst->row->operation) {
	case ISA_V_ILLEGAL:
	case ISA_V_FMAMK_F32:
	case ISA_V_FMAMK_F16:
	case ISA_V_FMAAK_F32:
	case ISA_V_FMAAK_F16:
	case ISA_V_SWAP_B32:
	case ISA_V_SWAPREL_B32:
	case ISA_V_READFIRSTLANE_B32:
	case ISA_V_PERMLANE64_B32:
	case ISA_V_PK_FMAC_F16:
	case ISA_V_DOT2ACC_F32_F16:
	case ISA_V_DOT4C_I32_I8:
		return true;
	default:
		return false;
	}
}

/* gfx10: the first source of interpolation is where the second of others is, an attribute in its place. */
static bool is_interpolation(const struct isa_inst *inst, bool *third)
{
	*third = false;
	switch (inst->row->operation) {
	case ISA_V_INTERP_P1LV_F16:
	case ISA_V_INTERP_P2_F16:
		*third = true;
		return true;
	case ISA_V_INTERP_P1LL_F16:
	case ISA_V_INTERP_P1_F32:
	case ISA_V_INTERP_P2_F32:
	case ISA_V_INTERP_MOV_F32:
		return true;
	default:
		return false;
	}
}

static bool may_have_dpp(const struct isa_decoder *decoder)
{
	return decoder->target != ISA_GFX10_3 && decoder->inst->row->format != ISA_FORMAT_VINTERP;
}

/* The second word, alike in VOP3 and VOP3P; DPP, if the first source says so. */
static int decode_sources(struct isa_decoder *decoder, uint32_t sources)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[1];
	bool third;
	int error;

	if (decoder->target == ISA_GFX10_3 && is_interpolation(inst, &third)) {
		error = isa_decode_source(decoder, isa_bits(word, 17, 9), &inst->src[0]);
		return !error && third ? isa_decode_source(decoder, isa_bits(word, 26, 18), &inst->src[2])
				       : error;
	}
	for (uint32_t i = 0; i < sources; i++) {
		uint32_t encoding = isa_bits(word, i * 9 + 8, i * 9);

		if (i == 0 && isa_decode_is_dpp(encoding) && may_have_dpp(decoder))
			error = isa_decode_dpp_word(decoder, encoding);
		else
			error = isa_decode_source(decoder, encoding, &inst->src[i]);
		if (error)
			return error;
	}
	inst->neg = (uint8_t)isa_bits(word, 31, 29);
	return 0;
}

int isa_decode_vop3(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0], sources;
	int error = decode_vop3_row(decoder, isa_bits(word, 25, 16), &sources);

	if (error)
		return error;
	if (has_no_vop3(inst))
		return -EILSEQ;
	inst->variant = ISA_E64;
	inst->dst = (uint16_t)isa_bits(word, 7, 0);
	inst->clamp = isa_bit(word, 15);
	inst->omod = (uint8_t)isa_bits(inst->words[1], 28, 27);
	if (isa_decode_carry_out(inst)) {
		inst->sdst = isa_decode_scalar(decoder, isa_bits(word, 14, 8));
	} else {
		inst->abs = (uint8_t)isa_bits(word, 10, 8);
		inst->opsel = (uint8_t)isa_bits(word, 14, 11);
	}
	if (is_scalar_result(inst)) {
		inst->dst = isa_decode_scalar(decoder, inst->dst & 127U);
		if (inst->row->format == ISA_FORMAT_VOPC) {
			if (isa_decode_is_cmpx(inst))
				inst->dst = ISA_EXEC_LO;
			inst->sdst = inst->dst;
		}
	}
	return decode_sources(decoder, sources);
}

int isa_decode_vop3p(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_VOP3P, isa_bits(word, 23, 16), 2);

	if (error)
		return error;
	inst->variant = ISA_E64;
	inst->dst = (uint16_t)isa_bits(word, 7, 0);
	inst->neg_hi = (uint8_t)isa_bits(word, 10, 8);
	inst->opsel = (uint8_t)isa_bits(word, 13, 11);
	inst->opsel_hi = (uint8_t)(isa_bits(inst->words[1], 28, 27) | isa_bits(word, 14, 14) << 2);
	inst->clamp = isa_bit(word, 15);
	return decode_sources(decoder, 3);
}

int isa_decode_vinterp(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_VINTERP, isa_bits(word, 20, 16), 2);

	if (error)
		return error;
	inst->dst = (uint16_t)isa_bits(word, 7, 0);
	inst->opsel = (uint8_t)isa_bits(word, 14, 11);
	inst->clamp = isa_bit(word, 15);
	return decode_sources(decoder, 3);
}

/* One half: its second source is a VGPR, the constant of FMAMK and FMAAK is common to both. */
static int decode_dual(struct isa_decoder *decoder, enum isa_operation operation, uint32_t first,
		       uint32_t second, uint16_t src[3])
{
	uint16_t vgpr = (uint16_t)(ISA_VGPR + second);
	int error = isa_decode_source(decoder, first, &src[0]);

	if (error)
		return error;
	switch (operation) {
	case ISA_V_DUAL_MOV_B32:
		return 0;
	case ISA_V_DUAL_FMAMK_F32:
		src[1] = ISA_LITERAL;
		src[2] = vgpr;
		return isa_decode_literal(decoder);
	case ISA_V_DUAL_FMAAK_F32:
		src[1] = vgpr;
		src[2] = ISA_LITERAL;
		return isa_decode_literal(decoder);
	case ISA_V_DUAL_CNDMASK_B32:
		src[2] = ISA_VCC_LO;
		break;
	default:
		break;
	}
	src[1] = vgpr;
	return 0;
}

int isa_decode_vopd(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	const uint32_t *words = inst->words;
	int error = isa_decode_row(decoder, ISA_FORMAT_VOPD, isa_bits(words[0], 25, 22), 2);

	if (error)
		return error;
	inst->y_row = isa_row(decoder->target, ISA_FORMAT_VOPD, isa_bits(words[0], 21, 17));
	if (!inst->y_row)
		return -EILSEQ;
	inst->dst = (uint16_t)isa_bits(words[1], 31, 24);
	/* the results are in different banks: of the second one's number, the lowest bit is not there */
	inst->y_dst = (uint16_t)(isa_bits(words[1], 23, 17) << 1 | (~inst->dst & 1U));
	error = decode_dual(decoder, inst->row->operation, isa_bits(words[0], 8, 0),
			    isa_bits(words[0], 16, 9), inst->src);
	if (!error)
		error = decode_dual(decoder, inst->y_row->operation, isa_bits(words[1], 8, 0),
				    isa_bits(words[1], 16, 9), inst->y_src);
	return error;
}
