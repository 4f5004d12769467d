// SPDX-License-Identifier: MIT
/*
 * Sync files: CREATESYNCFILE, WAITSYNCFILE, OPENSYNCOBJECTFROMSYNCFILE (dxgkrnl: dxgsyncfile.c).
 *
 * The program's descriptor is the read end of a pipe, which polls readable once the fence is signalled, in every
 * process that has it.  The driver keeps the write end: it tells by POLLERR that all copies of the read end are gone.
 * Other processes of the VM find what the file is about by the pipe's inode.
 */
#include "dxgsim/driver/syncfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/event.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/hidden_fd.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/notice.h"
#include "dxgsim/driver/nt.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/share.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/sync.h"
#include "dxgsim/driver/syncobject.h"
#include "dxgsim/driver/user.h"

#define DRIVER_NAME   "dxgkrnl"
#define TIMELINE_NAME "no_timeline"

struct sync_file {
	struct object object; /* held by the file and by the pending event */
	int write_end;	      /* hidden */
	uint64_t ino;
	uint64_t value;
	struct nt_ref nt;
	struct shared_syncobject *shared; /* with a reference; NULL: the fence is not shared */
	_Atomic(uint64_t) event;	  /* guest event of the process that made it, else 0 */
	uint64_t context;
	_Atomic(uint64_t) timestamp;
};

static atomic_ulong last_context;

static void sync_file_free(struct object *object)
{
	struct sync_file *sync = (struct sync_file *)object;

	if (sync->write_end >= 0)
		hidden_fd_close(sync->write_end);
	if (sync->shared)
		object_put(&sync->shared->object);
	free(sync);
}

static struct sync_file *sync_file_new(void)
{
	struct sync_file *sync = calloc(1, sizeof(*sync));

	if (!sync)
		return NULL;
	object_init(&sync->object, sync_file_free);
	sync->write_end = -1;
	sync->context = atomic_fetch_add(&last_context, 1) + 1;
	return sync;
}

static bool is_signalled(const struct sync_file *sync)
{
	int bytes = 0;

	return syscall(SYS_ioctl, sync->write_end, FIONREAD, &bytes) == 0 && bytes > 0;
}

/* What the driver makes of the value: after signalling it is one more. */
static uint64_t current_value(const struct sync_file *sync)
{
	return sync->value + is_signalled(sync);
}

/* ---- signalling ---- */

