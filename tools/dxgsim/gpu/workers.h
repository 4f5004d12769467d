// SPDX-License-Identifier: MIT
/*
 * Threads of the host that compute units are simulated on, beside the caller's.  They are made when there is work for them
 * and take none of the program's signals.
 */
#ifndef DXGSIM_GPU_WORKERS_H
#define DXGSIM_GPU_WORKERS_H

#include "dxgsim/gpu/gpu.h"

/* NULL: one. */
uint32_t gpu_workers_count(const struct gpu_workers *workers);
/*
 * Calls @work with @arg and each number below @count, as many at a time as there are workers, number 0 on the caller's
 * thread, and comes back when all calls have.  One caller at a time.
 */
void gpu_workers_run(struct gpu_workers *workers, uint32_t count, void (*work)(void *arg, uint32_t number),
		     void *arg);

#endif
