// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "memory/va.h"
#include "util/compiler.h"

#define BASE 0x100000000ULL
#define SIZE 0x1000000ULL

static int check_node(const struct tree_node *node, const struct tree_node *parent)
{
	int left, right;

	if (!node)
		return 0;
	assert_ptr_equal(node->parent, parent);
	left = check_node(node->child[0], node);
	right = check_node(node->child[1], node);
	assert_true(left - right <= 1 && right - left <= 1);
	assert_int_equal(node->height, MAX(left, right) + 1);
	return node->height;
}

/* Ranges cover the regions without gap or overlap, free neighbours are merged, both trees balanced. */
static unsigned check_pool(const struct va_pool *pool)
{
	const struct va_range *last = NULL;
	unsigned free_ranges = 0, listed = 0;

	check_node(pool->by_address.root, NULL);
	check_node(pool->by_size.root, NULL);
	for (struct tree_node *n = tree_first(&pool->by_address); n; n = tree_next(n)) {
		const struct va_range *range = tree_entry(n, struct va_range, by_address);

		if (last && last->region == range->region) {
			assert_int_equal(range->start, last->start + last->size);
			assert_false(range->free && last->free);
		}
		free_ranges += range->free;
		last = range;
	}
	last = NULL;
	for (struct tree_node *n = tree_first(&pool->by_size); n; n = tree_next(n)) {
		const struct va_range *range = tree_entry(n, struct va_range, by_size);

		assert_true(range->free);
		assert_true(!last || last->size <= range->size);
		listed++;
		last = range;
	}
	assert_int_equal(listed, free_ranges);
	return free_ranges;
}

static void the_smallest_hole_that_fits_is_taken(void **state)
{
	struct va_pool pool = {0};
	struct va_range *r[5], *p;

	(void)state;
	assert_int_equal(va_pool_add(&pool, BASE, SIZE, NULL), 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(va_pool_take(&pool, (i + 1) * 0x10000, 0x1000, &r[i]), 0);
	va_pool_give(&pool, r[3]);
	va_pool_give(&pool, r[1]);
	assert_int_equal(va_pool_take(&pool, 0x1f000, 0x1000, &p), 0);
	assert_int_equal(p->start, BASE + 0x10000);
	assert_int_equal(check_pool(&pool), 3);
	va_pool_clear(&pool);
}

static void alignment_is_kept_and_what_is_cut_off_stays_usable(void **state)
{
	struct va_pool pool = {0};
	struct va_range *p, *q;

	(void)state;
	assert_int_equal(va_pool_add(&pool, BASE + 0x1000, SIZE, NULL), 0);
	assert_int_equal(va_pool_take(&pool, 0x200000, 0x200000, &p), 0);
	assert_true(IS_ALIGNED(p->start, 0x200000));
	assert_int_equal(va_pool_take(&pool, 0x1000, 0x1000, &q), 0);
	assert_int_equal(q->start, BASE + 0x1000);
	assert_int_equal(va_pool_take(&pool, 0x1000, 1ULL << 40, &q), -ENOSPC);
	assert_int_equal(va_pool_take(&pool, SIZE, 0x1000, &q), -ENOSPC);
	check_pool(&pool);
	va_pool_clear(&pool);
}

static void a_fixed_place_is_given_or_refused(void **state)
{
	struct va_pool pool = {0};
	struct va_range *p, *q;

	(void)state;
	assert_int_equal(va_pool_add(&pool, BASE, SIZE, NULL), 0);
	assert_int_equal(va_pool_take_at(&pool, BASE, 0x1000, &p), 0);
	assert_int_equal(va_pool_take_at(&pool, BASE, 0x1000, &q), -EEXIST);
	assert_int_equal(va_pool_take_at(&pool, BASE + SIZE - 0x1000, 0x1000, &q), 0);
	assert_int_equal(va_pool_take_at(&pool, BASE + 0x2000, SIZE - 0x3000, &q), 0);
	assert_int_equal(va_pool_take_at(&pool, BASE + 0x1000, 0x2000, &q), -EEXIST);
	assert_int_equal(va_pool_take_at(&pool, BASE + SIZE - 0x1000, 0x2000, &q), -ENOENT);
	assert_int_equal(va_pool_take_at(&pool, BASE - 0x1000, 0x2000, &q), -ENOENT);
	assert_int_equal(va_pool_take_at(&pool, BASE + SIZE, 0x1000, &q), -ENOENT);
	va_pool_clear(&pool);
}

static void regions_never_merge(void **state)
{
	struct va_pool pool = {0};
	struct va_range *p, *q;
	int a, b;

	(void)state;
	assert_int_equal(va_pool_add(&pool, BASE, SIZE, &a), 0);
	assert_int_equal(va_pool_add(&pool, BASE + SIZE, SIZE, &b), 0);
	assert_int_equal(va_pool_take(&pool, SIZE, 0x1000, &p), 0);
	assert_int_equal(va_pool_take(&pool, SIZE, 0x1000, &q), 0);
	va_pool_give(&pool, p);
	va_pool_give(&pool, q);
	assert_int_equal(check_pool(&pool), 2);
	assert_int_equal(va_pool_take(&pool, SIZE + 0x1000, 0x1000, &p), -ENOSPC);
	va_pool_clear(&pool);
}

static void it_stays_whole_under_random_use(void **state)
{
	struct va_range *held[256] = {0};
	struct va_pool pool = {0};
	unsigned seed = 7;

	(void)state;
	assert_int_equal(va_pool_add(&pool, BASE, SIZE, NULL), 0);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned slot = (unsigned)rand_r(&seed) % ARRAY_SIZE(held);

		if (held[slot]) {
			va_pool_give(&pool, held[slot]);
			held[slot] = NULL;
		} else {
			uint64_t size = ((uint64_t)rand_r(&seed) % 64 + 1) * 0x1000;
			uint64_t alignment = 0x1000ULL << (rand_r(&seed) % 6);
			int ret = va_pool_take(&pool, size, alignment, &held[slot]);

			assert_true(ret == 0 || ret == -ENOSPC);
			if (!ret)
				assert_true(IS_ALIGNED(held[slot]->start, alignment) &&
					    held[slot]->size == size && !held[slot]->free);
		}
		if (i % 16 == 0)
			check_pool(&pool);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(held); i++)
		if (held[i])
			va_pool_give(&pool, held[i]);
	assert_int_equal(check_pool(&pool), 1);
	assert_int_equal(tree_entry(pool.by_size.root, struct va_range, by_size)->size, SIZE);
	va_pool_clear(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_hole_that_fits_is_taken),
		cmocka_unit_test(alignment_is_kept_and_what_is_cut_off_stays_usable),
		cmocka_unit_test(a_fixed_place_is_given_or_refused),
		cmocka_unit_test(regions_never_merge),
		cmocka_unit_test(it_stays_whole_under_random_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
