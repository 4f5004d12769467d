// SPDX-License-Identifier: MIT
/*
 * Buffer instructions that convert, by AMD's Instruction Set Architecture documents: the formats of elements in memory, as they come
 * from the instruction and from the resource, to and from floats, integers and halves.  Formats whose components differ in size are
 * not simulated.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa_memory_resource.h"
#include "isa_memory_rows.h"

#define BASE 0x800u
#define SLOT 32u

enum kind {
	UNORM,
	SNORM,
	USCALED,
	SSCALED,
	UINT,
	SINT,
	FLOAT,
};

struct format {
	const char *name;
	uint32_t gfx10, gfx11; /* numbers */
	enum kind kind;
	uint32_t bits[4]; /* of x, y, z, w, from the lowest bit on */
	bool halves;	  /* all its values are halves, or come back when they have been one */
};

/* Formats that are named for six or seven kinds have numbers that follow each other. */
#define SIX(name, gfx10, gfx11, halves, ...)                                               \
	{name "_UNORM", gfx10, gfx11, UNORM, __VA_ARGS__, halves},                         \
		{name "_SNORM", (gfx10) + 1, (gfx11) + 1, SNORM, __VA_ARGS__, halves},     \
		{name "_USCALED", (gfx10) + 2, (gfx11) + 2, USCALED, __VA_ARGS__, halves}, \
		{name "_SSCALED", (gfx10) + 3, (gfx11) + 3, SSCALED, __VA_ARGS__, halves}, \
		{name "_UINT", (gfx10) + 4, (gfx11) + 4, UINT, __VA_ARGS__, true},         \
	{                                                                                  \
		name "_SINT", (gfx10) + 5, (gfx11) + 5, SINT, __VA_ARGS__, true            \
	}
#define SEVEN(name, gfx10, gfx11, ...)                                            \
	SIX(name, gfx10, gfx11, false, __VA_ARGS__),                              \
	{                                                                         \
		name "_FLOAT", (gfx10) + 6, (gfx11) + 6, FLOAT, __VA_ARGS__, true \
	}
#define WORDS(name, gfx10, gfx11, ...)                                              \
	{name "_UINT", gfx10, gfx11, UINT, __VA_ARGS__, false},                     \
		{name "_SINT", (gfx10) + 1, (gfx11) + 1, SINT, __VA_ARGS__, false}, \
	{                                                                           \
		name "_FLOAT", (gfx10) + 2, (gfx11) + 2, FLOAT, __VA_ARGS__, false  \
	}
#define BITS(...)           \
	{                   \
		__VA_ARGS__ \
	}

static const struct format formats[] = {
	SIX("8", 1, 1, true, BITS(8)),
	SEVEN("16", 7, 7, BITS(16)),
	SIX("8_8", 14, 14, true, BITS(8, 8)),
	WORDS("32", 20, 20, BITS(32)),
	SEVEN("16_16", 23, 23, BITS(16, 16)),
	SIX("8_8_8_8", 56, 42, true, BITS(8, 8, 8, 8)),
	WORDS("32_32", 62, 48, BITS(32, 32)),
	SEVEN("16_16_16_16", 65, 51, BITS(16, 16, 16, 16)),
	WORDS("32_32_32", 72, 58, BITS(32, 32, 32)),
	WORDS("32_32_32_32", 75, 61, BITS(32, 32, 32, 32)),
};

/* ---- elements ---- */

static uint32_t bytes_of(const struct format *format)
{
	return (format->bits[0] + format->bits[1] + format->bits[2] + format->bits[3]) / 8;
}

/* The first bit of a component. */
static uint32_t start_of(const struct format *format, uint32_t component)
{
	uint32_t start = 0;

	for (uint32_t i = 0; i < component; i++)
		start += format->bits[i];
	return start;
}

static uint32_t raw_bits(const uint8_t *element, uint32_t start, uint32_t count)
{
	uint32_t value = 0;

	for (uint32_t i = 0; i < count; i++)
		value |= (uint32_t)(element[(start + i) / 8] >> ((start + i) % 8) & 1) << i;
	return value;
}

static void put_bits(uint8_t *element, uint32_t start, uint32_t count, uint32_t value)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t bit = (uint8_t)(1u << (start + i) % 8);

		element[(start + i) / 8] =
			(uint8_t)((element[(start + i) / 8] & ~bit) | (value >> i & 1 ? bit : 0));
	}
}

static int64_t extended(uint32_t value, uint32_t bits)
{
	return (int64_t)value - (value >> (bits - 1) & 1 ? (int64_t)1 << bits : 0);
}

static double float_of(uint32_t raw, uint32_t bits)
{
	return bits == 32 ? (double)vector_float(raw) : vector_half(raw);
}

