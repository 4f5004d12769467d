// SPDX-License-Identifier: MIT
/*
 * Scalar floats, from gfx11.5 on.  They round, flush denormals and treat NaNs as MODE wants it, as the vector ALU does.
 * Halves are in the lower half of a register, of which the upper one becomes 0.  Source: AMD's ISA documents, "RDNA3.5"
 * and "RDNA4", "SOP1", "SOP2" and "SOPC Instructions".
 */
#include <fenv.h>
#include <math.h>

#include "dxgsim/isa/bits.h"
#include "dxgsim/isa/half.h"
#include "dxgsim/isa/order.h"
#include "dxgsim/isa/salu.h"

/* ---- operands and results, as bits ---- */

#define KEEP_SOURCE 1U
#define KEEP_RESULT 2U

static uint32_t flush_32(const struct isa_wave *wave, uint32_t bits, uint32_t keep)
{
	if (ISA_MODE_DENORM_32(wave->mode) & keep || bits & 0x7f800000U)
		return bits;
	return bits & 0x80000000U;
}

static uint16_t flush_16(const struct isa_wave *wave, uint32_t bits, uint32_t keep)
{
	if (ISA_MODE_DENORM_64(wave->mode) & keep || bits & 0x7c00U)
		return (uint16_t)bits;
	return bits & 0x8000U;
}

static uint32_t source_32(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t number)
{
	return flush_32(wave, isa_scalar32(wave, inst, inst->src[number]), KEEP_SOURCE);
}

static uint16_t source_16(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t number)
{
	return flush_16(wave, isa_scalar_half(wave, inst, inst->src[number]), KEEP_SOURCE);
}

static float float_source(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t number)
{
	return isa_float_of(source_32(wave, inst, number));
}

static float half_source(const struct isa_wave *wave, const struct isa_inst *inst, uint32_t number)
{
	return isa_half_to_float(source_16(wave, inst, number));
}

static void set_32(struct isa_wave *wave, const struct isa_inst *inst, uint32_t bits)
{
	isa_set_scalar32(wave, inst->dst, flush_32(wave, bits, KEEP_RESULT));
}

static void set_16(struct isa_wave *wave, const struct isa_inst *inst, uint32_t bits)
{
	isa_set_scalar32(wave, inst->dst, flush_16(wave, bits, KEEP_RESULT));
}

/* ---- rounding ---- */

/* The host's from now on, and what it was. */
static int round_as(uint32_t round)
{
	static const int host[4] = {
		[ISA_ROUND_NEAREST] = FE_TONEAREST,
		[ISA_ROUND_UP] = FE_UPWARD,
		[ISA_ROUND_DOWN] = FE_DOWNWARD,
		[ISA_ROUND_ZERO] = FE_TOWARDZERO,
	};
	const int before = fegetround();

	if (host[round] != before)
		fesetround(host[round]);
	return before;
}

static void round_again(int before)
{
	if (fegetround() != before)
		fesetround(before);
}

/*
 * Of two floats; they and the result are volatile, for otherwise the compiler may compute before the rounding mode is
 * changed or after it was restored.
 */
#define FLOAT_2(name, expression)                                            \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const volatile float a = float_source(wave, inst, 0);        \
		const volatile float b = float_source(wave, inst, 1);        \
		const int before = round_as(ISA_MODE_ROUND_32(wave->mode));  \
		const volatile float result = (expression);                  \
                                                                             \
		round_again(before);                                         \
		set_32(wave, inst, isa_float_bits(result));                  \
	}

/* Of two halves: sums and products of such are exact as doubles; a sum of 0 has the sign that rounding gives it. */
#define HALF_2(name, expression)                                              \
	static void name(struct isa_wave *wave, const struct isa_inst *inst)  \
	{                                                                     \
		const uint32_t round = ISA_MODE_ROUND_64(wave->mode);         \
		const volatile double a = (double)half_source(wave, inst, 0); \
		const volatile double b = (double)half_source(wave, inst, 1); \
		const int before = round_as(round);                           \
		const volatile double result = (expression);                  \
                                                                              \
		round_again(before);                                          \
		set_16(wave, inst, isa_double_to_half(result, round));        \
	}

FLOAT_2(add_f32, a + b)
FLOAT_2(sub_f32, a - b)
FLOAT_2(mul_f32, a *b)
HALF_2(add_f16, a + b)
HALF_2(sub_f16, a - b)
HALF_2(mul_f16, a *b)

static void fma_32(struct isa_wave *wave, const struct isa_inst *inst, uint32_t addend)
{
	const volatile float a = float_source(wave, inst, 0);
	const volatile float b = float_source(wave, inst, 1);
	const volatile float c = isa_float_of(flush_32(wave, addend, KEEP_SOURCE));
	const int before = round_as(ISA_MODE_ROUND_32(wave->mode));
	const volatile float result = fmaf(a, b, c);

	round_again(before);
	set_32(wave, inst, isa_float_bits(result));
}

