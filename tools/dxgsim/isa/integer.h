// SPDX-License-Identifier: MIT
/* Functions of integer operations of the vector ALU from an expression of the values of a lane: a, b, c. */
#ifndef DXGSIM_ISA_INTEGER_H
#define DXGSIM_ISA_INTEGER_H

#include "dxgsim/isa/bits.h"
#include "dxgsim/isa/valu.h"

#define INTEGER(name, function, to, flag_bits, ...) \
	ISA_VALU_BINDING(ISA_##name, function, ISA_##to, flag_bits, __VA_ARGS__)

/*
 * With clamp the value of @exact, as 64 bits, is brought between @least and @most; without, @plain is what 32 bits hold of
 * it.
 */
#define INTEGER_CLAMPED(name, plain, exact, least, most)                                              \
	static void name(struct isa_valu *valu)                                                       \
	{                                                                                             \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c;                    \
		union isa_lanes *restrict ds = valu->d;                                               \
                                                                                                      \
		if (!valu->clamp) {                                                                   \
			ISA_VALU_LOOP(u32, uint32_t, uint32_t, plain)                                 \
			return;                                                                       \
		}                                                                                     \
		ISA_VALU_LOOP(u32, uint32_t, uint32_t, bits_clamp((int64_t)(exact), (least), (most))) \
	}

#define INTEGER_CLAMPED_U(name, plain, exact) INTEGER_CLAMPED(name, plain, exact, 0, UINT32_MAX)
#define INTEGER_CLAMPED_I(name, plain, exact) INTEGER_CLAMPED(name, plain, exact, INT32_MIN, INT32_MAX)

/* A word as a signed number, in 64 bits. */
static inline int64_t word_signed(uint32_t word)
{
	return (int32_t)word;
}

#endif
