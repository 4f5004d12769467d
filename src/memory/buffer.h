// SPDX-License-Identifier: MIT
/*
 * What memory_*() is made of: buffers (address ranges with an owner) and backings (what one GPU
 * has behind a part of such a range).
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
#include "kmd/allocation.h"
#include "memory/memory.h"
#include "memory/space.h"

struct memory_gpu {
	struct gsp_device *device;
	unsigned gfx_major;
	bool integrated;
	bool has_invisible;
	uint64_t local_size;
	uint32_t node;
	_Atomic int form;	   /* enum kmd_allocation_form that its driver takes */
	_Atomic bool form_settled; /* the others are not tried any more */
};

struct backing_spec {
	unsigned gpu;
	enum kmd_domain domain;
	uint64_t start; /* on the GPU, and of the host pages if the domain is SYSTEM */
	uint64_t size;
	bool own_pages; /* SYSTEM: host pages of its own instead, which the CPU never looks at */
	bool uncached;
};

struct backing {
	struct backing *next; /* in its buffer */
	struct gsp_retire retire;
	struct gsp_fence_point point;
	struct buffer *buffer;
	struct memory_gpu *on;
	unsigned gpu;
	uint64_t start;
	uint64_t size;
	void *pages; /* host pages of its own, or NULL */
	bool resident;
	uint64_t fence;	  /* largest paging fence value of what was asked for it */
	uint32_t mapped;  /* chunks on the GPU: the first ones */
	uint32_t created; /* chunks that exist: all, once backing_create() succeeded */
	uint32_t count;	  /* chunks */
	d3dkmt_handle chunks[];
};

struct buffer {
	struct tree_node node; /* in memory->buffers, by start */
	struct memory *memory;
	struct va_range *range;
	uint64_t start;
	uint64_t size; /* as requested */
	enum memory_kind kind;
	uint32_t flags;
	uint32_t gpu;
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

/* table.c */
void memory_table_init(struct memory *memory);
void memory_table_destroy(struct memory *memory);
struct buffer *memory_first(struct memory *memory);
void memory_insert(struct buffer *buffer);
void memory_remove(struct buffer *buffer);
int memory_hold(struct memory *memory, const void *address, struct buffer **out);
void memory_let_go(struct buffer *buffer);
void memory_set_mapped(struct buffer *buffer, uint64_t mapped);

/* backing.c */
int backing_create(struct buffer *buffer, const struct backing_spec *spec, struct backing **out);
int backing_make_resident(struct backing *backing);
int backing_map(struct backing *backing, uint64_t protection);
int backing_unmap(struct backing *backing);
int backing_wait(struct backing *backing);
void backing_retire(struct backing *backing);

/* map.c */
void memory_update_mapped(struct buffer *buffer);

/* memory.c */
void buffer_put(struct buffer *buffer);
int memory_make_room(struct memory *memory);

#endif
