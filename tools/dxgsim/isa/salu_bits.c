// SPDX-License-Identifier: MIT
/*
 * Scalar bits: logic, shifts, fields, searches, and what is done to EXEC.  Source: AMD's ISA documents, "SOP1" and "SOP2
 * Instructions".
 */
#include "dxgsim/isa/bits.h"
#include "dxgsim/isa/salu.h"

/* ---- logic and shifts ---- */

#define LOGIC(name, expression)            \
	SALU_2_SCC(name##_b32, expression) \
	SALU_2_WIDE_SCC(name##_b64, salu_s1_wide, expression)

LOGIC(and, a &b)
LOGIC(or, a | b)
LOGIC(xor, a ^ b)
LOGIC(nand, ~(a &b))
LOGIC(nor, ~(a | b))
LOGIC(xnor, ~(a ^ b))
LOGIC(and_not1, a & ~b)
LOGIC(or_not1, a | ~b)
SALU_1_SCC(not_b32, ~a)
SALU_1_WIDE_SCC(not_b64, ~a)

SALU_2_SCC(lshl_b32, a << (b & 31))
SALU_2_WIDE_SCC(lshl_b64, salu_s1, a << (b & 63))
SALU_2_SCC(lshr_b32, a >> (b & 31))
SALU_2_WIDE_SCC(lshr_b64, salu_s1, a >> (b & 63))
SALU_2_SCC(ashr_i32, (int32_t)a >> (b & 31))
SALU_2_WIDE_SCC(ashr_i64, salu_s1, (uint64_t)((int64_t)a >> (b & 63)))

/* ---- fields: offset from bit 0 on, width of 7 bits from bit 16 on ---- */

SALU_2_SCC(bfe_u32, (a >> (b & 31)) & bits_low(b >> 16 & 127))
SALU_2_SCC(bfe_i32, bits_signed((uint64_t)((int32_t)a >> (b & 31)), b >> 16 & 127))
SALU_2_WIDE_SCC(bfe_u64, salu_s1, (a >> (b & 63)) & bits_low((uint32_t)b >> 16 & 127))
SALU_2_WIDE_SCC(bfe_i64, salu_s1, bits_signed((uint64_t)((int64_t)a >> (b & 63)), (uint32_t)b >> 16 & 127))
SALU_2(bfm_b32, bits_low(a & 31) << (b & 31))
SALU_2(pack_ll, (a & 0xffff) | b << 16)
SALU_2(pack_lh, (a & 0xffff) | (b & 0xffff0000))
SALU_2(pack_hh, a >> 16 | (b & 0xffff0000))
SALU_2(pack_hl, a >> 16 | b << 16)

static void bfm_b64(struct isa_wave *wave, const struct isa_inst *inst)
{
	const uint32_t width = salu_s0(wave, inst) & 63;
	const uint32_t offset = salu_s1(wave, inst) & 63;

	isa_set_scalar64(wave, inst->dst, bits_low(width) << offset);
}

SALU_1(sext_i32_i8, (int32_t)(int8_t)(uint8_t)a)
SALU_1(sext_i32_i16, (int32_t)(int16_t)(uint16_t)a)

static void bitset(struct isa_wave *wave, const struct isa_inst *inst, bool to)
{
	const uint32_t bit = 1U << (salu_s0(wave, inst) & 31);
	const uint32_t old = isa_scalar32(wave, inst, inst->dst);

	isa_set_scalar32(wave, inst->dst, to ? old | bit : old & ~bit);
}

static void bitset_wide(struct isa_wave *wave, const struct isa_inst *inst, bool to)
{
	const uint64_t bit = 1ULL << (salu_s0(wave, inst) & 63);
	const uint64_t old = isa_scalar64(wave, inst, inst->dst, false);

	isa_set_scalar64(wave, inst->dst, to ? old | bit : old & ~bit);
}

static void bitset0_b32(struct isa_wave *wave, const struct isa_inst *inst)
{
	bitset(wave, inst, false);
}

static void bitset1_b32(struct isa_wave *wave, const struct isa_inst *inst)
{
	bitset(wave, inst, true);
}

static void bitset0_b64(struct isa_wave *wave, const struct isa_inst *inst)
{
	bitset_wide(wave, inst, false);
}

static void bitset1_b64(struct isa_wave *wave, const struct isa_inst *inst)
{
	bitset_wide(wave, inst, true);
}

/* ---- searches and counts; what is not found is -1 ---- */

SALU_1(brev_b32, bits_reverse(a))
SALU_1_WIDE(brev_b64, (uint64_t)bits_reverse((uint32_t)a) << 32 | bits_reverse((uint32_t)(a >> 32)))
SALU_1_SCC(bcnt0_b32, bits_count(~a))
SALU_1_OF_64_SCC(bcnt0_b64, __builtin_popcountll(~a))
SALU_1_SCC(bcnt1_b32, bits_count(a))
SALU_1_OF_64_SCC(bcnt1_b64, __builtin_popcountll(a))
SALU_1(ff0_b32, bits_trailing_zeros(~a))
SALU_1_OF_64(ff0_b64, ~a ? __builtin_ctzll(~a) : -1)
SALU_1(ctz_b32, bits_trailing_zeros(a))
SALU_1_OF_64(ctz_b64, a ? __builtin_ctzll(a) : -1)
SALU_1(clz_u32, bits_leading_zeros(a))
SALU_1_OF_64(clz_u64, a ? __builtin_clzll(a) : -1)
SALU_1(cls_i32, bits_leading_sign(a))
SALU_1_OF_64(cls_i64, a + 1 > 1 ? __builtin_clzll((uint64_t)((int64_t)a >> 63) ^ a) : -1)

/* ---- masks of lanes ---- */

/* Bit 0 of each four: one of them is set. */
static uint64_t quads(uint64_t mask)
{
	mask |= mask >> 1;
	mask |= mask >> 2;
	return mask & 0x1111111111111111;
}

static uint64_t gather_quads(uint64_t mask)
{
	uint64_t result = 0;

	for (uint32_t i = 0; i < 16; i++)
		result |= (mask >> 4 * i & 1) << i;
	return result;
}

SALU_1_SCC(wqm_b32, quads(a) * 15)
SALU_1_WIDE_SCC(wqm_b64, quads(a) * 15)
SALU_1_SCC(quadmask_b32, gather_quads(quads(a)))
SALU_1_WIDE_SCC(quadmask_b64, gather_quads(quads(a)))

static void bitreplicate(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint64_t bits = salu_s0(wave, inst);

	bits = (bits | bits << 16) & 0x0000ffff0000ffff;
	bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
	bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
	bits = (bits | bits << 2) & 0x3333333333333333;
	bits = (bits | bits << 1) & 0x5555555555555555;
	isa_set_scalar64(wave, inst->dst, bits * 3);
}

/* ---- EXEC: a is S0, b what EXEC was; the destination gets b, or what EXEC becomes ---- */

#define EXEC(name, result, expression)                                             \
	static void name##_b32(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                          \
		const uint32_t a = salu_s0(wave, inst);                            \
		const uint32_t b = isa_scalar32(wave, inst, ISA_EXEC_LO);          \
		const uint32_t exec = (expression);                                \
                                                                                   \
		isa_set_scalar32(wave, ISA_EXEC_LO, exec);                         \
		isa_set_scalar32(wave, inst->dst, result);                         \
		wave->scc = exec != 0;                                             \
	}                                                                          \
	static void name##_b64(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                          \
		const uint64_t a = salu_s0_wide(wave, inst);                       \
		const uint64_t b = isa_scalar64(wave, inst, ISA_EXEC_LO, false);   \
		const uint64_t exec = (expression);                                \
                                                                                   \
		isa_set_scalar64(wave, ISA_EXEC_LO, exec);                         \
		isa_set_scalar64(wave, inst->dst, result);                         \
		wave->scc = exec != 0;                                             \
	}

