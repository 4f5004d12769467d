// SPDX-License-Identifier: MIT
/*
 * Shared sync objects and resources as files: SHAREOBJECTS, OPENSYNCOBJECTFROMNTHANDLE2, SHAREOBJECTWITHHOST
 * (dxgkrnl: ioctl.c, dxgsharedsyncobject, dxgsharedresource).
 *
 * A shared file is a memfd that holds what another process must know to open the object.  The program's
 * descriptor carries a shared flock(), which lives as long as any copy of that descriptor anywhere, in flight over a
 * socket too; the driver's own hidden descriptor can take it exclusively only when all copies are gone.  So whoever
 * closes the last one knows it and ends the file's part of the NT handle.
 */
#include "dxgsim/driver/share.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/hidden_fd.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/nt.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/shared_resource.h"
#include "dxgsim/driver/syncobject.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define OPEN_BODY	 16u
#define OPEN_REPLY	 24u
#define WITH_HOST_BODY	 16u
#define WITH_HOST_REPLY	 16u
#define FILE_MAGIC	 0x656c696664786764ULL
#define FILE_DATA_MAX	 (1u << 26) /* a resource may be added to until it is sealed */
#define SYNC_MEMFD	 "dxgsyncobj"
#define RESOURCE_MEMFD	 "dxgresource"
#define MEMFD_LINK(name) "/memfd:" name " (deleted)"

/* At the start of the memfd; then, for a resource, its packed data. */
struct file_header {
	uint64_t magic;
	uint32_t kind;
	uint32_t released; /* the file's part of the NT handle has been given up */
	struct nt_ref nt;
	uint32_t type;
	uint32_t monitored_fence;
	d3dkmt_handle global;
	uint32_t data_size;
};

struct shared_file {
	int guard; /* hidden, without the lock */
	struct nt_ref nt;
	struct shared_syncobject *sync; /* one of these, with a reference */
	struct shared_resource *resource;
};

static void shared_file_free(struct shared_file *shared)
{
	if (shared->sync)
		object_put(&shared->sync->object);
	if (shared->resource)
		shared_resource_put(shared->resource);
	if (shared->guard >= 0)
		hidden_fd_close(shared->guard);
	free(shared);
}

/* True for exactly one process of those that hold the file: the one that closes the last descriptor. */
static bool claim_release(int guard)
{
	const uint32_t released = 1;
	struct file_header header;
	bool last = false;

	if (flock(guard, LOCK_EX | LOCK_NB))
		return false;
	if (pread(guard, &header, sizeof(header), 0) == (ssize_t)sizeof(header) && !header.released)
		last = pwrite(guard, &released, sizeof(released), offsetof(struct file_header, released)) ==
		       (ssize_t)sizeof(released);
	flock(guard, LOCK_UN);
	return last;
}

static void shared_file_release(struct driver_file *file)
{
	struct shared_file *shared = file->private;

	if (claim_release(shared->guard))
		nt_release(shared->nt);
	shared_file_free(shared);
}

static const struct driver_file_ops sync_ops = {
	.kind = DRIVER_FILE_SHARED_SYNC,
	.release = shared_file_release,
};

static const struct driver_file_ops resource_ops = {
	.kind = DRIVER_FILE_SHARED_RESOURCE,
	.release = shared_file_release,
};

struct shared_resource *shared_file_resource(const struct driver_file *file)
{
	return ((const struct shared_file *)file->private)->resource;
}

struct nt_ref shared_file_nt(const struct driver_file *file)
{
	return ((const struct shared_file *)file->private)->nt;
}

int shared_file_begin(uint64_t fd, enum driver_file_kind kind, struct driver_file **file)
{
	/* only the low half of the field is looked at */
	*file = file_from_fd((int)(uint32_t)fd);
	if (!*file || file_begin(*file))
		return -EINVAL;
	if ((*file)->ops->kind == kind)
		return 0;
	file_end(*file);
	return -EINVAL;
}

/* ---- making files ---- */

