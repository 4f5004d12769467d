// SPDX-License-Identifier: MIT
/* Start and end of the driver of one process, and what the host does to it unasked. */
#include <errno.h>
#include <string.h>

#include "dxgsim/driver/driver_state.h"

static struct {
	const struct host_ops *ops;
	void *host;
	const struct host_config *config;
	const struct driver_seam *seam;
	void *seam_arg;
	struct adapter adapters[HOST_MAX_VGPUS];
	atomic_bool running;
} driver;

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void upcall_vgpu_removed(uint32_t vgpu)
{
	if (vgpu < driver.config->vgpu_count)
		atomic_store(&driver.adapters[vgpu].state, ADAPTER_STOPPED);
}

static const struct host_upcalls upcalls = {
	.signal_event = events_signal,
	.device_state_changed = shared_state_counter_bump,
	.vgpu_removed = upcall_vgpu_removed,
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
	const struct host_config *config;
	int ret;

	if (atomic_load(&driver.running))
		return -ENODEV;
	driver_handle_forks();
	config = ops->config(host);
	if (!config || config->vgpu_count > HOST_MAX_VGPUS)
		return -EINVAL;
	ret = shared_init(config);
	if (ret)
		return ret;
	driver.ops = ops;
	driver.host = host;
	driver.config = config;
	driver.seam = seam;
	driver.seam_arg = seam_arg;
	for (uint32_t i = 0; i < config->vgpu_count; i++) {
		driver.adapters[i].index = i;
		driver.adapters[i].vgpu = &config->vgpus[i];
		atomic_store(&driver.adapters[i].state, ADAPTER_ACTIVE);
	}
	ret = ops->attach(host, &upcalls);
	if (ret)
		shared_exit();
	else
		atomic_store(&driver.running, true);
	return ret;
}

void driver_exit(void)
{
	bool idle;

	if (!atomic_load(&driver.running))
		return;
	process_set_exiting();
	idle = files_close_all();
	atomic_store(&driver.running, false);
	driver.ops->detach(driver.host);
	if (idle) {
		/* else the threads still inside go on until the process ends, and find everything in place */
		events_drop();
		shared_exit();
		process_clear_exiting();
	}
}

void driver_fork_child(void)
{
	if (!atomic_load(&driver.running))
		return;
	process_fork_child();
	files_fork_child();
	events_fork_child();
	io_fork_child();
	if (driver.ops->forked)
		driver.ops->forked(driver.host);
}

int driver_open(int flags, int *fd, struct driver_file **file)
{
	return atomic_load(&driver.running) ? file_table_open(flags, fd, file) : -EBADF;
}

void driver_report(void (*visit)(void *arg, const struct driver_object *object), void *arg)
{
	process_report(visit, arg);
}

const struct host_config *driver_config(void)
{
	return driver.config;
}

int driver_send(struct host_message *m)
{
	return atomic_load(&driver.running) ? driver.ops->send(driver.host, m) : -ENODEV;
}

struct adapter *driver_adapter(uint32_t index)
{
	return &driver.adapters[index];
}

uint32_t driver_adapter_count(void)
{
	return driver.config->vgpu_count;
}

void driver_descriptor_made(int fd, struct driver_file *file)
{
	if (driver.seam && driver.seam->descriptor_made)
		driver.seam->descriptor_made(driver.seam_arg, fd, file);
}
