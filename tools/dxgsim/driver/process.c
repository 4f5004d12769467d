// SPDX-License-Identifier: MIT
/*
 * The process object: one per thread group, made by its first open of /dev/dxg, gone with the last close
 * (dxgkrnl: dxgprocess.c).
 */
#include "dxgsim/driver/process.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <unistd.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/notice.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/process_adapter.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/syncobject.h"
#include "dxgsim/driver/vmbus.h"

/* Held over a whole open or close, messages included: opens wait for each other and for nothing else. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
/* Guards the pointer; innermost. */
static pthread_mutex_t current_lock = PTHREAD_MUTEX_INITIALIZER;
static struct process *current;

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

	/* a driver with a global channel that never had a vGPU cannot be opened */
	if (machine_config()->vgpu_count == 0)
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
		if (!machine_exiting())
			notice_process_ending();
		current_set(NULL);
		process_destroy(process);
	}
	pthread_mutex_unlock(&open_lock);
	object_put(&process->object);
}

void process_fork_child(void)
{
	/* may have been held over a message by another thread of the parent */
	pthread_mutex_init(&open_lock, NULL);
	/* The parent's objects are the parent's; their memory stays until the child ends or execs. */
	current = NULL;
}

void process_fork_prepare(void)
{
	pthread_mutex_lock(&current_lock);
}

void process_fork_done(void)
{
	pthread_mutex_unlock(&current_lock);
}

/* Who is told of objects, and what holds for all of them. */
struct report {
	driver_visit visit;
	void *arg;
	bool removed;
};

static void report_object(void *arg, const struct driver_object *object)
{
	const struct report *report = arg;
	struct driver_object shown = *object;

	shown.removed = report->removed;
	report->visit(report->arg, &shown);
}

static void report_one(struct report *report, const char *kind, d3dkmt_handle handle, uint64_t detail)
{
	report_object(report, &(struct driver_object){.kind = kind, .handle = handle, .detail = detail});
}

void process_report(driver_visit visit, void *arg)
{
	struct report report = {.visit = visit, .arg = arg};
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
		report.removed = adapter_check_active(process_adapter->adapter) != 0;
		report_one(&report, "adapter", process_adapter->adapter->vgpu.guest_luid.a,
			   process_adapter->refs);
		TAILQ_FOREACH(device, &process_adapter->devices, entry)
			device_report(device, report_object, &report);
	}
	TAILQ_FOREACH(syncobject, &process->syncobjects, entry) {
		report.removed = adapter_check_active(syncobject->adapter) != 0;
		report_one(&report, "sync object", syncobject->handle, 0);
	}
	pthread_mutex_unlock(&process->lock);
	object_put(&process->object);
}
