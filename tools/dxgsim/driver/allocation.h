// SPDX-License-Identifier: MIT
/* Allocations and resources as guest objects. */
#ifndef DXGSIM_DRIVER_ALLOCATION_H
#define DXGSIM_DRIVER_ALLOCATION_H

#include "dxgsim/driver/device.h"

extern const struct device_part allocation_part;

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

#endif
