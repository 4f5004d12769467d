// SPDX-License-Identifier: MIT
/*
 * CREATEALLOCATION (dxgkrnl: ioctl.c dxgkio_create_allocation, dxgvmbus.c dxgvmb_send_create_allocation).
 *
 * What the caller passed is checked and copied, the host makes the objects, then the guest gives them pages,
 * writes the results to the caller and registers the handles.  A failure after the host's reply takes
 * everything back, except what was already written.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/allocation.h"
#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/shared_resource.h"
#include "dxgsim/driver/standard.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/userptr.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define ALLOCATIONS_MAX	     1024u /* D3DKMT_CREATEALLOCATION_MAX */
#define CREATE_BODY	     40u
#define CREATE_BODY_PER_ITEM 12u
#define REPLY_FIRST	     88u /* with one allocation */
#define REPLY_PER_ITEM	     72u
#define REFUSED_FLAGS \
	(D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SECTION | D3DKMT_CREATEALLOCATIONFLAGS_CREATE_PROTECTED)

/* One call in work.  All pointers are owned, NULL while not there. */
struct create {
	uint64_t arg;
	struct d3dkmt_createallocation args;
	struct d3dddi_allocationinfo2 *infos;
	struct device *device;
	struct resource *resource; /* new or existing */
	bool standard;
	struct d3dkmt_createstandardallocation standard_args;
	struct standard_data standard_data;
	void *runtime_data;
	void *resource_data;
	uint32_t resource_data_size;
	void **private_data; /* as sent, one per allocation */
	struct host_allocation_request *requests;
	struct host_allocation_reply *replies;
	struct host_create_allocation_reply reply;
	struct allocation **allocations;
};

static bool has_flag(const struct create *c, uint32_t flag)
{
	return c->args.flags & flag;
}

static int check_args(const struct d3dkmt_createallocation *args)
{
	bool shared = args->flags & D3DKMT_CREATEALLOCATIONFLAGS_CREATE_SHARED;
	uint32_t needed = D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE |
			  D3DKMT_CREATEALLOCATIONFLAGS_NT_SECURITY_SHARING;

	if (args->alloc_count == 0 || args->alloc_count > ALLOCATIONS_MAX)
		return -EINVAL;
	if (args->flags & REFUSED_FLAGS)
		return -EINVAL;
	if (shared && (args->flags & needed) != needed)
		return -EINVAL;
	return 0;
}

static int check_infos(const struct create *c)
{
	for (uint32_t i = 0; i < c->args.alloc_count; i++) {
		const struct d3dddi_allocationinfo2 *info = &c->infos[i];

		if (info->priv_drv_data_size >= PACKET_MAX)
			return -EINVAL;
		if (!info->sysmem != !c->infos[0].sysmem || !IS_ALIGNED(info->sysmem, HOST_PAGE_SIZE))
			return -EINVAL;
	}
	return 0;
}

/* The parts that fill the message, and which of two errors each limit gives. */
static int check_sizes(const struct create *c, uint64_t *body, uint64_t *reply_size)
{
	uint64_t count = c->args.alloc_count;
	uint64_t data = 0;

	if (c->args.private_runtime_data_size >= PACKET_MAX || c->resource_data_size >= PACKET_MAX)
		return -EOVERFLOW;
	for (uint32_t i = 0; i < count; i++)
		data += c->requests[i].private_data_size;
	if (data > PACKET_MAX)
		return -EOVERFLOW;
	*body = CREATE_BODY + CREATE_BODY_PER_ITEM * count + c->args.private_runtime_data_size +
		c->resource_data_size + data;
	*reply_size = REPLY_FIRST + REPLY_PER_ITEM * (count - 1) + data;
	return COMMAND_HEADER + *body > PACKET_MAX ? -EOVERFLOW : 0;
}

static int allocate(struct create *c)
{
	uint32_t count = c->args.alloc_count;

	c->private_data = calloc(count, sizeof(*c->private_data));
	c->requests = calloc(count, sizeof(*c->requests));
	c->replies = calloc(count, sizeof(*c->replies));
	c->allocations = calloc(count, sizeof(struct allocation *));
	if (!c->private_data || !c->requests || !c->replies || !c->allocations)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		c->requests[i].flags = c->infos[i].flags;
		c->requests[i].vidpn_source_id = c->infos[i].vidpn_source_id;
		c->requests[i].private_data_size =
			c->standard ? c->standard_data.size : c->infos[i].priv_drv_data_size;
	}
	return 0;
}

