// SPDX-License-Identifier: MIT
/*
 * The table of descriptors, start and end of the driver, and fork.  One lock, never held during a call of
 * the driver that may wait for the host.
 */
#include "seam.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dxgsim/guest_memory.h"
#include "dxgsim/hooks.h"
#include "real.h"

#define TABLE_SIZE 65536

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct driver_file *) table[TABLE_SIZE];
static pthread_mutex_t setup_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool running;
/* a vfork child shares this memory but not the descriptors: it must not touch the table */
static _Atomic(pid_t) owner;
/* some /dev/dxg may have its last copy in another process: every call looks whether it still has */
static atomic_bool open_elsewhere;
static _Thread_local unsigned int depth;

void seam_enter(void)
{
	depth++;
}

void seam_leave(void)
{
	depth--;
}

bool seam_inside(void)
{
	return depth != 0;
}

static void remember(int fd, struct driver_file *file)
{
	if (fd >= 0 && fd < TABLE_SIZE)
		atomic_store_explicit(&table[fd], file, memory_order_release);
}

static void descriptor_made(void *seam, int fd, struct driver_file *file)
{
	(void)seam;
	remember(fd, file);
}

static void process_ending(void *seam)
{
	(void)seam;
	hook_process_ending();
}

static void noted(void *seam, const char *text)
{
	(void)seam;
	hook_note(text);
}

static void crashed(void *seam, const char *text)
{
	(void)seam;
	hook_crashed(text);
}

static void before_fork(void)
{
	pthread_mutex_lock(&setup_lock);
	pthread_mutex_lock(&table_lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&table_lock);
	pthread_mutex_unlock(&setup_lock);
}

static void after_fork_in_child(void)
{
	pthread_mutex_init(&table_lock, NULL);
	pthread_mutex_init(&setup_lock, NULL);
	atomic_store(&owner, getpid());
	if (!atomic_load(&running))
		return;
	seam_enter();
	driver_fork_child();
	hook_after_fork_in_child();
	guest_memory_after_fork_in_child();
	seam_leave();
}

/*
 * At load, before any handler of the program: those registered later take their locks earlier in
 * fork(), and a program that holds a lock of its own around ioctl() takes that one first too.
 */
