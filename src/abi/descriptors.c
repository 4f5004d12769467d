// SPDX-License-Identifier: MIT
/*
 * The descriptor of hsaKmtHandleImport() and the results of import and export.
 *
 * These were rearranged, not only extended.  The older forms, from librocdxg's hsakmttypes.h and its header
 * of legacy types, and rocm-systems' hsakmttypes.h:
 *
 *   bytes   used by
 *   20, 24  ROCm up to 7.12: 20 with 4-byte packing, 24 where the type is declared outside of it
 *   28      a transitional form: an address added
 *   32      ROCm 7.14 at first: the file descriptor widened
 *   40      rocm-systems since the summer of 2026
 */
#include <stddef.h>
#include <string.h>

#include "abi/abi.h"

#pragma pack(push, 4)

struct import_desc_20 {
	void *device_handle;
	int32_t fd;
	uint32_t type;
	uint32_t metadata;
};

struct import_desc_28 {
	void *device_handle;
	int32_t fd;
	uint32_t type;
	void *mem;
	uint32_t metadata;
};

struct import_desc_32 {
	void *device_handle;
	int64_t fd;
	uint32_t type;
	void *mem;
	uint32_t metadata;
};

struct import_result_20 {
	HsaMemoryObjectHandle buf_handle;
	uint64_t alloc_size;
	uint32_t metadata;
};

#pragma pack(pop)

_Static_assert(sizeof(struct import_desc_20) == 20, "up to ROCm 7.12");
_Static_assert(sizeof(struct import_desc_28) == 28, "transitional");
_Static_assert(sizeof(struct import_desc_32) == 32, "ROCm 7.14");
_Static_assert(sizeof(HsaHandleImportDesc) == 40, "newest");
_Static_assert(sizeof(struct import_result_20) == 20, "up to ROCm 7.14");
_Static_assert(sizeof(HsaHandleImportResult) == 24, "newest");

#define NEWEST_IMPORT_DESC 40

/* A caller's descriptor may lie at any address that is a multiple of 4. */
void abi_read_import_desc(struct abi_layout layout, const void *caller, HsaHandleImportDesc *desc)
{
	struct import_desc_20 desc20;
	struct import_desc_28 desc28;
	struct import_desc_32 desc32;

	if (layout.import_desc >= NEWEST_IMPORT_DESC) {
		memcpy(desc, caller, sizeof(*desc));
		return;
	}
	memset(desc, 0, sizeof(*desc));
	switch (layout.import_desc) {
	case sizeof(desc32):
		memcpy(&desc32, caller, sizeof(desc32));
		desc->device_handle = desc32.device_handle;
		desc->type = (HsaExternalHandleType)desc32.type;
		desc->dmabuf_fd = desc32.fd;
		desc->mem = desc32.mem;
		desc->metadata = desc32.metadata;
		break;
	case sizeof(desc28):
		memcpy(&desc28, caller, sizeof(desc28));
		desc->device_handle = desc28.device_handle;
		desc->type = (HsaExternalHandleType)desc28.type;
		desc->dmabuf_fd = desc28.fd;
		desc->mem = desc28.mem;
		desc->metadata = desc28.metadata;
		break;
	default: /* 20 and 24 */
		memcpy(&desc20, caller, sizeof(desc20));
		desc->device_handle = desc20.device_handle;
		desc->type = (HsaExternalHandleType)desc20.type;
		desc->dmabuf_fd = desc20.fd;
		desc->metadata = desc20.metadata;
		break;
	}
}

/* The older result has no descriptor; only its 20 bytes are written even where it is padded to 24. */
void abi_write_import_result(struct abi_layout layout, const HsaHandleImportResult *result, void *caller)
{
	struct import_result_20 old = {
		.buf_handle = result->buf_handle,
		.alloc_size = result->alloc_size,
		.metadata = result->metadata,
	};

	if (layout.import_desc >= NEWEST_IMPORT_DESC)
		memcpy(caller, result, sizeof(*result));
	else
		memcpy(caller, &old, sizeof(old));
}

/* A file descriptor alone in older generations, with room for a fabric handle in the newest. */
void abi_write_export_result(struct abi_layout layout, const HsaMemoryExportResult *result, void *caller)
{
	if (layout.import_desc >= NEWEST_IMPORT_DESC)
		memcpy(caller, result, sizeof(*result));
	else
		memcpy(caller, &result->dmabuf_fd, sizeof(result->dmabuf_fd));
}
