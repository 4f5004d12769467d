// SPDX-License-Identifier: MIT
/*
 * Instructions that belong to a wave and not to its lanes: branches, hardware registers, messages, scalar memory,
 * scalar operands; and the decode cache.  Expectations: AMD's ISA documents, LLVM AMDGPU operand syntax.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "isa_machine.h"

#define FOR_TARGETS(target) for (enum isa_target target = ISA_GFX10_3; target < ISA_TARGETS; target++)

static struct isa_group *group;

/* Runs @text on one wave, which has to come to its end. */
static const struct isa_wave *run(enum isa_target target, uint32_t wave_size, const char *text)
{
	static struct isa_launch launch;

	launch = isa_machine_launch(wave_size);
	launch.user_sgpr_count = 2;
	launch.user_sgprs[0] = (uint32_t)ISA_MACHINE_DATA;
	launch.user_sgprs[1] = (uint32_t)(ISA_MACHINE_DATA >> 32);
	launch.lds_bytes = 3000;
	launch.scratch_wave_bytes = 256;
	isa_machine_start(target);
	for (uint32_t i = 0; i < ISA_MACHINE_BYTES; i++)
		isa_machine.data[i] = (uint8_t)(i * 37 + (i >> 8));
	isa_machine_program(text, wave_size);
	group = isa_machine_group(&launch, wave_size);
	if (isa_machine_run(group) != ISA_DONE)
		fail_msg("%s: %s\n%s", isa_fault_name(isa_group_fault(group)->kind),
			 isa_group_fault(group)->instruction, text);
	return &group->waves[0];
}

static void done(void)
{
	isa_group_destroy(group);
	isa_machine_stop();
}

static uint64_t pair(const struct isa_wave *wave, uint32_t number)
{
	return (uint64_t)wave->sgprs[number + 1] << 32 | wave->sgprs[number];
}

static uint32_t data32(uint32_t offset)
{
	uint32_t value;

	memcpy(&value, isa_machine.data + offset, sizeof(value));
	return value;
}

/* ---- branches ---- */

/* A bit of s20 for each branch that was taken. */
static void branches_are_taken_on_their_condition(void **state)
{
	static const struct {
		const char *set, *branch;
		bool taken;
	} cases[] = {
		{"s_cmp_eq_u32 s0, s0", "s_cbranch_scc1", true},
		{"s_cmp_eq_u32 s0, s0", "s_cbranch_scc0", false},
		{"s_cmp_lg_u32 s0, s0", "s_cbranch_scc1", false},
		{"s_cmp_lg_u32 s0, s0", "s_cbranch_scc0", true},
		{"s_mov_b64 vcc, 0", "s_cbranch_vccz", true},
		{"s_mov_b64 vcc, 0", "s_cbranch_vccnz", false},
		{"s_mov_b64 vcc, 8", "s_cbranch_vccz", false},
		{"s_mov_b64 vcc, 8", "s_cbranch_vccnz", true},
		{"s_mov_b64 exec, 0", "s_cbranch_execz", true},
		{"s_mov_b64 exec, 0", "s_cbranch_execnz", false},
		{"s_mov_b64 exec, -1", "s_cbranch_execz", false},
		{"s_mov_b64 exec, 2", "s_cbranch_execnz", true},
		{"s_nop 0", "s_branch", true},
	};

	(void)state;
	FOR_TARGETS(target)
	{
		for (uint32_t wave_size = 32; wave_size <= 64; wave_size *= 2) {
			char text[4096] = "s_mov_b32 s20, 0\n";
			uint32_t expected = 0;

			for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
				char piece[256];

				snprintf(piece, sizeof(piece), "%s\n%s to%u\ns_bitset1_b32 s20, %u\nto%u:\n",
					 cases[i].set, cases[i].branch, i, i, i);
				strcat(text, piece);
				if (!cases[i].taken)
					expected |= 1U << i;
			}
			strcat(text, "s_endpgm\n");
			assert_int_equal(run(target, wave_size, text)->sgprs[20], expected);
			done();
		}
	}
}

