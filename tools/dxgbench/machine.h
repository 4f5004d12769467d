// SPDX-License-Identifier: MIT
/* The library, open on this machine, and one GPU of it. */
#ifndef DXGBENCH_MACHINE_H
#define DXGBENCH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <hsakmt/hsakmt.h>

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

/* The kinds of memory that ROCr asks for most (flags of HsaMemFlags). */
#define MEMORY_SYSTEM 0x20040U /* HostAccess | Uncached */
#define MEMORY_VRAM   0x2081U  /* NonPaged | NoSubstitute | CoarseGrain: no CPU access */
#define MEMORY_USER   0x2040U  /* HostAccess | CoarseGrain, as hsa_amd_memory_lock registers */

struct machine {
	bool open;
	bool stuck; /* work was sent that did not come to its end */
	HSAuint32 cpu;
	HSAuint32 gpu;
	uint64_t vram;	    /* bytes */
	uint64_t available; /* bytes of system memory, when it was opened */
	char name[64];
};

/* node: of the GPU, or -1.  An enum dxgbench_exit; what is wrong has been said. */
int machine_open(struct machine *machine, int64_t node);
void machine_close(struct machine *machine);
/*
 * Closes the library and opens it again, on the same GPU: with stores to doorbells looked at, as where the kernel does
 * not grant userfaultfd, or as the environment was when the program began.  Nothing that was had of the library is there any more.
 */
bool machine_reopen(struct machine *machine, bool look_at_doorbells);

const char *machine_status_name(HSAKMT_STATUS status);

/* On the one GPU. */
HSAKMT_STATUS machine_alloc(const struct machine *machine, uint64_t size, uint32_t flags, void **address);
HSAKMT_STATUS machine_map(const struct machine *machine, void *address, uint64_t size);

/*
 * Lets what was freed end: that waits for nobody and is done by whoever calls later.  Returns when nothing has
 * been asked of the driver for some milliseconds.
 */
void machine_settle(void);

#endif
