// SPDX-License-Identifier: MIT
/*
 * Small blocks, cut from buffers so that most of them cost no call to the host.  Part of what
 * memory_alloc(), memory_free(), memory_map() and memory_unmap() do.
 */
#ifndef MEMORY_SLAB_H
#define MEMORY_SLAB_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/types.h"

struct buffer;
struct node_set;
struct slab;

int slabs_create(struct memory *memory);
void slabs_destroy(struct memory *memory);

bool slab_serves(const struct memory *memory, const struct memory_request *request);
int slab_alloc(struct memory *memory, const struct memory_request *request, void **address);

/* On a piece of a slab's buffer, of which the caller has a reference (memory_get()) and does not hold. */
int slab_free(struct buffer *buffer, void *address);
int slab_map(struct buffer *buffer, const void *address, uint64_t size, uint64_t gpus, uint64_t lost,
	     uint64_t timeout_ns);
int slab_unmap(struct buffer *buffer, const void *address);
int slab_register(struct buffer *buffer, const void *address, const struct node_set *nodes);
const struct node_set *slab_registered(struct buffer *buffer, const void *address);

/* For the holder of a slab's buffer. */
struct slab *slab_pin(struct buffer *buffer);
void slab_unpin(struct slab *slab);
void slab_moved(struct buffer *buffer);

/* Gives back what a lost GPU's memory was kept in. */
void slabs_forget(struct memory *memory, uint32_t gpu);

/* Gives back what is kept for later; true if there was anything. */
bool slabs_trim(struct memory *memory);
uint64_t slabs_cached(struct memory *memory, uint32_t gpu);
uint64_t slabs_offered(struct memory *memory, uint32_t gpu);

#endif
