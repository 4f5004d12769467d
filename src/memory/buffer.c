// SPDX-License-Identifier: MIT
/* The end of a buffer, once nobody refers to it any more. */
#include "memory/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

#define DRAIN_NS 1000000000ULL /* for room: what takes longer is not worth waiting for */

/* Where a buffer of a kind has its address from. */
enum space_pool buffer_pool(enum memory_kind kind)
{
	return kind == MEMORY_SYSTEM ? SPACE_SYSTEM : SPACE_DEVICE;
}

/* Drops a reference; with the last one nothing of the buffer is left on any GPU and its address is free. */
void buffer_put(struct buffer *buffer)
{
	struct memory *memory = buffer->memory;
	int ret = 0;

	if (atomic_fetch_sub(&buffer->references, 1) != 1)
		return;
	if (buffer->kind == MEMORY_SYSTEM)
		ret = space_decommit(buffer->range);
	if (ret)
		log_warn("giving up %#llx + %#llx: %s", (unsigned long long)buffer->start,
			 (unsigned long long)buffer->range->size, strerror(-ret));
	else
		space_give(memory->space, buffer_pool(buffer->kind), buffer->range);
	free(buffer);
}

/* Ends what waits to be ended, for want of memory.  True if there was anything, so that another try makes sense. */
bool memory_make_room(struct memory *memory)
{
	if (gsp_retire_is_empty(&memory->retired))
		return false;
	gsp_retire_drain(&memory->retired, DRAIN_NS);
	return true;
}
