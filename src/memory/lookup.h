// SPDX-License-Identifier: MIT
/* What lies at an address.  Part of memory/memory.h. */
#ifndef MEMORY_LOOKUP_H
#define MEMORY_LOOKUP_H

#include "memory/types.h"

int memory_lookup(struct memory *memory, const void *address, struct memory_info *info);
int memory_set_user_data(struct memory *memory, const void *address, void *user_data);

#endif
