// SPDX-License-Identifier: MIT
#include "topology/topology.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "topology/links.h"
#include "topology/topology_private.h"
#include "util/log.h"

struct topology_snapshot {
	atomic_uint references;
	HsaSystemProperties system;
	uint32_t count;
	struct topology_node *nodes;
};

/*
 * Makes an empty topology; nothing is asked before the first acquire.  `dxg` is borrowed until topology_destroy();
 * NULL where /dev/dxg could not be opened, and `open_error` (negative errno) says why.  -ENOMEM.
 */
int topology_create(struct dxg *dxg, int open_error, const struct topology_options *options,
		    struct topology **out)
{
	struct topology *topology = calloc(1, sizeof(*topology));

	*out = NULL;
	if (!topology)
		return -ENOMEM;
	topology->root = strdup(options->root ? options->root : "");
	if (!topology->root) {
		free(topology);
		return -ENOMEM;
	}
	topology->dxg = dxg;
	topology->open_error = open_error;
	topology->aql_emulation = options->aql_emulation;
	pthread_mutex_init(&topology->lock, NULL);
	pthread_cond_init(&topology->built, NULL);
	*out = topology;
	return 0;
}

/*
 * Closes every adapter handle.  Snapshots may live on, but the GPUs their nodes point to may not be used any more.
 */
void topology_destroy(struct topology *topology)
{
	if (!topology)
		return;
	if (topology->snapshot)
		topology_snapshot_put(topology->snapshot);
	adapters_again_release(topology);
	gpu_discovery_release(topology->dxg, &topology->found);
	pthread_cond_destroy(&topology->built);
	pthread_mutex_destroy(&topology->lock);
	free(topology->root);
	free(topology);
}

/* One reference more. */
struct topology_snapshot *topology_snapshot_get(struct topology_snapshot *snapshot)
{
	atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
	return snapshot;
}

/* One reference less; the last frees the snapshot. */
void topology_snapshot_put(struct topology_snapshot *snapshot)
{
	if (atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) != 1)
		return;
	for (uint32_t i = 0; i < snapshot->count; i++) {
		free(snapshot->nodes[i].banks);
		free(snapshot->nodes[i].caches);
		free(snapshot->nodes[i].links);
	}
	free(snapshot->nodes);
	free(snapshot);
}

/* Only NumNodes is set: the platform fields come from an ACPI table (CRAT) that Hyper-V does not give. */
const HsaSystemProperties *topology_system_properties(const struct topology_snapshot *snapshot)
{
	return &snapshot->system;
}

uint32_t topology_node_count(const struct topology_snapshot *snapshot)
{
	return snapshot->count;
}

/* A node, valid as long as the snapshot; NULL: there is no such id. */
const struct topology_node *topology_node(const struct topology_snapshot *snapshot, uint32_t id)
{
	return id < snapshot->count ? &snapshot->nodes[id] : NULL;
}

/*
 * Reports the frame buffer of a GPU node as one that the CPU reads and writes too, and the links from the CPUs to it as
 * usable.  For whoever acquired the first snapshot, before anybody else sees it: snapshots do not change later.
 */
void topology_make_public(struct topology_snapshot *snapshot, uint32_t id)
{
	struct topology_node *node = &snapshot->nodes[id];

	for (uint32_t i = 0; i < node->bank_count; i++)
		if (node->banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE)
			node->banks[i].HeapType = HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC;
	io_links_reach(snapshot->nodes, snapshot->count, id);
}

static bool gpu_id_taken(const struct topology_snapshot *snapshot, uint32_t gpu_id)
{
	for (uint32_t i = 0; i < snapshot->count; i++)
		if (snapshot->nodes[i].props.KFDGpuID == gpu_id)
			return true;
	return false;
}

static int add_gpu_nodes(struct topology_snapshot *snapshot, struct gpu **gpus, uint32_t gpu_count,
			 bool aql_emulation)
{
	uint32_t processor_id = GPU_FIRST_PROCESSOR_ID;

	for (uint32_t i = 0; i < gpu_count; i++) {
		struct topology_node node;
		int ret = gpu_node_build(gpus[i], processor_id, aql_emulation, &node);

		if (ret)
			return ret;
		while (!node.props.KFDGpuID || gpu_id_taken(snapshot, node.props.KFDGpuID))
			node.props.KFDGpuID = (node.props.KFDGpuID + 1) & 0xffff;
		processor_id += node.props.NumFComputeCores / node.props.NumSIMDPerCU;
		snapshot->nodes[snapshot->count++] = node;
		log_info("node %u: %s (0x%04X), gfx%u%x%x%s", snapshot->count - 1, gpus[i]->pub.name,
			 gpus[i]->pub.kmd.pci.device, gpus[i]->pub.gfx_reported.major,
			 gpus[i]->pub.gfx_reported.minor, gpus[i]->pub.gfx_reported.step,
			 gpus[i]->pub.gfx_overridden ? " by HSA_OVERRIDE_GFX_VERSION" : "");
	}
	return 0;
}

