// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_LINKS_H
#define TOPOLOGY_LINKS_H

#include "topology/cpu.h"
#include "topology/gpu.h"

/* What the links need to know beside the nodes themselves. */
struct link_facts {
	uint32_t cpu_count;	  /* nodes 0 .. cpu_count - 1 */
	const uint32_t *distance; /* [from * cpu_count + to] between CPU nodes */
	bool intel;
	const uint32_t *pcie_mbps; /* per GPU node, 0: unknown */
};

int io_links_build(struct topology_node *nodes, uint32_t count, const struct link_facts *facts);
void io_links_reach(struct topology_node *nodes, uint32_t count, uint32_t gpu);

#endif
