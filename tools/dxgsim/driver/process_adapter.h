// SPDX-License-Identifier: MIT
/* A process' use of adapters. */
#ifndef DXGSIM_DRIVER_PROCESS_ADAPTER_H
#define DXGSIM_DRIVER_PROCESS_ADAPTER_H

#include "dxgsim/driver/objects.h"

/* One handle more: 0 or -ENOMEM. */
int process_adapter_open(struct process *process, struct adapter *adapter, d3dkmt_handle *handle);
/* One handle less; with the last one of an adapter its devices end.  -EINVAL: no such handle. */
int process_adapter_close(struct process *process, d3dkmt_handle handle);
/* Process end: every adapter, whatever its handles. */
void process_adapters_destroy(struct process *process);

#endif
