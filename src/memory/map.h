// SPDX-License-Identifier: MIT
/*
 * Putting memory on GPUs and taking it off.  Part of memory/memory.h, whose errors it has.
 */
#ifndef MEMORY_MAP_H
#define MEMORY_MAP_H

#include <stdint.h>

#include "memory/types.h"

int memory_map(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
	       uint32_t count, uint64_t *gpu_va);
int memory_map_within(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
		      uint32_t count, uint64_t timeout_ns, uint64_t *gpu_va);
int memory_allocation(struct memory *memory, const void *address, uint32_t gpu, d3dkmt_handle *allocation);
int memory_unmap(struct memory *memory, const void *address);

#endif
