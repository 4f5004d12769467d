// SPDX-License-Identifier: MIT
/*
 * Instructions of the scalar ALU against plain C, by the text of AMD's Instruction Set Architecture documents; SCC is compared too, or
 * has to stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_expect.h"

/* SCC tells whether the result is not 0. */
#define EXPECT_SCC(name, value)	   EXPECT_OUT(name, value, result != 0)
#define EXPECT_SCC_32(name, value) EXPECT_SCC(name, (uint32_t)(value))
/* A comparison: nothing but SCC. */
#define COMPARE(name, condition) EXPECT_OUT(name, d, condition)

#define S32_1(text, expect)	 ROW(text " $d, $a", ON_ALL, U32, NONE, NONE, U32, expect)
#define S32_1_SCC(text, expect)	 ROW_VCC(text " $d, $a", ON_ALL, U32, NONE, NONE, U32, expect)
#define S64_1(text, expect)	 ROW(text " $d, $a", ON_ALL, U64, NONE, NONE, U64, expect)
#define S64_1_SCC(text, expect)	 ROW_VCC(text " $d, $a", ON_ALL, U64, NONE, NONE, U64, expect)
#define S64_TO_32(text, expect)	 ROW(text " $d, $a", ON_ALL, U64, NONE, NONE, U32, expect)
#define S32_2(text, expect)	 ROW(text " $d, $a, $b", ON_ALL, U32, U32, NONE, U32, expect)
#define S32_2_SCC(text, expect)	 ROW_VCC(text " $d, $a, $b", ON_ALL, U32, U32, NONE, U32, expect)
#define S64_2(text, expect)	 ROW(text " $d, $a, $b", ON_ALL, U64, U64, NONE, U64, expect)
#define S64_2_SCC(text, expect)	 ROW_VCC(text " $d, $a, $b", ON_ALL, U64, U64, NONE, U64, expect)
#define S32_SHIFT(text, expect)	 ROW_VCC(text " $d, $a, $b", ON_ALL, U32, SHIFT, NONE, U32, expect)
#define S64_SHIFT(text, expect)	 ROW_VCC(text " $d, $a, $b", ON_ALL, U64, SHIFT, NONE, U64, expect)
#define COMPARE_32(text, expect) ROW_VCC(text " $a, $b", ON_ALL, U32, U32, NONE, U32, expect)

/* ---- sums and products ---- */

static uint64_t carry(struct vector_lane *lane, uint64_t sum)
{
	lane->out = sum >> 32 & 1;
	return (uint32_t)sum;
}

static uint64_t overflow(struct vector_lane *lane, int64_t sum)
{
	lane->out = sum > INT32_MAX || sum < INT32_MIN;
	return (uint32_t)sum;
}

static uint64_t add_u32(struct vector_lane *lane)
{
	return carry(lane, lane->a + lane->b);
}

static uint64_t sub_u32(struct vector_lane *lane)
{
	return carry(lane, lane->a - lane->b);
}

static uint64_t addc_u32(struct vector_lane *lane)
{
	return carry(lane, lane->a + lane->b + lane->in);
}

static uint64_t subb_u32(struct vector_lane *lane)
{
	return carry(lane, lane->a - lane->b - lane->in);
}

static uint64_t add_i32(struct vector_lane *lane)
{
	return overflow(lane, s32(lane->a) + s32(lane->b));
}

static uint64_t sub_i32(struct vector_lane *lane)
{
	return overflow(lane, s32(lane->a) - s32(lane->b));
}

static uint64_t lshl2_add(struct vector_lane *lane)
{
	uint64_t sum = (lane->a << 2) + lane->b;

	lane->out = sum > UINT32_MAX;
	return (uint32_t)sum;
}

static uint64_t lshl4_add(struct vector_lane *lane)
{
	uint64_t sum = (lane->a << 4) + lane->b;

	lane->out = sum > UINT32_MAX;
	return (uint32_t)sum;
}

EXPECT_32(mul, a *b)
EXPECT_32(mul_hi_u, (a * b) >> 32)
EXPECT_32(mul_hi_i, (s32(a) * s32(b)) >> 32)
EXPECT_SCC_32(absdiff, s32((uint32_t)(a - b)) < 0 ? b - a : a - b)
EXPECT_SCC_32(abs_32, s32(a) < 0 ? -s32(a) : s32(a))
EXPECT(add_64, a + b)
EXPECT(sub_64, a - b)
EXPECT(mul_64, a *b)
EXPECT_32(movk, -1234)
EXPECT_32(mulk, a *(uint64_t)-321)
EXPECT_32(cmovk, lane->in ? 77 : d)

