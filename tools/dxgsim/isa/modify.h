// SPDX-License-Identifier: MIT
/* What atomic instructions do to a value. */
#ifndef DXGSIM_ISA_MODIFY_H
#define DXGSIM_ISA_MODIFY_H

#include "dxgsim/isa/isa.h"

enum isa_modify_kind {
	ISA_MODIFY_ADD,
	ISA_MODIFY_SUB,
	ISA_MODIFY_RSUB,
	ISA_MODIFY_SUB_CLAMP,
	ISA_MODIFY_COND_SUB,
	ISA_MODIFY_SWAP,
	ISA_MODIFY_CMPSWAP,
	ISA_MODIFY_MIN_I,
	ISA_MODIFY_MIN_U,
	ISA_MODIFY_MAX_I,
	ISA_MODIFY_MAX_U,
	ISA_MODIFY_AND,
	ISA_MODIFY_OR,
	ISA_MODIFY_XOR,
	ISA_MODIFY_INC,
	ISA_MODIFY_DEC,
	ISA_MODIFY_MSKOR,
	ISA_MODIFY_WRAP,
	ISA_MODIFY_CMPSWAP_F,
	ISA_MODIFY_MIN_F,
	ISA_MODIFY_MAX_F,
	ISA_MODIFY_ADD_F,
	ISA_MODIFY_PK_ADD_F16,
	ISA_MODIFY_PK_ADD_BF16,
	ISA_MODIFY_KINDS
};

/* Of the first operand; the second is what is compared with, or what is or'ed or added by MSKOR and WRAP. */
struct isa_modify_operands {
	uint64_t data, data2;
	bool flush_sources, flush_results; /* denormals of ADD_F and PK_ADD_F16 become 0 */
};

/* @operands of the function is a struct isa_modify_operands.  NULL: no such operation on @bytes, which are 4 or 8. */
isa_modify *isa_modify_function(enum isa_modify_kind kind, uint32_t bytes);
/* Whether it has a second operand. */
bool isa_modify_has_two(enum isa_modify_kind kind);

#endif
