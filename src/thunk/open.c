// SPDX-License-Identifier: MIT
/* Opening, closing, the version, and the agreement on structure sizes. */
#include <hsakmt/hsakmt.h>

#include "abi/abi.h"
#include "thunk/process.h"

/*
 * The KFD interface version ROCr takes its features from (kfd_ioctl.h).  A minor is a promise: from
 * 12 on ROCr exports memory as dmabuf, from 14 it waits with event ages, from 15 it uses the virtual
 * memory API, from 17 it asks for SDMA engines by id.  What lies at or below 11 is told apart by
 * capability bits and statuses of its own.
 */
#define INTERFACE_MAJOR 1
#define INTERFACE_MINOR 11

/*
 * Opens /dev/dxg.  SUCCESS the first time, KERNEL_ALREADY_OPENED (and one user more) when it is open;
 * SUCCESS too on a machine without a GPU: its topology has CPU nodes only, and a message says why.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtOpenKFD(void)
{
	return process_open();
}

/* One user less; the last frees everything, stops every thread of ours and releases every waiter. */
HSAKMT_STATUS HSAKMTAPI hsaKmtCloseKFD(void)
{
	return process_close();
}

HSAKMT_STATUS HSAKMTAPI hsaKmtGetVersion(HsaVersionInfo *VersionInfo)
{
	if (!process_is_open())
		return HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED;
	if (!VersionInfo)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	VersionInfo->KernelInterfaceMajorVersion = INTERFACE_MAJOR;
	VersionInfo->KernelInterfaceMinorVersion = INTERFACE_MINOR;
	return HSAKMT_STATUS_SUCCESS;
}

/* There is no model behind this library; it talks to a driver. */
HSAKMT_STATUS HSAKMTAPI hsaKmtModelEnabled(bool *enable)
{
	if (!enable)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	*enable = false;
	return HSAKMT_STATUS_SUCCESS;
}

/*
 * Agrees on structure sizes, before or after the open.  A size above the newest known is served with
 * the newest layout and a zeroed tail; one below the oldest or between known ones is DRIVER_MISMATCH,
 * and a message prints both sides' sizes.  0 means that the caller does not exchange the structure.
 */
HSAKMT_STATUS HSAKMTAPI DxgAbiCheck(HsaStructureSizes *StructureSizes)
{
	if (!StructureSizes || StructureSizes->StructureSizes != sizeof(*StructureSizes))
		return HSAKMT_STATUS_INVALID_PARAMETER;
	if (abi_select(StructureSizes->SizeOfHsaNodeProperties, StructureSizes->SizeOfHsaExternalHandleDesc))
		return HSAKMT_STATUS_DRIVER_MISMATCH;
	return HSAKMT_STATUS_SUCCESS;
}
