// SPDX-License-Identifier: MIT
/*
 * The tables of packets and registers: consistent in themselves, and printed in docs/pm4.md as they are.
 * `pm4_tables --print` writes the tables of that page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pm4/packets.h"
#include "pm4/registers.h"
#include "pm4/sdma_packets.h"
#include "pm4_words.h"
#include "util/compiler.h"

static void print_generations(FILE *to, uint32_t generations)
{
	const char *before = "";

	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		if (!(generations & PM4_GENERATION_BIT(g)))
			continue;
		fprintf(to, "%s%u", before, 9 + g);
		before = ", ";
	}
}

static void print_fields(FILE *to, const struct pm4_packet *packet)
{
	fprintf(to, "\n| word | bits | field | gfx |\n|---|---|---|---|\n");
	for (uint32_t i = 0; i < packet->field_count; i++) {
		const struct pm4_field *f = &packet->fields[i];

		if (f->width == 1)
			fprintf(to, "| %u | %u | %s | ", f->word, f->shift, f->name);
		else
			fprintf(to, "| %u | %u:%u | %s | ", f->word, f->shift + f->width - 1U, f->shift,
				f->name);
		print_generations(to, f->generations);
		fprintf(to, " |\n");
	}
}

static void print_packets(FILE *to)
{
	for (uint32_t i = 0; i < pm4_packet_count; i++) {
		const struct pm4_packet *p = pm4_packets[i];

		if (p == &pm4_header)
			fprintf(to, "\n### Header\n");
		else
			fprintf(to, "\n### %s: 0x%02x, %u words%s\n", p->name, p->opcode, p->words,
				p == &pm4_packet_acquire_mem_gfx9 ? " (gfx9)" : "");
		if (p->field_count)
			print_fields(to, p);
	}
}

static void print_registers(FILE *to)
{
	fprintf(to, "\n| offset | register | gfx |\n|---|---|---|\n");
	for (uint32_t i = 0; i < REGISTER_COUNT; i++) {
		fprintf(to, "| 0x%03x | %s | ", pm4_registers[i].offset, pm4_registers[i].name);
		print_generations(to, pm4_registers[i].generations);
		fprintf(to, " |\n");
	}
	for (uint32_t i = 0; i < pm4_register_word_count; i++) {
		fprintf(to, "\n### Inside %s\n", pm4_register_words[i]->name);
		print_fields(to, pm4_register_words[i]);
	}
}

static void print_sdma(FILE *to)
{
	fprintf(to, "\n| operation | sub-operation | packet | words | gfx |\n|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < sdma_packet_count; i++) {
		const struct sdma_packet *p = &sdma_packets[i];

		fprintf(to, "| %u | %u | %s | %u | ", p->operation, p->sub_operation, p->name, p->words);
		print_generations(to, p->generations);
		fprintf(to, " |\n");
	}
	print_fields(to, &sdma_fields);
}

/* The actions of an ACQUIRE_MEM that a fence made; nothing if it made none. */
static void print_actions(FILE *to, const struct words *w)
{
	const struct pm4_packet *p =
		w->buffer.generation == PM4_GFX9 ? &pm4_packet_acquire_mem_gfx9 : &pm4_packet_acquire_mem;
	const char *before = " ";

	for (uint32_t i = 0; w->buffer.used && i < p->field_count; i++) {
		const struct pm4_field *f = &p->fields[i];

		if (f->id >= ACQUIRE_MEM_SIZE_LOW && f->id <= ACQUIRE_MEM_POLL_INTERVAL)
			continue;
		if (!pm4_field_get(p, f->id, w->buffer.generation, w->at))
			continue;
		fprintf(to, "%s%s", before, f->name + strlen("ACQUIRE_MEM_"));
		before = ", ";
	}
	fprintf(to, w->buffer.used ? " |" : " – |");
}

enum fence {
	ACQUIRE_AGENT,
	ACQUIRE_SYSTEM,
	ACQUIRE_CODE,
	RELEASE_AGENT,
	RELEASE_SYSTEM,
	FLUSH_L2,
	FENCE_COUNT
};

static void build_fence(struct pm4_buffer *buffer, uint32_t fence)
{
	switch (fence) {
	case ACQUIRE_AGENT:
		pm4_acquire(buffer, PM4_SCOPE_AGENT);
		break;
	case ACQUIRE_SYSTEM:
		pm4_acquire(buffer, PM4_SCOPE_SYSTEM);
		break;
	case ACQUIRE_CODE:
		pm4_acquire_code(buffer);
		break;
	case RELEASE_AGENT:
		pm4_release(buffer, PM4_SCOPE_AGENT);
		break;
	case FLUSH_L2:
		pm4_flush_l2(buffer);
		break;
	default:
		pm4_release(buffer, PM4_SCOPE_SYSTEM);
		break;
	}
}

static void print_fences(FILE *to)
{
	static const char *const names[FENCE_COUNT] = {"acquire, agent", "acquire, system", "acquire of code",
						       "release, agent", "release, system", "flush of L2"};
	struct words w;

	fprintf(to, "\n| fence | gfx9 | gfx10 | gfx11 | gfx12 |\n|---|---|---|---|---|\n");
	for (uint32_t f = 0; f < FENCE_COUNT; f++) {
		fprintf(to, "| %s |", names[f]);
		for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
			words_start(&w, (enum pm4_generation)g);
			build_fence(&w.buffer, f);
			print_actions(to, &w);
		}
		fprintf(to, "\n");
	}
}

