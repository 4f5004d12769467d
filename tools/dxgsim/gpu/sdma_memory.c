// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/sdma_memory.h"

#include <stddef.h>

/* ---- plain accesses ---- */

/* Of a page or less: a version 4 engine knows no L2. */
static bool span_at(struct gpu_engine *engine, uint64_t va, enum gpu_access access, struct gpu_span *span)
{
	struct gpu_memory *memory = &engine->memory;
	enum gpu_fault_reason reason;

	reason = gpu_tables_find(&memory->tables, va, access, span);
	if (reason == GPU_FAULT_NONE)
		return true;
	memory->fault = (struct gpu_fault){.reason = reason, .access = access, .va = va};
	gpu_page_fault(engine);
	return false;
}

static uint32_t piece_of(const struct gpu_span *span, uint32_t bytes)
{
	return span->length < bytes ? (uint32_t)span->length : bytes;
}

static bool goes_past_l2(const struct gpu_engine *engine)
{
	return engine->config.generation == 9;
}

bool gpu_sdma_read(struct gpu_engine *engine, uint64_t va, void *to, uint32_t bytes,
		   enum gpu_cache_policy policy)
{
	uint8_t *out = to;
	struct gpu_span span;
	uint32_t piece;

	if (!goes_past_l2(engine)) {
		if (gpu_memory_read(&engine->memory, va, GPU_READ, to, bytes, policy))
			return true;
		gpu_page_fault(engine);
		return false;
	}
	for (; bytes; out += piece, va += piece, bytes -= piece) {
		if (!span_at(engine, va, GPU_READ, &span))
			return false;
		piece = piece_of(&span, bytes);
		gpu_copy_from_guest(out, span.bytes, piece);
	}
	return true;
}

bool gpu_sdma_write(struct gpu_engine *engine, uint64_t va, const void *from, uint32_t bytes,
		    enum gpu_cache_policy policy)
{
	const uint8_t *in = from;
	struct gpu_span span;
	uint32_t piece;

	if (!goes_past_l2(engine)) {
		if (gpu_memory_write(&engine->memory, va, from, bytes, policy))
			return true;
		gpu_page_fault(engine);
		return false;
	}
	for (; bytes; in += piece, va += piece, bytes -= piece) {
		if (!span_at(engine, va, GPU_WRITE, &span))
			return false;
		piece = piece_of(&span, bytes);
		gpu_copy_to_guest(span.bytes, in, piece);
	}
	return true;
}

bool gpu_sdma_repeat(struct gpu_engine *engine, uint64_t va, uint32_t value, uint32_t bytes,
		     enum gpu_cache_policy policy)
{
	uint32_t values[1024];
	uint32_t piece;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		values[i] = value;
	for (; bytes; va += piece, bytes -= piece) {
		piece = bytes < sizeof(values) ? bytes : (uint32_t)sizeof(values);
		if (!gpu_sdma_write(engine, va, values, piece, policy))
			return false;
	}
	return true;
}

/* ---- atomics: the L2's operations, by their numbers without the bits of width and answer ---- */

enum {
	SWAP = 0x07,
	CMPSWAP = 0x08,
	ADD = 0x0f,
	SUB,
	SMIN,
	UMIN,
	SMAX,
	UMAX,
	AND,
	OR,
	XOR,
	INC,
	DEC,
};

#define OPERATION 0x1fU
#define WIDTH	  0x20U

/* Linux, gfx9 enumerations of the L2 (TC_OP); nobody gets the answer of the forms that have one. */
enum gpu_sdma_atomic gpu_sdma_atomic_width(uint32_t operation)
{
	uint32_t kind = operation & OPERATION;

	if (kind == SWAP || kind == CMPSWAP || (kind >= ADD && kind <= DEC))
		return operation & WIDTH ? GPU_SDMA_ATOMIC_64 : GPU_SDMA_ATOMIC_32;
	if ((kind >= 0x01 && kind <= 0x03) || (kind >= 0x09 && kind <= 0x0b))
		return GPU_SDMA_ATOMIC_MISSING;
	return GPU_SDMA_NOT_AN_ATOMIC;
}

bool gpu_sdma_atomic_compares(uint32_t operation)
{
	return (operation & OPERATION) == CMPSWAP;
}

/* of one operation */
struct operands {
	uint32_t kind;
	bool wide;
	uint64_t source, compare;
};

static int64_t signed_value(uint64_t value, bool wide)
{
	return wide ? (int64_t)value : (int32_t)(uint32_t)value;
}

static uint64_t modify(uint64_t old, const void *arg)
{
	const struct operands *operands = arg;
	uint64_t source = operands->source;
	bool wide = operands->wide;

	switch (operands->kind) {
	case SWAP:
		return source;
	case CMPSWAP:
		return old == operands->compare ? source : old;
	case ADD:
		return old + source;
	case SUB:
		return old - source;
	case SMIN:
		return signed_value(source, wide) < signed_value(old, wide) ? source : old;
	case SMAX:
		return signed_value(source, wide) > signed_value(old, wide) ? source : old;
	case UMIN:
		return source < old ? source : old;
	case UMAX:
		return source > old ? source : old;
	case AND:
		return old & source;
	case OR:
		return old | source;
	case XOR:
		return old ^ source;
	case INC:
		return old >= source ? 0 : old + 1;
	default:
		return !old || old > source ? source : old - 1;
	}
}

bool gpu_sdma_atomic(struct gpu_engine *engine, uint32_t operation, uint64_t va, uint64_t source,
		     uint64_t compare, bool *matched)
{
	const bool wide = operation & WIDTH;
	const struct operands operands = {
		.kind = operation & OPERATION,
		.wide = wide,
		.source = wide ? source : (uint32_t)source,
		.compare = wide ? compare : (uint32_t)compare,
	};
	struct gpu_cache_atomic atomic = {.modify = modify, .operands = &operands};
	struct gpu_span span;

	if (goes_past_l2(engine)) {
		if (!span_at(engine, va, GPU_WRITE, &span))
			return false;
		if (span.no_atomics) {
			engine->memory.fault = (struct gpu_fault){GPU_FAULT_NO_ATOMICS, GPU_WRITE, va};
			gpu_page_fault(engine);
			return false;
		}
		gpu_atomic_in_guest(span.bytes, wide ? 8 : 4, &atomic);
	} else if (!gpu_memory_atomic(&engine->memory, va, wide ? 8 : 4, GPU_CACHE_BYPASS, modify, &operands,
				      &atomic.old)) {
		gpu_page_fault(engine);
		return false;
	}
	*matched = operands.kind != CMPSWAP || atomic.old == operands.compare;
	return true;
}
