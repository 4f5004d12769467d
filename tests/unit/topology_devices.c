// SPDX-License-Identifier: MIT
/* The device table: what is compiled in, what users add, and what must not get in. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "topology/devices.h"
#include "unit/temp_tree.h"
#include "util/compiler.h"
#include "util/log.h"

static struct device_table *table;
static unsigned messages;

static void count_message(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
	messages++;
}

static int setup(void **state)
{
	(void)state;
	messages = 0;
	log_set_level(LOG_ERR);
	log_set_sink(count_message, NULL);
	return device_table_create(&table);
}

static int teardown(void **state)
{
	(void)state;
	device_table_destroy(table);
	log_set_sink(NULL, NULL);
	return 0;
}

static void add(const char *text)
{
	assert_int_equal(device_table_add_text(table, "test", text, strlen(text)), 0);
}

static size_t user_lines(void)
{
	const struct device_line *lines;

	return device_table_lines(table, &lines);
}

static void the_compiled_table_is_the_installed_file(void **state)
{
	static char text[1 << 20];
	const struct device_line *lines;
	FILE *file = fopen(DEVICES_CSV, "re");
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	assert_int_equal(device_table_add_text(table, "devices.csv", text, size), 0);
	assert_int_equal(messages, 0);
	assert_int_equal(device_table_lines(table, &lines), device_builtin_count);
	for (size_t i = 0; i < device_builtin_count; i++) {
		const struct device_line *a = &device_builtin[i], *b = &lines[i];

		assert_int_equal(a->id, b->id);
		assert_int_equal(a->revision, b->revision);
		assert_memory_equal(&a->gfx, &b->gfx, sizeof(a->gfx));
		assert_int_equal(a->kind, b->kind);
		assert_string_equal(a->name, b->name);
		assert_int_equal(a->has, b->has);
		assert_memory_equal(a->value, b->value, sizeof(a->value));
	}
}

static void exact_revision_comes_first(void **state)
{
	struct device_info info;

	(void)state;
	device_table_find(table, 0x73BF, 0xC3, &info);
	assert_true(info.known && info.same_revision);
	assert_string_equal(info.name, "AMD Radeon RX 6800");
	assert_int_equal(info.gfx.major, 10);
	assert_int_equal(info.gfx.minor, 3);
	assert_int_equal(info.gfx.step, 0);
	assert_int_equal(info.value[DEVICE_CU], 60);
	assert_int_equal(info.origin[DEVICE_CU], ORIGIN_TABLE);
	assert_int_equal(info.kind, DEVICE_KIND_DGPU);

	device_table_find(table, 0x1681, 0x0A, &info);
	assert_true(info.known && info.same_revision);
	assert_string_equal(info.name, "AMD Radeon 680M");
	assert_int_equal(info.gfx.step, 5);

	/* Navi 24's and Navi 33's notebook parts */
	device_table_find(table, 0x7421, 0x00, &info);
	assert_true(info.known && info.same_revision);
	assert_int_equal(info.gfx.step, 4);
	assert_int_equal(info.value[DEVICE_CU], 16);
	device_table_find(table, 0x7423, 0x01, &info);
	assert_true(info.known && info.same_revision);
	assert_string_equal(info.name, "AMD Radeon Pro W6300");
	assert_int_equal(info.value[DEVICE_CU], 12);
	device_table_find(table, 0x7483, 0xC3, &info);
	assert_true(info.known);
	assert_int_equal(info.gfx.major, 11);
	assert_int_equal(info.gfx.step, 2);

	/* a revision nobody listed: a sibling's line */
	device_table_find(table, 0x73BF, 0x77, &info);
	assert_true(info.known);
	assert_false(info.same_revision);
	assert_int_equal(info.gfx.major, 10);

	device_table_find(table, 0x67DF, 0xC7, &info);
	assert_false(info.known);
}

