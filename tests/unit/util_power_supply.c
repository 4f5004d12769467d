// SPDX-License-Identifier: MIT
/* What feeds the machine, by trees of files as kernels show them, and as they never should. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "temp_tree.h"
#include "util/power_supply.h"

static int setup(void **state)
{
	static struct temp_tree tree;

	temp_tree_create(&tree);
	*state = &tree;
	return 0;
}

static int teardown(void **state)
{
	temp_tree_destroy(*state);
	return 0;
}

static unsigned open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static enum power_source read_tree(struct temp_tree *tree)
{
	unsigned files = open_files();
	int fd = open(tree->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum power_source source, again;

	assert_true(fd >= 0);
	source = power_supply_read(fd);
	/* the directory is the caller's, and as it was */
	again = power_supply_read(fd);
	assert_int_equal(source, again);
	assert_int_equal(close(fd), 0);
	assert_int_equal(open_files(), files);
	return source;
}

static void supply(struct temp_tree *tree, const char *name, const char *type, const char *property,
		   const char *value)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/type", name);
	temp_tree_write(tree, path, type);
	snprintf(path, sizeof(path), "%s/%s", name, property);
	temp_tree_write(tree, path, value);
}

static void a_machine_that_does_not_say_is_unknown(void **state)
{
	struct temp_tree *tree = *state;

	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	supply(tree, "BAT1", "Battery\n", "status", "Unknown\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	supply(tree, "BAT1", "Battery\n", "status", "Full\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	supply(tree, "usb", "USB\n", "online", "0\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	supply(tree, "AC1", "Mains\n", "online", "\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
}

static void mains_that_are_connected_feed_it(void **state)
{
	struct temp_tree *tree = *state;

	supply(tree, "AC1", "Mains\n", "online", "1\n");
	assert_int_equal(read_tree(tree), POWER_MAINS);
	/* some discharge a little all the same */
	supply(tree, "BAT1", "Battery\n", "status", "Discharging\n");
	assert_int_equal(read_tree(tree), POWER_MAINS);
	supply(tree, "AC1", "Mains\n", "online", "0\n");
	assert_int_equal(read_tree(tree), POWER_BATTERY);
	supply(tree, "ucsi-source-psy-USBC000:001", "USB\n", "online", "2\n");
	assert_int_equal(read_tree(tree), POWER_MAINS);
}

static void a_battery_feeds_it_when_it_discharges_or_the_mains_are_off(void **state)
{
	struct temp_tree *tree = *state;

	supply(tree, "BAT1", "Battery\n", "status", "Discharging\n");
	assert_int_equal(read_tree(tree), POWER_BATTERY);
	supply(tree, "BAT1", "Battery\n", "status", "Not charging\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	supply(tree, "AC1", "Mains\n", "online", "0\n");
	assert_int_equal(read_tree(tree), POWER_BATTERY);
	supply(tree, "AC1", "Mains\n", "online", "1\n");
	assert_int_equal(read_tree(tree), POWER_MAINS);
	supply(tree, "AC1", "UPS\n", "status", "Discharging\n");
	assert_int_equal(read_tree(tree), POWER_BATTERY);
}

static void batteries_of_mice_say_nothing(void **state)
{
	struct temp_tree *tree = *state;

	supply(tree, "hidpp_battery_0", "Battery\n", "status", "Discharging\n");
	temp_tree_write(tree, "hidpp_battery_0/scope", "Device\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	temp_tree_write(tree, "hidpp_battery_0/scope", "System\n");
	assert_int_equal(read_tree(tree), POWER_BATTERY);
}

static void what_no_kernel_writes_is_not_believed(void **state)
{
	static const struct {
		const char *type, *online;
		size_t size;
	} cases[] = {
		{"Mains", "1\0garbage\n", 10}, /* up to its end */
		{"Mains", "10\n", 3},
		{"Mains", "-1\n", 3},
		{"Mains", "1 \n", 3},
		{"Mains", "", 0},
		{"Mains\n", "1111111111111111111111111111111111111111", 40},
		{"Mains and more that no kernel calls a supply\n", "1\n", 2},
		{"mains\n", "1\n", 2},
		{"", "1\n", 2},
	};
	struct temp_tree *tree = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		temp_tree_write(tree, "AC1/type", cases[i].type);
		temp_tree_write_bytes(tree, "AC1/online", cases[i].online, cases[i].size);
		assert_int_equal(read_tree(tree), i ? POWER_UNKNOWN : POWER_MAINS);
	}
}

static void what_is_no_supply_is_passed_over(void **state)
{
	struct temp_tree *tree = *state;
	char name[NAME_MAX + 1], path[4096];

	/* plain files, pipes that nobody writes, directories, links out, names without end */
	temp_tree_write(tree, "README", "Mains\n");
	temp_tree_mkfifo(tree, "pipe/type");
	temp_tree_mkfifo(tree, "AC2/online");
	temp_tree_write(tree, "AC2/type", "Mains\n");
	temp_tree_write(tree, "AC3/type/online", "1\n");
	supply(tree, ".hidden", "Mains\n", "online", "1\n");
	supply(tree, "elsewhere", "Mains\n", "status", "1\n");
	snprintf(path, sizeof(path), "%s/elsewhere/online", tree->path);
	assert_int_equal(symlink("status", path), 0);
	memset(name, 'x', NAME_MAX);
	name[NAME_MAX] = '\0';
	temp_tree_write(tree, name, "1\n");
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
	/* the kernel's entries are links to directories */
	supply(tree, "devices/AC1", "Mains\n", "online", "1\n");
	snprintf(path, sizeof(path), "%s/AC1", tree->path);
	assert_int_equal(symlink("devices/AC1", path), 0);
	assert_int_equal(read_tree(tree), POWER_MAINS);
	assert_int_equal(unlink(path), 0);
}

static void a_tree_without_end_is_left(void **state)
{
	struct temp_tree *tree = *state;
	char name[32];

	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "entry%u/x", i);
		temp_tree_write(tree, name, "");
	}
	assert_int_equal(read_tree(tree), POWER_UNKNOWN);
}

static void no_directory_is_unknown(void **state)
{
	struct temp_tree *tree = *state;
	char path[128];
	int fd;

	assert_int_equal(power_supply_read(-1), POWER_UNKNOWN);
	temp_tree_write(tree, "file", "");
	snprintf(path, sizeof(path), "%s/file", tree->path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(power_supply_read(fd), POWER_UNKNOWN);
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_machine_that_does_not_say_is_unknown),
		TEST(mains_that_are_connected_feed_it),
		TEST(a_battery_feeds_it_when_it_discharges_or_the_mains_are_off),
		TEST(batteries_of_mice_say_nothing),
		TEST(what_no_kernel_writes_is_not_believed),
		TEST(what_is_no_supply_is_passed_over),
		TEST(a_tree_without_end_is_left),
		TEST(no_directory_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
