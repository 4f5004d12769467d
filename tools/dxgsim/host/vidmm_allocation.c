// SPDX-License-Identifier: MIT
/* Allocations and resources: creation from AMD's private data, their memory, their end, priorities. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dxgsim/host/amd_allocation.h"
#include "dxgsim/host/types.h"

#define REWRITTEN	 0xd5
#define LONGER		 64u
#define DEFAULT_PRIORITY 0x78000000u /* D3DDDI_ALLOCATIONPRIORITY_NORMAL */

void vidmm_allocation_retire(struct host_model *model, struct host_allocation *allocation)
{
	if (allocation->retired)
		return;
	if (allocation->offered)
		offer_end(model, allocation);
	else if (allocation->resident)
		segment_leave(allocation);
	segment_uncommit(allocation);
	vidmm_unlock_all(allocation);
	vidmm_unpin(allocation);
	allocation->resident = 0;
	allocation->retired = true;
}

void vidmm_allocation_destroy(struct host_model *model, struct host_allocation *allocation)
{
	struct host_device *device = allocation->device;
	struct host_use *use = &device->process->use[device->adapter->index];

	if (allocation->mappings)
		va_drop_allocation(&use->va, allocation);
	vidmm_allocation_retire(model, allocation);
	if (allocation->shown)
		munmap(allocation->shown, allocation->size);
	if (allocation->store)
		io_store_put(model, allocation->store, allocation->size);
	objects_remove(&device->process->handles, &allocation->object);
	LIST_REMOVE(allocation, link);
	if (allocation->resource)
		LIST_REMOVE(allocation, resource_link);
	free(allocation->pages);
	free(allocation);
}

void vidmm_resource_destroy(struct host_model *model, struct host_resource *resource)
{
	while (!LIST_EMPTY(&resource->allocations))
		vidmm_allocation_destroy(model, LIST_FIRST(&resource->allocations));
	objects_remove(&resource->device->process->handles, &resource->object);
	LIST_REMOVE(resource, link);
	free(resource);
}

static struct host_allocation *allocation_create(struct host_device *device, const struct amd_allocation *amd,
						 uint32_t create_flags)
{
	bool existing = create_flags & D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM;
	struct host_allocation *allocation = calloc(1, sizeof(*allocation));

	if (!allocation)
		return NULL;
	allocation->device = device;
	allocation->size = amd->size;
	allocation->flags = amd->flags;
	allocation->existing = existing;
	allocation->read_only = existing && create_flags & D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY;
	allocation->user_queue = amd->user_queue;
	allocation->scheduler_id = amd->scheduler_id;
	allocation->system = !(amd->flags & (AMD_FLAG_LOCAL_VISIBLE | AMD_FLAG_LOCAL_INVISIBLE));
	allocation->cpu_visible = (amd->flags & AMD_FLAG_CPU_VISIBLE) &&
				  !device->adapter->fixture->cpu_visible_ignored &&
				  (allocation->system || (amd->flags & AMD_FLAG_LOCAL_VISIBLE));
	allocation->uncached = amd->l2_uncached;
	allocation->priority = DEFAULT_PRIORITY;
	if (existing) {
		allocation->page_count = amd->size / HOST_PAGE_SIZE;
		allocation->pages = calloc(allocation->page_count, sizeof(*allocation->pages));
	}
	if ((existing && !allocation->pages) ||
	    objects_add(&device->process->handles, &allocation->object, HOST_OBJECT_ALLOCATION)) {
		free(allocation->pages);
		free(allocation);
		return NULL;
	}
	segment_commit(allocation, segment_first(allocation));
	LIST_INSERT_HEAD(&device->allocations, allocation, link);
	return allocation;
}

