// SPDX-License-Identifier: MIT
/*
 * What a PM4 packet of a compute engine looks like: opcodes, lengths and the bits that are defined, by
 * generation. Sources: AMD PAL, gfx9_plus_merged_f32_mec_pm4_packets.h, gfx12_merged_f32_mec_pm4_packets.h and
 * the lists of opcodes next to them; Linux, kfd_pm4_headers_ai.h; Mesa, sid.h.
 */
#ifndef DXGSIM_GPU_PACKETS_H
#define DXGSIM_GPU_PACKETS_H

#include <stdbool.h>
#include <stdint.h>

#define GPU_PACKET_WORDS 0x4001U /* the count field has 14 bits, and 0x3fff is taken */

enum gpu_opcode {
	GPU_NOP = 0x10,
	GPU_DISPATCH_DIRECT = 0x15,
	GPU_DISPATCH_INDIRECT = 0x16,
	GPU_ATOMIC_MEM = 0x1e,
	GPU_COND_EXEC = 0x22,
	GPU_WRITE_DATA = 0x37,
	GPU_WAIT_REG_MEM = 0x3c,
	GPU_INDIRECT_BUFFER = 0x3f,
	GPU_COPY_DATA = 0x40,
	GPU_EVENT_WRITE = 0x46,
	GPU_RELEASE_MEM = 0x49,
	GPU_DMA_DATA = 0x50,
	GPU_ACQUIRE_MEM = 0x58,
	GPU_SET_SH_REG = 0x76,
	GPU_SET_UCONFIG_REG = 0x79,
	GPU_WAIT_REG_MEM64 = 0x93,
};

/* Who accepts an opcode. */
enum gpu_opcode_class {
	GPU_OPCODE_COMPUTE,
	GPU_OPCODE_GRAPHICS, /* a graphics engine only */
	GPU_OPCODE_KERNEL,   /* the queues of the kernel driver only */
};

struct gpu_opcode_info {
	const char *name;
	enum gpu_opcode_class class;
};

/* NULL: there is no such packet in this generation. */
const struct gpu_opcode_info *gpu_opcode_info(uint32_t generation, uint32_t opcode);

struct gpu_packet_word {
	uint32_t defined;
	uint32_t missing; /* of these: means something on hardware, must be 0 here */
};

struct gpu_packet_form {
	enum gpu_opcode opcode;
	uint32_t first, last;	   /* generations */
	uint32_t minimum, maximum; /* words */
	uint32_t known;		   /* words described, from word 1 on; all bits of what follows are data */
	const struct gpu_packet_word *words;
};

/* NULL: the packet is not simulated. */
const struct gpu_packet_form *gpu_packet_form(uint32_t generation, uint32_t opcode);

#endif
