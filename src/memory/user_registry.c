// SPDX-License-Identifier: MIT
/*
 * Registrations may overlap, so "the one that an address lies in" is a search among ranges.  They are kept in one tree per
 * power of two of their size: in each, those that can contain an address start less than twice that size before it, and are
 * no more than overlap there.
 */
#include "memory/user_registry.h"

#include "util/compiler.h"

static struct user_registration *of_node(const struct tree_node *node)
{
	return node ? tree_entry(node, struct user_registration, node) : NULL;
}

static int compare(const struct tree_node *a, const struct tree_node *b)
{
	const struct user_registration *x = of_node(a), *y = of_node(b);

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->size > y->size) - (x->size < y->size);
}

static unsigned class_of(uint64_t size)
{
	return 63 - (unsigned)__builtin_clzll(size);
}

/* The next class from `class` on that has any; USER_SIZE_CLASSES: none. */
static unsigned class_from(const struct users *users, unsigned class)
{
	uint64_t left = class < USER_SIZE_CLASSES ? users->classes >> class << class : 0;

	return left ? (unsigned)__builtin_ctzll(left) : USER_SIZE_CLASSES;
}

/* Adds one that is not there with the same address and size yet. */
void user_registry_add(struct users *users, struct user_registration *registration)
{
	unsigned class = class_of(registration->size);

	tree_insert(&users->registrations[class], &registration->node, compare);
	users->classes |= 1ULL << class;
	atomic_fetch_add(&users->count, 1);
}

void user_registry_remove(struct users *users, struct user_registration *registration)
{
	unsigned class = class_of(registration->size);

	tree_remove(&users->registrations[class], &registration->node);
	if (!users->registrations[class].root)
		users->classes &= ~(1ULL << class);
	atomic_fetch_sub(&users->count, 1);
}

/* Any one, NULL when there is none. */
struct user_registration *user_registry_first(struct users *users)
{
	unsigned class = class_from(users, 0);

	return class < USER_SIZE_CLASSES ? of_node(tree_first(&users->registrations[class])) : NULL;
}

/* The next one after that of an address and size, whether or not it is still there, in the order in which all are walked through. */
struct user_registration *user_registry_next(struct users *users, uint64_t start, uint64_t size)
{
	struct user_registration probe = {.start = start, .size = size};
	unsigned class = class_of(size);
	struct tree_node *node = tree_at_or_after(&users->registrations[class], &probe.node, compare);

	if (node && of_node(node)->start == start && of_node(node)->size == size)
		node = tree_next(node);
	if (node)
		return of_node(node);
	class = class_from(users, class + 1);
	return class < USER_SIZE_CLASSES ? of_node(tree_first(&users->registrations[class])) : NULL;
}

struct user_registration *user_registry_exact(struct users *users, uint64_t start, uint64_t size)
{
	struct user_registration probe = {.start = start, .size = size}, *found;

	found = of_node(tree_at_or_before(&users->registrations[class_of(size)], &probe.node, compare));
	return found && found->start == start && found->size == size ? found : NULL;
}

/* Of those that start there, the one registered last; with `mapped`, of those that are mapped, the one mapped last. */
struct user_registration *user_registry_latest(struct users *users, uint64_t start, bool mapped)
{
	struct user_registration probe = {.start = start}, *latest = NULL;

	for (unsigned class = class_from(users, 0); class < USER_SIZE_CLASSES;
	     class = class_from(users, class + 1)) {
		struct tree_node *node = tree_at_or_after(&users->registrations[class], &probe.node, compare);

		for (; node && of_node(node)->start == start; node = tree_next(node)) {
			struct user_registration *r = of_node(node);

			if (mapped && !r->maps)
				continue;
			if (!latest ||
			    (mapped ? r->mapped > latest->mapped : r->registered > latest->registered))
				latest = r;
		}
	}
	return latest;
}

static struct user_registration *around_in_class(struct users *users, unsigned class, uint64_t start,
						 uint64_t size, bool mapped)
{
	struct user_registration probe = {.start = start, .size = UINT64_MAX}, *smallest = NULL;
	struct tree_node *node = tree_at_or_before(&users->registrations[class], &probe.node, compare);

	for (; node; node = tree_previous(node)) {
		struct user_registration *r = of_node(node);
		uint64_t offset = start - r->start;

		if (offset >> class > 1)
			break; /* this one and all before it end before */
		if (size > r->size || offset > r->size - size || (mapped && !r->maps))
			continue;
		if (!smallest || r->size < smallest->size)
			smallest = r;
	}
	return smallest;
}

/* The smallest registration that contains [start, start + size), if `mapped` of those that are mapped; or NULL. */
struct user_registration *user_registry_around(struct users *users, uint64_t start, uint64_t size,
					       bool mapped)
{
	struct user_registration *found = NULL;

	for (unsigned class = class_from(users, class_of(size)); class < USER_SIZE_CLASSES && !found;
	     class = class_from(users, class + 1))
		found = around_in_class(users, class, start, size, mapped);
	return found;
}
