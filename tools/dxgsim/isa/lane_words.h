// SPDX-License-Identifier: MIT
/* Words of lanes in memory: after each other there, register by register here.  All of it is to be inlined. */
#ifndef DXGSIM_ISA_LANE_WORDS_H
#define DXGSIM_ISA_LANE_WORDS_H

#include <string.h>

#include "dxgsim/isa/access.h"

static inline bool isa_transfer_stop(const struct isa_transfer *transfer, enum isa_fault_kind kind,
				     enum isa_access access, uint32_t lane)
{
	isa_stop_access(transfer->wave, transfer->inst, kind, access, transfer->va[lane] + transfer->aperture,
			lane);
	return false;
}

static inline uint64_t isa_transfer_bytes(const struct isa_transfer *transfer)
{
	return (uint64_t)__builtin_popcountll(transfer->lanes) * transfer->bytes;
}

/* Of all lanes of the wave: loops need not look which. */
static inline bool isa_transfer_full(const struct isa_transfer *transfer)
{
	return transfer->lanes == isa_all_lanes(transfer->wave);
}

static inline uint32_t isa_load_small(const uint8_t *from, uint32_t bytes)
{
	return bytes == 1 ? from[0] : (uint32_t)from[0] | (uint32_t)from[1] << 8;
}

static inline void isa_store_small(uint8_t *to, uint32_t value, uint32_t bytes)
{
	to[0] = (uint8_t)value;
	if (bytes == 2)
		to[1] = (uint8_t)(value >> 8);
}

static inline void isa_load_words(struct isa_words *words, uint32_t lane, const uint8_t *from, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes / 4; i++)
		memcpy(&words->word[i][lane], from + (size_t)i * 4, 4);
}

static inline void isa_store_words(uint8_t *to, const struct isa_words *words, uint32_t lane, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes / 4; i++)
		memcpy(to + (size_t)i * 4, &words->word[i][lane], 4);
}

/* call(..., bytes) with a constant, for loops over all lanes. */
#define ISA_WITH_BYTES(bytes, call, ...)       \
	do {                                   \
		switch (bytes) {               \
		case 1:                        \
			call(__VA_ARGS__, 1);  \
			break;                 \
		case 2:                        \
			call(__VA_ARGS__, 2);  \
			break;                 \
		case 4:                        \
			call(__VA_ARGS__, 4);  \
			break;                 \
		case 8:                        \
			call(__VA_ARGS__, 8);  \
			break;                 \
		case 12:                       \
			call(__VA_ARGS__, 12); \
			break;                 \
		default:                       \
			call(__VA_ARGS__, 16); \
		}                              \
	} while (0)

#endif