/* With 32 lanes the upper halves are no masks. */
static void upper_halves_of_masks_count_with_64_lanes_only(void **state)
{
	const char *text = "s_mov_b32 s20, 0\n"
			   "s_mov_b32 vcc_lo, 0\n"
			   "s_mov_b32 vcc_hi, 1\n"
			   "s_mov_b32 exec_lo, 0\n"
			   "s_mov_b32 exec_hi, 1\n"
			   "s_cbranch_vccz a\n"
			   "s_bitset1_b32 s20, 0\n"
			   "a: s_cbranch_execz b\n"
			   "s_bitset1_b32 s20, 1\n"
			   "b: s_mov_b32 s21, exec_hi\n"
			   "s_endpgm\n";

	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave = run(target, 32, text);

		assert_int_equal(wave->sgprs[20], 0);
		assert_int_equal(wave->sgprs[21], 1);
		assert_true(wave->exec == 0);
		done();
		wave = run(target, 64, text);
		assert_int_equal(wave->sgprs[20], 3);
		assert_true(wave->exec == 1ULL << 32);
		done();
	}
}

static void calls_come_back(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave = run(target, 32,
						  "s_getpc_b64 s[4:5]\n"
						  "here: s_add_u32 s6, s4, function-here\n"
						  "s_addc_u32 s7, s5, 0\n"
						  "s_mov_b32 s20, 0\n"
						  "s_swappc_b64 s[30:31], s[6:7]\n"
						  "s_bitset1_b32 s20, 0\n"
						  "s_swappc_b64 s[6:7], s[6:7]\n"
						  "s_bitset1_b32 s20, 1\n"
						  "s_call_b64 s[30:31], function\n"
						  "s_bitset1_b32 s20, 2\n"
						  "s_endpgm\n"
						  "function: s_add_u32 s20, s20, 0x100\n"
						  "s_bitcmp1_b32 s20, 9\n" /* the second time */
						  "s_cbranch_scc0 back\n"
						  "s_bitcmp1_b32 s20, 8\n"
						  "s_cbranch_scc1 back\n"
						  "s_setpc_b64 s[6:7]\n"
						  "back: s_setpc_b64 s[30:31]\n");

		assert_int_equal(wave->sgprs[20], 0x307);
		assert_true(pair(wave, 4) == ISA_MACHINE_CODE + 4);
		done();
	}
}

/* Both halves, one of them, none. */
static void subvector_loops_go_over_the_halves_with_lanes(void **state)
{
	static const struct {
		const char *exec;
		uint64_t mask;
		uint32_t rounds;
		uint32_t low, high;
	} cases[] = {
		{"s_mov_b64 exec, -1", UINT64_MAX, 2, UINT32_MAX, UINT32_MAX},
		{"s_mov_b64 exec, 7", 7, 1, 7, 0},
		{"s_mov_b32 exec_lo, 0\ns_mov_b32 exec_hi, 5", 5ULL << 32, 1, 0, 5},
		{"s_mov_b64 exec, 0", 0, 0, 0, 0},
	};
	char text[512];

	(void)state;
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct isa_wave *wave;

		snprintf(text, sizeof(text),
			 "s_mov_b32 s20, 0\ns_mov_b32 s21, 0\ns_mov_b32 s22, 0\n%s\n"
			 "s_subvector_loop_begin s10, leave\n"
			 "again: s_add_u32 s20, s20, 1\n"
			 "s_or_b32 s21, s21, exec_lo\n"
			 "s_or_b32 s22, s22, exec_hi\n"
			 "s_subvector_loop_end s10, again\n"
			 "leave: s_endpgm\n",
			 cases[i].exec);
		wave = run(ISA_GFX10_3, 64, text);
		assert_int_equal(wave->sgprs[20], cases[i].rounds);
		assert_int_equal(wave->sgprs[21], cases[i].low);
		assert_int_equal(wave->sgprs[22], cases[i].high);
		assert_true(wave->exec == cases[i].mask);
		done();
	}
}

