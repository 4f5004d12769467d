// SPDX-License-Identifier: MIT
/*
 * The vector ALU.  valu.c fetches the operands of all lanes (constants, modifiers, DPP, SDWA, halves of registers), calls
 * the operation's function once, and stores the result where EXEC has a lane; so the functions of operations are nothing
 * but arithmetic on arrays.
 */
#ifndef DXGSIM_ISA_VALU_H
#define DXGSIM_ISA_VALU_H

#include "dxgsim/isa/wave.h"

/* What an operand is: how many registers, what negation and absolute value mean, whether denormals are flushed. */
enum isa_type {
	ISA_NONE,
	ISA_B16, /* 16 bits in the lower half of .u32, the upper half is 0 */
	ISA_F16, /* ... a float: with modifiers and denormals by MODE */
	ISA_M16, /* ... modifiers as a float, but never flushed (v_cndmask, comparisons of class) */
	ISA_B32,
	ISA_F32,
	ISA_M32,
	ISA_B64, /* .u64 */
	ISA_F64,
	ISA_PACKED_16,	 /* two integers; VOP3P's op_sel and op_sel_hi have been applied */
	ISA_PACKED_F16,	 /* two floats */
	ISA_PACKED_32,	 /* .u64: two words */
	ISA_SCALAR_MASK, /* result: none of a lane's own, valu->mask_out goes to the scalar destination */
	ISA_TYPES
};

union isa_lanes {
	uint32_t u32[ISA_LANES];
	int32_t i32[ISA_LANES];
	float f32[ISA_LANES];
	uint64_t u64[ISA_LANES];
	int64_t i64[ISA_LANES];
	double f64[ISA_LANES];
};

/* An instruction being executed.  Functions may compute lanes that EXEC has not; these are not stored. */
struct isa_valu {
	struct isa_wave *wave;
	const struct isa_inst *inst;
	uint32_t lanes; /* 32 or 64 */
	uint64_t exec;
	bool clamp; /* integers: saturate, for operations with ISA_VALU_CLAMPS; floats are clamped by the caller */
	uint32_t mode;			  /* MODE */
	const union isa_lanes *a, *b, *c; /* S0, S1, S2; or the old destination for ISA_VALU_READS_RESULT */
	union isa_lanes *d;
	uint64_t mask_in;  /* ISA_VALU_MASK_IN: carry, condition */
	uint64_t mask_out; /* ISA_VALU_MASK_OUT and ISA_SCALAR_MASK */
};

/* The mask comes from VCC (VOP2 e32) or from the scalar register that S2 names (VOP3), or always from VCC. */
#define ISA_VALU_MASK_IN (1U << 0)
#define ISA_VALU_VCC_IN	 (1U << 1)
/* ... goes to VCC or to the SGPRs that the instruction names. */
#define ISA_VALU_MASK_OUT     (1U << 2)
#define ISA_VALU_TO_EXEC      (1U << 3) /* v_cmpx: to EXEC instead */
#define ISA_VALU_READS_RESULT (1U << 4) /* the old destination is S2 (v_fmac, dot products) */
#define ISA_VALU_CLAMPS	      (1U << 5)
#define ISA_VALU_ROUNDS_64    (1U << 6) /* rounded as f64 and f16 although no operand is one */
#define ISA_VALU_NO_FLUSH     (1U << 7) /* denormals are kept whatever MODE says */
#define ISA_VALU_FLUSH	      (1U << 8) /* ... are flushed whatever MODE says */
#define ISA_VALU_TWO	      (1U << 9) /* counts as two operations of a lane */
#define ISA_VALU_WHOLE \
	(1U << 10) /* with a 16-bit result: writes 32 bits, the upper half as the function left it */
#define ISA_VALU_MIXED \
	(1U << 11) /* VOP3P's op_sel and op_sel_hi say of each source whether it is a half or a float */

isa_execute isa_valu_execute;
/*
 * Works out what isa_valu_execute(), VOPD and the like need to know of a decoded instruction; nothing for other
 * instructions.  isa_decode() calls it.
 */
void isa_valu_prepare(enum isa_target target, struct isa_inst *inst);

/*
 * Results never share memory with sources, and there is a multiple of 32 lanes: said here so that loops are vectorised.
 * Sources that an operation does not have are zeros.
 */
#define ISA_FOR_LANES(valu) \
	for (uint32_t i = 0, isa_count_ = (valu)->lanes == 64 ? 64 : 32; i < isa_count_; i++)

/*
 * The loop of a function of operations: a, b and c are the values of a lane, the @member of union isa_lanes as @type; what is computed
 * from them is stored as @result.
 */
#define ISA_VALU_LOOP(member, type, result, expression)                                               \
	ISA_FOR_LANES(valu)                                                                           \
	{                                                                                             \
		const type a = (type)as->member[i], b = (type)bs->member[i], c = (type)cs->member[i]; \
                                                                                                      \
		(void)a, (void)b, (void)c;                                                            \
		ds->member[i] = (result)(expression);                                                 \
	}

/* A function that is nothing else. */
#define ISA_VALU_OF(name, member, type, result, expression)                        \
	static void name(struct isa_valu *valu)                                    \
	{                                                                          \
		const union isa_lanes *as = valu->a, *bs = valu->b, *cs = valu->c; \
		union isa_lanes *restrict ds = valu->d;                            \
                                                                                   \
		ISA_VALU_LOOP(member, type, result, expression)                    \
	}

/* ... on 32-bit words, on floats, on doubles. */
#define ISA_VALU_U32(name, expression) ISA_VALU_OF(name, u32, uint32_t, uint32_t, expression)
#define ISA_VALU_F32(name, expression) ISA_VALU_OF(name, f32, float, float, expression)
#define ISA_VALU_F64(name, expression) ISA_VALU_OF(name, f64, double, double, expression)

/* A binding: operation, function, types of the result and, at the end, of the sources, ISA_VALU_* flags. */
#define ISA_VALU_BINDING(operation_, function, to, flag_bits, ...)                                  \
	{                                                                                           \
		.operation = (operation_), .class = ISA_CLASS_VECTOR, .execute = isa_valu_execute,  \
		.valu = (function), .result = (to), .sources = {__VA_ARGS__}, .flags = (flag_bits), \
	}

#endif
