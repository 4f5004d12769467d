// SPDX-License-Identifier: MIT
/* Rows of tables of instructions, tried with corner values against each other and with random ones. */
#include "isa_vectors.h"

#include "isa_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Of a row's inputs: the most combinations of corner values, and the random ones. */
struct effort {
	uint32_t corners, random;
};

/* Sanitizers take their time: what they find they find with fewer. */
#ifdef __has_feature
#define SHARE (__has_feature(address_sanitizer) ? 10u : 1u)
#elif defined(__SANITIZE_ADDRESS__)
#define SHARE 10u
#else
#define SHARE 1u
#endif

static const struct effort lanes_effort = {4096 / SHARE, 192 / SHARE},
			   scalar_effort = {400 / SHARE, 60 / SHARE};

/* "$a" as the register or pair for values of this size. */
static void write_text(char *text, size_t size, const struct vector_row *row, char file)
{
	const enum vector_values values[] = {row->a, row->b, row->c, row->d};
	static const unsigned registers[] = {0, 2, 4, 8};
	size_t used = 0;

	for (const char *at = row->text; *at; at++) {
		bool named = at[0] == '$' && at[1] >= 'a' && at[1] <= 'd' && !(at[2] >= 'a' && at[2] <= 'z');
		unsigned which = named ? (unsigned)(at[1] - 'a') : 0;

		assert_true(used < size - 12);
		if (!named) {
			text[used++] = *at;
			continue;
		}
		if (vector_bits(values[which]) == 64)
			used += (size_t)snprintf(text + used, size - used, "%c[%u:%u]", file,
						 registers[which], registers[which] + 1);
		else
			used += (size_t)snprintf(text + used, size - used, "%c%u", file, registers[which]);
		at++;
	}
	text[used] = '\0';
}

/* Which values the @index-th input of a row has: first the corners against each other. False: it was the last. */
static bool choose(const struct vector_row *row, uint32_t index, const struct effort *effort,
		   struct vector_lane *lane)
{
	uint64_t na = vector_corners(row->a), nb = vector_corners(row->b), nc = vector_corners(row->c);
	uint64_t all = na * nb * nc, taken = all < effort->corners ? all : effort->corners;
	uint64_t at = all > taken ? vector_mix(index) % all : index;

	if (index < taken) {
		lane->a = vector_value(row->a, (uint32_t)(at % na));
		lane->b = vector_value(row->b, (uint32_t)(at / na % nb));
		lane->c = vector_value(row->c, (uint32_t)(at / na / nb));
	} else {
		lane->a = vector_value(row->a, 1000 + index);
		lane->b = vector_value(row->b, 6000 + index);
		lane->c = vector_value(row->c, 11000 + index);
	}
	lane->in = vector_mix(index + 77) & 1;
	return index + 1 < taken + effort->random;
}

static void must_be_executed(const struct vector_program *program, const struct vector_state *state)
{
	if (state->fault.kind != ISA_FAULT_NONE)
		fail_msg("%s on %s, %u lanes: %s: %s", program->text, vector_processor(program->target),
			 program->lanes, isa_fault_name(state->fault.kind), state->fault.instruction);
}

static void compare(const struct vector_row *row, const struct vector_program *program,
		    const struct vector_lane *lane, uint64_t got, uint64_t wanted, bool out, bool active)
{
	bool same = row->same && active ? row->same(got, wanted) : got == wanted;
	unsigned long long a = lane->a, b = lane->b, c = lane->c, d = lane->d;

	if (same && (!row->vcc_out || out == lane->out))
		return;
	fail_msg("%s on %s, %u lanes: a %llx, b %llx, c %llx, bit %d, was %llx: %llx instead of %llx, bit "
		 "%d%s%s",
		 program->text, vector_processor(program->target), program->lanes, a, b, c, lane->in, d,
		 (unsigned long long)got, (unsigned long long)wanted, out,
		 row->vcc_out ? (lane->out ? " instead of 1" : " instead of 0") : "",
		 active ? "" : ", lane is off");
}

/* ---- lanes ---- */

static void put_value(struct vector_state *state, uint32_t vgpr, uint32_t lane, uint64_t value)
{
	state->vgprs[vgpr][lane] = (uint32_t)value;
	state->vgprs[vgpr + 1][lane] = (uint32_t)(value >> 32);
}

static uint64_t take_value(const struct vector_state *state, uint32_t vgpr, uint32_t lane,
			   enum vector_values values)
{
	uint64_t value = state->vgprs[vgpr][lane];

	if (vector_bits(values) == 64)
		value |= (uint64_t)state->vgprs[vgpr + 1][lane] << 32;
	return value;
}

