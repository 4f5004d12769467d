// SPDX-License-Identifier: MIT
/*
 * Work-groups from their first instruction to their end: what is in the registers, whose turn it is, barriers, and what
 * stops them.  Expectations: LLVM AMDGPU usage, "Initial Kernel Execution State"; AMD's ISA documents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "isa_machine.h"

#define FOR_TARGETS(target)  for (enum isa_target target = ISA_GFX10_3; target < ISA_TARGETS; target++)
#define FOR_WAVE_SIZES(size) for (uint32_t size = 32; size <= 64; size *= 2)

#define LOW(value)  ((uint32_t)(value))
#define HIGH(value) ((uint32_t)((uint64_t)(value) >> 32))

/* ---- registers at the start ---- */

#define SCRATCH_EN     (1U << 0)
#define GROUP_ID_X     (1U << 7)
#define GROUP_ID_Z     (1U << 9)
#define GROUP_INFO     (1U << 10)
#define ITEM_IDS(more) ((more) << 11)

/* A group of @items, which has come to this @end. */
static struct isa_group *ended(const struct isa_launch *launch, uint32_t items, enum isa_outcome end)
{
	struct isa_group *group = isa_machine_group(launch, items);

	assert_int_equal(isa_machine_run(group), end);
	return group;
}

static void stop(struct isa_group *group)
{
	isa_group_destroy(group);
	isa_machine_stop();
}

static void sgprs_are_those_of_the_user_and_then_those_enabled(void **state)
{
	const uint32_t id[3] = {11, 22, 33}, size[3] = {100, 1, 1};

	(void)state;
	FOR_TARGETS(target)
	{
		struct isa_launch launch = isa_machine_launch(32);
		struct isa_group *group;

		isa_machine_start(target);
		isa_machine_program("s_endpgm", 32);
		launch.user_sgpr_count = 3;
		launch.user_sgprs[0] = 100;
		launch.user_sgprs[1] = 200;
		launch.user_sgprs[2] = 300;
		launch.user_sgprs[3] = 400; /* not among them */
		launch.rsrc2 = SCRATCH_EN | GROUP_ID_X | GROUP_ID_Z | GROUP_INFO;
		launch.scratch_wave_bytes = 0x400;
		group = isa_group_create(&launch, id, size, 0x500001000);
		assert_non_null(group);
		assert_int_equal(group->wave_count, 4);
		assert_int_equal(isa_group_run(group, &isa_machine.unit, 100), ISA_DONE);
		for (uint32_t i = 0; i < 4; i++) {
			const struct isa_wave *wave = &group->waves[i];
			const uint32_t *sgprs = wave->sgprs;

			for (uint32_t s = 0; s < 3; s++)
				assert_int_equal(sgprs[s], 100 * (s + 1));
			assert_int_not_equal(sgprs[3], 400);
			if (target == ISA_GFX12) {
				assert_int_equal(sgprs[ISA_TTMP + 9], 11);
				assert_int_equal(sgprs[ISA_TTMP + 7], 33 << 16 | 22);
				assert_int_equal(sgprs[ISA_TTMP + 8] >> 25 & 0x1f, i);
				assert_int_not_equal(sgprs[3], 11);
			} else {
				assert_int_equal(sgprs[3], 11);
				assert_int_equal(sgprs[4], 33);
				assert_int_equal(sgprs[5], (i == 0 ? 0x80000000 : 0) | 4);
			}
			if (target == ISA_GFX10_3)
				assert_int_equal(sgprs[6], 0x1000 + 0x400 * i);
			else
				assert_true(wave->flat_scratch == 0x500001000U + 0x400U * i);
		}
		stop(group);
	}
}

static void check_items(const struct isa_group *group, uint32_t dimensions)
{
	uint32_t items = group->size[0] * group->size[1] * group->size[2];

	for (uint32_t item = 0; item < group->wave_count * group->waves[0].lanes; item++) {
		struct isa_wave *wave = (struct isa_wave *)&group->waves[item / group->waves[0].lanes];
		uint32_t lane = item % wave->lanes;
		uint32_t id[3] = {
			item % group->size[0],
			item / group->size[0] % group->size[1],
			item / group->size[0] / group->size[1],
		};

		assert_int_equal(wave->exec >> lane & 1, item < items);
		if (item >= items)
			continue;
		if (group->target == ISA_GFX10_3) {
			for (uint32_t d = 0; d < dimensions; d++)
				assert_int_equal(isa_vgpr(wave, d)[lane], id[d]);
			continue;
		}
		assert_int_equal(isa_vgpr(wave, 0)[lane], id[0] | (dimensions > 1 ? id[1] << 10 : 0) |
								  (dimensions > 2 ? id[2] << 20 : 0));
	}
}

