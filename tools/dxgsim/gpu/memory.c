// SPDX-License-Identifier: MIT
#include "dxgsim/gpu/memory.h"

/* An access on its way: what is left of the span for the address it has reached. */
struct walk {
	struct gpu_memory *memory;
	enum gpu_access access;
	struct gpu_span span;
	struct gpu_cache_access piece; /* in one line and one span */
};

static struct walk walk_begin(struct gpu_memory *memory, uint64_t va, enum gpu_access access,
			      enum gpu_cache_policy policy)
{
	return (struct walk){
		.memory = memory,
		.access = access,
		.piece = {.tables = &memory->tables, .va = va, .policy = policy},
	};
}

static bool succeeds(struct walk *walk, enum gpu_fault_reason reason)
{
	if (reason == GPU_FAULT_NONE)
		return true;
	walk->memory->fault =
		(struct gpu_fault){.reason = reason, .access = walk->access, .va = walk->piece.va};
	return false;
}

static bool walk_translate(struct walk *walk)
{
	return succeeds(walk,
			gpu_tables_find(&walk->memory->tables, walk->piece.va, walk->access, &walk->span));
}

/* The next piece, of at most @bytes bytes. */
static bool walk_on(struct walk *walk, uint32_t bytes)
{
	struct gpu_cache_access *piece = &walk->piece;
	uint64_t in_line;

	if (piece->bytes) {
		piece->va += piece->bytes;
		walk->span.bytes += piece->bytes;
		walk->span.length -= piece->bytes;
	}
	if (!walk->span.length && !walk_translate(walk))
		return false;
	in_line = GPU_LINE_BYTES - piece->va % GPU_LINE_BYTES;
	piece->memory = walk->span.bytes;
	piece->bytes = bytes;
	if (piece->bytes > in_line)
		piece->bytes = (uint32_t)in_line;
	if (piece->bytes > walk->span.length)
		piece->bytes = (uint32_t)walk->span.length;
	return true;
}

bool gpu_memory_read(struct gpu_memory *memory, uint64_t va, enum gpu_access access, void *to, uint32_t bytes,
		     enum gpu_cache_policy policy)
{
	struct walk walk = walk_begin(memory, va, access, policy);
	uint8_t *out = to;

	for (; bytes; out += walk.piece.bytes, bytes -= walk.piece.bytes) {
		if (!walk_on(&walk, bytes))
			return false;
		if (walk.span.uncached)
			gpu_copy_from_guest(out, walk.piece.memory, walk.piece.bytes);
		else
			gpu_cache_read(memory->cache, &walk.piece, out);
	}
	return true;
}

bool gpu_memory_write(struct gpu_memory *memory, uint64_t va, const void *from, uint32_t bytes,
		      enum gpu_cache_policy policy)
{
	struct walk walk = walk_begin(memory, va, GPU_WRITE, policy);
	const uint8_t *in = from;

	for (; bytes; in += walk.piece.bytes, bytes -= walk.piece.bytes) {
		if (!walk_on(&walk, bytes))
			return false;
		if (walk.span.uncached)
			gpu_copy_to_guest(walk.piece.memory, in, walk.piece.bytes);
		else
			gpu_cache_write(memory->cache, &walk.piece, in);
	}
	return true;
}

bool gpu_memory_read_line(struct gpu_memory *memory, uint64_t va, uint32_t bytes, uint8_t *line)
{
	struct walk walk = walk_begin(memory, va, GPU_READ, GPU_CACHE_LRU);
	uint32_t first = (uint32_t)(va % GPU_LINE_BYTES);

	if (!walk_translate(&walk))
		return false;
	if (walk.span.uncached) {
		gpu_line_from_guest(line, walk.span.bytes - first, first, bytes);
		return true;
	}
	walk.piece.memory = walk.span.bytes;
	walk.piece.bytes = bytes;
	gpu_cache_read_line(memory->cache, &walk.piece, line);
	return true;
}

bool gpu_memory_atomic(struct gpu_memory *memory, uint64_t va, uint32_t bytes, enum gpu_cache_policy policy,
		       gpu_modify *modify, const void *operands, uint64_t *old)
{
	struct walk walk = walk_begin(memory, va, GPU_WRITE, policy);
	struct gpu_cache_atomic atomic = {.modify = modify, .operands = operands};

	if (!walk_on(&walk, bytes))
		return false;
	if (walk.piece.bytes != bytes) {
		/* no page and no line ends inside of an aligned word */
		memory->fault = (struct gpu_fault){GPU_FAULT_NO_BACKING, GPU_WRITE, va};
		return false;
	}
	if (walk.span.no_atomics) {
		memory->fault = (struct gpu_fault){GPU_FAULT_NO_ATOMICS, GPU_WRITE, va};
		return false;
	}
	if (walk.span.uncached)
		gpu_atomic_in_guest(walk.piece.memory, bytes, &atomic);
	else
		gpu_cache_atomic(memory->cache, &walk.piece, &atomic);
	*old = atomic.old;
	return true;
}

bool gpu_memory_check(struct gpu_memory *memory, uint64_t va, uint64_t bytes, enum gpu_access access,
		      bool executable)
{
	struct walk walk = walk_begin(memory, va, access, GPU_CACHE_BYPASS);

	while (bytes) {
		if (!succeeds(&walk, gpu_tables_ask(&memory->tables, walk.piece.va, access, &walk.span)))
			return false;
		if (executable && !walk.span.executable) {
			memory->fault = (struct gpu_fault){GPU_FAULT_NOT_EXECUTABLE, access, walk.piece.va};
			return false;
		}
		if (walk.span.length >= bytes)
			return true;
		bytes -= walk.span.length;
		walk.piece.va += walk.span.length;
	}
	return true;
}
