// SPDX-License-Identifier: MIT
/*
 * Where waves go and what they wait for: branches, barriers, messages, waits.  Instructions are executed one after the
 * other and memory answers at once, so counters are always at what is waited for.
 */
#include "dxgsim/isa/group.h"
#include "dxgsim/isa/wave.h"

/* ---- branches ---- */

static void branch_if(struct isa_wave *wave, const struct isa_inst *inst, bool taken)
{
	if (taken)
		wave->pc += (uint64_t)((int64_t)inst->simm * 4);
}

static void branch(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, true);
}

static void branch_scc0(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, !wave->scc);
}

static void branch_scc1(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, wave->scc);
}

static void branch_vccz(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, isa_vcc(wave) == 0);
}

static void branch_vccnz(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, isa_vcc(wave) != 0);
}

static void branch_execz(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, wave->exec == 0);
}

static void branch_execnz(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, wave->exec != 0);
}

/* Conditions of a debugger: COMPUTE_PGM_RSRC1.CDBG_USER, and one of the driver's, which has none. */
static bool debugged(const struct isa_wave *wave)
{
	return wave->group->launch->rsrc1 >> 25 & 1;
}

static void branch_never(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, false);
}

static void branch_debugged(struct isa_wave *wave, const struct isa_inst *inst)
{
	branch_if(wave, inst, debugged(wave));
}

static void get_pc(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_set_scalar64(wave, inst->dst, wave->pc);
}

static void set_pc(struct isa_wave *wave, const struct isa_inst *inst)
{
	wave->pc = isa_scalar64(wave, inst, inst->src[0], false);
}

static void swap_pc(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint64_t target = isa_scalar64(wave, inst, inst->src[0], false);

	isa_set_scalar64(wave, inst->dst, wave->pc);
	wave->pc = target;
}

static void call(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_set_scalar64(wave, inst->dst, wave->pc);
	branch_if(wave, inst, true);
}

/* Of trap handlers alone. */
static void illegal(struct isa_wave *wave, const struct isa_inst *inst)
{
	isa_stop(wave, inst, ISA_FAULT_ILLEGAL);
}

/* Both halves of a wave of 64 lanes one after the other; the half that waits is in the register. */
static void loop_begin(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t low = (uint32_t)wave->exec;

	if (wave->exec == 0) {
		branch_if(wave, inst, true);
	} else if (low == 0) {
		isa_set_scalar32(wave, inst->dst, 0);
	} else {
		isa_set_scalar32(wave, inst->dst, (uint32_t)(wave->exec >> 32));
		wave->exec = low;
	}
}

static void loop_end(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint32_t saved = isa_scalar32(wave, inst, inst->dst);

	if (wave->exec >> 32) {
		wave->exec |= saved;
	} else if (saved) {
		isa_set_scalar32(wave, inst->dst, (uint32_t)wave->exec);
		wave->exec = (uint64_t)saved << 32;
		branch_if(wave, inst, true);
	}
}

static void end_program(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)inst;
	isa_wave_end(wave);
}

/* ---- barriers ---- */

static void wait_at_barrier(struct isa_wave *wave)
{
	if (wave->barrier_phase == wave->group->barrier_phase)
		wave->state = ISA_WAVE_AT_BARRIER;
	else
		wave->barrier_phase = wave->group->barrier_phase;
}

static void barrier(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)inst;
	wave->barrier_phase = wave->group->barrier_phase;
	isa_barrier_arrive(wave->group);
	wait_at_barrier(wave);
}

/* Split ones.  There is that of the work-group; 0 is none; the trap handler's and named ones are not to be had. */
#define BARRIER_NONE		 0
#define BARRIER_GROUP		 (-1)
#define BARRIER_STATE_VALID	 1U
#define BARRIER_STATE_MEMBERS(n) ((n) << 4)
#define BARRIER_STATE_ARRIVED(n) ((n) << 16)

/* The number is a constant, or in the lower bits of M0. */
static bool barrier_number(struct isa_wave *wave, const struct isa_inst *inst, int32_t *number)
{
	uint32_t value = isa_scalar32(wave, inst, inst->src[0]);

	*number = inst->src[0] == ISA_M0 ? (int32_t)(value << 26) >> 26 : (int32_t)value;
	if (*number == BARRIER_GROUP || *number == BARRIER_NONE)
		return true;
	isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
	return false;
}

static void barrier_signal(struct isa_wave *wave, const struct isa_inst *inst)
{
	int32_t number;

	if (barrier_number(wave, inst, &number) && number == BARRIER_GROUP)
		isa_barrier_arrive(wave->group);
}

