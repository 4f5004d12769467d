// SPDX-License-Identifier: MIT
#include "isa_memory_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOURCE 4u
#define SECOND 6u
#define RESULT 8u

/* Partly off, too. */
static const uint64_t execs[] = {UINT64_MAX, 0x80f0ff0012345679};

struct trial {
	const struct memory_row *row;
	const struct memory_way *way;
	bool returns;
};

/* ---- text ---- */

static uint32_t words_of(uint32_t bytes)
{
	return (bytes + 3) / 4;
}

static void put_registers(char *text, size_t size, uint32_t first, uint32_t count)
{
	if (count == 1)
		snprintf(text, size, "v%u", first);
	else
		snprintf(text, size, "v[%u:%u]", first, first + count - 1);
}

static void write_text(struct vector_program *program, const struct trial *trial, const char *text,
		       bool one_list)
{
	const struct memory_row *row = trial->row;
	uint32_t words = words_of(row->bytes);
	size_t used = 0;

	for (const char *at = text; *at; at++) {
		char part[48] = {*at, '\0'};

		if (*at == '$') {
			at++;
			if (*at == 'n')
				snprintf(part, sizeof(part), "%s", row->name);
			else if (*at == 'r')
				put_registers(part, sizeof(part), RESULT, words);
			else if (*at == 's')
				put_registers(part, sizeof(part), SOURCE,
					      row->two && one_list ? 2 * words : words);
			else if (*at == 't')
				put_registers(part, sizeof(part), SECOND, words);
			else if (*at == 'g')
				snprintf(part, sizeof(part), "%s",
					 program->target == ISA_GFX12 ? "th:TH_ATOMIC_RETURN" : "glc");
			else
				fail_msg("$%c in %s", *at, text);
		}
		assert_true(used + strlen(part) < sizeof(program->text));
		used += (size_t)snprintf(program->text + used, sizeof(program->text) - used, "%s", part);
	}
}

static const char *text_of(const struct trial *trial)
{
	switch (trial->row->kind) {
	case MEMORY_LOAD:
		return trial->way->load;
	case MEMORY_STORE:
		return trial->way->store;
	default:
		return trial->returns ? trial->way->returning : trial->way->atomic;
	}
}

/* ---- values ---- */

static uint32_t float_word(uint64_t random)
{
	static const uint32_t corners[] = {0x7f800000, 0xff800000, 0x3f800000, 0xbf800000, 0x7f7fffff};

	if (random >> 40 & 7)
		return (uint32_t)((random & 0x80ffffff) | (0x3e + (random >> 44 & 3)) << 24);
	return corners[random % 5];
}

static uint64_t value_of(enum memory_values values, uint32_t bytes, uint64_t random)
{
	switch (values) {
	case MEMORY_SMALL:
		random = random & 0x100 ? random & 0x3 : ~(random & 0x3);
		break;
	case MEMORY_FLOATS:
		random = bytes == 4 ? float_word(random)
				    : vector_double_bits((double)vector_float(float_word(random)) / 3);
		break;
	case MEMORY_HALVES:
		random = (random & 0x83ff83ff) | (12 + (random >> 40 & 7)) << 10 |
			 (12 + (random >> 44 & 7)) << 26;
		break;
	case MEMORY_BF16:
		random = (random & 0x807f807f) | (124 + (random >> 40 & 7)) << 7 |
			 (124 + (random >> 44 & 7)) << 23;
		break;
	default:
		break;
	}
	return bytes == 4 ? (uint32_t)random : random;
}

static uint64_t take(const struct trial *trial, struct vector_state *state, uint32_t lane, uint32_t lanes)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < trial->row->bytes && i < 8; i++)
		value |= (uint64_t)*trial->way->place(state, lane, lanes, i) << (8 * i);
	return value;
}

static void give(const struct trial *trial, struct vector_state *state, uint32_t lane, uint32_t lanes,
		 uint64_t value)
{
	for (uint32_t i = 0; i < trial->row->bytes && i < 8; i++)
		*trial->way->place(state, lane, lanes, i) = (uint8_t)(value >> (8 * i));
}

static void put_words(struct vector_state *state, uint32_t vgpr, uint32_t lane, uint32_t words,
		      uint64_t value)
{
	state->vgprs[vgpr][lane] = (uint32_t)value;
	if (words == 2)
		state->vgprs[vgpr + 1][lane] = (uint32_t)(value >> 32);
}

