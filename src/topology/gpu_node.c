// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology/gpu.h"
#include "topology/utf.h"

#define KIB UINT64_C(1024)

/* Where gfx9 and later see LDS and scratch in the flat address space (Linux amdgpu: SH_MEM_BASES). */
#define LDS_BASE	    UINT64_C(0x1000000000000)
#define SCRATCH_BASE	    UINT64_C(0x2000000000000)
#define SCRATCH_SIZE	    (UINT64_C(4) << 30)
#define GPU_BANKS	    3
#define DOORBELL_TYPE	    2 /* 64-bit doorbells with packet indexes: gfx9 and later */
#define LOG2_WATCH_POINTS   2 /* four per compute unit */
#define SCRATCH_SLOTS	    32
#define SGPR_BYTES_PER_CU   0x4000
#define CP_QUEUES	    8
#define QUEUES_PER_SDMA	    8 /* as amdkfd: gfx10.3 and later */
#define DEFAULT_LDS_KIB	    64
#define VENDOR_AMD	    0x1002
#define FIRMWARE_MASK	    0x3ffU
#define UCODE_MASK(version) ((version)&FIRMWARE_MASK)

/* SIMDs of a compute unit, and waves of a SIMD (LLVM: AMDGPUBaseInfo, the maximum of waves per EU). */
static uint32_t default_simds(struct gfx_version gfx)
{
	return gfx.major >= 10 ? 2 : 4;
}

static uint32_t default_waves(struct gfx_version gfx)
{
	if (gfx.major < 10)
		return gfx.major == 9 && (gfx.minor >= 4 || gfx.step == 0xa) ? 8 : 10;
	return gfx.major == 10 && gfx.minor < 3 ? 20 : 16;
}

static uint32_t assumed_unless_told(struct gpu *gpu, enum device_column column, enum property property,
				    uint32_t assumed)
{
	uint32_t value = gpu_table_value(gpu, column, property);

	if (value)
		return value;
	gpu_origin(gpu, property, ORIGIN_ASSUMED);
	return assumed;
}

/* The host's answer before the table's. */
static uint32_t host_or_table(struct gpu *gpu, uint32_t host, enum device_column column,
			      enum property property)
{
	if (!host)
		return gpu_table_value(gpu, column, property);
	gpu_origin(gpu, property, ORIGIN_QUERY);
	return host;
}

static uint32_t private_or_absent(struct gpu *gpu, uint32_t value, enum kmd_field field,
				  enum property property)
{
	bool known = kmd_adapter_has(&gpu->pub.kmd, field);

	gpu_origin(gpu, property, known ? ORIGIN_PRIVATE_DATA : ORIGIN_ABSENT);
	return known ? value : 0;
}

static uint64_t hash(uint64_t state, uint64_t value)
{
	/* FNV-1a */
	for (unsigned i = 0; i < 8; i++)
		state = (state ^ (value >> (8 * i) & 0xff)) * UINT64_C(0x100000001b3);
	return state;
}

/*
 * Tells the GPUs of a machine apart, also after a restart of it: the host's LUIDs change then, the PCI address
 * does not.  The serial number of the chip is not to be had.
 */
static uint64_t unique_id(const struct topology_gpu *gpu)
{
	const struct kmd_pci_ids *pci = &gpu->kmd.pci;
	uint64_t id = UINT64_C(0xcbf29ce484222325);

	id = hash(id, (uint64_t)pci->vendor << 48 | (uint64_t)(pci->device & 0xffff) << 32 |
			      (uint64_t)(pci->subsystem & 0xffff) << 16 | (pci->revision & 0xff));
	if (gpu->pci_known)
		id = hash(id, (uint64_t)gpu->pci.bus << 32 | gpu->pci.device << 8 | gpu->pci.function);
	else
		id = hash(id, (uint64_t)gpu->luid.b << 32 | gpu->luid.a);
	return id ? id : 1;
}

