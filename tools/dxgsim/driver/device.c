// SPDX-License-Identifier: MIT
/* Devices: creation, teardown, execution state (dxgkrnl: dxgadapter.c, ioctl.c). */
#include "dxgsim/driver/device.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dxgsim/driver/adapter.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

static const struct device_part *const no_parts[] = {NULL};
static const struct device_part *const *parts = no_parts;

void device_set_parts(const struct device_part *const *all)
{
	parts = all;
}

static void device_release(struct object *object)
{
	free(object);
}

void device_put(struct device *device)
{
	if (device)
		object_put(&device->object);
}

/* process->lock is held */
static struct device *device_of(const struct process *process, enum handle_type type, d3dkmt_handle handle)
{
	void *object = handle_lookup(&process->handles, type, handle);

	if (!object)
		return NULL;
	switch (type) {
	case HANDLE_DEVICE:
		return object;
	case HANDLE_CONTEXT:
		return ((struct context *)object)->device;
	case HANDLE_HWQUEUE:
		return ((struct hwqueue *)object)->device;
	case HANDLE_PAGINGQUEUE:
		return ((struct pagingqueue *)object)->device;
	case HANDLE_SYNCOBJECT:
		return ((struct syncobject *)object)->device;
	case HANDLE_RESOURCE:
		return ((struct resource *)object)->device;
	case HANDLE_ALLOCATION:
		return ((struct allocation *)object)->device;
	default:
		return NULL;
	}
}

int device_lookup(struct process *process, enum handle_type type, d3dkmt_handle handle,
		  struct device **device)
{
	pthread_mutex_lock(&process->lock);
	*device = device_of(process, type, handle);
	if (*device)
		object_get(&(*device)->object);
	pthread_mutex_unlock(&process->lock);
	return *device ? 0 : -EINVAL;
}

int device_check_active(const struct device *device)
{
	return atomic_load(&device->active) ? adapter_check_active(device->adapter) : -ENODEV;
}

int device_get_active(struct process *process, enum handle_type type, d3dkmt_handle handle,
		      struct device **device)
{
	int ret = device_lookup(process, type, handle, device);

	if (ret)
		return ret;
	ret = device_check_active(*device);
	if (ret) {
		device_put(*device);
		*device = NULL;
	}
	return ret;
}

int device_accepts(const struct device *device)
{
	return atomic_load(&device->active) ? 0 : -ENODEV;
}

static int send_create_device(const struct process *process, const struct adapter *adapter, uint32_t flags,
			      d3dkmt_handle *handle)
{
	struct host_create_device request = {.flags = flags};
	struct host_create_device_reply reply = {0};
	struct host_message m;
	int ret;

	*handle = 0;
	ret = message_init(&m, process, adapter, HOST_CREATEDEVICE, 16, 4);
	if (ret)
		return ret;
	m.has_status = false;
	m.request.create_device = &request;
	m.reply.create_device = &reply;
	ret = message_call(&m);
	if (!ret)
		*handle = reply.device;
	return ret;
}

static void send_destroy_device(const struct process *process, const struct adapter *adapter,
				d3dkmt_handle handle)
{
	struct host_destroy_device request = {.device = handle};
	struct host_message m;

	/* neither a lost channel nor a refusal is told to anybody */
	if (message_init(&m, process, adapter, HOST_DESTROYDEVICE, 8, 4))
		return;
	m.request.destroy_device = &request;
	message_call(&m);
}

static void send_flush_device(const struct device *device)
{
	struct host_flush_device request = {.device = device->handle, .reason = HOST_FLUSH_DEVICE_TERMINATE};
	struct host_message m;

	if (message_init(&m, device->process, device->adapter, HOST_FLUSHDEVICE, 8, 4))
		return;
	m.request.flush_device = &request;
	message_call(&m);
}

/* A new device on the process' list of its adapter, inactive and without a handle, with one more reference. */
static int device_create(struct process *process, d3dkmt_handle adapter, struct device **out)
{
	struct process_adapter *process_adapter;
	struct device *device = calloc(1, sizeof(*device));
	int ret = 0;

	if (!device)
		return -ENOMEM;
	object_init(&device->object, device_release);
	device->process = process;
	device->execution_state = D3DKMT_DEVICEEXECUTION_ACTIVE;
	TAILQ_INIT(&device->allocations);
	TAILQ_INIT(&device->resources);
	TAILQ_INIT(&device->contexts);
	TAILQ_INIT(&device->pagingqueues);
	TAILQ_INIT(&device->syncobjects);
	pthread_mutex_lock(&process->lock);
	process_adapter = process_adapter_by_handle(process, adapter);
	if (!process_adapter) {
		ret = -EINVAL;
	} else {
		device->adapter = process_adapter->adapter;
		device->process_adapter = process_adapter;
		ret = adapter_check_active(device->adapter);
	}
	if (!ret) {
		TAILQ_INSERT_TAIL(&process_adapter->devices, device, entry);
		object_get(&device->object);
	}
	pthread_mutex_unlock(&process->lock);
	if (ret) {
		device_put(device);
		return ret;
	}
	*out = device;
	return 0;
}