static void lanes_are_the_items_in_order(void **state)
{
	static const uint32_t sizes[][3] = {
		{1, 1, 1}, {31, 1, 1}, {64, 1, 1}, {65, 1, 1}, {5, 3, 3}, {1, 70, 2}, {8, 8, 8}, {1024, 1, 1},
	};
	const uint32_t id[3] = {0};

	(void)state;
	FOR_TARGETS(target)
	FOR_WAVE_SIZES(wave_size)
	{
		isa_machine_start(target);
		isa_machine_program("s_endpgm", wave_size);
		for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			for (uint32_t more = 0; more < 3; more++) {
				struct isa_launch launch = isa_machine_launch(wave_size);
				uint32_t items = sizes[i][0] * sizes[i][1] * sizes[i][2];
				struct isa_group *group;

				launch.rsrc2 |= ITEM_IDS(more);
				group = isa_group_create(&launch, id, sizes[i], 0);
				assert_non_null(group);
				assert_int_equal(group->wave_count, (items + wave_size - 1) / wave_size);
				assert_int_equal(isa_machine_run(group), ISA_DONE);
				check_items(group, more + 1);
				assert_int_equal(isa_group_counts(group)->waves, group->wave_count);
				assert_int_equal(isa_group_counts(group)->groups, 1);
				isa_group_destroy(group);
			}
		}
		isa_machine_stop();
	}
}

static void mode_is_that_of_the_descriptor(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		struct isa_launch launch = isa_machine_launch(32);
		struct isa_group *group;

		isa_machine_start(target);
		isa_machine_program("s_endpgm", 32);
		launch.rsrc1 = 0xa5U << 12 | 1U << 26; /* FP16_OVFL; neither clamp nor IEEE */
		group = ended(&launch, 1, ISA_DONE);
		assert_int_equal(group->waves[0].mode & 0xff, 0xa5);
		assert_true(group->waves[0].mode >> 23 & 1);
		assert_int_equal(!!(group->waves[0].mode & ISA_MODE_DX10_CLAMP), target == ISA_GFX12);
		assert_false(group->waves[0].mode & ISA_MODE_IEEE);
		isa_group_destroy(group);

		launch.rsrc1 = 1U << 21 | 1U << 23;
		group = ended(&launch, 1, ISA_DONE);
		assert_true(group->waves[0].mode & ISA_MODE_DX10_CLAMP);
		assert_int_equal(!!(group->waves[0].mode & ISA_MODE_IEEE), target != ISA_GFX12);
		stop(group);
	}
}

/* What nobody has set is no zero that a kernel could rely on. */
static void other_memory_of_a_group_is_poisoned(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);
	struct isa_group *group;

	(void)state;
	isa_machine_start(ISA_GFX11);
	isa_machine_program("s_endpgm", 32);
	launch.lds_bytes = 1024;
	group = ended(&launch, 32, ISA_DONE);
	for (uint32_t i = 0; i < 1024; i++)
		assert_int_not_equal(group->lds[i], 0);
	for (uint32_t i = 1; i < 32; i++)
		assert_int_not_equal(isa_vgpr(&group->waves[0], i)[5], 0);
	assert_int_not_equal(group->waves[0].sgprs[20], 0);
	assert_int_not_equal(group->waves[0].m0, 0);
	stop(group);
}

/* ---- turns ---- */

/* Every wave notes the clock before and behind a barrier; waves that leave before do not hold the others up. */
static const char *barrier_text(enum isa_target target)
{
	return target == ISA_GFX12 ? "s_getreg_b32 s20, hwreg(HW_REG_SHADER_CYCLES_LO)\n"
				     "s_barrier_signal -1\n"
				     "s_barrier_wait -1\n"
				     "s_getreg_b32 s21, hwreg(HW_REG_SHADER_CYCLES_LO)\n"
				     "s_barrier_signal -1\n"
				     "s_barrier_wait -1\n"
				     "s_getreg_b32 s22, hwreg(HW_REG_SHADER_CYCLES_LO)\n"
				     "s_endpgm"
				   : "s_getreg_b32 s20, hwreg(HW_REG_SHADER_CYCLES)\n"
				     "s_barrier\n"
				     "s_getreg_b32 s21, hwreg(HW_REG_SHADER_CYCLES)\n"
				     "s_barrier\n"
				     "s_getreg_b32 s22, hwreg(HW_REG_SHADER_CYCLES)\n"
				     "s_endpgm";
}