static void user_lines_override_single_values(void **state)
{
	struct device_info info;

	(void)state;
	add("device_id,revision,engine_mhz,name\n0x73BF,0xC3,2222,\n0x73bf,*,1111,Any\n");
	assert_int_equal(messages, 0);
	device_table_find(table, 0x73BF, 0xC3, &info);
	assert_int_equal(info.value[DEVICE_ENGINE_MHZ], 2222);
	assert_int_equal(info.origin[DEVICE_ENGINE_MHZ], ORIGIN_USER_TABLE);
	assert_string_equal(info.name, "AMD Radeon RX 6800");
	assert_int_equal(info.value[DEVICE_CU], 60);
	assert_int_equal(info.origin[DEVICE_CU], ORIGIN_TABLE);
	device_table_find(table, 0x73BF, 0xC1, &info);
	assert_int_equal(info.value[DEVICE_ENGINE_MHZ], 1111);
	assert_string_equal(info.name, "Any");
	assert_int_equal(info.name_origin, ORIGIN_USER_TABLE);
	/* the later of two equals */
	add("device_id,revision,engine_mhz\n0x73BF,0xC3,3333\n");
	device_table_find(table, 0x73BF, 0xC3, &info);
	assert_int_equal(info.value[DEVICE_ENGINE_MHZ], 3333);
}

/* A card with the same id in the same machine, or the next one bought. */
static void a_line_for_one_revision_leaves_the_others_alone(void **state)
{
	struct device_info info;

	(void)state;
	add("device_id,revision,name,cu\n0x744C,0xC8,Mine,90\n0x744C,0xCE,Mine too,\n");
	device_table_find(table, 0x744C, 0xC8, &info);
	assert_string_equal(info.name, "Mine");
	assert_int_equal(info.value[DEVICE_CU], 90);
	device_table_find(table, 0x744C, 0xCC, &info);
	assert_string_equal(info.name, "AMD Radeon RX 7900 XT");
	assert_int_equal(info.value[DEVICE_CU], 84);
	assert_int_equal(info.origin[DEVICE_CU], ORIGIN_TABLE);
	assert_true(info.same_revision);
	/* where nobody knows the revision, the user's sibling is as good as it gets */
	device_table_find(table, 0x744C, 0x01, &info);
	assert_string_equal(info.name, "Mine");
	assert_false(info.same_revision);
}

static void a_line_without_header_allows_a_device(void **state)
{
	struct device_info info;

	(void)state;
	add("# my card\r\n\r\n0x67DF,*,gfx803,Radeon RX 580\r\n 26591 , 0xC8, gfx90a\r\n");
	assert_int_equal(messages, 0);
	device_table_find(table, 0x67DF, 0xC7, &info);
	assert_true(info.known);
	assert_int_equal(info.gfx.major, 8);
	assert_int_equal(info.gfx.step, 3);
	assert_string_equal(info.name, "Radeon RX 580");
	assert_int_equal(info.origin[DEVICE_CU], ORIGIN_UNSET);
	assert_int_equal(info.value[DEVICE_CU], 0);
	device_table_find(table, 26591, 0xC8, &info);
	assert_int_equal(info.gfx.major, 9);
	assert_int_equal(info.gfx.step, 10);
}

static void bad_lines_are_skipped_with_a_message(void **state)
{
	static const char *const bad[] = {
		"0x1234,*,gfx10300,x",
		"0x1234,*,10.3.0,x",
		"0x1234,*,gfx,x",
		"0x1234,*,GFX1030,x",
		"0x1234,*,gfx0030,x",
		"0x1234,0x100,gfx1030,x",
		"0x1234,-1,gfx1030,x",
		"0x12345,*,gfx1030,x",
		"0,*,gfx1030,x",
		"zz,*,gfx1030,x",
		",*,gfx1030,x",
		"0x1234,*,gfx1030,x,60",
		"0x1234,*,gfx1030,\033[2J",
		"0x1234,*,gfx1030,a name of more than sixty-three characters which is all the room",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		messages = 0;
		add(bad[i]);
		assert_int_equal(messages, 1);
		assert_int_equal(user_lines(), 0);
	}
}

static void bad_numbers_are_skipped(void **state)
{
	static const char *const bad[] = {
		"0", "-1", "1e3", "60 61", "0x", "4294967356", "99999999999999999999", "1025"};
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		messages = 0;
		snprintf(text, sizeof(text), "device_id,cu\n0x1234,%s\n", bad[i]);
		add(text);
		assert_int_equal(messages, 1);
		assert_int_equal(user_lines(), 0);
	}
}

static void unknown_columns_are_ignored_with_a_message(void **state)
{
	struct device_info info;

	(void)state;
	add("device_id,gfx,colour,cu,cu\n0x1234,gfx1030,red,60,70\n");
	assert_int_equal(messages, 2);
	device_table_find(table, 0x1234, 0, &info);
	assert_int_equal(info.value[DEVICE_CU], 60);
}

