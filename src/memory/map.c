// SPDX-License-Identifier: MIT
/* Putting buffers on GPUs and taking them off. */
#include "memory/map.h"

#include <errno.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/step.h"
#include "memory/table.h"
#include "util/compiler.h"
#include "util/log.h"

#define PAGE_MASK   ((uint64_t)DXG_PAGE_SIZE - 1)
#define LOCAL_GRAIN (64ULL << 10)

/* Write access alone is what AMD's own client asks for, code included. */
static uint64_t protection_of(const struct buffer *buffer)
{
	uint64_t rights = D3DDDIGPUVA_PROTECTION_TYPE_WRITE;

	return buffer->flags & MEMORY_READ_ONLY ? 0 : rights;
}

static struct backing *backing_on(const struct buffer *buffer, unsigned gpu)
{
	struct backing *backing = buffer->backings;

	while (backing && backing->gpu != gpu)
		backing = backing->next;
	return backing;
}

static void link_backing(struct buffer *buffer, struct backing *backing)
{
	backing->next = buffer->backings;
	buffer->backings = backing;
}

static void unlink_backing(struct buffer *buffer, const struct backing *backing)
{
	struct backing **link = &buffer->backings;

	while (*link != backing)
		link = &(*link)->next;
	*link = backing->next;
}

/* A refusal for want of room gets one more try when something of ours could be thrown out. */
static int make_resident(struct backing *backing)
{
	int ret = backing_make_resident(backing);

	if (ret == -ENOSPC && memory_make_room(backing->buffer->memory))
		ret = backing_make_resident(backing);
	return ret;
}

static int create(struct buffer *buffer, const struct backing_spec *spec, struct backing **out)
{
	int ret = backing_create(buffer, spec, out);

	if ((ret == -ENOSPC || ret == -ENOMEM) && memory_make_room(buffer->memory))
		ret = backing_create(buffer, spec, out);
	return ret;
}

/* Issues all that is needed to have a buffer on a GPU; the caller waits. */
static int start_mapping(struct buffer *buffer, unsigned gpu)
{
	struct backing *backing = backing_on(buffer, gpu);
	int ret;

	if (!backing) {
		struct backing_spec spec = {
			.gpu = gpu,
			.domain = KMD_DOMAIN_SYSTEM,
			.start = buffer->start,
			.size = buffer->range->size,
			.uncached = buffer->flags & MEMORY_UNCACHED || !(buffer->flags & MEMORY_COARSE),
		};

		ret = create(buffer, &spec, &backing);
		if (ret)
			return ret;
		link_backing(buffer, backing);
	}
	ret = make_resident(backing);
	return ret ? ret : backing_map(backing, protection_of(buffer));
}

/* Takes a buffer off the GPUs named, as far as they let it; returns the first error. */
static int unmap_from(struct buffer *buffer, uint64_t gpus)
{
	int error = 0;

	for (struct backing *backing = buffer->backings; backing; backing = backing->next) {
		int ret = gpus >> backing->gpu & 1 ? backing_unmap(backing) : 0;

		if (ret)
			log_err("GPU %u: unmapping %#llx: %s", backing->gpu,
				(unsigned long long)backing->start, strerror(-ret));
		error = error ? error : ret;
	}
	return error;
}

/* Puts a buffer on exactly the GPUs named.  When one fails, those added before are taken off again. */
static int map_exactly(struct buffer *buffer, uint64_t wanted, uint64_t timeout_ns)
{
	uint64_t added = wanted & ~buffer->mapped, tried = 0;
	unsigned count = buffer->memory->count;
	int ret = 0;

	for (unsigned gpu = 0; gpu < count && !ret; gpu++) {
		if (!(added >> gpu & 1))
			continue;
		tried |= 1ULL << gpu;
		ret = start_mapping(buffer, gpu);
	}
	for (unsigned gpu = 0; gpu < count && !ret; gpu++)
		if (added >> gpu & 1)
			ret = backing_wait(backing_on(buffer, gpu), timeout_ns);
	if (ret)
		unmap_from(buffer, tried); /* the first error is the one to tell */
	else
		ret = unmap_from(buffer, ~wanted);
	return ret;
}