/* What the caller wants sent, and room for what comes back. */
static int copy_data(struct create *c)
{
	int ret;

	ret = copy_array_from_user(&c->runtime_data, c->args.private_runtime_data,
				   c->args.private_runtime_data_size, 1);
	if (ret)
		return ret;
	if (c->standard) {
		c->resource_data = c->standard_data.resource_data;
		c->standard_data.resource_data = NULL;
		c->private_data[0] = c->standard_data.data;
		c->standard_data.data = NULL;
	} else {
		ret = copy_array_from_user(&c->resource_data, c->args.priv_drv_data, c->resource_data_size,
					   1);
	}
	for (uint32_t i = 0; i < c->args.alloc_count && !ret; i++) {
		uint32_t size = c->requests[i].private_data_size;

		if (!c->standard)
			ret = copy_array_from_user(&c->private_data[i], c->infos[i].priv_drv_data, size, 1);
		if (ret || !size)
			continue;
		c->requests[i].private_data = c->private_data[i];
		c->replies[i].private_data = calloc(1, (size_t)size + HOST_REPLY_SLACK);
		if (!c->replies[i].private_data)
			return -ENOMEM;
		memcpy(c->replies[i].private_data, c->private_data[i], size);
	}
	return ret;
}

/* The resource the allocations go to, and the guest objects for what the host will make. */
static int make_objects(struct create *c)
{
	if (has_flag(c, D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE)) {
		c->resource = resource_new(c->device);
		if (!c->resource)
			return -ENOMEM;
		c->resource->runtime_handle = c->args.private_runtime_resource_handle;
	}
	if (has_flag(c, D3DKMT_CREATEALLOCATIONFLAGS_CREATE_SHARED)) {
		c->resource->shared = shared_resource_create(
			c->args.private_runtime_resource_handle, c->runtime_data,
			c->args.private_runtime_data_size, c->resource_data, c->resource_data_size);
		if (!c->resource->shared)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < c->args.alloc_count; i++) {
		c->allocations[i] = allocation_new(c->device);
		if (!c->allocations[i])
			return -ENOMEM;
		if (c->resource && c->resource->shared) {
			c->allocations[i]->private_data = c->private_data[i];
			c->allocations[i]->private_data_size = c->requests[i].private_data_size;
			c->private_data[i] = NULL;
		}
	}
	return 0;
}

static int send_create(struct create *c, uint64_t body, uint64_t reply_size)
{
	struct host_create_allocation request = {
		.device = c->device->handle,
		.resource = c->resource ? c->resource->handle : 0,
		.flags = c->args.flags,
		.runtime_resource_handle = c->args.private_runtime_resource_handle,
		.runtime_data_size = c->args.private_runtime_data_size,
		.resource_private_data_size = c->resource_data_size,
		.runtime_data = c->runtime_data,
		.resource_private_data = c->resource_data,
		.allocation_count = c->args.alloc_count,
		.allocations = c->requests,
	};
	struct host_message m;
	int ret;

	if (c->infos[0].sysmem)
		request.flags |= D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM;
	ret = message_init(&m, c->device->process, c->device->adapter, HOST_CREATEALLOCATION, body,
			   reply_size);
	if (ret)
		return ret;
	m.has_status = false;
	c->reply.allocations = c->replies;
	m.request.create_allocation = &request;
	m.reply.create_allocation = &c->reply;
	return message_send(&m);
}

/* One allocation of the reply: its pages, then the results for the caller. */
static int finish_allocation(struct create *c, uint32_t i)
{
	uint64_t info = c->args.allocation_info + i * sizeof(struct d3dddi_allocationinfo2);
	const struct host_allocation_reply *reply = &c->replies[i];
	struct allocation *allocation = c->allocations[i];
	uint32_t size = c->requests[i].private_data_size;
	int ret;

	/* the host's word is taken for it */
	if (size && reply->private_data_size)
		size = MIN(reply->private_data_size, size + HOST_REPLY_SLACK);
	if (c->infos[i].sysmem) {
		ret = userptr_attach(allocation, c->infos[i].sysmem,
				     has_flag(c, D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY));
		if (ret)
			return ret;
	}
	if (!c->standard && copy_to_user(c->infos[i].priv_drv_data, reply->private_data, size))
		return -EFAULT;
	return copy_to_user(info + offsetof(struct d3dddi_allocationinfo2, allocation), &reply->allocation,
			    sizeof(reply->allocation));
}

