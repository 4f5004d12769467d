// SPDX-License-Identifier: MIT
/* Existing system memory behind allocations. */
#ifndef DXGSIM_DRIVER_USERPTR_H
#define DXGSIM_DRIVER_USERPTR_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/driver/objects.h"

/*
 * Pins the allocation's pages of existing system memory from sysmem on and tells the host where they are.
 * -ENOMEM when not all of them can be pinned; what the host says.
 */
int userptr_attach(struct allocation *allocation, uint64_t sysmem, bool read_only);
/* Ends the GPADL, if one is left. */
void userptr_detach(struct allocation *allocation);

#endif
