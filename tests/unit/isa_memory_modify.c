// SPDX-License-Identifier: MIT
/* What atomic instructions do to a word, by AMD's Instruction Set Architecture documents. */
#include "isa_memory_rows.h"

#include <math.h>

#define MODIFY(name, value)                                        \
	uint64_t name(uint64_t old, uint64_t data, uint64_t other) \
	{                                                          \
		(void)old, (void)data, (void)other;                \
		return (value);                                    \
	}

static int64_t s32(uint64_t value)
{
	return (int64_t)(value & 0xffffffff) - (value & 0x80000000 ? 0x100000000 : 0);
}

MODIFY(memory_swap, data)
MODIFY(memory_add, old + data)
MODIFY(memory_sub, old - data)
MODIFY(memory_rsub, data - old)
MODIFY(memory_and, old &data)
MODIFY(memory_or, old | data)
MODIFY(memory_xor, old ^ data)
MODIFY(memory_umin, old < data ? old : data)
MODIFY(memory_umax, old > data ? old : data)
MODIFY(memory_smin, s32(old) < s32(data) ? old : data)
MODIFY(memory_smax, s32(old) > s32(data) ? old : data)
MODIFY(memory_smin_x2, (int64_t)old < (int64_t)data ? old : data)
MODIFY(memory_smax_x2, (int64_t)old > (int64_t)data ? old : data)
MODIFY(memory_inc, old >= data ? 0 : old + 1)
MODIFY(memory_dec, old == 0 || old > data ? data : old - 1)
MODIFY(memory_cmpswap, old == other ? data : old)
MODIFY(memory_sub_clamp, old < data ? 0 : old - data)
MODIFY(memory_cond_sub, old >= data ? old - data : old)
MODIFY(memory_fmin, vector_float(data) < vector_float(old) ? data : old)
MODIFY(memory_fmax, vector_float(data) > vector_float(old) ? data : old)
MODIFY(memory_fcmpswap, vector_float(old) == vector_float(other) ? data : old)
MODIFY(memory_fmin_x2, vector_double(data) < vector_double(old) ? data : old)
MODIFY(memory_fmax_x2, vector_double(data) > vector_double(old) ? data : old)
MODIFY(memory_fcmpswap_x2, vector_double(old) == vector_double(other) ? data : old)

uint64_t memory_fadd(uint64_t old, uint64_t data, uint64_t other)
{
	const float sum = vector_float(old) + vector_float(data);

	(void)other;
	return isnan(sum) ? 0x7fc00000 : vector_float_bits(sum);
}

static uint64_t half_sum(uint64_t a, uint64_t b)
{
	return vector_half_bits(vector_half(a & 0xffff) + vector_half(b & 0xffff));
}

MODIFY(memory_pk_add_f16, half_sum(old, data) | half_sum(old >> 16, data >> 16) << 16)

/* The upper half of a float; the sum of two of similar size is exact as a float, and no value here is a NaN. */
static uint64_t bf16_sum(uint64_t a, uint64_t b)
{
	const uint64_t bits =
		vector_float_bits(vector_float((a & 0xffff) << 16) + vector_float((b & 0xffff) << 16));

	return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

MODIFY(memory_pk_add_bf16, bf16_sum(old, data) | bf16_sum(old >> 16, data >> 16) << 16)
