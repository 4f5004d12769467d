// SPDX-License-Identifier: MIT
/*
 * FLAT, GLOBAL and SCRATCH.
 *
 * A flat address may be one of LDS or of scratch; which it is says the address register alone, the offset of the
 * instruction does not count (LLVM: "the memory aperture test ignores the immediate offset").  Scratch is interleaved by
 * words: lanes that access the same offset access neighbouring words (AMD ISA documents, "Scratch Space").
 */
#include <string.h>

#include "dxgsim/isa/access.h"

/* The lanes of an instruction by where their addresses are. */
struct flat {
	struct isa_transfer transfer; /* va: of global memory, or in LDS */
	uint64_t global, shared, private;
	struct isa_swizzle scratch;
};

static void flat_init(struct flat *flat, struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_access_init(&flat->transfer, wave, inst);
	flat->global = 0;
	flat->shared = 0;
	flat->private = 0;
}

/* ---- addresses ---- */

/* Sorts lanes by aperture, which most often there is none of. */
static void sort_lanes(struct flat *flat, const uint32_t *high)
{
	struct isa_wave *wave = flat->transfer.wave;
	uint32_t special = 0;

	for (uint32_t lane = 0; lane < wave->lanes; lane++)
		special |= (uint32_t)(high[lane] == ISA_SHARED_APERTURE) |
			   (uint32_t)(high[lane] == ISA_PRIVATE_APERTURE);
	if (special) {
		ISA_FOR_ACTIVE(wave->exec, lane)
		{
			flat->shared |= (uint64_t)(high[lane] == ISA_SHARED_APERTURE) << lane;
			flat->private |= (uint64_t)(high[lane] == ISA_PRIVATE_APERTURE) << lane;
		}
	}
	flat->global = wave->exec & ~flat->shared & ~flat->private;
}

static bool flat_addresses(struct flat *flat)
{
	struct isa_wave *wave = flat->transfer.wave;
	const struct isa_memory_operands *memory = &flat->transfer.inst->memory;
	uint64_t offset = (uint64_t)(int64_t)memory->offset;
	uint64_t *va = flat->transfer.va;
	const uint32_t *low, *high;

	if (!isa_access_registers(wave, flat->transfer.inst, memory->addr, 2))
		return false;
	low = isa_vgpr(wave, memory->addr);
	high = isa_vgpr(wave, memory->addr + 1U);
	sort_lanes(flat, high);
	for (uint32_t lane = 0; lane < wave->lanes; lane++)
		va[lane] = ((uint64_t)high[lane] << 32 | low[lane]) + offset;
	if (flat->private) {
		for (uint32_t lane = 0; lane < wave->lanes; lane++)
			flat->scratch.offset[lane] = low[lane] + (uint32_t)offset;
	}
	ISA_FOR_ACTIVE(flat->shared, lane)
	{
		va[lane] = low[lane] + (uint32_t)offset;
	}
	return true;
}

/* 64 bits in VGPRs, or 64 bits in SGPRs and 32 in a VGPR, without sign. */
static bool global_addresses(struct flat *flat)
{
	struct isa_wave *wave = flat->transfer.wave;
	const struct isa_inst *inst = flat->transfer.inst;
	const struct isa_memory_operands *memory = &inst->memory;
	bool threads = inst->binding->flags & ISA_MOVE_THREADS;
	bool wide = memory->saddr == ISA_NULL;
	uint64_t base = (wide ? 0 : isa_scalar64(wave, inst, memory->saddr, false)) +
			(uint64_t)(int64_t)memory->offset;
	uint64_t *va = flat->transfer.va;
	const uint32_t *low, *high;

	flat->global = wave->exec;
	if (threads) {
		for (uint32_t lane = 0; lane < wave->lanes; lane++)
			va[lane] = base + lane * 4;
		return true;
	}
	if (!isa_access_registers(wave, inst, memory->addr, wide ? 2 : 1))
		return false;
	low = isa_vgpr(wave, memory->addr);
	if (!wide) {
		for (uint32_t lane = 0; lane < wave->lanes; lane++)
			va[lane] = base + low[lane];
		return true;
	}
	high = isa_vgpr(wave, memory->addr + 1U);
	for (uint32_t lane = 0; lane < wave->lanes; lane++)
		va[lane] = base + ((uint64_t)high[lane] << 32 | low[lane]);
	return true;
}

