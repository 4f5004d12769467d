// SPDX-License-Identifier: MIT
/* The life of a buffer: address and allocations at its beginning, and its end once nobody refers to it any more. */
#include "memory/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory/backing.h"
#include "memory/bar.h"
#include "memory/pressure.h"
#include "memory/reference.h"
#include "memory/step.h"
#include "util/compiler.h"
#include "util/log.h"

#define SMALL_ALIGNMENT	 ((uint64_t)DXG_PAGE_SIZE)
#define MEDIUM_ALIGNMENT (64ULL << 10)
#define LARGE_ALIGNMENT	 (2ULL << 20)

/*
 * Ends a buffer that is in no table (any more): its backings go when the GPUs they are on are done with what is submitted
 * now, its address after them.  Waits for nothing and cannot fail.
 */
void buffer_retire(struct buffer *buffer)
{
	struct backing *backing;

	while ((backing = buffer->backings)) {
		buffer->backings = backing->next;
		/* its own device's: nothing waits for a lost one, nor for what came in its place */
		backing_retire(backing, gsp_moment_take(&backing->device, 1));
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
		.uncached = vram && memory_is_uncached(buffer->flags),
		.scheduler_id = request->scheduler_id,
	};
	int ret = buffer_make_backing(buffer, &spec, true);

	if (!ret)
		buffer->device = buffer->backings->device;
	return ret;
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
