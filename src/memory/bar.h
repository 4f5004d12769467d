// SPDX-License-Identifier: MIT
/* VRAM that the CPU sees too, at the address that the GPU sees it at. */
#ifndef MEMORY_BAR_H
#define MEMORY_BAR_H

#include "memory/objects.h"

int bar_make(struct buffer *buffer);

#endif
