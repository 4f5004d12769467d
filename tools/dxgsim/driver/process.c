// SPDX-License-Identifier: MIT
/*
 * The process object: one per thread group, made by its first open of /dev/dxg, gone with the last close
 * (dxgkrnl: dxgprocess.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "dxgsim/driver/driver_state.h"

/* Held over a whole open or close, messages included: opens wait for each other and for nothing else. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
/* Guards the pointer; innermost. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct process *current;
static atomic_bool exiting;

void object_init(struct object *object, void (*release)(struct object *object))
{
	atomic_init(&object->refs, 1);
	object->release = release;
}

void object_put(struct object *object)
{
	if (object && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1)
		object->release(object);
}

static void process_release(struct object *object)
{
	struct process *process = (struct process *)object;

	handle_table_destroy(&process->handles);
	handle_table_destroy(&process->adapters);
	pthread_mutex_destroy(&process->lock);
	free(process);
}

#define CREATEPROCESS_BODY  544u /* pid, a name of 261 UTF-16 units, flags */
#define CREATEPROCESS_REPLY 4u

static int send_create_process(struct process *process)
{
	struct host_create_process request = {.pid = process->tgid};
	struct host_create_process_reply reply = {0};
	struct host_message m;
	int ret;

	prctl(PR_GET_NAME, request.name);
	ret = message_init(&m, NULL, NULL, HOST_CREATEPROCESS, CREATEPROCESS_BODY, CREATEPROCESS_REPLY);
	if (ret)
		return ret;
	m.has_status = false;
	m.request.create_process = &request;
	m.reply.create_process = &reply;
	ret = message_send(&m);
	if (ret)
		return ret;
	process->host_handle = reply.process;
	return reply.process ? 0 : -EINVAL;
}

static void send_destroy_process(const struct process *process)
{
	struct host_message m;

	/* nothing can be done about a host that does not answer */
	if (message_init(&m, process, NULL, HOST_DESTROYPROCESS, 0, 0) == 0)
		message_send(&m);
}

static int process_create(struct process **out)
{
	struct process *process = calloc(1, sizeof(*process));
	int ret;

	if (!process)
		return -ENOMEM;
	object_init(&process->object, process_release);
	process->tgid = getpid();
	pthread_mutex_init(&process->lock, NULL);
	handle_table_init(&process->handles);
	handle_table_init(&process->adapters);
	TAILQ_INIT(&process->process_adapters);
	TAILQ_INIT(&process->syncobjects);
	ret = send_create_process(process);
	if (ret)
		goto error;
	ret = shared_process_add(process->tgid, process->host_handle);
	if (ret) {
		send_destroy_process(process);
		goto error;
	}
	*out = process;
	return 0;
error:
	object_put(&process->object);
	return ret;
}

static void process_destroy(struct process *process)
{
	process_adapters_destroy(process);
	syncobjects_destroy_all_of_process(process);
	shared_process_remove(process->tgid);
	send_destroy_process(process);
	object_put(&process->object);
}

static void current_set(struct process *process)
{
	pthread_mutex_lock(&current_lock);
	current = process;
	pthread_mutex_unlock(&current_lock);
}

int process_open(struct process **process)
{
	int ret = 0;

	/* a driver with a global channel and no vGPU cannot be opened */
	if (driver_adapter_count() == 0)
		return -ENODEV;
	pthread_mutex_lock(&open_lock);
	*process = current;
	if (!current) {
		ret = process_create(process);
		if (!ret)
			current_set(*process);
	}
	if (!ret) {
		(*process)->files++;
		object_get(&(*process)->object);
	}
	pthread_mutex_unlock(&open_lock);
	return ret;
}

void process_close(struct process *process)
{
	bool last;

	pthread_mutex_lock(&open_lock);
	last = --process->files == 0;
	if (last) {
		current_set(NULL);
		process_destroy(process);
	}
	pthread_mutex_unlock(&open_lock);
	object_put(&process->object);
}

void process_set_exiting(void)
{
	atomic_store(&exiting, true);
}

void process_clear_exiting(void)
{
	atomic_store(&exiting, false);
}

bool process_is_exiting(void)
{
	return atomic_load(&exiting);
}

void process_fork_child(void)
{
	/* may have been held over a message by another thread of the parent */
	pthread_mutex_init(&open_lock, NULL);
	/* The parent's objects are the parent's; their memory stays until the child ends or execs. */
	current = NULL;
	atomic_store(&exiting, false);
}

void process_fork_prepare(void)
{
	pthread_mutex_lock(&current_lock);
}

void process_fork_done(void)
{
	pthread_mutex_unlock(&current_lock);
}

static void report_one(void (*visit)(void *, const struct driver_object *), void *arg, const char *kind,
		       d3dkmt_handle handle, d3dkmt_handle device, uint64_t detail)
{
	struct driver_object object = {.kind = kind, .handle = handle, .device = device, .detail = detail};

	visit(arg, &object);
}

static void report_device(const struct device *device, void (*visit)(void *, const struct driver_object *),
			  void *arg)
{
	const struct pagingqueue *pagingqueue;
	const struct syncobject *syncobject;
	const struct context *context;
	const struct hwqueue *hwqueue;

	report_one(visit, arg, "device", device->handle, 0, 0);
	TAILQ_FOREACH(context, &device->contexts, entry) {
		report_one(visit, arg, "context", context->handle, device->handle, 0);
		TAILQ_FOREACH(hwqueue, &context->hwqueues, entry)
			report_one(visit, arg, "hwqueue", hwqueue->handle, device->handle, 0);
	}
	TAILQ_FOREACH(pagingqueue, &device->pagingqueues, entry)
		report_one(visit, arg, "paging queue", pagingqueue->handle, device->handle, 0);
	TAILQ_FOREACH(syncobject, &device->syncobjects, entry)
		report_one(visit, arg, "sync object", syncobject->handle, device->handle, 0);
	allocation_report(device, visit, arg);
}

void process_report(void (*visit)(void *, const struct driver_object *), void *arg)
{
	const struct process_adapter *process_adapter;
	const struct syncobject *syncobject;
	const struct device *device;
	struct process *process;

	pthread_mutex_lock(&current_lock);
	process = current;
	if (process)
		object_get(&process->object);
	pthread_mutex_unlock(&current_lock);
	if (!process)
		return;
	pthread_mutex_lock(&process->lock);
	TAILQ_FOREACH(process_adapter, &process->process_adapters, entry) {
		report_one(visit, arg, "adapter", process_adapter->adapter->vgpu->guest_luid.a, 0,
			   process_adapter->refs);
		TAILQ_FOREACH(device, &process_adapter->devices, entry)
			report_device(device, visit, arg);
	}
	TAILQ_FOREACH(syncobject, &process->syncobjects, entry)
		report_one(visit, arg, "sync object", syncobject->handle, 0, 0);
	pthread_mutex_unlock(&process->lock);
	object_put(&process->object);
}
