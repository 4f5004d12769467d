// SPDX-License-Identifier: MIT
/*
 * /dev/dxg for those who look before they open, and the names behind descriptors.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "real.h"
#include "seam.h"

#define X_OK_MODE	   1
#define AT_EMPTY_PATH_FLAG 0x1000
/* misc device with a dynamic minor */
#define DEVICE_MAJOR 10
#define DEVICE_MINOR 120

INTERPOSE(int, access, (const char *path, int mode));
INTERPOSE(int, euidaccess, (const char *path, int mode));
INTERPOSE(int, eaccess, (const char *path, int mode));
INTERPOSE(int, faccessat, (int dir, const char *path, int mode, int flags));
INTERPOSE(int, __xstat, (int version, const char *path, struct stat *st));
INTERPOSE(int, __lxstat, (int version, const char *path, struct stat *st));
INTERPOSE(int, __fxstat, (int version, int fd, struct stat *st));
INTERPOSE(int, __fxstatat, (int version, int dir, const char *path, struct stat *st, int flags));
INTERPOSE(int, __xstat64, (int version, const char *path, struct stat64 *st));
INTERPOSE(int, __lxstat64, (int version, const char *path, struct stat64 *st));
INTERPOSE(int, __fxstat64, (int version, int fd, struct stat64 *st));
INTERPOSE(int, __fxstatat64, (int version, int dir, const char *path, struct stat64 *st, int flags));
INTERPOSE(int, stat64, (const char *path, struct stat64 *st));
INTERPOSE(int, lstat64, (const char *path, struct stat64 *st));
INTERPOSE(int, fstat64, (int fd, struct stat64 *st));
INTERPOSE(int, fstatat64, (int dir, const char *path, struct stat64 *st, int flags));
INTERPOSE(ssize_t, readlink, (const char *path, char *buffer, size_t size));
INTERPOSE(ssize_t, readlinkat, (int dir, const char *path, char *buffer, size_t size));
INTERPOSE(ssize_t, __readlink_chk, (const char *path, char *buffer, size_t size, size_t room));
INTERPOSE(ssize_t, __readlinkat_chk, (int dir, const char *path, char *buffer, size_t size, size_t room));
INTERPOSE(int, stat, (const char *path, struct stat *st));
INTERPOSE(int, lstat, (const char *path, struct stat *st));
INTERPOSE(int, fstat, (int fd, struct stat *st));
INTERPOSE(int, fstatat, (int dir, const char *path, struct stat *st, int flags));
INTERPOSE(int, statx, (int dir, const char *path, int flags, unsigned int mask, struct statx *stx));
void __chk_fail(void) __attribute__((noreturn));

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one layout for both names");

static bool is_device(const char *path)
{
	return path != NULL && !seam_inside() && strcmp(path, SEAM_DEVICE_PATH) == 0;
}

static bool is_device_fd(int fd)
{
	const struct driver_file *file = seam_known(fd);

	return file != NULL && !seam_inside() && driver_file_kind(file) == DRIVER_FILE_DEVICE;
}

/* "" with AT_EMPTY_PATH, or NULL as newer kernels take it, means the descriptor itself */
static bool means_device_fd(int dir, const void *path, int flags)
{
	const char *name = path;

	return (flags & AT_EMPTY_PATH_FLAG) != 0 && (name == NULL || name[0] == '\0') && is_device_fd(dir);
}

static int device_access(int mode)
{
	if ((mode & X_OK_MODE) == 0)
		return 0;
	errno = EACCES;
	return -1;
}

static int device_stat(struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_mode = S_IFCHR | 0666;
	st->st_nlink = 1;
	st->st_rdev = makedev(DEVICE_MAJOR, DEVICE_MINOR);
	st->st_blksize = 4096;
	return 0;
}

int played_access(const char *path, int mode)
{
	return is_device(path) ? device_access(mode) : real()->access(path, mode);
}

int played_euidaccess(const char *path, int mode)
{
	const int at_cwd = -100, at_eaccess = 0x200;

	return is_device(path) ? device_access(mode) : real()->faccessat(at_cwd, path, mode, at_eaccess);
}

int played_eaccess(const char *path, int mode)
{
	return played_euidaccess(path, mode);
}

int played_faccessat(int dir, const char *path, int mode, int flags)
{
	return is_device(path) ? device_access(mode) : real()->faccessat(dir, path, mode, flags);
}

/* programs and sanitizers may stand in front of the public names: these are what all of them come to */
static int stat_or_device(const char *path, struct stat *st)
{
	return is_device(path) ? device_stat(st) : real()->stat(path, st);
}

int played_stat(const char *path, struct stat *st)
{
	return stat_or_device(path, st);
}

static int lstat_or_device(const char *path, struct stat *st)
{
	return is_device(path) ? device_stat(st) : real()->lstat(path, st);
}

int played_lstat(const char *path, struct stat *st)
{
	return lstat_or_device(path, st);
}

static int fstat_or_device(int fd, struct stat *st)
{
	return is_device_fd(fd) ? device_stat(st) : real()->fstat(fd, st);
}

