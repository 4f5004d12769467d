// SPDX-License-Identifier: MIT
/* Adapters by their handles in a process (dxgkrnl: dxgprocess.c). */
#include "dxgsim/driver/adapter.h"

#include <errno.h>

#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/machine.h"

struct process_adapter *process_adapter_by_handle(const struct process *process, d3dkmt_handle handle)
{
	return handle_lookup(&process->adapters, HANDLE_ADAPTER, handle);
}

int adapter_lookup(struct process *process, d3dkmt_handle handle, struct adapter **adapter)
{
	const struct process_adapter *process_adapter;

	pthread_mutex_lock(&process->lock);
	process_adapter = process_adapter_by_handle(process, handle);
	*adapter = process_adapter ? process_adapter->adapter : NULL;
	pthread_mutex_unlock(&process->lock);
	return *adapter ? 0 : -EINVAL;
}