static void __attribute__((constructor)) handle_forks(void)
{
	driver_handle_forks();
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

void seam_setup(void)
{
	static const struct driver_seam seam = {
		.descriptor_made = descriptor_made,
		.process_ending = process_ending,
		.noted = noted,
		.crashed = crashed,
	};
	const struct host_ops *ops;
	void *host;
	int ret;

	if (atomic_load_explicit(&running, memory_order_acquire))
		return;
	seam_enter();
	pthread_mutex_lock(&setup_lock);
	if (!atomic_load(&running)) {
		ret = hook_setup();
		if (ret == 0)
			ret = hook_host(&ops, &host);
		if (ret == 0)
			ret = driver_init(ops, host, &seam, NULL);
		if (ret != 0) {
			fprintf(stderr, "dxgsim: cannot start: %s\n", strerror(-ret));
			_exit(EXIT_FAILURE);
		}
		atomic_store(&owner, getpid());
		atomic_store_explicit(&running, true, memory_order_release);
	}
	pthread_mutex_unlock(&setup_lock);
	seam_leave();
}

void seam_shutdown(void)
{
	seam_enter();
	pthread_mutex_lock(&setup_lock);
	if (atomic_exchange(&running, false)) {
		for (int fd = 0; fd < TABLE_SIZE; fd++)
			remember(fd, NULL);
		driver_exit();
	}
	pthread_mutex_unlock(&setup_lock);
	seam_leave();
}

int seam_open(int flags)
{
	struct hook_call call;
	struct driver_file *file;
	int ret = -1, err = 0, fd;

	if ((flags & O_DIRECTORY) != 0 || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) {
		errno = (flags & O_DIRECTORY) != 0 ? ENOTDIR : EEXIST;
		return -1;
	}
	seam_setup();
	seam_release_unused();
	seam_enter();
	if (hook_open_begin(&call, &ret, &err)) {
		ret = driver_open(flags, &fd, &file);
		err = -ret;
		if (ret == 0) {
			remember(fd, file);
			ret = fd;
		} else {
			ret = -1;
		}
	}
	hook_open_end(&call, ret, err);
	seam_leave();
	if (ret == -1)
		errno = err;
	return ret;
}

struct driver_file *seam_known(int fd)
{
	if ((unsigned int)fd >= TABLE_SIZE)
		return NULL;
	return atomic_load_explicit(&table[fd], memory_order_acquire);
}

struct driver_file *seam_find(int fd)
{
	struct driver_file *file;

	if (!atomic_load_explicit(&running, memory_order_acquire)) {
		if (!driver_survived_exec(fd))
			return NULL;
		seam_setup();
	}
	if (atomic_load_explicit(&open_elsewhere, memory_order_relaxed))
		seam_release_unused();
	seam_enter();
	file = driver_file_from_fd(fd);
	if (seam_known(fd) != file && atomic_load(&owner) == getpid()) {
		/* it may have been closed meanwhile: only what is open under the lock enters the table */
		pthread_mutex_lock(&table_lock);
		file = driver_file_from_fd(fd);
		remember(fd, file);
		pthread_mutex_unlock(&table_lock);
	}
	seam_leave();
	return file;
}

void seam_copied(int from, int fd)
{
	struct driver_file *file = seam_known(from);

	if (fd >= 0 && file != NULL && atomic_load(&owner) == getpid())
		remember(fd, file);
}

struct driver_file *seam_forget(int fd)
{
	struct driver_file *file;

	if (seam_known(fd) == NULL || atomic_load(&owner) != getpid())
		return NULL;
	pthread_mutex_lock(&table_lock);
	file = atomic_exchange(&table[fd], NULL);
	if (file == NULL)
		pthread_mutex_unlock(&table_lock);
	return file;
}

void seam_restore(int fd, struct driver_file *file)
{
	if (file != NULL)
		remember(fd, file);
}

/* The table may still have numbers that were closed behind our back. */
static void forget_all(const struct driver_file *file)
{
	for (int fd = 0; fd < TABLE_SIZE; fd++) {
		struct driver_file *known = seam_known(fd);

		if (known == file)
			atomic_compare_exchange_strong(&table[fd], &known, NULL);
	}
}

static void release(struct driver_file *file)
{
	struct hook_call call;
	bool device = driver_file_kind(file) == DRIVER_FILE_DEVICE;

	if (device)
		hook_close_begin(&call);
	driver_release(file);
	if (device)
		hook_close_end(&call);
}

/* Not between the close of a number and seam_forgotten(), which still looks at the file. */
static struct driver_file *take_unused(void)
{
	struct driver_file *file;

	pthread_mutex_lock(&table_lock);
	file = driver_take_unused();
	if (file != NULL)
		forget_all(file);
	pthread_mutex_unlock(&table_lock);
	return file;
}

void seam_release_unused(void)
{
	struct driver_file *file;
	int err = errno;

	if (!atomic_load_explicit(&running, memory_order_acquire) || atomic_load(&owner) != getpid())
		return;
	seam_enter();
	while ((file = take_unused()) != NULL)
		release(file);
	seam_leave();
	errno = err;
}

static bool in_table(const struct driver_file *file)
{
	for (int fd = 0; fd < TABLE_SIZE; fd++)
		if (atomic_load_explicit(&table[fd], memory_order_relaxed) == file)
			return true;
	return false;
}

void seam_forgotten(struct driver_file *file)
{
	bool device, last;
	int err = errno;

	if (file == NULL)
		return;
	seam_enter();
	device = driver_file_is_own_device(file);
	last = !in_table(file);
	pthread_mutex_unlock(&table_lock);
	if (device) {
		if (last)
			atomic_store(&open_elsewhere, true);
		seam_release_unused();
	} else if (last) {
		/* a copy of a shared object that the table lost is imported anew */
		release(file);
	}
	seam_leave();
	errno = err;
}

void seam_close_range(unsigned int first, unsigned int last, int (*close_one)(int fd))
{
	for (unsigned int fd = first; fd < TABLE_SIZE && fd <= last; fd++)
		if (seam_known((int)fd) != NULL)
			close_one((int)fd);
}

/* Only what the program itself leaves at its end; a closed /dev/dxg has nothing any more. */
static void at_last(int status, void *arg)
{
	(void)status;
	(void)arg;
	seam_release_unused();
	seam_enter();
	hook_exit();
	seam_leave();
	if (atomic_load(&owner) == getpid())
		seam_shutdown();
}

/*
 * Priority 101: after every other destructor of this library.  Those of other libraries may be still to come, and give
 * back what they have then: exit() also calls the handlers that are registered meanwhile, but behind all destructors.
 * Not atexit(), whose handlers go with the library.
 */
static void __attribute__((destructor(101))) at_exit(void)
{
	if (on_exit(at_last, NULL) != 0)
		at_last(0, NULL);
}
