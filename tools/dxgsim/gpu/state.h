// SPDX-License-Identifier: MIT
/* What an engine is, for the files that are parts of it, and what each of them may ask of it. */
#ifndef DXGSIM_GPU_STATE_H
#define DXGSIM_GPU_STATE_H

#include "dxgsim/gpu/memory.h"
#include "dxgsim/gpu/packets.h"
#include "dxgsim/gpu/registers.h"
#include "dxgsim/gpu/symbol.h"
#include "dxgsim/gpu/unit.h"
#include "dxgsim/gpu/work.h"

enum gpu_engine_state {
	GPU_ENGINE_IDLE,
	GPU_ENGINE_BUSY,
	GPU_ENGINE_STOPPED,
};

/* Commands being executed: those of the job, or an indirect buffer's. */
struct gpu_commands {
	uint64_t va;
	uint32_t bytes;	     /* 0: none */
	bool elsewhere;	     /* they are not the job's own words */
	uint32_t job_offset; /* then: of the packet there that led here */
};

/* What a compute job has led to, besides its offset. */
struct gpu_progress {
	struct gpu_commands commands;
	struct gpu_commands caller; /* if an indirect buffer is being executed */
	uint32_t caller_offset;	    /* of its packet */
	struct gpu_pipeline pipeline;
	struct gpu_registers registers;
	uint64_t atomic_return; /* what the last ATOMIC_MEM read */
	uint32_t acquired;	/* GPU_FRONT_BIT()s and GPU_ACQUIRED_*: invalidated since the last drain */
	uint32_t undrained;	/* dispatches since then */
};

#define GPU_ACQUIRED_METADATA (1U << 30)
#define GPU_ACQUIRED_L2	      (1U << 31)

#define GPU_KERNEL_NAMES 64U

struct gpu_kernel_name {
	const void *space; /* NULL: none */
	uint64_t code;
	char name[GPU_SYMBOL_MAX]; /* empty: nobody knows */
};

struct gpu_engine {
	struct gpu_engine_config config;
	struct gpu_memory memory; /* .cache is the engine's own if the configuration names none */
	bool executes;		  /* kernels, instruction by instruction */
	enum isa_target target;
	struct gpu_unit *units[GPU_WORKERS]; /* made when they are needed, but for the first */
	uint32_t slices;		     /* of time that kernels had */
	uint64_t slice_end_ns;		     /* of the one that has begun, 0: none has */
	bool slice_over;
	struct gpu_kernel_name names[GPU_KERNEL_NAMES]; /* by address of the code */
	enum gpu_engine_state state;
	struct gpu_job job;
	uint32_t offset; /* of the packet in the commands that are being executed */
	struct gpu_progress now;
	struct gpu_sdma sdma;
	bool unwritten; /* kernels' writes may be in the L2 and nowhere else, those of earlier jobs too */
	bool metadata_unwritten; /* ... and metadata that they changed is not even there */
	bool preemption_wanted;
	bool may_preempt;	 /* the last packet was a dispatch, or there was none */
	const char *packet_name; /* NULL: not known yet */
	uint64_t chance;
	struct gpu_counters counters;
	struct gpu_error error;
	/* of the generation, by opcode and by offset */
	const struct gpu_opcode_info *opcodes[256];
	const struct gpu_packet_form *forms[256];
	const struct gpu_register *registers[GPU_SH_COUNT];
	uint32_t packet[GPU_PACKET_WORDS];
};

struct gpu_suspended {
	struct gpu_job job;
	uint32_t offset;
	struct gpu_progress progress;
	uint64_t since_ns;
};

/* Stop the engine at its packet and tell why. Both return GPU_STOPPED. */
enum gpu_outcome gpu_refuse(struct gpu_engine *engine, enum gpu_error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
enum gpu_outcome gpu_page_fault(struct gpu_engine *engine);

/*
 * Fetches @words words of the packet from word @first on into engine->packet. False: they are not all in the
 * job or not all mapped, and the engine is stopped.
 */
bool gpu_fetch(struct gpu_engine *engine, uint32_t first, uint32_t words);

/* Of the packet, or of the one in the job that led to it. */
uint32_t gpu_job_offset(const struct gpu_engine *engine);
uint32_t gpu_chance(struct gpu_engine *engine);
bool gpu_has_metadata_cache(const struct gpu_engine *engine);
/* The name of the kernel at that address of the running job; "" if it is not known. */
const char *gpu_kernel_name(struct gpu_engine *engine, uint64_t code);
void gpu_kernel_names_forget(struct gpu_engine *engine);
/* One of its compute units.  NULL: no memory. */
struct gpu_unit *gpu_engine_unit(struct gpu_engine *engine, uint32_t index);
/* Of all its compute units. GPU_FRONT_BIT()s. */
void gpu_fronts_invalidate(struct gpu_engine *engine, uint32_t caches);
/* Their writes are in caches from now on. */
void gpu_kernels_wrote(struct gpu_engine *engine);
/* By the clock that kernels' durations are measured by; 0: there is none. */
uint64_t gpu_now_ns(const struct gpu_engine *engine);

#endif
