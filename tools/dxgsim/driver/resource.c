// SPDX-License-Identifier: MIT
/*
 * Shared resources: what is kept for those who open them, QUERYRESOURCEINFOFROMNTHANDLE and OPENRESOURCEFROMNTHANDLE
 * (dxgkrnl: dxgsharedresource, ioctl.c open_resource).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/driver_state.h"
#include "dxgsim/driver/memory.h"
#include "dxgsim/driver/nt.h"
#include "util/compiler.h"

#define OPEN_BODY	24u
#define OPEN_REPLY	8u
#define ALLOCATIONS_MAX 1048576u /* of one resource, far over what a sealed resource's data allows */

struct shared_allocation {
	uint32_t data_size;
	uint32_t num_pages;
	uint32_t cached;
};

/* Sizes of the sealed data, and the head of its packed form. */
struct shared_sizes {
	uint64_t runtime_handle;
	uint32_t runtime_data;
	uint32_t resource_data;
	uint32_t allocations;
	uint32_t data;
};

struct shared_resource {
	struct object object;
	pthread_mutex_t lock;
	bool sealed;	  /* lock; the fields below change no more once it is set and sealing is over */
	struct nt_ref nt; /* nt.c's cache */
	struct shared_sizes sizes;
	void *runtime_data;
	void *resource_data;
	struct shared_allocation *allocations;
	char *data; /* private data of all allocations, one after the other */
};

static void shared_resource_release(struct object *object)
{
	struct shared_resource *shared = (struct shared_resource *)object;

	pthread_mutex_destroy(&shared->lock);
	free(shared->runtime_data);
	free(shared->resource_data);
	free(shared->allocations);
	free(shared->data);
	free(shared);
}

/* A copy that is never NULL for want of bytes. */
static void *copy_of(const void *data, size_t size)
{
	void *copy = calloc(1, size + 1);

	if (copy && size)
		memcpy(copy, data, size);
	return copy;
}

struct shared_resource *shared_resource_create(uint64_t runtime_handle, const void *runtime_data,
					       uint32_t runtime_data_size, const void *resource_data,
					       uint32_t resource_data_size)
{
	struct shared_resource *shared = calloc(1, sizeof(*shared));

	if (!shared)
		return NULL;
	object_init(&shared->object, shared_resource_release);
	pthread_mutex_init(&shared->lock, NULL);
	shared->sizes.runtime_handle = runtime_handle;
	shared->sizes.runtime_data = runtime_data_size;
	shared->sizes.resource_data = resource_data_size;
	shared->runtime_data = copy_of(runtime_data, runtime_data_size);
	shared->resource_data = copy_of(resource_data, resource_data_size);
	if (!shared->runtime_data || !shared->resource_data) {
		object_put(&shared->object);
		return NULL;
	}
	return shared;
}

void shared_resource_get(struct shared_resource *shared)
{
	object_get(&shared->object);
}

void shared_resource_put(struct shared_resource *shared)
{
	object_put(&shared->object);
}

bool shared_resource_is_sealed(struct shared_resource *shared)
{
	bool sealed;

	pthread_mutex_lock(&shared->lock);
	sealed = shared->sealed;
	pthread_mutex_unlock(&shared->lock);
	return sealed;
}

struct nt_ref *shared_resource_nt(struct shared_resource *shared)
{
	return &shared->nt;
}

/* Where the next piece goes.  No bytes: from may be NULL. */
static void *append(void *at, const void *from, size_t size)
{
	if (size)
		memcpy(at, from, size);
	return (char *)at + size;
}

/* ---- sealing ---- */

/* Both locks are held. */
static int seal_allocations(struct shared_resource *shared, struct resource *resource)
{
	struct shared_sizes *sizes = &shared->sizes;
	struct allocation *allocation;
	uint64_t size = 0;
	uint32_t i = 0;
	char *data;

	TAILQ_FOREACH(allocation, &resource->allocations, entry) {
		sizes->allocations++;
		size += allocation->private_data_size;
	}
	shared->allocations = calloc(sizes->allocations + 1u, sizeof(*shared->allocations));
	if (!shared->allocations || size > UINT32_MAX)
		return -EINVAL;
	TAILQ_FOREACH(allocation, &resource->allocations, entry)
		shared->allocations[i++] = (struct shared_allocation){
			.data_size = allocation->private_data_size,
			.num_pages = allocation->num_pages,
			.cached = allocation->cached,
		};
	if (size == 0)
		return -EINVAL;
	shared->data = data = malloc(size);
	if (!data)
		return -EINVAL;
	TAILQ_FOREACH(allocation, &resource->allocations, entry)
		data = append(data, allocation->private_data, allocation->private_data_size);
	sizes->data = (uint32_t)size;
	return 0;
}

int shared_resource_seal(struct resource *resource)
{
	struct shared_resource *shared = resource->shared;
	int ret = 0;

	pthread_mutex_lock(&shared->lock);
	if (!shared->sealed) {
		/* a failure seals too: only the first call reports it */
		shared->sealed = true;
		pthread_mutex_lock(&resource->process->lock);
		ret = seal_allocations(shared, resource);
		pthread_mutex_unlock(&resource->process->lock);
	}
	pthread_mutex_unlock(&shared->lock);
	return ret;
}

