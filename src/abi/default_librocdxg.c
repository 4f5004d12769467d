// SPDX-License-Identifier: MIT
/* Linked into librocdxg.so.1: runtimes that load it without calling DxgAbiCheck() are ROCm 7.0 to 7.2. */
#include "abi/abi.h"

const uint16_t abi_default_generation = 368;
