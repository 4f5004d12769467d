// SPDX-License-Identifier: MIT
/*
 * Integer instructions of the vector ALU against plain C, by the text of AMD's Instruction Set Architecture documents: corner values
 * against each other and random ones, on every generation, with waves of 32 and of 64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"

/* 16 bits: the upper half of the register stays. */
#define EXPECT_16(name, value) EXPECT(name, (d & 0xffff0000) | ((uint64_t)(value)&0xffff))

#define R32_1(text, targets, expect) ROW(text " $d, $a", targets, U32, NONE, NONE, U32, expect)
#define R32_2(text, targets, expect) ROW(text " $d, $a, $b", targets, U32, U32, NONE, U32, expect)
#define R32_S(text, targets, expect) ROW(text " $d, $a, $b", targets, SHIFT, U32, NONE, U32, expect)
#define R32_3(text, targets, expect) ROW(text " $d, $a, $b, $c", targets, U32, U32, U32, U32, expect)
#define R16_2(text, targets, expect) ROW(text " $d, $a, $b", targets, U16, U16, NONE, U32, expect)
#define R16_S(text, targets, expect) ROW(text " $d, $a, $b", targets, SHIFT, U16, NONE, U32, expect)
#define R16_3(text, targets, expect) ROW(text " $d, $a, $b, $c", targets, U16, U16, U16, U32, expect)

static int64_t s16(uint64_t value)
{
	return (int64_t)(value & 0xffff) - (value & 0x8000 ? 0x10000 : 0);
}

static int64_t s24(uint64_t value)
{
	return (int64_t)(value & 0xffffff) - (value & 0x800000 ? 0x1000000 : 0);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t middle(int64_t a, int64_t b, int64_t c)
{
	return most(least(a, b), least(most(a, b), c));
}

static uint64_t reversed(uint64_t value)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 32; i++)
		result |= (value >> i & 1) << (31 - i);
	return result;
}

static uint64_t ones(uint64_t value)
{
	uint64_t count = 0;

	for (; value; value >>= 1)
		count += value & 1;
	return count;
}

/* ---- sums, differences, products ---- */

EXPECT_32(add, a + b)
EXPECT_32(sub, a - b)
EXPECT_32(subrev, b - a)
EXPECT_32(add_up_to, a + b > UINT32_MAX ? UINT32_MAX : a + b)
EXPECT_32(sub_down_to, a < b ? 0 : a - b)
EXPECT_32(add_signed_within, within(s32(a) + s32(b), INT32_MIN, INT32_MAX))
EXPECT_32(sub_signed_within, within(s32(a) - s32(b), INT32_MIN, INT32_MAX))
EXPECT_32(add3, a + b + c)
EXPECT_32(lshl_add, (a << (b & 31)) + c)
EXPECT_32(add_lshl, (a + b) << (c & 31))
EXPECT_32(xad, (a ^ b) + c)
EXPECT_32(mul_lo, a *b)
EXPECT_32(mul_hi_u, (a * b) >> 32)
EXPECT_32(mul_hi_i, (s32(a) * s32(b)) >> 32)
EXPECT_32(mul_i24, s24(a) * s24(b))
EXPECT_32(mul_hi_i24, (s24(a) * s24(b)) >> 32)
EXPECT_32(mul_u24, (a & 0xffffff) * (b & 0xffffff))
EXPECT_32(mul_hi_u24, ((a & 0xffffff) * (b & 0xffffff)) >> 32)
EXPECT_32(mad_i24, s24(a) * s24(b) + (int64_t)c)
EXPECT_32(mad_u24, (a & 0xffffff) * (b & 0xffffff) + c)
EXPECT_32(mad_u32_u16, (a & 0xffff) * (b & 0xffff) + c)
EXPECT_32(mad_i32_i16, s16(a) * s16(b) + (int64_t)c)

