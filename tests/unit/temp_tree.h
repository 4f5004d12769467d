// SPDX-License-Identifier: MIT
/* A directory of small files that lives as long as a test. */
#ifndef TEMP_TREE_H
#define TEMP_TREE_H

#include <stddef.h>

struct temp_tree {
	char path[64];
};

void temp_tree_create(struct temp_tree *tree);
void temp_tree_destroy(struct temp_tree *tree);
void temp_tree_write_bytes(struct temp_tree *tree, const char *name, const void *data, size_t size);
void temp_tree_write(struct temp_tree *tree, const char *name, const char *text);
void temp_tree_mkfifo(struct temp_tree *tree, const char *name);

#endif
