// SPDX-License-Identifier: MIT
/*
 * Where buffers end, by AMD's Instruction Set Architecture documents: loads beyond are 0 and stores are dropped; and scalar loads, of
 * every size, from memory and from buffers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_memory_cases.h"
#include "isa_memory_resource.h"

#define BASE 0x800u

/* ---- vector accesses ---- */

#define BUFFER(name, stride_, records_, bounds_)                                                    \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target)        \
	{                                                                                           \
		const struct memory_resource resource = {                                           \
			.target = target,                                                           \
			.base = VECTOR_MEMORY + BASE,                                               \
			.stride = stride_,                                                          \
			.records = records_,                                                        \
			.bounds = bounds_,                                                          \
		};                                                                                  \
                                                                                                    \
		memory_put_resource(state, 8, &resource);                                           \
		for (uint32_t i = 0; i < lanes; i++) {                                              \
			state->vgprs[0][i] = i;				   /* index */              \
			state->vgprs[1][i] = i % 8 * 4;			   /* offset in a record */ \
			state->vgprs[2][i] = i == 7 ? 0xfffffff0 : i * 16; /* offset in bytes */    \
		}                                                                                   \
	}

BUFFER(raw, 0, 20 * 16, MEMORY_BOUNDS_RAW)
BUFFER(structured, 16, 20, MEMORY_BOUNDS_STRUCTURED)
BUFFER(indexed, 16, 20, MEMORY_BOUNDS_INDEX)
BUFFER(unchecked, 16, 20, MEMORY_BOUNDS_NONE)
BUFFER(empty, 16, 0, MEMORY_BOUNDS_NONE)

typedef bool inside(const struct vector_state *state, uint32_t lane);

static bool raw_inside(const struct vector_state *state, uint32_t lane)
{
	return state->vgprs[2][lane] < 20 * 16;
}

static bool structured_inside(const struct vector_state *state, uint32_t lane)
{
	return state->vgprs[0][lane] < 20 && state->vgprs[1][lane] < 16;
}

static bool index_inside(const struct vector_state *state, uint32_t lane)
{
	return state->vgprs[0][lane] < 20;
}

static bool always_inside(const struct vector_state *state, uint32_t lane)
{
	(void)state, (void)lane;
	return true;
}

static bool never_inside(const struct vector_state *state, uint32_t lane)
{
	(void)state, (void)lane;
	return false;
}

static uint32_t raw_at(const struct vector_state *state, uint32_t lane)
{
	return BASE + state->vgprs[2][lane];
}

static uint32_t record_at(const struct vector_state *state, uint32_t lane)
{
	return BASE + state->vgprs[0][lane] * 16 + state->vgprs[1][lane];
}

#define BOUNDED(name, is_inside, at)                                                                 \
	static void load_##name(struct vector_state *state, uint32_t lanes, enum isa_target target)  \
	{                                                                                            \
		(void)target;                                                                        \
		EACH_LANE(lane)                                                                      \
		state->vgprs[12][lane] =                                                             \
			is_inside(state, lane) ? memory_word(state->memory, at(state, lane)) : 0;    \
	}                                                                                            \
	static void store_##name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                            \
		(void)target;                                                                        \
		EACH_LANE(lane)                                                                      \
		if (is_inside(state, lane))                                                          \
			memory_put_word(state->memory, at(state, lane), state->vgprs[4][lane]);      \
	}                                                                                            \
	static void swap_##name(struct vector_state *state, uint32_t lanes, enum isa_target target)  \
	{                                                                                            \
		(void)target;                                                                        \
		EACH_LANE(lane)                                                                      \
		{                                                                                    \
			const uint32_t value = state->vgprs[4][lane];                                \
                                                                                                     \
			state->vgprs[4][lane] = 0;                                                   \
			if (!is_inside(state, lane))                                                 \
				continue;                                                            \
			state->vgprs[4][lane] = memory_word(state->memory, at(state, lane));         \
			memory_put_word(state->memory, at(state, lane), value);                      \
		}                                                                                    \
	}

