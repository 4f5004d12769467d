// SPDX-License-Identifier: MIT
#include "memory/user_away.h"

#include <errno.h>
#include <stdlib.h>

#include "memory/backing.h"
#include "memory/pressure.h"
#include "memory/step.h"
#include "memory/user_back.h"
#include "util/compiler.h"

#define ALIGNMENT (64ULL << 10)

/*
 * A buffer that is nothing but addresses for `size` bytes of pages, the same on every GPU.  buffer_retire() ends it, with
 * what was mapped there.  flags: as of the registration.  -ENOMEM; -ENODEV.
 */
int user_away_make(struct memory *memory, uint64_t size, uint32_t flags, struct buffer **out)
{
	struct buffer *buffer = calloc(1, sizeof(*buffer));
	uint64_t span = ALIGN_UP(size, ALIGNMENT);
	int ret;

	*out = NULL;
	if (!buffer)
		return -ENOMEM;
	memory_step(MEMORY_STEP_ADDRESS);
	ret = node_set_of(&memory->node_sets, 0, &buffer->nodes);
	if (!ret)
		ret = space_take(memory->space, SPACE_DEVICE, span, ALIGNMENT, &buffer->range);
	if (ret == -ENOMEM && memory_make_room(memory))
		ret = space_take(memory->space, SPACE_DEVICE, span, ALIGNMENT, &buffer->range);
	if (ret) {
		free(buffer);
		return ret;
	}
	buffer->memory = memory;
	buffer->start = buffer->range->start;
	buffer->span = span;
	buffer->size = size;
	buffer->kind = MEMORY_USER;
	buffer->flags = flags;
	buffer->gpu = MEMORY_HOST;
	atomic_init(&buffer->references, 1);
	*out = buffer;
	return 0;
}

/* Pins all pages on a GPU and maps them there, as several backings if need be; issued, not settled. */
static int start_on(struct buffer *away, uint64_t start, unsigned gpu)
{
	struct user_pages pages = {
		.gpu = gpu,
		.device = memory_gpu_device(&away->memory->gpus[gpu]),
		.start = start,
		.end = start + away->size,
		.all_end = start + away->size,
		.gpu_va = away->start,
		.read_only = away->flags & MEMORY_READ_ONLY,
		.uncached = memory_is_uncached(away->flags),
	};
	uint64_t write = D3DDDIGPUVA_PROTECTION_TYPE_WRITE;
	struct user_runs runs = {0};
	int ret = 0;

	while (!ret && pages.start < pages.end) {
		struct backing *backing;
		bool read_only;

		ret = user_back(away, &pages, &runs, &backing, &read_only);
		if (ret)
			break;
		backing->next = away->backings;
		away->backings = backing;
		ret = backing_map(backing, read_only ? 0 : write);
		pages.start += backing->size;
		pages.gpu_va += backing->size;
	}
	user_runs_free(&runs);
	return ret;
}

/* Takes the pages off these GPUs, at once: for who told nobody that they are there, and GPUs that are lost. */
void user_away_leave(struct buffer *away, uint64_t gpus)
{
	struct backing **link = &away->backings, *backing;

	while ((backing = *link)) {
		if (gpus >> backing->gpu & 1) {
			*link = backing->next;
			backing_retire(backing, NULL);
		} else {
			link = &backing->next;
		}
	}
}

/*
 * Maps the pages from `start` on, as many as fit, on these GPUs, and settles that within timeout_ns for each.  On failure
 * they are on none of them.  -EFAULT: a page is not there; -ENODEV; and the errors of backings.
 */
int user_away_map(struct buffer *away, uint64_t start, uint64_t gpus, uint64_t timeout_ns)
{
	int ret = gpus & ~space_gpus_of(away->range) ? -ENODEV : 0;

	for (unsigned gpu = 0; gpu < away->memory->count && !ret; gpu++)
		if (gpus >> gpu & 1)
			ret = start_on(away, start, gpu);
	for (struct backing *backing = away->backings; backing && !ret; backing = backing->next)
		if (gpus >> backing->gpu & 1)
			ret = backing_settle(backing, timeout_ns);
	if (ret)
		user_away_leave(away, gpus);
	return ret;
}

/* The GPUs that the pages are on. */
uint64_t user_away_gpus(const struct buffer *away)
{
	uint64_t gpus = 0;

	for (const struct backing *backing = away->backings; backing; backing = backing->next)
		gpus |= 1ULL << backing->gpu;
	return gpus;
}

/* What has to be waited for on one of them: its paging fence. */
uint64_t user_away_fence(const struct buffer *away, unsigned gpu)
{
	uint64_t fence = 0;

	for (const struct backing *backing = away->backings; backing; backing = backing->next)
		if (backing->gpu == gpu)
			fence = MAX(fence, backing->fence);
	return fence;
}
