// SPDX-License-Identifier: MIT
/*
 * A kernel under way: work-groups that wait for their turn, those that are resident on compute units, and what those that
 * have ended did.
 */
#ifndef DXGSIM_GPU_KERNEL_H
#define DXGSIM_GPU_KERNEL_H

#include <sys/queue.h>

#include "dxgsim/gpu/scratch.h"
#include "dxgsim/gpu/work.h"
#include "dxgsim/isa/isa.h"

struct gpu_engine;

/* What all compute units of an engine have room for; a work-group takes its part of it. */
#define GPU_ROOM (1ULL << 40)

/* A work-group on a compute unit. */
struct gpu_resident {
	TAILQ_ENTRY(gpu_resident) link;
	struct isa_group *group;
	bool waits;	  /* said so when it had its last turn */
	uint32_t looked;  /* slice in which that was */
	uint32_t scratch; /* its first wave's place */
};

TAILQ_HEAD(gpu_residents, gpu_resident);

struct gpu_run {
	struct isa_launch launch;
	uint64_t number; /* of the dispatch */
	uint32_t start[3], groups[3];
	uint32_t size[3], last_size[3]; /* work-items of a group */
	uint64_t total, next, ended;	/* groups: all, started, ended */
	uint32_t shuffle;		/* a power of 2: groups start out of order in runs of so many */
	uint32_t order;
	uint64_t part;		     /* of GPU_ROOM, for a group */
	uint32_t waves;		     /* of a group */
	struct gpu_scratch *scratch; /* NULL: none */
	uint64_t scratch_start;	     /* what is told to kernels is counted from there: gfx10 has offsets */
	struct isa_counts counts;    /* of groups that have ended */
	uint64_t busy_ns;	     /* of the host's cores, summed up */
	struct gpu_residents residents[GPU_WORKERS]; /* by compute unit, the oldest first */
};

/* What of it was made already shares its scratch.  NULL: no memory. */
struct gpu_run *gpu_run_create(struct gpu_engine *engine, const struct gpu_launch *launch, uint64_t number);
/* Work-groups that are resident are dropped; NULL is allowed. */
void gpu_run_destroy(struct gpu_run *run);
bool gpu_run_ended(const struct gpu_run *run);

/* A group that is about to start. */
struct gpu_claim {
	uint64_t index;
	uint32_t scratch;
};

/*
 * The next group: 0, -EAGAIN: there is no room now, or -ENODATA: all have started.  @taken: of GPU_ROOM, by all
 * kernels.  This and gpu_run_end() are called under one lock; what is between them is of one compute unit.
 */
int gpu_run_claim(struct gpu_run *run, uint64_t *taken, struct gpu_claim *claim);
/* It is resident on that unit.  NULL: no memory; the kernel can only be dropped then. */
struct gpu_resident *gpu_run_begin(struct gpu_run *run, uint32_t unit, const struct gpu_claim *claim);
/* It has ended, and is the caller's to destroy. */
void gpu_run_end(struct gpu_run *run, uint64_t *taken, uint32_t unit, struct gpu_resident *resident);

void gpu_resident_destroy(struct gpu_resident *resident);
void gpu_counts_add(struct isa_counts *sum, const struct isa_counts *more);
/* What is left of the kernel has been executed, and its time is over.  GPU_DONE, or GPU_STOPPED: it was not right after all. */
enum gpu_outcome gpu_kernel_ends(struct gpu_engine *engine, const struct gpu_kernel *kernel);

#endif
