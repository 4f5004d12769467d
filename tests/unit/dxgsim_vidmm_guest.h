// SPDX-License-Identifier: MIT
/* Memory of the guest of dxgsim_vidsch_guest.h, by messages. */
#ifndef DXGSIM_VIDMM_GUEST_H
#define DXGSIM_VIDMM_GUEST_H

#include "dxgsim/host/arena.h"
#include "dxgsim/host/kinds.h"
#include "dxgsim_vidsch_guest.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* Heaps and abilities in AMD's private data. */
#define VISIBLE	    0x1u
#define INVISIBLE   0x2u
#define CACHED	    0x8u
#define CPU_VISIBLE 0x20000000u
#define SUPPLIED    0x04000000u

#define CANT_TRIM D3DDDI_MAKERESIDENT_FLAGS_CANT_TRIM_FURTHER

/* 0: refused. */
d3dkmt_handle memory_allocate(uint64_t size, uint32_t flags);
/* Of @pages of the program's own; 0: refused, also when that is the pages. */
d3dkmt_handle memory_supply(void *memory, uint64_t size);
void memory_destroy(d3dkmt_handle allocation);
int32_t memory_resident(d3dkmt_handle allocation, uint32_t flags);
int32_t memory_resident_list(uint32_t count, const d3dkmt_handle *allocations, uint32_t flags,
			     struct host_make_resident_reply *reply);
void memory_evict(d3dkmt_handle allocation);
int32_t memory_map(d3dkmt_handle allocation, uint64_t va, uint64_t size, uint64_t protection);
/* Until the GPU has it: allocated, resident, mapped writable at @va. */
d3dkmt_handle memory_at(uint64_t va, uint64_t size, uint32_t flags);
int32_t memory_unmap(uint64_t va, uint64_t size);
int32_t memory_lock(d3dkmt_handle allocation, uint64_t *address);
int32_t memory_unlock(d3dkmt_handle allocation);
/* A dword of locked memory. */
uint32_t memory_peek(uint64_t address);
void memory_poke(uint64_t address, uint32_t value);
int32_t memory_offer(d3dkmt_handle allocation, int32_t priority);
int32_t memory_reclaim(d3dkmt_handle allocation, uint32_t *result);

struct host_query_video_memory_info_reply memory_info(enum segment_group group);
/* Of all processes, in the segment as Windows numbers it: bytes committed or, else, in place. */
uint64_t memory_segment(uint32_t segment, bool committed);
struct arena_paging memory_paging(void);

/* The GPU writes a dword and is waited for. */
void memory_write(struct guest_queue *queue, uint64_t va, uint32_t value);
/* The same, but it must fault: the report contains @why. */
void memory_write_faults(struct guest_queue *queue, uint64_t va, const char *why);

#endif
