// SPDX-License-Identifier: MIT
/* What ROCr takes of a GPU between its start and the first kernel: signals, code, scratch, traps, queues. */
#include <string.h>

#include "rocr7.h"

#define SIGNAL_POOL   POOL_BYTES
#define CODE_SIZE     0x2000ULL
#define RING_SIZE     0x1000ULL
#define SCRATCH_RANGE (1ULL << 32)
#define SCRATCH_PIECE 0x8c00000ULL /* of one queue, 146 MB */
#define VRAM_BLOCK    (2ULL << 20)

/* HsaMemFlags as ROCr composes them. */
#define KERNARG_FLAGS 0x20040U	/* HostAccess | Uncached */
#define CODE_FLAGS    0x821040U /* and ExecuteAccess | ExecuteBlit */
#define SCRATCH_FLAGS 0x240U	/* Scratch | HostAccess */
#define VRAM_FLAGS    0x2081U	/* NonPaged | NoSubstitute | CoarseGrain */

static HsaMemFlags flags_of(HSAuint32 value)
{
	return (HsaMemFlags){.Value = value};
}

/* A buffer as ROCr makes one: allocated, and mapped on the GPU unless it is a reservation. */
static void *make(struct run *run, HSAuint32 node, HSAuint64 size, HSAuint32 flags, HSAuint32 gpu)
{
	__typeof__(flags_of(0)) mem_flags = flags_of(flags);
#if HSAKMT_LAYOUT >= 396
	HsaMemFlags map_flags = {.Value = 0};
#else
	HsaMemMapFlags map_flags = {.Value = 0};
#endif
	const struct thunk *thunk = &run->thunk;
	HSAuint64 alternate = 1;
	void *memory = NULL;
	bool made;

	if (flags == CODE_FLAGS)
		made = SUCCEEDS(run, thunk->hsaKmtAllocMemoryAlign(node, size, 0x1000, mem_flags, &memory));
	else
		made = SUCCEEDS(run, thunk->hsaKmtAllocMemory(node, size, mem_flags, &memory));
	if (!made || flags == SCRATCH_FLAGS)
		return memory;
	SUCCEEDS(run, thunk->hsaKmtMapMemoryToGPUNodes(memory, size, &alternate, map_flags, 1, &gpu));
	EXPECT(run, alternate == 0 || alternate == (uintptr_t)memory);
	return memory;
}

static void drop(struct run *run, void *memory, HSAuint64 size)
{
	if (!memory)
		return;
	SUCCEEDS(run, run->thunk.hsaKmtUnmapMemoryToGPU(memory));
	SUCCEEDS(run, run->thunk.hsaKmtFreeMemory(memory, size));
}

static void check_pointer(struct run *run, const char *pool, HSAuint32 gpu)
{
	HsaPointerInfo info;

	memset(&info, 0, sizeof(info));
	if (!SUCCEEDS(run, run->thunk.hsaKmtQueryPointerInfo(pool + 100, &info)))
		return;
	EXPECT(run, info.Type == HSA_POINTER_ALLOCATED && info.SizeInBytes == SIGNAL_POOL);
	EXPECT(run, info.CPUAddress == pool && info.GPUAddress == (uintptr_t)pool);
	EXPECT(run, info.NMappedNodes == 1 && info.MappedNodes[0] == gpu);
}

/* Events of the memory fault handler and of the first signal. */
static void make_events(struct run *run, HsaEvent *events[2])
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_MEMORY};
	const struct thunk *thunk = &run->thunk;

	events[0] = events[1] = NULL;
	SUCCEEDS(run, thunk->hsaKmtCreateEvent(&descriptor, true, false, &events[0]));
	descriptor.EventType = HSA_EVENTTYPE_SIGNAL;
	SUCCEEDS(run, thunk->hsaKmtCreateEvent(&descriptor, false, false, &events[1]));
}