static void check_lane(const struct vector_row *row, const struct vector_program *program,
		       const struct vector_state *state, uint32_t number, struct vector_lane *lane)
{
	bool active = state->exec >> number & 1;
	uint64_t wanted = active ? row->expect(lane) : lane->d;

	if (!active)
		lane->out = false; /* comparisons and carries of lanes that are off */
	compare(row, program, lane, take_value(state, 8, number, row->d), wanted, state->vcc >> number & 1,
		active);
}

/* One execution for as many inputs as there are lanes. False: these were the last. */
static bool check_batch(const struct vector_row *row, const struct vector_program *program, uint32_t index)
{
	static struct vector_state state;
	struct vector_lane lanes[ISA_LANES];
	bool more = true;

	vector_reset(&state, program->target, program->lanes);
	if (row->mode)
		state.mode = row->mode & INT32_MAX;
	/* in every other batch some lanes are off */
	if (index / program->lanes % 2)
		state.exec &= vector_mix(index) | 1;
	for (uint32_t i = 0; i < program->lanes; i++) {
		lanes[i] = (struct vector_lane){
			.mode = state.mode,
			.target = program->target,
			.d = take_value(&state, 8, i, row->d),
		};
		more = choose(row, index + i, &lanes_effort, &lanes[i]) && more;
		put_value(&state, 0, i, lanes[i].a);
		put_value(&state, 2, i, lanes[i].b);
		put_value(&state, 4, i, lanes[i].c);
		state.vcc |= (uint64_t)lanes[i].in << i;
	}
	state.sgprs[30] = (uint32_t)state.vcc;
	state.sgprs[31] = program->lanes == 64 ? (uint32_t)(state.vcc >> 32) : state.sgprs[31];
	vector_execute(program, &state);
	must_be_executed(program, &state);
	for (uint32_t i = 0; i < program->lanes; i++)
		check_lane(row, program, &state, i, &lanes[i]);
	return more;
}

static void check_row(const struct vector_row *row, const struct vector_program *program)
{
	uint32_t index = 0;

	while (check_batch(row, program, index) && !seen_wanted())
		index += program->lanes;
}

/* ---- scalars ---- */

static void check_scalar(const struct vector_row *row, const struct vector_program *program)
{
	static struct vector_state state;
	struct vector_lane lane;
	bool more = true;
	uint64_t got, wanted;

	for (uint32_t index = 0; more && !(index && seen_wanted()); index++) {
		vector_reset(&state, program->target, program->lanes);
		if (row->mode)
			state.mode = row->mode & INT32_MAX;
		lane = (struct vector_lane){.mode = state.mode, .target = program->target};
		more = choose(row, index, &scalar_effort, &lane);
		memcpy(&state.sgprs[0], &lane.a, sizeof(lane.a));
		memcpy(&state.sgprs[2], &lane.b, sizeof(lane.b));
		memcpy(&state.sgprs[4], &lane.c, sizeof(lane.c));
		memcpy(&lane.d, &state.sgprs[8], vector_bits(row->d) == 64 ? 8 : 4);
		state.scc = lane.in;
		vector_execute(program, &state);
		must_be_executed(program, &state);
		wanted = row->expect(&lane);
		got = 0;
		memcpy(&got, &state.sgprs[8], vector_bits(row->d) == 64 ? 8 : 4);
		if (!row->vcc_out && state.scc != lane.in)
			fail_msg("%s on %s changes SCC", program->text, vector_processor(program->target));
		compare(row, program, &lane, got, wanted, state.scc, true);
	}
}

/* ---- tables ---- */

typedef void check_fn(const struct vector_row *row, const struct vector_program *program);

static void check(const struct vector_row *rows, uint32_t count, char file, check_fn *one)
{
	struct vector_program *programs = calloc((size_t)count * ISA_TARGETS * 2, sizeof(*programs));
	const struct vector_row **of = calloc((size_t)count * ISA_TARGETS * 2, sizeof(*of));
	uint32_t used = 0;

	assert_true(programs && of);
	for (uint32_t i = 0; i < count * ISA_TARGETS * 2; i++) {
		const struct vector_row *row = &rows[i / (ISA_TARGETS * 2)];
		enum isa_target target = (enum isa_target)(i / 2 % ISA_TARGETS);

		if (!(row->targets >> target & 1))
			continue;
		of[used] = row;
		programs[used].target = target;
		programs[used].lanes = i % 2 ? 64 : 32;
		write_text(programs[used].text, sizeof(programs[used].text), row, file);
		used++;
	}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		one(of[i], &programs[i]);
	}
	free(of);
	free(programs);
}

void vector_check(const struct vector_row *rows, uint32_t count)
{
	check(rows, count, 'v', check_row);
}

void scalar_check(const struct vector_row *rows, uint32_t count)
{
	check(rows, count, 's', check_scalar);
}
