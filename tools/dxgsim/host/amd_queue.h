// SPDX-License-Identifier: MIT
/* AMD's private data of CreateHwQueue. Public sources: RADV's WDDM2 winsys (Collabora), t0-gpu's WSL runtime. */
#ifndef DXGSIM_HOST_AMD_QUEUE_H
#define DXGSIM_HOST_AMD_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "dxgsim/host/fixture.h"

#define AMD_QUEUE_SIZE 0x40u

/* Checks every byte but the answer's. 0, or -EINVAL with what is wrong in @why. */
int amd_queue_decode(const struct fixture *fixture, const void *data, uint32_t size, char *why,
		     size_t why_size);
/* Writes what the driver gives back into the caller's data. */
void amd_queue_answer(void *data, uint32_t queue_id);

#endif
