// SPDX-License-Identifier: MIT
/* Integers of 32 bits.  Source: AMD's ISA documents, "VOP1", "VOP2" and "VOP3 Instructions". */
#include "dxgsim/isa/integer.h"

/* ---- additions ---- */

INTEGER_CLAMPED_U(add_nc_u32, a + b, (uint64_t)a + b)
INTEGER_CLAMPED_U(sub_nc_u32, a - b, (int64_t)a - b)
INTEGER_CLAMPED_U(subrev_nc_u32, b - a, (int64_t)b - a)
INTEGER_CLAMPED_I(add_nc_i32, a + b, word_signed(a) + word_signed(b))
INTEGER_CLAMPED_I(sub_nc_i32, a - b, word_signed(a) - word_signed(b))
ISA_VALU_U32(add3_u32, a + b + c)
ISA_VALU_U32(xad_u32, (a ^ b) + c)
ISA_VALU_U32(lshl_add_u32, (a << (b & 31)) + c)
ISA_VALU_U32(add_lshl_u32, (a + b) << (c & 31))

/* With carries, or borrows, in and out; clamp does not change what comes out.  k is what comes in. */
#define CARRYING(name, expression, carry, clamped)                                \
	static void name(struct isa_valu *valu)                                   \
	{                                                                         \
		const union isa_lanes *as = valu->a, *bs = valu->b;               \
		union isa_lanes *restrict ds = valu->d;                           \
		uint8_t in[ISA_LANES], out[ISA_LANES];                            \
                                                                                  \
		bits_spread(valu->mask_in, in, valu->lanes);                      \
		ISA_FOR_LANES(valu)                                               \
		{                                                                 \
			const uint32_t a = as->u32[i], b = bs->u32[i], k = in[i]; \
			const uint32_t d = (expression);                          \
                                                                                  \
			(void)k;                                                  \
			ds->u32[i] = d;                                           \
			out[i] = (carry);                                         \
		}                                                                 \
		if (valu->clamp) {                                                \
			ISA_FOR_LANES(valu)                                       \
			ds->u32[i] = out[i] ? (clamped) : ds->u32[i];             \
		}                                                                 \
		valu->mask_out = bits_gather(out, valu->lanes);                   \
	}

CARRYING(add_co_u32, a + b, d < a, UINT32_MAX)
CARRYING(sub_co_u32, a - b, a < b, 0)
CARRYING(subrev_co_u32, b - a, b < a, 0)
CARRYING(add_co_ci_u32, a + b + k, (d < a) | (k & (d == a)), UINT32_MAX)
CARRYING(sub_co_ci_u32, a - b - k, (a < b) | (k & (a == b)), 0)
CARRYING(subrev_co_ci_u32, b - a - k, (b < a) | (k & (a == b)), 0)

/* ---- products ---- */

static int64_t signed_24(uint32_t word)
{
	return (int32_t)(word << 8) >> 8;
}

static uint64_t unsigned_24(uint32_t word)
{
	return word & 0xffffff;
}

ISA_VALU_U32(mul_lo_u32, a *b)
ISA_VALU_U32(mul_hi_u32, (uint64_t)a *b >> 32)
ISA_VALU_U32(mul_hi_i32, (uint64_t)(word_signed(a) * word_signed(b)) >> 32)
INTEGER_CLAMPED_I(mul_i32_i24, signed_24(a) * signed_24(b), signed_24(a) * signed_24(b))
INTEGER_CLAMPED_U(mul_u32_u24, unsigned_24(a) * unsigned_24(b), unsigned_24(a) * unsigned_24(b))
ISA_VALU_U32(mul_hi_i32_i24, (uint64_t)(signed_24(a) * signed_24(b)) >> 32)
ISA_VALU_U32(mul_hi_u32_u24, unsigned_24(a) * unsigned_24(b) >> 32)
INTEGER_CLAMPED_I(mad_i32_i24, (uint64_t)(signed_24(a) * signed_24(b)) + c,
		  signed_24(a) * signed_24(b) + word_signed(c))
INTEGER_CLAMPED_U(mad_u32_u24, unsigned_24(a) * unsigned_24(b) + c, unsigned_24(a) * unsigned_24(b) + c)
/* a and b are 16 bits. */
INTEGER_CLAMPED_U(mad_u32_u16, a *b + c, (uint64_t)(a *b) + c)
INTEGER_CLAMPED_I(mad_i32_i16, (uint32_t)((int32_t)(int16_t)a *(int16_t)b) + c,
		  (int64_t)((int32_t)(int16_t)a *(int16_t)b) + word_signed(c))

