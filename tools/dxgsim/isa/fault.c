// SPDX-License-Identifier: MIT
/* What stops a wave, in words. */
#include <stdio.h>

#include "dxgsim/isa/wave.h"

static void describe(const struct isa_wave *wave, const struct isa_inst *inst, char *text, size_t size)
{
	char name[64];
	size_t used;

	if (!inst)
		return;
	isa_inst_name(wave->target, inst, name, sizeof(name));
	used = (size_t)snprintf(text, size, "%s (", name);
	for (uint32_t i = 0; i < inst->length && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, i ? " %08x" : "%08x", inst->words[i]);
	if (used < size)
		snprintf(text + used, size - used, ")");
}

void isa_stop_access(struct isa_wave *wave, const struct isa_inst *inst, enum isa_fault_kind kind,
		     enum isa_access access, uint64_t va, uint32_t lane)
{
	struct isa_group *group = wave->group;
	struct isa_fault *fault = &group->fault;

	wave->state = ISA_WAVE_FAULTED;
	if (fault->kind)
		return; /* the first of an instruction is told */
	*fault = (struct isa_fault){
		.kind = kind,
		.access = access,
		.va = va,
		.pc = wave->pc - (inst ? inst->length * sizeof(uint32_t) : 0),
		.wave = wave->number,
		.lane = lane,
		.group = {group->id[0], group->id[1], group->id[2]},
	};
	describe(wave, inst, fault->instruction, sizeof(fault->instruction));
}

void isa_stop(struct isa_wave *wave, const struct isa_inst *inst, enum isa_fault_kind kind)
{
	isa_stop_access(wave, inst, kind, ISA_EXECUTE, 0, UINT32_MAX);
}

const char *isa_fault_name(enum isa_fault_kind kind)
{
	switch (kind) {
	case ISA_FAULT_NONE:
		return "none";
	case ISA_FAULT_PAGE:
		return "page fault";
	case ISA_FAULT_ALIGNMENT:
		return "misaligned address";
	case ISA_FAULT_LDS:
		return "address beyond the LDS";
	case ISA_FAULT_APERTURE:
		return "address in an aperture";
	case ISA_FAULT_UNIMPLEMENTED:
		return "instruction not simulated";
	case ISA_FAULT_ILLEGAL:
		return "illegal instruction";
	case ISA_FAULT_REGISTER:
		return "register beyond those of the wave";
	case ISA_FAULT_TRAP:
		return "trap";
	}
	return "unknown";
}
