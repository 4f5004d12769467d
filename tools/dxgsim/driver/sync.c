// SPDX-License-Identifier: MIT
/*
 * Signals and waits: from the CPU, from a context, in a hardware queue (dxgkrnl: ioctl.c, dxgvmbus.c).
 * Only the first context or queue of a list is looked at here, the objects hardly ever.
 */
#include "dxgsim/driver/sync.h"

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/event.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define MAX_SIGNALED	 32u
#define MAX_WAITED	 32u
#define MAX_BROADCAST	 64u
#define SIGNAL_BODY	 32u
#define WAIT_GPU_BODY	 16u
#define WAIT_CPU_BODY	 32u
#define OBJECT_AND_VALUE (sizeof(d3dkmt_handle) + sizeof(uint64_t))

/* ---- signals ---- */

/* Where the parts of a signal come from; pointers are the caller's. */
struct signal_source {
	uint32_t flags;
	uint64_t fence_value;
	d3dkmt_handle context; /* in front of the list, 0: none */
	d3dkmt_handle device;
	uint32_t object_count;
	uint64_t objects;
	uint32_t context_count;
	uint64_t contexts;
	uint64_t fence_values; /* object_count of them, NULL: none are sent */
	uint64_t guest_event;
};

static int send_signal(struct process *process, struct adapter *adapter, const struct signal_source *source)
{
	uint32_t extra = source->context ? 1 : 0;
	uint32_t value_count = source->fence_values ? source->object_count : 0;
	d3dkmt_handle *objects = NULL, *contexts = NULL;
	struct host_signal_sync_object request;
	uint64_t *values = NULL;
	struct host_message m;
	int ret;

	ret = message_init(&m, process, adapter, HOST_SIGNALSYNCOBJECT,
			   SIGNAL_BODY + source->object_count * (uint64_t)sizeof(*objects) +
				   (source->context_count + (uint64_t)extra) * sizeof(*contexts) +
				   value_count * (uint64_t)sizeof(*values),
			   4);
	if (ret)
		return ret;
	contexts = calloc((size_t)source->context_count + 1, sizeof(*contexts));
	if (!contexts)
		return -ENOMEM;
	contexts[0] = source->context;
	ret = copy_array_from_user((void **)&objects, source->objects, source->object_count,
				   sizeof(*objects));
	if (!ret)
		ret = copy_from_user(contexts + extra, source->contexts,
				     source->context_count * sizeof(*contexts));
	if (!ret)
		ret = copy_array_from_user((void **)&values, source->fence_values, value_count,
					   sizeof(*values));
	if (!ret) {
		request = (struct host_signal_sync_object){
			.flags = source->flags,
			.object_count = source->object_count,
			.objects = objects,
			.context_count = source->context_count + extra,
			.contexts = contexts,
			.device = source->device,
			.guest_event = source->guest_event,
			.fence_value = source->fence_value,
			.fence_value_count = value_count,
			.fence_values = values,
		};
		m.request.signal_sync_object = &request;
		ret = message_call_async(&m);
	}
	free(values);
	free(contexts);
	free(objects);
	return ret;
}

/* A signal by whoever `handle` names; with enqueue_cpu_event, cpu_event becomes the event of the signal. */
static int signal_by(struct process *process, enum handle_type type, d3dkmt_handle handle,
		     struct signal_source *source, const uint64_t *cpu_event)
{
	struct device *device;
	int ret;

	if (cpu_event) {
		ret = eventfd_event_add(*cpu_event, false, &source->guest_event);
		if (ret)
			return ret;
	}
	ret = device_get_active(process, type, handle, &device);
	if (!ret) {
		ret = send_signal(process, device->adapter, source);
		device_put(device);
	}
	if (ret < 0 && cpu_event)
		event_remove(source->guest_event);
	return ret;
}

int ioctl_signal_sync_object(struct process *process, uint64_t arg)
{
	struct d3dkmt_signalsynchronizationobject2 args;
	struct signal_source source;
	bool event;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	/* 63 contexts at most: the check is off by one */
	if (args.object_count > MAX_SIGNALED || args.context_count >= MAX_BROADCAST)
		return -EINVAL;
	event = args.flags & D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT;
	source = (struct signal_source){
		.flags = args.flags,
		.fence_value = event ? 0 : args.fence.fence_value,
		.context = args.context,
		.object_count = args.object_count,
		.objects = arg + offsetof(struct d3dkmt_signalsynchronizationobject2, object_array),
		.context_count = args.context_count,
		.contexts = arg + offsetof(struct d3dkmt_signalsynchronizationobject2, contexts),
	};
	return signal_by(process, HANDLE_CONTEXT, args.context, &source,
			 event ? &args.cpu_event_handle : NULL);
}

int ioctl_signal_from_cpu(struct process *process, uint64_t arg)
{
	struct d3dkmt_signalsynchronizationobjectfromcpu args;
	struct signal_source source;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.object_count == 0 || args.object_count > MAX_SIGNALED)
		return -EINVAL;
	source = (struct signal_source){
		.flags = args.flags,
		.device = args.device,
		.object_count = args.object_count,
		.objects = args.objects,
		.fence_values = args.fence_values,
	};
	return signal_by(process, HANDLE_DEVICE, args.device, &source, NULL);
}

