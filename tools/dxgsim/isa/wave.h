// SPDX-License-Identifier: MIT
/* What a wave is, for those who execute its instructions. */
#ifndef DXGSIM_ISA_WAVE_H
#define DXGSIM_ISA_WAVE_H

#include "dxgsim/isa/inst.h"

#define ISA_LANES 64U /* at most */
#define ISA_VGPRS 256U

/* Where LDS and scratch are in the flat address space: upper 32 bits (Linux amdgpu: SH_MEM_BASES). */
#define ISA_SHARED_APERTURE  0x00010000U
#define ISA_PRIVATE_APERTURE 0x00020000U

/* MODE register. */
#define ISA_MODE_ROUND_32(mode)	 ((mode)&3U)	    /* 0 nearest even, 1 up, 2 down, 3 to zero */
#define ISA_MODE_ROUND_64(mode)	 ((mode) >> 2 & 3U) /* of f16 too */
#define ISA_MODE_DENORM_32(mode) ((mode) >> 4 & 3U) /* bit 0: sources are kept, bit 1: results are */
#define ISA_MODE_DENORM_64(mode) ((mode) >> 6 & 3U)
#define ISA_MODE_DX10_CLAMP	 (1U << 8)  /* clamp makes NaN 0; gfx12 always */
#define ISA_MODE_IEEE		 (1U << 9)  /* gfx12: never */
#define ISA_MODE_FP16_OVFL	 (1U << 23) /* what is too large for f16 and fp8 becomes the largest number */

enum isa_wave_state {
	ISA_WAVE_READY,
	ISA_WAVE_YIELDS,     /* s_sleep and the like: another should have its turn first */
	ISA_WAVE_AT_BARRIER, /* until its group's barrier_phase is another than wave->barrier_phase */
	ISA_WAVE_ENDED,
	ISA_WAVE_FAULTED, /* group->fault */
};

struct isa_wave {
	struct isa_group *group;
	struct isa_unit *unit; /* while it executes */
	enum isa_target target;
	uint32_t number; /* in its group */
	uint32_t lanes;	 /* 32 or 64 */
	enum isa_wave_state state;
	uint32_t barrier_phase;
	/* the address of the next instruction: that of the one being executed plus its length; branches change it */
	uint64_t pc;
	uint64_t exec; /* the upper half is 0 for 32 lanes */
	bool scc;
	uint32_t m0;
	uint32_t mode;
	uint32_t exec_hi; /* with 32 lanes: an ordinary register */
	/* by encoding: 0 to 105, VCC, TTMP; EXEC, M0 and NULL are not here */
	uint32_t sgprs[ISA_NULL];
	uint64_t flat_scratch; /* of the wave; gfx10.3: what the kernel wrote there */
	uint32_t vgpr_count;
	uint32_t *vgprs; /* vgprs[number * lanes + lane] */
};

struct isa_group {
	const struct isa_launch *launch;
	enum isa_target target;
	uint32_t id[3], size[3];
	uint32_t wave_count, ended;
	uint8_t *lds;
	uint32_t lds_bytes;
	/* waves that are at the barrier or have signalled it; as many as have not ended: it opens */
	uint32_t barrier_arrived;
	uint32_t barrier_phase; /* how often it has opened */
	struct isa_counts counts;
	struct isa_fault fault;
	uint32_t turn; /* the wave whose turn it is */
	bool started;  /* its registers have been set: how depends on the unit */
	uint64_t scratch;
	struct isa_wave waves[];
};

static inline uint32_t *isa_vgpr(struct isa_wave *wave, uint32_t number)
{
	return wave->vgprs + (size_t)number * wave->lanes;
}

static inline uint64_t isa_all_lanes(const struct isa_wave *wave)
{
	return wave->lanes == 64 ? UINT64_MAX : UINT32_MAX;
}

/* ---- scalar operands (operand.c) ---- */

/*
 * The value of a scalar source, as 32 or as 64 bits (a register and the next; constants as the documents have them for
 * operands of that size: integers sign-extended, a literal zero-extended, floats as doubles where @floating).
 */
uint32_t isa_scalar32(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source);
uint64_t isa_scalar64(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source,
		      bool floating);
/* Constants as a 16-bit float for operands that are one; everything else is isa_scalar32(). */
uint32_t isa_scalar_half(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t source);
/* Into a scalar register or a pair. */
void isa_set_scalar32(struct isa_wave *wave, uint32_t destination, uint32_t value);
void isa_set_scalar64(struct isa_wave *wave, uint32_t destination, uint64_t value);
/* A bit per lane in a scalar register, or with 64 lanes in a pair. */
uint64_t isa_lane_mask(const struct isa_wave *wave, uint32_t source);
void isa_set_lane_mask(struct isa_wave *wave, uint32_t destination, uint64_t mask);
uint64_t isa_vcc(const struct isa_wave *wave);
void isa_set_vcc(struct isa_wave *wave, uint64_t mask);

/* ---- execution ---- */

/* Executes @inst; what it cannot it says by isa_stop(). */
typedef void isa_execute(struct isa_wave *wave, const struct isa_inst *inst);

/* The wave, and its group with it, ends with a fault. */
void isa_stop(struct isa_wave *wave, const struct isa_inst *inst, enum isa_fault_kind kind);
/* ... at an access. */
void isa_stop_access(struct isa_wave *wave, const struct isa_inst *inst, enum isa_fault_kind kind,
		     enum isa_access access, uint64_t va, uint32_t lane);
/* The wave has arrived at the barrier (signals it). */
void isa_barrier_arrive(struct isa_group *group);

struct isa_valu;
typedef void isa_valu_fn(struct isa_valu *valu);

enum isa_class {
	ISA_CLASS_SCALAR,
	ISA_CLASS_VECTOR,
	ISA_CLASS_MEMORY, /* SMEM, DS, FLAT, BUFFER */
	ISA_CLASS_OTHER,  /* waits, nops, messages */
};

/*
 * Who executes an operation.  Vector ALU operations that work lane by lane have a function for all lanes at once, `valu`,
 * the types of their operands and flags of valu.h; `execute` is then isa_valu_execute().
 */
struct isa_binding {
	enum isa_operation operation;
	enum isa_class class;
	isa_execute *execute;
	isa_valu_fn *valu;
	uint8_t result;	    /* enum isa_type */
	uint8_t sources[3]; /* enum isa_type */
	uint32_t flags;
};

struct isa_bindings {
	const struct isa_binding *list;
	uint32_t count;
};

/* One per file; binding.c puts them together. */
extern const struct isa_bindings isa_bind_salu, isa_bind_salu_bits, isa_bind_salu_float, isa_bind_flow,
	isa_bind_hwreg, isa_bind_smem, isa_bind_integer, isa_bind_integer_half, isa_bind_integer_bytes,
	isa_bind_integer_wide, isa_bind_compare, isa_bind_move, isa_bind_lanes, isa_bind_float,
	isa_bind_transcendental, isa_bind_double, isa_bind_half, isa_bind_packed, isa_bind_packed_integer,
	isa_bind_dot, isa_bind_convert, isa_bind_vopd, isa_bind_ds, isa_bind_ds_lanes, isa_bind_flat,
	isa_bind_buffer, isa_bind_buffer_format;

/* NULL: not implemented. */
const struct isa_binding *isa_binding(enum isa_operation operation);
/* An operation that two of the lists have, which is a mistake; ISA_OPERATIONS: none. */
enum isa_operation isa_binding_clash(void);

#endif
