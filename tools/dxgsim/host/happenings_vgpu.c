// SPDX-License-Identifier: MIT
/* vGPUs that go and come back: their names, what is left of what was on them, and when the guest learns of it. */
#include "dxgsim/host/types.h"

/* ---- names ---- */

void vgpu_name(const struct host_adapter *adapter, struct host_vgpu *out)
{
	const struct happened_adapter *now = &adapter->model->happenings.now.adapters[adapter->index];
	uint32_t number = adapter->index + now->plugs * HOST_MAX_VGPUS;

	*out = (struct host_vgpu){
		.guest_luid = {0x44332211u + number, adapter->luid_b},
		.host_luid = {0x5001u + number, 0},
		.host_adapter = 0x70000040u + number * 0x40,
		.compute_only = adapter->fixture->compute_only,
		.removed = now->removed,
	};
}

/* ---- what the guest knows ---- */

static uint32_t state_of(const struct host_adapter *adapter)
{
	const struct happened_adapter *now = &adapter->model->happenings.now.adapters[adapter->index];

	return now->plugs << 1 | now->removed;
}

static bool is_removed(uint32_t state)
{
	return state & 1;
}

void vgpu_configure(struct host_model *model)
{
	for (uint32_t i = 0; i < model->adapter_count; i++) {
		vgpu_name(&model->adapters[i], &model->config.vgpus[i]);
		model->adapters[i].told = state_of(&model->adapters[i]);
	}
}

bool vgpu_reachable(const struct host_adapter *adapter)
{
	uint32_t state = state_of(adapter);

	return adapter->told == state && !is_removed(state);
}

/* The guest's driver may come back with messages: no lock is held when it is called. */
static void tell_one(struct host_adapter *adapter)
{
	struct host_model *model = adapter->model;
	uint32_t was = adapter->told, is = state_of(adapter);
	struct host_vgpu vgpu;

	if (was == is)
		return;
	vgpu_name(adapter, &vgpu);
	model->upcalls_in_flight++;
	pthread_mutex_unlock(&model->lock);
	if (!is_removed(was))
		model->upcalls->vgpu_removed(adapter->index);
	model_lock(model);
	adapter->told = is; /* who learns of a new one can use it at once */
	pthread_mutex_unlock(&model->lock);
	if (!is_removed(is) && model->upcalls->vgpu_added)
		model->upcalls->vgpu_added(adapter->index, &vgpu);
	model_lock(model);
	if (!--model->upcalls_in_flight)
		pthread_cond_broadcast(&model->idle);
}

void vgpu_tell(struct host_model *model)
{
	pthread_mutex_lock(&model->happenings.tell);
	model_lock(model);
	for (uint32_t i = 0; i < model->adapter_count; i++) {
		/* a driver that sleeps cannot even be told that its GPU is gone */
		if (model->happenings.attached && !model->happenings.now.asleep)
			tell_one(&model->adapters[i]);
	}
	pthread_mutex_unlock(&model->lock);
	pthread_mutex_unlock(&model->happenings.tell);
}

/* ---- what is left ---- */

/*
 * The guest's driver gives nothing back through a channel that is gone, and the program may still look at what is mapped:
 * objects stay until their process ends, without taking a part of the GPU that another process, or the vGPU that comes
 * next, could have.
 */
static void retire(struct host_device *device)
{
	struct host_model *model = device->adapter->model;
	struct host_use *use = &device->process->use[device->adapter->index];
	struct host_allocation *allocation;
	struct host_context *context;

	LIST_FOREACH(allocation, &device->allocations, link)
	{
		vidmm_allocation_retire(model, allocation);
		allocation->mappings = 0;
	}
	LIST_FOREACH(context, &device->contexts, link)
	use->contexts--;
	device->retired = true;
}

void vgpu_retire(struct host_adapter *adapter)
{
	struct host_process *process;
	struct host_device *device;

	LIST_FOREACH(process, &adapter->model->processes, link)
	{
		struct va_space *va = &process->use[adapter->index].va;

		va_free_all(va);
		va->adapter = adapter;
		va->process = process;
		LIST_FOREACH(device, &process->devices, link)
		{
			if (device->adapter == adapter && !device->retired)
				retire(device);
		}
	}
}
