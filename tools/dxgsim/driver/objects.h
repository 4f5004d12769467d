// SPDX-License-Identifier: MIT
/*
 * The driver's objects and who owns them: process owns its tables and process_adapters; process_adapter owns
 * devices; device owns allocations, resources, contexts, paging queues and its sync objects; context owns hardware
 * queues.  Objects are counted (object_get, object_put): one reference belongs to the owner's list, the table entry
 * borrows it, and whoever looks an object up holds one more until done.
 *
 * Locks, outermost first: process->lock (tables, process_adapters, all lists of all objects below it),
 * events lock (guest events).  Neither is ever held while a message is sent, while user memory is touched,
 * or while waiting; so no ioctl blocks another.  Fields without a note are set before the object is
 * reachable and constant afterwards.
 */
#ifndef DXGSIM_DRIVER_OBJECTS_H
#define DXGSIM_DRIVER_OBJECTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/object.h"
#include "dxgsim/driver/shared.h"

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
	struct nt_ref nt;     /* cache of its NT handle, locked with the table of the VM */
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
	uint64_t fence_va; /* where it was mapped; stays when it is unmapped */
};

struct shared_resource;

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

#endif
