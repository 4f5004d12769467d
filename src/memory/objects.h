// SPDX-License-Identifier: MIT
/*
 * What memory_*() is made of: the memory itself and its buffers, address ranges with an owner.
 *
 * A buffer is changed only by the thread that holds it (memory_hold() .. memory_let_go()); holding
 * is a flag, not a lock, so that calls to the host may be made meanwhile.
 */
#ifndef MEMORY_OBJECTS_H
#define MEMORY_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gsp/retire.h"
#include "memory/nodes.h"
#include "memory/space.h"
#include "memory/table.h"
#include "memory/types.h"
#include "util/turn.h"

struct backing;
struct buffer_face;
struct slabs;
struct users;

struct memory_gpu {
	struct gsp_gpu *gsp;
	struct gsp_gpu_listener listener;
	_Atomic(struct gsp_device *)
		next; /* what renewal.c puts in the place of a lost device; NULL: nothing yet */
	unsigned gfx_major;
	bool integrated;
	bool has_invisible;
	uint64_t local_size;
	uint32_t node;
	struct winluid luid;
	_Atomic int form;	   /* enum kmd_allocation_form that its driver takes */
	struct turn form_search;   /* for the form, while it is not settled */
	_Atomic bool form_settled; /* the others are not tried any more */
	_Atomic bool form_known;   /* it has taken one */
};

/* The device that memory of the host is put on now: the GPU's, or the one that is about to be. */
static inline struct gsp_device *memory_gpu_device(const struct memory_gpu *gpu)
{
	struct gsp_device *next = atomic_load(&gpu->next);

	return next ? next : gsp_gpu_device(gpu->gsp);
}

struct buffer {
	/* set before the buffer is in the table, then fixed */
	struct memory *memory;
	struct va_range *range; /* NULL: the address is not from the space (CPU-visible VRAM, user memory) */
	const struct buffer_face *face; /* NULL, or what look-ups see in the buffer's place */
	uint64_t start;
	uint64_t span; /* bytes of address from `start` on, page multiple */
	uint64_t size; /* as requested */
	enum memory_kind kind;
	uint32_t flags;
	uint32_t gpu;
	struct gsp_device *device; /* that it was made on and is lost with; NULL: of no one device */
	uint32_t caller_node;
	uint32_t caller_flags;

	/* the holder's; look-ups see `nodes` and `registered` as of the last memory_publish() */
	struct backing *backings;
	const struct node_set *nodes;	   /* where it is mapped; never NULL */
	const struct node_set *registered; /* to where; NULL: it was not */

	/* of SCRATCH: parts that are retired and perhaps still mapped; under the turn memory->parts */
	struct backing *parts;

	_Atomic bool stuck;	     /* some GPU still has it: its address cannot be used again */
	_Atomic uint32_t references; /* one of the creator (then of the table), one per backing, any others */
	struct table_entry entry;    /* table.c's */
};

struct memory {
	struct memory_gpu gpus[MEMORY_MAX_GPUS];
	uint32_t count;
	uint64_t host_size;
	struct space *space;
	struct gsp_retire_list retired;
	struct turn parts;	   /* for taking retired parts of scratch ranges off GPUs */
	_Atomic uint64_t renewing; /* bit per GPU on whose next device memory of the host is just being put */
	struct node_sets node_sets;
	struct table table;
	struct slabs *slabs;
	/* gives back what is kept for later; true: there was something */
	bool (*trim)(struct memory *memory);
	struct users *users;
	_Atomic uint64_t locks; /* of VRAM that the CPU sees */
};

/* Bit per GPU that is lost now. */
static inline uint64_t memory_lost_gpus(const struct memory *memory)
{
	uint64_t lost = 0;

	for (uint32_t i = 0; i < memory->count; i++)
		if (gsp_device_is_lost(memory_gpu_device(&memory->gpus[i])))
			lost |= 1ULL << i;
	return lost;
}

#endif
