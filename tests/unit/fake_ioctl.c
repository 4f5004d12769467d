// SPDX-License-Identifier: MIT
#include "fake_ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

int (*answer)(unsigned long command, void *arg);
unsigned calls;
int open_error;
const char *opened_path = "/dev/null"; /* a character device like the real one */

/* These two stand in front of libc's. */
int ioctl(int fd, unsigned long command, ...)
{
	va_list args;
	void *arg;

	(void)fd;
	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	calls++;
	return answer(command, arg);
}

int open(const char *path, int flags, ...)
{
	if (!strcmp(path, "/dev/dxg")) {
		assert_true(flags & O_CLOEXEC);
		if (open_error) {
			errno = open_error;
			return -1;
		}
		path = opened_path;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0);
}

struct dxg *opened(void)
{
	struct dxg *dxg;

	calls = 0;
	open_error = 0;
	assert_int_equal(dxg_open(&dxg), 0);
	return dxg;
}

int fail_with(int err)
{
	errno = err;
	return -1;
}