static int finish(struct create *c)
{
	bool new_resource = has_flag(c, D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE);
	int ret = 0;

	for (uint32_t i = 0; i < c->args.alloc_count; i++) {
		c->allocations[i]->handle = c->replies[i].allocation;
		c->allocations[i]->cached = c->replies[i].cached;
		c->allocations[i]->num_pages = (uint32_t)(c->replies[i].size / HOST_PAGE_SIZE);
	}
	for (uint32_t i = 0; i < c->args.alloc_count && !ret; i++)
		ret = finish_allocation(c, i);
	if (ret)
		return ret;
	if (new_resource) {
		c->resource->handle = c->reply.resource;
		if (copy_to_user(c->arg + offsetof(struct d3dkmt_createallocation, resource),
				 &c->reply.resource, sizeof(c->reply.resource)))
			return -EFAULT;
	}
	return allocations_register(c->device, c->resource, new_resource, c->allocations,
				    c->args.alloc_count);
}

/* The host made objects the guest cannot use. */
static void take_back(struct create *c)
{
	bool new_resource = has_flag(c, D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE);
	d3dkmt_handle *handles = calloc(c->args.alloc_count, sizeof(*handles));

	if (handles) {
		for (uint32_t i = 0; i < c->args.alloc_count; i++)
			handles[i] = c->replies[i].allocation;
		/* the caller hears why the call failed, not how the cleaning went */
		send_destroy_allocation(c->device, new_resource ? c->reply.resource : 0, handles,
					c->args.alloc_count,
					D3DDDICB_DESTROYALLOCATION2FLAGS_ASSUME_NOT_IN_USE);
		free(handles);
	}
	for (uint32_t i = 0; i < c->args.alloc_count; i++) {
		allocation_end(c->allocations[i]);
		c->allocations[i] = NULL;
	}
}

static int create_on_device(struct create *c)
{
	bool new_resource = has_flag(c, D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE);
	uint64_t body, reply_size;
	int ret = 0;

	if (!new_resource && c->args.resource)
		ret = resource_lookup(c->device, c->args.resource, &c->resource);
	if (!ret && c->resource && c->resource->shared && shared_resource_is_sealed(c->resource->shared))
		ret = -EINVAL;
	if (!ret && c->standard)
		ret = standard_allocation_data(c->device, &c->standard_args, &c->standard_data);
	if (!ret)
		ret = allocate(c);
	if (ret)
		return ret;
	c->resource_data_size = c->standard ? c->standard_data.resource_size : c->args.priv_drv_data_size;
	ret = check_sizes(c, &body, &reply_size);
	if (!ret)
		ret = copy_data(c);
	if (!ret)
		ret = make_objects(c);
	if (!ret)
		ret = send_create(c, body, reply_size);
	if (ret)
		return ret;
	ret = finish(c);
	if (ret) {
		take_back(c);
		return ret;
	}
	/* the lists have taken the references */
	memset(c->allocations, 0, c->args.alloc_count * sizeof(struct allocation *));
	if (new_resource)
		c->resource = NULL;
	return 0;
}

static void release(struct create *c)
{
	for (uint32_t i = 0; i < c->args.alloc_count; i++) {
		if (c->private_data)
			free(c->private_data[i]);
		if (c->replies)
			free(c->replies[i].private_data);
		if (c->allocations && c->allocations[i])
			object_put(&c->allocations[i]->object);
	}
	if (c->resource)
		object_put(&c->resource->object);
	free(c->standard_data.data);
	free(c->standard_data.resource_data);
	free(c->runtime_data);
	free(c->resource_data);
	free(c->private_data);
	free(c->requests);
	free(c->replies);
	free(c->allocations);
	free(c->infos);
}

int ioctl_create_allocation(struct process *process, uint64_t arg)
{
	struct create c = {.arg = arg};
	void *infos;
	int ret;

	if (copy_from_user(&c.args, arg, sizeof(c.args)))
		return -EFAULT;
	ret = check_args(&c.args);
	if (ret)
		return ret;
	ret = copy_array_from_user(&infos, c.args.allocation_info, c.args.alloc_count, sizeof(*c.infos));
	if (ret)
		return ret;
	c.infos = infos;
	c.standard = has_flag(&c, D3DKMT_CREATEALLOCATIONFLAGS_STANDARD_ALLOCATION);
	if (c.standard)
		ret = standard_allocation_check(&c.args, c.infos, &c.standard_args);
	if (!ret)
		ret = check_infos(&c);
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, c.args.device, &c.device);
	if (!ret) {
		ret = create_on_device(&c);
		device_put(c.device);
	}
	release(&c);
	return ret;
}