static uint64_t take_words(const struct vector_state *state, uint32_t vgpr, uint32_t lane, uint32_t words)
{
	return state->vgprs[vgpr][lane] | (words == 2 ? (uint64_t)state->vgprs[vgpr + 1][lane] << 32 : 0);
}

/* Operands of a DS instruction are in two lists of registers. */
static uint32_t second_register(const struct trial *trial, uint32_t words)
{
	return strstr(text_of(trial), "$t") ? SECOND : SOURCE + words;
}

static void fill(const struct trial *trial, struct vector_state *state, uint32_t lanes,
		 enum isa_target target)
{
	uint32_t words = words_of(trial->row->bytes);

	vector_reset(state, target, lanes);
	for (uint32_t i = 0; i < VECTOR_BYTES; i++)
		state->memory[i] = (uint8_t)vector_mix(i * 3 + 1);
	for (uint32_t i = 0; i < VECTOR_LDS; i++)
		state->lds[i] = (uint8_t)vector_mix(i * 5 + 2);
	for (uint32_t i = SOURCE; i < RESULT; i++)
		for (uint32_t k = 0; k < ISA_LANES; k++)
			state->vgprs[i][k] = (uint32_t)vector_mix(i * 64 + k);
	trial->way->prepare(state, lanes, target);
	if (trial->row->kind != MEMORY_ATOMIC)
		return;
	for (uint32_t k = 0; k < lanes; k++) {
		const uint64_t seed = vector_mix(k * 3 + 11);
		const uint64_t old = value_of(trial->row->values, trial->row->bytes, vector_mix(seed + 1));
		uint64_t other = value_of(trial->row->values, trial->row->bytes, vector_mix(seed + 2));

		/* what is compared should be equal at times */
		if (seed & 1 && trial->row->two)
			other = old;
		put_words(state, SOURCE, k, words,
			  value_of(trial->row->values, trial->row->bytes, vector_mix(seed + 3)));
		if (trial->row->two)
			put_words(state, second_register(trial, words), k, words, other);
		give(trial, state, k, lanes, old);
	}
}

/* ---- what is expected ---- */

static void load_lane(const struct trial *trial, struct vector_state *state, uint32_t lane, uint32_t lanes)
{
	const struct memory_row *row = trial->row;
	uint64_t value = take(trial, state, lane, lanes);
	uint32_t *result = &state->vgprs[RESULT][lane];

	if (row->bytes >= 4) {
		for (uint32_t i = 0; i < row->bytes; i += 4) {
			uint32_t word = 0;

			for (uint32_t k = 0; k < 4; k++)
				word |= (uint32_t)*trial->way->place(state, lane, lanes, i + k) << (8 * k);
			state->vgprs[RESULT + i / 4][lane] = word;
		}
		return;
	}
	if (row->sign && value >> (8 * row->bytes - 1) & 1)
		value |= ~0ull << (8 * row->bytes);
	if (!row->d16)
		*result = (uint32_t)value;
	else if (row->high)
		*result = (*result & 0xffff) | (uint32_t)(value & 0xffff) << 16;
	else
		*result = (*result & 0xffff0000) | (uint32_t)(value & 0xffff);
}

static void store_lane(const struct trial *trial, struct vector_state *state, uint32_t lane, uint32_t lanes)
{
	const uint32_t from = trial->row->high ? 2 : 0;

	for (uint32_t i = 0; i < trial->row->bytes; i++)
		*trial->way->place(state, lane, lanes, i) =
			(uint8_t)(state->vgprs[SOURCE + (from + i) / 4][lane] >> (8 * ((from + i) % 4)));
}

static void change_lane(const struct trial *trial, struct vector_state *state, uint32_t lane, uint32_t lanes)
{
	const uint32_t words = words_of(trial->row->bytes);
	const uint64_t old = take(trial, state, lane, lanes);
	uint64_t data = take_words(state, SOURCE, lane, words), other = 0, value;

	if (trial->row->two)
		other = take_words(state, second_register(trial, words), lane, words);
	if (trial->row->other_first)
		value = trial->row->modify(old, other, data);
	else
		value = trial->row->modify(old, data, other);
	give(trial, state, lane, lanes, value);
	if (trial->returns)
		put_words(state, trial->way->returns_to_source ? SOURCE : RESULT, lane, words, old);
}