static double number_of(enum kind kind, uint32_t raw, uint32_t bits)
{
	const double whole = (double)(((uint64_t)1 << bits) - 1),
		     half = (double)(((uint64_t)1 << (bits - 1)) - 1);

	switch (kind) {
	case UNORM:
		return raw / whole;
	case SNORM:
		return fmax((double)extended(raw, bits) / half, -1);
	case USCALED:
		return raw;
	case SSCALED:
		return (double)extended(raw, bits);
	default:
		return float_of(raw, bits);
	}
}

/* As a register or half of one has it. */
static uint32_t component_of(const struct format *format, const uint8_t *element, uint32_t component,
			     bool d16)
{
	const bool integers = format->kind == UINT || format->kind == SINT;
	const uint32_t bits = format->bits[component];
	const uint32_t raw = raw_bits(element, start_of(format, component), bits);
	double number;

	if (!bits && integers)
		return component == 3;
	if (integers)
		return (uint32_t)(format->kind == SINT ? extended(raw, bits) : (int64_t)raw) &
		       (d16 ? 0xffff : 0xffffffff);
	if (format->kind == FLOAT && bits == 32)
		return raw;
	number = !bits ? (component == 3 ? 1.0 : 0.0) : number_of(format->kind, raw, bits);
	return (uint32_t)(d16 ? vector_half_bits(number) : vector_float_bits((float)number));
}

/* ---- programs ---- */

struct trial {
	const struct format *format;
	uint32_t components;
	bool typed, d16, store, high;
};

static const char *const suffixes[] = {"x", "xy", "xyz", "xyzw"};

static uint32_t registers(const struct trial *trial)
{
	return trial->d16 ? (trial->components + 1) / 2 : trial->components;
}

static void write_text(struct vector_program *program, const struct trial *trial)
{
	const uint32_t first = trial->store ? 4 : 8, count = registers(trial);
	char list[16], format[48] = "";

	snprintf(list, sizeof(list), "v[%u:%u]", first, first + count - 1);
	if (count == 1)
		snprintf(list, sizeof(list), "v%u", first);
	if (trial->typed)
		snprintf(format, sizeof(format), " format:[BUF_FMT_%s]", trial->format->name);
	snprintf(program->text, sizeof(program->text),
		 "%sbuffer_%s_format_%s%s%s %s, v0, s[8:11], s4%s idxen", trial->typed ? "t" : "",
		 trial->store ? "store" : "load", trial->d16 ? "d16_" : "", trial->high ? "hi_" : "",
		 suffixes[trial->components - 1], list, format);
}

static uint8_t *element_of(struct vector_state *state, uint32_t lane)
{
	return state->memory + BASE + SLOT * memory_slot(lane);
}

static void put_component(struct vector_state *state, const struct trial *trial, uint32_t first,
			  uint32_t lane, uint32_t component, uint32_t value)
{
	const uint32_t half = trial->high ? 1 : component & 1;
	uint32_t *word = &state->vgprs[first + (trial->d16 ? component / 2 : component)][lane];

	if (!trial->d16)
		*word = value;
	else
		*word = (*word & ~(0xffffu << 16 * half)) | value << 16 * half;
}

/* What is stored comes back as it was, but for the least integer of SNORM, which is -1 as its neighbour is. */
static void make_canonical(const struct format *format, uint8_t *element)
{
	for (uint32_t i = 0; i < 4 && format->bits[i]; i++) {
		const uint32_t bits = format->bits[i], start = start_of(format, i);
		uint32_t raw = raw_bits(element, start, bits);

		if (format->kind == SNORM && raw == 1u << (bits - 1))
			raw++;
		/* of NaNs nobody says which */
		if (format->kind == FLOAT && isnan(number_of(FLOAT, raw, bits)))
			raw = 0;
		put_bits(element, start, bits, raw);
	}
}

static void fill(struct vector_state *state, const struct trial *trial, const struct vector_program *program)
{
	const struct memory_resource resource = {
		.target = program->target,
		.base = VECTOR_MEMORY + BASE,
		.stride = SLOT,
		.records = 64,
		.format = trial->typed			   ? 0
			  : program->target == ISA_GFX10_3 ? trial->format->gfx10
							   : trial->format->gfx11,
		.bounds = MEMORY_BOUNDS_STRUCTURED,
	};

	vector_reset(state, program->target, program->lanes);
	for (uint32_t i = 0; i < VECTOR_BYTES; i++)
		state->memory[i] = (uint8_t)vector_mix(i * 11 + 5);
	memory_put_resource(state, 8, &resource);
	state->sgprs[4] = 0;
	for (uint32_t i = 0; i < program->lanes; i++) {
		uint8_t *element = element_of(state, i);

		state->vgprs[0][i] = memory_slot(i);
		/* the least and the most */
		if (i < 8)
			memset(element, i & 1 ? 0xff : i & 2 ? 0x80 : 0, 16);
		make_canonical(trial->format, element);
	}
	state->exec &= 0xfffffffff0ffffff;
}

