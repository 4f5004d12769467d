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
#include "memory/buffer.h"

#define BACKING_PAGING_NS \
	10000000000ULL /* what page-table work may take when the caller has no bound of its own */

struct backing_spec {
	unsigned gpu;
	enum kmd_domain domain;
	uint64_t start; /* on the GPU, and of the host pages if the domain is SYSTEM */
	uint64_t size;
	bool own_pages; /* SYSTEM: host pages of its own instead, which the CPU never looks at */
	bool uncached;
	uint32_t scheduler_id; /* USER_QUEUE: enum kmd_engine of the queue */
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

int backing_create(struct buffer *buffer, const struct backing_spec *spec, struct backing **out);
int backing_make_resident(struct backing *backing);
int backing_map(struct backing *backing, uint64_t protection);
int backing_unmap(struct backing *backing);
int backing_wait(struct backing *backing, uint64_t timeout_ns);
void backing_retire(struct backing *backing);
void buffer_update_mapped(struct buffer *buffer);

#endif
