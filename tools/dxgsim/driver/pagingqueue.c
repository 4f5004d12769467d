// SPDX-License-Identifier: MIT
/* Paging queues and their fences (dxgkrnl: ioctl.c, dxgvmbus.c). */
#include "dxgsim/driver/pagingqueue.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

static void pagingqueue_release(struct object *object)
{
	struct pagingqueue *queue = (struct pagingqueue *)object;

	device_put(queue->device);
	free(queue);
}

static struct pagingqueue *pagingqueue_create(struct device *device, d3dkmt_handle device_handle)
{
	struct pagingqueue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	object_init(&queue->object, pagingqueue_release);
	object_get(&device->object);
	queue->device = device;
	queue->device_handle = device_handle;
	return queue;
}

static int send_destroy_paging_queue(const struct process *process, const struct adapter *adapter,
				     d3dkmt_handle handle)
{
	struct host_destroy_paging_queue request = {.paging_queue = handle};
	struct host_message m;
	int ret;

	ret = message_init(&m, process, adapter, HOST_DESTROYPAGINGQUEUE, 8, 4);
	if (ret)
		return ret;
	m.request.destroy_paging_queue = &request;
	return message_call(&m);
}

/* The host's queue, its fence mapped.  A fence that cannot be mapped leaves the host's queue behind. */
static int send_create_paging_queue(struct pagingqueue *queue, const struct d3dkmt_createpagingqueue *args)
{
	struct host_create_paging_queue_reply reply = {0};
	struct host_create_paging_queue request = {
		.device = args->device,
		.priority = args->priority,
		.physical_adapter_index = args->physical_adapter_index,
	};
	struct host_message m;
	int ret;

	ret = message_init(&m, queue->device->process, queue->device->adapter, HOST_CREATEPAGINGQUEUE,
			   sizeof(*args), 24);
	if (ret)
		return ret;
	m.has_status = false;
	m.request.create_paging_queue = &request;
	m.reply.create_paging_queue = &reply;
	ret = message_call(&m);
	if (ret)
		return ret;
	queue->handle = reply.paging_queue;
	queue->sync_object = reply.sync_object;
	return io_map(reply.fence_page, 1, queue->device->adapter, &queue->fence);
}

static int pagingqueue_publish(struct pagingqueue *queue)
{
	struct process *process = queue->device->process;
	int ret;

	pthread_mutex_lock(&process->lock);
	ret = device_accepts(queue->device);
	if (!ret)
		ret = handle_assign(&process->handles, HANDLE_PAGINGQUEUE, queue, queue->handle);
	if (!ret) {
		ret = handle_assign(&process->handles, HANDLE_MONITOREDFENCE, NULL, queue->sync_object);
		if (ret)
			handle_free(&process->handles, HANDLE_PAGINGQUEUE, queue->handle);
	}
	if (!ret) {
		queue->handle_valid = true;
		object_get(&queue->object);
		TAILQ_INSERT_TAIL(&queue->device->pagingqueues, queue, entry);
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

/* process->lock is held: afterwards the caller owns the list's reference */
static void pagingqueue_unlink(struct pagingqueue *queue)
{
	struct process *process = queue->device->process;

	handle_free(&process->handles, HANDLE_PAGINGQUEUE, queue->handle);
	handle_free(&process->handles, HANDLE_MONITOREDFENCE, queue->sync_object);
	queue->handle_valid = false;
	TAILQ_REMOVE(&queue->device->pagingqueues, queue, entry);
}

static void pagingqueue_destroy(struct pagingqueue *queue)
{
	io_unmap(queue->device->process, &queue->fence);
	object_put(&queue->object);
}

static void pagingqueues_destroy_all(struct device *device)
{
	struct pagingqueue *queue;

	for (;;) {
		pthread_mutex_lock(&device->process->lock);
		queue = TAILQ_FIRST(&device->pagingqueues);
		if (queue)
			pagingqueue_unlink(queue);
		pthread_mutex_unlock(&device->process->lock);
		if (!queue)
			return;
		pagingqueue_destroy(queue);
	}
}

static void pagingqueues_report(const struct device *device, driver_visit visit, void *arg)
{
	const struct pagingqueue *queue;

	TAILQ_FOREACH(queue, &device->pagingqueues, entry) {
		const struct driver_object object = {
			.kind = "paging queue", .handle = queue->handle, .device = device->handle};

		visit(arg, &object);
	}
}

const struct device_part pagingqueue_part = {
	.destroy_all = pagingqueues_destroy_all,
	.show = pagingqueues_report,
};

int ioctl_create_paging_queue(struct process *process, uint64_t arg)
{
	struct d3dkmt_createpagingqueue args;
	struct pagingqueue *queue;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	queue = pagingqueue_create(device, args.device);
	ret = queue ? send_create_paging_queue(queue, &args) : -ENOMEM;
	if (!ret) {
		args.paging_queue = queue->handle;
		args.sync_object = queue->sync_object;
		args.fence_cpu_virtual_address = (uint64_t)(uintptr_t)queue->fence.address;
		ret = copy_to_user(arg, &args, sizeof(args));
		if (!ret)
			ret = pagingqueue_publish(queue);
		if (ret) {
			io_unmap(process, &queue->fence);
			if (queue->handle)
				send_destroy_paging_queue(process, device->adapter, queue->handle);
		}
	}
	if (queue)
		object_put(&queue->object);
	device_put(device);
	return ret;
}

int ioctl_destroy_paging_queue(struct process *process, uint64_t arg)
{
	struct d3dddi_destroypagingqueue args;
	struct pagingqueue *queue;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	pthread_mutex_lock(&process->lock);
	queue = handle_lookup(&process->handles, HANDLE_PAGINGQUEUE, args.paging_queue);
	if (queue)
		pagingqueue_unlink(queue);
	pthread_mutex_unlock(&process->lock);
	if (!queue)
		return -EINVAL;
	/* the handle is gone even if the host cannot be told */
	ret = device_check_active(queue->device);
	if (!ret)
		ret = send_destroy_paging_queue(process, queue->device->adapter, args.paging_queue);
	pagingqueue_destroy(queue);
	return ret;
}
