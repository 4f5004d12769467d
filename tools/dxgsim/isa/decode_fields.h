// SPDX-License-Identifier: MIT
/* An instruction that is being decoded, and what its fields have in common. */
#ifndef DXGSIM_ISA_DECODE_FIELDS_H
#define DXGSIM_ISA_DECODE_FIELDS_H

#include "dxgsim/isa/wave.h"

/* An instruction being decoded.  inst->words has those of @count that are there, and zeros. */
struct isa_decoder {
	enum isa_target target;
	uint32_t count;
	bool has_literal;
	struct isa_inst *inst;
};

/* Bits @first to @last of @word, as AMD's documents number them. */
static inline uint32_t isa_bits(uint32_t word, uint32_t last, uint32_t first)
{
	return word >> first & (UINT32_MAX >> (31 - (last - first)));
}

static inline bool isa_bit(uint32_t word, uint32_t bit)
{
	return word >> bit & 1;
}

/* The lowest @bits of @value as a signed number. */
static inline int32_t isa_signed(uint32_t value, uint32_t bits)
{
	return (int32_t)(value << (32 - bits)) >> (32 - bits);
}

/* The row is that of @opcode; its first words, @words of them, are there.  -EILSEQ, -ENODATA. */
int isa_decode_row(struct isa_decoder *decoder, enum isa_format format, uint32_t opcode, uint32_t words);
/* One more word belongs to the instruction: it is there. */
int isa_decode_more(struct isa_decoder *decoder, uint32_t *word);
/* A scalar register or source with the numbers of M0 and NULL that inst.h has. */
uint16_t isa_decode_scalar(const struct isa_decoder *decoder, uint32_t encoding);
/* A source of nine bits (or the first eight of them), which must be one; a literal is fetched.  -EILSEQ, -ENODATA. */
int isa_decode_source(struct isa_decoder *decoder, uint32_t encoding, uint16_t *source);
/* The constant after the instruction, unless it has been fetched. */
int isa_decode_literal(struct isa_decoder *decoder);

#endif
