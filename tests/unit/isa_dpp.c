// SPDX-License-Identifier: MIT
/*
 * Data-parallel primitives, by AMD's Instruction Set Architecture documents: every control with every treatment of lanes that are not
 * there or off, and eights of lanes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_vectors.h"

enum control {
	QUAD_PERM,
	ROW_SHL,
	ROW_SHR,
	ROW_ROR,
	ROW_MIRROR,
	ROW_HALF_MIRROR,
	ROW_SHARE,
	ROW_XMASK,
	EIGHTS,
};

struct trial {
	enum control control;
	uint32_t amount; /* or a number from which selectors are made */
	bool bound_control, fetch_inactive;
	uint32_t row_mask, bank_mask;
};

static const uint64_t execs[] = {UINT64_MAX, 0x80f0ff0012345679, 0};

/* Of four or eight lanes: three bits each. */
static uint32_t selector(const struct trial *trial, uint32_t number)
{
	return (uint32_t)(vector_mix(trial->amount + 5) >> (3 * number)) & (trial->control == EIGHTS ? 7 : 3);
}

static void write_control(char *text, size_t size, const struct trial *trial)
{
	static const char *const names[] = {
		[ROW_SHL] = "row_shl",	   [ROW_SHR] = "row_shr",     [ROW_ROR] = "row_ror",
		[ROW_SHARE] = "row_share", [ROW_XMASK] = "row_xmask",
	};

	switch (trial->control) {
	case QUAD_PERM:
		snprintf(text, size, "quad_perm:[%u,%u,%u,%u]", selector(trial, 0), selector(trial, 1),
			 selector(trial, 2), selector(trial, 3));
		break;
	case EIGHTS:
		snprintf(text, size, "dpp8:[%u,%u,%u,%u,%u,%u,%u,%u]", selector(trial, 0), selector(trial, 1),
			 selector(trial, 2), selector(trial, 3), selector(trial, 4), selector(trial, 5),
			 selector(trial, 6), selector(trial, 7));
		break;
	case ROW_MIRROR:
		snprintf(text, size, "row_mirror");
		break;
	case ROW_HALF_MIRROR:
		snprintf(text, size, "row_half_mirror");
		break;
	default:
		snprintf(text, size, "%s:%u", names[trial->control], trial->amount);
	}
}

static void write_text(struct vector_program *program, const struct trial *trial, bool e64)
{
	char control[64], masks[80] = "";

	write_control(control, sizeof(control), trial);
	if (trial->control != EIGHTS)
		snprintf(masks, sizeof(masks), " row_mask:0x%x bank_mask:0x%x%s", trial->row_mask,
			 trial->bank_mask, trial->bound_control ? " bound_ctrl:1" : "");
	snprintf(program->text, sizeof(program->text), "v_sub_nc_u32%s_dpp v8, v4, v6 %s%s%s",
		 e64 ? "_e64" : "", control, masks, trial->fetch_inactive ? " fi:1" : "");
}

/* Whose first source a lane gets; -1: there is none. */
static int source_of(const struct trial *trial, uint32_t lane)
{
	const int row = (int)(lane & ~15u), place = (int)(lane & 15), amount = (int)trial->amount;

	switch (trial->control) {
	case QUAD_PERM:
		return (int)(lane & ~3u) + (int)selector(trial, lane & 3);
	case ROW_SHL:
		return place + amount < 16 ? row + place + amount : -1;
	case ROW_SHR:
		return place >= amount ? row + place - amount : -1;
	case ROW_ROR:
		return row + ((place - amount) & 15);
	case ROW_MIRROR:
		return row + 15 - place;
	case ROW_HALF_MIRROR:
		return row + (place ^ 7);
	case ROW_SHARE:
		return row + amount;
	case ROW_XMASK:
		return row + (place ^ amount);
	default:
		return (int)(lane & ~7u) + (int)selector(trial, lane & 7);
	}
}

