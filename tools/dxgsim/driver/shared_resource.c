// SPDX-License-Identifier: MIT
/* What is kept of a shared resource for those who open it (dxgkrnl: dxgsharedresource). */
#include "dxgsim/driver/shared_resource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "dxgsim/driver/object.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define ALLOCATIONS_MAX 1048576u /* of one resource, far over what a sealed resource's data allows */

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
