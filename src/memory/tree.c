// SPDX-License-Identifier: MIT
#include "memory/tree.h"

#include <stdbool.h>

#include "util/compiler.h"

enum side { LEFT = 0, RIGHT = 1 };

static int height(const struct tree_node *node)
{
	return node ? node->height : 0;
}

static void update_height(struct tree_node *node)
{
	node->height = MAX(height(node->child[LEFT]), height(node->child[RIGHT])) + 1;
}

/* Makes `with` (may be NULL) the child of node's parent in node's place. */
static void replace(struct tree *tree, struct tree_node *node, struct tree_node *with)
{
	struct tree_node *parent = node->parent;

	if (with)
		with->parent = parent;
	if (!parent)
		tree->root = with;
	else
		parent->child[parent->child[RIGHT] == node] = with;
}

/* Moves node down to `side`; its child of the other side takes its place and is returned. */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, enum side side)
{
	struct tree_node *riser = node->child[!side];

	replace(tree, node, riser);
	node->child[!side] = riser->child[side];
	if (node->child[!side])
		node->child[!side]->parent = node;
	riser->child[side] = node;
	node->parent = riser;
	update_height(node);
	update_height(riser);
	return riser;
}

static void rebalance(struct tree *tree, struct tree_node *node)
{
	for (; node; node = node->parent) {
		int lean = height(node->child[RIGHT]) - height(node->child[LEFT]);
		enum side heavy = lean > 0 ? RIGHT : LEFT;
		struct tree_node *child = node->child[heavy];

		if (lean > 1 || lean < -1) {
			if (height(child->child[!heavy]) > height(child->child[heavy]))
				rotate(tree, child, heavy);
			node = rotate(tree, node, !heavy);
		} else {
			update_height(node);
		}
	}
}

/* Adds a node; one equal to others goes behind them. */
void tree_insert(struct tree *tree, struct tree_node *node, tree_compare compare)
{
	struct tree_node **link = &tree->root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[compare(node, parent) < 0 ? LEFT : RIGHT];
	}
	*node = (struct tree_node){.parent = parent, .height = 1};
	*link = node;
	rebalance(tree, parent);
}

/* Takes a node out of the tree it is in. */
void tree_remove(struct tree *tree, struct tree_node *node)
{
	struct tree_node *start, *heir;

	if (!node->child[LEFT] || !node->child[RIGHT]) {
		start = node->parent;
		replace(tree, node, node->child[!node->child[LEFT]]);
		rebalance(tree, start);
		return;
	}
	/* the next in order has no left child; it takes the node's place */
	heir = tree_next(node);
	start = heir->parent == node ? heir : heir->parent;
	replace(tree, heir, heir->child[RIGHT]);
	replace(tree, node, heir);
	for (int side = LEFT; side <= RIGHT; side++) {
		heir->child[side] = node->child[side];
		if (heir->child[side])
			heir->child[side]->parent = heir;
	}
	rebalance(tree, start);
}

static struct tree_node *nearest(const struct tree *tree, const struct tree_node *probe, tree_compare compare,
				 enum side side)
{
	struct tree_node *node = tree->root, *best = NULL;

	while (node) {
		int order = compare(probe, node);

		if (order == 0)
			return node;
		if ((order > 0) == (side == LEFT))
			best = node;
		node = node->child[order > 0];
	}
	return best;
}

/* The last node not after the probe, NULL if there is none.  With equal nodes: one of them. */
struct tree_node *tree_at_or_before(const struct tree *tree, const struct tree_node *probe,
				    tree_compare compare)
{
	return nearest(tree, probe, compare, LEFT);
}

/* The first node not before the probe, NULL if there is none.  With equal nodes: one of them. */
struct tree_node *tree_at_or_after(const struct tree *tree, const struct tree_node *probe,
				   tree_compare compare)
{
	return nearest(tree, probe, compare, RIGHT);
}

/* The first in order, NULL if the tree is empty. */
struct tree_node *tree_first(const struct tree *tree)
{
	struct tree_node *node = tree->root;

	while (node && node->child[LEFT])
		node = node->child[LEFT];
	return node;
}

static struct tree_node *step(const struct tree_node *node, enum side side)
{
	struct tree_node *next = node->child[side];

	if (next) {
		while (next->child[!side])
			next = next->child[!side];
		return next;
	}
	while (node->parent && node->parent->child[side] == node)
		node = node->parent;
	return node->parent;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	return step(node, RIGHT);
}

struct tree_node *tree_previous(const struct tree_node *node)
{
	return step(node, LEFT);
}
