// SPDX-License-Identifier: MIT
/*
 * open() in all its names.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* the public declarations of open() and its kin carry attributes and inline bodies: declare them ourselves */
#define O_CREAT_FLAG   0100
#define O_TMPFILE_FLAG 020200000
#define O_RDWR_FLAG    2
#define O_WRONLY_FLAG  1
#define O_CLOEXEC_FLAG 02000000
#define O_PATH_FLAG    010000000

#include "power.h"
#include "real.h"
#include "seam.h"

INTERPOSE(int, open, (const char *path, int flags, ...));
INTERPOSE(int, open64, (const char *path, int flags, ...));
INTERPOSE(int, openat, (int dir, const char *path, int flags, ...));
INTERPOSE(int, openat64, (int dir, const char *path, int flags, ...));
INTERPOSE(int, __open_2, (const char *path, int flags));
INTERPOSE(int, __open64_2, (const char *path, int flags));
INTERPOSE(int, __openat_2, (int dir, const char *path, int flags));
INTERPOSE(int, __openat64_2, (int dir, const char *path, int flags));
INTERPOSE(int, creat, (const char *path, mode_t mode));
INTERPOSE(int, creat64, (const char *path, mode_t mode));
INTERPOSE(FILE *, fopen64, (const char *path, const char *mode));
INTERPOSE(FILE *, fopen, (const char *path, const char *mode));

static bool is_device(const char *path, int flags)
{
	return path != NULL && !seam_inside() && (flags & O_PATH_FLAG) == 0 &&
	       strcmp(path, SEAM_DEVICE_PATH) == 0;
}

/* A file that this library plays.  False: it does not. */
static bool played(const char *path, int flags, int *fd)
{
	if (is_device(path, flags))
		*fd = seam_open(flags);
	else if (power_is_played(path))
		*fd = power_open(path, flags);
	else
		return false;
	return true;
}

static bool has_mode(int flags)
{
	return (flags & O_CREAT_FLAG) != 0 || (flags & O_TMPFILE_FLAG) == O_TMPFILE_FLAG;
}

/* The mode argument exists only when a file may be created. */
#define MODE_ARGUMENT(mode, flags)                                \
	do {                                                      \
		if (has_mode(flags)) {                            \
			va_list arguments;                        \
			va_start(arguments, flags);               \
			(mode) = va_arg(arguments, unsigned int); \
			va_end(arguments);                        \
		}                                                 \
	} while (0)

int played_open(const char *path, int flags, ...)
{
	unsigned int mode = 0;
	int fd;

	MODE_ARGUMENT(mode, flags);
	return played(path, flags, &fd) ? fd : real()->open(path, flags, mode);
}

int played_open64(const char *path, int flags, ...)
{
	unsigned int mode = 0;
	int fd;

	MODE_ARGUMENT(mode, flags);
	return played(path, flags, &fd) ? fd : real()->open(path, flags, mode);
}

int played_openat(int dir, const char *path, int flags, ...)
{
	unsigned int mode = 0;
	int fd;

	MODE_ARGUMENT(mode, flags);
	return played(path, flags, &fd) ? fd : real()->openat(dir, path, flags, mode);
}

int played_openat64(int dir, const char *path, int flags, ...)
{
	unsigned int mode = 0;
	int fd;

	MODE_ARGUMENT(mode, flags);
	return played(path, flags, &fd) ? fd : real()->openat(dir, path, flags, mode);
}

int played___open_2(const char *path, int flags)
{
	int fd;

	return played(path, flags, &fd) ? fd : real()->open(path, flags);
}

int played___open64_2(const char *path, int flags)
{
	return played___open_2(path, flags);
}

int played___openat_2(int dir, const char *path, int flags)
{
	int fd;

	return played(path, flags, &fd) ? fd : real()->openat(dir, path, flags);
}

int played___openat64_2(int dir, const char *path, int flags)
{
	return played___openat_2(dir, path, flags);
}

int played_creat(const char *path, mode_t mode)
{
	return played_open(path, O_CREAT_FLAG | O_WRONLY_FLAG | 01000, mode);
}

int played_creat64(const char *path, mode_t mode)
{
	return played_creat(path, mode);
}

FILE *played_fopen(const char *path, const char *mode)
{
	int flags, fd;
	FILE *file;

	if (mode != NULL && power_is_played(path))
		return power_fopen(path, mode);
	if (mode == NULL || !is_device(path, 0))
		return real()->fopen(path, mode);
	flags = strchr(mode, '+') != NULL ? O_RDWR_FLAG : mode[0] == 'r' ? 0 : O_WRONLY_FLAG;
	fd = seam_open(flags | (strchr(mode, 'e') != NULL ? O_CLOEXEC_FLAG : 0));
	if (fd < 0)
		return NULL;
	file = fdopen(fd, mode);
	if (file == NULL) {
		int err = errno;
		struct driver_file *known = seam_forget(fd);

		real()->close(fd);
		seam_forgotten(known);
		errno = err;
	}
	return file;
}

FILE *played_fopen64(const char *path, const char *mode)
{
	return played_fopen(path, mode);
}