static void fill_shape(struct gpu *gpu, const struct gpu_geometry *geometry, HsaNodeProperties *props)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;

	props->NumSIMDPerCU = assumed_unless_told(gpu, DEVICE_SIMD_PER_CU, PROPERTY_NumSIMDPerCU,
						  default_simds(gpu->pub.gfx));
	props->NumFComputeCores = geometry->compute_units * props->NumSIMDPerCU;
	props->NumShaderBanks = geometry->engines;
	props->NumArrays = geometry->arrays_per_engine;
	props->NumCUPerArray = geometry->largest_array;
	props->MaxWavesPerSIMD = assumed_unless_told(gpu, DEVICE_WAVES_PER_SIMD, PROPERTY_MaxWavesPerSIMD,
						     default_waves(gpu->pub.gfx));
	props->LDSSizeInKB = assumed_unless_told(gpu, DEVICE_LDS_KB, PROPERTY_LDSSizeInKB, DEFAULT_LDS_KIB);
	/* RDNA runs wave32 and wave64; HSA names the native one */
	props->WaveFrontSize = gpu->pub.gfx.major >= 10 ? 32 : 64;
	gpu_origin(gpu, PROPERTY_WaveFrontSize, ORIGIN_ASSUMED);
	props->MaxSlotsScratchCU = SCRATCH_SLOTS;
	gpu_origin(gpu, PROPERTY_MaxSlotsScratchCU, ORIGIN_ASSUMED);
	props->VGPRSizePerCU = gfx_version_vgpr_bytes_per_cu(gpu->pub.gfx);
	props->SGPRSizePerCU = SGPR_BYTES_PER_CU;
	gpu_origin(gpu, PROPERTY_VGPRSizePerCU, ORIGIN_ASSUMED);
	gpu_origin(gpu, PROPERTY_SGPRSizePerCU, ORIGIN_ASSUMED);
	props->NumXcc = 1;
	gpu_origin(gpu, PROPERTY_NumXcc, ORIGIN_ASSUMED);
	props->NumSdmaEngines =
		(kmd->sdma_node[0] != KMD_NO_NODE ? 1U : 0U) + (kmd->sdma_node[1] != KMD_NO_NODE ? 1U : 0U);
	gpu_origin(gpu, PROPERTY_NumSdmaEngines, ORIGIN_PRIVATE_DATA);
	props->NumSdmaQueuesPerEngine = QUEUES_PER_SDMA;
	props->NumCpQueues = CP_QUEUES;
	gpu_origin(gpu, PROPERTY_NumSdmaQueuesPerEngine, ORIGIN_ASSUMED);
	gpu_origin(gpu, PROPERTY_NumCpQueues, ORIGIN_ASSUMED);
	props->MaxEngineClockMhzFCompute = host_or_table(gpu, gpu->host.engine_mhz, DEVICE_ENGINE_MHZ,
							 PROPERTY_MaxEngineClockMhzFCompute);
}

static void set_version(HSA_ENGINE_ID *id, struct gfx_version gfx)
{
	/* the widths of the fields; the parsers' limits */
	id->ui32.Major = gfx.major & 0x3fU;
	id->ui32.Minor = gfx.minor;
	id->ui32.Stepping = gfx.step;
}

static void fill_identity(struct gpu *gpu, HsaNodeProperties *props)
{
	struct topology_gpu *pub = &gpu->pub;
	const struct kmd_adapter *kmd = &pub->kmd;
	uint16_t name[HSA_PUBLIC_NAME_SIZE];
	enum origin gfx_origin = gpu->device.gfx_origin;

	/*
	 * A runtime older than OverrideEngineId (ROCm 6.3) must find the override in EngineId; one that
	 * knows it prefers it anyway.
	 */
	set_version(&props->EngineId, pub->gfx_reported);
	if (pub->gfx_overridden)
		set_version(&props->OverrideEngineId, pub->gfx_reported);
	gpu_origin(gpu, PROPERTY_EngineId, pub->gfx_overridden ? ORIGIN_OVERRIDE : gfx_origin);
	gpu_origin(gpu, PROPERTY_OverrideEngineId, pub->gfx_overridden ? ORIGIN_OVERRIDE : ORIGIN_ABSENT);
	props->EngineId.ui32.uCode = UCODE_MASK(
		private_or_absent(gpu, kmd->mec_firmware, KMD_FIELD_MEC_FIRMWARE, PROPERTY_UCodeEngine));
	/* the firmware version of the SDMA engines is not told; AMD's own library has 0 on WSL too */
	gpu_origin(gpu, PROPERTY_uCodeEngineVersions, ORIGIN_ABSENT);

	props->VendorId = VENDOR_AMD;
	props->DeviceId = (HSAuint16)kmd->pci.device;
	gpu_origin(gpu, PROPERTY_VendorId, ORIGIN_QUERY);
	gpu_origin(gpu, PROPERTY_DeviceId, ORIGIN_QUERY);
	if (pub->pci_known)
		props->LocationId =
			pub->pci.bus << 8 | (pub->pci.device & 0x1f) << 3 | (pub->pci.function & 7);
	gpu_origin(gpu, PROPERTY_LocationId, pub->pci_known ? ORIGIN_QUERY : ORIGIN_ABSENT);
	/* the standard query has no domain; client PCs have one */
	gpu_origin(gpu, PROPERTY_Domain, ORIGIN_ASSUMED);
	props->UniqueID = unique_id(pub);
	gpu_origin(gpu, PROPERTY_UniqueID, ORIGIN_DERIVED);
	props->KFDGpuID =
		(HSAuint32)((props->UniqueID ^ props->UniqueID >> 16 ^ props->UniqueID >> 32) & 0xffff);
	if (!props->KFDGpuID)
		props->KFDGpuID = 1;
	gpu_origin(gpu, PROPERTY_KFDGpuID, ORIGIN_DERIVED);
	props->FamilyID = private_or_absent(gpu, kmd->family, KMD_FIELD_FAMILY, PROPERTY_FamilyID);
	props->LuidLowPart = pub->luid.a;
	props->LuidHighPart = pub->luid.b;
	gpu_origin(gpu, PROPERTY_LuidLowPart, ORIGIN_QUERY);
	gpu_origin(gpu, PROPERTY_LuidHighPart, ORIGIN_QUERY);
	/* there is no /dev/dri on WSL, and a number here would be opened */
	props->DrmRenderMinor = -1;
	gpu_origin(gpu, PROPERTY_DrmRenderMinor, ORIGIN_ABSENT);
	props->Integrated = !kmd->discrete;
	gpu_origin(gpu, PROPERTY_Integrated, ORIGIN_PRIVATE_DATA);

	utf16_from_utf8(pub->name, name, HSA_PUBLIC_NAME_SIZE);
	memcpy(props->MarketingName, name, sizeof(name));
	/* libhsakmt's form, of the version the hardware has */
	snprintf((char *)props->AMDName, sizeof(props->AMDName), "GFX%06x",
		 (unsigned)pub->gfx.major << 16 | (unsigned)pub->gfx.minor << 8 | pub->gfx.step);
	gpu_origin(gpu, PROPERTY_AMDName, gfx_origin == ORIGIN_UNSET ? ORIGIN_OVERRIDE : gfx_origin);
}

