// SPDX-License-Identifier: MIT
/*
 * The hardware of the simulated GPU: engines that fetch command buffers and execute their packets.
 *
 * An engine knows no handles, processes or fences; host/ (the scheduler) gives it one job at a time and lets
 * it run.  Every access to memory, the fetch of commands included, goes through translate(), as through the
 * page tables of the job's address space.
 */
#ifndef DXGSIM_GPU_GPU_H
#define DXGSIM_GPU_GPU_H

#include <stdbool.h>
#include <stdint.h>

enum gpu_access {
	GPU_FETCH, /* commands */
	GPU_READ,
	GPU_WRITE,
};

struct gpu_cache;

enum gpu_fault_reason {
	GPU_FAULT_NONE,
	GPU_FAULT_UNMAPPED,
	GPU_FAULT_NOT_RESIDENT,
	GPU_FAULT_READ_ONLY,
	GPU_FAULT_NO_BACKING, /* the guest's pages behind it are gone */
	GPU_FAULT_NOT_READY,  /* on its way into the page tables */
	GPU_FAULT_NOT_EXECUTABLE,
	GPU_FAULT_NO_ATOMICS, /* system memory behind a bus that carries none */
};

/*
 * Where guest memory is for the simulator; valid until gpu_engine_run() returns.  Pages are of 4 KiB or more
 * and contiguous: the whole cache line around the address is behind @bytes.
 */
struct gpu_span {
	uint8_t *bytes;
	uint64_t length; /* contiguous from the address on, at least 1 */
	bool uncached;	 /* by the page's memory type: the L2 is not asked */
	bool executable; /* kernels may be there */
	bool no_atomics; /* the bus to it carries none, and whether the L2 would do them is not for a client to know */
};

struct gpu_machine_ops {
	/*
	 * Called from inside gpu_engine_run(), on the caller's thread and on those of the configuration's workers at the
	 * same time, and only with the running job's space.
	 * A refusal is no fault yet: a page may be gone when a cache line of it is written back.
	 */
	enum gpu_fault_reason (*translate)(void *space, uint64_t va, enum gpu_access access,
					   struct gpu_span *span);
	uint64_t (*clock)(void *machine); /* the GPU's timestamp counter */
	/* The host's clock, for how long kernels take; NULL: they take no time. */
	uint64_t (*now_ns)(void *machine);
};

enum gpu_engine_kind {
	GPU_ENGINE_GRAPHICS,
	GPU_ENGINE_COMPUTE,
	GPU_ENGINE_SDMA,
	GPU_ENGINE_OTHER, /* video and the like: nothing is executed */
};

#define GPU_SHADER_ENGINES 8U
#define GPU_WORKERS	   8U

struct gpu_workers;
struct gpu_profile;

/* What is 0 or NULL beyond `machine` has its default. */
struct gpu_engine_config {
	enum gpu_engine_kind kind;
	uint32_t generation; /* 9 to 12: major number of the gfx target */
	const struct gpu_machine_ops *ops;
	void *machine;
	struct gpu_cache *cache;     /* that of the GPU, for all its engines; NULL: the engine has its own */
	uint32_t minor, stepping;    /* of the gfx target; gfx10: minor 0 is 3 */
	struct gpu_profile *profile; /* of what kernels do; NULL: nobody wants to know */
	struct gpu_workers *workers; /* threads for kernels; NULL: they are executed on the caller's */
	uint32_t shader_engines;     /* up to GPU_SHADER_ENGINES; 0: 4 */
	/* Which compute units there are, as in COMPUTE_STATIC_THREAD_MGMT_SE*; all 0: all of them. */
	uint32_t compute_units[GPU_SHADER_ENGINES];
	bool firmware_state;  /* compute registers survive a preemption */
	uint64_t dispatch_ns; /* a kernel takes that long from its launch on, beside others */
	bool skip_kernels;    /* they are checked and launched, and end without having executed anything */
	uint64_t seed;	      /* of what hardware leaves to chance; 0: a fixed one */
	/*
	 * Two rules that hold where every packet has the scope of the system, and make a forgotten cache action show
	 * before kernels read and write.  Not for anything else: AQL packets with no or a smaller scope may break
	 * them.  With either, nothing ends by chance: what is reported is the same with every seed.
	 */
	bool strict_release; /* no signal while a kernel runs or its writes wait in the L2 or in front of it */
	bool strict_acquire; /* no kernel without an invalidation since the job began or was drained */
};

/* One submission. */
struct gpu_job {
	uint64_t commands;
	uint32_t bytes;
	void *space;	 /* for translate() */
	uint64_t cookie; /* the caller's */
};

enum gpu_outcome {
	GPU_DONE,
	GPU_RUNNING, /* the budget of packets or of time is used up, or gpu_engine_ask() is fulfilled; call again */
	GPU_WAITING, /* a condition in memory is not met or a kernel not done, call again later */
	GPU_STOPPED, /* see gpu_engine_error(); reset before the next job */
};

enum gpu_error_kind {
	GPU_ERROR_NONE,
	GPU_ERROR_PAGE_FAULT,
	GPU_ERROR_PACKET,      /* unknown, misaligned or truncated packet, or reserved bits set */
	GPU_ERROR_UNSUPPORTED, /* legal on hardware, not simulated: named in the text */
	GPU_ERROR_KERNEL,      /* an instruction that no hardware would execute to its end */
};

