// SPDX-License-Identifier: MIT
/*
 * AMD's private data of CreateAllocation: what the kernel driver reads from it.
 * Public sources: RADV's WDDM2 winsys (Collabora), Magma's AMD templates, t0-gpu's WSL runtime.
 */
#ifndef DXGSIM_HOST_AMD_ALLOCATION_H
#define DXGSIM_HOST_AMD_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgsim/host/fixture.h"

#define AMD_RESOURCE_SIZE	0x40u
#define AMD_ALLOCATION_SIZE	0x218u
#define AMD_ALLOCATION_SURFACED 0x338u /* with a surface section, as graphics clients send it */

#define AMD_FLAG_LOCAL_VISIBLE	 (1u << 0)
#define AMD_FLAG_LOCAL_INVISIBLE (1u << 1)
#define AMD_FLAG_GART_USWC	 (1u << 2)
#define AMD_FLAG_GART_CACHED	 (1u << 3)
#define AMD_FLAG_NOT_SPARSE	 (1u << 13)
#define AMD_FLAG_UDMA		 (1u << 18)
#define AMD_FLAG_HOST_MEMORY	 (1u << 26)
#define AMD_FLAG_CPU_VISIBLE	 (1u << 29)
#define AMD_FLAG_SHARED		 (1u << 31)

struct amd_allocation {
	uint64_t size;
	uint32_t alignment;
	uint32_t flags;
	uint8_t heaps[4]; /* preferred, in order: heap + 1, 0 for none */
	bool user_queue;
	uint32_t scheduler_id;
	uint64_t address;
	uint32_t version;
	bool l2_uncached;
};

/* The vendor's sum over the first 16 dwords with the checksum's own dword taken as zero. */
uint32_t amd_checksum(const void *blob, size_t checksum_offset);

/*
 * Reads and checks one allocation's private data and the resource-level data that came with it.
 * @existing: the guest supplies the memory. 0, or -EINVAL with what is wrong in @why.
 */
int amd_allocation_decode(const struct fixture *fixture, const void *resource, uint32_t resource_size,
			  const void *data, uint32_t size, bool existing, struct amd_allocation *out,
			  char *why, size_t why_size);

#endif
