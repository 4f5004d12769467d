// SPDX-License-Identifier: MIT
/* What all vector memory instructions have in common: words of lanes on their way to memory and back. */
#ifndef DXGSIM_ISA_ACCESS_H
#define DXGSIM_ISA_ACCESS_H

#include "dxgsim/isa/memory_rows.h"

#define ISA_MOVE_WORDS 4U /* at most, per lane */

#define ISA_FOR_ACTIVE(mask, lane)                                       \
	for (uint64_t active_ = (mask); active_; active_ &= active_ - 1) \
		for (uint32_t lane = (uint32_t)__builtin_ctzll(active_), once_ = 1; once_; once_ = 0)

/* A register after the other, as in the register file. */
struct isa_words {
	uint32_t word[ISA_MOVE_WORDS][ISA_LANES];
};

/* One address per lane. */
struct isa_transfer {
	struct isa_wave *wave;
	const struct isa_inst *inst;
	enum isa_scope scope;
	uint32_t bytes; /* of every lane: 1, 2, 4, 8, 12 or 16 */
	uint64_t lanes;
	uint64_t va[ISA_LANES]; /* in LDS: offsets of 32 bits */
	uint64_t aperture;	/* LDS: where its flat addresses begin, for reports */
};

/*
 * Memory in which the elements of lanes are interleaved: byte n of a lane's part is at
 * origin + n / element * row + n % element.
 */
struct isa_swizzle {
	uint32_t element; /* a power of two, at least 4 */
	uint32_t row;
	uint64_t origin[ISA_LANES];
	uint32_t offset[ISA_LANES]; /* where the access starts */
};

/* Of all active lanes, with the size of the instruction and the scope that its bits ask for. */
void isa_access_init(struct isa_transfer *transfer, struct isa_wave *wave, const struct isa_inst *inst);
enum isa_scope isa_access_scope(const struct isa_wave *wave, const struct isa_inst *inst);
/* Whether an atomic gives back what was there. */
bool isa_access_returns(const struct isa_wave *wave, const struct isa_inst *inst);

/*
 * All return false when the wave has been stopped.  Words of lanes that are not of the access are left alone; bytes and
 * half words are zero-extended.
 */
bool isa_access_read(const struct isa_transfer *transfer, struct isa_words *words);
bool isa_access_write(const struct isa_transfer *transfer, const struct isa_words *words);
/* @words: the operands, two of them after each other if @kind has two; @old: what was there. */
bool isa_access_atomic(const struct isa_transfer *transfer, enum isa_modify_kind kind,
		       const struct isa_words *words, struct isa_words *old);

/* va and bytes of @transfer are used up. */
bool isa_swizzle_read(struct isa_transfer *transfer, const struct isa_swizzle *swizzle,
		      struct isa_words *words);
bool isa_swizzle_write(struct isa_transfer *transfer, const struct isa_swizzle *swizzle,
		       const struct isa_words *words);

/* Whether all of it is inside of the LDS; if not the wave is stopped. */
bool isa_lds_inside(const struct isa_transfer *transfer, enum isa_access access);
bool isa_lds_read(const struct isa_transfer *transfer, struct isa_words *words);
bool isa_lds_write(const struct isa_transfer *transfer, const struct isa_words *words);
bool isa_lds_atomic(const struct isa_transfer *transfer, enum isa_modify_kind kind,
		    const struct isa_words *words, struct isa_words *old);

/* Whether the wave has VGPRs @first to @first + @count - 1; if not it is stopped. */
bool isa_access_registers(struct isa_wave *wave, const struct isa_inst *inst, uint32_t first, uint32_t count);
/* What a store or an atomic takes from VGPRs from @first on, of all lanes. */
bool isa_access_fetch(struct isa_wave *wave, const struct isa_inst *inst, uint32_t first, uint32_t bytes,
		      struct isa_words *words);
/* Into VGPRs from @first on, as the operation has it: sign, halves. */
bool isa_access_deliver(struct isa_wave *wave, const struct isa_inst *inst, uint32_t first, uint32_t bytes,
			const struct isa_words *words);
/* ... of at most 4 bytes into LDS: from where M0 and the offset of the instruction say, the words of all lanes. */
bool isa_access_deliver_lds(const struct isa_transfer *transfer, const struct isa_words *words);

#endif
