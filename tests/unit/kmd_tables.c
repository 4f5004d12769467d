// SPDX-License-Identifier: MIT
/*
 * The field tables: consistent in themselves, and printed in docs/private-data.md as they are.
 * `kmd_tables --print` writes the tables of that page.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kmd/info.h"
#include "kmd/layouts.h"
#include "util/compiler.h"

static void print_field(FILE *to, const struct field *f)
{
	char width[32];

	if (f->bits && f->bits == 1)
		snprintf(width, sizeof(width), "bit %u", f->shift);
	else if (f->bits)
		snprintf(width, sizeof(width), "bits %u-%u", f->shift, f->shift + f->bits - 1);
	else
		snprintf(width, sizeof(width), "u%u", f->width * 8);
	fprintf(to, "| 0x%03X | %s", f->offset, width);
	if (f->count > 1)
		fprintf(to, "[%u]", f->count);
	if (f->stride)
		fprintf(to, " every %u bytes", f->stride);
	fprintf(to, " | `%s` | %s | %s | %s | %s |\n", f->name, f->meaning,
		field_confidence_name(f->confidence), f->source, f->verified_by);
}

static void print_layout(FILE *to, const struct blob_layout *layout)
{
	fprintf(to, "\n### `%s`: %s\n\n", layout->name, layout->title);
	fprintf(to, "Starts at 0x%X, 0x%X bytes.\n\n", layout->base, layout->size);
	fprintf(to, "| offset | type | field | meaning | confidence | source | verified by |\n");
	fprintf(to, "|---|---|---|---|---|---|---|\n");
	for (uint32_t i = 0; i < layout->field_count; i++)
		print_field(to, &layout->fields[i]);
}

static void print_all(FILE *to)
{
	for (uint32_t i = 0; i < kmd_layout_count; i++)
		print_layout(to, kmd_layouts[i]);
}

static char *read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	ssize_t got;

	assert_non_null(file);
	got = getdelim(&text, &size, '\0', file);
	assert_true(got > 0);
	fclose(file);
	return text;
}

static void every_field_is_declared_inside_its_blob(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < kmd_layout_count; i++) {
		const struct blob_layout *l = kmd_layouts[i];

		for (uint32_t id = 0; id < l->field_count; id++) {
			const struct field *f = &l->fields[id];
			uint32_t end = f->offset + (field_element_count(f) - 1) * field_stride(f) + f->width;

			assert_non_null(f->name);
			assert_non_null(f->meaning);
			assert_non_null(f->source);
			assert_true(f->width == 1 || f->width == 2 || f->width == 4 || f->width == 8);
			assert_true(f->shift + f->bits <= f->width * 8);
			assert_true(end <= l->size);
		}
	}
}

/* One of the things that can find a field out, or the admission that nothing does. */
static bool is_a_verifier(const char *text, size_t length)
{
	static const char *const steps[] = {"context", "ring memory", "queue", "allocation",
					    "mapping", "submission",  "fence", "result"};
	unsigned rule;
	int end;

	if (length == 5 && !strncmp(text, "range", length))
		return true;
	if (sscanf(text, "check %u%n", &rule, &end) == 1)
		return (size_t)end == length && rule > KMD_RULE_NONE && rule < KMD_RULE_COUNT;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (length == 7 + strlen(steps[i]) && !strncmp(text, "probe: ", 7) &&
		    !strncmp(text + 7, steps[i], length - 7))
			return true;
	return false;
}

static void every_field_says_what_would_find_it_wrong(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < kmd_layout_count; i++) {
		for (uint32_t id = 0; id < kmd_layouts[i]->field_count; id++) {
			const struct field *f = &kmd_layouts[i]->fields[id];
			const char *text = f->verified_by;

			assert_non_null(text);
			if (!strncmp(text, "none: ", 6) && text[6])
				continue;
			for (;;) {
				const char *end = strstr(text, "; ");
				size_t length = end ? (size_t)(end - text) : strlen(text);

				if (!is_a_verifier(text, length))
					fail_msg("%s of %s: \"%s\" verifies nothing", f->name,
						 kmd_layouts[i]->name, f->verified_by);
				if (!end)
					break;
				text = end + 2;
			}
		}
	}
}

static uint64_t used_bits(const struct field *f)
{
	uint32_t bits = f->bits ? f->bits : f->width * 8U;

	return (bits >= 64 ? UINT64_MAX : (1ULL << bits) - 1) << f->shift;
}

static void mark_used(uint8_t *map, const struct field *f)
{
	for (uint32_t e = 0; e < field_element_count(f); e++) {
		for (uint32_t b = 0; b < f->width; b++) {
			uint8_t *byte = &map[f->offset + e * field_stride(f) + b];
			uint8_t mine = (uint8_t)(used_bits(f) >> (8 * b));

			assert_int_equal(*byte & mine, 0);
			*byte |= mine;
		}
	}
}

