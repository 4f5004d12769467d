// SPDX-License-Identifier: MIT
/*
 * What the files of the driver share: its objects, who owns them, and the helpers every ioctl is made of.
 *
 * Owners: process owns its tables and process_adapters; process_adapter owns devices; device owns
 * allocations, resources, contexts, paging queues and its sync objects; context owns hardware queues.
 * Objects are counted (object_get, object_put): one reference belongs to the owner's list, the table entry
 * borrows it, and whoever looks an object up holds one more until done.
 *
 * Locks, outermost first: process->lock (tables, process_adapters, all lists of all objects below it),
 * events lock (guest events).  Neither is ever held while a message is sent, while user memory is touched,
 * or while waiting; so no ioctl blocks another.  Fields without a note are set before the object is
 * reachable and constant afterwards.
 */
#ifndef DXGSIM_DRIVER_INTERNAL_H
#define DXGSIM_DRIVER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "dxgsim/driver/driver.h"

#define PACKET_MAX     131072u /* DXG_MAX_VM_BUS_PACKET_SIZE, both headers included */
#define COMMAND_HEADER 24u
#define EXT_HEADER     16u

#define STATUS_PENDING 0x103

/* ---- handle tables (handle.c) ---- */

enum handle_type {
	HANDLE_FREE = 0,
	HANDLE_ADAPTER = 1,
	HANDLE_DEVICE = 3,
	HANDLE_RESOURCE = 4,
	HANDLE_ALLOCATION = 5,
	HANDLE_CONTEXT = 7,
	HANDLE_SYNCOBJECT = 8,
	HANDLE_PAGINGQUEUE = 10,
	HANDLE_HWQUEUE = 15,
	HANDLE_MONITOREDFENCE = 32, /* a number without an object: paging and progress fences */
};

struct handle_entry {
	void *object;
	uint32_t next_free;
	uint32_t prev_free;
	uint8_t type;
	uint8_t unique;
	uint8_t instance;
	bool destroyed; /* still known, no longer valid: on its way out */
};

struct handle_table {
	struct handle_entry *entries;
	uint32_t size;
	uint32_t free_count;
	uint32_t free_head;
	uint32_t free_tail;
};

/* The caller holds process->lock around every one of these. */
void handle_table_init(struct handle_table *table);
void handle_table_destroy(struct handle_table *table);
/* Takes the oldest free slot.  -ENOMEM. */
int handle_alloc(struct handle_table *table, enum handle_type type, void *object, d3dkmt_handle *handle);
/* Takes the slot the host chose.  -EINVAL: in use or an index over 24 bits; -ENOMEM. */
int handle_assign(struct handle_table *table, enum handle_type type, void *object, d3dkmt_handle handle);
/* Frees the slot if the handle is of that type; anything else is ignored. */
void handle_free(struct handle_table *table, enum handle_type type, d3dkmt_handle handle);
/* The object, NULL for a wrong, stale, destroyed or foreign handle and for types without objects. */
void *handle_lookup(const struct handle_table *table, enum handle_type type, d3dkmt_handle handle);
/* Type of whatever live entry the handle names, HANDLE_FREE if none. */
enum handle_type handle_type_of(const struct handle_table *table, d3dkmt_handle handle);
/* As handle_lookup, but whatever the type. */
void *handle_object(const struct handle_table *table, d3dkmt_handle handle);
/* Destroyed entries are invalid to everybody, keep their slot and may be revived.  False: no such entry. */
bool handle_mark_destroyed(struct handle_table *table, d3dkmt_handle handle);
bool handle_unmark_destroyed(struct handle_table *table, d3dkmt_handle handle);

/* ---- objects ---- */

/* First member of every counted object. */
struct object {
	atomic_uint refs;
	void (*release)(struct object *object); /* at the last put: frees memory, sends nothing */
};

void object_init(struct object *object, void (*release)(struct object *object));
static inline void object_get(struct object *object)
{
	atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
}
/* NULL is allowed. */
void object_put(struct object *object);

enum adapter_state {
	ADAPTER_ACTIVE,
	ADAPTER_STOPPED,
};

/* A vGPU.  One per host_config.vgpus entry, as long as the driver lives. */
struct adapter {
	uint32_t index;
	const struct host_vgpu *vgpu;
	_Atomic(enum adapter_state) state;
};

