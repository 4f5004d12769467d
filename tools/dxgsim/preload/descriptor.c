// SPDX-License-Identifier: MIT
/*
 * Calls on descriptors: ioctl, and whatever copies or closes one.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "dxgsim/hooks.h"
#include "real.h"
#include "seam.h"

#define DXG_MAGIC	    0x47u
#define SYNC_FILE_MAGIC	    0x3eu
#define CLOSE_RANGE_UNSHARE (1u << 1)
#define CLOSE_RANGE_CLOEXEC (1u << 2)

/* fcntl.h would declare fcntl in a way that forbids defining it under this name on some systems */
#define F_DUPFD_COMMAND		0
#define F_DUPFD_CLOEXEC_COMMAND 1030

INTERPOSE(int, ioctl, (int fd, unsigned long request, ...));
INTERPOSE(int, close, (int fd));
INTERPOSE(int, close_range, (unsigned int first, unsigned int last, int flags));
INTERPOSE(void, closefrom, (int first));
INTERPOSE(int, dup, (int fd));
INTERPOSE(int, dup2, (int fd, int to));
INTERPOSE(int, dup3, (int fd, int to, int flags));
INTERPOSE(int, fcntl, (int fd, int command, ...));
INTERPOSE(int, fcntl64, (int fd, int command, ...));
INTERPOSE(int, fclose, (FILE * stream));

static int call_driver(struct driver_file *file, unsigned long request, void *argument, bool counted)
{
	struct hook_call call;
	int ret = -1, err = 0;

	seam_enter();
	if (!counted || hook_ioctl_begin(&call, request, argument, &ret, &err)) {
		ret = driver_ioctl(file, request, (uintptr_t)argument);
		err = ret == -1 ? errno : 0;
	}
	if (counted)
		hook_ioctl_end(&call, ret, err);
	seam_leave();
	if (ret == -1)
		errno = err;
	return ret;
}

int played_ioctl(int fd, unsigned long request, ...)
{
	unsigned int magic = (unsigned int)(request >> 8) & 0xffu;
	struct driver_file *file;
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if ((magic != DXG_MAGIC && magic != SYNC_FILE_MAGIC) || seam_inside())
		return real()->ioctl(fd, request, argument);
	file = seam_find(fd);
	if (file == NULL)
		return real()->ioctl(fd, request, argument);
	return call_driver(file, request, argument, magic == DXG_MAGIC);
}

int played_close(int fd)
{
	struct driver_file *file = seam_forget(fd);
	int ret = real()->close(fd);

	seam_forgotten(file);
	return ret;
}

/* stdio closes by a name of its own; other ways of it to do so are noticed later */
int played_fclose(FILE *stream)
{
	struct driver_file *file = seam_inside() ? NULL : seam_forget(fileno(stream));
	int ret = real()->fclose(stream);

	seam_forgotten(file);
	return ret;
}

int played_close_range(unsigned int first, unsigned int last, int flags)
{
	/* the unshared table is another one: what this process has stays open */
	if (((unsigned int)flags & (CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) == 0 && first <= last)
		seam_close_range(first, last, played_close);
	return real()->close_range(first, last, flags);
}

void played_closefrom(int first)
{
	int err = errno;

	played_close_range(first > 0 ? (unsigned int)first : 0, UINT_MAX, 0);
	errno = err;
}

int played_dup(int fd)
{
	int copy = real()->dup(fd);

	seam_copied(fd, copy);
	return copy;
}

int played_dup2(int fd, int to)
{
	struct driver_file *over = fd != to ? seam_forget(to) : NULL;
	int ret = real()->dup2(fd, to);

	if (ret < 0)
		seam_restore(to, over);
	else
		seam_copied(fd, ret);
	seam_forgotten(over);
	return ret;
}

int played_dup3(int fd, int to, int flags)
{
	struct driver_file *over = fd != to ? seam_forget(to) : NULL;
	int ret = real()->dup3(fd, to, flags);

	if (ret < 0)
		seam_restore(to, over);
	else
		seam_copied(fd, ret);
	seam_forgotten(over);
	return ret;
}

static int control(int fd, int command, void *argument)
{
	int ret = real()->fcntl(fd, command, argument);

	if (command == F_DUPFD_COMMAND || command == F_DUPFD_CLOEXEC_COMMAND)
		seam_copied(fd, ret);
	return ret;
}

/* whatever the third argument is, it travels as a register's worth of bits */
int played_fcntl(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return control(fd, command, argument);
}

int played_fcntl64(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return control(fd, command, argument);
}
