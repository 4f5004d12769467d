// SPDX-License-Identifier: MIT
/* VOP3 and the formats that are like it.  Each returns 0, -ENODATA or -EILSEQ. */
#ifndef DXGSIM_ISA_DECODE_VOP3_H
#define DXGSIM_ISA_DECODE_VOP3_H

#include "dxgsim/isa/decode_fields.h"

int isa_decode_vop3(struct isa_decoder *decoder);
int isa_decode_vop3p(struct isa_decoder *decoder);
int isa_decode_vopd(struct isa_decoder *decoder);
int isa_decode_vinterp(struct isa_decoder *decoder);

#endif
