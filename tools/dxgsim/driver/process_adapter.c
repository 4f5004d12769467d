// SPDX-License-Identifier: MIT
/* A process' use of adapters: opening, counting, closing (dxgkrnl: dxgadapter.c, dxgprocess.c). */
#include "dxgsim/driver/process_adapter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "dxgsim/driver/adapter.h"
#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/shared.h"

/* process->lock is held */
static struct process_adapter *process_adapter_of(struct process *process, struct adapter *adapter)
{
	struct process_adapter *process_adapter;

	TAILQ_FOREACH(process_adapter, &process->process_adapters, entry)
		if (process_adapter->adapter == adapter)
			return process_adapter;
	process_adapter = calloc(1, sizeof(*process_adapter));
	if (!process_adapter)
		return NULL;
	process_adapter->process = process;
	process_adapter->adapter = adapter;
	TAILQ_INIT(&process_adapter->devices);
	/* may wait for another process of the VM, for no longer than it takes to read a list */
	if (shared_adapter_opened(process->tgid, adapter->vgpu.guest_luid)) {
		free(process_adapter);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&process->process_adapters, process_adapter, entry);
	return process_adapter;
}

/* process->lock is held; the caller destroys what is left of an adapter without handles */
static bool process_adapter_put(struct process_adapter *process_adapter)
{
	if (--process_adapter->refs)
		return false;
	TAILQ_REMOVE(&process_adapter->process->process_adapters, process_adapter, entry);
	return true;
}

static struct device *first_device(struct process_adapter *process_adapter)
{
	struct process *process = process_adapter->process;
	struct device *device;

	pthread_mutex_lock(&process->lock);
	device = TAILQ_FIRST(&process_adapter->devices);
	pthread_mutex_unlock(&process->lock);
	return device;
}

static void process_adapter_destroy(struct process_adapter *process_adapter)
{
	struct device *device;

	while ((device = first_device(process_adapter)))
		device_destroy(device, true);
	shared_adapter_closed(process_adapter->process->tgid, process_adapter->adapter->vgpu.guest_luid);
	free(process_adapter);
}

int process_adapter_open(struct process *process, struct adapter *adapter, d3dkmt_handle *handle)
{
	struct process_adapter *process_adapter;
	int ret = -ENOMEM;

	pthread_mutex_lock(&process->lock);
	process_adapter = process_adapter_of(process, adapter);
	if (process_adapter) {
		process_adapter->refs++;
		ret = handle_alloc(&process->adapters, HANDLE_ADAPTER, process_adapter, handle);
		if (!ret || !process_adapter_put(process_adapter))
			process_adapter = NULL;
	}
	pthread_mutex_unlock(&process->lock);
	if (process_adapter)
		process_adapter_destroy(process_adapter);
	return ret;
}

int process_adapter_close(struct process *process, d3dkmt_handle handle)
{
	struct process_adapter *process_adapter;
	bool last = false;

	if (handle == 0)
		return 0;
	pthread_mutex_lock(&process->lock);
	process_adapter = process_adapter_by_handle(process, handle);
	if (process_adapter) {
		handle_free(&process->adapters, HANDLE_ADAPTER, handle);
		last = process_adapter_put(process_adapter);
	}
	pthread_mutex_unlock(&process->lock);
	if (last)
		process_adapter_destroy(process_adapter);
	return process_adapter ? 0 : -EINVAL;
}

void process_adapters_destroy(struct process *process)
{
	struct process_adapter *process_adapter;

	pthread_mutex_lock(&process->lock);
	handle_table_destroy(&process->adapters);
	pthread_mutex_unlock(&process->lock);
	for (;;) {
		pthread_mutex_lock(&process->lock);
		process_adapter = TAILQ_FIRST(&process->process_adapters);
		if (process_adapter)
			TAILQ_REMOVE(&process->process_adapters, process_adapter, entry);
		pthread_mutex_unlock(&process->lock);
		if (!process_adapter)
			return;
		process_adapter_destroy(process_adapter);
	}
}