static void expect_on_page(void (*print)(FILE *to))
{
	char *page = NULL, *tables = NULL;
	size_t page_size = 0, size = 0;
	FILE *file = fopen(PM4_PAGE, "r"), *to = open_memstream(&tables, &size);

	assert_non_null(file);
	assert_non_null(to);
	assert_true(getdelim(&page, &page_size, '\0', file) > 0);
	fclose(file);
	print(to);
	fclose(to);
	if (!strstr(page, tables))
		fail_msg("docs/pm4.md does not have these tables (pm4_tables --print):\n%s", tables);
	free(page);
	free(tables);
}

static void the_page_has_the_packets(void **state)
{
	(void)state;
	expect_on_page(print_packets);
}

static void the_page_has_the_registers(void **state)
{
	(void)state;
	expect_on_page(print_registers);
}

static void the_page_has_the_sdma_packets(void **state)
{
	(void)state;
	expect_on_page(print_sdma);
}

static void the_page_has_the_fences(void **state)
{
	(void)state;
	expect_on_page(print_fences);
}

/* Inside the packet, once for each generation, and overlapping nothing; `apart`: only within what one packet has. */
static void check_fields(const struct pm4_packet *packet, bool apart)
{
	for (uint32_t g = 0; g < PM4_GENERATION_COUNT; g++) {
		uint32_t taken[PM4_GENERATION_COUNT * 8] = {0};
		uint64_t ids = 0;

		for (uint32_t i = 0; i < packet->field_count; i++) {
			const struct pm4_field *f = &packet->fields[i];
			uint32_t mask;

			assert_true(f->width && f->shift + f->width <= 32 && f->word < packet->words);
			assert_true(f->generations && f->id < 64);
			if (!(f->generations & PM4_GENERATION_BIT(g)))
				continue;
			assert_false(ids & 1ULL << f->id);
			ids |= 1ULL << f->id;
			mask = (uint32_t)(((1ULL << f->width) - 1) << f->shift);
			if (apart)
				assert_false(taken[f->word] & mask);
			taken[f->word] |= mask;
		}
	}
}

static void fields_are_inside_and_apart(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < pm4_packet_count; i++)
		check_fields(pm4_packets[i], true);
	for (uint32_t i = 0; i < pm4_register_word_count; i++)
		check_fields(pm4_register_words[i], true);
	check_fields(&sdma_fields, false);
}

static void a_field_holds_what_fits_and_nothing_else(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < pm4_packet_count; i++) {
		const struct pm4_packet *p = pm4_packets[i];

		for (uint32_t j = 0; j < p->field_count * PM4_GENERATION_COUNT; j++) {
			const struct pm4_field *f = &p->fields[j / PM4_GENERATION_COUNT];
			enum pm4_generation g = (enum pm4_generation)(j % PM4_GENERATION_COUNT);
			uint64_t most = (1ULL << f->width) - 1;
			uint32_t words[16], before[16];

			if (!(f->generations & PM4_GENERATION_BIT(g))) {
				assert_int_equal(pm4_field_get(p, f->id, g, words), 0);
				continue;
			}
			memset(before, 0xa5, sizeof(before));
			memcpy(words, before, sizeof(words));
			assert_false(pm4_field_put(p, f->id, g, most + 1, words));
			assert_memory_equal(words, before, sizeof(words));
			assert_true(pm4_field_put(p, f->id, g, most, words));
			assert_int_equal(pm4_field_get(p, f->id, g, words), most);
			assert_int_equal(words[f->word] & ~(uint32_t)(most << f->shift),
					 before[f->word] & ~(uint32_t)(most << f->shift));
			assert_true(pm4_field_put(p, f->id, g, 0, words));
			assert_int_equal(pm4_field_get(p, f->id, g, words), 0);
		}
	}
}

static void registers_are_in_the_order_of_their_addresses(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < REGISTER_COUNT; i++) {
		assert_non_null(pm4_registers[i].name);
		assert_true(pm4_registers[i].generations);
		if (i)
			assert_true(pm4_registers[i].offset > pm4_registers[i - 1].offset);
	}
}

static void no_packet_is_there_twice(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sdma_packet_count; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_false(sdma_packets[i].operation == sdma_packets[j].operation &&
				     sdma_packets[i].sub_operation == sdma_packets[j].sub_operation &&
				     sdma_packets[i].generations & sdma_packets[j].generations);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_has_the_packets),
		cmocka_unit_test(the_page_has_the_registers),
		cmocka_unit_test(the_page_has_the_sdma_packets),
		cmocka_unit_test(the_page_has_the_fences),
		cmocka_unit_test(fields_are_inside_and_apart),
		cmocka_unit_test(a_field_holds_what_fits_and_nothing_else),
		cmocka_unit_test(registers_are_in_the_order_of_their_addresses),
		cmocka_unit_test(no_packet_is_there_twice),
	};

	if (argc == 2 && !strcmp(argv[1], "--print")) {
		print_packets(stdout);
		printf("--- fences\n");
		print_fences(stdout);
		printf("--- registers\n");
		print_registers(stdout);
		printf("--- sdma\n");
		print_sdma(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
