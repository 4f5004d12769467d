// SPDX-License-Identifier: MIT
/* AMD's private data of submissions. Public sources: RADV's WDDM2 winsys (Collabora), t0-gpu's WSL runtime. */
#ifndef DXGSIM_HOST_AMD_SUBMIT_H
#define DXGSIM_HOST_AMD_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgsim/host/fixture.h"

#define AMD_SUBMIT_SIZE 0x48u /* with one command buffer */

struct amd_submission {
	uint64_t commands;   /* in: what the call beside it says; both must agree */
	uint32_t bytes;	     /* the same */
	uint32_t user_queue; /* out: handle of an allocation, 0 for none */
};

/*
 * Checks every byte for node @node of @fixture; @hwqueue: sent to a hardware queue. 0, or -EINVAL with what is wrong
 * in @why.
 */
int amd_submit_decode(const struct fixture *fixture, uint32_t node, bool hwqueue, const void *data,
		      uint32_t size, struct amd_submission *submission, char *why, size_t why_size);

#endif