/* The state of one thread group: every /dev/dxg file it opened shares it. */
struct process {
	struct object object;
	pid_t tgid;
	d3dkmt_handle host_handle;
	uint32_t files; /* open files, driver lock */
	pthread_mutex_t lock;
	struct handle_table handles;  /* chosen by the host */
	struct handle_table adapters; /* chosen by the guest */
	TAILQ_HEAD(, process_adapter) process_adapters;
	TAILQ_HEAD(, syncobject)
	syncobjects; /* those that belong to no device; list entry: syncobject.entry */
};

/* A process' use of an adapter. */
struct process_adapter {
	TAILQ_ENTRY(process_adapter) entry;
	struct process *process;
	struct adapter *adapter;
	uint32_t refs; /* handles open, process->lock */
	TAILQ_HEAD(, device) devices;
};

struct device {
	struct object object;
	TAILQ_ENTRY(device) entry; /* process_adapter->devices */
	struct process *process;
	struct adapter *adapter;
	struct process_adapter *process_adapter; /* NULL once unlinked; process->lock */
	d3dkmt_handle handle;			 /* 0: the host refused it */
	bool handle_valid;			 /* process->lock */
	atomic_bool active;
	/* GETDEVICESTATE(EXECUTION) cache, process->lock */
	uint32_t execution_state;
	uint64_t execution_state_counter;
	TAILQ_HEAD(, allocation) allocations; /* those without a resource */
	TAILQ_HEAD(, resource) resources;
	TAILQ_HEAD(, context) contexts;
	TAILQ_HEAD(, pagingqueue) pagingqueues;
	TAILQ_HEAD(, syncobject) syncobjects; /* types 5 and 6 */
};

/* A page of the IO window (or a Lock2 range) mapped into the process. */
struct io_mapping {
	void *address; /* NULL: none */
	size_t size;
};

struct context {
	struct object object;
	TAILQ_ENTRY(context) entry;
	struct device *device;
	d3dkmt_handle handle;
	bool handle_valid; /* process->lock */
	TAILQ_HEAD(, hwqueue) hwqueues;
};

struct hwqueue {
	struct object object;
	TAILQ_ENTRY(hwqueue) entry;
	struct context *context;
	struct device *device;
	d3dkmt_handle handle;
	d3dkmt_handle progress_fence;
	bool handle_valid; /* process->lock */
	struct io_mapping fence;
};

struct pagingqueue {
	struct object object;
	TAILQ_ENTRY(pagingqueue) entry;
	struct device *device;
	d3dkmt_handle device_handle;
	d3dkmt_handle handle;
	d3dkmt_handle sync_object;
	bool handle_valid; /* process->lock */
	struct io_mapping fence;
};

/* A sync object created with the shared flag: what its NT handles name.  Owned by share.c once shared. */
struct shared_syncobject {
	struct object object;
	uint32_t type;
	bool monitored_fence;
	d3dkmt_handle global; /* the host's VM-wide name */
	void *nt;	      /* share.c's: the NT handle and its files; its own lock */
};

struct syncobject {
	struct object object;
	TAILQ_ENTRY(syncobject) entry; /* device->syncobjects or process->syncobjects */
	struct process *process;
	struct device *device; /* types 5 and 6 only; holds a reference, as on adapter-less ones NULL */
	struct adapter *adapter;
	d3dkmt_handle handle;
	bool handle_valid; /* process->lock */
	uint32_t type;
	bool monitored_fence;
	struct shared_syncobject *shared; /* holds a reference; NULL: not shared */
	uint64_t guest_event;		  /* CPU_NOTIFICATION: removed with the object; else 0 */
	struct io_mapping fence;
};

/* Everything below is filled and used by allocation.c and its neighbours. */

struct shared_resource; /* share.c */

struct resource {
	struct object object;
	TAILQ_ENTRY(resource) entry; /* device->resources */
	struct process *process;
	struct device *device;
	d3dkmt_handle handle;
	bool handle_valid; /* process->lock */
	bool destroyed;	   /* process->lock */
	uint64_t runtime_handle;
	TAILQ_HEAD(, allocation) allocations; /* process->lock */
	struct shared_resource *shared;	      /* holds a reference; NULL: not shared */
};

