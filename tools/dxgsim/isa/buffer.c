// SPDX-License-Identifier: MIT
/*
 * Buffer loads, stores and atomics without a format.  Sources: AMD ISA documents, "Buffer Addressing" and "Range
 * Checking"; Mesa, radv_buffer_view.c for what OOB_SELECT means on gfx10 and on gfx11.
 *
 * The scratch of gfx10.3 is accessed by these as well: a resource without stride, that adds the lane to the index and is
 * swizzled by words with an index stride of the wave's size, is the same memory as that of SCRATCH instructions.
 */
#include <string.h>

#include "dxgsim/isa/buffer.h"

/* OOB_SELECT */
#define CHECK_STRUCTURED 0U /* index and offset */
#define CHECK_INDEX	 1U
#define CHECK_EMPTY	 2U
#define CHECK_RAW	 3U

static uint32_t field(uint32_t word, uint32_t high, uint32_t low)
{
	return word >> low & (uint32_t)((UINT64_C(2) << (high - low)) - 1);
}

static bool decode_resource(struct isa_wave *wave, const struct isa_inst *inst, struct isa_resource *resource)
{
	bool gfx10 = wave->target == ISA_GFX10_3;
	uint32_t words[4], swizzle;

	if (inst->memory.rsrc + 4U <= ISA_NULL)
		memcpy(words, wave->sgprs + inst->memory.rsrc, sizeof(words));
	if (inst->memory.rsrc + 4U > ISA_NULL || field(words[3], 31, 30) != 0) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return false;
	}
	resource->base = (uint64_t)field(words[1], 15, 0) << 32 | words[0];
	resource->stride = field(words[1], 29, 16);
	swizzle = gfx10 ? field(words[1], 31, 31) : field(words[1], 31, 30);
	resource->element = swizzle ? 2U << swizzle : 0;
	resource->records = words[2];
	resource->select = field(words[3], 11, 0);
	resource->format = gfx10 ? field(words[3], 18, 12) : field(words[3], 17, 12);
	resource->index_stride = 8U << field(words[3], 22, 21);
	resource->add_thread = field(words[3], 23, 23);
	resource->check = field(words[3], 29, 28);
	return true;
}

bool isa_buffer_init(struct isa_buffer *buffer, struct isa_wave *wave, const struct isa_inst *inst)
{
	const struct isa_memory_operands *memory = &inst->memory;
	struct isa_resource *resource = &buffer->resource;
	uint32_t registers = (uint32_t)memory->idxen + (uint32_t)memory->offen;
	const uint32_t *index = NULL, *offset = NULL;

	if (!wave->exec || !decode_resource(wave, inst, resource))
		return false;
	if (registers && !isa_access_registers(wave, inst, memory->addr, registers))
		return false;
	if (memory->idxen)
		index = isa_vgpr(wave, memory->addr);
	if (memory->offen)
		offset = isa_vgpr(wave, memory->addr + (uint32_t)memory->idxen);
	isa_access_init(&buffer->transfer, wave, inst);
	buffer->base = resource->base + isa_scalar32(wave, inst, memory->soffset);
	for (uint32_t lane = 0; lane < wave->lanes; lane++) {
		buffer->index[lane] = (index ? index[lane] : 0) + (resource->add_thread ? lane : 0);
		buffer->offset[lane] = (uint64_t)(int64_t)memory->offset + (offset ? offset[lane] : 0);
	}
	return true;
}

/* ---- addresses ---- */

/* Where the element 0 of a record is, and how far apart its elements are; records lie in groups, element by element. */
static void locate_swizzled(struct isa_buffer *buffer, uint32_t at)
{
	const struct isa_resource *resource = &buffer->resource;
	struct isa_swizzle *swizzle = &buffer->swizzle;
	uint64_t group = (uint64_t)resource->stride * resource->index_stride;
	uint32_t shift = (uint32_t)__builtin_ctz(resource->index_stride);

	swizzle->element = resource->element;
	swizzle->row = resource->element * resource->index_stride;
	for (uint32_t lane = 0; lane < buffer->transfer.wave->lanes; lane++) {
		uint32_t index = buffer->index[lane];
		uint64_t minor = index & (resource->index_stride - 1);

		swizzle->origin[lane] = buffer->base + (index >> shift) * group + minor * resource->element;
		swizzle->offset[lane] = (uint32_t)buffer->offset[lane] + at;
	}
}

static uint64_t swizzled(const struct isa_resource *resource, uint32_t index, uint64_t offset)
{
	uint64_t major = index / resource->index_stride, minor = index % resource->index_stride;
	uint64_t element = offset / resource->element * resource->element;

	return (major * resource->stride + element) * resource->index_stride + minor * resource->element +
	       offset % resource->element;
}