/* process->lock is held; false if another thread has unlinked it already */
static bool device_unlink(struct device *device)
{
	atomic_store(&device->active, false);
	if (device->handle_valid) {
		handle_free(&device->process->handles, HANDLE_DEVICE, device->handle);
		device->handle_valid = false;
	}
	if (!device->process_adapter)
		return false;
	TAILQ_REMOVE(&device->process_adapter->devices, device, entry);
	device->process_adapter = NULL;
	return true;
}

void device_destroy(struct device *device, bool flush)
{
	bool mine;

	pthread_mutex_lock(&device->process->lock);
	mine = device_unlink(device);
	pthread_mutex_unlock(&device->process->lock);
	if (!mine)
		return;
	if (flush)
		send_flush_device(device);
	for (const struct device_part *const *part = parts; *part; part++)
		(*part)->destroy_all(device);
	if (device->handle)
		send_destroy_device(device->process, device->adapter, device->handle);
	device_put(device);
}

void device_report(const struct device *device, driver_visit visit, void *arg)
{
	const struct driver_object object = {.kind = "device", .handle = device->handle};

	visit(arg, &object);
	for (const struct device_part *const *part = parts; *part; part++)
		(*part)->show(device, visit, arg);
}

/* Publishes a device the host has made: the caller's field first, then the table. */
static int device_publish(struct device *device, d3dkmt_handle handle, uint64_t to)
{
	struct process *process = device->process;
	int ret;

	ret = copy_to_user(to, &handle, sizeof(handle));
	if (ret)
		return ret;
	pthread_mutex_lock(&process->lock);
	ret = handle_assign(&process->handles, HANDLE_DEVICE, device, handle);
	if (!ret) {
		device->handle = handle;
		device->handle_valid = true;
		atomic_store(&device->active, true);
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

int ioctl_create_device(struct process *process, uint64_t arg)
{
	struct d3dkmt_createdevice args;
	struct device *device;
	d3dkmt_handle handle;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_create(process, args.adapter, &device);
	if (ret)
		return ret;
	/*
	 * Only the handle tells whether the host made a device.  When it did not, for whatever reason, the call
	 * succeeds, writes nothing, and the guest's object stays until the adapter is closed.
	 */
	send_create_device(process, device->adapter, args.flags, &handle);
	if (handle) {
		ret = device_publish(device, handle, arg + offsetof(struct d3dkmt_createdevice, device));
		if (ret) {
			send_destroy_device(process, device->adapter, handle);
			device_destroy(device, false);
		}
	}
	device_put(device);
	return ret;
}

int ioctl_destroy_device(struct process *process, uint64_t arg)
{
	struct d3dkmt_destroydevice args;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_lookup(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	device_destroy(device, false);
	device_put(device);
	return 0;
}

static int send_get_device_state(const struct device *device, struct d3dkmt_getdevicestate *args)
{
	struct host_get_device_state_reply reply = {0};
	struct host_get_device_state request = {.args = *args};
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_GETDEVICESTATE, sizeof(*args),
			   sizeof(*args) + 8);
	if (ret)
		return ret;
	m.request.get_device_state = &request;
	m.reply.get_device_state = &reply;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	*args = reply.args;
	return 0;
}

/* The execution state known here, if no device's state has changed since it was asked for. */
static bool execution_state_cached(struct device *device, uint64_t counter, uint32_t *state)
{
	bool known;

	pthread_mutex_lock(&device->process->lock);
	known = device->execution_state_counter == counter;
	*state = device->execution_state;
	pthread_mutex_unlock(&device->process->lock);
	return known;
}

static void execution_state_set(struct device *device, uint64_t counter, uint32_t state)
{
	pthread_mutex_lock(&device->process->lock);
	device->execution_state_counter = counter;
	device->execution_state = state;
	pthread_mutex_unlock(&device->process->lock);
}

int ioctl_get_device_state(struct process *process, uint64_t arg)
{
	struct d3dkmt_getdevicestate args;
	struct device *device;
	uint64_t counter;
	uint32_t state;
	bool execution;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	execution = args.state_type == D3DKMT_DEVICESTATE_EXECUTION;
	counter = shared_state_counter();
	if (execution && execution_state_cached(device, counter, &state)) {
		args.execution_state = state;
	} else {
		ret = send_get_device_state(device, &args);
		if (!ret && execution)
			execution_state_set(device, counter, args.execution_state);
	}
	if (!ret)
		ret = copy_to_user(arg, &args, sizeof(args));
	device_put(device);
	return ret;
}

int ioctl_mark_device_as_error(struct process *process, uint64_t arg)
{
	struct host_mark_device_as_error request;
	struct d3dkmt_markdeviceaserror args;
	struct host_message m;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	/* at once and for good, whatever the host answers */
	pthread_mutex_lock(&process->lock);
	device->execution_state = D3DKMT_DEVICEEXECUTION_RESET;
	pthread_mutex_unlock(&process->lock);
	ret = message_init(&m, process, device->adapter, HOST_MARKDEVICEASERROR, sizeof(args), 4);
	if (!ret) {
		request.device = args.device;
		request.reason = args.reason;
		m.request.mark_device_as_error = &request;
		ret = message_call(&m);
	}
	device_put(device);
	return ret;
}
