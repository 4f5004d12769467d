// SPDX-License-Identifier: MIT
/* What the calls about the library, its nodes and its clocks answer to callers who ask the wrong thing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amdgpu_drm.h>
#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

#include "dxgsim/dxgsim.h"
#include "machine.h"

#define PAGE 0x1000ULL

static void any_call_on_a_closed_library_is_refused(void **state)
{
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaEvent *event = (HsaEvent *)&descriptor, *events[] = {event};
	HsaMemMapFlags map_flags = {.Value = 0};
	HsaMemFlags flags = {.Value = 0x20040};
	void *address = NULL, *known = &address;
	HsaCacheProperties cache;
	HsaClockCounters clocks;
	HsaGpuTileConfig tiles = {0};
	HsaIoLinkProperties link;
	HsaMemoryProperties bank;
	HsaNodeProperties node;
	HsaPointerInfo info;
	HsaSystemProperties system;
	HsaVersionInfo version;
	HSAuint64 bytes = 0, va = 0;
	HSAuint32 gpu = 1;
	void *handle;

	(void)state;
	assert_status(hsaKmtCloseKFD(), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetVersion(&version), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtAcquireSystemProperties(&system), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetNodeProperties(0, &node), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetNodeMemoryProperties(0, 1, &bank), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetNodeCacheProperties(0, 0, 1, &cache), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetNodeIoLinkProperties(0, 1, &link), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetNodeWallclockFrequency(1, &bytes), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetClockCounters(0, &clocks), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetTileConfig(1, &tiles), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtGetAMDGPUDeviceHandle(1, &handle), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtSetTrapHandler(1, NULL, 0, NULL, 0), KERNEL_IO_CHANNEL_NOT_OPENED);

	assert_status(hsaKmtCreateEvent(&descriptor, false, false, &event), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtDestroyEvent(event), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtSetEvent(event), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtResetEvent(event), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtQueryEventState(event), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtWaitOnEvent(event, 0), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtWaitOnEvent_Ext(event, 0, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtWaitOnMultipleEvents(events, 1, true, 0), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtWaitOnMultipleEvents_Ext(events, 1, true, 0, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);

	assert_status(hsaKmtAllocMemory(0, PAGE, flags, &address), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtAllocMemoryAlign(0, PAGE, PAGE, flags, &address), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_null(address);
	assert_status(hsaKmtFreeMemory(known, PAGE), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtAvailableMemory(1, &bytes), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtMapMemoryToGPU(known, PAGE, &va), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtMapMemoryToGPUNodes(known, PAGE, &va, map_flags, 1, &gpu),
		      KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtUnmapMemoryToGPU(known), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtQueryPointerInfo(known, &info), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtSetMemoryUserData(known, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtSetMemoryPolicy(1, 0, 0, NULL, 0), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_int_equal(dxgsim_ioctl_count(), 0);
}

/* The calls that libhsakmt serves closed, those that answer another status, and those that look at arguments first. */
static void the_exceptions_of_a_closed_library(void **state)
{
	HsaStructureSizes sizes = {.StructureSizes = sizeof(sizes),
				   .SizeOfHsaNodeProperties = sizeof(HsaNodeProperties)};
	bool model = true;
	HSAuint32 caps = 1;

	(void)state;
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtGetRuntimeCapabilities(&caps), SUCCESS);
	assert_int_equal(caps, 0);
	assert_status(hsaKmtModelEnabled(&model), SUCCESS);
	assert_false(model);
	assert_status(DxgAbiCheck(&sizes), SUCCESS);
	assert_status(hsaKmtCheckRuntimeDebugSupport(), ERROR);
	assert_status(hsaKmtRuntimeEnable(NULL, false), ERROR);
	assert_status(hsaKmtRuntimeDisable(), ERROR);
	assert_status(hsaKmtGetNodeProperties(0, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeMemoryProperties(0, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeCacheProperties(0, 0, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeIoLinkProperties(0, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtWaitOnEvent(NULL, 0), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnEvent_Ext(NULL, 0, NULL), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnMultipleEvents(NULL, 1, true, 0), INVALID_HANDLE);
	assert_status(hsaKmtWaitOnMultipleEvents_Ext(NULL, 1, true, 0, NULL), INVALID_HANDLE);
	/* everything else looks at the library first */
	assert_status(hsaKmtAcquireSystemProperties(NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtDestroyEvent(NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtFreeMemory(NULL, 0), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtUnmapMemoryToGPU(NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
	assert_status(hsaKmtQueryPointerInfo(NULL, NULL), KERNEL_IO_CHANNEL_NOT_OPENED);
}

/* Every call that takes a node id. */
static void assert_no_such_node(HSAuint32 id)
{
	HsaMemFlags flags = {.Value = 0x20040};
	HsaCacheProperties cache;
	HsaClockCounters clocks;
	HsaGpuTileConfig tiles = {0};
	HsaIoLinkProperties link;
	HsaMemoryProperties bank;
	HsaNodeProperties node;
	HSAuint64 bytes;
	void *address = NULL, *handle;

	assert_status(hsaKmtGetNodeProperties(id, &node), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetNodeMemoryProperties(id, 1, &bank), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetNodeCacheProperties(id, 0, 1, &cache), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetNodeIoLinkProperties(id, 1, &link), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetNodeWallclockFrequency(id, &bytes), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetClockCounters(id, &clocks), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetTileConfig(id, &tiles), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetAMDGPUDeviceHandle(id, &handle), INVALID_NODE_UNIT);
	assert_status(hsaKmtSetTrapHandler(id, NULL, 0, NULL, 0), INVALID_NODE_UNIT);
	assert_status(hsaKmtSetMemoryPolicy(id, 0, 0, NULL, 0), INVALID_NODE_UNIT);
	assert_status(hsaKmtAvailableMemory(id, &bytes), INVALID_NODE_UNIT);
	assert_status(hsaKmtAllocMemory(id, PAGE, flags, &address), INVALID_NODE_UNIT);
	assert_status(hsaKmtAllocMemoryAlign(id, PAGE, PAGE, flags, &address), INVALID_NODE_UNIT);
	assert_null(address);
	/* the node is looked at before the other arguments */
	assert_status(hsaKmtAllocMemory(id, 0, flags, NULL), INVALID_NODE_UNIT);
}

static void before_the_first_acquire_there_is_no_node(void **state)
{
	HsaMemMapFlags map_flags = {.Value = 0};
	HSAuint32 node = 0;
	HSAuint64 va;
	int unknown;

	(void)state;
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	assert_no_such_node(0);
	assert_no_such_node(1);
	assert_status(hsaKmtMapMemoryToGPUNodes(&unknown, PAGE, &va, map_flags, 1, &node), INVALID_NODE_UNIT);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
}

static void before_the_first_acquire_no_address_is_known(void **state)
{
	HsaPointerInfo info;
	HSAuint64 va = 1;
	int unknown;

	(void)state;
	assert_status(hsaKmtOpenKFD(), SUCCESS);
	assert_status(hsaKmtFreeMemory(&unknown, PAGE), MEMORY_NOT_REGISTERED);
	assert_status(hsaKmtFreeMemory(NULL, PAGE), ERROR);
	assert_status(hsaKmtMapMemoryToGPU(&unknown, PAGE, &va), INVALID_PARAMETER);
	assert_status(hsaKmtMapMemoryToGPU(NULL, PAGE, &va), ERROR);
	assert_status(hsaKmtUnmapMemoryToGPU(&unknown), ERROR);
	assert_status(hsaKmtUnmapMemoryToGPU(NULL), SUCCESS);
	memset(&info, 0xff, sizeof(info));
	assert_status(hsaKmtQueryPointerInfo(&unknown, &info), ERROR);
	assert_int_equal(info.Type, HSA_POINTER_UNKNOWN);
	assert_status(hsaKmtQueryPointerInfo(&unknown, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtSetMemoryUserData(&unknown, &unknown), ERROR);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
}

static void after_the_release_there_is_no_node_and_memory_stays(void **state)
{
	struct machine *machine = *state;
	HsaMemFlags flags = {.Value = 0x20040};
	HsaSystemProperties system;
	HsaPointerInfo info;
	char *address;
	void *p;
	HSAuint64 va;

	assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, flags, &p), SUCCESS);
	address = p;
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	address[0] = 7;
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_no_such_node(0);
	assert_no_such_node(machine->gpus[0]);
	assert_status(hsaKmtQueryPointerInfo(address, &info), SUCCESS);
	assert_int_equal(address[0], 7);
	/* one release too many harms nothing */
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtAcquireSystemProperties(&system), SUCCESS);
	assert_int_equal(system.NumNodes, machine->nodes);
	assert_status(hsaKmtUnmapMemoryToGPU(address), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPU(address, PAGE, &va), SUCCESS);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
}

static void an_acquire_is_undone_by_its_own_release_only(void **state)
{
	HsaSystemProperties first, second;
	HsaNodeProperties node;

	(void)state;
	assert_status(hsaKmtAcquireSystemProperties(&first), SUCCESS);
	assert_status(hsaKmtAcquireSystemProperties(&second), SUCCESS);
	assert_memory_equal(&first, &second, sizeof(first));
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtGetNodeProperties(0, &node), SUCCESS);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_status(hsaKmtGetNodeProperties(0, &node), INVALID_NODE_UNIT);
}

static void node_ids_beyond_the_last_are_invalid(void **state)
{
	struct machine *machine = *state;

	assert_no_such_node(machine->nodes);
	assert_no_such_node(machine->nodes + 1);
	assert_no_such_node(0x80000000);
	assert_no_such_node(INVALID_NODEID);
}

static void a_cpu_node_is_no_gpu(void **state)
{
	struct machine *machine = *state;
	HsaMemMapFlags map_flags = {.Value = 0};
	HsaMemFlags flags = {.Value = 0x20040}, scratch = {.Value = 0x240};
	HsaGpuTileConfig tiles = {0};
	HSAuint64 bytes = 1, va;
	void *handle, *address = NULL;

	assert_status(hsaKmtGetNodeWallclockFrequency(machine->cpu, &bytes), INVALID_NODE_UNIT);
	assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->cpu, &handle), INVALID_NODE_UNIT);
	assert_status(hsaKmtAvailableMemory(machine->cpu, &bytes), ERROR);
	assert_status(hsaKmtSetTrapHandler(machine->cpu, NULL, 0, NULL, 0), ERROR);
	assert_status(hsaKmtGetTileConfig(machine->cpu, &tiles), ERROR);
	assert_status(hsaKmtSetMemoryPolicy(machine->cpu, 0, 0, NULL, 0), NOT_IMPLEMENTED);
	assert_int_not_equal(hsaKmtAllocMemory(machine->cpu, PAGE, scratch, &address), HSAKMT_STATUS_SUCCESS);
	assert_null(address);
	assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, flags, &address), SUCCESS);
	assert_status(hsaKmtMapMemoryToGPUNodes(address, PAGE, &va, map_flags, 1, &machine->cpu), ERROR);
	assert_status(hsaKmtFreeMemory(address, PAGE), SUCCESS);
}

