// SPDX-License-Identifier: MIT
/*
 * The caches of a GPU, one entry per cache as amdkfd lists them.  The vector caches come first: for a level,
 * ROCr keeps the first size it meets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topology/gpu.h"

#define CUS_PER_SQC 2U /* one scalar and one instruction cache per work-group processor, since gfx10 */

enum share {
	SHARE_COMPUTE_UNITS, /* `units` neighbours in an array */
	SHARE_ARRAY,
	SHARE_GPU,
};

struct cache_kind {
	enum property property;
	uint32_t level;
	bool instruction;
	enum share share;
	uint32_t units;
	uint32_t kib;
	uint32_t line;
};

struct cache_list {
	HsaCacheProperties *caches;
	uint32_t count;
	uint32_t capacity;
};

static int append(struct cache_list *list, const struct cache_kind *kind, uint32_t processor,
		  uint32_t siblings)
{
	HsaCacheProperties *cache;

	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity ? 2 * list->capacity : 64;
		HsaCacheProperties *caches = reallocarray(list->caches, capacity, sizeof(*caches));

		if (!caches)
			return -ENOMEM;
		list->caches = caches;
		list->capacity = capacity;
	}
	cache = &list->caches[list->count++];
	memset(cache, 0, sizeof(*cache));
	cache->ProcessorIdLow = processor;
	cache->CacheLevel = kind->level;
	cache->CacheSize = kind->kib;
	cache->CacheLineSize = kind->line;
	cache->CacheType.ui32.HSACU = 1;
	cache->CacheType.ui32.Data = !kind->instruction;
	cache->CacheType.ui32.Instruction = kind->instruction;
	for (uint32_t i = 0; i < siblings && i < HSA_CPU_SIBLINGS; i++)
		cache->SiblingMap[i] = 1;
	return 0;
}

static int append_kind(struct cache_list *list, const struct gpu_geometry *geometry,
		       uint32_t first_processor_id, const struct cache_kind *kind)
{
	uint32_t arrays = geometry->engines * geometry->arrays_per_engine, processor = first_processor_id;
	int ret = 0;

	if (!kind->kib)
		return 0;
	if (kind->share == SHARE_GPU)
		return append(list, kind, processor, geometry->compute_units);
	for (uint32_t i = 0; !ret && i < arrays; i++) {
		uint32_t units = geometry->array[i];
		uint32_t step = kind->share == SHARE_ARRAY ? MAX(units, 1U) : kind->units;

		for (uint32_t at = 0; !ret && at < units; at += step)
			ret = append(list, kind, processor + at, MIN(step, units - at));
		processor += units;
	}
	return ret;
}

/* A size the host told in bytes, else the table's, else what the generation has. */
static uint32_t size_kib(struct gpu *gpu, enum property property, enum kmd_field field, uint32_t host_bytes,
			 enum device_column column, uint32_t assumed)
{
	if (field != KMD_FIELD_COUNT && kmd_adapter_has(&gpu->pub.kmd, field)) {
		gpu_origin(gpu, property, ORIGIN_PRIVATE_DATA);
		return host_bytes / 1024;
	}
	if (gpu->device.origin[column] != ORIGIN_UNSET)
		return gpu_table_value(gpu, column, property);
	gpu_origin(gpu, property, assumed ? ORIGIN_ASSUMED : ORIGIN_ABSENT);
	return assumed;
}

static uint32_t line_bytes(const struct gpu *gpu, enum device_column column, uint32_t assumed)
{
	uint32_t line = gpu->device.value[column];

	return line ? line : assumed;
}

/* Compute units that one scalar cache serves. */
static uint32_t units_per_sqc(const struct kmd_adapter *kmd)
{
	if (kmd_adapter_has(kmd, KMD_FIELD_GEOMETRY) && kmd_adapter_has(kmd, KMD_FIELD_SQCS_PER_WGP) &&
	    kmd->sqcs_per_wgp && kmd->cus_per_wgp >= kmd->sqcs_per_wgp)
		return kmd->cus_per_wgp / kmd->sqcs_per_wgp;
	return CUS_PER_SQC;
}

/*
 * The caller frees *caches.  There is at least the vector cache.  The generations' constants are those of amdkfd's
 * tables (kfd_crat.c).  -ENOMEM.
 */
int gpu_caches_build(struct gpu *gpu, const struct gpu_geometry *geometry, uint32_t first_processor_id,
		     HsaCacheProperties **caches, uint32_t *count)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;
	uint32_t major = gpu->pub.gfx.major, sqc = units_per_sqc(kmd);
	struct cache_kind kinds[] = {
		{PROPERTY_CacheVector, 1, false, SHARE_COMPUTE_UNITS, 1,
		 size_kib(gpu, PROPERTY_CacheVector, KMD_FIELD_COUNT, 0, DEVICE_L0_KB, major >= 11 ? 32 : 16),
		 line_bytes(gpu, DEVICE_L0_LINE, major >= 10 ? 128 : 64)},
		{PROPERTY_CacheScalar, 1, false, SHARE_COMPUTE_UNITS, sqc,
		 size_kib(gpu, PROPERTY_CacheScalar, KMD_FIELD_SQC_DATA, kmd->sqc_data_bytes,
			  DEVICE_SCALAR_KB, 16),
		 line_bytes(gpu, DEVICE_SCALAR_LINE, 64)},
		{PROPERTY_CacheInstruction, 1, true, SHARE_COMPUTE_UNITS, sqc,
		 size_kib(gpu, PROPERTY_CacheInstruction, KMD_FIELD_SQC_INSTRUCTION,
			  kmd->sqc_instruction_bytes, DEVICE_INSTRUCTION_KB, 32),
		 line_bytes(gpu, DEVICE_INSTRUCTION_LINE, major >= 11 ? 128 : 64)},
		{PROPERTY_CacheGl1, 1, false, SHARE_ARRAY, 0,
		 size_kib(gpu, PROPERTY_CacheGl1, KMD_FIELD_GL1_CACHE, kmd->gl1_bytes, DEVICE_GL1_KB, 0),
		 line_bytes(gpu, DEVICE_GL1_LINE, 128)},
		{PROPERTY_CacheL2, 2, false, SHARE_GPU, 0,
		 size_kib(gpu, PROPERTY_CacheL2, KMD_FIELD_GL2_CACHE, kmd->gl2_bytes, DEVICE_L2_KB, 0),
		 line_bytes(gpu, DEVICE_L2_LINE, major >= 10 ? 128 : 64)},
		{PROPERTY_CacheMall, 3, false, SHARE_GPU, 0,
		 size_kib(gpu, PROPERTY_CacheMall, KMD_FIELD_MALL, 0, DEVICE_MALL_KB, 0),
		 line_bytes(gpu, DEVICE_MALL_LINE, 64)},
	};
	struct cache_list list = {0};
	int ret = 0;

	/* in MiB there, where 4 GiB and more fit */
	if (kmd_adapter_has(kmd, KMD_FIELD_MALL))
		kinds[ARRAY_SIZE(kinds) - 1].kib = MIN(kmd->mall_mib, 4096U) * 1024;
	for (size_t i = 0; !ret && i < ARRAY_SIZE(kinds); i++) {
		ret = append_kind(&list, geometry, first_processor_id, &kinds[i]);
		if (!kinds[i].kib)
			gpu_origin(gpu, kinds[i].property, ORIGIN_ABSENT);
	}
	if (ret) {
		free(list.caches);
		memset(&list, 0, sizeof(list));
	}
	*caches = list.caches;
	*count = list.count;
	return ret;
}
