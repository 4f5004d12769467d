// SPDX-License-Identifier: MIT
#include "memory/va.h"

#include <errno.h>
#include <stdlib.h>

#include "util/compiler.h"

static struct va_range *of_address(const struct tree_node *node)
{
	return tree_entry(node, struct va_range, by_address);
}

static struct va_range *of_size(const struct tree_node *node)
{
	return tree_entry(node, struct va_range, by_size);
}

static int order(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_address(const struct tree_node *a, const struct tree_node *b)
{
	return order(of_address(a)->start, of_address(b)->start);
}

/* Equal sizes by address: the lowest fitting place is taken, which keeps the top of a region whole. */
static int compare_size(const struct tree_node *a, const struct tree_node *b)
{
	const struct va_range *x = of_size(a), *y = of_size(b);

	return x->size != y->size ? order(x->size, y->size) : order(x->start, y->start);
}

static void make_free(struct va_pool *pool, struct va_range *range)
{
	range->free = true;
	tree_insert(&pool->by_size, &range->by_size, compare_size);
}

static void make_used(struct va_pool *pool, struct va_range *range)
{
	range->free = false;
	tree_remove(&pool->by_size, &range->by_size);
}

static struct va_range *new_range(uint64_t start, uint64_t size, void *region)
{
	struct va_range *range = calloc(1, sizeof(*range));

	if (range) {
		range->start = start;
		range->size = size;
		range->region = region;
	}
	return range;
}

/*
 * Adds a region, all of it free.  It must not overlap another one; `region` is kept for the caller
 * in each of its ranges.  -ENOMEM.
 */
int va_pool_add(struct va_pool *pool, uint64_t start, uint64_t size, void *region)
{
	struct va_range *range = new_range(start, size, region);

	if (!range)
		return -ENOMEM;
	tree_insert(&pool->by_address, &range->by_address, compare_address);
	make_free(pool, range);
	return 0;
}

/* Takes [start, start + size) out of a free range that holds it, cutting off what is left on either side. */
static int carve(struct va_pool *pool, struct va_range *range, uint64_t start, uint64_t size,
		 struct va_range **out)
{
	uint64_t head = start - range->start, tail = range->size - head - size;
	struct va_range *before = NULL, *after = NULL;

	if (head && !(before = new_range(range->start, head, range->region)))
		return -ENOMEM;
	if (tail && !(after = new_range(start + size, tail, range->region))) {
		free(before);
		return -ENOMEM;
	}
	make_used(pool, range);
	tree_remove(&pool->by_address, &range->by_address);
	range->start = start;
	range->size = size;
	tree_insert(&pool->by_address, &range->by_address, compare_address);
	if (before) {
		tree_insert(&pool->by_address, &before->by_address, compare_address);
		make_free(pool, before);
	}
	if (after) {
		tree_insert(&pool->by_address, &after->by_address, compare_address);
		make_free(pool, after);
	}
	*out = range;
	return 0;
}

/*
 * Takes `size` bytes at a multiple of `alignment` (a power of two) inside [lowest, highest), from the smallest free
 * range that has them there.  The range belongs to the caller until va_pool_give().  -ENOSPC: no free range
 * fits; -ENOMEM.
 */
int va_pool_take_within(struct va_pool *pool, uint64_t size, uint64_t alignment, uint64_t lowest,
			uint64_t highest, struct va_range **out)
{
	struct va_range probe = {.start = 0, .size = size};
	struct tree_node *node;

	*out = NULL;
	for (node = tree_at_or_after(&pool->by_size, &probe.by_size, compare_size); node;
	     node = tree_next(node)) {
		struct va_range *range = of_size(node);
		uint64_t first = MAX(range->start, lowest), end = MIN(range->start + range->size, highest);
		uint64_t start = ALIGN_UP(first, alignment);

		if (start >= first && start <= end && size <= end - start)
			return carve(pool, range, start, size, out);
	}
	return -ENOSPC;
}

/* The same anywhere. */
int va_pool_take(struct va_pool *pool, uint64_t size, uint64_t alignment, struct va_range **out)
{
	return va_pool_take_within(pool, size, alignment, 0, UINT64_MAX, out);
}

/*
 * Takes exactly [start, start + size).  -ENOENT: not, or not wholly, in one region; -EEXIST: in use,
 * or in part; -ENOMEM.
 */
int va_pool_take_at(struct va_pool *pool, uint64_t start, uint64_t size, struct va_range **out)
{
	struct va_range probe = {.start = start};
	struct tree_node *node = tree_at_or_before(&pool->by_address, &probe.by_address, compare_address);
	struct va_range *range;
	uint64_t covered;
	void *region;

	*out = NULL;
	if (!node || start - of_address(node)->start >= of_address(node)->size)
		return -ENOENT;
	range = of_address(node);
	if (range->free && size <= range->size - (start - range->start))
		return carve(pool, range, start, size, out);
	region = range->region;
	covered = range->size - (start - range->start);
	while (covered < size) {
		node = tree_next(node);
		if (!node || of_address(node)->region != region || of_address(node)->start != start + covered)
			return -ENOENT;
		covered += of_address(node)->size;
	}
	return -EEXIST;
}

static bool mergeable(const struct tree_node *node, const struct va_range *range)
{
	return node && of_address(node)->free && of_address(node)->region == range->region;
}

/* Gives a range back.  Nothing may be left of what was made in it. */
void va_pool_give(struct va_pool *pool, struct va_range *range)
{
	struct tree_node *before = tree_previous(&range->by_address);
	struct tree_node *after = tree_next(&range->by_address);

	if (mergeable(after, range)) {
		struct va_range *next = of_address(after);

		make_used(pool, next);
		tree_remove(&pool->by_address, &next->by_address);
		range->size += next->size;
		free(next);
	}
	if (mergeable(before, range)) {
		struct va_range *previous = of_address(before);

		make_used(pool, previous);
		tree_remove(&pool->by_address, &range->by_address);
		previous->size += range->size;
		free(range);
		range = previous;
	}
	make_free(pool, range);
}

/* Forgets every range, taken ones too. */
void va_pool_clear(struct va_pool *pool)
{
	struct tree_node *node;

	while ((node = tree_first(&pool->by_address))) {
		tree_remove(&pool->by_address, node);
		free(of_address(node));
	}
	pool->by_size.root = NULL;
}