static bool scratch_addresses(struct flat *flat)
{
	struct isa_wave *wave = flat->transfer.wave;
	const struct isa_inst *inst = flat->transfer.inst;
	const struct isa_memory_operands *memory = &inst->memory;
	uint32_t base = (uint32_t)memory->offset;
	const uint32_t *vgpr;

	flat->private = wave->exec;
	if (memory->saddr != ISA_NULL)
		base += isa_scalar32(wave, inst, memory->saddr);
	if (!memory->has_addr) {
		for (uint32_t lane = 0; lane < wave->lanes; lane++)
			flat->scratch.offset[lane] = base;
		return true;
	}
	if (!isa_access_registers(wave, inst, memory->addr, 1))
		return false;
	vgpr = isa_vgpr(wave, memory->addr);
	for (uint32_t lane = 0; lane < wave->lanes; lane++)
		flat->scratch.offset[lane] = base + vgpr[lane];
	return true;
}

/* ---- the three memories ---- */

static void stop_private(struct flat *flat, enum isa_access access, uint32_t lane)
{
	isa_stop_access(flat->transfer.wave, flat->transfer.inst, ISA_FAULT_APERTURE, access,
			(uint64_t)ISA_PRIVATE_APERTURE << 32 | flat->scratch.offset[lane], lane);
}

/* Scratch: inside of the wave's. */
static bool locate_private(struct flat *flat, enum isa_access access)
{
	struct isa_wave *wave = flat->transfer.wave;
	const uint32_t *offset = flat->scratch.offset;
	int64_t last =
		(int64_t)(wave->group->launch->scratch_wave_bytes / wave->lanes) - flat->transfer.bytes;
	int64_t left = 0;

	flat->scratch.element = 4;
	flat->scratch.row = wave->lanes * 4;
	for (uint32_t lane = 0; lane < wave->lanes; lane++) {
		flat->scratch.origin[lane] = wave->flat_scratch + lane * 4;
		left |= last - (int64_t)offset[lane];
	}
	if (left >= 0)
		return true;
	ISA_FOR_ACTIVE(flat->private, lane)
	{
		if (last < (int64_t)offset[lane]) {
			stop_private(flat, access, lane);
			return false;
		}
	}
	return true;
}

static void choose_shared(struct flat *flat)
{
	flat->transfer.lanes = flat->shared;
	flat->transfer.aperture = (uint64_t)ISA_SHARED_APERTURE << 32;
}

static void choose_global(struct flat *flat)
{
	flat->transfer.lanes = flat->global;
	flat->transfer.aperture = 0;
}

static bool flat_read(struct flat *flat, struct isa_words *words)
{
	uint32_t bytes = flat->transfer.bytes;
	bool done = true;

	if (flat->global) {
		choose_global(flat);
		done = isa_access_read(&flat->transfer, words);
	}
	if (done && flat->shared) {
		choose_shared(flat);
		done = isa_lds_read(&flat->transfer, words);
	}
	if (!done || !flat->private)
		return done;
	if (!locate_private(flat, ISA_READ))
		return false;
	choose_global(flat);
	flat->transfer.lanes = flat->private;
	done = isa_swizzle_read(&flat->transfer, &flat->scratch, words);
	flat->transfer.bytes = bytes;
	return done;
}

