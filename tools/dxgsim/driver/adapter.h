// SPDX-License-Identifier: MIT
/* Adapters by their handles in a process. */
#ifndef DXGSIM_DRIVER_ADAPTER_H
#define DXGSIM_DRIVER_ADAPTER_H

#include "dxgsim/driver/objects.h"

/* An adapter by its handle in this process.  -EINVAL; adapters need no put. */
int adapter_lookup(struct process *process, d3dkmt_handle handle, struct adapter **adapter);
/* The process' adapter list entry of a handle; process->lock is held. */
struct process_adapter *process_adapter_by_handle(const struct process *process, d3dkmt_handle handle);

#endif
