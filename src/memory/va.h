// SPDX-License-Identifier: MIT
/*
 * Hands out address ranges from a set of regions: best fit, neighbours merge again when given back.
 *
 * Arithmetic only: it maps nothing, and the caller serialises.  Each range handed out is a node of
 * its own, so giving it back needs no memory and cannot fail.
 */
#ifndef MEMORY_VA_H
#define MEMORY_VA_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/tree.h"

struct va_range {
	struct tree_node by_address; /* all ranges */
	struct tree_node by_size;    /* free ranges */
	uint64_t start;
	uint64_t size;
	void *region; /* the caller's; ranges of different regions never merge */
	bool free;
};

struct va_pool {
	struct tree by_address;
	struct tree by_size;
};

int va_pool_add(struct va_pool *pool, uint64_t start, uint64_t size, void *region);
int va_pool_take(struct va_pool *pool, uint64_t size, uint64_t alignment, struct va_range **out);
int va_pool_take_within(struct va_pool *pool, uint64_t size, uint64_t alignment, uint64_t lowest,
			uint64_t highest, struct va_range **out);
int va_pool_take_at(struct va_pool *pool, uint64_t start, uint64_t size, struct va_range **out);
void va_pool_give(struct va_pool *pool, struct va_range *range);
void va_pool_clear(struct va_pool *pool);

#endif
