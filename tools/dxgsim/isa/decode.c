// SPDX-License-Identifier: MIT
/*
 * What an instruction is: by the first bits of its first word.  Sources: AMD, "RDNA 2", "RDNA3", "RDNA3.5" and "RDNA4"
 * Instruction Set Architecture, "Microcode Formats".
 */
#include <errno.h>
#include <string.h>

#include "dxgsim/isa/decode_memory.h"
#include "dxgsim/isa/decode_scalar.h"
#include "dxgsim/isa/decode_vector.h"
#include "dxgsim/isa/decode_vop3.h"
#include "dxgsim/isa/valu.h"

/* The formats whose first bits are 11 differ from generation to generation; by the six upper bits. */
typedef int decode_format(struct isa_decoder *decoder);

static decode_format *const gfx10_formats[16] = {
	[0x32 - 0x30] = isa_decode_vintrp, [0x33 - 0x30] = isa_decode_vop3p, [0x35 - 0x30] = isa_decode_vop3,
	[0x36 - 0x30] = isa_decode_ds,	   [0x37 - 0x30] = isa_decode_flat,  [0x38 - 0x30] = isa_decode_mubuf,
	[0x3a - 0x30] = isa_decode_mtbuf,  [0x3c - 0x30] = isa_decode_mimg,  [0x3d - 0x30] = isa_decode_smem,
	[0x3e - 0x30] = isa_decode_exp,
};

static int decode_33(struct isa_decoder *decoder)
{
	switch (isa_bits(decoder->inst->words[0], 25, 24)) {
	case 0:
		return isa_decode_vop3p(decoder);
	case 1:
		return isa_decode_vinterp(decoder);
	case 2:
		return isa_decode_ldsdir(decoder);
	default:
		return -EILSEQ;
	}
}

static decode_format *const gfx11_formats[16] = {
	[0x32 - 0x30] = isa_decode_vopd,  [0x33 - 0x30] = decode_33,	   [0x35 - 0x30] = isa_decode_vop3,
	[0x36 - 0x30] = isa_decode_ds,	  [0x37 - 0x30] = isa_decode_flat, [0x38 - 0x30] = isa_decode_mubuf,
	[0x3a - 0x30] = isa_decode_mtbuf, [0x3c - 0x30] = isa_decode_mimg, [0x3d - 0x30] = isa_decode_smem,
	[0x3e - 0x30] = isa_decode_exp,
};

static decode_format *const gfx12_formats[16] = {
	[0x31 - 0x30] = isa_decode_vbuffer, [0x32 - 0x30] = isa_decode_vopd,  [0x33 - 0x30] = decode_33,
	[0x34 - 0x30] = isa_decode_vimage,  [0x35 - 0x30] = isa_decode_vop3,  [0x36 - 0x30] = isa_decode_ds,
	[0x39 - 0x30] = isa_decode_vsample, [0x3b - 0x30] = isa_decode_vflat, [0x3d - 0x30] = isa_decode_smem,
	[0x3e - 0x30] = isa_decode_exp,
};

static decode_format *const *const formats[ISA_TARGETS] = {
	[ISA_GFX10_3] = gfx10_formats,
	[ISA_GFX11] = gfx11_formats,
	[ISA_GFX11_5] = gfx11_formats,
	[ISA_GFX12] = gfx12_formats,
};

static decode_format *format_of(enum isa_target target, uint32_t word)
{
	if (!(word >> 31)) {
		switch (isa_bits(word, 30, 25)) {
		case 0x3e:
			return isa_decode_vopc;
		case 0x3f:
			return isa_decode_vop1;
		default:
			return isa_decode_vop2;
		}
	}
	if (isa_bit(word, 30))
		return formats[target][isa_bits(word, 29, 26)];
	switch (isa_bits(word, 29, 23)) {
	case 0x7d:
		return isa_decode_sop1;
	case 0x7e:
		return isa_decode_sopc;
	case 0x7f:
		return isa_decode_sopp;
	default:
		return isa_bits(word, 29, 28) == 3 ? isa_decode_sopk : isa_decode_sop2;
	}
}

int isa_decode(enum isa_target target, const uint32_t *words, uint32_t count, struct isa_inst *inst)
{
	struct isa_decoder decoder = {.target = target, .count = count, .inst = inst};
	decode_format *decode;
	int error;

	if (!count)
		return -ENODATA;
	memset(inst, 0, sizeof(*inst));
	memcpy(inst->words, words, sizeof(*words) * (count < ISA_INST_WORDS ? count : ISA_INST_WORDS));
	decode = format_of(target, words[0]);
	error = decode ? decode(&decoder) : -EILSEQ;
	if (error) {
		memset(inst, 0, sizeof(*inst));
		inst->words[0] = words[0];
		inst->length = 1;
		return error;
	}
	memset(inst->words + inst->length, 0, sizeof(*words) * (ISA_INST_WORDS - inst->length));
	inst->binding = isa_binding(inst->row->operation);
	if (inst->y_row)
		inst->y_binding = isa_binding(inst->y_row->operation);
	isa_valu_prepare(target, inst);
	return 0;
}
