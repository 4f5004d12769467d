// SPDX-License-Identifier: MIT
/* Sync objects. */
#ifndef DXGSIM_DRIVER_SYNCOBJECT_H
#define DXGSIM_DRIVER_SYNCOBJECT_H

#include "dxgsim/driver/device.h"

extern const struct device_part syncobject_part;

struct syncobject_info {
	uint32_t type;
	bool monitored_fence;
	d3dkmt_handle handle;
	uint64_t fence_page;		  /* mapped when monitored_fence, else unused */
	struct shared_syncobject *shared; /* a reference is taken; NULL: not shared */
	uint64_t guest_event;		  /* CPU_NOTIFICATION: becomes the object's; else 0 */
};
/*
 * Makes the guest object of a sync object the host has just created or opened on a device: maps the fence page
 * (-ENOMEM for an unusable address), registers the handle (-EINVAL), links it.  On error nothing remains
 * in the guest; the caller sends DESTROYSYNCOBJECT (syncobject_send_destroy).  *object comes with a
 * reference of the caller's (object_put()).
 */
int syncobject_create(struct device *device, const struct syncobject_info *info, struct syncobject **object);
/* Undoes syncobject_create() for a caller that fails afterwards; sends nothing. */
void syncobject_undo(struct syncobject *object);
/* A live sync object by handle, with a reference (object_put(&s->object)).  -EINVAL. */
int syncobject_lookup(struct process *process, d3dkmt_handle handle, struct syncobject **object);
int syncobject_send_destroy(struct process *process, d3dkmt_handle handle);

/* What a sync object is shared as, without a NT handle yet.  NULL: no memory. */
struct shared_syncobject *shared_syncobject_create(uint32_t type, bool monitored_fence, d3dkmt_handle global);
/* Process end: those that belong to no device. */
void syncobjects_destroy_all_of_process(struct process *process);

#endif
