// SPDX-License-Identifier: MIT
/* Words of DPP and SDWA behind an instruction, and which vector operations are out of the ordinary. */
#ifndef DXGSIM_ISA_DECODE_EXTRA_H
#define DXGSIM_ISA_DECODE_EXTRA_H

#include "dxgsim/isa/decode_fields.h"

/* A first source that stands for a word of SDWA (gfx10), and that word.  -EILSEQ, -ENODATA. */
bool isa_decode_is_sdwa(uint32_t encoding);
int isa_decode_sdwa_word(struct isa_decoder *decoder);
/* ... of DPP. */
bool isa_decode_is_dpp(uint32_t encoding);
/* That word, with inst->variant what the instruction is without it.  -EILSEQ, -ENODATA. */
int isa_decode_dpp_word(struct isa_decoder *decoder, uint32_t encoding);
/* A comparison that writes EXEC. */
bool isa_decode_is_cmpx(const struct isa_inst *inst);
/* No operands at all. */
bool isa_decode_no_source(const struct isa_inst *inst);
/* A mask of lanes is the third source, or written besides the result. */
bool isa_decode_carry_in(const struct isa_inst *inst);
bool isa_decode_carry_out(const struct isa_inst *inst);

#endif