static bool flat_write(struct flat *flat, const struct isa_words *words)
{
	uint32_t bytes = flat->transfer.bytes;
	bool done = true;

	if (flat->global) {
		choose_global(flat);
		done = isa_access_write(&flat->transfer, words);
	}
	if (done && flat->shared) {
		choose_shared(flat);
		done = isa_lds_write(&flat->transfer, words);
	}
	if (!done || !flat->private)
		return done;
	if (!locate_private(flat, ISA_WRITE))
		return false;
	choose_global(flat);
	flat->transfer.lanes = flat->private;
	done = isa_swizzle_write(&flat->transfer, &flat->scratch, words);
	flat->transfer.bytes = bytes;
	return done;
}

static bool flat_atomic(struct flat *flat, enum isa_modify_kind kind, const struct isa_words *words,
			struct isa_words *old)
{
	if (flat->private) {
		stop_private(flat, ISA_ATOMIC, (uint32_t)__builtin_ctzll(flat->private));
		return false;
	}
	if (flat->global) {
		choose_global(flat);
		if (!isa_access_atomic(&flat->transfer, kind, words, old))
			return false;
	}
	if (!flat->shared)
		return true;
	choose_shared(flat);
	return isa_lds_atomic(&flat->transfer, kind, words, old);
}

/* ---- instructions ---- */

static void load(struct flat *flat)
{
	struct isa_wave *wave = flat->transfer.wave;
	const struct isa_inst *inst = flat->transfer.inst;
	uint32_t bytes = flat->transfer.bytes;
	struct isa_words words;

	if (!inst->memory.lds) {
		if (isa_access_registers(wave, inst, inst->dst, (bytes + 3) / 4) && flat_read(flat, &words))
			isa_access_deliver(wave, inst, inst->dst, bytes, &words);
		return;
	}
	if (bytes > 4) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	if (flat_read(flat, &words))
		isa_access_deliver_lds(&flat->transfer, &words);
}

static void store(struct flat *flat)
{
	const struct isa_inst *inst = flat->transfer.inst;
	struct isa_words words;

	if (isa_access_fetch(flat->transfer.wave, inst, inst->memory.data, flat->transfer.bytes, &words))
		flat_write(flat, &words);
}

static void atomic(struct flat *flat)
{
	struct isa_wave *wave = flat->transfer.wave;
	const struct isa_inst *inst = flat->transfer.inst;
	uint32_t bytes = flat->transfer.bytes;
	enum isa_modify_kind kind = ISA_MOVE_MODIFY_OF(inst->binding->flags);
	bool returns = isa_access_returns(wave, inst);
	struct isa_words words, old;

	if (!isa_access_fetch(wave, inst, inst->memory.data, isa_modify_has_two(kind) ? 2 * bytes : bytes,
			      &words))
		return;
	if (returns && !isa_access_registers(wave, inst, inst->dst, bytes / 4))
		return;
	if (flat_atomic(flat, kind, &words, &old) && returns)
		isa_access_deliver(wave, inst, inst->dst, bytes, &old);
}

static void execute(struct flat *flat)
{
	uint32_t flags = flat->transfer.inst->binding->flags;

	if (flags & ISA_MOVE_LOAD)
		load(flat);
	else if (flags & ISA_MOVE_STORE)
		store(flat);
	else
		atomic(flat);
}

static void execute_flat(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct flat flat;

	if (!wave->exec)
		return;
	flat_init(&flat, wave, inst);
	if (flat_addresses(&flat))
		execute(&flat);
}

static void execute_global(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct flat flat;

	if (!wave->exec)
		return;
	flat_init(&flat, wave, inst);
	if (global_addresses(&flat))
		execute(&flat);
}

static void execute_scratch(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct flat flat;

	if (!wave->exec)
		return;
	flat_init(&flat, wave, inst);
	if (scratch_addresses(&flat))
		execute(&flat);
}

