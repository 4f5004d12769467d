// SPDX-License-Identifier: MIT
/* Integers of 16 bits.  Source: AMD's ISA documents, "VOP1" and "VOP3 Instructions". */
#include "dxgsim/isa/integer.h"

/* a, b and c are 16 bits as @type: uint16_t, int16_t; what is computed from them fits into 32 bits. */
#define HALVES(name, type, expression) ISA_VALU_OF(name, u32, type, uint16_t, expression)

/* ... with clamp brought between @least and @most. */
#define HALVES_CLAMPED(name, type, number, expression, least, most)                   \
	static void name(struct isa_valu *valu)                                       \
	{                                                                             \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c;    \
		union isa_lanes *restrict ds = valu->d;                               \
		const bool clamp = valu->clamp;                                       \
                                                                                      \
		ISA_FOR_LANES(valu)                                                   \
		{                                                                     \
			const number a = (type)as->u32[i];                            \
			const number b = (type)bs->u32[i];                            \
			const number c = (type)cs->u32[i];                            \
			number result = (expression);                                 \
                                                                                      \
			(void)c;                                                      \
			if (clamp)                                                    \
				result = (number)bits_clamp(result, (least), (most)); \
			ds->u32[i] = (uint16_t)result;                                \
		}                                                                     \
	}

#define CLAMPED_U(name, number, expression) HALVES_CLAMPED(name, uint16_t, number, expression, 0, UINT16_MAX)
#define CLAMPED_I(name, expression)	    HALVES_CLAMPED(name, int16_t, int32_t, expression, INT16_MIN, INT16_MAX)

CLAMPED_U(add_nc_u16, int32_t, a + b)
CLAMPED_U(sub_nc_u16, int32_t, a - b)
CLAMPED_I(add_nc_i16, a + b)
CLAMPED_I(sub_nc_i16, a - b)
CLAMPED_U(mad_u16, uint32_t, a *b + c)
CLAMPED_I(mad_i16, a *b + c)
HALVES(mul_lo_u16, uint16_t, (uint32_t)a *b)

static inline uint16_t min_u(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

static inline uint16_t max_u(uint16_t a, uint16_t b)
{
	return a > b ? a : b;
}

static inline int16_t min_i(int16_t a, int16_t b)
{
	return a < b ? a : b;
}

static inline int16_t max_i(int16_t a, int16_t b)
{
	return a > b ? a : b;
}

HALVES(min_u16, uint16_t, min_u(a, b))
HALVES(max_u16, uint16_t, max_u(a, b))
HALVES(min_i16, int16_t, min_i(a, b))
HALVES(max_i16, int16_t, max_i(a, b))
HALVES(min3_u16, uint16_t, min_u(min_u(a, b), c))
HALVES(max3_u16, uint16_t, max_u(max_u(a, b), c))
HALVES(med3_u16, uint16_t, max_u(min_u(a, b), min_u(max_u(a, b), c)))
HALVES(min3_i16, int16_t, min_i(min_i(a, b), c))
HALVES(max3_i16, int16_t, max_i(max_i(a, b), c))
HALVES(med3_i16, int16_t, max_i(min_i(a, b), min_i(max_i(a, b), c)))

HALVES(lshlrev_b16, uint16_t, (uint32_t)b << (a & 15))
HALVES(lshrrev_b16, uint16_t, b >> (a & 15))
HALVES(ashrrev_i16, int16_t, b >> (a & 15))
HALVES(and_b16, uint16_t, a &b)
HALVES(or_b16, uint16_t, a | b)
HALVES(xor_b16, uint16_t, a ^ b)
HALVES(not_b16, uint16_t, ~a)

#define HALVES_2(name, function)	INTEGER(name, function, B16, 0, ISA_B16, ISA_B16)
#define HALVES_3(name, function)	INTEGER(name, function, B16, 0, ISA_B16, ISA_B16, ISA_B16)
#define HALVES_2_CLAMPS(name, function) INTEGER(name, function, B16, ISA_VALU_CLAMPS, ISA_B16, ISA_B16)
#define HALVES_3_CLAMPS(name, function) \
	INTEGER(name, function, B16, ISA_VALU_CLAMPS, ISA_B16, ISA_B16, ISA_B16)

static const struct isa_binding list[] = {
	HALVES_2_CLAMPS(V_ADD_NC_U16, add_nc_u16),
	HALVES_2_CLAMPS(V_SUB_NC_U16, sub_nc_u16),
	HALVES_2_CLAMPS(V_ADD_NC_I16, add_nc_i16),
	HALVES_2_CLAMPS(V_SUB_NC_I16, sub_nc_i16),
	HALVES_3_CLAMPS(V_MAD_U16, mad_u16),
	HALVES_3_CLAMPS(V_MAD_I16, mad_i16),
	HALVES_2(V_MUL_LO_U16, mul_lo_u16),
	HALVES_2(V_MIN_U16, min_u16),
	HALVES_2(V_MAX_U16, max_u16),
	HALVES_2(V_MIN_I16, min_i16),
	HALVES_2(V_MAX_I16, max_i16),
	HALVES_3(V_MIN3_U16, min3_u16),
	HALVES_3(V_MAX3_U16, max3_u16),
	HALVES_3(V_MED3_U16, med3_u16),
	HALVES_3(V_MIN3_I16, min3_i16),
	HALVES_3(V_MAX3_I16, max3_i16),
	HALVES_3(V_MED3_I16, med3_i16),
	HALVES_2(V_LSHLREV_B16, lshlrev_b16),
	HALVES_2(V_LSHRREV_B16, lshrrev_b16),
	HALVES_2(V_ASHRREV_I16, ashrrev_i16),
	HALVES_2(V_AND_B16, and_b16),
	HALVES_2(V_OR_B16, or_b16),
	HALVES_2(V_XOR_B16, xor_b16),
	INTEGER(V_NOT_B16, not_b16, B16, 0, ISA_B16),
};

const struct isa_bindings isa_bind_integer_half = {list, sizeof(list) / sizeof(list[0])};
