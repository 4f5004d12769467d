// SPDX-License-Identifier: MIT
/*
 * Sync objects.  Fences (types 5 and 6) have a page in the caller's address space and go with their device; all other
 * types belong to nobody and live until they are destroyed or the process ends (dxgkrnl: ioctl.c, dxgadapter.c).
 */
#include "dxgsim/driver/syncobject.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "dxgsim/driver/event.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

static void shared_syncobject_release(struct object *object)
{
	free(object);
}

struct shared_syncobject *shared_syncobject_create(uint32_t type, bool monitored_fence, d3dkmt_handle global)
{
	struct shared_syncobject *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	object_init(&shared->object, shared_syncobject_release);
	shared->type = type;
	shared->monitored_fence = monitored_fence;
	shared->global = global;
	return shared;
}

static void syncobject_release(struct object *object)
{
	struct syncobject *syncobject = (struct syncobject *)object;

	if (syncobject->shared)
		object_put(&syncobject->shared->object);
	device_put(syncobject->device);
	free(syncobject);
}

static bool type_is_fence(uint32_t type)
{
	return type == D3DDDI_MONITORED_FENCE || type == D3DDDI_PERIODIC_MONITORED_FENCE;
}

int syncobject_create(struct device *device, const struct syncobject_info *info, struct syncobject **out)
{
	struct process *process = device->process;
	struct syncobject *syncobject = calloc(1, sizeof(*syncobject));
	int ret = 0;

	if (!syncobject)
		return -ENOMEM;
	object_init(&syncobject->object, syncobject_release);
	syncobject->process = process;
	syncobject->adapter = device->adapter;
	syncobject->handle = info->handle;
	syncobject->type = info->type;
	syncobject->monitored_fence = info->monitored_fence;
	syncobject->shared = info->shared;
	syncobject->guest_event = info->guest_event;
	if (info->shared)
		object_get(&info->shared->object);
	if (info->monitored_fence) {
		syncobject->device = device;
		object_get(&device->object);
		ret = io_map(info->fence_page, 1, device->adapter, &syncobject->fence);
		syncobject->fence_va = (uint64_t)(uintptr_t)syncobject->fence.address;
	}
	if (!ret) {
		pthread_mutex_lock(&process->lock);
		ret = info->monitored_fence ? device_accepts(device) : 0;
		if (!ret)
			ret = handle_assign(&process->handles, HANDLE_SYNCOBJECT, syncobject, info->handle);
		if (!ret) {
			syncobject->handle_valid = true;
			object_get(
				&syncobject
					 ->object); /* the caller's: another thread may destroy it at once */
			if (info->monitored_fence)
				TAILQ_INSERT_TAIL(&device->syncobjects, syncobject, entry);
			else
				TAILQ_INSERT_TAIL(&process->syncobjects, syncobject, entry);
		}
		pthread_mutex_unlock(&process->lock);
	}
	if (ret) {
		io_unmap(process, &syncobject->fence);
		object_put(&syncobject->object);
		return ret;
	}
	*out = syncobject;
	return 0;
}

/* process->lock is held: afterwards the caller owns the list's reference */
static void syncobject_unlink(struct syncobject *syncobject)
{
	handle_free(&syncobject->process->handles, HANDLE_SYNCOBJECT, syncobject->handle);
	syncobject->handle_valid = false;
	if (syncobject->device)
		TAILQ_REMOVE(&syncobject->device->syncobjects, syncobject, entry);
	else
		TAILQ_REMOVE(&syncobject->process->syncobjects, syncobject, entry);
}

static void syncobject_destroy(struct syncobject *syncobject)
{
	if (syncobject->guest_event)
		event_remove(syncobject->guest_event);
	io_unmap(syncobject->process, &syncobject->fence);
	object_put(&syncobject->object);
}

void syncobject_undo(struct syncobject *syncobject)
{
	bool mine;

	pthread_mutex_lock(&syncobject->process->lock);
	mine = syncobject->handle_valid;
	if (mine)
		syncobject_unlink(syncobject);
	pthread_mutex_unlock(&syncobject->process->lock);
	if (mine)
		syncobject_destroy(syncobject);
}

static void syncobjects_destroy_all(struct device *device)
{
	struct syncobject *syncobject;

	for (;;) {
		pthread_mutex_lock(&device->process->lock);
		syncobject = TAILQ_FIRST(&device->syncobjects);
		if (syncobject)
			syncobject_unlink(syncobject);
		pthread_mutex_unlock(&device->process->lock);
		if (!syncobject)
			return;
		syncobject_destroy(syncobject);
	}
}

static void syncobjects_report(const struct device *device, driver_visit visit, void *arg)
{
	const struct syncobject *syncobject;

	TAILQ_FOREACH(syncobject, &device->syncobjects, entry) {
		const struct driver_object object = {
			.kind = "sync object", .handle = syncobject->handle, .device = device->handle};

		visit(arg, &object);
	}
}

const struct device_part syncobject_part = {
	.destroy_all = syncobjects_destroy_all,
	.show = syncobjects_report,
};

void syncobjects_destroy_all_of_process(struct process *process)
{
	struct syncobject *syncobject;

	for (;;) {
		pthread_mutex_lock(&process->lock);
		syncobject = TAILQ_FIRST(&process->syncobjects);
		if (syncobject)
			syncobject_unlink(syncobject);
		pthread_mutex_unlock(&process->lock);
		if (!syncobject)
			return;
		syncobject_destroy(syncobject);
	}
}

