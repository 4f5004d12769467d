// SPDX-License-Identifier: MIT
/*
 * Allocation: flags and node ids of the API become a request for memory.  The order of the checks is
 * libhsakmt's.  docs/memory.md has what each flag does.
 */
#include "thunk/allocate.h"

#include <errno.h>
#include <numa.h>

#include <hsakmt/hsakmt.h>

#include "memory/memory.h"
#include "thunk/process.h"
#include "thunk/status.h"
#include "topology/topology.h"
#include "util/compiler.h"

#define VRAM_GRAIN (64ULL << 10) /* of its addresses */

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

static HSAKMT_STATUS check_flags(int gpu, HsaMemFlags flags, uint64_t alignment)
{
	if (flags.ui32.CoarseGrain && flags.ui32.ExtendedCoherent)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.ExtendedCoherent && flags.ui32.Uncached)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.CachePolicy >= HSA_CACHING_RESERVED || flags.ui32.Reserved)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.NoAddress && (flags.ui32.OnlyAddress || flags.ui32.Scratch || flags.ui32.FixedAddress))
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.Scratch && alignment)
		return HSAKMT_STATUS_NOT_IMPLEMENTED;
	if (flags.ui32.Scratch && gpu < 0)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	/* physically contiguous memory cannot be asked of the host; there is no global data share from gfx10 on */
	if (flags.ui32.Contiguous || flags.ui32.GDSMemory)
		return HSAKMT_STATUS_NOT_SUPPORTED;
	/* what gives host pages a place later would be a file, which GPUs cannot be given */
	if (flags.ui32.NoAddress && wants_host_memory(gpu, flags))
		return HSAKMT_STATUS_NOT_SUPPORTED;
	return HSAKMT_STATUS_SUCCESS;
}

static enum memory_kind kind_of(int gpu, HsaMemFlags flags)
{
	if (flags.ui32.Scratch)
		return MEMORY_SCRATCH;
	if (flags.ui32.OnlyAddress)
		return MEMORY_ADDRESS;
	if (wants_host_memory(gpu, flags))
		return MEMORY_SYSTEM;
	return flags.ui32.NoAddress ? MEMORY_PHYSICAL : MEMORY_LOCAL;
}

static uint32_t request_flags(HsaMemFlags flags)
{
	/* coherence of atomics with everybody is had by caching in no L2 */
	bool uncached = flags.ui32.Uncached || flags.ui32.ExtendedCoherent ||
			flags.ui32.CachePolicy == HSA_CACHING_NONCACHED;

	return (flags.ui32.ExecuteAccess ? MEMORY_EXECUTABLE : 0) | (uncached ? MEMORY_UNCACHED : 0) |
	       (flags.ui32.CoarseGrain ? MEMORY_COARSE : 0) | (flags.ui32.ReadOnly ? MEMORY_READ_ONLY : 0) |
	       (flags.ui32.FixedAddress ? MEMORY_FIXED_ADDRESS : 0);
}

/*
 * Lets the pages of host memory come from the NUMA node that was asked for, if they can: a wish, as in
 * libhsakmt.  They are not there yet, so nothing has to move.
 */
static void prefer_numa_node(struct process *process, uint32_t node, void *address, uint64_t size)
{
	struct topology_snapshot *snapshot = process_snapshot(process);
	const struct topology_node *cpu = snapshot ? topology_node(snapshot, node) : NULL;

	if (cpu && !cpu->gpu && cpu->numa_node != UINT32_MAX && numa_available() >= 0 && numa_max_node() > 0)
		numa_tonode_memory(address, size, (int)cpu->numa_node);
	if (snapshot)
		topology_snapshot_put(snapshot);
}

/*
 * VRAM for code objects.  Their kernel descriptors are read by the CPU whenever a dispatch is translated, which it cannot do in
 * private VRAM: they go where it can, and the caller is told of what he asked for.
 */