/* ---- the form that travels in a file: sizes, runtime data, resource data, allocations, their data ---- */

static size_t packed_size(const struct shared_sizes *sizes)
{
	return sizeof(*sizes) + sizes->runtime_data + sizes->resource_data +
	       sizes->allocations * sizeof(struct shared_allocation) + sizes->data;
}

int shared_resource_pack(struct shared_resource *shared, void **data, size_t *size)
{
	void *at;

	*size = packed_size(&shared->sizes);
	at = *data = malloc(*size);
	if (!at)
		return -ENOMEM;
	at = append(at, &shared->sizes, sizeof(shared->sizes));
	at = append(at, shared->runtime_data, shared->sizes.runtime_data);
	at = append(at, shared->resource_data, shared->sizes.resource_data);
	at = append(at, shared->allocations, shared->sizes.allocations * sizeof(struct shared_allocation));
	append(at, shared->data, shared->sizes.data);
	return 0;
}

static bool sizes_consistent(const struct shared_resource *shared)
{
	uint64_t data = 0;

	for (uint32_t i = 0; i < shared->sizes.allocations; i++)
		data += shared->allocations[i].data_size;
	return data == shared->sizes.data;
}

int shared_resource_unpack(const void *data, size_t size, struct nt_ref nt, struct shared_resource **out)
{
	struct shared_resource *shared;
	struct shared_sizes sizes;
	const char *at = data;

	if (size < sizeof(sizes))
		return -EBADF;
	memcpy(&sizes, data, sizeof(sizes));
	if (sizes.runtime_data > PACKET_MAX || sizes.resource_data > PACKET_MAX ||
	    sizes.allocations > ALLOCATIONS_MAX || packed_size(&sizes) != size)
		return -EBADF;
	at += sizeof(sizes);
	shared = shared_resource_create(sizes.runtime_handle, at, sizes.runtime_data, at + sizes.runtime_data,
					sizes.resource_data);
	if (!shared)
		return -ENOMEM;
	at += sizes.runtime_data + sizes.resource_data;
	shared->sealed = true;
	shared->nt = nt;
	shared->sizes = sizes;
	shared->allocations = copy_of(at, sizes.allocations * sizeof(struct shared_allocation));
	at += sizes.allocations * sizeof(struct shared_allocation);
	shared->data = copy_of(at, sizes.data);
	if (!shared->allocations || !shared->data || !sizes_consistent(shared)) {
		object_put(&shared->object);
		return -EBADF;
	}
	*out = shared;
	return 0;
}

/* ---- the ioctls ---- */

int ioctl_query_resource_info_from_nt_handle(struct process *process, uint64_t arg)
{
	struct d3dkmt_queryresourceinfofromnthandle args;
	const struct shared_sizes *sizes;
	struct driver_file *file;
	struct device *device;
	int ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	ret = shared_file_begin(args.nt_handle, DRIVER_FILE_SHARED_RESOURCE, &file);
	if (ret)
		return ret;
	ret = device_get_active(process, HANDLE_DEVICE, args.device, &device);
	if (!ret) {
		/* a file is only made of a sealed resource */
		sizes = &shared_file_resource(file)->sizes;
		args.private_runtime_data_size = sizes->runtime_data;
		args.resource_priv_drv_data_size = sizes->resource_data;
		args.total_priv_drv_data_size = sizes->data;
		args.allocation_count = sizes->allocations;
		device_put(device);
		ret = copy_to_user(arg, &args, sizeof(args));
	}
	file_end(file);
	return ret;
}

/* One OPENRESOURCEFROMNTHANDLE in work. */
struct open {
	uint64_t arg;
	struct d3dkmt_openresourcefromnthandle args;
	struct shared_resource *shared;
	struct nt_ref nt;
	struct device *device;
	struct resource *resource;
	struct allocation **allocations;
	d3dkmt_handle *handles;
};

static bool open_sizes_valid(const struct d3dkmt_openresourcefromnthandle *args,
			     const struct shared_sizes *sizes)
{
	return args->allocation_count == sizes->allocations &&
	       (uint32_t)args->private_runtime_data_size >= sizes->runtime_data &&
	       args->resource_priv_drv_data_size >= sizes->resource_data &&
	       args->total_priv_drv_data_size >= sizes->data;
}

static int open_make_objects(struct open *o)
{
	uint32_t count = o->shared->sizes.allocations;

	o->allocations = calloc(count + 1u, sizeof(struct allocation *));
	o->handles = calloc(count + 1u, sizeof(*o->handles));
	o->resource = resource_new(o->device);
	if (!o->allocations || !o->handles || !o->resource)
		return -ENOMEM;
	shared_resource_get(o->shared);
	o->resource->shared = o->shared;
	o->resource->runtime_handle = o->shared->sizes.runtime_handle;
	for (uint32_t i = 0; i < count; i++) {
		o->allocations[i] = allocation_new(o->device);
		if (!o->allocations[i])
			return -ENOMEM;
		o->allocations[i]->num_pages = o->shared->allocations[i].num_pages;
		o->allocations[i]->cached = o->shared->allocations[i].cached;
	}
	return 0;
}

