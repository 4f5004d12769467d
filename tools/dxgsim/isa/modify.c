// SPDX-License-Identifier: MIT
/*
 * What atomic instructions do to a value.  The same in LDS and in the L2.
 *
 * Minimum and maximum of floats take the number if one is a NaN, and -0 is less than 0; additions round to the nearest
 * whatever MODE says (AMD ISA documents, "DS" and "FLAT, Scratch and Global": operations; LLVM, atomicrmw of AMDGPU).
 */
#include "dxgsim/isa/modify.h"

#include "dxgsim/isa/half.h"

#define INTEGER(name, type, expression)                            \
	static uint64_t name(uint64_t value, const void *operands) \
	{                                                          \
		const struct isa_modify_operands *o = operands;    \
		const type old = (type)value;                      \
		const type data = (type)o->data;                   \
		const type data2 = (type)o->data2;                 \
                                                                   \
		(void)old, (void)data, (void)data2;                \
		return (expression);                               \
	}

/* A function of 32 bits and one of 64. */
#define UNSIGNED(name, expression)                           \
	INTEGER(name##_32, uint32_t, (uint32_t)(expression)) \
	INTEGER(name##_64, uint64_t, (uint64_t)(expression))
#define SIGNED(name, expression)                            \
	INTEGER(name##_32, int32_t, (uint32_t)(expression)) \
	INTEGER(name##_64, int64_t, (uint64_t)(expression))

UNSIGNED(add, old + data)
UNSIGNED(sub, old - data)
UNSIGNED(rsub, data - old)
UNSIGNED(sub_clamp, old < data ? 0 : old - data)
UNSIGNED(cond_sub, old < data ? old : old - data)
UNSIGNED(swap, data)
UNSIGNED(cmpswap, old == data2 ? data : old)
SIGNED(min_i, old < data ? old : data)
UNSIGNED(min_u, old < data ? old : data)
SIGNED(max_i, old > data ? old : data)
UNSIGNED(max_u, old > data ? old : data)
UNSIGNED(and, old &data)
UNSIGNED(or, old | data)
UNSIGNED(xor, old ^ data)
UNSIGNED(inc, old >= data ? 0 : old + 1)
UNSIGNED(dec, old == 0 || old > data ? data : old - 1)
UNSIGNED(mskor, (old & ~data) | data2)
UNSIGNED(wrap, old >= data ? old - data : old + data2)

/* ---- floats, by their bits ---- */

static bool is_nan(uint64_t value, uint32_t bytes)
{
	return bytes == 8 ? (value & INT64_MAX) > 0x7ff0000000000000U : (value & INT32_MAX) > 0x7f800000U;
}

static uint64_t quiet(uint64_t value, uint32_t bytes)
{
	return value | (bytes == 8 ? UINT64_C(1) << 51 : UINT64_C(1) << 22);
}

/* Of numbers: one that is greater has a greater one. */
static uint64_t order(uint64_t value, uint32_t bytes)
{
	uint64_t wide = bytes == 8 ? value : value << 32;

	return wide >> 63 ? ~wide : wide | UINT64_C(1) << 63;
}

static uint64_t lesser(uint64_t old, uint64_t data, uint32_t bytes, bool greater)
{
	if (is_nan(old, bytes))
		return is_nan(data, bytes) ? quiet(data, bytes) : data;
	if (is_nan(data, bytes))
		return old;
	return (order(data, bytes) < order(old, bytes)) != greater ? data : old;
}

static uint64_t exchanged(uint64_t old, const struct isa_modify_operands *o, uint32_t bytes)
{
	uint64_t magnitude = bytes == 8 ? INT64_MAX : INT32_MAX;
	bool equal = old == o->data2 || !((old | o->data2) & magnitude);

	return equal && !is_nan(old, bytes) ? o->data : old;
}

#define FLOAT(name, expression)                                         \
	static uint64_t name##_32(uint64_t value, const void *operands) \
	{                                                               \
		const struct isa_modify_operands *o = operands;         \
		const uint64_t old = (uint32_t)value;                   \
		const uint32_t bytes = 4;                               \
                                                                        \
		return (expression);                                    \
	}                                                               \
	static uint64_t name##_64(uint64_t value, const void *operands) \
	{                                                               \
		const struct isa_modify_operands *o = operands;         \
		const uint64_t old = value;                             \
		const uint32_t bytes = 8;                               \
                                                                        \
		return (expression);                                    \
	}

FLOAT(min_f, lesser(old, o->data, bytes, false))
FLOAT(max_f, lesser(old, o->data, bytes, true))
FLOAT(cmpswap_f, exchanged(old, o, bytes))

static uint32_t flushed(uint32_t value, bool flush)
{
	return flush && !(value & 0x7f800000U) ? value & 0x80000000U : value;
}

static uint64_t add_f_32(uint64_t value, const void *operands)
{
	const struct isa_modify_operands *o = operands;
	float old = isa_float_of(flushed((uint32_t)value, o->flush_sources));
	float data = isa_float_of(flushed((uint32_t)o->data, o->flush_sources));

	return flushed(isa_float_bits(old + data), o->flush_results);
}

static uint64_t add_f_64(uint64_t value, const void *operands)
{
	const struct isa_modify_operands *o = operands;

	return isa_double_bits(isa_double_of(value) + isa_double_of(o->data));
}

static uint16_t flushed_half(uint16_t value, bool flush)
{
	return flush && !(value & 0x7c00U) ? value & 0x8000U : value;
}

/* A float has more than twice the digits of a half: rounding to one first changes nothing. */
static uint16_t add_half(uint16_t old, uint16_t data, const struct isa_modify_operands *o)
{
	float sum = isa_half_to_float(flushed_half(old, o->flush_sources)) +
		    isa_half_to_float(flushed_half(data, o->flush_sources));

	return flushed_half(isa_float_to_half(sum, ISA_ROUND_NEAREST), o->flush_results);
}

static uint64_t pk_add_f16_32(uint64_t value, const void *operands)
{
	const struct isa_modify_operands *o = operands;
	uint32_t low = add_half((uint16_t)value, (uint16_t)o->data, o);
	uint32_t high = add_half((uint16_t)(value >> 16), (uint16_t)(o->data >> 16), o);

	return high << 16 | low;
}

static uint16_t add_bfloat(uint16_t old, uint16_t data)
{
	return isa_float_to_bfloat(isa_bfloat_to_float(old) + isa_bfloat_to_float(data), ISA_ROUND_NEAREST);
}

static uint64_t pk_add_bf16_32(uint64_t value, const void *operands)
{
	const struct isa_modify_operands *o = operands;
	uint32_t low = add_bfloat((uint16_t)value, (uint16_t)o->data);
	uint32_t high = add_bfloat((uint16_t)(value >> 16), (uint16_t)(o->data >> 16));

	return high << 16 | low;
}

#define BOTH(name)                   \
	{                            \
		name##_32, name##_64 \
	}

static isa_modify *const functions[ISA_MODIFY_KINDS][2] = {
	[ISA_MODIFY_ADD] = BOTH(add),
	[ISA_MODIFY_SUB] = BOTH(sub),
	[ISA_MODIFY_RSUB] = BOTH(rsub),
	[ISA_MODIFY_SUB_CLAMP] = BOTH(sub_clamp),
	[ISA_MODIFY_COND_SUB] = BOTH(cond_sub),
	[ISA_MODIFY_SWAP] = BOTH(swap),
	[ISA_MODIFY_CMPSWAP] = BOTH(cmpswap),
	[ISA_MODIFY_MIN_I] = BOTH(min_i),
	[ISA_MODIFY_MIN_U] = BOTH(min_u),
	[ISA_MODIFY_MAX_I] = BOTH(max_i),
	[ISA_MODIFY_MAX_U] = BOTH(max_u),
	[ISA_MODIFY_AND] = BOTH(and),
	[ISA_MODIFY_OR] = BOTH(or),
	[ISA_MODIFY_XOR] = BOTH(xor),
	[ISA_MODIFY_INC] = BOTH(inc),
	[ISA_MODIFY_DEC] = BOTH(dec),
	[ISA_MODIFY_MSKOR] = BOTH(mskor),
	[ISA_MODIFY_WRAP] = BOTH(wrap),
	[ISA_MODIFY_CMPSWAP_F] = BOTH(cmpswap_f),
	[ISA_MODIFY_MIN_F] = BOTH(min_f),
	[ISA_MODIFY_MAX_F] = BOTH(max_f),
	[ISA_MODIFY_ADD_F] = BOTH(add_f),
	[ISA_MODIFY_PK_ADD_F16] = {pk_add_f16_32, NULL},
	[ISA_MODIFY_PK_ADD_BF16] = {pk_add_bf16_32, NULL},
};

isa_modify *isa_modify_function(enum isa_modify_kind kind, uint32_t bytes)
{
	return functions[kind][bytes == 8];
}

bool isa_modify_has_two(enum isa_modify_kind kind)
{
	return kind == ISA_MODIFY_CMPSWAP || kind == ISA_MODIFY_CMPSWAP_F || kind == ISA_MODIFY_MSKOR ||
	       kind == ISA_MODIFY_WRAP;
}