/* Stores are given what loads would have brought, of another element. */
static void prepare_store(struct vector_state *before, const struct trial *trial, uint32_t lanes)
{
	for (uint32_t i = 0; i < lanes; i++) {
		uint8_t *element = element_of(before, i);

		for (uint32_t k = 0; k < trial->components; k++)
			put_component(before, trial, 4, i, k,
				      component_of(trial->format, element, k, trial->d16));
		for (uint32_t k = 0; k < 16; k++)
			element[k] = (uint8_t)~element[k];
	}
}

static bool near(const struct trial *trial, uint32_t got, uint32_t wanted)
{
	if (got == wanted)
		return true;
	if (trial->format->kind > SNORM)
		return false;
	if (!trial->d16)
		return (got ^ wanted) >> 31 == 0 && got - wanted + 1 <= 2;
	return (got & 0xffff) - (wanted & 0xffff) + 1 <= 2 && (got >> 16) - (wanted >> 16) + 1 <= 2;
}

static void compare(const struct trial *trial, const struct vector_program *program,
		    const struct vector_state *got, const struct vector_state *wanted)
{
	const char *processor = vector_processor(program->target);

	if (got->fault.kind != ISA_FAULT_NONE)
		fail_msg("%s on %s, format %s: %s", program->text, processor, trial->format->name,
			 isa_fault_name(got->fault.kind));
	for (uint32_t i = 0; i < VECTOR_VGPRS * ISA_LANES; i++) {
		const uint32_t vgpr = i / ISA_LANES, lane = i % ISA_LANES;

		if (!near(trial, got->vgprs[vgpr][lane], wanted->vgprs[vgpr][lane]))
			fail_msg("%s on %s, format %s: v%u of lane %u is %x instead of %x", program->text,
				 processor, trial->format->name, vgpr, lane, got->vgprs[vgpr][lane],
				 wanted->vgprs[vgpr][lane]);
	}
	for (uint32_t i = 0; i < VECTOR_BYTES; i++)
		if (got->memory[i] != wanted->memory[i])
			fail_msg("%s on %s, format %s: memory at %x is %x instead of %x", program->text,
				 processor, trial->format->name, i, got->memory[i], wanted->memory[i]);
}

static void try(const struct trial *trial, const struct vector_program *program)
{
	static struct vector_state got, wanted, elements;

	fill(&got, trial, program);
	elements = got;
	if (trial->store)
		prepare_store(&got, trial, program->lanes);
	wanted = got;
	for (uint32_t i = 0; i < program->lanes; i++) {
		if (!(got.exec >> i & 1))
			continue;
		if (trial->store)
			memcpy(element_of(&wanted, i), element_of(&elements, i), bytes_of(trial->format));
		for (uint32_t k = 0; k < trial->components && !trial->store; k++)
			put_component(&wanted, trial, 8, i, k,
				      component_of(trial->format, element_of(&elements, i), k, trial->d16));
	}
	/* an odd half of a pair is nobody's */
	vector_execute(program, &got);
	if (trial->d16 && trial->components == 3 && !trial->store)
		for (uint32_t i = 0; i < program->lanes; i++) {
			got.vgprs[9][i] &= 0xffff;
			wanted.vgprs[9][i] &= 0xffff;
		}
	if (trial->d16 && trial->components == 1 && !trial->store && !trial->high)
		for (uint32_t i = 0; i < program->lanes; i++) {
			got.vgprs[8][i] &= 0xffff;
			wanted.vgprs[8][i] &= 0xffff;
		}
	compare(trial, program, &got, &wanted);
}

static uint32_t components_of(const struct format *format)
{
	uint32_t count = 0;

	while (count < 4 && format->bits[count])
		count++;
	return count;
}

/* Stores bring all components that there are; loads any number. */
static bool makes_sense(const struct trial *trial)
{
	if (trial->d16 && !trial->format->halves)
		return false;
	if (trial->high && (trial->typed || !trial->d16 || trial->components != 1))
		return false;
	return !trial->store || trial->components >= components_of(trial->format);
}

static void formats_of_elements(void **state)
{
	const uint32_t most = sizeof(formats) / sizeof(formats[0]) * ISA_TARGETS * 64;
	struct vector_program *programs = calloc(most, sizeof(*programs));
	struct trial *trials = calloc(most, sizeof(*trials));
	uint32_t used = 0;

	(void)state;
	assert_true(programs && trials);
	for (uint32_t i = 0; i < most; i++) {
		const struct trial trial = {
			.format = &formats[i / 64 / ISA_TARGETS],
			.components = i / 16 % 4 + 1,
			.typed = i & 1,
			.d16 = i & 2,
			.store = i & 4,
			.high = i & 8,
		};

		if (!makes_sense(&trial))
			continue;
		trials[used] = trial;
		programs[used].target = (enum isa_target)(i / 64 % ISA_TARGETS);
		programs[used].lanes = used % 2 ? 64 : 32;
		write_text(&programs[used++], &trial);
	}
	vector_assemble(programs, used);
	for (uint32_t i = 0; i < used; i++) {
		try(&trials[i], &programs[i]);
	}
	free(trials);
	free(programs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_of_elements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
