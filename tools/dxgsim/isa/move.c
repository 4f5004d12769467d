// SPDX-License-Identifier: MIT
/* Vector ALU operations that move registers, and those that do nothing. */
#include "dxgsim/isa/valu_frame.h"

ISA_VALU_U32(move, a)

static void conditional(struct isa_valu *valu)
{
	for (uint32_t i = 0; i < valu->lanes; i += 32) {
		const uint32_t mask = (uint32_t)(valu->mask_in >> i);
		const uint32_t *as = valu->a->u32 + i, *bs = valu->b->u32 + i;
		uint32_t *restrict ds = valu->d->u32 + i;

		for (uint32_t j = 0; j < 32; j++) {
			const uint32_t a = as[j], b = bs[j];

			ds[j] = mask & isa_lane_bits[j] ? b : a;
		}
	}
}

static void nothing(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)wave, (void)inst;
}

static void illegal(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
}

/* ---- registers that M0 says ---- */

/* v_movrelsd_2 and v_swaprel have an index each for source and destination ("RDNA3", VOP1 opcodes). */
static uint32_t source_index(const struct isa_wave *wave)
{
	return wave->m0 & 0x3ff;
}

static uint32_t result_index(const struct isa_wave *wave)
{
	return wave->m0 >> 16 & 0x3ff;
}

static void move_indexed(struct isa_wave *wave, const struct isa_inst *inst, uint32_t from, uint32_t to)
{
	struct isa_valu_plan plan = inst->plan;
	const uint64_t source = (uint64_t)plan.source[0].number + from, result = (uint64_t)plan.dst + to;

	if (plan.source[0].scalar && from) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	if (result >= wave->vgpr_count || (!plan.source[0].scalar && source >= wave->vgpr_count)) {
		isa_stop(wave, inst, ISA_FAULT_REGISTER);
		return;
	}
	plan.source[0].number = (uint16_t)source;
	plan.dst = (uint16_t)result;
	plan.direct = false;
	isa_valu_execute_plan(wave, inst, &plan);
}

static void move_to_indexed(struct isa_wave *wave, const struct isa_inst *inst)
{
	move_indexed(wave, inst, 0, wave->m0);
}

static void move_from_indexed(struct isa_wave *wave, const struct isa_inst *inst)
{
	move_indexed(wave, inst, wave->m0, 0);
}

static void move_both_indexed(struct isa_wave *wave, const struct isa_inst *inst)
{
	move_indexed(wave, inst, wave->m0, wave->m0);
}

static void move_both_indexed_2(struct isa_wave *wave, const struct isa_inst *inst)
{
	move_indexed(wave, inst, source_index(wave), result_index(wave));
}

/* ---- exchange ---- */

static void exchange(struct isa_wave *wave, const struct isa_inst *inst, uint32_t from, uint32_t to)
{
	uint32_t one, other, *first, *second;

	if (inst->src[0] < ISA_VGPR) {
		isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
		return;
	}
	one = inst->dst + to;
	other = inst->src[0] - ISA_VGPR + from;
	if (one >= wave->vgpr_count || other >= wave->vgpr_count) {
		isa_stop(wave, inst, ISA_FAULT_REGISTER);
		return;
	}
	first = isa_vgpr(wave, one);
	second = isa_vgpr(wave, other);
	for (uint32_t i = 0; i < wave->lanes; i++) {
		const uint32_t value = first[i];

		if (!(wave->exec >> i & 1))
			continue;
		first[i] = second[i];
		second[i] = value;
	}
}

static void swap(struct isa_wave *wave, const struct isa_inst *inst)
{
	exchange(wave, inst, 0, 0);
}

static void swap_indexed(struct isa_wave *wave, const struct isa_inst *inst)
{
	exchange(wave, inst, source_index(wave), result_index(wave));
}

#define MOVE(name, run, type)                                                                       \
	{                                                                                           \
		.operation = ISA_V_##name, .class = ISA_CLASS_VECTOR, .execute = run, .valu = move, \
		.result = type, .sources = {                                                        \
			type                                                                        \
		}                                                                                   \
	}
#define CONDITIONAL(name, in, out)                                                                 \
	{                                                                                          \
		.operation = ISA_V_##name, .class = ISA_CLASS_VECTOR, .execute = isa_valu_execute, \
		.valu = conditional, .result = out, .sources = {in, in}, .flags = ISA_VALU_MASK_IN \
	}
#define OTHER(name, run)                                                             \
	{                                                                            \
		.operation = ISA_V_##name, .class = ISA_CLASS_VECTOR, .execute = run \
	}

static const struct isa_binding list[] = {
	MOVE(MOV_B32, isa_valu_execute, ISA_B32),
	MOVE(MOV_B16, isa_valu_execute, ISA_B16),
	MOVE(MOVRELD_B32, move_to_indexed, ISA_B32),
	MOVE(MOVRELS_B32, move_from_indexed, ISA_B32),
	MOVE(MOVRELSD_B32, move_both_indexed, ISA_B32),
	MOVE(MOVRELSD_2_B32, move_both_indexed_2, ISA_B32),
	CONDITIONAL(CNDMASK_B32, ISA_M32, ISA_B32),
	CONDITIONAL(CNDMASK_B16, ISA_M16, ISA_B16),
	OTHER(SWAP_B32, swap),
	OTHER(SWAPREL_B32, swap_indexed),
	OTHER(NOP, nothing),
	OTHER(PIPEFLUSH, nothing),
	OTHER(CLREXCP, nothing),
	OTHER(ILLEGAL, illegal),
};

const struct isa_bindings isa_bind_move = {list, sizeof(list) / sizeof(list[0])};
