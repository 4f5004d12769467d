// SPDX-License-Identifier: MIT
/*
 * Work-groups: their memory, and what is in the registers when they start.  Sources: LLVM AMDGPU usage, "Initial
 * Kernel Execution State" and "COMPUTE_PGM_RSRC1" and on; AMD's ISA documents, "Initial Wave State".
 */
#include <stdlib.h>
#include <string.h>

#include "dxgsim/isa/group.h"

#define CACHE_LINE 64U

/*
 * What the hardware leaves as it was: a NaN as half, float and double, an address that no page has, and as a number one
 * that is beyond anything.
 */
#define POISON 0x7ffd7ffdU

/* COMPUTE_PGM_RSRC1: bits of it as MODE has them. */
#define RSRC1_FLOAT_MODE(rsrc1) ((rsrc1) >> 12 & 0xffU)
#define RSRC1_DX10_CLAMP	(1U << 21)
#define RSRC1_IEEE		(1U << 23)
#define RSRC1_FP16_OVERFLOW	(1U << 26)
#define MODE_FP16_OVERFLOW	(1U << 23)
/* COMPUTE_PGM_RSRC2. */
#define RSRC2_SCRATCH		 (1U << 0)
#define RSRC2_GROUP_ID(d)	 (1U << (7 + (d)))
#define RSRC2_GROUP_INFO	 (1U << 10)
#define RSRC2_ITEM_IDS(rsrc2)	 ((rsrc2) >> 11 & 3U)
#define RSRC2_EXCEPTIONS(rsrc2)	 ((rsrc2) >> 24 & 0x7fU)
#define MODE_EXCEPTIONS(enabled) ((enabled) << 12)

