// SPDX-License-Identifier: MIT
/* AMD's private data of CreateContextVirtual. Public sources: RADV's WDDM2 winsys (Collabora), t0-gpu's WSL runtime. */
#ifndef DXGSIM_HOST_AMD_CONTEXT_H
#define DXGSIM_HOST_AMD_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "dxgsim/host/fixture.h"

#define AMD_CONTEXT_SIZE      0x40u
#define AMD_CONTEXT_LONG_SIZE 0x1a8u /* as graphics clients send it, with a second section */

/* Checks every byte. @node: the engine asked for, which exists. 0, or -EINVAL with what is wrong in @why. */
int amd_context_decode(const struct fixture *fixture, uint32_t node, const void *data, uint32_t size,
		       char *why, size_t why_size);

#endif
