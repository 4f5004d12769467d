// SPDX-License-Identifier: MIT
/* Vector ALU operations across lanes. */
#include <string.h>

#include "dxgsim/isa/valu_frame.h"

#define ROW 16U

/* ---- between lanes and scalar registers ---- */

static uint32_t lane_value(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t lane)
{
	if (inst->src[0] < ISA_VGPR)
		return isa_scalar32(wave, inst, inst->src[0]);
	return wave->vgprs[(size_t)(inst->src[0] - ISA_VGPR) * wave->lanes + lane];
}

/* The lane is that modulo the size of the wave; EXEC does not matter. */
static void read_lane(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t lane;

	if (inst->src[1] >= ISA_VGPR) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	lane = isa_scalar32(wave, inst, inst->src[1]) & (wave->lanes - 1);
	isa_set_scalar32(wave, inst->dst, lane_value(wave, inst, lane));
}

/* Without active lanes: the first of all ("RDNA3", V_READFIRSTLANE_B32). */
static void read_first_lane(struct isa_wave *wave, const struct isa_inst *inst)
{
	const uint32_t lane = wave->exec ? (uint32_t)__builtin_ctzll(wave->exec) : 0;

	isa_set_scalar32(wave, inst->dst, lane_value(wave, inst, lane));
}

static void write_lane(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t lane;

	if (inst->src[0] >= ISA_VGPR || inst->src[1] >= ISA_VGPR) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	lane = isa_scalar32(wave, inst, inst->src[1]) & (wave->lanes - 1);
	isa_vgpr(wave, inst->dst)[lane] = isa_scalar32(wave, inst, inst->src[0]);
}

/* ---- permutations of rows ---- */

/*
 * Lanes get the value of lane @select (four bits of each) of their row, or with @cross of the other row of the two.  What
 * is read from a lane that is not active: with op_sel[0] its value, otherwise with op_sel[1] 0, otherwise nothing.
 */
static void permute_rows(struct isa_wave *wave, const struct isa_inst *inst, const uint8_t *select,
			 bool cross)
{
	uint32_t values[ISA_LANES];
	uint64_t written = wave->exec;

	for (uint32_t i = 0; i < wave->lanes; i++) {
		const uint32_t from = ((i & ~(ROW - 1)) ^ (cross ? ROW : 0)) | (select[i] & (ROW - 1));

		values[i] = 0;
		if (inst->opsel & 1 || wave->exec >> from & 1)
			values[i] = lane_value(wave, inst, from);
		else if (!(inst->opsel & 2))
			written &= ~(UINT64_C(1) << i);
	}
	isa_store_row(wave, inst->dst, values, written);
}

static void permute_by_scalars(struct isa_wave *wave, const struct isa_inst *inst, bool cross)
{
	uint8_t select[ISA_LANES];
	uint64_t selects;

	if (inst->src[1] >= ISA_VGPR || inst->src[2] >= ISA_VGPR) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	selects = isa_scalar32(wave, inst, inst->src[1]) | (uint64_t)isa_scalar32(wave, inst, inst->src[2])
								   << 32;
	for (uint32_t i = 0; i < wave->lanes; i++)
		select[i] = selects >> i % ROW * 4 & 15;
	permute_rows(wave, inst, select, cross);
}

static void permlane16(struct isa_wave *wave, const struct isa_inst *inst)
{
	permute_by_scalars(wave, inst, false);
}

static void permlanex16(struct isa_wave *wave, const struct isa_inst *inst)
{
	permute_by_scalars(wave, inst, true);
}

static void permute_by_lanes(struct isa_wave *wave, const struct isa_inst *inst, bool cross)
{
	uint8_t select[ISA_LANES];

	for (uint32_t i = 0; i < wave->lanes; i++) {
		if (inst->src[1] < ISA_VGPR)
			select[i] = isa_scalar32(wave, inst, inst->src[1]) & 15;
		else
			select[i] = isa_vgpr(wave, inst->src[1] - ISA_VGPR)[i] & 15;
	}
	permute_rows(wave, inst, select, cross);
}

static void permlane16_var(struct isa_wave *wave, const struct isa_inst *inst)
{
	permute_by_lanes(wave, inst, false);
}

static void permlanex16_var(struct isa_wave *wave, const struct isa_inst *inst)
{
	permute_by_lanes(wave, inst, true);
}

/* Exchanges the halves of 64 lanes, from lanes that are not active, too; nothing with 32. */
static void permlane64(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t values[ISA_LANES];

	if (wave->lanes != 64)
		return;
	for (uint32_t i = 0; i < 64; i++)
		values[i] = lane_value(wave, inst, i ^ 32);
	isa_store_row(wave, inst->dst, values, wave->exec);
}

/* ---- how many bits are there for lanes below ---- */

static void count_below(struct isa_valu *valu, uint32_t first)
{
	ISA_FOR_LANES(valu)
	{
		const uint32_t below = i < first ? 0 : i - first;
		const uint32_t mask = below < 32 ? (1U << below) - 1 : UINT32_MAX;

		valu->d->u32[i] = (uint32_t)__builtin_popcount(valu->a->u32[i] & mask) + valu->b->u32[i];
	}
}

static void count_below_low(struct isa_valu *valu)
{
	count_below(valu, 0);
}

static void count_below_high(struct isa_valu *valu)
{
	count_below(valu, 32);
}

#define ACROSS(name, run)                                                            \
	{                                                                            \
		.operation = ISA_V_##name, .class = ISA_CLASS_VECTOR, .execute = run \
	}
#define COUNT(name, function)                                                                      \
	{                                                                                          \
		.operation = ISA_V_##name, .class = ISA_CLASS_VECTOR, .execute = isa_valu_execute, \
		.valu = function, .result = ISA_B32, .sources = {                                  \
			ISA_B32,                                                                   \
			ISA_B32                                                                    \
		}                                                                                  \
	}

static const struct isa_binding list[] = {
	ACROSS(READLANE_B32, read_lane),
	ACROSS(READFIRSTLANE_B32, read_first_lane),
	ACROSS(WRITELANE_B32, write_lane),
	ACROSS(PERMLANE16_B32, permlane16),
	ACROSS(PERMLANEX16_B32, permlanex16),
	ACROSS(PERMLANE16_VAR_B32, permlane16_var),
	ACROSS(PERMLANEX16_VAR_B32, permlanex16_var),
	ACROSS(PERMLANE64_B32, permlane64),
	COUNT(MBCNT_LO_U32_B32, count_below_low),
	COUNT(MBCNT_HI_U32_B32, count_below_high),
};

const struct isa_bindings isa_bind_lanes = {list, sizeof(list) / sizeof(list[0])};
