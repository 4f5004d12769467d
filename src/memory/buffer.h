// SPDX-License-Identifier: MIT
/* The life of a buffer that is in no table (any more). */
#ifndef MEMORY_BUFFER_H
#define MEMORY_BUFFER_H

#include "memory/objects.h"

int buffer_create(struct memory *memory, const struct memory_request *request, struct buffer **out);
void buffer_retire(struct buffer *buffer);

#endif
