// SPDX-License-Identifier: MIT
/* Functions of integer operations of the vector ALU from an expression of the values of a lane: a, b, c. */
#ifndef DXGSIM_ISA_INTEGER_H
#define DXGSIM_ISA_INTEGER_H

#include "dxgsim/isa/bits.h"
#include "dxgsim/isa/valu.h"

/* A binding: operation, function, result, types of sources, flags. */
#define INTEGER(name, function, to, flag_bits, ...)                                                     \
	{                                                                                               \
		.operation = ISA_##name, .class = ISA_CLASS_VECTOR, .execute = isa_valu_execute,        \
		.valu = (function), .result = ISA_##to, .sources = {__VA_ARGS__}, .flags = (flag_bits), \
	}

/*
 * With clamp the value of @exact, as 64 bits, is brought between @least and @most; without, @plain is what 32 bits hold of
 * it.
 */
#define INTEGER_CLAMPED(name, plain, exact, least, most)                                      \
	static void name(struct isa_valu *valu)                                               \
	{                                                                                     \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c;            \
		union isa_lanes *restrict ds = valu->d;                                       \
                                                                                              \
		if (!valu->clamp) {                                                           \
			ISA_FOR_LANES(valu)                                                   \
			{                                                                     \
				const uint32_t a = as->u32[i];                                \
				const uint32_t b = bs->u32[i];                                \
				const uint32_t c = cs->u32[i];                                \
                                                                                              \
				(void)a, (void)b, (void)c;                                    \
				ds->u32[i] = (uint32_t)(plain);                               \
			}                                                                     \
			return;                                                               \
		}                                                                             \
		ISA_FOR_LANES(valu)                                                           \
		{                                                                             \
			const uint32_t a = as->u32[i];                                        \
			const uint32_t b = bs->u32[i];                                        \
			const uint32_t c = cs->u32[i];                                        \
                                                                                              \
			(void)a, (void)b, (void)c;                                            \
			ds->u32[i] = (uint32_t)bits_clamp((int64_t)(exact), (least), (most)); \
		}                                                                             \
	}

#define INTEGER_CLAMPED_U(name, plain, exact) INTEGER_CLAMPED(name, plain, exact, 0, UINT32_MAX)
#define INTEGER_CLAMPED_I(name, plain, exact) INTEGER_CLAMPED(name, plain, exact, INT32_MIN, INT32_MAX)

/* A word as a signed number, in 64 bits. */
static inline int64_t word_signed(uint32_t word)
{
	return (int32_t)word;
}

#endif
