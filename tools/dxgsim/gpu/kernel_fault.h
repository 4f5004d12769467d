// SPDX-License-Identifier: MIT
#ifndef DXGSIM_GPU_KERNEL_FAULT_H
#define DXGSIM_GPU_KERNEL_FAULT_H

#include "dxgsim/gpu/memory.h"
#include "dxgsim/isa/isa.h"

struct gpu_engine;

/* The engine stops at what stopped a wave; @page: of a page fault, what the compute unit knows of it. */
void gpu_kernel_fault(struct gpu_engine *engine, const struct isa_fault *fault, const struct gpu_fault *page);

#endif
