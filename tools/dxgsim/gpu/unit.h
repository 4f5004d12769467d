// SPDX-License-Identifier: MIT
/* A compute unit: its caches, its way to memory, and what executes the instructions of its work-groups. */
#ifndef DXGSIM_GPU_UNIT_H
#define DXGSIM_GPU_UNIT_H

#include "dxgsim/gpu/front.h"

struct gpu_engine;

struct gpu_unit {
	const struct gpu_engine *engine;
	struct gpu_memory memory;
	struct gpu_front *front;
	bool has_isa; /* gfx9 has none */
	struct isa_unit isa;
};

/* NULL: no memory. */
struct gpu_unit *gpu_unit_create(const struct gpu_engine *engine);
void gpu_unit_destroy(struct gpu_unit *unit);
/* What follows is in @space; what was known of page tables is not true any more. */
void gpu_unit_enter(struct gpu_unit *unit, void *space);
/* GPU_FRONT_BIT()s. */
void gpu_unit_invalidate(struct gpu_unit *unit, uint32_t caches);
void gpu_unit_forget(struct gpu_unit *unit, const void *space, uint64_t va, uint64_t length);
/*
 * As kernels do it there.  @cache: GPU_FRONT_VECTOR, GPU_FRONT_SCALAR or GPU_FRONT_INSTRUCTION.  False: a page fault,
 * unit->memory.fault.
 */
bool gpu_unit_read(struct gpu_unit *unit, enum gpu_front_cache cache, uint64_t va, void *to, uint32_t bytes);
bool gpu_unit_write(struct gpu_unit *unit, uint64_t va, const void *from, uint32_t bytes);

#endif
