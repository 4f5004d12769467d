// SPDX-License-Identifier: MIT
/* Vector memory formats.  Of images and exports no more than their name and length. */
#include <errno.h>

#include "dxgsim/isa/decode_memory.h"

int isa_decode_ds(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	struct isa_memory_operands *memory = &inst->memory;
	const uint32_t *words = inst->words;
	int error = isa_decode_row(decoder, ISA_FORMAT_DS, isa_bits(words[0], 25, 18), 2);

	if (error)
		return error;
	memory->offset = (int32_t)isa_bits(words[0], 15, 0);
	memory->gds = decoder->target != ISA_GFX12 && isa_bit(words[0], 17);
	memory->addr = (uint16_t)isa_bits(words[1], 7, 0);
	memory->data = (uint16_t)isa_bits(words[1], 15, 8);
	memory->data2 = (uint16_t)isa_bits(words[1], 23, 16);
	memory->has_addr = true;
	inst->dst = (uint16_t)isa_bits(words[1], 31, 24);
	return 0;
}

static const enum isa_format segments[4] = {
	ISA_FORMAT_FLAT,
	ISA_FORMAT_SCRATCH,
	ISA_FORMAT_GLOBAL,
	ISA_FORMATS,
};

/* FLAT, SCRATCH and GLOBAL of gfx10 and gfx11, alike but for the place of some bits. */
int isa_decode_flat(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	struct isa_memory_operands *memory = &inst->memory;
	const uint32_t *words = inst->words;
	bool gfx10 = decoder->target == ISA_GFX10_3;
	enum isa_format format = segments[gfx10 ? isa_bits(words[0], 15, 14) : isa_bits(words[0], 17, 16)];
	uint32_t offset_bits = gfx10 ? 12 : 13;
	uint32_t saddr = isa_bits(words[1], 22, 16);
	int error;

	if (format == ISA_FORMATS)
		return -EILSEQ;
	error = isa_decode_row(decoder, format, isa_bits(words[0], 24, 18), 2);
	if (error)
		return error;
	memory->dlc = isa_bit(words[0], gfx10 ? 12 : 13);
	memory->lds = gfx10 && isa_bit(words[0], 13);
	memory->glc = isa_bit(words[0], gfx10 ? 16 : 14);
	memory->slc = isa_bit(words[0], gfx10 ? 17 : 15);
	memory->addr = (uint16_t)isa_bits(words[1], 7, 0);
	memory->data = (uint16_t)isa_bits(words[1], 15, 8);
	inst->dst = (uint16_t)isa_bits(words[1], 31, 24);
	memory->saddr = isa_decode_scalar(decoder, saddr);
	memory->has_addr = true;
	memory->offset = isa_signed(words[0], offset_bits);
	if (format == ISA_FORMAT_FLAT) { /* the sign is ignored (ISA documents, "FLAT offset") */
		memory->saddr = ISA_NULL;
		memory->offset = (int32_t)isa_bits(words[0], offset_bits - 2, 0);
	} else if (format == ISA_FORMAT_SCRATCH && !gfx10) {
		memory->has_addr = isa_bit(words[1], 23);
	} else if (format == ISA_FORMAT_SCRATCH) {
		/* an address or a base; 127: neither (LLVM AMDGPU, ST mode) */
		memory->has_addr = memory->saddr == ISA_NULL;
		if (saddr == 127)
			memory->saddr = ISA_NULL;
	} else if (gfx10 && saddr == 127) {
		memory->saddr = ISA_NULL;
	}
	return 0;
}

/* gfx12: cache policies are those of the whole class of instructions. */
static void decode_policy(struct isa_memory_operands *memory, const uint32_t *words)
{
	memory->scope = (uint8_t)isa_bits(words[1], 19, 18);
	memory->th = (uint8_t)isa_bits(words[1], 22, 20);
}

int isa_decode_vflat(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	struct isa_memory_operands *memory = &inst->memory;
	const uint32_t *words = inst->words;
	enum isa_format format = segments[isa_bits(words[0], 25, 24)];
	int error;

	if (format == ISA_FORMATS)
		return -EILSEQ;
	error = isa_decode_row(decoder, format, isa_bits(words[0], 21, 14), 3);
	if (error)
		return error;
	memory->saddr = format == ISA_FORMAT_FLAT ? (uint16_t)ISA_NULL
						  : isa_decode_scalar(decoder, isa_bits(words[0], 6, 0));
	inst->dst = (uint16_t)isa_bits(words[1], 7, 0);
	memory->has_addr = format != ISA_FORMAT_SCRATCH || isa_bit(words[1], 17);
	decode_policy(memory, words);
	memory->data = (uint16_t)isa_bits(words[1], 30, 23);
	memory->addr = (uint16_t)isa_bits(words[2], 7, 0);
	memory->offset = isa_signed(isa_bits(words[2], 31, 8), 24);
	return 0;
}

