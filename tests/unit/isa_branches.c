// SPDX-License-Identifier: MIT
/*
 * Branches, calls and the ends of programs on every generation, by AMD's Instruction Set Architecture documents; loops and what waves say
 * to each other are isa_flow.c's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_expect.h"
#include "isa_memory_cases.h"

/* 7 where the branch is not taken, and else 5. */
EXPECT(always, 5)
EXPECT(never, 7)
EXPECT(if_scc, lane->in ? 5 : 7)
EXPECT(unless_scc, lane->in ? 7 : 5)
EXPECT(if_zero, a ? 7 : 5)
EXPECT(unless_zero, a ? 5 : 7)

#define BRANCH(text) "s_mov_b32 $d, 5\n" text " 1\ns_mov_b32 $d, 7"
#define OF_VCC	     "s_mov_b32 vcc_lo, $a\ns_mov_b32 vcc_hi, 0\n"
/* EXEC is put back. */
#define OF_EXEC(text)                                                                  \
	"s_mov_b64 s[20:21], exec\ns_mov_b32 exec_lo, $a\ns_mov_b32 exec_hi, 0\n" text \
	"\ns_mov_b64 exec, s[20:21]"
#define PLAIN(text, targets, expect) ROW(text, targets, NONE, NONE, NONE, U32, expect)

static void branches(void **state)
{
	static const struct vector_row rows[] = {
		PLAIN(BRANCH("s_branch"), ON_ALL, always),
		PLAIN(BRANCH("s_cbranch_scc1"), ON_ALL, if_scc),
		PLAIN(BRANCH("s_cbranch_scc0"), ON_ALL, unless_scc),
		ROW(OF_VCC BRANCH("s_cbranch_vccz"), ON_ALL, SHIFT, NONE, NONE, U32, if_zero),
		ROW(OF_VCC BRANCH("s_cbranch_vccnz"), ON_ALL, SHIFT, NONE, NONE, U32, unless_zero),
		ROW(OF_EXEC(BRANCH("s_cbranch_execz")), ON_ALL, SHIFT, NONE, NONE, U32, if_zero),
		ROW(OF_EXEC(BRANCH("s_cbranch_execnz")), ON_ALL, SHIFT, NONE, NONE, U32, unless_zero),
		/* nobody debugs */
		PLAIN(BRANCH("s_cbranch_cdbgsys"), ON_OLD, never),
		PLAIN(BRANCH("s_cbranch_cdbguser"), ON_OLD, never),
		PLAIN(BRANCH("s_cbranch_cdbgsys_or_user"), ON_OLD, never),
		PLAIN(BRANCH("s_cbranch_cdbgsys_and_user"), ON_OLD, never),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

EXPECT(place, VECTOR_CODE + 8)
EXPECT(place_of_call, VECTOR_CODE + 4)
EXPECT(place_of_jump, VECTOR_CODE + 16)
EXPECT(old, d)

/* To the last of these instructions, at byte 20; the branch ends at 16. */
#define JUMP(text) "s_mov_b32 s20, 0x10014\ns_mov_b32 s21, 0\n" text "\ns_mov_b32 s8, 7\n"

static void jumps(void **state)
{
	static const struct vector_row rows[] = {
		ROW("s_getpc_b64 s[20:21]\ns_getpc_b64 $d", ON_ALL, NONE, NONE, NONE, U64, place),
		ROW("s_call_b64 s[22:23], 1\ns_mov_b32 s22, 0\ns_mov_b64 $d, s[22:23]", ON_ALL, NONE, NONE,
		    NONE, U64, place_of_call),
		ROW(JUMP("s_setpc_b64 s[20:21]") "s_nop 0", ON_ALL, NONE, NONE, NONE, U64, old),
		ROW(JUMP("s_swappc_b64 s[22:23], s[20:21]") "s_mov_b64 $d, s[22:23]", ON_ALL, NONE, NONE,
		    NONE, U64, place_of_jump),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- ends ---- */

static void trapped(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->fault.kind = ISA_FAULT_TRAP;
	state->fault.access = ISA_EXECUTE;
	state->fault.lane = UINT32_MAX;
}

static void illegal(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->fault.kind = ISA_FAULT_ILLEGAL;
	state->fault.access = ISA_EXECUTE;
	state->fault.lane = UINT32_MAX;
}

#define ENDS(text_, targets_, expect_)                                                    \
	{                                                                                 \
		.text = text_ "\ns_mov_b32 s8, 7", .targets = targets_, .expect = expect_ \
	}

static void programs_end(void **state)
{
	static const struct memory_case cases[] = {
		ENDS("s_endpgm", ON_ALL, NULL),
		ENDS("s_endpgm_saved", ON_ALL, NULL),
		ENDS("s_endpgm_ordered_ps_done", ON_GFX10, NULL),
		/* for the debugger, who is not there */
		{.text = "s_trap 3", .targets = ON_ALL},
		ENDS("s_trap 2", ON_ALL, trapped),
		ENDS("s_code_end", ON_ALL, illegal),
		ENDS("s_rfe_b64 s[0:1]", ON_ALL, illegal),
		ENDS("v_illegal", ON_ALL, illegal),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(branches),
		cmocka_unit_test(jumps),
		cmocka_unit_test(programs_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
