// SPDX-License-Identifier: MIT
/* Waits that others than their ioctls ask for. */
#ifndef DXGSIM_DRIVER_SYNC_H
#define DXGSIM_DRIVER_SYNC_H

#include "dxgsim/driver/objects.h"

/* Sends WAITFORSYNCOBJECTFROMCPU / WAITFORSYNCOBJECTFROMGPU (sync.c).  Results as message_call(). */
int send_wait_from_cpu(struct process *process, struct adapter *adapter,
		       const struct host_wait_from_cpu *wait);
int send_wait_from_gpu(struct process *process, struct adapter *adapter,
		       const struct host_wait_from_gpu *wait);

#endif