static void null_results_are_refused(void **state)
{
	struct machine *machine = *state;
	HsaEventDescriptor descriptor = {.EventType = HSA_EVENTTYPE_SIGNAL};
	HsaMemFlags flags = {.Value = 0x20040};
	HsaEvent *event;

	assert_status(hsaKmtAcquireSystemProperties(NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeProperties(0, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeMemoryProperties(0, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeCacheProperties(0, 0, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeIoLinkProperties(0, 1, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetNodeWallclockFrequency(machine->gpus[0], NULL), INVALID_PARAMETER);
	assert_status(hsaKmtAllocMemory(machine->cpu, PAGE, flags, NULL), INVALID_PARAMETER);
	/* libhsakmt crashes on these */
	assert_status(hsaKmtGetVersion(NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetClockCounters(machine->gpus[0], NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetTileConfig(machine->gpus[0], NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->gpus[0], NULL), INVALID_PARAMETER);
	assert_status(hsaKmtAvailableMemory(machine->gpus[0], NULL), INVALID_PARAMETER);
	assert_status(hsaKmtCreateEvent(NULL, false, false, &event), INVALID_PARAMETER);
	assert_status(hsaKmtCreateEvent(&descriptor, false, false, NULL), INVALID_PARAMETER);
	assert_status(hsaKmtModelEnabled(NULL), INVALID_PARAMETER);
	assert_status(hsaKmtGetRuntimeCapabilities(NULL), INVALID_PARAMETER);
}

static void more_caches_or_links_than_there_are_are_refused_and_untouched(void **state)
{
	struct machine *machine = *state;

	for (HSAuint32 id = 0; id < machine->nodes; id++) {
		HsaNodeProperties node;
		HsaCacheProperties *caches;
		HsaIoLinkProperties *links;

		assert_status(hsaKmtGetNodeProperties(id, &node), SUCCESS);
		caches = calloc(node.NumCaches + 1, sizeof(*caches));
		links = calloc(node.NumIOLinks + 1, sizeof(*links));
		assert_non_null(caches);
		assert_non_null(links);
		memset(caches, 0xc3, sizeof(*caches));
		memset(links, 0xc3, sizeof(*links));
		assert_status(hsaKmtGetNodeCacheProperties(id, 0, node.NumCaches + 1, caches),
			      INVALID_PARAMETER);
		assert_status(hsaKmtGetNodeIoLinkProperties(id, node.NumIOLinks + 1, links),
			      INVALID_PARAMETER);
		assert_int_equal(caches[0].CacheLevel, 0xc3c3c3c3);
		assert_int_equal(links[0].IoLinkType, 0xc3c3c3c3);
		/* none asked for, none given */
		assert_status(hsaKmtGetNodeCacheProperties(id, 0, 0, caches), SUCCESS);
		assert_status(hsaKmtGetNodeIoLinkProperties(id, 0, links), SUCCESS);
		assert_int_equal(caches[0].CacheLevel, 0xc3c3c3c3);
		assert_int_equal(links[0].IoLinkType, 0xc3c3c3c3);
		/* fewer than there are */
		if (node.NumCaches > 1) {
			assert_status(hsaKmtGetNodeCacheProperties(id, 0, node.NumCaches - 1, caches),
				      SUCCESS);
			assert_int_not_equal(caches[0].CacheLevel, 0xc3c3c3c3);
			assert_int_equal(caches[node.NumCaches - 1].CacheLevel, 0);
		}
		free(caches);
		free(links);
	}
}

static void more_banks_than_there_are_come_back_zero(void **state)
{
	static const HsaMemoryProperties zero;
	struct machine *machine = *state;

	for (HSAuint32 id = 0; id < machine->nodes; id++) {
		HsaNodeProperties node;
		HsaMemoryProperties *banks;

		assert_status(hsaKmtGetNodeProperties(id, &node), SUCCESS);
		banks = malloc((node.NumMemoryBanks + 3) * sizeof(*banks));
		assert_non_null(banks);
		memset(banks, 0xc3, (node.NumMemoryBanks + 3) * sizeof(*banks));
		assert_status(hsaKmtGetNodeMemoryProperties(id, node.NumMemoryBanks + 2, banks), SUCCESS);
		assert_int_not_equal(banks[node.NumMemoryBanks - 1].SizeInBytes, 0);
		assert_memory_equal(&banks[node.NumMemoryBanks], &zero, sizeof(zero));
		assert_memory_equal(&banks[node.NumMemoryBanks + 1], &zero, sizeof(zero));
		assert_int_equal(banks[node.NumMemoryBanks + 2].HeapType, 0xc3c3c3c3);
		free(banks);
	}
}

static void no_gpu_has_tiling_tables(void **state)
{
	struct machine *machine = *state;
	HSAuint32 tiles[32], macro_tiles[16];
	HsaGpuTileConfig config = {
		.TileConfig = tiles,
		.MacroTileConfig = macro_tiles,
		.NumTileConfigs = 32,
		.NumMacroTileConfigs = 15,
	};

	memset(tiles, 0xc3, sizeof(tiles));
	memset(macro_tiles, 0xc3, sizeof(macro_tiles));
	assert_status(hsaKmtGetTileConfig(machine->gpus[0], &config), SUCCESS);
	assert_int_equal(config.NumTileConfigs, 0);
	assert_int_equal(config.NumMacroTileConfigs, 0);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(tiles[i], 0);
	assert_int_equal(macro_tiles[14], 0);
	assert_int_equal(macro_tiles[15], 0xc3c3c3c3);
	assert_ptr_equal(config.TileConfig, tiles);
	/* lengths without arrays */
	config = (HsaGpuTileConfig){.NumTileConfigs = 32, .NumMacroTileConfigs = 16};
	assert_status(hsaKmtGetTileConfig(machine->gpus[0], &config), SUCCESS);
	assert_int_equal(config.NumTileConfigs, 0);
}

static void each_gpu_has_a_device_handle_of_its_own(void **state)
{
	struct machine *machine = *state;
	HsaAMDGPUDeviceHandle first, second, again;

	assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->gpus[0], &first), SUCCESS);
	assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->gpus[1], &second), SUCCESS);
	assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->gpus[0], &again), SUCCESS);
	assert_non_null(first);
	assert_non_null(second);
	assert_ptr_not_equal(first, second);
	assert_ptr_equal(first, again);
}

static unsigned count_units(const struct amdgpu_gpu_info *info)
{
	unsigned count = 0;

	for (unsigned se = 0; se < 4; se++)
		for (unsigned sa = 0; sa < 4; sa++)
			count += (unsigned)__builtin_popcount(info->cu_bitmap[se][sa]);
	return count;
}

/* The handle, and what libdrm would have said, with the simulated adapters' numbers. */
static void a_device_handle_tells_of_its_gpu(void **state)
{
	static const struct {
		uint32_t asic, engines, arrays, units, width, vram;
		uint64_t flags, engine_khz, memory_khz;
	} expected[] = {
		{0x73bf, 4, 2, 60, 256, AMDGPU_VRAM_TYPE_GDDR6, 0, 2105000, 2000000},
		{0x1681, 1, 2, 12, 128, 12 /* LPDDR5 */, AMDGPU_IDS_FLAGS_FUSION, 2400000, 3200000},
	};
	struct machine *machine = *state;

	for (unsigned i = 0; i < 2; i++) {
		struct amdgpu_gpu_info info;
		HsaAMDGPUDeviceHandle handle;
		HsaNodeProperties node;
		HSAuint64 hz;

		assert_status(hsaKmtGetNodeProperties(machine->gpus[i], &node), SUCCESS);
		assert_status(hsaKmtGetNodeWallclockFrequency(machine->gpus[i], &hz), SUCCESS);
		assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->gpus[i], &handle), SUCCESS);
		memset(&info, 0xc3, sizeof(info));
		assert_int_equal(amdgpu_query_gpu_info(handle, &info), 0);
		assert_int_equal(info.asic_id, expected[i].asic);
		assert_int_equal(info.asic_id, node.DeviceId);
		assert_int_equal(info.family_id, node.FamilyID);
		assert_int_equal(info.ids_flags, expected[i].flags);
		assert_int_equal((uint64_t)info.gpu_counter_freq * 1000, hz);
		assert_int_equal(info.gpu_counter_freq, 100000);
		assert_int_equal(info.num_shader_engines, expected[i].engines);
		assert_int_equal(info.num_shader_arrays_per_engine, expected[i].arrays);
		assert_int_equal(info.cu_active_number, expected[i].units);
		assert_int_equal(count_units(&info), expected[i].units);
		assert_int_equal(info.max_engine_clk, expected[i].engine_khz);
		assert_int_equal(info.max_memory_clk, expected[i].memory_khz);
		assert_int_equal(info.vram_type, expected[i].vram);
		assert_int_equal(info.vram_bit_width, expected[i].width);
		assert_int_equal(info.gb_addr_cfg, 0);
	}
}

