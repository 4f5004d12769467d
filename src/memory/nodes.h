// SPDX-License-Identifier: MIT
/*
 * Sets of GPUs as arrays of node ids that last as long as the memory, so that a look-up may hand them out
 * without a thought for who changes a mapping meanwhile.  Each set exists once.
 */
#ifndef MEMORY_NODES_H
#define MEMORY_NODES_H

#include <pthread.h>
#include <stdint.h>

#include "memory/types.h"

struct node_set {
	uint64_t gpus; /* bit per GPU index */
	const struct node_set *next;
	uint32_t count;
	uint32_t ids[];
};

struct node_sets {
	pthread_mutex_t lock;
	const struct node_set *first; /* the empty set is always there */
	uint32_t nodes[MEMORY_MAX_GPUS];
	uint32_t count;
};

int node_sets_init(struct node_sets *sets, const uint32_t *nodes, uint32_t count);
void node_sets_destroy(struct node_sets *sets);
int gpu_bits(uint32_t known, const uint32_t *gpus, uint32_t count, uint64_t *bits);
int node_set_of(struct node_sets *sets, uint64_t gpus, const struct node_set **out);

#endif
