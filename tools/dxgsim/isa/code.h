// SPDX-License-Identifier: MIT
/* Instructions that were read and decoded, by address. */
#ifndef DXGSIM_ISA_CODE_H
#define DXGSIM_ISA_CODE_H

#include "dxgsim/isa/wave.h"

/* What the run loop needs comes first. */
struct isa_code {
	isa_execute *execute; /* says why if it cannot be executed */
	uint8_t bytes;
	uint8_t class;	    /* enum isa_class */
	uint8_t operations; /* of a lane */
	uint16_t vgprs;	    /* a wave has to have that many */
	struct isa_inst inst;
};

#define ISA_CODE_PAGE 4096U /* bytes of code */

struct isa_code_page {
	uint64_t base; /* odd: of no code */
	struct isa_code_page *next;
	struct isa_code *code[ISA_CODE_PAGE / 4];
};

struct isa_decoded {
	struct isa_code_page *current; /* where the last was found */
	struct isa_code_page none;
	struct isa_code single;
	struct isa_code_page **buckets;
	struct isa_code_page *spare;
	struct isa_code_chunk *chunks, *spare_chunks;
	uint32_t chunk_count;
	bool forgotten; /* everything, at the next look: what executes right now is still in use */
};

int isa_decoded_create(struct isa_decoded **decoded);
void isa_decoded_destroy(struct isa_decoded *decoded);

/* Reads and decodes.  NULL: the wave has been stopped. */
const struct isa_code *isa_code_find(struct isa_wave *wave, struct isa_decoded *decoded, uint64_t pc);

/* The instruction at @pc, valid until the next call.  NULL: the wave has been stopped. */
static inline const struct isa_code *isa_code_at(struct isa_wave *wave, struct isa_decoded *decoded,
						 uint64_t pc)
{
	uint64_t offset = pc - decoded->current->base;

	if (offset < ISA_CODE_PAGE && offset % 4 == 0 && decoded->current->code[offset / 4])
		return decoded->current->code[offset / 4];
	return isa_code_find(wave, decoded, pc);
}

#endif
