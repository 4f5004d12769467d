/* SPDX-License-Identifier: MIT */
/*
 * The functions of libdrm and libdrm_amdgpu that this library exports as well, for runtimes that look them
 * up in the thunk.  Names and prototypes are libdrm's.  A device handle comes from
 * hsaKmtGetAMDGPUDeviceHandle(); handles of libdrm's own functions must not be passed here, nor the other
 * way round.  Needs libdrm's headers (pkg-config libdrm_amdgpu).
 *
 * Errors are negative errno values; drmCommandWriteRead() returns them too.  amdgpu_query_gpu_info() answers; the
 * others, which would need a render node, are -ENOSYS.
 */
#ifndef HSAKMT_DRM_SHIMS_H
#define HSAKMT_DRM_SHIMS_H

#include <stdint.h>

#include <amdgpu.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

int amdgpu_device_initialize(int fd, uint32_t *major_version, uint32_t *minor_version,
			     amdgpu_device_handle *device_handle);
int amdgpu_device_deinitialize(amdgpu_device_handle device_handle);
int amdgpu_device_get_fd(amdgpu_device_handle device_handle);
int amdgpu_query_gpu_info(amdgpu_device_handle dev, struct amdgpu_gpu_info *info);

int amdgpu_bo_import(amdgpu_device_handle dev, enum amdgpu_bo_handle_type type, uint32_t shared_handle,
		     struct amdgpu_bo_import_result *output);
int amdgpu_bo_export(amdgpu_bo_handle buf_handle, enum amdgpu_bo_handle_type type, uint32_t *shared_handle);
int amdgpu_bo_free(amdgpu_bo_handle buf_handle);
int amdgpu_bo_cpu_map(amdgpu_bo_handle buf_handle, void **cpu);
int amdgpu_bo_va_op(amdgpu_bo_handle bo, uint64_t offset, uint64_t size, uint64_t addr, uint64_t flags,
		    uint32_t ops);
int amdgpu_bo_query_info(amdgpu_bo_handle buf_handle, struct amdgpu_bo_info *info);
int amdgpu_bo_set_metadata(amdgpu_bo_handle buf_handle, struct amdgpu_bo_metadata *info);

int drmCommandWriteRead(int fd, unsigned long drmCommandIndex, void *data, unsigned long size);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