static void fmac_f32(struct isa_wave *wave, const struct isa_inst *inst)
{
	fma_32(wave, inst, isa_scalar32(wave, inst, inst->dst));
}

/* The constant is the second or the third of its sources. */
static void fma_f32(struct isa_wave *wave, const struct isa_inst *inst)
{
	fma_32(wave, inst, isa_scalar32(wave, inst, inst->src[2]));
}

static void fmac_f16(struct isa_wave *wave, const struct isa_inst *inst)
{
	const uint32_t round = ISA_MODE_ROUND_64(wave->mode);
	const uint16_t a = source_16(wave, inst, 0);
	const uint16_t b = source_16(wave, inst, 1);
	const uint16_t c = flush_16(wave, isa_scalar32(wave, inst, inst->dst), KEEP_SOURCE);
	const int before = round_as(round);
	const uint16_t result = isa_half_fma(a, b, c, round);

	round_again(before);
	set_16(wave, inst, result);
}

/* ---- to integral values, exact ---- */

#define FLOAT_1(name, function)                                                    \
	static void name##_f32(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                          \
		const float result = function(float_source(wave, inst, 0));        \
                                                                                   \
		set_32(wave, inst, isa_float_bits(result));                        \
	}                                                                          \
	static void name##_f16(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                          \
		const float result = function(half_source(wave, inst, 0));         \
                                                                                   \
		set_16(wave, inst, isa_float_to_half(result, ISA_ROUND_NEAREST));  \
	}

FLOAT_1(ceil, ceilf)
FLOAT_1(floor, floorf)
FLOAT_1(trunc, truncf)
/* the host rounds to the nearest even one */
FLOAT_1(rndne, rintf)

/* ---- conversions ---- */

#define FROM_INTEGER(name, type)                                             \
	static void name(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                    \
		const volatile type a = (type)salu_s0(wave, inst);           \
		const int before = round_as(ISA_MODE_ROUND_32(wave->mode));  \
		const volatile float result = (float)a;                      \
                                                                             \
		round_again(before);                                         \
		set_32(wave, inst, isa_float_bits(result));                  \
	}

FROM_INTEGER(cvt_f32_i32, int32_t)
FROM_INTEGER(cvt_f32_u32, uint32_t)

/* Truncated; what is too large is the largest there is, NaN is 0. */
static int64_t truncated(float value, int64_t least, int64_t most)
{
	if (isnan(value))
		return 0;
	if (value >= 0x1p62f)
		return most;
	if (value <= -0x1p62f)
		return least;
	return bits_clamp((int64_t)value, least, most);
}

static void cvt_i32_f32(struct isa_wave *wave, const struct isa_inst *inst)
{
	const int64_t result = truncated(float_source(wave, inst, 0), INT32_MIN, INT32_MAX);

	isa_set_scalar32(wave, inst->dst, (uint32_t)result);
}

static void cvt_u32_f32(struct isa_wave *wave, const struct isa_inst *inst)
{
	const int64_t result = truncated(float_source(wave, inst, 0), 0, UINT32_MAX);

	isa_set_scalar32(wave, inst->dst, (uint32_t)result);
}

static void cvt_f16_f32(struct isa_wave *wave, const struct isa_inst *inst)
{
	set_16(wave, inst, isa_float_to_half(float_source(wave, inst, 0), ISA_MODE_ROUND_64(wave->mode)));
}

/* NaNs become quiet. */
static void widen(struct isa_wave *wave, const struct isa_inst *inst, uint32_t half)
{
	const uint16_t bits = flush_16(wave, half & 0xffff, KEEP_SOURCE);
	const uint32_t quiet = isa_half_is_nan(bits) ? 0x400000U : 0;

	set_32(wave, inst, isa_float_bits(isa_half_to_float(bits)) | quiet);
}

static void cvt_f32_f16(struct isa_wave *wave, const struct isa_inst *inst)
{
	widen(wave, inst, isa_scalar_half(wave, inst, inst->src[0]));
}

static void cvt_hi_f32_f16(struct isa_wave *wave, const struct isa_inst *inst)
{
	widen(wave, inst, isa_scalar_half(wave, inst, inst->src[0]) >> 16);
}

static void cvt_pk_rtz_f16_f32(struct isa_wave *wave, const struct isa_inst *inst)
{
	const uint16_t low = isa_float_to_half(float_source(wave, inst, 0), ISA_ROUND_ZERO);
	const uint16_t high = isa_float_to_half(float_source(wave, inst, 1), ISA_ROUND_ZERO);

	isa_set_scalar32(wave, inst->dst,
			 flush_16(wave, low, KEEP_RESULT) | (uint32_t)flush_16(wave, high, KEEP_RESULT)
								    << 16);
}

