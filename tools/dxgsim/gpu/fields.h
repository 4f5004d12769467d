// SPDX-License-Identifier: MIT
/* Reading words of packets and registers. */
#ifndef DXGSIM_GPU_FIELDS_H
#define DXGSIM_GPU_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

static inline uint32_t gpu_field(uint32_t word, uint32_t high, uint32_t low)
{
	return word >> low & ~0U >> (31 - (high - low));
}

static inline uint64_t gpu_join(const uint32_t *words)
{
	return words[0] | (uint64_t)words[1] << 32;
}

static inline bool gpu_bit(uint32_t word, uint32_t bit)
{
	return word >> bit & 1;
}

/* What polls wait for: the FUNCTION of WAIT_REG_MEM, and the same numbers in SDMA's POLL_REGMEM. */
static inline bool gpu_compare(uint32_t function, uint64_t value, uint64_t reference)
{
	switch (function) {
	case 1:
		return value < reference;
	case 2:
		return value <= reference;
	case 3:
		return value == reference;
	case 4:
		return value != reference;
	case 5:
		return value >= reference;
	case 6:
		return value > reference;
	default:
		return true;
	}
}

#endif
