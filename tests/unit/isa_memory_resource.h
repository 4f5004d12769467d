// SPDX-License-Identifier: MIT
/* Buffer resources in scalar registers, as AMD's Instruction Set Architecture documents have them for each generation. */
#ifndef TESTS_UNIT_ISA_MEMORY_RESOURCE_H
#define TESTS_UNIT_ISA_MEMORY_RESOURCE_H

#include "isa_vectors.h"

/* What is out of bounds. */
#define MEMORY_BOUNDS_STRUCTURED 0u /* an index beyond the records, or an offset beyond the stride */
#define MEMORY_BOUNDS_INDEX	 1u
#define MEMORY_BOUNDS_NONE	 2u /* everything, where there are no records */
#define MEMORY_BOUNDS_RAW	 3u /* an offset beyond the records, which are bytes */

struct memory_resource {
	enum isa_target target;
	uint64_t base;
	uint32_t stride, records;
	uint32_t format; /* in the generation's numbers; 0: 32 bits, unsigned */
	bool swizzled;	 /* elements of 4 bytes */
	uint32_t index_stride;
	bool add_lane;
	uint32_t bounds;
};

/* Components x, y, z, w as they are. */
static inline void memory_put_resource(struct vector_state *state, uint32_t sgpr,
				       const struct memory_resource *resource)
{
	const bool gfx10 = resource->target == ISA_GFX10_3;
	uint32_t *words = &state->sgprs[sgpr], index_stride = 0;

	while (8u << index_stride < resource->index_stride)
		index_stride++;
	words[0] = (uint32_t)resource->base;
	words[1] = (uint32_t)(resource->base >> 32) | resource->stride << 16 |
		   (resource->swizzled ? (gfx10 ? 1u << 31 : 1u << 30) : 0);
	words[2] = resource->records;
	words[3] = 4u | 5u << 3 | 6u << 6 | 7u << 9 | (resource->format ? resource->format : 20u) << 12 |
		   index_stride << 21 | (resource->add_lane ? 1u << 23 : 0) | (gfx10 ? 1u << 24 : 0) |
		   resource->bounds << 28;
}

#endif
