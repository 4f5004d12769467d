// SPDX-License-Identifier: MIT
/* Descriptors kept out of the program's sight, past whatever stands in front of libc. */
#include "dxgsim/driver/hidden_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HIDDEN_FD_MIN 512

int hidden_fd_move(int fd)
{
	long moved = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN_FD_MIN);

	if (moved < 0)
		return fd;
	hidden_fd_close(fd);
	return (int)moved;
}

void hidden_fd_close(int fd)
{
	syscall(SYS_close, fd);
}

int hidden_fd_reopen(int fd, int flags)
{
	char path[40];
	long reopened;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reopened = syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);
	return reopened < 0 ? -errno : hidden_fd_move((int)reopened);
}

bool fd_link(int fd, char *link, size_t size)
{
	char path[40];
	long length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = syscall(SYS_readlinkat, AT_FDCWD, path, link, size - 1);
	if (length < 0)
		return false;
	link[length] = '\0';
	return true;
}
