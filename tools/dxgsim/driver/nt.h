// SPDX-License-Identifier: MIT
/*
 * NT handles: the host's names for shared objects, kept by the VM as long as a file of the object is open in any
 * of its processes (nt.c), and the files themselves (share.c, resource.c, syncfile.c).
 */
#ifndef DXGSIM_DRIVER_NT_H
#define DXGSIM_DRIVER_NT_H

#include "dxgsim/driver/internal.h"

/* Which NT handle; generation 0 is none.  An old one is noticed by its generation. */
struct nt_ref {
	uint32_t slot;
	uint32_t generation;
};

struct nt_slot {
	uint32_t files; /* open files of all processes; 0: free */
	uint32_t generation;
	d3dkmt_handle handle;
};

/* A sync file as other processes need to know it. */
struct sync_entry {
	uint64_t ino; /* of its pipe, 0: free */
	uint64_t value;
	struct nt_ref nt; /* generation 0: the fence is not shared */
	d3dkmt_handle global;
	uint32_t type;
	bool monitored_fence;
	pid_t owner;
};

#define NT_SLOTS     1024u
#define SYNC_ENTRIES 512u

/* Zeroed once, then only changed between nt_table_lock() and nt_table_unlock(). */
struct nt_table {
	uint32_t last_generation;
	struct nt_slot slots[NT_SLOTS];
	struct sync_entry sync_files[SYNC_ENTRIES];
};

/* shared.c: the table of the VM, locked. */
struct nt_table *nt_table_lock(void);
void nt_table_unlock(void);

/*
 * One open file more for the NT handle that cache names, or a new one from the host for the object (cache is then
 * updated; it is local to the process).  -ENOTRECOVERABLE: the host gave none; -ENOMEM: too many; what
 * message_send() says.
 */
int nt_acquire(struct process *process, struct nt_ref *cache, d3dkmt_handle object, struct nt_ref *ref);
/* One open file less; the last one of the VM ends the NT handle. */
void nt_release(struct nt_ref ref);
/* The host's handle, 0 if it is gone. */
d3dkmt_handle nt_handle(struct nt_ref ref);

/* ---- descriptors the program does not know of (nt.c) ---- */

/*
 * Moves a descriptor out of the way of the low numbers programs count on, close-on-exec; it is closed by
 * hidden_fd_close().  Returns the new number, or the old one if that is impossible.
 */
int hidden_fd_move(int fd);
/* Not seen by whatever stands in front of close(). */
void hidden_fd_close(int fd);
/* A new open file description of the file behind fd, hidden.  -errno. */
int hidden_fd_reopen(int fd, int flags);
/* What /proc says fd is, without the seam's translation.  false: no such descriptor. */
bool fd_link(int fd, char *link, size_t size);

/* ---- share.c ---- */

/* The file behind a descriptor in an ioctl, in use until file_end(); -EINVAL unless it is of that kind. */
int shared_file_begin(uint64_t fd, enum driver_file_kind kind, struct driver_file **file);

/*
 * Opens a shared sync object on a device: asks the host, makes the guest object (borrowed in *object).  What
 * syncobject_create() or the host say.
 */
int shared_syncobject_open(struct device *device, struct shared_syncobject *shared, uint32_t flags,
			   uint32_t engine_affinity, struct syncobject **object, uint64_t *gpu_va);
/* Takes an object just opened back, in guest and host. */
void shared_syncobject_open_undo(struct process *process, struct syncobject *object);
int send_open_sync_object(struct device *device, const struct shared_syncobject *shared, uint32_t flags,
			  uint32_t engine_affinity, struct host_open_sync_object_reply *reply);
/* The process' cache of the object's NT handle, made at first use.  NULL: no memory. */
struct nt_ref *shared_syncobject_nt(struct shared_syncobject *shared);

/* ---- resource.c ---- */

/* Freezes what the resource is shared with.  -EINVAL when its allocations have no private data at all. */
int shared_resource_seal(struct resource *resource);
struct nt_ref *shared_resource_nt(struct shared_resource *shared);
/* The sealed data as it travels in a file: bytes of it, and back.  The result is the caller's. */
int shared_resource_pack(struct shared_resource *shared, void **data, size_t *size);
int shared_resource_unpack(const void *data, size_t size, struct nt_ref nt, struct shared_resource **shared);
/* What a file of kind DRIVER_FILE_SHARED_RESOURCE is about. */
struct shared_resource *shared_file_resource(const struct driver_file *file);
struct nt_ref shared_file_nt(const struct driver_file *file);

/* ---- syncfile.c ---- */

/* As file_import() for the read end of a sync file's pipe. */
int sync_file_import(int fd, const struct driver_file_ops **ops, void **private);

#endif
