// SPDX-License-Identifier: MIT
/*
 * Functions of the scalar ALU from an expression of its operands: a and b are the values of S0 and S1, which are read
 * before anything is written.
 */
#ifndef DXGSIM_ISA_SALU_H
#define DXGSIM_ISA_SALU_H

#include "dxgsim/isa/wave.h"

#define SALU(name, function)                                                               \
	{                                                                                  \
		.operation = ISA_##name, .class = ISA_CLASS_SCALAR, .execute = (function), \
	}

static inline uint32_t salu_s0(const struct isa_wave *wave, const struct isa_inst *inst)
{
	return isa_scalar32(wave, inst, inst->src[0]);
}

static inline uint32_t salu_s1(const struct isa_wave *wave, const struct isa_inst *inst)
{
	return isa_scalar32(wave, inst, inst->src[1]);
}

static inline uint64_t salu_s0_wide(const struct isa_wave *wave, const struct isa_inst *inst)
{
	return isa_scalar64(wave, inst, inst->src[0], false);
}

static inline uint64_t salu_s1_wide(const struct isa_wave *wave, const struct isa_inst *inst)
{
	return isa_scalar64(wave, inst, inst->src[1], false);
}

/* 32-bit result of one operand. */
#define SALU_1(name, expression)                                             \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint32_t a = salu_s0(wave, inst);                      \
                                                                             \
		isa_set_scalar32(wave, inst->dst, (uint32_t)(expression));   \
	}

/* ... of one of 64 bits. */
#define SALU_1_OF_64(name, expression)                                       \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
                                                                             \
		isa_set_scalar32(wave, inst->dst, (uint32_t)(expression));   \
	}

/* 64-bit result. */
#define SALU_1_WIDE(name, expression)                                        \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
                                                                             \
		isa_set_scalar64(wave, inst->dst, (expression));             \
	}

/* 32-bit result of two operands. */
#define SALU_2(name, expression)                                             \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint32_t a = salu_s0(wave, inst);                      \
		const uint32_t b = salu_s1(wave, inst);                      \
                                                                             \
		isa_set_scalar32(wave, inst->dst, (uint32_t)(expression));   \
	}

/* 64-bit result, the second operand is as wide as @of says: salu_s1, salu_s1_wide. */
#define SALU_2_WIDE(name, of, expression)                                    \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
		const uint64_t b = of(wave, inst);                           \
                                                                             \
		isa_set_scalar64(wave, inst->dst, (expression));             \
	}

/* The same, with SCC: whether the result is not 0. */
#define SALU_1_SCC(name, expression)                                         \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint32_t a = salu_s0(wave, inst);                      \
		const uint32_t result = (uint32_t)(expression);              \
                                                                             \
		isa_set_scalar32(wave, inst->dst, result);                   \
		wave->scc = result != 0;                                     \
	}

#define SALU_1_OF_64_SCC(name, expression)                                   \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
		const uint32_t result = (uint32_t)(expression);              \
                                                                             \
		isa_set_scalar32(wave, inst->dst, result);                   \
		wave->scc = result != 0;                                     \
	}

#define SALU_1_WIDE_SCC(name, expression)                                    \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
		const uint64_t result = (expression);                        \
                                                                             \
		isa_set_scalar64(wave, inst->dst, result);                   \
		wave->scc = result != 0;                                     \
	}

#define SALU_2_SCC(name, expression)                                         \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint32_t a = salu_s0(wave, inst);                      \
		const uint32_t b = salu_s1(wave, inst);                      \
		const uint32_t result = (uint32_t)(expression);              \
                                                                             \
		isa_set_scalar32(wave, inst->dst, result);                   \
		wave->scc = result != 0;                                     \
	}

#define SALU_2_WIDE_SCC(name, of, expression)                                \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
		const uint64_t b = of(wave, inst);                           \
		const uint64_t result = (expression);                        \
                                                                             \
		isa_set_scalar64(wave, inst->dst, result);                   \
		wave->scc = result != 0;                                     \
	}

/* Nothing but SCC. */
#define SALU_COMPARE(name, expression)                                       \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint32_t a = salu_s0(wave, inst);                      \
		const uint32_t b = salu_s1(wave, inst);                      \
                                                                             \
		wave->scc = (expression);                                    \
	}

#define SALU_COMPARE_WIDE(name, of, expression)                              \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint64_t a = salu_s0_wide(wave, inst);                 \
		const uint64_t b = of(wave, inst);                           \
                                                                             \
		wave->scc = (expression);                                    \
	}

/* The destination with the constant of the instruction; sign-extended, comparisons as unsigned numbers zero-extended. */
#define SALU_COMPARE_K(name, type, expression)                               \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const uint32_t a = isa_scalar32(wave, inst, inst->dst);      \
		const uint32_t b = (uint32_t)(type)inst->simm;               \
                                                                             \
		wave->scc = (expression);                                    \
	}

#endif
