// SPDX-License-Identifier: MIT
#include "isa_memory_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t execs[] = {UINT64_MAX, 0x80f0ff0012345679, 0};

uint32_t memory_word(const uint8_t *bytes, uint32_t at)
{
	uint32_t word;

	memcpy(&word, bytes + at, sizeof(word));
	return word;
}

void memory_put_word(uint8_t *bytes, uint32_t at, uint32_t word)
{
	memcpy(bytes + at, &word, sizeof(word));
}

void memory_put_pair(struct vector_state *state, uint32_t vgpr, uint32_t lane, uint64_t value)
{
	state->vgprs[vgpr][lane] = (uint32_t)value;
	state->vgprs[vgpr + 1][lane] = (uint32_t)(value >> 32);
}

static void fill(struct vector_state *state, const struct vector_program *program, uint64_t exec)
{
	vector_reset(state, program->target, program->lanes);
	for (uint32_t i = 0; i < VECTOR_LDS; i++)
		state->lds[i] = (uint8_t)vector_mix(i * 7 + 3);
	for (uint32_t i = 0; i < VECTOR_BYTES; i++)
		state->memory[i] = (uint8_t)vector_mix(i * 9 + 4);
	state->exec &= exec;
}

static void compare_faults(const struct vector_program *program, const struct isa_fault *got,
			   const struct isa_fault *wanted)
{
	if (got->kind == wanted->kind &&
	    (got->kind == ISA_FAULT_NONE ||
	     (got->access == wanted->access && got->va == wanted->va && got->lane == wanted->lane)))
		return;
	fail_msg("%s on %s, %u lanes: %s, access %d of %llx by lane %d, instead of %s, %d, %llx, %d",
		 program->text, vector_processor(program->target), program->lanes, isa_fault_name(got->kind),
		 (int)got->access, (unsigned long long)got->va, (int)got->lane, isa_fault_name(wanted->kind),
		 (int)wanted->access, (unsigned long long)wanted->va, (int)wanted->lane);
}

static void compare_bytes(const struct vector_program *program, const char *what, const uint8_t *got,
			  const uint8_t *wanted, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (got[i] != wanted[i])
			fail_msg("%s on %s, %u lanes: %s at %x is %x instead of %x", program->text,
				 vector_processor(program->target), program->lanes, what, i, got[i],
				 wanted[i]);
}

static void compare(const struct memory_case *one, const struct vector_program *program,
		    const struct vector_state *got, const struct vector_state *wanted)
{
	const char *processor = vector_processor(program->target);

	compare_faults(program, &got->fault, &wanted->fault);
	if (one->reaches && (got->scope != wanted->scope || got->cache_actions != wanted->cache_actions))
		fail_msg("%s on %s: scope %d, cache actions %x instead of %d, %x", program->text, processor,
			 (int)got->scope, got->cache_actions, (int)wanted->scope, wanted->cache_actions);
	if (got->fault.kind != ISA_FAULT_NONE)
		return;
	for (uint32_t i = 0; i < VECTOR_VGPRS * ISA_LANES; i++) {
		const uint32_t vgpr = i / ISA_LANES, lane = i % ISA_LANES;

		if (got->vgprs[vgpr][lane] != wanted->vgprs[vgpr][lane])
			fail_msg("%s on %s, %u lanes, EXEC %llx: v%u of lane %u is %x instead of %x",
				 program->text, processor, program->lanes, (unsigned long long)got->exec,
				 vgpr, lane, got->vgprs[vgpr][lane], wanted->vgprs[vgpr][lane]);
	}
	for (uint32_t i = 0; i < VECTOR_SGPRS; i++)
		if (got->sgprs[i] != wanted->sgprs[i])
			fail_msg("%s on %s: s%u is %x instead of %x", program->text, processor, i,
				 got->sgprs[i], wanted->sgprs[i]);
	compare_bytes(program, "memory", got->memory, wanted->memory, VECTOR_BYTES);
	compare_bytes(program, "LDS", got->lds, wanted->lds, VECTOR_LDS);
	assert_true(got->vcc == wanted->vcc && got->exec == wanted->exec && got->scc == wanted->scc &&
		    got->m0 == wanted->m0);
}

static void try(const struct memory_case *one, const struct vector_program *program, uint64_t exec)
{
	static struct vector_state got, wanted;

	fill(&wanted, program, exec);
	if (one->prepare)
		one->prepare(&wanted, program->lanes, program->target);
	got = wanted;
	if (one->expect)
		one->expect(&wanted, program->lanes, program->target);
	vector_execute(program, &got);
	compare(one, program, &got, &wanted);
}

void memory_check_cases(const struct memory_case *cases, uint32_t count)
{
	struct vector_program *programs = calloc((size_t)count * ISA_TARGETS * 2, sizeof(*programs));
	const struct memory_case **of = calloc((size_t)count * ISA_TARGETS * 2, sizeof(*of));
	uint32_t used = 0;

	assert_true(programs && of);
	for (uint32_t i = 0; i < count * ISA_TARGETS * 2; i++) {
		const struct memory_case *one = &cases[i / (ISA_TARGETS * 2)];

		if (!(one->targets >> i / 2 % ISA_TARGETS & 1))
			continue;
		programs[used].target = (enum isa_target)(i / 2 % ISA_TARGETS);
		programs[used].lanes = i % 2 ? 64 : 32;
		assert_true(strlen(one->text) < sizeof(programs[used].text));
		strcpy(programs[used].text, one->text);
		of[used++] = one;
	}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		for (size_t k = 0; k < (of[i]->reaches ? 1 : sizeof(execs) / sizeof(execs[0])); k++)
			try(of[i], &programs[i], execs[k]);
	}
	free(of);
	free(programs);
}
