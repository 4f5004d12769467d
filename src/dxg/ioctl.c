// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <time.h>

#include "util/compiler.h"

/*
 * A full message ring was already retried by the driver, for some 100 ms; this adds about 60 ms and as many of
 * those retries.  For messages that the host does not answer the driver goes on for 5 s and more (dxgkrnl:
 * dxgvmbus.c): after so long a try another one is left to the caller.
 */
#define RING_FULL_RETRIES  6
#define RING_FULL_FIRST_NS 1000000L
#define LONG_TRY_NS	   500000000U

static _Thread_local int32_t last_status;

static const struct {
	int err;
	uint32_t status;
	const char *name;
} status_table[] = {
	/* Both directions of dxgkrnl's ntstatus2int(); the first line of an errno is its usual cause. */
	{EEXIST, 0xc0000035, "OBJECT_NAME_COLLISION"},
	{ENOMEM, 0xc0000017, "NO_MEMORY"},
	{EINVAL, 0xc000000d, "INVALID_PARAMETER or another refusal of the host"},
	{ENOENT, 0xc0000034, "OBJECT_NAME_NOT_FOUND"},
	{EOVERFLOW, 0xc0000023, "BUFFER_TOO_SMALL"},
	{ENODEV, 0xc00002b6, "DEVICE_REMOVED"},
	{EACCES, 0xc0000022, "ACCESS_DENIED"},
	{EPERM, 0xc00000bb, "NOT_SUPPORTED"},
	{EOPNOTSUPP, 0xc000001d, "ILLEGAL_INSTRUCTION"},
	{EBADF, 0xc0000008, "INVALID_HANDLE"},
	{EINPROGRESS, 0xc01e0102, "GRAPHICS_ALLOCATION_BUSY"},
	{EPROTOTYPE, 0xc0000024, "OBJECT_TYPE_MISMATCH"},
	{EAGAIN, 0x80000011, "DEVICE_BUSY (message ring full)"},
	{ETIMEDOUT, 0x00000102, "TIMEOUT"},
	{0, 0x00000103, "PENDING"},
	{0, 0x00000000, "SUCCESS"},
};

static int32_t status_of_errno(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_table); i++)
		if (status_table[i].err == err)
			return (int32_t)status_table[i].status;
	return (int32_t)0xc0000001; /* UNSUCCESSFUL */
}

static int errno_of_status(int32_t status)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_table); i++)
		if ((int32_t)status_table[i].status == status && status_table[i].err)
			return status_table[i].err;
	return EINVAL;
}

/*
 * The NTSTATUS behind this thread's last failing dxg_* call, for a message.  The driver folds most
 * host statuses into EINVAL, so 0xC000000D means "some refusal", not proof of a bad parameter.
 */
int32_t dxg_last_status(void)
{
	return last_status;
}

/* A short name for an NTSTATUS, never NULL. */
const char *dxg_status_name(int32_t status)
{
	for (size_t i = 0; i < ARRAY_SIZE(status_table); i++)
		if ((int32_t)status_table[i].status == status)
			return status_table[i].name;
	return "UNSUCCESSFUL";
}

/* Remembers the status of a failure found outside an ioctl result; status 0 derives it from err. */
int dxg_fail(int err, int32_t status)
{
	last_status = status ? status : status_of_errno(err);
	return -err;
}

/* Monotonic; in nanoseconds. */
uint64_t dxg_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void back_off(unsigned attempt)
{
	struct timespec t = {.tv_nsec = RING_FULL_FIRST_NS << attempt};

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

/*
 * The driver forgets the handle before it tells the host, so a failure is no reason to ask again: by then the handle
 * may name another object (dxgkrnl: ioctl.c).
 */
static bool handle_is_spent(unsigned long command)
{
	return command == LX_DXDESTROYCONTEXT || command == LX_DXDESTROYHWQUEUE ||
	       command == LX_DXDESTROYPAGINGQUEUE || command == LX_DXDESTROYSYNCHRONIZATIONOBJECT ||
	       command == LX_DXDESTROYALLOCATION2 || command == LX_DXUNLOCK2;
}

/*
 * Issues one ioctl.  Returns 0 or a positive NTSTATUS (success), or a negative errno.  A raw
 * NTSTATUS that the driver lets through as the result (0xC000000D of CREATEALLOCATION's standard
 * allocation checks) comes back as its errno.  EINTR is retried: nothing was sent.  EAGAIN is the
 * driver's "message ring full": nothing was sent either, retried with back-off, a bounded number
 * of times, unless the driver itself was long at it or the call has taken its handle away already.
 */
int dxg_ioctl_issue(struct dxg *dxg, unsigned long command, void *arg)
{
	unsigned attempt = 0;

	for (;;) {
		uint64_t begin = dxg_now_ns();
		int result = ioctl(dxg->fd, command, arg);

		if (result >= 0)
			return result;
		if (result != -1)
			return dxg_fail(errno_of_status(result), result);
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN && attempt < RING_FULL_RETRIES && !handle_is_spent(command) &&
		    dxg_now_ns() - begin < LONG_TRY_NS) {
			back_off(attempt++);
			continue;
		}
		return dxg_fail(errno, 0);
	}
}
