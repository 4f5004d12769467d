// SPDX-License-Identifier: MIT
/* What to do when memory is short. */
#ifndef MEMORY_PRESSURE_H
#define MEMORY_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/backing.h"

bool memory_make_room(struct memory *memory);
bool memory_is_tight(struct memory *memory, uint32_t gpu, uint64_t more);
int buffer_make_backing(struct buffer *buffer, const struct backing_spec *spec, bool resident);
int buffer_make_resident(struct backing *backing);

#endif
