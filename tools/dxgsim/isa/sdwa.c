// SPDX-License-Identifier: MIT
/* Sub-dword addressing of gfx10: bytes and words of registers.  Source: AMD, "RDNA 2", SDWA. */
#include <string.h>

#include "dxgsim/isa/valu_frame.h"

/* Four bytes, two words, all of it. */
enum {
	WORD_0 = 4,
	DWORD = 6,
};
/* What becomes of the rest of the register; otherwise it is kept. */
enum {
	PAD,
	SIGN_EXTEND,
};

static uint32_t width_of(uint32_t select)
{
	return select < WORD_0 ? 8 : 16;
}

static uint32_t shift_of(uint32_t select)
{
	return select < WORD_0 ? select * 8 : (select - WORD_0) * 16;
}

static uint32_t extend(uint32_t value, uint32_t width)
{
	return (uint32_t)((int32_t)(value << (32 - width)) >> (32 - width));
}

void isa_sdwa_select(uint32_t select, bool sign, const uint32_t *from, uint32_t count, uint32_t *to)
{
	const uint32_t width = width_of(select), shift = shift_of(select);

	if (select >= DWORD) {
		memcpy(to, from, count * sizeof(*to));
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t part = from[i] >> shift & ((1U << width) - 1);

		to[i] = sign ? extend(part, width) : part;
	}
}

void isa_sdwa_deposit(const struct isa_inst *inst, const uint32_t *result, uint32_t lanes, uint32_t *to)
{
	const uint32_t select = inst->dst_sel, width = width_of(select), shift = shift_of(select);
	uint32_t part;

	if (select >= DWORD) {
		memcpy(to, result, lanes * sizeof(*to));
		return;
	}
	part = ((1U << width) - 1) << shift;
	for (uint32_t i = 0; i < lanes; i++) {
		const uint32_t value = result[i] << shift & part;

		if (inst->dst_unused == PAD)
			to[i] = value;
		else if (inst->dst_unused == SIGN_EXTEND) /* above it; zeros below */
			to[i] = extend(result[i], width) << shift;
		else
			to[i] = (to[i] & ~part) | value;
	}
}
