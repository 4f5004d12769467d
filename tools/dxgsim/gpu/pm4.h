// SPDX-License-Identifier: MIT
/* Between the files of the compute engine's packet processor: one function per packet, called when its form is right. */
#ifndef DXGSIM_GPU_PM4_H
#define DXGSIM_GPU_PM4_H

#include "dxgsim/gpu/engine.h"

static inline uint32_t gpu_field(uint32_t word, uint32_t high, uint32_t low)
{
	return word >> low & ~0U >> (31 - (high - low));
}

static inline uint64_t gpu_join(const uint32_t *words)
{
	return words[0] | (uint64_t)words[1] << 32;
}

static inline bool gpu_bit(uint32_t word, uint32_t bit)
{
	return word >> bit & 1;
}

/* Refusals; all GPU_STOPPED. */
enum gpu_outcome gpu_reserved_value(struct gpu_engine *engine, const char *name, uint32_t value);
enum gpu_outcome gpu_missing_value(struct gpu_engine *engine, const char *name, const char *what);
/* False: refused. */
bool gpu_aligned(struct gpu_engine *engine, const char *name, uint64_t va, uint32_t bytes);
bool gpu_cache_policy(struct gpu_engine *engine, uint32_t value, enum gpu_cache_policy *policy);

/* pm4_memory.c */
enum gpu_outcome gpu_pm4_write_data(struct gpu_engine *engine, const uint32_t *packet, uint32_t words);
enum gpu_outcome gpu_pm4_copy_data(struct gpu_engine *engine, const uint32_t *packet);
enum gpu_outcome gpu_pm4_dma_data(struct gpu_engine *engine, const uint32_t *packet);

/* pm4_atomic.c */
enum gpu_outcome gpu_pm4_atomic_mem(struct gpu_engine *engine, const uint32_t *packet);

/* pm4_sync.c; @bytes: 4 or 8, of memory, reference and mask */
enum gpu_outcome gpu_pm4_wait_reg_mem(struct gpu_engine *engine, const uint32_t *packet, uint32_t bytes);
enum gpu_outcome gpu_pm4_event_write(struct gpu_engine *engine, const uint32_t *packet, uint32_t words);
enum gpu_outcome gpu_pm4_release_mem(struct gpu_engine *engine, const uint32_t *packet);
enum gpu_outcome gpu_pm4_acquire_mem(struct gpu_engine *engine, const uint32_t *packet);

/* pm4_flow.c; *@words is how far to go on */
enum gpu_outcome gpu_pm4_cond_exec(struct gpu_engine *engine, const uint32_t *packet, uint32_t *words);
enum gpu_outcome gpu_pm4_indirect_buffer(struct gpu_engine *engine, const uint32_t *packet, uint32_t *words);

/* dispatch.c */
enum gpu_outcome gpu_pm4_set_sh_reg(struct gpu_engine *engine, const uint32_t *packet, uint32_t words);
enum gpu_outcome gpu_pm4_set_uconfig_reg(struct gpu_engine *engine, const uint32_t *packet, uint32_t words);
/* What SET_SH_REG would do with one register. */
enum gpu_outcome gpu_set_register(struct gpu_engine *engine, uint32_t offset, uint32_t value);
enum gpu_outcome gpu_pm4_dispatch(struct gpu_engine *engine, const uint32_t dimensions[3],
				  uint32_t initiator);
enum gpu_outcome gpu_pm4_dispatch_indirect(struct gpu_engine *engine, const uint32_t *packet);

#endif
