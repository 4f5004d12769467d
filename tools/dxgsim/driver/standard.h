// SPDX-License-Identifier: MIT
/* Standard allocations: what the host makes private data for. */
#ifndef DXGSIM_DRIVER_STANDARD_H
#define DXGSIM_DRIVER_STANDARD_H

#include <stdint.h>

#include "dxgsim/driver/objects.h"

#define STATUS_INVALID_PARAMETER ((int)0xc000000d)

/* The private data the host makes for a standard allocation. */
struct standard_data {
	uint32_t size;
	uint32_t resource_size;
	void *data;
	void *resource_data;
};

/*
 * Checks the standard allocation of a create call.  0, -EINVAL, -EFAULT, or STATUS_INVALID_PARAMETER,
 * which the caller sees raw.
 */
int standard_allocation_check(const struct d3dkmt_createallocation *args,
			      const struct d3dddi_allocationinfo2 *info,
			      struct d3dkmt_createstandardallocation *standard);
/* Asks the host for the private data, in two messages.  On 0 the buffers are the caller's (free()). */
int standard_allocation_data(struct device *device, const struct d3dkmt_createstandardallocation *standard,
			     struct standard_data *data);

#endif