/* ---- smallest, largest, middle ---- */

static uint32_t min_u(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t min_i(uint32_t a, uint32_t b)
{
	return (int32_t)a < (int32_t)b ? a : b;
}

static uint32_t max_i(uint32_t a, uint32_t b)
{
	return (int32_t)a > (int32_t)b ? a : b;
}

ISA_VALU_U32(min_i32, min_i(a, b))
ISA_VALU_U32(max_i32, max_i(a, b))
ISA_VALU_U32(min_u32, min_u(a, b))
ISA_VALU_U32(max_u32, max_u(a, b))
ISA_VALU_U32(min3_i32, min_i(min_i(a, b), c))
ISA_VALU_U32(max3_i32, max_i(max_i(a, b), c))
ISA_VALU_U32(med3_i32, max_i(min_i(a, b), min_i(max_i(a, b), c)))
ISA_VALU_U32(min3_u32, min_u(min_u(a, b), c))
ISA_VALU_U32(max3_u32, max_u(max_u(a, b), c))
ISA_VALU_U32(med3_u32, max_u(min_u(a, b), min_u(max_u(a, b), c)))
ISA_VALU_U32(maxmin_i32, min_i(max_i(a, b), c))
ISA_VALU_U32(minmax_i32, max_i(min_i(a, b), c))
ISA_VALU_U32(maxmin_u32, min_u(max_u(a, b), c))
ISA_VALU_U32(minmax_u32, max_u(min_u(a, b), c))

/* ---- bits ---- */

ISA_VALU_U32(and_b32, a &b)
ISA_VALU_U32(or_b32, a | b)
ISA_VALU_U32(xor_b32, a ^ b)
ISA_VALU_U32(xnor_b32, ~(a ^ b))
ISA_VALU_U32(not_b32, ~a)
ISA_VALU_U32(and_or_b32, (a & b) | c)
ISA_VALU_U32(or3_b32, a | b | c)
ISA_VALU_U32(xor3_b32, a ^ b ^ c)
ISA_VALU_U32(lshlrev_b32, b << (a & 31))
ISA_VALU_U32(lshrrev_b32, b >> (a & 31))
ISA_VALU_U32(ashrrev_i32, (int32_t)b >> (a & 31))
ISA_VALU_U32(lshl_or_b32, a << (b & 31) | c)
ISA_VALU_U32(bfe_u32, a >> (b & 31) & ((1U << (c & 31)) - 1))
ISA_VALU_U32(bfe_i32, bits_signed((uint32_t)((int32_t)a >> (b & 31)), c & 31))
ISA_VALU_U32(bfi_b32, (a & b) | (~a & c))
ISA_VALU_U32(bfm_b32, ((1U << (a & 31)) - 1) << (b & 31))
ISA_VALU_U32(alignbit_b32, ((uint64_t)a << 32 | b) >> (c & 31))
ISA_VALU_U32(bfrev_b32, bits_reverse(a))
ISA_VALU_U32(bcnt_u32_b32, bits_count(a) + b)
ISA_VALU_U32(clz_i32_u32, bits_leading_zeros(a))
ISA_VALU_U32(ctz_i32_b32, bits_trailing_zeros(a))
ISA_VALU_U32(cls_i32, bits_leading_sign(a))

#define WORDS_1(name, function)	       INTEGER(name, function, B32, 0, ISA_B32)
#define WORDS_2(name, function)	       INTEGER(name, function, B32, 0, ISA_B32, ISA_B32)
#define WORDS_3(name, function)	       INTEGER(name, function, B32, 0, ISA_B32, ISA_B32, ISA_B32)
#define WORDS_2_CLAMPS(name, function) INTEGER(name, function, B32, ISA_VALU_CLAMPS, ISA_B32, ISA_B32)
#define WORDS_CARRY(name, function, more) \
	INTEGER(name, function, B32, ISA_VALU_CLAMPS | ISA_VALU_MASK_OUT | (more), ISA_B32, ISA_B32)

static const struct isa_binding list[] = {
	WORDS_2_CLAMPS(V_ADD_NC_U32, add_nc_u32),
	WORDS_2_CLAMPS(V_SUB_NC_U32, sub_nc_u32),
	WORDS_2_CLAMPS(V_SUBREV_NC_U32, subrev_nc_u32),
	WORDS_2_CLAMPS(V_ADD_NC_I32, add_nc_i32),
	WORDS_2_CLAMPS(V_SUB_NC_I32, sub_nc_i32),
	WORDS_3(V_ADD3_U32, add3_u32),
	WORDS_3(V_XAD_U32, xad_u32),
	WORDS_3(V_LSHL_ADD_U32, lshl_add_u32),
	WORDS_3(V_ADD_LSHL_U32, add_lshl_u32),
	WORDS_CARRY(V_ADD_CO_U32, add_co_u32, 0),
	WORDS_CARRY(V_SUB_CO_U32, sub_co_u32, 0),
	WORDS_CARRY(V_SUBREV_CO_U32, subrev_co_u32, 0),
	WORDS_CARRY(V_ADD_CO_CI_U32, add_co_ci_u32, ISA_VALU_MASK_IN),
	WORDS_CARRY(V_SUB_CO_CI_U32, sub_co_ci_u32, ISA_VALU_MASK_IN),
	WORDS_CARRY(V_SUBREV_CO_CI_U32, subrev_co_ci_u32, ISA_VALU_MASK_IN),
	WORDS_2(V_MUL_LO_U32, mul_lo_u32),
	WORDS_2(V_MUL_HI_U32, mul_hi_u32),
	WORDS_2(V_MUL_HI_I32, mul_hi_i32),
	WORDS_2_CLAMPS(V_MUL_I32_I24, mul_i32_i24),
	WORDS_2_CLAMPS(V_MUL_U32_U24, mul_u32_u24),
	WORDS_2(V_MUL_HI_I32_I24, mul_hi_i32_i24),
	WORDS_2(V_MUL_HI_U32_U24, mul_hi_u32_u24),
	INTEGER(V_MAD_I32_I24, mad_i32_i24, B32, ISA_VALU_CLAMPS, ISA_B32, ISA_B32, ISA_B32),
	INTEGER(V_MAD_U32_U24, mad_u32_u24, B32, ISA_VALU_CLAMPS, ISA_B32, ISA_B32, ISA_B32),
	INTEGER(V_MAD_U32_U16, mad_u32_u16, B32, ISA_VALU_CLAMPS, ISA_B16, ISA_B16, ISA_B32),
	INTEGER(V_MAD_I32_I16, mad_i32_i16, B32, ISA_VALU_CLAMPS, ISA_B16, ISA_B16, ISA_B32),
	WORDS_2(V_MIN_I32, min_i32),
	WORDS_2(V_MAX_I32, max_i32),
	WORDS_2(V_MIN_U32, min_u32),
	WORDS_2(V_MAX_U32, max_u32),
	WORDS_3(V_MIN3_I32, min3_i32),
	WORDS_3(V_MAX3_I32, max3_i32),
	WORDS_3(V_MED3_I32, med3_i32),
	WORDS_3(V_MIN3_U32, min3_u32),
	WORDS_3(V_MAX3_U32, max3_u32),
	WORDS_3(V_MED3_U32, med3_u32),
	WORDS_3(V_MAXMIN_I32, maxmin_i32),
	WORDS_3(V_MINMAX_I32, minmax_i32),
	WORDS_3(V_MAXMIN_U32, maxmin_u32),
	WORDS_3(V_MINMAX_U32, minmax_u32),
	WORDS_2(V_AND_B32, and_b32),
	WORDS_2(V_OR_B32, or_b32),
	WORDS_2(V_XOR_B32, xor_b32),
	WORDS_2(V_XNOR_B32, xnor_b32),
	WORDS_1(V_NOT_B32, not_b32),
	WORDS_3(V_AND_OR_B32, and_or_b32),
	WORDS_3(V_OR3_B32, or3_b32),
	WORDS_3(V_XOR3_B32, xor3_b32),
	WORDS_2(V_LSHLREV_B32, lshlrev_b32),
	WORDS_2(V_LSHRREV_B32, lshrrev_b32),
	WORDS_2(V_ASHRREV_I32, ashrrev_i32),
	WORDS_3(V_LSHL_OR_B32, lshl_or_b32),
	WORDS_3(V_BFE_U32, bfe_u32),
	WORDS_3(V_BFE_I32, bfe_i32),
	WORDS_3(V_BFI_B32, bfi_b32),
	WORDS_2(V_BFM_B32, bfm_b32),
	WORDS_3(V_ALIGNBIT_B32, alignbit_b32),
	WORDS_1(V_BFREV_B32, bfrev_b32),
	WORDS_2(V_BCNT_U32_B32, bcnt_u32_b32),
	WORDS_1(V_CLZ_I32_U32, clz_i32_u32),
	WORDS_1(V_CTZ_I32_B32, ctz_i32_b32),
	WORDS_1(V_CLS_I32, cls_i32),
};

const struct isa_bindings isa_bind_integer = {list, sizeof(list) / sizeof(list[0])};
