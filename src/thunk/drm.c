// SPDX-License-Identifier: MIT
/*
 * The one libdrm_amdgpu query that ROCr makes while it starts (2025, without GetNodeWallclockFrequency): what
 * amdgpu would tell of the GPU, from the topology.  The other calls of drm_shims.h are in refusals.def.
 */
#include <errno.h>
#include <string.h>

#include <amdgpu_drm.h>

#include <hsakmt/drm_shims.h>
#include <hsakmt/hsakmt.h>

#include "thunk/process.h"
#include "topology/topology.h"
#include "util/compiler.h"

#define KHZ_PER_MHZ 1000U

/* Linux: drm/amdgpu_drm.h; libdrm's copy may be older. */
#ifndef AMDGPU_VRAM_TYPE_LPDDR4
#define AMDGPU_VRAM_TYPE_LPDDR4 11
#endif
#ifndef AMDGPU_VRAM_TYPE_LPDDR5
#define AMDGPU_VRAM_TYPE_LPDDR5 12
#endif

/* The engines of libdrm's map; Linux amdgpu puts engine 4 and later into columns 2 and 3 of engine - 4. */
#define MAP_ENGINES 4U
#define MAP_COLUMNS 4U

static uint32_t vram_type(enum kmd_vram_type type)
{
	switch (type) {
	case KMD_VRAM_GDDR3:
		return AMDGPU_VRAM_TYPE_GDDR3;
	case KMD_VRAM_GDDR4:
		return AMDGPU_VRAM_TYPE_GDDR4;
	case KMD_VRAM_GDDR5:
		return AMDGPU_VRAM_TYPE_GDDR5;
	case KMD_VRAM_GDDR6:
		return AMDGPU_VRAM_TYPE_GDDR6;
	case KMD_VRAM_HBM:
		return AMDGPU_VRAM_TYPE_HBM;
	case KMD_VRAM_DDR2:
		return AMDGPU_VRAM_TYPE_DDR2;
	case KMD_VRAM_DDR3:
		return AMDGPU_VRAM_TYPE_DDR3;
	case KMD_VRAM_DDR4:
		return AMDGPU_VRAM_TYPE_DDR4;
	case KMD_VRAM_DDR5:
		return AMDGPU_VRAM_TYPE_DDR5;
	case KMD_VRAM_LPDDR4:
		return AMDGPU_VRAM_TYPE_LPDDR4;
	case KMD_VRAM_LPDDR5:
		return AMDGPU_VRAM_TYPE_LPDDR5;
	default:
		return AMDGPU_VRAM_TYPE_UNKNOWN;
	}
}

/* A bit per active compute unit of each shader array. */
static void fill_map(const struct kmd_adapter *kmd, struct amdgpu_gpu_info *info)
{
	uint32_t engines = MIN(kmd->shader_engines, KMD_WGP_MAP_SE);
	uint32_t arrays = MIN(kmd->arrays_per_engine, KMD_WGP_MAP_SA);
	uint32_t units = (1U << kmd->cus_per_wgp) - 1;

	for (uint32_t se = 0; se < engines; se++) {
		for (uint32_t sa = 0; sa < arrays; sa++) {
			uint32_t column = sa + se / MAP_ENGINES * (MAP_COLUMNS / 2), map = 0;

			for (uint32_t wgp = 0; wgp < 16; wgp++)
				if (kmd->wgp_active[se][sa] >> wgp & 1)
					map |= units << wgp * kmd->cus_per_wgp;
			info->cu_bitmap[se % MAP_ENGINES][column] = map;
		}
	}
}

static void fill_memory(const struct topology_node *node, struct amdgpu_gpu_info *info)
{
	for (uint32_t i = 0; i < node->bank_count; i++) {
		const HsaMemoryProperties *bank = &node->banks[i];

		if (bank->HeapType != HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE &&
		    bank->HeapType != HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC)
			continue;
		info->max_memory_clk = (uint64_t)bank->MemoryClockMax * KHZ_PER_MHZ;
		info->vram_bit_width = bank->Width;
		return;
	}
}

static void fill(const struct topology_node *node, struct amdgpu_gpu_info *info)
{
	const struct kmd_adapter *kmd = &node->gpu->kmd;
	const HsaNodeProperties *props = &node->props;

	memset(info, 0, sizeof(*info));
	info->asic_id = kmd->pci.device;
	info->pci_rev_id = kmd->pci.revision;
	info->chip_rev = kmd->chip_revision;
	info->chip_external_rev = kmd->external_revision;
	info->family_id = props->FamilyID;
	info->ids_flags = kmd->discrete ? 0 : AMDGPU_IDS_FLAGS_FUSION;
	info->max_engine_clk = (uint64_t)props->MaxEngineClockMhzFCompute * KHZ_PER_MHZ;
	info->gpu_counter_freq = (uint32_t)(node->gpu->wallclock_hz / 1000);
	info->num_shader_engines = props->NumShaderBanks;
	info->num_shader_arrays_per_engine = props->NumArrays;
	info->cu_active_number = props->NumFComputeCores / props->NumSIMDPerCU;
	if (kmd_adapter_has(kmd, KMD_FIELD_RB_PIPES)) {
		info->rb_pipes = kmd->rb_pipes;
		info->enabled_rb_pipes_mask = (uint32_t)kmd->rb_mask;
	}
	if (kmd_adapter_has(kmd, KMD_FIELD_GEOMETRY))
		fill_map(kmd, info);
	if (kmd_adapter_has(kmd, KMD_FIELD_VRAM_TYPE))
		info->vram_type = vram_type(kmd->vram_type);
	fill_memory(node, info);
}

/* The node of a handle; gpus and gpu_nodes stay as they are from the first acquire to the close. */
static int find_node(struct process *process, const void *handle, uint32_t *node)
{
	int ret = -EINVAL;

	pthread_mutex_lock(&process->lock);
	for (uint32_t i = 0; ret && i < process->gpu_count; i++) {
		if (process->gpus[i] == handle) {
			*node = process->gpu_nodes[i];
			ret = 0;
		}
	}
	pthread_mutex_unlock(&process->lock);
	return ret;
}

/*
 * What libdrm_amdgpu tells of a GPU: clocks in kHz, the rest as in libdrm's amdgpu.h.  What the host does not
 * tell, and what only graphics needs (tiling, parameter caches, graphics contexts), is 0.
 *
 * 0; -EINVAL: not a handle of hsaKmtGetAMDGPUDeviceHandle(), or no place for the answer; -ENODEV: the library is
 * closed, or the topology was released.
 */
int amdgpu_query_gpu_info(amdgpu_device_handle dev, struct amdgpu_gpu_info *info)
{
	struct topology_snapshot *snapshot;
	struct process *process;
	uint32_t node;
	int ret;

	if (process_enter(&process) != HSAKMT_STATUS_SUCCESS)
		return -ENODEV;
	ret = info ? find_node(process, dev, &node) : -EINVAL;
	if (!ret) {
		snapshot = process_snapshot(process);
		if (snapshot) {
			fill(topology_node(snapshot, node), info);
			topology_snapshot_put(snapshot);
		} else {
			ret = -ENODEV;
		}
	}
	process_leave();
	return ret;
}
