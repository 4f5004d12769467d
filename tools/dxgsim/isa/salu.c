// SPDX-License-Identifier: MIT
/*
 * Scalar integers: moves, arithmetic, comparisons.  Source: AMD's ISA documents, "SOP1", "SOP2", "SOPK" and "SOPC
 * Instructions".
 */
#include "dxgsim/isa/salu.h"

/* ---- moves ---- */

SALU_1(mov_b32, a)
SALU_1_WIDE(mov_b64, a)

static void cmov_b32(struct isa_wave *wave, const struct isa_inst *inst)
{
	if (wave->scc)
		mov_b32(wave, inst);
}

static void cmov_b64(struct isa_wave *wave, const struct isa_inst *inst)
{
	if (wave->scc)
		mov_b64(wave, inst);
}

static void movk_i32(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_set_scalar32(wave, inst->dst, (uint32_t)inst->simm);
}

static void cmovk_i32(struct isa_wave *wave, const struct isa_inst *inst)
{
	if (wave->scc)
		movk_i32(wave, inst);
}

SALU_2(cselect_b32, wave->scc ? a : b)
SALU_2_WIDE(cselect_b64, salu_s1_wide, wave->scc ? a : b)

/* ---- moves by M0 ---- */

/*
 * The register that @encoded and @index name, the first of @count; false: there is none, and the wave was stopped.  VCC
 * follows the SGPRs; pairs have to be aligned.
 */
static bool indexed(struct isa_wave *wave, const struct isa_inst *inst, uint32_t encoded, uint32_t index,
		    uint32_t count, uint32_t *number)
{
	*number = encoded + index;
	if (encoded <= ISA_VCC_HI && *number <= ISA_VCC_HI + 1 - count && *number % count == 0)
		return true;
	isa_stop(wave, inst, ISA_FAULT_REGISTER);
	return false;
}

static void movrels_b32(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t from;

	if (indexed(wave, inst, inst->src[0], wave->m0, 1, &from))
		isa_set_scalar32(wave, inst->dst, wave->sgprs[from]);
}

static void movrels_b64(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t from;

	if (indexed(wave, inst, inst->src[0], wave->m0, 2, &from))
		isa_set_scalar64(wave, inst->dst, isa_scalar64(wave, inst, from, false));
}

static void movreld_b32(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t to;

	if (indexed(wave, inst, inst->dst, wave->m0, 1, &to))
		isa_set_scalar32(wave, to, salu_s0(wave, inst));
}

static void movreld_b64(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t to;

	if (indexed(wave, inst, inst->dst, wave->m0, 2, &to))
		isa_set_scalar64(wave, to, salu_s0_wide(wave, inst));
}

/* An index of 10 bits for the source, and one for the destination. */
static void movrelsd_2_b32(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t from, to;

	if (indexed(wave, inst, inst->src[0], wave->m0 & 0x3ff, 1, &from) &&
	    indexed(wave, inst, inst->dst, wave->m0 >> 16 & 0x3ff, 1, &to))
		isa_set_scalar32(wave, to, wave->sgprs[from]);
}

/* ---- arithmetic ---- */

/* SCC is the carry of unsigned additions, the borrow of unsigned subtractions, and the overflow of signed ones. */
#define WITH_SCC(name, scc_type, scc_expression, expression)                 \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const scc_type a = (scc_type)salu_s0(wave, inst);            \
		const scc_type b = (scc_type)salu_s1(wave, inst);            \
		const bool scc = (scc_expression);                           \
                                                                             \
		isa_set_scalar32(wave, inst->dst, (uint32_t)(expression));   \
		wave->scc = scc;                                             \
	}

WITH_SCC(add_u32, uint64_t, a + b > UINT32_MAX, a + b)
WITH_SCC(sub_u32, uint64_t, b > a, a - b)
WITH_SCC(addc_u32, uint64_t, a + b + wave->scc > UINT32_MAX, a + b + wave->scc)
WITH_SCC(subb_u32, uint64_t, b + wave->scc > a, a - b - wave->scc)
WITH_SCC(lshl1_add_u32, uint64_t, (a << 1) + b > UINT32_MAX, (a << 1) + b)
WITH_SCC(lshl2_add_u32, uint64_t, (a << 2) + b > UINT32_MAX, (a << 2) + b)
WITH_SCC(lshl3_add_u32, uint64_t, (a << 3) + b > UINT32_MAX, (a << 3) + b)
WITH_SCC(lshl4_add_u32, uint64_t, (a << 4) + b > UINT32_MAX, (a << 4) + b)
WITH_SCC(min_i32, int32_t, a < b, a < b ? a : b)
WITH_SCC(min_u32, uint32_t, a < b, a < b ? a : b)
WITH_SCC(max_i32, int32_t, a >= b, a >= b ? a : b)
WITH_SCC(max_u32, uint32_t, a >= b, a >= b ? a : b)

