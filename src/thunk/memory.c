// SPDX-License-Identifier: MIT
/*
 * Memory: flags and node ids of the API become requests to the address space, and its errors statuses.
 * The order of the checks is libhsakmt's.  Before the first acquire there is no address space, and no
 * address is known.
 */
#include "memory/memory.h"

#include <errno.h>
#include <numa.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "dxg/dxg.h"
#include "gsp/device.h"
#include "thunk/process.h"
#include "thunk/status.h"
#include "topology/topology.h"
#include "util/compiler.h"
#include "util/log.h"

/* A refusal for lack of memory is told from every other one; libhsakmt has no more words than these two. */
static HSAKMT_STATUS memory_status(int error)
{
	switch (error) {
	case 0:
		return HSAKMT_STATUS_SUCCESS;
	case -ENOMEM:
	case -ENOSPC: /* a GPU's memory, as distinct from the host's */
		return HSAKMT_STATUS_NO_MEMORY;
	case -EINVAL:
		return HSAKMT_STATUS_INVALID_PARAMETER;
	case -EOPNOTSUPP:
		return HSAKMT_STATUS_NOT_SUPPORTED;
	default:
		return HSAKMT_STATUS_ERROR;
	}
}

static uint64_t page_size_of(HsaMemFlags flags)
{
	static const uint64_t sizes[] = {1ULL << 12, 1ULL << 16, 1ULL << 21, 1ULL << 30};

	return sizes[flags.ui32.PageSize];
}

/* Whether the request is for memory of the host, wherever the node id points. */
static bool wants_host_memory(int gpu, HsaMemFlags flags)
{
	return gpu < 0 || !flags.ui32.NonPaged || flags.ui32.GTTAccess;
}

static HSAKMT_STATUS check_flags(HsaMemFlags flags, HSAuint64 alignment)
{
	if (flags.ui32.CoarseGrain && flags.ui32.ExtendedCoherent)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.ExtendedCoherent && flags.ui32.Uncached)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.Scratch && alignment)
		return HSAKMT_STATUS_NOT_IMPLEMENTED;
	/* physically contiguous memory cannot be asked of the host; there is no global data share from gfx10 on */
	if (flags.ui32.Contiguous || flags.ui32.GDSMemory)
		return HSAKMT_STATUS_NOT_SUPPORTED;
	/* memory without an address is mapped by the virtual memory API, which is refused as a whole */
	if (flags.ui32.NoAddress)
		return HSAKMT_STATUS_NOT_SUPPORTED;
	return HSAKMT_STATUS_SUCCESS;
}

static uint32_t request_flags(HsaMemFlags flags)
{
	return (flags.ui32.ExecuteAccess ? MEMORY_EXECUTABLE : 0) |
	       (flags.ui32.Uncached ? MEMORY_UNCACHED : 0) | (flags.ui32.CoarseGrain ? MEMORY_COARSE : 0) |
	       (flags.ui32.ReadOnly ? MEMORY_READ_ONLY : 0) |
	       (flags.ui32.FixedAddress ? MEMORY_FIXED_ADDRESS : 0);
}

static HSAKMT_STATUS allocate(struct process *process, HSAuint32 node, int gpu, HSAuint64 size,
			      HSAuint64 alignment, HsaMemFlags flags, void **address)
{
	struct memory_request request = {
		.size = size,
		.alignment = alignment || flags.ui32.PageSize ? MAX(alignment, page_size_of(flags)) : 0,
		.flags = request_flags(flags),
		.fixed = flags.ui32.FixedAddress ? *address : NULL,
		.gpu = gpu < 0 ? MEMORY_HOST : (uint32_t)gpu,
		.caller_node = node,
		.caller_flags = flags.Value,
	};

	if (flags.ui32.Scratch && gpu < 0)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.Scratch) {
		request.kind = MEMORY_SCRATCH;
	} else if (flags.ui32.OnlyAddress) {
		request.kind = MEMORY_ADDRESS;
	} else if (wants_host_memory(gpu, flags)) {
		request.kind = MEMORY_SYSTEM;
		request.gpu = MEMORY_HOST;
	} else {
		request.kind = MEMORY_LOCAL;
	}
	*address = NULL;
	return memory_status(memory_alloc(process->memory, &request, address));
}

/*
 * Lets the pages of host memory come from the NUMA node that was asked for, if they can: a wish, as in
 * libhsakmt.  They are not there yet, so nothing has to move.
 */
