// SPDX-License-Identifier: MIT
/*
 * Two instructions in one, by AMD's "RDNA3" Instruction Set Architecture document: every first with every second operation; each half
 * reads what the other writes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "isa_vectors.h"

/* The constant of fmaak and fmamk, which both halves share. */
#define LITERAL 2.5f

struct operation {
	const char *name;
	uint32_t targets;
	bool second_only;
	bool one_source, middle_literal, last_literal;
	uint32_t (*value)(uint32_t a, uint32_t b, uint32_t d, bool in);
	bool about; /* not rounded as a float is */
};

static float number(uint32_t bits)
{
	return vector_float(bits);
}

static uint32_t bits(float value)
{
	return (uint32_t)vector_float_bits(value);
}

#define VALUE(name, expression)                                           \
	static uint32_t name(uint32_t a, uint32_t b, uint32_t d, bool in) \
	{                                                                 \
		(void)a, (void)b, (void)d, (void)in;                      \
		return (expression);                                      \
	}

static uint32_t dot(uint32_t a, uint32_t b, uint32_t d)
{
	return bits((float)(vector_half(a & 0xffff) * vector_half(b & 0xffff) +
			    vector_half(a >> 16) * vector_half(b >> 16) + (double)number(d)));
}

VALUE(fmac, bits(fmaf(number(a), number(b), number(d))))
VALUE(fmaak, bits(fmaf(number(a), number(b), LITERAL)))
VALUE(fmamk, bits(fmaf(number(a), LITERAL, number(b))))
VALUE(mul, bits(number(a) * number(b)))
VALUE(add, bits(number(a) + number(b)))
VALUE(sub, bits(number(a) - number(b)))
VALUE(subrev, bits(number(b) - number(a)))
VALUE(mul_dx9, number(a) == 0 || number(b) == 0 ? 0 : bits(number(a) * number(b)))
VALUE(mov, a)
VALUE(cndmask, in ? b : a)
VALUE(max, bits(fmaxf(number(a), number(b))))
VALUE(min, bits(fminf(number(a), number(b))))
VALUE(dot2acc, dot(a, b, d))
VALUE(add_nc, a + b)
VALUE(lshlrev, b << (a & 31))
VALUE(and, a &b)

static const struct operation operations[] = {
	{.name = "fmac_f32", .value = fmac},
	{.name = "fmaak_f32", .value = fmaak, .last_literal = true},
	{.name = "fmamk_f32", .value = fmamk, .middle_literal = true},
	{.name = "mul_f32", .value = mul},
	{.name = "add_f32", .value = add},
	{.name = "sub_f32", .value = sub},
	{.name = "subrev_f32", .value = subrev},
	{.name = "mul_dx9_zero_f32", .value = mul_dx9},
	{.name = "mov_b32", .value = mov, .one_source = true},
	{.name = "cndmask_b32", .value = cndmask},
	{.name = "max_f32", .targets = ON_GFX11, .value = max},
	{.name = "min_f32", .targets = ON_GFX11, .value = min},
	{.name = "max_num_f32", .targets = ON_GFX12, .value = max},
	{.name = "min_num_f32", .targets = ON_GFX12, .value = min},
	{.name = "dot2acc_f32_f16", .targets = ON_GFX11, .value = dot2acc, .about = true},
	{.name = "add_nc_u32", .value = add_nc, .second_only = true},
	{.name = "lshlrev_b32", .value = lshlrev, .second_only = true},
	{.name = "and_b32", .value = and, .second_only = true},
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* The first half writes v4, which is the second's first source, and the second v1, which is that of the first. */
static const unsigned sources[2][2] = {{1, 2}, {4, 7}}, results[2] = {4, 1};

static void write_half(char *text, size_t size, const struct operation *operation, unsigned half)
{
	int used =
		snprintf(text, size, "v_dual_%s v%u, v%u", operation->name, results[half], sources[half][0]);

	assert_true(used > 0 && (size_t)used < size);
	if (operation->one_source)
		return;
	snprintf(text + used, size - (size_t)used, "%s, v%u%s",
		 operation->middle_literal ? ", 0x40200000" : "", sources[half][1],
		 operation->last_literal ? ", 0x40200000" : "");
}

static bool applies(const struct operation *first, const struct operation *second, enum isa_target target)
{
	const uint32_t bit = 1u << target;

	if (first->second_only || (first->targets && !(first->targets & bit)))
		return false;
	return !second->targets || second->targets & bit;
}

static bool same(const struct operation *operation, uint32_t got, uint32_t wanted)
{
	if (operation->about && !isnan(number(wanted)))
		return fabsf(number(got) - number(wanted)) <= fabsf(number(wanted)) * 0x1p-18f + 0x1p-18f;
	return vector_same_f32(got, wanted);
}

static void fill(struct vector_state *state, enum isa_target target, uint64_t exec)
{
	vector_reset(state, target, 32);
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t k = 0; k < 32; k++)
			state->vgprs[i][k] = bits((float)(int32_t)vector_mix(i * 32 + k) * 0x1p-29f);
	/* -0 and 0 among them */
	state->vgprs[1][3] = 0x80000000;
	state->vgprs[7][5] = 0;
	state->vcc = 0x5a3c0ff1;
	state->exec = exec;
}

