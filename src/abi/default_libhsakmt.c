// SPDX-License-Identifier: MIT
/* Linked into libhsakmt.so.1: programs that link it have ROCm 5.2 to 6.2 headers. */
#include "abi/abi.h"

const uint16_t abi_default_generation = 356;
