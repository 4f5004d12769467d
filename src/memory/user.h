// SPDX-License-Identifier: MIT
/*
 * The caller's own memory, made usable for GPUs: registrations, and the pins they share.  memory_register(),
 * memory_deregister() and memory_registration() are part of memory/memory.h.
 */
#ifndef MEMORY_USER_H
#define MEMORY_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/types.h"

struct memory_registration {
	void *address; /* as given; neither it nor the size need be page multiples */
	uint64_t size;
	uint32_t flags;	      /* MEMORY_UNCACHED, _COARSE, _READ_ONLY, _EXECUTABLE */
	const uint32_t *gpus; /* it may be mapped on these alone; count 0: on any */
	uint32_t count;
	uint32_t caller_flags;
};

int memory_register(struct memory *memory, const struct memory_registration *registration);
int memory_deregister(struct memory *memory, const void *address);

int users_create(struct memory *memory);
void users_destroy(struct memory *memory);
int user_map(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus, uint32_t count,
	     uint64_t timeout_ns, uint64_t *gpu_va);
int user_unmap(struct memory *memory, const void *address);
int user_lookup(struct memory *memory, const void *address, struct memory_info *info);
int user_set_user_data(struct memory *memory, const void *address, void *user_data);

#endif