static int write_all(int fd, const void *data, size_t size, off_t offset)
{
	const char *bytes = data;

	while (size) {
		ssize_t written = pwrite(fd, bytes, size, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -ENOMEM;
		bytes += written;
		offset += written;
		size -= (size_t)written;
	}
	return 0;
}

static int header_of(const struct shared_file *shared, struct file_header *header, void **data)
{
	size_t size = 0;
	int ret = 0;

	*data = NULL;
	*header = (struct file_header){.magic = FILE_MAGIC, .nt = shared->nt};
	if (shared->sync) {
		header->kind = DRIVER_FILE_SHARED_SYNC;
		header->type = shared->sync->type;
		header->monitored_fence = shared->sync->monitored_fence;
		header->global = shared->sync->global;
	} else {
		header->kind = DRIVER_FILE_SHARED_RESOURCE;
		ret = shared_resource_pack(shared->resource, data, &size);
		if (!ret && size > FILE_DATA_MAX)
			ret = -ENOMEM;
		header->data_size = (uint32_t)size;
	}
	return ret;
}

/* The descriptor for the program, locked; the driver's own goes to shared->guard. */
static int shared_file_make(struct shared_file *shared)
{
	struct file_header header;
	char path[40];
	void *data;
	int fd, ret;

	ret = header_of(shared, &header, &data);
	if (ret) {
		free(data);
		return ret;
	}
	fd = memfd_create(shared->sync ? SYNC_MEMFD : RESOURCE_MEMFD, MFD_CLOEXEC);
	if (fd < 0) {
		free(data);
		return -errno;
	}
	shared->guard = hidden_fd_move(fd);
	ret = write_all(shared->guard, &header, sizeof(header), 0);
	if (!ret)
		ret = write_all(shared->guard, data, header.data_size, (off_t)sizeof(header));
	free(data);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", shared->guard);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_SH | LOCK_NB)) {
		ret = -errno;
		hidden_fd_close(fd);
		return ret;
	}
	return fd;
}

/* The last step of sharing: file, result, registration.  The NT handle's file count is the caller's on error. */
static int shared_file_give(struct shared_file *shared, uint64_t result)
{
	const struct driver_file_ops *ops = shared->sync ? &sync_ops : &resource_ops;
	struct driver_file *file;
	uint64_t value;
	int fd, ret;

	fd = shared_file_make(shared);
	if (fd < 0)
		return -ENOTRECOVERABLE;
	value = (uint64_t)fd;
	ret = copy_to_user(result, &value, sizeof(value));
	if (!ret)
		ret = file_register(fd, ops, shared, &file);
	if (ret)
		hidden_fd_close(fd);
	return ret;
}

static int share(struct process *process, struct shared_file *shared, struct resource *resource,
		 uint64_t result)
{
	struct nt_ref *cache;
	int ret;

	cache = shared->sync ? &shared->sync->nt : &shared->resource->nt;
	ret = nt_acquire(process, cache, shared->sync ? shared->sync->global : resource->handle, &shared->nt);
	if (ret)
		return ret;
	if (resource)
		ret = shared_resource_seal(resource);
	if (!ret)
		ret = shared_file_give(shared, result);
	if (ret)
		nt_release(shared->nt);
	return ret;
}

/* The object if it was created or opened as a shared one; resource with a reference, NULL for a sync object. */
static int shared_object_lookup(struct process *process, d3dkmt_handle handle, struct shared_file *shared,
				struct resource **resource)
{
	struct syncobject *object;

	*resource = NULL;
	pthread_mutex_lock(&process->lock);
	switch (handle_type_of(&process->handles, handle)) {
	case HANDLE_SYNCOBJECT:
		object = handle_lookup(&process->handles, HANDLE_SYNCOBJECT, handle);
		if (object && object->shared) {
			shared->sync = object->shared;
			object_get(&shared->sync->object);
		}
		break;
	case HANDLE_RESOURCE:
		*resource = handle_lookup(&process->handles, HANDLE_RESOURCE, handle);
		if (*resource && (*resource)->shared) {
			object_get(&(*resource)->object);
			shared->resource = (*resource)->shared;
			shared_resource_get(shared->resource);
		} else {
			*resource = NULL;
		}
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&process->lock);
	return shared->sync || shared->resource ? 0 : -EINVAL;
}