struct allocation {
	struct object object;
	TAILQ_ENTRY(allocation) entry; /* device->allocations or resource->allocations */
	struct process *process;
	struct device *device;
	struct resource *resource; /* NULL: bare */
	d3dkmt_handle handle;
	bool handle_valid; /* process->lock */
	bool cached;
	uint32_t num_pages;
	void *private_data; /* kept for shared resources */
	uint32_t private_data_size;
	/* Lock2; map_lock is held while the host is asked, and taken before process->lock */
	pthread_mutex_t map_lock;
	struct io_mapping map;
	uint32_t lock_count;
	bool ended; /* destroyed: nothing is mapped any more */
	/* existing system memory */
	uint64_t sysmem; /* user address, 0: none */
	uint32_t gpadl;	 /* 0: none */
};

/* ---- process and adapter (process.c, adapter.c) ---- */

/* The process the calling thread's file belongs to is passed to each handler. */

/* An adapter by its handle in this process.  -EINVAL; adapters need no put. */
int adapter_lookup(struct process *process, d3dkmt_handle handle, struct adapter **adapter);
/* 0 or -ENODEV when its channel is gone. */
int adapter_check_active(const struct adapter *adapter);

/* ---- devices and what hangs on them ---- */

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

/*
 * Teardown of everything C-side on a device whose handle is already invalid and which nobody can look up any
 * more; called without locks, after FLUSHDEVICE and before DESTROYDEVICE.  Sends one DESTROYALLOCATION per
 * bare allocation, then one per resource, unmaps Lock2 ranges (io_unmap), ends GPADLs, drops the
 * references of the lists.  Implemented in allocation.c.
 */
void allocation_destroy_all_of_device(struct device *device);
/* Adds the device's live resources and allocations to a report; process->lock is held. */
void allocation_report(const struct device *device, void (*visit)(void *, const struct driver_object *),
		       void *arg);

/* ---- sync objects (syncobject.c), for the sharing half ---- */

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
 * in the guest; the caller sends DESTROYSYNCOBJECT (syncobject_send_destroy).  *object is borrowed.
 */
int syncobject_create(struct device *device, const struct syncobject_info *info, struct syncobject **object);
/* Undoes syncobject_create() for a caller that fails afterwards; sends nothing. */
void syncobject_undo(struct syncobject *object);
/* A live sync object by handle, with a reference (object_put(&s->object)).  -EINVAL. */
int syncobject_lookup(struct process *process, d3dkmt_handle handle, struct syncobject **object);
int syncobject_send_destroy(struct process *process, d3dkmt_handle handle);
struct shared_syncobject *shared_syncobject_create(uint32_t type, bool monitored_fence, d3dkmt_handle global);
/* share.c: frees shared->nt when the last reference of a shared sync object goes. */
void shared_syncobject_release_nt(struct shared_syncobject *shared);

/* Sends WAITFORSYNCOBJECTFROMCPU / WAITFORSYNCOBJECTFROMGPU (sync.c).  Results as message_call(). */
int send_wait_from_cpu(struct process *process, struct adapter *adapter,
		       const struct host_wait_from_cpu *wait);
int send_wait_from_gpu(struct process *process, struct adapter *adapter,
		       const struct host_wait_from_gpu *wait);

/* ---- guest events (event.c) ---- */

/*
 * An event the host may raise by id.  One-shot events run fire() once and are forgotten, persistent ones stay
 * until event_remove().  fire() runs in the host's thread with no lock held; after event_remove() returns it
 * neither runs nor will.  release() frees arg, exactly once, when the event is gone for good (may be NULL).
 */
int event_add(bool persistent, void (*fire)(void *arg), void (*release)(void *arg), void *arg, uint64_t *id);
/* True: it was still there and its fire() had not been started (one-shot) at the time of the call. */
bool event_remove(uint64_t id);

/*
 * Takes the caller's eventfd: checks it is one (-EINVAL as the driver does) and keeps a duplicate, so that
 * the caller may close his.
 */
int eventfd_take(uint64_t fd, int *copy);
/* An event that adds 1 to the caller's eventfd (its low 32 bits count).  -EINVAL: not one; -ENOMEM. */
int eventfd_event_add(uint64_t fd, bool persistent, uint64_t *id);

/* ---- messages (message.c) ---- */

/*
 * Prepares a message of a process to an adapter (NULL: VM-wide) with body bytes after the command header.
 * reply_expected is the wire size of the reply (0: none is looked at).  -EINVAL over PACKET_MAX.
 * Then fill m->request and m->reply and call message_send() or message_call().
 */
int message_init(struct host_message *m, const struct process *process, const struct adapter *adapter,
		 enum host_message_type type, uint64_t body, uint64_t reply_expected);
