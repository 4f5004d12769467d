// SPDX-License-Identifier: MIT
#include "isa_vectors.h"

#include "isa_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dxgsim/isa/group.h"

#define ASSEMBLER "llvm-mc-19"

/* ---- the assembler ---- */

static const char *const processors[ISA_TARGETS] = {"gfx1030", "gfx1100", "gfx1151", "gfx1201"};

const char *vector_processor(enum isa_target target)
{
	return processors[target];
}

/* Its name in the text, for waves of this size; "" if it is no name. */
static const char *mask_name(const char *at, uint32_t lanes, size_t *length)
{
	static const struct {
		const char *name, *wave32, *wave64;
	} names[] = {
		{"$vcc", "vcc_lo", "vcc"},
		{"$exec", "exec_lo", "exec"},
		{"$mask", "s30", "s[30:31]"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*length = strlen(names[i].name);
		if (!strncmp(at, names[i].name, *length))
			return lanes == 64 ? names[i].wave64 : names[i].wave32;
	}
	*length = 0;
	return "";
}

static void put_line(FILE *file, const char *text, uint32_t lanes)
{
	size_t length;

	for (const char *at = text; *at; at++) {
		const char *name = mask_name(at, lanes, &length);

		fputs(name, file);
		if (length)
			at += length - 1;
		else
			fputc(*at, file);
	}
	fputc('\n', file);
}

/* Programs are told apart by a directive that the assembler hands through. */
static void put_programs(FILE *file, const struct vector_program *programs, uint32_t count,
			 enum isa_target target)
{
	for (uint32_t i = 0; i < count; i++) {
		if (programs[i].target != target)
			continue;
		fprintf(file, "p%u:\n", i);
		put_line(file, programs[i].text, programs[i].lanes);
	}
	fprintf(file, "end:\n");
}

static void take_encoding(struct vector_program *program, const char *line)
{
	const char *at = strstr(line, "encoding: [");
	unsigned bytes[4 * 8];
	uint32_t count = 0;

	if (!at)
		return;
	for (at += 11; count < 32 && sscanf(at, "0x%2x", &bytes[count]) == 1; at += 5)
		count++;
	assert_int_equal(count % 4, 0);
	for (uint32_t i = 0; i < count; i += 4) {
		assert_in_range(program->count, 0, VECTOR_WORDS - 2);
		program->words[program->count++] =
			bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24;
	}
}

static void take_listing(FILE *listing, struct vector_program *programs, uint32_t count)
{
	struct vector_program *program = NULL;
	char line[512];
	unsigned number;

	while (fgets(line, sizeof(line), listing)) {
		if (sscanf(line, "p%u:", &number) == 1 && number < count)
			program = &programs[number];
		else if (program && strstr(line, "error:"))
			snprintf(program->refused, sizeof(program->refused), "%.*s", 118,
				 strstr(line, "error:") + 7);
		else if (program)
			take_encoding(program, line);
	}
}

/* An error's line has a number of the input; the listing lacks that instruction. */
static void take_errors(const char *path, const char *source, struct vector_program *programs, uint32_t count)
{
	FILE *errors = fopen(path, "r"), *input;
	char line[512], text[256];
	unsigned at, number;

	assert_non_null(errors);
	while (fgets(line, sizeof(line), errors)) {
		const char *colon = strstr(line, ".s:");
		uint32_t program = UINT32_MAX;

		if (!colon || !strstr(line, "error:") || sscanf(colon + 3, "%u:", &at) != 1)
			continue;
		input = fopen(source, "r");
		assert_non_null(input);
		for (unsigned i = 1; i <= at && fgets(text, sizeof(text), input); i++)
			if (sscanf(text, "p%u:", &number) == 1)
				program = number;
		fclose(input);
		assert_true(program < count);
		snprintf(programs[program].refused, sizeof(programs[program].refused), "%.118s",
			 strstr(line, "error:") + 7);
	}
	fclose(errors);
}

/* For waves of both sizes at once: names of masks tell which is meant. */
static void assemble(struct vector_program *programs, uint32_t count, enum isa_target target)
{
	char directory[] = "/tmp/isa-vectors-XXXXXX", source[64], errors[64], command[320];
	FILE *file;

	assert_non_null(mkdtemp(directory));
	snprintf(source, sizeof(source), "%s/in.s", directory);
	snprintf(errors, sizeof(errors), "%s/errors", directory);
	file = fopen(source, "w");
	assert_non_null(file);
	put_programs(file, programs, count, target);
	fclose(file);
	snprintf(command, sizeof(command),
		 ASSEMBLER " -triple=amdgcn-amd-amdhsa -mcpu=%s -mattr=+wavefrontsize32,+wavefrontsize64 "
			   "--show-encoding %s 2>%s",
		 processors[target], source, errors);
	file = popen(command, "r");
	assert_non_null(file);
	take_listing(file, programs, count);
	pclose(file);
	take_errors(errors, source, programs, count);
	unlink(source);
	unlink(errors);
	rmdir(directory);
}

static bool is_there(const struct vector_program *programs, uint32_t count, enum isa_target target)
{
	for (uint32_t i = 0; i < count; i++)
		if (programs[i].target == target)
			return true;
	return false;
}

void vector_assemble(struct vector_program *programs, uint32_t count)
{
	static bool found;

	if (!found && system("command -v " ASSEMBLER " >/dev/null 2>&1"))
		skip();
	found = true;
	for (uint32_t i = 0; i < count; i++)
		programs[i].count = 0;
	for (uint32_t target = 0; target < ISA_TARGETS; target++)
		if (is_there(programs, count, (enum isa_target)target))
			assemble(programs, count, (enum isa_target)target);
	for (uint32_t i = 0; i < count; i++)
		if (programs[i].refused[0] || !programs[i].count)
			fail_msg("%s: the assembler for %s refuses it: %s", programs[i].text,
				 vector_processor(programs[i].target), programs[i].refused);
}

/* ---- the machine ---- */

struct machine {
	struct vector_state *state;
	uint32_t code[VECTOR_WORDS + 1];
	uint32_t code_bytes;
};

/* NULL: not all of it is there. */
static uint8_t *memory_at(struct machine *machine, uint64_t va, uint32_t bytes)
{
	uint64_t offset = va - VECTOR_MEMORY;

	if (offset > VECTOR_BYTES || bytes > VECTOR_BYTES - offset)
		return NULL;
	return machine->state->memory + offset;
}

static bool read_memory(void *unit, enum isa_path path, enum isa_scope scope, uint64_t va, void *to,
			uint32_t bytes)
{
	struct machine *machine = unit;
	const uint8_t *from = memory_at(machine, va, bytes);
	uint64_t offset = va - VECTOR_CODE;

	if (path == ISA_CODE) {
		/* a decoder may read more than is there of the last instruction */
		if (offset >= sizeof(machine->code))
			return false;
		memset(to, 0, bytes);
		memcpy(to, (const uint8_t *)machine->code + offset,
		       bytes < sizeof(machine->code) - offset ? bytes : sizeof(machine->code) - offset);
		return true;
	}
	machine->state->scope = scope;
	if (from)
		memcpy(to, from, bytes);
	return from != NULL;
}

static bool write_memory(void *unit, enum isa_scope scope, uint64_t va, const void *from, uint32_t bytes)
{
	struct machine *machine = unit;
	uint8_t *to = memory_at(machine, va, bytes);

	machine->state->scope = scope;
	if (to)
		memcpy(to, from, bytes);
	return to != NULL;
}

static bool change_memory(void *unit, enum isa_scope scope, uint64_t va, uint32_t bytes, isa_modify *modify,
			  const void *operands, uint64_t *old)
{
	struct machine *machine = unit;
	uint8_t *at = memory_at(machine, va, bytes);
	uint64_t value = 0;

	machine->state->scope = scope;
	if (!at)
		return false;
	memcpy(&value, at, bytes);
	*old = value;
	value = modify(value, operands);
	memcpy(at, &value, bytes);
	return true;
}

static void act_on_caches(void *unit, uint32_t actions)
{
	((struct machine *)unit)->state->cache_actions |= actions;
}

static uint64_t read_clock(void *unit)
{
	(void)unit;
	return 0x123456789abcull;
}

static const struct isa_machine_ops machine_ops = {
	.read = read_memory,
	.write = write_memory,
	.atomic = change_memory,
	.cache = act_on_caches,
	.clock = read_clock,
	.realtime = read_clock,
};

void vector_reset(struct vector_state *state, enum isa_target target, uint32_t lanes)
{
	memset(state, 0, sizeof(*state));
	for (uint32_t i = 0; i < VECTOR_VGPRS; i++)
		for (uint32_t k = 0; k < ISA_LANES; k++)
			state->vgprs[i][k] = 0xd00d0000u + i * 0x101 + k * 0x10003;
	for (uint32_t i = 0; i < VECTOR_SGPRS; i++)
		state->sgprs[i] = 0x5c000000u + i * 0x10101;
	state->exec = lanes == 64 ? UINT64_MAX : UINT32_MAX;
	state->mode = 0xf0 | ISA_MODE_DX10_CLAMP | (target == ISA_GFX12 ? 0 : ISA_MODE_IEEE);
	memset(state->lds, 0xa5, sizeof(state->lds));
}

static void put_registers(struct isa_wave *wave, const struct vector_state *state)
{
	for (uint32_t i = 0; i < VECTOR_VGPRS; i++)
		memcpy(isa_vgpr(wave, i), state->vgprs[i], wave->lanes * sizeof(uint32_t));
	memcpy(wave->sgprs, state->sgprs, sizeof(state->sgprs));
	isa_set_vcc(wave, state->vcc);
	wave->exec = state->exec;
	wave->m0 = state->m0;
	wave->mode = state->mode;
	wave->scc = state->scc;
	wave->flat_scratch = state->flat_scratch;
	memcpy(wave->group->lds, state->lds, VECTOR_LDS);
}

static void take_registers(struct isa_wave *wave, struct vector_state *state)
{
	for (uint32_t i = 0; i < VECTOR_VGPRS; i++)
		memcpy(state->vgprs[i], isa_vgpr(wave, i), wave->lanes * sizeof(uint32_t));
	memcpy(state->sgprs, wave->sgprs, sizeof(state->sgprs));
	state->vcc = isa_vcc(wave);
	state->exec = wave->exec;
	state->m0 = wave->m0;
	state->mode = wave->mode;
	state->scc = wave->scc;
	memcpy(state->lds, wave->group->lds, VECTOR_LDS);
	state->fault = wave->group->fault;
}

/* The same ones over and over: that takes less time than new ones. */
static struct isa_unit *unit_of(enum isa_target target, struct machine *machine)
{
	static struct isa_unit units[ISA_TARGETS];
	struct isa_unit *unit = &units[target];

	if (!unit->ops)
		assert_int_equal(isa_unit_init(unit, target, &machine_ops, machine), 0);
	unit->machine = machine;
	isa_unit_forget_code(unit);
	return unit;
}

void vector_execute(const struct vector_program *program, struct vector_state *state)
{
	const uint32_t id[3] = {0}, size[3] = {program->lanes, 1, 1};
	struct machine machine = {.state = state};
	struct isa_launch launch = {
		.code = VECTOR_CODE,
		.wave_size = program->lanes,
		.vgprs = 64,
		.lds_bytes = VECTOR_LDS,
		.scratch_wave_bytes = state->scratch_wave_bytes,
	};
	struct isa_unit *unit = unit_of(program->target, &machine);
	struct isa_group *group;
	enum isa_outcome outcome;

	assert_in_range(program->count, 1, VECTOR_WORDS);
	seen_program(program->target, program->words, program->count);
	memcpy(machine.code, program->words, program->count * sizeof(uint32_t));
	machine.code[program->count] =
		program->target == ISA_GFX10_3 ? 0xbf810000u : 0xbfb00000u; /* s_endpgm */
	group = isa_group_create(&launch, id, size, 0);
	assert_non_null(group);
	isa_group_start(group, program->target);
	put_registers(&group->waves[0], state);
	outcome = isa_group_run(group, unit, 1000);
	/* it may sleep */
	if (outcome == ISA_WAITING)
		outcome = isa_group_run(group, unit, 1000);
	take_registers(&group->waves[0], state);
	if (outcome != ISA_DONE && outcome != ISA_STOPPED)
		fail_msg("%s: does not end", program->text);
	isa_group_destroy(group);
}
