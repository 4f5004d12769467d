// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gpu_mutants.h"
#include "pm4/packets.h"
#include "pm4/registers.h"
#include "pm4/walk.h"

#define REGISTERS    0x400U
#define HEADER_WORDS 2U /* of SET_SH_REG */

struct stream {
	enum pm4_generation generation;
	const uint32_t *words;
	uint32_t count;
	uint32_t at, length; /* the packet */
	const struct pm4_packet *table;
	void (*look)(const struct mutant *mutant, void *data);
	void *data;
	struct mutant mutant;
	/* what registers hold before the packet */
	bool known[REGISTERS];
	uint32_t value[REGISTERS];
};

/* The mutant is the stream, with `length` words in the place of the packet. */
static uint32_t *begin(struct stream *s, uint32_t length)
{
	struct mutant *m = &s->mutant;
	uint32_t behind = s->at + s->length;

	assert_true(s->count - s->length + length <= MUTANT_WORDS);
	*m = (struct mutant){.packet = s->table->name,
			     .field = "",
			     .at = s->at,
			     .length = length,
			     .longer = (int32_t)length - (int32_t)s->length,
			     .count = s->count - s->length + length};
	memcpy(m->words, s->words, s->at * sizeof(*m->words));
	memcpy(m->words + s->at + length, s->words + behind, (s->count - behind) * sizeof(*m->words));
	return m->words + s->at;
}

static uint32_t *copy(struct stream *s)
{
	return memcpy(begin(s, s->length), s->words + s->at, s->length * sizeof(*s->words));
}

static void end(struct stream *s, const char *field)
{
	s->mutant.field = field;
	s->look(&s->mutant, s->data);
}

/* The packet is in the stream before. */
static bool is_repeated(const struct stream *s)
{
	struct pm4_seen seen;

	for (uint32_t at = 0; at < s->at; at += seen.words) {
		assert_int_equal(pm4_look(s->generation, s->words + at, s->count - at, &seen), 0);
		if (seen.words == s->length &&
		    !memcmp(s->words + at, s->words + s->at, s->length * sizeof(*s->words)))
			return true;
	}
	return false;
}

static void without_packet(struct stream *s)
{
	uint32_t *packet = copy(s);

	packet[0] = 0xc0001000 | (s->length - 2) << 16;
	s->mutant.again = s->table == &pm4_packet_write_data && is_repeated(s);
	end(s, "");
}

static const char *short_name(const struct stream *s, const struct pm4_field *field)
{
	size_t prefix = strlen(s->table->name);

	return strncmp(field->name, s->table->name, prefix) ? field->name : field->name + prefix + 1;
}

static bool is_initiator(const struct stream *s, const struct pm4_field *field)
{
	return s->table == &pm4_packet_dispatch_direct && field->id == DISPATCH_DIRECT_INITIATOR;
}

/* The fields of `table` that the generation has in the words at `offset` of the packet. */
static void without_fields(struct stream *s, const struct pm4_packet *table, uint32_t offset)
{
	for (uint32_t i = 0; i < table->field_count; i++) {
		const struct pm4_field *field = &table->fields[i];

		if (!(field->generations & PM4_GENERATION_BIT(s->generation)) || is_initiator(s, field) ||
		    !pm4_field_get(table, field->id, s->generation, s->words + s->at + offset))
			continue;
		assert_true(pm4_field_put(table, field->id, s->generation, 0, copy(s) + offset));
		end(s, short_name(s, field));
	}
}

static uint32_t known_bits(const struct stream *s, uint32_t word)
{
	uint64_t bits = 0;

	for (uint32_t i = 0; i < s->table->field_count; i++) {
		const struct pm4_field *field = &s->table->fields[i];

		if (field->word == word && field->generations & PM4_GENERATION_BIT(s->generation))
			bits |= ((1ULL << field->width) - 1) << field->shift;
	}
	return (uint32_t)bits;
}

/* Bits that no field explains. */
static void without_others(struct stream *s)
{
	for (uint32_t word = 1; word < s->length; word++) {
		uint32_t others = s->words[s->at + word] & ~known_bits(s, word);

		for (; others; others &= others - 1) {
			char name[32];

			copy(s)[word] &= ~(others & -others);
			snprintf(name, sizeof(name), "word %u bit %d", word, __builtin_ctz(others));
			end(s, name);
		}
	}
}

