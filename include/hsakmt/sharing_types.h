/* SPDX-License-Identifier: MIT */
/*
 * Types of the calls that move buffers and semaphores between processes, APIs and files.
 * Included by hsakmttypes.h.
 */
#ifndef HSAKMT_SHARING_TYPES_H
#define HSAKMT_SHARING_TYPES_H

#include "hsakmttypes.h"

#ifdef __cplusplus
extern "C" {
#endif

/* a buffer object of the thunk, without an address of its own */
typedef struct _HsaMemoryObjectHandle *HsaMemoryObjectHandle;

typedef enum _HsaAisFlags {
	HSA_AIS_READ = 0x1, /* file to GPU */
	HSA_AIS_WRITE = 0x2,
} HsaAisFlags;

typedef enum _HsaMemoryMapFlags {
	HSA_MEMORY_ACCESS_NONE = 0,
	HSA_MEMORY_ACCESS_RO = 1,
	HSA_MEMORY_ACCESS_WO = 2,
	HSA_MEMORY_ACCESS_RW = 3,
} HsaMemoryMapFlags;

typedef enum _HsaExternalHandleType {
	HSA_EXTERNAL_HANDLE_GEM_FLINK_NAME = 0,
	HSA_EXTERNAL_HANDLE_KMS = 1,
	HSA_EXTERNAL_HANDLE_DMA_BUF = 2,
	HSA_EXTERNAL_HANDLE_FABRIC = 3,
} HsaExternalHandleType;

typedef enum _HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE {
	HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32 = 0,
	HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32_KMT = 1,
	HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD = 2,
} HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE;

#pragma pack(push, 4)

typedef struct _HSA_EXTERNAL_SEMAPHORE_HANDLE {
	HSAuint64 handle;
} HSA_EXTERNAL_SEMAPHORE_HANDLE;

typedef struct _HsaFabricHandle {
	HSAuint64 handle[2];
} HsaFabricHandle;

typedef struct _HsaHandleImportFlags {
	struct {
		unsigned int IPCHandle : 1;
		unsigned int SysMem : 1;
		unsigned int UpdateMetadata : 1;
		unsigned int Reserved : 29;
	} ui32;
} HsaHandleImportFlags;

typedef struct _HsaHandleExportFlags {
	struct {
		unsigned int Reserved : 32;
	} ui32;
} HsaHandleExportFlags;

typedef struct _HsaHandleExportDesc {
	HsaAMDGPUDeviceHandle device_handle;
	HsaExternalHandleType type;
	HsaMemoryObjectHandle buf_handle;
	HSAuint64 size;
} HsaHandleExportDesc;

#if HSAKMT_LAYOUT >= 396

__extension__ typedef struct _HsaHandleImportDesc {
	HsaAMDGPUDeviceHandle device_handle; /* the importing GPU */
	HsaExternalHandleType type;
	union {
		HSAint64 dmabuf_fd;
		HsaMemoryObjectHandle buf_handle;
		HsaFabricHandle fabric;
	};
	void *mem; /* existing address of the buffer, or NULL */
	HSAuint32 metadata;
} HsaHandleImportDesc;

typedef struct _HsaHandleImportResult {
	HsaMemoryObjectHandle buf_handle;
	int dmabuf_fd;
	HSAuint64 alloc_size;
	HSAuint32 metadata;
} HsaHandleImportResult;

__extension__ typedef struct _HsaMemoryExportResult {
	union {
		HSAint32 dmabuf_fd;
		HsaFabricHandle fabric;
	};
} HsaMemoryExportResult;

#pragma pack(pop)

#else

#pragma pack(pop)

/* Older generations declare these three outside the 4-byte packing. */
typedef struct _HsaExternalHandleDesc {
	HsaAMDGPUDeviceHandle device_handle; /* the importing GPU */
	HSAint32 fd;
	HsaExternalHandleType type;
	HSAuint32 metadata;
} HsaHandleImportDesc;

typedef struct _HsaHandleImportResult {
	HsaMemoryObjectHandle buf_handle;
	HSAuint64 alloc_size;
	HSAuint32 metadata;
} HsaHandleImportResult;

typedef struct _HsaMemoryExportResult {
	HSAint32 fd;
} HsaMemoryExportResult;

#endif

/* the name of the import descriptor before the autumn of 2026 */
typedef HsaHandleImportDesc HsaExternalHandleDesc;

#ifdef __cplusplus
}
#endif

#endif
