// SPDX-License-Identifier: MIT
/*
 * Hardware registers: s_getreg, s_setreg and what sets parts of MODE.  Numbers: LLVM AMDGPU operand syntax, "hwreg";
 * fields: AMD's ISA documents, "Hardware Register Values", for gfx12 also Linux amdkfd, cwsr_trap_handler_gfx12.asm.
 */
#include "dxgsim/isa/wave.h"

enum hwreg {
	HWREG_MODE = 1,
	HWREG_STATUS = 2,
	HWREG_TRAPSTS = 3,
	HWREG_STATE_PRIV = 4, /* gfx12 */
	HWREG_GPR_ALLOC = 5,
	HWREG_LDS_ALLOC = 6,
	HWREG_IB_STS = 7,
	HWREG_SH_MEM_BASES = 15,
	HWREG_EXCP_FLAG_PRIV = 17, /* gfx12 */
	HWREG_EXCP_FLAG_USER = 18,
	HWREG_TRAP_CTRL = 19,
	HWREG_FLAT_SCRATCH_LO = 20, /* gfx12: SCRATCH_BASE */
	HWREG_FLAT_SCRATCH_HI = 21,
	HWREG_HW_ID1 = 23,
	HWREG_HW_ID2 = 24,
	HWREG_SCHED_MODE = 26, /* gfx12 */
	HWREG_IB_STS2 = 28,
	HWREG_SHADER_CYCLES = 29,
	HWREG_SHADER_CYCLES_HI = 30, /* gfx12 */
};

#define HWREG_ID(simm)	   ((uint32_t)(simm)&0x3fU)
#define HWREG_OFFSET(simm) ((uint32_t)(simm) >> 6 & 0x1fU)
#define HWREG_BITS(simm)   (((uint32_t)(simm) >> 11 & 0x1fU) + 1)

#define MODE_GFX12 0x0b8000ffU /* rounding, denormals, FP16_OVFL and others that are no clamp or IEEE */

#define STATUS_SCC    (1U << 0)
#define STATUS_EXECZ  (1U << 9)
#define STATUS_VCCZ   (1U << 10)
#define STATUS_IN_TG  (1U << 11)
#define STATUS_VALID  (1U << 16)
#define STATUS_WAVE64 (1U << 29) /* gfx12 */

#define STATE_PRIV_BARRIER_COMPLETE (1U << 2)
#define STATE_PRIV_SCC		    (1U << 9)

#define IB_STS2_WAVE64 (1U << 11)

#define SHADER_CYCLES_BITS 20 /* before gfx12 */

static uint32_t status(const struct isa_wave *wave)
{
	uint32_t value = STATUS_VALID | STATUS_IN_TG;

	if (wave->exec == 0)
		value |= STATUS_EXECZ;
	if (isa_vcc(wave) == 0)
		value |= STATUS_VCCZ;
	if (wave->target < ISA_GFX12)
		return value | (wave->scc ? STATUS_SCC : 0);
	return value | (wave->lanes == 64 ? STATUS_WAVE64 : 0);
}

static uint32_t state_priv(const struct isa_wave *wave)
{
	return (wave->barrier_phase != wave->group->barrier_phase ? STATE_PRIV_BARRIER_COMPLETE : 0) |
	       (wave->scc ? STATE_PRIV_SCC : 0);
}

/* Blocks of 8 registers of 32 lanes, or 4 of 64, less one. */
static uint32_t gpr_alloc(const struct isa_wave *wave)
{
	uint32_t block = wave->lanes == 64 ? 4 : 8;
	uint32_t blocks = (wave->vgpr_count + block - 1) / block;

	return (blocks ? blocks - 1 : 0) << (wave->target == ISA_GFX10_3 ? 8 : 12);
}

/* Blocks of 512 bytes. */
static uint32_t lds_alloc(const struct isa_wave *wave)
{
	return (wave->group->lds_bytes + 511) / 512 << 12;
}

static uint64_t cycles(const struct isa_wave *wave)
{
	return wave->unit->ops->clock(wave->unit->machine);
}

/* False: there is no such register. */
static bool read_gfx12(const struct isa_wave *wave, uint32_t id, uint32_t *value)
{
	switch (id) {
	case HWREG_STATE_PRIV:
		*value = state_priv(wave);
		return true;
	case HWREG_EXCP_FLAG_PRIV: /* none has happened: the wave would have stopped */
	case HWREG_EXCP_FLAG_USER:
	case HWREG_TRAP_CTRL:
	case HWREG_SCHED_MODE: /* how much is checked for hazards, of which there are none */
		*value = 0;
		return true;
	case HWREG_SHADER_CYCLES:
		*value = (uint32_t)cycles(wave);
		return true;
	case HWREG_SHADER_CYCLES_HI:
		*value = (uint32_t)(cycles(wave) >> 32);
		return true;
	default:
		return false;
	}
}

