// SPDX-License-Identifier: MIT
/*
 * The memory of the process: one address for the CPU and every GPU.
 *
 * Errors, the same everywhere: -EINVAL a bad argument; -ENOENT the address is not ours; -ENOMEM no
 * host memory or no address left; -ENOSPC a GPU's memory is exhausted (as far as the host tells);
 * -EEXIST a fixed address is in use; -EBUSY overlaps another mapping; -EOPNOTSUPP a GPU cannot reach that
 * memory; -ETIMEDOUT the host did not finish in time; -ENODEV a GPU is lost, or the memory went with it, or its addresses
 * have no room for the process'; -EPERM a GPU that the memory was not registered to, or registering what is ours; -EALREADY registered to other
 * GPUs; -EFAULT registered memory that is not there.
 */
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include <stdint.h>

#include "memory/lookup.h"
#include "memory/map.h"
#include "memory/step.h"
#include "memory/types.h"
#include "memory/user.h"

int memory_create(const struct memory_gpu_config *gpus, uint32_t count, struct memory **out);
void memory_destroy(struct memory *memory);

int memory_alloc(struct memory *memory, const struct memory_request *request, void **address);
int memory_free(struct memory *memory, void *address);
void memory_run(struct memory *memory);
bool memory_form_known(const struct memory *memory, uint32_t gpu);
unsigned memory_gfx_major(const struct memory *memory, uint32_t gpu);
bool memory_is_locked(const struct memory *memory);
uint64_t memory_spare(struct memory *memory, uint32_t gpu, uint64_t *offered);

#endif
