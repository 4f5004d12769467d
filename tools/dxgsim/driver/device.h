// SPDX-License-Identifier: MIT
/* Devices, and what hangs on them. */
#ifndef DXGSIM_DRIVER_DEVICE_H
#define DXGSIM_DRIVER_DEVICE_H

#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/objects.h"

/*
 * A kind of object that hangs on devices.  destroy_all ends what a device whose handle is already invalid, and which
 * nobody can look up any more, has of it: no lock is held, DESTROYDEVICE follows.  show tells of the live ones;
 * process->lock is held.
 */
struct device_part {
	void (*destroy_all)(struct device *device);
	void (*show)(const struct device *device, driver_visit visit, void *arg);
};
/* The kinds there are, NULL at the end, in the order in which they end. */
void device_set_parts(const struct device_part *const *parts);

/*
 * Device by its own handle or by that of a HANDLE_CONTEXT, HANDLE_HWQUEUE, HANDLE_PAGINGQUEUE, HANDLE_RESOURCE,
 * HANDLE_ALLOCATION or HANDLE_SYNCOBJECT; a reference is taken.  -EINVAL.  Does not look at states.
 */
int device_lookup(struct process *process, enum handle_type type, d3dkmt_handle handle,
		  struct device **device);
/* 0, or -ENODEV when device or adapter is no longer active (in that order). */
int device_check_active(const struct device *device);
/* device_lookup and device_check_active; a reference is held only on 0. */
int device_get_active(struct process *process, enum handle_type type, d3dkmt_handle handle,
		      struct device **device);
void device_put(struct device *device);

/* Tears a device down and sends DESTROYDEVICE.  flush: FLUSHDEVICE first.  Consumes the list's reference. */
void device_destroy(struct device *device, bool flush);
/*
 * Links a new child under process->lock unless the device is on its way out: -ENODEV.  Used as
 * "lock; ret = device_accepts(device); if (!ret) insert; unlock".
 */
int device_accepts(const struct device *device);

/* Shows the device and what hangs on it; process->lock is held. */
void device_report(const struct device *device, driver_visit visit, void *arg);

#endif
