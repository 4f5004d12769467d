// SPDX-License-Identifier: MIT
/*
 * Opening shared resources: QUERYRESOURCEINFOFROMNTHANDLE and OPENRESOURCEFROMNTHANDLE (dxgkrnl: ioctl.c
 * open_resource).
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/allocation.h"
#include "dxgsim/driver/device.h"
#include "dxgsim/driver/file.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/nt.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/share.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/shared_resource.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define OPEN_BODY  24u
#define OPEN_REPLY 8u

int ioctl_query_resource_info_from_nt_handle(struct process *process, uint64_t arg)
{
	struct d3dkmt_queryresourceinfofromnthandle args;
	const struct shared_sizes *sizes;
	struct driver_file *file;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = shared_file_begin(args.nt_handle, DRIVER_FILE_SHARED_RESOURCE, &file);
	if (ret)
		return ret;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (!ret) {
		/* a file is only made of a sealed resource */
		sizes = &shared_file_resource(file)->sizes;
		args.private_runtime_data_size = sizes->runtime_data;
		args.resource_priv_drv_data_size = sizes->resource_data;
		args.total_priv_drv_data_size = sizes->data;
		args.allocation_count = sizes->allocations;
		device_put(device);
		ret = copy_to_user(arg, &args, sizeof(args));
	}
	file_end(file);
	return ret;
}

/* One OPENRESOURCEFROMNTHANDLE in work. */
struct open {
	uint64_t arg;
	struct d3dkmt_openresourcefromnthandle args;
	struct shared_resource *shared;
	struct nt_ref nt;
	struct device *device;
	struct resource *resource;
	struct allocation **allocations;
	d3dkmt_handle *handles;
};

static bool open_sizes_valid(const struct d3dkmt_openresourcefromnthandle *args,
			     const struct shared_sizes *sizes)
{
	return args->allocation_count == sizes->allocations &&
	       (uint32_t)args->private_runtime_data_size >= sizes->runtime_data &&
	       args->resource_priv_drv_data_size >= sizes->resource_data &&
	       args->total_priv_drv_data_size >= sizes->data;
}

static int open_make_objects(struct open *o)
{
	uint32_t count = o->shared->sizes.allocations;

	o->allocations = calloc(count + 1u, sizeof(struct allocation *));
	o->handles = calloc(count + 1u, sizeof(*o->handles));
	o->resource = resource_new(o->device);
	if (!o->allocations || !o->handles || !o->resource)
		return -ENOMEM;
	shared_resource_get(o->shared);
	o->resource->shared = o->shared;
	o->resource->runtime_handle = o->shared->sizes.runtime_handle;
	for (uint32_t i = 0; i < count; i++) {
		o->allocations[i] = allocation_new(o->device);
		if (!o->allocations[i])
			return -ENOMEM;
		o->allocations[i]->num_pages = o->shared->allocations[i].num_pages;
		o->allocations[i]->cached = o->shared->allocations[i].cached;
	}
	return 0;
}

static int send_open(struct open *o)
{
	struct host_open_resource request = {
		.device = o->device->handle,
		.nt_handle = nt_handle(o->nt),
		.allocation_count = o->shared->sizes.allocations,
		.total_private_data_size = o->shared->sizes.data,
	};
	struct host_open_resource_reply reply = {.allocations = o->handles};
	struct host_message m;
	int ret;

	ret = message_init(&m, o->device->process, o->device->adapter, HOST_OPENRESOURCE, OPEN_BODY,
			   OPEN_REPLY + 4u * (uint64_t)o->shared->sizes.allocations);
	if (ret)
		return ret;
	m.request.open_resource = &request;
	m.reply.open_resource = &reply;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	o->resource->handle = reply.resource;
	for (uint32_t i = 0; i < o->shared->sizes.allocations; i++)
		o->allocations[i]->handle = o->handles[i];
	return 0;
}

