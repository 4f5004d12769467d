// SPDX-License-Identifier: MIT
/* Atomics of lanes, one after the other, in memory and in LDS. */
#include "dxgsim/isa/lane_words.h"

static uint64_t value_of(const struct isa_words *words, uint32_t first, uint32_t bytes, uint32_t lane)
{
	uint64_t value = words->word[first][lane];

	return bytes == 8 ? value | (uint64_t)words->word[first + 1][lane] << 32 : value;
}

static void set_value(struct isa_words *words, uint32_t bytes, uint32_t lane, uint64_t value)
{
	words->word[0][lane] = (uint32_t)value;
	if (bytes == 8)
		words->word[1][lane] = (uint32_t)(value >> 32);
}

static void take_operands(const struct isa_transfer *transfer, const struct isa_words *words, bool two,
			  uint32_t lane, struct isa_modify_operands *operands)
{
	operands->data = value_of(words, 0, transfer->bytes, lane);
	operands->data2 = two ? value_of(words, transfer->bytes / 4, transfer->bytes, lane) : 0;
}

static bool aligned(const struct isa_transfer *transfer)
{
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		if (transfer->va[lane] & (transfer->bytes - 1))
			return isa_transfer_stop(transfer, ISA_FAULT_ALIGNMENT, ISA_ATOMIC, lane);
	}
	return true;
}

static isa_modify *function_of(const struct isa_transfer *transfer, enum isa_modify_kind kind)
{
	isa_modify *modify = isa_modify_function(kind, transfer->bytes);

	if (!modify)
		isa_stop(transfer->wave, transfer->inst, ISA_FAULT_UNIMPLEMENTED);
	return modify;
}

/* They are done by the L2, for everybody behind it. */
bool isa_access_atomic(const struct isa_transfer *transfer, enum isa_modify_kind kind,
		       const struct isa_words *words, struct isa_words *old)
{
	struct isa_wave *wave = transfer->wave;
	/* LLVM, hasMemoryAtomicFaddF32DenormalSupport(): not before gfx12 */
	bool flush = kind == ISA_MODIFY_ADD_F && transfer->bytes == 4 && wave->target != ISA_GFX12;
	struct isa_modify_operands operands = {.flush_sources = flush, .flush_results = flush};
	isa_modify *modify = function_of(transfer, kind);
	enum isa_scope scope = transfer->scope < ISA_SCOPE_DEVICE ? ISA_SCOPE_DEVICE : transfer->scope;
	bool two = isa_modify_has_two(kind);

	if (!modify || !aligned(transfer))
		return false;
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		uint64_t was = 0;

		take_operands(transfer, words, two, lane, &operands);
		if (!wave->unit->ops->atomic(wave->unit->machine, scope, transfer->va[lane], transfer->bytes,
					     modify, &operands, &was))
			return isa_transfer_stop(transfer, ISA_FAULT_PAGE, ISA_ATOMIC, lane);
		set_value(old, transfer->bytes, lane, was);
	}
	wave->group->counts.atomics += (uint64_t)__builtin_popcountll(transfer->lanes);
	return true;
}

/* LLVM, atomicrmw of AMDGPU: floats in LDS follow MODE's denormals, but not its rounding. */
bool isa_lds_atomic(const struct isa_transfer *transfer, enum isa_modify_kind kind,
		    const struct isa_words *words, struct isa_words *old)
{
	struct isa_wave *wave = transfer->wave;
	uint32_t denormals =
		kind == ISA_MODIFY_ADD_F ? ISA_MODE_DENORM_32(wave->mode) : ISA_MODE_DENORM_64(wave->mode);
	struct isa_modify_operands operands = {
		.flush_sources = !(denormals & 1),
		.flush_results = !(denormals & 2),
	};
	isa_modify *modify = function_of(transfer, kind);
	bool two = isa_modify_has_two(kind);
	bool wide = transfer->bytes == 8;

	if (!modify || !aligned(transfer) || !isa_lds_inside(transfer, ISA_ATOMIC))
		return false;
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		uint8_t *at = wave->group->lds + transfer->va[lane];
		uint64_t was = 0, becomes;

		take_operands(transfer, words, two, lane, &operands);
		memcpy(&was, at, wide ? 8 : 4);
		becomes = modify(was, &operands);
		memcpy(at, &becomes, wide ? 8 : 4);
		set_value(old, transfer->bytes, lane, was);
	}
	wave->group->counts.lds_bytes += 2 * isa_transfer_bytes(transfer);
	return true;
}
