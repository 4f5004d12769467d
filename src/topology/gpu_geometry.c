// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "topology/gpu.h"

static uint32_t positive_or_one(struct gpu *gpu, enum device_column column, enum property property)
{
	uint32_t value = gpu_table_value(gpu, column, property);

	if (value)
		return value;
	gpu_origin(gpu, property, ORIGIN_ASSUMED);
	return 1;
}

/* No map of the active units: as even as it goes, the larger arrays first. */
static void spread(struct gpu_geometry *geometry, uint32_t arrays)
{
	for (uint32_t i = 0; i < arrays; i++)
		geometry->array[i] =
			(uint16_t)(geometry->compute_units / arrays + (i < geometry->compute_units % arrays));
}

/* The host's map of active work-group processors.  False: it does not add up to the compute units. */
static bool place(const struct kmd_adapter *kmd, struct gpu_geometry *geometry)
{
	uint32_t sum = 0;

	if (kmd->shader_engines > KMD_WGP_MAP_SE || kmd->arrays_per_engine > KMD_WGP_MAP_SA)
		return false;
	for (uint32_t se = 0; se < kmd->shader_engines; se++) {
		for (uint32_t sa = 0; sa < kmd->arrays_per_engine; sa++) {
			uint32_t units =
				(uint32_t)__builtin_popcount(kmd->wgp_active[se][sa]) * kmd->cus_per_wgp;

			geometry->array[se * kmd->arrays_per_engine + sa] = (uint16_t)units;
			sum += units;
		}
	}
	return sum == kmd->compute_units;
}

/*
 * The host's geometry where it passed the checks, else the device table's.  -ENODATA: neither has the number of
 * compute units.
 */
int gpu_geometry_resolve(struct gpu *gpu, struct gpu_geometry *geometry)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;
	uint32_t arrays;

	memset(geometry, 0, sizeof(*geometry));
	if (kmd_adapter_has(kmd, KMD_FIELD_GEOMETRY) && kmd->compute_units && kmd->shader_engines &&
	    kmd->arrays_per_engine) {
		geometry->engines = kmd->shader_engines;
		geometry->arrays_per_engine = kmd->arrays_per_engine;
		geometry->compute_units = kmd->compute_units;
		gpu_origin(gpu, PROPERTY_NumShaderBanks, ORIGIN_PRIVATE_DATA);
		gpu_origin(gpu, PROPERTY_NumArrays, ORIGIN_PRIVATE_DATA);
		gpu_origin(gpu, PROPERTY_NumFComputeCores, ORIGIN_PRIVATE_DATA);
	} else {
		geometry->engines = positive_or_one(gpu, DEVICE_SE, PROPERTY_NumShaderBanks);
		geometry->arrays_per_engine = positive_or_one(gpu, DEVICE_SA, PROPERTY_NumArrays);
		geometry->compute_units = gpu_table_value(gpu, DEVICE_CU, PROPERTY_NumFComputeCores);
	}
	arrays = geometry->engines * geometry->arrays_per_engine;
	if (!geometry->compute_units || arrays > GPU_MAX_ARRAYS)
		return -ENODATA;
	if (!kmd_adapter_has(kmd, KMD_FIELD_GEOMETRY) || !place(kmd, geometry))
		spread(geometry, arrays);
	for (uint32_t i = 0; i < arrays; i++)
		geometry->largest_array = MAX(geometry->largest_array, geometry->array[i]);
	gpu_origin(gpu, PROPERTY_NumCUPerArray, gpu->pub.origin[PROPERTY_NumFComputeCores]);
	return 0;
}
