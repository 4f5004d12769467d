// SPDX-License-Identifier: MIT
/* Contexts and their priorities (dxgkrnl: ioctl.c, dxgvmbus.c). */
#include "dxgsim/driver/context.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/hwqueue.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define CREATECONTEXT_BODY 31u /* without private data */

static void context_release(struct object *object)
{
	struct context *context = (struct context *)object;

	device_put(context->device);
	free(context);
}

static struct context *context_create(struct device *device)
{
	struct context *context = calloc(1, sizeof(*context));

	if (!context)
		return NULL;
	object_init(&context->object, context_release);
	object_get(&device->object);
	context->device = device;
	TAILQ_INIT(&context->hwqueues);
	return context;
}

static int context_publish(struct context *context, d3dkmt_handle handle)
{
	struct device *device = context->device;
	struct process *process = device->process;
	int ret;

	pthread_mutex_lock(&process->lock);
	ret = device_accepts(device);
	if (!ret)
		ret = handle_assign(&process->handles, HANDLE_CONTEXT, context, handle);
	if (!ret) {
		context->handle = handle;
		context->handle_valid = true;
		object_get(&context->object);
		TAILQ_INSERT_TAIL(&device->contexts, context, entry);
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

/* process->lock is held: afterwards the caller owns the list's reference */
static void context_unlink(struct context *context)
{
	handle_free(&context->device->process->handles, HANDLE_CONTEXT, context->handle);
	context->handle_valid = false;
	TAILQ_REMOVE(&context->device->contexts, context, entry);
}

static void context_destroy(struct context *context)
{
	hwqueues_destroy_all(context);
	object_put(&context->object);
}

static void contexts_destroy_all(struct device *device)
{
	struct context *context;

	for (;;) {
		pthread_mutex_lock(&device->process->lock);
		context = TAILQ_FIRST(&device->contexts);
		if (context)
			context_unlink(context);
		pthread_mutex_unlock(&device->process->lock);
		if (!context)
			return;
		context_destroy(context);
	}
}

static void contexts_report(const struct device *device, driver_visit visit, void *arg)
{
	const struct context *context;

	TAILQ_FOREACH(context, &device->contexts, entry) {
		const struct driver_object object = {
			.kind = "context", .handle = context->handle, .device = device->handle};

		visit(arg, &object);
		hwqueues_report(context, visit, arg);
	}
}

const struct device_part context_part = {
	.destroy_all = contexts_destroy_all,
	.show = contexts_report,
};

static int send_destroy_context(const struct process *process, const struct adapter *adapter,
				d3dkmt_handle handle)
{
	struct host_destroy_context request = {.context = handle};
	struct host_message m;
	int ret;

	ret = message_init(&m, process, adapter, HOST_DESTROYCONTEXT, 8, 4);
	if (ret)
		return ret;
	m.request.destroy_context = &request;
	return message_call(&m);
}

/* A context of the host's, its private data handed back to the caller; 0 whatever went wrong. */
static d3dkmt_handle send_create_context(const struct process *process, const struct adapter *adapter,
					 const struct d3dkmt_createcontextvirtual *args)
{
	const uint32_t size = args->priv_drv_data_size;
	struct host_create_context_reply reply = {0};
	struct host_create_context request;
	struct host_message m;
	void *sent, *data;

	if (message_init(&m, process, adapter, HOST_CREATECONTEXTVIRTUAL, CREATECONTEXT_BODY + (uint64_t)size,
			 COMMAND_HEADER + CREATECONTEXT_BODY + (uint64_t)size))
		return 0;
	if (copy_array_from_user(&sent, args->priv_drv_data, size, 1))
		return 0;
	data = calloc(1, (size_t)size + 1);
	if (!data) {
		free(sent);
		return 0;
	}
	if (sent)
		memcpy(data, sent, size);
	request = (struct host_create_context){
		.device = args->device,
		.node_ordinal = args->node_ordinal,
		.engine_affinity = args->engine_affinity,
		.flags = args->flags,
		.client_hint = args->client_hint,
		.private_data_size = size,
		.private_data = sent,
	};
	reply.private_data = data;
	m.has_status = false;
	m.request.create_context = &request;
	m.reply.create_context = &reply;
	if (message_call(&m))
		reply.context = 0;
	if (reply.context && copy_to_user(args->priv_drv_data, data, size)) {
		send_destroy_context(process, adapter, reply.context);
		reply.context = 0;
	}
	free(data);
	free(sent);
	return reply.context;
}

int ioctl_create_context_virtual(struct process *process, uint64_t arg)
{
	struct d3dkmt_createcontextvirtual args;
	struct context *context;
	struct device *device;
	d3dkmt_handle handle;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	context = context_create(device);
	if (!context) {
		device_put(device);
		return -ENOMEM;
	}
	handle = send_create_context(process, device->adapter, &args);
	ret = handle ? 0 : -EINVAL;
	if (!ret)
		ret = copy_to_user(arg + offsetof(struct d3dkmt_createcontextvirtual, context), &handle,
				   sizeof(handle));
	if (!ret)
		ret = context_publish(context, handle);
	if (ret && handle)
		send_destroy_context(process, device->adapter, handle);
	object_put(&context->object);
	device_put(device);
	return ret;
}

int ioctl_destroy_context(struct process *process, uint64_t arg)
{
	struct d3dkmt_destroycontext args;
	struct context *context;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	pthread_mutex_lock(&process->lock);
	context = handle_lookup(&process->handles, HANDLE_CONTEXT, args.context);
	if (context)
		context_unlink(context);
	pthread_mutex_unlock(&process->lock);
	if (!context)
		return -EINVAL;
	/* the handle is gone even if the host cannot be told */
	ret = device_check_active(context->device);
	if (!ret)
		ret = send_destroy_context(process, context->device->adapter, args.context);
	context_destroy(context);
	return ret;
}

static int priority_get(struct process *process, uint64_t arg, bool in_process)
{
	struct host_get_context_priority_reply reply = {0};
	struct host_get_context_priority request;
	struct d3dkmt_getcontextschedulingpriority args;
	struct host_message m;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_CONTEXT, args.context, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_GETCONTEXTSCHEDULINGPRIORITY, 8, 8);
	if (!ret) {
		request.context = args.context;
		request.in_process = in_process;
		m.request.get_context_priority = &request;
		m.reply.get_context_priority = &reply;
		ret = message_call(&m);
	}
	if (ret >= 0)
		ret = copy_to_user(arg + offsetof(struct d3dkmt_getcontextschedulingpriority, priority),
				   &reply.priority, sizeof(reply.priority));
	device_put(device);
	return ret;
}

static int priority_set(struct process *process, uint64_t arg, bool in_process)
{
	struct d3dkmt_setcontextschedulingpriority args;
	struct host_set_context_priority request;
	struct host_message m;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_CONTEXT, args.context, &device);
	if (ret)
		return ret;
	ret = message_init(&m, process, device->adapter, HOST_SETCONTEXTSCHEDULINGPRIORITY, 16, 4);
	if (!ret) {
		request.context = args.context;
		request.priority = args.priority;
		request.in_process = in_process;
		m.request.set_context_priority = &request;
		ret = message_call(&m);
	}
	device_put(device);
	return ret;
}

int ioctl_get_context_in_process_scheduling_priority(struct process *process, uint64_t arg)
{
	return priority_get(process, arg, true);
}

int ioctl_get_context_scheduling_priority(struct process *process, uint64_t arg)
{
	return priority_get(process, arg, false);
}

int ioctl_set_context_in_process_scheduling_priority(struct process *process, uint64_t arg)
{
	return priority_set(process, arg, true);
}

int ioctl_set_context_scheduling_priority(struct process *process, uint64_t arg)
{
	return priority_set(process, arg, false);
}
