// SPDX-License-Identifier: MIT
/*
 * Synchronisation objects: fence values in pages the guest maps, CPU waits that raise a guest event. Signals, and
 * what contexts wait for, are in vidsch_submit.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/types.h"
#include "dxgsim/tsan.h"

int fence_create(struct host_model *model, uint32_t type, uint64_t value, bool page, struct host_fence **out)
{
	struct host_fence *fence = calloc(1, sizeof(*fence));
	int rc;

	if (!fence)
		return -ENOMEM;
	fence->page = NO_FENCE_PAGE;
	fence->type = type;
	fence->value = value;
	fence->refs = 1;
	if (page) {
		rc = io_fence_page_get(model, &fence->page);
		if (rc) {
			free(fence);
			return rc;
		}
		atomic_store_explicit(io_fence_value(model, fence->page), value, memory_order_release);
		model->page_fences[fence->page] = fence;
	}
	*out = fence;
	return 0;
}

/* Guests map fences writable, but they are the host's: a changed value is the program's doing. */
void fence_check_untouched(struct host_model *model, const struct host_fence *fence)
{
	uint64_t seen;

	if (fence->page == NO_FENCE_PAGE)
		return;
	seen = atomic_load_explicit(io_fence_value(model, fence->page), memory_order_relaxed);
	if (seen != fence->value)
		report_misuse("a fence page was written by the program: value %llu, the host wrote %llu",
			      (unsigned long long)seen, (unsigned long long)fence->value);
}

void fence_put(struct host_model *model, struct host_fence *fence)
{
	if (--fence->refs)
		return;
	fence_check_untouched(model, fence);
	if (fence->global)
		LIST_REMOVE(fence, shared_link);
	if (fence->page != NO_FENCE_PAGE) {
		model->page_fences[fence->page] = NULL;
		io_fence_page_put(model, fence->page);
	}
	free(fence);
}

static bool wait_satisfied(const struct host_wait *wait)
{
	for (uint32_t i = 0; i < wait->count; i++) {
		bool reached = !wait->syncs[i] || wait->syncs[i]->fence->value >= wait->values[i];

		if (reached && wait->any)
			return true;
		if (!reached && !wait->any)
			return false;
	}
	return !wait->any;
}

static void finish_waits(struct host_model *model)
{
	struct host_wait *wait, *next;

	for (wait = TAILQ_FIRST(&model->waits); wait; wait = next) {
		next = TAILQ_NEXT(wait, link);
		if (!wait_satisfied(wait))
			continue;
		TAILQ_REMOVE(&model->waits, wait, link);
		guest_raise(model, wait->guest_event);
		free(wait);
	}
}

static void store(struct host_model *model, const struct host_fence *fence)
{
	if (fence->page == NO_FENCE_PAGE)
		return;
	if (TSAN && model->upcalls && model->upcalls->fence_changes)
		model->upcalls->fence_changes(io_fence_address(fence->page));
	atomic_store_explicit(io_fence_value(model, fence->page), fence->value, memory_order_release);
}

void fence_set(struct host_model *model, struct host_fence *fence, uint64_t value)
{
	fence_check_untouched(model, fence);
	if (fence->lost)
		return;
	fence->value = value;
	store(model, fence);
	model->sched_dirty = true;
	finish_waits(model);
}

void fence_lose(struct host_model *model, struct host_fence *fence)
{
	if (fence->kept_on_reset)
		return;
	fence_set(model, fence, UINT64_MAX);
	fence->lost = true;
}

uint64_t fence_gpu_address(const struct host_fence *fence)
{
	return GPU_FENCE_BASE + (uint64_t)fence->page * HOST_PAGE_SIZE;
}

bool fence_is_mapped(const struct host_fence *fence, const struct host_process *process)
{
	const struct host_device *device;
	const struct host_sync *sync;

	if (!fence->gpu_visible)
		return false;
	if (fence->owner == process->handle)
		return true;
	LIST_FOREACH(device, &process->devices, link)
	{
		LIST_FOREACH(sync, &device->syncs, link)
		{
			if (sync->fence == fence)
				return true;
		}
	}
	return false;
}

/* A destroyed handle releases its waiters (Microsoft: D3DKMTDestroySynchronizationObject). */
void fence_release_waits(struct host_model *model, struct host_sync *sync)
{
	struct host_wait *wait;

	TAILQ_FOREACH(wait, &model->waits, link) {
		for (uint32_t i = 0; i < wait->count; i++) {
			if (wait->syncs[i] == sync)
				wait->syncs[i] = NULL;
		}
	}
	finish_waits(model);
}

