// SPDX-License-Identifier: MIT
/* The one driver of this process: its host, its adapters, its process object (driver.c). */
#ifndef DXGSIM_DRIVER_DRIVER_STATE_H
#define DXGSIM_DRIVER_DRIVER_STATE_H

#include "dxgsim/driver/internal.h"

/* Valid from driver_init() on, after driver_exit() too: a call may outlive it. */
const struct host_config *driver_config(void);
int driver_send(struct host_message *m);
struct adapter *driver_adapter(uint32_t index);
uint32_t driver_adapter_count(void);
void driver_descriptor_made(int fd, struct driver_file *file);

/*
 * Every module with a lock of its own: prepare() takes it around a fork(), done() gives it back on both
 * sides, so that the child finds its lists whole; child() is driver_fork_child()'s share.
 */
void events_fork_prepare(void);
void events_fork_done(void);
void io_fork_prepare(void);
void io_fork_done(void);
void files_fork_prepare(void);
void files_fork_done(void);
void process_fork_prepare(void);
void process_fork_done(void);

/* event.c */
void events_signal(uint64_t id);
void events_fork_child(void);
/* Forgets all events; nobody may raise any more. */
void events_drop(void);

/* io.c */
void io_fork_child(void);

/* process.c: the process object of this thread group */
/* 0, or -errno of whatever went wrong; a reference and one open file are counted. */
int process_open(struct process **process);
/* One open file less; the last one destroys everything and tells the host. */
void process_close(struct process *process);
/* The address space is going: no mapping is undone from here on. */
void process_set_exiting(void);
void process_clear_exiting(void);
bool process_is_exiting(void);
void process_fork_child(void);
void process_report(void (*visit)(void *, const struct driver_object *), void *arg);

/* adapter.c: with process->lock held / not held */
int process_adapter_open(struct process *process, struct adapter *adapter, d3dkmt_handle *handle);
int process_adapter_close(struct process *process, d3dkmt_handle handle);
/* Process end: every adapter, whatever its handles. */
void process_adapters_destroy(struct process *process);
/* The process' adapter list entry of a handle; process->lock is held. */
struct process_adapter *process_adapter_by_handle(const struct process *process, d3dkmt_handle handle);

/* device.c */
/* Tears a device down and sends DESTROYDEVICE.  flush: FLUSHDEVICE first.  Consumes the list's reference. */
void device_destroy(struct device *device, bool flush);
/*
 * Links a new child under process->lock unless the device is on its way out: -ENODEV.  Used as
 * "lock; ret = device_accepts(device); if (!ret) insert; unlock".
 */
int device_accepts(const struct device *device);

/* context.c, hwqueue.c, pagingqueue.c, syncobject.c: teardown of what hangs on a device, no locks held */
void contexts_destroy_all(struct device *device);
void hwqueues_destroy_all(struct context *context);
void pagingqueues_destroy_all(struct device *device);
void syncobjects_destroy_all(struct device *device);
void syncobjects_destroy_all_of_process(struct process *process);

/* shared.c */
int shared_init(const struct host_config *config);
void shared_exit(void);
int shared_process_add(pid_t pid, d3dkmt_handle host_handle);
void shared_process_remove(pid_t pid);
int shared_adapter_opened(pid_t pid, uint32_t adapter);
void shared_adapter_closed(pid_t pid, uint32_t adapter);
/* pids that have the adapter open, in the order of opening; returns how many, writes at most max */
uint32_t shared_adapter_users(uint32_t adapter, uint32_t *pids, uint32_t max);
/* 0, or -EINVAL when no process of the VM has that pid. */
int shared_process_handle(uint64_t pid, d3dkmt_handle *host_handle);

/* file.c */
int file_table_open(int flags, int *fd, struct driver_file **file);
/* Takes the file for a call: its process in *process if it is a device file.  -EBADF: not a file any more. */
int file_begin(struct driver_file *file);
void file_end(struct driver_file *file);
/* Process end.  False: calls are still in flight. */
bool files_close_all(void);
void files_fork_child(void);

/* ioctl.c */
int device_file_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg);

#endif