/* Nobody may read any more, and the signal of that must not hit the program. */
static void write_quietly(int fd)
{
	const struct timespec now = {0};
	sigset_t set, old, pending;
	bool was_pending;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	if (syscall(SYS_write, fd, "", (size_t)1) < 0 && errno == EPIPE && !was_pending)
		sigtimedwait(&set, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void sync_file_fire(void *arg)
{
	struct sync_file *sync = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	atomic_store(&sync->timestamp, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
	write_quietly(sync->write_end);
}

static void sync_file_event_release(void *arg)
{
	struct sync_file *sync = arg;

	object_put(&sync->object);
}

/* ---- the list of the VM ---- */

static bool process_is_dead(pid_t pid)
{
	return kill(pid, 0) && errno == ESRCH;
}

static int entry_add(const struct sync_file *sync)
{
	struct nt_table *table = nt_table_lock();
	struct sync_entry *found = NULL;

	for (uint32_t i = 0; i < SYNC_ENTRIES && !found; i++)
		if (table->sync_files[i].ino == 0)
			found = &table->sync_files[i];
	for (uint32_t i = 0; i < SYNC_ENTRIES && !found; i++)
		if (process_is_dead(table->sync_files[i].owner))
			found = &table->sync_files[i];
	if (found)
		*found = (struct sync_entry){
			.ino = sync->ino,
			.value = sync->value,
			.nt = sync->nt,
			.global = sync->shared ? sync->shared->global : 0,
			.type = sync->shared ? sync->shared->type : 0,
			.monitored_fence = sync->shared && sync->shared->monitored_fence,
			.owner = getpid(),
		};
	nt_table_unlock();
	return found ? 0 : -ENOMEM;
}

static bool entry_find(uint64_t ino, struct sync_entry *entry)
{
	struct nt_table *table = nt_table_lock();
	bool found = false;

	for (uint32_t i = 0; i < SYNC_ENTRIES && !found; i++) {
		if (table->sync_files[i].ino != ino)
			continue;
		*entry = table->sync_files[i];
		found = true;
	}
	nt_table_unlock();
	return found;
}

/* True for the one that removes it. */
static bool entry_remove(uint64_t ino)
{
	struct nt_table *table = nt_table_lock();
	bool found = false;

	for (uint32_t i = 0; i < SYNC_ENTRIES && !found; i++) {
		if (table->sync_files[i].ino != ino)
			continue;
		table->sync_files[i].ino = 0;
		found = true;
	}
	nt_table_unlock();
	return found;
}

/* ---- the file ---- */

static bool has_readers(const struct sync_file *sync)
{
	struct pollfd poll = {.fd = sync->write_end};
	const struct timespec now = {0};

	return syscall(SYS_ppoll, &poll, 1, &now, NULL, 0) <= 0 || !(poll.revents & POLLERR);
}

static void sync_file_release(struct driver_file *file)
{
	struct sync_file *sync = file->private;
	uint64_t event = atomic_exchange(&sync->event, 0);

	/* as long as others have the file, its maker signals it */
	if (!has_readers(sync)) {
		if (event)
			event_remove(event);
		if (entry_remove(sync->ino) && sync->nt.generation)
			nt_release(sync->nt);
	}
	object_put(&sync->object);
}

static int file_info(const struct sync_file *sync, uint64_t arg)
{
	struct sync_fence_info fence;
	struct sync_file_info info;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	if (info.flags || info.pad)
		return -EINVAL;
	memset(&fence, 0, sizeof(fence));
	memset(info.name, 0, sizeof(info.name));
	snprintf(info.name, sizeof(info.name), "%s-%s%llu-%lld", DRIVER_NAME, TIMELINE_NAME,
		 (unsigned long long)sync->context, (long long)sync->value);
	snprintf(fence.obj_name, sizeof(fence.obj_name), "%s", TIMELINE_NAME);
	snprintf(fence.driver_name, sizeof(fence.driver_name), "%s", DRIVER_NAME);
	fence.status = is_signalled(sync);
	fence.timestamp_ns = fence.status ? atomic_load(&sync->timestamp) : 0;
	if (info.num_fences && copy_to_user(info.sync_fence_info, &fence, sizeof(fence)))
		return -EFAULT;
	info.status = fence.status;
	info.num_fences = 1;
	return copy_to_user(arg, &info, sizeof(info));
}

static int sync_file_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg)
{
	return cmd == SYNC_IOC_FILE_INFO ? file_info(file->private, arg) : -ENOTTY;
}

static const struct driver_file_ops sync_file_ops = {
	.kind = DRIVER_FILE_SYNC_FILE,
	.ioctl = sync_file_ioctl,
	.release = sync_file_release,
};

int sync_file_import(int fd, struct driver_file **file)
{
	struct sync_entry entry;
	struct sync_file *sync;
	char link[64];
	struct stat st;

	if (!fd_link(fd, link, sizeof(link)) || strncmp(link, "pipe:", 5) != 0 || fstat(fd, &st) ||
	    !entry_find(st.st_ino, &entry))
		return -EBADF;
	sync = sync_file_new();
	if (!sync)
		return -ENOMEM;
	sync->ino = st.st_ino;
	sync->value = entry.value;
	sync->nt = entry.nt;
	sync->write_end = hidden_fd_reopen(fd, O_WRONLY | O_NONBLOCK);
	if (sync->write_end < 0)
		goto error;
	if (entry.nt.generation) {
		sync->shared = shared_syncobject_create(entry.type, entry.monitored_fence, entry.global);
		if (!sync->shared)
			goto error;
		sync->shared->nt = entry.nt;
	}
	*file = file_new(&sync_file_ops, sync);
	if (*file)
		return 0;
error:
	object_put(&sync->object);
	return -EBADF;
}

/* ---- CREATESYNCFILE ---- */

static int create_pipe(struct sync_file *sync, int *read_end)
{
	struct stat st;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	*read_end = fds[0];
	sync->write_end = hidden_fd_move(fds[1]);
	if (fstat(sync->write_end, &st)) {
		hidden_fd_close(fds[0]);
		return -errno;
	}
	sync->ino = st.st_ino;
	return 0;
}

/* Asks the host to raise an event when the fence reaches the value. */
static int start_wait(struct device *device, d3dkmt_handle fence, struct sync_file *sync)
{
	struct host_wait_from_cpu wait = {
		.device = device->handle,
		.object_count = 1,
		.objects = &fence,
		.fence_values = &sync->value,
	};
	uint64_t id;
	int ret;

	object_get(&sync->object);
	ret = event_add(false, sync_file_fire, sync_file_event_release, sync, &id);
	if (ret) {
		object_put(&sync->object);
		return ret;
	}
	atomic_store(&sync->event, id);
	wait.guest_event = id;
	ret = send_wait_from_cpu(device->process, device->adapter, &wait);
	if (ret < 0) {
		atomic_store(&sync->event, 0);
		event_remove(id);
		return ret;
	}
	return 0;
}

static int give(const struct d3dkmt_createsyncfile *args, struct device *device, struct sync_file *sync,
		int read_end, uint64_t arg)
{
	uint64_t value = (uint64_t)read_end;
	struct driver_file *file;
	int ret;

	ret = entry_add(sync);
	if (ret)
		return ret;
	ret = start_wait(device, args->monitored_fence, sync);
	if (!ret)
		ret = copy_to_user(arg + offsetof(struct d3dkmt_createsyncfile, sync_file_handle), &value,
				   sizeof(value));
	if (!ret)
		ret = file_register(read_end, &sync_file_ops, sync, &file);
	if (ret) {
		uint64_t event = atomic_exchange(&sync->event, 0);

		if (event)
			event_remove(event);
		entry_remove(sync->ino);
	}
	return ret;
}

static int create(struct process *process, const struct d3dkmt_createsyncfile *args, struct device *device,
		  struct syncobject *fence, uint64_t arg)
{
	struct sync_file *sync = sync_file_new();
	int read_end = -1, ret;

	if (!sync)
		return -ENOMEM;
	sync->value = args->fence_value;
	ret = create_pipe(sync, &read_end);
	if (ret)
		goto error;
	if (fence->shared) {
		ret = nt_acquire(process, &fence->shared->nt, fence->shared->global, &sync->nt);
		if (ret)
			goto error_pipe;
		object_get(&fence->shared->object);
		sync->shared = fence->shared;
	}
	ret = give(args, device, sync, read_end, arg);
	if (!ret)
		return 0;
	if (sync->nt.generation)
		nt_release(sync->nt);
error_pipe:
	hidden_fd_close(read_end);
error:
	object_put(&sync->object);
	return ret;
}

int ioctl_create_sync_file(struct process *process, uint64_t arg)
{
	struct d3dkmt_createsyncfile args;
	struct syncobject *fence;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (ret)
		return ret;
	ret = syncobject_lookup(process, args.monitored_fence, &fence);
	if (!ret) {
		ret = create(process, &args, device, fence, arg);
		object_put(&fence->object);
	}
	device_put(device);
	return ret;
}

/* ---- using sync files ---- */

/* The kernel takes any sync file for one of its own and follows a pointer that is not there. */
static int sync_file_begin(uint64_t fd, struct driver_file **file)
{
	char link[64];
	int ret;

	ret = shared_file_begin(fd, DRIVER_FILE_SYNC_FILE, file);
	if (ret && fd_link((int)(uint32_t)fd, link, sizeof(link)) && !strcmp(link, "anon_inode:sync_file"))
		notice_crashed("a sync file of another driver was passed to /dev/dxg: the kernel crashes");
	return ret;
}

static int wait_on_context(struct device *device, d3dkmt_handle context, const struct sync_file *sync)
{
	uint32_t flags = D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED |
			 D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NT_SECURITY_SHARING;
	struct host_open_sync_object_reply reply;
	uint64_t value = current_value(sync);
	struct host_wait_from_gpu wait = {
		.context = context,
		.object_count = 1,
		.objects = &reply.sync_object,
		.fence_values = &value,
	};
	int ret;

	ret = send_open_sync_object(device, sync->shared, flags, 0, &reply);
	if (ret)
		return ret;
	ret = send_wait_from_gpu(device->process, device->adapter, &wait);
	/* the driver forgets the opened object when the wait is refused */
	if (ret >= 0)
		syncobject_send_destroy(device->process, reply.sync_object);
	return ret < 0 ? ret : 0;
}

int ioctl_wait_sync_file(struct process *process, uint64_t arg)
{
	const struct sync_file *sync;
	struct d3dkmt_waitsyncfile args;
	struct driver_file *file;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = sync_file_begin(args.sync_file_handle, &file);
	if (ret)
		return ret;
	sync = file->private;
	ret = device_get_active(process, HANDLE_CONTEXT, args.context, &device);
	if (!ret) {
		/* there is nothing the host could wait for unless the fence is shared */
		if (sync->shared)
			ret = wait_on_context(device, args.context, sync);
		device_put(device);
	}
	file_end(file);
	return ret;
}

static int write_opened(uint64_t arg, const struct sync_file *sync, const struct syncobject *object,
			uint64_t gpu_va)
{
	uint64_t cpu_va = object->fence_va;
	uint64_t value = current_value(sync);

	if (copy_to_user(arg + offsetof(struct d3dkmt_opensyncobjectfromsyncfile, syncobj), &object->handle,
			 sizeof(object->handle)) ||
	    copy_to_user(arg + offsetof(struct d3dkmt_opensyncobjectfromsyncfile, fence_value), &value,
			 sizeof(value)) ||
	    copy_to_user(arg + offsetof(struct d3dkmt_opensyncobjectfromsyncfile, fence_value_cpu_va),
			 &cpu_va, sizeof(cpu_va)) ||
	    copy_to_user(arg + offsetof(struct d3dkmt_opensyncobjectfromsyncfile, fence_value_gpu_va),
			 &gpu_va, sizeof(gpu_va)))
		return -EFAULT;
	return 0;
}

static int open_from_sync_file(struct process *process, const struct d3dkmt_opensyncobjectfromsyncfile *args,
			       const struct sync_file *sync, uint64_t arg)
{
	uint32_t flags = D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED |
			 D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NT_SECURITY_SHARING;
	struct syncobject *object;
	struct device *device;
	uint64_t gpu_va;
	int ret;

	ret = device_get_active(process, HANDLE_DEVICE, args->device, &device);
	if (ret)
		return ret;
	ret = shared_syncobject_open(device, sync->shared, flags, 0, &object, &gpu_va);
	if (!ret) {
		ret = write_opened(arg, sync, object, gpu_va);
		if (ret)
			shared_syncobject_open_undo(process, object);
		object_put(&object->object);
	}
	device_put(device);
	return ret;
}

int ioctl_open_sync_object_from_sync_file(struct process *process, uint64_t arg)
{
	struct d3dkmt_opensyncobjectfromsyncfile args;
	const struct sync_file *sync;
	struct driver_file *file;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = sync_file_begin(args.sync_file_handle, &file);
	if (ret)
		return ret;
	sync = file->private;
	/* an unshared fence has no name to open it by, which the driver does not count as an error */
	if (sync->shared)
		ret = open_from_sync_file(process, &args, sync, arg);
	file_end(file);
	return ret;
}
