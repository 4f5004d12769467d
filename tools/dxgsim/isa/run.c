// SPDX-License-Identifier: MIT
/* The waves of a work-group, in turn. */
#include "dxgsim/isa/code.h"
#include "dxgsim/isa/group.h"

/* Of a wave before it is the next one's turn: its registers should be worth having been brought into the cache. */
#define TURN 512U

static uint32_t lanes_in(uint64_t exec)
{
	return exec == UINT64_MAX ? 64 : exec == UINT32_MAX ? 32 : (uint32_t)__builtin_popcountll(exec);
}

/* Executes @limit instructions, or less if it has to wait.  How many. */
static uint32_t run_wave(struct isa_wave *wave, uint32_t limit)
{
	struct isa_decoded *decoded = wave->unit->decoded;
	uint64_t counts[ISA_CLASS_OTHER + 1] = {0};
	struct isa_counts *sums = &wave->group->counts;
	uint64_t lane_operations = 0;
	uint32_t left = limit;

	while (left && wave->state == ISA_WAVE_READY) {
		const struct isa_code *code = isa_code_at(wave, decoded, wave->pc);

		if (!code)
			break;
		left--;
		wave->pc += code->bytes;
		if (code->vgprs > wave->vgpr_count) {
			isa_stop(wave, &code->inst, ISA_FAULT_REGISTER);
			break;
		}
		counts[code->class]++;
		if (code->operations)
			lane_operations += lanes_in(wave->exec) * code->operations;
		code->execute(wave, &code->inst);
	}
	sums->instructions += limit - left;
	sums->vector += counts[ISA_CLASS_VECTOR];
	sums->scalar += counts[ISA_CLASS_SCALAR];
	sums->memory += counts[ISA_CLASS_MEMORY];
	sums->lane_operations += lane_operations;
	return limit - left;
}

static bool may_run(struct isa_wave *wave)
{
	switch (wave->state) {
	case ISA_WAVE_READY:
		return true;
	case ISA_WAVE_YIELDS:
		wave->state = ISA_WAVE_READY;
		return true;
	case ISA_WAVE_AT_BARRIER:
		if (wave->barrier_phase == wave->group->barrier_phase)
			return false;
		wave->barrier_phase = wave->group->barrier_phase;
		wave->state = ISA_WAVE_READY;
		return true;
	default:
		return false;
	}
}

enum isa_outcome isa_group_run(struct isa_group *group, struct isa_unit *unit, uint32_t instructions)
{
	uint32_t idle = 0; /* waves in a row that could do nothing or had enough of it */

	if (!group->started)
		isa_group_start(group, unit->target);
	while (!group->fault.kind && group->ended < group->wave_count) {
		struct isa_wave *wave = &group->waves[group->turn];

		if (idle == group->wave_count)
			return ISA_WAITING;
		if (!instructions)
			return ISA_RUNNING;
		group->turn = (group->turn + 1) % group->wave_count;
		idle++;
		if (!may_run(wave))
			continue;
		wave->unit = unit;
		instructions -= run_wave(wave, instructions < TURN ? instructions : TURN);
		if (wave->state != ISA_WAVE_YIELDS)
			idle = 0;
	}
	return group->fault.kind ? ISA_STOPPED : ISA_DONE;
}
