// SPDX-License-Identifier: MIT
/* Command buffers for simulated compute engines, packet by packet, in words written down from the public headers. */
#ifndef TESTS_UNIT_GPU_PROGRAM_H
#define TESTS_UNIT_GPU_PROGRAM_H

#include "gpu_machine.h"

#define CODE	(BASE + 0x10000)
#define SCRATCH (BASE + 0x100000)

/* SH registers, by their offsets in packets */
enum {
	START_X = 0x204,
	NUM_THREAD_X = 0x207,
	PGM_LO = 0x20c,
	SCRATCH_BASE_LO = 0x210,
	RSRC1 = 0x212,
	RSRC2 = 0x213,
	RESOURCE_LIMITS = 0x215,
	THREAD_MGMT_SE0 = 0x216,
	TMPRING_SIZE = 0x218,
	THREAD_MGMT_SE2 = 0x219,
	RSRC3 = 0x228,
	THREAD_MGMT_SE4 = 0x22b,
	USER_DATA_0 = 0x240,
	USER_DATA_15 = 0x24f,
};

#define INITIATOR 0x25U /* COMPUTE_SHADER_EN, FORCE_START_AT_000, USE_THREAD_DIMENSIONS */
#define W32	  0x8000U

/* Every register has a place; those that are left out are not written. */
struct program {
	uint32_t generation;
	uint32_t value[0x80]; /* from offset 0x200 on */
	bool written[0x80];
	uint32_t dim[3];
	uint32_t initiator;
	uint32_t words[512];
	uint32_t used;
};

/* A dispatch that is in order: 2 groups and a half of 64 work-items, s_endpgm at CODE, no scratch, 2 user SGPRs. */
void program_begin(struct program *program, uint32_t generation);
void program_set(struct program *program, uint32_t offset, uint32_t value);
void program_unset(struct program *program, uint32_t offset);

void emit(struct program *program, const uint32_t *words, uint32_t count);
#define EMIT(p, ...) \
	emit(p, (const uint32_t[]){__VA_ARGS__}, (uint32_t)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))
void emit_registers(struct program *program);
void emit_dispatch(struct program *program);
void emit_drain(struct program *program);
/* What system scope asks for before a kernel; after it. */
void emit_acquire(struct program *program);
void emit_write_back(struct program *program);
/* Invalidates the instruction cache alone. */
void emit_code_changed(struct program *program);
void emit_store(struct program *program, uint64_t va, uint32_t value);
void emit_add(struct program *program, uint64_t va, int64_t addend);

enum gpu_outcome program_run(struct program *program);
/* Registers, one dispatch, end. */
enum gpu_outcome dispatch(struct program *program);

/* Puts s_endpgm of the generation there. */
void put_kernel(uint32_t generation, uint64_t va);

#endif