/* gfx10 looks at where an access starts, later ones at where it ends. */
static bool inside(const struct isa_buffer *buffer, uint32_t lane, uint64_t offset, uint32_t bytes)
{
	const struct isa_resource *resource = &buffer->resource;
	bool gfx10 = buffer->transfer.wave->target == ISA_GFX10_3;
	uint32_t index = buffer->index[lane];
	uint64_t last = gfx10 ? offset : offset + bytes - 1;

	if (last < offset)
		return false;
	switch (resource->check) {
	case CHECK_STRUCTURED:
		return index < resource->records && last < resource->stride;
	case CHECK_INDEX:
		return index < resource->records;
	case CHECK_EMPTY:
		return resource->records != 0;
	default:
		if (resource->element && gfx10)
			return swizzled(resource, index, offset) < resource->records;
		if (resource->element && resource->stride)
			return index < resource->records && last < resource->stride;
		return last < resource->records;
	}
}

uint64_t isa_buffer_inside(const struct isa_buffer *buffer, uint32_t at, uint32_t bytes)
{
	uint64_t exec = buffer->transfer.wave->exec;
	uint64_t lanes = 0;

	if (buffer->resource.check == CHECK_EMPTY)
		return buffer->resource.records ? exec : 0;
	ISA_FOR_ACTIVE(exec, lane)
	{
		if (inside(buffer, lane, buffer->offset[lane] + at, bytes))
			lanes |= UINT64_C(1) << lane;
	}
	return lanes;
}

/* Unless it is swizzled. */
static void locate_linear(struct isa_buffer *buffer, uint32_t at)
{
	const struct isa_resource *resource = &buffer->resource;

	for (uint32_t lane = 0; lane < buffer->transfer.wave->lanes; lane++)
		buffer->transfer.va[lane] = buffer->base + (uint64_t)buffer->index[lane] * resource->stride +
					    buffer->offset[lane] + at;
}

static void choose(struct isa_buffer *buffer, uint32_t at, uint32_t bytes, uint64_t lanes)
{
	buffer->transfer.bytes = bytes;
	buffer->transfer.lanes = lanes;
	if (buffer->resource.element)
		locate_swizzled(buffer, at);
	else
		locate_linear(buffer, at);
}

bool isa_buffer_read(struct isa_buffer *buffer, uint32_t at, uint32_t bytes, uint64_t lanes,
		     struct isa_words *words)
{
	choose(buffer, at, bytes, lanes);
	return buffer->resource.element ? isa_swizzle_read(&buffer->transfer, &buffer->swizzle, words)
					: isa_access_read(&buffer->transfer, words);
}

bool isa_buffer_write(struct isa_buffer *buffer, uint32_t at, uint32_t bytes, uint64_t lanes,
		      const struct isa_words *words)
{
	choose(buffer, at, bytes, lanes);
	return buffer->resource.element ? isa_swizzle_write(&buffer->transfer, &buffer->swizzle, words)
					: isa_access_write(&buffer->transfer, words);
}

/* ---- loads and stores: every word is checked on its own ---- */

/* The lanes of each word; returns whether they are the same. */
static bool inside_by_word(const struct isa_buffer *buffer, uint32_t bytes, uint64_t lanes[ISA_MOVE_WORDS])
{
	bool same = true;

	lanes[0] = isa_buffer_inside(buffer, 0, bytes < 4 ? bytes : 4);
	for (uint32_t i = 1; i < bytes / 4; i++) {
		lanes[i] = isa_buffer_inside(buffer, i * 4, 4);
		same = same && lanes[i] == lanes[0];
	}
	return same;
}

static bool read_checked(struct isa_buffer *buffer, uint32_t bytes, struct isa_words *words)
{
	uint64_t exec = buffer->transfer.wave->exec;
	uint64_t lanes[ISA_MOVE_WORDS];
	bool same = inside_by_word(buffer, bytes, lanes);
	struct isa_words part;

	if (!same || lanes[0] != exec)
		memset(words, 0, sizeof(*words));
	if (same)
		return isa_buffer_read(buffer, 0, bytes, lanes[0], words);
	for (uint32_t i = 0; i < bytes / 4; i++) {
		if (!isa_buffer_read(buffer, i * 4, 4, lanes[i], &part))
			return false;
		ISA_FOR_ACTIVE(lanes[i], lane)
		{
			words->word[i][lane] = part.word[0][lane];
		}
	}
	return true;
}

static bool write_checked(struct isa_buffer *buffer, uint32_t bytes, const struct isa_words *words)
{
	uint64_t lanes[ISA_MOVE_WORDS];
	struct isa_words part;

	if (inside_by_word(buffer, bytes, lanes))
		return isa_buffer_write(buffer, 0, bytes, lanes[0], words);
	for (uint32_t i = 0; i < bytes / 4; i++) {
		memcpy(part.word[0], words->word[i], sizeof(part.word[0]));
		if (!isa_buffer_write(buffer, i * 4, 4, lanes[i], &part))
			return false;
	}
	return true;
}

