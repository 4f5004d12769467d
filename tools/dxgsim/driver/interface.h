// SPDX-License-Identifier: MIT
/* What the driver and the program around it know of each other. */
#ifndef DXGSIM_DRIVER_INTERFACE_H
#define DXGSIM_DRIVER_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/uapi.h"

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
	/* the last /dev/dxg of this process is gone: what driver_report() shows now was never given back */
	void (*process_ending)(void *seam);
	/* the program or the machine cannot be played further as the kernel would; text for the user */
	void (*noted)(void *seam, const char *text);
	/* a use that crashes or corrupts the real guest kernel; does not return */
	void (*crashed)(void *seam, const char *text);
};

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

/* An object user space has not given back, for the leak report. */
struct driver_object {
	const char *kind; /* "adapter", "device", "resource", "allocation", "context", "hwqueue", ... */
	d3dkmt_handle handle;
	d3dkmt_handle device; /* it belongs to, 0 if none */
	uint64_t detail;      /* allocation: bytes; adapter: open handles of it; else 0 */
	bool removed;	      /* with its adapter */
};

typedef void (*driver_visit)(void *arg, const struct driver_object *object);

#endif