/* ---- hardware registers, messages ---- */

static void mode_is_set_in_parts(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave = run(target, 32,
						  "s_round_mode 0x6\n"
						  "s_denorm_mode 0x9\n"
						  "s_getreg_b32 s20, hwreg(HW_REG_MODE)\n"
						  "s_getreg_b32 s21, hwreg(HW_REG_MODE, 2, 4)\n"
						  "s_mov_b32 s10, 0xfffffffe\n"
						  "s_setreg_b32 hwreg(HW_REG_MODE, 2, 2), s10\n"
						  "s_getreg_b32 s22, hwreg(HW_REG_MODE, 0, 8)\n"
						  "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 4, 4), 0x123\n"
						  "s_getreg_b32 s23, hwreg(HW_REG_MODE, 0, 8)\n"
						  "s_setreg_imm32_b32 hwreg(HW_REG_MODE, 8, 2), 0\n"
						  "s_endpgm\n");

		assert_int_equal(wave->sgprs[20] & 0xff, 0x96);
		assert_int_equal(wave->sgprs[20] & (ISA_MODE_DX10_CLAMP | ISA_MODE_IEEE),
				 target == ISA_GFX12 ? 0 : ISA_MODE_DX10_CLAMP | ISA_MODE_IEEE);
		assert_int_equal(wave->sgprs[21], 0x5);
		assert_int_equal(wave->sgprs[22], 0x9a);
		assert_int_equal(wave->sgprs[23], 0x3a);
		/* gfx12 has neither bit; there clamping is always that way */
		assert_int_equal(!!(wave->mode & ISA_MODE_DX10_CLAMP), target == ISA_GFX12);
		assert_false(wave->mode & ISA_MODE_IEEE);
		done();
	}
}

static void registers_tell_what_a_wave_has(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		for (uint32_t size = 32; size <= 64; size *= 2) {
			const struct isa_wave *wave =
				run(target, size,
				    target == ISA_GFX12 ? "s_cmp_eq_u32 s0, s0\n"
							  "s_getreg_b32 s20, hwreg(HW_REG_GPR_ALLOC)\n"
							  "s_getreg_b32 s21, hwreg(HW_REG_LDS_ALLOC)\n"
							  "s_getreg_b32 s22, hwreg(HW_REG_STATUS)\n"
							  "s_getreg_b32 s23, hwreg(HW_REG_STATE_PRIV)\n"
							  "s_getreg_b32 s24, hwreg(HW_REG_SHADER_CYCLES_LO)\n"
							  "s_getreg_b32 s25, hwreg(HW_REG_SHADER_CYCLES_HI)\n"
							  "s_endpgm\n"
							: "s_cmp_eq_u32 s0, s0\n"
							  "s_getreg_b32 s20, hwreg(HW_REG_GPR_ALLOC)\n"
							  "s_getreg_b32 s21, hwreg(HW_REG_LDS_ALLOC)\n"
							  "s_getreg_b32 s22, hwreg(HW_REG_STATUS)\n"
							  "s_getreg_b32 s23, hwreg(HW_REG_SH_MEM_BASES)\n"
							  "s_getreg_b32 s24, hwreg(HW_REG_SHADER_CYCLES)\n"
							  "s_getreg_b32 s25, hwreg(HW_REG_TRAPSTS)\n"
							  "s_endpgm\n");

			assert_int_equal(wave->sgprs[20] >> (target == ISA_GFX10_3 ? 8 : 12),
					 size == 64 ? 7 : 3);
			assert_int_equal(wave->sgprs[21] >> 12, 6);
			assert_true(wave->sgprs[22] >> 16 & 1);
			assert_false(wave->sgprs[22] >> 9 & 1);
			assert_int_equal(wave->sgprs[24], 1);
			assert_int_equal(wave->sgprs[25], 0);
			if (target == ISA_GFX12) {
				assert_int_equal(wave->sgprs[22] >> 29 & 1, size == 64);
				assert_int_equal(wave->sgprs[23], 1U << 9);
			} else {
				assert_true(wave->sgprs[22] & 1);
				assert_int_equal(wave->sgprs[23], 0x00010002);
			}
			done();
		}
	}
}