static void set_signed(struct isa_wave *wave, const struct isa_inst *inst, int64_t result)
{
	isa_set_scalar32(wave, inst->dst, (uint32_t)result);
	wave->scc = result != (int32_t)result;
}

static void add_i32(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_signed(wave, inst, (int64_t)(int32_t)salu_s0(wave, inst) + (int32_t)salu_s1(wave, inst));
}

static void sub_i32(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_signed(wave, inst, (int64_t)(int32_t)salu_s0(wave, inst) - (int32_t)salu_s1(wave, inst));
}

static void addk_i32(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_signed(wave, inst, (int64_t)(int32_t)isa_scalar32(wave, inst, inst->dst) + inst->simm);
}

static void mulk_i32(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_set_scalar32(wave, inst->dst, isa_scalar32(wave, inst, inst->dst) * (uint32_t)inst->simm);
}

static uint32_t magnitude(uint32_t value)
{
	return value >> 31 ? 0 - value : value;
}

SALU_1_SCC(abs_i32, magnitude(a))
/* Of the difference in 32 bits: |0x80000000 - 0xffffffff| is 0x7fffffff. */
SALU_2_SCC(absdiff_i32, magnitude(a - b))
SALU_2(mul_i32, a *b)
SALU_2(mul_hi_u32, (uint64_t)a *b >> 32)
SALU_2(mul_hi_i32, (uint64_t)((int64_t)(int32_t)a *(int32_t)b) >> 32)
SALU_2_WIDE(add_nc_u64, salu_s1_wide, a + b)
SALU_2_WIDE(sub_nc_u64, salu_s1_wide, a - b)
SALU_2_WIDE(mul_u64, salu_s1_wide, a *b)

/* ---- comparisons ---- */

SALU_COMPARE(cmp_eq, a == b)
SALU_COMPARE(cmp_lg, a != b)
SALU_COMPARE(cmp_gt_i32, (int32_t)a > (int32_t)b)
SALU_COMPARE(cmp_ge_i32, (int32_t)a >= (int32_t)b)
SALU_COMPARE(cmp_lt_i32, (int32_t)a < (int32_t)b)
SALU_COMPARE(cmp_le_i32, (int32_t)a <= (int32_t)b)
SALU_COMPARE(cmp_gt_u32, a > b)
SALU_COMPARE(cmp_ge_u32, a >= b)
SALU_COMPARE(cmp_lt_u32, a < b)
SALU_COMPARE(cmp_le_u32, a <= b)
SALU_COMPARE_WIDE(cmp_eq_u64, salu_s1_wide, a == b)
SALU_COMPARE_WIDE(cmp_lg_u64, salu_s1_wide, a != b)
SALU_COMPARE(bitcmp0_b32, !(a >> (b & 31) & 1))
SALU_COMPARE(bitcmp1_b32, a >> (b & 31) & 1)
SALU_COMPARE_WIDE(bitcmp0_b64, salu_s1, !(a >> (b & 63) & 1))
SALU_COMPARE_WIDE(bitcmp1_b64, salu_s1, a >> (b & 63) & 1)

SALU_COMPARE_K(cmpk_eq_i32, int32_t, a == b)
SALU_COMPARE_K(cmpk_lg_i32, int32_t, a != b)
SALU_COMPARE_K(cmpk_gt_i32, int32_t, (int32_t)a > (int32_t)b)
SALU_COMPARE_K(cmpk_ge_i32, int32_t, (int32_t)a >= (int32_t)b)
SALU_COMPARE_K(cmpk_lt_i32, int32_t, (int32_t)a < (int32_t)b)
SALU_COMPARE_K(cmpk_le_i32, int32_t, (int32_t)a <= (int32_t)b)
SALU_COMPARE_K(cmpk_eq_u32, uint16_t, a == b)
SALU_COMPARE_K(cmpk_lg_u32, uint16_t, a != b)
SALU_COMPARE_K(cmpk_gt_u32, uint16_t, a > b)
SALU_COMPARE_K(cmpk_ge_u32, uint16_t, a >= b)
SALU_COMPARE_K(cmpk_lt_u32, uint16_t, a < b)
SALU_COMPARE_K(cmpk_le_u32, uint16_t, a <= b)

