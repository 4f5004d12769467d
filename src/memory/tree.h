// SPDX-License-Identifier: MIT
/*
 * A balanced search tree (AVL) whose nodes are members of the caller's structures: no operation
 * allocates, none can fail.
 */
#ifndef MEMORY_TREE_H
#define MEMORY_TREE_H

#include <stddef.h>

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2];
	int height;
};

struct tree {
	struct tree_node *root;
};

/* < 0, 0, > 0 as `a` is before, equal to, after `b`. */
typedef int (*tree_compare)(const struct tree_node *a, const struct tree_node *b);

#define tree_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

void tree_insert(struct tree *tree, struct tree_node *node, tree_compare compare);
void tree_remove(struct tree *tree, struct tree_node *node);
struct tree_node *tree_at_or_before(const struct tree *tree, const struct tree_node *probe,
				    tree_compare compare);
struct tree_node *tree_at_or_after(const struct tree *tree, const struct tree_node *probe,
				   tree_compare compare);
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_previous(const struct tree_node *node);

#endif