static void what_is_no_device_handle_is_refused(void **state)
{
	struct machine *machine = *state;
	struct amdgpu_gpu_info info, before;
	HsaAMDGPUDeviceHandle handle;

	memset(&before, 0xc3, sizeof(before));
	memset(&info, 0xc3, sizeof(info));
	assert_status(hsaKmtGetAMDGPUDeviceHandle(machine->gpus[0], &handle), SUCCESS);
	assert_int_equal(amdgpu_query_gpu_info(NULL, &info), -EINVAL);
	assert_int_equal(amdgpu_query_gpu_info((amdgpu_device_handle)(void *)&info, &info), -EINVAL);
	assert_int_equal(amdgpu_query_gpu_info(handle, NULL), -EINVAL);
	/* a promise that GetVersion does not make: this runtime has no render node */
	assert_int_equal(amdgpu_device_get_fd(handle), -ENOSYS);
	assert_status(hsaKmtReleaseSystemProperties(), SUCCESS);
	assert_int_equal(amdgpu_query_gpu_info(handle, &info), -ENODEV);
	assert_status(hsaKmtCloseKFD(), SUCCESS);
	assert_int_equal(amdgpu_query_gpu_info(handle, &info), -ENODEV);
	assert_memory_equal(&info, &before, sizeof(info));
}