void isa_buffer_deliver(struct isa_buffer *buffer, uint32_t bytes, const struct isa_words *words)
{
	struct isa_wave *wave = buffer->transfer.wave;
	const struct isa_inst *inst = buffer->transfer.inst;
	uint32_t status = inst->dst + (bytes + 3) / 4;

	if (inst->memory.lds || inst->binding->flags & ISA_MOVE_TO_LDS) {
		if (bytes > 4 || inst->memory.tfe)
			isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		else
			isa_access_deliver_lds(&buffer->transfer, words);
		return;
	}
	if (inst->memory.tfe && !isa_access_registers(wave, inst, status, 1))
		return;
	if (!isa_access_deliver(wave, inst, inst->dst, bytes, words) || !inst->memory.tfe)
		return;
	ISA_FOR_ACTIVE(wave->exec, lane)
	{
		isa_vgpr(wave, status)[lane] = 0;
	}
}

static void execute_load(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t bytes = ISA_MOVE_BYTES(inst->binding->flags);
	struct isa_buffer buffer;
	struct isa_words words;

	if (isa_buffer_init(&buffer, wave, inst) && read_checked(&buffer, bytes, &words))
		isa_buffer_deliver(&buffer, bytes, &words);
}

static void execute_store(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t bytes = ISA_MOVE_BYTES(inst->binding->flags);
	struct isa_buffer buffer;
	struct isa_words words;

	if (isa_buffer_init(&buffer, wave, inst) &&
	    isa_access_fetch(wave, inst, inst->memory.data, bytes, &words))
		write_checked(&buffer, bytes, &words);
}

static void execute_move(struct isa_wave *wave, const struct isa_inst *inst)
{
	bool loads = inst->binding->flags & ISA_MOVE_LOAD;

	/* stores to LDS and stores with a status are none of compilers' */
	if (!loads && (inst->memory.lds || inst->memory.tfe))
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
	else if (loads)
		execute_load(wave, inst);
	else
		execute_store(wave, inst);
}

/* ---- atomics: all of it is in range, or nothing is done and 0 is returned ---- */

static void execute_atomic(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t flags = inst->binding->flags;
	uint32_t bytes = ISA_MOVE_BYTES(flags);
	enum isa_modify_kind kind = ISA_MOVE_MODIFY_OF(flags);
	struct isa_buffer buffer;
	struct isa_words words, old;

	if (inst->memory.lds || inst->memory.tfe) {
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
		return;
	}
	if (!isa_buffer_init(&buffer, wave, inst) ||
	    !isa_access_fetch(wave, inst, inst->memory.data, isa_modify_has_two(kind) ? 2 * bytes : bytes,
			      &words))
		return;
	choose(&buffer, 0, bytes, isa_buffer_inside(&buffer, 0, bytes));
	if (buffer.resource.element) {
		ISA_FOR_ACTIVE(buffer.transfer.lanes, lane)
		{
			buffer.transfer.va[lane] =
				buffer.base +
				swizzled(&buffer.resource, buffer.index[lane], buffer.offset[lane]);
		}
	}
	memset(&old, 0, sizeof(old));
	if (isa_access_atomic(&buffer.transfer, kind, &words, &old) && isa_access_returns(wave, inst))
		isa_access_deliver(wave, inst, inst->dst, bytes, &old);
}

static void execute_cache(struct isa_wave *wave, const struct isa_inst *inst)
{
	wave->unit->ops->cache(wave->unit->machine, inst->binding->flags);
}

#define TO_LDS(operation, flags_) \
	ISA_MEMORY(BUFFER_LOAD_LDS_##operation, execute_move, ISA_MOVE_LOAD | ISA_MOVE_TO_LDS | (flags_))

static const struct isa_binding list[] = {
	ISA_MOVES(BUFFER, execute_move),
	ISA_ATOMICS(BUFFER, execute_atomic),
	TO_LDS(U8, 1),
	TO_LDS(I8, ISA_MOVE_SIGNED | 1),
	TO_LDS(U16, 2),
	TO_LDS(I16, ISA_MOVE_SIGNED | 2),
	TO_LDS(B32, 4),
	ISA_MEMORY_OTHER(BUFFER_GL0_INV, execute_cache, ISA_INVALIDATE_VECTOR),
	ISA_MEMORY_OTHER(BUFFER_GL1_INV, execute_cache, ISA_INVALIDATE_L1),
};

const struct isa_bindings isa_bind_buffer = {list, sizeof(list) / sizeof(list[0])};