int ioctl_signal_from_gpu(struct process *process, uint64_t arg)
{
	struct d3dkmt_signalsynchronizationobjectfromgpu args;
	struct signal_source source;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.object_count == 0 || args.object_count > PACKET_MAX)
		return -EINVAL;
	source = (struct signal_source){
		.context = args.context,
		.object_count = args.object_count,
		.objects = args.objects,
		.fence_values = args.monitored_fence_values,
	};
	return signal_by(process, HANDLE_CONTEXT, args.context, &source, NULL);
}

int ioctl_signal_from_gpu2(struct process *process, uint64_t arg)
{
	struct d3dkmt_signalsynchronizationobjectfromgpu2 args;
	struct signal_source source;
	d3dkmt_handle context;
	bool event;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	event = args.flags & D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT;
	if (event ? args.object_count != 0 || args.cpu_event_handle == 0
		  : args.object_count == 0 || args.object_count > PACKET_MAX || args.context_count == 0)
		return -EINVAL;
	if (args.context_count > PACKET_MAX)
		return -EINVAL;
	/* read whatever the count says */
	ret = copy_from_user(&context, args.contexts, sizeof(context));
	if (ret)
		return ret;
	source = (struct signal_source){
		.flags = args.flags,
		.object_count = args.object_count,
		.objects = args.objects,
		.context_count = args.context_count,
		.contexts = args.contexts,
		.fence_values = event ? 0 : args.monitored_fence_values,
	};
	return signal_by(process, HANDLE_CONTEXT, context, &source, event ? &args.cpu_event_handle : NULL);
}

int ioctl_submit_signal_to_hwqueue(struct process *process, uint64_t arg)
{
	struct d3dkmt_submitsignalsyncobjectstohwqueue args;
	struct signal_source source;
	d3dkmt_handle queue;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.hwqueue_count == 0 || args.hwqueue_count > MAX_BROADCAST || args.object_count == 0 ||
	    args.object_count > MAX_SIGNALED)
		return -EINVAL;
	ret = copy_from_user(&queue, args.hwqueues, sizeof(queue));
	if (ret)
		return ret;
	source = (struct signal_source){
		.flags = args.flags,
		.object_count = args.object_count,
		.objects = args.objects,
		.context_count = args.hwqueue_count,
		.contexts = args.hwqueues,
		.fence_values = args.fence_values,
	};
	return signal_by(process, HANDLE_HWQUEUE, queue, &source, NULL);
}

/* ---- waits on the GPU ---- */

int send_wait_from_gpu(struct process *process, struct adapter *adapter,
		       const struct host_wait_from_gpu *wait)
{
	struct host_message m;
	int ret;

	ret = message_init(&m, process, adapter, HOST_WAITFORSYNCOBJECTFROMGPU,
			   WAIT_GPU_BODY + wait->object_count * (uint64_t)OBJECT_AND_VALUE, 4);
	if (ret)
		return ret;
	m.request.wait_from_gpu = wait;
	return message_call_async(&m);
}

static int wait_by(struct process *process, enum handle_type type, const struct host_wait_from_gpu *wait)
{
	struct device *device;
	int ret;

	ret = device_get_active(process, type, wait->context, &device);
	if (ret)
		return ret;
	ret = send_wait_from_gpu(process, device->adapter, wait);
	device_put(device);
	return ret;
}

int ioctl_wait_sync_object(struct process *process, uint64_t arg)
{
	struct d3dkmt_waitforsynchronizationobject2 args;
	uint64_t values[MAX_WAITED] = {0};
	struct host_wait_from_gpu wait;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.object_count == 0 || args.object_count > MAX_WAITED)
		return -EINVAL;
	/*
	 * One value is meant.  The driver sends as many as there are objects, from the value's field on, beyond
	 * the structure even; zeros stand for what it finds there.
	 */
	memcpy(values, args.reserved, sizeof(args.reserved));
	wait = (struct host_wait_from_gpu){
		.context = args.context,
		.legacy_fence = true,
		.object_count = args.object_count,
		.objects = args.object_array,
		.fence_values = values,
	};
	return wait_by(process, HANDLE_CONTEXT, &wait);
}

