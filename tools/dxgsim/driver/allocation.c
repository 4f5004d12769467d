// SPDX-License-Identifier: MIT
/*
 * Allocations and resources as guest objects: who owns them, how they become known and how they end
 * (dxgkrnl: dxgadapter.c, ioctl.c DESTROYALLOCATION2).
 */
#include "dxgsim/driver/allocation.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/notice.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/shared_resource.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/userptr.h"
#include "dxgsim/driver/vmbus.h"

#define DESTROY_BODY	24u
#define ALLOCATIONS_MAX 1024u /* D3DKMT_CREATEALLOCATION_MAX */
#define STATUS_REPLY	4u

static void allocation_release(struct object *object)
{
	struct allocation *allocation = (struct allocation *)object;

	device_put(allocation->device);
	pthread_mutex_destroy(&allocation->map_lock);
	free(allocation->private_data);
	free(allocation);
}

struct allocation *allocation_new(struct device *device)
{
	struct allocation *allocation = calloc(1, sizeof(*allocation));

	if (!allocation)
		return NULL;
	object_init(&allocation->object, allocation_release);
	pthread_mutex_init(&allocation->map_lock, NULL);
	object_get(&device->object);
	allocation->device = device;
	allocation->process = device->process;
	return allocation;
}

static void resource_release(struct object *object)
{
	struct resource *resource = (struct resource *)object;

	if (resource->shared)
		shared_resource_put(resource->shared);
	device_put(resource->device);
	free(resource);
}

struct resource *resource_new(struct device *device)
{
	struct resource *resource = calloc(1, sizeof(*resource));

	if (!resource)
		return NULL;
	object_init(&resource->object, resource_release);
	object_get(&device->object);
	resource->device = device;
	resource->process = device->process;
	TAILQ_INIT(&resource->allocations);
	return resource;
}

static int handles_assign(struct process *process, struct resource *resource,
			  struct allocation *const *allocations, uint32_t count)
{
	uint32_t i;
	int ret;

	if (resource) {
		ret = handle_assign(&process->handles, HANDLE_RESOURCE, resource, resource->handle);
		if (ret)
			return ret;
	}
	for (i = 0; i < count; i++) {
		ret = handle_assign(&process->handles, HANDLE_ALLOCATION, allocations[i],
				    allocations[i]->handle);
		if (ret)
			goto undo;
	}
	return 0;
undo:
	while (i-- > 0)
		handle_free(&process->handles, HANDLE_ALLOCATION, allocations[i]->handle);
	if (resource)
		handle_free(&process->handles, HANDLE_RESOURCE, resource->handle);
	return ret;
}

int allocations_register(struct device *device, struct resource *resource, bool new_resource,
			 struct allocation *const *allocations, uint32_t count)
{
	struct process *process = device->process;
	int ret;

	pthread_mutex_lock(&process->lock);
	ret = device_accepts(device);
	if (!ret && resource && !new_resource && resource->destroyed)
		ret = -EINVAL;
	if (!ret)
		ret = handles_assign(process, new_resource ? resource : NULL, allocations, count);
	if (ret) {
		pthread_mutex_unlock(&process->lock);
		return ret;
	}
	if (new_resource) {
		resource->handle_valid = true;
		TAILQ_INSERT_TAIL(&device->resources, resource, entry);
	}
	for (uint32_t i = 0; i < count; i++) {
		allocations[i]->resource = resource;
		allocations[i]->handle_valid = true;
		if (resource)
			TAILQ_INSERT_TAIL(&resource->allocations, allocations[i], entry);
		else
			TAILQ_INSERT_TAIL(&device->allocations, allocations[i], entry);
	}
	pthread_mutex_unlock(&process->lock);
	return 0;
}

static void allocation_forget_handle(struct process *process, struct allocation *allocation)
{
	if (allocation->handle_valid)
		handle_free(&process->handles, HANDLE_ALLOCATION, allocation->handle);
	allocation->handle_valid = false;
}