static void the_runtime_is_told_that_there_is_no_debugger(void **state)
{
	struct machine *machine = *state;
	HsaVersionInfo version;
	HSAuint32 caps = 1;
	int handler, buffer;

	assert_status(hsaKmtCheckRuntimeDebugSupport(), NOT_SUPPORTED);
	assert_status(hsaKmtRuntimeEnable(NULL, true), NOT_SUPPORTED);
	assert_status(hsaKmtGetRuntimeCapabilities(&caps), SUCCESS);
	assert_int_equal(caps, 0);
	/* ROCr of 2025 stops its shutdown when this fails */
	assert_status(hsaKmtRuntimeDisable(), SUCCESS);
	assert_status(
		hsaKmtSetTrapHandler(machine->gpus[0], &handler, sizeof(handler), &buffer, sizeof(buffer)),
		SUCCESS);
	assert_status(hsaKmtSetTrapHandler(machine->gpus[1], NULL, 0, NULL, 0), SUCCESS);
	/* fewer features than 1.12, which promises dmabuf export */
	assert_status(hsaKmtGetVersion(&version), SUCCESS);
	assert_int_equal(version.KernelInterfaceMajorVersion, 1);
	assert_in_range(version.KernelInterfaceMinorVersion, 4, 11);
}

static void memory_policies_are_those_of_no_gpu(void **state)
{
	struct machine *machine = *state;

	for (HSAuint32 id = 0; id < machine->nodes; id++)
		assert_status(hsaKmtSetMemoryPolicy(id, HSA_CACHING_CACHED, HSA_CACHING_NONCACHED, NULL, 0),
			      NOT_IMPLEMENTED);
}