static void no_two_fields_overlap(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < kmd_layout_count; i++) {
		uint8_t *map = calloc(1, kmd_layouts[i]->size);

		assert_non_null(map);
		for (uint32_t id = 0; id < kmd_layouts[i]->field_count; id++)
			mark_used(map, &kmd_layouts[i]->fields[id]);
		free(map);
	}
}

static void what_is_set_is_read_back_and_nothing_else_changes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < kmd_layout_count; i++) {
		const struct blob_layout *l = kmd_layouts[i];
		size_t size = l->base + l->size;
		uint8_t *blob = malloc(size), *before = malloc(size);

		assert_true(blob && before);
		memset(before, 0xA5, size);
		for (uint32_t id = 0; id < l->field_count; id++) {
			uint64_t all = used_bits(&l->fields[id]) >> l->fields[id].shift;
			uint64_t got;

			for (uint32_t e = 0; e < field_element_count(&l->fields[id]); e++) {
				memcpy(blob, before, size);
				assert_int_equal(field_get(l, id, e, blob, size, &got), 0);
				assert_int_equal(field_set(l, id, e, blob, size, got ^ all), 0);
				assert_memory_not_equal(blob, before, size);
				assert_int_equal(field_set(l, id, e, blob, size, got), 0);
				assert_memory_equal(blob, before, size);
				if (all != UINT64_MAX)
					assert_int_equal(field_set(l, id, e, blob, size, all + 1),
							 -EOVERFLOW);
				assert_memory_equal(blob, before, size);
			}
		}
		free(blob);
		free(before);
	}
}

static void access_out_of_bounds_is_refused(void **state)
{
	uint8_t blob[KMD_PROXY_SIZE] = {0};
	uint64_t value = 1;

	(void)state;
	assert_int_equal(field_get(&proxy_layout, PROXY_VENDOR_BLOCK_SIZE, 0, blob, sizeof(blob), &value), 0);
	assert_int_equal(field_get(&proxy_layout, PROXY_VENDOR_BLOCK_SIZE, 0, blob, sizeof(blob) - 1, &value),
			 -ERANGE);
	assert_int_equal(value, 0);
	assert_int_equal(field_get(&proxy_layout, PROXY_FIELD_COUNT, 0, blob, sizeof(blob), &value), -ERANGE);
	assert_int_equal(field_get(&proxy_layout, PROXY_VENDOR_ID, 4, blob, sizeof(blob), &value), -ERANGE);
	assert_int_equal(field_get(&ex_layout, EX_PCIE_ATOMICS, 0, blob, sizeof(blob), &value), -ERANGE);
	assert_int_equal(field_set(&proxy_layout, PROXY_VENDOR_ID, 4, blob, sizeof(blob), 1), -ERANGE);
	assert_int_equal(field_set(&proxy_layout, PROXY_VENDOR_ID, UINT32_MAX, blob, sizeof(blob), 1),
			 -ERANGE);
}

static void the_documentation_has_these_tables(void **state)
{
	char *page = read_whole(PRIVATE_DATA_PAGE);
	char *tables = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&tables, &size);

	(void)state;
	assert_non_null(to);
	print_all(to);
	assert_int_equal(fclose(to), 0);
	if (!strstr(page, tables))
		fail_msg("%s does not have the tables of `kmd_tables --print`", PRIVATE_DATA_PAGE);
	free(tables);
	free(page);
}

static void the_documentation_has_each_self_check(void **state)
{
	char *page = read_whole(PRIVATE_DATA_PAGE);
	char row[64];

	(void)state;
	for (uint32_t rule = 1; rule < KMD_RULE_COUNT; rule++) {
		snprintf(row, sizeof(row), "\n| %u | %s | ", rule, kmd_rule_name(rule));
		if (!strstr(page, row))
			fail_msg("%s has no row for self-check %u, %s", PRIVATE_DATA_PAGE, rule,
				 kmd_rule_name(rule));
	}
	free(page);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_declared_inside_its_blob),
		cmocka_unit_test(every_field_says_what_would_find_it_wrong),
		cmocka_unit_test(no_two_fields_overlap),
		cmocka_unit_test(what_is_set_is_read_back_and_nothing_else_changes),
		cmocka_unit_test(access_out_of_bounds_is_refused),
		cmocka_unit_test(the_documentation_has_these_tables),
		cmocka_unit_test(the_documentation_has_each_self_check),
	};

	if (argc == 2 && !strcmp(argv[1], "--print")) {
		print_all(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
