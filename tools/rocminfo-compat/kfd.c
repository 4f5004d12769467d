// SPDX-License-Identifier: MIT
/*
 * Lets versions of rocminfo that do not know WSL2 (up to ROCm 6) past their look for /dev/kfd. They only
 * open it read-write and close it again, so /dev/null does. Preloaded; everything else goes to libc.
 * Their other look, "lsmod | grep amdgpu", is answered by the lsmod script beside this library.
 */
#undef _FILE_OFFSET_BITS /* both names are defined here, one must not be a macro for the other */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

#define PUBLIC __attribute__((visibility("default")))

typedef int (*open_fn)(const char *path, int flags, ...);

static const char *instead_of(const char *path)
{
	return path && !strcmp(path, "/dev/kfd") ? "/dev/null" : path;
}

static int call_next(const char *name, const char *path, int flags, mode_t mode)
{
	open_fn next;
	void *symbol = dlsym(RTLD_NEXT, name);

	if (!symbol) {
		errno = ENOSYS;
		return -1;
	}
	memcpy(&next, &symbol, sizeof(next));
	return next(instead_of(path), flags, mode);
}

static mode_t mode_argument(int flags, va_list args)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, mode_t) : 0;
}

PUBLIC int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_argument(flags, args);
	va_end(args);
	return call_next("open", path, flags, mode);
}

PUBLIC int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = mode_argument(flags, args);
	va_end(args);
	return call_next("open64", path, flags, mode);
}
