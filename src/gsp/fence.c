// SPDX-License-Identifier: MIT
#include "gsp/fence.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/compiler.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/relax.h"

#define SPIN_NS		20000ULL    /* most page-table updates are over by then */
#define LOOK_AT_HOST_NS 50000000ULL /* how often a sleeping waiter asks whether the device still lives */
#define LOOK_FIRST_NS	50000ULL    /* without an eventfd: looks that back off from this ... */
#define LOOK_LAST_NS	1000000ULL  /* ... to this */

/*
 * The one way to read a fence.  All ones is what the host writes when the device is lost, never a
 * value that was reached.  What the GPU or the host wrote before the fence is visible after DONE.
 */
enum gsp_fence_state gsp_fence_read(const volatile uint64_t *value, uint64_t wanted)
{
	uint64_t now = __atomic_load_n(value, __ATOMIC_ACQUIRE);

	if (now == GSP_FENCE_LOST_VALUE)
		return GSP_FENCE_LOST;
	return now >= wanted ? GSP_FENCE_DONE : GSP_FENCE_PENDING;
}

/* How far a fence is, for those who count from there.  -ENODEV: all ones, the device is lost. */
int gsp_fence_current(const volatile uint64_t *value, uint64_t *now)
{
	uint64_t read = __atomic_load_n(value, __ATOMIC_ACQUIRE);

	*now = read == GSP_FENCE_LOST_VALUE ? 0 : read;
	return read == GSP_FENCE_LOST_VALUE ? -ENODEV : 0;
}

/* gsp_fence_read() for a point; the page of a device known to be lost is not touched. */
enum gsp_fence_state gsp_fence_point_read(const struct gsp_fence_point *point)
{
	if (gsp_device_is_lost(point->device))
		return GSP_FENCE_LOST;
	return gsp_fence_read(point->value, point->wanted);
}

/* Registers with the host; -1 when the waiter has to look by itself (no fd left, host refuses). */
static int arm(struct gsp_device *device, d3dkmt_handle fence, uint64_t wanted)
{
	const struct gsp_handles *handles;
	int fd;

	if (gsp_device_open(device, &handles))
		return -1;
	fd = fd_eventfd();
	if (fd < 0)
		return -1;
	if (gsp_device_result(device, dxg_wait_fences(gsp_device_dxg(device), handles->device, &fence,
						      &wanted, 1, false, fd))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void sleep_ns(int fd, uint64_t ns)
{
	struct timespec t = {.tv_sec = (time_t)(ns / 1000000000ULL), .tv_nsec = (long)(ns % 1000000000ULL)};
	struct pollfd event = {.fd = fd, .events = POLLIN};

	/* an early return, by a signal or for no reason, costs one more look */
	ppoll(&event, fd < 0 ? 0 : 1, &t, NULL);
}

static int settled(struct gsp_device *device, const volatile uint64_t *value, uint64_t wanted)
{
	struct gsp_fence_point point = {.device = device, .value = value, .wanted = wanted};

	switch (gsp_fence_point_read(&point)) {
	case GSP_FENCE_DONE:
		return 0;
	case GSP_FENCE_LOST:
		gsp_device_fence_lost(device);
		return -ENODEV;
	default:
		return -EAGAIN;
	}
}

/*
 * Waits until a fence of the device, readable at `value`, reaches `wanted`, for at most timeout_ns
 * (0: a look, GSP_WAIT_FOREVER: as long as the device lives).  Spins for a moment, then sleeps on an
 * eventfd and asks for the device's state every 50 ms: neither a reset nor a removal leaves a waiter behind.
 *
 * 0; -ETIMEDOUT; -ENODEV: the device is lost (and marked so); -EINVAL: a value no fence can reach.
 */
int gsp_fence_wait(struct gsp_device *device, d3dkmt_handle fence, const volatile uint64_t *value,
		   uint64_t wanted, uint64_t timeout_ns)
{
	uint64_t start, waited = 0, look = LOOK_FIRST_NS, asked = 0;
	int ret, fd;

	if (wanted == GSP_FENCE_LOST_VALUE)
		return -EINVAL;
	ret = settled(device, value, wanted);
	if (ret != -EAGAIN)
		return ret;
	if (!timeout_ns)
		return -ETIMEDOUT;

	start = clock_ns();
	while (waited < MIN(SPIN_NS, timeout_ns)) {
		relax();
		ret = settled(device, value, wanted);
		if (ret != -EAGAIN)
			return ret;
		waited = clock_ns() - start;
	}
	fd = arm(device, fence, wanted);
	for (;;) {
		/* once more after arming: it may have passed, or arming may have found the loss */
		ret = settled(device, value, wanted);
		if (ret != -EAGAIN)
			break;
		waited = clock_ns() - start;
		if (waited >= timeout_ns) {
			ret = gsp_device_check(device) == -ENODEV ? -ENODEV : -ETIMEDOUT;
			break;
		}
		if (waited - asked >= LOOK_AT_HOST_NS) {
			asked = waited;
			if (gsp_device_check(device) == -ENODEV) {
				ret = -ENODEV;
				break;
			}
		}
		if (fd < 0)
			look = MIN(look * 2, LOOK_LAST_NS);
		sleep_ns(fd, MIN(fd < 0 ? look : LOOK_AT_HOST_NS, timeout_ns - waited));
		if (fd >= 0 && settled(device, value, wanted) == -EAGAIN) {
			/* woken without the value: the event is spent, so look from here on */
			struct pollfd event = {.fd = fd, .events = POLLIN};

			if (poll(&event, 1, 0) > 0) {
				close(fd);
				fd = -1;
			}
		}
	}
	if (fd >= 0)
		close(fd);
	return ret;
}