static void barrier_signal_isfirst(struct isa_wave *wave, const struct isa_inst *inst)
{
	int32_t number;

	if (!barrier_number(wave, inst, &number))
		return;
	wave->scc = number == BARRIER_GROUP && wave->group->barrier_arrived == 0;
	if (number == BARRIER_GROUP)
		isa_barrier_arrive(wave->group);
}

static void barrier_wait(struct isa_wave *wave, const struct isa_inst *inst)
{
	if (inst->simm == BARRIER_GROUP)
		wait_at_barrier(wave);
	else if (inst->simm != BARRIER_NONE)
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
}

/* Leaves the named barrier that it has joined: it has not. */
static void barrier_leave(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)inst;
	wave->scc = false;
}

/* Where what is: Linux amdkfd, cwsr_trap_handler_gfx12.asm. */
static void barrier_state(struct isa_wave *wave, const struct isa_inst *inst)
{
	const struct isa_group *group = wave->group;
	uint32_t state = 0;
	int32_t number;

	if (!barrier_number(wave, inst, &number))
		return;
	if (number == BARRIER_GROUP)
		state = BARRIER_STATE_VALID | BARRIER_STATE_MEMBERS(group->wave_count - group->ended) |
			BARRIER_STATE_ARRIVED(group->barrier_arrived);
	isa_set_scalar32(wave, inst->dst, state);
}

/* ---- messages ---- */

#define MESSAGE(simm)	      ((uint32_t)(simm)&0xffU)
#define MESSAGE_OLD(simm)     ((uint32_t)(simm)&0xfU)
#define MESSAGE_INTERRUPT     1U
#define MESSAGE_DEALLOC_VGPRS 3U /* from gfx11 on */

/* Those for geometry are not for compute. */
static bool sends(const struct isa_wave *wave, const struct isa_inst *inst)
{
	if (wave->target == ISA_GFX10_3)
		return MESSAGE_OLD(inst->simm) == MESSAGE_INTERRUPT;
	return MESSAGE(inst->simm) == MESSAGE_INTERRUPT || MESSAGE(inst->simm) == MESSAGE_DEALLOC_VGPRS;
}

/* Interrupts of kernels never arrive at a guest. */
static void message(struct isa_wave *wave, const struct isa_inst *inst)
{
	if (!sends(wave, inst))
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
}

/* Comes to the same instruction again and again: nobody ever clears it. */
static void halt(struct isa_wave *wave, const struct isa_inst *inst)
{
	wave->pc -= inst->length * sizeof(uint32_t);
	wave->state = ISA_WAVE_YIELDS;
}

static void message_halt(struct isa_wave *wave, const struct isa_inst *inst)
{
	message(wave, inst);
	if (wave->state == ISA_WAVE_READY)
		halt(wave, inst);
}

static void set_halt(struct isa_wave *wave, const struct isa_inst *inst)
{
	if (inst->simm & 1)
		halt(wave, inst);
}

/* Messages with an answer. */
#define ASK_TRAP_MEMORY	 130U
#define ASK_REALTIME	 131U
#define ASK_TRAP_HANDLER 133U

static bool answer(struct isa_wave *wave, const struct isa_inst *inst, uint64_t *value)
{
	struct isa_unit *unit = wave->unit;

	switch (inst->src[0]) {
	case ASK_REALTIME:
		*value = unit->ops->realtime(unit->machine);
		return true;
	case ASK_TRAP_MEMORY:
	case ASK_TRAP_HANDLER: /* there is none */
		*value = 0;
		return true;
	default:
		isa_stop(wave, inst, ISA_FAULT_UNIMPLEMENTED);
		return false;
	}
}

static void ask32(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint64_t value;

	if (answer(wave, inst, &value))
		isa_set_scalar32(wave, inst->dst, (uint32_t)value);
}

static void ask64(struct isa_wave *wave, const struct isa_inst *inst)
{
	uint64_t value;

	if (answer(wave, inst, &value))
		isa_set_scalar64(wave, inst->dst, value);
}

/* A breakpoint without debugger is passed by, as by ROCm's trap handler; what else there is means abort. */
#define TRAP_DEBUG 3

static void trap(struct isa_wave *wave, const struct isa_inst *inst)
{
	if ((inst->simm & 0xff) != TRAP_DEBUG)
		isa_stop(wave, inst, ISA_FAULT_TRAP);
}

/* ---- waits and hints ---- */

static void nothing(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)wave;
	(void)inst;
}

static void yields(struct isa_wave *wave, const struct isa_inst *inst)
{
	(void)inst;
	wave->state = ISA_WAVE_YIELDS;
}

