// SPDX-License-Identifier: MIT
/* Having a buffer on some GPUs and not on others; by its holder. */
#ifndef MEMORY_PLACEMENT_H
#define MEMORY_PLACEMENT_H

#include "memory/objects.h"

uint64_t buffer_protection(const struct buffer *buffer);
int buffer_map(struct buffer *buffer, uint64_t gpus, uint64_t lost, uint64_t timeout_ns);
void buffer_leave(struct buffer *buffer, unsigned gpu);
int buffer_renew(struct buffer *buffer, unsigned gpu, uint64_t *fence);
int buffer_note_mapped(struct buffer *buffer, uint64_t wanted);
int buffer_offer(struct buffer *buffer);
int buffer_reclaim(struct buffer *buffer);

#endif