static void resource_forget_handles(struct process *process, struct resource *resource)
{
	struct allocation *allocation;

	TAILQ_FOREACH(allocation, &resource->allocations, entry)
		allocation_forget_handle(process, allocation);
	if (resource->handle_valid)
		handle_free(&process->handles, HANDLE_RESOURCE, resource->handle);
	resource->handle_valid = false;
	resource->destroyed = true;
}

void resource_unregister(struct resource *resource)
{
	struct process *process = resource->process;

	pthread_mutex_lock(&process->lock);
	if (!resource->destroyed) {
		resource_forget_handles(process, resource);
		TAILQ_REMOVE(&resource->device->resources, resource, entry);
	}
	pthread_mutex_unlock(&process->lock);
}

int resource_lookup(struct device *device, d3dkmt_handle handle, struct resource **resource)
{
	struct process *process = device->process;
	struct resource *found;

	*resource = NULL;
	pthread_mutex_lock(&process->lock);
	found = handle_lookup(&process->handles, HANDLE_RESOURCE, handle);
	if (found && found->device == device && !found->destroyed) {
		object_get(&found->object);
		*resource = found;
	}
	pthread_mutex_unlock(&process->lock);
	return *resource ? 0 : -EINVAL;
}

void allocation_end(struct allocation *allocation)
{
	pthread_mutex_lock(&allocation->map_lock);
	if (allocation->map.address)
		io_unmap(allocation->process, &allocation->map);
	allocation->lock_count = 0;
	allocation->ended = true;
	pthread_mutex_unlock(&allocation->map_lock);
	userptr_detach(allocation);
	object_put(&allocation->object);
}

void resource_end(struct resource *resource)
{
	struct process *process = resource->process;
	struct allocation *allocation;

	for (;;) {
		pthread_mutex_lock(&process->lock);
		allocation = TAILQ_FIRST(&resource->allocations);
		if (allocation)
			TAILQ_REMOVE(&resource->allocations, allocation, entry);
		pthread_mutex_unlock(&process->lock);
		if (!allocation)
			break;
		allocation_end(allocation);
	}
	object_put(&resource->object);
}

int send_destroy_allocation(struct device *device, d3dkmt_handle resource, const d3dkmt_handle *allocations,
			    uint32_t count, uint32_t flags)
{
	struct host_destroy_allocation request = {
		.device = device->handle,
		.resource = resource,
		.flags = flags,
		.allocation_count = count,
		.allocations = allocations,
	};
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_DESTROYALLOCATION,
			   DESTROY_BODY + (uint64_t)count * sizeof(*allocations), STATUS_REPLY);
	if (ret)
		return ret;
	m.request.destroy_allocation = &request;
	return message_call(&m);
}

/* Takes the listed allocations out of tables and lists, or leaves all as they were. */
static int list_detach(struct device *device, const d3dkmt_handle *handles, uint32_t count,
		       struct allocation **allocations)
{
	struct process *process = device->process;
	struct allocation *allocation;
	int ret = 0;

