// SPDX-License-Identifier: MIT
/* Having a buffer on some GPUs and not on others; by its holder. */
#include "memory/placement.h"

#include <errno.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/pressure.h"
#include "util/compiler.h"
#include "util/log.h"

/* D3DDDIGPUVA_PROTECTION_TYPE_*: write access alone is what AMD's own client asks for, code included. */
uint64_t buffer_protection(const struct buffer *buffer)
{
	uint64_t rights = D3DDDIGPUVA_PROTECTION_TYPE_WRITE;

	return buffer->flags & MEMORY_READ_ONLY ? 0 : rights;
}

/* Whether a backing is on the device that its GPU has now; GPU memory has no other, and mapping it tells. */
static bool is_current(const struct backing *backing)
{
	return backing->buffer->device || backing->device == memory_gpu_device(backing->on);
}

static void drop_backing(struct buffer *buffer, struct backing *backing)
{
	struct backing **link = &buffer->backings;

	while (*link != backing)
		link = &(*link)->next;
	*link = backing->next;
	backing_retire(backing, NULL);
}

/* Issues all that is needed to have a buffer on a GPU; backing_settle() is left to do. */
static int start_mapping(struct buffer *buffer, unsigned gpu)
{
	struct backing *backing = buffer_backing(buffer, gpu);
	int ret;

	if (backing && !is_current(backing)) {
		drop_backing(buffer, backing);
		backing = NULL;
	}
	if (!backing) {
		struct backing_spec spec = {
			.gpu = gpu,
			.domain = KMD_DOMAIN_SYSTEM,
			.start = buffer->start,
			.size = buffer->span,
			.pages = u64_to_ptr(buffer->start),
			.uncached = memory_is_uncached(buffer->flags),
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
		if (backing->resident && backing->mapped == backing->count && is_current(backing) &&
		    (!backing->locked || wanted >> backing->gpu & 1))
			mapped |= 1ULL << backing->gpu;
	return mapped;
}

/* Where a renewal will put a buffer, or is about to: what memory of the host is told to be on and is not. */
static uint64_t awaited_gpus(const struct buffer *buffer)
{
	struct memory *memory = buffer->memory;

	if (buffer->kind != MEMORY_SYSTEM)
		return 0;
	return buffer->nodes->gpus & (atomic_load(&memory->renewing) | memory_lost_gpus(memory));
}

int buffer_note_mapped(struct buffer *buffer, uint64_t wanted)
{
	const struct node_set *nodes;
	int ret = node_set_of(&buffer->memory->node_sets, mapped_gpus(buffer, wanted) | awaited_gpus(buffer),
			      &nodes);

	if (!ret)
		buffer->nodes = nodes;
	return ret;
}

/* Of the GPUs that may be left to their renewal, those that have to; *gpus gets the others. */
static uint64_t left_to_renewal(const struct buffer *buffer, uint64_t lost, uint64_t *gpus)
{
	uint64_t wish = lost & memory_lost_gpus(buffer->memory);

	/* renewed since they were looked at, with or without the addresses */
	if (lost & ~wish)
		*gpus |= lost & ~wish & space_gpus_of(buffer->range);
	return wish;
}

/*
 * Puts a held buffer on exactly the GPUs named and notes it in buffer->nodes; memory_publish() is the caller's.  Usable by
 * whatever is submitted after the return, and by what runs already.  When one fails, those added before are taken off again.
 * lost (of memory of the host): GPUs that it is put on when they are renewed, which are noted as well.
 */
int buffer_map(struct buffer *buffer, uint64_t gpus, uint64_t lost, uint64_t timeout_ns)
{
	uint64_t wish = left_to_renewal(buffer, lost, &gpus);
	uint64_t before = mapped_gpus(buffer, buffer->nodes->gpus), added = gpus & ~before, tried = 0;
	/* who wants the wait wants it for what an earlier call left to do, too */
	uint64_t unsettled = timeout_ns == BACKING_DEFER ? added : gpus;
	unsigned count = buffer->memory->count;
	const struct node_set *nodes;
	/* first, for there is no way back later */
	int ret = node_set_of(&buffer->memory->node_sets, gpus | wish, &nodes);

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
		ret = unmap_from(buffer, touched_gpus(buffer) & ~(gpus | wish));
	if (!ret)
		buffer->nodes = nodes;
	else if (buffer_note_mapped(buffer, before))
		log_debug("%#llx: its nodes are not told", (unsigned long long)buffer->start);
	return ret;
}

/*
 * Takes off a GPU what a held buffer has there and what is gone with its device, or would be if it is not renewed: memory of the
 * host, which stays noted in buffer->nodes for buffer_renew(), and parts of scratch ranges, which do not.  GPU memory stays as it is.
 */
void buffer_leave(struct buffer *buffer, unsigned gpu)
{
	struct backing *backing = buffer->backings, *next;

	if (buffer->device)
		return;
	for (; backing; backing = next) {
		next = backing->next;
		if (backing->gpu == gpu)
			drop_backing(buffer, backing);
	}
	if (buffer->kind == MEMORY_SCRATCH && buffer_note_mapped(buffer, UINT64_MAX))
		log_debug("%#llx: its nodes are not told", (unsigned long long)buffer->start);
}

/*
 * Puts a held buffer of host memory on the device that its GPU has next, if it is noted to be there; *fence grows to the paging
 * fence to be waited for.  Where its addresses cannot be had it is not there any more.  Otherwise an error of buffer_map().
 */
int buffer_renew(struct buffer *buffer, unsigned gpu, uint64_t *fence)
{
	uint64_t bit = 1ULL << gpu;
	const struct node_set *nodes;
	int ret;

	if (buffer->kind != MEMORY_SYSTEM || !(buffer->nodes->gpus & bit))
		return 0;
	if (!(space_gpus_of(buffer->range) & bit)) {
		ret = node_set_of(&buffer->memory->node_sets, buffer->nodes->gpus & ~bit, &nodes);
		if (!ret)
			buffer->nodes = nodes;
		return ret;
	}
	ret = start_mapping(buffer, gpu);
	if (!ret)
		*fence = MAX(*fence, buffer_backing(buffer, gpu)->fence);
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
 * Takes the offer back, so that the buffer may be used again where it is mapped; its contents may be lost.  -ENOSPC: the
 * host has no memory for it any more.
 */
int buffer_reclaim(struct buffer *buffer)
{
	int ret = 0;

	for (struct backing *backing = buffer->backings; backing && !ret; backing = backing->next) {
		ret = backing_reclaim(backing);
		if (!ret)
			ret = backing_settle(backing, BACKING_DEFER);
	}
	return ret;
}