static size_t lines(size_t bytes)
{
	return (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static void poison(void *memory, size_t bytes)
{
	uint32_t *words = memory;

	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] = POISON;
}

static uint64_t items_of(const uint32_t size[3])
{
	return (uint64_t)size[0] * size[1] * size[2];
}

uint32_t isa_group_waves(const struct isa_launch *launch, const uint32_t size[3])
{
	return (uint32_t)((items_of(size) + launch->wave_size - 1) / launch->wave_size);
}

struct isa_group *isa_group_create(const struct isa_launch *launch, const uint32_t id[3],
				   const uint32_t size[3], uint64_t scratch)
{
	uint32_t waves = isa_group_waves(launch, size);
	uint32_t vgprs = launch->vgprs < ISA_VGPRS ? launch->vgprs : ISA_VGPRS;
	size_t wave_bytes = (size_t)vgprs * launch->wave_size * sizeof(uint32_t);
	size_t head = lines(sizeof(struct isa_group) + waves * sizeof(struct isa_wave));
	size_t registers = lines(waves * wave_bytes);
	size_t lds = lines(launch->lds_bytes);
	/* in one piece: groups come and go by the thousand */
	uint8_t *memory = aligned_alloc(CACHE_LINE, head + registers + lds);
	struct isa_group *group = (struct isa_group *)memory;

	if (!group)
		return NULL;
	memset(memory, 0, head);
	poison(memory + head, registers + lds);
	group->launch = launch;
	group->wave_count = waves;
	group->lds = memory + head + registers;
	group->lds_bytes = launch->lds_bytes;
	group->scratch = scratch;
	for (uint32_t d = 0; d < 3; d++) {
		group->id[d] = id[d];
		group->size[d] = size[d];
	}
	for (uint32_t i = 0; i < waves; i++) {
		struct isa_wave *wave = &group->waves[i];

		wave->group = group;
		wave->number = i;
		wave->lanes = launch->wave_size;
		wave->vgpr_count = vgprs;
		wave->vgprs = (uint32_t *)(memory + head + i * wave_bytes);
	}
	return group;
}

void isa_group_destroy(struct isa_group *group)
{
	free(group);
}

const struct isa_counts *isa_group_counts(const struct isa_group *group)
{
	return &group->counts;
}

const struct isa_fault *isa_group_fault(const struct isa_group *group)
{
	return &group->fault;
}

/* ---- initial registers ---- */

static uint32_t first_mode(const struct isa_launch *launch, enum isa_target target)
{
	uint32_t mode = RSRC1_FLOAT_MODE(launch->rsrc1);

	if (launch->rsrc1 & RSRC1_FP16_OVERFLOW)
		mode |= MODE_FP16_OVERFLOW;
	if (target >= ISA_GFX12)
		return mode | ISA_MODE_DX10_CLAMP;
	if (launch->rsrc1 & RSRC1_DX10_CLAMP)
		mode |= ISA_MODE_DX10_CLAMP;
	if (launch->rsrc1 & RSRC1_IEEE)
		mode |= ISA_MODE_IEEE;
	return mode | MODE_EXCEPTIONS(RSRC2_EXCEPTIONS(launch->rsrc2));
}

/* What the kernel's descriptor has enabled, one after the other behind the user SGPRs. */
static void system_sgprs(struct isa_wave *wave, uint32_t next)
{
	const struct isa_group *group = wave->group;
	const struct isa_launch *launch = group->launch;

	for (uint32_t d = 0; d < 3; d++) {
		if (launch->rsrc2 & RSRC2_GROUP_ID(d))
			wave->sgprs[next++] = group->id[d];
	}
	if (launch->rsrc2 & RSRC2_GROUP_INFO)
		wave->sgprs[next++] = (wave->number == 0 ? 1U << 31 : 0) | group->wave_count;
	/* later ones have FLAT_SCRATCH set up */
	if (launch->rsrc2 & RSRC2_SCRATCH && wave->target == ISA_GFX10_3)
		wave->sgprs[next] = (uint32_t)wave->flat_scratch;
}

static void first_sgprs(struct isa_wave *wave)
{
	const struct isa_group *group = wave->group;
	const struct isa_launch *launch = group->launch;
	uint32_t users = launch->user_sgpr_count < ISA_USER_SGPRS ? launch->user_sgpr_count : ISA_USER_SGPRS;

	poison(wave->sgprs, sizeof(wave->sgprs));
	memcpy(wave->sgprs, launch->user_sgprs, users * sizeof(wave->sgprs[0]));
	wave->m0 = POISON;
	wave->exec_hi =
		0; /* EXEC is written whole; programs read 64 bits of it (LLVM: read_exec of the device libraries) */
	wave->flat_scratch = group->scratch + (uint64_t)wave->number * launch->scratch_wave_bytes;
	if (wave->target < ISA_GFX12) {
		system_sgprs(wave, users);
	} else {
		wave->sgprs[ISA_TTMP + 7] = (group->id[1] & 0xffff) | group->id[2] << 16;
		wave->sgprs[ISA_TTMP + 8] = wave->number << 25;
		wave->sgprs[ISA_TTMP + 9] = group->id[0];
	}
	if (wave->target == ISA_GFX10_3)
		wave->flat_scratch = (uint64_t)POISON << 32 | POISON;
}

/* Lanes are the work-items in order, x first; those that the group has. */
static void first_vgprs(struct isa_wave *wave)
{
	const uint32_t *size = wave->group->size;
	uint32_t dimensions = RSRC2_ITEM_IDS(wave->group->launch->rsrc2) + 1;
	bool packed = wave->target >= ISA_GFX11;
	uint64_t first = (uint64_t)wave->number * wave->lanes;
	uint64_t items = items_of(size) - first;
	uint32_t lanes = items < wave->lanes ? (uint32_t)items : wave->lanes;
	uint32_t registers = packed ? 1 : dimensions;
	uint32_t id[3];

	wave->exec = lanes == ISA_LANES ? UINT64_MAX : (1ULL << lanes) - 1;
	if (wave->vgpr_count < registers)
		return;
	id[0] = (uint32_t)(first % size[0]);
	id[1] = (uint32_t)(first / size[0] % size[1]);
	id[2] = (uint32_t)(first / size[0] / size[1]);
	for (uint32_t lane = 0; lane < lanes; lane++) {
		if (packed)
			isa_vgpr(wave, 0)[lane] = id[0] | (dimensions > 1 ? id[1] << 10 : 0) |
						  (dimensions > 2 ? id[2] << 20 : 0);
		for (uint32_t d = 0; !packed && d < registers && d < 3; d++)
			isa_vgpr(wave, d)[lane] = id[d];
		if (++id[0] < size[0])
			continue;
		id[0] = 0;
		if (++id[1] < size[1])
			continue;
		id[1] = 0;
		id[2]++;
	}
}

void isa_group_start(struct isa_group *group, enum isa_target target)
{
	group->target = target;
	for (uint32_t i = 0; i < group->wave_count; i++) {
		struct isa_wave *wave = &group->waves[i];

		wave->target = target;
		wave->pc = group->launch->code;
		wave->mode = first_mode(group->launch, target);
		first_sgprs(wave);
		first_vgprs(wave);
	}
	group->started = true;
}

/* ---- barrier and end ---- */

static void open_if_complete(struct isa_group *group)
{
	if (group->barrier_arrived == 0 || group->barrier_arrived < group->wave_count - group->ended)
		return;
	group->barrier_arrived = 0;
	group->barrier_phase++;
}

void isa_barrier_arrive(struct isa_group *group)
{
	group->barrier_arrived++;
	open_if_complete(group);
}

void isa_wave_end(struct isa_wave *wave)
{
	struct isa_group *group = wave->group;

	wave->state = ISA_WAVE_ENDED;
	group->ended++;
	group->counts.waves++;
	if (group->ended == group->wave_count)
		group->counts.groups++;
	open_if_complete(group);
}
