// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <string.h>

#include "dxgsim/gpu/registers.h"

#define BIT(n)		(1U << (n))
#define BITS(high, low) (~0U >> (31 - (high)) & ~0U << (low))
#define ALL		~0U

/*
 * PRIV (20 of PGM_RSRC1) is the kernel driver's to set; AMD's own library for WDDM sets it on gfx11, where it is accepted
 * therefore.  DEBUG_MODE 22, BULKY 24 and CDBG_USER 25 must be 0 in a kernel descriptor, likewise DISABLE_PERF, which is
 * 23 since gfx12.  TRAP_PRESENT is 6 of PGM_RSRC2, DYNAMIC_VGPR since gfx12; 31 of it SKIP_USGPR0 on gfx9 and
 * WGP_TAKEOVER on gfx12.
 */
static const struct gpu_register registers[] = {
	{"COMPUTE_DIM_X", 0x201, 9, 12, 3, ALL, 0},
	{"COMPUTE_START_X", 0x204, 9, 12, 3, ALL, 0},
	{"COMPUTE_NUM_THREAD_X", 0x207, 9, 11, 3, ALL, 0},
	{"COMPUTE_NUM_THREAD_X", 0x207, 12, 12, 2, ALL, BITS(15, 13)}, /* INTERLEAVE_BITS */
	{"COMPUTE_NUM_THREAD_Z", 0x209, 12, 12, 1, ALL, 0},
	{"COMPUTE_PIPELINESTAT_ENABLE", 0x20a, 9, 12, 1, BIT(0), 0},
	{"COMPUTE_PERFCOUNT_ENABLE", 0x20b, 9, 12, 1, BIT(0), 0},
	{"COMPUTE_PGM_LO", 0x20c, 9, 12, 1, ALL, 0},
	{"COMPUTE_PGM_HI", 0x20d, 9, 12, 1, BITS(7, 0), 0},
	{"COMPUTE_DISPATCH_PKT_ADDR_LO", 0x20e, 9, 12, 1, ALL, 0},
	{"COMPUTE_DISPATCH_PKT_ADDR_HI", 0x20f, 9, 12, 1, BITS(7, 0), 0},
	{"COMPUTE_DISPATCH_SCRATCH_BASE_LO", 0x210, 9, 12, 1, ALL, 0},
	{"COMPUTE_DISPATCH_SCRATCH_BASE_HI", 0x211, 9, 12, 1, BITS(7, 0), 0},
	{"COMPUTE_PGM_RSRC1", 0x212, 9, 9, 1, BITS(26, 0), BIT(22) | BITS(25, 24)},
	{"COMPUTE_PGM_RSRC1", 0x212, 10, 11, 1, BITS(26, 0) | BITS(31, 29), BIT(22) | BITS(25, 24)},
	{"COMPUTE_PGM_RSRC1", 0x212, 12, 12, 1, BITS(26, 0) | BITS(31, 29), BITS(25, 22)},
	{"COMPUTE_PGM_RSRC2", 0x213, 9, 9, 1, ALL, BIT(6) | BIT(31)},
	{"COMPUTE_PGM_RSRC2", 0x213, 10, 11, 1, BITS(30, 0), BIT(6)},
	{"COMPUTE_PGM_RSRC2", 0x213, 12, 12, 1, ALL, BIT(6) | BIT(31)},
	{"COMPUTE_RESOURCE_LIMITS", 0x215, 9, 9, 1, BITS(9, 0) | BITS(30, 12), 0},
	{"COMPUTE_RESOURCE_LIMITS", 0x215, 10, 12, 1, BITS(9, 0) | BITS(26, 12), 0},
	{"COMPUTE_STATIC_THREAD_MGMT_SE0", 0x216, 9, 12, 2, ALL, 0},
	{"COMPUTE_TMPRING_SIZE", 0x218, 9, 10, 1, BITS(24, 0), 0},
	{"COMPUTE_TMPRING_SIZE", 0x218, 11, 11, 1, BITS(26, 0), 0},
	{"COMPUTE_TMPRING_SIZE", 0x218, 12, 12, 1, BITS(29, 0), 0},
	{"COMPUTE_STATIC_THREAD_MGMT_SE2", 0x219, 9, 12, 2, ALL, 0},
	{"COMPUTE_RESTART_X", 0x21b, 9, 12, 3, ALL, 0},
	{"COMPUTE_THREAD_TRACE_ENABLE", 0x21e, 9, 12, 1, BIT(0), BIT(0)},
	{"COMPUTE_REQ_CTRL", 0x222, 10, 12, 1, BITS(26, 0), 0},
	{"COMPUTE_USER_ACCUM_0", 0x224, 10, 12, 4, BITS(6, 0), 0},
	{"COMPUTE_PGM_RSRC3", 0x228, 10, 10, 1, BITS(3, 0), 0},
	/* TRAP_ON_START, TRAP_ON_END */
	{"COMPUTE_PGM_RSRC3", 0x228, 11, 11, 1, BITS(11, 0) | BIT(31), BITS(11, 10)},
	/* GLG_EN; SHARED_VGPR_CNT is only in the header any more */
	{"COMPUTE_PGM_RSRC3", 0x228, 12, 12, 1, BITS(11, 4) | BIT(13) | BIT(31), BIT(13)},
	{"COMPUTE_SHADER_CHKSUM", 0x22a, 10, 12, 1, ALL, 0},
	{"COMPUTE_STATIC_THREAD_MGMT_SE4", 0x22b, 11, 12, 4, ALL, 0},
	{"COMPUTE_DISPATCH_INTERLEAVE", 0x22f, 11, 11, 1, BITS(9, 0), 0},
	{"COMPUTE_DISPATCH_INTERLEAVE", 0x22f, 12, 12, 1, BITS(9, 0) | BITS(19, 16) | BITS(27, 24),
	 BITS(19, 16) | BITS(27, 24)},
	{"COMPUTE_USER_DATA_0", 0x240, 9, 12, 16, ALL, 0},
	{"COMPUTE_DISPATCH_TUNNEL", 0x27d, 10, 12, 1, BITS(12, 0), 0},
	{"COMPUTE_NOWHERE", 0x27f, 9, 12, 1, ALL, 0},
};

const struct gpu_register *gpu_register(uint32_t generation, uint32_t offset)
{
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		if (offset - registers[i].offset < registers[i].count && generation >= registers[i].first &&
		    generation <= registers[i].last)
			return &registers[i];
	return NULL;
}

/* CP_COHER_START_DELAY, GRBM_GFX_INDEX, and SQ_THREAD_TRACE_USERDATA_0 to 7. */
bool gpu_uconfig_harmless(uint32_t offset)
{
	return offset == 0x7b || offset == 0x200 || (offset >= 0x340 && offset <= 0x347);
}

void gpu_registers_poison(struct gpu_registers *r)
{
	memset(r->known, 0, sizeof(r->known));
}

void gpu_registers_set(struct gpu_registers *r, uint32_t offset, uint32_t value)
{
	uint32_t index = offset - GPU_SH_FIRST;

	r->value[index] = value;
	r->known[index / 64] |= 1ULL << index % 64;
}

bool gpu_registers_get(const struct gpu_registers *r, uint32_t offset, uint32_t *value)
{
	uint32_t index = offset - GPU_SH_FIRST;

	if (!(r->known[index / 64] >> index % 64 & 1))
		return false;
	*value = r->value[index];
	return true;
}
