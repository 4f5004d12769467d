// SPDX-License-Identifier: MIT
/* Putting buffers on GPUs and taking them off. */
#include "memory/map.h"

#include <errno.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/slab.h"
#include "memory/step.h"
#include "memory/user.h"
#include "util/compiler.h"
#include "util/log.h"

#define PAGE_MASK   ((uint64_t)DXG_PAGE_SIZE - 1)
#define LOCAL_GRAIN (64ULL << 10)

/* D3DDDIGPUVA_PROTECTION_TYPE_*: write access alone is what AMD's own client asks for, code included. */
uint64_t buffer_protection(const struct buffer *buffer)
{
	uint64_t rights = D3DDDIGPUVA_PROTECTION_TYPE_WRITE;

	return buffer->flags & MEMORY_READ_ONLY ? 0 : rights;
}

static void unlink_backing(struct buffer *buffer, const struct backing *backing)
{
	struct backing **link = &buffer->backings;

	while (*link != backing)
		link = &(*link)->next;
	*link = backing->next;
}

/* Issues all that is needed to have a buffer on a GPU; backing_settle() is left to do. */
static int start_mapping(struct buffer *buffer, unsigned gpu)
{
	struct backing *backing = buffer_backing(buffer, gpu);
	int ret;

	if (!backing) {
		struct backing_spec spec = {
			.gpu = gpu,
			.domain = KMD_DOMAIN_SYSTEM,
			.start = buffer->start,
			.size = buffer->span,
			.pages = u64_to_ptr(buffer->start),
			.uncached = buffer->flags & MEMORY_UNCACHED || !(buffer->flags & MEMORY_COARSE),
		};

		ret = buffer_make_backing(buffer, &spec, false);
		if (ret)
			return ret;
		backing = buffer->backings;
	}
	ret = buffer_make_resident(backing);
	return ret ? ret : backing_map(backing, buffer_protection(buffer));
}

/* Takes a buffer off the GPUs named, as far as they let it; returns the first error. */
static int unmap_from(struct buffer *buffer, uint64_t gpus)
{
	int error = 0;

	for (struct backing *backing = buffer->backings; backing; backing = backing->next) {
		int ret = 0;

		/* what the CPU maps too keeps its place */
		if (gpus >> backing->gpu & 1 && !backing->locked)
			ret = backing_unmap(backing);
		if (ret)
			log_err("GPU %u: unmapping %#llx: %s", backing->gpu,
				(unsigned long long)backing->start, strerror(-ret));
		error = error ? error : ret;
	}
	return error;
}

/* Where anything of a buffer is mapped, an unmapping that failed included. */
static uint64_t touched_gpus(const struct buffer *buffer)
{
	uint64_t touched = 0;

	for (struct backing *backing = buffer->backings; backing; backing = backing->next)
		if (backing->mapped)
			touched |= 1ULL << backing->gpu;
	return touched;
}

/* Where a buffer is usable now; CPU-visible VRAM is there always, but not a matter of the caller's unless in `wanted`. */
static uint64_t mapped_gpus(const struct buffer *buffer, uint64_t wanted)
{
	uint64_t mapped = 0;

	for (struct backing *backing = buffer->backings; backing; backing = backing->next)
		if (backing->resident && backing->mapped == backing->count &&
		    (!backing->locked || wanted >> backing->gpu & 1))
			mapped |= 1ULL << backing->gpu;
	return mapped;
}

static int note_mapped(struct buffer *buffer, uint64_t wanted)
{
	const struct node_set *nodes;
	int ret = node_set_of(&buffer->memory->node_sets, mapped_gpus(buffer, wanted), &nodes);

	if (!ret)
		buffer->nodes = nodes;
	return ret;
}

/*
 * Puts a held buffer on exactly the GPUs named and notes it in buffer->nodes; memory_publish() is the caller's.  Usable by
 * whatever is submitted after the return, and by what runs already.  When one fails, those added before are taken off again.
 */
int buffer_map(struct buffer *buffer, uint64_t gpus, uint64_t timeout_ns)
{
	uint64_t before = mapped_gpus(buffer, buffer->nodes->gpus), added = gpus & ~before, tried = 0;
	/* who wants the wait wants it for what an earlier call left to do, too */
	uint64_t unsettled = timeout_ns == BACKING_DEFER ? added : gpus;
	unsigned count = buffer->memory->count;
	const struct node_set *nodes;
	/* first, for there is no way back later */
	int ret = node_set_of(&buffer->memory->node_sets, gpus, &nodes);

	if (ret)
		return ret;
	for (unsigned gpu = 0; gpu < count && !ret; gpu++) {
		if (!(added >> gpu & 1))
			continue;
		tried |= 1ULL << gpu;
		ret = start_mapping(buffer, gpu);
	}
	for (unsigned gpu = 0; gpu < count && !ret; gpu++)
		if (unsettled >> gpu & 1)
			ret = backing_settle(buffer_backing(buffer, gpu), timeout_ns);
	if (ret)
		unmap_from(buffer, tried); /* the first error is the one to tell */
	else
		ret = unmap_from(buffer, touched_gpus(buffer) & ~gpus);
	if (!ret)
		buffer->nodes = nodes;
	else if (note_mapped(buffer, before))
		log_debug("%#llx: its nodes are not told", (unsigned long long)buffer->start);
	return ret;
}

