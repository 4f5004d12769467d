// SPDX-License-Identifier: MIT
/*
 * Sub-dword addressing of gfx10.3, by AMD's "RDNA 2" Instruction Set Architecture document: every part as a source and as the result,
 * with whatever becomes of the rest of the register.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_vectors.h"

static const struct {
	const char *name;
	uint32_t shift, bits;
} parts[] = {
	{"BYTE_0", 0, 8},  {"BYTE_1", 8, 8},   {"BYTE_2", 16, 8}, {"BYTE_3", 24, 8},
	{"WORD_0", 0, 16}, {"WORD_1", 16, 16}, {"DWORD", 0, 32},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

enum rest { REST_ZERO, REST_SIGN, REST_STAYS, RESTS };

static const char *const rests[] = {"UNUSED_PAD", "UNUSED_SEXT", "UNUSED_PRESERVE"};

struct trial {
	uint32_t first, second, result;
	bool first_sign, second_sign;
	enum rest rest;
};

static uint32_t taken(uint32_t word, uint32_t part, bool sign)
{
	const uint32_t bits = parts[part].bits;
	uint32_t value = word >> parts[part].shift;

	if (bits == 32)
		return value;
	value &= (1u << bits) - 1;
	return sign && value >> (bits - 1) ? value | ~0u << bits : value;
}

static uint32_t put(uint32_t old, uint32_t value, const struct trial *trial)
{
	const uint32_t shift = parts[trial->result].shift, bits = parts[trial->result].bits;
	const uint32_t mask = bits == 32 ? ~0u : ((1u << bits) - 1) << shift;
	const uint32_t placed = value << shift & mask;

	if (trial->rest == REST_STAYS)
		return (old & ~mask) | placed;
	/* above what was written */
	if (trial->rest == REST_SIGN && shift + bits < 32 && value >> (bits - 1) & 1)
		return placed | ~0u << (shift + bits);
	return placed;
}

static void write_source(char *text, size_t size, const char *name, bool sign)
{
	snprintf(text, size, sign ? "sext(%s)" : "%s", name);
}

static void write_text(struct vector_program *program, const struct trial *trial)
{
	char first[16], second[16];

	write_source(first, sizeof(first), "v4", trial->first_sign);
	write_source(second, sizeof(second), "v6", trial->second_sign);
	snprintf(program->text, sizeof(program->text),
		 "v_sub_nc_u32_sdwa v8, %s, %s dst_sel:%s dst_unused:%s src0_sel:%s src1_sel:%s", first,
		 second, parts[trial->result].name, rests[trial->rest], parts[trial->first].name,
		 parts[trial->second].name);
}

static void try(const struct trial *trial, const struct vector_program *program)
{
	static struct vector_state before, after;

	vector_reset(&before, program->target, program->lanes);
	for (uint32_t i = 0; i < program->lanes; i++) {
		before.vgprs[4][i] = (uint32_t)vector_mix(i);
		before.vgprs[6][i] = (uint32_t)vector_mix(i + 64);
		before.vgprs[8][i] = (uint32_t)vector_mix(i + 128);
	}
	before.exec &= 0x80f0ff0052345679;
	after = before;
	vector_execute(program, &after);
	if (after.fault.kind != ISA_FAULT_NONE)
		fail_msg("%s: %s", program->text, isa_fault_name(after.fault.kind));
	for (uint32_t i = 0; i < program->lanes; i++) {
		const uint32_t a = before.vgprs[4][i], b = before.vgprs[6][i];
		const uint32_t value = taken(a, trial->first, trial->first_sign) -
				       taken(b, trial->second, trial->second_sign);
		const uint32_t wanted =
			before.exec >> i & 1 ? put(before.vgprs[8][i], value, trial) : before.vgprs[8][i];

		if (after.vgprs[8][i] != wanted)
			fail_msg("%s: %x - %x, was %x: %x instead of %x", program->text, a, b,
				 before.vgprs[8][i], after.vgprs[8][i], wanted);
	}
}

static void parts_of_registers(void **state)
{
	const uint32_t count = PARTS * PARTS * RESTS * 4;
	struct vector_program *programs = calloc(count, sizeof(*programs));
	struct trial *trials = calloc(count, sizeof(*trials));

	(void)state;
	assert_true(programs && trials);
	for (uint32_t i = 0; i < count; i++) {
		trials[i] = (struct trial){
			.first = i / 4 / RESTS % PARTS,
			.second = (uint32_t)vector_mix(i) % PARTS,
			.result = i / 4 / RESTS / PARTS,
			.first_sign = i & 1,
			.second_sign = i & 2,
			.rest = (enum rest)(i / 4 % RESTS),
		};
		programs[i].target = ISA_GFX10_3;
		programs[i].lanes = i / 2 % 2 ? 64 : 32;
		write_text(&programs[i], &trials[i]);
	}
	vector_assemble(programs, count);
	for (uint32_t i = 0; i < count; i++) {
		try(&trials[i], &programs[i]);
	}
	free(trials);
	free(programs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
