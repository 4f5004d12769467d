// SPDX-License-Identifier: MIT
/* Start and end of the driver of one process, and what the host does to it unasked. */
#include "dxgsim/driver/driver.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "dxgsim/driver/allocation.h"
#include "dxgsim/driver/context.h"
#include "dxgsim/driver/device.h"
#include "dxgsim/driver/device_file.h"
#include "dxgsim/driver/event.h"
#include "dxgsim/driver/file.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/ioctl.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/notice.h"
#include "dxgsim/driver/pagingqueue.h"
#include "dxgsim/driver/process.h"
#include "dxgsim/driver/share.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/syncfile.h"
#include "dxgsim/driver/syncobject.h"

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* In the order in which they end. */
static const struct device_part *const device_parts[] = {
	&syncobject_part, &allocation_part, &context_part, &pagingqueue_part, NULL,
};

static const file_importer importers[] = {device_file_import, shared_file_import, sync_file_import, NULL};

static const struct host_upcalls upcalls = {
	.signal_event = events_signal,
	.device_state_changed = shared_state_counter_bump,
	.vgpu_removed = machine_adapter_removed,
	.vgpu_added = machine_adapter_added,
	.fence_changes = io_changes,
};

static void fork_prepare(void)
{
	files_fork_prepare();
	process_fork_prepare();
	io_fork_prepare();
	events_fork_prepare();
}

static void fork_done(void)
{
	events_fork_done();
	io_fork_done();
	process_fork_done();
	files_fork_done();
}

static void fork_register(void)
{
	pthread_atfork(fork_prepare, fork_done, fork_done);
}

/*
 * Has the driver's locks taken around fork().  driver_init() does it if nobody did; a program whose
 * own fork handlers are registered before its first open of /dev/dxg wants it done at load.
 */
void driver_handle_forks(void)
{
	pthread_once(&fork_once, fork_register);
}

int driver_init(const struct host_ops *ops, void *host, const struct driver_seam *seam, void *seam_arg)
{
	int ret;

	driver_handle_forks();
	ret = machine_prepare(ops, host);
	if (ret)
		return ret;
	ret = shared_init(machine_config());
	if (ret)
		return ret;
	notice_set_seam(seam, seam_arg);
	device_set_parts(device_parts);
	files_set_importers(importers);
	ret = machine_attach(&upcalls);
	if (ret)
		shared_exit();
	return ret;
}

void driver_exit(void)
{
	bool idle;

	if (!machine_running())
		return;
	machine_set_exiting(true);
	idle = files_close_all();
	machine_stop();
	machine_detach();
	if (idle) {
		/* else the threads still inside go on until the process ends, and find everything in place */
		events_drop();
		shared_exit();
		machine_set_exiting(false);
	}
}

void driver_fork_child(void)
{
	if (!machine_running())
		return;
	machine_set_exiting(false);
	process_fork_child();
	files_fork_child();
	events_fork_child();
	io_fork_child();
	machine_forked();
}

int driver_open(int flags, int *fd, struct driver_file **file)
{
	return machine_running() ? device_file_open(flags, fd, file) : -EBADF;
}

struct driver_file *driver_file_from_fd(int fd)
{
	return file_from_fd(fd);
}

bool driver_survived_exec(int fd)
{
	return device_file_survived_exec(fd);
}

enum driver_file_kind driver_file_kind(const struct driver_file *file)
{
	return file_kind(file);
}

bool driver_file_is_own_device(const struct driver_file *file)
{
	return file_is_own_device(file);
}

struct driver_file *driver_take_unused(void)
{
	return file_take_unused();
}

void driver_release(struct driver_file *file)
{
	file_release(file);
}

int driver_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg)
{
	return file_ioctl(file, cmd, arg);
}

int driver_file_call(const struct driver_file *file, enum driver_file_call call)
{
	return device_file_call(file, call);
}

bool driver_owns_range(uint64_t address, uint64_t size)
{
	return io_owns_range(address, size);
}

const char *driver_ioctl_name(unsigned int nr)
{
	return ioctl_name(nr);
}

void driver_report(driver_visit visit, void *arg)
{
	process_report(visit, arg);
}