static void expect_all(const struct trial *trial, struct vector_state *state, uint32_t lanes)
{
	for (uint32_t lane = 0; lane < lanes; lane++) {
		if (!(state->exec >> lane & 1))
			continue;
		if (trial->row->kind == MEMORY_LOAD)
			load_lane(trial, state, lane, lanes);
		else if (trial->row->kind == MEMORY_STORE)
			store_lane(trial, state, lane, lanes);
		else
			change_lane(trial, state, lane, lanes);
	}
}

static void compare(const struct vector_program *program, const struct vector_state *got,
		    const struct vector_state *wanted)
{
	const char *processor = vector_processor(program->target);

	if (got->fault.kind != ISA_FAULT_NONE)
		fail_msg("%s on %s, %u lanes: %s at %llx, lane %u", program->text, processor, program->lanes,
			 isa_fault_name(got->fault.kind), (unsigned long long)got->fault.va, got->fault.lane);
	for (uint32_t i = 0; i < VECTOR_VGPRS; i++)
		for (uint32_t k = 0; k < program->lanes; k++)
			if (got->vgprs[i][k] != wanted->vgprs[i][k])
				fail_msg("%s on %s, %u lanes: v%u of lane %u is %x instead of %x",
					 program->text, processor, program->lanes, i, k, got->vgprs[i][k],
					 wanted->vgprs[i][k]);
	for (uint32_t i = 0; i < VECTOR_BYTES; i++)
		if (got->memory[i] != wanted->memory[i])
			fail_msg("%s on %s, %u lanes: memory at %x is %x instead of %x", program->text,
				 processor, program->lanes, i, got->memory[i], wanted->memory[i]);
	for (uint32_t i = 0; i < VECTOR_LDS; i++)
		if (got->lds[i] != wanted->lds[i])
			fail_msg("%s on %s, %u lanes: LDS at %x is %x instead of %x", program->text,
				 processor, program->lanes, i, got->lds[i], wanted->lds[i]);
	assert_memory_equal(got->sgprs, wanted->sgprs, sizeof(got->sgprs));
	assert_true(got->vcc == wanted->vcc && got->exec == wanted->exec && got->scc == wanted->scc &&
		    got->m0 == wanted->m0);
}

static void try(const struct trial *trial, const struct vector_program *program)
{
	static struct vector_state got, wanted;

	for (size_t i = 0; i < sizeof(execs) / sizeof(execs[0]); i++) {
		fill(trial, &wanted, program->lanes, program->target);
		wanted.exec &= execs[i];
		got = wanted;
		expect_all(trial, &wanted, program->lanes);
		vector_execute(program, &got);
		compare(program, &got, &wanted);
	}
}

/* ---- tables ---- */

static bool applies(const struct trial *trial, enum isa_target target)
{
	if (trial->row->always_returns && !trial->returns)
		return false;
	return text_of(trial) && trial->row->targets & trial->way->targets & 1u << target;
}

void memory_check(const struct memory_row *rows, uint32_t rows_count, const struct memory_way *ways,
		  uint32_t ways_count)
{
	const uint32_t most = rows_count * ways_count * ISA_TARGETS * 4;
	struct vector_program *programs = calloc(most, sizeof(*programs));
	struct trial *trials = calloc(most, sizeof(*trials));
	uint32_t used = 0;

	assert_true(programs && trials);
	for (uint32_t i = 0; i < rows_count * ways_count * 2; i++) {
		const struct trial trial = {&rows[i / 2 / ways_count], &ways[i / 2 % ways_count], i % 2};

		if (trial.row->kind != MEMORY_ATOMIC && trial.returns)
			continue;
		for (uint32_t target = 0; target < ISA_TARGETS; target++)
			for (uint32_t lanes = 32; lanes <= 64 && applies(&trial, (enum isa_target)target);
			     lanes += 32) {
				programs[used].target = (enum isa_target)target;
				programs[used].lanes = lanes;
				write_text(&programs[used], &trial, text_of(&trial),
					   !strstr(text_of(&trial), "$t"));
				trials[used++] = trial;
			}
	}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		try(&trials[i], &programs[i]);
	}
	free(trials);
	free(programs);
}
