// SPDX-License-Identifier: MIT
#include "memory/stable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"

#define FIRST_COUNT 16
#define BLOCK_SIZE  ((size_t)256 << 10)

struct stable_block {
	struct stable_block *next;
	size_t unused[7]; /* objects of 64 bytes or so begin with a cache line */
	char objects[];
};

void stable_init(struct stable_pool *pool, size_t size)
{
	*pool = (struct stable_pool){.size = size, .next_count = FIRST_COUNT};
}

/* Frees all objects, wherever they are. */
void stable_destroy(struct stable_pool *pool)
{
	while (pool->blocks) {
		struct stable_block *block = pool->blocks;

		pool->blocks = block->next;
		free(block);
	}
	pool->spare = NULL;
	pool->spare_count = 0;
}

/* Sees to it that the next `count` objects can be taken.  -ENOMEM. */
int stable_reserve(struct stable_pool *pool, size_t count)
{
	while (pool->spare_count < count) {
		size_t bytes = ALIGN_UP(sizeof(struct stable_block) + pool->next_count * pool->size, 64);
		struct stable_block *block = aligned_alloc(64, bytes);

		if (!block)
			return -ENOMEM;
		memset(block, 0, bytes);
		block->next = pool->blocks;
		pool->blocks = block;
		/* the first in the block is the first to be taken */
		for (size_t i = pool->next_count; i-- > 0;)
			stable_give(pool, (struct stable *)(void *)(block->objects + i * pool->size));
		pool->next_count = MAX(pool->next_count, MIN(pool->next_count * 2, BLOCK_SIZE / pool->size));
	}
	return 0;
}

/* NULL if none was reserved. */
struct stable *stable_take(struct stable_pool *pool)
{
	struct stable *object = pool->spare;

	if (!object)
		return NULL;
	pool->spare = object->next;
	pool->spare_count--;
	return object;
}

void stable_give(struct stable_pool *pool, struct stable *object)
{
	object->next = pool->spare;
	pool->spare = object;
	pool->spare_count++;
}