/* What a kernel of gfx10.3 begins with; later ones have it done for them. */
static void flat_scratch_is_written_on_gfx10_alone(void **state)
{
	const char *text = "s_mov_b32 s10, 0x1000\n"
			   "s_mov_b32 s11, 0x7f\n"
			   "s_setreg_b32 hwreg(HW_REG_FLAT_SCR_LO), s10\n"
			   "s_setreg_b32 hwreg(HW_REG_FLAT_SCR_HI), s11\n"
			   "s_getreg_b32 s20, hwreg(HW_REG_FLAT_SCR_LO)\n"
			   "s_endpgm\n";
	const struct isa_wave *wave;

	(void)state;
	wave = run(ISA_GFX10_3, 32, text);
	assert_true(wave->flat_scratch == 0x7f00001000);
	assert_int_equal(wave->sgprs[20], 0x1000);
	done();
	wave = run(ISA_GFX11, 32, text);
	assert_true(wave->flat_scratch == 0);
	assert_int_equal(wave->sgprs[20], 0);
	done();
}

static void messages_and_waits_are_passed_by(void **state)
{
	(void)state;
	run(ISA_GFX10_3, 32,
	    "s_sendmsg sendmsg(MSG_INTERRUPT)\ns_waitcnt 0\ns_waitcnt_vscnt null, 0\ns_waitcnt_depctr 0\n"
	    "s_setprio 3\ns_inst_prefetch 1\ns_clause 3\ns_nop 7\ns_ttracedata\ns_wakeup\ns_endpgm\n");
	assert_int_equal(isa_group_counts(group)->scalar, 0);
	assert_int_equal(isa_group_counts(group)->instructions, 11);
	done();
	run(ISA_GFX11, 32,
	    "s_sendmsg sendmsg(MSG_DEALLOC_VGPRS)\ns_delay_alu instid0(VALU_DEP_1)\ns_wait_idle\n"
	    "s_wait_event 1\ns_waitcnt vmcnt(0)\ns_endpgm\n");
	done();
	run(ISA_GFX12, 32,
	    "s_sendmsg sendmsg(MSG_DEALLOC_VGPRS)\ns_wait_loadcnt 0\ns_wait_storecnt 0\ns_wait_dscnt 0\n"
	    "s_wait_kmcnt 0\ns_wait_samplecnt 0\ns_wait_bvhcnt 0\ns_wait_expcnt 0\n"
	    "s_wait_loadcnt_dscnt 0\ns_wait_storecnt_dscnt 0\ns_wait_alu 0\ns_endpgm\n");
	done();
}

static void time_is_asked_for_by_each_generation_in_its_way(void **state)
{
	const struct isa_wave *wave;

	(void)state;
	wave = run(ISA_GFX10_3, 32, "s_memtime s[20:21]\ns_memrealtime s[22:23]\ns_endpgm\n");
	assert_true(pair(wave, 20) == 1);
	assert_true(pair(wave, 22) == 0x0123456789abcdef);
	done();
	wave = run(ISA_GFX11, 32,
		   "s_sendmsg_rtn_b64 s[20:21], sendmsg(MSG_RTN_GET_REALTIME)\n"
		   "s_sendmsg_rtn_b64 s[22:23], sendmsg(MSG_RTN_GET_TBA)\ns_endpgm\n");
	assert_true(pair(wave, 20) == 0x0123456789abcdef);
	assert_true(pair(wave, 22) == 0);
	done();
}

/* ---- scalar memory ---- */

