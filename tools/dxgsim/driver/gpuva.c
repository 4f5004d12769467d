// SPDX-License-Identifier: MIT
/* GPU virtual addresses: reserve, map, free, update (dxgkrnl: ioctl.c, dxgvmbus.c). */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dxgsim/driver/adapter.h"
#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define MAP_BODY       112u
#define MAP_REPLY      24u
#define RESERVE_BODY   72u
#define RESERVE_REPLY  16u
#define FREE_BODY      24u
#define UPDATE_BODY    32u
#define STATUS_REPLY   4u
#define OPERATIONS_MAX 2048u /* the message ends two operations before */

int ioctl_map_gpu_virtual_address(struct process *process, uint64_t arg)
{
	struct host_map_gpu_va_reply reply = {0};
	struct host_map_gpu_va request;
	struct device *device;
	struct host_message m;
	int ret;

	if (copy_from_user(&request.args, arg, sizeof(request.args)))
		return -EFAULT;
	ret = device_get_active(process, HANDLE_PAGINGQUEUE, request.args.paging_queue, &device);
	if (ret)
		return ret;
	request.device = device->handle;
	ret = message_init(&m, process, device->adapter, HOST_MAPGPUVIRTUALADDRESS, MAP_BODY, MAP_REPLY);
	if (!ret) {
		m.request.map_gpu_va = &request;
		m.reply.map_gpu_va = &reply;
		ret = message_call(&m);
	}
	device_put(device);
	if (ret != 0 && ret != STATUS_PENDING)
		return ret;
	if (copy_to_user(arg + offsetof(struct d3dddi_mapgpuvirtualaddress, paging_fence_value),
			 &reply.paging_fence_value, sizeof(reply.paging_fence_value)) ||
	    copy_to_user(arg + offsetof(struct d3dddi_mapgpuvirtualaddress, virtual_address),
			 &reply.virtual_address, sizeof(reply.virtual_address)))
		return -EFAULT;
	return ret;
}

/* The adapter by its own handle, or that of a paging queue's device. */
static int reserve_adapter(struct process *process, d3dkmt_handle handle, struct adapter **adapter)
{
	struct device *device;
	int ret;

	if (adapter_lookup(process, handle, adapter) == 0)
		return 0;
	ret = device_lookup(process, HANDLE_PAGINGQUEUE, handle, &device);
	if (ret)
		return ret;
	*adapter = device->adapter;
	device_put(device);
	return 0;
}

int ioctl_reserve_gpu_virtual_address(struct process *process, uint64_t arg)
{
	struct host_reserve_gpu_va_reply reply = {0};
	struct host_reserve_gpu_va request;
	struct adapter *adapter;
	struct host_message m;
	int ret;

	if (copy_from_user(&request.args, arg, sizeof(request.args)))
		return -EFAULT;
	ret = reserve_adapter(process, request.args.adapter, &adapter);
	if (!ret)
		ret = adapter_check_active(adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_RESERVEGPUVIRTUALADDRESS, RESERVE_BODY,
				   RESERVE_REPLY);
	if (ret)
		return ret;
	m.has_status = false;
	m.request.reserve_gpu_va = &request;
	m.reply.reserve_gpu_va = &reply;
	ret = message_call(&m);
	if (ret)
		return ret;
	return copy_to_user(arg + offsetof(struct d3dddi_reservegpuvirtualaddress, virtual_address),
			    &reply.virtual_address, sizeof(reply.virtual_address));
}

int ioctl_free_gpu_virtual_address(struct process *process, uint64_t arg)
{
	struct host_free_gpu_va request;
	struct adapter *adapter;
	struct host_message m;
	int ret;

	if (copy_from_user(&request.args, arg, sizeof(request.args)))
		return -EFAULT;
	ret = adapter_lookup(process, request.args.adapter, &adapter);
	if (!ret)
		ret = adapter_check_active(adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_FREEGPUVIRTUALADDRESS, FREE_BODY, STATUS_REPLY);
	if (ret)
		return ret;
	m.request.free_gpu_va = &request;
	return message_call(&m);
}

static int send_update(struct device *device, const struct d3dkmt_updategpuvirtualaddress *args)
{
	struct host_update_gpu_va request = {
		.fence_value = args->fence_value,
		.device = args->device,
		.context = args->context,
		.fence_object = args->fence_object,
		.flags = args->flags,
		.operation_count = args->num_operations,
	};
	void *operations = NULL;
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_UPDATEGPUVIRTUALADDRESS,
			   UPDATE_BODY + (uint64_t)args->num_operations * sizeof(*request.operations),
			   STATUS_REPLY);
	if (ret)
		return ret;
	ret = copy_array_from_user(&operations, args->operations, args->num_operations,
				   sizeof(*request.operations));
	if (ret)
		return ret;
	request.operations = operations;
	m.request.update_gpu_va = &request;
	ret = message_call(&m);
	free(operations);
	return ret;
}

int ioctl_update_gpu_virtual_address(struct process *process, uint64_t arg)
{
	struct d3dkmt_updategpuvirtualaddress args;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.num_operations == 0 || args.num_operations > OPERATIONS_MAX)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	ret = send_update(device, &args);
	device_put(device);
	if (ret < 0)
		return ret;
	return copy_to_user(arg + offsetof(struct d3dkmt_updategpuvirtualaddress, fence_value),
			    &args.fence_value, sizeof(args.fence_value));
}
