// SPDX-License-Identifier: MIT
/*
 * Scalar operands.  Sources: AMD's ISA documents, "Scalar ALU Operands"; LLVM AMDGPU operand syntax: a constant is as
 * wide as the operand it stands for.
 */
#include "dxgsim/isa/wave.h"

#define CONSTANTS 128U /* the first of them */

/* 1, 2, 4 and a half as float, and the rest of what 240 to 248 stand for. */
#define FLOATS 9U
static const uint16_t halves[FLOATS] = {
	0x3800, 0xb800, 0x3c00, 0xbc00, 0x4000, 0xc000, 0x4400, 0xc400, 0x3118,
};
static const uint32_t floats[FLOATS] = {
	0x3f000000, 0xbf000000, 0x3f800000, 0xbf800000, 0x40000000,
	0xc0000000, 0x40800000, 0xc0800000, 0x3e22f983,
};
static const uint64_t doubles[FLOATS] = {
	0x3fe0000000000000, 0xbfe0000000000000, 0x3ff0000000000000, 0xbff0000000000000, 0x4000000000000000,
	0xc000000000000000, 0x4010000000000000, 0xc010000000000000, 0x3fc45f306dc9c882,
};

static bool is_float(uint32_t source)
{
	return source >= ISA_HALF && source < ISA_HALF + FLOATS;
}

/* An integer constant, sign-extended; 0 for what stands for none. */
static uint64_t integer(uint32_t source)
{
	if (source <= ISA_ZERO + 64)
		return source - ISA_ZERO;
	if (source <= ISA_ZERO + 80)
		return (uint64_t)((int64_t)ISA_ZERO + 64 - source);
	return 0;
}

/* Apertures are 64 bits wide; an operand of 32 gets the lower half, which is of no use (LLVM, getSegmentAperture()). */
static bool aperture(uint32_t source, uint64_t *value)
{
	switch (source) {
	case ISA_SHARED_BASE:
		*value = (uint64_t)ISA_SHARED_APERTURE << 32;
		return true;
	case ISA_SHARED_LIMIT:
		*value = (uint64_t)ISA_SHARED_APERTURE << 32 | UINT32_MAX;
		return true;
	case ISA_PRIVATE_BASE:
		*value = (uint64_t)ISA_PRIVATE_APERTURE << 32;
		return true;
	case ISA_PRIVATE_LIMIT:
		*value = (uint64_t)ISA_PRIVATE_APERTURE << 32 | UINT32_MAX;
		return true;
	default:
		return false;
	}
}

/* What neither is a register nor depends on the operand's type. */
static uint64_t special(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source)
{
	uint64_t value;

	switch (source) {
	case ISA_VCCZ:
		return isa_vcc(wave) == 0;
	case ISA_EXECZ:
		return wave->exec == 0;
	case ISA_SCC:
		return wave->scc;
	case ISA_LITERAL:
		return inst->literal;
	default:
		return aperture(source, &value) ? value : integer(source);
	}
}

static uint32_t scalar_register(const struct isa_wave *wave, uint32_t number)
{
	if (number < ISA_NULL)
		return wave->sgprs[number];
	switch (number) {
	case ISA_M0:
		return wave->m0;
	case ISA_EXEC_LO:
		return (uint32_t)wave->exec;
	case ISA_EXEC_HI:
		return wave->lanes == 64 ? (uint32_t)(wave->exec >> 32) : wave->exec_hi;
	default:
		return 0;
	}
}

uint32_t isa_scalar32(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source)
{
	if (source < ISA_NULL)
		return wave->sgprs[source];
	if (source < CONSTANTS)
		return scalar_register(wave, source);
	if (is_float(source))
		return floats[source - ISA_HALF];
	return (uint32_t)special(wave, inst, source);
}

uint32_t isa_scalar_half(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source)
{
	if (is_float(source))
		return halves[source - ISA_HALF];
	return isa_scalar32(wave, inst, source);
}

uint64_t isa_scalar64(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source,
		      bool floating)
{
	if (source == ISA_NULL)
		return 0;
	if (source < CONSTANTS)
		return scalar_register(wave, source) |
		       (uint64_t)scalar_register(wave, source == ISA_EXEC_HI ? source : source + 1) << 32;
	if (is_float(source))
		return doubles[source - ISA_HALF];
	if (source == ISA_LITERAL && floating)
		return (uint64_t)inst->literal << 32;
	return special(wave, inst, source);
}

void isa_set_scalar32(struct isa_wave *wave, uint32_t destination, uint32_t value)
{
	/* those of the trap handler are written by none but the hardware and it */
	if (destination < ISA_TTMP) {
		wave->sgprs[destination] = value;
		return;
	}
	switch (destination) {
	case ISA_M0:
		wave->m0 = value;
		break;
	case ISA_EXEC_LO:
		wave->exec = (wave->exec & ~(uint64_t)UINT32_MAX) | value;
		break;
	case ISA_EXEC_HI:
		if (wave->lanes == 64)
			wave->exec = (uint64_t)value << 32 | (uint32_t)wave->exec;
		else
			wave->exec_hi = value;
		break;
	default:
		break;
	}
}

void isa_set_scalar64(struct isa_wave *wave, uint32_t destination, uint64_t value)
{
	if (destination == ISA_NULL)
		return;
	isa_set_scalar32(wave, destination, (uint32_t)value);
	isa_set_scalar32(wave, destination + 1, (uint32_t)(value >> 32));
}

uint64_t isa_lane_mask(const struct isa_wave *wave, uint32_t source)
{
	static const struct isa_inst none; /* a literal is no mask */

	if (wave->lanes == 64)
		return isa_scalar64(wave, &none, source, false);
	return isa_scalar32(wave, &none, source);
}

void isa_set_lane_mask(struct isa_wave *wave, uint32_t destination, uint64_t mask)
{
	if (wave->lanes == 64)
		isa_set_scalar64(wave, destination, mask);
	else
		isa_set_scalar32(wave, destination, (uint32_t)mask);
}

uint64_t isa_vcc(const struct isa_wave *wave)
{
	uint64_t low = wave->sgprs[ISA_VCC_LO];

	return wave->lanes == 64 ? (uint64_t)wave->sgprs[ISA_VCC_HI] << 32 | low : low;
}

void isa_set_vcc(struct isa_wave *wave, uint64_t mask)
{
	wave->sgprs[ISA_VCC_LO] = (uint32_t)mask;
	if (wave->lanes == 64)
		wave->sgprs[ISA_VCC_HI] = (uint32_t)(mask >> 32);
}