static void loads_are_of_all_sizes(void **state)
{
	const char *text = "s_load_dword s20, s[0:1], 0x10\n"
			   "s_load_dwordx2 s[22:23], s[0:1], 0x14\n"
			   "s_load_dwordx4 s[24:27], s[0:1], 0x20\n"
			   "s_load_dwordx8 s[28:35], s[0:1], 0x40\n"
			   "s_load_dwordx16 s[36:51], s[0:1], 0x80\n"
			   "s_endpgm\n";
	const char *newer = "s_load_b32 s20, s[0:1], 0x10\n"
			    "s_load_b64 s[22:23], s[0:1], 0x14\n"
			    "s_load_b128 s[24:27], s[0:1], 0x20\n"
			    "s_load_b256 s[28:35], s[0:1], 0x40\n"
			    "s_load_b512 s[36:51], s[0:1], 0x80\n"
			    "s_endpgm\n";
	static const struct {
		uint32_t first, count, offset;
	} loads[] = {{20, 1, 0x10}, {22, 2, 0x14}, {24, 4, 0x20}, {28, 8, 0x40}, {36, 16, 0x80}};

	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave = run(target, 32, target == ISA_GFX10_3 ? text : newer);

		for (uint32_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
			for (uint32_t word = 0; word < loads[i].count; word++)
				assert_int_equal(wave->sgprs[loads[i].first + word],
						 data32(loads[i].offset + 4 * word));
		}
		assert_int_equal(isa_group_counts(group)->memory, 5);
		assert_int_equal(isa_machine.path, ISA_SCALAR);
		assert_int_equal(isa_machine.scope, ISA_SCOPE_UNIT);
		done();
	}
}

/* Each part of an address: register pair, immediate, which may be negative, and register. */
static void parts_of_addresses_have_no_low_bits(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave =
			run(target, 32,
			    target == ISA_GFX10_3 ? "s_or_b32 s2, s0, 0x103\n"
						    "s_mov_b32 s3, s1\n"
						    "s_mov_b32 s4, 0x47\n"
						    "s_load_dword s20, s[2:3], s4\n"
						    "s_load_dword s21, s[2:3], -0x40\n"
						    "s_mov_b32 m0, 0x0b\n"
						    "s_load_dword s22, s[2:3], m0 glc\n"
						    "s_load_dword null, s[2:3], 0\n"
						    "s_endpgm\n"
						  : "s_or_b32 s2, s0, 0x103\n"
						    "s_mov_b32 s3, s1\n"
						    "s_mov_b32 s4, 0x47\n"
						    "s_load_b32 s20, s[2:3], s4 offset:0x0\n"
						    "s_load_b32 s21, s[2:3], -0x40\n"
						    "s_mov_b32 m0, 0x0b\n"
						    "s_load_b32 s22, s[2:3], m0 offset:0x0\n"
						    "s_load_b32 null, s[2:3], 0x0\n"
						    "s_endpgm\n");

		assert_int_equal(wave->sgprs[20], data32(0x144));
		assert_int_equal(wave->sgprs[21], data32(0xc0));
		assert_int_equal(wave->sgprs[22], data32(0x108));
		assert_int_equal(wave->m0, 0x0b);
		done();
	}
}

static void scopes_are_handed_on(void **state)
{
	static const struct {
		enum isa_target target;
		const char *text;
		enum isa_scope scope;
	} loads[] = {
		{ISA_GFX10_3, "s_load_dword s2, s[0:1], 0 glc", ISA_SCOPE_DEVICE},
		{ISA_GFX11, "s_load_b32 s2, s[0:1], 0 glc", ISA_SCOPE_DEVICE},
		{ISA_GFX12, "s_load_b32 s2, s[0:1], 0 scope:SCOPE_SE", ISA_SCOPE_ARRAY},
		{ISA_GFX12, "s_load_b32 s2, s[0:1], 0 scope:SCOPE_SYS", ISA_SCOPE_SYSTEM},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "%s\ns_endpgm\n", loads[i].text);
		run(loads[i].target, 32, text);
		assert_int_equal(isa_machine.scope, loads[i].scope);
		done();
	}
	run(ISA_GFX10_3, 32, "s_dcache_inv\ns_gl1_inv\ns_icache_inv\ns_endpgm\n");
	assert_int_equal(isa_machine.cache_actions,
			 ISA_INVALIDATE_SCALAR | ISA_INVALIDATE_L1 | ISA_INVALIDATE_CODE);
	done();
}