/* What MUBUF and MTBUF have in common. */
static int decode_buffer(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	struct isa_memory_operands *memory = &inst->memory;
	const uint32_t *words = inst->words;

	memory->offset = (int32_t)isa_bits(words[0], 11, 0);
	memory->addr = (uint16_t)isa_bits(words[1], 7, 0);
	memory->data = (uint16_t)isa_bits(words[1], 15, 8);
	inst->dst = memory->data;
	memory->rsrc = (uint16_t)(isa_bits(words[1], 20, 16) << 2);
	memory->glc = isa_bit(words[0], 14);
	if (decoder->target == ISA_GFX10_3) {
		memory->offen = isa_bit(words[0], 12);
		memory->idxen = isa_bit(words[0], 13);
		memory->dlc = isa_bit(words[0], 15);
		memory->slc = isa_bit(words[1], 22);
		memory->tfe = isa_bit(words[1], 23);
	} else {
		memory->slc = isa_bit(words[0], 12);
		memory->dlc = isa_bit(words[0], 13);
		memory->tfe = isa_bit(words[1], 21);
		memory->offen = isa_bit(words[1], 22);
		memory->idxen = isa_bit(words[1], 23);
	}
	memory->has_addr = memory->offen || memory->idxen;
	if (inst->row->operation == ISA_BUFFER_GL0_INV || inst->row->operation == ISA_BUFFER_GL1_INV)
		return 0; /* no operands */
	return isa_decode_source(decoder, isa_bits(words[1], 31, 24), &memory->soffset);
}

int isa_decode_mubuf(struct isa_decoder *decoder)
{
	uint32_t word = decoder->inst->words[0];
	int error = isa_decode_row(decoder, ISA_FORMAT_BUFFER, isa_bits(word, 25, 18), 2);

	if (error)
		return error;
	decoder->inst->memory.lds = decoder->target == ISA_GFX10_3 && isa_bit(word, 16);
	return decode_buffer(decoder);
}

int isa_decode_mtbuf(struct isa_decoder *decoder)
{
	const uint32_t *words = decoder->inst->words;
	uint32_t opcode = decoder->target == ISA_GFX10_3
				  ? isa_bits(words[0], 18, 16) | (uint32_t)isa_bit(words[1], 21) << 3
				  : isa_bits(words[0], 18, 15);
	int error = isa_decode_row(decoder, ISA_FORMAT_TBUFFER, opcode, 2);

	if (error)
		return error;
	decoder->inst->memory.format = (uint8_t)isa_bits(words[0], 25, 19);
	return decode_buffer(decoder);
}

int isa_decode_vbuffer(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	struct isa_memory_operands *memory = &inst->memory;
	const uint32_t *words = inst->words;
	uint32_t opcode = isa_bits(words[0], 21, 14);
	bool typed = opcode >> 4 == 8;
	int error = isa_decode_row(decoder, typed ? ISA_FORMAT_TBUFFER : ISA_FORMAT_BUFFER,
				   typed ? opcode & 15 : opcode, 3);

	if (error)
		return error;
	memory->soffset = isa_decode_scalar(decoder, isa_bits(words[0], 6, 0));
	memory->tfe = isa_bit(words[0], 22);
	memory->data = (uint16_t)isa_bits(words[1], 7, 0);
	inst->dst = memory->data;
	memory->rsrc = (uint16_t)isa_bits(words[1], 17, 9);
	decode_policy(memory, words);
	memory->format = typed ? (uint8_t)isa_bits(words[1], 29, 23) : 0;
	memory->offen = isa_bit(words[1], 30);
	memory->idxen = isa_bit(words[1], 31);
	memory->has_addr = memory->offen || memory->idxen;
	memory->addr = (uint16_t)isa_bits(words[2], 7, 0);
	memory->offset = isa_signed(isa_bits(words[2], 31, 8), 24);
	return 0;
}

/* Addresses that do not follow each other (NSA) are in more words. */
int isa_decode_mimg(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;
	uint32_t word = inst->words[0];
	bool gfx10 = decoder->target == ISA_GFX10_3;
	uint32_t opcode = gfx10 ? isa_bits(word, 24, 18) | (word & 1) << 7 : isa_bits(word, 25, 18);
	uint32_t more = gfx10 ? isa_bits(word, 2, 1) : word & 1;

	inst->dst = (uint16_t)isa_bits(inst->words[1], 15, 8);
	return isa_decode_row(decoder, ISA_FORMAT_IMAGE, opcode, 2 + more);
}

int isa_decode_vimage(struct isa_decoder *decoder)
{
	decoder->inst->dst = (uint16_t)isa_bits(decoder->inst->words[1], 7, 0);
	return isa_decode_row(decoder, ISA_FORMAT_IMAGE, isa_bits(decoder->inst->words[0], 21, 14), 3);
}

int isa_decode_vsample(struct isa_decoder *decoder)
{
	decoder->inst->dst = (uint16_t)isa_bits(decoder->inst->words[1], 7, 0);
	return isa_decode_row(decoder, ISA_FORMAT_SAMPLE, isa_bits(decoder->inst->words[0], 21, 14), 3);
}

int isa_decode_exp(struct isa_decoder *decoder)
{
	decoder->inst->dst = (uint16_t)isa_bits(decoder->inst->words[0], 9, 4);
	return isa_decode_row(decoder, ISA_FORMAT_EXP, 0, 2);
}
