// SPDX-License-Identifier: MIT
/*
 * LOCK2, UNLOCK2, INVALIDATECACHE: CPU access to allocations (dxgkrnl: ioctl.c, dxgvmbus.c).
 *
 * An allocation is mapped by its first lock and unmapped by its last unlock; the locks between are counted here and
 * never reach the host.  Existing system memory needs no mapping: its lock is the user's own address.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define LOCK_BODY	40u
#define LOCK_REPLY	16u
#define UNLOCK_BODY	16u
#define INVALIDATE_BODY 32u
#define STATUS_REPLY	4u

static int allocation_lookup(struct process *process, d3dkmt_handle handle, struct allocation **allocation)
{
	pthread_mutex_lock(&process->lock);
	*allocation = handle_lookup(&process->handles, HANDLE_ALLOCATION, handle);
	if (*allocation)
		object_get(&(*allocation)->object);
	pthread_mutex_unlock(&process->lock);
	return *allocation ? 0 : -EINVAL;
}

static int write_address(uint64_t arg, uint64_t address)
{
	return copy_to_user(arg + offsetof(struct d3dkmt_lock2, data), &address, sizeof(address));
}

/* map_lock is held: nothing is locked of what has gone with its adapter (dxgkrnl: dxgadapter.c, dxgallocation_stop). */
static void forget_removed(struct process *process, struct allocation *allocation)
{
	if (!allocation->map.address || !adapter_check_active(allocation->device->adapter))
		return;
	io_unmap(process, &allocation->map);
	allocation->lock_count = 0;
}

/* The first lock: map_lock is held, so that a second one waits for the address. */
static int lock_first(struct process *process, struct allocation *allocation, const struct d3dkmt_lock2 *args,
		      uint64_t arg)
{
	struct host_lock request = {.args = *args};
	/* the guest computes the size in 32 bits */
	uint32_t size = allocation->num_pages * HOST_PAGE_SIZE;
	struct host_lock_reply reply = {0};
	struct device *device;
	struct host_message m;
	int ret;

	ret = device_get_active(process, HANDLE_DEVICE, args->device, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_LOCK2, LOCK_BODY, LOCK_REPLY);
	if (ret)
		goto out;
	m.request.lock = &request;
	m.reply.lock = &reply;
	ret = message_call(&m);
	if (ret < 0)
		goto out;
	ret = io_map(reply.address, size / HOST_PAGE_SIZE, device->adapter, &allocation->map);
	if (ret)
		goto out;
	ret = write_address(arg, (uint64_t)(uintptr_t)allocation->map.address);
	if (ret)
		io_unmap(process, &allocation->map);
	else
		allocation->lock_count = 1;
out:
	device_put(device);
	return ret;
}

int ioctl_lock2(struct process *process, uint64_t arg)
{
	struct allocation *allocation;
	struct d3dkmt_lock2 args;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = allocation_lookup(process, args.allocation, &allocation);
	if (ret)
		return ret;
	pthread_mutex_lock(&allocation->map_lock);
	forget_removed(process, allocation);
	if (allocation->ended) {
		ret = -EINVAL;
	} else if (allocation->sysmem) {
		ret = write_address(arg, allocation->sysmem);
	} else if (allocation->map.address) {
		ret = write_address(arg, (uint64_t)(uintptr_t)allocation->map.address);
		if (!ret)
			allocation->lock_count++;
	} else {
		ret = lock_first(process, allocation, &args, arg);
	}
	pthread_mutex_unlock(&allocation->map_lock);
	object_put(&allocation->object);
	return ret;
}

static int send_unlock(struct process *process, const struct d3dkmt_unlock2 *args)
{
	struct host_unlock request = {.device = args->device, .allocation = args->allocation};
	struct device *device;
	struct host_message m;
	int ret;

	ret = device_get_active(process, HANDLE_DEVICE, args->device, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_UNLOCK2, UNLOCK_BODY, STATUS_REPLY);
	if (!ret) {
		m.request.unlock = &request;
		ret = message_call(&m);
	}
	device_put(device);
	return ret;
}

/* One lock less.  *last: the host has to be told. */
static int unlock_locally(struct process *process, struct allocation *allocation, bool *last)
{
	*last = true;
	if (allocation->ended)
		return -EINVAL;
	if (allocation->sysmem)
		return 0;
	if (allocation->lock_count == 0)
		return -EINVAL;
	*last = --allocation->lock_count == 0;
	if (*last)
		io_unmap(process, &allocation->map);
	return 0;
}

int ioctl_unlock2(struct process *process, uint64_t arg)
{
	struct allocation *allocation;
	struct d3dkmt_unlock2 args;
	bool last;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = allocation_lookup(process, args.allocation, &allocation);
	if (ret)
		return ret;
	pthread_mutex_lock(&allocation->map_lock);
	forget_removed(process, allocation);
	ret = unlock_locally(process, allocation, &last);
	if (!ret && last)
		ret = send_unlock(process, &args);
	pthread_mutex_unlock(&allocation->map_lock);
	object_put(&allocation->object);
	return ret;
}

int ioctl_invalidate_cache(struct process *process, uint64_t arg)
{
	struct host_invalidate_cache request;
	struct device *device;
	struct host_message m;
	int ret;

	if (copy_from_user(&request.args, arg, sizeof(request.args)))
		return -EFAULT;
	ret = device_get_active(process, HANDLE_DEVICE, request.args.device, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_INVALIDATECACHE, INVALIDATE_BODY, STATUS_REPLY);
	if (!ret) {
		m.request.invalidate_cache = &request;
		ret = message_call(&m);
	}
	device_put(device);
	return ret;
}
