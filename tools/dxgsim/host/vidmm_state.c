// SPDX-License-Identifier: MIT
/* The execution state of a device, by which everything above decides whether it still gets anything. */
#include "dxgsim/host/types.h"

void vidmm_device_set_state(struct host_model *model, struct host_device *device, uint32_t state)
{
	if (device->execution_state == state)
		return;
	device->execution_state = state;
	model->state_changed = true;
}

bool vidmm_device_active(struct host_call *call, const struct host_device *device)
{
	if (device->execution_state == D3DKMT_DEVICEEXECUTION_ACTIVE)
		return true;
	call->m->status = HOST_STATUS_DEVICE_REMOVED;
	return false;
}
