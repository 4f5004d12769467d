// SPDX-License-Identifier: MIT
/* What keeps a buffer, and what is given back with the last reference. */
#include "memory/reference.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

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
			devices[count++] = memory_gpu_device(&memory->gpus[i]);
	return gsp_moment_take(devices, count);
}
