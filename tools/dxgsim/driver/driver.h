// SPDX-License-Identifier: MIT
/*
 * The guest driver of dxgsim: what Microsoft's dxgkrnl does between user space and the Windows host.
 *
 * This is what the preload library, the launcher and the tests call.  The declarations the driver's own files
 * share are in driver/internal.h.  One driver per process of the simulated VM; any thread may call anything
 * at any time unless said otherwise.
 */
#ifndef DXGSIM_DRIVER_DRIVER_H
#define DXGSIM_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/uapi.h"
#include "dxgsim/host/message.h"

#define DRIVER_SHARED_SIZE 131072u

/*
 * One open file of the simulated VM: /dev/dxg, a shared object or a sync file.  Its descriptor is a real one
 * (a memfd, pipe or the like with an inode of its own), so that dup, fork, exec and SCM_RIGHTS need no help;
 * the inode tells which file a descriptor means.
 */
struct driver_file;

enum driver_file_kind {
	DRIVER_FILE_DEVICE,	 /* /dev/dxg */
	DRIVER_FILE_SHARED_SYNC, /* anon inode dxgsyncobj */
	DRIVER_FILE_SHARED_RESOURCE,
	DRIVER_FILE_SYNC_FILE,
};

/* What the libc seam in front of the driver is told; any member may be NULL. */
struct driver_seam {
	/* an ioctl made a descriptor (already in the caller's table, FD_CLOEXEC): start counting its copies */
	void (*descriptor_made)(void *seam, int fd, struct driver_file *file);
};

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
 */
struct driver_file *driver_file_from_fd(int fd);

enum driver_file_kind driver_file_kind(const struct driver_file *file);

/*
 * ioctl(): the result as libc shows it.  -1 sets errno; raw NTSTATUS come back as they are.
 * arg is the pointer as the caller passed it, never trusted.
 */
int driver_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg);

/*
 * The last descriptor of the file in this process was closed; file is gone afterwards.  For /dev/dxg files
 * the last one of the process ends its host process.  A file that came from another process is only
 * forgotten.
 */
void driver_release(struct driver_file *file);

/*
 * What dxgkrnl's file, which has an ioctl method and nothing else, makes of other calls on /dev/dxg: a result
 * not below 0 or -errno.  For a seam that wants read() on it to fail as it does in WSL2.
 */
enum driver_file_call {
	DRIVER_CALL_READ,
	DRIVER_CALL_WRITE,
	DRIVER_CALL_MMAP,
	DRIVER_CALL_POLL, /* the revents */
	DRIVER_CALL_LSEEK,
};
int driver_file_call(const struct driver_file *file, enum driver_file_call call);

/*
 * Whether a fence page or Lock2 range lies in [address, address + size).  munmap, mremap and MAP_FIXED over
 * such a range are misuse: the guest kernel unmaps it again later, whatever is there by then.
 */
bool driver_owns_range(uint64_t address, uint64_t size);

/* Name of an ioctl without LX_DX, by the nr of a command word; NULL for numbers that are none. */
const char *driver_ioctl_name(unsigned int nr);

/* An object user space has not given back, for the leak report. */
struct driver_object {
	const char *kind; /* "adapter", "device", "resource", "allocation", "context", "hwqueue", ... */
	d3dkmt_handle handle;
	d3dkmt_handle device; /* it belongs to, 0 if none */
	uint64_t detail;      /* allocation: bytes; adapter: open handles of it; else 0 */
};

/* Calls visit for every live object of this process.  The driver's locks are held: visit calls nothing here. */
void driver_report(void (*visit)(void *arg, const struct driver_object *object), void *arg);

/*
 * A use that crashes or corrupts the real guest kernel.  Implemented by the program around the driver;
 * fatal: never returns.
 */
void driver_misuse(bool fatal, const char *text);

#endif
