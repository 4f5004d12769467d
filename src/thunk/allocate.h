// SPDX-License-Identifier: MIT
/* One way to memory for hsaKmtAllocMemory*() and for our own extension of them. */
#ifndef THUNK_ALLOCATE_H
#define THUNK_ALLOCATE_H

#include <stdbool.h>
#include <stdint.h>

#include <hsakmt/hsakmttypes.h>

struct process;

struct allocate_options {
	uint64_t alignment; /* 0: by size */
	uint64_t lowest;    /* in [lowest, highest); highest 0: anywhere */
	uint64_t highest;
	bool cpu_visible; /* VRAM that the CPU sees too */
};

HSAKMT_STATUS allocate(struct process *process, uint32_t node, uint64_t size, HsaMemFlags flags,
		       const struct allocate_options *options, void **address);

#endif
