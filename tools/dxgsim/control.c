// SPDX-License-Identifier: MIT
/*
 * dxgsim --control.  A run is found by its arena, which has no name of its own: the launcher has it open, and its
 * processes have been told where.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dxgsim/commands.h"
#include "dxgsim/host/arena.h"
#include "dxgsim/host/happening.h"
#include "dxgsim/schedule.h"

#define VARIABLE "DXGSIM_ARENA="

/* The file of an arena among those that a process has open.  0, -ENOENT: none of them is, or why that cannot be seen. */
static int find_open_arena(const char *pid, char *path, size_t size)
{
	char directory[64], link[64];
	struct dirent *entry;
	int rc = -ENOENT;
	DIR *fds;

	snprintf(directory, sizeof(directory), "/proc/%s/fd", pid);
	fds = opendir(directory);
	if (!fds)
		return -errno;
	while (rc && (entry = readdir(fds))) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);

		if (length < 0)
			continue;
		link[length] = '\0';
		if (strcmp(link, "/memfd:" ARENA_NAME " (deleted)"))
			continue;
		snprintf(path, size, "%s/%s", directory, entry->d_name);
		rc = 0;
	}
	closedir(fds);
	return rc;
}

/* Where a process was told that its arena is.  0, -ENOENT: it was not told of one, or why that cannot be seen. */
static int find_told_arena(const char *pid, char *path, size_t size)
{
	char file[64], *line = NULL;
	size_t room = 0;
	int rc = -ENOENT;
	FILE *stream;

	snprintf(file, sizeof(file), "/proc/%s/environ", pid);
	stream = fopen(file, "re");
	if (!stream)
		return -errno;
	while (rc == -ENOENT && getdelim(&line, &room, '\0', stream) > 0) {
		if (strncmp(line, VARIABLE, strlen(VARIABLE)))
			continue;
		rc = strlen(line + strlen(VARIABLE)) < size ? 0 : -ENAMETOOLONG;
		if (!rc)
			strcpy(path, line + strlen(VARIABLE));
	}
	free(line);
	fclose(stream);
	return rc;
}

static int open_run(const char *pid, struct arena **out)
{
	char path[PATH_MAX];
	int rc = find_open_arena(pid, path, sizeof(path));

	if (rc == -ENOENT && access("/proc/self/fd", R_OK) == 0) {
		rc = find_told_arena(pid, path, sizeof(path));
		if (rc == -ENOENT) {
			char process[64];

			snprintf(process, sizeof(process), "/proc/%s", pid);
			fprintf(stderr, "dxgsim: process %s %s\n", pid,
				access(process, F_OK) ? "is not there" : "is in no simulation");
			return rc;
		}
	}
	if (!rc)
		rc = arena_open(path, ARENA_ANY_MACHINE, out);
	if (rc == -ENOENT)
		fprintf(stderr, "dxgsim: the simulation of process %s has ended\n", pid);
	else if (rc == -EINVAL)
		fprintf(stderr, "dxgsim: the simulation of process %s is of another dxgsim\n", pid);
	else if (rc)
		fprintf(stderr, "dxgsim: the simulation of process %s: %s\n", pid, strerror(-rc));
	return rc;
}

int control_command(const char *pid, char **commands)
{
	char reason[160];
	struct happening happening;
	struct arena *arena;
	int rc = 0;

	if (!*pid || pid[strspn(pid, "0123456789")] || strlen(pid) > 10) {
		fprintf(stderr, "dxgsim: --control takes the number of a process, not '%s'\n", pid);
		return EXIT_USAGE;
	}
	for (char **command = commands; *command; command++) {
		rc = happening_parse(*command, &happening, reason, sizeof(reason));
		if (rc == -ENOENT)
			snprintf(reason, sizeof(reason), "no such happening");
		if (rc) {
			fprintf(stderr, "dxgsim: --control: %s: %s\n", *command, reason);
			return EXIT_USAGE;
		}
	}
	if (open_run(pid, &arena))
		return EXIT_FAILURE;
	for (; *commands && !rc; commands++) {
		happening_parse(*commands, &happening, reason, sizeof(reason));
		rc = arena_happen(arena, &happening);
		if (rc) {
			schedule_explain(rc, &happening, reason, sizeof(reason));
			fprintf(stderr, "dxgsim: %s: %s\n", *commands, reason);
		}
	}
	arena_close(arena);
	return rc ? EXIT_FAILURE : 0;
}
