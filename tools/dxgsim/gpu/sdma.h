// SPDX-License-Identifier: MIT
/*
 * SDMA engines, versions 4 to 7 for gfx9 to gfx12: copying, filling, waiting and telling, in packets of their own.
 *
 * How memory is reached.  Version 4 does not go through the L2: it neither sees what that holds nor takes it away.  From
 * version 5 on the engine is a client of the L2 with the policies that public drivers set (Linux, sdma_common.h): reads
 * take what is there and add nothing, writes go to memory; a packet of version 6 may name other policies.  So a copy sees
 * lines that were never written back and never sees what the CPU wrote behind a line that is still there: that is
 * what GCR_REQ is for, or the kernel driver's own cache actions around a submission.
 *
 * Atomics are done in memory, after a line of the L2 that holds the place has been written back and dropped.
 */
#ifndef DXGSIM_GPU_SDMA_H
#define DXGSIM_GPU_SDMA_H

#include "dxgsim/gpu/gpu.h"

/* Large copies and fills are done a slice at a time, so that gpu_engine_run() stays short. */
#define GPU_SDMA_SLICE 0x40000U

/*
 * Executes the packet at the engine's offset, or a slice of it.  GPU_DONE: it is done and *@words words long;
 * otherwise GPU_RUNNING, GPU_WAITING or GPU_STOPPED.
 */
enum gpu_outcome gpu_sdma_step(struct gpu_engine *engine, uint32_t *words);

/*
 * What AMD's Windows driver does around a submission to an SDMA engine (ROCr, amd_gpu_agent.cpp, leaves it to it there):
 * the L2 is invalidated before the first packet and written back after the last.  The engine has a job; nothing happens
 * on other engines.
 */
void gpu_sdma_driver_begins(struct gpu_engine *engine);
void gpu_sdma_driver_ends(struct gpu_engine *engine);

#endif
