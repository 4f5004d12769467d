// SPDX-License-Identifier: MIT
/* Loads and stores of lanes in the LDS of their work-group. */
#include "dxgsim/isa/lane_words.h"

/* Offsets have 32 bits, so that the sign of what is left tells which are too large. */
bool isa_lds_inside(const struct isa_transfer *transfer, enum isa_access what)
{
	int64_t last = (int64_t)transfer->wave->group->lds_bytes - transfer->bytes;
	int64_t left = 0;

	if (isa_transfer_full(transfer)) {
		for (uint32_t lane = 0; lane < transfer->wave->lanes; lane++)
			left |= last - (int64_t)transfer->va[lane];
		if (left >= 0)
			return true;
	}
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		if (last < (int64_t)transfer->va[lane])
			return isa_transfer_stop(transfer, ISA_FAULT_LDS, what, lane);
	}
	return true;
}

static inline void gather_all(const uint8_t *lds, const uint64_t *va, struct isa_words *words, uint32_t lanes,
			      uint32_t bytes)
{
	for (uint32_t lane = 0; lane < lanes; lane++) {
		if (bytes < 4)
			words->word[0][lane] = isa_load_small(lds + va[lane], bytes);
		else
			isa_load_words(words, lane, lds + va[lane], bytes);
	}
}

static inline void scatter_all(uint8_t *lds, const uint64_t *va, const struct isa_words *words,
			       uint32_t lanes, uint32_t bytes)
{
	for (uint32_t lane = 0; lane < lanes; lane++) {
		if (bytes < 4)
			isa_store_small(lds + va[lane], words->word[0][lane], bytes);
		else
			isa_store_words(lds + va[lane], words, lane, bytes);
	}
}

bool isa_lds_read(const struct isa_transfer *transfer, struct isa_words *words)
{
	const uint8_t *lds = transfer->wave->group->lds;
	uint32_t bytes = transfer->bytes;

	if (!isa_lds_inside(transfer, ISA_READ))
		return false;
	transfer->wave->group->counts.lds_bytes += isa_transfer_bytes(transfer);
	if (isa_transfer_full(transfer)) {
		ISA_WITH_BYTES(bytes, gather_all, lds, transfer->va, words, transfer->wave->lanes);
		return true;
	}
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		if (bytes < 4)
			words->word[0][lane] = isa_load_small(lds + transfer->va[lane], bytes);
		else
			isa_load_words(words, lane, lds + transfer->va[lane], bytes);
	}
	return true;
}

bool isa_lds_write(const struct isa_transfer *transfer, const struct isa_words *words)
{
	uint8_t *lds = transfer->wave->group->lds;
	uint32_t bytes = transfer->bytes;

	if (!isa_lds_inside(transfer, ISA_WRITE))
		return false;
	transfer->wave->group->counts.lds_bytes += isa_transfer_bytes(transfer);
	if (isa_transfer_full(transfer)) {
		ISA_WITH_BYTES(bytes, scatter_all, lds, transfer->va, words, transfer->wave->lanes);
		return true;
	}
	ISA_FOR_ACTIVE(transfer->lanes, lane)
	{
		if (bytes < 4)
			isa_store_small(lds + transfer->va[lane], words->word[0][lane], bytes);
		else
			isa_store_words(lds + transfer->va[lane], words, lane, bytes);
	}
	return true;
}