static int find_resource(struct host_call *call, struct host_device *device, struct host_resource **out,
			 bool *fresh)
{
	const struct host_create_allocation *request = call->m->request.create_allocation;

	*out = NULL;
	*fresh = request->flags & D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE;
	if (*fresh) {
		struct host_resource *resource = calloc(1, sizeof(*resource));

		if (!resource ||
		    objects_add(&call->process->handles, &resource->object, HOST_OBJECT_RESOURCE)) {
			free(resource);
			return HOST_STATUS_NO_MEMORY;
		}
		resource->device = device;
		LIST_INSERT_HEAD(&device->resources, resource, link);
		*out = resource;
		return 0;
	}
	if (!request->resource)
		return 0;
	*out = objects_find(&call->process->handles, request->resource, HOST_OBJECT_RESOURCE, call->name);
	return *out && (*out)->device == device ? 0 : HOST_STATUS_INVALID_HANDLE;
}

/* What the driver tells in return, which for most is nothing. */
static void answer_private_data(const struct fixture *fixture, uint32_t size,
				struct host_allocation_reply *reply)
{
	if (fixture->allocation_reply == FIXTURE_REPLY_SAME || !reply->private_data)
		return;
	if (fixture->allocation_reply == FIXTURE_REPLY_LONG) {
		size += LONGER;
		reply->private_data_size = size;
	}
	memset(reply->private_data, REWRITTEN, size);
}

