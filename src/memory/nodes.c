// SPDX-License-Identifier: MIT
#include "memory/nodes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* A set before it can be found; later nothing of it changes. */
static struct node_set *make(const struct node_sets *sets, uint64_t gpus)
{
	struct node_set *set =
		malloc(sizeof(*set) + (size_t)__builtin_popcountll(gpus) * sizeof(set->ids[0]));

	if (!set)
		return NULL;
	set->gpus = gpus;
	set->next = sets->first;
	set->count = 0;
	for (uint32_t i = 0; i < sets->count; i++)
		if (gpus >> i & 1)
			set->ids[set->count++] = sets->nodes[i];
	return set;
}

/*
 * The sets over `count` GPUs whose node ids are nodes[].  Those of no GPU and of each one alone are there from now on, so
 * that asking for them cannot fail.  -EINVAL: too many GPUs; -ENOMEM.  node_sets_destroy() is needed after an error too.
 */
int node_sets_init(struct node_sets *sets, const uint32_t *nodes, uint32_t count)
{
	pthread_mutex_init(&sets->lock, NULL);
	sets->first = NULL;
	sets->count = 0;
	if (count > MEMORY_MAX_GPUS)
		return -EINVAL;
	sets->count = count;
	for (uint32_t i = 0; i < count; i++)
		sets->nodes[i] = nodes[i];
	for (uint32_t i = 0; i <= count; i++) {
		struct node_set *set = make(sets, i < count ? 1ULL << i : 0);

		if (!set)
			return -ENOMEM;
		sets->first = set;
	}
	return 0;
}

void node_sets_destroy(struct node_sets *sets)
{
	while (sets->first) {
		const struct node_set *set = sets->first;

		sets->first = set->next;
		free((void *)(uintptr_t)set);
	}
	pthread_mutex_destroy(&sets->lock);
}

static const struct node_set *find(const struct node_set *set, uint64_t gpus)
{
	while (set && set->gpus != gpus)
		set = set->next;
	return set;
}

/*
 * The set of the GPUs in `gpus`, a bit per index; two sets are the same if and only if their pointers are.  It lasts as
 * long as `sets`.  -EINVAL: no such GPU; -ENOMEM, never for the empty set or one GPU.
 */
int node_set_of(struct node_sets *sets, uint64_t gpus, const struct node_set **out)
{
	struct node_set *made;

	*out = NULL;
	if (sets->count < 64 && gpus >> sets->count)
		return -EINVAL;
	*out = find(__atomic_load_n(&sets->first, __ATOMIC_ACQUIRE), gpus);
	if (*out)
		return 0;
	pthread_mutex_lock(&sets->lock);
	*out = find(sets->first, gpus);
	if (!*out) {
		*out = made = make(sets, gpus);
		if (made)
			__atomic_store_n(&sets->first, made, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&sets->lock);
	return *out ? 0 : -ENOMEM;
}

/* The bits of a list of GPUs.  -EINVAL: one that is none of the `known` first indices. */
int gpu_bits(uint32_t known, const uint32_t *gpus, uint32_t count, uint64_t *bits)
{
	*bits = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (gpus[i] >= known)
			return -EINVAL;
		*bits |= 1ULL << gpus[i];
	}
	return 0;
}
