// SPDX-License-Identifier: MIT
/*
 * Standard queries that pay: what they answer is on no other way to be had from the host.  Each is one round
 * trip, and none is needed: a host that refuses one leaves the value to the device table.
 */
#include <stddef.h>
#include <string.h>

#include "topology/gpu.h"
#include "topology/utf.h"
#include "util/log.h"

/* Microsoft: KMTQUERYADAPTERINFOTYPE, d3dkmthk.h */
#define KMTQAITYPE_ADAPTERREGISTRYINFO	8U
#define KMTQAITYPE_NODEPERFDATA		61U
#define KMTQAITYPE_ADAPTERPERFDATA	62U
#define KMTQAITYPE_ADAPTERPERFDATA_CAPS 63U

#define HZ_PER_MHZ   1000000U
#define BYTES_PER_MB 1000000U

/* Microsoft: D3DKMT_ADAPTERREGISTRYINFO */
struct adapter_registry_info {
	uint16_t adapter_string[260];
	uint16_t bios_string[260];
	uint16_t dac_type[260];
	uint16_t chip_type[260];
};

/* Microsoft: D3DKMT_NODE_PERFDATA */
struct node_perf_data {
	uint32_t node; /* in */
	uint32_t physical_adapter;
	uint64_t frequency; /* Hz */
	uint64_t max_frequency;
	uint64_t max_frequency_oc;
	uint32_t voltage;
	uint32_t voltage_max;
	uint32_t voltage_max_oc;
	uint32_t reserved;
	uint64_t max_transition_latency;
};

/* Microsoft: D3DKMT_ADAPTER_PERFDATA */
struct adapter_perf_data {
	uint32_t physical_adapter; /* in */
	uint32_t reserved;
	uint64_t memory_frequency; /* Hz */
	uint64_t max_memory_frequency;
	uint64_t max_memory_frequency_oc;
	uint64_t memory_bandwidth;
	uint64_t pcie_bandwidth;
	uint32_t fan_rpm;
	uint32_t power;
	uint32_t temperature;
	uint32_t power_state_override;
};

/* Microsoft: D3DKMT_ADAPTER_PERFDATACAPS */
struct adapter_perf_caps {
	uint32_t physical_adapter; /* in */
	uint32_t reserved;
	uint64_t max_memory_bandwidth; /* bytes per second */
	uint64_t max_pcie_bandwidth;
	uint32_t max_fan_rpm;
	uint32_t temperature_max;
	uint32_t temperature_warning;
	uint32_t reserved2;
};

_Static_assert(sizeof(struct adapter_registry_info) == 2080, "the host checks the size");
_Static_assert(sizeof(struct node_perf_data) == 56, "the host checks the size");
_Static_assert(offsetof(struct node_perf_data, max_frequency) == 16, "Microsoft's layout");
_Static_assert(sizeof(struct adapter_perf_data) == 64, "the host checks the size");
_Static_assert(sizeof(struct adapter_perf_caps) == 40, "the host checks the size");

static bool query(struct dxg *dxg, const struct gpu *gpu, uint32_t type, void *data, uint32_t size,
		  const char *what)
{
	int ret = dxg_query_adapter_info(dxg, gpu->pub.adapter, type, data, size);

	if (ret)
		log_debug("adapter %08x:%08x: the host does not tell its %s: %s", gpu->pub.luid.b,
			  gpu->pub.luid.a, what, strerror(-ret));
	return !ret;
}

static uint32_t scaled(uint64_t value, uint32_t unit, uint32_t min, uint32_t max)
{
	value /= unit;
	return value >= min && value <= max ? (uint32_t)value : 0;
}

/*
 * Four round trips: the product's name as Windows shows it; the boost clock of the engine that has the
 * shaders; the memory clock; the width of the PCIe link, for discrete adapters only.  The buffers start as zeros,
 * which an old host without statuses returns unchanged when it refuses.
 */
void gpu_query_host(struct dxg *dxg, struct gpu *gpu)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;
	struct adapter_registry_info registry = {0};
	struct node_perf_data node = {0};
	struct adapter_perf_data adapter = {0};
	struct adapter_perf_caps caps = {0};

	/* the graphics node is the one drivers report the shader clock for; compute shares that clock */
	node.node = kmd->graphics_node != KMD_NO_NODE ? kmd->graphics_node : kmd->compute_node;
	if (query(dxg, gpu, KMTQAITYPE_ADAPTERREGISTRYINFO, &registry, sizeof(registry), "name"))
		utf8_from_utf16(registry.adapter_string, ARRAY_SIZE(registry.adapter_string), gpu->host.name,
				sizeof(gpu->host.name));
	if (query(dxg, gpu, KMTQAITYPE_NODEPERFDATA, &node, sizeof(node), "engine clock"))
		gpu->host.engine_mhz = scaled(node.max_frequency, HZ_PER_MHZ, 100, 10000);
	if (query(dxg, gpu, KMTQAITYPE_ADAPTERPERFDATA, &adapter, sizeof(adapter), "memory clock"))
		gpu->host.memory_mhz = scaled(adapter.max_memory_frequency, HZ_PER_MHZ, 100, 20000);
	if (kmd->discrete &&
	    query(dxg, gpu, KMTQAITYPE_ADAPTERPERFDATA_CAPS, &caps, sizeof(caps), "PCIe bandwidth"))
		gpu->host.pcie_mbps = scaled(caps.max_pcie_bandwidth, BYTES_PER_MB, 100, 1000000);
}
