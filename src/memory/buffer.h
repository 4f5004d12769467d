// SPDX-License-Identifier: MIT
/*
 * What memory_*() is made of: the memory itself and its buffers, address ranges with an owner.
 *
 * A buffer is changed only by the thread that holds it (memory_hold() .. memory_let_go()); holding
 * is a flag, not a lock, so that calls to the host may be made meanwhile.
 */
#ifndef MEMORY_BUFFER_H
#define MEMORY_BUFFER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "gsp/retire.h"
#include "memory/space.h"
#include "memory/types.h"
#include "util/turn.h"

struct memory_gpu {
	struct gsp_device *device;
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

struct backing;

struct buffer {
	struct tree_node node; /* in memory->buffers, by start */
	struct memory *memory;
	struct va_range *range;
	uint64_t start;
	uint64_t size; /* as requested */
	enum memory_kind kind;
	uint32_t flags;
	uint32_t gpu;
	uint32_t caller_node;
	uint32_t caller_flags;
	bool held;	 /* guarded by memory->hold_lock */
	uint64_t mapped; /* with nodes: written by the holder under memory->table_lock */
	uint32_t node_count;
	void *user_data;	     /* guarded by memory->table_lock */
	_Atomic uint32_t references; /* one of the table, one per backing */
	struct backing *backings;    /* the holder's */
	uint32_t nodes[];	     /* room for every GPU */
};

struct memory {
	struct memory_gpu gpus[MEMORY_MAX_GPUS];
	uint32_t count;
	uint64_t host_size;
	struct space *space;
	struct gsp_retire_list retired;

	/* Adding and removing takes both locks, in this order; either is enough to look. */
	pthread_mutex_t hold_lock;
	pthread_rwlock_t table_lock;
	pthread_cond_t let_go;
	struct tree buffers;
};

enum space_pool buffer_pool(enum memory_kind kind);
void buffer_put(struct buffer *buffer);
bool memory_make_room(struct memory *memory);

#endif