int ioctl_share_objects(struct process *process, uint64_t arg)
{
	struct d3dkmt_shareobjects args;
	struct resource *resource;
	struct shared_file *shared;
	d3dkmt_handle handle;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.object_count != 1)
		return -EINVAL;
	if (copy_from_user(&handle, args.objects, sizeof(handle)))
		return -EFAULT;
	shared = calloc(1, sizeof(*shared));
	if (!shared)
		return -ENOMEM;
	shared->guard = -1;
	ret = shared_object_lookup(process, handle, shared, &resource);
	if (!ret)
		ret = share(process, shared, resource, args.shared_handle);
	if (resource)
		object_put(&resource->object);
	if (ret)
		shared_file_free(shared);
	return ret;
}

/* ---- files from other processes ---- */

static int shared_file_load(int fd, enum driver_file_kind kind, struct shared_file *shared)
{
	struct file_header header;
	void *data = NULL;
	int ret = -EBADF;

	if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) || header.magic != FILE_MAGIC ||
	    header.kind != (uint32_t)kind || header.data_size > FILE_DATA_MAX)
		return -EBADF;
	shared->nt = header.nt;
	if (kind == DRIVER_FILE_SHARED_SYNC) {
		shared->sync = shared_syncobject_create(header.type, header.monitored_fence, header.global);
		if (!shared->sync)
			return -ENOMEM;
		shared->sync->nt = header.nt;
		return 0;
	}
	data = malloc(header.data_size + 1u);
	if (data && pread(fd, data, header.data_size, (off_t)sizeof(header)) == (ssize_t)header.data_size)
		ret = shared_resource_unpack(data, header.data_size, header.nt, &shared->resource);
	free(data);
	return ret;
}

int shared_file_import(int fd, struct driver_file **file)
{
	struct shared_file *shared;
	enum driver_file_kind kind;
	char link[64];
	int ret;

	if (!fd_link(fd, link, sizeof(link)))
		return -EBADF;
	if (!strcmp(link, MEMFD_LINK(SYNC_MEMFD)))
		kind = DRIVER_FILE_SHARED_SYNC;
	else if (!strcmp(link, MEMFD_LINK(RESOURCE_MEMFD)))
		kind = DRIVER_FILE_SHARED_RESOURCE;
	else
		return -EBADF;
	shared = calloc(1, sizeof(*shared));
	if (!shared)
		return -ENOMEM;
	shared->guard = hidden_fd_reopen(fd, O_RDWR);
	ret = shared->guard < 0 ? -EBADF : shared_file_load(fd, kind, shared);
	if (!ret) {
		*file = file_new(kind == DRIVER_FILE_SHARED_SYNC ? &sync_ops : &resource_ops, shared);
		ret = *file ? 0 : -ENOMEM;
	}
	if (ret)
		shared_file_free(shared);
	return ret;
}

/* ---- sync objects ---- */

int send_open_sync_object(struct device *device, const struct shared_syncobject *shared, uint32_t flags,
			  uint32_t engine_affinity, struct host_open_sync_object_reply *reply)
{
	struct host_open_sync_object request = {
		.device = device->handle,
		.global_sync_object = shared->global,
		.flags = flags,
		.engine_affinity = engine_affinity,
		.monitored_fence = shared->monitored_fence,
	};
	struct host_message m;
	int ret;

	memset(reply, 0, sizeof(*reply));
	ret = message_init(&m, device->process, NULL, HOST_OPENSYNCOBJECT, OPEN_BODY, OPEN_REPLY);
	if (ret)
		return ret;
	m.request.open_sync_object = &request;
	m.reply.open_sync_object = reply;
	ret = message_call(&m);
	return ret < 0 ? ret : 0;
}

