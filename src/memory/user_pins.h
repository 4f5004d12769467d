// SPDX-License-Identifier: MIT
/*
 * Pages of the caller's on a GPU, at the CPU's addresses.
 *
 * A piece is a part of the address range that is mapped on the GPU; pieces are disjoint and know how many registrations use
 * them.  A pin is an allocation over such pages; its pieces are what of it is mapped.  A registration that comes second
 * shares the pieces that are in use and adds what is missing.  A piece that nobody uses any more is never
 * shared: the process may have other pages there by now.  It stays, for what still runs, until something is mapped over it
 * or its pin goes; a pin goes when none of its pieces is in use and what was submitted until then is over.
 */
#ifndef MEMORY_USER_PINS_H
#define MEMORY_USER_PINS_H

#include <stdint.h>

struct backing;
struct users;

int user_pins_take(struct users *users, unsigned gpu, uint64_t start, uint64_t end, uint32_t flags,
		   struct backing **last);
void user_pins_give(struct users *users, unsigned gpu, uint64_t start, uint64_t end);

#endif
