// SPDX-License-Identifier: MIT
/*
 * What isa_scalars.c lacks of the scalar ALU, by AMD's Instruction Set Architecture documents: EXEC of waves of 32, comparisons with
 * constants, registers by index, and instructions that have nothing to do here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_expect.h"
#include "isa_memory_cases.h"

/* ---- EXEC of a wave of 32: $b before, $a what it is changed by ---- */

#define SAVING(name, value)                                     \
	EXPECT_OUT(name##_exec, (uint32_t)(value), result != 0) \
	EXPECT_OUT(name##_saved, b, (uint32_t)(value) != 0)

SAVING(and, a &b)
SAVING(or, a | b)
SAVING(xor, a ^ b)
SAVING(nand, ~(a &b))
SAVING(nor, ~(a | b))
SAVING(xnor, ~(a ^ b))
SAVING(andn1, ~a &b)
SAVING(orn1, ~a | b)
SAVING(andn2, a & ~b)
SAVING(orn2, a | ~b)

#define SET_EXEC   "s_mov_b32 exec_lo, $b\n"
#define RESET_EXEC "\ns_mov_b32 exec_lo, -1"
#define SAVEEXEC(name, expect)                                                                             \
	ROW_VCC(SET_EXEC "s_" name "_saveexec_b32 s20, $a\ns_mov_b32 $d, exec_lo" RESET_EXEC, ON_ALL, U32, \
		U32, NONE, U32, expect##_exec),                                                            \
		ROW_VCC(SET_EXEC "s_" name "_saveexec_b32 $d, $a" RESET_EXEC, ON_ALL, U32, U32, NONE, U32, \
			expect##_saved)
#define WREXEC(name, expect)                                                                             \
	ROW_VCC(SET_EXEC "s_" name "_wrexec_b32 s20, $a\ns_mov_b32 $d, exec_lo" RESET_EXEC, ON_ALL, U32, \
		U32, NONE, U32, expect##_exec),                                                          \
		ROW_VCC(SET_EXEC "s_" name "_wrexec_b32 $d, $a" RESET_EXEC, ON_ALL, U32, U32, NONE, U32, \
			expect##_exec)

static void exec_of_32_lanes(void **state)
{
	static const struct vector_row rows[] = {
		SAVEEXEC("and", and),	  SAVEEXEC("or", or),	  SAVEEXEC("xor", xor),
		SAVEEXEC("nand", nand),	  SAVEEXEC("nor", nor),	  SAVEEXEC("xnor", xnor),
		SAVEEXEC("andn1", andn1), SAVEEXEC("orn1", orn1), SAVEEXEC("andn2", andn2),
		SAVEEXEC("orn2", orn2),	  WREXEC("andn1", andn1), WREXEC("andn2", andn2),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- arithmetic and bits ---- */

EXPECT(bitset0, d & ~(1ull << (a & 63)))
EXPECT(bitset1, d | 1ull << (a & 63))
EXPECT_OUT(lshl1_add, (uint32_t)((a << 1) + b), (a << 1) + b > UINT32_MAX)
EXPECT_OUT(lshl3_add, (uint32_t)((a << 3) + b), (a << 3) + b > UINT32_MAX)

static uint64_t first_zero(uint64_t value, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++)
		if (!(value >> i & 1))
			return i;
	return UINT32_MAX;
}

EXPECT(ff0_32, first_zero(a, 32))
EXPECT(ff0_64, first_zero(a, 64))

static void bits(void **state)
{
	static const struct vector_row rows[] = {
		ROW("s_bitset0_b64 $d, $a", ON_ALL, SHIFT, NONE, NONE, U64, bitset0),
		ROW("s_bitset1_b64 $d, $a", ON_ALL, SHIFT, NONE, NONE, U64, bitset1),
		ROW_VCC("s_lshl1_add_u32 $d, $a, $b", ON_ALL, U32, U32, NONE, U32, lshl1_add),
		ROW_VCC("s_lshl3_add_u32 $d, $a, $b", ON_ALL, U32, U32, NONE, U32, lshl3_add),
		ROW("s_ff0_i32_b32 $d, $a", ON_GFX10, U32, NONE, NONE, U32, ff0_32),
		ROW("s_ff0_i32_b64 $d, $a", ON_GFX10, U64, NONE, NONE, U32, ff0_64),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- comparisons with constants: sign-extended, or not ---- */

#define COMPARES(name, than)                                     \
	EXPECT_OUT(name##_i32, d, (int32_t)(uint32_t)a than - 7) \
	EXPECT_OUT(name##_u32, d, a than 0xfff9)

COMPARES(eq, ==)
COMPARES(lg, !=)
COMPARES(gt, >)
COMPARES(ge, >=)
COMPARES(lt, <)
COMPARES(le, <=)

#define COMPARE_ROWS(name)                                                                    \
	ROW_VCC("s_cmpk_" #name "_i32 $a, 0xfff9", ON_OLD, U32, NONE, NONE, U32, name##_i32), \
		ROW_VCC("s_cmpk_" #name "_u32 $a, 0xfff9", ON_OLD, U32, NONE, NONE, U32, name##_u32)
/* ... of values that are beside it. */
#define COMPARE_CLOSE(name)                                                                            \
	ROW_VCC("s_bfe_i32 s20, $a, 0x40000\ns_sub_i32 s20, s20, 7\ns_cmpk_" #name "_i32 s20, 0xfff9", \
		ON_OLD, U32, NONE, NONE, U32, close_##name)

#define CLOSE(name, than) EXPECT_OUT(close_##name, d, ((int)(a & 7) - (int)(a & 8)) than 0)

CLOSE(eq, ==)
CLOSE(lg, !=)
CLOSE(gt, >)
CLOSE(ge, >=)
CLOSE(lt, <)
CLOSE(le, <=)

static void constants(void **state)
{
	static const struct vector_row rows[] = {
		COMPARE_ROWS(eq),  COMPARE_ROWS(lg),  COMPARE_ROWS(gt),	 COMPARE_ROWS(ge),
		COMPARE_ROWS(lt),  COMPARE_ROWS(le),  COMPARE_CLOSE(eq), COMPARE_CLOSE(lg),
		COMPARE_CLOSE(gt), COMPARE_CLOSE(ge), COMPARE_CLOSE(lt), COMPARE_CLOSE(le),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- registers by index ---- */

static void index_3(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->m0 = 3;
}

static void index_4(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->m0 = 4;
}

static void index_2_and_5(struct vector_state *state, uint32_t lanes, enum isa_target target)
{
	(void)lanes, (void)target;
	state->m0 = 2u | 5u << 16;
}

#define MOVES(name, to, from, count)                                                         \
	static void name(struct vector_state *state, uint32_t lanes, enum isa_target target) \
	{                                                                                    \
		(void)lanes, (void)target;                                                   \
		for (uint32_t i = 0; i < (count); i++)                                       \
			state->sgprs[(to) + i] = state->sgprs[(from) + i];                   \
	}

MOVES(from_3, 20, 4 + 3, 1)
MOVES(pair_from_4, 20, 4 + 4, 2)
MOVES(to_3, 20 + 3, 4, 1)
MOVES(pair_to_4, 20 + 4, 4, 2)
MOVES(from_2_to_5, 20 + 5, 4 + 2, 1)

#define MOVE(text_, prepare_, expect_)                                                   \
	{                                                                                \
		.text = text_, .targets = ON_ALL, .prepare = prepare_, .expect = expect_ \
	}

static void registers_by_index(void **state)
{
	static const struct memory_case cases[] = {
		MOVE("s_movrels_b32 s20, s4", index_3, from_3),
		MOVE("s_movrels_b64 s[20:21], s[4:5]", index_4, pair_from_4),
		MOVE("s_movreld_b32 s20, s4", index_3, to_3),
		MOVE("s_movreld_b64 s[20:21], s[4:5]", index_4, pair_to_4),
		MOVE("s_movrelsd_2_b32 s20, s4", index_2_and_5, from_2_to_5),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

/* ---- MODE ---- */

EXPECT(round_mode, 0xf0 | 6)
EXPECT(denorm_mode, 9)
EXPECT(set_part, a & 15)
EXPECT(set_word, 5)

#define GET_8 "\ns_getreg_b32 $d, hwreg(HW_REG_MODE, 0, 8)"
#define GET_4 "\ns_getreg_b32 $d, hwreg(HW_REG_MODE, 4, 4)"

static void mode(void **state)
{
	static const struct vector_row rows[] = {
		ROW("s_round_mode 0x6" GET_8, ON_ALL, NONE, NONE, NONE, U32, round_mode),
		ROW("s_denorm_mode 0x9" GET_4, ON_ALL, NONE, NONE, NONE, U32, denorm_mode),
		ROW("s_setreg_b32 hwreg(HW_REG_MODE, 4, 4), $a" GET_4, ON_ALL, U32, NONE, NONE, U32,
		    set_part),
		ROW("s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 4), 0x1235" GET_4, ON_ALL, NONE, NONE, NONE,
		    U32, set_word),
	};

	(void)state;
	SCALAR_CHECK(rows);
}

/* ---- what leaves everything as it is ---- */

#define IDLE(text_, targets_)                      \
	{                                          \
		.text = text_, .targets = targets_ \
	}

static void nothing_happens(void **state)
{
	static const struct memory_case cases[] = {
		IDLE("s_nop 3", ON_ALL),
		IDLE("s_clause 0x3", ON_ALL),
		IDLE("s_delay_alu instid0(VALU_DEP_1)", ON_NEW),
		IDLE("s_sleep 1", ON_ALL),
		IDLE("s_sleep_var s4", ON_GFX12),
		IDLE("s_setprio 2", ON_ALL),
		IDLE("s_sethalt 0", ON_ALL),
		IDLE("s_wakeup", ON_ALL),
		IDLE("s_incperflevel 3", ON_ALL),
		IDLE("s_decperflevel 3", ON_ALL),
		IDLE("s_ttracedata", ON_ALL),
		IDLE("s_ttracedata_imm 5", ON_ALL),
		IDLE("s_version 3", ON_ALL),
		IDLE("s_inst_prefetch 3", ON_OLD),
		IDLE("s_waitcnt 0", ON_ALL),
		IDLE("s_waitcnt_vscnt null, 0", ON_OLD),
		IDLE("s_waitcnt_vmcnt null, 0", ON_OLD),
		IDLE("s_waitcnt_expcnt null, 0", ON_OLD),
		IDLE("s_waitcnt_lgkmcnt null, 0", ON_OLD),
		IDLE("s_waitcnt_depctr 0xffe3", ON_ALL),
		IDLE("s_wait_idle", ON_ALL),
		IDLE("s_wait_event 1", ON_NEW),
		IDLE("s_wait_loadcnt 0", ON_GFX12),
		IDLE("s_wait_storecnt 0", ON_GFX12),
		IDLE("s_wait_samplecnt 0", ON_GFX12),
		IDLE("s_wait_bvhcnt 0", ON_GFX12),
		IDLE("s_wait_expcnt 0", ON_GFX12),
		IDLE("s_wait_dscnt 0", ON_GFX12),
		IDLE("s_wait_kmcnt 0", ON_GFX12),
		IDLE("s_wait_loadcnt_dscnt 0", ON_GFX12),
		IDLE("s_wait_storecnt_dscnt 0", ON_GFX12),
		IDLE("s_singleuse_vdst 1", ON_GFX11_5 | ON_GFX12),
		IDLE("s_sendmsg sendmsg(MSG_INTERRUPT)", ON_ALL),
		/* a group of one wave is not held up */
		IDLE("s_barrier", ON_OLD),
		IDLE("s_barrier_signal -1\ns_barrier_wait -1", ON_GFX12),
	};

	(void)state;
	MEMORY_CHECK_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exec_of_32_lanes),
		cmocka_unit_test(bits),
		cmocka_unit_test(constants),
		cmocka_unit_test(registers_by_index),
		cmocka_unit_test(mode),
		cmocka_unit_test(nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
