// SPDX-License-Identifier: MIT
/*
 * /dev/dxg as a file.  It is a memfd whose descriptor carries a shared flock(), which belongs to the open file
 * description and so lives as long as any copy of it anywhere; the driver's hidden descriptor can be locked
 * exclusively only when all are gone (file.c).  The memfd's name says who opened it, for processes that get it by
 * other ways than a fork.  A program that calls flock() on /dev/dxg itself would upset this.
 */
#include "dxgsim/driver/device_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dxgsim/driver/hidden_fd.h"
#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/ioctl.h"
#include "dxgsim/driver/notice.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/process.h"

static void device_file_release(struct driver_file *file)
{
	process_close(file->private);
}

static const struct driver_file_ops device_file_ops = {
	.kind = DRIVER_FILE_DEVICE,
	.ioctl = device_file_ioctl,
	.release = device_file_release,
};

/* What the name of a device's memfd tells. */
struct device_name {
	int tgid;
	unsigned int access;
	uint64_t image; /* of the program: another one after exec() */
};

static uint64_t image_id(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	uint64_t id = 0;

	if (random)
		memcpy(&id, random, sizeof(id));
	return id;
}

static bool device_name_of(int fd, struct device_name *name)
{
	char link[80];

	return fd_link(fd, link, sizeof(link)) &&
	       sscanf(link, "/memfd:dxg:%d:%u:%" SCNx64, &name->tgid, &name->access, &name->image) == 3;
}

/* A file of the process object of this process; *out is not in the list yet. */
static int device_file_new(int fd, int flags, struct driver_file **out)
{
	struct process *process;

	/* the driver has one answer to everything that goes wrong here */
	if (process_open(&process))
		return -EBADF;
	*out = file_new(&device_file_ops, process);
	if (!*out) {
		process_close(process);
		return -ENOMEM;
	}
	(*out)->flags = flags;
	/* without it the file's end is found by a look at this process alone */
	(*out)->guard = hidden_fd_reopen(fd, O_RDONLY);
	return 0;
}

int device_file_open(int flags, int *fd, struct driver_file **file)
{
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "dxg:%d:%u:%" PRIx64, (int)getpid(),
		 (unsigned int)flags & (unsigned int)O_ACCMODE, image_id());
	*fd = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (*fd < 0)
		return -errno;
	ret = flock(*fd, LOCK_SH | LOCK_NB) ? -errno : device_file_new(*fd, flags, file);
	if (!ret)
		ret = file_insert(*file, *fd);
	if (ret)
		close(*fd);
	return ret;
}

bool device_file_survived_exec(int fd)
{
	struct device_name name;

	return device_name_of(fd, &name) && name.tgid == getpid() && name.image != image_id();
}

int device_file_import(int fd, struct driver_file **file)
{
	struct device_name name;
	int ret;

	if (!device_name_of(fd, &name))
		return -EBADF;
	if (name.tgid != getpid()) {
		*file = file_new(&device_file_ops, NULL);
		if (!*file)
			return -ENOMEM;
		(*file)->flags = (int)name.access;
		(*file)->inherited = true;
		return 0;
	}
	/* one that this very image opened is of a driver that has ended */
	if (name.image == image_id())
		return -EBADF;
	ret = device_file_new(fd, (int)name.access, file);
	if (!ret)
		notice_noted("/dev/dxg came through exec(): the kernel keeps its objects, with mappings that "
			     "are no longer there; here they are gone");
	return ret;
}

int device_file_call(const struct driver_file *file, enum driver_file_call call)
{
	int access = file->flags & O_ACCMODE;

	switch (call) {
	case DRIVER_CALL_READ:
		return access == O_WRONLY ? -EBADF : -EINVAL;
	case DRIVER_CALL_WRITE:
		return access == O_RDONLY ? -EBADF : -EINVAL;
	case DRIVER_CALL_MMAP:
		return access == O_WRONLY ? -EACCES : -ENODEV;
	case DRIVER_CALL_POLL:
		return POLLIN | POLLOUT;
	case DRIVER_CALL_LSEEK:
		return -ESPIPE;
	}
	return -EINVAL;
}
