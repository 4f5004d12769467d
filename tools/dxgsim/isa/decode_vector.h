// SPDX-License-Identifier: MIT
/* Formats of the vector ALU but VOP3.  Each returns 0, -ENODATA or -EILSEQ. */
#ifndef DXGSIM_ISA_DECODE_VECTOR_H
#define DXGSIM_ISA_DECODE_VECTOR_H

#include "dxgsim/isa/decode_fields.h"

int isa_decode_vop1(struct isa_decoder *decoder);
int isa_decode_vop2(struct isa_decoder *decoder);
int isa_decode_vopc(struct isa_decoder *decoder);
int isa_decode_vintrp(struct isa_decoder *decoder);
int isa_decode_ldsdir(struct isa_decoder *decoder);

#endif
