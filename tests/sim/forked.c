// SPDX-License-Identifier: MIT
#include "forked.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int forked_run(const char *title, int (*body)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return -1;
	}
	if (!pid) {
		alarm(FORKED_TIME_LIMIT_S);
		exit(body(arg) ? 1 : 0); /* exit, not _exit: the leak checker runs there */
	}
	if (waitpid(pid, &status, 0) != pid) {
		perror("waitpid");
		return -1;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		fprintf(stderr, "%s: %s\n", title, strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "%s: exit status %d\n", title, WEXITSTATUS(status));
	return -1;
}

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

unsigned count_fds(void)
{
	return count_entries("/proc/self/fd");
}

unsigned count_threads(void)
{
	return count_entries("/proc/self/task");
}

unsigned long resident_kilobytes(void)
{
	char line[256];
	unsigned long kilobytes = 0;
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmRSS:", 6))
			kilobytes = strtoul(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return kilobytes;
}
