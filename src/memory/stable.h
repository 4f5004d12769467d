// SPDX-License-Identifier: MIT
/*
 * Objects of one size that are used again and again for the same purpose but not given back before the end: who follows
 * an outdated pointer to one finds an object of the same kind, if not the same object.  The caller serialises.
 */
#ifndef MEMORY_STABLE_H
#define MEMORY_STABLE_H

#include <stddef.h>

/* First member of the objects; the rest of a new one is zero, of one used before as it was left. */
struct stable {
	struct stable *next;
};

struct stable_block;

struct stable_pool {
	size_t size; /* of an object: a multiple of 8 */
	size_t spare_count;
	struct stable *spare;
	struct stable_block *blocks;
	size_t next_count; /* objects in the next block */
};

void stable_init(struct stable_pool *pool, size_t size);
void stable_destroy(struct stable_pool *pool);
int stable_reserve(struct stable_pool *pool, size_t count);
struct stable *stable_take(struct stable_pool *pool);
void stable_give(struct stable_pool *pool, struct stable *object);

#endif