/* ---- minimum and maximum ---- */

static struct isa_nan_rules rules(struct isa_wave *wave)
{
	const struct isa_valu valu = {.wave = wave, .mode = wave->mode};

	return isa_nan_rules(&valu);
}

#define PICK(name, ...)                                                                                  \
	static void name##_f32(struct isa_wave *wave, const struct isa_inst *inst)                       \
	{                                                                                                \
		set_32(wave, inst,                                                                       \
		       isa_##name##_32(source_32(wave, inst, 0), source_32(wave, inst, 1) __VA_ARGS__)); \
	}                                                                                                \
	static void name##_f16(struct isa_wave *wave, const struct isa_inst *inst)                       \
	{                                                                                                \
		set_16(wave, inst,                                                                       \
		       isa_##name##_16(source_16(wave, inst, 0), source_16(wave, inst, 1) __VA_ARGS__)); \
	}

#define WITH_RULES , rules(wave)

PICK(min, WITH_RULES)
PICK(max, WITH_RULES)
PICK(minimum, )
PICK(maximum, )

/* ---- comparisons ---- */

#define COMPARE(name, expression)                                                  \
	static void name##_f32(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                          \
		const float a = float_source(wave, inst, 0);                       \
		const float b = float_source(wave, inst, 1);                       \
                                                                                   \
		wave->scc = (expression);                                          \
	}                                                                          \
	static void name##_f16(struct isa_wave *wave, const struct isa_inst *inst) \
	{                                                                          \
		const float a = half_source(wave, inst, 0);                        \
		const float b = half_source(wave, inst, 1);                        \
                                                                                   \
		wave->scc = (expression);                                          \
	}

COMPARE(cmp_lt, isless(a, b))
COMPARE(cmp_eq, a == b)
COMPARE(cmp_le, islessequal(a, b))
COMPARE(cmp_gt, isgreater(a, b))
COMPARE(cmp_lg, islessgreater(a, b))
COMPARE(cmp_ge, isgreaterequal(a, b))
COMPARE(cmp_o, !isunordered(a, b))
COMPARE(cmp_u, isunordered(a, b))
COMPARE(cmp_nge, !isgreaterequal(a, b))
COMPARE(cmp_nlg, !islessgreater(a, b))
COMPARE(cmp_ngt, !isgreater(a, b))
COMPARE(cmp_nle, !islessequal(a, b))
COMPARE(cmp_neq, a != b)
COMPARE(cmp_nlt, !isless(a, b))

#define BOTH(name, function) SALU(name##_F32, function##_f32), SALU(name##_F16, function##_f16)

static const struct isa_binding list[] = {
	BOTH(S_ADD, add),
	BOTH(S_SUB, sub),
	BOTH(S_MUL, mul),
	BOTH(S_FMAC, fmac),
	SALU(S_FMAMK_F32, fma_f32),
	SALU(S_FMAAK_F32, fma_f32),
	BOTH(S_CEIL, ceil),
	BOTH(S_FLOOR, floor),
	BOTH(S_TRUNC, trunc),
	BOTH(S_RNDNE, rndne),
	SALU(S_CVT_F32_I32, cvt_f32_i32),
	SALU(S_CVT_F32_U32, cvt_f32_u32),
	SALU(S_CVT_I32_F32, cvt_i32_f32),
	SALU(S_CVT_U32_F32, cvt_u32_f32),
	SALU(S_CVT_F16_F32, cvt_f16_f32),
	SALU(S_CVT_F32_F16, cvt_f32_f16),
	SALU(S_CVT_HI_F32_F16, cvt_hi_f32_f16),
	SALU(S_CVT_PK_RTZ_F16_F32, cvt_pk_rtz_f16_f32),
	BOTH(S_MIN_NUM, min),
	BOTH(S_MAX_NUM, max),
	BOTH(S_MINIMUM, minimum),
	BOTH(S_MAXIMUM, maximum),
	BOTH(S_CMP_LT, cmp_lt),
	BOTH(S_CMP_EQ, cmp_eq),
	BOTH(S_CMP_LE, cmp_le),
	BOTH(S_CMP_GT, cmp_gt),
	BOTH(S_CMP_LG, cmp_lg),
	BOTH(S_CMP_GE, cmp_ge),
	BOTH(S_CMP_O, cmp_o),
	BOTH(S_CMP_U, cmp_u),
	BOTH(S_CMP_NGE, cmp_nge),
	BOTH(S_CMP_NLG, cmp_nlg),
	BOTH(S_CMP_NGT, cmp_ngt),
	BOTH(S_CMP_NLE, cmp_nle),
	BOTH(S_CMP_NEQ, cmp_neq),
	BOTH(S_CMP_NLT, cmp_nlt),
};

const struct isa_bindings isa_bind_salu_float = {list, sizeof(list) / sizeof(list[0])};