static void fill_capabilities(struct gpu *gpu, bool aql_emulation, HsaNodeProperties *props)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;
	static const enum property absent[] = {
		PROPERTY_NumCPUCores,
		PROPERTY_NumNeuralCores,
		PROPERTY_CComputeIdLo,
		PROPERTY_GDSSizeInKB,
		PROPERTY_MaxEngineClockMhzCCompute,
		PROPERTY_DebugProperties,
		PROPERTY_HiveID,
		PROPERTY_NumSdmaXgmiEngines,
		PROPERTY_NumGws,
		PROPERTY_CwsrSize,
		PROPERTY_CtlStackSize,
		PROPERTY_FabricHandleSupported,
	};

	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		gpu_origin(gpu, absent[i], ORIGIN_ABSENT);
	/*
	 * Not set, since nothing behind them works on WSL: watch points as such (their number is the
	 * hardware's), debug traps, wave launch modes, RAS events, SVM.  CoherentHostAccess: the CPU has no
	 * mapping of the frame buffer.
	 */
	props->Capability.ui32.DoorbellType = DOORBELL_TYPE;
	props->Capability.ui32.WatchPointsTotalBits = LOG2_WATCH_POINTS;
	props->Capability.ui32.ASICRevision =
		private_or_absent(gpu, kmd->chip_revision, KMD_FIELD_REVISION, PROPERTY_ASICRevision) & 0xf;
	gpu_origin(gpu, PROPERTY_WatchPoints, ORIGIN_ASSUMED);
	gpu_origin(gpu, PROPERTY_Capability, ORIGIN_LIBRARY);
	props->Capability2.ui32.AqlEmulationPm4_ = aql_emulation;
	gpu_origin(gpu, PROPERTY_Capability2, ORIGIN_LIBRARY);
}

static void fill_clock(struct gpu *gpu, HsaNodeProperties *props)
{
	gpu->pub.wallclock_hz = gpu->pub.kmd.counter_hz;
	props->WallClockKHz = gpu->pub.wallclock_hz / 1000;
	gpu_origin(gpu, PROPERTY_WallClockKHz, ORIGIN_PRIVATE_DATA);
}

/*
 * On an APU "local" memory is the carve-out and, after it, whatever of the system's memory Windows lets the GPU
 * have: the host takes an allocation from both.
 */