/* Offers the contents of a held buffer to the host until buffer_reclaim(): of no interest any more, first to go. */
int buffer_offer(struct buffer *buffer)
{
	int ret = 0;

	for (struct backing *backing = buffer->backings; backing && !ret; backing = backing->next)
		ret = backing_offer(backing);
	return ret;
}

/*
 * Takes the offer back, so that the buffer may be used again where it is mapped; *kept: with its contents.  -ENOSPC: the
 * host has no memory for it any more.
 */
int buffer_reclaim(struct buffer *buffer, bool *kept)
{
	int ret = 0;

	*kept = true;
	for (struct backing *backing = buffer->backings; backing && !ret; backing = backing->next) {
		bool whole;

		ret = backing_reclaim(backing, &whole);
		if (!ret)
			ret = backing_settle(backing, BACKING_DEFER);
		*kept = *kept && whole;
	}
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
	backing_retire_part(backing, memory_moment(buffer->memory, 1ULL << backing->gpu));
}

/* The GPUs that a list names; an empty list means all that can have the buffer.  registered: NULL, or these alone can. */
static int wanted_gpus(const struct buffer *buffer, const struct node_set *registered, const uint32_t *gpus,
		       uint32_t count, uint64_t *out)
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
		if (registered)
			*out &= registered->gpus;
		return *out ? 0 : memory->count ? -ENODEV : -EINVAL;
	}
	for (uint32_t i = 0; i < memory->count; i++)
		if (*out >> i & 1 && gsp_device_is_lost(memory->gpus[i].device))
			return -ENODEV;
	if (*out & ~reachable)
		return buffer->kind == MEMORY_SYSTEM ? -ENODEV : -EOPNOTSUPP;
	return registered && *out & ~registered->gpus ? -EPERM : 0;
}

static int map_held(struct buffer *buffer, uint64_t start, uint64_t size, const uint32_t *gpus,
		    uint32_t count, uint64_t timeout_ns)
{
	uint64_t wanted;
	int ret;

	if (size > buffer->span - (start - buffer->start) || buffer->kind == MEMORY_ADDRESS ||
	    buffer->kind == MEMORY_PHYSICAL)
		return -EINVAL;
	ret = wanted_gpus(buffer, buffer->registered, gpus, count, &wanted);
	if (ret)
		return ret;
	if (buffer->kind != MEMORY_SCRATCH)
		return buffer_map(buffer, wanted, timeout_ns);
	if (start & PAGE_MASK)
		return -EINVAL;
	ret = map_part(buffer, start, ALIGN_UP(size, (uint64_t)DXG_PAGE_SIZE), timeout_ns);
	if (note_mapped(buffer, wanted))
		log_debug("%#llx: its nodes are not told", (unsigned long long)buffer->start);
	return ret;
}

/*
 * Makes memory usable on the GPUs listed (none listed: every GPU that can) and on no others: by what is submitted after
 * the return and, when something runs on them, by that too.  Registered memory is put on the GPUs listed besides those it
 * is on, and counted.  *gpu_va (may be NULL) is the address on the GPUs of registered memory, 0 for ours: it has one.
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
	uint64_t wanted;
	int ret;

	if (gpu_va)
		*gpu_va = 0;
	memory_step(MEMORY_STEP_NONE);
	if (!size || (count && !gpus))
		return -EINVAL;
	gsp_retire_run(&memory->retired);
	ret = memory_get(memory, address, &buffer);
	if (ret == -ENOENT)
		return user_map(memory, address, size, gpus, count, timeout_ns, gpu_va);
	if (ret)
		return ret;
	if (buffer->slab) {
		ret = wanted_gpus(buffer, slab_registered(buffer, address), gpus, count, &wanted);
		if (!ret)
			ret = slab_map(buffer, address, size, wanted, timeout_ns);
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
		return buffer_map(buffer, 0, BACKING_DEFER);
	unmap_part(buffer, address);
	ret = note_mapped(buffer, UINT64_MAX);
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
	if (buffer->slab) {
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
	if (backing && !buffer->slab && backing->count == 1 && backing->mapped == 1)
		*allocation = backing->chunks[0];
	memory_let_go(buffer);
	return *allocation ? 0 : -EINVAL;
}
