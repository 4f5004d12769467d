// SPDX-License-Identifier: MIT
#include "queue/cu_mask.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util/compiler.h"

#define UNITS_PER_ARRAY 16U /* bits of an engine's mask for each of its arrays */

static bool has_map(const struct kmd_adapter *info)
{
	uint32_t any = 0;

	for (uint32_t se = 0; se < KMD_WGP_MAP_SE; se++)
		for (uint32_t sa = 0; sa < KMD_WGP_MAP_SA; sa++)
			any |= info->wgp_active[se][sa];
	return any;
}

/*
 * What the driver says of each array, or, where it says nothing, all arrays alike (an array with one unit more than it has costs
 * nothing: its bit is ignored).
 */
void cu_layout_init(struct cu_layout *layout, const struct kmd_adapter *info, unsigned gfx_major,
		    uint32_t engines, uint32_t arrays, uint32_t compute_units)
{
	bool known = kmd_adapter_has(info, KMD_FIELD_GEOMETRY) && !info->degraded_geometry && has_map(info);
	uint32_t all;

	*layout = (struct cu_layout){
		.engines = MIN(MAX(engines, 1U), PM4_SHADER_ENGINES),
		.arrays = MIN(MAX(arrays, 1U), CU_MASK_ARRAYS),
		.step = gfx_major >= 10 ? 2 : 1,
	};
	all = layout->engines * layout->arrays;
	for (uint32_t se = 0; se < layout->engines; se++)
		for (uint32_t sa = 0; sa < layout->arrays; sa++) {
			uint32_t units = (compute_units + all - 1) / all;

			if (known && se < KMD_WGP_MAP_SE && sa < KMD_WGP_MAP_SA)
				units = (uint32_t)__builtin_popcount(info->wgp_active[se][sa]) *
					info->cus_per_wgp;
			layout->units[se][sa] = (uint8_t)MIN(ALIGN_UP(units, layout->step), UNITS_PER_ARRAY);
		}
}

/*
 * The API's bits go round the shader engines, then their arrays, then the units: neighbouring bits are on different engines, so that
 * any mask spreads the load (Linux kfd_mqd_manager.c: mqd_symmetrically_map_cu_mask).  Where two units share a work-group
 * processor the two bits at a place switch both.
 */
int cu_mask_spread(const struct cu_layout *layout, const uint32_t *mask, uint32_t words,
		   uint32_t engines[PM4_SHADER_ENGINES])
{
	uint32_t bits = words * 32, i = 0, pattern = layout->step == 2 ? 3 : 1, any = 0;

	memset(engines, 0, PM4_SHADER_ENGINES * sizeof(engines[0]));
	for (uint32_t unit = 0; unit < UNITS_PER_ARRAY; unit += layout->step)
		for (uint32_t sa = 0; sa < layout->arrays; sa++)
			for (uint32_t se = 0; se < layout->engines && i < bits; se++) {
				if (layout->units[se][sa] <= unit)
					continue;
				if (mask[i / 32] & pattern << i % 32)
					engines[se] |= pattern << (unit + sa * UNITS_PER_ARRAY);
				i += layout->step;
			}
	for (uint32_t se = 0; se < layout->engines; se++)
		any |= engines[se];
	return any ? 0 : -EINVAL;
}
