// SPDX-License-Identifier: MIT
/*
 * What an SDMA packet looks like: opcodes, lengths and the bits that are defined, by generation.  Sources: Linux,
 * vega10_sdma_pkt_open.h, navi10_sdma_pkt_open.h, sdma_v6_0_0_pkt_open.h; AMD PAL's header of SDMA packets for gfx12; ROCr,
 * sdma_registers.h.
 */
#ifndef DXGSIM_GPU_SDMA_PACKETS_H
#define DXGSIM_GPU_SDMA_PACKETS_H

#include "dxgsim/gpu/packets.h"

enum gpu_sdma_kind {
	GPU_SDMA_NOP,
	GPU_SDMA_COPY_LINEAR,
	GPU_SDMA_COPY_SUBWINDOW,
	GPU_SDMA_WRITE,
	GPU_SDMA_FENCE,
	GPU_SDMA_TRAP,
	GPU_SDMA_POLL,
	GPU_SDMA_COND_EXE,
	GPU_SDMA_ATOMIC,
	GPU_SDMA_FILL,
	GPU_SDMA_TIMESTAMP,
	GPU_SDMA_GCR,
	GPU_SDMA_KERNEL,  /* the rings of the kernel driver only */
	GPU_SDMA_MISSING, /* legal, not simulated */
};

struct gpu_sdma_form {
	const char *name;
	enum gpu_sdma_kind kind;
	uint8_t opcode, sub_opcode;
	uint8_t first, last; /* generations */
	uint32_t words;	     /* described; the header is word 0 */
	const struct gpu_packet_word *word;
};

/* NULL: there is no such packet in this generation. */
const struct gpu_sdma_form *gpu_sdma_form(uint32_t generation, uint32_t header);

#endif
