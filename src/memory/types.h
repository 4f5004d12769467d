// SPDX-License-Identifier: MIT
/*
 * The words in which memory is asked for and described.
 */
#ifndef MEMORY_TYPES_H
#define MEMORY_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "gsp/gpu.h"

#define MEMORY_MAX_GPUS DXG_MAX_ADAPTERS
#define MEMORY_HOST	UINT32_MAX /* in place of a GPU's index */

struct memory;

struct memory_gpu_config {
	struct gsp_gpu *gsp;		/* must outlive the memory */
	const struct kmd_adapter *info; /* read by memory_create() only */
	unsigned gfx_major;
	uint64_t local_size; /* bytes; a larger request is refused without asking.  0: taken from info */
	uint32_t node;	     /* the caller's name for this GPU, given back in memory_info */
};

enum memory_kind {
	MEMORY_SYSTEM,	   /* host pages, on the GPUs once mapped there */
	MEMORY_LOCAL,	   /* VRAM of one GPU; the CPU sees the address, not the contents */
	MEMORY_SCRATCH,	   /* an address range of one GPU; mapping a part of it puts GPU memory there */
	MEMORY_ADDRESS,	   /* an address range only */
	MEMORY_USER_QUEUE, /* ring memory of a software queue on one GPU, which only its driver touches */
	MEMORY_PHYSICAL,   /* VRAM of one GPU without an address: "the address" is a handle */
	MEMORY_USER,	   /* the caller's own memory, registered; in memory_info only */
};

#define MEMORY_EXECUTABLE    (1U << 0) /* holds GPU code */
#define MEMORY_UNCACHED	     (1U << 1) /* not cached in a GPU's L2 */
#define MEMORY_COARSE	     (1U << 2) /* coherent at kernel boundaries only */
#define MEMORY_READ_ONLY     (1U << 3) /* for GPUs */
#define MEMORY_FIXED_ADDRESS (1U << 4) /* at request.fixed or not at all */
#define MEMORY_CPU_VISIBLE   (1U << 5) /* LOCAL: the CPU reads and writes it too, or it is not had at all */
#define MEMORY_ALONE	     (1U << 6) /* in no allocation together with others */
#define MEMORY_INTERNAL	     (1U << 7) /* the library's own: its contents are nobody's when its device is lost */
#define MEMORY_ALL_FLAGS     0xffU

/* Whether memory is kept out of the GPU's L2: when that is asked for, and where coherence is fine-grained. */
static inline bool memory_is_uncached(uint32_t flags)
{
	return flags & MEMORY_UNCACHED || !(flags & MEMORY_COARSE);
}

struct memory_request {
	uint32_t gpu; /* index in the configuration: whose memory; MEMORY_HOST for system memory of no GPU */
	enum memory_kind kind;
	uint32_t flags;
	uint64_t size;	    /* bytes, rounded up to pages */
	uint64_t alignment; /* power of two, 0: by size */
	void *fixed;
	uint64_t lowest; /* the address is in [lowest, highest), page multiples; highest 0: anywhere */
	uint64_t highest;
	uint32_t scheduler_id; /* MEMORY_USER_QUEUE: enum kmd_engine of the queue */
	/* the caller's own words for the request, given back in memory_info */
	uint32_t caller_node;
	uint32_t caller_flags;
};

struct memory_info {
	void *start;
	uint64_t size; /* as requested */
	enum memory_kind kind;
	uint32_t flags;
	uint32_t gpu;
	uint64_t gpu_va; /* of `start` on the GPUs: another address for some registered memory only */
	uint64_t mapped; /* bit per GPU index; on one that is lost it will be again when the GPU is renewed */
	bool lost; /* the contents went with the device that they were on: it is at no GPU, nor for the CPU any more */
	/* the same as nodes, and those it was registered to; valid as long as the memory */
	const uint32_t *nodes;
	uint32_t node_count;
	const uint32_t *registered_nodes;
	uint32_t registered_count;
	void *user_data;
	uint32_t caller_node;
	uint32_t caller_flags;
};

/* Whether the CPU reads and writes it at its address. */
static inline bool memory_is_for_cpu(const struct memory_info *info)
{
	return info->kind == MEMORY_SYSTEM || info->kind == MEMORY_USER ||
	       (info->kind == MEMORY_LOCAL && info->flags & MEMORY_CPU_VISIBLE);
}

#endif