#define CLOSED(test) cmocka_unit_test_setup_teardown(test, machine_setup_closed, machine_teardown)
#define OPEN(test)   cmocka_unit_test_setup_teardown(test, machine_setup_open, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLOSED(any_call_on_a_closed_library_is_refused),
		CLOSED(the_exceptions_of_a_closed_library),
		CLOSED(before_the_first_acquire_there_is_no_node),
		CLOSED(before_the_first_acquire_no_address_is_known),
		OPEN(after_the_release_there_is_no_node_and_memory_stays),
		OPEN(an_acquire_is_undone_by_its_own_release_only),
		OPEN(node_ids_beyond_the_last_are_invalid),
		OPEN(a_cpu_node_is_no_gpu),
		OPEN(null_results_are_refused),
		OPEN(more_caches_or_links_than_there_are_are_refused_and_untouched),
		OPEN(more_banks_than_there_are_come_back_zero),
		OPEN(no_gpu_has_tiling_tables),
		OPEN(each_gpu_has_a_device_handle_of_its_own),
		OPEN(a_device_handle_tells_of_its_gpu),
		OPEN(what_is_no_device_handle_is_refused),
		OPEN(the_runtime_is_told_that_there_is_no_debugger),
		OPEN(memory_policies_are_those_of_no_gpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
