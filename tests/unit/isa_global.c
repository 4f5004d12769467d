// SPDX-License-Identifier: MIT
/*
 * Global, flat and scratch instructions, by AMD's Instruction Set Architecture documents: every size and atomic in every way there is to
 * name an address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_memory_slots.h"

#define SCRATCH_LANE 160u /* bytes of a lane */

/* ---- ways to global memory ---- */

static void put_pair(struct vector_state *state, uint32_t lane, uint64_t value)
{
	state->vgprs[0][lane] = (uint32_t)value;
	state->vgprs[1][lane] = (uint32_t)(value >> 32);
}

static uint64_t slot_address(uint32_t lane)
{
	return VECTOR_MEMORY + SLOTS + SLOT * memory_slot(lane);
}

/* ... 3 bytes on: of no alignment. */
static uint8_t *beside_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	return in_slot(state, lane, lanes, offset + 3);
}

static void by_address(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		put_pair(state, i, slot_address(i));
}

static void by_address_before(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		put_pair(state, i, slot_address(i) - 1028);
}

static void by_address_behind(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		put_pair(state, i, slot_address(i) + 2000);
}

static void by_address_beside(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		put_pair(state, i, slot_address(i) + 3);
}

/* s[0:1] and an unsigned offset, whose register's neighbour is no part of it. */
static void by_base(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const uint64_t base = VECTOR_MEMORY + SLOTS - 0xfffff000u + 16;

	(void)target;
	memcpy(&state->sgprs[0], &base, sizeof(base));
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = 0xfffff000u + SLOT * memory_slot(i);
}

static const struct memory_way global_ways[] = {
	{
		.targets = ON_ALL,
		.load = "global_$n $r, v[0:1], off",
		.store = "global_$n v[0:1], $s, off",
		.atomic = "global_$n v[0:1], $s, off",
		.returning = "global_$n $r, v[0:1], $s, off $g",
		.prepare = by_address,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "global_$n $r, v[0:1], off offset:1028",
		.store = "global_$n v[0:1], $s, off offset:1028",
		.returning = "global_$n $r, v[0:1], $s, off offset:1028 $g",
		.prepare = by_address_before,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "global_$n $r, v[0:1], off offset:-2000",
		.store = "global_$n v[0:1], $s, off offset:-2000",
		.atomic = "global_$n v[0:1], $s, off offset:-2000",
		.prepare = by_address_behind,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "global_$n $r, v0, s[0:1] offset:-16",
		.store = "global_$n v0, $s, s[0:1] offset:-16",
		.atomic = "global_$n v0, $s, s[0:1] offset:-16",
		.returning = "global_$n $r, v0, $s, s[0:1] offset:-16 $g",
		.prepare = by_base,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "global_$n $r, v[0:1], off",
		.store = "global_$n v[0:1], $s, off",
		.prepare = by_address_beside,
		.place = beside_slot,
	},
};

/* ---- scratch: words of lanes side by side ---- */

/* ... 30 and 31 of a wave of 32 are 4 bytes on, and all are not aligned */
static uint8_t *beside_in_scratch(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	return in_scratch(state, lane, lanes, offset + 1 + (lane & 1 ? 32 : 0));
}

static void have_scratch(struct vector_state *state, uint32_t lanes)
{
	state->flat_scratch = VECTOR_MEMORY + SCRATCH;
	state->scratch_wave_bytes = SCRATCH_LANE * lanes;
}

static void by_lane_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = LANE_SLOT;
}

static void by_lane_offset_behind(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = LANE_SLOT + 24;
}

static void by_lane_offset_beside(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = LANE_SLOT + 1 + (i & 1 ? 32 : 0);
}

static void by_scalar_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	state->sgprs[4] = LANE_SLOT - 8;
}

static void by_both_offsets(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	state->sgprs[4] = LANE_SLOT + 32 - 4;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = i & 1 ? 32 : 0;
}

static uint8_t *in_scratch_by_parity(struct vector_state *state, uint32_t lane, uint32_t lanes,
				     uint32_t offset)
{
	return in_scratch(state, lane, lanes, offset + 32 + (lane & 1 ? 32 : 0));
}

static void by_nothing(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
}

static void in_private_aperture(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	for (uint32_t i = 0; i < lanes; i++)
		put_pair(state, i, (uint64_t)ISA_PRIVATE_APERTURE << 32 | LANE_SLOT);
}