static uint64_t addk(struct vector_lane *lane)
{
	return overflow(lane, s32(lane->a) - 5);
}

static void sums_and_products(void **state)
{
	static const struct vector_row rows[] = {
		S32_2_SCC("s_add_u32", add_u32),
		S32_2_SCC("s_sub_u32", sub_u32),
		S32_2_SCC("s_addc_u32", addc_u32),
		S32_2_SCC("s_subb_u32", subb_u32),
		S32_2_SCC("s_add_i32", add_i32),
		S32_2_SCC("s_sub_i32", sub_i32),
		S32_2_SCC("s_lshl2_add_u32", lshl2_add),
		S32_2_SCC("s_lshl4_add_u32", lshl4_add),
		S32_2("s_mul_i32", mul),
		S32_2("s_mul_hi_u32", mul_hi_u),
		S32_2("s_mul_hi_i32", mul_hi_i),
		S32_2_SCC("s_absdiff_i32", absdiff),
		S32_1_SCC("s_abs_i32", abs_32),
		ROW("s_add_nc_u64 $d, $a, $b", ON_GFX12, U64, U64, NONE, U64, add_64),
		ROW("s_sub_nc_u64 $d, $a, $b", ON_GFX12, U64, U64, NONE, U64, sub_64),
		ROW("s_mul_u64 $d, $a, $b", ON_GFX12, U64, U64, NONE, U64, mul_64),
		ROW("s_movk_i32 $d, 0xfb2e", ON_ALL, NONE, NONE, NONE, U32, movk),
		ROW("s_cmovk_i32 $d, 77", ON_ALL, NONE, NONE, NONE, U32, cmovk),
		ROW("s_mov_b32 $d, $a\ns_mulk_i32 $d, 0xfebf", ON_ALL, U32, NONE, NONE, U32, mulk),
		ROW_VCC("s_mov_b32 $d, $a\ns_addk_i32 $d, 0xfffb", ON_ALL, U32, NONE, NONE, U32, addk),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- logic ---- */

EXPECT_SCC_32(and_32, a &b)
EXPECT_SCC_32(or_32, a | b)
EXPECT_SCC_32(xor_32, a ^ b)
EXPECT_SCC_32(nand_32, ~(a &b))
EXPECT_SCC_32(nor_32, ~(a | b))
EXPECT_SCC_32(xnor_32, ~(a ^ b))
EXPECT_SCC_32(andn2_32, a & ~b)
EXPECT_SCC_32(orn2_32, a | ~b)
EXPECT_SCC_32(not_32, ~a)
EXPECT_SCC(and_64, a &b)
EXPECT_SCC(or_64, a | b)
EXPECT_SCC(xor_64, a ^ b)
EXPECT_SCC(nand_64, ~(a &b))
EXPECT_SCC(nor_64, ~(a | b))
EXPECT_SCC(xnor_64, ~(a ^ b))
EXPECT_SCC(andn2_64, a & ~b)
EXPECT_SCC(orn2_64, a | ~b)
EXPECT_SCC(not_64, ~a)
EXPECT_32(mov_32, a)
EXPECT(mov_64, a)
EXPECT_32(cselect_32, lane->in ? a : b)
EXPECT(cselect_64, lane->in ? a : b)
EXPECT_32(cmov_32, lane->in ? a : d)
EXPECT(cmov_64, lane->in ? a : d)

static void logic(void **state)
{
	static const struct vector_row rows[] = {
		S32_2_SCC("s_and_b32", and_32),	    S32_2_SCC("s_or_b32", or_32),
		S32_2_SCC("s_xor_b32", xor_32),	    S32_2_SCC("s_nand_b32", nand_32),
		S32_2_SCC("s_nor_b32", nor_32),	    S32_2_SCC("s_xnor_b32", xnor_32),
		S32_2_SCC("s_andn2_b32", andn2_32), S32_2_SCC("s_orn2_b32", orn2_32),
		S32_1_SCC("s_not_b32", not_32),	    S64_2_SCC("s_and_b64", and_64),
		S64_2_SCC("s_or_b64", or_64),	    S64_2_SCC("s_xor_b64", xor_64),
		S64_2_SCC("s_nand_b64", nand_64),   S64_2_SCC("s_nor_b64", nor_64),
		S64_2_SCC("s_xnor_b64", xnor_64),   S64_2_SCC("s_andn2_b64", andn2_64),
		S64_2_SCC("s_orn2_b64", orn2_64),   S64_1_SCC("s_not_b64", not_64),
		S32_1("s_mov_b32", mov_32),	    S64_1("s_mov_b64", mov_64),
		S32_2("s_cselect_b32", cselect_32), S64_2("s_cselect_b64", cselect_64),
		S32_1("s_cmov_b32", cmov_32),	    S64_1("s_cmov_b64", cmov_64),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- shifts and fields ---- */

EXPECT_SCC_32(shl_32, a << (b & 31))
EXPECT_SCC_32(shr_32, a >> (b & 31))
EXPECT_SCC_32(ashr_32, s32(a) >> (b & 31))
EXPECT_SCC(shl_64, a << (b & 63))
EXPECT_SCC(shr_64, a >> (b & 63))
EXPECT_SCC(ashr_64, (uint64_t)((int64_t)a >> (b & 63)))
EXPECT_32(bfm_32, ((1ull << (a & 31)) - 1) << (b & 31))
EXPECT(bfm_64, ((1ull << (a & 63)) - 1) << (b & 63))
EXPECT_32(pack_ll, (a & 0xffff) | b << 16)
EXPECT_32(pack_lh, (a & 0xffff) | (b & 0xffff0000))
EXPECT_32(pack_hh, (a >> 16 & 0xffff) | (b & 0xffff0000))
EXPECT_32(pack_hl, (a >> 16 & 0xffff) | b << 16)
EXPECT_32(sext_8, (int64_t)(a & 0xff) - (a & 0x80 ? 0x100 : 0))
EXPECT_32(sext_16, (int64_t)(a & 0xffff) - (a & 0x8000 ? 0x10000 : 0))
EXPECT_32(bitset0, d & ~(1ull << (a & 31)))
EXPECT_32(bitset1, d | 1ull << (a & 31))

static uint64_t reversed(uint64_t value, unsigned bits)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < bits; i++)
		result |= (value >> i & 1) << (bits - 1 - i);
	return result;
}

static uint64_t brev32(struct vector_lane *lane)
{
	return reversed(lane->a, 32);
}

static uint64_t brev64(struct vector_lane *lane)
{
	return reversed(lane->a, 64);
}

static uint64_t field(uint64_t value, unsigned bits, uint64_t selector, bool sign)
{
	unsigned offset = (unsigned)selector & (bits - 1), width = (unsigned)(selector >> 16) & 0x7f;
	uint64_t result;

	if (!width)
		return 0;
	if (sign && bits == 32)
		value = (uint64_t)s32(value);
	result = sign ? (uint64_t)((int64_t)value >> offset) : value >> offset;
	if (width < bits) {
		result &= (1ull << width) - 1;
		if (sign && result >> (width - 1) & 1)
			result |= ~0ull << width;
	}
	return bits == 32 ? (uint32_t)result : result;
}

/* Random words are seldom selectors of something: the third source has its fields, moved to where they belong. */
static uint64_t bfe(struct vector_lane *lane, unsigned bits, bool sign)
{
	uint64_t selector = (lane->b & 0x7f) << 16 | (lane->c & 0x3f);
	uint64_t result = field(lane->a, bits, selector, sign);

	lane->out = result != 0;
	return result;
}

static uint64_t bfe_u32(struct vector_lane *lane)
{
	return bfe(lane, 32, false);
}

static uint64_t bfe_i32(struct vector_lane *lane)
{
	return bfe(lane, 32, true);
}

static uint64_t bfe_u64(struct vector_lane *lane)
{
	return bfe(lane, 64, false);
}

static uint64_t bfe_i64(struct vector_lane *lane)
{
	return bfe(lane, 64, true);
}

#define SELECTOR                                                                                         \
	"s_and_b32 s20, $b, 0x7f\ns_lshl_b32 s20, s20, 16\ns_and_b32 s21, $c, 0x3f\ns_or_b32 s20, s20, " \
	"s21\n"

static void shifts_and_fields(void **state)
{
	static const struct vector_row rows[] = {
		S32_SHIFT("s_lshl_b32", shl_32),
		S32_SHIFT("s_lshr_b32", shr_32),
		S32_SHIFT("s_ashr_i32", ashr_32),
		S64_SHIFT("s_lshl_b64", shl_64),
		S64_SHIFT("s_lshr_b64", shr_64),
		S64_SHIFT("s_ashr_i64", ashr_64),
		ROW("s_bfm_b32 $d, $a, $b", ON_ALL, SHIFT, SHIFT, NONE, U32, bfm_32),
		ROW("s_bfm_b64 $d, $a, $b", ON_ALL, SHIFT, SHIFT, NONE, U64, bfm_64),
		ROW_VCC(SELECTOR "s_bfe_u32 $d, $a, s20", ON_ALL, U32, SHIFT, SHIFT, U32, bfe_u32),
		ROW_VCC(SELECTOR "s_bfe_i32 $d, $a, s20", ON_ALL, U32, SHIFT, SHIFT, U32, bfe_i32),
		ROW_VCC(SELECTOR "s_bfe_u64 $d, $a, s20", ON_ALL, U64, SHIFT, SHIFT, U64, bfe_u64),
		ROW_VCC(SELECTOR "s_bfe_i64 $d, $a, s20", ON_ALL, U64, SHIFT, SHIFT, U64, bfe_i64),
		S32_1("s_brev_b32", brev32),
		S64_1("s_brev_b64", brev64),
		S32_2("s_pack_ll_b32_b16", pack_ll),
		S32_2("s_pack_lh_b32_b16", pack_lh),
		S32_2("s_pack_hh_b32_b16", pack_hh),
		ROW("s_pack_hl_b32_b16 $d, $a, $b", ON_GFX11 | ON_GFX12, U32, U32, NONE, U32, pack_hl),
		S32_1("s_sext_i32_i8", sext_8),
		S32_1("s_sext_i32_i16", sext_16),
		ROW("s_bitset0_b32 $d, $a", ON_ALL, SHIFT, NONE, NONE, U32, bitset0),
		ROW("s_bitset1_b32 $d, $a", ON_ALL, SHIFT, NONE, NONE, U32, bitset1),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- counts ---- */

static unsigned ones(uint64_t value)
{
	unsigned count = 0;

	for (; value; value >>= 1)
		count += value & 1;
	return count;
}

/* The number of bits before the first that is @wanted, from the lowest or from the highest; all ones: there is none. */
static uint64_t first(uint64_t value, unsigned bits, bool wanted, bool from_top)
{
	for (unsigned i = 0; i < bits; i++)
		if ((value >> (from_top ? bits - 1 - i : i) & 1) == wanted)
			return i;
	return UINT32_MAX;
}

static uint64_t sign_bits(uint64_t value, unsigned bits)
{
	uint64_t count = first(value, bits, !(value >> (bits - 1) & 1), true);

	return count;
}

EXPECT_SCC_32(bcnt1_32, ones(a))
EXPECT_SCC_32(bcnt1_64, ones(a))
EXPECT_SCC_32(bcnt0_32, 32 - ones(a))
EXPECT_SCC_32(bcnt0_64, 64 - ones(a))
EXPECT_32(ff1_32, first(a, 32, true, false))
EXPECT_32(ff1_64, first(a, 64, true, false))
EXPECT_32(flbit_32, first(a, 32, true, true))
EXPECT_32(flbit_64, first(a, 64, true, true))
EXPECT_32(flbit_i32, sign_bits(a, 32))
EXPECT_32(flbit_i64, sign_bits(a, 64))

/* Quads with any bit. */
static uint64_t quads(uint64_t value, unsigned bits)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < bits / 4; i++)
		if (value >> (4 * i) & 15)
			result |= 1ull << i;
	return result;
}

static uint64_t whole_quads(uint64_t value, unsigned bits)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < bits / 4; i++)
		if (value >> (4 * i) & 15)
			result |= 15ull << (4 * i);
	return result;
}

