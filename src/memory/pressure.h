// SPDX-License-Identifier: MIT
/* What to do when memory is short. */
#ifndef MEMORY_PRESSURE_H
#define MEMORY_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

struct memory;

bool memory_make_room(struct memory *memory);
bool memory_is_tight(struct memory *memory, uint32_t gpu, uint64_t more);

#endif