BOUNDED(raw, raw_inside, raw_at)
BOUNDED(structured, structured_inside, record_at)
BOUNDED(indexed, index_inside, record_at)
BOUNDED(unchecked, always_inside, record_at)
BOUNDED(empty, never_inside, record_at)

/* Words of one access are looked at one by one: the last lanes inside have some of them. */
static void load_words_raw(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	for (uint32_t i = 0; i < 4; i++) {
		const uint32_t at = state->vgprs[2][lane] + 8 + 4 * i;

		state->vgprs[12 + i][lane] =
			lane != 7 && at < 20 * 16 ? memory_word(state->memory, BASE + at) : 0;
	}
}

#define RECORDS(name)                                                                                   \
	CASE_OF("buffer_load_dword v12, v[0:1], s[8:11], null idxen offen", ON_ALL, name, load_##name), \
		CASE_OF("buffer_store_dword v4, v[0:1], s[8:11], null idxen offen", ON_ALL, name,       \
			store_##name)

static void buffers_end(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("buffer_load_dword v12, v2, s[8:11], null offen", ON_ALL, raw, load_raw),
		CASE_OF("buffer_load_dwordx4 v[12:15], v2, s[8:11], null offen offset:8", ON_ALL, raw,
			load_words_raw),
		CASE_OF("buffer_store_dword v4, v2, s[8:11], null offen", ON_ALL, raw, store_raw),
		CASE_OF("buffer_atomic_swap v4, v2, s[8:11], null offen glc", ON_OLD, raw, swap_raw),
		CASE_OF("buffer_atomic_swap v4, v2, s[8:11], null offen th:TH_ATOMIC_RETURN", ON_GFX12, raw,
			swap_raw),
		CASE_OF("buffer_atomic_swap v4, v[0:1], s[8:11], null idxen offen glc", ON_OLD, structured,
			swap_structured),
		CASE_OF("buffer_atomic_swap v4, v[0:1], s[8:11], null idxen offen th:TH_ATOMIC_RETURN",
			ON_GFX12, structured, swap_structured),
		RECORDS(structured),
		RECORDS(indexed),
		RECORDS(unchecked),
		RECORDS(empty),
	};

	(void)state, (void)swap_indexed, (void)swap_unchecked, (void)swap_empty;
	MEMORY_CHECK_CASES(cases);
}

/* ---- loads that end in LDS ---- */

/* A lane's own place behind M0; the offset counts on both sides. */
static void to_lds(struct vector_state *state, uint32_t lanes, uint32_t bytes, bool sign)
{
	EACH_LANE(lane)
	{
		uint32_t word = 0;

		memcpy(&word, state->memory + BASE + 16 * lane + 16, bytes);
		if (sign && word >> (8 * bytes - 1) & 1)
			word |= UINT32_MAX << (8 * bytes);
		memory_put_word(state->lds, 0x40 + 16 + 4 * lane, word);
	}
}

#define TO_LDS(name, bytes, sign)                                                            \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		(void)target;                                                                \
		to_lds(state, lanes, bytes, sign);                                           \
	}

TO_LDS(word_to_lds, 4, false)
TO_LDS(byte_to_lds, 1, false)
TO_LDS(signed_byte_to_lds, 1, true)
TO_LDS(short_to_lds, 2, false)
TO_LDS(signed_short_to_lds, 2, true)

static void raw_words(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = {
		.target = target,
		.base = VECTOR_MEMORY + BASE,
		.records = 0x1000,
		.bounds = MEMORY_BOUNDS_RAW,
	};

	memory_put_resource(state, 8, &resource);
	state->m0 = 0x40;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = 16 * i;
}