static void nobody_passes_a_barrier_before_all_have_come(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	FOR_WAVE_SIZES(wave_size)
	{
		struct isa_launch launch = isa_machine_launch(wave_size);
		struct isa_group *group;

		isa_machine_start(target);
		isa_machine_program(barrier_text(target), wave_size);
		group = isa_machine_group(&launch, 5 * wave_size);
		/* in pieces of any size */
		for (uint32_t piece = 1; isa_group_run(group, &isa_machine.unit, piece) == ISA_RUNNING;
		     piece++)
			;
		assert_int_equal(isa_machine_run(group), ISA_DONE);
		for (uint32_t i = 0; i < 5; i++) {
			for (uint32_t j = 0; j < 5; j++) {
				assert_true(group->waves[i].sgprs[20] < group->waves[j].sgprs[21]);
				assert_true(group->waves[i].sgprs[21] < group->waves[j].sgprs[22]);
			}
		}
		assert_int_equal(group->barrier_phase, 2);
		stop(group);
	}
}

/* The first wave of a group leaves at once. */
static void waves_that_have_ended_are_not_waited_for(void **state)
{
	(void)state;
	FOR_TARGETS(target)
	{
		struct isa_launch launch = isa_machine_launch(32);
		struct isa_group *group;

		isa_machine_start(target);
		isa_machine_program(target == ISA_GFX12 ? "s_bitcmp1_b32 ttmp8, 25\n"
							  "s_cbranch_scc0 leave\n"
							  "s_barrier_signal -1\n"
							  "s_barrier_wait -1\n"
							  "leave: s_endpgm"
							: "s_bitcmp1_b32 s0, 31\n"
							  "s_cbranch_scc1 leave\n"
							  "s_barrier\n"
							  "leave: s_endpgm",
				    32);
		launch.rsrc2 = GROUP_INFO;
		group = ended(&launch, 4 * 32, ISA_DONE);
		assert_int_equal(group->barrier_phase, 1);
		stop(group);
	}
}

static void split_barriers_have_numbers_and_states(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);
	struct isa_group *group;

	(void)state;
	isa_machine_start(ISA_GFX12);
	isa_machine_program("s_get_barrier_state s20, -1\n"
			    "s_mov_b32 m0, -1\n"
			    "s_barrier_signal_isfirst m0\n"
			    "s_cselect_b32 s21, 1, 0\n"
			    "s_get_barrier_state s22, m0\n"
			    "s_barrier_signal 0\n" /* none */
			    "s_barrier_wait 0\n"
			    "s_getreg_b32 s23, hwreg(HW_REG_SHADER_CYCLES_LO)\n"
			    "s_barrier_wait -1\n"
			    "s_getreg_b32 s24, hwreg(HW_REG_SHADER_CYCLES_LO)\n"
			    "s_cmp_eq_u32 s0, s0\n"
			    "s_barrier_leave\n"
			    "s_cselect_b32 s25, 1, 0\n"
			    "s_get_barrier_state s26, 0\n"
			    "s_endpgm",
			    32);
	group = ended(&launch, 3 * 32, ISA_DONE);
	for (uint32_t i = 0; i < 3; i++) {
		const uint32_t *sgprs = group->waves[i].sgprs;

		/* each has its turn until it waits */
		assert_int_equal(sgprs[20], i << 16 | 3 << 4 | 1);
		assert_int_equal(sgprs[21], i == 0);
		assert_int_equal(sgprs[22], (i == 2 ? 0 : i + 1) << 16 | 3 << 4 | 1);
		assert_true(sgprs[23] < sgprs[24]);
		assert_true(group->waves[2].sgprs[23] < sgprs[24]);
		assert_int_equal(sgprs[25], 0);
		assert_int_equal(sgprs[26], 0);
	}
	isa_group_destroy(group);

	isa_machine_program("s_barrier_signal 5\ns_endpgm", 32);
	group = ended(&launch, 32, ISA_STOPPED);
	assert_int_equal(isa_group_fault(group)->kind, ISA_FAULT_UNIMPLEMENTED);
	stop(group);
}

