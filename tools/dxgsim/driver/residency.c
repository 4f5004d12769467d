// SPDX-License-Identifier: MIT
/*
 * What is done with allocations by list: residency, offer and reclaim, priorities, properties (dxgkrnl: ioctl.c,
 * dxgvmbus.c).  The guest does not look at the handles in these lists, the host does.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define LIST_MAX       10240u /* D3DKMT_MAKERESIDENT_ALLOC_MAX */
#define RESIDENT_REPLY 24u
#define EVICT_REPLY    8u
#define RECLAIM_REPLY  12u
#define QUERY_BODY     32u
#define PRIORITY_BODY  16u
#define UPDATE_BODY    40u
#define UPDATE_REPLY   16u
#define STATUS_REPLY   4u

/* Structures of the wire end in one handle and are padded to 8 bytes; further handles follow the padding. */
static uint64_t list_body(uint32_t fixed, uint32_t count)
{
	return ALIGN_UP(fixed + 4u, 8u) + 4u * (uint64_t)(count - 1);
}

int ioctl_make_resident(struct process *process, uint64_t arg)
{
	struct host_make_resident_reply reply = {0};
	struct host_make_resident request;
	struct d3dddi_makeresident args;
	struct device *device;
	struct host_message m;
	void *list = NULL;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.alloc_count == 0 || args.alloc_count > LIST_MAX)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_PAGINGQUEUE, args.paging_queue, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_MAKERESIDENT, list_body(16, args.alloc_count),
			   RESIDENT_REPLY);
	if (!ret)
		ret = copy_array_from_user(&list, args.allocation_list, args.alloc_count,
					   sizeof(d3dkmt_handle));
	if (!ret) {
		request = (struct host_make_resident){
			.device = device->handle,
			.paging_queue = args.paging_queue,
			.flags = args.flags,
			.allocation_count = args.alloc_count,
			.allocations = list,
		};
		m.request.make_resident = &request;
		m.reply.make_resident = &reply;
		ret = message_call(&m);
	}
	free(list);
	device_put(device);
	if (ret != 0 && ret != STATUS_PENDING)
		return ret;
	if (copy_to_user(arg + offsetof(struct d3dddi_makeresident, paging_fence_value),
			 &reply.paging_fence_value, sizeof(reply.paging_fence_value)) ||
	    copy_to_user(arg + offsetof(struct d3dddi_makeresident, num_bytes_to_trim),
			 &reply.num_bytes_to_trim, sizeof(reply.num_bytes_to_trim)))
		return -EFAULT;
	return ret;
}

int ioctl_evict(struct process *process, uint64_t arg)
{
	struct host_evict_reply reply = {0};
	struct host_evict request;
	struct d3dkmt_evict args;
	struct device *device;
	struct host_message m;
	void *list = NULL;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.alloc_count == 0 || args.alloc_count > LIST_MAX)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_EVICT, list_body(12, args.alloc_count),
			   EVICT_REPLY);
	if (!ret)
		ret = copy_array_from_user(&list, args.allocations, args.alloc_count, sizeof(d3dkmt_handle));
	if (!ret) {
		request = (struct host_evict){
			.device = args.device,
			.flags = args.flags,
			.allocation_count = args.alloc_count,
			.allocations = list,
		};
		m.has_status = false;
		m.request.evict = &request;
		m.reply.evict = &reply;
		ret = message_call(&m);
	}
	free(list);
	device_put(device);
	if (ret)
		return ret;
	return copy_to_user(arg + offsetof(struct d3dkmt_evict, num_bytes_to_trim), &reply.num_bytes_to_trim,
			    sizeof(reply.num_bytes_to_trim));
}

int ioctl_offer_allocations(struct process *process, uint64_t arg)
{
	struct host_offer_allocations request;
	struct d3dkmt_offerallocations args;
	struct device *device;
	struct host_message m;
	void *list = NULL;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.allocation_count == 0 || args.allocation_count > LIST_MAX ||
	    !args.resources == !args.allocations)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_OFFERALLOCATIONS,
			   list_body(20, args.allocation_count), STATUS_REPLY);
	if (!ret)
		ret = copy_array_from_user(&list, args.resources ? args.resources : args.allocations,
					   args.allocation_count, sizeof(d3dkmt_handle));
	if (!ret) {
		request = (struct host_offer_allocations){
			.device = args.device,
			.resources = args.resources != 0,
			.priority = (int32_t)args.priority,
			.flags = args.flags,
			.allocation_count = args.allocation_count,
			.allocations = list,
		};
		m.request.offer_allocations = &request;
		ret = message_call(&m);
	}
	free(list);
	device_put(device);
	return ret;
}