/* A backing of some part of [start, start + size), or NULL. */
static struct backing *backing_within(const struct buffer *buffer, uint64_t start, uint64_t size)
{
	struct backing *backing = buffer->backings;

	while (backing && (start >= backing->start + backing->size || backing->start >= start + size))
		backing = backing->next;
	return backing;
}

static int map_part_in(struct buffer *buffer, uint64_t start, uint64_t size, enum kmd_domain domain,
		       uint64_t timeout_ns)
{
	struct backing_spec spec = {
		.gpu = buffer->gpu,
		.domain = domain,
		.start = start,
		.size = size,
		.own_pages = domain == KMD_DOMAIN_SYSTEM,
		.uncached = buffer->flags & MEMORY_UNCACHED,
	};
	struct backing *backing;
	int ret = create(buffer, &spec, &backing), undo;

	if (ret)
		return ret;
	ret = make_resident(backing);
	if (!ret)
		ret = backing_map(backing, protection_of(buffer));
	if (!ret)
		ret = backing_wait(backing, timeout_ns);
	if (!ret) {
		link_backing(buffer, backing);
		return 0;
	}
	undo = backing_unmap(backing);
	if (undo) {
		/* still on the GPU: keep it known, so that freeing the range takes it away */
		link_backing(buffer, backing);
		return ret;
	}
	backing_retire(backing);
	gsp_retire_run(&buffer->memory->retired);
	return ret;
}

/*
 * Puts memory behind a part of a scratch range: the GPU's own, else host pages.  The same part
 * again is no change; a part that overlaps another is refused.
 */
static int map_part(struct buffer *buffer, uint64_t start, uint64_t size, uint64_t timeout_ns)
{
	struct backing *backing = backing_within(buffer, start, size);
	int ret = -ENOSPC;

	if (backing) {
		if (backing->start != start || backing->size != size)
			return -EBUSY;
		/* an earlier failure may have left it incomplete; else there is nothing to do */
		ret = make_resident(backing);
		if (!ret)
			ret = backing_map(backing, protection_of(buffer));
		return ret ? ret : backing_wait(backing, timeout_ns);
	}
	if (IS_ALIGNED(start, LOCAL_GRAIN))
		ret = map_part_in(buffer, start, size, KMD_DOMAIN_LOCAL, timeout_ns);
	/* not over what the GPU would not give back */
	if (ret && ret != -ENODEV && ret != -ETIMEDOUT && !backing_within(buffer, start, size)) {
		log_debug("GPU %u: no local memory for scratch (%s), using host pages", buffer->gpu,
			  strerror(-ret));
		ret = map_part_in(buffer, start, size, KMD_DOMAIN_SYSTEM, timeout_ns);
	}
	return ret;
}

static int unmap_part(struct buffer *buffer, uint64_t address)
{
	struct backing *backing = backing_within(buffer, address, 1);
	int ret;

	if (!backing)
		return 0;
	ret = backing_unmap(backing);
	if (ret)
		return ret;
	unlink_backing(buffer, backing);
	backing_retire(backing);
	return 0;
}

/* The GPUs that a list names; an empty list means all that can have the buffer. */
static int wanted_gpus(const struct buffer *buffer, const uint32_t *gpus, uint32_t count, uint64_t *out)
{
	struct memory *memory = buffer->memory;
	uint64_t reachable =
		buffer->kind == MEMORY_SYSTEM ? space_gpus_of(buffer->range) : 1ULL << buffer->gpu;

	*out = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (gpus[i] >= memory->count)
			return -EINVAL;
		*out |= 1ULL << gpus[i];
	}
	if (!count) {
		for (uint32_t i = 0; i < memory->count; i++)
			if (reachable >> i & 1 && !gsp_device_is_lost(memory->gpus[i].device))
				*out |= 1ULL << i;
		return *out ? 0 : memory->count ? -ENODEV : -EINVAL;
	}
	for (uint32_t i = 0; i < memory->count; i++)
		if (*out >> i & 1 && gsp_device_is_lost(memory->gpus[i].device))
			return -ENODEV;
	if (*out & ~reachable)
		return buffer->kind == MEMORY_SYSTEM ? -ENODEV : -EOPNOTSUPP;
	return 0;
}

