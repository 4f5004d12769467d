// SPDX-License-Identifier: MIT
/* The life of a buffer: address and allocations at its beginning, and its end once nobody refers to it any more. */
#include "memory/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/bar.h"
#include "memory/pressure.h"
#include "memory/step.h"
#include "util/compiler.h"
#include "util/log.h"

#define SMALL_ALIGNMENT	 ((uint64_t)DXG_PAGE_SIZE)
#define MEDIUM_ALIGNMENT (64ULL << 10)
#define LARGE_ALIGNMENT	 (2ULL << 20)

/* Where a buffer of a kind has its address from. */
enum space_pool buffer_pool(enum memory_kind kind)
{
	if (kind == MEMORY_PHYSICAL)
		return SPACE_HANDLES;
	return kind == MEMORY_SYSTEM ? SPACE_SYSTEM : SPACE_DEVICE;
}

/* Drops a reference; with the last one nothing of the buffer is left on any GPU and its address is free. */
void buffer_put(struct buffer *buffer)
{
	struct memory *memory = buffer->memory;
	int ret = 0;

	if (atomic_fetch_sub(&buffer->references, 1) != 1)
		return;
	if (buffer->range && !atomic_load(&buffer->stuck)) {
		if (buffer->kind == MEMORY_SYSTEM)
			ret = space_decommit(buffer->range);
		if (ret)
			log_warn("giving up %#llx + %#llx: %s", (unsigned long long)buffer->start,
				 (unsigned long long)buffer->span, strerror(-ret));
		else
			space_give(memory->space, buffer_pool(buffer->kind), buffer->range);
	}
	free(buffer);
}

/* What is unfinished on these GPUs now; NULL: nothing. */
struct gsp_moment *memory_moment(struct memory *memory, uint64_t gpus)
{
	struct gsp_device *devices[MEMORY_MAX_GPUS];
	unsigned count = 0;

	for (uint32_t i = 0; i < memory->count; i++)
		if (gpus >> i & 1)
			devices[count++] = memory->gpus[i].device;
	return gsp_moment_take(devices, count);
}

/*
 * Ends a buffer that is in no table (any more): its backings go when the GPUs they are on are done with what is submitted
 * now, its address after them.  Waits for nothing and cannot fail.
 */
void buffer_retire(struct buffer *buffer)
{
	struct memory *memory = buffer->memory;
	struct backing *backing;

	while ((backing = buffer->backings)) {
		buffer->backings = backing->next;
		backing_retire(backing, memory_moment(memory, 1ULL << backing->gpu));
	}
	buffer_put(buffer);
}

static uint64_t default_alignment(enum memory_kind kind, uint64_t size)
{
	if (size >= LARGE_ALIGNMENT)
		return LARGE_ALIGNMENT;
	/* VRAM has pages of 64 KiB and cannot be mapped at less */
	if (size >= MEDIUM_ALIGNMENT || kind != MEMORY_SYSTEM)
		return MEDIUM_ALIGNMENT;
	return SMALL_ALIGNMENT;
}

/*
 * Host memory takes its alignment's worth of addresses, so that there are no gaps without access between buffers: each would
 * cost the kernel two mappings, and a process may have 65530 (vm.max_map_count).  Addresses are all that costs.
 */
static int take_range(struct buffer *buffer, const struct memory_request *request)
{
	uint64_t natural = default_alignment(request->kind, buffer->span);
	uint64_t alignment = MAX(request->alignment, natural), size = buffer->span;
	struct space *space = buffer->memory->space;
	enum space_pool pool = buffer_pool(request->kind);

	if (request->flags & MEMORY_FIXED_ADDRESS)
		return space_take_at(space, pool, ptr_to_u64(request->fixed), size, &buffer->range);
	if (request->highest)
		return space_take_within(space, pool, size, alignment, request->lowest, request->highest,
					 &buffer->range);
	if (request->kind == MEMORY_SYSTEM)
		size = ALIGN_UP(size, natural);
	return space_take(space, pool, size, alignment, &buffer->range);
}

static int take_address(struct buffer *buffer, const struct memory_request *request)
{
	int ret;

	memory_step(MEMORY_STEP_ADDRESS);
	ret = take_range(buffer, request);
	/* the address may be about to come back */
	if ((ret == -EEXIST || ret == -ENOMEM) && memory_make_room(buffer->memory))
		ret = take_range(buffer, request);
	if (!ret)
		buffer->start = buffer->range->start;
	return ret;
}