int syncobject_lookup(struct process *process, d3dkmt_handle handle, struct syncobject **out)
{
	pthread_mutex_lock(&process->lock);
	*out = handle_lookup(&process->handles, HANDLE_SYNCOBJECT, handle);
	if (*out)
		object_get(&(*out)->object);
	pthread_mutex_unlock(&process->lock);
	return *out ? 0 : -EINVAL;
}

int syncobject_send_destroy(struct process *process, d3dkmt_handle handle)
{
	struct host_destroy_sync_object request = {.sync_object = handle};
	struct host_message m;
	int ret;

	ret = message_init(&m, process, NULL, HOST_DESTROYSYNCOBJECT, 8, 4);
	if (ret)
		return ret;
	m.request.destroy_sync_object = &request;
	return message_call(&m);
}

/* ---- CREATESYNCHRONIZATIONOBJECT ---- */

static int send_create_sync_object(struct device *device,
				   const struct d3dkmt_createsynchronizationobject2 *args,
				   struct host_create_sync_object_reply *reply)
{
	struct host_create_sync_object request = {.args = *args};
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_CREATESYNCOBJECT, sizeof(*args) + 8,
			   32);
	if (ret)
		return ret;
	m.has_status = false;
	m.request.create_sync_object = &request;
	m.reply.create_sync_object = reply;
	return message_call(&m);
}

static void fence_addresses_set(struct d3dddi_synchronizationobjectinfo2 *info, uint64_t cpu, uint64_t gpu)
{
	if (info->type == D3DDDI_PERIODIC_MONITORED_FENCE) {
		info->periodic_monitored_fence.fence_cpu_virtual_address = cpu;
		info->periodic_monitored_fence.fence_gpu_virtual_address = gpu;
	} else {
		info->monitored_fence.fence_cpu_virtual_address = cpu;
		info->monitored_fence.fence_gpu_virtual_address = gpu;
	}
}

/* The host's object, the guest's, and the caller's structure.  On error the guest keeps nothing. */
static int sync_object_make(struct device *device, struct d3dkmt_createsynchronizationobject2 *args,
			    uint64_t guest_event, uint64_t arg)
{
	struct host_create_sync_object_reply reply = {0};
	struct syncobject_info info = {
		.type = args->info.type,
		.monitored_fence = type_is_fence(args->info.type),
		.guest_event = guest_event,
	};
	struct syncobject *syncobject;
	int ret;

	ret = send_create_sync_object(device, args, &reply);
	if (ret)
		return ret;
	args->sync_object = reply.sync_object;
	info.handle = reply.sync_object;
	info.fence_page = reply.fence_page;
	if (args->info.flags & D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED) {
		args->info.shared_handle = reply.global_sync_object;
		if (reply.global_sync_object == 0)
			return -EINVAL;
		info.shared =
			shared_syncobject_create(info.type, info.monitored_fence, reply.global_sync_object);
		if (!info.shared)
			return -ENOMEM;
	}
	ret = syncobject_create(device, &info, &syncobject);
	if (info.shared)
		object_put(&info.shared->object);
	if (ret == -EINVAL)
		/* a handle that cannot be registered: the caller's structure has been written by then */
		copy_to_user(arg, args, sizeof(*args));
	if (ret)
		return ret;
	if (info.monitored_fence)
		fence_addresses_set(&args->info, syncobject->fence_va, reply.fence_gpu_va);
	ret = copy_to_user(arg, args, sizeof(*args));
	if (ret)
		syncobject_undo(syncobject);
	object_put(&syncobject->object);
	return ret;
}

int ioctl_create_sync_object(struct process *process, uint64_t arg)
{
	const uint32_t shared = D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED;
	const uint32_t nt = D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NT_SECURITY_SHARING;
	struct d3dkmt_createsynchronizationobject2 args;
	struct device *device;
	uint64_t event = 0;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	if ((args.info.flags & (shared | nt)) == shared) {
		device_put(device);
		return -EINVAL;
	}
	if (args.info.type == D3DDDI_CPU_NOTIFICATION) {
		ret = eventfd_event_add(args.info.cpu_notification.event, true, &event);
		if (!ret)
			args.info.cpu_notification.event = event;
	}
	if (!ret)
		ret = sync_object_make(device, &args, event, arg);
	if (ret) {
		if (event)
			event_remove(event);
		/* whatever the field holds, were it what the caller left there */
		if (args.sync_object)
			syncobject_send_destroy(process, args.sync_object);
	}
	device_put(device);
	return ret;
}

int ioctl_destroy_sync_object(struct process *process, uint64_t arg)
{
	struct d3dkmt_destroysynchronizationobject args;
	struct syncobject *syncobject;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	pthread_mutex_lock(&process->lock);
	syncobject = handle_lookup(&process->handles, HANDLE_SYNCOBJECT, args.sync_object);
	if (syncobject)
		syncobject_unlink(syncobject);
	pthread_mutex_unlock(&process->lock);
	if (!syncobject)
		return -EINVAL;
	syncobject_destroy(syncobject);
	return syncobject_send_destroy(process, args.sync_object);
}