/* ... but tells that others should have their turn. */
static void a_group_that_waits_does_not_spin(void **state)
{
	static const struct {
		const char *text;
		enum isa_target target;
	} programs[] = {
		{"again: s_sleep 1\ns_branch again", ISA_GFX10_3},
		{"again: s_sleep 1\ns_branch again", ISA_GFX12},
		{"s_sleep_var s0\ns_branch 0xfffe", ISA_GFX12},
		{"s_sethalt 1\ns_endpgm", ISA_GFX11},
		{"s_sendmsghalt sendmsg(MSG_INTERRUPT)\ns_endpgm", ISA_GFX10_3},
		{"s_barrier_wait -1\ns_endpgm", ISA_GFX12},
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct isa_launch launch = isa_machine_launch(64);
		struct isa_group *group;

		isa_machine_start(programs[i].target);
		isa_machine_program(programs[i].text, 64);
		group = isa_machine_group(&launch, 200);
		for (uint32_t turn = 0; turn < 20; turn++)
			assert_int_equal(isa_machine_run(group), ISA_WAITING);
		assert_true(isa_group_counts(group)->instructions <= 20 * 4 * 3);
		stop(group);
	}
}

/* The first wave sleeps until the others have counted to a thousand: their clocks stand still behind its own. */
static void others_have_their_turn_while_a_wave_sleeps(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);
	struct isa_group *group;

	(void)state;
	isa_machine_start(ISA_GFX11);
	isa_machine_program("s_bitcmp1_b32 s0, 31\n"
			    "s_cbranch_scc0 count\n"
			    "s_movk_i32 s10, 20\n"
			    "doze: s_sleep 1\n"
			    "s_sub_u32 s10, s10, 1\n"
			    "s_cmp_lg_u32 s10, 0\n"
			    "s_cbranch_scc1 doze\n"
			    "s_branch leave\n"
			    "count: s_movk_i32 s10, 1000\n"
			    "down: s_sub_u32 s10, s10, 1\n"
			    "s_cmp_lg_u32 s10, 0\n"
			    "s_cbranch_scc1 down\n"
			    "leave: s_getreg_b32 s20, hwreg(HW_REG_SHADER_CYCLES)\n"
			    "s_endpgm",
			    32);
	launch.rsrc2 = GROUP_INFO;
	group = isa_machine_group(&launch, 4 * 32);
	while (isa_machine_run(group) == ISA_WAITING)
		;
	assert_int_equal(group->ended, 4);
	for (uint32_t i = 1; i < 4; i++)
		assert_true(group->waves[i].sgprs[20] < group->waves[0].sgprs[20]);
	stop(group);
}

static void a_budget_is_kept_and_nothing_is_lost(void **state)
{
	struct isa_launch launch = isa_machine_launch(64);
	uint64_t whole = 0;

	(void)state;
	isa_machine_start(ISA_GFX11);
	isa_machine_program("s_movk_i32 s10, 3000\n"
			    "s_mov_b32 s11, 0\n"
			    "again: s_add_u32 s11, s11, 3\n"
			    "s_sub_u32 s10, s10, 1\n"
			    "s_cmp_lg_u32 s10, 0\n"
			    "s_cbranch_scc1 again\n"
			    "s_nop 0\n"
			    "s_endpgm",
			    64);
	for (uint32_t budget = 1000000; budget >= 100; budget /= 100) {
		struct isa_group *group = isa_machine_group(&launch, 256);
		uint64_t before = 0;
		enum isa_outcome outcome;

		while ((outcome = isa_group_run(group, &isa_machine.unit, budget)) == ISA_RUNNING) {
			assert_int_equal(isa_group_counts(group)->instructions, before + budget);
			before += budget;
		}
		assert_int_equal(outcome, ISA_DONE);
		if (!whole)
			whole = isa_group_counts(group)->instructions;
		assert_int_equal(isa_group_counts(group)->instructions, whole);
		assert_int_equal(before, (whole - 1) / budget * budget);
		assert_int_equal(whole, 4 * (2 + 4 * 3000 + 2));
		assert_int_equal(isa_group_counts(group)->scalar, 4 * (2 + 4 * 3000));
		for (uint32_t i = 0; i < 4; i++)
			assert_int_equal(group->waves[i].sgprs[11], 9000);
		isa_group_destroy(group);
	}
	isa_machine_stop();
}

