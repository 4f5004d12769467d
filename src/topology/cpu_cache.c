// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "topology/cpu.h"
#include "util/log.h"

#define CPU_DIRECTORY	   "sys/devices/system/cpu"
#define MAX_INDEXES	   16
#define MAX_LEVEL	   4 /* ROCr keeps one size per level 1 to 4 and does not check */
#define MAX_CACHES	   8192U
#define DEFAULT_L1_KB	   32
#define DEFAULT_LINE_BYTES 64

struct cache_list {
	HsaCacheProperties *caches;
	uint32_t count;
	uint32_t capacity;
	bool has_data_cache; /* one that is not unified */
};

static HsaCacheProperties *append(struct cache_list *list)
{
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity ? 2 * list->capacity : 16;
		HsaCacheProperties *caches = reallocarray(list->caches, capacity, sizeof(*caches));

		if (!caches)
			return NULL;
		list->caches = caches;
		list->capacity = capacity;
	}
	memset(&list->caches[list->count], 0, sizeof(*list->caches));
	return &list->caches[list->count++];
}

/* "48K", "2M": KiB. */
static bool parse_size(const char *text, uint32_t *kib)
{
	uint64_t value = 0;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return false;
	}
	if (!strcmp(text, "M"))
		value *= 1024;
	else if (strcmp(text, "K") != 0)
		return false;
	if (!value || value > UINT32_MAX)
		return false;
	*kib = (uint32_t)value;
	return true;
}

static bool parse_type(const char *text, HsaCacheType *type)
{
	type->Value = 0;
	type->ui32.CPU = 1;
	if (!strcmp(text, "Data")) {
		type->ui32.Data = 1;
	} else if (!strcmp(text, "Instruction")) {
		type->ui32.Instruction = 1;
	} else if (!strcmp(text, "Unified")) {
		type->ui32.Data = 1;
		type->ui32.Instruction = 1;
	} else {
		return false;
	}
	return true;
}

static uint32_t small_number(const char *root, uint32_t cpu, unsigned index, const char *name)
{
	uint64_t value;

	if (sysfs_read_number(root, &value, CPU_DIRECTORY "/cpu%u/cache/index%u/%s", cpu, index, name) ||
	    value > UINT16_MAX)
		return 0;
	return (uint32_t)value;
}

static void fill_siblings(HsaCacheProperties *cache, const struct cpu_info *info, const struct id_set *shared)
{
	for (uint32_t cpu = id_set_next(shared, 0); cpu < ID_SET_SIZE; cpu = id_set_next(shared, cpu + 1)) {
		uint32_t id = cpu_info_processor_id(info, cpu);

		if (id >= cache->ProcessorIdLow && id - cache->ProcessorIdLow < HSA_CPU_SIBLINGS)
			cache->SiblingMap[id - cache->ProcessorIdLow] = 1;
	}
}

/*
 * One cacheN/indexM directory.  A cache that CPUs share is listed under the first of them.
 * 0: listed, shared, or no such cache; -ENOENT: no more indexes; -ENOMEM.
 */
static int read_index(const char *root, const struct cpu_info *info, const struct id_set *cpus, uint32_t cpu,
		      unsigned index, struct cache_list *list)
{
	uint32_t level = small_number(root, cpu, index, "level"), kib;
	HsaCacheProperties *cache;
	struct id_set shared;
	HsaCacheType type;
	char text[64];

	if (sysfs_read(root, text, sizeof(text), CPU_DIRECTORY "/cpu%u/cache/index%u/type", cpu, index))
		return -ENOENT;
	if (!level || level > MAX_LEVEL || !parse_type(text, &type))
		return 0;
	if (sysfs_read(root, text, sizeof(text), CPU_DIRECTORY "/cpu%u/cache/index%u/size", cpu, index) ||
	    !parse_size(text, &kib))
		return 0;
	if (sysfs_read_set(root, &shared, CPU_DIRECTORY "/cpu%u/cache/index%u/shared_cpu_list", cpu, index))
		memset(&shared, 0, sizeof(shared));
	id_set_add(&shared, cpu);
	id_set_and(&shared, cpus);
	if (id_set_next(&shared, 0) != cpu || list->count >= MAX_CACHES)
		return 0;

	cache = append(list);
	if (!cache)
		return -ENOMEM;
	cache->ProcessorIdLow = cpu_info_processor_id(info, cpu);
	cache->CacheLevel = level;
	cache->CacheSize = kib;
	cache->CacheType = type;
	cache->CacheLineSize = small_number(root, cpu, index, "coherency_line_size");
	cache->CacheLinesPerTag = small_number(root, cpu, index, "physical_line_partition");
	cache->CacheAssociativity = small_number(root, cpu, index, "ways_of_associativity");
	fill_siblings(cache, info, &shared);
	list->has_data_cache |= type.ui32.Data && !type.ui32.Instruction;
	return 0;
}

/* ROCr 5 asserts that each CPU has a data cache, and some hypervisors and sandboxes hide them all. */
static int add_assumed_l1(const struct cpu_info *info, const struct id_set *cpus, struct cache_list *list)
{
	long size = sysconf(_SC_LEVEL1_DCACHE_SIZE), line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
	HsaCacheProperties *cache = append(list);

	if (!cache)
		return -ENOMEM;
	cache->ProcessorIdLow = cpu_info_processor_id(info, id_set_next(cpus, 0));
	cache->CacheLevel = 1;
	cache->CacheSize = size >= 1024 && size < INT32_MAX ? (uint32_t)size / 1024 : DEFAULT_L1_KB;
	cache->CacheLineSize = line > 0 && line < UINT16_MAX ? (uint32_t)line : DEFAULT_LINE_BYTES;
	cache->CacheType.ui32.CPU = 1;
	cache->CacheType.ui32.Data = 1;
	cache->SiblingMap[0] = 1;
	log_debug("the caches of the CPU are not described: one L1 cache of %u KiB assumed",
		  cache->CacheSize);
	return 0;
}

/* The caches of a set of CPUs, each once; at least one data cache for a set that is not empty.  -ENOMEM. */
int cpu_caches_read(const char *root, const struct cpu_info *info, const struct id_set *cpus,
		    HsaCacheProperties **caches, uint32_t *count)
{
	struct cache_list list = {0};
	int ret = 0;

	for (uint32_t cpu = id_set_next(cpus, 0); !ret && cpu < ID_SET_SIZE;
	     cpu = id_set_next(cpus, cpu + 1)) {
		for (unsigned index = 0; !ret && index < MAX_INDEXES; index++)
			ret = read_index(root, info, cpus, cpu, index, &list);
		if (ret == -ENOENT)
			ret = 0;
	}
	if (!ret && !list.has_data_cache && id_set_next(cpus, 0) < ID_SET_SIZE)
		ret = add_assumed_l1(info, cpus, &list);
	if (ret) {
		free(list.caches);
		memset(&list, 0, sizeof(list));
	}
	*caches = list.caches;
	*count = list.count;
	return ret;
}
