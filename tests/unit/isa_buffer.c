// SPDX-License-Identifier: MIT
/*
 * Buffer instructions, by AMD's Instruction Set Architecture documents: every size and atomic through resources that name bytes in
 * different ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_memory_resource.h"
#include "isa_memory_slots.h"

static uint8_t *in_first_slot(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	(void)lane, (void)lanes;
	return state->memory + SLOTS + offset;
}

/* The base lies before the slots; the scalar offset and 16 of the instruction make up for it. */
static struct memory_resource raw(enum isa_target target)
{
	return (struct memory_resource){
		.target = target,
		.base = VECTOR_MEMORY + 0x400,
		.records = VECTOR_BYTES - 0x400,
		.bounds = MEMORY_BOUNDS_RAW,
	};
}

static void by_resource(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = raw(target);

	(void)lanes;
	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = SLOTS - 0x400 - 16;
}

static void by_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	by_resource(state, lanes, target);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = SLOT * memory_slot(i);
}

static struct memory_resource structured(enum isa_target target)
{
	return (struct memory_resource){
		.target = target,
		.base = VECTOR_MEMORY + SLOTS - 8,
		.stride = SLOT,
		.records = 64,
		.bounds = MEMORY_BOUNDS_STRUCTURED,
	};
}

/* Slots begin 8 bytes into records. */
static void by_index(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = structured(target);

	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = 0;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = memory_slot(i);
}

static void by_index_and_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	by_index(state, lanes, target);
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[1][i] = 4 * (i & 1);
}

static uint8_t *by_parity(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	return in_slot(state, lane, lanes, offset + 4 * (lane & 1));
}

/* ---- scratch of compilers: words of lanes side by side, as flat scratch has them ---- */

static struct memory_resource scratch(enum isa_target target, uint32_t lanes)
{
	return (struct memory_resource){
		.target = target,
		.base = VECTOR_MEMORY + 0x400,
		.records = UINT32_MAX,
		.swizzled = true,
		.add_lane = true,
		.index_stride = lanes,
		.bounds = MEMORY_BOUNDS_RAW,
	};
}

static void by_scratch_offset(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	const struct memory_resource resource = scratch(target, lanes);

	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = SCRATCH - 0x400; /* where the wave's begins */
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = LANE_SLOT - 4;
}

/* ---- records whose words lie side by side, eight records at a time ---- */

static uint8_t *swizzled(struct vector_state *state, uint32_t lane, uint32_t lanes, uint32_t offset)
{
	const uint32_t index = memory_slot(lane), at = offset + 8;

	(void)lanes;
	return state->memory + SLOTS + index / 8 * 8 * SLOT + at / 4 * 4 * 8 + index % 8 * 4 + at % 4;
}

static void by_swizzled_index(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	struct memory_resource resource = structured(target);

	resource.base = VECTOR_MEMORY + SLOTS;
	resource.swizzled = true;
	resource.index_stride = 8;
	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = 0;
	for (uint32_t i = 0; i < lanes; i++)
		state->vgprs[0][i] = memory_slot(i);
}

static const struct memory_way ways[] = {
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, off, s[8:11], s4 offset:16",
		.prepare = by_resource,
		.place = in_first_slot,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 offen offset:16",
		.store = "buffer_$n $s, v0, s[8:11], s4 offen offset:16",
		.atomic = "buffer_$n $s, v0, s[8:11], s4 offen offset:16",
		.returning = "buffer_$n $s, v0, s[8:11], s4 offen offset:16 $g",
		.returns_to_source = true,
		.prepare = by_offset,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 idxen offset:8",
		.store = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8",
		.atomic = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8",
		.returning = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8 $g",
		.returns_to_source = true,
		.prepare = by_index,
		.place = in_slot,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v[0:1], s[8:11], s4 idxen offen offset:8",
		.store = "buffer_$n $s, v[0:1], s[8:11], s4 idxen offen offset:8",
		.prepare = by_index_and_offset,
		.place = by_parity,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 offen offset:4",
		.store = "buffer_$n $s, v0, s[8:11], s4 offen offset:4",
		.prepare = by_scratch_offset,
		.place = in_scratch,
	},
	{
		.targets = ON_ALL,
		.load = "buffer_$n $r, v0, s[8:11], s4 idxen offset:8",
		.store = "buffer_$n $s, v0, s[8:11], s4 idxen offset:8",
		.prepare = by_swizzled_index,
		.place = swizzled,
	},
};

static void loads_and_stores_of_all_sizes(void **state)
{
	(void)state;
	MEMORY_CHECK(loads_and_stores, ways);
}

static void changes(void **state)
{
	(void)state;
	MEMORY_CHECK(atomics, ways);
	MEMORY_CHECK(atomics_but_flat, ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_stores_of_all_sizes),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
