// SPDX-License-Identifier: MIT
/*
 * VRAM that the CPU sees too.
 *
 * Locking an allocation maps it for the CPU, at an address that the kernel chooses (dxgkrnl: LOCK2), so the GPU's
 * address follows the CPU's.  AMD's own client reports that VRAM which was mapped on the GPU cannot be locked any more:
 * the lock comes first.  It is mapped on its GPU from then on, whatever is asked for, so that nobody else can take
 * the address there.
 */
#include "memory/bar.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "memory/backing.h"
#include "memory/placement.h"
#include "memory/pressure.h"
#include "memory/step.h"
#include "memory/user_windows.h"
#include "util/compiler.h"
#include "util/log.h"

#define BAR_LIMIT (4ULL << 30) /* the driver computes the size of a lock in 32 bits */
#define BAR_GRAIN (64ULL << 10)
#define BAR_TRIES 16U /* to get an aligned address */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/*
 * Where the caller's memory was a moment ago a GPU may still have its addresses reserved, for what runs: mapped in there,
 * the buffer would go with them.
 */
static bool usable(const struct backing *backing, uint64_t address)
{
	const struct kmd_adapter *info = gsp_device_info(backing->device);

	if (!IS_ALIGNED(address, BAR_GRAIN) ||
	    user_windows_overlap(backing->buffer->memory->users, backing->gpu, address,
				 address + backing->size))
		return false;
	if (!kmd_adapter_has(info, KMD_FIELD_VA_RANGE))
		return true;
	return address >= info->va_base && address < info->va_limit &&
	       backing->size <= info->va_limit - address;
}

/* Addresses that a lock must not go to next. */
struct filler {
	void *start;
	size_t size;
};

/* Takes what made the lock at `start` no good; another thread may have been faster, and then it is taken as well. */
static void fill(struct filler *filler, uint64_t start, uint64_t size)
{
	uint64_t excess = start & (BAR_GRAIN - 1);

	/* an aligned one that is not the GPU's is wrong as a whole */
	filler->size = excess ? excess : size;
	filler->start = mmap(u64_to_ptr(start + size - filler->size), filler->size, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
}

/*
 * Locks at an address that the GPU can have.  The kernel puts a mapping at the upper end of the first hole that is large
 * enough, so a lock that was off by some pages is right once those pages at the hole's end are filled, or goes to
 * another hole; what was filled stays so until one is right.
 */
static int lock_aligned(struct backing *backing, void **address)
{
	struct filler fillers[BAR_TRIES];
	unsigned count = 0;
	int ret;

	for (;;) {
		ret = backing_lock(backing, address);
		if (ret || usable(backing, ptr_to_u64(*address)))
			break;
		ret = backing_unlock(backing);
		if (ret)
			break;
		ret = -ENOMEM;
		if (count == BAR_TRIES)
			break;
		fill(&fillers[count++], ptr_to_u64(*address), backing->size);
	}
	while (count--)
		if (fillers[count].start != MAP_FAILED)
			munmap(fillers[count].start, fillers[count].size);
	return ret;
}

/*
 * Gives a new buffer VRAM that the CPU sees: created, resident, locked, then mapped at the lock's address.  -ENOSPC: this
 * much of it cannot be had, for whatever reason (larger than 4 GiB, the host's lock refused, no aligned address, the GPU's
 * range taken): never memory that the CPU does not see.  -ENOMEM; -ENODEV.
 */
int bar_make(struct buffer *buffer)
{
	struct backing_spec spec = {
		.gpu = buffer->gpu,
		.domain = KMD_DOMAIN_LOCAL,
		.size = buffer->span,
		.cpu_visible = true,
		.uncached = memory_is_uncached(buffer->flags),
	};
	struct backing *backing;
	void *address;
	int ret;

	if (buffer->span >= BAR_LIMIT)
		return -ENOSPC;
	ret = buffer_make_backing(buffer, &spec, true);
	if (ret)
		return ret;
	backing = buffer->backings;
	buffer->device = backing->device;
	memory_step(MEMORY_STEP_ADDRESS);
	ret = lock_aligned(backing, &address);
	if (ret) {
		log_debug("GPU %u: no CPU address for %#llx bytes of VRAM: %s", buffer->gpu,
			  (unsigned long long)buffer->span, strerror(-ret));
		return ret == -ENODEV ? ret : -ENOSPC;
	}
	buffer->start = backing->start = ptr_to_u64(address);
	ret = backing_map(backing, buffer_protection(buffer));
	if (!ret)
		ret = backing_settle(backing, BACKING_DEFER);
	if (ret)
		log_debug("GPU %u: mapping VRAM at the CPU's address %#llx: %s", buffer->gpu,
			  (unsigned long long)buffer->start, strerror(-ret));
	return !ret || ret == -ENODEV || ret == -ETIMEDOUT ? ret : -ENOSPC;
}
