// SPDX-License-Identifier: MIT
/*
 * Memory of the host's, and CPU access to it: its part of the IO window.  Public source of the rules: Microsoft, D3DKMTLock2;
 * dxgkrnl: dxgvmbus.c; AMD's clients, which do not lock VRAM that has been mapped.
 */
#include "dxgsim/host/types.h"

int vidmm_allocation_back(struct host_model *model, struct host_allocation *allocation)
{
	return allocation->store ? 0 : io_store_get(model, allocation->size, &allocation->store);
}

static uint64_t window_bytes(const struct host_allocation *allocation)
{
	return (allocation->size + BIG_PAGE - 1) & ~(BIG_PAGE - 1);
}

static void count_locked(const struct host_allocation *allocation, int64_t bytes)
{
	struct host_adapter *adapter = allocation->device->adapter;
	enum segment segment = allocation->system ? SEGMENT_APERTURE : SEGMENT_VISIBLE;

	adapter->locked += (uint64_t)bytes;
	arena_add(adapter->model->arena, adapter->index, ARENA_LOCKED, segment, bytes);
}

/* The window is the whole VM's. */
static bool window_has_room(const struct host_allocation *allocation)
{
	const struct host_adapter *adapter = allocation->device->adapter;
	uint64_t limit = adapter->fixture->io_window_bytes, used = adapter->locked;

	if (!limit)
		return true;
	arena_lock(adapter->model->arena);
	arena_reap(adapter->model->arena);
	for (uint32_t segment = 0; segment < SEGMENTS; segment++)
		used += arena_others(adapter->model->arena, adapter->index, ARENA_LOCKED, segment);
	arena_unlock(adapter->model->arena);
	return used <= limit && window_bytes(allocation) <= limit - used;
}

static bool may_be_locked(const struct host_allocation *allocation)
{
	const struct fixture *fixture = allocation->device->adapter->fixture;

	if (fixture->lock_refused || !allocation->cpu_visible)
		return false;
	return fixture->lock_after_map || allocation->system || !allocation->was_mapped || allocation->locks;
}

void host_lock(struct host_call *call)
{
	struct host_allocation *allocation =
		objects_find(&call->process->handles, call->m->request.lock->args.allocation,
			     HOST_OBJECT_ALLOCATION, call->name);

	if (!allocation) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!vidmm_device_active(call, allocation->device))
		return;
	if (allocation->offered) {
		report_misuse("%s: allocation 0x%x is offered and has to be reclaimed first", call->name,
			      allocation->object.handle);
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	if (!may_be_locked(allocation)) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	if ((!allocation->locks && !window_has_room(allocation)) ||
	    vidmm_allocation_back(call->model, allocation)) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	if (!allocation->locks++)
		count_locked(allocation, (int64_t)window_bytes(allocation));
	call->m->reply.lock->address = IO_BASE + allocation->store;
}

void vidmm_unlock_all(struct host_allocation *allocation)
{
	if (allocation->locks)
		count_locked(allocation, -(int64_t)window_bytes(allocation));
	allocation->locks = 0;
}

void host_unlock(struct host_call *call)
{
	struct host_allocation *allocation =
		objects_find(&call->process->handles, call->m->request.unlock->allocation,
			     HOST_OBJECT_ALLOCATION, call->name);

	if (!allocation || !allocation->locks) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	if (allocation->locks == 1)
		vidmm_unlock_all(allocation);
	else
		allocation->locks--;
}
