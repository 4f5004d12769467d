// SPDX-License-Identifier: MIT
/* DS instructions, by AMD's Instruction Set Architecture documents: LDS in every size, its atomics, and the exchanges between lanes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_memory_cases.h"
#include "isa_memory_rows.h"

#define SLOTS 0x200u
#define SLOT  32u

/* ---- loads, stores and atomics ---- */

static uint8_t *in_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	(void)lanes;
	return state->lds + SLOTS + SLOT * memory_slot(lane) + offset;
}

static uint8_t *beside_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	return in_slot(state, lane, lanes, offset + 1);
}

static void by_address(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	/* nothing of M0 counts */
	state->m0 = 0x12345678;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = SLOTS + SLOT * memory_slot(i);
}

static void by_address_before(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = SLOTS + SLOT * memory_slot(i) - 16;
}

static void by_address_beside(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = SLOTS + SLOT * memory_slot(i) + 1;
}

static const struct memory_way ways[] = {
	{
		.targets = ON_ALL,
		.load = "ds_$n $r, v0",
		.store = "ds_$n v0, $s",
		.prepare = by_address,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "ds_$n $r, v0 offset:16",
		.store = "ds_$n v0, $s offset:16",
		.prepare = by_address_before,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "ds_$n $r, v0",
		.store = "ds_$n v0, $s",
		.prepare = by_address_beside,
		.place = beside_slot,
	},
};

static const struct memory_row loads_and_stores[] = {
	LOAD("read_u8", 1),
	LOAD_SIGNED("read_i8", 1),
	LOAD("read_u16", 2),
	LOAD_SIGNED("read_i16", 2),
	LOAD("read_b32", 4),
	LOAD("read_b64", 8),
	LOAD("read_b96", 12),
	LOAD("read_b128", 16),
	LOAD_HALF("read_u8_d16", 1, false, false),
	LOAD_HALF("read_u8_d16_hi", 1, false, true),
	LOAD_HALF("read_i8_d16", 1, true, false),
	LOAD_HALF("read_i8_d16_hi", 1, true, true),
	LOAD_HALF("read_u16_d16", 2, false, false),
	LOAD_HALF("read_u16_d16_hi", 2, false, true),
	STORE("write_b8", 1),
	STORE_HIGH("write_b8_d16_hi", 1),
	STORE("write_b16", 2),
	STORE_HIGH("write_b16_d16_hi", 2),
	STORE("write_b32", 4),
	STORE("write_b64", 8),
	STORE("write_b96", 12),
	STORE("write_b128", 16),
};

static void loads_and_stores_of_all_sizes(void **state)
{
	(void)state;
	MEMORY_CHECK(loads_and_stores, ways);
}

/* "add", "u32": ds_add_u32 and ds_add_rtn_u32; with an offset and without. */
static uint8_t *in_slot_or_behind(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	return in_slot(state, lane, lanes, offset + 16);
}

#define DS_WAYS(type)                                                                                  \
	{                                                                                              \
		{.targets = ON_ALL,                                                                    \
		 .atomic = "ds_$n_" type " v0, $s",                                                    \
		 .returning = "ds_$n_rtn_" type " $r, v0, $s",                                         \
		 .prepare = by_address,                                                                \
		 .place = in_slot},                                                                    \
		{                                                                                      \
			.targets = ON_ALL, .atomic = "ds_$n_" type " v0, $s offset:16",                \
			.returning = "ds_$n_rtn_" type " $r, v0, $s offset:16", .prepare = by_address, \
			.place = in_slot_or_behind                                                     \
		}                                                                                      \
	}
#define DS_WAYS_TWO(type)                                                                                  \
	{                                                                                                  \
		{.targets = ON_ALL,                                                                        \
		 .atomic = "ds_$n_" type " v0, $s, $t",                                                    \
		 .returning = "ds_$n_rtn_" type " $r, v0, $s, $t",                                         \
		 .prepare = by_address,                                                                    \
		 .place = in_slot},                                                                        \
		{                                                                                          \
			.targets = ON_ALL, .atomic = "ds_$n_" type " v0, $s, $t offset:16",                \
			.returning = "ds_$n_rtn_" type " $r, v0, $s, $t offset:16", .prepare = by_address, \
			.place = in_slot_or_behind                                                         \
		}                                                                                          \
	}