static void bytes_and_halves_are_extended(void **state)
{
	const struct isa_wave *wave = run(ISA_GFX12, 32,
					  "s_load_u8 s20, s[0:1], 0x5\n"
					  "s_load_i8 s21, s[0:1], 0x5\n"
					  "s_load_u16 s22, s[0:1], 0x7\n"
					  "s_load_i16 s23, s[0:1], 0x6\n"
					  "s_load_b96 s[24:26], s[0:1], 0x8\n"
					  "s_prefetch_data s[4:5], 0x0, null, 5\n" /* of nowhere */
					  "s_prefetch_inst_pc_rel 0x100, null, 3\n"
					  "s_endpgm\n");

	(void)state;
	assert_int_equal(isa_machine.data[5], 0xb9);
	assert_int_equal(wave->sgprs[20], 0xb9);
	assert_int_equal(wave->sgprs[21], 0xffffffb9);
	assert_int_equal(wave->sgprs[22], data32(4) >> 16);
	assert_int_equal(wave->sgprs[23], (uint32_t)(int16_t)(data32(4) >> 16));
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(wave->sgprs[24 + i], data32(8 + 4 * i));
	done();
}

/* The resource: base, stride in words 0 and 1, records in word 2.  Words beyond are 0, wherever they would be. */
static void buffers_end_where_their_resource_says(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave =
			run(target, 32,
			    target == ISA_GFX10_3 ? "s_mov_b64 s[4:5], s[0:1]\n"
						    "s_mov_b32 s6, 22\n"
						    "s_mov_b32 s7, 0\n"
						    "s_buffer_load_dwordx4 s[20:23], s[4:7], 0x8\n"
						    "s_or_b32 s5, s5, 0x100000\n" /* stride 16 */
						    "s_mov_b32 s6, 2\n"
						    "s_buffer_load_dwordx4 s[24:27], s[4:7], 0x18\n"
						    "s_mov_b32 s8, 0x12345678\n"
						    "s_buffer_load_dword s28, s[4:7], s8\n"
						    "s_endpgm\n"
						  : "s_mov_b64 s[4:5], s[0:1]\n"
						    "s_mov_b32 s6, 22\n"
						    "s_mov_b32 s7, 0\n"
						    "s_buffer_load_b128 s[20:23], s[4:7], 0x8\n"
						    "s_or_b32 s5, s5, 0x100000\n"
						    "s_mov_b32 s6, 2\n"
						    "s_buffer_load_b128 s[24:27], s[4:7], 0x18\n"
						    "s_mov_b32 s8, 0x12345678\n"
						    "s_buffer_load_b32 s28, s[4:7], s8 offset:0\n"
						    "s_endpgm\n");

		assert_int_equal(wave->sgprs[20], data32(8));
		assert_int_equal(wave->sgprs[22], data32(16));
		assert_int_equal(wave->sgprs[22] == 0, false);
		assert_int_equal(wave->sgprs[23], 0);
		assert_int_equal(wave->sgprs[24], data32(0x18));
		assert_int_equal(wave->sgprs[25], data32(0x1c));
		assert_int_equal(wave->sgprs[26], 0);
		assert_int_equal(wave->sgprs[27], 0);
		assert_int_equal(wave->sgprs[28], 0);
		done();
	}
}

/* ---- operands ---- */

