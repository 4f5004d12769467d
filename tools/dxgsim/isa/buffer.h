// SPDX-License-Identifier: MIT
/* Buffers: memory through a resource of four SGPRs that says how large it is and how its records lie. */
#ifndef DXGSIM_ISA_BUFFER_H
#define DXGSIM_ISA_BUFFER_H

#include "dxgsim/isa/access.h"

struct isa_resource {
	uint64_t base;
	uint32_t stride;
	uint32_t records;
	uint32_t select; /* three bits per component of a typed load */
	uint32_t format;
	uint32_t element; /* bytes that stay together; 0: not swizzled */
	uint32_t index_stride;
	uint32_t check; /* OOB_SELECT */
	bool add_thread;
};

/* An access of all active lanes. */
struct isa_buffer {
	struct isa_transfer transfer;
	struct isa_resource resource;
	uint64_t base; /* with the offset in an SGPR, which is not checked */
	uint32_t index[ISA_LANES];
	uint64_t offset[ISA_LANES];
	struct isa_swizzle swizzle;
};

/* False: nothing is to be done, or the wave has been stopped. */
bool isa_buffer_init(struct isa_buffer *buffer, struct isa_wave *wave, const struct isa_inst *inst);
/* The active lanes whose @bytes, @at bytes behind the offset, are in range. */
uint64_t isa_buffer_inside(const struct isa_buffer *buffer, uint32_t at, uint32_t bytes);
/* Reads or writes them for @lanes.  False: the wave has been stopped. */
bool isa_buffer_read(struct isa_buffer *buffer, uint32_t at, uint32_t bytes, uint64_t lanes,
		     struct isa_words *words);
bool isa_buffer_write(struct isa_buffer *buffer, uint32_t at, uint32_t bytes, uint64_t lanes,
		      const struct isa_words *words);
/* The end of a load: @count registers, and the status that TFE asks for: nothing failed. */
void isa_buffer_deliver(struct isa_buffer *buffer, uint32_t bytes, const struct isa_words *words);

#endif