static void prefer_numa_node(struct process *process, HSAuint32 node, void *address, HSAuint64 size)
{
	struct topology_snapshot *snapshot = process_snapshot(process);
	const struct topology_node *cpu = snapshot ? topology_node(snapshot, node) : NULL;

	if (cpu && !cpu->gpu && cpu->numa_node != UINT32_MAX && numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(address, size, (int)cpu->numa_node);
	if (snapshot)
		topology_snapshot_put(snapshot);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtAllocMemoryAlign(HSAuint32 PreferredNode, HSAuint64 SizeInBytes,
					       HSAuint64 Alignment, HsaMemFlags MemFlags,
					       void **MemoryAddress)
{
	uint64_t page = page_size_of(MemFlags);
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	int gpu;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = process_check_node(process, PreferredNode, &gpu);
	if (status != HSAKMT_STATUS_SUCCESS)
		goto out;
	status = HSAKMT_STATUS_INVALID_PARAMETER;
	if (Alignment && (Alignment < page || !IS_POWER_OF_TWO(Alignment)))
		goto out;
	if (!MemoryAddress || !SizeInBytes || !IS_ALIGNED(SizeInBytes, page))
		goto out;
	if (MemFlags.ui32.FixedAddress && !*MemoryAddress)
		goto out;
	if (!MemFlags.ui32.FixedAddress)
		*MemoryAddress = NULL;
	status = check_flags(MemFlags, Alignment);
	if (status == HSAKMT_STATUS_SUCCESS)
		status = allocate(process, PreferredNode, gpu, SizeInBytes, Alignment, MemFlags,
				  MemoryAddress);
	if (status == HSAKMT_STATUS_SUCCESS && gpu < 0 && !MemFlags.ui32.OnlyAddress &&
	    !MemFlags.ui32.NoNUMABind)
		prefer_numa_node(process, PreferredNode, *MemoryAddress, SizeInBytes);
out:
	process_leave();
	return status;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtAllocMemory(HSAuint32 PreferredNode, HSAuint64 SizeInBytes,
					  HsaMemFlags MemFlags, void **MemoryAddress)
{
	return hsaKmtAllocMemoryAlign(PreferredNode, SizeInBytes, 0, MemFlags, MemoryAddress);
}

/* Frees a buffer by its start; the size is ignored, as in libhsakmt. */
HSAKMT_STATUS HSAKMTAPI hsaKmtFreeMemory(void *MemoryAddress, HSAuint64 SizeInBytes)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	int ret;

	(void)SizeInBytes;
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!MemoryAddress)
		ret = -EINVAL;
	else
		ret = process->memory ? memory_free(process->memory, MemoryAddress) : -ENOENT;
	if (ret == -ENOENT)
		status = HSAKMT_STATUS_MEMORY_NOT_REGISTERED;
	else if (ret)
		status = HSAKMT_STATUS_ERROR;
	process_leave();
	return status;
}

/* What the budget leaves in one segment group.  -ENODATA: the group is empty, or the host does not tell. */
static int group_available(struct gsp_device *gpu, enum d3dkmt_memory_segment_group group, uint64_t *bytes)
{
	struct dxg_video_memory memory;
	int ret = dxg_query_video_memory(gsp_device_dxg(gpu), gsp_device_adapter(gpu), group, &memory);

	*bytes = !ret && memory.budget > memory.usage ? memory.budget - memory.usage : 0;
	return gsp_device_result(gpu, ret);
}

/*
 * The sum over the groups that a GPU's memory may be in.  Windows may put all segments of a GPU with unified
 * memory into one group (Microsoft: DXGI_MEMORY_SEGMENT_GROUP); the other one is then empty.
 */
static int available(struct gsp_device *gpu, uint64_t *bytes)
{
	int ret = group_available(gpu, D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL, bytes), other;
	uint64_t shared;

	if (gsp_device_info(gpu)->discrete || (ret && ret != -ENODATA))
		return ret;
	other = group_available(gpu, D3DKMT_MEMORY_SEGMENT_GROUP_NON_LOCAL, &shared);
	*bytes += shared;
	return other == -ENODATA ? ret : other;
}

/*
 * What the budget of this process leaves on a GPU, in bytes; on an integrated one with the system
 * memory it shares.  ERROR when the host does not tell: never a number that means nothing.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtAvailableMemory(HSAuint32 Node, HSAuint64 *AvailableBytes)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	uint64_t bytes;
	int gpu;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = process_check_node(process, Node, &gpu);
	if (status == HSAKMT_STATUS_SUCCESS && gpu < 0)
		status = HSAKMT_STATUS_ERROR;
	if (status == HSAKMT_STATUS_SUCCESS && !AvailableBytes)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	if (status == HSAKMT_STATUS_SUCCESS) {
		if (available(process->gpus[gpu], &bytes))
			status = HSAKMT_STATUS_ERROR;
		else
			*AvailableBytes = bytes;
	}
	process_leave();
	return status;
}

/* Turns an array of node ids into GPU indices.  A CPU node cannot be mapped to. */
static HSAKMT_STATUS gpus_of_nodes(struct process *process, const HSAuint32 *nodes, HSAuint64 count,
				   uint32_t **gpus)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;

	*gpus = NULL;
	if (!nodes || !count || count > MEMORY_MAX_GPUS * 16)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	*gpus = calloc(count, sizeof(**gpus));
	if (!*gpus)
		return HSAKMT_STATUS_NO_MEMORY;
	for (HSAuint64 i = 0; i < count && status == HSAKMT_STATUS_SUCCESS; i++) {
		int gpu;

		status = process_check_node(process, nodes[i], &gpu);
		if (status == HSAKMT_STATUS_SUCCESS && gpu < 0)
			status = HSAKMT_STATUS_ERROR;
		(*gpus)[i] = (uint32_t)gpu;
	}
	if (status != HSAKMT_STATUS_SUCCESS) {
		free(*gpus);
		*gpus = NULL;
	}
	return status;
}