	pthread_mutex_lock(&process->lock);
	for (uint32_t i = 0; i < count && !ret; i++) {
		allocation = handle_lookup(&process->handles, HANDLE_ALLOCATION, handles[i]);
		if (!allocation || allocation->device != device ||
		    (i && allocation->resource != allocations[0]->resource) ||
		    (allocation->resource && allocation->resource->shared))
			ret = -EINVAL;
		else
			allocations[i] = allocation;
	}
	for (uint32_t i = 0; i < count && !ret; i++) {
		if (!allocations[i]->handle_valid)
			notice_crashed(
				"DESTROYALLOCATION2 lists an allocation twice: the kernel frees it twice");
		allocation_forget_handle(process, allocations[i]);
		if (allocations[i]->resource)
			TAILQ_REMOVE(&allocations[i]->resource->allocations, allocations[i], entry);
		else
			TAILQ_REMOVE(&device->allocations, allocations[i], entry);
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

static int destroy_list(struct device *device, const struct d3dkmt_destroyallocation2 *args)
{
	struct allocation **allocations = NULL;
	void *handles = NULL;
	int ret;

	ret = copy_array_from_user(&handles, args->allocations, args->alloc_count, sizeof(d3dkmt_handle));
	if (ret)
		return ret;
	allocations = calloc(args->alloc_count, sizeof(struct allocation *));
	ret = allocations ? list_detach(device, handles, args->alloc_count, allocations) : -ENOMEM;
	if (!ret) {
		/* whatever the host says, the handles are gone */
		ret = send_destroy_allocation(device, 0, handles, args->alloc_count, args->flags);
		for (uint32_t i = 0; i < args->alloc_count; i++)
			allocation_end(allocations[i]);
	}
	free(allocations);
	free(handles);
	return ret;
}

static int destroy_resource(struct device *device, const struct d3dkmt_destroyallocation2 *args)
{
	struct process *process = device->process;
	struct resource *resource;
	int ret = 0;

	pthread_mutex_lock(&process->lock);
	resource = handle_lookup(&process->handles, HANDLE_RESOURCE, args->resource);
	if (resource && resource->device == device && !resource->destroyed) {
		resource_forget_handles(process, resource);
		TAILQ_REMOVE(&device->resources, resource, entry);
	} else {
		ret = -EINVAL;
	}
	pthread_mutex_unlock(&process->lock);
	if (ret)
		return ret;
	ret = send_destroy_allocation(device, args->resource, NULL, 0, args->flags);
	resource_end(resource);
	return ret;
}

int ioctl_destroy_allocation2(struct process *process, uint64_t arg)
{
	struct d3dkmt_destroyallocation2 args;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (!args.alloc_count == !args.resource || args.alloc_count > ALLOCATIONS_MAX)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	ret = args.resource ? destroy_resource(device, &args) : destroy_list(device, &args);
	device_put(device);
	return ret;
}

static struct allocation *first_allocation_detach(struct device *device)
{
	struct process *process = device->process;
	struct allocation *allocation;

	pthread_mutex_lock(&process->lock);
	allocation = TAILQ_FIRST(&device->allocations);
	if (allocation) {
		TAILQ_REMOVE(&device->allocations, allocation, entry);
		allocation_forget_handle(process, allocation);
	}
	pthread_mutex_unlock(&process->lock);
	return allocation;
}

static struct resource *first_resource_detach(struct device *device)
{
	struct process *process = device->process;
	struct resource *resource;

	pthread_mutex_lock(&process->lock);
	resource = TAILQ_FIRST(&device->resources);
	if (resource) {
		TAILQ_REMOVE(&device->resources, resource, entry);
		resource_forget_handles(process, resource);
	}
	pthread_mutex_unlock(&process->lock);
	return resource;
}

static void allocations_destroy_all(struct device *device)
{
	struct allocation *allocation;
	struct resource *resource;

	/* a host that refuses cannot stop a device from going away */
	while ((allocation = first_allocation_detach(device)) != NULL) {
		send_destroy_allocation(device, 0, &allocation->handle, 1, 0);
		allocation_end(allocation);
	}
	while ((resource = first_resource_detach(device)) != NULL) {
		send_destroy_allocation(device, resource->handle, NULL, 0, 0);
		resource_end(resource);
	}
}

static void report_allocation(const struct allocation *allocation, driver_visit visit, void *arg)
{
	struct driver_object object = {
		.kind = "allocation",
		.handle = allocation->handle,
		.device = allocation->device->handle,
		.detail = (uint64_t)allocation->num_pages * HOST_PAGE_SIZE,
	};

	visit(arg, &object);
}

static void allocations_report(const struct device *device, driver_visit visit, void *arg)
{
	const struct allocation *allocation;
	const struct resource *resource;

	TAILQ_FOREACH(allocation, &device->allocations, entry)
		report_allocation(allocation, visit, arg);
	TAILQ_FOREACH(resource, &device->resources, entry) {
		struct driver_object object = {
			.kind = "resource",
			.handle = resource->handle,
			.device = device->handle,
		};

		visit(arg, &object);
		TAILQ_FOREACH(allocation, &resource->allocations, entry)
			report_allocation(allocation, visit, arg);
	}
}

const struct device_part allocation_part = {
	.destroy_all = allocations_destroy_all,
	.show = allocations_report,
};
