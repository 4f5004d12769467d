// SPDX-License-Identifier: MIT
/*
 * Functions that hardware approximates, of halves, floats and doubles, in vectors and (gfx12) scalars; what is left of an angle; and the
 * faces of cubes: by AMD's Instruction Set Architecture documents.  An error of one unit in the last place is allowed but where the
 * documents allow more.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_vectors.h"

#define PI 3.14159265358979323846

/* ---- floats: with denormals flushed, as these functions may have it ---- */

static float flushed(uint64_t bits)
{
	return bits & 0x7f800000 ? vector_float(bits) : copysignf(0, vector_float(bits));
}

#define FLOAT(name, value)                             \
	static uint64_t name(struct vector_lane *lane) \
	{                                              \
		const float a = flushed(lane->a);      \
		return vector_float_bits(value);       \
	}

static bool near_f32(uint64_t got, uint64_t wanted)
{
	const int64_t apart = (int64_t)(got & INT32_MAX) - (int64_t)(wanted & INT32_MAX);

	if (vector_same_f32(got, wanted))
		return true;
	if (!(wanted & 0x7f800000) && !(got & 0x7fffffff))
		return true;
	return got >> 31 == wanted >> 31 && apart >= -1 && apart <= 1;
}

FLOAT(rcp_f32, 1 / a)
FLOAT(rsq_f32, (float)(1 / sqrt((double)a)))
FLOAT(sqrt_f32, sqrtf(a))
FLOAT(exp_f32, exp2f(a))
FLOAT(log_f32, (float)log2((double)a))

/* Turns; to the domain of the documents, and beyond it where they are whole. */
#define NO_RULE UINT64_MAX

static uint64_t turned(uint64_t bits, double (*function)(double))
{
	const double turns = (double)flushed(bits);

	if (isnan(turns) || isinf(turns))
		return 0x7fc00000;
	if (fabs(turns) > 256 && fabs(turns) < 0x1p24)
		return NO_RULE;
	return vector_float_bits((float)function(2 * PI * (turns - trunc(turns))));
}

static uint64_t sin_f32(struct vector_lane *lane)
{
	return turned(lane->a, sin);
}

static uint64_t cos_f32(struct vector_lane *lane)
{
	return turned(lane->a, cos);
}

static bool near_turned(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f32(got, wanted) ||
	       fabsf(vector_float(got) - vector_float(wanted)) <= 0x1p-20f;
}

