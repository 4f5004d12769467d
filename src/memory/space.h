// SPDX-License-Identifier: MIT
/*
 * The addresses that CPU and GPUs have in common.
 *
 * Whole reservations are taken from the CPU's address space (without access) and, at the same
 * address, on every GPU; ranges are handed out from them.
 *
 * Fork: with GPUs in the machine, reservations are MADV_DONTFORK.  A child does not have these addresses at all: it
 * gets SIGSEGV where its parent had memory, and what it maps itself may lie there.  In return the pages stay the
 * parent's alone and are never copied on write away from under the GPU.  Host memory in a machine without GPUs is
 * inherited as any other.
 *
 * Access: a range of SPACE_SYSTEM that was committed once stays accessible to the CPU when it is given back, without
 * pages.  Taking the access away would cut the kernel's mapping in three at every freed buffer between two live
 * ones, and a process may have 65530 of them (vm.max_map_count).  So a CPU access after free reads zeros
 * instead of faulting, what it writes is gone with the next use of the address (which starts zero-filled in
 * any case), and under strict overcommit (vm.overcommit_memory 2) the charge of an address that had pages
 * once stays.
 */
#ifndef MEMORY_SPACE_H
#define MEMORY_SPACE_H

#include <stdint.h>

#include "gsp/gpu.h"
#include "memory/va.h"

#define SPACE_MAX_GPUS DXG_MAX_ADAPTERS

/* Kept apart so that pages with access lie together: each change of access costs a kernel mapping. */
enum space_pool {
	SPACE_SYSTEM,  /* will hold host pages */
	SPACE_DEVICE,  /* never accessed by the CPU */
	SPACE_HANDLES, /* numbers that are no addresses, neither the CPU's nor a GPU's; never committed */
	SPACE_POOLS,
};

struct space;

int space_create(struct gsp_gpu *const *gpus, unsigned count, uint64_t device_memory, struct space **out);
void space_destroy(struct space *space);
int space_take(struct space *space, enum space_pool pool, uint64_t size, uint64_t alignment,
	       struct va_range **out);
int space_take_within(struct space *space, enum space_pool pool, uint64_t size, uint64_t alignment,
		      uint64_t lowest, uint64_t highest, struct va_range **out);
int space_take_at(struct space *space, enum space_pool pool, uint64_t start, uint64_t size,
		  struct va_range **out);
void space_give(struct space *space, enum space_pool pool, struct va_range *range);
int space_renew(struct space *space, unsigned gpu, struct gsp_device *fresh);
uint64_t space_gpus_of(const struct va_range *range);
uint64_t space_outside(const struct space *space);

int space_commit(const struct va_range *range);
int space_decommit(const struct va_range *range);

#endif