EXPECT_SCC_32(quadmask_32, quads(a, 32))
EXPECT_SCC(quadmask_64, quads(a, 64))
EXPECT_SCC_32(wqm_32, whole_quads(a, 32))
EXPECT_SCC(wqm_64, whole_quads(a, 64))

static uint64_t bitreplicate(struct vector_lane *lane)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 32; i++)
		if (lane->a >> i & 1)
			result |= 3ull << (2 * i);
	return result;
}

static void counts(void **state)
{
	static const struct vector_row rows[] = {
		S32_1_SCC("s_bcnt1_i32_b32", bcnt1_32),
		ROW_VCC("s_bcnt1_i32_b64 $d, $a", ON_ALL, U64, NONE, NONE, U32, bcnt1_64),
		S32_1_SCC("s_bcnt0_i32_b32", bcnt0_32),
		ROW_VCC("s_bcnt0_i32_b64 $d, $a", ON_ALL, U64, NONE, NONE, U32, bcnt0_64),
		S32_1("s_ff1_i32_b32", ff1_32),
		S64_TO_32("s_ff1_i32_b64", ff1_64),
		S32_1("s_flbit_i32_b32", flbit_32),
		S64_TO_32("s_flbit_i32_b64", flbit_64),
		S32_1("s_flbit_i32", flbit_i32),
		S64_TO_32("s_flbit_i32_i64", flbit_i64),
		S32_1_SCC("s_quadmask_b32", quadmask_32),
		S64_1_SCC("s_quadmask_b64", quadmask_64),
		S32_1_SCC("s_wqm_b32", wqm_32),
		S64_1_SCC("s_wqm_b64", wqm_64),
		ROW("s_bitreplicate_b64_b32 $d, $a", ON_ALL, U32, NONE, NONE, U64, bitreplicate),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- the least and the most, comparisons ---- */

/* SCC: the first source is the result. */
static uint64_t chosen(struct vector_lane *lane, bool first_is_it)
{
	lane->out = first_is_it;
	return first_is_it ? lane->a : lane->b;
}

static uint64_t min_u(struct vector_lane *lane)
{
	return chosen(lane, lane->a < lane->b);
}

static uint64_t max_u(struct vector_lane *lane)
{
	return chosen(lane, lane->a >= lane->b);
}

static uint64_t min_i(struct vector_lane *lane)
{
	return chosen(lane, s32(lane->a) < s32(lane->b));
}

static uint64_t max_i(struct vector_lane *lane)
{
	return chosen(lane, s32(lane->a) >= s32(lane->b));
}

COMPARE(eq, a == b)
COMPARE(lg, a != b)
COMPARE(gt_i, s32(a) > s32(b))
COMPARE(ge_i, s32(a) >= s32(b))
COMPARE(lt_i, s32(a) < s32(b))
COMPARE(le_i, s32(a) <= s32(b))
COMPARE(gt_u, a > b)
COMPARE(ge_u, a >= b)
COMPARE(lt_u, a < b)
COMPARE(le_u, a <= b)
COMPARE(bit0_32, !(a >> (b & 31) & 1))
COMPARE(bit1_32, a >> (b & 31) & 1)
COMPARE(bit0_64, !(a >> (b & 63) & 1))
COMPARE(bit1_64, a >> (b & 63) & 1)
COMPARE(gtk_i, s32(a) > -7)
COMPARE(gtk_u, a > 0xfff9)
COMPARE(eqk, s32(a) == 31)

static void comparisons(void **state)
{
	static const struct vector_row rows[] = {
		S32_2_SCC("s_min_u32", min_u),
		S32_2_SCC("s_min_i32", min_i),
		COMPARE_32("s_cmp_eq_i32", eq),
		COMPARE_32("s_cmp_lg_i32", lg),
		COMPARE_32("s_cmp_gt_i32", gt_i),
		COMPARE_32("s_cmp_ge_i32", ge_i),
		COMPARE_32("s_cmp_lt_i32", lt_i),
		COMPARE_32("s_cmp_le_i32", le_i),
		COMPARE_32("s_cmp_eq_u32", eq),
		COMPARE_32("s_cmp_lg_u32", lg),
		COMPARE_32("s_cmp_gt_u32", gt_u),
		COMPARE_32("s_cmp_ge_u32", ge_u),
		COMPARE_32("s_cmp_lt_u32", lt_u),
		COMPARE_32("s_cmp_le_u32", le_u),
		ROW_VCC("s_bitcmp0_b32 $a, $b", ON_ALL, U32, SHIFT, NONE, U32, bit0_32),
		ROW_VCC("s_bitcmp1_b32 $a, $b", ON_ALL, U32, SHIFT, NONE, U32, bit1_32),
		ROW_VCC("s_bitcmp0_b64 $a, $b", ON_ALL, U64, SHIFT, NONE, U32, bit0_64),
		ROW_VCC("s_bitcmp1_b64 $a, $b", ON_ALL, U64, SHIFT, NONE, U32, bit1_64),
		ROW_VCC("s_cmp_eq_u64 $a, $b", ON_ALL, U64, U64, NONE, U32, eq),
		ROW_VCC("s_cmp_lg_u64 $a, $b", ON_ALL, U64, U64, NONE, U32, lg),
		ROW_VCC("s_cmpk_gt_i32 $a, 0xfff9", ON_GFX10 | ON_GFX11, U32, NONE, NONE, U32, gtk_i),
		ROW_VCC("s_cmpk_gt_u32 $a, 0xfff9", ON_GFX10 | ON_GFX11, U32, NONE, NONE, U32, gtk_u),
		ROW_VCC("s_cmpk_eq_i32 $a, 31", ON_GFX10 | ON_GFX11, U32, NONE, NONE, U32, eqk),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/*
 * Of two that are equal nobody says which is chosen, but for SCC of s_max: D0 = S0 >= S1 ? S0 : S1 in RDNA 3's text, S0 > S1 in
 * that of its SCC before.  They are compared where the sources differ.
 */
static uint64_t max_u_apart(struct vector_lane *lane)
{
	lane->a ^= 1;
	if (lane->a == lane->b)
		lane->a ^= 2;
	return max_u(lane);
}

static uint64_t max_i_apart(struct vector_lane *lane)
{
	lane->a ^= 1;
	if (lane->a == lane->b)
		lane->a ^= 2;
	return max_i(lane);
}

#define APART "s_cmp_eq_u32 $a, $b\ns_cselect_b32 s20, 2, 0\ns_xor_b32 s21, $a, s20\n"

static void greatest(void **state)
{
	static const struct vector_row rows[] = {
		ROW_VCC("s_xor_b32 $a, $a, 1\n" APART "s_max_u32 $d, s21, $b", ON_ALL, U32, U32, NONE, U32,
			max_u_apart),
		ROW_VCC("s_xor_b32 $a, $a, 1\n" APART "s_max_i32 $d, s21, $b", ON_ALL, U32, U32, NONE, U32,
			max_i_apart),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- EXEC ---- */

/* What a row's first operand says of EXEC, which is all lanes before: @d becomes the old EXEC. */
static void exec_by_logic(void **state)
{
	static const struct {
		const char *text;
		uint64_t exec, d; /* afterwards, of EXEC 0xff00ff00ff00ff00 and s[0:1] 0x0ff00ff00ff00ff0 */
	} cases[] = {
		{"s_and_saveexec_b64 s[8:9], s[0:1]", 0x0f000f000f000f00, 0xff00ff00ff00ff00},
		{"s_or_saveexec_b64 s[8:9], s[0:1]", 0xfff0fff0fff0fff0, 0xff00ff00ff00ff00},
		{"s_xor_saveexec_b64 s[8:9], s[0:1]", 0xf0f0f0f0f0f0f0f0, 0xff00ff00ff00ff00},
		{"s_andn2_saveexec_b64 s[8:9], s[0:1]", 0x00f000f000f000f0, 0xff00ff00ff00ff00},
		{"s_orn2_saveexec_b64 s[8:9], s[0:1]", 0x0fff0fff0fff0fff, 0xff00ff00ff00ff00},
		{"s_nand_saveexec_b64 s[8:9], s[0:1]", 0xf0fff0fff0fff0ff, 0xff00ff00ff00ff00},
		{"s_nor_saveexec_b64 s[8:9], s[0:1]", 0x000f000f000f000f, 0xff00ff00ff00ff00},
		{"s_xnor_saveexec_b64 s[8:9], s[0:1]", 0x0f0f0f0f0f0f0f0f, 0xff00ff00ff00ff00},
		{"s_andn1_saveexec_b64 s[8:9], s[0:1]", 0xf000f000f000f000, 0xff00ff00ff00ff00},
		{"s_orn1_saveexec_b64 s[8:9], s[0:1]", 0xff0fff0fff0fff0f, 0xff00ff00ff00ff00},
		{"s_andn1_wrexec_b64 s[8:9], s[0:1]", 0xf000f000f000f000, 0xf000f000f000f000},
		{"s_andn2_wrexec_b64 s[8:9], s[0:1]", 0x00f000f000f000f0, 0x00f000f000f000f0},
		{"s_mov_b64 exec, s[0:1]", 0x0ff00ff00ff00ff0, 0x5c0909095c080808},
		{"s_and_saveexec_b32 s8, s0", 0xff00ff000f000f00, 0x5c090909ff00ff00},
		{"s_andn2_saveexec_b32 s8, s0", 0xff00ff0000f000f0, 0x5c090909ff00ff00},
	};
	static struct vector_program programs[sizeof(cases) / sizeof(cases[0]) * ISA_TARGETS];
	static struct vector_state wave;
	uint32_t used = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (uint32_t target = 0; target < ISA_TARGETS; target++, used++) {
			programs[used] =
				(struct vector_program){.target = (enum isa_target)target, .lanes = 64};
			strcpy(programs[used].text, cases[i].text);
		}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		const size_t number = i / ISA_TARGETS;
		uint64_t d;

		vector_reset(&wave, programs[i].target, 64);
		wave.exec = 0xff00ff00ff00ff00;
		wave.sgprs[0] = wave.sgprs[1] = 0x0ff00ff0;
		vector_execute(&programs[i], &wave);
		assert_int_equal(wave.fault.kind, ISA_FAULT_NONE);
		memcpy(&d, &wave.sgprs[8], sizeof(d));
		if (wave.exec != cases[number].exec || d != cases[number].d)
			fail_msg("%s on %s: EXEC %llx, result %llx", programs[i].text,
				 vector_processor(programs[i].target), (unsigned long long)wave.exec,
				 (unsigned long long)d);
		if (number < 12 && !wave.scc)
			fail_msg("%s on %s: SCC is 0", programs[i].text,
				 vector_processor(programs[i].target));
	}
}

/* ---- floats: since gfx11.5 ---- */

static uint64_t float_add(struct vector_lane *lane)
{
	return vector_float_bits(vector_float(lane->a) + vector_float(lane->b));
}

static uint64_t float_sub(struct vector_lane *lane)
{
	return vector_float_bits(vector_float(lane->a) - vector_float(lane->b));
}

static uint64_t float_mul(struct vector_lane *lane)
{
	return vector_float_bits(vector_float(lane->a) * vector_float(lane->b));
}

static uint64_t float_lt(struct vector_lane *lane)
{
	lane->out = vector_float(lane->a) < vector_float(lane->b);
	return lane->d;
}

static uint64_t float_nlt(struct vector_lane *lane)
{
	lane->out = !(vector_float(lane->a) < vector_float(lane->b));
	return lane->d;
}

static uint64_t float_of_i32(struct vector_lane *lane)
{
	return vector_float_bits((float)s32(lane->a));
}

static uint64_t float_of_u32(struct vector_lane *lane)
{
	return vector_float_bits((float)lane->a);
}

static void floats(void **state)
{
#define FLOATS (ON_GFX11_5 | ON_GFX12)
	static const struct vector_row rows[] = {
		ROW_SAME("s_add_f32 $d, $a, $b", FLOATS, F32, F32, NONE, F32, float_add, vector_same_f32),
		ROW_SAME("s_sub_f32 $d, $a, $b", FLOATS, F32, F32, NONE, F32, float_sub, vector_same_f32),
		ROW_SAME("s_mul_f32 $d, $a, $b", FLOATS, F32, F32, NONE, F32, float_mul, vector_same_f32),
		ROW_VCC("s_cmp_lt_f32 $a, $b", FLOATS, F32, F32, NONE, U32, float_lt),
		ROW_VCC("s_cmp_nlt_f32 $a, $b", FLOATS, F32, F32, NONE, U32, float_nlt),
		ROW("s_cvt_f32_i32 $d, $a", FLOATS, U32, NONE, NONE, F32, float_of_i32),
		ROW("s_cvt_f32_u32 $d, $a", FLOATS, U32, NONE, NONE, F32, float_of_u32),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_products), cmocka_unit_test(logic),
		cmocka_unit_test(shifts_and_fields), cmocka_unit_test(counts),
		cmocka_unit_test(comparisons),	     cmocka_unit_test(greatest),
		cmocka_unit_test(exec_by_logic),     cmocka_unit_test(floats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
