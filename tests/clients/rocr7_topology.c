// SPDX-License-Identifier: MIT
/* What ROCr reads of every node, into buffers that end where its own structures end. */
#include <stdlib.h>
#include <string.h>

#include "rocr7.h"

#define GUARD	    0xa5
#define GUARD_BYTES 512

bool is_gpu(const HsaNodeProperties *node)
{
	return node->NumFComputeCores != 0;
}

/* Zeroed memory with a guard behind it. */
static void *guarded_alloc(size_t size)
{
	unsigned char *memory = malloc(size + GUARD_BYTES);

	if (!memory)
		abort();
	memset(memory, 0, size);
	memset(memory + size, GUARD, GUARD_BYTES);
	return memory;
}

static void free_intact(struct run *run, const char *step, void *memory, size_t size)
{
	const unsigned char *guard = (unsigned char *)memory + size;
	bool intact = true;

	for (size_t i = 0; i < GUARD_BYTES; i++)
		intact = intact && guard[i] == GUARD;
	free(memory);
	judge(run, step, intact);
}

static void check_banks(struct run *run, const HsaNodeProperties *node, const HsaMemoryProperties *banks)
{
	bool system = false, local = false, lds = false;

	for (HSAuint32 i = 0; i < node->NumMemoryBanks; i++) {
		system = system || (banks[i].HeapType == HSA_HEAPTYPE_SYSTEM && banks[i].SizeInBytes);
		local = local ||
			(banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE && banks[i].SizeInBytes);
		lds = lds || (banks[i].HeapType == HSA_HEAPTYPE_GPU_LDS && banks[i].VirtualBaseAddress >> 32);
	}
	EXPECT(run, is_gpu(node) || system);
	EXPECT(run, !is_gpu(node) || (local && lds));
}

static void check_caches(struct run *run, const HsaNodeProperties *node, const HsaCacheProperties *caches)
{
	bool usable = false;

	for (HSAuint32 i = 0; i < node->NumCaches; i++)
		usable = usable || (caches[i].CacheSize && caches[i].CacheLevel &&
				    !caches[i].CacheType.ui32.Instruction);
	EXPECT(run, usable);
}

static void read_lists(struct run *run, HSAuint32 id, const HsaNodeProperties *node)
{
	const struct thunk *thunk = &run->thunk;
	size_t bank_bytes = node->NumMemoryBanks * sizeof(HsaMemoryProperties);
	size_t cache_bytes = node->NumCaches * sizeof(HsaCacheProperties);
	size_t link_bytes = node->NumIOLinks * sizeof(HsaIoLinkProperties);
	HsaMemoryProperties *banks = guarded_alloc(bank_bytes);
	HsaCacheProperties *caches = guarded_alloc(cache_bytes);
	HsaIoLinkProperties *links = guarded_alloc(link_bytes);
	HSAuint32 processor = is_gpu(node) ? node->FComputeIdLo : node->CComputeIdLo;

	if (SUCCEEDS(run, thunk->hsaKmtGetNodeMemoryProperties(id, node->NumMemoryBanks, banks)))
		check_banks(run, node, banks);
	if (SUCCEEDS(run, thunk->hsaKmtGetNodeCacheProperties(id, processor, node->NumCaches, caches)))
		check_caches(run, node, caches);
	if (SUCCEEDS(run, thunk->hsaKmtGetNodeIoLinkProperties(id, node->NumIOLinks, links)))
		for (HSAuint32 i = 0; i < node->NumIOLinks; i++)
			EXPECT(run, links[i].NodeFrom == id && links[i].NodeTo != id);
	free_intact(run, "the bytes behind HsaMemoryProperties are as they were", banks, bank_bytes);
	free_intact(run, "the bytes behind HsaCacheProperties are as they were", caches, cache_bytes);
	free_intact(run, "the bytes behind HsaIoLinkProperties are as they were", links, link_bytes);
}

static unsigned int units_in_map(const struct amdgpu_gpu_info *info)
{
	unsigned int units = 0;

	for (unsigned int se = 0; se < 4; se++)
		for (unsigned int sa = 0; sa < 4; sa++)
			units += (unsigned int)__builtin_popcount(info->cu_bitmap[se][sa]);
	return units;
}