/* The host's answer to a request for VRAM comes with residency, so that is asked for at once. */
static int make_on_gpu(struct buffer *buffer, const struct memory_request *request)
{
	bool vram = buffer->kind != MEMORY_USER_QUEUE;
	struct backing_spec spec = {
		.gpu = buffer->gpu,
		.domain = vram ? KMD_DOMAIN_LOCAL : KMD_DOMAIN_USER_QUEUE,
		.start = buffer->kind == MEMORY_PHYSICAL ? 0 : buffer->start,
		.size = buffer->span,
		.uncached = vram && (buffer->flags & MEMORY_UNCACHED || !(buffer->flags & MEMORY_COARSE)),
		.scheduler_id = request->scheduler_id,
	};

	return buffer_make_backing(buffer, &spec, true);
}

/*
 * Has a GPU allocate for a part of a buffer and, if asked, make it resident; the new backing is the first of the buffer's.
 * A refusal for want of room gets one more try when something of ours could be thrown out.
 */
int buffer_make_backing(struct buffer *buffer, const struct backing_spec *spec, bool resident)
{
	struct memory *memory = buffer->memory;
	struct backing *backing;
	int ret = backing_create(buffer, spec, &backing);

	if ((ret == -ENOSPC || ret == -ENOMEM) && memory_make_room(memory))
		ret = backing_create(buffer, spec, &backing);
	if (ret)
		return ret;
	if (resident)
		ret = buffer_make_resident(backing);
	if (ret) {
		backing_retire(backing, NULL);
		return ret;
	}
	backing->next = buffer->backings;
	buffer->backings = backing;
	return 0;
}

/*
 * Residency.  A refusal gets one more try after everything kept for later was given back, and also if there was
 * nothing: hosts refuse for a moment while they trim others.
 */
int buffer_make_resident(struct backing *backing)
{
	int ret = backing_make_resident(backing);

	if (ret != -ENOSPC)
		return ret;
	memory_make_room(backing->buffer->memory);
	return backing_make_resident(backing);
}

static int build(struct buffer *buffer, const struct memory_request *request)
{
	int ret;

	if (request->flags & MEMORY_CPU_VISIBLE)
		return bar_make(buffer);
	ret = take_address(buffer, request);
	if (ret)
		return ret;
	switch (buffer->kind) {
	case MEMORY_SYSTEM:
		return space_commit(buffer->range);
	case MEMORY_LOCAL:
	case MEMORY_USER_QUEUE:
	case MEMORY_PHYSICAL:
	case MEMORY_SCRATCH:
		if (!(space_gpus_of(buffer->range) >> buffer->gpu & 1))
			return -ENODEV;
		return buffer->kind == MEMORY_SCRATCH ? 0 : make_on_gpu(buffer, request);
	default:
		return 0;
	}
}

/*
 * Makes what a request (which was checked) asks for; it is in no table yet.  The errors are memory.h's, nothing is left
 * behind then.
 */
int buffer_create(struct memory *memory, const struct memory_request *request, struct buffer **out)
{
	uint64_t grain = request->kind == MEMORY_SYSTEM ? SMALL_ALIGNMENT : MEDIUM_ALIGNMENT;
	struct buffer *buffer = calloc(1, sizeof(*buffer));
	int ret;

	*out = NULL;
	if (!buffer)
		return -ENOMEM;
	buffer->memory = memory;
	buffer->size = request->size;
	buffer->span = ALIGN_UP(request->size, grain);
	buffer->kind = request->kind;
	buffer->flags = request->flags;
	buffer->gpu = request->gpu;
	buffer->caller_node = request->caller_node;
	buffer->caller_flags = request->caller_flags;
	atomic_init(&buffer->stuck, false);
	atomic_init(&buffer->references, 1);
	ret = node_set_of(&memory->node_sets, 0, &buffer->nodes);
	if (!ret)
		ret = build(buffer, request);
	if (ret) {
		log_debug("no memory of kind %d, %#llx bytes, flags %#x: %s", request->kind,
			  (unsigned long long)request->size, request->flags, strerror(-ret));
		buffer_retire(buffer);
		return ret;
	}
	*out = buffer;
	return 0;
}
