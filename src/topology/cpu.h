// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_CPU_H
#define TOPOLOGY_CPU_H

#include <hsakmt/hsakmttypes.h>

#include "topology/sysfs.h"
#include "topology/topology.h"

#define CPU_MAX_NODES 256U

/* What /proc/cpuinfo tells. */
struct cpu_info {
	char model[HSA_PUBLIC_NAME_SIZE];
	bool intel;
	uint32_t max_mhz;	   /* of the clocks listed now; 0: none is */
	struct id_set has_apic_id; /* CPUs whose apic_id is known */
	uint32_t apic_id[ID_SET_SIZE];
};

struct cpu_nodes {
	uint32_t count;
	struct topology_node *nodes; /* links are the caller's to add */
	uint32_t *distance;	     /* [from * count + to], ACPI SLIT units */
	bool intel;
};

int cpu_nodes_read(const char *root, struct cpu_nodes *out);
void cpu_nodes_release(struct cpu_nodes *nodes);

/* cpuinfo.c */
void cpu_info_read(const char *root, struct cpu_info *info);
uint32_t cpu_info_processor_id(const struct cpu_info *info, uint32_t cpu);

/* cpu_cache.c */
int cpu_caches_read(const char *root, const struct cpu_info *info, const struct id_set *cpus,
		    HsaCacheProperties **caches, uint32_t *count);

#endif