static void lanes_are_counted_as_exec_has_them(void **state)
{
	struct isa_launch launch = isa_machine_launch(64);
	struct isa_group *group;

	(void)state;
	isa_machine_start(ISA_GFX11);
	isa_machine_program("v_mov_b32 v1, 0\n" /* 64 and 36 */
			    "s_mov_b64 exec, 7\n"
			    "v_mov_b32 v1, 0\n"
			    "v_pk_add_u16 v1, v2, v3\n" /* twice as many */
			    "s_mov_b64 exec, 0\n"
			    "v_mov_b32 v1, 0\n"
			    "s_load_b32 s10, s[0:1], 0x0\n"
			    "s_nop 0\n"
			    "s_endpgm",
			    64);
	launch.user_sgpr_count = 2;
	launch.user_sgprs[0] = LOW(ISA_MACHINE_DATA);
	launch.user_sgprs[1] = HIGH(ISA_MACHINE_DATA);
	group = ended(&launch, 100, ISA_DONE);
	assert_int_equal(isa_group_counts(group)->instructions, 2 * 9);
	assert_int_equal(isa_group_counts(group)->vector, 2 * 4);
	assert_int_equal(isa_group_counts(group)->lane_operations, 100 + 2 * (3 + 2 * 3));
	assert_int_equal(isa_group_counts(group)->scalar, 2 * 2);
	assert_int_equal(isa_group_counts(group)->memory, 2);
	isa_group_destroy(group);

	isa_machine_program("v_dual_mov_b32 v1, 0 :: v_dual_mov_b32 v2, 0\ns_endpgm", 32);
	launch.wave_size = 32;
	group = ended(&launch, 20, ISA_DONE);
	assert_int_equal(isa_group_counts(group)->lane_operations, 40);
	stop(group);
}

/* ---- faults ---- */

/* What @text does stops its group at @offset. */
static void check_fault(const char *text, enum isa_target target, enum isa_fault_kind kind, uint32_t offset,
			const char *instruction)
{
	struct isa_launch launch = isa_machine_launch(32);
	struct isa_group *group;
	const struct isa_fault *fault;

	isa_machine_start(target);
	isa_machine_program(text, 32);
	launch.vgprs = 8;
	group = ended(&launch, 32, ISA_STOPPED);
	fault = isa_group_fault(group);
	assert_int_equal(fault->kind, kind);
	assert_true(fault->pc == ISA_MACHINE_CODE + offset);
	assert_int_equal(fault->wave, 0);
	assert_int_equal(fault->group[0], 3);
	assert_int_equal(fault->group[1], 5);
	assert_int_equal(fault->group[2], 7);
	assert_string_equal(fault->instruction, instruction);
	assert_true(strlen(isa_fault_name(kind)) > 0);
	/* it stays so */
	assert_int_equal(isa_machine_run(group), ISA_STOPPED);
	stop(group);
}

static void faults_name_the_instruction(void **state)
{
	(void)state;
	check_fault("s_nop 0\n.long 0xbf9f0000\n", ISA_GFX11, ISA_FAULT_ILLEGAL, 4, "s_code_end (bf9f0000)");
	check_fault("s_nop 0\ns_trap 2\n", ISA_GFX10_3, ISA_FAULT_TRAP, 4, "s_trap (bf920002)");
	check_fault("s_trap 3\ns_nop 0\ns_trap 2\n", ISA_GFX12, ISA_FAULT_TRAP, 8, "s_trap (bf900002)");
	check_fault("s_nop 0\nimage_load v0, v0, s[0:7] dmask:1 dim:SQ_RSRC_IMG_1D\n", ISA_GFX11,
		    ISA_FAULT_UNIMPLEMENTED, 4, "image_load (f0000100 00000000)");
	check_fault("v_mov_b32 v7, 0\nv_mov_b32 v8, 0\n", ISA_GFX11, ISA_FAULT_REGISTER, 4,
		    "v_mov_b32_e32 (7e100280)");
	check_fault("s_sendmsg sendmsg(MSG_HS_TESSFACTOR)\n", ISA_GFX11, ISA_FAULT_UNIMPLEMENTED, 0,
		    "s_sendmsg (bfb60002)");
}

