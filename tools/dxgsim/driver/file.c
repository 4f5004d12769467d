// SPDX-License-Identifier: MIT
/*
 * Open files.  A file is known by the inode behind its descriptors, which dup, fork and SCM_RIGHTS keep.  A call
 * in flight keeps a closed file alive, as fget() does in the kernel.
 *
 * A file with a guard lives as long as any copy of its open file description in any process: the guard is a hidden
 * descriptor of the same inode, which can be locked exclusively only when nobody has the shared lock of the others.
 */
#include "dxgsim/driver/file.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/driver/hidden_fd.h"
#include "dxgsim/driver/notice.h"

static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;
static TAILQ_HEAD(, driver_file) files = TAILQ_HEAD_INITIALIZER(files);

static const file_importer no_importers[] = {NULL};
static const file_importer *importers = no_importers;

static struct driver_file *file_by_inode(uint64_t dev, uint64_t ino)
{
	struct driver_file *file;

	TAILQ_FOREACH(file, &files, entry)
		if (!file->closed && file->ino == ino && file->dev == dev)
			return file;
	return NULL;
}

struct driver_file *file_new(const struct driver_file_ops *ops, void *private)
{
	struct driver_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->ops = ops;
	file->tgid = getpid();
	file->private = private;
	file->guard = -1;
	return file;
}

static void file_destroy(struct driver_file *file)
{
	if (!file->inherited)
		file->ops->release(file);
	if (file->guard >= 0)
		hidden_fd_close(file->guard);
	free(file);
}

static int file_list(struct driver_file *file, int fd)
{
	struct stat st;
	int ret = 0;

	if (fstat(fd, &st))
		return -errno;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	pthread_mutex_lock(&files_lock);
	if (file_by_inode(file->dev, file->ino))
		ret = -EINVAL;
	else
		TAILQ_INSERT_TAIL(&files, file, entry);
	pthread_mutex_unlock(&files_lock);
	return ret;
}

int file_insert(struct driver_file *file, int fd)
{
	int ret = file_list(file, fd);

	if (ret)
		file_destroy(file);
	return ret;
}

int file_register(int fd, const struct driver_file_ops *ops, void *private, struct driver_file **out)
{
	struct driver_file *file = file_new(ops, private);
	int ret;

	if (!file)
		return -ENOMEM;
	ret = file_list(file, fd);
	if (ret) {
		free(file);
		return ret;
	}
	*out = file;
	notice_descriptor_made(fd, file);
	return 0;
}

static struct driver_file *file_known(int fd)
{
	struct driver_file *file;
	struct stat st;

	if (fstat(fd, &st))
		return NULL;
	pthread_mutex_lock(&files_lock);
	file = file_by_inode(st.st_dev, st.st_ino);
	pthread_mutex_unlock(&files_lock);
	return file;
}

void files_set_importers(const file_importer *all)
{
	importers = all;
}

struct driver_file *file_from_fd(int fd)
{
	struct driver_file *file = file_known(fd);

	for (const file_importer *import = importers; !file && *import; import++)
		if ((*import)(fd, &file) == 0)
			/* another thread may have been faster */
			return file_insert(file, fd) ? file_known(fd) : file;
	return file;
}

enum driver_file_kind file_kind(const struct driver_file *file)
{
	return file->ops->kind;
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

void file_release(struct driver_file *file)
{
	/* the descriptors' own use of the file ends like a call does */
	if (file_begin(file))
		return;
	pthread_mutex_lock(&files_lock);
	file->closed = true;
	pthread_mutex_unlock(&files_lock);
	file_end(file);
}

bool file_is_own_device(const struct driver_file *file)
{
	return file->ops->kind == DRIVER_FILE_DEVICE && !file->inherited;
}

static bool means_file(int fd, const struct driver_file *file)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_dev == file->dev && st.st_ino == file->ino;
}

static bool open_in_this_process(const struct driver_file *file)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	bool found = false;

	if (!dir)
		return true;
	while (!found && (entry = readdir(dir)) != NULL) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		found = end != entry->d_name && *end == '\0' && fd != dirfd(dir) && means_file((int)fd, file);
	}
	closedir(dir);
	return found;
}

static bool is_unused(const struct driver_file *file)
{
	/* a program that closes every number there is closes the guard too */
	if (file->guard < 0 || !means_file(file->guard, file))
		return !open_in_this_process(file);
	if (flock(file->guard, LOCK_EX | LOCK_NB))
		return false;
	flock(file->guard, LOCK_UN);
	return true;
}

struct driver_file *file_take_unused(void)
{
	struct driver_file *file;

	pthread_mutex_lock(&files_lock);
	TAILQ_FOREACH(file, &files, entry) {
		if (file_is_own_device(file) && !file->closed && !file->taken && is_unused(file)) {
			file->taken = true;
			break;
		}
	}
	pthread_mutex_unlock(&files_lock);
	return file;
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
		file_release(file);
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
		if (file_is_own_device(file)) {
			file->inherited = true;
			if (file->guard >= 0)
				hidden_fd_close(file->guard);
			file->guard = -1;
		}
		/* the calls in flight were other threads' of the parent */
		file->users = 0;
	}
}

int file_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg)
{
	int ret = file_begin(file);

	if (!ret) {
		/* answered by the core kernel, for any file; they change only the descriptor */
		if (cmd == FIOCLEX || cmd == FIONCLEX || cmd == FIONBIO)
			ret = 0;
		else if (file->ops->ioctl)
			ret = file->ops->ioctl(file, cmd, arg);
		else
			ret = -ENOTTY;
		file_end(file);
	}
	if (ret < 0 && ret >= -4095) {
		errno = -ret;
		return -1;
	}
	return ret;
}
