// SPDX-License-Identifier: MIT
/* Scalar formats. */
#include "dxgsim/isa/decode_scalar.h"

int isa_decode_sop2(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_SOP2, isa_bits(word, 29, 23), 1);
	uint16_t second;

	if (error)
		return error;
	inst->dst = isa_decode_scalar(decoder, isa_bits(word, 22, 16));
	error = isa_decode_source(decoder, isa_bits(word, 7, 0), &inst->src[0]);
	if (!error)
		error = isa_decode_source(decoder, isa_bits(word, 15, 8), &second);
	if (error)
		return error;
	switch (inst->row->operation) {
	case ISA_S_FMAMK_F32:
		inst->src[1] = ISA_LITERAL;
		inst->src[2] = second;
		return isa_decode_literal(decoder);
	case ISA_S_FMAAK_F32:
		inst->src[1] = second;
		inst->src[2] = ISA_LITERAL;
		return isa_decode_literal(decoder);
	default:
		inst->src[1] = second;
		return 0;
	}
}

int isa_decode_sopk(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_SOPK, isa_bits(word, 27, 23), 1);

	if (error)
		return error;
	inst->dst = isa_decode_scalar(decoder, isa_bits(word, 22, 16));
	inst->src[0] = inst->dst;
	inst->simm = isa_signed(word, 16);
	return inst->row->operation == ISA_S_SETREG_IMM32_B32 ? isa_decode_literal(decoder) : 0;
}

int isa_decode_sop1(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_SOP1, isa_bits(word, 15, 8), 1);

	if (error)
		return error;
	inst->dst = isa_decode_scalar(decoder, isa_bits(word, 22, 16));
	switch (inst->row->operation) {
	case ISA_S_SENDMSG_RTN_B32:
	case ISA_S_SENDMSG_RTN_B64: /* a message, not a source */
		inst->src[0] = (uint16_t)isa_bits(word, 7, 0);
		return 0;
	case ISA_S_GETPC_B64:
		return 0;
	default:
		return isa_decode_source(decoder, isa_bits(word, 7, 0), &inst->src[0]);
	}
}

int isa_decode_sopc(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_SOPC, isa_bits(word, 22, 16), 1);

	if (!error)
		error = isa_decode_source(decoder, isa_bits(word, 7, 0), &inst->src[0]);
	if (!error)
		error = isa_decode_source(decoder, isa_bits(word, 15, 8), &inst->src[1]);
	return error;
}

int isa_decode_sopp(struct isa_decoder *decoder)
{
	uint32_t word = decoder->inst->words[0];

	decoder->inst->simm = isa_signed(word, 16);
	return isa_decode_row(decoder, ISA_FORMAT_SOPP, isa_bits(word, 22, 16), 1);
}

int isa_decode_smem(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	struct isa_memory_operands *memory = &inst->memory;
	const uint32_t *words = inst->words;
	bool gfx12 = decoder->target == ISA_GFX12;
	int error = isa_decode_row(decoder, ISA_FORMAT_SMEM,
				   gfx12 ? isa_bits(words[0], 18, 13) : isa_bits(words[0], 25, 18), 2);

	if (error)
		return error;
	inst->dst = isa_decode_scalar(decoder, isa_bits(words[0], 12, 6));
	memory->saddr = (uint16_t)(isa_bits(words[0], 5, 0) << 1);
	memory->soffset = isa_decode_scalar(decoder, isa_bits(words[1], 31, 25));
	switch (decoder->target) {
	case ISA_GFX10_3:
		memory->dlc = isa_bit(words[0], 14);
		memory->glc = isa_bit(words[0], 16);
		memory->offset = isa_signed(words[1], 21);
		break;
	case ISA_GFX11:
	case ISA_GFX11_5:
		memory->dlc = isa_bit(words[0], 13);
		memory->glc = isa_bit(words[0], 14);
		memory->offset = isa_signed(words[1], 21);
		break;
	default:
		memory->scope = (uint8_t)isa_bits(words[0], 22, 21);
		memory->th = (uint8_t)isa_bits(words[0], 24, 23);
		memory->offset = isa_signed(words[1], 24);
		break;
	}
	return 0;
}