EXEC(and_saveexec, b, a &b)
EXEC(or_saveexec, b, a | b)
EXEC(xor_saveexec, b, a ^ b)
EXEC(nand_saveexec, b, ~(a &b))
EXEC(nor_saveexec, b, ~(a | b))
EXEC(xnor_saveexec, b, ~(a ^ b))
EXEC(and_not0_saveexec, b, ~a &b)
EXEC(or_not0_saveexec, b, ~a | b)
EXEC(and_not1_saveexec, b, a & ~b)
EXEC(or_not1_saveexec, b, a | ~b)
EXEC(and_not0_wrexec, exec, ~a &b)
EXEC(and_not1_wrexec, exec, a & ~b)

#define BOTH(name, function) SALU(name##_B32, function##_b32), SALU(name##_B64, function##_b64)

static const struct isa_binding list[] = {
	BOTH(S_AND, and),
	BOTH(S_OR, or),
	BOTH(S_XOR, xor),
	BOTH(S_NAND, nand),
	BOTH(S_NOR, nor),
	BOTH(S_XNOR, xnor),
	BOTH(S_AND_NOT1, and_not1),
	BOTH(S_OR_NOT1, or_not1),
	BOTH(S_NOT, not ),
	BOTH(S_LSHL, lshl),
	BOTH(S_LSHR, lshr),
	SALU(S_ASHR_I32, ashr_i32),
	SALU(S_ASHR_I64, ashr_i64),
	SALU(S_BFE_U32, bfe_u32),
	SALU(S_BFE_I32, bfe_i32),
	SALU(S_BFE_U64, bfe_u64),
	SALU(S_BFE_I64, bfe_i64),
	BOTH(S_BFM, bfm),
	SALU(S_PACK_LL_B32_B16, pack_ll),
	SALU(S_PACK_LH_B32_B16, pack_lh),
	SALU(S_PACK_HH_B32_B16, pack_hh),
	SALU(S_PACK_HL_B32_B16, pack_hl),
	SALU(S_SEXT_I32_I8, sext_i32_i8),
	SALU(S_SEXT_I32_I16, sext_i32_i16),
	BOTH(S_BITSET0, bitset0),
	BOTH(S_BITSET1, bitset1),
	BOTH(S_BREV, brev),
	BOTH(S_BCNT0_I32, bcnt0),
	BOTH(S_BCNT1_I32, bcnt1),
	BOTH(S_FF0_I32, ff0),
	BOTH(S_CTZ_I32, ctz),
	SALU(S_CLZ_I32_U32, clz_u32),
	SALU(S_CLZ_I32_U64, clz_u64),
	SALU(S_CLS_I32, cls_i32),
	SALU(S_CLS_I32_I64, cls_i64),
	BOTH(S_WQM, wqm),
	BOTH(S_QUADMASK, quadmask),
	SALU(S_BITREPLICATE_B64_B32, bitreplicate),
	BOTH(S_AND_SAVEEXEC, and_saveexec),
	BOTH(S_OR_SAVEEXEC, or_saveexec),
	BOTH(S_XOR_SAVEEXEC, xor_saveexec),
	BOTH(S_NAND_SAVEEXEC, nand_saveexec),
	BOTH(S_NOR_SAVEEXEC, nor_saveexec),
	BOTH(S_XNOR_SAVEEXEC, xnor_saveexec),
	BOTH(S_AND_NOT0_SAVEEXEC, and_not0_saveexec),
	BOTH(S_OR_NOT0_SAVEEXEC, or_not0_saveexec),
	BOTH(S_AND_NOT1_SAVEEXEC, and_not1_saveexec),
	BOTH(S_OR_NOT1_SAVEEXEC, or_not1_saveexec),
	BOTH(S_AND_NOT0_WREXEC, and_not0_wrexec),
	BOTH(S_AND_NOT1_WREXEC, and_not1_wrexec),
};

const struct isa_bindings isa_bind_salu_bits = {list, sizeof(list) / sizeof(list[0])};
