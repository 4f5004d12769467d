// SPDX-License-Identifier: MIT
/* Integers of 64 bits.  Source: AMD's ISA documents, "VOP2" and "VOP3 Instructions". */
#include "dxgsim/isa/integer.h"

/* Shifts of the second operand. */
#define SHIFT(name, expression)                                     \
	static void name(struct isa_valu *valu)                     \
	{                                                           \
		const union isa_lanes *as = valu->a, *bs = valu->b; \
		union isa_lanes *restrict ds = valu->d;             \
                                                                    \
		ISA_FOR_LANES(valu)                                 \
		{                                                   \
			const uint64_t b = bs->u64[i];              \
			const uint32_t by = as->u32[i] & 63;        \
                                                                    \
			ds->u64[i] = (uint64_t)(expression);        \
		}                                                   \
	}

SHIFT(lshlrev_b64, b << by)
SHIFT(lshrrev_b64, b >> by)
SHIFT(ashrrev_i64, (int64_t)b >> by)

/* The carry is bit 64 of the sum. */
static void mad_u64_u32(struct isa_valu *valu)
{
	const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c;
	union isa_lanes *restrict ds = valu->d;
	uint8_t out[ISA_LANES];

	ISA_FOR_LANES(valu)
	{
		const uint64_t product = (uint64_t)as->u32[i] * bs->u32[i];
		const uint64_t result = product + cs->u64[i];

		ds->u64[i] = result;
		out[i] = result < product;
	}
	if (valu->clamp) {
		ISA_FOR_LANES(valu)
		ds->u64[i] = out[i] ? UINT64_MAX : ds->u64[i];
	}
	valu->mask_out = bits_gather(out, valu->lanes);
}

/* ... of one of 65 bits that has a sign: whether it is negative. */
static void mad_i64_i32(struct isa_valu *valu)
{
	const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c;
	union isa_lanes *restrict ds = valu->d;
	uint8_t out[ISA_LANES];

	ISA_FOR_LANES(valu)
	{
		const int64_t product = (int64_t)as->i32[i] * bs->i32[i];
		int64_t result;
		const bool overflow = __builtin_add_overflow(product, cs->i64[i], &result);
		const bool negative = (result < 0) != overflow;

		if (overflow && valu->clamp)
			result = negative ? INT64_MIN : INT64_MAX;
		ds->i64[i] = result;
		out[i] = negative;
	}
	valu->mask_out = bits_gather(out, valu->lanes);
}

#define MAD(name, function) \
	INTEGER(name, function, B64, ISA_VALU_MASK_OUT | ISA_VALU_CLAMPS, ISA_B32, ISA_B32, ISA_B64)

static const struct isa_binding list[] = {
	INTEGER(V_LSHLREV_B64, lshlrev_b64, B64, 0, ISA_B32, ISA_B64),
	INTEGER(V_LSHRREV_B64, lshrrev_b64, B64, 0, ISA_B32, ISA_B64),
	INTEGER(V_ASHRREV_I64, ashrrev_i64, B64, 0, ISA_B32, ISA_B64),
	MAD(V_MAD_CO_U64_U32, mad_u64_u32),
	MAD(V_MAD_CO_I64_I32, mad_i64_i32),
};

const struct isa_bindings isa_bind_integer_wide = {list, sizeof(list) / sizeof(list[0])};
