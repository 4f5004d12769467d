// SPDX-License-Identifier: MIT
/* The host's source of power as a program in the simulated VM finds it in sysfs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dxgsim/dxgsim.h"

#define CLASS "/sys/class/power_supply"

/* As a library would do it: names in the directory, but for hidden ones. */
static unsigned int supplies(DIR *directory)
{
	struct dirent *entry;
	unsigned int count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

static unsigned int supplies_now(void)
{
	int fd = open(CLASS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return supplies(fdopendir(fd));
}

/* Whether a file in the class has this line; read in both ways there are. */
static bool says(const char *name, const char *line)
{
	char text[32] = "", again[32] = "", path[128];
	int directory = open(CLASS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	FILE *file;

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	close(directory);
	snprintf(path, sizeof(path), CLASS "/%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(again, sizeof(again), file));
	fclose(file);
	assert_string_equal(text, again);
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, line);
}

static int setup(void **state)
{
	(void)state;
	dxgsim_reset();
	return 0;
}

static void nothing_is_known_at_first(void **state)
{
	(void)state;
	assert_int_equal(supplies_now(), 0);
	assert_int_equal(supplies(opendir(CLASS)), 0);
	assert_int_equal(open(CLASS "/AC1/online", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
}

static void it_changes_under_the_program(void **state)
{
	(void)state;
	assert_int_equal(dxgsim_control("power=mains"), 0);
	assert_int_equal(supplies_now(), 2);
	assert_true(says("AC1/type", "Mains") && says("AC1/online", "1"));
	assert_true(says("BAT1/type", "Battery") && says("BAT1/status", "Charging"));
	assert_int_equal(dxgsim_control("power=battery"), 0);
	assert_true(says("AC1/type", "Mains") && says("AC1/online", "0"));
	assert_true(says("BAT1/status", "Discharging"));
	assert_int_equal(supplies(opendir(CLASS "/BAT1")), 2);
	assert_int_equal(dxgsim_control("power=unknown"), 0);
	assert_int_equal(supplies_now(), 0);
}

static void it_is_that_of_all_processes(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(supplies_now(), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(dxgsim_control("power=battery") || supplies_now() != 2);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(says("AC1/online", "0"));
}

static void only_the_class_itself_is_played(void **state)
{
	(void)state;
	assert_int_equal(dxgsim_control("power=mains"), 0);
	assert_int_equal(open(CLASS "2/AC1/online", O_RDONLY), -1);
	assert_int_equal(open(CLASS "/AC1/nothing", O_RDONLY), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(open(CLASS "/AC1/online", O_RDWR), -1);
	assert_int_equal(errno, EACCES);
	assert_null(fopen(CLASS "/AC1/online", "w"));
	assert_int_equal(errno, EACCES);
	assert_int_equal(open(CLASS "/../power_supply/AC1/made", O_RDONLY), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_known_at_first, setup),
		cmocka_unit_test_setup(it_changes_under_the_program, setup),
		cmocka_unit_test_setup(it_is_that_of_all_processes, setup),
		cmocka_unit_test_setup(only_the_class_itself_is_played, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
