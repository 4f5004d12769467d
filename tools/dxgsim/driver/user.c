// SPDX-License-Identifier: MIT
/*
 * User memory as the kernel touches it: a bad pointer is -EFAULT, never a crash, and a read-only page refuses
 * a write.  The kernel itself does the copying (process_vm_readv and process_vm_writev on this very process), so no
 * signal handler is involved and the sanitizers see a system call.
 */
#include "dxgsim/driver/user.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dxgsim/host/message.h"
#include "util/compiler.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

typedef ssize_t (*vm_copy)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
			   unsigned long);

/*
 * Bytes that could not be copied.  A transfer ends in front of the first bad page, but not necessarily
 * close to it; what is left is tried page by page so that all good bytes arrive.
 */
static size_t copy_left(vm_copy copy, void *local, uint64_t remote, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t length = size - done;
		struct iovec here = {(char *)local + done, length};
		struct iovec there = {u64_to_ptr(remote + done), length};
		ssize_t got = copy(getpid(), &here, 1, &there, 1, 0);

		if (got <= 0) {
			size_t to_page_end = HOST_PAGE_SIZE - (remote + done) % HOST_PAGE_SIZE;

			if (length <= to_page_end)
				break;
			here.iov_len = there.iov_len = to_page_end;
			got = copy(getpid(), &here, 1, &there, 1, 0);
			if (got <= 0)
				break;
		}
		done += (size_t)got;
	}
	return size - done;
}

int copy_from_user(void *to, uint64_t from, size_t size)
{
	return copy_left(process_vm_readv, to, from, size) ? -EFAULT : 0;
}

size_t copy_to_user_left(uint64_t to, const void *from, size_t size)
{
	/* the local side of a writev is only read */
	return copy_left(process_vm_writev, (void *)(uintptr_t)from, to, size);
}

int copy_to_user(uint64_t to, const void *from, size_t size)
{
	return copy_to_user_left(to, from, size) ? -EFAULT : 0;
}

int copy_array_from_user(void **out, uint64_t from, size_t count, size_t size)
{
	void *array;
	int ret;

	*out = NULL;
	if (count == 0)
		return 0;
	array = calloc(count, size);
	if (!array)
		return -ENOMEM;
	ret = copy_from_user(array, from, count * size);
	if (ret) {
		free(array);
		return ret;
	}
	*out = array;
	return 0;
}

/*
 * Kernels before 5.14 cannot populate on request: there the futex operation "OR 0" touches the page for writing,
 * atomically and with the fault reported, and a read of one byte does for reading.
 */
static bool page_touch(uint64_t address, bool write)
{
	uint32_t own = 0;
	uint8_t byte;

	if (!write)
		return copy_from_user(&byte, address, 1) == 0;
	return syscall(SYS_futex, &own, FUTEX_WAKE_OP_PRIVATE, 0, NULL, u64_to_ptr(address),
		       FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0)) >= 0;
}

static bool pages_populate(uint64_t address, size_t count, bool write)
{
	int advice = write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;

	if (madvise(u64_to_ptr(address), count * HOST_PAGE_SIZE, advice) == 0)
		return true;
	if (errno != EINVAL)
		return false;
	for (size_t i = 0; i < count; i++)
		if (!page_touch(address + i * HOST_PAGE_SIZE, write))
			return false;
	return true;
}

size_t pin_user_pages(uint64_t address, size_t count, bool write)
{
	size_t pinned = 0;

	if (count > SIZE_MAX / HOST_PAGE_SIZE)
		return 0;
	if (pages_populate(address, count, write))
		return count;
	while (pinned < count && pages_populate(address + pinned * HOST_PAGE_SIZE, 1, write))
		pinned++;
	return pinned;
}
