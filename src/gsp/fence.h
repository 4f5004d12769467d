// SPDX-License-Identifier: MIT
/*
 * Reading a fence that the host advances, and waiting for it.
 */
#ifndef GSP_FENCE_H
#define GSP_FENCE_H

#include <stdint.h>

#include "gsp/device.h"

#define GSP_FENCE_LOST_VALUE UINT64_MAX
#define GSP_WAIT_FOREVER     UINT64_MAX

enum gsp_fence_state {
	GSP_FENCE_DONE,
	GSP_FENCE_PENDING,
	GSP_FENCE_LOST,
};

/* A fence of a device and the value it is awaited at. */
struct gsp_fence_point {
	struct gsp_device *device;
	d3dkmt_handle fence;
	const volatile uint64_t *value;
	uint64_t wanted; /* not GSP_FENCE_LOST_VALUE */
};

enum gsp_fence_state gsp_fence_read(const volatile uint64_t *value, uint64_t wanted);
int gsp_fence_current(const volatile uint64_t *value, uint64_t *now);
enum gsp_fence_state gsp_fence_point_read(const struct gsp_fence_point *point);
int gsp_fence_wait(struct gsp_device *device, d3dkmt_handle fence, const volatile uint64_t *value,
		   uint64_t wanted, uint64_t timeout_ns);

#endif
