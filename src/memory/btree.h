// SPDX-License-Identifier: MIT
/*
 * A B-tree from 64-bit keys to pointers that may be read while it is changed.
 *
 * Changes are the caller's to serialise.  A reader beside a change finds some value that is or was in the
 * tree, or none, in a bounded number of steps; whether to believe it, the caller tells by a sequence
 * number that is odd during a change: what is loaded here is loaded with acquire, stored with release.
 */
#ifndef MEMORY_BTREE_H
#define MEMORY_BTREE_H

#include <stdint.h>

#include "memory/stable.h"

struct btree_node;

struct btree {
	struct btree_node *root; /* NULL: empty */
	unsigned height;	 /* levels, 0: empty */
	/* apart, since a reader must never take a value for a node */
	struct stable_pool leaves;
	struct stable_pool inner;
};

void btree_init(struct btree *tree);
void btree_destroy(struct btree *tree);
int btree_reserve(struct btree *tree);
int btree_insert(struct btree *tree, uint64_t key, void *value);
void *btree_remove(struct btree *tree, uint64_t key);
void *btree_at_or_before(const struct btree *tree, uint64_t key);
void *btree_first(const struct btree *tree);

#endif
