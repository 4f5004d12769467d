// SPDX-License-Identifier: MIT
/*
 * Words of lanes on their way to memory and back.
 *
 * Lanes whose addresses follow each other are one access to the machine: that is what makes simulated kernels fast.  Only
 * if it fails the lanes are tried one by one, to find the first that cannot be reached.
 */
#include "dxgsim/isa/lane_words.h"

/* A memory instruction of gfx12 has a scope; before, bits say which caches are passed by (LLVM AMDGPU usage, "Memory
 * model" of gfx10 and gfx11).  Stores are written through anyway. */
enum isa_scope isa_access_scope(const struct isa_wave *wave, const struct isa_inst *inst)
{
	const struct isa_memory_operands *memory = &inst->memory;

	switch (wave->target) {
	case ISA_GFX10_3:
		if (!memory->glc)
			return ISA_SCOPE_UNIT;
		return memory->dlc ? ISA_SCOPE_DEVICE : ISA_SCOPE_ARRAY;
	case ISA_GFX11:
	case ISA_GFX11_5:
		return memory->glc ? ISA_SCOPE_DEVICE : ISA_SCOPE_UNIT;
	default:
		return (enum isa_scope)(memory->scope & 3);
	}
}

bool isa_access_returns(const struct isa_wave *wave, const struct isa_inst *inst)
{
	return wave->target == ISA_GFX12 ? inst->memory.th & 1 : inst->memory.glc;
}

void isa_access_init(struct isa_transfer *transfer, struct isa_wave *wave, const struct isa_inst *inst)
{
	transfer->wave = wave;
	transfer->inst = inst;
	transfer->scope = isa_access_scope(wave, inst);
	transfer->bytes = ISA_MOVE_BYTES(inst->binding->flags);
	transfer->lanes = wave->exec;
	transfer->aperture = 0;
}

/* ---- runs ---- */

/* Lanes from @first on whose addresses are @step apart. */
static uint32_t run_length(const struct isa_transfer *transfer, uint64_t mask, uint32_t first, uint64_t step)
{
	uint64_t gaps = ~(mask >> first);
	uint32_t active = gaps ? (uint32_t)__builtin_ctzll(gaps) : ISA_LANES;
	const uint64_t *va = transfer->va + first;
	uint64_t difference = 0;
	uint32_t count = 1;

	if (active == 1 || va[1] - va[0] != step)
		return 1;
	for (uint32_t i = 1; i < active; i++)
		difference |= (va[i] - va[i - 1]) ^ step;
	if (!difference)
		return active;
	while (va[count] - va[count - 1] == step)
		count++;
	return count;
}

static uint64_t run_mask(uint32_t first, uint32_t count)
{
	return (count == ISA_LANES ? UINT64_MAX : (UINT64_C(1) << count) - 1) << first;
}

static bool read_machine(const struct isa_transfer *transfer, uint64_t va, uint8_t *to, uint32_t bytes)
{
	const struct isa_unit *unit = transfer->wave->unit;

	return unit->ops->read(unit->machine, ISA_VECTOR, transfer->scope, va, to, bytes);
}

static bool write_machine(const struct isa_transfer *transfer, uint64_t va, const uint8_t *from,
			  uint32_t bytes)
{
	const struct isa_unit *unit = transfer->wave->unit;

	return unit->ops->write(unit->machine, transfer->scope, va, from, bytes);
}

/* Lane by lane, after all of them at once did not work. */
static bool read_lanes(const struct isa_transfer *transfer, uint32_t first, uint32_t count, uint8_t *to)
{
	for (uint32_t lane = first; lane < first + count; lane++) {
		if (!read_machine(transfer, transfer->va[lane], to + (size_t)lane * transfer->bytes,
				  transfer->bytes))
			return isa_transfer_stop(transfer, ISA_FAULT_PAGE, ISA_READ, lane);
	}
	return true;
}

static bool write_lanes(const struct isa_transfer *transfer, uint32_t first, uint32_t count,
			const uint8_t *from)
{
	for (uint32_t lane = first; lane < first + count; lane++) {
		if (!write_machine(transfer, transfer->va[lane], from + (size_t)lane * transfer->bytes,
				   transfer->bytes))
			return isa_transfer_stop(transfer, ISA_FAULT_PAGE, ISA_WRITE, lane);
	}
	return true;
}

/* All lanes want the same. */
static bool read_once(const struct isa_transfer *transfer, uint32_t first, uint32_t count, uint8_t *to)
{
	uint32_t bytes = transfer->bytes;
	uint8_t *from = to + (size_t)first * bytes;

	if (!read_machine(transfer, transfer->va[first], from, bytes))
		return isa_transfer_stop(transfer, ISA_FAULT_PAGE, ISA_READ, first);
	for (uint32_t i = 1; i < count; i++)
		memcpy(from + (size_t)i * bytes, from, bytes);
	return true;
}