static const struct memory_way u32_ways[] = DS_WAYS("u32"), i32_ways[] = DS_WAYS("i32"),
			       b32_ways[] = DS_WAYS("b32"), f32_ways[] = DS_WAYS("f32"),
			       u64_ways[] = DS_WAYS("u64"), i64_ways[] = DS_WAYS("i64"),
			       b64_ways[] = DS_WAYS("b64"), f64_ways[] = DS_WAYS("f64"),
			       f16_ways[] = DS_WAYS("f16"), bf16_ways[] = DS_WAYS("bf16"),
			       b32_two_ways[] = DS_WAYS_TWO("b32"), b64_two_ways[] = DS_WAYS_TWO("b64"),
			       f32_two_ways[] = DS_WAYS_TWO("f32"), f64_two_ways[] = DS_WAYS_TWO("f64");

static uint64_t wrap(uint64_t old, uint64_t data, uint64_t other)
{
	return old >= data ? old - data : old + other;
}

static uint64_t mskor(uint64_t old, uint64_t data, uint64_t other)
{
	return (old & ~data) | other;
}

static uint64_t condxchg32(uint64_t old, uint64_t data, uint64_t other)
{
	(void)other;
	if (data >> 31 & 1)
		old = (old & 0xffffffff00000000) | (data & 0x7fffffff);
	if (data >> 63)
		old = (old & 0xffffffff) | (data & 0x7fffffff00000000);
	return old;
}

#define RETURNS(name_, targets_, bytes_, modify_, values_, two_)                                     \
	{                                                                                            \
		.name = name_, .targets = targets_, .kind = MEMORY_ATOMIC, .bytes = (bytes_),        \
		.modify = modify_, .values = MEMORY_##values_, .two = (two_), .always_returns = true \
	}
/* What is compared comes first before gfx11. */
#define COMPARES(name_, targets_, bytes_, modify_, values_)                                   \
	{                                                                                     \
		.name = name_, .targets = targets_, .kind = MEMORY_ATOMIC, .bytes = (bytes_), \
		.modify = modify_, .values = MEMORY_##values_, .two = true,                   \
		.other_first = (targets_) == ON_GFX10                                         \
	}

static void words_are_changed(void **state)
{
	static const struct memory_row u32_rows[] = {
		ATOMIC("add", ON_ALL, 4, memory_add, WORDS),
		ATOMIC("sub", ON_ALL, 4, memory_sub, WORDS),
		ATOMIC("rsub", ON_ALL, 4, memory_rsub, WORDS),
		ATOMIC("inc", ON_ALL, 4, memory_inc, SMALL),
		ATOMIC("dec", ON_ALL, 4, memory_dec, SMALL),
		ATOMIC("min", ON_ALL, 4, memory_umin, WORDS),
		ATOMIC("max", ON_ALL, 4, memory_umax, WORDS),
		ATOMIC("cond_sub", ON_GFX12, 4, memory_cond_sub, SMALL),
		ATOMIC("sub_clamp", ON_GFX12, 4, memory_sub_clamp, SMALL),
	};
	static const struct memory_row i32_rows[] = {
		ATOMIC("min", ON_ALL, 4, memory_smin, WORDS),
		ATOMIC("max", ON_ALL, 4, memory_smax, WORDS),
	};
	static const struct memory_row b32_rows[] = {
		ATOMIC("and", ON_ALL, 4, memory_and, WORDS),
		ATOMIC("or", ON_ALL, 4, memory_or, WORDS),
		ATOMIC("xor", ON_ALL, 4, memory_xor, WORDS),
		RETURNS("wrxchg", ON_GFX10, 4, memory_swap, WORDS, false),
		RETURNS("storexchg", ON_NEW, 4, memory_swap, WORDS, false),
	};
	static const struct memory_row b32_two_rows[] = {
		ATOMIC_TWO("mskor", ON_ALL, 4, mskor, WORDS),
		COMPARES("cmpst", ON_GFX10, 4, memory_cmpswap, WORDS),
		COMPARES("cmpstore", ON_NEW, 4, memory_cmpswap, WORDS),
		RETURNS("wrap", ON_OLD, 4, wrap, SMALL, true),
	};

	(void)state;
	MEMORY_CHECK(u32_rows, u32_ways);
	MEMORY_CHECK(i32_rows, i32_ways);
	MEMORY_CHECK(b32_rows, b32_ways);
	MEMORY_CHECK(b32_two_rows, b32_two_ways);
}

