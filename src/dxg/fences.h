// SPDX-License-Identifier: MIT
/* Inside src/dxg only: what every list of fences and values has to be. */
#ifndef DXG_FENCES_H
#define DXG_FENCES_H

#include "dxg/ioctl.h"

#include <errno.h>

#define DXG_FENCE_LOST UINT64_MAX /* what the host sets the fences of a lost device to */

/*
 * -EINVAL for what the driver lets through: it looks at the first handle of a list alone (and decides by it
 * what kind of objects the list is of), and takes signals without values.
 */
static inline int dxg_check_fences(const d3dkmt_handle *fences, const uint64_t *values, uint32_t count)
{
	if (!count || count > DXG_MAX_GPU_WAITS || !fences || !values)
		return dxg_fail(EINVAL, 0);
	for (uint32_t i = 0; i < count; i++)
		if (!fences[i] || values[i] == DXG_FENCE_LOST)
			return dxg_fail(EINVAL, 0);
	return 0;
}

#endif