/* libdrm's picture of the GPU agrees with the topology's. */
static uint64_t frequency_from_drm(struct run *run, const HsaNodeProperties *node,
				   HsaAMDGPUDeviceHandle handle)
{
	struct amdgpu_gpu_info *info = guarded_alloc(sizeof(*info));
	uint64_t frequency = 0;

	if (EXPECT(run, run->thunk.amdgpu_query_gpu_info(handle, info) == 0)) {
		EXPECT(run, info->asic_id == node->DeviceId);
		EXPECT(run, info->family_id == node->FamilyID);
		EXPECT(run, info->num_shader_engines == node->NumShaderBanks);
		EXPECT(run, info->num_shader_arrays_per_engine == node->NumArrays);
		EXPECT(run, info->cu_active_number == node->NumFComputeCores / node->NumSIMDPerCU);
		EXPECT(run, units_in_map(info) == info->cu_active_number);
		EXPECT(run, info->max_engine_clk == 1000ULL * node->MaxEngineClockMhzFCompute);
		frequency = 1000ULL * info->gpu_counter_freq;
	}
	free_intact(run, "the bytes behind struct amdgpu_gpu_info are as they were", info, sizeof(*info));
	return frequency;
}

/* The clock that profiling times are counted in; every way of asking has the same answer. */
static void check_clock(struct run *run, HSAuint32 id, const HsaNodeProperties *node,
			HsaAMDGPUDeviceHandle handle)
{
	const struct thunk *thunk = &run->thunk;
	uint64_t from_drm = frequency_from_drm(run, node, handle), frequency = from_drm;
	HsaClockCounters *clocks = guarded_alloc(sizeof(*clocks));

	if (!run->generation->clock_from_drm)
		SUCCEEDS(run, thunk->hsaKmtGetNodeWallclockFrequency(id, &frequency));
	EXPECT(run, frequency >= 1000000 && frequency == from_drm);
#if HSAKMT_LAYOUT >= 392
	EXPECT(run, node->WallClockKHz * 1000 == frequency);
#endif
	if (SUCCEEDS(run, thunk->hsaKmtGetClockCounters(id, clocks)))
		EXPECT(run, clocks->GPUClockCounter && clocks->SystemClockFrequencyHz);
	free_intact(run, "the bytes behind HsaClockCounters are as they were", clocks, sizeof(*clocks));
}

static void check_gpu(struct run *run, HSAuint32 id, const HsaNodeProperties *node)
{
	const struct thunk *thunk = &run->thunk;
	HsaAMDGPUDeviceHandle handle = NULL;
	HsaVersionInfo version = {0};
	HSAuint64 available = 0;

	EXPECT(run, node->NumXcc >= 1 && node->NumSIMDPerCU >= 1 && node->NumShaderBanks >= 1); /* divisors */
	EXPECT(run, node->EngineId.ui32.Major >= 10);
	EXPECT(run, node->Capability.ui32.DoorbellType == 2);
	EXPECT(run, node->Capability2.ui32.AqlEmulationPm4_ == run->translated);
	EXPECT(run, node->KFDGpuID != 0 && node->MarketingName[0] != 0);
#if HSAKMT_LAYOUT >= 392
	EXPECT(run, node->LuidLowPart || node->LuidHighPart);
#endif
	SUCCEEDS(run, thunk->hsaKmtAvailableMemory(id, &available));
	EXPECT(run, available != 0);
	SUCCEEDS(run, thunk->hsaKmtGetVersion(&version));
	if (!SUCCEEDS(run, thunk->hsaKmtGetAMDGPUDeviceHandle(id, &handle)) || !EXPECT(run, handle != NULL))
		return;
	check_clock(run, id, node, handle);
	/* 15 promises the virtual memory API, for which ROCr takes a descriptor of a render node */
	if (version.KernelInterfaceMinorVersion >= 15 && EXPECT(run, thunk->amdgpu_device_get_fd != NULL))
		EXPECT(run, thunk->amdgpu_device_get_fd(handle) >= 0);
}

HsaNodeProperties *read_topology(struct run *run, HSAuint32 *count)
{
	const struct thunk *thunk = &run->thunk;
	HsaSystemProperties *system = guarded_alloc(sizeof(*system));
	HsaNodeProperties *nodes = NULL;
	unsigned int gpus = 0, before = (unsigned int)run->failures;

	*count = 0;
	if (SUCCEEDS(run, thunk->hsaKmtAcquireSystemProperties(system)))
		*count = system->NumNodes;
	free_intact(run, "the bytes behind HsaSystemProperties are as they were", system, sizeof(*system));
	nodes = calloc(*count + 1, sizeof(*nodes));
	if (!nodes)
		abort();
	for (HSAuint32 id = 0; id < *count; id++) {
		HsaNodeProperties *node = guarded_alloc(sizeof(*node));

		if (SUCCEEDS(run, thunk->hsaKmtGetNodeProperties(id, node))) {
			nodes[id] = *node;
			read_lists(run, id, node);
			if (is_gpu(node)) {
				gpus++;
				check_gpu(run, id, node);
			}
		}
		free_intact(run, "the bytes behind HsaNodeProperties are as they were", node, sizeof(*node));
	}
	EXPECT(run, gpus == run->gpus && *count > gpus);
	if (before == (unsigned int)run->failures)
		return nodes;
	free(nodes);
	return NULL;
}
