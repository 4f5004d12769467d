// SPDX-License-Identifier: MIT
/*
 * What /dev/dxg refuses (read, write, lseek, mmap), and the mappings of the driver that user space must not
 * take away.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#include "dxgsim/guest_memory.h"
#include "dxgsim/hooks.h"
#include "real.h"
#include "seam.h"

#define MAP_FIXED_FLAG	   0x10
#define MAP_NOREPLACE_FLAG 0x100000
#define MAP_ANONYMOUS_FLAG 0x20
#define MREMAP_FIXED_FLAG  2
#define MAP_FAILED_ADDRESS ((void *)-1)

INTERPOSE(ssize_t, read, (int fd, void *buffer, size_t size));
INTERPOSE(ssize_t, __read_chk, (int fd, void *buffer, size_t size, size_t room));
INTERPOSE(ssize_t, write, (int fd, const void *buffer, size_t size));
INTERPOSE(ssize_t, readv, (int fd, const struct iovec *vector, int count));
INTERPOSE(ssize_t, writev, (int fd, const struct iovec *vector, int count));
INTERPOSE(off_t, lseek, (int fd, off_t offset, int whence));
INTERPOSE(off_t, lseek64, (int fd, off_t offset, int whence));
INTERPOSE(void *, mmap, (void *at, size_t size, int prot, int flags, int fd, off_t offset));
INTERPOSE(void *, mmap64, (void *at, size_t size, int prot, int flags, int fd, off_t offset));
INTERPOSE(int, munmap, (void *at, size_t size));
INTERPOSE(void *, mremap, (void *at, size_t old_size, size_t new_size, int flags, ...));
INTERPOSE(int, mprotect, (void *at, size_t size, int prot));
void __chk_fail(void) __attribute__((noreturn));

/* Is it /dev/dxg?  Then *ret is the result of such a call. */
static bool refused(int fd, enum driver_file_call call, long *ret)
{
	struct driver_file *file = seam_known(fd);

	if (file == NULL || seam_inside() || driver_file_kind(file) != DRIVER_FILE_DEVICE)
		return false;
	*ret = driver_file_call(file, call);
	if (*ret < 0) {
		errno = (int)-*ret;
		*ret = -1;
	}
	return true;
}

ssize_t played_read(int fd, void *buffer, size_t size)
{
	long ret;

	return refused(fd, DRIVER_CALL_READ, &ret) ? ret : real()->read(fd, buffer, size);
}

ssize_t played___read_chk(int fd, void *buffer, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return played_read(fd, buffer, size);
}

ssize_t played_write(int fd, const void *buffer, size_t size)
{
	long ret;

	return refused(fd, DRIVER_CALL_WRITE, &ret) ? ret : real()->write(fd, buffer, size);
}

ssize_t played_readv(int fd, const struct iovec *vector, int count)
{
	long ret;

	return refused(fd, DRIVER_CALL_READ, &ret) ? ret : real()->readv(fd, vector, count);
}

ssize_t played_writev(int fd, const struct iovec *vector, int count)
{
	long ret;

	return refused(fd, DRIVER_CALL_WRITE, &ret) ? ret : real()->writev(fd, vector, count);
}

off_t played_lseek(int fd, off_t offset, int whence)
{
	long ret;

	return refused(fd, DRIVER_CALL_LSEEK, &ret) ? ret : real()->lseek(fd, offset, whence);
}

off_t played_lseek64(int fd, off_t offset, int whence)
{
	return played_lseek(fd, offset, whence);
}

/* The kernel driver unmaps its ranges later, whatever is there by then. */
static void check_range(const void *at, size_t size, const char *text)
{
	bool owned;

	if (seam_inside())
		return;
	seam_enter();
	owned = driver_owns_range((uintptr_t)at, size);
	if (owned)
		hook_crashed(text);
	seam_leave();
}

/* The simulator's own threads and calls do not wait for themselves. */
static bool begin_change(void)
{
	return !seam_inside() && guest_memory_begin_change();
}

static void end_change(bool begun)
{
	int saved = errno;

	if (begun)
		guest_memory_end_change();
	errno = saved;
}

void *played_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	bool replaces = (flags & MAP_FIXED_FLAG) != 0 && (flags & MAP_NOREPLACE_FLAG) == 0, begun = false;
	void *mapped;
	long ret;

	if ((flags & MAP_ANONYMOUS_FLAG) == 0 && refused(fd, DRIVER_CALL_MMAP, &ret))
		return MAP_FAILED_ADDRESS;
	if (replaces) {
		check_range(at, size, "mmap(MAP_FIXED) over a mapping of /dev/dxg");
		begun = begin_change();
	}
	mapped = real()->mmap(at, size, prot, flags, fd, offset);
	end_change(begun);
	return mapped;
}

void *played_mmap64(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	return played_mmap(at, size, prot, flags, fd, offset);
}

int played_munmap(void *at, size_t size)
{
	bool begun;
	int ret;

	check_range(at, size, "munmap of a mapping of /dev/dxg");
	begun = begin_change();
	ret = real()->munmap(at, size);
	end_change(begun);
	return ret;
}

void *played_mremap(void *at, size_t old_size, size_t new_size, int flags, ...)
{
	void *to = NULL, *moved;
	va_list arguments;
	bool begun;

	if ((flags & MREMAP_FIXED_FLAG) != 0) {
		va_start(arguments, flags);
		to = va_arg(arguments, void *);
		va_end(arguments);
		check_range(to, new_size, "mremap over a mapping of /dev/dxg");
	}
	check_range(at, old_size, "mremap of a mapping of /dev/dxg");
	begun = begin_change();
	moved = real()->mremap(at, old_size, new_size, flags, to);
	end_change(begun);
	return moved;
}

int played_mprotect(void *at, size_t size, int prot)
{
	bool begun = begin_change();
	int ret = real()->mprotect(at, size, prot);

	end_change(begun);
	return ret;
}
