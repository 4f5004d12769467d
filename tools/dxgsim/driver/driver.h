// SPDX-License-Identifier: MIT
/*
 * The guest driver of dxgsim: what Microsoft's dxgkrnl does between user space and the Windows host.
 *
 * This is what the preload library, the launcher and the tests call.  One driver per process of the simulated VM; any thread may call anything
 * at any time unless said otherwise.
 */
#ifndef DXGSIM_DRIVER_DRIVER_H
#define DXGSIM_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/driver/interface.h"
#include "dxgsim/host/message.h"

void driver_handle_forks(void);

/*
 * Starts the driver of this process on a host.  0, -ENODEV when it runs already, or what attach() says.
 * ops, host, seam and its argument stay the caller's and must outlive driver_exit().
 */
int driver_init(const struct host_ops *ops, void *host, const struct driver_seam *seam, void *seam_arg);

/*
 * What the kernel does at process exit: closes every file still open, address space already gone (nothing
 * is unmapped), then detaches from the host.  Later calls fail with EBADF.  driver_init() may follow unless
 * calls were in flight in other threads: a kernel would have killed those, here they must not return to use
 * what is gone.
 */
void driver_exit(void);

/* In a fork child before any other call: the child inherits files it may not use and owns no objects. */
void driver_fork_child(void);

/*
 * open("/dev/dxg", flags): a new descriptor and its file.  0 or -errno as open() would set it (EBADF for
 * every refusal of the host, EMFILE, ENOMEM).  The file stays until driver_release().
 */
int driver_open(int flags, int *fd, struct driver_file **file);

/*
 * The file behind a descriptor of this process, NULL if it is none of ours.  Also recognises descriptors
 * that came from another process of the VM (fork, SCM_RIGHTS, exec), then registering a new file here.
 *
 * A /dev/dxg that this process opened before an exec() goes on working, as its process object does in the
 * kernel; but the objects were in the memory of the old image and are gone, where the kernel keeps them.
 */
struct driver_file *driver_file_from_fd(int fd);

/* Whether fd is a /dev/dxg that this process opened before it called exec(). */
bool driver_survived_exec(int fd);

enum driver_file_kind driver_file_kind(const struct driver_file *file);

/*
 * ioctl(): the result as libc shows it.  -1 sets errno; raw NTSTATUS come back as they are.
 * arg is the pointer as the caller passed it, never trusted.
 */
int driver_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg);

/*
 * A /dev/dxg opened by this process lives as long as any descriptor of its open file description in any
 * process: neither a fork child nor a message in a socket is forgotten.  True for such a file.
 */
bool driver_file_is_own_device(const struct driver_file *file);

/*
 * Takes a file of that sort which no descriptor anywhere means any more, however the last one went.  The caller
 * ends it by driver_release(), once; NULL: there is none.  The kernel releases it where its last copy was closed;
 * here it is the process that opened it, at its next look.
 */
struct driver_file *driver_take_unused(void);

/*
 * The last descriptor of the file in this process was closed; file is gone afterwards.  For /dev/dxg files
 * the last one of the process ends its host process.  A file that came from another process is only
 * forgotten.
 */
void driver_release(struct driver_file *file);

/* What other calls on /dev/dxg come to: a result not below 0 or -errno. */
int driver_file_call(const struct driver_file *file, enum driver_file_call call);

/*
 * Whether a fence page or Lock2 range lies in [address, address + size).  munmap, mremap and MAP_FIXED over
 * such a range are misuse: the guest kernel unmaps it again later, whatever is there by then.
 */
bool driver_owns_range(uint64_t address, uint64_t size);

/* Name of an ioctl without LX_DX, by the nr of a command word; NULL for numbers that are none. */
const char *driver_ioctl_name(unsigned int nr);

/* Calls visit for every live object of this process.  The driver's locks are held: visit calls nothing here. */
void driver_report(driver_visit visit, void *arg);

#endif
