// SPDX-License-Identifier: MIT
/*
 * What memory instructions have in common: where they fault and who is to blame, for whom their accesses must be coherent, what cache
 * instructions ask for; and those that name addresses in a way of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_memory_cases.h"

#define BASE 0x800u

/* ---- faults ---- */

/* Lanes 9 and 20 are the only ones that go astray. */
static void put_addresses(struct vector_state *state, uint32_t lanes, uint64_t good, uint64_t bad)
{
	for (uint32_t i = 0; i < lanes; i++)
		memory_put_pair(state, 0, i, i == 9 || i == 20 ? bad : good + 16 * i);
}

/* Nothing if these lanes are off. */
static void blame(struct vector_state *state, enum isa_fault_kind kind, enum isa_access access, uint64_t va)
{
	if (!(state->exec & (1u << 9 | 1u << 20)))
		return;
	state->fault.kind = kind;
	state->fault.access = access;
	state->fault.va = va;
	state->fault.lane = state->exec >> 9 & 1 ? 9 : 20;
}

#define FAULT(name, good, bad, kind, access, va)                                                       \
	static void prepare_##name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                              \
		(void)target;                                                                          \
		put_addresses(state, lanes, good, bad);                                                \
	}                                                                                              \
	static void expect_##name(struct vector_state *state, uint32_t lanes, enum isa_target target)  \
	{                                                                                              \
		(void)target, (void)lanes;                                                             \
		blame(state, kind, access, va);                                                        \
	}

#define GOOD	(VECTOR_MEMORY + BASE)
#define UNKNOWN (VECTOR_MEMORY + 0x500000)
#define SHARED	((uint64_t)ISA_SHARED_APERTURE << 32)
#define PRIVATE ((uint64_t)ISA_PRIVATE_APERTURE << 32)

FAULT(unknown_read, GOOD, UNKNOWN, ISA_FAULT_PAGE, ISA_READ, UNKNOWN + 16)
FAULT(unknown_write, GOOD, UNKNOWN, ISA_FAULT_PAGE, ISA_WRITE, UNKNOWN + 16)
FAULT(unknown_atomic, GOOD, UNKNOWN, ISA_FAULT_PAGE, ISA_ATOMIC, UNKNOWN + 16)
FAULT(misaligned, GOOD, GOOD + 2, ISA_FAULT_ALIGNMENT, ISA_ATOMIC, GOOD + 2 + 16)
FAULT(misaligned_pair, GOOD, GOOD + 4, ISA_FAULT_ALIGNMENT, ISA_ATOMIC, GOOD + 4 + 16)
FAULT(misaligned_shared, SHARED, SHARED + 2, ISA_FAULT_ALIGNMENT, ISA_ATOMIC, SHARED + 2 + 16)
FAULT(beyond_shared, SHARED, SHARED + VECTOR_LDS, ISA_FAULT_LDS, ISA_READ, SHARED + VECTOR_LDS + 16)
FAULT(private_atomic, GOOD, PRIVATE, ISA_FAULT_APERTURE, ISA_ATOMIC, PRIVATE + 16)
FAULT(beyond_lds_read, 0, VECTOR_LDS - 16, ISA_FAULT_LDS, ISA_READ, VECTOR_LDS)
FAULT(beyond_lds_write, 0, VECTOR_LDS - 16, ISA_FAULT_LDS, ISA_WRITE, VECTOR_LDS)
FAULT(beyond_lds_atomic, 0, VECTOR_LDS - 16, ISA_FAULT_LDS, ISA_ATOMIC, VECTOR_LDS)
FAULT(misaligned_lds, 0, 3, ISA_FAULT_ALIGNMENT, ISA_ATOMIC, 3 + 16)

/* Scratch ends with what the wave has. */
#define SCRATCH_LANE 64u

static void beyond_scratch(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	state->flat_scratch = GOOD;
	state->scratch_wave_bytes = SCRATCH_LANE * lanes;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = i == 9 || i == 20 ? SCRATCH_LANE - 3 - 16 : SCRATCH_LANE - 4 - 16;
}

static void beyond_private(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	beyond_scratch(state, lanes, target);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[1][i] = ISA_PRIVATE_APERTURE;
}

static void expect_beyond_scratch(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	blame(state, ISA_FAULT_APERTURE, ISA_WRITE, PRIVATE + SCRATCH_LANE - 3);
}

