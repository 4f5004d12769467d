// SPDX-License-Identifier: MIT
#include "memory/btree.h"

#include <errno.h>
#include <stdbool.h>

#include "util/compiler.h"

#define WIDTH	   31U /* makes a node 512 bytes */
#define MAX_HEIGHT 16U

/*
 * keys[i] is, in a leaf, the key of the value links[i]; above, the smallest key under the child
 * links[i], but keys[0] along the left edge of the tree means nothing: no key is too small for it.
 */
struct btree_node {
	struct stable stable;
	uint32_t leaf; /* never changes once the node was used */
	uint32_t count;
	uint64_t keys[WIDTH];
	void *links[WIDTH];
};

#define LOAD(field)	    __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define STORE(field, value) __atomic_store_n(&(field), (value), __ATOMIC_RELEASE)

/* The way from the root to a leaf, for a change. */
struct path {
	unsigned length;
	struct btree_node *nodes[MAX_HEIGHT];
	unsigned at
		[MAX_HEIGHT]; /* which link of the node was followed; in the leaf, which entry is at or before */
};

void btree_init(struct btree *tree)
{
	tree->root = NULL;
	tree->height = 0;
	stable_init(&tree->leaves, sizeof(struct btree_node));
	stable_init(&tree->inner, sizeof(struct btree_node));
}

void btree_destroy(struct btree *tree)
{
	stable_destroy(&tree->leaves);
	stable_destroy(&tree->inner);
	tree->root = NULL;
	tree->height = 0;
}

/* Makes the next btree_insert() one that cannot fail for want of memory.  -ENOMEM. */
int btree_reserve(struct btree *tree)
{
	int ret;

	if (tree->height == MAX_HEIGHT)
		return -ENOMEM;
	ret = stable_reserve(&tree->leaves, 1);
	/* a node for every level above and for a new root */
	return ret ? ret : stable_reserve(&tree->inner, MAX(tree->height, 1U));
}

/* How many of the first `count` keys are at or before `key`. */
static unsigned rank(const struct btree_node *node, unsigned count, uint64_t key)
{
	unsigned first = 0;

	while (count) {
		unsigned half = count / 2;
		bool right = LOAD(node->keys[first + half]) <= key;

		first = right ? first + half + 1 : first;
		count = right ? count - half - 1 : half;
	}
	return first;
}

/* Which child of a node above the leaves a key is under. */
static unsigned child_of(const struct btree_node *node, uint64_t key)
{
	unsigned position = rank(node, LOAD(node->count), key);

	return position ? position - 1 : 0;
}

/* The value of the last key at or before `key`; NULL: there is none. */
void *btree_at_or_before(const struct btree *tree, uint64_t key)
{
	const struct btree_node *node = LOAD(tree->root);
	unsigned position;

	for (unsigned level = 0; node && level < MAX_HEIGHT; level++) {
		if (LOAD(node->leaf)) {
			position = rank(node, LOAD(node->count), key);
			return position ? LOAD(node->links[position - 1]) : NULL;
		}
		node = LOAD(node->links[child_of(node, key)]);
	}
	return NULL;
}

/* Any value, for taking all down; NULL: the tree is empty.  Not beside changes. */
void *btree_first(const struct btree *tree)
{
	const struct btree_node *node = tree->root;

	while (node && !node->leaf)
		node = node->links[0];
	return node ? node->links[0] : NULL;
}

static struct path find(const struct btree *tree, uint64_t key)
{
	struct path path = {0};
	struct btree_node *node = tree->root;

	while (node) {
		unsigned level = path.length++;

		path.nodes[level] = node;
		if (node->leaf) {
			path.at[level] = rank(node, node->count, key);
			break;
		}
		path.at[level] = child_of(node, key);
		node = node->links[path.at[level]];
	}
	return path;
}

static struct btree_node *new_node(struct btree *tree, bool leaf)
{
	/* reserved before */
	struct btree_node *node =
		(struct btree_node *)(void *)stable_take(leaf ? &tree->leaves : &tree->inner);

	STORE(node->leaf, leaf);
	STORE(node->count, 0);
	return node;
}

static void drop_node(struct btree *tree, struct btree_node *node)
{
	stable_give(node->leaf ? &tree->leaves : &tree->inner, &node->stable);
}

static void copy_entry(struct btree_node *to, unsigned at, const struct btree_node *from, unsigned of)
{
	STORE(to->keys[at], from->keys[of]);
	STORE(to->links[at], from->links[of]);
}

static void insert_entry(struct btree_node *node, unsigned at, uint64_t key, void *link)
{
	for (unsigned i = node->count; i > at; i--)
		copy_entry(node, i, node, i - 1);
	STORE(node->keys[at], key);
	STORE(node->links[at], link);
	STORE(node->count, node->count + 1);
}

