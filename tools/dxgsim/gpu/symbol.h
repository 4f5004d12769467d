// SPDX-License-Identifier: MIT
/* Names of kernels, as code objects in the program's memory have them. */
#ifndef DXGSIM_GPU_SYMBOL_H
#define DXGSIM_GPU_SYMBOL_H

#include "dxgsim/gpu/memory.h"

#define GPU_SYMBOL_MAX 128U

/*
 * The function of a loaded AMDGPU code object that begins at @code; false: none is found.  @name has GPU_SYMBOL_MAX bytes,
 * a longer name is cut off.  What the memory holds is believed in nothing; memory->fault stays as it was.
 */
bool gpu_symbol_find(struct gpu_memory *memory, uint64_t code, char *name);

#endif
