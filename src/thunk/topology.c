// SPDX-License-Identifier: MIT
/*
 * The topology queries.  Between acquire and release they read the snapshot: no ioctl, no lock held
 * while copying.
 */
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "abi/abi.h"
#include "thunk/process.h"
#include "thunk/status.h"
#include "topology/topology.h"
#include "util/compiler.h"

/* A node of the current snapshot between node_enter() and node_leave(). */
struct node_call {
	struct process *process;
	struct topology_snapshot *snapshot;
	const struct topology_node *node;
};

static HSAKMT_STATUS node_enter(struct node_call *call, HSAuint32 id)
{
	HSAKMT_STATUS status = process_enter(&call->process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	call->snapshot = process_snapshot(call->process);
	call->node = call->snapshot ? topology_node(call->snapshot, id) : NULL;
	if (call->node)
		return HSAKMT_STATUS_SUCCESS;
	if (call->snapshot)
		topology_snapshot_put(call->snapshot);
	process_leave();
	return HSAKMT_STATUS_INVALID_NODE_UNIT;
}

static void node_leave(struct node_call *call)
{
	topology_snapshot_put(call->snapshot);
	process_leave();
}

/*
 * Takes (building it the first time) the snapshot of the system.  References are counted, so that
 * two users in one process do not take it from each other.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtAcquireSystemProperties(HsaSystemProperties *SystemProperties)
{
	struct topology_snapshot *snapshot;
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!SystemProperties)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	else
		status = process_acquire_snapshot(process, &snapshot);
	if (status == HSAKMT_STATUS_SUCCESS)
		*SystemProperties = *topology_system_properties(snapshot);
	process_leave();
	return status;
}

/* SUCCESS always, as in libhsakmt: ROCr releases once before its first acquire. */
HSAKMT_STATUS HSAKMTAPI hsaKmtReleaseSystemProperties(void)
{
	struct process *process;

	if (process_enter(&process) == HSAKMT_STATUS_SUCCESS) {
		process_release_snapshot(process);
		process_leave();
	}
	return HSAKMT_STATUS_SUCCESS;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeProperties(HSAuint32 NodeId, HsaNodeProperties *NodeProperties)
{
	struct node_call call;
	HSAKMT_STATUS status;

	if (!NodeProperties)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	status = node_enter(&call, NodeId);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	abi_write_node_properties(abi_current(), &call.node->props, NodeProperties);
	node_leave(&call);
	return HSAKMT_STATUS_SUCCESS;
}

/* More banks asked for than the node has is no error: the rest is zero. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeMemoryProperties(HSAuint32 NodeId, HSAuint32 NumBanks,
						      HsaMemoryProperties *MemoryProperties)
{
	struct node_call call;
	HSAKMT_STATUS status;
	uint32_t count;

	if (!MemoryProperties)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	status = node_enter(&call, NodeId);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	count = MIN(NumBanks, call.node->bank_count);
	memcpy(MemoryProperties, call.node->banks, count * sizeof(*MemoryProperties));
	memset(MemoryProperties + count, 0, (NumBanks - count) * sizeof(*MemoryProperties));
	node_leave(&call);
	return HSAKMT_STATUS_SUCCESS;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeCacheProperties(HSAuint32 NodeId, HSAuint32 ProcessorId,
						     HSAuint32 NumCaches, HsaCacheProperties *CacheProperties)
{
	struct node_call call;
	HSAKMT_STATUS status;

	(void)ProcessorId; /* ignored by libhsakmt too: a node lists all its caches */
	if (!CacheProperties)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	status = node_enter(&call, NodeId);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (NumCaches > call.node->cache_count)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	else
		abi_write_caches(abi_current(), call.node->caches, NumCaches, CacheProperties);
	node_leave(&call);
	return status;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeIoLinkProperties(HSAuint32 NodeId, HSAuint32 NumIoLinks,
						      HsaIoLinkProperties *IoLinkProperties)
{
	struct node_call call;
	HSAKMT_STATUS status;

	if (!IoLinkProperties)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	status = node_enter(&call, NodeId);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (NumIoLinks > call.node->link_count)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	else
		abi_write_io_links(abi_current(), call.node->links, NumIoLinks, IoLinkProperties);
	node_leave(&call);
	return status;
}

/* The frequency of the GPU's timestamp counter in Hz; a CPU node has none. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetNodeWallclockFrequency(HSAuint32 NodeId, uint64_t *Frequency)
{
	struct node_call call;
	HSAKMT_STATUS status;

	if (!Frequency)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	status = node_enter(&call, NodeId);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (call.node->gpu)
		*Frequency = call.node->gpu->wallclock_hz;
	else
		status = HSAKMT_STATUS_INVALID_NODE_UNIT;
	node_leave(&call);
	return status;
}

/* GPU, host CPU and system clock of one instant. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetClockCounters(HSAuint32 NodeId, HsaClockCounters *Counters)
{
	struct node_call call;
	HSAKMT_STATUS status = node_enter(&call, NodeId);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!Counters)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	else if (topology_clock_counters(call.process->topology, call.node, Counters))
		status = HSAKMT_STATUS_ERROR;
	node_leave(&call);
	return status;
}

/*
 * Tiling tables exist up to gfx8; later hardware has none, and no entry is reported.  The caller's
 * arrays are zeroed over the lengths given.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetTileConfig(HSAuint32 NodeId, HsaGpuTileConfig *config)
{
	struct node_call call;
	HSAKMT_STATUS status = node_enter(&call, NodeId);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!config) {
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	} else if (!call.node->gpu) {
		status = HSAKMT_STATUS_ERROR;
	} else {
		if (config->TileConfig)
			memset(config->TileConfig, 0, config->NumTileConfigs * sizeof(*config->TileConfig));
		if (config->MacroTileConfig)
			memset(config->MacroTileConfig, 0,
			       config->NumMacroTileConfigs * sizeof(*config->MacroTileConfig));
		config->NumTileConfigs = 0;
		config->NumMacroTileConfigs = 0;
		config->GbAddrConfig = 0;
		config->NumBanks = 0;
		config->NumRanks = 0;
	}
	node_leave(&call);
	return status;
}

/* An opaque, stable, non-NULL value per GPU, for the calls of this library that take one. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetAMDGPUDeviceHandle(HSAuint32 NodeId, HsaAMDGPUDeviceHandle *DeviceHandle)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	int gpu;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = process_check_node(process, NodeId, &gpu);
	if (status == HSAKMT_STATUS_SUCCESS && gpu < 0)
		status = HSAKMT_STATUS_INVALID_NODE_UNIT;
	if (status == HSAKMT_STATUS_SUCCESS && !DeviceHandle)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	if (status == HSAKMT_STATUS_SUCCESS)
		*DeviceHandle = process->gpus[gpu];
	process_leave();
	return status;
}
