// SPDX-License-Identifier: MIT
/*
 * However a process ends, it ends: at once, with the status that it chose, and with what it had on the host given back in order where that
 * is promised: after a close, and at an exit() without one that finds nobody inside of a call.
 *
 * Without arguments each case of ends_cases.c runs in a process of its own, this program again with the case's name.
 */
#include "ends.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 5000u
#define LOOK_MS	 2u

static char report[] = "/tmp/ends.XXXXXX";

/* Threads that nobody waits for, and exit() in a signal handler, are what the cases are about. */
static void allow_for_sanitizers(void)
{
	const char *given = getenv("TSAN_OPTIONS");
	char options[1024];

	snprintf(options, sizeof(options), "%s report_signal_unsafe=0 report_thread_leaks=0 die_after_fork=0",
		 given ? given : "");
	setenv("TSAN_OPTIONS", options, 1);
}

static pid_t start(const struct ends_case *which)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	allow_for_sanitizers();
	setenv("DXGSIM_REPORT", report, 1);
	setenv("DXGSIM_ADAPTERS", "rx6800;radeon680m", 1);
	execl("/proc/self/exe", "ends", which->name, (char *)NULL);
	_exit(127);
}

/* The wait status; a process that does not end in time is killed. */
static int finish(pid_t pid)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	int status = -1;

	for (unsigned waited = 0; waited < LIMIT_MS; waited += LOOK_MS) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		nanosleep(&look, NULL);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* What the simulator found: leaks and misuse fail the case, notes say what was left to the kernel. */
static void check_report(const struct ends_case *which)
{
	FILE *file = fopen(report, "re");
	char line[512], kind[16];
	bool left = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		bool note = sscanf(line, "%*d %15s", kind) == 1 && !strcmp(kind, "NOTE");

		/* what the kernel has to end may be locked; a program's own destruction of such is what it is about */
		if (which->left == ENDS_TO_KERNEL && strstr(line, "is still locked"))
			continue;
		if (!note || (which->left == ENDS_CLEAN && strstr(line, "left to the kernel")))
			print_error("%s: %s", which->name, line);
		assert_true(note);
		left |= strstr(line, "left to the kernel") != NULL;
	}
	fclose(file);
	if (which->left == ENDS_CLEAN)
		assert_false(left);
	if (which->left == ENDS_TO_KERNEL)
		assert_true(left);
}

static void it_ends(void **state)
{
	const struct ends_case *which = *state;
	int fd, status;

	strcpy(report, "/tmp/ends.XXXXXX");
	fd = mkstemp(report);
	assert_true(fd >= 0);
	close(fd);
	status = finish(start(which));
	if (!WIFEXITED(status) || WEXITSTATUS(status) != which->status)
		print_error("%s: wait status %#x\n", which->name, (unsigned)status);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), which->status);
	check_report(which);
	unlink(report);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[64];
	size_t count = 0;

	for (const struct ends_case *which = ends_cases; which->name; which++) {
		if (argc > 1 && !strcmp(argv[1], which->name))
			return which->body();
		tests[count++] = (struct CMUnitTest){
			.name = which->name,
			.test_func = it_ends,
			.initial_state = (void *)(uintptr_t)which,
		};
	}
	if (argc > 1)
		return 2;
	return _cmocka_run_group_tests("ends", tests, count, NULL, NULL);
}
