// SPDX-License-Identifier: MIT
/* Open files of this process, by the inodes behind their descriptors. */
#ifndef DXGSIM_DRIVER_FILE_H
#define DXGSIM_DRIVER_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "dxgsim/driver/interface.h"

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
	bool taken;	    /* by file_take_unused(), files lock */
	int guard;	    /* a hidden descriptor without the lock; -1: none */
	void *private;	    /* DRIVER_FILE_DEVICE: struct process with a reference */
};

/* A file that is not in the list yet, without guard.  NULL: no memory. */
struct driver_file *file_new(const struct driver_file_ops *ops, void *private);
/*
 * Lists a file under the inode behind fd.  -EINVAL: that is known already, or what fstat() says; the file is then
 * released and gone.
 */
int file_insert(struct driver_file *file, int fd);
/*
 * Registers the file behind a fresh descriptor with an inode of its own and tells the seam.  Descriptor and private
 * stay the caller's on error: -ENOMEM, -EINVAL (an inode that is already known).
 */
int file_register(int fd, const struct driver_file_ops *ops, void *private, struct driver_file **file);

/* Makes a file of a descriptor that another process of the VM made: 0 and a file for file_insert(), or -errno. */
typedef int (*file_importer)(int fd, struct driver_file **file);
/* Those to be asked, NULL at the end. */
void files_set_importers(const file_importer *importers);
/* The file behind a descriptor, imported if need be; NULL if it is none. */
struct driver_file *file_from_fd(int fd);

enum driver_file_kind file_kind(const struct driver_file *file);
bool file_is_own_device(const struct driver_file *file);
/* A /dev/dxg of this process that no descriptor anywhere means any more, once; NULL: none. */
struct driver_file *file_take_unused(void);
/* The descriptors' use of the file is over: it ends with the last call in flight. */
void file_release(struct driver_file *file);

/* Takes the file for a call.  -EBADF: not a file any more. */
int file_begin(struct driver_file *file);
void file_end(struct driver_file *file);
/* ioctl() as libc shows it. */
int file_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg);

/* Process end.  False: calls are still in flight. */
bool files_close_all(void);
/* The lock is taken around fork(); the child may only forget its devices. */
void files_fork_prepare(void);
void files_fork_done(void);
void files_fork_child(void);

#endif
