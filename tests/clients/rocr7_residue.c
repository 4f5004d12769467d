// SPDX-License-Identifier: MIT
/* What a library may leave behind in a process. */
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rocr7.h"

static unsigned int count_entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned int count = 0;

	if (!directory)
		return 0;
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* The number after a word of a /proc file, 0 if the word is not there. */
static unsigned long number_of(const char *path, const char *word, bool *there)
{
	unsigned long number = 0;
	FILE *file = fopen(path, "re");
	char line[512];

	*there = false;
	while (file && !*there && fgets(line, sizeof(line), file)) {
		const char *found = strstr(line, word);

		if (found) {
			*there = true;
			number = strtoul(found + strlen(word), NULL, 10);
		}
	}
	if (file)
		fclose(file);
	return number;
}

/*
 * glibc gives threads that meet in malloc() arenas of their own, 64 MiB of address space each and kept for ever: how many depends on
 * how threads were scheduled.  One for all of them.
 */
void prepare_residue(void)
{
	mallopt(M_ARENA_MAX, 1);
}

void take_residue(struct residue *residue)
{
	const struct mallinfo2 heap = mallinfo2();
	bool there;

	residue->threads = count_entries("/proc/self/task");
	residue->descriptors = count_entries("/proc/self/fd");
	residue->heap = heap.uordblks + heap.hblkhd;
	residue->kilobytes = number_of("/proc/self/status", "VmSize:", &there);
	number_of("/proc/self/maps", "/dev/dxg", &residue->maps_dxg);
}
