// SPDX-License-Identifier: MIT
/* Inside the topology: a GPU on its way from adapter to node. */
#ifndef TOPOLOGY_GPU_H
#define TOPOLOGY_GPU_H

#include "topology/devices.h"
#include "topology/topology.h"

/* Of the Linux amdkfd (kfd_crat.c): GPU processor ids start here, and each GPU takes one per compute unit. */
#define GPU_FIRST_PROCESSOR_ID 0x80001000U

#define GPU_MAX_ARRAYS 512U

/* Answers to Microsoft-defined queries; 0 and "": not answered, or not plausible. */
struct gpu_host_answers {
	char name[3 * HSA_PUBLIC_NAME_SIZE];
	uint32_t engine_mhz;
	uint32_t memory_mhz;
	uint32_t pcie_mbps;
};

struct gpu {
	struct topology_gpu pub;
	struct device_info device;
	struct gpu_host_answers host;
};

/* How many compute units there are and where. */
struct gpu_geometry {
	uint32_t engines;
	uint32_t arrays_per_engine;
	uint32_t compute_units;
	uint32_t largest_array; /* compute units; harvested parts have smaller arrays beside it */
	uint16_t array[GPU_MAX_ARRAYS];
};

/* gpu_geometry.c */
int gpu_geometry_resolve(struct gpu *gpu, struct gpu_geometry *geometry);

/* gpu_query.c */
void gpu_query_host(struct dxg *dxg, struct gpu *gpu);

/* gpu_name.c */
void gpu_name_resolve(const char *root, struct gpu *gpu);

/* gpu_node.c */
int gpu_node_build(struct gpu *gpu, uint32_t first_processor_id, bool aql_emulation,
		   struct topology_node *node);

/* gpu_cache.c */
int gpu_caches_build(struct gpu *gpu, const struct gpu_geometry *geometry, uint32_t first_processor_id,
		     HsaCacheProperties **caches, uint32_t *count);

/* discover.c */
struct gpu_discovery {
	struct gpu **gpus;
	uint32_t count;
	struct topology_hidden *hidden;
	uint32_t hidden_count;
};

int gpu_discover(struct dxg *dxg, int open_error, const char *root, uint32_t first_node,
		 struct gpu_discovery *out);
void gpu_discovery_release(struct dxg *dxg, struct gpu_discovery *found);

/* again.c */
void adapters_again_release(struct topology *topology);
d3dkmt_handle adapter_latest(struct topology *topology, const struct topology_gpu *gpu);

static inline void gpu_origin(struct gpu *gpu, enum property property, enum origin origin)
{
	gpu->pub.origin[property] = origin;
}

/* A table value, with its origin; 0 and ORIGIN_ABSENT where the table has none. */
static inline uint32_t gpu_table_value(struct gpu *gpu, enum device_column column, enum property property)
{
	enum origin origin = gpu->device.origin[column];

	gpu_origin(gpu, property, origin == ORIGIN_UNSET ? ORIGIN_ABSENT : origin);
	return gpu->device.value[column];
}

#endif