static void remove_entry(struct btree_node *node, unsigned at)
{
	for (unsigned i = at; i + 1 < node->count; i++)
		copy_entry(node, i, node, i + 1);
	STORE(node->count, node->count - 1);
}

/* Appends what `from` has from entry `first` on to `to`. */
static void move_entries(struct btree_node *to, struct btree_node *from, unsigned first)
{
	unsigned count = from->count - first;

	for (unsigned i = 0; i < count; i++)
		copy_entry(to, to->count + i, from, first + i);
	STORE(to->count, to->count + count);
	STORE(from->count, first);
}

/*
 * Adds an entry to a full node by cutting it in two; returns the right part, which is new.  At the
 * end of a row of rising keys the left part stays full.
 */
static struct btree_node *split(struct btree *tree, struct btree_node *node, unsigned at, uint64_t key,
				void *link)
{
	struct btree_node *right = new_node(tree, node->leaf);
	unsigned first = at == WIDTH ? WIDTH : WIDTH / 2 + 1;

	move_entries(right, node, first);
	if (at < first)
		insert_entry(node, at, key, link);
	else
		insert_entry(right, at - first, key, link);
	return right;
}

static void grow_root(struct btree *tree, struct btree_node *right)
{
	struct btree_node *root = new_node(tree, false);

	insert_entry(root, 0, tree->root->keys[0], tree->root);
	insert_entry(root, 1, right->keys[0], right);
	STORE(tree->root, root);
	tree->height++;
}

/* Adds a key that btree_reserve() made room for.  -EEXIST: it is there; -ENOMEM: nothing was reserved. */
int btree_insert(struct btree *tree, uint64_t key, void *value)
{
	struct path path = find(tree, key);
	unsigned level = path.length, at;
	struct btree_node *node;
	void *link = value;

	if (!tree->leaves.spare_count || tree->inner.spare_count < tree->height)
		return -ENOMEM;
	if (!level) {
		node = new_node(tree, true);
		insert_entry(node, 0, key, value);
		STORE(tree->root, node);
		tree->height = 1;
		return 0;
	}
	at = path.at[level - 1];
	if (at && path.nodes[level - 1]->keys[at - 1] == key)
		return -EEXIST;
	while (level-- > 0) {
		node = path.nodes[level];
		if (node->count < WIDTH) {
			insert_entry(node, at, key, link);
			return 0;
		}
		node = split(tree, node, at, key, link);
		if (!level)
			break;
		key = node->keys[0];
		link = node;
		at = path.at[level - 1] + 1;
	}
	grow_root(tree, node);
	return 0;
}

/* Puts two small neighbours under one parent together. */
static bool merge(struct btree *tree, struct btree_node *parent, unsigned left)
{
	struct btree_node *a, *b;

	if (left + 1 >= parent->count)
		return false;
	a = parent->links[left];
	b = parent->links[left + 1];
	if (a->count + b->count > WIDTH / 2)
		return false;
	move_entries(a, b, 0);
	remove_entry(parent, left + 1);
	drop_node(tree, b);
	return true;
}

/* The smallest key of the node at `level` changed: tells it to those above. */
static void update_keys(const struct path *path, unsigned level)
{
	uint64_t key = path->nodes[level]->keys[0];

	while (level-- > 0) {
		STORE(path->nodes[level]->keys[path->at[level]], key);
		if (path->at[level])
			break;
	}
}

/* Takes a key out; returns its value, NULL if it was not there. */
void *btree_remove(struct btree *tree, uint64_t key)
{
	struct path path = find(tree, key);
	unsigned level = path.length - 1, at;
	struct btree_node *node;
	void *value;

	if (!path.length || !path.at[level] || path.nodes[level]->keys[path.at[level] - 1] != key)
		return NULL;
	at = path.at[level] - 1;
	value = path.nodes[level]->links[at];
	for (;; level--) {
		node = path.nodes[level];
		remove_entry(node, at);
		if (node->count || !level)
			break;
		drop_node(tree, node);
		at = path.at[level - 1];
	}
	if (!at && node->count)
		update_keys(&path, level);
	for (; level > 0; level--) {
		struct btree_node *parent = path.nodes[level - 1];

		at = path.at[level - 1];
		if (!merge(tree, parent, at) && (!at || !merge(tree, parent, at - 1)))
			break;
	}
	while ((node = tree->root) && node->count < 2 && (!node->count || !node->leaf)) {
		STORE(tree->root, node->count ? node->links[0] : NULL);
		tree->height--;
		drop_node(tree, node);
	}
	return value;
}
