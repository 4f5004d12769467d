// SPDX-License-Identifier: MIT
/* Which part of a compound call failed.  Part of memory/memory.h. */
#ifndef MEMORY_STEP_H
#define MEMORY_STEP_H

/* In the order in which a new buffer goes through them. */
enum memory_step {
	MEMORY_STEP_NONE,	/* the arguments */
	MEMORY_STEP_ADDRESS,	/* addresses on CPU and GPUs, host pages there */
	MEMORY_STEP_ALLOCATION, /* the device included, if it was not opened yet */
	MEMORY_STEP_RESIDENT,
	MEMORY_STEP_MAP,
	MEMORY_STEP_PAGING, /* the fence of the two */
};

enum memory_step memory_last_step(void);
void memory_step(enum memory_step step); /* for this folder */

#endif
