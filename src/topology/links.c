// SPDX-License-Identifier: MIT
/*
 * IO links: from every node to every other one.  Weights and flags follow amdkfd (kfd_crat.c, kfd_topology.c),
 * so that programs that tell near from far by them do on WSL what they do on Linux.
 */
#include "topology/links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PCIE_WEIGHT	    20U
#define INTRA_SOCKET_WEIGHT 13U

/* Whether CPUs can reach this GPU's memory: only a public frame buffer has an address there. */
static bool reachable(const struct topology_node *node)
{
	for (uint32_t i = 0; i < node->bank_count; i++)
		if (node->banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC)
			return true;
	return false;
}

static void link_cpus(const struct link_facts *facts, uint32_t from, uint32_t to, HsaIoLinkProperties *link)
{
	link->IoLinkType = facts->intel ? HSA_IOLINK_TYPE_QPI_1_1 : HSA_IOLINKTYPE_HYPERTRANSPORT;
	link->Weight = facts->distance[from * facts->cpu_count + to];
}

/*
 * A GPU and a CPU.  Which CPU node the GPU is plugged into is the host's secret, so all are equally far.
 * The GPU snoops the CPU's caches; the CPU's view of the frame buffer is not coherent over PCIe.
 */
static void link_gpu_cpu(const struct link_facts *facts, const struct topology_node *gpu, uint32_t gpu_index,
			 bool to_gpu, HsaIoLinkProperties *link)
{
	const struct kmd_adapter *kmd = &gpu->gpu->kmd;

	link->Flags.ui32.Override = 1;
	if (kmd->discrete) {
		link->IoLinkType = HSA_IOLINKTYPE_PCIEXPRESS;
		link->Weight = PCIE_WEIGHT;
		link->MaximumBandwidth = facts->pcie_mbps[gpu_index];
		link->Flags.ui32.NonCoherent = to_gpu;
		link->Flags.ui32.NoAtomics32bit = !kmd->pcie_atomics;
		link->Flags.ui32.NoAtomics64bit = !kmd->pcie_atomics;
	} else {
		/* the GPU of an APU sits on the fabric that joins the CPU cores to the memory */
		link->IoLinkType = HSA_IOLINK_TYPE_XGMI;
		link->Weight = INTRA_SOCKET_WEIGHT;
		link->Flags.ui32.NoAtomics32bit = !kmd->pcie_atomics;
		link->Flags.ui32.NoAtomics64bit = !kmd->pcie_atomics;
	}
	link->Flags.ui32.NoPeerToPeerDMA = to_gpu && !reachable(gpu);
}

static uint32_t gpu_weight(const struct topology_node *gpu)
{
	return gpu->gpu->kmd.discrete ? PCIE_WEIGHT : INTRA_SOCKET_WEIGHT;
}

/*
 * Two GPUs: through the CPU's root complex, the way to it and the way from it added up.  Neither reaches the other's
 * memory: Windows maps an allocation on the adapter that it belongs to.
 */
static void link_gpus(const struct link_facts *facts, const struct topology_node *from, uint32_t from_index,
		      const struct topology_node *to, uint32_t to_index, HsaIoLinkProperties *link)
{
	uint32_t a = facts->pcie_mbps[from_index], b = facts->pcie_mbps[to_index];

	link->IoLinkType = HSA_IOLINKTYPE_PCIEXPRESS;
	link->Weight = gpu_weight(from) + gpu_weight(to);
	link->MaximumBandwidth = a && b ? MIN(a, b) : MAX(a, b);
	link->Flags.ui32.Override = 1;
	link->Flags.ui32.NonCoherent = 1;
	link->Flags.ui32.NoAtomics32bit = 1;
	link->Flags.ui32.NoAtomics64bit = 1;
	link->Flags.ui32.NoPeerToPeerDMA = 1;
}

/*
 * Adds its links to every node, one per direction.  ROCr passes over a link with NoPeerToPeerDMA: that is what
 * tells it that the CPU cannot write to video memory and that no GPU reaches another's.  Latencies are not known.
 *
 * -ENOMEM; links made until then stay with their nodes.
 */
int io_links_build(struct topology_node *nodes, uint32_t count, const struct link_facts *facts)
{
	for (uint32_t from = 0; from < count && count > 1; from++) {
		HsaIoLinkProperties *link = calloc(count - 1, sizeof(*link));

		if (!link)
			return -ENOMEM;
		nodes[from].links = link;
		nodes[from].link_count = count - 1;
		nodes[from].props.NumIOLinks = count - 1;
		for (uint32_t to = 0; to < count; to++) {
			bool from_gpu = from >= facts->cpu_count, to_gpu = to >= facts->cpu_count;

			if (to == from)
				continue;
			link->NodeFrom = from;
			link->NodeTo = to;
			if (from_gpu && to_gpu)
				link_gpus(facts, &nodes[from], from - facts->cpu_count, &nodes[to],
					  to - facts->cpu_count, link);
			else if (from_gpu)
				link_gpu_cpu(facts, &nodes[from], from - facts->cpu_count, false, link);
			else if (to_gpu)
				link_gpu_cpu(facts, &nodes[to], to - facts->cpu_count, true, link);
			else
				link_cpus(facts, from, to, link);
			link++;
		}
	}
	return 0;
}

/* Puts the links to a GPU right after its frame buffer became public. */
void io_links_reach(struct topology_node *nodes, uint32_t count, uint32_t gpu)
{
	for (uint32_t from = 0; from < count; from++)
		for (uint32_t i = 0; i < nodes[from].link_count && !nodes[from].gpu; i++)
			if (nodes[from].links[i].NodeTo == gpu)
				nodes[from].links[i].Flags.ui32.NoPeerToPeerDMA = !reachable(&nodes[gpu]);
}