static const char *register_name(uint32_t offset)
{
	for (uint32_t i = 0; i < REGISTER_COUNT; i++)
		if (pm4_registers[i].offset == offset)
			return pm4_registers[i].name;
	return "a register without a name";
}

/* Two packets of what is before it and what is behind it, or one, or a NOP. */
static void without_register(struct stream *s, uint32_t nth)
{
	const uint32_t *packet = s->words + s->at;
	uint32_t registers = s->length - HEADER_WORDS, behind = registers - nth - 1;
	uint32_t offset = (packet[1] & 0xffff) + nth;
	uint32_t *to;

	if (registers == 1) {
		to = copy(s);
		to[0] = 0xc0001000 | (s->length - 2) << 16;
	} else {
		to = begin(s, (nth ? HEADER_WORDS + nth : 0) + (behind ? HEADER_WORDS + behind : 0));
	}
	if (nth) {
		*to++ = 0xc0007602 | nth << 16;
		*to++ = packet[1];
		memcpy(to, packet + HEADER_WORDS, nth * sizeof(*to));
		to += nth;
	}
	if (behind) {
		*to++ = 0xc0007602 | behind << 16;
		*to++ = packet[1] + nth + 1;
		memcpy(to, packet + HEADER_WORDS + nth + 1, behind * sizeof(*to));
	}
	s->mutant.again = nth && behind && s->known[offset] && s->value[offset] == packet[HEADER_WORDS + nth];
	end(s, register_name(offset));
}

static void each_register(struct stream *s)
{
	uint32_t first = s->words[s->at + 1] & 0xffff, registers = s->length - HEADER_WORDS;

	assert_true(first + registers <= REGISTERS);
	for (uint32_t i = 0; i < registers; i++)
		without_register(s, i);
	for (uint32_t i = 0; i < registers; i++) {
		s->known[first + i] = true;
		s->value[first + i] = s->words[s->at + HEADER_WORDS + i];
	}
}

static const struct pm4_packet *table_of(enum pm4_generation generation, uint32_t opcode)
{
	for (uint32_t i = 0; i < pm4_packet_count; i++) {
		const struct pm4_packet *table = pm4_packets[i];

		if (table == &pm4_header || table->opcode != opcode ||
		    (table == &pm4_packet_acquire_mem && generation == PM4_GFX9) ||
		    (table == &pm4_packet_acquire_mem_gfx9 && generation != PM4_GFX9))
			continue;
		return table;
	}
	fail_msg("a packet 0x%02x that has no table", opcode);
	return NULL;
}

static void each_of_packet(struct stream *s)
{
	const struct pm4_packet *table = s->table;

	if (table == &pm4_packet_nop)
		return;
	if (table == &pm4_packet_set_sh_reg) {
		each_register(s);
		return;
	}
	without_packet(s);
	if (table == &pm4_packet_dispatch_direct) {
		without_fields(s, table, 0);
		without_fields(s, &pm4_word_initiator, 4);
	} else if (table == &pm4_packet_event_write || table == &pm4_packet_release_mem ||
		   table == &pm4_packet_acquire_mem || table == &pm4_packet_acquire_mem_gfx9) {
		without_fields(s, table, 0);
		without_others(s);
	}
}

void mutants_each(enum pm4_generation generation, const uint32_t *words, uint32_t count,
		  void (*look)(const struct mutant *mutant, void *data), void *data)
{
	static struct stream s;
	struct pm4_seen seen;

	s = (struct stream){
		.generation = generation, .words = words, .count = count, .look = look, .data = data};
	for (; s.at < count; s.at += seen.words) {
		assert_int_equal(pm4_look(generation, words + s.at, count - s.at, &seen), 0);
		s.length = seen.words;
		s.table = table_of(generation, seen.opcode);
		each_of_packet(&s);
	}
}

uint32_t mutant_origin(const struct mutant *mutant, uint32_t word)
{
	if (word <= mutant->at)
		return word;
	if (word < mutant->at + mutant->length)
		return UINT32_MAX;
	return (uint32_t)((int32_t)word - mutant->longer);
}
