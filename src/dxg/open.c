// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/log.h"

#define DXG_PATH "/dev/dxg"

/*
 * The driver maps fences and locked memory by an anonymous mmap whose pages it then replaces.  Under
 * mlockall(MCL_FUTURE) that mmap is populated first, and the replacement trips an assertion of the
 * guest kernel.  Nothing tells whether MCL_FUTURE is on, but a new mapping shows it: the kernel
 * refuses MADV_DONTNEED on locked memory.
 *
 * Returns 0, or -ECANCELED when new mappings would be locked: nobody asked the host, whose refusals have other errors.
 */
int dxg_refuse_future_locks(void)
{
	void *page = mmap(NULL, DXG_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int err = 0;

	if (page == MAP_FAILED) {
		/* EAGAIN: the locked-memory limit, which an unlocked mapping does not touch */
		if (errno != EAGAIN)
			return dxg_fail(errno, 0);
		err = EINVAL;
	} else {
		if (madvise(page, DXG_PAGE_SIZE, MADV_DONTNEED))
			err = errno;
		munmap(page, DXG_PAGE_SIZE);
	}
	if (err != EINVAL)
		return 0;
	log_err("refusing to use " DXG_PATH
		": this process called mlockall(MCL_FUTURE), under which the driver's "
		"fence mappings crash the kernel of the virtual machine; use mlockall(MCL_CURRENT) instead");
	return dxg_fail(ECANCELED, 0);
}

/* A file that somebody left under the device's name is no device. */
static int only_a_device(int fd)
{
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && S_ISCHR(st.st_mode)))
		return fd;
	close(fd);
	return -ENOTTY;
}

/*
 * Opens /dev/dxg for this process.  The driver's first open of a process is not safe against a
 * second one at the same time, so the caller serialises.  The file is closed by exec; after fork
 * the child must close this object and open its own (the driver answers ENOTTY to the child).
 *
 * -ENOENT, -ENXIO: no such device, not a WSL2 kernel; -ENOTTY: a file of that name, but no device; -EBADF: the
 * driver has no virtual GPU, or the host refused; -EACCES, -EMFILE, -ENOMEM as open(2); -ECANCELED: memory
 * locking is on (a message says so).
 */
int dxg_open(struct dxg **out)
{
	struct dxg *dxg;
	int fd, ret;

	*out = NULL;
	ret = dxg_refuse_future_locks();
	if (ret)
		return ret;
	dxg = calloc(1, sizeof(*dxg));
	if (!dxg)
		return -ENOMEM;
	do {
		fd = open(DXG_PATH, O_RDWR | O_CLOEXEC);
	} while (fd < 0 && errno == EINTR);
	fd = only_a_device(fd_above_stdio(fd));
	if (fd < 0) {
		free(dxg);
		return fd;
	}
	dxg->fd = fd;
	dxg->pid = getpid();
	*out = dxg;
	return 0;
}

/*
 * Closes the file and frees the object; the last close of a process ends all its handles.  In a
 * fork child this drops only the child's copy of the file.
 */
void dxg_close(struct dxg *dxg)
{
	if (!dxg)
		return;
	close(dxg->fd);
	free(dxg);
}

/* False in a fork child of the process that opened this: none of its handles mean anything there. */
bool dxg_is_own_process(const struct dxg *dxg)
{
	return dxg->pid == getpid();
}
