// SPDX-License-Identifier: MIT
/*
 * Command-buffer space of one queue: a ring in host memory that its GPU reads, given out front to back and back again when
 * the submission that used it is done.  Not thread-safe; its queue has the lock.
 */
#ifndef QUEUE_FRAMES_H
#define QUEUE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "memory/memory.h"
#include "queue/lane.h"

struct frames;

/* Memory is allocated at the first frame; gpu as in `memory`. */
int frames_create(struct memory *memory, uint32_t gpu, struct frames **out);
/* What submissions still use goes when they are over. */
void frames_destroy(struct frames *frames);

/*
 * At least `bytes` of contiguous space, aligned to 256; it has one address for the CPU and the GPU.  Belongs to no submission
 * until frames_commit().  *blocking, on -EAGAIN: the ordinal to wait for.
 *
 * -EAGAIN: there is none before a submission of the lane is done; -ENOMEM, -ENOSPC, -ENODEV as memory_alloc() and memory_map().
 * Where a single frame is larger than the ring, or the ring is small for what is in flight, the ring grows instead.
 */
int frames_reserve(struct frames *frames, struct lane *lane, uint32_t bytes, void **frame,
		   uint64_t *blocking);
/* The first `bytes` of what frames_reserve() gave are in use until the ordinal is done; the rest is free again. */
void frames_commit(struct frames *frames, uint32_t bytes, uint64_t ordinal);

#endif