static void pairs_of_words_are_changed(void **state)
{
	static const struct memory_row u64_rows[] = {
		ATOMIC("add", ON_ALL, 8, memory_add, WORDS),   ATOMIC("sub", ON_ALL, 8, memory_sub, WORDS),
		ATOMIC("rsub", ON_ALL, 8, memory_rsub, WORDS), ATOMIC("inc", ON_ALL, 8, memory_inc, SMALL),
		ATOMIC("dec", ON_ALL, 8, memory_dec, SMALL),   ATOMIC("min", ON_ALL, 8, memory_umin, WORDS),
		ATOMIC("max", ON_ALL, 8, memory_umax, WORDS),
	};
	static const struct memory_row i64_rows[] = {
		ATOMIC("min", ON_ALL, 8, memory_smin_x2, WORDS),
		ATOMIC("max", ON_ALL, 8, memory_smax_x2, WORDS),
	};
	static const struct memory_row b64_rows[] = {
		ATOMIC("and", ON_ALL, 8, memory_and, WORDS),
		ATOMIC("or", ON_ALL, 8, memory_or, WORDS),
		ATOMIC("xor", ON_ALL, 8, memory_xor, WORDS),
		RETURNS("wrxchg", ON_GFX10, 8, memory_swap, WORDS, false),
		RETURNS("storexchg", ON_NEW, 8, memory_swap, WORDS, false),
		RETURNS("condxchg32", ON_ALL, 8, condxchg32, WORDS, false),
	};
	static const struct memory_row b64_two_rows[] = {
		ATOMIC_TWO("mskor", ON_ALL, 8, mskor, WORDS),
		COMPARES("cmpst", ON_GFX10, 8, memory_cmpswap, WORDS),
		COMPARES("cmpstore", ON_NEW, 8, memory_cmpswap, WORDS),
	};

	(void)state;
	MEMORY_CHECK(u64_rows, u64_ways);
	MEMORY_CHECK(i64_rows, i64_ways);
	MEMORY_CHECK(b64_rows, b64_ways);
	MEMORY_CHECK(b64_two_rows, b64_two_ways);
}

static void floats_are_changed(void **state)
{
	static const struct memory_row f32_rows[] = {
		ATOMIC("add", ON_ALL, 4, memory_fadd, FLOATS),
		ATOMIC("min", ON_OLD, 4, memory_fmin, FLOATS),
		ATOMIC("max", ON_OLD, 4, memory_fmax, FLOATS),
		ATOMIC("min_num", ON_GFX12, 4, memory_fmin, FLOATS),
		ATOMIC("max_num", ON_GFX12, 4, memory_fmax, FLOATS),
	};
	static const struct memory_row f64_rows[] = {
		ATOMIC("min", ON_OLD, 8, memory_fmin_x2, FLOATS),
		ATOMIC("max", ON_OLD, 8, memory_fmax_x2, FLOATS),
		ATOMIC("min_num", ON_GFX12, 8, memory_fmin_x2, FLOATS),
		ATOMIC("max_num", ON_GFX12, 8, memory_fmax_x2, FLOATS),
	};
	static const struct memory_row f16_rows[] = {
		ATOMIC("pk_add", ON_GFX12, 4, memory_pk_add_f16, HALVES),
	};
	static const struct memory_row bf16_rows[] = {
		ATOMIC("pk_add", ON_GFX12, 4, memory_pk_add_bf16, BF16),
	};
	static const struct memory_row f32_two_rows[] = {
		COMPARES("cmpst", ON_GFX10, 4, memory_fcmpswap, FLOATS),
		COMPARES("cmpstore", ON_GFX11, 4, memory_fcmpswap, FLOATS),
	};
	static const struct memory_row f64_two_rows[] = {
		COMPARES("cmpst", ON_GFX10, 8, memory_fcmpswap_x2, FLOATS),
		COMPARES("cmpstore", ON_GFX11, 8, memory_fcmpswap_x2, FLOATS),
	};

	(void)state;
	MEMORY_CHECK(f32_rows, f32_ways);
	MEMORY_CHECK(f64_rows, f64_ways);
	MEMORY_CHECK(f16_rows, f16_ways);
	MEMORY_CHECK(bf16_rows, bf16_ways);
	MEMORY_CHECK(f32_two_rows, f32_two_ways);
	MEMORY_CHECK(f64_two_rows, f64_two_ways);
}