static bool read_older(const struct isa_wave *wave, uint32_t id, uint32_t *value)
{
	switch (id) {
	case HWREG_TRAPSTS:
		*value = 0;
		return true;
	case HWREG_SH_MEM_BASES:
		*value = ISA_SHARED_APERTURE | ISA_PRIVATE_APERTURE >> 16;
		return true;
	case HWREG_IB_STS2:
		*value = wave->lanes == 64 ? IB_STS2_WAVE64 : 0;
		return true;
	case HWREG_SHADER_CYCLES:
		*value = (uint32_t)cycles(wave) & ((1U << SHADER_CYCLES_BITS) - 1);
		return true;
	default:
		return false;
	}
}

static bool read_hwreg(const struct isa_wave *wave, uint32_t id, uint32_t *value)
{
	switch (id) {
	case HWREG_MODE:
		*value = wave->target == ISA_GFX12 ? wave->mode & MODE_GFX12 : wave->mode;
		return true;
	case HWREG_STATUS:
		*value = status(wave);
		return true;
	case HWREG_GPR_ALLOC:
		*value = gpr_alloc(wave);
		return true;
	case HWREG_LDS_ALLOC:
		*value = lds_alloc(wave);
		return true;
	case HWREG_IB_STS: /* nothing is under way */
		*value = 0;
		return true;
	case HWREG_FLAT_SCRATCH_LO:
		*value = (uint32_t)wave->flat_scratch;
		return true;
	case HWREG_FLAT_SCRATCH_HI:
		*value = (uint32_t)(wave->flat_scratch >> 32);
		return true;
	case HWREG_HW_ID1: /* WAVE_ID: five bits */
		*value = wave->number & 0x1f;
		return true;
	case HWREG_HW_ID2:
		*value = 0;
		return true;
	default:
		return wave->target == ISA_GFX12 ? read_gfx12(wave, id, value) : read_older(wave, id, value);
	}
}

static void set_mode(struct isa_wave *wave, uint32_t value)
{
	wave->mode = wave->target == ISA_GFX12 ? (value & MODE_GFX12) | ISA_MODE_DX10_CLAMP : value;
}

/* Others can be read only, or are the trap handler's: writes of a kernel go nowhere. */
static void write_hwreg(struct isa_wave *wave, uint32_t id, uint32_t value)
{
	if (id == HWREG_MODE)
		set_mode(wave, value);
	else if (id == HWREG_FLAT_SCRATCH_LO && wave->target == ISA_GFX10_3)
		wave->flat_scratch = (wave->flat_scratch & ~(uint64_t)UINT32_MAX) | value;
	else if (id == HWREG_FLAT_SCRATCH_HI && wave->target == ISA_GFX10_3)
		wave->flat_scratch = (uint64_t)value << 32 | (uint32_t)wave->flat_scratch;
}

static uint32_t field_mask(const struct isa_inst *inst)
{
	return UINT32_MAX >> (32 - HWREG_BITS(inst->simm));
}

static void getreg(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t value;

	if (read_hwreg(wave, HWREG_ID(inst->simm), &value))
		isa_set_scalar32(wave, inst->dst, value >> HWREG_OFFSET(inst->simm) & field_mask(inst));
	else
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
}

static void set_field(struct isa_wave *wave, const struct isa_inst *inst, uint32_t value)
{
	uint32_t offset = HWREG_OFFSET(inst->simm);
	uint32_t mask = field_mask(inst) << offset;
	uint32_t old;

	if (read_hwreg(wave, HWREG_ID(inst->simm), &old))
		write_hwreg(wave, HWREG_ID(inst->simm), (old & ~mask) | (value << offset & mask));
	else
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
}

static void setreg(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_field(wave, inst, isa_scalar32(wave, inst, inst->src[0]));
}

static void setreg_imm(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_field(wave, inst, inst->literal);
}

static void round_mode(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_mode(wave, (wave->mode & ~0xfU) | ((uint32_t)inst->simm & 0xf));
}

static void denorm_mode(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_mode(wave, (wave->mode & ~0xf0U) | ((uint32_t)inst->simm & 0xf) << 4);
}

static const struct isa_binding list[] = {
	{.operation = ISA_S_DENORM_MODE, .class = ISA_CLASS_OTHER, .execute = denorm_mode},
	{.operation = ISA_S_GETREG_B32, .class = ISA_CLASS_SCALAR, .execute = getreg},
	{.operation = ISA_S_ROUND_MODE, .class = ISA_CLASS_OTHER, .execute = round_mode},
	{.operation = ISA_S_SETREG_B32, .class = ISA_CLASS_SCALAR, .execute = setreg},
	{.operation = ISA_S_SETREG_IMM32_B32, .class = ISA_CLASS_SCALAR, .execute = setreg_imm},
};

const struct isa_bindings isa_bind_hwreg = {list, sizeof(list) / sizeof(list[0])};
