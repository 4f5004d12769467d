// SPDX-License-Identifier: MIT
/* Data-parallel primitives: the first source comes from other lanes.  Source: AMD, "RDNA3", DPP. */
#include "dxgsim/isa/valu_frame.h"

#define ROW 16U

/* DPP_CTRL; those with a number have it in the lowest bits. */
enum {
	QUAD_PERM_LAST = 0xff,
	ROW_SHL = 0x100,
	ROW_SHR = 0x110,
	ROW_ROR = 0x120,
	ROW_MIRROR = 0x140,
	ROW_HALF_MIRROR = 0x141,
	ROW_SHARE = 0x150,
	ROW_XMASK = 0x160,
};

static bool is_dpp8(const struct isa_inst *inst)
{
	return inst->variant == ISA_DPP8 || inst->variant == ISA_E64_DPP8;
}

bool isa_dpp_control_legal(const struct isa_inst *inst)
{
	const uint32_t control = inst->dpp_ctrl;

	if (is_dpp8(inst) || control <= QUAD_PERM_LAST)
		return true;
	switch (control & ~15U) {
	case ROW_SHL:
	case ROW_SHR:
	case ROW_ROR:
		return control & 15;
	case ROW_MIRROR:
		return control == ROW_MIRROR || control == ROW_HALF_MIRROR;
	case ROW_SHARE:
	case ROW_XMASK:
		return true;
	default:
		return false;
	}
}

/* Where @lane of a row reads; ROW or more: beyond it. */
static uint32_t source_of(uint32_t control, uint32_t lane)
{
	const uint32_t by = control & 15;

	if (control <= QUAD_PERM_LAST)
		return (lane & ~3U) | (control >> (lane & 3) * 2 & 3);
	switch (control & ~15U) {
	case ROW_SHL:
		return lane + by;
	case ROW_SHR:
		return lane - by;
	case ROW_ROR:
		return (lane - by) % ROW;
	case ROW_MIRROR:
		return control == ROW_MIRROR ? lane ^ 15 : lane ^ 7;
	case ROW_SHARE:
		return by;
	default:
		return lane ^ by;
	}
}

static void pattern_of_8(const struct isa_inst *inst, uint8_t from[ROW])
{
	for (uint32_t i = 0; i < ROW; i++)
		from[i] = (uint8_t)((i & ~7U) | (inst->dpp8 >> (i & 7) * 3 & 7));
}

/* Returns the lanes of a row that have a source in it. */
static uint32_t pattern_of_16(const struct isa_inst *inst, uint8_t pattern[ROW])
{
	uint32_t valid = 0;

	for (uint32_t i = 0; i < ROW; i++) {
		const uint32_t from = source_of(inst->dpp_ctrl, i);

		pattern[i] = (uint8_t)(from < ROW ? from : i);
		valid |= (from < ROW ? 1U : 0) << i;
	}
	return valid;
}

/* The lanes of the rows and banks that are written; with 32 lanes, rows 0 and 1 are all there are. */
static uint64_t rows_and_banks(const struct isa_inst *inst)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < 16; i++)
		if (inst->row_mask >> i / 4 & 1 && inst->bank_mask >> i % 4 & 1)
			mask |= UINT64_C(0xf) << i * 4;
	return mask;
}

void isa_dpp_lanes(const struct isa_wave *wave, const struct isa_inst *inst, struct isa_dpp *dpp)
{
	const bool eight = is_dpp8(inst);
	uint64_t valid = UINT64_MAX;
	uint8_t pattern[ROW];

	if (eight)
		pattern_of_8(inst, pattern);
	else
		valid = pattern_of_16(inst, pattern) * UINT64_C(0x0001000100010001);
	for (uint32_t i = 0; i < wave->lanes; i += ROW)
		for (uint32_t j = 0; j < ROW; j++)
			dpp->from[i + j] = (uint8_t)(i + pattern[j]);
	if (!inst->fetch_inactive && wave->exec != isa_all_lanes(wave))
		for (uint32_t i = 0; i < wave->lanes; i++)
			if (!(wave->exec >> dpp->from[i] & 1))
				valid &= ~(UINT64_C(1) << i);
	dpp->zero = ~valid;
	dpp->enabled = wave->exec;
	if (eight)
		return;
	dpp->enabled &= rows_and_banks(inst);
	if (!inst->bound_ctrl)
		dpp->enabled &= valid;
}

void isa_dpp_permute(const struct isa_dpp *dpp, const uint32_t *row, uint32_t lanes, uint32_t *to)
{
	for (uint32_t i = 0; i < lanes; i++)
		to[i] = row[dpp->from[i]];
	for (uint32_t i = 0; i < lanes && dpp->zero >> i; i++)
		if (dpp->zero >> i & 1)
			to[i] = 0;
}
