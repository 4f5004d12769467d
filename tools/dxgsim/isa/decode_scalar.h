// SPDX-License-Identifier: MIT
/* Formats of the scalar ALU and scalar memory.  Each returns 0, -ENODATA or -EILSEQ. */
#ifndef DXGSIM_ISA_DECODE_SCALAR_H
#define DXGSIM_ISA_DECODE_SCALAR_H

#include "dxgsim/isa/decode_fields.h"

int isa_decode_sop2(struct isa_decoder *decoder);
int isa_decode_sopk(struct isa_decoder *decoder);
int isa_decode_sop1(struct isa_decoder *decoder);
int isa_decode_sopc(struct isa_decoder *decoder);
int isa_decode_sopp(struct isa_decoder *decoder);
int isa_decode_smem(struct isa_decoder *decoder);

#endif