static void loads_may_end_in_lds(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("buffer_load_dword v0, s[8:11], null offen offset:16 lds", ON_GFX10, raw_words,
			word_to_lds),
		CASE_OF("buffer_load_ubyte v0, s[8:11], null offen offset:16 lds", ON_GFX10, raw_words,
			byte_to_lds),
		CASE_OF("buffer_load_sbyte v0, s[8:11], null offen offset:16 lds", ON_GFX10, raw_words,
			signed_byte_to_lds),
		CASE_OF("buffer_load_ushort v0, s[8:11], null offen offset:16 lds", ON_GFX10, raw_words,
			short_to_lds),
		CASE_OF("buffer_load_sshort v0, s[8:11], null offen offset:16 lds", ON_GFX10, raw_words,
			signed_short_to_lds),
		CASE_OF("buffer_load_format_x v0, s[8:11], null offen offset:16 lds", ON_GFX10, raw_words,
			word_to_lds),
		CASE_OF("buffer_load_lds_b32 v0, s[8:11], null offen offset:16", ON_GFX11, raw_words,
			word_to_lds),
		CASE_OF("buffer_load_lds_u8 v0, s[8:11], null offen offset:16", ON_GFX11, raw_words,
			byte_to_lds),
		CASE_OF("buffer_load_lds_i8 v0, s[8:11], null offen offset:16", ON_GFX11, raw_words,
			signed_byte_to_lds),
		CASE_OF("buffer_load_lds_u16 v0, s[8:11], null offen offset:16", ON_GFX11, raw_words,
			short_to_lds),
		CASE_OF("buffer_load_lds_i16 v0, s[8:11], null offen offset:16", ON_GFX11, raw_words,
			signed_short_to_lds),
		CASE_OF("buffer_load_lds_format_x v0, s[8:11], null offen offset:16", ON_GFX11, raw_words,
			word_to_lds),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- scalar loads ---- */

static void with_base(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = {
		.target = target,
		.base = VECTOR_MEMORY + BASE,
		.stride = 16,
		.records = 32,
		.bounds = MEMORY_BOUNDS_STRUCTURED,
	};
	struct memory_resource bytes = resource;

	(void)lanes;
	bytes.stride = 0;
	bytes.records = 256;
	memory_put_resource(state, 8, &resource);
	memory_put_resource(state, 12, &bytes);
	state->sgprs[0] = (uint32_t)(VECTOR_MEMORY + BASE);
	state->sgprs[1] = 0;
	state->sgprs[4] = 0x24;
	state->m0 = 0x34;
}

static void scalar(struct vector_state *state, uint32_t at, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		state->sgprs[20 + i] = memory_word(state->memory, BASE + at + 4 * i);
}

#define SCALAR(name, at, words)                                                              \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		(void)lanes, (void)target;                                                   \
		scalar(state, at, words);                                                    \
	}
#define SCALAR_PART(name, at, type)                                                          \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		type value;                                                                  \
                                                                                             \
		(void)lanes, (void)target;                                                   \
		memcpy(&value, state->memory + BASE + (at), sizeof(value));                  \
		state->sgprs[20] = (uint32_t)value;                                          \
	}

SCALAR(one_at_16, 16, 1)
SCALAR(two_at_16, 16, 2)
SCALAR(three_at_16, 16, 3)
SCALAR(four_at_16, 16, 4)
SCALAR(eight_at_16, 16, 8)
SCALAR(sixteen_at_16, 16, 16)
SCALAR(two_before, -32u, 2)
SCALAR(two_at_register, 0x24, 2)
SCALAR(two_at_both, 0x24 + 16, 2)
SCALAR(two_at_m0, 0x34, 2)
SCALAR_PART(signed_byte, 19, int8_t)
SCALAR_PART(unsigned_byte, 19, uint8_t)
SCALAR_PART(signed_short, 18, int16_t)
SCALAR_PART(unsigned_short, 18, uint16_t)

static void two_zeros(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->sgprs[20] = state->sgprs[21] = 0;
}