/* ---- others: each with a function that says what a wave has afterwards ---- */

static void by_slots(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = 16 * memory_slot(i);
	/* lanes and a few bytes, for exchanges */
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[1][i] = (uint32_t)vector_mix(i) % 70 * 4 + i % 4 + (i == 9 ? 0x1000 : 0);
	state->m0 = 0x80;
}

#define CASE(text, name) CASE_OF(text, ON_ALL, by_slots, name)

/* ---- two at once ---- */

static void read2(struct vector_state *state, uint32_t lanes, uint32_t words, uint32_t first, uint32_t second)
{
	EACH_LANE(lane)
	for (uint32_t i = 0; i < words; i++) {
		const uint32_t at = state->vgprs[0][lane] + 4 * i;

		state->vgprs[8 + i][lane] = memory_word(state->lds, at + first);
		state->vgprs[8 + words + i][lane] = memory_word(state->lds, at + second);
	}
}

static void write2(struct vector_state *state, uint32_t lanes, uint32_t words, uint32_t first,
		   uint32_t second)
{
	EACH_LANE(lane)
	for (uint32_t i = 0; i < words; i++) {
		const uint32_t at = state->vgprs[0][lane] + 4 * i;

		memory_put_word(state->lds, at + first, state->vgprs[4 + i][lane]);
		memory_put_word(state->lds, at + second, state->vgprs[6 + i][lane]);
	}
}

static void exchange2(struct vector_state *state, uint32_t lanes, uint32_t words, uint32_t first,
		      uint32_t second)
{
	read2(state, lanes, words, first, second);
	write2(state, lanes, words, first, second);
}

#define TWO(name, function, words, first, second)                                            \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		(void)target;                                                                \
		function(state, lanes, words, first, second);                                \
	}

TWO(read2_b32, read2, 1, 8, 1000)
TWO(read2_b64, read2, 2, 8, 2000)
TWO(read2st64_b32, read2, 1, 256, 1280)
TWO(read2st64_b64, read2, 2, 512, 1536)
TWO(write2_b32, write2, 1, 8, 1020)
TWO(write2_b64, write2, 2, 0, 2040)
TWO(write2st64_b32, write2, 1, 256, 1280)
TWO(write2st64_b64, write2, 2, 0, 1024)
TWO(exchange2_b32, exchange2, 1, 8, 1020)
TWO(exchange2_b64, exchange2, 2, 0, 2040)
TWO(exchange2st64_b32, exchange2, 1, 256, 1280)
TWO(exchange2st64_b64, exchange2, 2, 0, 1024)

