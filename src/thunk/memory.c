// SPDX-License-Identifier: MIT
/*
 * Memory that is there: freed, mapped, looked up.  The order of the checks is libhsakmt's.  Before the first
 * acquire there is no address space, and no address is known.
 */
#include "memory/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "thunk/gpu_list.h"
#include "thunk/process.h"
#include "thunk/status.h"
#include "util/compiler.h"
#include "util/log.h"

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

static HSAKMT_STATUS map(struct process *process, void *address, HSAuint64 size, HSAuint64 *alternate,
			 const uint32_t *gpus, uint32_t count, HSAKMT_STATUS unknown)
{
	uint64_t gpu_va = 0;
	int ret;

	ret = process->memory ? memory_map(process->memory, address, size, gpus, count, &gpu_va) : -ENOENT;
	/* where registered memory is; what the library allocates has one address, on CPU and GPU, and 0 here */
	if (alternate)
		*alternate = ret ? 0 : gpu_va;
	return ret == -ENOENT ? unknown : status_from_memory_error(ret);
}

/*
 * Maps a buffer on every GPU that can reach it, or registered memory on all that it may be on; inside a scratch
 * reservation, a piece of it on its GPU.
 */
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

/* Maps a buffer on these GPUs and on no others; registered memory on these too, counted. */
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

static HSA_POINTER_TYPE pointer_type(enum memory_kind kind)
{
	switch (kind) {
	case MEMORY_SYSTEM:
	case MEMORY_LOCAL:
		return HSA_POINTER_ALLOCATED;
	case MEMORY_USER:
		return HSA_POINTER_REGISTERED_USER;
	default:
		return HSA_POINTER_RESERVED_ADDR;
	}
}

/*
 * Describes the buffer or the registration a pointer leads into.  An unknown pointer is type UNKNOWN and ERROR,
 * as in libhsakmt.  The node arrays stay valid until close.
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
		PointerInfo->Type = pointer_type(info.kind);
		PointerInfo->Node = info.caller_node;
		PointerInfo->MemFlags.Value = info.caller_flags;
		PointerInfo->CPUAddress = info.start;
		PointerInfo->GPUAddress = info.kind == MEMORY_USER ? info.gpu_va : ptr_to_u64(info.start);
		PointerInfo->SizeInBytes = info.size;
		PointerInfo->NRegisteredNodes = info.registered_count;
		PointerInfo->RegisteredNodes = info.registered_nodes;
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