static void try(const struct operation *both[2], const struct vector_program *program, uint64_t exec)
{
	static struct vector_state before, after;

	fill(&before, program->target, exec);
	after = before;
	vector_execute(program, &after);
	if (after.fault.kind != ISA_FAULT_NONE)
		fail_msg("%s on %s: %s", program->text, vector_processor(program->target),
			 isa_fault_name(after.fault.kind));
	for (uint32_t i = 0; i < 64; i++) {
		const uint32_t lane = i / 2, half = i % 2, got = after.vgprs[results[half]][lane];
		const uint32_t old = before.vgprs[results[half]][lane];
		const uint32_t wanted =
			both[half]->value(before.vgprs[sources[half][0]][lane],
					  before.vgprs[sources[half][1]][lane], old, before.vcc >> lane & 1);

		if (exec >> lane & 1 ? !same(both[half], got, wanted) : got != old)
			fail_msg("%s on %s: v%u of lane %u is %x instead of %x", program->text,
				 vector_processor(program->target), results[half], lane, got,
				 exec >> lane & 1 ? wanted : old);
	}
}

static void all_pairs(void **state)
{
	const uint32_t most = OPERATIONS * OPERATIONS * ISA_TARGETS;
	struct vector_program *programs = calloc(most, sizeof(*programs));
	uint32_t *of = calloc(most, sizeof(*of)), used = 0;

	(void)state;
	assert_true(programs && of);
	for (uint32_t i = 0; i < most; i++) {
		const struct operation *first = &operations[i / OPERATIONS % OPERATIONS];
		const struct operation *second = &operations[i % OPERATIONS];
		const enum isa_target target = (enum isa_target)(i / OPERATIONS / OPERATIONS);
		char halves[2][100];

		if (target == ISA_GFX10_3 || !applies(first, second, target))
			continue;
		write_half(halves[0], sizeof(halves[0]), first, 0);
		write_half(halves[1], sizeof(halves[1]), second, 1);
		programs[used].target = target;
		programs[used].lanes = 32;
		snprintf(programs[used].text, sizeof(programs[used].text), "%s :: %s", halves[0], halves[1]);
		of[used++] = i;
	}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		const struct operation *both[2] = {&operations[of[i] / OPERATIONS % OPERATIONS],
						   &operations[of[i] % OPERATIONS]};

		try(both, &programs[i], UINT32_MAX);
		try(both, &programs[i], 0x9e370f01);
	}
	free(of);
	free(programs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