static int allocate_code(const struct process *process, struct memory_request *request, void **address)
{
	int ret;

	/* what memory_alloc() lets be visible */
	if (process->bar != PROCESS_BAR_OFF && !request->fixed && !request->highest &&
	    request->alignment <= VRAM_GRAIN) {
		request->flags |= MEMORY_CPU_VISIBLE;
		ret = memory_alloc(process->memory, request, address);
		if (ret != -ENOSPC && ret != -ENOMEM)
			return ret;
		request->flags &= ~MEMORY_CPU_VISIBLE;
	}
	request->kind = MEMORY_SYSTEM;
	request->gpu = MEMORY_HOST;
	request->alignment = MAX(request->alignment, VRAM_GRAIN);
	return memory_alloc(process->memory, request, address);
}

/* What the checks let through.  A fixed address is handed in by *address. */
static HSAKMT_STATUS request_memory(struct process *process, uint32_t node, int gpu, uint64_t size,
				    HsaMemFlags flags, const struct allocate_options *options, void **address)
{
	enum memory_kind kind = kind_of(gpu, flags);
	struct memory_request request = {
		.kind = kind,
		.gpu = gpu < 0 || kind == MEMORY_SYSTEM ? MEMORY_HOST : (uint32_t)gpu,
		.flags = request_flags(flags),
		.size = size,
		.alignment = options->alignment || flags.ui32.PageSize
				     ? MAX(options->alignment, page_size_of(flags))
				     : 0,
		.fixed = flags.ui32.FixedAddress ? *address : NULL,
		.lowest = options->lowest,
		.highest = options->highest,
		.caller_node = node,
		.caller_flags = flags.Value,
	};
	int ret;

	if (options->cpu_visible ||
	    (kind == MEMORY_LOCAL && flags.ui32.HostAccess && process->bar != PROCESS_BAR_OFF))
		request.flags |= MEMORY_CPU_VISIBLE;
	*address = NULL;
	if (kind == MEMORY_LOCAL && flags.ui32.ExecuteAccess && !(request.flags & MEMORY_CPU_VISIBLE))
		ret = allocate_code(process, &request, address);
	else
		ret = memory_alloc(process->memory, &request, address);
	if (!ret && gpu < 0 && kind == MEMORY_SYSTEM && !flags.ui32.NoNUMABind)
		prefer_numa_node(process, node, *address, size);
	return status_from_memory_error(ret);
}

/*
 * Allocates on a node.  *address is where (FixedAddress: in and out), NULL when nothing was allocated.  The
 * statuses are in docs/memory.md.
 */
HSAKMT_STATUS allocate(struct process *process, uint32_t node, uint64_t size, HsaMemFlags flags,
		       const struct allocate_options *options, void **address)
{
	uint64_t page = page_size_of(flags);
	HSAKMT_STATUS status;
	int gpu;

	status = process_check_node(process, node, &gpu);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (options->alignment && (options->alignment < page || !IS_POWER_OF_TWO(options->alignment)))
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (!address || !size || !IS_ALIGNED(size, page))
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (flags.ui32.FixedAddress && !*address)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (!flags.ui32.FixedAddress)
		*address = NULL;
	status = check_flags(gpu, flags, options->alignment);
	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	return request_memory(process, node, gpu, size, flags, options, address);
}

HSAKMT_STATUS HSAKMTAPI hsaKmtAllocMemoryAlign(HSAuint32 PreferredNode, HSAuint64 SizeInBytes,
					       HSAuint64 Alignment, HsaMemFlags MemFlags,
					       void **MemoryAddress)
{
	struct allocate_options options = {.alignment = Alignment};
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = allocate(process, PreferredNode, SizeInBytes, MemFlags, &options, MemoryAddress);
	process_leave();
	return status;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtAllocMemory(HSAuint32 PreferredNode, HSAuint64 SizeInBytes,
					  HsaMemFlags MemFlags, void **MemoryAddress)
{
	return hsaKmtAllocMemoryAlign(PreferredNode, SizeInBytes, 0, MemFlags, MemoryAddress);
}