static HSAKMT_STATUS map(struct process *process, void *address, HSAuint64 size, HSAuint64 *alternate,
			 const uint32_t *gpus, uint32_t count, HSAKMT_STATUS unknown)
{
	int ret;

	/* the address is the same on CPU and GPU; only another one would be told here */
	if (alternate)
		*alternate = 0;
	ret = process->memory ? memory_map(process->memory, address, size, gpus, count, NULL) : -ENOENT;
	return ret == -ENOENT ? unknown : memory_status(ret);
}

/* Maps a buffer on every GPU that can reach it; inside a scratch reservation, a piece of it on its GPU. */
HSAKMT_STATUS HSAKMTAPI hsaKmtMapMemoryToGPU(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
					     HSAuint64 *AlternateVAGPU)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = HSAKMT_STATUS_ERROR;
	if (MemoryAddress)
		status = map(process, MemoryAddress, MemorySizeInBytes, AlternateVAGPU, NULL, 0,
			     HSAKMT_STATUS_INVALID_PARAMETER);
	process_leave();
	return status;
}

/* Maps a buffer on these GPUs and on no others. */
HSAKMT_STATUS HSAKMTAPI hsaKmtMapMemoryToGPUNodes(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						  HSAuint64 *AlternateVAGPU, HsaMemFlags MemFlags,
						  HSAuint64 NumberOfNodes, HSAuint32 *NodeArray)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	uint32_t *gpus;

	(void)MemFlags; /* ignored by libhsakmt too */
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!MemoryAddress) {
		process_leave();
		return HSAKMT_STATUS_ERROR;
	}
	status = gpus_of_nodes(process, NodeArray, NumberOfNodes, &gpus);
	if (status == HSAKMT_STATUS_SUCCESS)
		status = map(process, MemoryAddress, MemorySizeInBytes, AlternateVAGPU, gpus,
			     (uint32_t)NumberOfNodes, HSAKMT_STATUS_ERROR);
	free(gpus);
	process_leave();
	return status;
}

/* SUCCESS for NULL and for a buffer that is not mapped, as in libhsakmt; ERROR for an unknown address. */
HSAKMT_STATUS HSAKMTAPI hsaKmtUnmapMemoryToGPU(void *MemoryAddress)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!MemoryAddress)
		log_debug("hsaKmtUnmapMemoryToGPU of NULL");
	else if (!process->memory || memory_unmap(process->memory, MemoryAddress))
		status = HSAKMT_STATUS_ERROR;
	process_leave();
	return status;
}

/*
 * Describes the buffer a pointer leads into.  An unknown pointer is type UNKNOWN and ERROR, as in
 * libhsakmt.  The node array stays valid until the buffer is mapped differently or freed.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtQueryPointerInfo(const void *Pointer, HsaPointerInfo *PointerInfo)
{
	struct memory_info info;
	struct process *process;
	HSAKMT_STATUS status;

	if (PointerInfo)
		memset(PointerInfo, 0, sizeof(*PointerInfo)); /* HSA_POINTER_UNKNOWN */
	status = process_enter(&process);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!PointerInfo) {
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	} else if (!process->memory || memory_lookup(process->memory, Pointer, &info)) {
		status = HSAKMT_STATUS_ERROR;
	} else {
		PointerInfo->Type = info.kind == MEMORY_SYSTEM || info.kind == MEMORY_LOCAL
					    ? HSA_POINTER_ALLOCATED
					    : HSA_POINTER_RESERVED_ADDR;
		PointerInfo->Node = info.caller_node;
		PointerInfo->MemFlags.Value = info.caller_flags;
		PointerInfo->CPUAddress = info.start;
		PointerInfo->GPUAddress = ptr_to_u64(info.start);
		PointerInfo->SizeInBytes = info.size;
		PointerInfo->NMappedNodes = info.node_count;
		PointerInfo->MappedNodes = info.nodes;
		PointerInfo->UserData = info.user_data;
	}
	process_leave();
	return status;
}

/* Attaches a value of the caller's to the buffer a pointer leads into; NULL takes it away. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetMemoryUserData(const void *Pointer, void *UserData)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!process->memory || memory_set_user_data(process->memory, Pointer, UserData))
		status = HSAKMT_STATUS_ERROR;
	process_leave();
	return status;
}

/* Alternate cache policies exist on gfx700 only, which has no WDDM 2 driver. */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetMemoryPolicy(HSAuint32 Node, HSAuint32 DefaultPolicy,
					      HSAuint32 AlternatePolicy, void *MemoryAddressAlternate,
					      HSAuint64 MemorySizeInBytes)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	int gpu;

	(void)DefaultPolicy;
	(void)AlternatePolicy;
	(void)MemoryAddressAlternate;
	(void)MemorySizeInBytes;
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = process_check_node(process, Node, &gpu);
	process_leave();
	return status == HSAKMT_STATUS_SUCCESS ? HSAKMT_STATUS_NOT_IMPLEMENTED : status;
}
