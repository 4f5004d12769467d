// SPDX-License-Identifier: MIT
/* What the files of the memory half share: allocations, resources, and the wire sizes of their messages. */
#ifndef DXGSIM_DRIVER_MEMORY_H
#define DXGSIM_DRIVER_MEMORY_H

#include "dxgsim/driver/internal.h"

/* ---- allocation.c ---- */

/* A fresh, unlinked allocation without a handle; holds a reference on the device.  NULL: no memory. */
struct allocation *allocation_new(struct device *device);
/*
 * A fresh, unlinked resource without a handle; holds a reference on the device.  NULL: no memory.  The caller
 * hands over the shared part, if any, by storing a reference in ->shared.
 */
struct resource *resource_new(struct device *device);

/*
 * Makes a set of allocations known under their handles, and the resource before them if it is a new one; they
 * then belong to the resource, or to the device if there is none.  All or nothing: -EINVAL for a handle that
 * cannot be registered, or a resource that cannot take allocations any more; -ENODEV when the device is on
 * its way out.  The lists take over the caller's references.
 */
int allocations_register(struct device *device, struct resource *resource, bool new_resource,
			 struct allocation *const *allocations, uint32_t count);
/* Takes handles and list entries back from a resource that was just registered; the caller gets the references. */
void resource_unregister(struct resource *resource);

/* A live resource of the device, with a reference.  -EINVAL. */
int resource_lookup(struct device *device, d3dkmt_handle handle, struct resource **resource);

/*
 * Ends what a dead allocation still has outside the guest driver: its Lock2 range and its GPADL.  Nobody can look
 * it up any more, its host object is gone.  Consumes the caller's reference.
 */
void allocation_end(struct allocation *allocation);
/* The same for a resource and the allocations still on its list. */
void resource_end(struct resource *resource);

/* DESTROYALLOCATION: by resource if it is not 0, else the list; both name the same objects in a failed create. */
int send_destroy_allocation(struct device *device, d3dkmt_handle resource, const d3dkmt_handle *allocations,
			    uint32_t count, uint32_t flags);

/* ---- standard.c ---- */

#define STATUS_INVALID_PARAMETER ((int)0xc000000d)

/* The private data the host makes for a standard allocation. */
struct standard_data {
	uint32_t size;
	uint32_t resource_size;
	void *data;
	void *resource_data;
};

/*
 * Checks the standard allocation of a create call.  0, -EINVAL, -EFAULT, or STATUS_INVALID_PARAMETER,
 * which the caller sees raw.
 */
int standard_allocation_check(const struct d3dkmt_createallocation *args,
			      const struct d3dddi_allocationinfo2 *info,
			      struct d3dkmt_createstandardallocation *standard);
/* Asks the host for the private data, in two messages.  On 0 the buffers are the caller's (free()). */
int standard_allocation_data(struct device *device, const struct d3dkmt_createstandardallocation *standard,
			     struct standard_data *data);

/* ---- userptr.c ---- */

/*
 * Pins the allocation's pages of existing system memory from sysmem on and tells the host where they are.
 * -ENOMEM when not all of them can be pinned; what the host says.
 */
int userptr_attach(struct allocation *allocation, uint64_t sysmem, bool read_only);
/* Ends the GPADL, if one is left. */
void userptr_detach(struct allocation *allocation);

/* ---- share_resource.c ---- */

/* Resource data to be kept for those who open the resource; copies are taken.  NULL: no memory. */
struct shared_resource *shared_resource_create(uint64_t runtime_handle, const void *runtime_data,
					       uint32_t runtime_data_size, const void *resource_data,
					       uint32_t resource_data_size);
void shared_resource_get(struct shared_resource *shared);
void shared_resource_put(struct shared_resource *shared);
bool shared_resource_is_sealed(struct shared_resource *shared);

#endif
