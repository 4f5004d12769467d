// SPDX-License-Identifier: MIT
/* What is free in the address space of this process. */
#ifndef MEMORY_HOLES_H
#define MEMORY_HOLES_H

#include <stddef.h>
#include <stdint.h>

struct hole {
	uint64_t start;
	uint64_t end;
};

int holes_find(uint64_t lowest, uint64_t highest, struct hole **out, size_t *count);

#endif