static void scalars_from_memory(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("s_load_dword s20, s[0:1], 0x10", ON_ALL, with_base, one_at_16),
		CASE_OF("s_load_dwordx2 s[20:21], s[0:1], 0x10", ON_ALL, with_base, two_at_16),
		CASE_OF("s_load_dwordx4 s[20:23], s[0:1], 0x10", ON_ALL, with_base, four_at_16),
		CASE_OF("s_load_dwordx8 s[20:27], s[0:1], 0x10", ON_ALL, with_base, eight_at_16),
		CASE_OF("s_load_dwordx16 s[20:35], s[0:1], 0x10", ON_ALL, with_base, sixteen_at_16),
		CASE_OF("s_load_b96 s[20:22], s[0:1], 0x10", ON_GFX12, with_base, three_at_16),
		CASE_OF("s_load_i8 s20, s[0:1], 0x13", ON_GFX12, with_base, signed_byte),
		CASE_OF("s_load_u8 s20, s[0:1], 0x13", ON_GFX12, with_base, unsigned_byte),
		CASE_OF("s_load_i16 s20, s[0:1], 0x12", ON_GFX12, with_base, signed_short),
		CASE_OF("s_load_u16 s20, s[0:1], 0x12", ON_GFX12, with_base, unsigned_short),
		CASE_OF("s_load_dwordx2 s[20:21], s[0:1], -0x20", ON_ALL, with_base, two_before),
		CASE_OF("s_load_dwordx2 s[20:21], s[0:1], s4 offset:0", ON_ALL, with_base, two_at_register),
		CASE_OF("s_load_dwordx2 s[20:21], s[0:1], s4 offset:0x10", ON_ALL, with_base, two_at_both),
		CASE_OF("s_load_dwordx2 s[20:21], s[0:1], m0 offset:0", ON_ALL, with_base, two_at_m0),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

static void scalars_from_buffers(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("s_buffer_load_dword s20, s[8:11], 0x10", ON_ALL, with_base, one_at_16),
		CASE_OF("s_buffer_load_dwordx2 s[20:21], s[8:11], 0x10", ON_ALL, with_base, two_at_16),
		CASE_OF("s_buffer_load_dwordx4 s[20:23], s[8:11], 0x10", ON_ALL, with_base, four_at_16),
		CASE_OF("s_buffer_load_dwordx8 s[20:27], s[8:11], 0x10", ON_ALL, with_base, eight_at_16),
		CASE_OF("s_buffer_load_dwordx16 s[20:35], s[8:11], 0x10", ON_ALL, with_base, sixteen_at_16),
		CASE_OF("s_buffer_load_b96 s[20:22], s[8:11], 0x10", ON_GFX12, with_base, three_at_16),
		CASE_OF("s_buffer_load_i8 s20, s[8:11], 0x13", ON_GFX12, with_base, signed_byte),
		CASE_OF("s_buffer_load_u8 s20, s[8:11], 0x13", ON_GFX12, with_base, unsigned_byte),
		CASE_OF("s_buffer_load_i16 s20, s[8:11], 0x12", ON_GFX12, with_base, signed_short),
		CASE_OF("s_buffer_load_u16 s20, s[8:11], 0x12", ON_GFX12, with_base, unsigned_short),
		CASE_OF("s_buffer_load_dwordx2 s[20:21], s[8:11], s4 offset:0", ON_ALL, with_base,
			two_at_register),
		CASE_OF("s_buffer_load_dwordx2 s[20:21], s[8:11], s4 offset:0x10", ON_ALL, with_base,
			two_at_both),
		CASE_OF("s_buffer_load_dwordx2 s[20:21], s[12:15], 0x10", ON_ALL, with_base, two_at_16),
		/* 32 records of 16 bytes, and 256 bytes */
		CASE_OF("s_buffer_load_dwordx2 s[20:21], s[8:11], 0x200", ON_ALL, with_base, two_zeros),
		CASE_OF("s_buffer_load_dwordx2 s[20:21], s[12:15], 0x100", ON_ALL, with_base, two_zeros),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

static void no_memory(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	with_base(state, lanes, target);
	state->sgprs[0] = 0x700000;
}

static void scalar_fault(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->fault.kind = ISA_FAULT_PAGE;
	state->fault.access = ISA_READ;
	state->fault.va = 0x700010;
	state->fault.lane = UINT32_MAX;
}

static void scalars_go_astray(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("s_load_dword s20, s[0:1], 0x10", ON_ALL, no_memory, scalar_fault),
		CASE_OF("s_load_dwordx8 s[20:27], s[0:1], 0x10", ON_ALL, no_memory, scalar_fault),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffers_end),	       cmocka_unit_test(loads_may_end_in_lds),
		cmocka_unit_test(scalars_from_memory), cmocka_unit_test(scalars_from_buffers),
		cmocka_unit_test(scalars_go_astray),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