static void constants_are_as_wide_as_their_operand(void **state)
{
	static const struct {
		const char *text;
		uint64_t narrow, wide;
	} constants[] = {
		{"0", 0, 0},
		{"64", 64, 64},
		{"-1", 0xffffffff, UINT64_MAX},
		{"-16", 0xfffffff0, 0xfffffffffffffff0},
		{"0.5", 0x3f000000, 0x3fe0000000000000},
		{"-0.5", 0xbf000000, 0xbfe0000000000000},
		{"1.0", 0x3f800000, 0x3ff0000000000000},
		{"-1.0", 0xbf800000, 0xbff0000000000000},
		{"2.0", 0x40000000, 0x4000000000000000},
		{"-2.0", 0xc0000000, 0xc000000000000000},
		{"4.0", 0x40800000, 0x4010000000000000},
		{"-4.0", 0xc0800000, 0xc010000000000000},
		{"0.15915494309189532", 0x3e22f983, 0x3fc45f306dc9c882},
		{"0xfedcba98", 0xfedcba98, 0xfedcba98},
	};
	uint32_t count = sizeof(constants) / sizeof(constants[0]);
	char text[4096] = "";

	(void)state;
	for (uint32_t i = 0; i < count; i++) {
		char piece[128];

		snprintf(piece, sizeof(piece), "s_mov_b32 s%u, %s\ns_mov_b64 s[%u:%u], %s\n", 10 + i,
			 constants[i].text, 40 + 2 * i, 41 + 2 * i, constants[i].text);
		strcat(text, piece);
	}
	strcat(text, "s_endpgm\n");
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave = run(target, 32, text);

		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(wave->sgprs[10 + i], constants[i].narrow);
			assert_true(pair(wave, 40 + 2 * i) == constants[i].wide);
		}
		done();
	}
}

static void special_sources_have_their_values(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		const struct isa_wave *wave = run(target, 64,
						  "s_mov_b64 s[20:21], src_shared_base\n"
						  "s_mov_b64 s[22:23], src_private_base\n"
						  "s_mov_b64 s[24:25], src_shared_limit\n"
						  "s_mov_b32 m0, 0x1234\n"
						  "s_mov_b32 s26, m0\n"
						  "s_mov_b32 s27, null\n"
						  "s_mov_b64 s[28:29], null\n"
						  "s_mov_b64 null, -1\n"
						  "s_mov_b32 null, -1\n"
						  "s_cmp_eq_u32 s0, s0\n"
						  "s_mov_b32 s30, src_scc\n"
						  "s_mov_b64 s[32:33], exec\n"
						  "s_mov_b64 vcc, 5\n"
						  "s_mov_b32 ttmp3, 77\n" /* not a kernel's to write */
						  "s_endpgm\n");

		assert_true(pair(wave, 20) == (uint64_t)ISA_SHARED_APERTURE << 32);
		assert_true(pair(wave, 22) == (uint64_t)ISA_PRIVATE_APERTURE << 32);
		assert_true(pair(wave, 24) == ((uint64_t)ISA_SHARED_APERTURE << 32 | UINT32_MAX));
		assert_int_equal(wave->sgprs[26], 0x1234);
		assert_int_equal(wave->m0, 0x1234);
		assert_int_equal(wave->sgprs[27], 0);
		assert_true(pair(wave, 28) == 0);
		assert_int_equal(wave->sgprs[30], 1);
		assert_true(pair(wave, 32) == UINT64_MAX);
		assert_true(isa_vcc(wave) == 5);
		assert_int_not_equal(wave->sgprs[ISA_TTMP + 3], 77);
		done();
	}
}

/* ---- the decode cache ---- */

/* s_movk_i32 s20, @value; s_endpgm */
static void set_value_program(enum isa_target target, uint32_t value)
{
	const uint32_t words[] = {0xb0140000 | value, target == ISA_GFX10_3 ? 0xbf810000 : 0xbfb00000};

	memcpy(isa_machine.code, words, sizeof(words));
	isa_machine.code_bytes = sizeof(words);
}

static uint32_t value_of_run(const struct isa_launch *launch)
{
	uint32_t value;

	group = isa_machine_group(launch, 32);
	assert_int_equal(isa_machine_run(group), ISA_DONE);
	value = group->waves[0].sgprs[20];
	isa_group_destroy(group);
	return value;
}