void waits_drop(struct host_model *model, struct host_process *process)
{
	struct host_wait *wait, *next;

	for (wait = TAILQ_FIRST(&model->waits); wait; wait = next) {
		next = TAILQ_NEXT(wait, link);
		if (wait->process != process)
			continue;
		TAILQ_REMOVE(&model->waits, wait, link);
		free(wait);
	}
}

void vidmm_sync_destroy(struct host_model *model, struct host_process *process, struct host_sync *sync)
{
	fence_release_waits(model, sync);
	objects_remove(&process->handles, &sync->object);
	LIST_REMOVE(sync, link);
	fence_put(model, sync->fence);
	free(sync);
}

#define KNOWN_FLAGS (2 * D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_GPU_ACCESS - 1) /* Microsoft: from Shared on */

static bool has_page(uint32_t type)
{
	return type == D3DDDI_MONITORED_FENCE || type == D3DDDI_PERIODIC_MONITORED_FENCE;
}

static struct host_sync *sync_create(struct host_call *call, struct host_device *device,
				     struct host_fence *fence)
{
	struct host_sync *sync = calloc(1, sizeof(*sync));

	if (!sync || objects_add(&call->process->handles, &sync->object, HOST_OBJECT_SYNC)) {
		free(sync);
		return NULL;
	}
	sync->fence = fence;
	if (has_page(fence->type)) {
		sync->device = device;
		LIST_INSERT_HEAD(&device->syncs, sync, link);
	} else {
		LIST_INSERT_HEAD(&call->process->free_syncs, sync, link);
	}
	return sync;
}

/* What a new object of this type has to start with; false: no such object here. */
static bool initial_value(const struct d3dddi_synchronizationobjectinfo2 *info, uint64_t *value)
{
	*value = 0;
	switch (info->type) {
	case D3DDDI_SYNCHRONIZATION_MUTEX:
		*value = info->synchronization_mutex.initial_state ? 1 : 0;
		return true;
	case D3DDDI_SEMAPHORE:
		*value = info->semaphore.initial_count;
		return info->semaphore.max_count && *value <= info->semaphore.max_count;
	case D3DDDI_FENCE:
		*value = info->fence.fence_value;
		return true;
	case D3DDDI_CPU_NOTIFICATION:
		return true;
	case D3DDDI_MONITORED_FENCE:
		*value = info->monitored_fence.initial_fence_value;
		return true;
	default: /* periodic fences need a display, which a vGPU does not have */
		return false;
	}
}

static void share_fence(struct host_model *model, struct host_fence *fence)
{
	fence->global = model->next_global;
	model->next_global += 0x40;
	LIST_INSERT_HEAD(&model->shared_fences, fence, shared_link);
}

/* A refusal leaves the reply zero: the message carries no status. */
void host_create_sync_object(struct host_call *call)
{
	const struct d3dkmt_createsynchronizationobject2 *args = &call->m->request.create_sync_object->args;
	const struct d3dddi_synchronizationobjectinfo2 *info = &args->info;
	struct host_create_sync_object_reply *reply = call->m->reply.create_sync_object;
	struct host_device *device;
	struct host_fence *fence;
	struct host_sync *sync;
	uint64_t value;

	device = objects_find(&call->process->handles, args->device, HOST_OBJECT_DEVICE, call->name);
	if (!device || !vidmm_device_active(call, device))
		return;
	if (info->flags & ~KNOWN_FLAGS) {
		report_misuse("%s: flags 0x%x", call->name, info->flags);
		return;
	}
	if (!initial_value(info, &value) ||
	    fence_create(call->model, info->type, value, has_page(info->type), &fence))
		return;
	if (info->type == D3DDDI_SEMAPHORE)
		fence->max_count = info->semaphore.max_count;
	if (info->type == D3DDDI_CPU_NOTIFICATION)
		fence->guest_event = info->cpu_notification.event;
	sync = sync_create(call, device, fence);
	if (!sync) {
		fence_put(call->model, fence);
		return;
	}
	if (info->flags & D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED)
		share_fence(call->model, fence);
	reply->global_sync_object = fence->global;
	reply->sync_object = sync->object.handle;
	if (fence->page == NO_FENCE_PAGE)
		return;
	fence->kept_on_reset = info->flags & D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_SIGNAL_MAX_VALUE_ON_TDR;
	fence->gpu_visible = !(info->flags & D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_GPU_ACCESS);
	fence->owner = call->process->handle;
	reply->fence_page = io_fence_address(fence->page);
	if (fence->gpu_visible)
		reply->fence_gpu_va = fence_gpu_address(fence);
}

