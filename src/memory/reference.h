// SPDX-License-Identifier: MIT
/* What keeps a buffer: references, and the submissions of a moment. */
#ifndef MEMORY_REFERENCE_H
#define MEMORY_REFERENCE_H

#include "memory/objects.h"

void buffer_put(struct buffer *buffer);
enum space_pool buffer_pool(enum memory_kind kind);
struct gsp_moment *memory_moment(struct memory *memory, uint64_t gpus);

#endif
