// SPDX-License-Identifier: MIT
/*
 * The compute registers, by their offsets in packets: words from 0x2c00 on.  Sources: AMD PAL,
 * gfx9_plus_merged_registers.h and gfx12_merged_registers.h; Linux, gc_*_offset.h; the fields of COMPUTE_PGM_RSRC* also
 * LLVM AMDGPU usage.
 */
#ifndef DXGSIM_GPU_REGISTERS_H
#define DXGSIM_GPU_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define GPU_SH_SPACE	  0x2c00U
#define GPU_SH_FIRST	  0x200U /* graphics' are below */
#define GPU_SH_COUNT	  0x80U
#define GPU_UCONFIG_SPACE 0xc000U
#define GPU_UCONFIG_COUNT 0x4000U

enum gpu_sh_register {
	GPU_START_X = 0x204,
	GPU_NUM_THREAD_X = 0x207,
	GPU_PGM_LO = 0x20c,
	GPU_PGM_HI = 0x20d,
	GPU_SCRATCH_BASE_LO = 0x210,
	GPU_SCRATCH_BASE_HI = 0x211,
	GPU_RSRC1 = 0x212,
	GPU_RSRC2 = 0x213,
	GPU_RESOURCE_LIMITS = 0x215,
	GPU_THREAD_MGMT_SE0 = 0x216, /* and SE1 */
	GPU_TMPRING_SIZE = 0x218,
	GPU_THREAD_MGMT_SE2 = 0x219, /* and SE3 */
	GPU_RSRC3 = 0x228,
	GPU_THREAD_MGMT_SE4 = 0x22b, /* to SE7 */
	GPU_USER_DATA_0 = 0x240,
};

struct gpu_register {
	const char *name;
	uint16_t offset;
	uint8_t first, last; /* generations */
	uint8_t count;	     /* registers of this kind, one after the other */
	uint32_t defined;
	uint32_t missing; /* of these: means something on hardware, must be 0 here */
};

/* NULL: this generation has none there that a queue may write. */
const struct gpu_register *gpu_register(uint32_t generation, uint32_t offset);
/* Registers of the UCONFIG space that a queue may write and that change nothing here. */
bool gpu_uconfig_harmless(uint32_t offset);

struct gpu_registers {
	uint64_t known[GPU_SH_COUNT / 64];
	uint32_t value[GPU_SH_COUNT];
};

void gpu_registers_poison(struct gpu_registers *registers);
void gpu_registers_set(struct gpu_registers *registers, uint32_t offset, uint32_t value);
bool gpu_registers_get(const struct gpu_registers *registers, uint32_t offset, uint32_t *value);

#endif