static void invalidate_code(struct isa_wave *wave, const struct isa_inst *inst)
{
	struct isa_unit *unit = wave->unit;

	(void)inst;
	unit->ops->cache(unit->machine, ISA_INVALIDATE_CODE);
	isa_unit_forget_code(unit);
}

#define BRANCH(name, function)                                                            \
	{                                                                                 \
		.operation = ISA_S_##name, .class = ISA_CLASS_SCALAR, .execute = function \
	}
#define OTHER(name, function)                                                            \
	{                                                                                \
		.operation = ISA_S_##name, .class = ISA_CLASS_OTHER, .execute = function \
	}

static const struct isa_binding list[] = {
	BRANCH(BRANCH, branch),
	BRANCH(CALL_B64, call),
	BRANCH(CBRANCH_CDBGSYS, branch_never),
	BRANCH(CBRANCH_CDBGSYS_AND_USER, branch_never),
	BRANCH(CBRANCH_CDBGSYS_OR_USER, branch_debugged),
	BRANCH(CBRANCH_CDBGUSER, branch_debugged),
	BRANCH(CBRANCH_EXECNZ, branch_execnz),
	BRANCH(CBRANCH_EXECZ, branch_execz),
	BRANCH(CBRANCH_SCC0, branch_scc0),
	BRANCH(CBRANCH_SCC1, branch_scc1),
	BRANCH(CBRANCH_VCCNZ, branch_vccnz),
	BRANCH(CBRANCH_VCCZ, branch_vccz),
	BRANCH(GETPC_B64, get_pc),
	BRANCH(RFE_B64, illegal),
	BRANCH(SETPC_B64, set_pc),
	BRANCH(SUBVECTOR_LOOP_BEGIN, loop_begin),
	BRANCH(SUBVECTOR_LOOP_END, loop_end),
	BRANCH(SWAPPC_B64, swap_pc),

	OTHER(CODE_END, illegal),
	OTHER(ENDPGM, end_program),
	OTHER(ENDPGM_ORDERED_PS_DONE, end_program),
	OTHER(ENDPGM_SAVED, end_program),
	OTHER(TRAP, trap),

	OTHER(BARRIER, barrier),
	OTHER(BARRIER_LEAVE, barrier_leave),
	OTHER(BARRIER_SIGNAL, barrier_signal),
	OTHER(BARRIER_SIGNAL_ISFIRST, barrier_signal_isfirst),
	OTHER(BARRIER_WAIT, barrier_wait),
	OTHER(GET_BARRIER_STATE, barrier_state),

	OTHER(SENDMSG, message),
	OTHER(SENDMSGHALT, message_halt),
	OTHER(SENDMSG_RTN_B32, ask32),
	OTHER(SENDMSG_RTN_B64, ask64),
	OTHER(SETHALT, set_halt),

	OTHER(SLEEP, yields),
	OTHER(SLEEP_VAR, yields),

	OTHER(CLAUSE, nothing),
	OTHER(DECPERFLEVEL, nothing),
	OTHER(DELAY_ALU, nothing),
	OTHER(ICACHE_INV, invalidate_code),
	OTHER(INCPERFLEVEL, nothing),
	OTHER(NOP, nothing),
	OTHER(SETPRIO, nothing),
	OTHER(SET_INST_PREFETCH_DISTANCE, nothing),
	OTHER(SINGLEUSE_VDST, nothing),
	OTHER(TTRACEDATA, nothing),
	OTHER(TTRACEDATA_IMM, nothing),
	OTHER(VERSION, nothing),
	OTHER(WAITCNT, nothing),
	OTHER(WAITCNT_EXPCNT, nothing),
	OTHER(WAITCNT_LGKMCNT, nothing),
	OTHER(WAITCNT_VMCNT, nothing),
	OTHER(WAITCNT_VSCNT, nothing),
	OTHER(WAIT_ALU, nothing),
	OTHER(WAIT_BVHCNT, nothing),
	OTHER(WAIT_DSCNT, nothing),
	OTHER(WAIT_EVENT, nothing),
	OTHER(WAIT_EXPCNT, nothing),
	OTHER(WAIT_IDLE, nothing),
	OTHER(WAIT_KMCNT, nothing),
	OTHER(WAIT_LOADCNT, nothing),
	OTHER(WAIT_LOADCNT_DSCNT, nothing),
	OTHER(WAIT_SAMPLECNT, nothing),
	OTHER(WAIT_STORECNT, nothing),
	OTHER(WAIT_STORECNT_DSCNT, nothing),
	OTHER(WAKEUP, nothing),
};

const struct isa_bindings isa_bind_flow = {list, sizeof(list) / sizeof(list[0])};
