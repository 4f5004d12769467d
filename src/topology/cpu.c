// SPDX-License-Identifier: MIT
/*
 * CPU nodes from /proc and /sys: one per NUMA node that the process may use, or a single one where the
 * kernel has no NUMA support (no node directory).
 */
#include "topology/cpu.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "topology/utf.h"
#include "util/log.h"

#define NODE_DIRECTORY	"sys/devices/system/node"
#define CPU_DIRECTORY	"sys/devices/system/cpu"
#define LOCAL_DISTANCE	10U
#define REMOTE_DISTANCE 20U
#define MAX_DISTANCE	255U
#define KIB		UINT64_C(1024)
#define MAX_MEMORY_KIB	(UINT64_C(1) << 42)
#define MAX_CLOCK_MHZ	100000U

/* What the cpuset and the affinity leave to the process; all that exists where nothing is said. */
struct limits {
	struct id_set cpus;
	struct id_set nodes;
};

struct numa_node {
	uint32_t number;
	struct id_set cpus; /* those that NumCPUCores counts */
	uint64_t memory;    /* bytes; 0: none, or not ours to use */
};

/* The value of "key:   123 kB" in a meminfo file, in KiB. */
static bool find_kib(const char *text, const char *key, uint64_t *kib)
{
	const char *at = strstr(text, key);
	char *end;

	if (!at)
		return false;
	at += strlen(key);
	while (*at == ' ' || *at == '\t')
		at++;
	if (*at < '0' || *at > '9')
		return false;
	errno = 0;
	*kib = strtoull(at, &end, 10);
	return !errno && *kib <= MAX_MEMORY_KIB;
}

static void find_list(const char *text, const char *key, struct id_set *set)
{
	const char *at = strstr(text, key);
	char list[4096];
	size_t length;

	if (at) {
		at += strlen(key);
		at += strspn(at, " \t");
		length = strcspn(at, "\n");
		if (length < sizeof(list)) {
			memcpy(list, at, length);
			list[length] = '\0';
			if (!id_set_parse(list, set) && id_set_count(set))
				return;
		}
	}
	id_set_fill(set);
}

/*
 * The main thread's limits: a thread of an application may be pinned to one CPU, and that says nothing about the
 * process.
 */
static void read_limits(const char *root, struct limits *limits)
{
	char text[16384];

	if (sysfs_read(root, text, sizeof(text), "proc/self/status"))
		text[0] = '\0';
	find_list(text, "\nCpus_allowed_list:", &limits->cpus);
	find_list(text, "\nMems_allowed_list:", &limits->nodes);
}

static void read_online_cpus(const char *root, struct id_set *online)
{
	long count;

	if (!sysfs_read_set(root, online, CPU_DIRECTORY "/online") && id_set_count(online))
		return;
	count = sysconf(_SC_NPROCESSORS_ONLN);
	memset(online, 0, sizeof(*online));
	for (uint32_t cpu = 0; cpu < (uint32_t)(count > 0 ? count : 1); cpu++)
		id_set_add(online, cpu);
}