static void code_is_read_once_until_it_is_forgotten(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);

	(void)state;
	FOR_TARGETS(target)
	{
		isa_machine_start(target);
		set_value_program(target, 1);
		assert_int_equal(value_of_run(&launch), 1);
		assert_int_equal(isa_machine.code_reads, 2);
		/* as the instruction cache would have it */
		set_value_program(target, 2);
		assert_int_equal(value_of_run(&launch), 1);
		assert_int_equal(isa_machine.code_reads, 2);
		isa_unit_forget_code(&isa_machine.unit);
		assert_int_equal(value_of_run(&launch), 2);
		assert_int_equal(isa_machine.code_reads, 4);
		isa_machine_stop();
	}
}

/* A kernel that writes into its own code: what it executed already it meets again, until it invalidates. */
static void s_icache_inv_forgets_code(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);
	uint32_t *words = (uint32_t *)(void *)isa_machine.code;

	(void)state;
	isa_machine_start(ISA_GFX11);
	isa_machine_program("s_mov_b32 s20, 0\n"
			    "again: s_add_u32 s20, s20, 1\n"
			    "s_sleep 1\n"
			    "s_icache_inv\n"
			    "s_branch again\n",
			    32);
	group = isa_machine_group(&launch, 32);
	assert_int_equal(isa_machine_run(group), ISA_WAITING);
	assert_int_equal(isa_machine_run(group), ISA_WAITING);
	words[4] = 0xbfb00000; /* s_endpgm instead of the branch */
	assert_int_equal(isa_machine_run(group), ISA_DONE);
	assert_int_equal(group->waves[0].sgprs[20], 2);
	assert_true(isa_machine.cache_actions & ISA_INVALIDATE_CODE);
	isa_group_destroy(group);
	isa_machine_stop();
}

static void code_of_any_length_is_executed(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);
	uint32_t count = ISA_MACHINE_BYTES / 4;

	(void)state;
	isa_machine_start(ISA_GFX11);
	for (uint32_t i = 0; i < count; i++)
		((uint32_t *)(void *)isa_machine.code)[i] = i == count - 1 ? 0xbfb00000 : 0xbf800000;
	isa_machine.code_bytes = ISA_MACHINE_BYTES;
	for (uint32_t turn = 0; turn < 12; turn++) {
		group = isa_machine_group(&launch, 32);
		assert_int_equal(isa_machine_run(group), ISA_DONE);
		assert_int_equal(isa_group_counts(group)->instructions, count);
		isa_group_destroy(group);
		if (turn % 2)
			isa_unit_forget_code(&isa_machine.unit);
	}
	assert_int_equal(isa_machine.code_reads, 6 * count);
	isa_machine_stop();
}

static void no_operation_is_executed_by_two(void **state)
{
	(void)state;
	if (isa_binding_clash() != ISA_OPERATIONS)
		fail_msg("two bindings: %s", isa_operation_name(isa_binding_clash()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(branches_are_taken_on_their_condition),
		cmocka_unit_test(upper_halves_of_masks_count_with_64_lanes_only),
		cmocka_unit_test(calls_come_back),
		cmocka_unit_test(subvector_loops_go_over_the_halves_with_lanes),
		cmocka_unit_test(mode_is_set_in_parts),
		cmocka_unit_test(registers_tell_what_a_wave_has),
		cmocka_unit_test(flat_scratch_is_written_on_gfx10_alone),
		cmocka_unit_test(messages_and_waits_are_passed_by),
		cmocka_unit_test(time_is_asked_for_by_each_generation_in_its_way),
		cmocka_unit_test(loads_are_of_all_sizes),
		cmocka_unit_test(parts_of_addresses_have_no_low_bits),
		cmocka_unit_test(scopes_are_handed_on),
		cmocka_unit_test(bytes_and_halves_are_extended),
		cmocka_unit_test(buffers_end_where_their_resource_says),
		cmocka_unit_test(constants_are_as_wide_as_their_operand),
		cmocka_unit_test(special_sources_have_their_values),
		cmocka_unit_test(code_is_read_once_until_it_is_forgotten),
		cmocka_unit_test(s_icache_inv_forgets_code),
		cmocka_unit_test(code_of_any_length_is_executed),
		cmocka_unit_test(no_operation_is_executed_by_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
