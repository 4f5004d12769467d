// SPDX-License-Identifier: MIT
#include "unit/temp_tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check(int bad, const char *what)
{
	if (bad) {
		perror(what);
		abort();
	}
}

void temp_tree_create(struct temp_tree *tree)
{
	strcpy(tree->path, "/tmp/hsakmt-test-XXXXXX");
	check(!mkdtemp(tree->path), "mkdtemp");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void temp_tree_destroy(struct temp_tree *tree)
{
	check(nftw(tree->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), "nftw");
}

/* The full path, with its directories made. */
static void prepare(struct temp_tree *tree, const char *name, char path[4096])
{
	snprintf(path, 4096, "%s/%s", tree->path, name);
	for (char *slash = path + strlen(tree->path); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		check(mkdir(path, 0700) && errno != EEXIST, path);
		*slash = '/';
	}
}

void temp_tree_write_bytes(struct temp_tree *tree, const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	prepare(tree, name, path);
	file = fopen(path, "we");
	check(!file, path);
	check(fwrite(data, 1, size, file) != size, path);
	check(fclose(file), path);
}

void temp_tree_write(struct temp_tree *tree, const char *name, const char *text)
{
	temp_tree_write_bytes(tree, name, text, strlen(text));
}

void temp_tree_mkfifo(struct temp_tree *tree, const char *name)
{
	char path[4096];

	prepare(tree, name, path);
	check(mkfifo(path, 0600), path);
}
