// SPDX-License-Identifier: MIT
/* Memory in which the words of lanes are interleaved: scratch, and buffers that are swizzled. */
#include <string.h>

#include "dxgsim/isa/lane_words.h"

enum shape {
	ONE_ACCESS, /* no lane's bytes lie in two words */
	WORDS,	    /* they do, and are whole words */
	BYTES,
};

static enum shape shape_of(const struct isa_transfer *transfer, const struct isa_swizzle *swizzle)
{
	uint32_t bits = 0;
	uint32_t last = 0;

	if (isa_transfer_full(transfer)) {
		for (uint32_t lane = 0; lane < transfer->wave->lanes; lane++)
			bits |= swizzle->offset[lane];
		bits &= 3;
	}
	if (bits || !isa_transfer_full(transfer)) {
		ISA_FOR_ACTIVE(transfer->lanes, lane)
		{
			uint32_t part = swizzle->offset[lane] & 3;

			bits |= part;
			last = part > last ? part : last;
		}
	}
	if (last + transfer->bytes <= 4)
		return ONE_ACCESS;
	return !bits && transfer->bytes % 4 == 0 ? WORDS : BYTES;
}

static void place(struct isa_transfer *transfer, const struct isa_swizzle *swizzle, uint32_t step)
{
	uint32_t shift = (uint32_t)__builtin_ctz(swizzle->element);
	uint32_t mask = swizzle->element - 1;
	uint32_t row = swizzle->row;

	for (uint32_t lane = 0; lane < transfer->wave->lanes; lane++) {
		uint32_t offset = swizzle->offset[lane] + step;

		transfer->va[lane] =
			swizzle->origin[lane] + (uint64_t)(offset >> shift) * row + (offset & mask);
	}
}

static bool read_bytes(struct isa_transfer *transfer, const struct isa_swizzle *swizzle, uint32_t bytes,
		       struct isa_words *words)
{
	struct isa_words part;

	transfer->bytes = 1;
	for (uint32_t i = 0; i < bytes; i++) {
		place(transfer, swizzle, i);
		if (!isa_access_read(transfer, &part))
			return false;
		ISA_FOR_ACTIVE(transfer->lanes, lane)
		{
			uint32_t *word = &words->word[i / 4][lane];

			*word = (i % 4 ? *word : 0) | part.word[0][lane] << i % 4 * 8;
		}
	}
	return true;
}

static bool write_bytes(struct isa_transfer *transfer, const struct isa_swizzle *swizzle, uint32_t bytes,
			const struct isa_words *words)
{
	struct isa_words part;

	transfer->bytes = 1;
	for (uint32_t i = 0; i < bytes; i++) {
		place(transfer, swizzle, i);
		ISA_FOR_ACTIVE(transfer->lanes, lane)
		{
			part.word[0][lane] = words->word[i / 4][lane] >> i % 4 * 8 & 0xff;
		}
		if (!isa_access_write(transfer, &part))
			return false;
	}
	return true;
}

bool isa_swizzle_read(struct isa_transfer *transfer, const struct isa_swizzle *swizzle,
		      struct isa_words *words)
{
	uint32_t bytes = transfer->bytes;
	struct isa_words part;

	switch (shape_of(transfer, swizzle)) {
	case ONE_ACCESS:
		place(transfer, swizzle, 0);
		return isa_access_read(transfer, words);
	case BYTES:
		return read_bytes(transfer, swizzle, bytes, words);
	case WORDS:
		break;
	}
	transfer->bytes = 4;
	for (uint32_t i = 0; i < bytes / 4; i++) {
		place(transfer, swizzle, i * 4);
		if (!isa_access_read(transfer, &part))
			return false;
		ISA_FOR_ACTIVE(transfer->lanes, lane)
		{
			words->word[i][lane] = part.word[0][lane];
		}
	}
	return true;
}

bool isa_swizzle_write(struct isa_transfer *transfer, const struct isa_swizzle *swizzle,
		       const struct isa_words *words)
{
	uint32_t bytes = transfer->bytes;
	struct isa_words part;

	switch (shape_of(transfer, swizzle)) {
	case ONE_ACCESS:
		place(transfer, swizzle, 0);
		return isa_access_write(transfer, words);
	case BYTES:
		return write_bytes(transfer, swizzle, bytes, words);
	case WORDS:
		break;
	}
	transfer->bytes = 4;
	for (uint32_t i = 0; i < bytes / 4; i++) {
		place(transfer, swizzle, i * 4);
		memcpy(part.word[0], words->word[i], sizeof(part.word[0]));
		if (!isa_access_write(transfer, &part))
			return false;
	}
	return true;
}
