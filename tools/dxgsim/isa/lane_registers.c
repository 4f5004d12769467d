// SPDX-License-Identifier: MIT
/* Where words of lanes come from and go to: VGPRs, or LDS for loads that skip them. */
#include <string.h>

#include "dxgsim/isa/access.h"

bool isa_access_registers(struct isa_wave *wave, const struct isa_inst *inst, uint32_t first, uint32_t count)
{
	if (first + count <= wave->vgpr_count)
		return true;
	isa_stop(wave, inst, ISA_FAULT_REGISTER);
	return false;
}

bool isa_access_fetch(struct isa_wave *wave, const struct isa_inst *inst, uint32_t first, uint32_t bytes,
		      struct isa_words *words)
{
	uint32_t count = (bytes + 3) / 4;

	if (!isa_access_registers(wave, inst, first, count))
		return false;
	for (uint32_t i = 0; i < count; i++)
		memcpy(words->word[i], isa_vgpr(wave, first + i), wave->lanes * sizeof(uint32_t));
	if (inst->binding->flags & ISA_MOVE_HIGH) {
		for (uint32_t lane = 0; lane < wave->lanes; lane++)
			words->word[0][lane] >>= 16;
	}
	return true;
}

static uint32_t extended(uint32_t value, uint32_t flags)
{
	if (!(flags & ISA_MOVE_SIGNED))
		return value;
	return ISA_MOVE_BYTES(flags) == 1 ? (uint32_t)(int8_t)(uint8_t)value
					  : (uint32_t)(int16_t)(uint16_t)value;
}

static void deliver_small(struct isa_wave *wave, uint32_t flags, uint32_t number, const uint32_t *words)
{
	uint32_t *vgpr = isa_vgpr(wave, number);

	ISA_FOR_ACTIVE(wave->exec, lane)
	{
		uint32_t value = extended(words[lane], flags);

		if (flags & ISA_MOVE_HIGH)
			value = value << 16 | (vgpr[lane] & 0xffffU);
		else if (flags & ISA_MOVE_D16)
			value = (value & 0xffffU) | (vgpr[lane] & 0xffff0000U);
		vgpr[lane] = value;
	}
}

bool isa_access_deliver(struct isa_wave *wave, const struct isa_inst *inst, uint32_t first, uint32_t bytes,
			const struct isa_words *words)
{
	uint32_t count = (bytes + 3) / 4;

	if (!isa_access_registers(wave, inst, first, count))
		return false;
	if (bytes < 4) {
		deliver_small(wave, inst->binding->flags, first, words->word[0]);
		return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *vgpr = isa_vgpr(wave, first + i);

		if (wave->exec == isa_all_lanes(wave)) {
			memcpy(vgpr, words->word[i], wave->lanes * sizeof(uint32_t));
			continue;
		}
		ISA_FOR_ACTIVE(wave->exec, lane)
		{
			vgpr[lane] = words->word[i][lane];
		}
	}
	return true;
}

/* RDNA 2 ISA, "Memory Buffer Load to LDS": M0 and the offset of the instruction, which counts for both addresses. */
bool isa_access_deliver_lds(const struct isa_transfer *transfer, const struct isa_words *words)
{
	struct isa_wave *wave = transfer->wave;
	struct isa_words values;
	struct isa_transfer lds = *transfer;

	lds.bytes = 4;
	lds.lanes = wave->exec;
	lds.aperture = 0;
	ISA_FOR_ACTIVE(wave->exec, lane)
	{
		lds.va[lane] =
			(uint32_t)((wave->m0 & 0xffffU) + (uint32_t)transfer->inst->memory.offset + lane * 4);
		values.word[0][lane] = extended(words->word[0][lane], transfer->inst->binding->flags);
	}
	return isa_lds_write(&lds, &values);
}
