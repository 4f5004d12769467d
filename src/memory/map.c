// SPDX-License-Identifier: MIT
/* Putting buffers on GPUs and taking them off. */
#include "memory/map.h"

#include <errno.h>
#include <string.h>

#include "memory/placement.h"
#include "memory/pressure.h"
#include "memory/reference.h"
#include "memory/slab.h"
#include "memory/step.h"
#include "memory/user.h"
#include "util/compiler.h"
#include "util/log.h"

#define PAGE_MASK   ((uint64_t)DXG_PAGE_SIZE - 1)
#define LOCAL_GRAIN (64ULL << 10)

static void unlink_backing(struct buffer *buffer, const struct backing *backing)
{
	struct backing **link = &buffer->backings;

	while (*link != backing)
		link = &(*link)->next;
	*link = backing->next;
}

/* A backing of some part of [start, start + size), or NULL. */
static struct backing *backing_within(const struct buffer *buffer, uint64_t start, uint64_t size)
{
	struct backing *backing = buffer->backings;

	while (backing && (start >= backing->start + backing->size || backing->start >= start + size))
		backing = backing->next;
	return backing;
}

/* Has a backing of a scratch range used by the GPU. */
static int map_backing(struct backing *backing, uint64_t timeout_ns)
{
	int ret = buffer_make_resident(backing);

	if (!ret)
		ret = backing_map(backing, buffer_protection(backing->buffer));
	return ret ? ret : backing_settle(backing, timeout_ns);
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
	int ret = buffer_make_backing(buffer, &spec, false), undo;

	if (ret)
		return ret;
	backing = buffer->backings;
	ret = map_backing(backing, timeout_ns);
	if (!ret)
		return 0;
	undo = backing_unmap(backing);
	/* still on the GPU: keep it known, so that freeing the range takes it away */
	if (undo)
		return ret;
	unlink_backing(buffer, backing);
	backing_retire(backing, NULL);
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
	int ret = -ENOSPC, left;

	if (backing) {
		if (backing->start != start || backing->size != size)
			return -EBUSY;
		/* an earlier failure may have left it incomplete; else there is nothing to do */
		return map_backing(backing, timeout_ns);
	}
	left = buffer_clear_part(buffer, start, size);
	if (left)
		return left;
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

/* What runs may still use the part: it goes when that is over. */
static void unmap_part(struct buffer *buffer, uint64_t address)
{
	struct backing *backing = backing_within(buffer, address, 1);

	if (!backing)
		return;
	unlink_backing(buffer, backing);
	backing_retire_part(backing, gsp_moment_take(&backing->device, 1));
}

/* What is to be made on GPUs needs those that are lost renewed; what cannot be had is told by who needs it. */
static void renew(struct memory *memory, const uint32_t *gpus, uint32_t count)
{
	for (uint32_t i = 0; i < (count ? count : memory->count); i++) {
		uint32_t gpu = count ? gpus[i] : i;

		if (gpu < memory->count)
			gsp_gpu_renew(memory->gpus[gpu].gsp);
	}
}

/*
 * The GPUs that a list names; an empty list means all that can have the buffer, those of them that are lost (*wish) when they
 * are renewed.  registered: NULL, or these alone can.
 */
static int wanted_gpus(const struct buffer *buffer, const struct node_set *registered, const uint32_t *gpus,
		       uint32_t count, uint64_t *out, uint64_t *wish)
{
	struct memory *memory = buffer->memory;
	bool system = buffer->kind == MEMORY_SYSTEM;
	uint64_t reachable = system ? space_gpus_of(buffer->range) : 1ULL << buffer->gpu;
	uint64_t allowed = registered ? registered->gpus : UINT64_MAX, lost = memory_lost_gpus(memory);

	*wish = 0;
	if (gpu_bits(memory->count, gpus, count, out))
		return -EINVAL;
	if (buffer->device && gsp_device_is_lost(buffer->device))
		return -ENODEV;
	if (!count) {
		*out = reachable & allowed & ~lost;
		/* a range that was reserved while a GPU was lost is reserved there at its renewal */
		if (system)
			*wish = lost & allowed & ~space_outside(memory->space);
		return *out ? 0 : memory->count ? -ENODEV : -EINVAL;
	}
	if (*out & lost)
		return -ENODEV;
	if (*out & ~reachable)
		return buffer->kind == MEMORY_SYSTEM ? -ENODEV : -EOPNOTSUPP;
	return registered && *out & ~registered->gpus ? -EPERM : 0;
}

static int map_held(struct buffer *buffer, uint64_t start, uint64_t size, const uint32_t *gpus,
		    uint32_t count, uint64_t timeout_ns)
{
	uint64_t wanted, wish;
	int ret;

	if (size > buffer->span - (start - buffer->start) || buffer->kind == MEMORY_ADDRESS ||
	    buffer->kind == MEMORY_PHYSICAL)
		return -EINVAL;
	ret = wanted_gpus(buffer, buffer->registered, gpus, count, &wanted, &wish);
	if (ret)
		return ret;
	if (buffer->kind != MEMORY_SCRATCH)
		return buffer_map(buffer, wanted, wish, timeout_ns);
	if (start & PAGE_MASK)
		return -EINVAL;
	ret = map_part(buffer, start, ALIGN_UP(size, (uint64_t)DXG_PAGE_SIZE), timeout_ns);
	if (buffer_note_mapped(buffer, wanted))
		log_debug("%#llx: its nodes are not told", (unsigned long long)buffer->start);
	return ret;
}

/*
 * Makes memory usable on the GPUs listed (none listed: every GPU that can) and on no others: by what is submitted after
 * the return and, when something runs on them, by that too.  Registered memory is put on the GPUs listed besides those it
 * is on, and counted.  A GPU that is lost is renewed first if that may be; if not, "every GPU" means memory of the host to be put
 * there when it is, and memory_info tells it as mapped there already.  *gpu_va (may be NULL) is the address on the GPUs of registered memory, 0 for ours: it has one.
 */
int memory_map(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
	       uint32_t count, uint64_t *gpu_va)
{
	return memory_map_within(memory, address, size, gpus, count, BACKING_DEFER, gpu_va);
}

/* memory_map() for a caller who waits for each GPU's page-table work, with a bound of its own: nothing is left to do then. */
int memory_map_within(struct memory *memory, const void *address, uint64_t size, const uint32_t *gpus,
		      uint32_t count, uint64_t timeout_ns, uint64_t *gpu_va)
{
	struct buffer *buffer;
	uint64_t wanted, wish;
	int ret;

	if (gpu_va)
		*gpu_va = 0;
	memory_step(MEMORY_STEP_NONE);
	if (!size || (count && !gpus))
		return -EINVAL;
	renew(memory, gpus, count);
	gsp_retire_run(&memory->retired);
	ret = memory_get(memory, address, &buffer);
	if (ret == -ENOENT)
		return user_map(memory, address, size, gpus, count, timeout_ns, gpu_va);
	if (ret)
		return ret;
	if (buffer->face) {
		ret = wanted_gpus(buffer, slab_registered(buffer, address), gpus, count, &wanted, &wish);
		if (!ret)
			ret = slab_map(buffer, address, size, wanted, wish, timeout_ns);
	} else {
		ret = memory_hold_buffer(buffer);
		if (!ret) {
			ret = map_held(buffer, ptr_to_u64(address), size, gpus, count, timeout_ns);
			memory_publish(buffer);
			memory_let_go(buffer);
		}
	}
	buffer_put(buffer);
	return ret;
}

static int unmap_held(struct buffer *buffer, uint64_t address)
{
	int ret;

	if (buffer->kind != MEMORY_SCRATCH)
		return buffer_map(buffer, 0, 0, BACKING_DEFER);
	unmap_part(buffer, address);
	ret = buffer_note_mapped(buffer, UINT64_MAX);
	gsp_retire_run(&buffer->memory->retired);
	return ret;
}

/*
 * Takes memory off every GPU; in a scratch range, the part that the address lies in; of registered memory, one of its maps.
 * Memory that is mapped nowhere is no error.  An error means that some GPU still maps it.
 */
int memory_unmap(struct memory *memory, const void *address)
{
	struct buffer *buffer;
	int ret = memory_get(memory, address, &buffer);

	if (ret == -ENOENT)
		return user_unmap(memory, address);
	if (ret)
		return ret;
	if (buffer->face) {
		ret = slab_unmap(buffer, address);
	} else {
		ret = memory_hold_buffer(buffer);
		if (!ret) {
			ret = unmap_held(buffer, ptr_to_u64(address));
			memory_publish(buffer);
			memory_let_go(buffer);
		}
	}
	buffer_put(buffer);
	return ret;
}

/*
 * The allocation behind a buffer on a GPU, for private data that names it: of one that is mapped there and small enough
 * to be a single allocation (2 GiB).  It stays the buffer's.  -ENOENT: no such buffer; -EINVAL: not there, or several.
 */
int memory_allocation(struct memory *memory, const void *address, uint32_t gpu, d3dkmt_handle *allocation)
{
	struct backing *backing;
	struct buffer *buffer;
	int ret = memory_hold(memory, address, &buffer);

	*allocation = 0;
	if (ret)
		return ret;
	backing = buffer_backing(buffer, gpu);
	if (backing && !buffer->face && backing->count == 1 && backing->mapped == 1)
		*allocation = backing->chunks[0];
	memory_let_go(buffer);
	return *allocation ? 0 : -EINVAL;
}
