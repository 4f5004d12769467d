// SPDX-License-Identifier: MIT
/* From the compute units as the API numbers them to the masks of the shader engines. */
#ifndef QUEUE_CU_MASK_H
#define QUEUE_CU_MASK_H

#include <stdint.h>

#include "kmd/adapter.h"
#include "pm4/dispatch.h"

#define CU_MASK_ARRAYS 2U /* shader arrays per engine at most */

/* How many compute units each shader array has. */
struct cu_layout {
	uint32_t engines;
	uint32_t arrays; /* per engine */
	uint32_t
		step; /* compute units that are switched together: 2 where they share a work-group processor */
	uint8_t units[PM4_SHADER_ENGINES][CU_MASK_ARRAYS];
};

void cu_layout_init(struct cu_layout *layout, const struct kmd_adapter *info, unsigned gfx_major,
		    uint32_t engines, uint32_t arrays, uint32_t compute_units);
/* `words` of 32 bits.  -EINVAL: no unit is left. */
int cu_mask_spread(const struct cu_layout *layout, const uint32_t *mask, uint32_t words,
		   uint32_t engines[PM4_SHADER_ENGINES]);

#endif