static void sums_and_products(void **state)
{
	static const struct vector_row rows[] = {
		R32_2("v_add_nc_u32", ON_ALL, add),
		R32_2("v_add_nc_u32_e64", ON_ALL, add),
		ROW("v_add_nc_u32_e64 $d, $a, $b clamp", ON_ALL, U32, U32, NONE, U32, add_up_to),
		R32_2("v_sub_nc_u32", ON_ALL, sub),
		ROW("v_sub_nc_u32_e64 $d, $a, $b clamp", ON_ALL, U32, U32, NONE, U32, sub_down_to),
		R32_2("v_subrev_nc_u32", ON_ALL, subrev),
		R32_2("v_add_nc_i32", ON_ALL, add),
		ROW("v_add_nc_i32 $d, $a, $b clamp", ON_ALL, U32, U32, NONE, U32, add_signed_within),
		ROW("v_sub_nc_i32 $d, $a, $b clamp", ON_ALL, U32, U32, NONE, U32, sub_signed_within),
		R32_3("v_add3_u32", ON_ALL, add3),
		R32_3("v_lshl_add_u32", ON_ALL, lshl_add),
		R32_3("v_add_lshl_u32", ON_ALL, add_lshl),
		R32_3("v_xad_u32", ON_ALL, xad),
		R32_2("v_mul_lo_u32", ON_ALL, mul_lo),
		R32_2("v_mul_hi_u32", ON_ALL, mul_hi_u),
		R32_2("v_mul_hi_i32", ON_ALL, mul_hi_i),
		R32_2("v_mul_i32_i24", ON_ALL, mul_i24),
		R32_2("v_mul_hi_i32_i24", ON_ALL, mul_hi_i24),
		R32_2("v_mul_u32_u24", ON_ALL, mul_u24),
		R32_2("v_mul_hi_u32_u24", ON_ALL, mul_hi_u24),
		R32_3("v_mad_i32_i24", ON_ALL, mad_i24),
		R32_3("v_mad_u32_u24", ON_ALL, mad_u24),
		ROW("v_mad_u32_u16 $d, $a, $b, $c", ON_ALL, U32, U32, U32, U32, mad_u32_u16),
		ROW("v_mad_i32_i16 $d, $a, $b, $c", ON_ALL, U32, U32, U32, U32, mad_i32_i16),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

static uint64_t carried(struct vector_lane *lane, uint64_t sum)
{
	lane->out = sum >> 32 & 1;
	return (uint32_t)sum;
}

static uint64_t add_co(struct vector_lane *lane)
{
	return carried(lane, lane->a + lane->b);
}

static uint64_t sub_co(struct vector_lane *lane)
{
	return carried(lane, lane->a - lane->b);
}

static uint64_t subrev_co(struct vector_lane *lane)
{
	return carried(lane, lane->b - lane->a);
}

static uint64_t add_ci(struct vector_lane *lane)
{
	return carried(lane, lane->a + lane->b + lane->in);
}

static uint64_t sub_ci(struct vector_lane *lane)
{
	return carried(lane, lane->a - lane->b - lane->in);
}

static uint64_t subrev_ci(struct vector_lane *lane)
{
	return carried(lane, lane->b - lane->a - lane->in);
}

static uint64_t mad_u64_u32(struct vector_lane *lane)
{
	uint64_t sum;

	lane->out = __builtin_add_overflow(lane->a * lane->b, lane->c, &sum);
	return sum;
}

static uint64_t mad_i64_i32(struct vector_lane *lane)
{
	return (uint64_t)(s32(lane->a) * s32(lane->b)) + lane->c;
}

static void carries(void **state)
{
	static const struct vector_row rows[] = {
		ROW_VCC("v_add_co_u32 $d, $vcc, $a, $b", ON_ALL, U32, U32, NONE, U32, add_co),
		ROW_VCC("v_sub_co_u32 $d, $vcc, $a, $b", ON_ALL, U32, U32, NONE, U32, sub_co),
		ROW_VCC("v_subrev_co_u32 $d, $vcc, $a, $b", ON_ALL, U32, U32, NONE, U32, subrev_co),
		ROW_VCC("v_add_co_ci_u32 $d, $vcc, $a, $b, $vcc", ON_ALL, U32, U32, NONE, U32, add_ci),
		ROW_VCC("v_add_co_ci_u32_e64 $d, $vcc, $a, $b, $mask", ON_ALL, U32, U32, NONE, U32, add_ci),
		ROW_VCC("v_sub_co_ci_u32 $d, $vcc, $a, $b, $vcc", ON_ALL, U32, U32, NONE, U32, sub_ci),
		ROW_VCC("v_subrev_co_ci_u32_e64 $d, $vcc, $a, $b, $mask", ON_ALL, U32, U32, NONE, U32,
			subrev_ci),
		ROW_VCC("v_mad_u64_u32 $d, $vcc, $a, $b, $c", ON_ALL, U32, U32, U64, U64, mad_u64_u32),
		ROW("v_mad_i64_i32 $d, $vcc, $a, $b, $c", ON_ALL, U32, U32, U64, U64, mad_i64_i32),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

EXPECT_16(add_16, a + b)
EXPECT_16(sub_16, a - b)
EXPECT_16(mul_lo_16, (a & 0xffff) * (b & 0xffff))
EXPECT_16(mad_16, (a & 0xffff) * (b & 0xffff) + c)
EXPECT_16(add_up_to_16, a + b > 0xffff ? 0xffff : a + b)
EXPECT_16(add_signed_within_16, within(s16(a) + s16(b), -32768, 32767))
EXPECT_16(sub_signed_within_16, within(s16(a) - s16(b), -32768, 32767))
EXPECT_16(sub_down_to_16, a < b ? 0 : a - b)
EXPECT_16(shl_16, b << (a & 15))
EXPECT_16(shr_16, (b & 0xffff) >> (a & 15))
EXPECT_16(ashr_16, s16(b) >> (a & 15))
EXPECT_16(min_u16, least((int64_t)a, (int64_t)b))
EXPECT_16(max_u16, most((int64_t)a, (int64_t)b))
EXPECT_16(min_i16, least(s16(a), s16(b)))
EXPECT_16(max_i16, most(s16(a), s16(b)))
EXPECT_16(min3_u16, least(least((int64_t)a, (int64_t)b), (int64_t)c))
EXPECT_16(max3_u16, most(most((int64_t)a, (int64_t)b), (int64_t)c))
EXPECT_16(med3_u16, middle((int64_t)a, (int64_t)b, (int64_t)c))
EXPECT_16(min3_i16, least(least(s16(a), s16(b)), s16(c)))
EXPECT_16(max3_i16, most(most(s16(a), s16(b)), s16(c)))
EXPECT_16(med3_i16, middle(s16(a), s16(b), s16(c)))
EXPECT_16(and_16, a &b)
EXPECT_16(or_16, a | b)
EXPECT_16(xor_16, a ^ b)
EXPECT_16(not_16, ~a)

static void halves_of_registers(void **state)
{
	static const struct vector_row rows[] = {
		R16_2("v_add_nc_u16", ON_ALL, add_16),
		R16_2("v_sub_nc_u16", ON_ALL, sub_16),
		R16_2("v_add_nc_i16", ON_ALL, add_16),
		R16_2("v_sub_nc_i16", ON_ALL, sub_16),
		ROW("v_add_nc_u16 $d, $a, $b clamp", ON_ALL, U16, U16, NONE, U32, add_up_to_16),
		ROW("v_sub_nc_u16 $d, $a, $b clamp", ON_ALL, U16, U16, NONE, U32, sub_down_to_16),
		ROW("v_add_nc_i16 $d, $a, $b clamp", ON_ALL, U16, U16, NONE, U32, add_signed_within_16),
		ROW("v_sub_nc_i16 $d, $a, $b clamp", ON_ALL, U16, U16, NONE, U32, sub_signed_within_16),
		R16_2("v_mul_lo_u16", ON_ALL, mul_lo_16),
		R16_3("v_mad_u16", ON_ALL, mad_16),
		R16_3("v_mad_i16", ON_ALL, mad_16),
		R16_S("v_lshlrev_b16", ON_ALL, shl_16),
		R16_S("v_lshrrev_b16", ON_ALL, shr_16),
		R16_S("v_ashrrev_i16", ON_ALL, ashr_16),
		R16_2("v_min_u16", ON_ALL, min_u16),
		R16_2("v_max_u16", ON_ALL, max_u16),
		R16_2("v_min_i16", ON_ALL, min_i16),
		R16_2("v_max_i16", ON_ALL, max_i16),
		R16_3("v_min3_u16", ON_ALL, min3_u16),
		R16_3("v_max3_u16", ON_ALL, max3_u16),
		R16_3("v_med3_u16", ON_ALL, med3_u16),
		R16_3("v_min3_i16", ON_ALL, min3_i16),
		R16_3("v_max3_i16", ON_ALL, max3_i16),
		R16_3("v_med3_i16", ON_ALL, med3_i16),
		R16_2("v_and_b16", ON_GFX11 | ON_GFX12, and_16),
		R16_2("v_or_b16", ON_GFX11 | ON_GFX12, or_16),
		R16_2("v_xor_b16", ON_GFX11 | ON_GFX12, xor_16),
		ROW("v_not_b16 $d, $a", ON_GFX11 | ON_GFX12, U16, NONE, NONE, U32, not_16),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* op_sel: which halves are read, and which is written. */
EXPECT_16(add_of_upper_a, (a >> 16) + b)
EXPECT_16(mad_of_uppers, (a >> 16) * (b >> 16) + (c & 0xffff))
EXPECT(add_to_upper, (d & 0xffff) | ((a + b) & 0xffff) << 16)
EXPECT_32(mad_u32_u16_of_uppers, (a >> 16) * (b >> 16) + c)

static void halves_by_op_sel(void **state)
{
	static const struct vector_row rows[] = {
		ROW("v_add_nc_u16 $d, $a, $b op_sel:[1,0,0]", ON_ALL, U32, U32, NONE, U32, add_of_upper_a),
		ROW("v_add_nc_u16 $d, $a, $b op_sel:[0,0,1]", ON_ALL, U32, U32, NONE, U32, add_to_upper),
		ROW("v_mad_u16 $d, $a, $b, $c op_sel:[1,1,0,0]", ON_ALL, U32, U32, U32, U32, mad_of_uppers),
		ROW("v_mad_u32_u16 $d, $a, $b, $c op_sel:[1,1,0,0]", ON_ALL, U32, U32, U32, U32,
		    mad_u32_u16_of_uppers),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- bits ---- */

EXPECT_32(and_32, a &b)
EXPECT_32(or_32, a | b)
EXPECT_32(xor_32, a ^ b)
EXPECT_32(xnor_32, ~(a ^ b))
EXPECT_32(not_32, ~a)
EXPECT_32(and_or, (a & b) | c)
EXPECT_32(or3, a | b | c)
EXPECT_32(xor3, a ^ b ^ c)
EXPECT_32(lshl_or, a << (b & 31) | c)
EXPECT_32(shl, b << (a & 31))
EXPECT_32(shr, b >> (a & 31))
EXPECT_32(ashr, s32(b) >> (a & 31))
EXPECT(shl_64, b << (a & 63))
EXPECT(shr_64, b >> (a & 63))
EXPECT(ashr_64, (uint64_t)((int64_t)b >> (a & 63)))
EXPECT_32(bfe_u, c & 31 ? a >> (b & 31) & ((1ull << (c & 31)) - 1) : 0)
EXPECT_32(bfi, (a & b) | (~a & c))
EXPECT_32(bfm, ((1ull << (a & 31)) - 1) << (b & 31))
EXPECT_32(bfrev, reversed(a))
EXPECT_32(bcnt, ones(a) + b)
EXPECT_32(alignbit, (a << 32 | b) >> (c & 31))
EXPECT_32(alignbyte, (a << 32 | b) >> 8 * (c & 3))

static uint64_t bfe_i(struct vector_lane *lane)
{
	unsigned offset = lane->b & 31, width = lane->c & 31;
	uint64_t field;

	if (!width)
		return 0;
	/* what is beyond the word is its sign */
	field = (uint64_t)(s32(lane->a) >> offset) & ((1ull << width) - 1);
	if (field >> (width - 1) & 1)
		field |= ~0ull << width;
	return (uint32_t)field;
}

static uint64_t clz(struct vector_lane *lane)
{
	for (unsigned i = 0; i < 32; i++)
		if (lane->a >> (31 - i) & 1)
			return i;
	return UINT32_MAX;
}

static uint64_t ctz(struct vector_lane *lane)
{
	for (unsigned i = 0; i < 32; i++)
		if (lane->a >> i & 1)
			return i;
	return UINT32_MAX;
}

static uint64_t cls(struct vector_lane *lane)
{
	for (unsigned i = 1; i < 32; i++)
		if ((lane->a >> (31 - i) & 1) != (lane->a >> 31 & 1))
			return i;
	return UINT32_MAX;
}

/* Bytes 0 to 3 are b's, 4 to 7 a's; then signs, zero and ones. */
static uint64_t perm(struct vector_lane *lane)
{
	uint64_t both = lane->a << 32 | lane->b, result = 0, byte;

	for (unsigned i = 0; i < 4; i++) {
		unsigned select = lane->c >> (8 * i) & 0xff;

		if (select >= 13)
			byte = 0xff;
		else if (select == 12)
			byte = 0;
		else if (select >= 8)
			byte = both >> (16 * (select - 8) + 15) & 1 ? 0xff : 0;
		else
			byte = both >> (8 * select) & 0xff;
		result |= byte << (8 * i);
	}
	return result;
}

static void bits(void **state)
{
	static const struct vector_row rows[] = {
		R32_2("v_and_b32", ON_ALL, and_32),
		R32_2("v_or_b32", ON_ALL, or_32),
		R32_2("v_xor_b32", ON_ALL, xor_32),
		R32_2("v_xnor_b32", ON_ALL, xnor_32),
		R32_1("v_not_b32", ON_ALL, not_32),
		R32_3("v_and_or_b32", ON_ALL, and_or),
		R32_3("v_or3_b32", ON_ALL, or3),
		R32_3("v_xor3_b32", ON_ALL, xor3),
		R32_3("v_lshl_or_b32", ON_ALL, lshl_or),
		R32_S("v_lshlrev_b32", ON_ALL, shl),
		R32_S("v_lshrrev_b32", ON_ALL, shr),
		R32_S("v_ashrrev_i32", ON_ALL, ashr),
		ROW("v_lshlrev_b64 $d, $a, $b", ON_ALL, SHIFT, U64, NONE, U64, shl_64),
		ROW("v_lshrrev_b64 $d, $a, $b", ON_ALL, SHIFT, U64, NONE, U64, shr_64),
		ROW("v_ashrrev_i64 $d, $a, $b", ON_ALL, SHIFT, U64, NONE, U64, ashr_64),
		ROW("v_bfe_u32 $d, $a, $b, $c", ON_ALL, U32, SHIFT, SHIFT, U32, bfe_u),
		ROW("v_bfe_i32 $d, $a, $b, $c", ON_ALL, U32, SHIFT, SHIFT, U32, bfe_i),
		R32_3("v_bfi_b32", ON_ALL, bfi),
		ROW("v_bfm_b32 $d, $a, $b", ON_ALL, SHIFT, SHIFT, NONE, U32, bfm),
		R32_1("v_bfrev_b32", ON_ALL, bfrev),
		R32_1("v_ffbh_u32", ON_ALL, clz),
		R32_1("v_ffbl_b32", ON_ALL, ctz),
		R32_1("v_ffbh_i32", ON_ALL, cls),
		R32_2("v_bcnt_u32_b32", ON_ALL, bcnt),
		ROW("v_alignbit_b32 $d, $a, $b, $c", ON_ALL, U32, U32, SHIFT, U32, alignbit),
		ROW("v_alignbyte_b32 $d, $a, $b, $c", ON_ALL, U32, U32, SHIFT, U32, alignbyte),
		R32_3("v_perm_b32", ON_ALL, perm),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* Selectors that are all there, which random words are seldom. */
static uint64_t perm_of_few(struct vector_lane *lane)
{
	struct vector_lane few = *lane;

	few.c = lane->c & 0x0f0f0f0f;
	return perm(&few);
}

static void every_selector_of_perm(void **state)
{
	static const struct vector_row rows[] = {
		ROW("v_and_b32 $c, 0x0f0f0f0f, $c\nv_perm_b32 $d, $a, $b, $c", ON_ALL, U32, U32, U32, U32,
		    perm_of_few),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- the least and the most ---- */

EXPECT_32(min_u, least((int64_t)a, (int64_t)b))
EXPECT_32(max_u, most((int64_t)a, (int64_t)b))
EXPECT_32(min_i, least(s32(a), s32(b)))
EXPECT_32(max_i, most(s32(a), s32(b)))
EXPECT_32(min3_u, least(least((int64_t)a, (int64_t)b), (int64_t)c))
EXPECT_32(max3_u, most(most((int64_t)a, (int64_t)b), (int64_t)c))
EXPECT_32(med3_u, middle((int64_t)a, (int64_t)b, (int64_t)c))
EXPECT_32(min3_i, least(least(s32(a), s32(b)), s32(c)))
EXPECT_32(max3_i, most(most(s32(a), s32(b)), s32(c)))
EXPECT_32(med3_i, middle(s32(a), s32(b), s32(c)))
EXPECT_32(maxmin_u, least(most((int64_t)a, (int64_t)b), (int64_t)c))
EXPECT_32(minmax_u, most(least((int64_t)a, (int64_t)b), (int64_t)c))
EXPECT_32(maxmin_i, least(most(s32(a), s32(b)), s32(c)))
EXPECT_32(minmax_i, most(least(s32(a), s32(b)), s32(c)))

static void least_and_most(void **state)
{
	static const struct vector_row rows[] = {
		R32_2("v_min_u32", ON_ALL, min_u),
		R32_2("v_max_u32", ON_ALL, max_u),
		R32_2("v_min_i32", ON_ALL, min_i),
		R32_2("v_max_i32", ON_ALL, max_i),
		R32_3("v_min3_u32", ON_ALL, min3_u),
		R32_3("v_max3_u32", ON_ALL, max3_u),
		R32_3("v_med3_u32", ON_ALL, med3_u),
		R32_3("v_min3_i32", ON_ALL, min3_i),
		R32_3("v_max3_i32", ON_ALL, max3_i),
		R32_3("v_med3_i32", ON_ALL, med3_i),
		R32_3("v_maxmin_u32", ON_GFX11 | ON_GFX12, maxmin_u),
		R32_3("v_minmax_u32", ON_GFX11 | ON_GFX12, minmax_u),
		R32_3("v_maxmin_i32", ON_GFX11 | ON_GFX12, maxmin_i),
		R32_3("v_minmax_i32", ON_GFX11 | ON_GFX12, minmax_i),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- bytes ---- */

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static uint64_t sad_of_bytes(uint64_t a, uint64_t b)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 32; i += 8)
		sum += distance(a >> i & 0xff, b >> i & 0xff);
	return sum;
}

/* Bytes of the reference that are 0 do not count. */
static uint64_t masked_sad_of_bytes(uint64_t a, uint64_t reference)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < 32; i += 8)
		if (reference >> i & 0xff)
			sum += distance(a >> i & 0xff, reference >> i & 0xff);
	return sum;
}

EXPECT_32(sad_u8, sad_of_bytes(a, b) + c)
EXPECT_32(sad_hi_u8, (sad_of_bytes(a, b) << 16) + c)
EXPECT_32(sad_u16, distance(a & 0xffff, b & 0xffff) + distance(a >> 16, b >> 16) + c)
EXPECT_32(sad_u32, distance(a, b) + c)
EXPECT_32(msad_u8, masked_sad_of_bytes(a, b) + c)

static uint64_t qsad_pk(struct vector_lane *lane)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 4; i++)
		result |= ((sad_of_bytes(lane->a >> (8 * i), lane->b) + (lane->c >> (16 * i))) & 0xffff)
			  << (16 * i);
	return result;
}

static uint64_t lerp_u8(struct vector_lane *lane)
{
	uint64_t result = 0;

	for (unsigned i = 0; i < 32; i += 8)
		result |= (((lane->a >> i & 0xff) + (lane->b >> i & 0xff) + (lane->c >> i & 1)) >> 1) << i;
	return result;
}

static uint64_t sat_pk_u8_i16(struct vector_lane *lane)
{
	uint64_t low = (uint64_t)within(s16(lane->a), 0, 255),
		 high = (uint64_t)within(s16(lane->a >> 16), 0, 255);

	return (lane->d & 0xffff0000) | high << 8 | low;
}

static void bytes(void **state)
{
	static const struct vector_row rows[] = {
		R32_3("v_sad_u8", ON_ALL, sad_u8),
		R32_3("v_sad_hi_u8", ON_ALL, sad_hi_u8),
		R32_3("v_sad_u16", ON_ALL, sad_u16),
		R32_3("v_sad_u32", ON_ALL, sad_u32),
		R32_3("v_msad_u8", ON_ALL, msad_u8),
		R32_3("v_lerp_u8", ON_ALL, lerp_u8),
		ROW("v_qsad_pk_u16_u8 $d, $a, $b, $c", ON_ALL, U64, U32, U64, U64, qsad_pk),
		ROW("v_sat_pk_u8_i16 $d, $a", ON_ALL, PAIR_U16, NONE, NONE, U32, sat_pk_u8_i16),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- two in a register ---- */

#define LOW(x)	((x)&0xffff)
#define HIGH(x) ((x) >> 16 & 0xffff)
#define EXPECT_PAIR(name, function)                                    \
	EXPECT(name, LOW((uint64_t)function(LOW(a), LOW(b), LOW(c))) | \
			     LOW((uint64_t)function(HIGH(a), HIGH(b), HIGH(c))) << 16)

#define HALF(name, value)                                       \
	static int64_t name(uint64_t a, uint64_t b, uint64_t c) \
	{                                                       \
		(void)a, (void)b, (void)c;                      \
		return (int64_t)(value);                        \
	}

HALF(half_add, a + b)
HALF(half_sub, a - b)
HALF(half_add_within, within(s16(a) + s16(b), -32768, 32767))
HALF(half_sub_down_to, a < b ? 0 : a - b)
HALF(half_mul, a *b)
HALF(half_mad, a *b + c)
HALF(half_shl, b << (a & 15))
HALF(half_shr, b >> (a & 15))
HALF(half_ashr, s16(b) >> (a & 15))
HALF(half_min_i, least(s16(a), s16(b)))
HALF(half_max_i, most(s16(a), s16(b)))
HALF(half_min_u, least((int64_t)a, (int64_t)b))
HALF(half_max_u, most((int64_t)a, (int64_t)b))
EXPECT_PAIR(pk_add, half_add)
EXPECT_PAIR(pk_sub, half_sub)
EXPECT_PAIR(pk_add_within, half_add_within)
EXPECT_PAIR(pk_sub_down_to, half_sub_down_to)
EXPECT_PAIR(pk_mul, half_mul)
EXPECT_PAIR(pk_mad, half_mad)
EXPECT_PAIR(pk_shl, half_shl)
EXPECT_PAIR(pk_shr, half_shr)
EXPECT_PAIR(pk_ashr, half_ashr)
EXPECT_PAIR(pk_min_i, half_min_i)
EXPECT_PAIR(pk_max_i, half_max_i)
EXPECT_PAIR(pk_min_u, half_min_u)
EXPECT_PAIR(pk_max_u, half_max_u)
/* op_sel:[1,0] op_sel_hi:[0,1]: halves of a crossed */
EXPECT(pk_add_crossed, LOW(HIGH(a) + LOW(b)) | LOW(LOW(a) + HIGH(b)) << 16)

static void pairs(void **state)
{
#define PAIR_2(text, expect) ROW(text, ON_ALL, PAIR_U16, PAIR_U16, NONE, U32, expect)
	static const struct vector_row rows[] = {
		PAIR_2("v_pk_add_u16 $d, $a, $b", pk_add),
		PAIR_2("v_pk_add_i16 $d, $a, $b", pk_add),
		PAIR_2("v_pk_sub_u16 $d, $a, $b", pk_sub),
		PAIR_2("v_pk_sub_i16 $d, $a, $b", pk_sub),
		PAIR_2("v_pk_add_i16 $d, $a, $b clamp", pk_add_within),
		PAIR_2("v_pk_sub_u16 $d, $a, $b clamp", pk_sub_down_to),
		PAIR_2("v_pk_mul_lo_u16 $d, $a, $b", pk_mul),
		PAIR_2("v_pk_lshlrev_b16 $d, $a, $b", pk_shl),
		PAIR_2("v_pk_lshrrev_b16 $d, $a, $b", pk_shr),
		PAIR_2("v_pk_ashrrev_i16 $d, $a, $b", pk_ashr),
		PAIR_2("v_pk_min_i16 $d, $a, $b", pk_min_i),
		PAIR_2("v_pk_max_i16 $d, $a, $b", pk_max_i),
		PAIR_2("v_pk_min_u16 $d, $a, $b", pk_min_u),
		PAIR_2("v_pk_max_u16 $d, $a, $b", pk_max_u),
		PAIR_2("v_pk_add_u16 $d, $a, $b op_sel:[1,0] op_sel_hi:[0,1]", pk_add_crossed),
		ROW("v_pk_mad_u16 $d, $a, $b, $c", ON_ALL, PAIR_U16, PAIR_U16, PAIR_U16, U32, pk_mad),
		ROW("v_pk_mad_i16 $d, $a, $b, $c", ON_ALL, PAIR_U16, PAIR_U16, PAIR_U16, U32, pk_mad),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_products),
		cmocka_unit_test(carries),
		cmocka_unit_test(halves_of_registers),
		cmocka_unit_test(halves_by_op_sel),
		cmocka_unit_test(bits),
		cmocka_unit_test(every_selector_of_perm),
		cmocka_unit_test(least_and_most),
		cmocka_unit_test(bytes),
		cmocka_unit_test(pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
