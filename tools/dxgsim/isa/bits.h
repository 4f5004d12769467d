// SPDX-License-Identifier: MIT
/* Bits of words, as instructions of the scalar and the vector ALU have them. */
#ifndef DXGSIM_ISA_BITS_H
#define DXGSIM_ISA_BITS_H

#include <stdint.h>
#include <string.h>

/* The lowest @width bits; all from 64 on. */
static inline uint64_t bits_low(uint32_t width)
{
	return width < 64 ? (1ULL << width) - 1 : UINT64_MAX;
}

/* The lowest @width bits of a number that has a sign; 0 of none. */
static inline uint64_t bits_signed(uint64_t bits, uint32_t width)
{
	const uint64_t low = bits_low(width);

	return ((bits & low) ^ (low ^ low >> 1)) - (low ^ low >> 1);
}

static inline uint32_t bits_reverse(uint32_t word)
{
	word = (word & 0x55555555) << 1 | (word >> 1 & 0x55555555);
	word = (word & 0x33333333) << 2 | (word >> 2 & 0x33333333);
	word = (word & 0x0f0f0f0f) << 4 | (word >> 4 & 0x0f0f0f0f);
	return __builtin_bswap32(word);
}

/* Without a loop or an instruction for it, so that lanes can be counted side by side. */
static inline uint32_t bits_count(uint32_t word)
{
	word -= word >> 1 & 0x55555555;
	word = (word & 0x33333333) + (word >> 2 & 0x33333333);
	word = (word + (word >> 4)) & 0x0f0f0f0f;
	return word * 0x01010101 >> 24;
}

/* A bit of the result for each of @count bytes, a multiple of 8, which are 0 or 1; and back. */
static inline uint64_t bits_gather(const uint8_t *bytes, uint32_t count)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < count; i += 8) {
		uint64_t eight = 0;

		/* a product moves the bit of each byte to where it belongs, above all others */
		memcpy(&eight, bytes + i, sizeof(eight));
		mask |= (eight * 0x0102040810204080 >> 56) << i;
	}
	return mask;
}

static inline void bits_spread(uint64_t mask, uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i += 8) {
		/* each byte keeps another bit, which a sum carries to its uppermost place */
		const uint64_t kept = (mask >> i & 0xff) * 0x0101010101010101 & 0x8040201008040201;
		const uint64_t eight =
			(((kept & 0x7f7f7f7f7f7f7f7f) + 0x7f7f7f7f7f7f7f7f) | kept) >> 7 & 0x0101010101010101;

		memcpy(bytes + i, &eight, sizeof(eight));
	}
}

/* All bits set: there is none. */
static inline uint32_t bits_trailing_zeros(uint32_t word)
{
	return word ? (uint32_t)__builtin_ctz(word) : UINT32_MAX;
}

static inline uint32_t bits_leading_zeros(uint32_t word)
{
	return word ? (uint32_t)__builtin_clz(word) : UINT32_MAX;
}

/* How many of the uppermost bits are as the sign is, it included; all bits set: all of them. */
static inline uint32_t bits_leading_sign(uint32_t word)
{
	return bits_leading_zeros(word ^ (word >> 31 ? UINT32_MAX : 0));
}

static inline int64_t bits_clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static inline uint32_t bits_distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

#endif