static void accesses_that_go_astray_stop_the_wave(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("global_load_ubyte v8, v[0:1], off offset:16", ON_ALL, prepare_unknown_read,
			expect_unknown_read),
		CASE_OF("global_load_dwordx4 v[8:11], v[0:1], off offset:16", ON_ALL, prepare_unknown_read,
			expect_unknown_read),
		CASE_OF("flat_load_dword v8, v[0:1] offset:16", ON_ALL, prepare_unknown_read,
			expect_unknown_read),
		CASE_OF("global_store_dword v[0:1], v4, off offset:16", ON_ALL, prepare_unknown_write,
			expect_unknown_write),
		CASE_OF("flat_store_byte v[0:1], v4 offset:16", ON_ALL, prepare_unknown_write,
			expect_unknown_write),
		CASE_OF("global_atomic_add v[0:1], v4, off offset:16", ON_ALL, prepare_unknown_atomic,
			expect_unknown_atomic),
		CASE_OF("flat_atomic_add_x2 v[0:1], v[4:5] offset:16", ON_ALL, prepare_unknown_atomic,
			expect_unknown_atomic),
		CASE_OF("global_atomic_add v[0:1], v4, off offset:16", ON_ALL, prepare_misaligned,
			expect_misaligned),
		CASE_OF("flat_atomic_add v[0:1], v4 offset:16", ON_ALL, prepare_misaligned,
			expect_misaligned),
		CASE_OF("global_atomic_add_x2 v[0:1], v[4:5], off offset:16", ON_ALL, prepare_misaligned_pair,
			expect_misaligned_pair),
		CASE_OF("flat_atomic_add v[0:1], v4 offset:16", ON_ALL, prepare_misaligned_shared,
			expect_misaligned_shared),
		CASE_OF("flat_load_dword v8, v[0:1] offset:16", ON_ALL, prepare_beyond_shared,
			expect_beyond_shared),
		CASE_OF("flat_atomic_add v[0:1], v4 offset:16", ON_ALL, prepare_private_atomic,
			expect_private_atomic),
		CASE_OF("scratch_store_dword v0, v4, off offset:16", ON_ALL, beyond_scratch,
			expect_beyond_scratch),
		CASE_OF("flat_store_dword v[0:1], v4 offset:16", ON_ALL, beyond_private,
			expect_beyond_scratch),
		CASE_OF("ds_read_b32 v8, v0 offset:16", ON_ALL, prepare_beyond_lds_read,
			expect_beyond_lds_read),
		CASE_OF("ds_read_u8 v8, v0 offset:16", ON_ALL, prepare_beyond_lds_read,
			expect_beyond_lds_read),
		CASE_OF("ds_write_b128 v0, v[4:7] offset:16", ON_ALL, prepare_beyond_lds_write,
			expect_beyond_lds_write),
		CASE_OF("ds_add_u32 v0, v4 offset:16", ON_ALL, prepare_beyond_lds_atomic,
			expect_beyond_lds_atomic),
		CASE_OF("ds_add_u32 v0, v4 offset:16", ON_ALL, prepare_misaligned_lds, expect_misaligned_lds),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ... but not for lanes that are off. */
static void without_astray(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	prepare_unknown_read(state, lanes, target);
	state->exec &= ~(1ull << 9 | 1ull << 20);
}

static void load_word(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	state->vgprs[8][lane] = memory_word(state->memory, BASE + 16 * lane + 16);
}

static void store_word(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	memory_put_word(state->memory, BASE + 16 * lane + 16, state->vgprs[4][lane]);
}

static void add_word(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	{
		const uint32_t at = BASE + 16 * lane + 16;

		memory_put_word(state->memory, at, memory_word(state->memory, at) + state->vgprs[4][lane]);
	}
}

static void lanes_that_are_off_go_nowhere(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("global_load_dword v8, v[0:1], off offset:16", ON_ALL, without_astray, load_word),
		CASE_OF("flat_load_dword v8, v[0:1] offset:16", ON_ALL, without_astray, load_word),
		CASE_OF("global_store_dword v[0:1], v4, off offset:16", ON_ALL, without_astray, store_word),
		CASE_OF("flat_store_dword v[0:1], v4 offset:16", ON_ALL, without_astray, store_word),
		CASE_OF("global_atomic_add v[0:1], v4, off offset:16", ON_ALL, without_astray, add_word),
		CASE_OF("flat_atomic_add v[0:1], v4 offset:16", ON_ALL, without_astray, add_word),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- all lanes at one address ---- */

static void at_one_address(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++) {
		memory_put_pair(state, 0, i, GOOD);
		state->vgprs[2][i] = BASE;
	}
}

static void sum_of_lanes(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	memory_put_word(state->memory, BASE, memory_word(state->memory, BASE) + state->vgprs[4][lane]);
}

static void sum_in_lds(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	memory_put_word(state->lds, BASE, memory_word(state->lds, BASE) + state->vgprs[4][lane]);
}

static void most_of_lanes(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	if (state->vgprs[4][lane] > memory_word(state->memory, BASE))
		memory_put_word(state->memory, BASE, state->vgprs[4][lane]);
}

static void lanes_do_not_lose_what_others_did(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("global_atomic_add v[0:1], v4, off", ON_ALL, at_one_address, sum_of_lanes),
		CASE_OF("flat_atomic_add v[0:1], v4", ON_ALL, at_one_address, sum_of_lanes),
		CASE_OF("global_atomic_umax v[0:1], v4, off", ON_ALL, at_one_address, most_of_lanes),
		CASE_OF("ds_add_u32 v2, v4", ON_ALL, at_one_address, sum_in_lds),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- coherence (LLVM AMDGPU usage: memory model) ---- */

static void at_slots(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++) {
		memory_put_pair(state, 0, i, GOOD + 16 * i);
		state->vgprs[2][i] = 16 * i + 16;
	}
	state->sgprs[0] = (uint32_t)GOOD;
	state->sgprs[1] = 0;
	/* a buffer: raw, 32 bits */
	state->sgprs[8] = (uint32_t)GOOD;
	state->sgprs[9] = 0;
	state->sgprs[10] = 0x2000;
	state->sgprs[11] = 20u << 12 | 0xfac | 3u << 28 | (target == ISA_GFX10_3 ? 1u << 24 : 0);
}

#define SCOPE(name, change, value)                                                           \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		change(state, lanes, target);                                                \
		state->scope = value;                                                        \
	}

