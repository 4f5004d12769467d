// SPDX-License-Identifier: MIT
/* Formats of memory instructions, images and exports.  Each returns 0, -ENODATA or -EILSEQ. */
#ifndef DXGSIM_ISA_DECODE_MEMORY_H
#define DXGSIM_ISA_DECODE_MEMORY_H

#include "dxgsim/isa/decode_fields.h"

int isa_decode_ds(struct isa_decoder *decoder);
int isa_decode_flat(struct isa_decoder *decoder);
int isa_decode_vflat(struct isa_decoder *decoder);
int isa_decode_mubuf(struct isa_decoder *decoder);
int isa_decode_mtbuf(struct isa_decoder *decoder);
int isa_decode_vbuffer(struct isa_decoder *decoder);
int isa_decode_mimg(struct isa_decoder *decoder);
int isa_decode_vimage(struct isa_decoder *decoder);
int isa_decode_vsample(struct isa_decoder *decoder);
int isa_decode_exp(struct isa_decoder *decoder);

#endif