static void use_events(struct run *run, HsaEvent *events[2])
{
	const struct thunk *thunk = &run->thunk;
	uint64_t ages[2] = {1, 1};

	if (!EXPECT(run, events[0] && events[1]))
		return;
	/* a mailbox and its value, for the packet processor */
	EXPECT(run, events[1]->EventData.HWData2 != 0 && events[1]->EventId != 0);
	ANSWERS(run, WAIT_TIMEOUT, thunk->hsaKmtWaitOnEvent_Ext(events[1], 0, &ages[1]));
	SUCCEEDS(run, thunk->hsaKmtSetEvent(events[1]));
	SUCCEEDS(run,
		 thunk->hsaKmtWaitOnMultipleEvents_Ext(events, 2, false, HSA_EVENTTIMEOUT_INFINITE, ages));
	EXPECT(run, ages[1] == 2);
	/* the older call, which ROCr prefers below version 1.14; the wait above has reset the event */
	ANSWERS(run, WAIT_TIMEOUT, thunk->hsaKmtWaitOnMultipleEvents(events, 2, false, 0));
	SUCCEEDS(run, thunk->hsaKmtSetEvent(events[1]));
	SUCCEEDS(run, thunk->hsaKmtWaitOnMultipleEvents(events, 2, false, HSA_EVENTTIMEOUT_INFINITE));
}

static void destroy_events(struct run *run, HsaEvent *events[2])
{
	const struct thunk *thunk = &run->thunk;

	for (int i = 0; i < 2; i++)
		if (events[i])
			SUCCEEDS(run, thunk->hsaKmtDestroyEvent(events[i]));
	/* a runtime without interrupts destroys the event that it does not have */
	ANSWERS(run, INVALID_HANDLE, thunk->hsaKmtDestroyEvent(NULL));
}

void use_gpu(struct run *run, HSAuint32 gpu, const HsaNodeProperties *node)
{
	const struct thunk *thunk = &run->thunk;
	char *pool, *code, *scratch;
	HsaEvent *events[2];
	void *ring, *vram;
	HSAuint64 alternate;

	make_events(run, events);
	pool = make(run, 0, SIGNAL_POOL, KERNARG_FLAGS, gpu);
	code = make(run, 0, CODE_SIZE, CODE_FLAGS, gpu);
	ring = make(run, 0, RING_SIZE, CODE_FLAGS, gpu);
	vram = make(run, gpu, VRAM_BLOCK, VRAM_FLAGS, gpu);
	scratch = make(run, gpu, SCRATCH_RANGE, SCRATCH_FLAGS, gpu);
	if (EXPECT(run, pool && code && ring && vram && scratch)) {
		memset(pool, 1, SIGNAL_POOL);
		memset(code, 2, CODE_SIZE);
		memset(ring, 0, RING_SIZE);
		check_pointer(run, pool, gpu);
		SUCCEEDS(run, thunk->hsaKmtSetTrapHandler(gpu, code, 0x1000, code + 0x1000, 0x1000));
		SUCCEEDS(run, thunk->hsaKmtMapMemoryToGPU(scratch, SCRATCH_PIECE, &alternate));
		use_events(run, events);
		use_queues(run, &(struct workplace){
					.gpu = gpu,
					.gfx_major = node->EngineId.ui32.Major,
					.engines = node->NumShaderBanks,
					.pool = pool,
					.code = code,
					.ring = ring,
					.scratch = scratch,
					.scratch_bytes = SCRATCH_PIECE,
					.event = run->translated ? NULL : events[1],
				});
		SUCCEEDS(run, thunk->hsaKmtUnmapMemoryToGPU(scratch));
		SUCCEEDS(run, thunk->hsaKmtSetTrapHandler(gpu, NULL, 0, NULL, 0));
	}
	if (scratch)
		SUCCEEDS(run, thunk->hsaKmtFreeMemory(scratch, SCRATCH_RANGE));
	drop(run, vram, VRAM_BLOCK);
	drop(run, ring, RING_SIZE);
	if (code)
		SUCCEEDS(run, thunk->hsaKmtFreeMemory(code, CODE_SIZE)); /* still mapped */
	drop(run, pool, SIGNAL_POOL);
	destroy_events(run, events);
}