static const struct isa_binding list[] = {
	SALU(S_MOV_B32, mov_b32),
	SALU(S_MOV_B64, mov_b64),
	SALU(S_CMOV_B32, cmov_b32),
	SALU(S_CMOV_B64, cmov_b64),
	SALU(S_MOVK_I32, movk_i32),
	SALU(S_CMOVK_I32, cmovk_i32),
	SALU(S_CSELECT_B32, cselect_b32),
	SALU(S_CSELECT_B64, cselect_b64),
	SALU(S_MOVRELS_B32, movrels_b32),
	SALU(S_MOVRELS_B64, movrels_b64),
	SALU(S_MOVRELD_B32, movreld_b32),
	SALU(S_MOVRELD_B64, movreld_b64),
	SALU(S_MOVRELSD_2_B32, movrelsd_2_b32),
	SALU(S_ADD_CO_U32, add_u32),
	SALU(S_SUB_CO_U32, sub_u32),
	SALU(S_ADD_CO_CI_U32, addc_u32),
	SALU(S_SUB_CO_CI_U32, subb_u32),
	SALU(S_ADD_CO_I32, add_i32),
	SALU(S_SUB_CO_I32, sub_i32),
	SALU(S_ADDK_CO_I32, addk_i32),
	SALU(S_MULK_I32, mulk_i32),
	SALU(S_LSHL1_ADD_U32, lshl1_add_u32),
	SALU(S_LSHL2_ADD_U32, lshl2_add_u32),
	SALU(S_LSHL3_ADD_U32, lshl3_add_u32),
	SALU(S_LSHL4_ADD_U32, lshl4_add_u32),
	SALU(S_MIN_I32, min_i32),
	SALU(S_MIN_U32, min_u32),
	SALU(S_MAX_I32, max_i32),
	SALU(S_MAX_U32, max_u32),
	SALU(S_ABS_I32, abs_i32),
	SALU(S_ABSDIFF_I32, absdiff_i32),
	SALU(S_MUL_I32, mul_i32),
	SALU(S_MUL_HI_U32, mul_hi_u32),
	SALU(S_MUL_HI_I32, mul_hi_i32),
	SALU(S_ADD_NC_U64, add_nc_u64),
	SALU(S_SUB_NC_U64, sub_nc_u64),
	SALU(S_MUL_U64, mul_u64),
	SALU(S_CMP_EQ_I32, cmp_eq),
	SALU(S_CMP_LG_I32, cmp_lg),
	SALU(S_CMP_GT_I32, cmp_gt_i32),
	SALU(S_CMP_GE_I32, cmp_ge_i32),
	SALU(S_CMP_LT_I32, cmp_lt_i32),
	SALU(S_CMP_LE_I32, cmp_le_i32),
	SALU(S_CMP_EQ_U32, cmp_eq),
	SALU(S_CMP_LG_U32, cmp_lg),
	SALU(S_CMP_GT_U32, cmp_gt_u32),
	SALU(S_CMP_GE_U32, cmp_ge_u32),
	SALU(S_CMP_LT_U32, cmp_lt_u32),
	SALU(S_CMP_LE_U32, cmp_le_u32),
	SALU(S_CMP_EQ_U64, cmp_eq_u64),
	SALU(S_CMP_LG_U64, cmp_lg_u64),
	SALU(S_BITCMP0_B32, bitcmp0_b32),
	SALU(S_BITCMP1_B32, bitcmp1_b32),
	SALU(S_BITCMP0_B64, bitcmp0_b64),
	SALU(S_BITCMP1_B64, bitcmp1_b64),
	SALU(S_CMPK_EQ_I32, cmpk_eq_i32),
	SALU(S_CMPK_LG_I32, cmpk_lg_i32),
	SALU(S_CMPK_GT_I32, cmpk_gt_i32),
	SALU(S_CMPK_GE_I32, cmpk_ge_i32),
	SALU(S_CMPK_LT_I32, cmpk_lt_i32),
	SALU(S_CMPK_LE_I32, cmpk_le_i32),
	SALU(S_CMPK_EQ_U32, cmpk_eq_u32),
	SALU(S_CMPK_LG_U32, cmpk_lg_u32),
	SALU(S_CMPK_GT_U32, cmpk_gt_u32),
	SALU(S_CMPK_GE_U32, cmpk_ge_u32),
	SALU(S_CMPK_LT_U32, cmpk_lt_u32),
	SALU(S_CMPK_LE_U32, cmpk_le_u32),
};

const struct isa_bindings isa_bind_salu = {list, sizeof(list) / sizeof(list[0])};
