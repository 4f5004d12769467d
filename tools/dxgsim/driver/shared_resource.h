// SPDX-License-Identifier: MIT
/* What is kept of a shared resource for those who open it. */
#ifndef DXGSIM_DRIVER_SHARED_RESOURCE_H
#define DXGSIM_DRIVER_SHARED_RESOURCE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxgsim/driver/objects.h"

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
	struct nt_ref nt; /* cache of its NT handle, locked with the table of the VM */
	struct shared_sizes sizes;
	void *runtime_data;
	void *resource_data;
	struct shared_allocation *allocations;
	char *data; /* private data of all allocations, one after the other */
};

/* Resource data to be kept for those who open the resource; copies are taken.  NULL: no memory. */
struct shared_resource *shared_resource_create(uint64_t runtime_handle, const void *runtime_data,
					       uint32_t runtime_data_size, const void *resource_data,
					       uint32_t resource_data_size);
void shared_resource_get(struct shared_resource *shared);
void shared_resource_put(struct shared_resource *shared);
bool shared_resource_is_sealed(struct shared_resource *shared);

/* Freezes what the resource is shared with.  -EINVAL when its allocations have no private data at all. */
int shared_resource_seal(struct resource *resource);
/* The sealed data as it travels in a file: bytes of it, and back.  The result is the caller's. */
int shared_resource_pack(struct shared_resource *shared, void **data, size_t *size);
int shared_resource_unpack(const void *data, size_t size, struct nt_ref nt, struct shared_resource **shared);

#endif