void host_destroy_sync_object(struct host_call *call)
{
	d3dkmt_handle handle = call->m->request.destroy_sync_object->sync_object;
	struct host_sync *sync;

	/* the guest driver sends 0 when it cleans up after a create that the host refused */
	sync = handle ? objects_find(&call->process->handles, handle, HOST_OBJECT_SYNC, call->name) : NULL;
	if (!sync) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (sync->paging_queue || sync->hwqueue) {
		report_misuse("%s: 0x%x is the fence of a %s queue", call->name, handle,
			      sync->hwqueue ? "hardware" : "paging");
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	vidmm_sync_destroy(call->model, call->process, sync);
}

static struct host_fence *find_shared(struct host_model *model, d3dkmt_handle global)
{
	struct host_fence *fence;

	LIST_FOREACH(fence, &model->shared_fences, shared_link)
	{
		if (fence->global == global)
			return fence;
	}
	return NULL;
}

/* The NT handle of a fence is its global name again; resources are not shared by this host. */
void host_create_nt_shared_object(struct host_call *call)
{
	struct host_fence *fence = find_shared(call->model, call->m->request.create_nt_shared_object->object);

	if (!fence)
		return;
	fence->refs++;
	call->m->reply.create_nt_shared_object->nt_handle = fence->global;
}

void host_open_sync_object(struct host_call *call)
{
	const struct host_open_sync_object *request = call->m->request.open_sync_object;
	struct host_open_sync_object_reply *reply = call->m->reply.open_sync_object;
	struct host_fence *fence = find_shared(call->model, request->global_sync_object);
	struct host_device *device;
	struct host_sync *sync;

	device = objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	if (!fence || !device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!vidmm_device_active(call, device))
		return;
	sync = sync_create(call, device, fence);
	if (!sync) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	fence->refs++;
	reply->sync_object = sync->object.handle;
	if (fence->page != NO_FENCE_PAGE) {
		reply->fence_page = io_fence_address(fence->page);
		if (fence->gpu_visible)
			reply->fence_gpu_va = fence_gpu_address(fence);
	}
}

/* Microsoft: D3DDDICB_SIGNALFLAGS, AllowFenceRewind. */
static int32_t set_value(struct host_model *model, const struct host_point *point, bool rewind,
			 const char *who)
{
	struct host_fence *fence = point->fence;

	if (!rewind && point->value < fence->value && !fence->lost) {
		report_misuse("%s: fence 0x%x is signalled from %llu back to %llu", who, point->handle,
			      (unsigned long long)fence->value, (unsigned long long)point->value);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	fence_set(model, fence, point->value);
	return 0;
}

int32_t fence_signal(struct host_model *model, const struct host_point *point, bool rewind, const char *who)
{
	struct host_fence *fence = point->fence;

	switch (fence->type) {
	case D3DDDI_MONITORED_FENCE:
	case D3DDDI_FENCE:
		return set_value(model, point, rewind, who);
	case D3DDDI_SEMAPHORE:
		if (fence->value >= fence->max_count) {
			report_misuse("%s: semaphore 0x%x is signalled beyond its maximum of %u", who,
				      point->handle, fence->max_count);
			return HOST_STATUS_INVALID_PARAMETER;
		}
		fence_set(model, fence, fence->value + 1);
		return 0;
	case D3DDDI_CPU_NOTIFICATION:
		guest_raise(model, fence->guest_event);
		return 0;
	default:
		fence_set(model, fence, 1);
		return 0;
	}
}

void host_wait_from_cpu(struct host_call *call)
{
	const struct host_wait_from_cpu *request = call->m->request.wait_from_cpu;
	struct host_wait *wait;

	if (request->flags & ~D3DDDI_WAITFORSYNCHRONIZATIONOBJECTFROMCPU_FLAGS_WAIT_ANY) {
		report_misuse("%s: flags 0x%x", call->name, request->flags);
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	if (!request->object_count || request->object_count > MAX_WAIT) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	wait = calloc(1, sizeof(*wait));
	if (!wait) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	wait->process = call->process;
	wait->guest_event = request->guest_event;
	wait->any = request->flags & D3DDDI_WAITFORSYNCHRONIZATIONOBJECTFROMCPU_FLAGS_WAIT_ANY;
	wait->count = request->object_count;
	for (uint32_t i = 0; i < wait->count; i++) {
		wait->syncs[i] = objects_find(&call->process->handles, request->objects[i], HOST_OBJECT_SYNC,
					      call->name);
		wait->values[i] = request->fence_values[i];
		if (wait->syncs[i] && wait->syncs[i]->fence->page == NO_FENCE_PAGE) {
			report_misuse("%s: 0x%x is not a monitored fence", call->name, request->objects[i]);
			wait->syncs[i] = NULL;
		}
		if (!wait->syncs[i]) {
			free(wait);
			call->m->status = HOST_STATUS_INVALID_PARAMETER;
			return;
		}
		fence_check_untouched(call->model, wait->syncs[i]->fence);
	}
	TAILQ_INSERT_TAIL(&call->model->waits, wait, link);
	finish_waits(call->model);
}