/* The fence value is the caller's as soon as the host has answered; the results only with a good status. */
static int reclaim_write(uint64_t arg, const struct d3dkmt_reclaimallocations2 *args, int status,
			 const struct host_reclaim_allocations_reply *reply)
{
	if (copy_to_user(arg + offsetof(struct d3dkmt_reclaimallocations2, paging_fence_value),
			 &reply->paging_fence_value, sizeof(reply->paging_fence_value)))
		return -EFAULT;
	if (status < 0 || !args->results)
		return status;
	return copy_to_user(args->results, reply->results, args->allocation_count * sizeof(uint32_t));
}

static int reclaim(struct device *device, uint64_t arg, const struct d3dkmt_reclaimallocations2 *args)
{
	struct host_reclaim_allocations request = {
		.device = device->handle,
		.paging_queue = args->paging_queue,
		.resources = args->resources != 0,
		.write_results = args->results != 0,
		.allocation_count = args->allocation_count,
	};
	uint32_t results = args->results ? args->allocation_count : 0;
	struct host_reclaim_allocations_reply reply = {0};
	struct host_message m;
	void *list = NULL;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_RECLAIMALLOCATIONS,
			   list_body(16, args->allocation_count),
			   RECLAIM_REPLY + 4u * (uint64_t)MAX(results, 1u));
	if (ret)
		return ret;
	ret = copy_array_from_user(&list, args->resources ? args->resources : args->allocations,
				   args->allocation_count, sizeof(d3dkmt_handle));
	if (ret)
		return ret;
	reply.results = results ? calloc(results, sizeof(*reply.results)) : NULL;
	if (results && !reply.results) {
		free(list);
		return -ENOMEM;
	}
	request.allocations = list;
	m.request.reclaim_allocations = &request;
	m.reply.reclaim_allocations = &reply;
	ret = message_send(&m);
	if (!ret)
		ret = reclaim_write(arg, args, ntstatus_to_result(m.status), &reply);
	free(reply.results);
	free(list);
	return ret;
}

int ioctl_reclaim_allocations2(struct process *process, uint64_t arg)
{
	struct d3dkmt_reclaimallocations2 args;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.allocation_count == 0 || args.allocation_count > LIST_MAX ||
	    !args.resources == !args.allocations)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_PAGINGQUEUE, args.paging_queue, &device);
	if (ret)
		return ret;
	ret = reclaim(device, arg, &args);
	device_put(device);
	return ret;
}

int ioctl_query_allocation_residency(struct process *process, uint64_t arg)
{
	struct d3dkmt_queryallocationresidency args;
	struct host_query_residency_reply reply;
	struct host_query_residency request;
	struct device *device = NULL;
	struct host_message m;
	void *list = NULL;
	uint32_t results;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (!args.allocation_count == !args.resource)
		return -EINVAL;
	results = args.allocation_count ? args.allocation_count : 1;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	reply.residency = NULL;
	ret = message_init(&m, process, device->adapter, HOST_QUERYALLOCATIONRESIDENCY,
			   QUERY_BODY + 4u * (uint64_t)args.allocation_count,
			   STATUS_REPLY + 4u * (uint64_t)results);
	if (!ret)
		ret = copy_array_from_user(&list, args.allocations, args.allocation_count,
					   sizeof(d3dkmt_handle));
	if (!ret) {
		reply.residency = calloc(results, sizeof(*reply.residency));
		ret = reply.residency ? 0 : -ENOMEM;
	}
	if (!ret) {
		request = (struct host_query_residency){
			.device = args.device,
			.resource = args.resource,
			.allocation_count = args.allocation_count,
			.allocations = list,
		};
		m.request.query_residency = &request;
		m.reply.query_residency = &reply;
		ret = message_call(&m);
	}
	if (ret >= 0)
		ret = copy_to_user(args.residency_status, reply.residency, results * sizeof(uint32_t));
	free(reply.residency);
	free(list);
	device_put(device);
	return ret;
}

