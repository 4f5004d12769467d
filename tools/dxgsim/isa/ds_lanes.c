// SPDX-License-Identifier: MIT
/*
 * DS instructions that move values between lanes and touch no memory.  Lanes that are not active give 0.
 *
 * Before gfx12, the two halves of a wave of 64 lanes know nothing of each other (LLVM, supportsWaveWideBPermute()).
 */
#include "dxgsim/isa/access.h"

/* The lane that @lane reads in each of the modes of ds_swizzle (AMD ISA documents, "DS_SWIZZLE_B32"). */
#define SWIZZLE_FFT    0xe000U
#define SWIZZLE_ROTATE 0xc000U
#define SWIZZLE_QUAD   0x8000U

static uint32_t fft(uint32_t lane, uint32_t pattern)
{
	uint32_t mask = pattern & 31;
	uint32_t reversed = 0;

	for (uint32_t bit = 0; bit < 5; bit++)
		reversed |= (lane >> bit & 1) << (4 - bit);
	return reversed >> __builtin_popcount(mask) | (lane & mask);
}

static uint32_t rotate(uint32_t lane, uint32_t pattern)
{
	uint32_t mask = pattern & 31;
	uint32_t by = pattern >> 5 & 31;

	if (pattern & 1U << 10)
		by = 32 - by;
	return (lane & mask) | ((lane + by) & ~mask & 31);
}

static uint32_t quad(uint32_t lane, uint32_t pattern)
{
	return (lane & ~3U) | (pattern >> lane % 4 * 2 & 3);
}

static uint32_t bits(uint32_t lane, uint32_t pattern)
{
	return ((lane & pattern & 31) | (pattern >> 5 & 31)) ^ (pattern >> 10 & 31);
}

static uint32_t swizzle_source(uint32_t lane, uint32_t pattern)
{
	uint32_t low = lane & 31;
	uint32_t source;

	if (pattern >= SWIZZLE_FFT)
		source = fft(low, pattern);
	else if (pattern >= SWIZZLE_ROTATE)
		source = rotate(low, pattern);
	else if (pattern >= SWIZZLE_QUAD)
		source = quad(low, pattern);
	else
		source = bits(low, pattern);
	return (lane & 32) | source;
}

static bool has_registers(struct isa_wave *wave, const struct isa_inst *inst, bool data)
{
	return isa_access_registers(wave, inst, inst->memory.addr, 1) &&
	       isa_access_registers(wave, inst, inst->dst, 1) &&
	       (!data || isa_access_registers(wave, inst, inst->memory.data, 1));
}

static void deliver(struct isa_wave *wave, const struct isa_inst *inst, const uint32_t *values)
{
	uint32_t *vgpr = isa_vgpr(wave, inst->dst);

	for (uint32_t lane = 0; lane < wave->lanes; lane++) {
		if (wave->exec >> lane & 1)
			vgpr[lane] = values[lane];
	}
}

static void execute_swizzle(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t pattern = (uint32_t)inst->memory.offset & 0xffffU;
	uint32_t values[ISA_LANES];
	const uint32_t *from;

	if (!wave->exec || !has_registers(wave, inst, false))
		return;
	from = isa_vgpr(wave, inst->memory.addr);
	for (uint32_t lane = 0; lane < wave->lanes; lane++) {
		uint32_t source = swizzle_source(lane, pattern);

		values[lane] = wave->exec >> source & 1 ? from[source] : 0;
	}
	deliver(wave, inst, values);
}

/* The lane that an address of @lane means. */
static uint32_t other_lane(struct isa_wave *wave, const struct isa_inst *inst, uint32_t lane)
{
	uint32_t address =
		isa_vgpr(wave, inst->memory.addr)[lane] + ((uint32_t)inst->memory.offset & 0xffffU);

	if (wave->target == ISA_GFX12)
		return address / 4 % wave->lanes;
	return (lane & 32) | (address / 4 % 32);
}

/* To the lane that the address says; of several the last one's stays. */
static void execute_permute(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t values[ISA_LANES] = {0};
	const uint32_t *data;

	if (!wave->exec || !has_registers(wave, inst, true))
		return;
	data = isa_vgpr(wave, inst->memory.data);
	for (uint32_t lane = 0; lane < wave->lanes; lane++) {
		if (wave->exec >> lane & 1)
			values[other_lane(wave, inst, lane)] = data[lane];
	}
	deliver(wave, inst, values);
}

/* From the lane that the address says. */
static void execute_bpermute(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t values[ISA_LANES];
	const uint32_t *data;

	if (!wave->exec || !has_registers(wave, inst, true))
		return;
	data = isa_vgpr(wave, inst->memory.data);
	for (uint32_t lane = 0; lane < wave->lanes; lane++) {
		uint32_t source = other_lane(wave, inst, lane);

		values[lane] = wave->exec >> source & 1 ? data[source] : 0;
	}
	deliver(wave, inst, values);
}

static const struct isa_binding list[] = {
	ISA_MEMORY(DS_SWIZZLE_B32, execute_swizzle, 4),
	ISA_MEMORY(DS_PERMUTE_B32, execute_permute, 4),
	ISA_MEMORY(DS_BPERMUTE_B32, execute_bpermute, 4),
};

const struct isa_bindings isa_bind_ds_lanes = {list, sizeof(list) / sizeof(list[0])};