/*
 * Sends and waits for the reply: 0, -EAGAIN (ring full 50 times), -EOVERFLOW (short reply), -ENODEV or
 * another channel error.  On 0 the reply is filled; m->status has not been looked at.
 */
int message_send(struct host_message *m);
/* As message_send, then m->status as ntstatus_to_result(). */
int message_call(struct host_message *m);
/*
 * For the calls the host may take without answering: fire and forget (5000 tries) where it enabled that,
 * else message_call().
 */
int message_call_async(struct host_message *m);
/* A positive NTSTATUS as it is, 0, or the -errno dxgkrnl turns a failure into. */
int ntstatus_to_result(int32_t status);
/* Bytes of extension header in front of every message. */
uint32_t message_ext_header(void);

/* ---- user memory (user.c) ---- */

/* 0 or -EFAULT.  What could be copied before the fault has been copied.  size 0 is always 0. */
int copy_from_user(void *to, uint64_t from, size_t size);
int copy_to_user(uint64_t to, const void *from, size_t size);
/* As copy_to_user, but the number of bytes not copied. */
size_t copy_to_user_left(uint64_t to, const void *from, size_t size);
/* count * size bytes into fresh memory (free() it): 0, -ENOMEM, -EFAULT.  count 0: *out NULL, 0. */
int copy_array_from_user(void **out, uint64_t from, size_t count, size_t size);
/*
 * As pin_user_pages_fast: how many of the pages from a page-aligned address on can be read (and written, if
 * write), faulting them in.  No page stays locked; a later munmap is not noticed.
 */
size_t pin_user_pages(uint64_t address, size_t count, bool write);

/* ---- the IO window (io.c) ---- */

/*
 * Maps pages of the IO window into the process, shared and writable.  -ENOMEM: the range is outside
 * the window, or ends exactly at its end, or is empty, or the mapping failed.
 */
int io_map(uint64_t address, uint64_t pages, struct io_mapping *mapping);
/* Unmaps unless the process is exiting; mapping->address is NULL afterwards. */
void io_unmap(struct process *process, struct io_mapping *mapping);

/* ---- files (file.c) ---- */

struct driver_file_ops {
	enum driver_file_kind kind;
	int (*ioctl)(struct driver_file *file, unsigned long cmd,
		     uint64_t arg); /* 0.., -errno; NULL: ENOTTY */
	/* last descriptor of this process gone; frees private */
	void (*release)(struct driver_file *file);
};

struct driver_file {
	const struct driver_file_ops *ops;
	TAILQ_ENTRY(driver_file) entry; /* all files of this process, files lock */
	uint64_t dev;
	uint64_t ino;
	pid_t tgid;	    /* that opened it */
	int flags;	    /* of open() */
	unsigned int users; /* calls in flight, files lock */
	bool closed;	    /* the last of them releases it, files lock */
	bool inherited;	    /* from before a fork: may not be used, is only forgotten */
	void *private;	    /* DRIVER_FILE_DEVICE: struct process with a reference */
};

/*
 * Registers the file behind a fresh descriptor with an inode of its own and tells the seam.  The descriptor
 * stays the caller's on error: -ENOMEM, -EINVAL (an inode that is already known).
 */
int file_register(int fd, const struct driver_file_ops *ops, void *private, struct driver_file **file);
/*
 * Recognises a descriptor made by another process of the VM; implemented in share.c.  0 and the ops and
 * private for a new registration, or -EBADF.
 */
int file_import(int fd, const struct driver_file_ops **ops, void **private);

/* ---- VM-wide lists (shared.c): in memory all processes of the VM see ---- */

uint64_t shared_state_counter(void);
void shared_state_counter_bump(void);

/* ---- the dispatch table (ioctl.c) ---- */

/*
 * Result of a handler: 0 and positive NTSTATUS as they are, -errno in -4095..-1, anything below is a raw
 * NTSTATUS shown to the caller.
 */
typedef int (*ioctl_handler)(struct process *process, uint64_t arg);

struct ioctl_entry {
	uint32_t cmd;
	ioctl_handler handler;
	const char *name;
};

#define DRIVER_HANDLER(fn) int fn(struct process *process, uint64_t arg)

