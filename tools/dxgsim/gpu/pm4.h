// SPDX-License-Identifier: MIT
/* Between the files of the compute engine's packet processor: one function per packet, called when its form is right. */
#ifndef DXGSIM_GPU_PM4_H
#define DXGSIM_GPU_PM4_H

#include "dxgsim/gpu/state.h"

/*
 * Executes the packet at engine->offset. GPU_DONE: it is done and *@words words long; otherwise GPU_WAITING or GPU_STOPPED.
 */
enum gpu_outcome gpu_pm4_step(struct gpu_engine *engine, uint32_t *words);

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
