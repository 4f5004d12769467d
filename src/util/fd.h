// SPDX-License-Identifier: MIT
/* Files of the library's own. */
#ifndef UTIL_FD_H
#define UTIL_FD_H

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * What a call that opens a file returned, as a number above those of stdin, stdout and stderr, or -errno.  Where the program has closed these
 * a new file would be one of them: the program writes there, and 0 means "no file" to the driver's waits.
 */
static inline int fd_above_stdio(int fd)
{
	int copy, error;

	if (fd < 0)
		return -errno;
	if (fd > STDERR_FILENO)
		return fd;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	error = errno;
	close(fd);
	return copy < 0 ? -error : copy;
}

/* A nonblocking one; -errno. */
static inline int fd_eventfd(void)
{
	return fd_above_stdio(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

#endif
