// SPDX-License-Identifier: MIT
/* Hardware queues and their progress fences (dxgkrnl: ioctl.c, dxgvmbus.c). */
#include "dxgsim/driver/hwqueue.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define CREATEHWQUEUE_BODY 48u /* with the first byte of private data */

static void hwqueue_release(struct object *object)
{
	struct hwqueue *hwqueue = (struct hwqueue *)object;

	device_put(hwqueue->device);
	free(hwqueue);
}

/* A context with a reference, which keeps its device. */
static int context_get(struct process *process, d3dkmt_handle handle, struct context **context)
{
	pthread_mutex_lock(&process->lock);
	*context = handle_lookup(&process->handles, HANDLE_CONTEXT, handle);
	if (*context)
		object_get(&(*context)->object);
	pthread_mutex_unlock(&process->lock);
	return *context ? 0 : -EINVAL;
}

static int send_destroy_hwqueue(const struct process *process, const struct adapter *adapter,
				d3dkmt_handle handle)
{
	struct host_destroy_hwqueue request = {.hwqueue = handle};
	struct host_message m;
	int ret;

	ret = message_init(&m, process, adapter, HOST_DESTROYHWQUEUE, 8, 4);
	if (ret)
		return ret;
	m.request.destroy_hwqueue = &request;
	return message_call(&m);
}

static int send_create_hwqueue(const struct process *process, const struct adapter *adapter,
			       const struct d3dkmt_createhwqueue *args,
			       struct host_create_hwqueue_reply *reply)
{
	const uint32_t size = args->priv_drv_data_size;
	const uint64_t body = CREATEHWQUEUE_BODY + (size ? (uint64_t)size - 1 : 0);
	struct host_create_hwqueue request;
	struct host_message m;
	void *sent;
	int ret;

	ret = message_init(&m, process, adapter, HOST_CREATEHWQUEUE, body, COMMAND_HEADER + body);
	if (ret)
		return ret;
	ret = copy_array_from_user(&sent, args->priv_drv_data, size, 1);
	if (ret)
		return ret;
	reply->private_data = calloc(1, (size_t)size + 1);
	if (!reply->private_data) {
		free(sent);
		return -ENOMEM;
	}
	if (sent)
		memcpy(reply->private_data, sent, size);
	request = (struct host_create_hwqueue){
		.context = args->context,
		.flags = args->flags,
		.private_data_size = size,
		.private_data = sent,
	};
	m.request.create_hwqueue = &request;
	m.reply.create_hwqueue = reply;
	ret = message_send(&m);
	free(sent);
	if (ret) {
		/* a reply too short to be used does not name a queue either */
		reply->hwqueue = 0;
		return ret;
	}
	ret = ntstatus_to_result(m.status);
	return ret < 0 ? ret : 0;
}