static void a_file_of_rubbish_is_quiet_after_a_while(void **state)
{
	char text[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 4 == 3 ? '\n' : 'x';
	assert_int_equal(device_table_add_text(table, "rubbish", text, sizeof(text)), 0);
	assert_in_range(messages, 1, 10);
	assert_int_equal(user_lines(), 0);
	/* no text at all, one endless line, too many fields */
	memset(text, 0, sizeof(text));
	add("");
	assert_int_equal(device_table_add_text(table, "zeros", text, sizeof(text)), 0);
	memset(text, ',', sizeof(text));
	assert_int_equal(device_table_add_text(table, "commas", text, 500), 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(device_table_add_text(table, "long", text, sizeof(text)), 0);
	assert_int_equal(user_lines(), 0);
}

static void directory_is_read_in_order(void **state)
{
	static char huge[300 * 1024];
	struct device_info info;
	struct temp_tree tree;

	(void)state;
	temp_tree_create(&tree);
	temp_tree_write(&tree, "20-b.csv", "0x1234,*,gfx1031,b\n");
	temp_tree_write(&tree, "10-a.csv", "0x1234,*,gfx1030,a\n");
	temp_tree_write(&tree, "30.csv.bak", "0x1234,*,gfx1032,c\n");
	temp_tree_write(&tree, ".hidden.csv", "0x1234,*,gfx1032,c\n");
	assert_int_equal(device_table_add_directory(table, tree.path), 0);
	assert_int_equal(messages, 0);
	device_table_find(table, 0x1234, 0, &info);
	assert_string_equal(info.name, "b");
	assert_int_equal(info.gfx.step, 1);

	memset(huge, '#', sizeof(huge));
	temp_tree_write_bytes(&tree, "40.csv", huge, sizeof(huge));
	temp_tree_mkfifo(&tree, "50.csv");
	temp_tree_write(&tree, "60.csv/x", "a directory");
	assert_int_equal(device_table_add_directory(table, tree.path), 0);
	assert_int_equal(messages, 3);
	temp_tree_destroy(&tree);
	/* no directory is no error and no message */
	assert_int_equal(device_table_add_directory(table, tree.path), 0);
	assert_int_equal(messages, 3);
}

static void too_many_lines_end_with_a_message(void **state)
{
	static char text[6000 * 32];
	struct temp_tree tree;
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < 6000; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "0x%04X,*,gfx1030,x\n",
					 i % 60000 + 1);
	temp_tree_create(&tree);
	temp_tree_write_bytes(&tree, "a.csv", text, used);
	assert_int_equal(device_table_add_directory(table, tree.path), 0);
	temp_tree_destroy(&tree);
	assert_int_equal(messages, 1);
	assert_int_equal(user_lines(), 4096);
}

static void every_builtin_line_can_be_a_node(void **state)
{
	(void)state;
	for (size_t i = 0; i < device_builtin_count; i++) {
		const struct device_line *line = &device_builtin[i];

		assert_in_range(line->gfx.major, 10, 12);
		assert_true(line->kind == DEVICE_KIND_DGPU || line->kind == DEVICE_KIND_APU);
		assert_true(line->value[DEVICE_SIMD_PER_CU] && line->value[DEVICE_WAVES_PER_SIMD]);
		assert_true(line->value[DEVICE_L0_KB] && line->value[DEVICE_L0_LINE]);
		if (line->has & 1U << DEVICE_CU)
			assert_true(line->value[DEVICE_CU] >=
				    line->value[DEVICE_SE] * line->value[DEVICE_SA]);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_compiled_table_is_the_installed_file),
		TEST(exact_revision_comes_first),
		TEST(user_lines_override_single_values),
		TEST(a_line_for_one_revision_leaves_the_others_alone),
		TEST(a_line_without_header_allows_a_device),
		TEST(bad_lines_are_skipped_with_a_message),
		TEST(bad_numbers_are_skipped),
		TEST(unknown_columns_are_ignored_with_a_message),
		TEST(a_file_of_rubbish_is_quiet_after_a_while),
		TEST(directory_is_read_in_order),
		TEST(too_many_lines_end_with_a_message),
		TEST(every_builtin_line_can_be_a_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