static int write_data(const struct open *o)
{
	const struct shared_sizes *sizes = &o->shared->sizes;

	if (copy_to_user(o->args.private_runtime_data, o->shared->runtime_data, sizes->runtime_data) ||
	    copy_to_user(o->args.resource_priv_drv_data, o->shared->resource_data, sizes->resource_data) ||
	    copy_to_user(o->args.total_priv_drv_data, o->shared->data, sizes->data))
		return -EFAULT;
	return 0;
}

static int write_infos(const struct open *o)
{
	uint64_t at = o->args.open_alloc_info, data = o->args.total_priv_drv_data;

	for (uint32_t i = 0; i < o->shared->sizes.allocations; i++) {
		struct d3dddi_openallocationinfo2 info;

		memset(&info, 0, sizeof(info));
		info.allocation = o->handles[i];
		info.priv_drv_data = data;
		info.priv_drv_data_size = o->shared->allocations[i].data_size;
		if (copy_to_user(at, &info, sizeof(info)))
			return -EFAULT;
		at += sizeof(info);
		data += info.priv_drv_data_size;
	}
	return 0;
}

static int write_results(const struct open *o)
{
	const struct shared_sizes *sizes = &o->shared->sizes;

	if (write_infos(o) ||
	    copy_to_user(o->arg + offsetof(struct d3dkmt_openresourcefromnthandle, total_priv_drv_data_size),
			 &sizes->data, sizeof(sizes->data)) ||
	    copy_to_user(o->arg + offsetof(struct d3dkmt_openresourcefromnthandle, resource),
			 &o->resource->handle, sizeof(o->resource->handle)))
		return -EFAULT;
	return 0;
}

/*
 * The guest forgets why it gave up: the call's result is that of the message that cleans up.  A resource that
 * was registered already is destroyed as any other afterwards, with a message of its own.
 */
static int open_give_up(struct open *o, bool registered)
{
	int ret = send_destroy_allocation(o->device, o->resource->handle, NULL, 0, 0);

	if (registered) {
		send_destroy_allocation(o->device, o->resource->handle, NULL, 0, 0);
		resource_unregister(o->resource);
		resource_end(o->resource);
		o->resource = NULL;
	}
	return ret;
}

static int open_on_device(struct open *o)
{
	uint32_t count = o->shared->sizes.allocations;
	int ret;

	ret = open_make_objects(o);
	if (!ret)
		ret = send_open(o);
	if (ret)
		return ret;
	if (write_data(o) || allocations_register(o->device, o->resource, true, o->allocations, count))
		return open_give_up(o, false);
	/* the lists have taken the references */
	memset(o->allocations, 0, count * sizeof(struct allocation *));
	if (write_results(o))
		return open_give_up(o, true);
	o->resource = NULL;
	return 0;
}

static void open_release(struct open *o)
{
	for (uint32_t i = 0; o->allocations && i < o->shared->sizes.allocations; i++)
		if (o->allocations[i])
			object_put(&o->allocations[i]->object);
	if (o->resource)
		object_put(&o->resource->object);
	free(o->allocations);
	free(o->handles);
}

int ioctl_open_resource_from_nt_handle(struct process *process, uint64_t arg)
{
	struct open o = {.arg = arg};
	struct driver_file *file;
	int ret;

	if (copy_from_user(&o.args, arg, sizeof(o.args)))
		return -EFAULT;
	ret = shared_file_begin(o.args.nt_handle, DRIVER_FILE_SHARED_RESOURCE, &file);
	if (ret)
		return ret;
	o.shared = shared_file_resource(file);
	o.nt = shared_file_nt(file);
	ret = open_sizes_valid(&o.args, &o.shared->sizes) ? 0 : -EINVAL;
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, o.args.device, &o.device);
	if (!ret) {
		ret = open_on_device(&o);
		open_release(&o);
		device_put(o.device);
	}
	file_end(file);
	return ret;
}