static void two_addresses(void **state)
{
	static const struct memory_case cases[] = {
		CASE("ds_read2_b32 v[8:9], v0 offset0:2 offset1:250", read2_b32),
		CASE("ds_read2_b64 v[8:11], v0 offset0:1 offset1:250", read2_b64),
		CASE("ds_read2st64_b32 v[8:9], v0 offset0:1 offset1:5", read2st64_b32),
		CASE("ds_read2st64_b64 v[8:11], v0 offset0:1 offset1:3", read2st64_b64),
		CASE("ds_write2_b32 v0, v4, v6 offset0:2 offset1:255", write2_b32),
		CASE("ds_write2_b64 v0, v[4:5], v[6:7] offset0:0 offset1:255", write2_b64),
		CASE("ds_write2st64_b32 v0, v4, v6 offset0:1 offset1:5", write2st64_b32),
		CASE("ds_write2st64_b64 v0, v[4:5], v[6:7] offset0:0 offset1:2", write2st64_b64),
		CASE("ds_wrxchg2_rtn_b32 v[8:9], v0, v4, v6 offset0:2 offset1:255", exchange2_b32),
		CASE("ds_wrxchg2_rtn_b64 v[8:11], v0, v[4:5], v[6:7] offset0:0 offset1:255", exchange2_b64),
		CASE("ds_wrxchg2st64_rtn_b32 v[8:9], v0, v4, v6 offset0:1 offset1:5", exchange2st64_b32),
		CASE("ds_wrxchg2st64_rtn_b64 v[8:11], v0, v[4:5], v[6:7] offset0:0 offset1:2",
		     exchange2st64_b64),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- addresses by M0 ---- */

static void read_addtid(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	state->vgprs[8][lane] = memory_word(state->lds, 0x80 + 12 + 4 * lane);
}

static void write_addtid(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	memory_put_word(state->lds, 0x80 + 12 + 4 * lane, state->vgprs[4][lane]);
}

static uint32_t lanes_in(uint64_t exec)
{
	uint32_t count = 0;

	for (; exec; exec &= exec - 1)
		count++;
	return count;
}

/* LLVM puts the whole address into M0. */
static void append(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const uint32_t old = memory_word(state->lds, 0x80 + 8);

	(void)target;
	EACH_LANE(lane)
	state->vgprs[8][lane] = old;
	memory_put_word(state->lds, 0x80 + 8, old + lanes_in(state->exec));
}

static void consume(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const uint32_t old = memory_word(state->lds, 0x80 + 8);

	(void)target;
	EACH_LANE(lane)
	state->vgprs[8][lane] = old;
	memory_put_word(state->lds, 0x80 + 8, old - lanes_in(state->exec));
}

static void nothing(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)state, (void)lanes, (void)target;
}

static void addresses_by_m0(void **state)
{
	static const struct memory_case cases[] = {
		CASE("ds_read_addtid_b32 v8 offset:12", read_addtid),
		CASE("ds_write_addtid_b32 v4 offset:12", write_addtid),
		CASE("ds_append v8 offset:8", append),
		CASE("ds_consume v8 offset:8", consume),
		CASE("ds_nop", nothing),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- exchanges between lanes ---- */

/* Whose value @lane gets; of a lane that is off it is 0. */
static void from_lanes(struct vector_state *state, uint32_t lanes, uint32_t (*whose)(uint32_t lane))
{
	uint32_t result[ISA_LANES];

	for (uint32_t i = 0; i < lanes; i++)
		result[i] = state->exec >> whose(i) & 1 ? state->vgprs[4][whose(i)] : 0;
	EACH_LANE(lane)
	state->vgprs[8][lane] = result[lane];
}

static uint32_t quad_2103(uint32_t lane)
{
	static const uint32_t order[] = {2, 1, 0, 3};

	return (lane & ~3u) + order[lane & 3];
}

/* "swizzle(BITMASK_PERM, "01pi0")": bits set, cleared, kept, inverted and cleared */
static uint32_t masked(uint32_t lane)
{
	return (lane & ~31u) | ((((lane & 0x06) | 0x08) ^ 0x02) & 31);
}

static uint32_t reversed_8(uint32_t lane)
{
	return lane ^ 7;
}

static uint32_t broadcast_5_of_16(uint32_t lane)
{
	return (lane & ~15u) + 5;
}

static uint32_t rotated_3(uint32_t lane)
{
	return (lane & ~31u) + ((lane + 3) & 31);
}

static uint32_t rotated_back_2_of_8(uint32_t lane)
{
	return (lane & ~7u) + ((lane - 2) & 7);
}

/* FFT: the five bits of the lane in reverse order, shifted by as many as the mask has, which are kept. */
static uint32_t transformed(uint32_t lane)
{
	uint32_t reverse = 0;

	for (uint32_t i = 0; i < 5; i++)
		reverse |= (lane >> i & 1) << (4 - i);
	return (lane & 32) | reverse;
}

static uint32_t transformed_3(uint32_t lane)
{
	return (lane & 32) | ((transformed(lane) & 31) >> 2) | (lane & 3);
}

#define SWIZZLE(name)                                                                                  \
	static void swizzle_##name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                              \
		(void)target;                                                                          \
		from_lanes(state, lanes, name);                                                        \
	}

SWIZZLE(quad_2103)
SWIZZLE(masked)
SWIZZLE(reversed_8)
SWIZZLE(broadcast_5_of_16)
SWIZZLE(rotated_3)
SWIZZLE(rotated_back_2_of_8)
SWIZZLE(transformed)
SWIZZLE(transformed_3)

static void lanes_are_swizzled(void **state)
{
	static const struct memory_case cases[] = {
		CASE("ds_swizzle_b32 v8, v4 offset:swizzle(QUAD_PERM, 2,1,0,3)", swizzle_quad_2103),
		CASE("ds_swizzle_b32 v8, v4 offset:swizzle(BITMASK_PERM, \"01pi0\")", swizzle_masked),
		CASE("ds_swizzle_b32 v8, v4 offset:swizzle(REVERSE, 8)", swizzle_reversed_8),
		CASE("ds_swizzle_b32 v8, v4 offset:swizzle(BROADCAST, 16, 5)", swizzle_broadcast_5_of_16),
		CASE("ds_swizzle_b32 v8, v4 offset:0xc060", swizzle_rotated_3),
		CASE("ds_swizzle_b32 v8, v4 offset:0xc458", swizzle_rotated_back_2_of_8),
		CASE("ds_swizzle_b32 v8, v4 offset:0xe000", swizzle_transformed),
		CASE("ds_swizzle_b32 v8, v4 offset:0xe003", swizzle_transformed_3),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/*
 * Within halves of a wave of 64, but for gfx12 (LLVM: supportsWaveWideBPERMUTE).  The address is a lane's number times 4, of which the
 * lowest bits do not count and what is too large wraps.
 */
static uint32_t addressed(const struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset,
			  enum isa_target target)
{
	const uint32_t number = (state->vgprs[1][lane] + offset) / 4;

	if (target == ISA_GFX12)
		return number % lanes;
	return number % 32 + (lane & 32);
}

static void push(struct vector_state *state, uint32_t lanes, uint32_t offset, enum isa_target target)
{
	uint32_t result[ISA_LANES] = {0};

	EACH_LANE(lane)
	result[addressed(state, lane, lanes, offset, target)] = state->vgprs[4][lane];
	EACH_LANE(lane)
	state->vgprs[8][lane] = result[lane];
}

static void pull(struct vector_state *state, uint32_t lanes, uint32_t offset, enum isa_target target)
{
	uint32_t result[ISA_LANES] = {0};

	for (uint32_t i = 0; i < lanes; i++) {
		const uint32_t from = addressed(state, i, lanes, offset, target);

		result[i] = state->exec >> from & 1 ? state->vgprs[4][from] : 0;
	}
	EACH_LANE(lane)
	state->vgprs[8][lane] = result[lane];
}

static void permute(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	push(state, lanes, 0, target);
}

static void permute_12(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	push(state, lanes, 12, target);
}

static void bpermute(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	pull(state, lanes, 0, target);
}

static void bpermute_12(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	pull(state, lanes, 12, target);
}

static void lanes_are_permuted(void **state)
{
	static const struct memory_case cases[] = {
		CASE("ds_permute_b32 v8, v1, v4", permute),
		CASE("ds_permute_b32 v8, v1, v4 offset:12", permute_12),
		CASE("ds_bpermute_b32 v8, v1, v4", bpermute),
		CASE("ds_bpermute_b32 v8, v1, v4 offset:12", bpermute_12),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_stores_of_all_sizes),
		cmocka_unit_test(words_are_changed),
		cmocka_unit_test(pairs_of_words_are_changed),
		cmocka_unit_test(floats_are_changed),
		cmocka_unit_test(two_addresses),
		cmocka_unit_test(addresses_by_m0),
		cmocka_unit_test(lanes_are_swizzled),
		cmocka_unit_test(lanes_are_permuted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