/* adapter.c, query.c */
DRIVER_HANDLER(ioctl_open_adapter_from_luid);
DRIVER_HANDLER(ioctl_enum_adapters2);
DRIVER_HANDLER(ioctl_enum_adapters3);
DRIVER_HANDLER(ioctl_close_adapter);
DRIVER_HANDLER(ioctl_query_adapter_info);
DRIVER_HANDLER(ioctl_is_feature_enabled);
DRIVER_HANDLER(ioctl_enum_processes);
DRIVER_HANDLER(ioctl_query_statistics);
DRIVER_HANDLER(ioctl_query_video_memory_info);
DRIVER_HANDLER(ioctl_change_video_memory_reservation);
DRIVER_HANDLER(ioctl_query_clock_calibration);
DRIVER_HANDLER(ioctl_flush_heap_transitions);
DRIVER_HANDLER(ioctl_escape);
/* device.c, context.c, hwqueue.c, pagingqueue.c */
DRIVER_HANDLER(ioctl_create_device);
DRIVER_HANDLER(ioctl_destroy_device);
DRIVER_HANDLER(ioctl_get_device_state);
DRIVER_HANDLER(ioctl_mark_device_as_error);
DRIVER_HANDLER(ioctl_create_context_virtual);
DRIVER_HANDLER(ioctl_destroy_context);
DRIVER_HANDLER(ioctl_get_context_in_process_scheduling_priority);
DRIVER_HANDLER(ioctl_get_context_scheduling_priority);
DRIVER_HANDLER(ioctl_set_context_in_process_scheduling_priority);
DRIVER_HANDLER(ioctl_set_context_scheduling_priority);
DRIVER_HANDLER(ioctl_create_hwqueue);
DRIVER_HANDLER(ioctl_destroy_hwqueue);
DRIVER_HANDLER(ioctl_create_paging_queue);
DRIVER_HANDLER(ioctl_destroy_paging_queue);
/* syncobject.c, sync.c, submit.c */
DRIVER_HANDLER(ioctl_create_sync_object);
DRIVER_HANDLER(ioctl_destroy_sync_object);
DRIVER_HANDLER(ioctl_signal_sync_object);
DRIVER_HANDLER(ioctl_wait_sync_object);
DRIVER_HANDLER(ioctl_signal_from_cpu);
DRIVER_HANDLER(ioctl_signal_from_gpu);
DRIVER_HANDLER(ioctl_signal_from_gpu2);
DRIVER_HANDLER(ioctl_wait_from_cpu);
DRIVER_HANDLER(ioctl_wait_from_gpu);
DRIVER_HANDLER(ioctl_submit_command);
DRIVER_HANDLER(ioctl_submit_command_to_hwqueue);
DRIVER_HANDLER(ioctl_submit_signal_to_hwqueue);
DRIVER_HANDLER(ioctl_submit_wait_to_hwqueue);
/* the memory half: allocation.c, standard.c, userptr.c, residency.c, gpuva.c, lock.c */
DRIVER_HANDLER(ioctl_create_allocation);
DRIVER_HANDLER(ioctl_destroy_allocation2);
DRIVER_HANDLER(ioctl_make_resident);
DRIVER_HANDLER(ioctl_evict);
DRIVER_HANDLER(ioctl_offer_allocations);
DRIVER_HANDLER(ioctl_reclaim_allocations2);
DRIVER_HANDLER(ioctl_query_allocation_residency);
DRIVER_HANDLER(ioctl_set_allocation_priority);
DRIVER_HANDLER(ioctl_get_allocation_priority);
DRIVER_HANDLER(ioctl_update_alloc_property);
DRIVER_HANDLER(ioctl_map_gpu_virtual_address);
DRIVER_HANDLER(ioctl_reserve_gpu_virtual_address);
DRIVER_HANDLER(ioctl_free_gpu_virtual_address);
DRIVER_HANDLER(ioctl_update_gpu_virtual_address);
DRIVER_HANDLER(ioctl_lock2);
DRIVER_HANDLER(ioctl_unlock2);
DRIVER_HANDLER(ioctl_invalidate_cache);
/* the sharing half: share.c, resource.c, syncfile.c */
DRIVER_HANDLER(ioctl_share_objects);
DRIVER_HANDLER(ioctl_open_sync_object_from_nt_handle2);
DRIVER_HANDLER(ioctl_query_resource_info_from_nt_handle);
DRIVER_HANDLER(ioctl_open_resource_from_nt_handle);
DRIVER_HANDLER(ioctl_share_object_with_host);
DRIVER_HANDLER(ioctl_create_sync_file);
DRIVER_HANDLER(ioctl_wait_sync_file);
DRIVER_HANDLER(ioctl_open_sync_object_from_sync_file);

#endif
