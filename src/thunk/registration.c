// SPDX-License-Identifier: MIT
/*
 * Registering the caller's own memory.
 *
 * libhsakmt registers only where there is a discrete GPU, by which it means a GPU node without CPU cores: on the APUs of old
 * that had both in one node, a GPU reached all memory by itself.  All GPUs of this library are nodes of their own,
 * integrated ones too, and none reaches memory that is not pinned, so every system with a GPU is such a system.
 * ROCr decides in the same way whether it registers (HSA_PROFILE_BASE).
 */
#include <errno.h>
#include <stdlib.h>

#include <hsakmt/hsakmt.h>

#include "memory/memory.h"
#include "memory/user.h"
#include "thunk/gpu_list.h"
#include "thunk/process.h"
#include "thunk/status.h"

static bool has_gpus(struct process *process)
{
	return process->memory && process->gpu_count;
}

/* Known for sure: before the first acquire only that there is no /dev/dxg. */
static bool has_no_gpus(struct process *process)
{
	return process->memory ? !process->gpu_count : !process->dxg;
}

static HSAKMT_STATUS registration_status(int error)
{
	switch (error) {
	case -EPERM: /* the library's own memory */
		return HSAKMT_STATUS_INVALID_HANDLE;
	case -EALREADY:
		return HSAKMT_STATUS_MEMORY_ALREADY_REGISTERED;
	default:
		return status_from_memory_error(error);
	}
}

static HSAKMT_STATUS register_memory(struct process *process, void *address, HSAuint64 size, uint32_t flags,
				     HsaMemFlags caller_flags)
{
	struct memory_registration registration = {
		.address = address,
		.size = size,
		.flags = flags,
		.caller_flags = caller_flags.Value,
	};

	return registration_status(memory_register(process->memory, &registration));
}

/* Where there is no GPU nothing has to be done, and nothing is.  ERROR before the first acquire: the GPUs are not known. */
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterMemory(void *MemoryAddress, HSAuint64 MemorySizeInBytes)
{
	HsaMemFlags flags = {.ui32 = {.CoarseGrain = 1, .HostAccess = 1}};
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (has_gpus(process))
		status = register_memory(process, MemoryAddress, MemorySizeInBytes, MEMORY_COARSE, flags);
	else
		status = has_no_gpus(process) ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_ERROR;
	process_leave();
	return status;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterMemoryWithFlags(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						      HsaMemFlags MemFlags)
{
	uint32_t flags = (MemFlags.ui32.CoarseGrain ? MEMORY_COARSE : 0) |
			 (MemFlags.ui32.Uncached ? MEMORY_UNCACHED : 0) |
			 (MemFlags.ui32.ReadOnly ? MEMORY_READ_ONLY : 0) |
			 (MemFlags.ui32.ExecuteAccess ? MEMORY_EXECUTABLE : 0);
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (MemFlags.ui32.ExtendedCoherent && MemFlags.ui32.CoarseGrain)
		status = HSAKMT_STATUS_INVALID_PARAMETER;
	else if (!MemFlags.ui32.HostAccess || MemFlags.ui32.NonPaged || !has_gpus(process))
		status = HSAKMT_STATUS_NOT_SUPPORTED;
	else
		status = register_memory(process, MemoryAddress, MemorySizeInBytes, flags, MemFlags);
	process_leave();
	return status;
}

/* Limits memory to some GPUs: the caller's own, which is registered by this, or what the library allocated. */
HSAKMT_STATUS HSAKMTAPI hsaKmtRegisterMemoryToNodes(void *MemoryAddress, HSAuint64 MemorySizeInBytes,
						    HSAuint64 NumberOfNodes, HSAuint32 *NodeArray)
{
	struct memory_registration registration = {
		.address = MemoryAddress,
		.size = MemorySizeInBytes,
		.flags = MEMORY_COARSE,
	};
	HsaMemFlags flags = {.ui32 = {.CoarseGrain = 1, .HostAccess = 1}};
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	uint32_t *gpus = NULL;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (has_gpus(process))
		status = gpus_of_nodes(process, NodeArray, NumberOfNodes, &gpus);
	else
		status = HSAKMT_STATUS_NOT_SUPPORTED;
	if (status == HSAKMT_STATUS_SUCCESS) {
		registration.caller_flags = flags.Value;
		registration.gpus = gpus;
		registration.count = (uint32_t)NumberOfNodes;
		status = registration_status(memory_register(process->memory, &registration));
	}
	free(gpus);
	process_leave();
	return status;
}

/* Where registering does nothing, so does this; else an address that was not registered is MEMORY_NOT_REGISTERED. */
HSAKMT_STATUS HSAKMTAPI hsaKmtDeregisterMemory(void *MemoryAddress)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	int ret;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	if (!has_no_gpus(process)) {
		ret = process->memory ? memory_deregister(process->memory, MemoryAddress) : -ENOENT;
		status = ret == -ENOENT ? HSAKMT_STATUS_MEMORY_NOT_REGISTERED : registration_status(ret);
	}
	process_leave();
	return status;
}