static uint64_t frame_buffer_bytes(struct gpu *gpu)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;
	bool told = kmd_adapter_has(kmd, KMD_FIELD_VRAM_HEAPS);
	uint64_t bytes = kmd->vram_visible + kmd->vram_invisible;

	if (!bytes)
		bytes = kmd->dedicated_video;
	if (!kmd->discrete)
		bytes += kmd->non_local;
	gpu_origin(gpu, PROPERTY_FrameBufferSize, told ? ORIGIN_PRIVATE_DATA : ORIGIN_QUERY);
	gpu_origin(gpu, PROPERTY_LocalMemSize, told ? ORIGIN_PRIVATE_DATA : ORIGIN_QUERY);
	return bytes;
}

static int fill_banks(struct gpu *gpu, struct topology_node *node)
{
	const struct kmd_adapter *kmd = &gpu->pub.kmd;
	HsaMemoryProperties *bank = calloc(GPU_BANKS, sizeof(*bank));

	if (!bank)
		return -ENOMEM;
	node->banks = bank;
	node->bank_count = GPU_BANKS;

	bank[0].HeapType = HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE;
	bank[0].SizeInBytes = frame_buffer_bytes(gpu);
	if (kmd_adapter_has(kmd, KMD_FIELD_BUS_WIDTH)) {
		bank[0].Width = kmd->bus_width_bits;
		gpu_origin(gpu, PROPERTY_FrameBufferWidth, ORIGIN_PRIVATE_DATA);
	} else {
		bank[0].Width = gpu_table_value(gpu, DEVICE_BUS_BITS, PROPERTY_FrameBufferWidth);
	}
	bank[0].MemoryClockMax =
		host_or_table(gpu, gpu->host.memory_mhz, DEVICE_MEMORY_MHZ, PROPERTY_FrameBufferClock);
	node->props.LocalMemSize = bank[0].SizeInBytes;

	bank[1].HeapType = HSA_HEAPTYPE_GPU_LDS;
	bank[1].SizeInBytes = node->props.LDSSizeInKB * KIB;
	bank[1].VirtualBaseAddress = LDS_BASE;
	bank[2].HeapType = HSA_HEAPTYPE_GPU_SCRATCH;
	bank[2].SizeInBytes = SCRATCH_SIZE;
	bank[2].VirtualBaseAddress = SCRATCH_BASE;
	gpu_origin(gpu, PROPERTY_LdsAperture, ORIGIN_ASSUMED);
	gpu_origin(gpu, PROPERTY_ScratchAperture, ORIGIN_ASSUMED);
	return 0;
}

/*
 * Makes the node of a GPU whose adapter was read, whose gfx versions are set and whose name is resolved, and notes
 * the origin of every value in it.  Links are added later, by io_links_build().  `first_processor_id` is the
 * first of the compute_units ids this GPU takes; KFDGpuID is non-zero, but the caller makes it unique.
 *
 * -ENOMEM; -ENODATA: the number of compute units is not known.
 */
int gpu_node_build(struct gpu *gpu, uint32_t first_processor_id, bool aql_emulation,
		   struct topology_node *node)
{
	struct gpu_geometry geometry;
	int ret;

	memset(node, 0, sizeof(*node));
	ret = gpu_geometry_resolve(gpu, &geometry);
	if (ret)
		return ret;
	node->gpu = &gpu->pub;
	node->numa_node = UINT32_MAX;
	fill_shape(gpu, &geometry, &node->props);
	fill_identity(gpu, &node->props);
	fill_capabilities(gpu, aql_emulation, &node->props);
	fill_clock(gpu, &node->props);
	node->props.FComputeIdLo = first_processor_id;
	ret = fill_banks(gpu, node);
	if (!ret)
		ret = gpu_caches_build(gpu, &geometry, first_processor_id, &node->caches, &node->cache_count);
	if (ret) {
		free(node->banks);
		memset(node, 0, sizeof(*node));
		return ret;
	}
	node->props.NumMemoryBanks = node->bank_count;
	node->props.NumCaches = node->cache_count;
	gpu_origin(gpu, PROPERTY_FComputeIdLo, ORIGIN_LIBRARY);
	gpu_origin(gpu, PROPERTY_NumMemoryBanks, ORIGIN_LIBRARY);
	gpu_origin(gpu, PROPERTY_NumCaches, ORIGIN_DERIVED);
	gpu_origin(gpu, PROPERTY_NumIOLinks, ORIGIN_LIBRARY);
	/* for the links of this GPU */
	gpu_origin(gpu, PROPERTY_LinkAtomics,
		   kmd_adapter_has(&gpu->pub.kmd, KMD_FIELD_PCIE_ATOMICS) ? ORIGIN_PRIVATE_DATA
									  : ORIGIN_ASSUMED);
	gpu_origin(gpu, PROPERTY_LinkBandwidth, gpu->host.pcie_mbps ? ORIGIN_QUERY : ORIGIN_ABSENT);
	return 0;
}
