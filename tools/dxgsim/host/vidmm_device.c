// SPDX-License-Identifier: MIT
/* Devices: their life, what hangs off them, and what the guest may ask about them. */
#include <stdlib.h>

#include "dxgsim/host/types.h"

void host_create_device(struct host_call *call)
{
	uint32_t flags = call->m->request.create_device->flags;
	struct host_device *device;

	if (flags & ~D3DKMT_CREATEDEVICEFLAGS_DISABLE_GPU_TIMEOUT) {
		report_misuse("%s: flags 0x%x", call->name, flags);
		return;
	}
	device = calloc(1, sizeof(*device));
	if (!device || objects_add(&call->process->handles, &device->object, HOST_OBJECT_DEVICE)) {
		free(device);
		return; /* no status: handle 0 is the refusal */
	}
	device->process = call->process;
	device->adapter = call->adapter;
	device->execution_state = D3DKMT_DEVICEEXECUTION_ACTIVE;
	LIST_INSERT_HEAD(&call->process->devices, device, link);
	call->m->reply.create_device->device = device->object.handle;
}

void vidmm_device_destroy(struct host_model *model, struct host_device *device)
{
	while (!LIST_EMPTY(&device->contexts))
		vidsch_context_destroy(model, LIST_FIRST(&device->contexts));
	while (!LIST_EMPTY(&device->paging_queues))
		vidmm_paging_queue_destroy(model, LIST_FIRST(&device->paging_queues));
	while (!LIST_EMPTY(&device->syncs))
		vidmm_sync_destroy(model, device->process, LIST_FIRST(&device->syncs));
	while (!LIST_EMPTY(&device->resources))
		vidmm_resource_destroy(model, LIST_FIRST(&device->resources));
	while (!LIST_EMPTY(&device->allocations))
		vidmm_allocation_destroy(model, LIST_FIRST(&device->allocations));
	objects_remove(&device->process->handles, &device->object);
	LIST_REMOVE(device, link);
	free(device);
}

void host_destroy_device(struct host_call *call)
{
	struct host_device *device =
		objects_find(&call->process->handles, call->m->request.destroy_device->device,
			     HOST_OBJECT_DEVICE, call->name);

	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (device->high_clocks && device->execution_state == D3DKMT_DEVICEEXECUTION_ACTIVE &&
	    !device->retired)
		report_misuse("%s: device 0x%x still asks for high clocks", call->name,
			      device->object.handle);
	vidmm_device_destroy(call->model, device);
}

void host_get_device_state(struct host_call *call)
{
	const struct d3dkmt_getdevicestate *args = &call->m->request.get_device_state->args;
	struct d3dkmt_getdevicestate *answer = &call->m->reply.get_device_state->args;
	struct host_device *device;

	*answer = *args;
	device = objects_find(&call->process->handles, args->device, HOST_OBJECT_DEVICE, call->name);
	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	switch (args->state_type) {
	case D3DKMT_DEVICESTATE_EXECUTION:
		answer->execution_state = device->execution_state;
		return;
	case D3DKMT_DEVICESTATE_RESET:
		answer->reset_state = 0;
		return;
	case D3DKMT_DEVICESTATE_PAGE_FAULT:
		answer->page_fault_state = device->page_fault;
		return;
	default: /* presentation: a vGPU has no display */
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
	}
}

void host_mark_device_as_error(struct host_call *call)
{
	struct host_device *device =
		objects_find(&call->process->handles, call->m->request.mark_device_as_error->device,
			     HOST_OBJECT_DEVICE, call->name);

	if (!device)
		call->m->status = HOST_STATUS_INVALID_HANDLE;
	else
		vidsch_device_lost(call->model, device, D3DKMT_DEVICEEXECUTION_RESET);
}