static int send_open(struct open *o)
{
	struct host_open_resource request = {
		.device = o->device->handle,
		.nt_handle = nt_handle(o->nt),
		.allocation_count = o->shared->sizes.allocations,
		.total_private_data_size = o->shared->sizes.data,
	};
	struct host_open_resource_reply reply = {.allocations = o->handles};
	struct host_message m;
	int ret;

	ret = message_init(&m, o->device->process, o->device->adapter, HOST_OPENRESOURCE, OPEN_BODY,
			   OPEN_REPLY + 4u * (uint64_t)o->shared->sizes.allocations);
	if (ret)
		return ret;
	m.request.open_resource = &request;
	m.reply.open_resource = &reply;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	o->resource->handle = reply.resource;
	for (uint32_t i = 0; i < o->shared->sizes.allocations; i++)
		o->allocations[i]->handle = o->handles[i];
	return 0;
}

static int write_data(const struct open *o)
{
	const struct shared_sizes *sizes = &o->shared->sizes;

	if (copy_to_user(o->args.private_runtime_data, o->shared->runtime_data, sizes->runtime_data) ||
	    copy_to_user(o->args.resource_priv_drv_data, o->shared->resource_data, sizes->resource_data) ||
	    copy_to_user(o->args.total_priv_drv_data, o->shared->data, sizes->data))
		return -EFAULT;
	return 0;
}

static int write_infos(const struct open *o)
{
	uint64_t at = o->args.open_alloc_info, data = o->args.total_priv_drv_data;

	for (uint32_t i = 0; i < o->shared->sizes.allocations; i++) {
		struct d3dddi_openallocationinfo2 info;

		memset(&info, 0, sizeof(info));
		info.allocation = o->handles[i];
		info.priv_drv_data = data;
		info.priv_drv_data_size = o->shared->allocations[i].data_size;
		if (copy_to_user(at, &info, sizeof(info)))
			return -EFAULT;
		at += sizeof(info);
		data += info.priv_drv_data_size;
	}
	return 0;
}

static int write_results(const struct open *o)
{
	const struct shared_sizes *sizes = &o->shared->sizes;

	if (write_infos(o) ||
	    copy_to_user(o->arg + offsetof(struct d3dkmt_openresourcefromnthandle, total_priv_drv_data_size),
			 &sizes->data, sizeof(sizes->data)) ||
	    copy_to_user(o->arg + offsetof(struct d3dkmt_openresourcefromnthandle, resource),
			 &o->resource->handle, sizeof(o->resource->handle)))
		return -EFAULT;
	return 0;
}

/*
 * The guest forgets why it gave up: the call's result is that of the message that cleans up.  A resource that
 * was registered already is destroyed as any other afterwards, with a message of its own.
 */
static int open_give_up(struct open *o, bool registered)
{
	int ret = send_destroy_allocation(o->device, o->resource->handle, NULL, 0, 0);

	if (registered) {
		send_destroy_allocation(o->device, o->resource->handle, NULL, 0, 0);
		resource_unregister(o->resource);
		resource_end(o->resource);
		o->resource = NULL;
	}
	return ret;
}

static int open_on_device(struct open *o)
{
	uint32_t count = o->shared->sizes.allocations;
	int ret;

	ret = open_make_objects(o);
	if (!ret)
		ret = send_open(o);
	if (ret)
		return ret;
	if (write_data(o) || allocations_register(o->device, o->resource, true, o->allocations, count))
		return open_give_up(o, false);
	/* the lists have taken the references */
	memset(o->allocations, 0, count * sizeof(struct allocation *));
	if (write_results(o))
		return open_give_up(o, true);
	o->resource = NULL;
	return 0;
}

static void open_release(struct open *o)
{
	for (uint32_t i = 0; o->allocations && i < o->shared->sizes.allocations; i++)
		if (o->allocations[i])
			object_put(&o->allocations[i]->object);
	if (o->resource)
		object_put(&o->resource->object);
	free(o->allocations);
	free(o->handles);
}

int ioctl_open_resource_from_nt_handle(struct process *process, uint64_t arg)
{
	struct open o = {.arg = arg};
	struct driver_file *file;
	int ret;

	if (copy_from_user(&o.args, arg, sizeof(o.args)))
		return -EFAULT;
	ret = shared_file_begin(o.args.nt_handle, DRIVER_FILE_SHARED_RESOURCE, &file);
	if (ret)
		return ret;
	o.shared = shared_file_resource(file);
	o.nt = shared_file_nt(file);
	ret = open_sizes_valid(&o.args, &o.shared->sizes) ? 0 : -EINVAL;
	if (!ret)
		ret = device_get_active(process, HANDLE_DEVICE, o.args.device, &o.device);
	if (!ret) {
		ret = open_on_device(&o);
		open_release(&o);
		device_put(o.device);
	}
	file_end(file);
	return ret;
}
