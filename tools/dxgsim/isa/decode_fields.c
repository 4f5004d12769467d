// SPDX-License-Identifier: MIT
#include "dxgsim/isa/decode_fields.h"

#include <errno.h>

int isa_decode_row(struct isa_decoder *decoder, enum isa_format format, uint32_t opcode, uint32_t words)
{
	decoder->inst->row = isa_row(decoder->target, format, opcode);
	if (!decoder->inst->row)
		return -EILSEQ;
	decoder->inst->length = (uint8_t)words;
	return words <= decoder->count ? 0 : -ENODATA;
}

int isa_decode_more(struct isa_decoder *decoder, uint32_t *word)
{
	struct isa_inst *inst = decoder->inst;

	if (inst->length >= ISA_INST_WORDS)
		return -EILSEQ;
	if (inst->length >= decoder->count)
		return -ENODATA;
	*word = inst->words[inst->length++];
	return 0;
}

uint16_t isa_decode_scalar(const struct isa_decoder *decoder, uint32_t encoding)
{
	/* gfx10: M0 is 124 and NULL is 125, after that the other way round */
	if (decoder->target == ISA_GFX10_3 && (encoding == ISA_NULL || encoding == ISA_M0))
		encoding ^= ISA_NULL ^ ISA_M0;
	return (uint16_t)encoding;
}

/* 239: POPS_EXITING_WAVE_ID, 254: LDS_DIRECT. */
static bool is_source(uint32_t encoding)
{
	return encoding <= 208 || (encoding >= ISA_SHARED_BASE && encoding <= ISA_HALF + 8) ||
	       encoding >= ISA_VCCZ;
}

int isa_decode_literal(struct isa_decoder *decoder)
{
	struct isa_inst *inst = decoder->inst;

	if (decoder->has_literal)
		return 0;
	decoder->has_literal = true;
	return isa_decode_more(decoder, &inst->literal);
}

int isa_decode_source(struct isa_decoder *decoder, uint32_t encoding, uint16_t *source)
{
	if (!is_source(encoding))
		return -EILSEQ;
	*source = isa_decode_scalar(decoder, encoding);
	return encoding == ISA_LITERAL ? isa_decode_literal(decoder) : 0;
}