/* Whether the object is waited for by value.  -EINVAL: neither a sync object nor a bare fence handle. */
static int waits_for_value(struct process *process, d3dkmt_handle handle, bool *by_value)
{
	const struct syncobject *syncobject;
	int ret = 0;

	pthread_mutex_lock(&process->lock);
	switch (handle_type_of(&process->handles, handle)) {
	case HANDLE_SYNCOBJECT:
		syncobject = handle_object(&process->handles, handle);
		*by_value = syncobject->monitored_fence;
		break;
	case HANDLE_MONITOREDFENCE:
		*by_value = true;
		break;
	default:
		ret = -EINVAL;
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

int ioctl_wait_from_gpu(struct process *process, uint64_t arg)
{
	struct d3dkmt_waitforsynchronizationobjectfromgpu args;
	d3dkmt_handle objects[MAX_WAITED];
	uint64_t values[MAX_WAITED] = {0};
	struct host_wait_from_gpu wait;
	bool by_value;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.object_count == 0 || args.object_count > MAX_WAITED)
		return -EINVAL;
	ret = copy_from_user(objects, args.objects, args.object_count * sizeof(objects[0]));
	if (!ret)
		ret = waits_for_value(process, objects[0], &by_value);
	if (ret)
		return ret;
	if (by_value)
		ret = copy_from_user(values, args.monitored_fence_values,
				     args.object_count * sizeof(values[0]));
	else
		memcpy(values, args.reserved, sizeof(args.reserved));
	if (ret)
		return ret;
	wait = (struct host_wait_from_gpu){
		.context = args.context,
		.legacy_fence = !by_value,
		.object_count = args.object_count,
		.objects = objects,
		.fence_values = values,
	};
	return wait_by(process, HANDLE_CONTEXT, &wait);
}

int ioctl_submit_wait_to_hwqueue(struct process *process, uint64_t arg)
{
	struct d3dkmt_submitwaitforsyncobjectstohwqueue args;
	d3dkmt_handle objects[MAX_WAITED];
	uint64_t values[MAX_WAITED];
	struct host_wait_from_gpu wait;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.object_count == 0 || args.object_count > MAX_WAITED)
		return -EINVAL;
	ret = copy_from_user(objects, args.objects, args.object_count * sizeof(objects[0]));
	if (!ret)
		ret = copy_from_user(values, args.fence_values, args.object_count * sizeof(values[0]));
	if (ret)
		return ret;
	wait = (struct host_wait_from_gpu){
		.context = args.hwqueue,
		.object_count = args.object_count,
		.objects = objects,
		.fence_values = values,
	};
	return wait_by(process, HANDLE_HWQUEUE, &wait);
}

/* ---- waits on the CPU ---- */

int send_wait_from_cpu(struct process *process, struct adapter *adapter,
		       const struct host_wait_from_cpu *wait)
{
	struct host_message m;
	int ret;

	ret = message_init(&m, process, adapter, HOST_WAITFORSYNCOBJECTFROMCPU,
			   WAIT_CPU_BODY + wait->object_count * (uint64_t)OBJECT_AND_VALUE, 4);
	if (ret)
		return ret;
	m.request.wait_from_cpu = wait;
	return message_call(&m);
}

static void completion_fire(void *arg)
{
	sem_post(arg);
}

/*
 * Sleeps as an interruptible kernel wait does: a handler with SA_RESTART resumes it, another ends it.  An ioctl is
 * no cancellation point.
 */
static int completion_wait(sem_t *done)
{
	int cancel, ret;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	ret = sem_wait(done) ? -errno : 0;
	pthread_setcancelstate(cancel, NULL);
	return ret;
}

static int wait_register(struct process *process,
			 const struct d3dkmt_waitforsynchronizationobjectfromcpu *args, uint64_t event)
{
	d3dkmt_handle *objects = NULL;
	uint64_t *values = NULL;
	struct device *device;
	int ret;

	ret = device_get_active(process, HANDLE_DEVICE, args->device, &device);
	if (ret)
		return ret;
	ret = copy_array_from_user((void **)&objects, args->objects, args->object_count, sizeof(*objects));
	if (!ret)
		ret = copy_array_from_user((void **)&values, args->fence_values, args->object_count,
					   sizeof(*values));
	if (!ret) {
		struct host_wait_from_cpu wait = {
			.device = args->device,
			.flags = args->flags,
			.object_count = args->object_count,
			.objects = objects,
			.fence_values = values,
			.guest_event = event,
		};

		ret = send_wait_from_cpu(process, device->adapter, &wait);
	}
	free(values);
	free(objects);
	device_put(device);
	return ret;
}

int ioctl_wait_from_cpu(struct process *process, uint64_t arg)
{
	struct d3dkmt_waitforsynchronizationobjectfromcpu args;
	uint64_t event;
	sem_t done;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.object_count == 0 || COMMAND_HEADER + message_ext_header() + WAIT_CPU_BODY +
						      args.object_count * (uint64_t)OBJECT_AND_VALUE >
					      PACKET_MAX)
		return -EINVAL;
	sem_init(&done, 0, 0);
	if (args.async_event)
		ret = eventfd_event_add(args.async_event, false, &event);
	else
		ret = event_add(false, completion_fire, NULL, &done, &event);
	if (ret)
		return ret;
	ret = wait_register(process, &args, event);
	if (args.async_event) {
		if (ret < 0)
			event_remove(event);
		return ret;
	}
	if (ret >= 0)
		ret = completion_wait(&done);
	/* forgets the wait, or waits until the host's thread is done with it: `done` lives on this stack */
	event_remove(event);
	sem_destroy(&done);
	return ret;
}
