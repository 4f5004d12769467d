// SPDX-License-Identifier: MIT
#include "memory/step.h"

static _Thread_local enum memory_step last_step;

/* Notes what this thread is about to do. */
void memory_step(enum memory_step step)
{
	last_step = step;
}

/*
 * The step that this thread's latest memory_alloc(), memory_map() or memory_map_within() came to: of one that failed, the
 * step that did, as dxg_last_status() for ioctls.  Undoing what was done before a failure does not change it.
 */
enum memory_step memory_last_step(void)
{
	return last_step;
}