static bool read_runs(const struct isa_transfer *transfer, uint8_t *to)
{
	uint32_t bytes = transfer->bytes;
	uint64_t mask = transfer->lanes;

	while (mask) {
		uint32_t first = (uint32_t)__builtin_ctzll(mask);
		bool same = first + 1 < ISA_LANES && mask >> (first + 1) & 1 &&
			    transfer->va[first + 1] == transfer->va[first];
		uint32_t count = run_length(transfer, mask, first, same ? 0 : bytes);

		if (same) {
			if (!read_once(transfer, first, count, to))
				return false;
		} else if (!read_machine(transfer, transfer->va[first], to + (size_t)first * bytes,
					 count * bytes) &&
			   !read_lanes(transfer, first, count, to)) {
			return false;
		}
		mask &= ~run_mask(first, count);
	}
	return true;
}

static bool write_runs(const struct isa_transfer *transfer, const uint8_t *from)
{
	uint32_t bytes = transfer->bytes;
	uint64_t mask = transfer->lanes;

	while (mask) {
		uint32_t first = (uint32_t)__builtin_ctzll(mask);
		uint32_t count = run_length(transfer, mask, first, bytes);

		if (!write_machine(transfer, transfer->va[first], from + (size_t)first * bytes,
				   count * bytes) &&
		    !write_lanes(transfer, first, count, from))
			return false;
		mask &= ~run_mask(first, count);
	}
	return true;
}

/* ---- all of it ---- */

static inline void unpack_all(const uint8_t *from, struct isa_words *words, uint32_t lanes, uint32_t bytes)
{
	for (uint32_t lane = 0; lane < lanes; lane++) {
		if (bytes < 4)
			words->word[0][lane] = isa_load_small(from + (size_t)lane * bytes, bytes);
		else
			isa_load_words(words, lane, from + (size_t)lane * bytes, bytes);
	}
}

static inline void pack_all(uint8_t *to, const struct isa_words *words, uint32_t lanes, uint32_t bytes)
{
	for (uint32_t lane = 0; lane < lanes; lane++) {
		if (bytes < 4)
			isa_store_small(to + (size_t)lane * bytes, words->word[0][lane], bytes);
		else
			isa_store_words(to + (size_t)lane * bytes, words, lane, bytes);
	}
}

static void unpack(const struct isa_transfer *transfer, const uint8_t *from, struct isa_words *words)
{
	uint32_t bytes = transfer->bytes;

	if (isa_transfer_full(transfer)) {
		ISA_WITH_BYTES(bytes, unpack_all, from, words, transfer->wave->lanes);
		return;
	}
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		if (bytes < 4)
			words->word[0][lane] = isa_load_small(from + (size_t)lane * bytes, bytes);
		else
			isa_load_words(words, lane, from + (size_t)lane * bytes, bytes);
	}
}

static void pack(const struct isa_transfer *transfer, const struct isa_words *words, uint8_t *to)
{
	uint32_t bytes = transfer->bytes;

	if (isa_transfer_full(transfer)) {
		ISA_WITH_BYTES(bytes, pack_all, to, words, transfer->wave->lanes);
		return;
	}
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		if (bytes < 4)
			isa_store_small(to + (size_t)lane * bytes, words->word[0][lane], bytes);
		else
			isa_store_words(to + (size_t)lane * bytes, words, lane, bytes);
	}
}

bool isa_access_read(const struct isa_transfer *transfer, struct isa_words *words)
{
	uint8_t buffer[ISA_LANES * ISA_MOVE_WORDS * 4];

	if (transfer->bytes == 4) {
		if (!read_runs(transfer, (uint8_t *)words->word[0]))
			return false;
	} else {
		if (!read_runs(transfer, buffer))
			return false;
		unpack(transfer, buffer, words);
	}
	transfer->wave->group->counts.bytes_read += isa_transfer_bytes(transfer);
	return true;
}

bool isa_access_write(const struct isa_transfer *transfer, const struct isa_words *words)
{
	uint8_t buffer[ISA_LANES * ISA_MOVE_WORDS * 4];

	if (transfer->bytes == 4) {
		if (!write_runs(transfer, (const uint8_t *)words->word[0]))
			return false;
	} else {
		pack(transfer, words, buffer);
		if (!write_runs(transfer, buffer))
			return false;
	}
	transfer->wave->group->counts.bytes_written += isa_transfer_bytes(transfer);
	return true;
}