int shared_syncobject_open(struct device *device, struct shared_syncobject *shared, uint32_t flags,
			   uint32_t engine_affinity, struct syncobject **object, uint64_t *gpu_va)
{
	struct host_open_sync_object_reply reply;
	struct syncobject_info info;
	int ret;

	ret = send_open_sync_object(device, shared, flags, engine_affinity, &reply);
	if (ret)
		return ret;
	info = (struct syncobject_info){
		.type = shared->type,
		.monitored_fence = shared->monitored_fence,
		.handle = reply.sync_object,
		.fence_page = reply.fence_page,
		.shared = shared,
	};
	*gpu_va = reply.fence_gpu_va;
	ret = syncobject_create(device, &info, object);
	if (ret && reply.sync_object)
		syncobject_send_destroy(device->process, reply.sync_object);
	return ret;
}

void shared_syncobject_open_undo(struct process *process, struct syncobject *object)
{
	d3dkmt_handle handle = object->handle;

	syncobject_undo(object);
	syncobject_send_destroy(process, handle);
}

static int write_opened(uint64_t arg, const struct syncobject *object, uint64_t gpu_va)
{
	uint64_t cpu_va = object->fence_va;

	if (copy_to_user(arg + offsetof(struct d3dkmt_opensyncobjectfromnthandle2, sync_object),
			 &object->handle, sizeof(object->handle)))
		return -EFAULT;
	if (!object->monitored_fence)
		return 0;
	if (copy_to_user(arg + offsetof(struct d3dkmt_opensyncobjectfromnthandle2,
					monitored_fence.fence_value_cpu_va),
			 &cpu_va, sizeof(cpu_va)))
		return -EFAULT;
	return copy_to_user(
		arg + offsetof(struct d3dkmt_opensyncobjectfromnthandle2, monitored_fence.fence_value_gpu_va),
		&gpu_va, sizeof(gpu_va));
}

static int open_from_file(struct process *process, const struct d3dkmt_opensyncobjectfromnthandle2 *args,
			  struct driver_file *file, uint64_t arg)
{
	const struct shared_file *shared = file->private;
	uint32_t affinity = shared->sync->monitored_fence ? args->monitored_fence.engine_affinity : 0;
	struct syncobject *object;
	struct device *device;
	uint64_t gpu_va;
	int ret;

	ret = device_get_active(process, HANDLE_DEVICE, args->device, &device);
	if (ret)
		return ret;
	ret = shared_syncobject_open(device, shared->sync, args->flags, affinity, &object, &gpu_va);
	if (!ret) {
		ret = write_opened(arg, object, gpu_va);
		if (ret)
			shared_syncobject_open_undo(process, object);
		object_put(&object->object);
	}
	device_put(device);
	return ret;
}

int ioctl_open_sync_object_from_nt_handle2(struct process *process, uint64_t arg)
{
	struct d3dkmt_opensyncobjectfromnthandle2 args;
	struct driver_file *file;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = shared_file_begin(args.nt_handle, DRIVER_FILE_SHARED_SYNC, &file);
	if (ret)
		return ret;
	ret = open_from_file(process, &args, file, arg);
	file_end(file);
	return ret;
}

int ioctl_share_object_with_host(struct process *process, uint64_t arg)
{
	struct host_share_with_host_reply reply = {0};
	struct d3dkmt_shareobjectwithhost args;
	struct host_share_with_host request;
	struct host_message m;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	request = (struct host_share_with_host){
		.device = args.device_handle,
		.object = args.object_handle,
		.reserved = args.reserved,
	};
	ret = message_init(&m, process, NULL, HOST_SHAREOBJECTWITHHOST, WITH_HOST_BODY, WITH_HOST_REPLY);
	if (ret)
		return ret;
	m.request.share_with_host = &request;
	m.reply.share_with_host = &reply;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	return copy_to_user(arg + offsetof(struct d3dkmt_shareobjectwithhost, object_vail_nt_handle),
			    &reply.nt_handle, sizeof(reply.nt_handle));
}