struct gpu_error {
	enum gpu_error_kind kind;
	enum gpu_fault_reason reason;
	enum gpu_access access;
	uint64_t va; /* page fault: the address; else that of the packet */
	uint32_t
		offset; /* bytes from the start of the commands to the packet, or to the one that led to it */
	char text[384];
};

/* Since the engine was created. */
struct gpu_counters {
	uint64_t packets;	/* executed */
	uint64_t dispatches;	/* launched */
	uint64_t groups;	/* work-groups that have ended */
	uint64_t kernel_ns;	/* that a core of the host has spent on kernels */
	uint64_t units;		/* compute units that they may run on, summed up */
	uint64_t interrupts;	/* asked for by packets; none ever arrives */
	uint64_t early_signals; /* what strict_release is about */
	uint64_t unacquired;	/* ... and strict_acquire */
	uint64_t preemptions;
};

struct gpu_suspended;

struct gpu_engine;

/*
 * Threads on which compute units are simulated, @count with that of the caller, up to GPU_WORKERS; 0: as many as the host
 * has cores.  They are made when they are needed, take no signals, and call @begins first, if it is not NULL.  Engines that
 * share them are called under one lock.  NULL: no memory.
 */
struct gpu_workers *gpu_workers_create(uint32_t count, void (*begins)(void));
/* Ends the threads, until they are needed again; NULL is allowed. */
void gpu_workers_stop(struct gpu_workers *workers);
/* After the engines that use them; NULL is allowed. */
void gpu_workers_destroy(struct gpu_workers *workers);

/*
 * The L2 of one GPU.  It holds no memory of the guest and asks translate() for where a line belongs, so that it
 * may outlive spaces and mappings.  Engines that share one are called under one lock.  NULL: no memory.
 */
struct gpu_cache *gpu_cache_create(void);
/* After the engines that use it; NULL is allowed. */
void gpu_cache_destroy(struct gpu_cache *cache);
/* As gpu_engine_forget(), also when no engine is left that uses it. */
void gpu_cache_forget(struct gpu_cache *cache, const void *space, uint64_t va, uint64_t length);

/* What kernels have done, by name, for all engines that have it in their configuration.  NULL: no memory. */
struct gpu_profile *gpu_profile_create(void);
/* After the engines; NULL is allowed. */
void gpu_profile_destroy(struct gpu_profile *profile);
/* Nothing has been done in this process yet; NULL is allowed. */
void gpu_profile_after_fork_in_child(struct gpu_profile *profile);
/* A table, line by line; of no kernels none. */
void gpu_profile_print(struct gpu_profile *profile, void (*line)(const char *text));

/* NULL: no memory. */
struct gpu_engine *gpu_engine_create(const struct gpu_engine_config *config);
void gpu_engine_destroy(struct gpu_engine *engine);
/*
 * The engine must be idle: new, after GPU_DONE, or reset.  A job of 0 bytes is done at once; address and size
 * are multiples of 4, otherwise it stops at its start.
 */
void gpu_engine_start(struct gpu_engine *engine, const struct gpu_job *job);
/*
 * Executes at most @packets packets of the job, and kernels for about a millisecond.  GPU_WAITING while kernels are there
 * that poll memory: what they wait for may have come by the next call.
 */
enum gpu_outcome gpu_engine_run(struct gpu_engine *engine, uint32_t packets);
/*
 * Preemption.  It happens before the packet that follows a dispatch, or before the first of the job, and nowhere else:
 * compute engines that Windows drives are preempted at dispatches (Microsoft: D3DKMDT_COMPUTE_PREEMPTION_GRANULARITY,
 * dispatch boundary), for inside of a run from SET_SH_REG to DISPATCH_DIRECT the registers are in nobody's books and
 * half of them would be lost.
 *
 * gpu_engine_ask() makes gpu_engine_run() return GPU_RUNNING at the next such place, and every time after until the
 * job is preempted, ends, or the wish is taken back.  gpu_engine_preempt() takes the job off the engine, which is idle
 * then.  NULL: it is not at such a place, or there is no memory.  Kernels under way go with it and go on with it.
 */
void gpu_engine_ask(struct gpu_engine *engine, bool wanted);
struct gpu_suspended *gpu_engine_preempt(struct gpu_engine *engine);
/* The engine must be idle, and of the same generation.  Frees @suspended. */
void gpu_engine_resume(struct gpu_engine *engine, struct gpu_suspended *suspended);
/* The job is given up; NULL is allowed. */
void gpu_suspended_destroy(struct gpu_suspended *suspended);
const struct gpu_counters *gpu_engine_counters(const struct gpu_engine *engine);
const struct gpu_error *gpu_engine_error(const struct gpu_engine *engine);
/* Drops the job, and what a cache of the engine's own holds, written or not; the GPU's belongs to the others too. */
void gpu_engine_reset(struct gpu_engine *engine);
/*
 * These addresses of @space mean other memory from now on, or none: what the caches hold of them is dropped,
 * written or not.  A space that ends: 0 and UINT64_MAX.
 */
void gpu_engine_forget(struct gpu_engine *engine, const void *space, uint64_t va, uint64_t length);
const char *gpu_fault_reason_name(enum gpu_fault_reason reason);

#endif