static void floats(void **state)
{
#define F1(text, expect, same) ROW_MODE(text " $d, $a", ON_ALL, F32, NONE, NONE, F32, expect, same, 0xc0)
	static const struct vector_row rows[] = {
		F1("v_rcp_iflag_f32", rcp_f32, near_f32),
		F1("v_sin_f32", sin_f32, near_turned),
		F1("v_cos_f32", cos_f32, near_turned),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

static void scalar_floats(void **state)
{
#define S1(text, expect) ROW_MODE(text " $d, $a", ON_GFX12, F32, NONE, NONE, F32, expect, near_f32, 0xc0)
	static const struct vector_row rows[] = {
		S1("v_s_rcp_f32", rcp_f32), S1("v_s_rsq_f32", rsq_f32), S1("v_s_sqrt_f32", sqrt_f32),
		S1("v_s_exp_f32", exp_f32), S1("v_s_log_f32", log_f32),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- halves ---- */

#define HALF(name, value)                                                \
	static uint64_t name(struct vector_lane *lane)                   \
	{                                                                \
		const double a = vector_half(lane->a);                   \
		return (lane->d & 0xffff0000) | vector_half_bits(value); \
	}                                                                \
	static uint64_t scalar_##name(struct vector_lane *lane)          \
	{                                                                \
		const double a = vector_half(lane->a);                   \
		return vector_half_bits(value);                          \
	}

static double of_turns(double turns, double (*function)(double))
{
	if (isinf(turns))
		return (double)NAN;
	return function(2 * PI * (turns - trunc(turns)));
}

HALF(rcp_f16, 1 / a)
HALF(rsq_f16, 1 / sqrt(a))
HALF(sqrt_f16, sqrt(a))
HALF(exp_f16, exp2(a))
HALF(log_f16, log2(a))
HALF(sin_f16, of_turns(a, sin))
HALF(cos_f16, of_turns(a, cos))

static bool near_f16(uint64_t got, uint64_t wanted)
{
	const int64_t apart = (int64_t)(got & 0x7fff) - (int64_t)(wanted & 0x7fff);

	return vector_same_f16(got, wanted) || (got >> 15 == wanted >> 15 && apart >= -1 && apart <= 1);
}

/* Of large numbers the turns beyond 256 are not exact. */
static bool near_turned_f16(uint64_t got, uint64_t wanted)
{
	const double apart = fabs(vector_half(got & 0xffff) - vector_half(wanted & 0xffff));

	return vector_same_f16(got, wanted) || (got >> 16 == wanted >> 16 && apart <= 0x1p-10);
}

static void halves(void **state)
{
#define H1(text, expect, same) ROW_SAME(text " $d, $a", ON_ALL, F16, NONE, NONE, U32, expect, same)
	static const struct vector_row rows[] = {
		H1("v_rcp_f16", rcp_f16, near_f16),	   H1("v_rsq_f16", rsq_f16, near_f16),
		H1("v_sqrt_f16", sqrt_f16, near_f16),	   H1("v_exp_f16", exp_f16, near_f16),
		H1("v_log_f16", log_f16, near_f16),	   H1("v_sin_f16", sin_f16, near_turned_f16),
		H1("v_cos_f16", cos_f16, near_turned_f16),
	};

	(void)state, (void)scalar_sin_f16, (void)scalar_cos_f16;
	VECTOR_CHECK(rows);
}

static void scalar_halves(void **state)
{
#define SH1(text, expect) ROW_SAME(text " $d, $a", ON_GFX12, F16, NONE, NONE, U32, expect, near_f16)
	static const struct vector_row rows[] = {
		SH1("v_s_rcp_f16", scalar_rcp_f16),   SH1("v_s_rsq_f16", scalar_rsq_f16),
		SH1("v_s_sqrt_f16", scalar_sqrt_f16), SH1("v_s_exp_f16", scalar_exp_f16),
		SH1("v_s_log_f16", scalar_log_f16),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- doubles: 2^29 units in the last place ---- */

#define DOUBLE(name, value)                              \
	static uint64_t name(struct vector_lane *lane)   \
	{                                                \
		const double a = vector_double(lane->a); \
		return vector_double_bits(value);        \
	}

DOUBLE(rcp_f64, 1 / a)
DOUBLE(rsq_f64, 1 / sqrt(a))
DOUBLE(sqrt_f64, sqrt(a))

static bool near_f64(uint64_t got, uint64_t wanted)
{
	const uint64_t units = 1ull << 29;

	if (vector_same_f64(got, wanted))
		return true;
	/* denormals may be zeros */
	if (!(wanted & 0x7ff0000000000000) && !(got & 0x7ff0000000000000))
		return true;
	return got >> 63 == wanted >> 63 && got - wanted + units <= 2 * units;
}

static void doubles(void **state)
{
#define D1(text, expect) ROW_SAME(text " $d, $a", ON_ALL, F64, NONE, NONE, F64, expect, near_f64)
	static const struct vector_row rows[] = {
		D1("v_rcp_f64", rcp_f64),
		D1("v_rsq_f64", rsq_f64),
		D1("v_sqrt_f64", sqrt_f64),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- 2/pi, as much as an angle needs ---- */

/*
 * The first 1201 bits behind the point of 2/pi; computed by Machin's formula in integers of 1464 bits, pi = 16 atan(1/5) - 4 atan(1/239),
 * and cut off.
 */
static const uint64_t two_over_pi[19] = {
	0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
	0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
	0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
	0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b0000,
};

/* 53 of these bits: which ones the exponent and a segment say; small enough for products with large angles. */
static uint64_t trig_preop(struct vector_lane *lane)
{
	const int exponent = (int)(lane->a >> 52 & 0x7ff);
	const int shift = (int)(lane->b & 31) * 53 + (exponent > 1077 ? exponent - 1077 : 0);
	uint64_t bits = 0;

	for (int i = shift; i < shift + 53; i++)
		bits = bits << 1 | (i < 1201 ? two_over_pi[i / 64] >> (63 - i % 64) & 1 : 0);
	return vector_double_bits(ldexp((double)bits, -53 - shift + (exponent >= 1968 ? 128 : 0)));
}

static void angles(void **state)
{
	static const struct vector_row rows[] = {
		ROW("v_trig_preop_f64 $d, $a, $b", ON_ALL, F64, SHIFT, NONE, F64, trig_preop),
		ROW("v_trig_preop_f64 $d, $a, $b", ON_ALL, U64, SHIFT, NONE, F64, trig_preop),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

/* ---- faces of a cube, of directions that are numbers and have no two components alike ---- */

enum face {
	FACE_X,
	FACE_Y,
	FACE_Z,
	FACE_NONE,
};

static enum face face_of(const struct vector_lane *lane)
{
	const float x = fabsf(vector_float(lane->a)), y = fabsf(vector_float(lane->b)),
		    z = fabsf(vector_float(lane->c));

	if (isnan(x) || isnan(y) || isnan(z) || x == y || y == z || x == z)
		return FACE_NONE;
	return z > x && z > y ? FACE_Z : y > x ? FACE_Y : FACE_X;
}

#define CUBE(name, of_x, of_y, of_z)                                                                         \
	static uint64_t name(struct vector_lane *lane)                                                       \
	{                                                                                                    \
		const float x = vector_float(lane->a), y = vector_float(lane->b), z = vector_float(lane->c); \
                                                                                                             \
		(void)x, (void)y, (void)z;                                                                   \
		switch (face_of(lane)) {                                                                     \
		case FACE_X:                                                                                 \
			return vector_float_bits(of_x);                                                      \
		case FACE_Y:                                                                                 \
			return vector_float_bits(of_y);                                                      \
		case FACE_Z:                                                                                 \
			return vector_float_bits(of_z);                                                      \
		default:                                                                                     \
			return NO_RULE;                                                                      \
		}                                                                                            \
	}

CUBE(cubeid, x < 0 ? 1 : 0, y < 0 ? 3 : 2, z < 0 ? 5 : 4)
CUBE(cubesc, x < 0 ? z : -z, x, z < 0 ? -x : x)
CUBE(cubetc, -y, y < 0 ? -z : z, -y)
CUBE(cubema, 2 * x, 2 * y, 2 * z)

static bool same_on_cube(uint64_t got, uint64_t wanted)
{
	return wanted == NO_RULE || vector_same_f32(got, wanted);
}

static void cubes(void **state)
{
#define C3(text, expect) ROW_SAME(text " $d, $a, $b, $c", ON_ALL, F32, F32, F32, F32, expect, same_on_cube)
	static const struct vector_row rows[] = {
		C3("v_cubeid_f32", cubeid),
		C3("v_cubesc_f32", cubesc),
		C3("v_cubetc_f32", cubetc),
		C3("v_cubema_f32", cubema),
	};

	(void)state;
	VECTOR_CHECK(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floats),  cmocka_unit_test(scalar_floats), cmocka_unit_test(halves),
		cmocka_unit_test(doubles), cmocka_unit_test(scalar_halves), cmocka_unit_test(angles),
		cmocka_unit_test(cubes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