static uint64_t total_memory(const char *root)
{
	char text[16384];
	uint64_t kib;
	long pages;

	if (!sysfs_read(root, text, sizeof(text), "proc/meminfo") && find_kib(text, "MemTotal:", &kib) && kib)
		return kib * KIB;
	pages = sysconf(_SC_PHYS_PAGES);
	return pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* The whole system as one node. */
static void single_node(const char *root, const struct limits *limits, const struct id_set *online,
			struct numa_node *node)
{
	node->number = 0;
	node->cpus = *online;
	id_set_and(&node->cpus, &limits->cpus);
	if (!id_set_count(&node->cpus))
		node->cpus = *online;
	node->memory = total_memory(root);
}

/* False: neither CPUs nor memory of this node are within the limits. */
static bool read_numa_node(const char *root, const struct limits *limits, const struct id_set *online,
			   uint32_t number, struct numa_node *node)
{
	bool memory_allowed = id_set_has(&limits->nodes, number);
	struct id_set all;
	char text[8192];
	uint64_t kib;

	memset(node, 0, sizeof(*node));
	node->number = number;
	if (sysfs_read_set(root, &all, NODE_DIRECTORY "/node%u/cpulist", number))
		memset(&all, 0, sizeof(all));
	id_set_and(&all, online);
	node->cpus = all;
	id_set_and(&node->cpus, &limits->cpus);
	/* pinned elsewhere, but not confined by a cpuset: the node still has its cores */
	if (!id_set_count(&node->cpus) && memory_allowed)
		node->cpus = all;
	if (memory_allowed &&
	    !sysfs_read(root, text, sizeof(text), NODE_DIRECTORY "/node%u/meminfo", number) &&
	    find_kib(text, "MemTotal:", &kib))
		node->memory = kib * KIB;
	return node->memory || id_set_count(&node->cpus);
}

static int read_numa_nodes(const char *root, struct numa_node **out, uint32_t *count)
{
	struct id_set online_nodes, online_cpus;
	struct limits limits;
	struct numa_node *nodes;
	uint64_t memory = 0;
	uint32_t wanted, n = 0, cores = 0;

	read_limits(root, &limits);
	read_online_cpus(root, &online_cpus);
	if (sysfs_read_set(root, &online_nodes, NODE_DIRECTORY "/online"))
		memset(&online_nodes, 0, sizeof(online_nodes));
	wanted = MAX(id_set_count(&online_nodes), 1U);
	if (wanted > CPU_MAX_NODES) {
		log_err("%u NUMA nodes: only the first %u are listed", wanted, CPU_MAX_NODES);
		wanted = CPU_MAX_NODES;
	}
	nodes = calloc(wanted, sizeof(*nodes));
	if (!nodes)
		return -ENOMEM;
	for (uint32_t number = id_set_next(&online_nodes, 0); number < ID_SET_SIZE && n < wanted;
	     number = id_set_next(&online_nodes, number + 1)) {
		if (!read_numa_node(root, &limits, &online_cpus, number, &nodes[n]))
			continue;
		memory += nodes[n].memory;
		cores += id_set_count(&nodes[n].cpus);
		n++;
	}
	/* no node directory, or one that does not describe this machine */
	if (!memory || !cores) {
		single_node(root, &limits, &online_cpus, &nodes[0]);
		n = 1;
	} else if (id_set_count(&online_nodes) == 1) {
		/* memory that a hypervisor adds later is not always counted in the node's own file */
		nodes[0].memory = MAX(memory, total_memory(root));
	}
	*out = nodes;
	*count = n;
	return 0;
}

static uint32_t max_clock_mhz(const char *root, const struct cpu_info *info, const struct id_set *cpus)
{
	uint64_t best = 0, khz;

	for (uint32_t cpu = id_set_next(cpus, 0); cpu < ID_SET_SIZE; cpu = id_set_next(cpus, cpu + 1))
		if (!sysfs_read_number(root, &khz, CPU_DIRECTORY "/cpu%u/cpufreq/cpuinfo_max_freq", cpu))
			best = MAX(best, khz / 1000);
	if (!best || best > MAX_CLOCK_MHZ)
		best = info->max_mhz;
	return best > MAX_CLOCK_MHZ ? 0 : (uint32_t)best;
}

static int fill_node(const char *root, const struct cpu_info *info, const struct numa_node *from,
		     struct topology_node *to)
{
	HsaNodeProperties *props = &to->props;
	uint16_t name[HSA_PUBLIC_NAME_SIZE];
	uint32_t cores = id_set_count(&from->cpus);
	int ret;

	to->numa_node = from->number;
	props->NumCPUCores = cores;
	if (cores) {
		props->CComputeIdLo = cpu_info_processor_id(info, id_set_next(&from->cpus, 0));
		props->MaxEngineClockMhzCCompute = max_clock_mhz(root, info, &from->cpus);
	}
	utf16_from_utf8(info->model, name, HSA_PUBLIC_NAME_SIZE);
	memcpy(props->MarketingName, name, sizeof(name));
	memcpy(props->AMDName, info->model, sizeof(props->AMDName));

	ret = cpu_caches_read(root, info, &from->cpus, &to->caches, &to->cache_count);
	if (ret)
		return ret;
	if (from->memory) {
		to->banks = calloc(1, sizeof(*to->banks));
		if (!to->banks)
			return -ENOMEM;
		to->bank_count = 1;
		to->banks[0].HeapType = HSA_HEAPTYPE_SYSTEM;
		to->banks[0].SizeInBytes = from->memory;
	}
	props->NumCaches = to->cache_count;
	props->NumMemoryBanks = to->bank_count;
	return 0;
}

static uint32_t read_distance(const char *text, uint32_t position)
{
	char *end;
	unsigned long value;

	for (;; position--) {
		value = strtoul(text, &end, 10);
		if (end == text)
			return 0;
		if (!position)
			return value >= LOCAL_DISTANCE && value < MAX_DISTANCE ? (uint32_t)value : 0;
		text = end;
	}
}

/* A row of the kernel's distance file has one number per online node, in the order of their numbers. */
static void fill_distances(const char *root, const struct numa_node *nodes, uint32_t count,
			   uint32_t *distance)
{
	struct id_set online;

	if (sysfs_read_set(root, &online, NODE_DIRECTORY "/online"))
		memset(&online, 0, sizeof(online));
	for (uint32_t i = 0; i < count; i++) {
		char text[4096];

		if (sysfs_read(root, text, sizeof(text), NODE_DIRECTORY "/node%u/distance", nodes[i].number))
			text[0] = '\0';
		for (uint32_t j = 0; j < count; j++) {
			uint32_t position = 0, value;

			for (uint32_t k = id_set_next(&online, 0); k < nodes[j].number;
			     k = id_set_next(&online, k + 1))
				position++;
			value = read_distance(text, position);
			if (!value)
				value = i == j ? LOCAL_DISTANCE : REMOTE_DISTANCE;
			distance[i * count + j] = value;
		}
	}
}

void cpu_nodes_release(struct cpu_nodes *nodes)
{
	for (uint32_t i = 0; nodes->nodes && i < nodes->count; i++) {
		free(nodes->nodes[i].banks);
		free(nodes->nodes[i].caches);
		free(nodes->nodes[i].links);
	}
	free(nodes->nodes);
	free(nodes->distance);
	memset(nodes, 0, sizeof(*nodes));
}

/*
 * Reads the CPU nodes; `root` is the directory that proc/ and sys/ are in.  There is always at least one node
 * with a core, a memory bank and a data cache.  The caller releases them.  -ENOMEM.
 */
int cpu_nodes_read(const char *root, struct cpu_nodes *out)
{
	struct cpu_info *info = malloc(sizeof(*info));
	struct numa_node *numa = NULL;
	int ret = info ? 0 : -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (!ret) {
		cpu_info_read(root, info);
		ret = read_numa_nodes(root, &numa, &out->count);
	}
	if (!ret) {
		out->intel = info->intel;
		out->nodes = calloc(out->count, sizeof(*out->nodes));
		out->distance = calloc((size_t)out->count * out->count, sizeof(*out->distance));
		if (!out->nodes || !out->distance)
			ret = -ENOMEM;
	}
	for (uint32_t i = 0; !ret && i < out->count; i++)
		ret = fill_node(root, info, &numa[i], &out->nodes[i]);
	if (!ret)
		fill_distances(root, numa, out->count, out->distance);
	else
		cpu_nodes_release(out);
	free(numa);
	free(info);
	return ret;
}