static void loads_scalar(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target, (void)lanes;
	state->sgprs[20] = memory_word(state->memory, BASE + 16);
}

SCOPE(load_for_unit, load_word, ISA_SCOPE_UNIT)
SCOPE(load_for_array, load_word, ISA_SCOPE_ARRAY)
SCOPE(load_for_device, load_word, ISA_SCOPE_DEVICE)
SCOPE(load_for_system, load_word, ISA_SCOPE_SYSTEM)
SCOPE(store_for_device, store_word, ISA_SCOPE_DEVICE)
SCOPE(store_for_system, store_word, ISA_SCOPE_SYSTEM)
SCOPE(add_for_device, add_word, ISA_SCOPE_DEVICE)
SCOPE(add_for_system, add_word, ISA_SCOPE_SYSTEM)
SCOPE(scalar_for_unit, loads_scalar, ISA_SCOPE_UNIT)
SCOPE(scalar_for_device, loads_scalar, ISA_SCOPE_DEVICE)
SCOPE(scalar_for_system, loads_scalar, ISA_SCOPE_SYSTEM)

#define REACHES(text_, targets_, expect_)                                                                   \
	{                                                                                                   \
		.text = text_, .targets = targets_, .prepare = at_slots, .expect = expect_, .reaches = true \
	}