/* Takes the CPU nodes over from `cpus`. */
static int snapshot_create(struct cpu_nodes *cpus, struct gpu **gpus, uint32_t gpu_count, bool aql_emulation,
			   struct topology_snapshot **out)
{
	struct topology_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	struct link_facts facts = {
		.distance = cpus->distance, .intel = cpus->intel, .cpu_count = cpus->count};
	uint32_t *pcie_mbps = calloc(gpu_count + 1, sizeof(*pcie_mbps));
	int ret = -ENOMEM;

	if (!snapshot || !pcie_mbps)
		goto fail;
	atomic_init(&snapshot->references, 1);
	snapshot->nodes = calloc(cpus->count + gpu_count, sizeof(*snapshot->nodes));
	if (!snapshot->nodes)
		goto fail;
	memcpy(snapshot->nodes, cpus->nodes, cpus->count * sizeof(*snapshot->nodes));
	snapshot->count = cpus->count;
	free(cpus->nodes);
	cpus->nodes = NULL;

	for (uint32_t i = 0; i < gpu_count; i++)
		pcie_mbps[i] = gpus[i]->host.pcie_mbps;
	facts.pcie_mbps = pcie_mbps;
	ret = add_gpu_nodes(snapshot, gpus, gpu_count, aql_emulation);
	if (!ret)
		ret = io_links_build(snapshot->nodes, snapshot->count, &facts);
	if (ret)
		goto fail;
	free(pcie_mbps);
	snapshot->system.NumNodes = snapshot->count;
	*out = snapshot;
	return 0;
fail:
	free(pcie_mbps);
	if (snapshot && snapshot->nodes)
		topology_snapshot_put(snapshot);
	else
		free(snapshot);
	return ret;
}

static int build(const struct topology *topology, struct gpu_discovery *found,
		 struct topology_snapshot **snapshot)
{
	struct cpu_nodes cpus;
	int ret = cpu_nodes_read(topology->root, &cpus);

	if (ret)
		return ret;
	ret = gpu_discover(topology->dxg, topology->open_error, topology->root, cpus.count, found);
	if (!ret) {
		ret = snapshot_create(&cpus, found->gpus, found->count, topology->aql_emulation, snapshot);
		if (ret)
			gpu_discovery_release(topology->dxg, found);
	}
	cpu_nodes_release(&cpus);
	return ret;
}

/*
 * Gives the caller a reference on the snapshot of the system.  The first one reads the machine and the host; what it
 * found stays, so that node ids and adapter handles are the same for every acquire.  After a failure nothing
 * is kept, and the next acquire tries again.  Threads may call it at the same time; one reads, the others wait.
 *
 * -ENOMEM; -EINVAL: HSA_OVERRIDE_GFX_VERSION cannot be understood; what listing the adapters failed with.
 */
int topology_acquire(struct topology *topology, struct topology_snapshot **out)
{
	struct topology_snapshot *snapshot = NULL;
	struct gpu_discovery found;
	int ret = 0;

	*out = NULL;
	pthread_mutex_lock(&topology->lock);
	while (topology->building)
		pthread_cond_wait(&topology->built, &topology->lock);
	if (!topology->snapshot) {
		topology->building = true;
		pthread_mutex_unlock(&topology->lock);
		ret = build(topology, &found, &snapshot);
		pthread_mutex_lock(&topology->lock);
		topology->building = false;
		pthread_cond_broadcast(&topology->built);
		if (!ret) {
			topology->snapshot = snapshot;
			topology->found = found;
		}
	}
	if (!ret)
		*out = topology_snapshot_get(topology->snapshot);
	pthread_mutex_unlock(&topology->lock);
	return ret;
}

/*
 * The adapters that Windows lists and that are no nodes.  None before the first successful acquire; valid until
 * topology_destroy().
 */
uint32_t topology_hidden(struct topology *topology, const struct topology_hidden **hidden)
{
	uint32_t count;

	pthread_mutex_lock(&topology->lock);
	*hidden = topology->found.hidden;
	count = topology->found.hidden_count;
	pthread_mutex_unlock(&topology->lock);
	return count;
}
