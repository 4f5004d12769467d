// SPDX-License-Identifier: MIT
#include "isa_valu_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES 40U

static void fill(struct vector_state *s)
{
	for (uint32_t i = 0; i < ISA_LANES; i++) {
		const float k = (float)i;

		s->vgprs[1][i] = bits(k * 0.75F - 7);
		s->vgprs[2][i] = bits(5 - k * 1.25F);
		s->vgprs[4][i] = half(k * 0.5F - 3) | half(2 - k * 0.25F) << 16;
		s->vgprs[5][i] = half(1.5F + k) | half(k * -0.125F) << 16;
		put_pair(s, 6, i, (double)i * 1.5 - 20);
		put_pair(s, 8, i, 3 - (double)i * 2.5);
		s->vgprs[12][i] = (uint32_t)vector_mix(i);
		s->vgprs[13][i] = (uint32_t)vector_mix(i + 1000);
	}
	s->sgprs[5] = bits(1.25F);
	s->sgprs[6] = (uint32_t)vector_double_bits(-2.75);
	s->sgprs[7] = (uint32_t)(vector_double_bits(-2.75) >> 32);
	s->sgprs[8] = half(0.75F) | half(-2) << 16;
	s->m0 = 0x12345678;
	s->vcc = 0x123456789abcdef0;
	s->sgprs[30] = 0x0ff01234;
	s->sgprs[31] = 0x55aa3c3c;
}

static void check_lane(const struct test_case *test, const struct vector_program *program,
		       const struct vector_state *before, const struct vector_state *after, uint32_t lane,
		       bool written)
{
	const uint32_t number = test->pair ? PAIR : RESULT;
	const uint64_t mask = test->pair ? UINT64_MAX : UINT32_MAX;
	const uint64_t got = pair(after, number, lane) & mask;
	const uint64_t old = pair(before, number, lane) & mask;
	const uint64_t wanted = written ? test->expect(before, lane, program->lanes) & mask : old;

	if (got != wanted)
		fail_msg("%s: %s, %u lanes, exec %016llx: lane %u is %llx, not %llx (was %llx)",
			 vector_processor(program->target), program->text, program->lanes,
			 (unsigned long long)before->exec, lane, (unsigned long long)got,
			 (unsigned long long)wanted, (unsigned long long)old);
}

static void check_case(const struct test_case *test, const struct vector_program *program, uint64_t exec)
{
	struct vector_state *before = calloc(1, sizeof(*before)), *after = calloc(1, sizeof(*after));
	uint64_t written = exec;

	assert_non_null(before);
	assert_non_null(after);
	vector_reset(before, program->target, program->lanes);
	fill(before);
	before->exec = exec;
	if (program->lanes == 32)
		before->vcc = (uint32_t)before->vcc;
	if (test->prepare)
		test->prepare(before);
	*after = *before;
	vector_execute(program, after);
	if (after->fault.kind != ISA_FAULT_NONE)
		fail_msg("%s: %s: %s", vector_processor(program->target), program->text,
			 isa_fault_name(after->fault.kind));
	if (test->verify) {
		test->verify(before, after, program->lanes);
		free(before);
		free(after);
		return;
	}
	if (test->written)
		written &= test->written(exec, program->lanes);
	for (uint32_t i = 0; i < program->lanes; i++)
		check_lane(test, program, before, after, i, written >> i & 1);
	/* nothing else has changed */
	for (uint32_t i = 0; i < VECTOR_VGPRS; i++) {
		if (test->pair ? i == PAIR || i == PAIR + 1 : i == RESULT)
			continue;
		if (memcmp(before->vgprs[i], after->vgprs[i], program->lanes * sizeof(uint32_t)))
			fail_msg("%s: v%u has changed", program->text, i);
	}
	assert_memory_equal(before->sgprs, after->sgprs, sizeof(before->sgprs));
	assert_true(before->vcc == after->vcc);
	assert_true(before->exec == after->exec);
	free(before);
	free(after);
}

/* Each on all of its targets, with 32 and 64 lanes, with all lanes active, with some and with none. */
void valu_check(const struct test_case *tests, uint32_t count)
{
	static const uint64_t execs[] = {UINT64_MAX, 0x8421f00f7e3c0ff0, 0};
	static struct vector_program programs[CASES * ISA_TARGETS * 2];
	static const struct test_case *of[CASES * ISA_TARGETS * 2];
	uint32_t used = 0;

	assert_in_range(count, 1, CASES);
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t t = 0; t < ISA_TARGETS; t++) {
			for (uint32_t lanes = 32; lanes <= 64; lanes += 32) {
				if (t == ISA_GFX11_5 || !(tests[i].targets >> t & 1) ||
				    (tests[i].lanes && tests[i].lanes != lanes))
					continue;
				of[used] = &tests[i];
				programs[used] =
					(struct vector_program){.target = (enum isa_target)t, .lanes = lanes};
				snprintf(programs[used++].text, sizeof(programs[0].text), "%s",
					 tests[i].text);
			}
		}
	}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		if (of[i]->patch)
			of[i]->patch(&programs[i]);
		for (uint32_t j = 0; j < sizeof(execs) / sizeof(execs[0]); j++)
			check_case(of[i], &programs[i],
				   programs[i].lanes == 64 ? execs[j] : (uint32_t)execs[j]);
	}
}
