// SPDX-License-Identifier: MIT
/*
 * The calls of ROCr 5.2.3 between hsa_init and hsa_shut_down, in its order, for every GPU there is,
 * and the clean-up it does.  A call that fails ends the way up; what was made is always taken down.
 */
#include "scenario.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_GPUS     8
#define MAX_OBJECTS  64
#define SCRATCH_SIZE (1ULL << 32)
#define SCRATCH_PART 0x1e00000ULL

enum memory_flags_of_rocr {
	KERNARG = 0x20040,    /* HostAccess | Uncached */
	EXECUTABLE = 0x21040, /* and ExecuteAccess */
	SCRATCH = 0x240,      /* Scratch | HostAccess */
};

struct run {
	struct scenario_result *result;
	bool opened;
	bool enabled;
	bool acquired;
	HSAuint32 gpus[MAX_GPUS];
	HSAuint32 gpu_count;
	struct {
		void *address;
		HSAuint64 size;
		bool mapped;
	} memory[MAX_OBJECTS];
	unsigned memory_count;
	void *part; /* mapped piece of a scratch reservation */
	HsaEvent *events[MAX_OBJECTS];
	unsigned event_count;
};

const char *scenario_status_name(HSAKMT_STATUS status)
{
	switch (status) {
	case HSAKMT_STATUS_SUCCESS:
		return "SUCCESS";
	case HSAKMT_STATUS_ERROR:
		return "ERROR";
	case HSAKMT_STATUS_INVALID_PARAMETER:
		return "INVALID_PARAMETER";
	case HSAKMT_STATUS_INVALID_NODE_UNIT:
		return "INVALID_NODE_UNIT";
	case HSAKMT_STATUS_NO_MEMORY:
		return "NO_MEMORY";
	case HSAKMT_STATUS_KERNEL_IO_CHANNEL_NOT_OPENED:
		return "KERNEL_IO_CHANNEL_NOT_OPENED";
	default:
		return "another status";
	}
}

static bool ok(struct run *run, HSAKMT_STATUS status, const char *step)
{
	if (status == HSAKMT_STATUS_SUCCESS)
		return true;
	if (run->result->status == HSAKMT_STATUS_SUCCESS) {
		run->result->status = status;
		run->result->step = step;
	}
	return false;
}

static void undone(struct run *run, HSAKMT_STATUS status, const char *step)
{
	if (status != HSAKMT_STATUS_SUCCESS && run->result->cleanup == HSAKMT_STATUS_SUCCESS) {
		run->result->cleanup = status;
		run->result->cleanup_step = step;
	}
}

#define CALL(call) ok(run, call, #call)
#define UNDO(call) undone(run, call, #call)

static bool read_node(struct run *run, HSAuint32 id, HsaNodeProperties *node)
{
	bool good = false;
	HsaMemoryProperties *banks = NULL;
	HsaCacheProperties *caches = NULL;
	HsaIoLinkProperties *links = NULL;

	if (!CALL(hsaKmtGetNodeProperties(id, node)))
		return false;
	banks = calloc(node->NumMemoryBanks + 1, sizeof(*banks));
	caches = calloc(node->NumCaches + 1, sizeof(*caches));
	links = calloc(node->NumIOLinks + 1, sizeof(*links));
	if (!banks || !caches || !links)
		goto out;
	good = CALL(hsaKmtGetNodeMemoryProperties(id, node->NumMemoryBanks, banks)) &&
	       CALL(hsaKmtGetNodeCacheProperties(id, node->CComputeIdLo, node->NumCaches, caches)) &&
	       (!node->NumIOLinks || CALL(hsaKmtGetNodeIoLinkProperties(id, node->NumIOLinks, links)));
out:
	free(banks);
	free(caches);
	free(links);
	return good;
}

static bool read_topology(struct run *run)
{
	HsaSystemProperties system;
	HsaNodeProperties node;
	HsaVersionInfo version;
	HsaClockCounters clocks;

	if (!CALL(hsaKmtOpenKFD()))
		return false;
	run->opened = true;
	if (hsaKmtRuntimeEnable(NULL, false) != HSAKMT_STATUS_NOT_SUPPORTED)
		return ok(run, HSAKMT_STATUS_ERROR, "hsaKmtRuntimeEnable");
	run->enabled = true;
	if (!CALL(hsaKmtGetVersion(&version)) || !CALL(hsaKmtReleaseSystemProperties()) ||
	    !CALL(hsaKmtAcquireSystemProperties(&system)))
		return false;
	run->acquired = true;
	for (HSAuint32 id = 0; id < system.NumNodes; id++) {
		if (!read_node(run, id, &node))
			return false;
		if (!node.NumFComputeCores) {
			run->result->cpu_nodes++;
			continue;
		}
		run->result->gpu_nodes++;
		if (run->gpu_count < MAX_GPUS)
			run->gpus[run->gpu_count++] = id;
	}
	for (HSAuint32 i = 0; i < run->gpu_count; i++)
		if (!CALL(hsaKmtGetClockCounters(run->gpus[i], &clocks)))
			return false;
	return CALL(hsaKmtGetClockCounters(0, &clocks));
}

