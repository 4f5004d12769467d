// SPDX-License-Identifier: MIT
/* Fused multiplication and addition, for which most hosts have instructions that C may not use on all of them. */
#ifndef DXGSIM_ISA_FMA_H
#define DXGSIM_ISA_FMA_H

#include <math.h>

#include "dxgsim/isa/valu.h"

/*
 * What has to be before a function that is compiled for hosts with these instructions, to be called where isa_has_fma();
 * elsewhere fma() does the same, slowly.
 */
#ifdef __x86_64__
#define ISA_WITH_FMA  __attribute__((target("avx2,fma")))
#define isa_has_fma() (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2"))
#else
#define ISA_WITH_FMA
#define isa_has_fma() 1
#endif

/* Functions of operations on three floats, and on three doubles; rounded by the host's mode. */
isa_valu_fn isa_fused_32, isa_fused_64;

#endif