static void what_is_no_instruction_is_a_fault(void **state)
{
	const uint32_t words[] = {0xbf800000, 0xffffffff};
	struct isa_launch launch = isa_machine_launch(32);

	(void)state;
	FOR_TARGETS(target)
	{
		struct isa_group *group = isa_machine_group(&launch, 32);

		isa_machine_start(target);
		isa_machine_words(words, 2);
		assert_int_equal(isa_machine_run(group), ISA_STOPPED);
		assert_int_equal(isa_group_fault(group)->kind, ISA_FAULT_ILLEGAL);
		assert_true(isa_group_fault(group)->pc == ISA_MACHINE_CODE + 4);
		assert_non_null(strstr(isa_group_fault(group)->instruction, "(ffffffff)"));
		stop(group);
	}
}

static void the_wave_is_named_that_stopped(void **state)
{
	struct isa_launch launch = isa_machine_launch(32);
	struct isa_group *group;

	(void)state;
	isa_machine_start(ISA_GFX12);
	isa_machine_program("s_bfe_u32 s4, ttmp8, 0x50019\n"
			    "s_cmp_eq_u32 s4, 2\n"
			    "s_cbranch_scc0 leave\n"
			    "s_trap 2\n"
			    "leave: s_sleep 1\n"
			    "s_branch leave",
			    32);
	group = ended(&launch, 4 * 32, ISA_STOPPED);
	assert_int_equal(isa_group_fault(group)->wave, 2);
	assert_int_equal(isa_group_counts(group)->groups, 0);
	stop(group);
}

static void check_place(const char *text, enum isa_fault_kind kind, enum isa_access access, uint64_t va,
			uint64_t pc)
{
	struct isa_launch launch = isa_machine_launch(32);
	struct isa_group *group;

	isa_machine_start(ISA_GFX11);
	isa_machine_program(text, 32);
	group = ended(&launch, 32, ISA_STOPPED);
	assert_int_equal(isa_group_fault(group)->kind, kind);
	assert_int_equal(isa_group_fault(group)->access, access);
	assert_int_equal(isa_group_fault(group)->va, va);
	assert_int_equal(isa_group_fault(group)->pc, pc);
	assert_int_equal(isa_group_fault(group)->lane, UINT32_MAX);
	stop(group);
}

static void faults_of_addresses_name_them(void **state)
{
	(void)state;
	/* runs off the end; half an instruction is there; goes where nothing is; and in between */
	check_place("s_nop 0\n", ISA_FAULT_PAGE, ISA_EXECUTE, ISA_MACHINE_CODE + 4, ISA_MACHINE_CODE + 4);
	check_place("s_nop 0\n.long 0xbe8000ff\n", ISA_FAULT_PAGE, ISA_EXECUTE, ISA_MACHINE_CODE + 8,
		    ISA_MACHINE_CODE + 4);
	check_place("s_mov_b32 s0, 0x5000\ns_mov_b32 s1, 4\ns_setpc_b64 s[0:1]\n", ISA_FAULT_PAGE,
		    ISA_EXECUTE, 0x400005000, 0x400005000);
	check_place("s_getpc_b64 s[0:1]\ns_add_u32 s0, s0, 2\ns_setpc_b64 s[0:1]\n", ISA_FAULT_ALIGNMENT,
		    ISA_EXECUTE, ISA_MACHINE_CODE + 6, ISA_MACHINE_CODE + 6);
	check_place("s_mov_b32 s0, 0x5000\ns_mov_b32 s1, 4\ns_load_b64 s[2:3], s[0:1], 0x18\n",
		    ISA_FAULT_PAGE, ISA_READ, 0x400005018, ISA_MACHINE_CODE + 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sgprs_are_those_of_the_user_and_then_those_enabled),
		cmocka_unit_test(lanes_are_the_items_in_order),
		cmocka_unit_test(mode_is_that_of_the_descriptor),
		cmocka_unit_test(other_memory_of_a_group_is_poisoned),
		cmocka_unit_test(nobody_passes_a_barrier_before_all_have_come),
		cmocka_unit_test(waves_that_have_ended_are_not_waited_for),
		cmocka_unit_test(split_barriers_have_numbers_and_states),
		cmocka_unit_test(a_group_that_waits_does_not_spin),
		cmocka_unit_test(others_have_their_turn_while_a_wave_sleeps),
		cmocka_unit_test(a_budget_is_kept_and_nothing_is_lost),
		cmocka_unit_test(lanes_are_counted_as_exec_has_them),
		cmocka_unit_test(faults_name_the_instruction),
		cmocka_unit_test(what_is_no_instruction_is_a_fault),
		cmocka_unit_test(the_wave_is_named_that_stopped),
		cmocka_unit_test(faults_of_addresses_name_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
