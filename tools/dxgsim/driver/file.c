// SPDX-License-Identifier: MIT
/*
 * Open files.  A file is known by the inode behind its descriptors, which dup, fork and SCM_RIGHTS keep.  A call
 * in flight keeps a closed file alive, as fget() does in the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/driver/driver_state.h"

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(, driver_file) files = TAILQ_HEAD_INITIALIZER(files);

static struct driver_file *file_by_inode(uint64_t dev, uint64_t ino)
{
	struct driver_file *file;

	TAILQ_FOREACH(file, &files, entry)
		if (!file->closed && file->ino == ino && file->dev == dev)
			return file;
	return NULL;
}

static int file_add(int fd, const struct driver_file_ops *ops, void *private, struct driver_file **out)
{
	struct driver_file *file;
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->ops = ops;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->tgid = getpid();
	file->private = private;
	pthread_mutex_lock(&files_lock);
	if (file_by_inode(file->dev, file->ino)) {
		pthread_mutex_unlock(&files_lock);
		free(file);
		return -EINVAL;
	}
	TAILQ_INSERT_TAIL(&files, file, entry);
	pthread_mutex_unlock(&files_lock);
	*out = file;
	return 0;
}

int file_register(int fd, const struct driver_file_ops *ops, void *private, struct driver_file **file)
{
	int ret = file_add(fd, ops, private, file);

	if (!ret)
		driver_descriptor_made(fd, *file);
	return ret;
}

static void device_file_release(struct driver_file *file)
{
	process_close(file->private);
}

static const struct driver_file_ops device_file_ops = {
	.kind = DRIVER_FILE_DEVICE,
	.ioctl = device_file_ioctl,
	.release = device_file_release,
};

int file_table_open(int flags, int *fd, struct driver_file **file)
{
	struct process *process;
	int ret;

	*fd = memfd_create("dxg", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (*fd < 0)
		return -errno;
	if (process_open(&process)) {
		/* the driver has one answer to everything that goes wrong here */
		close(*fd);
		return -EBADF;
	}
	ret = file_add(*fd, &device_file_ops, process, file);
	if (ret) {
		process_close(process);
		close(*fd);
		return ret;
	}
	(*file)->flags = flags;
	return 0;
}

struct driver_file *driver_file_from_fd(int fd)
{
	const struct driver_file_ops *ops;
	struct driver_file *file;
	struct stat st;
	void *private;

	if (fstat(fd, &st))
		return NULL;
	pthread_mutex_lock(&files_lock);
	file = file_by_inode(st.st_dev, st.st_ino);
	pthread_mutex_unlock(&files_lock);
	if (file || file_import(fd, &ops, &private))
		return file;
	return file_add(fd, ops, private, &file) ? NULL : file;
}

enum driver_file_kind driver_file_kind(const struct driver_file *file)
{
	return file->ops->kind;
}

static void file_destroy(struct driver_file *file)
{
	if (!file->inherited)
		file->ops->release(file);
	free(file);
}

int file_begin(struct driver_file *file)
{
	struct driver_file *known;
	int ret = -EBADF;

	pthread_mutex_lock(&files_lock);
	TAILQ_FOREACH(known, &files, entry) {
		if (known == file && !file->closed) {
			file->users++;
			ret = 0;
		}
	}
	pthread_mutex_unlock(&files_lock);
	return ret;
}

void file_end(struct driver_file *file)
{
	bool last;

	pthread_mutex_lock(&files_lock);
	last = --file->users == 0 && file->closed;
	if (last)
		TAILQ_REMOVE(&files, file, entry);
	pthread_mutex_unlock(&files_lock);
	if (last)
		file_destroy(file);
}

void driver_release(struct driver_file *file)
{
	/* the descriptors' own use of the file ends like a call does */
	if (file_begin(file))
		return;
	pthread_mutex_lock(&files_lock);
	file->closed = true;
	pthread_mutex_unlock(&files_lock);
	file_end(file);
}

static struct driver_file *first_open_file(void)
{
	struct driver_file *file;

	pthread_mutex_lock(&files_lock);
	TAILQ_FOREACH(file, &files, entry)
		if (!file->closed)
			break;
	pthread_mutex_unlock(&files_lock);
	return file;
}

/* A file some thread is still inside of at process exit: the kernel would have ended the thread. */
static struct driver_file *first_busy_file(void)
{
	struct driver_file *file;

	pthread_mutex_lock(&files_lock);
	TAILQ_FOREACH(file, &files, entry)
		if (!file->inherited)
			break;
	if (file)
		file->inherited = true;
	pthread_mutex_unlock(&files_lock);
	return file;
}

bool files_close_all(void)
{
	struct driver_file *file;
	bool idle;

	while ((file = first_open_file()))
		driver_release(file);
	while ((file = first_busy_file()))
		file->ops->release(file);
	pthread_mutex_lock(&files_lock);
	idle = TAILQ_EMPTY(&files);
	pthread_mutex_unlock(&files_lock);
	return idle;
}

void files_fork_prepare(void)
{
	pthread_mutex_lock(&files_lock);
}

void files_fork_done(void)
{
	pthread_mutex_unlock(&files_lock);
}

void files_fork_child(void)
{
	struct driver_file *file;

	TAILQ_FOREACH(file, &files, entry) {
		file->inherited = file->inherited || file->ops->kind == DRIVER_FILE_DEVICE;
		/* the calls in flight were other threads' of the parent */
		file->users = 0;
	}
}

int driver_file_call(const struct driver_file *file, enum driver_file_call call)
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
