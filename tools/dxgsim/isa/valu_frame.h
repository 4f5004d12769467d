// SPDX-License-Identifier: MIT
/* What the files have in common that bring operands to vector ALU operations and their results back. */
#ifndef DXGSIM_ISA_VALU_FRAME_H
#define DXGSIM_ISA_VALU_FRAME_H

#include "dxgsim/isa/valu.h"

static inline bool isa_type_is_half(uint32_t type)
{
	return type == ISA_B16 || type == ISA_F16 || type == ISA_M16;
}

static inline bool isa_type_is_wide(uint32_t type)
{
	return type == ISA_B64 || type == ISA_F64 || type == ISA_PACKED_32;
}

static inline bool isa_type_is_packed(uint32_t type)
{
	return type == ISA_PACKED_16 || type == ISA_PACKED_F16;
}

/* Those that MODE's fields for 64 bits are for: half precision, too. */
static inline bool isa_type_is_float_64(uint32_t type)
{
	return type == ISA_F64 || type == ISA_F16 || type == ISA_PACKED_F16;
}

static inline bool isa_variant_is_e64(enum isa_variant variant)
{
	return variant == ISA_E64 || variant == ISA_E64_DPP16 || variant == ISA_E64_DPP8;
}

static inline bool isa_variant_is_dpp(enum isa_variant variant)
{
	return variant == ISA_DPP16 || variant == ISA_DPP8 || variant == ISA_E64_DPP16 ||
	       variant == ISA_E64_DPP8;
}

/* Whether the wave has registers below @end; stops it if not. */
static inline bool isa_has_vgprs(struct isa_wave *wave, const struct isa_inst *inst, uint32_t end)
{
	if (end <= wave->vgpr_count)
		return true;
	isa_stop(wave, inst, ISA_FAULT_REGISTER);
	return false;
}

/* A bit for each lane of 32: comparing with them, unlike shifting by the lane, is done for several lanes at once. */
extern const uint32_t isa_lane_bits[32];

/* @values of the lanes in @mask into a VGPR. */
void isa_store_row(struct isa_wave *wave, uint32_t number, const uint32_t *values, uint64_t mask);

/* What isa_valu_execute() is made of; VOPD does it for two at once. */

/* DPP: whence lanes get their first source. */
struct isa_dpp {
	uint8_t from[ISA_LANES];
	uint64_t zero;	  /* lanes that read zero */
	uint64_t enabled; /* lanes that write */
};

/* False: no such control. */
bool isa_dpp_control_legal(const struct isa_inst *inst);
void isa_dpp_lanes(const struct isa_wave *wave, const struct isa_inst *inst, struct isa_dpp *dpp);
void isa_dpp_permute(const struct isa_dpp *dpp, const uint32_t *row, uint32_t lanes, uint32_t *to);

/* SDWA: the selected part of @count words. */
void isa_sdwa_select(uint32_t select, bool extend, const uint32_t *from, uint32_t count, uint32_t *to);
/* ... a result, into the part of the register, which is @to. */
void isa_sdwa_deposit(const struct isa_inst *inst, const uint32_t *result, uint32_t lanes, uint32_t *to);

/* Fetches a source, into @to unless it can be used where it is.  @plain: MODE changes nothing. */
const union isa_lanes *isa_valu_fetch(struct isa_wave *wave, const struct isa_inst *inst,
				      const struct isa_valu_plan *plan, const struct isa_valu_source *source,
				      const struct isa_dpp *dpp, bool plain, union isa_lanes *to);
/* Flushes denormals of a type: by the bit of MODE's fields, ISA_KEEP_..., unless @binding has its own mind. */
#define ISA_KEEP_SOURCE 1U
#define ISA_KEEP_RESULT 2U
void isa_valu_flush(uint32_t mode, uint32_t flags, uint32_t type, uint32_t keep, union isa_lanes *values,
		    uint32_t count);
/* Denormals, output modifier and clamp of a result. */
void isa_valu_finish(const struct isa_wave *wave, const struct isa_inst *inst,
		     const struct isa_valu_plan *plan, union isa_lanes *values);
/* Into the VGPRs, of the lanes in @mask. */
void isa_valu_store(struct isa_wave *wave, const struct isa_inst *inst, const struct isa_valu_plan *plan,
		    const union isa_lanes *values, uint64_t mask);
/* Works out the plan of one operation, which has @binding. */
void isa_valu_plan(enum isa_target target, const struct isa_inst *inst, const struct isa_binding *binding,
		   uint32_t dst, const uint16_t src[3], struct isa_valu_plan *plan);
/* ... those of both halves of a VOPD instruction. */
void isa_vopd_prepare(enum isa_target target, struct isa_inst *inst);

/* isa_valu_execute() with another plan than that of the instruction. */
void isa_valu_execute_plan(struct isa_wave *wave, const struct isa_inst *inst,
			   const struct isa_valu_plan *plan);

/* Where operands are that cannot be used in place. */
struct isa_valu_space {
	union isa_lanes source[3], result;
};

/*
 * All of an operation but storing its result, which is left in valu->d and valu->mask_out.  valu->d is to be what the
 * operation writes to.  @dpp: NULL without.
 */
void isa_valu_compute(struct isa_valu *valu, const struct isa_valu_plan *plan, const struct isa_dpp *dpp,
		      struct isa_valu_space *space);

#endif