/* One register of a block: M0 says which there are; all have their place in memory. */
static bool move_register(struct flat *flat, uint32_t number)
{
	struct isa_wave *wave = flat->transfer.wave;
	const struct isa_inst *inst = flat->transfer.inst;
	struct isa_words words;

	if (inst->binding->flags & ISA_MOVE_LOAD) {
		number += inst->dst;
		return isa_access_registers(wave, inst, number, 1) && flat_read(flat, &words) &&
		       isa_access_deliver(wave, inst, number, 4, &words);
	}
	number += inst->memory.data;
	return isa_access_fetch(wave, inst, number, 4, &words) && flat_write(flat, &words);
}

static void execute_block(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct flat flat;

	if (!wave->exec)
		return;
	flat_init(&flat, wave, inst);
	if (inst->row->format == ISA_FORMAT_GLOBAL ? !global_addresses(&flat) : !scratch_addresses(&flat))
		return;
	for (uint32_t number = 0; number < 32; number++) {
		if (wave->m0 >> number & 1 && !move_register(&flat, number))
			return;
		for (uint32_t lane = 0; lane < wave->lanes; lane++) {
			if (flat.global)
				flat.transfer.va[lane] += 4;
			else
				flat.scratch.offset[lane] += 4;
		}
	}
}

/*
 * gfx12: caches of the unit up to the scope.  All but the L2 write through, and nothing is stale for others of the
 * same unit (LLVM AMDGPU usage, "Memory Model GFX12").
 */
static void execute_cache(struct isa_wave *wave, const struct isa_inst *inst)
{
	static const uint32_t invalidated[] = {
		[ISA_SCOPE_UNIT] = 0,
		[ISA_SCOPE_ARRAY] = ISA_INVALIDATE_VECTOR,
		[ISA_SCOPE_DEVICE] = ISA_INVALIDATE_VECTOR | ISA_INVALIDATE_L1,
		[ISA_SCOPE_SYSTEM] = ISA_INVALIDATE_VECTOR | ISA_INVALIDATE_L1 | ISA_INVALIDATE_L2,
	};
	enum isa_scope scope = isa_access_scope(wave, inst);
	uint32_t actions = 0;

	if (inst->binding->flags & ISA_MOVE_STORE && scope == ISA_SCOPE_SYSTEM)
		actions |= ISA_WRITE_BACK_L2;
	if (inst->binding->flags & ISA_MOVE_LOAD)
		actions |= invalidated[scope];
	if (actions)
		wave->unit->ops->cache(wave->unit->machine, actions);
}

static const struct isa_binding list[] = {
	ISA_MOVES(FLAT, execute_flat),
	ISA_ATOMICS(FLAT, execute_flat),
	ISA_MOVES(GLOBAL, execute_global),
	ISA_ATOMICS(GLOBAL, execute_global),
	ISA_MOVES(SCRATCH, execute_scratch),
	ISA_MEMORY(GLOBAL_LOAD_ADDTID_B32, execute_global, ISA_MOVE_LOAD | ISA_MOVE_THREADS | 4),
	ISA_MEMORY(GLOBAL_STORE_ADDTID_B32, execute_global, ISA_MOVE_STORE | ISA_MOVE_THREADS | 4),
	ISA_MEMORY(GLOBAL_LOAD_BLOCK, execute_block, ISA_MOVE_LOAD | 4),
	ISA_MEMORY(GLOBAL_STORE_BLOCK, execute_block, ISA_MOVE_STORE | 4),
	ISA_MEMORY(SCRATCH_LOAD_BLOCK, execute_block, ISA_MOVE_LOAD | 4),
	ISA_MEMORY(SCRATCH_STORE_BLOCK, execute_block, ISA_MOVE_STORE | 4),
	ISA_MEMORY_OTHER(GLOBAL_INV, execute_cache, ISA_MOVE_LOAD),
	ISA_MEMORY_OTHER(GLOBAL_WB, execute_cache, ISA_MOVE_STORE),
	ISA_MEMORY_OTHER(GLOBAL_WBINV, execute_cache, ISA_MOVE_LOAD | ISA_MOVE_STORE),
};

const struct isa_bindings isa_bind_flat = {list, sizeof(list) / sizeof(list[0])};