static int32_t create_one(struct host_call *call, struct host_device *device, struct host_resource *resource,
			  uint32_t i)
{
	const struct host_create_allocation *request = call->m->request.create_allocation;
	const struct host_allocation_request *wanted = &request->allocations[i];
	struct host_allocation_reply *reply = &call->m->reply.create_allocation->allocations[i];
	bool existing = request->flags & D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM;
	struct host_allocation *allocation;
	struct amd_allocation amd;
	char why[160];

	if (amd_allocation_decode(device->adapter->fixture, request->resource_private_data,
				  request->resource_private_data_size, wanted->private_data,
				  wanted->private_data_size, existing, &amd, why, sizeof(why))) {
		/* a host variant that wants more than most do refuses; a retry with more is no mistake */
		if (!device->adapter->fixture->checksum_enforced &&
		    !device->adapter->fixture->allocation_version)
			report_misuse("%s: allocation %u: %s", call->name, i, why);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (wanted->vidpn_source_id != UINT32_MAX && wanted->vidpn_source_id != 0) {
		report_misuse("%s: display source %u", call->name, wanted->vidpn_source_id);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	allocation = allocation_create(device, &amd, request->flags);
	if (!allocation)
		return HOST_STATUS_NO_MEMORY;
	if (resource) {
		allocation->resource = resource;
		LIST_INSERT_HEAD(&resource->allocations, allocation, resource_link);
	}
	answer_private_data(device->adapter->fixture, wanted->private_data_size, reply);
	reply->allocation = allocation->object.handle;
	reply->size = allocation->size;
	reply->cached = allocation->system && !(allocation->flags & AMD_FLAG_GART_USWC);
	return 0;
}

void host_create_allocation(struct host_call *call)
{
	const struct host_create_allocation *request = call->m->request.create_allocation;
	struct host_create_allocation_reply *reply = call->m->reply.create_allocation;
	struct host_resource *resource;
	struct host_device *device;
	int32_t status;
	bool fresh;

	device = objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!vidmm_device_active(call, device)) {
		call->m->reply_length = 0;
		return;
	}
	if (!device->adapter->fixture->amd) {
		report_misuse("%s: AMD private data sent to vendor 0x%04x", call->name,
			      device->adapter->fixture->vendor);
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	if (request->flags & D3DKMT_CREATEALLOCATIONFLAGS_CREATE_SHARED &&
	    request->flags & D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM) {
		call->m->status = HOST_STATUS_NOT_SUPPORTED;
		return;
	}
	status = find_resource(call, device, &resource, &fresh);
	for (uint32_t i = 0; !status && i < request->allocation_count; i++) {
		status = create_one(call, device, resource, i);
		if (!status)
			continue;
		while (i--) {
			struct host_allocation *made =
				objects_find(&call->process->handles, reply->allocations[i].allocation,
					     HOST_OBJECT_ALLOCATION, call->name);

			vidmm_allocation_destroy(call->model, made);
			reply->allocations[i].allocation = 0;
		}
		if (fresh)
			vidmm_resource_destroy(call->model, resource);
		resource = NULL;
		break;
	}
	if (!status && resource)
		reply->resource = resource->object.handle;
	if (!status)
		return;
	call->m->status = status;
	/* the reply has no field for a status: what the guest sees is a packet without the handles */
	call->m->reply_length = 0;
}

static void check_unused(const struct host_call *call, const struct host_allocation *allocation)
{
	const struct host_destroy_allocation *request = call->m->request.destroy_allocation;

	if (allocation->locks)
		report_misuse("%s: allocation 0x%x is still locked", call->name, allocation->object.handle);
	if (request->flags & D3DDDICB_DESTROYALLOCATION2FLAGS_ASSUME_NOT_IN_USE)
		vidsch_check_unused(call, allocation);
}

static void destroy_resource(struct host_call *call, d3dkmt_handle handle)
{
	struct host_resource *resource =
		objects_find(&call->process->handles, handle, HOST_OBJECT_RESOURCE, call->name);
	const struct host_allocation *allocation;

	if (!resource) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	LIST_FOREACH(allocation, &resource->allocations, resource_link)
	check_unused(call, allocation);
	vidmm_resource_destroy(call->model, resource);
}

void host_destroy_allocation(struct host_call *call)
{
	const struct host_destroy_allocation *request = call->m->request.destroy_allocation;
	struct host_device *device;

	device = objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (request->resource) {
		destroy_resource(call, request->resource);
		return;
	}
	for (uint32_t i = 0; i < request->allocation_count; i++) {
		struct host_allocation *allocation;

		if (!request->allocations[i]) {
			/* the guest driver's own: it keeps the zero handle of a refused creation, and cleans it up */
			call->m->status = HOST_STATUS_INVALID_HANDLE;
			continue;
		}
		allocation = objects_find(&call->process->handles, request->allocations[i],
					  HOST_OBJECT_ALLOCATION, call->name);
		if (!allocation) {
			call->m->status = HOST_STATUS_INVALID_HANDLE;
			continue;
		}
		check_unused(call, allocation);
		vidmm_allocation_destroy(call->model, allocation);
	}
}

/* ---- priorities ---- */

typedef void (*priority_fn)(struct host_allocation *allocation, void *value);

static int32_t each_allocation(struct host_call *call, d3dkmt_handle resource_handle, uint32_t count,
			       const d3dkmt_handle *handles, uint32_t *values, priority_fn visit)
{
	if (resource_handle) {
		struct host_resource *resource = objects_find(&call->process->handles, resource_handle,
							      HOST_OBJECT_RESOURCE, call->name);
		struct host_allocation *allocation;

		if (!resource)
			return HOST_STATUS_INVALID_HANDLE;
		LIST_FOREACH(allocation, &resource->allocations, resource_link)
		visit(allocation, &values[0]);
		return 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct host_allocation *allocation =
			objects_find(&call->process->handles, handles[i], HOST_OBJECT_ALLOCATION, call->name);

		if (!allocation)
			return HOST_STATUS_INVALID_HANDLE;
		visit(allocation, &values[i]);
	}
	return 0;
}

static void set_priority(struct host_allocation *allocation, void *value)
{
	memcpy(&allocation->priority, value, sizeof(allocation->priority));
}

static void get_priority(struct host_allocation *allocation, void *value)
{
	memcpy(value, &allocation->priority, sizeof(allocation->priority));
}

void host_set_allocation_priority(struct host_call *call)
{
	const struct host_set_allocation_priority *request = call->m->request.set_allocation_priority;
	uint32_t *values = malloc(request->priority_count * sizeof(*values));

	if (!values) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	memcpy(values, request->priorities, request->priority_count * sizeof(*values));
	call->m->status = each_allocation(call, request->resource, request->allocation_count,
					  request->allocations, values, set_priority);
	free(values);
}

void host_get_allocation_priority(struct host_call *call)
{
	const struct host_get_allocation_priority *request = call->m->request.get_allocation_priority;

	call->m->status =
		each_allocation(call, request->resource, request->allocation_count, request->allocations,
				call->m->reply.get_allocation_priority->priorities, get_priority);
}