int played_fstat(int fd, struct stat *st)
{
	return fstat_or_device(fd, st);
}

static int fstatat_or_device(int dir, const char *path, struct stat *st, int flags)
{
	if (is_device(path) || means_device_fd(dir, path, flags))
		return device_stat(st);
	return real()->fstatat(dir, path, st, flags);
}

int played_fstatat(int dir, const char *path, struct stat *st, int flags)
{
	return fstatat_or_device(dir, path, st, flags);
}

int played_stat64(const char *path, struct stat64 *st)
{
	return stat_or_device(path, (struct stat *)st);
}

int played_lstat64(const char *path, struct stat64 *st)
{
	return lstat_or_device(path, (struct stat *)st);
}

int played_fstat64(int fd, struct stat64 *st)
{
	return fstat_or_device(fd, (struct stat *)st);
}

int played_fstatat64(int dir, const char *path, struct stat64 *st, int flags)
{
	return fstatat_or_device(dir, path, (struct stat *)st, flags);
}

/* the names that programs built on glibc before 2.33 know, and that ThreadSanitizer goes on to */
int played___xstat(int version, const char *path, struct stat *st)
{
	(void)version;
	return stat_or_device(path, st);
}

int played___lxstat(int version, const char *path, struct stat *st)
{
	(void)version;
	return lstat_or_device(path, st);
}

int played___fxstat(int version, int fd, struct stat *st)
{
	(void)version;
	return fstat_or_device(fd, st);
}

int played___fxstatat(int version, int dir, const char *path, struct stat *st, int flags)
{
	(void)version;
	return fstatat_or_device(dir, path, st, flags);
}

int played___xstat64(int version, const char *path, struct stat64 *st)
{
	(void)version;
	return stat_or_device(path, (struct stat *)st);
}

int played___lxstat64(int version, const char *path, struct stat64 *st)
{
	(void)version;
	return lstat_or_device(path, (struct stat *)st);
}

int played___fxstat64(int version, int fd, struct stat64 *st)
{
	(void)version;
	return fstat_or_device(fd, (struct stat *)st);
}

int played___fxstatat64(int version, int dir, const char *path, struct stat64 *st, int flags)
{
	(void)version;
	return fstatat_or_device(dir, path, (struct stat *)st, flags);
}

int played_statx(int dir, const char *path, int flags, unsigned int mask, struct statx *stx)
{
	if (!is_device(path) && !means_device_fd(dir, path, flags))
		return real()->statx(dir, path, flags, mask, stx);
	memset(stx, 0, sizeof(*stx));
	stx->stx_mask = 0x7ffu; /* STATX_BASIC_STATS */
	stx->stx_mode = S_IFCHR | 0666;
	stx->stx_nlink = 1;
	stx->stx_blksize = 4096;
	stx->stx_rdev_major = DEVICE_MAJOR;
	stx->stx_rdev_minor = DEVICE_MINOR;
	return 0;
}

/*
 * The names /proc shows for descriptors are those of the objects that play our files; a program shall see
 * those of WSL2.
 */
static ssize_t rename_link(const char *link, ssize_t length, char *buffer, size_t size)
{
	/* what follows tells the driver who opened it */
	static const char device[] = "/memfd:dxg:";
	static const struct {
		const char *played;
		const char *name;
	} names[] = {
		{"/memfd:dxgsyncobj (deleted)", "anon_inode:dxgsyncobj"},
		{"/memfd:dxgresource (deleted)", "anon_inode:dxgresource"},
	};

	if ((size_t)length > strlen(device) && memcmp(link, device, strlen(device)) == 0) {
		link = SEAM_DEVICE_PATH;
		length = (ssize_t)strlen(link);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((size_t)length == strlen(names[i].played) &&
		    memcmp(link, names[i].played, (size_t)length) == 0) {
			link = names[i].name;
			length = (ssize_t)strlen(link);
			break;
		}
	}
	if ((size_t)length > size)
		length = (ssize_t)size;
	memcpy(buffer, link, (size_t)length);
	return length;
}

static bool is_proc(const char *path)
{
	return path != NULL && !seam_inside() && strncmp(path, "/proc/", 6) == 0;
}

ssize_t played_readlink(const char *path, char *buffer, size_t size)
{
	char link[PATH_MAX];
	ssize_t length;

	if (!is_proc(path) || size == 0)
		return real()->readlink(path, buffer, size);
	length = real()->readlink(path, link, sizeof(link));
	return length < 0 ? length : rename_link(link, length, buffer, size);
}

ssize_t played_readlinkat(int dir, const char *path, char *buffer, size_t size)
{
	char link[PATH_MAX];
	ssize_t length;

	if (!is_proc(path) || size == 0)
		return real()->readlinkat(dir, path, buffer, size);
	length = real()->readlinkat(dir, path, link, sizeof(link));
	return length < 0 ? length : rename_link(link, length, buffer, size);
}

ssize_t played___readlink_chk(const char *path, char *buffer, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return played_readlink(path, buffer, size);
}

ssize_t played___readlinkat_chk(int dir, const char *path, char *buffer, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return played_readlinkat(dir, path, buffer, size);
}
