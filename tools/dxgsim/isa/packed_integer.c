// SPDX-License-Identifier: MIT
/* Two integers of 16 bits in a register.  Source: AMD's ISA documents, "VOP3P Instructions". */
#include "dxgsim/isa/integer.h"

/*
 * a, b and c are one of the two as @type, extended to @number; with clamp what is computed from them is brought between @least
 * and @most.
 */
#define PACKED(name, type, number, expression, least, most)                                   \
	static void name(struct isa_valu *valu)                                               \
	{                                                                                     \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c;            \
		union isa_lanes *restrict ds = valu->d;                                       \
		const bool clamp = valu->clamp;                                               \
                                                                                              \
		ISA_FOR_LANES(valu)                                                           \
		{                                                                             \
			uint32_t both = 0;                                                    \
                                                                                              \
			for (uint32_t shift = 0; shift < 32; shift += 16) {                   \
				const number a = (type)(as->u32[i] >> shift);                 \
				const number b = (type)(bs->u32[i] >> shift);                 \
				const number c = (type)(cs->u32[i] >> shift);                 \
				number result = (number)(expression);                         \
                                                                                              \
				(void)c;                                                      \
				if (clamp)                                                    \
					result = (number)bits_clamp(result, (least), (most)); \
				both |= (uint32_t)(uint16_t)result << shift;                  \
			}                                                                     \
			ds->u32[i] = both;                                                    \
		}                                                                             \
	}

#define PACKED_U(name, number, expression) PACKED(name, uint16_t, number, expression, 0, UINT16_MAX)
#define PACKED_I(name, expression)	   PACKED(name, int16_t, int32_t, expression, INT16_MIN, INT16_MAX)

PACKED_U(pk_add_u16, int32_t, a + b)
PACKED_U(pk_sub_u16, int32_t, a - b)
PACKED_U(pk_mad_u16, uint32_t, a *b + c)
PACKED_U(pk_mul_lo_u16, uint32_t, a *b)
PACKED_U(pk_min_u16, uint32_t, a < b ? a : b)
PACKED_U(pk_max_u16, uint32_t, a > b ? a : b)
/* What is shifted out is no overflow. */
PACKED_U(pk_lshlrev_b16, uint32_t, (uint16_t)(b << (a & 15)))
PACKED_U(pk_lshrrev_b16, uint32_t, b >> (a & 15))
PACKED_I(pk_add_i16, a + b)
PACKED_I(pk_sub_i16, a - b)
PACKED_I(pk_mad_i16, a *b + c)
PACKED_I(pk_min_i16, a < b ? a : b)
PACKED_I(pk_max_i16, a > b ? a : b)
PACKED_I(pk_ashrrev_i16, b >> (a & 15))

#define PACKED_2(name, function) \
	INTEGER(name, function, PACKED_16, ISA_VALU_CLAMPS | ISA_VALU_TWO, ISA_PACKED_16, ISA_PACKED_16)
#define PACKED_3(name, function)                                                                         \
	INTEGER(name, function, PACKED_16, ISA_VALU_CLAMPS | ISA_VALU_TWO, ISA_PACKED_16, ISA_PACKED_16, \
		ISA_PACKED_16)

static const struct isa_binding list[] = {
	PACKED_2(V_PK_ADD_U16, pk_add_u16),	    PACKED_2(V_PK_SUB_U16, pk_sub_u16),
	PACKED_3(V_PK_MAD_U16, pk_mad_u16),	    PACKED_2(V_PK_MUL_LO_U16, pk_mul_lo_u16),
	PACKED_2(V_PK_MIN_U16, pk_min_u16),	    PACKED_2(V_PK_MAX_U16, pk_max_u16),
	PACKED_2(V_PK_LSHLREV_B16, pk_lshlrev_b16), PACKED_2(V_PK_LSHRREV_B16, pk_lshrrev_b16),
	PACKED_2(V_PK_ADD_I16, pk_add_i16),	    PACKED_2(V_PK_SUB_I16, pk_sub_i16),
	PACKED_3(V_PK_MAD_I16, pk_mad_i16),	    PACKED_2(V_PK_MIN_I16, pk_min_i16),
	PACKED_2(V_PK_MAX_I16, pk_max_i16),	    PACKED_2(V_PK_ASHRREV_I16, pk_ashrrev_i16),
};

const struct isa_bindings isa_bind_packed_integer = {list, sizeof(list) / sizeof(list[0])};