static const struct memory_way scratch_ways[] = {
	{
		.targets = ON_ALL,
		.load = "scratch_$n $r, v0, off",
		.store = "scratch_$n v0, $s, off",
		.prepare = by_lane_offset,
		.place = in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "scratch_$n $r, v0, off offset:-24",
		.store = "scratch_$n v0, $s, off offset:-24",
		.prepare = by_lane_offset_behind,
		.place = in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "scratch_$n $r, v0, off",
		.store = "scratch_$n v0, $s, off",
		.prepare = by_lane_offset_beside,
		.place = beside_in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "scratch_$n $r, off, s4 offset:8",
		.store = "scratch_$n off, $s, s4 offset:8",
		.prepare = by_scalar_offset,
		.place = in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "scratch_$n $r, off, off offset:20",
		.store = "scratch_$n off, $s, off offset:20",
		.prepare = by_nothing,
		.place = in_scratch,
	},
	{
		.targets = ON_NEW,
		.load = "scratch_$n $r, v0, s4 offset:4",
		.store = "scratch_$n v0, $s, s4 offset:4",
		.prepare = by_both_offsets,
		.place = in_scratch_by_parity,
	},
};

/* ---- flat ---- */

static uint8_t *in_lds(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	(void)lanes;
	return state->lds + SLOT * memory_slot(lane) + offset;
}

static void in_shared_aperture(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	for (uint32_t i = 0; i < lanes; i++)
		put_pair(state, i, (uint64_t)ISA_SHARED_APERTURE << 32 | SLOT * memory_slot(i));
}

static uint8_t *anywhere(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	if (lane % 3 == 1)
		return in_lds(state, lane, lanes, offset);
	return lane % 3 ? in_scratch(state, lane, lanes, offset) : in_slot(state, lane, lanes, offset);
}

static void in_all_apertures(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)target;
	have_scratch(state, lanes);
	for (uint32_t i = 0; i < lanes; i++) {
		if (i % 3 == 1)
			put_pair(state, i, (uint64_t)ISA_SHARED_APERTURE << 32 | SLOT * memory_slot(i));
		else
			put_pair(state, i,
				 i % 3 ? (uint64_t)ISA_PRIVATE_APERTURE << 32 | LANE_SLOT : slot_address(i));
	}
}

static const struct memory_way flat_ways[] = {
	{
		.targets = ON_ALL,
		.load = "flat_$n $r, v[0:1]",
		.store = "flat_$n v[0:1], $s",
		.atomic = "flat_$n v[0:1], $s",
		.returning = "flat_$n $r, v[0:1], $s $g",
		.prepare = by_address,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "flat_$n $r, v[0:1] offset:1028",
		.store = "flat_$n v[0:1], $s offset:1028",
		.returning = "flat_$n $r, v[0:1], $s offset:1028 $g",
		.prepare = by_address_before,
		.place = in_slot,
	},
	{
		.targets = ON_GFX12,
		.load = "flat_$n $r, v[0:1] offset:-2000",
		.store = "flat_$n v[0:1], $s offset:-2000",
		.prepare = by_address_behind,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "flat_$n $r, v[0:1]",
		.store = "flat_$n v[0:1], $s",
		.prepare = in_private_aperture,
		.place = in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "flat_$n $r, v[0:1]",
		.store = "flat_$n v[0:1], $s",
		.atomic = "flat_$n v[0:1], $s",
		.returning = "flat_$n $r, v[0:1], $s $g",
		.prepare = in_shared_aperture,
		.place = in_lds,
	},
	{
		.targets = ON_ALL,
		.load = "flat_$n $r, v[0:1]",
		.store = "flat_$n v[0:1], $s",
		.prepare = in_all_apertures,
		.place = anywhere,
	},
};

static void global_loads_and_stores(void **state)
{
	(void)state;
	MEMORY_CHECK(loads_and_stores, global_ways);
}

static void global_changes(void **state)
{
	(void)state;
	MEMORY_CHECK(atomics, global_ways);
	MEMORY_CHECK(atomics_but_flat, global_ways);
}

static void scratch_of_lanes(void **state)
{
	(void)state;
	MEMORY_CHECK(loads_and_stores, scratch_ways);
}

static void flat_goes_everywhere(void **state)
{
	(void)state;
	MEMORY_CHECK(loads_and_stores, flat_ways);
}

static void flat_changes(void **state)
{
	(void)state;
	MEMORY_CHECK(atomics, flat_ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(global_loads_and_stores),
		cmocka_unit_test(global_changes),
		cmocka_unit_test(scratch_of_lanes),
		cmocka_unit_test(flat_goes_everywhere),
		cmocka_unit_test(flat_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