static void accesses_reach_as_far_as_they_say(void **state)
{
	static const struct memory_case cases[] = {
		REACHES("global_load_dword v8, v[0:1], off offset:16", ON_ALL, load_for_unit),
		REACHES("flat_load_dword v8, v[0:1] offset:16", ON_ALL, load_for_unit),
		REACHES("buffer_load_dword v8, v2, s[8:11], null offen", ON_ALL, load_for_unit),
		/* gfx10.3: glc passes the cache of the unit by, dlc that of the array */
		REACHES("global_load_dword v8, v[0:1], off offset:16 glc", ON_GFX10, load_for_array),
		REACHES("global_load_dword v8, v[0:1], off offset:16 glc dlc", ON_GFX10, load_for_device),
		REACHES("flat_load_dword v8, v[0:1] offset:16 glc dlc", ON_GFX10, load_for_device),
		REACHES("buffer_load_dword v8, v2, s[8:11], null offen glc dlc", ON_GFX10, load_for_device),
		REACHES("global_load_dword v8, v[0:1], off offset:16 slc", ON_OLD, load_for_unit),
		/* gfx11: glc both; dlc is of the memory-side cache */
		REACHES("global_load_dword v8, v[0:1], off offset:16 glc", ON_GFX11, load_for_device),
		REACHES("flat_load_dword v8, v[0:1] offset:16 glc", ON_GFX11, load_for_device),
		REACHES("buffer_load_dword v8, v2, s[8:11], null offen glc", ON_GFX11, load_for_device),
		REACHES("global_load_dword v8, v[0:1], off offset:16 dlc", ON_GFX11, load_for_unit),
		REACHES("global_load_dword v8, v[0:1], off offset:16 scope:SCOPE_SE", ON_GFX12,
			load_for_array),
		REACHES("global_load_dword v8, v[0:1], off offset:16 scope:SCOPE_DEV", ON_GFX12,
			load_for_device),
		REACHES("flat_load_dword v8, v[0:1] offset:16 scope:SCOPE_SYS", ON_GFX12, load_for_system),
		REACHES("buffer_load_dword v8, v2, s[8:11], null offen scope:SCOPE_DEV", ON_GFX12,
			load_for_device),
		REACHES("global_store_dword v[0:1], v4, off offset:16 scope:SCOPE_DEV", ON_GFX12,
			store_for_device),
		REACHES("global_store_dword v[0:1], v4, off offset:16 scope:SCOPE_SYS", ON_GFX12,
			store_for_system),
		REACHES("global_atomic_add v[0:1], v4, off offset:16", ON_OLD, add_for_device),
		REACHES("global_atomic_add v[0:1], v4, off offset:16 scope:SCOPE_DEV", ON_GFX12,
			add_for_device),
		REACHES("flat_atomic_add v[0:1], v4 offset:16 scope:SCOPE_SYS", ON_GFX12, add_for_system),
		REACHES("s_load_dword s20, s[0:1], 16", ON_ALL, scalar_for_unit),
		REACHES("s_load_dword s20, s[0:1], 16 glc", ON_OLD, scalar_for_device),
		REACHES("s_load_b32 s20, s[0:1], 16 scope:SCOPE_DEV", ON_GFX12, scalar_for_device),
		REACHES("s_load_b32 s20, s[0:1], 16 scope:SCOPE_SYS", ON_GFX12, scalar_for_system),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

#define ACTION(name, actions)                                                                \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		(void)lanes, (void)target;                                                   \
		state->cache_actions = actions;                                              \
	}

ACTION(nothing, 0)
ACTION(vector_cache, ISA_INVALIDATE_VECTOR)
ACTION(array_cache, ISA_INVALIDATE_L1)
ACTION(scalar_cache, ISA_INVALIDATE_SCALAR)
ACTION(code_cache, ISA_INVALIDATE_CODE)
ACTION(vector_and_array_cache, ISA_INVALIDATE_VECTOR | ISA_INVALIDATE_L1)
ACTION(caches_of_system, ISA_INVALIDATE_VECTOR | ISA_INVALIDATE_L1 | ISA_INVALIDATE_L2)
ACTION(written_back, ISA_WRITE_BACK_L2)
ACTION(written_back_and_caches,
       ISA_INVALIDATE_VECTOR | ISA_INVALIDATE_L1 | ISA_INVALIDATE_L2 | ISA_WRITE_BACK_L2)

static void caches_are_invalidated_and_written_back(void **state)
{
	static const struct memory_case cases[] = {
		REACHES("buffer_gl0_inv", ON_OLD, vector_cache),
		REACHES("buffer_gl1_inv", ON_OLD, array_cache),
		REACHES("s_gl1_inv", ON_OLD, array_cache),
		REACHES("s_dcache_inv", ON_ALL, scalar_cache),
		REACHES("s_icache_inv", ON_ALL, code_cache),
		REACHES("global_inv scope:SCOPE_SE", ON_GFX12, vector_cache),
		REACHES("global_inv scope:SCOPE_DEV", ON_GFX12, vector_and_array_cache),
		REACHES("global_inv scope:SCOPE_SYS", ON_GFX12, caches_of_system),
		REACHES("global_wb scope:SCOPE_DEV", ON_GFX12, nothing),
		REACHES("global_wb scope:SCOPE_SYS", ON_GFX12, written_back),
		REACHES("global_wbinv scope:SCOPE_SYS", ON_GFX12, written_back_and_caches),
		REACHES("s_prefetch_data s[0:1], 0, null, 0", ON_GFX12, nothing),
		REACHES("s_prefetch_inst s[0:1], 0, null, 0", ON_GFX12, nothing),
		REACHES("s_prefetch_data_pc_rel 0, null, 0", ON_GFX12, nothing),
		REACHES("s_prefetch_inst_pc_rel 0, null, 0", ON_GFX12, nothing),
		REACHES("s_buffer_prefetch_data s[8:11], 0, null, 0", ON_GFX12, nothing),
		REACHES("s_atc_probe 7, s[0:1], 0x64", ON_ALL, nothing),
		REACHES("s_atc_probe_buffer 1, s[8:11], 0x64", ON_ALL, nothing),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- addresses by the number of the lane ---- */

static void load_by_lane(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	state->vgprs[8][lane] = memory_word(state->memory, BASE + 4 * lane - 8);
}

static void store_by_lane(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	memory_put_word(state->memory, BASE + 4 * lane + 8, state->vgprs[4][lane]);
}

static void lanes_are_part_of_the_address(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("global_load_dword_addtid v8, s[0:1] offset:-8", ON_ALL, at_slots, load_by_lane),
		CASE_OF("global_store_dword_addtid v4, s[0:1] offset:8", ON_ALL, at_slots, store_by_lane),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- blocks of registers, those that M0 has a bit for ---- */

#define BLOCK_MASK    0x008421f5u
#define BLOCK_SCRATCH 0x1000u

static void with_mask(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		memory_put_pair(state, 0, i, GOOD + 160 * i);
	state->m0 = BLOCK_MASK;
}

static void with_mask_in_scratch(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	state->flat_scratch = VECTOR_MEMORY + BLOCK_SCRATCH;
	state->scratch_wave_bytes = 160 * lanes;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = 8;
	state->m0 = BLOCK_MASK;
}

#define EACH_OF_BLOCK(i)                  \
	for (uint32_t i = 0; i < 24; i++) \
		if (BLOCK_MASK >> i & 1)

static void load_block(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	EACH_OF_BLOCK(i)
	state->vgprs[8 + i][lane] = memory_word(state->memory, BASE + 160 * lane + 16 + 4 * i);
}

static void store_block(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	EACH_OF_BLOCK(i)
	memory_put_word(state->memory, BASE + 160 * lane + 16 + 4 * i, state->vgprs[8 + i][lane]);
}

static void load_scratch_block(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	EACH_OF_BLOCK(i)
	state->vgprs[8 + i][lane] =
		memory_word(state->memory, BLOCK_SCRATCH + (6 + i) * 4 * lanes + 4 * lane);
}

static void store_scratch_block(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	EACH_LANE(lane)
	EACH_OF_BLOCK(i)
	memory_put_word(state->memory, BLOCK_SCRATCH + (6 + i) * 4 * lanes + 4 * lane,
			state->vgprs[8 + i][lane]);
}

static void blocks_of_registers(void **state)
{
	static const struct memory_case cases[] = {
		CASE_OF("global_load_block v[8:39], v[0:1], off offset:16", ON_GFX12, with_mask, load_block),
		CASE_OF("global_store_block v[0:1], v[8:39], off offset:16", ON_GFX12, with_mask,
			store_block),
		CASE_OF("scratch_load_block v[8:39], v0, off offset:16", ON_GFX12, with_mask_in_scratch,
			load_scratch_block),
		CASE_OF("scratch_store_block v0, v[8:39], off offset:16", ON_GFX12, with_mask_in_scratch,
			store_scratch_block),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accesses_that_go_astray_stop_the_wave),
		cmocka_unit_test(lanes_that_are_off_go_nowhere),
		cmocka_unit_test(lanes_do_not_lose_what_others_did),
		cmocka_unit_test(accesses_reach_as_far_as_they_say),
		cmocka_unit_test(caches_are_invalidated_and_written_back),
		cmocka_unit_test(lanes_are_part_of_the_address),
		cmocka_unit_test(blocks_of_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
