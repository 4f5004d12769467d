// SPDX-License-Identifier: MIT
/*
 * Pages of the program that the simulated GPU works on.  A real driver has them pinned; here they can be unmapped, or
 * lose their access, between the look whether they are there and the write, which would kill the program.  So the
 * GPU holds them while it executes, and calls that take pages away wait until it lets go.
 */
#ifndef DXGSIM_GUEST_MEMORY_H
#define DXGSIM_GUEST_MEMORY_H

#include <stdbool.h>

/* The GPU's side; one thread at a time, not recursive. */
void guest_memory_hold(void);
void guest_memory_let_go(void);
/* The thread that calls it works for who holds them, for ever. */
void guest_memory_helper(void);

/*
 * The program's side, around a call that takes pages away.  False: it is the GPU's own thread, or no GPU has worked yet;
 * then there is nothing to end.
 */
bool guest_memory_begin_change(void);
void guest_memory_end_change(void);

/* In the only thread of a forked child: nobody holds anything there. */
void guest_memory_after_fork_in_child(void);

#endif