static int hwqueue_publish(struct hwqueue *hwqueue)
{
	struct process *process = hwqueue->device->process;
	int ret;

	pthread_mutex_lock(&process->lock);
	ret = hwqueue->context->handle_valid ? device_accepts(hwqueue->device) : -EINVAL;
	if (!ret)
		ret = handle_assign(&process->handles, HANDLE_HWQUEUE, hwqueue, hwqueue->handle);
	if (!ret) {
		ret = handle_assign(&process->handles, HANDLE_MONITOREDFENCE, NULL, hwqueue->progress_fence);
		if (ret)
			handle_free(&process->handles, HANDLE_HWQUEUE, hwqueue->handle);
	}
	if (!ret) {
		hwqueue->handle_valid = true;
		object_get(&hwqueue->object);
		TAILQ_INSERT_TAIL(&hwqueue->context->hwqueues, hwqueue, entry);
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

/* process->lock is held: afterwards the caller owns the list's reference */
static void hwqueue_unlink(struct hwqueue *hwqueue)
{
	struct process *process = hwqueue->device->process;

	handle_free(&process->handles, HANDLE_HWQUEUE, hwqueue->handle);
	handle_free(&process->handles, HANDLE_MONITOREDFENCE, hwqueue->progress_fence);
	hwqueue->handle_valid = false;
	TAILQ_REMOVE(&hwqueue->context->hwqueues, hwqueue, entry);
}

static void hwqueue_destroy(struct hwqueue *hwqueue)
{
	io_unmap(hwqueue->device->process, &hwqueue->fence);
	object_put(&hwqueue->object);
}

void hwqueues_destroy_all(struct context *context)
{
	struct process *process = context->device->process;
	struct hwqueue *hwqueue;

	for (;;) {
		pthread_mutex_lock(&process->lock);
		hwqueue = TAILQ_FIRST(&context->hwqueues);
		if (hwqueue)
			hwqueue_unlink(hwqueue);
		pthread_mutex_unlock(&process->lock);
		if (!hwqueue)
			return;
		hwqueue_destroy(hwqueue);
	}
}

void hwqueues_report(const struct context *context, driver_visit visit, void *arg)
{
	const struct hwqueue *hwqueue;

	TAILQ_FOREACH(hwqueue, &context->hwqueues, entry) {
		const struct driver_object object = {
			.kind = "hwqueue", .handle = hwqueue->handle, .device = context->device->handle};

		visit(arg, &object);
	}
}

static int hwqueue_return(const struct hwqueue *hwqueue, uint64_t fence_gpu_va, uint64_t arg)
{
	struct {
		d3dkmt_handle queue;
		d3dkmt_handle progress_fence;
		uint64_t cpu_va;
		uint64_t gpu_va;
	} out = {
		.queue = hwqueue->handle,
		.progress_fence = hwqueue->progress_fence,
		.cpu_va = (uint64_t)(uintptr_t)hwqueue->fence.address,
		.gpu_va = fence_gpu_va,
	};

	_Static_assert(sizeof(out) == sizeof(struct d3dkmt_createhwqueue) -
					      offsetof(struct d3dkmt_createhwqueue, queue),
		       "the four results are the tail of the argument");
	return copy_to_user(arg + offsetof(struct d3dkmt_createhwqueue, queue), &out, sizeof(out));
}

/* Makes the guest's side of a queue the host has just created. */
static int hwqueue_create(struct context *context, const struct host_create_hwqueue_reply *reply,
			  uint64_t arg)
{
	struct hwqueue *hwqueue = calloc(1, sizeof(*hwqueue));
	struct process *process = context->device->process;
	int ret;

	if (!hwqueue)
		return -ENOMEM;
	object_init(&hwqueue->object, hwqueue_release);
	object_get(&context->device->object);
	hwqueue->device = context->device;
	hwqueue->context = context;
	hwqueue->handle = reply->hwqueue;
	hwqueue->progress_fence = reply->progress_fence;
	/* the one mapping that the end of its adapter does not reach (dxgkrnl: dxgadapter.c, dxgdevice_stop) */
	ret = io_map(reply->fence_page, 1, NULL, &hwqueue->fence);
	if (!ret)
		ret = hwqueue_return(hwqueue, reply->fence_gpu_va, arg);
	if (!ret)
		ret = hwqueue_publish(hwqueue);
	if (ret)
		io_unmap(process, &hwqueue->fence);
	object_put(&hwqueue->object);
	return ret;
}

int ioctl_create_hwqueue(struct process *process, uint64_t arg)
{
	struct host_create_hwqueue_reply reply = {0};
	struct d3dkmt_createhwqueue args;
	struct context *context;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = context_get(process, args.context, &context);
	if (ret)
		return ret;
	ret = device_check_active(context->device);
	if (!ret)
		ret = send_create_hwqueue(process, context->device->adapter, &args, &reply);
	if (!ret) {
		ret = hwqueue_create(context, &reply, arg);
		if (!ret)
			/* a fault here is not told to anybody */
			copy_to_user(args.priv_drv_data, reply.private_data, args.priv_drv_data_size);
		else if (reply.hwqueue)
			send_destroy_hwqueue(process, context->device->adapter, reply.hwqueue);
	}
	free(reply.private_data);
	object_put(&context->object);
	return ret;
}

int ioctl_destroy_hwqueue(struct process *process, uint64_t arg)
{
	struct d3dkmt_destroyhwqueue args;
	struct hwqueue *hwqueue;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	pthread_mutex_lock(&process->lock);
	hwqueue = handle_lookup(&process->handles, HANDLE_HWQUEUE, args.queue);
	if (hwqueue)
		hwqueue_unlink(hwqueue);
	pthread_mutex_unlock(&process->lock);
	if (!hwqueue)
		return -EINVAL;
	/* the handle is gone even if the host cannot be told */
	ret = device_check_active(hwqueue->device);
	if (!ret)
		ret = send_destroy_hwqueue(process, hwqueue->device->adapter, args.queue);
	hwqueue_destroy(hwqueue);
	return ret;
}
