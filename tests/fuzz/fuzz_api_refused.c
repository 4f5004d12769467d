// SPDX-License-Identifier: MIT
/* The calls that refusals.def makes, with arguments that a caller may get wrong; none of them may succeed. */
#include <errno.h>

#include "fuzz_api.h"

#define SERVED_BY_NONE(call) REQUIRE((call) != HSAKMT_STATUS_SUCCESS)

static void refuse_queues(struct input *input, uint32_t which)
{
	HSA_QUEUEID queue = take_bytes(input, 2);
	HSAuint32 word = 0, *out = which & 1 ? NULL : &word;

	SERVED_BY_NONE(hsaKmtGetKernelQueueId(queue, out));
	SERVED_BY_NONE(hsaKmtAllocQueueGWS(queue, take(input), out));
}

static void refuse_memory(struct input *input, uint32_t which)
{
	void *address = take_address(input);
	HSAuint64 size = take_size(input), offset = 0;
	HSAuint32 node = take_node(input);
	HsaSharedMemoryHandle handle = {0};
	HsaGraphicsResourceInfo graphics;
	void *imported = NULL;
	int fd = -1;

	switch (which) {
	case 0:
		SERVED_BY_NONE(hsaKmtRegisterGraphicsHandleToNodes(size, &graphics, 1, &node));
		break;
	case 1:
		SERVED_BY_NONE(hsaKmtShareMemory(address, size, &handle));
		SERVED_BY_NONE(hsaKmtRegisterSharedHandle(&handle, &imported, &size));
		break;
	case 2:
		SERVED_BY_NONE(hsaKmtExportDMABufHandle(address, size, &fd, &offset));
		break;
	default:
		SERVED_BY_NONE(hsaKmtSVMSetAttr(address, size, 0, NULL));
		SERVED_BY_NONE(hsaKmtMapGraphicHandle(node, size, 0, 0, size, &offset));
	}
}

static void refuse_objects(struct input *input, uint32_t which)
{
	/* handles of things that cannot be had are only values */
	HsaMemoryObjectHandle object = (HsaMemoryObjectHandle)take_address(input);
	HSAuint64 size = take_size(input), address = 0;
	HSAuint32 node = take_node(input);
	HsaHandleImportDesc import = {.mem = object};
	HsaHandleExportDesc export = {.buf_handle = object};
	HSA_EXTERNAL_SEMAPHORE_HANDLE semaphore = {.handle = size};
	HsaHandleImportFlags import_flags = {{0}};
	HsaHandleExportFlags export_flags = {{0}};
	HsaHandleImportResult imported;
	HsaMemoryExportResult exported;
	int fd = -1;

	switch (which) {
	case 0:
		SERVED_BY_NONE(hsaKmtHandleImport(&import, &imported, &import_flags));
		SERVED_BY_NONE(hsaKmtHandleExport(&export, &exported, &export_flags));
		break;
	case 1:
		SERVED_BY_NONE(hsaKmtMemHandleFree(object));
		SERVED_BY_NONE(hsaKmtMemHandleFreePreserveMetadata(object));
		break;
	case 2:
		SERVED_BY_NONE(hsaKmtMemoryVaMap(object, 0, size, size, HSA_MEMORY_ACCESS_RW, node));
		SERVED_BY_NONE(hsaKmtMemoryVaUnmap(object, 0, size, size, node));
		break;
	case 3:
		SERVED_BY_NONE(hsaKmtMemoryGetCpuAddr(object, object, &address));
		SERVED_BY_NONE(hsaKmtGetAmdGPUDeviceFd(object, &fd));
		break;
	case 4:
		SERVED_BY_NONE(hsaKmtImportExternalSemaphore(
			node, object, HSA_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_WIN32, &semaphore));
		SERVED_BY_NONE(hsaKmtDestroyExternalSemaphore(semaphore));
		break;
	case 5:
		SERVED_BY_NONE(hsaKmtQueueSignalExternalSemaphore(size, semaphore, 1));
		SERVED_BY_NONE(hsaKmtQueueWaitExternalSemaphore(size, semaphore, 1));
		break;
	default:
		REQUIRE(amdgpu_bo_free((amdgpu_bo_handle)object) == -ENOSYS);
		REQUIRE(amdgpu_bo_va_op((amdgpu_bo_handle)object, 0, size, size, 0, 0) == -ENOSYS);
	}
}

static void refuse_others(struct input *input, uint32_t which)
{
	HSAuint32 node = take_node(input);
	HSAuint64 size = take_size(input);
	HSAint32 xnack = 0;
	int fd = -1;

	switch (which) {
	case 0:
		SERVED_BY_NONE(hsaKmtDbgRegister(node));
		SERVED_BY_NONE(hsaKmtDbgDisable());
		break;
	case 1:
		SERVED_BY_NONE(hsaKmtPmcStartTrace(size, &xnack, size));
		SERVED_BY_NONE(hsaKmtSPMAcquire(node));
		break;
	case 2:
		SERVED_BY_NONE(hsaKmtPcSamplingStart(node, (HsaPcSamplingTraceId)size));
		break;
	case 3:
		SERVED_BY_NONE(hsaKmtGetXNACKMode(&xnack));
		SERVED_BY_NONE(hsaKmtSetXNACKMode(1));
		break;
	case 4:
		SERVED_BY_NONE(hsaKmtOpenSMI(node, &fd));
		break;
	case 5:
		SERVED_BY_NONE(hsaKmtSetPersistingCacheSize(node, size));
		break;
	default:
		REQUIRE(drmCommandWriteRead(-1, node, NULL, 0) == -ENOSYS);
		REQUIRE(amdgpu_device_get_fd(take_address(input)) == -ENOSYS);
	}
}

void call_refused(struct input *input)
{
	static void (*const groups[])(struct input * input, uint32_t which) = {refuse_queues, refuse_memory,
									       refuse_objects, refuse_others};
	uint32_t choice = take(input);

	groups[choice % 4](input, choice / 4 % 7);
}