static bool make_event(struct run *run, HSA_EVENTTYPE type, bool manual)
{
	HsaEventDescriptor descriptor = {.EventType = type};
	HsaEvent *event = NULL;

	if (!CALL(hsaKmtCreateEvent(&descriptor, manual, false, &event)))
		return false;
	run->events[run->event_count++] = event;
	return event != NULL;
}

static bool make_memory(struct run *run, HSAuint32 node, HSAuint64 size, HSAuint32 value, bool map,
			void **address)
{
	HsaMemFlags flags = {.Value = value};
	HsaMemMapFlags map_flags = {.Value = 0};
	HSAuint64 gpu_va = 0;

	*address = NULL;
	if (!CALL(hsaKmtAllocMemory(node, size, flags, address)))
		return false;
	run->memory[run->memory_count].address = *address;
	run->memory[run->memory_count++].size = size;
	if (!map)
		return true;
	memset(*address, 0x5a, size);
	if (!CALL(hsaKmtMapMemoryToGPUNodes(*address, size, &gpu_va, map_flags, run->gpu_count, run->gpus)))
		return false;
	run->memory[run->memory_count - 1].mapped = true;
	return true;
}

static bool start_gpu(struct run *run, HSAuint32 gpu)
{
	void *scratch, *handler, *buffer;
	HSAuint64 gpu_va;

	if (!make_memory(run, gpu, SCRATCH_SIZE, SCRATCH, false, &scratch))
		return false;
	/* a queue that needs scratch maps a piece from the middle */
	if (!CALL(hsaKmtMapMemoryToGPU((char *)scratch + SCRATCH_PART, SCRATCH_PART, &gpu_va)))
		return false;
	run->part = (char *)scratch + SCRATCH_PART;
	return make_memory(run, 0, 0x1000, EXECUTABLE, true, &handler) &&
	       make_memory(run, 0, 0x2000, KERNARG, true, &buffer) &&
	       CALL(hsaKmtSetTrapHandler(gpu, handler, 0x1000, buffer, 0x2000));
}

static void finish(struct run *run)
{
	if (run->part)
		UNDO(hsaKmtUnmapMemoryToGPU(run->part));
	while (run->memory_count--) {
		if (run->memory[run->memory_count].mapped)
			UNDO(hsaKmtUnmapMemoryToGPU(run->memory[run->memory_count].address));
		UNDO(hsaKmtFreeMemory(run->memory[run->memory_count].address,
				      run->memory[run->memory_count].size));
	}
	while (run->event_count--)
		UNDO(hsaKmtDestroyEvent(run->events[run->event_count]));
	if (run->enabled)
		UNDO(hsaKmtRuntimeDisable());
	if (run->acquired)
		UNDO(hsaKmtReleaseSystemProperties());
	if (run->opened)
		UNDO(hsaKmtCloseKFD());
}

/* Open, acquire, every topology query, release, close. */
void scenario_topology(struct scenario_result *result)
{
	struct run run = {.result = result};

	memset(result, 0, sizeof(*result));
	read_topology(&run);
	finish(&run);
}

/* hsa_init of ROCr 5.2.3, a piece of scratch mapped, events set and waited for, hsa_shut_down. */
void scenario_hsa_init(struct scenario_result *result)
{
	struct run state = {.result = result}, *run = &state;
	void *page;

	memset(result, 0, sizeof(*result));
	if (!read_topology(run) || !make_event(run, HSA_EVENTTYPE_MEMORY, true) ||
	    !make_memory(run, 0, 0x1000, KERNARG, run->gpu_count != 0, &page) ||
	    !make_event(run, HSA_EVENTTYPE_SIGNAL, false))
		goto out;
	for (HSAuint32 i = 0; i < run->gpu_count; i++) {
		if (!start_gpu(run, run->gpus[i]))
			goto out;
		if (run->part && i + 1 < run->gpu_count) {
			if (!CALL(hsaKmtUnmapMemoryToGPU(run->part)))
				goto out;
			run->part = NULL;
		}
	}
	if (CALL(hsaKmtSetEvent(run->events[1])))
		CALL(hsaKmtWaitOnMultipleEvents(run->events, 2, false, 1000));
out:
	finish(run);
}
