// SPDX-License-Identifier: MIT
/* Shared sync objects and resources as files. */
#ifndef DXGSIM_DRIVER_SHARE_H
#define DXGSIM_DRIVER_SHARE_H

#include "dxgsim/driver/file.h"
#include "dxgsim/driver/objects.h"

/* The file behind a descriptor in an ioctl, in use until file_end(); -EINVAL unless it is of that kind. */
int shared_file_begin(uint64_t fd, enum driver_file_kind kind, struct driver_file **file);

/*
 * Opens a shared sync object on a device: asks the host, makes the guest object (a reference in *object).  What
 * syncobject_create() or the host say.
 */
int shared_syncobject_open(struct device *device, struct shared_syncobject *shared, uint32_t flags,
			   uint32_t engine_affinity, struct syncobject **object, uint64_t *gpu_va);
/* Takes an object just opened back, in guest and host. */
void shared_syncobject_open_undo(struct process *process, struct syncobject *object);
int send_open_sync_object(struct device *device, const struct shared_syncobject *shared, uint32_t flags,
			  uint32_t engine_affinity, struct host_open_sync_object_reply *reply);
/* What a file of kind DRIVER_FILE_SHARED_RESOURCE is about. */
struct shared_resource *shared_file_resource(const struct driver_file *file);
struct nt_ref shared_file_nt(const struct driver_file *file);
/* A file_importer. */
int shared_file_import(int fd, struct driver_file **file);

#endif