static uint32_t expected(const struct trial *trial, const struct vector_state *before, uint32_t lane)
{
	const uint32_t old = before->vgprs[8][lane], other = before->vgprs[6][lane];
	const int from = source_of(trial, lane);

	if (!(before->exec >> lane & 1))
		return old;
	if (trial->control != EIGHTS &&
	    !(trial->row_mask >> lane / 16 & 1 && trial->bank_mask >> lane % 16 / 4 & 1))
		return old;
	if (from >= 0 && (trial->fetch_inactive || before->exec >> from & 1))
		return before->vgprs[4][from] - other;
	/* eights have no bound control: what is off is 0 */
	return trial->bound_control || trial->control == EIGHTS ? 0 - other : old;
}

static void try(const struct trial *trial, const struct vector_program *program)
{
	static struct vector_state before, after;

	for (size_t i = 0; i < sizeof(execs) / sizeof(execs[0]); i++) {
		vector_reset(&before, program->target, program->lanes);
		before.exec &= execs[i];
		after = before;
		vector_execute(program, &after);
		if (after.fault.kind != ISA_FAULT_NONE)
			fail_msg("%s on %s: %s", program->text, vector_processor(program->target),
				 isa_fault_name(after.fault.kind));
		for (uint32_t lane = 0; lane < program->lanes; lane++)
			before.vgprs[9][lane] = expected(trial, &before, lane);
		for (uint32_t lane = 0; lane < program->lanes; lane++)
			if (after.vgprs[8][lane] != before.vgprs[9][lane])
				fail_msg("%s on %s, %u lanes, EXEC %llx: lane %u has %x instead of %x",
					 program->text, vector_processor(program->target), program->lanes,
					 (unsigned long long)before.exec, lane, after.vgprs[8][lane],
					 before.vgprs[9][lane]);
	}
}

static void check(const struct trial *trials, uint32_t count)
{
	struct vector_program *programs = calloc((size_t)count * ISA_TARGETS * 2, sizeof(*programs));

	assert_non_null(programs);
	for (uint32_t i = 0; i < count * ISA_TARGETS * 2; i++) {
		programs[i].target = (enum isa_target)(i / 2 % ISA_TARGETS);
		programs[i].lanes = i % 2 ? 64 : 32;
		write_text(&programs[i], &trials[i / (ISA_TARGETS * 2)],
			   programs[i].target != ISA_GFX10_3 && i / 16 % 2);
	}
	vector_assemble(programs, count * ISA_TARGETS * 2);
	for (uint32_t i = 0; i < count * ISA_TARGETS * 2; i++) {
		try(&trials[i / (ISA_TARGETS * 2)], &programs[i]);
	}
	free(programs);
}

/* All rows and banks for the first treatments, some of them for others. */
static struct trial treated(enum control control, uint32_t amount, uint32_t treatment)
{
	return (struct trial){
		.control = control,
		.amount = amount,
		.bound_control = treatment & 1,
		.fetch_inactive = treatment & 2,
		.row_mask = treatment & 4 ? 0x6 : 0xf,
		.bank_mask = treatment & 4 ? 0xb : 0xf,
	};
}

static void rows_of_lanes(void **state)
{
	static struct trial trials[1000];
	uint32_t used = 0;

	(void)state;
	for (uint32_t treatment = 0; treatment < 8; treatment++) {
		for (uint32_t amount = treatment & 4 ? 11 : 0; amount < 16; amount++) {
			for (enum control control = QUAD_PERM; control <= ROW_XMASK; control++) {
				const bool shifts = control >= ROW_SHL && control <= ROW_ROR;

				if (shifts && !amount)
					continue;
				if ((control == ROW_MIRROR || control == ROW_HALF_MIRROR) && amount != 11)
					continue;
				assert_in_range(used, 0, sizeof(trials) / sizeof(trials[0]) - 1);
				trials[used++] = treated(control, amount, treatment);
			}
		}
	}
	check(trials, used);
}

static void eights_of_lanes(void **state)
{
	struct trial trials[24];

	(void)state;
	for (uint32_t i = 0; i < 24; i++)
		trials[i] = treated(EIGHTS, i, i % 2 ? 2 : 0);
	check(trials, 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_lanes),
		cmocka_unit_test(eights_of_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
