// SPDX-License-Identifier: MIT
/* A machine around a simulated engine: pages, page faults and a clock, all at the test's command. */
#ifndef TESTS_UNIT_GPU_MACHINE_H
#define TESTS_UNIT_GPU_MACHINE_H

#include <stddef.h>

#include "dxgsim/gpu/gpu.h"

#define PAGE	      4096U
#define PAGES	      1600U
#define DATA_PAGES    1580U /* the last pages hold commands */
#define BASE	      0x7f1200000000ULL
#define COMMANDS      (BASE + (uint64_t)DATA_PAGES * PAGE)
#define COMMAND_WORDS ((PAGES - DATA_PAGES) * PAGE / 4)

struct machine_page {
	enum gpu_fault_reason fault[GPU_WRITE + 1]; /* by access */
	bool uncached;
	bool data_only; /* not executable */
	bool no_atomics;
	uint32_t frame; /* which piece of the memory it is */
};

/* An address space over the memory of the machine. */
struct machine_space {
	struct machine_page pages[PAGES];
};

struct machine {
	struct machine_space space;
	struct gpu_engine *engine;
	uint64_t clock;
	uint64_t now_ns;     /* for how long kernels take */
	uint64_t span_limit; /* a span is no longer than this; 0: to the end of its page */
};

extern struct machine machine;
extern uint8_t *machine_memory; /* PAGES pages, by frame */

/* A machine of zeros with an engine; one at a time. */
void machine_start(uint32_t generation, enum gpu_engine_kind kind);
/* ops and machine are set here. */
void machine_start_as(struct gpu_engine_config config);
void machine_stop(void);
/* Every page is mapped to the frame of its number. */
void machine_space_init(struct machine_space *space);
struct gpu_engine *machine_engine_as(struct gpu_engine_config config);
struct gpu_engine *machine_engine(uint32_t generation, enum gpu_engine_kind kind, struct gpu_cache *cache);

/* The CPU's view of an address. */
uint32_t *at(uint64_t va);
uint64_t *at64(uint64_t va);

/* Puts the words at COMMANDS and starts and runs the job to its end or stop. */
enum gpu_outcome run(const uint32_t *words, uint32_t count);
enum gpu_outcome run_job(struct gpu_engine *engine, struct machine_space *space, uint64_t va, uint32_t bytes);
#define RUN(...) run((const uint32_t[]){__VA_ARGS__}, (uint32_t)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))

/* The engine stopped with this kind of error, and the text has @text in it. Resets the engine. */
void assert_stopped(enum gpu_outcome outcome, enum gpu_error_kind kind, const char *text);

#define LO(va) ((uint32_t)(va))
#define HI(va) ((uint32_t)((va) >> 32))

#endif
