// SPDX-License-Identifier: MIT
/* Buffers of one kind and size, made and freed over and over. */
#ifndef DXGBENCH_BLOCKS_H
#define DXGBENCH_BLOCKS_H

#include <stdint.h>

struct machine;
struct report;

struct blocks {
	const char *name;
	const char *beside; /* the name it is an alternative to, or NULL */
	const char *title;
	uint64_t size;
	uint32_t flags;
};

/* A row: count times allocate, map and free, one after the other. */
void blocks_in_turn(struct report *report, const struct machine *machine, const struct blocks *blocks,
		    uint64_t count);

/* Two rows, NAME and NAME-free: count are allocated and mapped, and when all are there, freed. */
void blocks_held(struct report *report, const struct machine *machine, const struct blocks *blocks,
		 uint64_t count);

/* The same, but what was freed has ended before the next is freed. */
void blocks_held_apart(struct report *report, const struct machine *machine, const struct blocks *blocks,
		       uint64_t count);

#endif
