// SPDX-License-Identifier: MIT
/*
 * What one GPU has behind a part of a buffer's range.  A backing belongs to the holder of its buffer.
 */
#ifndef MEMORY_BACKING_H
#define MEMORY_BACKING_H

#include <stdbool.h>
#include <stdint.h>

#include "gsp/fence.h"
#include "gsp/retire.h"
#include "kmd/allocation.h"
#include "memory/objects.h"

/*
 * In place of a time to wait for page-table work: not at all while the GPU is idle, for what is submitted next waits for
 * it; else for as long as such work may reasonably take.
 */
#define BACKING_DEFER UINT64_MAX

struct backing_spec {
	unsigned gpu;
	struct gsp_device *device; /* of that GPU; NULL: the one it has now */
	enum kmd_domain domain;
	uint64_t start; /* on the GPU; 0: not mapped anywhere */
	uint64_t size;
	void *pages;	/* SYSTEM, USER: what is behind it */
	bool own_pages; /* SYSTEM: host pages of its own instead, which the CPU never looks at */
	bool uncached;
	bool cpu_visible;      /* LOCAL */
	bool read_only;	       /* USER: pages that may not be written */
	uint32_t scheduler_id; /* USER_QUEUE: enum kmd_engine of the queue */
};

struct backing {
	struct backing *next; /* in its buffer; once it is a retired part, in `parts` there */
	struct gsp_retire retire;
	struct buffer *buffer;
	struct memory_gpu *on;
	struct gsp_device *device; /* that it was made on; a reference */
	unsigned gpu;
	uint64_t start;
	uint64_t size;
	void *pages;	     /* host pages of its own, or NULL */
	uint64_t chunk_size; /* of all chunks but the last */
	bool unreserved;     /* its addresses on the GPU are in no reservation of ours */
	bool locked;	     /* its only chunk is mapped for the CPU */
	bool resident;
	uint8_t tries;	  /* to take it off the GPU, after it was retired */
	uint64_t fence;	  /* largest paging fence value of what was asked for it */
	uint32_t mapped;  /* chunks on the GPU: the first ones */
	uint32_t created; /* chunks that exist: all, once backing_create() succeeded */
	uint32_t count;	  /* chunks */
	d3dkmt_handle chunks[];
};

int backing_create(struct buffer *buffer, const struct backing_spec *spec, struct backing **out);
int backing_make_resident(struct backing *backing);
int backing_map(struct backing *backing, uint64_t protection);
int backing_unmap(struct backing *backing);
int backing_lock(struct backing *backing, void **address);
int backing_unlock(struct backing *backing);
int backing_offer(struct backing *backing);
int backing_reclaim(struct backing *backing);
int backing_settle(struct backing *backing, uint64_t timeout_ns);
void backing_retire(struct backing *backing, struct gsp_moment *moment);
void backing_retire_part(struct backing *backing, struct gsp_moment *moment);
int buffer_clear_part(struct buffer *buffer, uint64_t start, uint64_t size);

struct backing *buffer_backing(const struct buffer *buffer, unsigned gpu);

#endif
