// SPDX-License-Identifier: MIT
/* The parts of rocr7: what a generation of ROCr is, what it calls, and how a step is judged. */
#ifndef TESTS_CLIENTS_ROCR7_H
#define TESTS_CLIENTS_ROCR7_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

enum generation_id {
	ROCM_7_0,
	ROCM_7_2,
	ROCM_7_12,
	ROCM_7_13,
	MID_2026,
	ROCM_10_1,
	LATEST,
	GENERATION_COUNT,
	NEVER = GENERATION_COUNT,
};

struct generation {
	enum generation_id id;
	const char *name;
	unsigned int layout;	     /* HSAKMT_LAYOUT: bytes of its HsaNodeProperties */
	const char *libraries[2];    /* what it asks dlopen() for, in its order */
	bool checks_abi;	     /* calls DxgAbiCheck() if there is one */
	bool tells_descriptor;	     /* and fills in the third member of its argument */
	bool clock_from_drm;	     /* takes the frequency of the GPU's clock from amdgpu_query_gpu_info() */
	bool doorbell_without_value; /* leaves the second argument of hsaKmtQueueRingDoorbell() undefined */
};

/* A name that ROCr looks up from one generation on. */
struct late_name {
	const char *name;
	enum generation_id since;
	enum generation_id optional_since; /* may be missing from here on */
	enum generation_id gone_since;
};

extern const struct generation generations[GENERATION_COUNT];
extern const char *const first_names[];
extern const size_t first_name_count;
extern const struct late_name late_names[];
extern const size_t late_name_count;

/* clang-format off */
#define CALLS(X) \
	X(DxgAbiCheck) \
	X(amdgpu_device_get_fd) \
	X(amdgpu_query_gpu_info) \
	X(hsaKmtAcquireSystemProperties) \
	X(hsaKmtAllocMemory) \
	X(hsaKmtAllocMemoryAlign) \
	X(hsaKmtAvailableMemory) \
	X(hsaKmtCloseKFD) \
	X(hsaKmtCreateEvent) \
	X(hsaKmtCreateQueue) \
	X(hsaKmtCreateQueueExt) \
	X(hsaKmtCreateQueueV2) \
	X(hsaKmtDestroyEvent) \
	X(hsaKmtDestroyQueue) \
	X(hsaKmtFreeMemory) \
	X(hsaKmtGetAMDGPUDeviceHandle) \
	X(hsaKmtGetClockCounters) \
	X(hsaKmtGetNodeCacheProperties) \
	X(hsaKmtGetNodeIoLinkProperties) \
	X(hsaKmtGetNodeMemoryProperties) \
	X(hsaKmtGetNodeProperties) \
	X(hsaKmtGetNodeWallclockFrequency) \
	X(hsaKmtGetRuntimeCapabilities) \
	X(hsaKmtGetVersion) \
	X(hsaKmtGetXNACKMode) \
	X(hsaKmtImportExternalSemaphore) \
	X(hsaKmtMapMemoryToGPU) \
	X(hsaKmtMapMemoryToGPUNodes) \
	X(hsaKmtModelEnabled) \
	X(hsaKmtOpenKFD) \
	X(hsaKmtQueryPointerInfo) \
	X(hsaKmtQueueRingDoorbell) \
	X(hsaKmtReleaseSystemProperties) \
	X(hsaKmtRuntimeDisable) \
	X(hsaKmtRuntimeEnable) \
	X(hsaKmtSetEvent) \
	X(hsaKmtSetTrapHandler) \
	X(hsaKmtUnmapMemoryToGPU) \
	X(hsaKmtWaitOnEvent_Ext) \
	X(hsaKmtWaitOnMultipleEvents) \
	X(hsaKmtWaitOnMultipleEvents_Ext)
/* clang-format on */

#define MEMBER(name) __typeof__(name) *name;
struct thunk {
	CALLS(MEMBER)
};
#undef MEMBER

struct run {
	const struct generation *generation;
	unsigned int gpus; /* how many there must be */
	int round;
	int failures;
	void *library;
	bool stays_mapped; /* linked with -z nodelete */
	struct thunk thunk;
};

/* A step that must end with this status, or a condition that must hold; a miss is told with generation and round. */
bool judge_status(struct run *run, const char *step, HSAKMT_STATUS status, HSAKMT_STATUS wanted);
bool judge(struct run *run, const char *step, bool holds);

#define ANSWERS(run, status, call) judge_status(run, #call, call, HSAKMT_STATUS_##status)
#define SUCCEEDS(run, call)	   ANSWERS(run, SUCCESS, call)
#define EXPECT(run, condition)	   judge(run, #condition, condition)

/* rocr7_load.c */
bool detect_dxg(struct run *run);
bool load_thunk(struct run *run);
void unload_thunk(struct run *run);

/* rocr7_topology.c: HsaNodeProperties of every node, NULL when a step failed */
HsaNodeProperties *read_topology(struct run *run, HSAuint32 *count);
bool is_gpu(const HsaNodeProperties *node);

/* rocr7_memory.c */
void use_gpu(struct run *run, HSAuint32 node);

/* rocr7_queue.c */
void use_queues(struct run *run, HSAuint32 gpu, char *pool, char *code, void *ring, HsaEvent *event);

/* rocr7_residue.c */
struct residue {
	unsigned int threads;
	unsigned int descriptors;
	unsigned long kilobytes; /* of address space */
	bool maps_dxg;
};

void take_residue(struct residue *residue);

#endif