/* A resource alone, or a list alone. */
static bool priority_target_valid(d3dkmt_handle resource, uint32_t count)
{
	return !resource != !count && count <= PACKET_MAX;
}

int ioctl_set_allocation_priority(struct process *process, uint64_t arg)
{
	struct host_set_allocation_priority request;
	void *list = NULL, *priorities = NULL;
	struct d3dkmt_setallocationpriority args;
	struct device *device;
	struct host_message m;
	uint32_t count;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (!priority_target_valid(args.resource, args.allocation_count))
		return -EINVAL;
	count = args.allocation_count ? args.allocation_count : 1;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_SETALLOCATIONPRIORITY,
			   PRIORITY_BODY + 4u * ((uint64_t)args.allocation_count + count), STATUS_REPLY);
	if (!ret)
		ret = copy_array_from_user(&list, args.allocation_list, args.allocation_count,
					   sizeof(d3dkmt_handle));
	if (!ret)
		ret = copy_array_from_user(&priorities, args.priorities, count, sizeof(uint32_t));
	if (!ret) {
		request = (struct host_set_allocation_priority){
			.device = args.device,
			.resource = args.resource,
			.allocation_count = args.allocation_count,
			.allocations = list,
			.priority_count = count,
			.priorities = priorities,
		};
		m.request.set_allocation_priority = &request;
		ret = message_call(&m);
	}
	free(priorities);
	free(list);
	device_put(device);
	return ret;
}

int ioctl_get_allocation_priority(struct process *process, uint64_t arg)
{
	struct host_get_allocation_priority_reply reply = {0};
	struct host_get_allocation_priority request;
	struct d3dkmt_getallocationpriority args;
	uint64_t reply_size;
	struct device *device;
	struct host_message m;
	void *list = NULL;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (!priority_target_valid(args.resource, args.allocation_count))
		return -EINVAL;
	reply.priority_count = args.allocation_count ? args.allocation_count : 1;
	reply_size = STATUS_REPLY + 4u * (uint64_t)reply.priority_count;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	/* the guest sends the room for the answer along */
	ret = message_init(&m, process, device->adapter, HOST_GETALLOCATIONPRIORITY,
			   PRIORITY_BODY + 4u * (uint64_t)args.allocation_count + ALIGN_UP(reply_size, 8u),
			   reply_size);
	if (!ret)
		ret = copy_array_from_user(&list, args.allocation_list, args.allocation_count,
					   sizeof(d3dkmt_handle));
	if (!ret) {
		reply.priorities = calloc(reply.priority_count, sizeof(uint32_t));
		ret = reply.priorities ? 0 : -ENOMEM;
	}
	if (!ret) {
		request = (struct host_get_allocation_priority){
			.device = args.device,
			.resource = args.resource,
			.allocation_count = args.allocation_count,
			.allocations = list,
		};
		m.request.get_allocation_priority = &request;
		m.reply.get_allocation_priority = &reply;
		ret = message_call(&m);
	}
	if (ret >= 0)
		ret = copy_to_user(args.priorities, reply.priorities,
				   reply.priority_count * sizeof(uint32_t));
	free(reply.priorities);
	free(list);
	device_put(device);
	return ret;
}

int ioctl_update_alloc_property(struct process *process, uint64_t arg)
{
	struct host_update_alloc_property_reply reply = {0};
	struct host_update_alloc_property request;
	struct device *device;
	struct host_message m;
	int ret;

	if (copy_from_user(&request.args, arg, sizeof(request.args)))
		return -EFAULT;
	ret = device_get_active(process, HANDLE_PAGINGQUEUE, request.args.paging_queue, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_UPDATEALLOCPROPERTY, UPDATE_BODY, UPDATE_REPLY);
	if (!ret) {
		m.request.update_alloc_property = &request;
		m.reply.update_alloc_property = &reply;
		ret = message_call(&m);
	}
	device_put(device);
	if (ret == STATUS_PENDING &&
	    copy_to_user(arg + offsetof(struct d3dddi_updateallocproperty, paging_fence_value),
			 &reply.paging_fence_value, sizeof(reply.paging_fence_value)))
		return -EFAULT;
	return ret;
}