/*
 * Makes memory usable on the GPUs listed (none listed: every GPU that can) and returns when it is.
 * *gpu_va (may be NULL) is where: the address itself.
 *
 * System and local memory is mapped whole, whatever part is named, and the list is absolute: GPUs
 * not in it lose the mapping.  Local memory of one GPU cannot be mapped on another (-EOPNOTSUPP).  In a
 * scratch range exactly [address, address + size) gets memory; -EBUSY: overlaps a part that has.  -EINVAL also for address
 * ranges without memory, and for a range that leaves the buffer.  On failure the GPUs that were to be
 * added are not; those that were to go may be gone.  memory_last_step() names the step that failed.
 */
int memory_map(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
	       uint32_t count, uint64_t *gpu_va)
{
	return memory_map_within(memory, address, size, gpus, count, BACKING_PAGING_NS, gpu_va);
}

/* memory_map() for those who have a bound of their own on the wait for each GPU's page-table work. */
int memory_map_within(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
		      uint32_t count, uint64_t timeout_ns, uint64_t *gpu_va)
{
	uint64_t start = ptr_to_u64(address), offset, wanted;
	struct buffer *buffer;
	int ret;

	if (gpu_va)
		*gpu_va = 0;
	memory_step(MEMORY_STEP_NONE);
	if (!size || (count && !gpus))
		return -EINVAL;
	gsp_retire_run(&memory->retired);
	ret = memory_hold(memory, address, &buffer);
	if (ret)
		return ret;
	offset = start - buffer->start;
	if (size > buffer->range->size - offset || buffer->kind == MEMORY_ADDRESS)
		ret = -EINVAL;
	if (!ret)
		ret = wanted_gpus(buffer, gpus, count, &wanted);
	if (!ret && buffer->kind != MEMORY_SCRATCH)
		ret = map_exactly(buffer, wanted, timeout_ns);
	else if (!ret)
		ret = start & PAGE_MASK
			      ? -EINVAL
			      : map_part(buffer, start, ALIGN_UP(size, (uint64_t)DXG_PAGE_SIZE), timeout_ns);
	buffer_update_mapped(buffer);
	memory_let_go(buffer);
	if (!ret && gpu_va)
		*gpu_va = start;
	return ret;
}

/*
 * Takes memory off every GPU; in a scratch range, the part that the address lies in.  Memory that is
 * mapped nowhere is no error.  An error means that some GPU still maps it.
 */
int memory_unmap(struct memory *memory, const void *address)
{
	struct buffer *buffer;
	int ret = memory_hold(memory, address, &buffer);

	if (ret)
		return ret;
	if (buffer->kind == MEMORY_SCRATCH)
		ret = unmap_part(buffer, ptr_to_u64(address));
	else
		ret = unmap_from(buffer, UINT64_MAX);
	buffer_update_mapped(buffer);
	memory_let_go(buffer);
	gsp_retire_run(&memory->retired);
	return ret;
}

/*
 * The allocation behind a buffer on a GPU, for private data that names it: of one that is mapped there and small enough
 * to be a single allocation (1 GiB).  It stays the buffer's.  -ENOENT: no such buffer; -EINVAL: not there, or several.
 */
int memory_allocation(struct memory *memory, const void *address, uint32_t gpu, d3dkmt_handle *allocation)
{
	struct backing *backing;
	struct buffer *buffer;
	int ret = memory_hold(memory, address, &buffer);

	*allocation = 0;
	if (ret)
		return ret;
	backing = backing_on(buffer, gpu);
	if (backing && backing->count == 1 && backing->mapped == 1)
		*allocation = backing->chunks[0];
	memory_let_go(buffer);
	return *allocation ? 0 : -EINVAL;
}
