// SPDX-License-Identifier: MIT
/*
 * The addresses that CPU and GPUs have in common.
 *
 * Whole reservations are taken from the CPU's address space (without access) and, at the same
 * address, on every GPU; ranges are handed out from them.
 */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include <stdint.h>

#include "gsp/device.h"
#include "memory/va.h"

#define SPACE_MAX_GPUS DXG_MAX_ADAPTERS

/* Kept apart so that pages with access lie together: each change of access costs a kernel mapping. */
enum space_pool {
	SPACE_SYSTEM, /* will hold host pages */
	SPACE_DEVICE, /* never accessed by the CPU */
	SPACE_POOLS,
};

struct space;

int space_create(struct gsp_device *const *devices, unsigned count, uint64_t device_memory,
		 struct space **out);
void space_destroy(struct space *space);
int space_take(struct space *space, enum space_pool pool, uint64_t size, uint64_t alignment,
	       struct va_range **out);
int space_take_at(struct space *space, enum space_pool pool, uint64_t start, uint64_t size,
		  struct va_range **out);
void space_give(struct space *space, enum space_pool pool, struct va_range *range);
uint64_t space_gpus_of(const struct va_range *range);

int space_commit(const struct va_range *range);
int space_decommit(const struct va_range *range);

#endif
