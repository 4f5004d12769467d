// SPDX-License-Identifier: MIT
/* What is in an arena's memory, for its own files. */
#ifndef DXGSIM_HOST_ARENA_PRIVATE_H
#define DXGSIM_HOST_ARENA_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "dxgsim/host/arena.h"
#include "dxgsim/host/happened.h"

struct arena_slot {
	pid_t pid; /* 0: free; written last when the slot is taken or given back */
	uint64_t start, stack;
	uint64_t image; /* of the program, which exec() replaces */
};

struct arena_counters {
	_Atomic uint64_t objects[ARENA_KINDS];
	_Atomic uint64_t bytes[HOST_MAX_VGPUS][ARENA_USES][ARENA_SEGMENTS];
	/* of arena_presence.c */
	_Atomic uint64_t ran_ns[HOST_MAX_VGPUS];   /* when its GPU work last began */
	_Atomic uint64_t keeps_ns[HOST_MAX_VGPUS]; /* until then what it has in place is not taken */
	_Atomic uint64_t paged_in[HOST_MAX_VGPUS]; /* bytes, since it joined */
	_Atomic uint64_t paged_out[HOST_MAX_VGPUS];
};

struct arena_memory {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	uint64_t machine;
	pthread_mutex_t lock; /* slots, high, joined, reaped, resets */
	uint32_t high;	      /* no slot from here on was ever taken */
	uint64_t joined, reaped;
	uint64_t resets[ARENA_RESETS];		   /* when; 0: never */
	uint32_t reset_count;			   /* ever */
	_Atomic uint64_t paged_in[HOST_MAX_VGPUS]; /* of all processes that ever were */
	_Atomic uint64_t paged_out[HOST_MAX_VGPUS];
	_Atomic uint32_t adapters;   /* of the machine; 0: not known yet */
	_Atomic uint32_t generation; /* of arena_happening.c, as are the next */
	struct happened happened[2];
	struct arena_slot slots[ARENA_PROCESSES];
	struct arena_counters counters[ARENA_PROCESSES];
};

/* This process' way into it. */
struct arena {
	struct arena_memory *memory;
	struct arena_counters *counters; /* of this process, NULL: not joined */
	uint32_t slot;
	uint32_t users;
};

#endif
