// SPDX-License-Identifier: MIT
/*
 * Reciprocals, roots, powers and logarithms of 2, sines and cosines of turns.  AMD's documents allow an error of one unit
 * in the last place (0.51 for halves); here they are what double gives, rounded.
 */
#include <math.h>

#include "dxgsim/isa/half.h"
#include "dxgsim/isa/valu_frame.h"

/* ---- functions of one double, which may be a float or a half ---- */

static double reciprocal(double x)
{
	return 1 / x;
}

static double reciprocal_root(double x)
{
	return 1 / sqrt(x);
}

/* The NaN of an invalid operation has a sign: V_LOG_F32(0xff800000) is 0xffc00000. */
static double invalid(void)
{
	return isa_double_of(UINT64_C(0xfff8) << 48);
}

static double logarithm(double x)
{
	return x < 0 ? invalid() : log2(x);
}

/* A whole number of quarters of a turn and a rest of at most an eighth: both exact. */
static double quarters(double turns, double *rest)
{
	const double turn = turns - roundeven(turns);
	const double count = roundeven(turn * 4);

	*rest = turn - count / 4;
	return count;
}

static double quarter_sine(double count, double rest)
{
	const double angle = rest * (2 * M_PI);

	if (count == 0)
		return sin(angle);
	if (count == 1)
		return cos(angle);
	return count == -1 ? -cos(angle) : -sin(angle);
}

/* Of whole and half turns it is +0, but of -0. */
static double sine(double turns)
{
	double rest, count, result;

	if (isinf(turns))
		return invalid();
	if (isnan(turns) || turns == 0)
		return turns + turns;
	count = quarters(turns, &rest);
	result = quarter_sine(count, rest);
	return result == 0 ? 0 : result;
}

static double cosine(double turns)
{
	double rest, count, result;

	if (isinf(turns))
		return invalid();
	if (isnan(turns))
		return turns + turns;
	/* the sine a quarter of a turn further on */
	count = quarters(turns, &rest) + 1;
	result = quarter_sine(count > 2 ? -1 : count, rest);
	return result == 0 ? 0 : result;
}

/* ---- vectors ---- */

#define FLOATS(name, expression) ISA_VALU_F32(name, expression)
#define HALVES(name, function)                                                              \
	static void name(struct isa_valu *valu)                                             \
	{                                                                                   \
		ISA_FOR_LANES(valu)                                                         \
		{                                                                           \
			const float a = isa_half_to_float((uint16_t)valu->a->u32[i]);       \
                                                                                            \
			valu->d->u32[i] = isa_half_result(function((double)a), valu->mode); \
		}                                                                           \
	}

FLOATS(rcp_32, 1 / a)
FLOATS(rsq_32, reciprocal_root((double)a))
FLOATS(sqrt_32, sqrtf(a))
FLOATS(exp_32, exp2((double)a))
FLOATS(log_32, logarithm((double)a))
FLOATS(sin_32, sine((double)a))
FLOATS(cos_32, cosine((double)a))
HALVES(rcp_16, reciprocal)
HALVES(rsq_16, reciprocal_root)
HALVES(sqrt_16, sqrt)
HALVES(exp_16, exp2)
HALVES(log_16, logarithm)
HALVES(sin_16, sine)
HALVES(cos_16, cosine)

/* ---- gfx12: of one value, scalar registers to scalar registers, whatever EXEC is ---- */

static void execute_scalar(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_valu_space space;
	struct isa_valu valu = {
		.wave = wave,
		.inst = inst,
		.lanes = wave->lanes,
		.exec = wave->exec,
		.mode = wave->mode,
		.d = &space.result,
	};

	isa_valu_compute(&valu, &inst->plan, NULL, &space);
	isa_set_scalar32(wave, inst->dst, space.result.u32[0]);
}

/* The documents' "denormals are flushed", of all that are floats but for sines and cosines. */
#define OPERATION(operation_, function, execute_, type, flags_)                                  \
	{                                                                                        \
		.operation = ISA_V_##operation_, .class = ISA_CLASS_VECTOR, .execute = execute_, \
		.valu = function, .result = type, .sources = {type}, .flags = flags_,            \
	}
#define VECTOR_32(operation, function, flags) OPERATION(operation, function, isa_valu_execute, ISA_F32, flags)
#define VECTOR_16(operation, function)	      OPERATION(operation, function, isa_valu_execute, ISA_F16, 0)
#define SCALAR_32(operation, function)	      OPERATION(operation, function, execute_scalar, ISA_F32, ISA_VALU_FLUSH)
#define SCALAR_16(operation, function)	      OPERATION(operation, function, execute_scalar, ISA_F16, 0)

static const struct isa_binding list[] = {
	VECTOR_32(RCP_F32, rcp_32, ISA_VALU_FLUSH),
	VECTOR_32(RCP_IFLAG_F32, rcp_32, ISA_VALU_FLUSH),
	VECTOR_32(RSQ_F32, rsq_32, ISA_VALU_FLUSH),
	VECTOR_32(SQRT_F32, sqrt_32, ISA_VALU_FLUSH),
	VECTOR_32(EXP_F32, exp_32, ISA_VALU_FLUSH),
	VECTOR_32(LOG_F32, log_32, ISA_VALU_FLUSH),
	VECTOR_32(SIN_F32, sin_32, 0),
	VECTOR_32(COS_F32, cos_32, 0),
	VECTOR_16(RCP_F16, rcp_16),
	VECTOR_16(RSQ_F16, rsq_16),
	VECTOR_16(SQRT_F16, sqrt_16),
	VECTOR_16(EXP_F16, exp_16),
	VECTOR_16(LOG_F16, log_16),
	VECTOR_16(SIN_F16, sin_16),
	VECTOR_16(COS_F16, cos_16),
	SCALAR_32(S_RCP_F32, rcp_32),
	SCALAR_32(S_RSQ_F32, rsq_32),
	SCALAR_32(S_SQRT_F32, sqrt_32),
	SCALAR_32(S_EXP_F32, exp_32),
	SCALAR_32(S_LOG_F32, log_32),
	SCALAR_16(S_RCP_F16, rcp_16),
	SCALAR_16(S_RSQ_F16, rsq_16),
	SCALAR_16(S_SQRT_F16, sqrt_16),
	SCALAR_16(S_EXP_F16, exp_16),
	SCALAR_16(S_LOG_F16, log_16),
};

const struct isa_bindings isa_bind_transcendental = {list, sizeof(list) / sizeof(list[0])};
