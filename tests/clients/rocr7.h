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
	X(hsaKmtSetQueueCUMask) \
	X(hsaKmtSetTrapHandler) \
	X(hsaKmtUnmapMemoryToGPU) \
	X(hsaKmtUpdateQueue) \
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
	bool translated;   /* whether their nodes must say that AQL packets are translated for them */
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
void use_gpu(struct run *run, HSAuint32 gpu, const HsaNodeProperties *node);

/* What queues of a GPU work with: host memory that it sees, and the piece of its scratch range that is mapped. */
struct workplace {
	HSAuint32 gpu;
	unsigned gfx_major;
	unsigned engines; /* shader engines */
	char *pool;	  /* POOL_BYTES */
	char *code;	  /* a page and more, executable */
	char *ring;	  /* a page */
	char *scratch;
	HSAuint64 scratch_bytes;
	HsaEvent *event; /* NULL: the runtime sleeps on none */
};

#define POOL_BYTES (2ULL << 20)
#define COPIES_AT  0x10000 /* in the pool, the rest of it is for copies */

/* amd_signal_t */
struct signal {
	int64_t kind;
	int64_t value;
	uint64_t mailbox;
	uint32_t event_id;
	uint32_t reserved[9];
};

/* rocr7_queue.c */
void use_queues(struct run *run, const struct workplace *place);
/* A signal of value 1; `index` is the caller's choice. */
struct signal *arm_signal(const struct workplace *place, unsigned index, bool slept_on);
/* Waits for it as the runtime does, and judges. */
void await_signal(struct run *run, const char *step, const struct workplace *place,
		  const struct signal *signal);
void ring_bell(struct run *run, HSA_QUEUEID id, HSAuint64 value);

/* rocr7_sdma.c */
void use_copies(struct run *run, const struct workplace *place);

/* rocr7_residue.c */
struct residue {
	unsigned int threads;
	unsigned int descriptors;
	unsigned long kilobytes; /* of address space */
	size_t heap;		 /* bytes of malloc() in use */
	bool maps_dxg;
};

/* Before anything else: makes the sizes comparable. */
void prepare_residue(void);
void take_residue(struct residue *residue);

#endif
