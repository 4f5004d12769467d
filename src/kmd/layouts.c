// SPDX-License-Identifier: MIT
#include "kmd/layouts.h"

#include "util/compiler.h"

/* Public sources; docs/private-data.md says where each is found. */
#define ROCDBGAPI "ROCdbgapi kmddbg.h"
#define T0_GPU	  "t0-gpu"
#define RADV	  "RADV WDDM2"
#define T0_RADV	  "t0-gpu, RADV WDDM2"
#define THREE	  "t0-gpu, RADV WDDM2, Terakan"
#define MAGMA	  "t0-gpu, RADV WDDM2, Magma"
#define MICROSOFT "Microsoft d3dkmthk.h"

static const struct field proxy_fields[] = {
	[PROXY_VERSION] = {"version", 0x000, 4, .confidence = FIELD_PUBLISHED, .source = ROCDBGAPI,
			   .meaning = "interface version, major in the high half; 1.2 is known",
			   .verified_by = "check 2"},
	[PROXY_CHAINED_GPUS] = {"chained_gpus", 0x008, 4, .confidence = FIELD_PUBLISHED, .source = ROCDBGAPI,
				.meaning = "GPUs behind this adapter, 1 to 4", .verified_by = "check 2"},
	[PROXY_VENDOR_ID] = {"vendor_id", 0x00C, 2, .count = 4, .confidence = FIELD_PUBLISHED,
			     .source = ROCDBGAPI, .meaning = "PCI vendor of each GPU",
			     .verified_by = "check 2"},
	[PROXY_DEVICE_ID] = {"device_id", 0x014, 2, .count = 4, .confidence = FIELD_PUBLISHED,
			     .source = ROCDBGAPI, .meaning = "PCI device of each GPU",
			     .verified_by = "check 2"},
	[PROXY_SUBSYSTEM_ID] = {"subsystem_id", 0x01C, 2, .count = 4, .confidence = FIELD_PUBLISHED,
				.source = ROCDBGAPI, .meaning = "PCI subsystem of each GPU",
				.verified_by = "none: informative"},
	[PROXY_SUBVENDOR_ID] = {"subvendor_id", 0x024, 2, .count = 4, .confidence = FIELD_PUBLISHED,
				.source = ROCDBGAPI, .meaning = "PCI subsystem vendor of each GPU",
				.verified_by = "none: informative"},
	[PROXY_DRIVER_ID] = {"driver_id", 0x02C, 4, .count = 4, .confidence = FIELD_PROVEN,
			     .source = ROCDBGAPI ", " T0_GPU, .meaning = "0 discrete, 1 integrated, 2 proxy",
			     .verified_by = "check 2"},
	[PROXY_REGISTRY_PATH] = {"registry_path", 0x03C, 2, .count = 260, .confidence = FIELD_PUBLISHED,
				 .source = ROCDBGAPI, .meaning = "the first GPU's registry path, UTF-16",
				 .verified_by = "none: informative"},
	[PROXY_FAMILY_ID] = {"family_id", 0x860, 4, .count = 4, .confidence = FIELD_PUBLISHED,
			     .source = ROCDBGAPI, .meaning = "family of each GPU",
			     .verified_by = "none: informative"},
	[PROXY_CHIP_REVISION] = {"chip_revision", 0x874, 4, .count = 4, .confidence = FIELD_PUBLISHED,
				 .source = ROCDBGAPI, .meaning = "chip revision of each GPU",
				 .verified_by = "none: informative"},
	[PROXY_WDDM_VERSION] = {"wddm_version", 0x8B0, 4, .confidence = FIELD_PUBLISHED, .source = ROCDBGAPI,
				.meaning = "0x2000 is WDDM 2.0, 0x3100 is 3.1",
				.verified_by = "none: informative"},
	[PROXY_VENDOR_BLOCK_SIZE] = {"vendor_block_size", 0x95C, 4, .confidence = FIELD_PUBLISHED,
				     .source = ROCDBGAPI, .meaning = "bytes of the block that follows, or 0",
				     .verified_by = "check 2"},
};

static const struct field ati_fields[] = {
	[ATI_DEVICE_ID] = {"device_id", 0x02C, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
			   .meaning = "PCI device", .verified_by = "check 3"},
	[ATI_FAMILY_ID] = {"family_id", 0x030, 4, .confidence = FIELD_SINGLE, .source = RADV,
			   .meaning = "family", .verified_by = "none: informative"},
	[ATI_EXTERNAL_REVISION] = {"external_revision", 0x034, 4, .confidence = FIELD_SINGLE, .source = RADV,
				   .meaning = "chip external revision", .verified_by = "none: informative"},
	[ATI_SUBSYSTEM_ID] = {"subsystem_id", 0x038, 4, .confidence = FIELD_SINGLE, .source = RADV,
			      .meaning = "PCI subsystem", .verified_by = "none: informative"},
	[ATI_VRAM_TYPE] = {"vram_type", 0x054, 4, .confidence = FIELD_SINGLE, .source = RADV,
			   .meaning = "kind of memory chips", .verified_by = "range"},
	[ATI_BUS_WIDTH] = {"bus_width", 0x058, 4, .confidence = FIELD_SINGLE, .source = RADV,
			   .meaning = "memory bus, bits", .verified_by = "range"},
	[ATI_UMD_REGISTRY_PATH] = {"umd_registry_path", 0x108, 1, .count = 256, .confidence = FIELD_SINGLE,
				   .source = RADV, .meaning = "registry path of the user-mode driver",
				   .verified_by = "none: informative"},
	[ATI_RB_PIPES] = {"rb_pipes", 0x250, 4, .confidence = FIELD_SINGLE, .source = RADV,
			  .meaning = "render back-end pipes", .verified_by = "range"},
	[ATI_RB_ENABLED] = {"rb_enabled", 0x254, 4, .confidence = FIELD_SINGLE, .source = RADV,
			    .meaning = "enabled render back-end pipes", .verified_by = "none: informative"},
	[ATI_RB_MASK] = {"rb_mask", 0x258, 8, .confidence = FIELD_SINGLE, .source = RADV,
			 .meaning = "enabled render back-ends", .verified_by = "none: informative"},
};

static const struct field ex_fields[] = {
	[EX_PCIE_ATOMICS] = {"pcie_atomics", 0x0208, 1, 5, 1, .confidence = FIELD_SINGLE, .source = T0_GPU,
			     .meaning = "platform atomics work; discrete adapters only",
			     .verified_by = "none: reported as it is"},
	[EX_ENGINE_COUNT] = {"engine_count", 0x0898, 4, .confidence = FIELD_SINGLE, .source = RADV,
			     .meaning = "entries of the engine table", .verified_by = "check 4"},
	[EX_ENGINE_TABLE] = {"engine_table", 0x089C, 1, .count = 64, .confidence = FIELD_PROVEN,
			     .source = T0_RADV, .meaning = "scheduler id of each node",
			     .verified_by = "check 4; probe: context"},
	[EX_ME_FIRMWARE] = {"me_firmware", 0x08F0, 4, .confidence = FIELD_SINGLE, .source = RADV,
			    .meaning = "ME firmware version", .verified_by = "none: informative"},
	[EX_MEC_FIRMWARE] = {"mec_firmware", 0x08F4, 4, .confidence = FIELD_SINGLE, .source = RADV,
			     .meaning = "MEC firmware version", .verified_by = "none: informative"},
	[EX_PFP_FIRMWARE] = {"pfp_firmware", 0x08F8, 4, .confidence = FIELD_SINGLE, .source = RADV,
			     .meaning = "PFP firmware version", .verified_by = "none: informative"},
	[EX_DEVICE_ID] = {"device_id", 0x0A00, 4, .confidence = FIELD_SINGLE, .source = RADV,
			  .meaning = "PCI device", .verified_by = "check 3"},
	[EX_FAMILY_ID] = {"family_id", 0x0A04, 4, .confidence = FIELD_SINGLE, .source = RADV,
			  .meaning = "family", .verified_by = "none: informative"},
	[EX_EXTERNAL_REVISION] = {"external_revision", 0x0A08, 4, .confidence = FIELD_SINGLE, .source = RADV,
				  .meaning = "chip external revision", .verified_by = "none: informative"},
	[EX_CHIP_REVISION] = {"chip_revision", 0x0A0C, 4, .confidence = FIELD_SINGLE, .source = RADV,
			      .meaning = "chip revision", .verified_by = "none: informative"},
	[EX_GFX_ENGINE_ID] = {"gfx_engine_id", 0x0A10, 4, .confidence = FIELD_SINGLE, .source = RADV,
			      .meaning = "graphics engine id", .verified_by = "none: informative"},
	[EX_COUNTER_HZ] = {"counter_hz", 0x0A24, 4, .confidence = FIELD_PROVEN, .source = THREE,
			   .meaning = "frequency of the timestamp counter", .verified_by = "check 5"},
	[EX_VRAM_VISIBLE] = {"vram_visible", 0x0A30, 8, .confidence = FIELD_PROVEN, .source = THREE,
			     .meaning = "bytes of VRAM the CPU can see", .verified_by = "check 6"},
	[EX_VRAM_INVISIBLE] = {"vram_invisible", 0x0A38, 8, .confidence = FIELD_PROVEN, .source = THREE,
			       .meaning = "bytes of VRAM it cannot see", .verified_by = "check 6"},
	[EX_NON_LOCAL] = {"non_local", 0x0A40, 8, .confidence = FIELD_SINGLE, .source = T0_GPU,
			  .meaning = "bytes of the heap in system memory", .verified_by = "check 6"},
	[EX_FIRMWARE_MANAGED_STATE] = {"firmware_managed_state", 0x0C46, 1, 5, 1, .confidence = FIELD_SINGLE,
				       .source = T0_GPU,
				       .meaning = "CP firmware saves and restores the state of a queue",
				       .verified_by = "probe: result"},
	[EX_VGPRS] = {"vgprs", 0x0C58, 4, .confidence = FIELD_SINGLE, .source = RADV,
		      .meaning = "vector registers a shader can see", .verified_by = "range"},
	[EX_WAVE_SIZE] = {"wave_size", 0x0C5C, 4, .confidence = FIELD_SINGLE, .source = RADV,
			  .meaning = "lanes of a wave, 32 or 64", .verified_by = "check 7"},
	[EX_SHADER_ENGINES] = {"shader_engines", 0x0C60, 4, .confidence = FIELD_SINGLE, .source = RADV,
			       .meaning = "shader engines", .verified_by = "check 7"},
	[EX_RBS_PER_ENGINE] = {"rbs_per_engine", 0x0C64, 4, .confidence = FIELD_SINGLE, .source = RADV,
			       .meaning = "active render back-ends per shader engine",
			       .verified_by = "range"},
	[EX_ARRAYS_PER_ENGINE] = {"arrays_per_engine", 0x0C68, 4, .confidence = FIELD_SINGLE, .source = RADV,
				  .meaning = "shader arrays per shader engine", .verified_by = "check 7"},
	[EX_GL2_CHANNELS] = {"gl2_channels", 0x0C74, 4, .confidence = FIELD_SINGLE, .source = RADV,
			     .meaning = "channels of the L2 cache", .verified_by = "range"},
	[EX_CUS_PER_WGP] = {"cus_per_wgp", 0x0CE4, 4, .confidence = FIELD_SINGLE, .source = RADV,
			    .meaning = "compute units per work group processor", .verified_by = "check 7"},
	[EX_WGP_ACTIVE] = {"wgp_active", 0x0D04, 2, .count = 12, .confidence = FIELD_SINGLE, .source = RADV,
			   .meaning = "bit per active WGP, [engine][array]", .verified_by = "check 7"},
	[EX_WGP_ALWAYS_ON] = {"wgp_always_on", 0x0D1C, 2, .count = 12, .confidence = FIELD_SINGLE,
			      .source = RADV, .meaning = "bit per always-on WGP, [engine][array]",
			      .verified_by = "none: informative"},
	[EX_SQCS_PER_WGP] = {"sqcs_per_wgp", 0x0D5C, 4, .confidence = FIELD_SINGLE, .source = RADV,
			     .meaning = "sequencer caches per WGP", .verified_by = "range"},
	[EX_SQC_INSTRUCTION_SIZE] = {"sqc_instruction_size", 0x0D60, 4, .confidence = FIELD_SINGLE,
				     .source = RADV, .meaning = "bytes of the instruction cache",
				     .verified_by = "range"},
	[EX_SQC_DATA_SIZE] = {"sqc_data_size", 0x0D64, 4, .confidence = FIELD_SINGLE, .source = RADV,
			      .meaning = "bytes of the scalar cache", .verified_by = "range"},
	[EX_GL1_SIZE] = {"gl1_size", 0x0D68, 4, .confidence = FIELD_SINGLE, .source = RADV,
			 .meaning = "bytes of the GL1 cache", .verified_by = "range"},
	[EX_GL2_SIZE] = {"gl2_size", 0x0D70, 4, .confidence = FIELD_SINGLE, .source = RADV,
			 .meaning = "bytes of the L2 cache", .verified_by = "range"},
	[EX_MALL_SIZE] = {"mall_size", 0x0D84, 4, .confidence = FIELD_SINGLE, .source = RADV,
			  .meaning = "MiB of the last-level cache", .verified_by = "range"},
	[EX_VA_BASE] = {"va_base", 0x2A08, 8, .confidence = FIELD_SINGLE, .source = RADV,
			.meaning = "first GPU virtual address", .verified_by = "check 9"},
	[EX_VA_LIMIT] = {"va_limit", 0x2A10, 8, .confidence = FIELD_SINGLE, .source = RADV,
			 .meaning = "end of the GPU virtual addresses", .verified_by = "check 9"},
	[EX_HWS_MASK_VALID] = {"hws_mask_valid", 0x2E03, 1, 0, 1, .confidence = FIELD_SINGLE,
			       .source = T0_GPU, .meaning = "hws_mask has a meaning",
			       .verified_by = "probe: queue"},
	[EX_PTE_FRAGMENT] = {"pte_fragment", 0x2E18, 4, 0, 6, .confidence = FIELD_SINGLE, .source = RADV,
			     .meaning = "n: page table fragments are 4096 << n bytes",
			     .verified_by = "range"},
	[EX_IB_START_ALIGNMENT] = {"ib_start_alignment", 0x318C, 4, .count = 8, .stride = 8,
				   .confidence = FIELD_SINGLE, .source = RADV,
				   .meaning = "alignment of an IB's address per IP; 0 graphics, 1 compute",
				   .verified_by = "range; probe: submission"},
	[EX_IB_SIZE_ALIGNMENT] = {"ib_size_alignment", 0x3190, 4, .count = 8, .stride = 8,
				  .confidence = FIELD_SINGLE, .source = RADV,
				  .meaning = "alignment of an IB's size per IP",
				  .verified_by = "range; probe: submission"},
	[EX_HWS_MASK] = {"hws_mask", 0x35C4, 8, .confidence = FIELD_SINGLE, .source = T0_GPU,
			 .meaning = "nodes with hardware queues", .verified_by = "check 8; probe: queue"},
	[EX_NO_TIMEOUT_MASK] = {"no_timeout_mask", 0x35D8, 8, .confidence = FIELD_SINGLE, .source = T0_GPU,
				.meaning = "nodes whose OS timeout is to be disabled",
				.verified_by = "check 8"},
};

static const struct field device_ids_fields[] = {
	[DEVICE_IDS_INDEX] = {"index", 0, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			      .meaning = "in: physical adapter, 0", .verified_by = "none: always sent as 0"},
	[DEVICE_IDS_VENDOR] = {"vendor", 4, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			       .meaning = "PCI vendor", .verified_by = "check 2"},
	[DEVICE_IDS_DEVICE] = {"device", 8, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			       .meaning = "PCI device", .verified_by = "check 3"},
	[DEVICE_IDS_SUBVENDOR] = {"subvendor", 12, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
				  .meaning = "PCI subsystem vendor", .verified_by = "none: informative"},
	[DEVICE_IDS_SUBSYSTEM] = {"subsystem", 16, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
				  .meaning = "PCI subsystem", .verified_by = "none: informative"},
	[DEVICE_IDS_REVISION] = {"revision", 20, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
				 .meaning = "PCI revision", .verified_by = "none: informative"},
	[DEVICE_IDS_BUS_TYPE] = {"bus_type", 24, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
				 .meaning = "kind of bus", .verified_by = "none: informative"},
};

static const struct field address_fields[] = {
	[ADDRESS_BUS] = {"bus", 0, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			 .meaning = "PCI bus on the host", .verified_by = "range"},
	[ADDRESS_DEVICE] = {"device", 4, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			    .meaning = "PCI device on the host", .verified_by = "range"},
	[ADDRESS_FUNCTION] = {"function", 8, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			      .meaning = "PCI function on the host", .verified_by = "range"},
};

static const struct field segment_size_fields[] = {
	[SEGMENT_DEDICATED_VIDEO] = {"dedicated_video", 0, 8, .confidence = FIELD_PUBLISHED,
				     .source = MICROSOFT, .meaning = "bytes of VRAM",
				     .verified_by = "check 1; check 6"},
	[SEGMENT_DEDICATED_SYSTEM] = {"dedicated_system", 8, 8, .confidence = FIELD_PUBLISHED,
				      .source = MICROSOFT, .meaning = "bytes of reserved system memory",
				      .verified_by = "none: informative"},
	[SEGMENT_SHARED_SYSTEM] = {"shared_system", 16, 8, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
				   .meaning = "bytes of system memory the GPU may use",
				   .verified_by = "none: stands in for a non_local of 0"},
};

static const struct field driver_version_fields[] = {
	[DRIVER_VERSION] = {"version", 0, 8, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			    .meaning = "kernel driver a.b.c.d, 16 bits each, a highest",
			    .verified_by = "check 13"},
};

static const struct field statistics_fields[] = {
	[STATISTICS_SEGMENTS] = {"segments", 0, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
				 .meaning = "memory segments of the adapter", .verified_by = "range"},
	[STATISTICS_NODES] = {"nodes", 4, 4, .confidence = FIELD_PUBLISHED, .source = MICROSOFT,
			      .meaning = "scheduling nodes of the adapter",
			      .verified_by = "range; check 4; check 8"},
};

static const struct field resource_fields[] = {
	[RESOURCE_ADAPTER_ID] = {"adapter_id", 0x00, 4, .confidence = FIELD_AGREED, .source = T0_RADV,
				 .meaning = "0", .verified_by = "probe: allocation"},
	[RESOURCE_HEADER_SIZE] = {"header_size", 0x08, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				  .meaning = "0x80", .verified_by = "probe: allocation"},
	[RESOURCE_CHECKSUM] = {"checksum", 0x0C, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
			       .meaning = "0, or the checksum of the 64 bytes", .verified_by = "check 15"},
	[RESOURCE_ALLOCATION_SIZE] = {"allocation_size", 0x3C, 4, .confidence = FIELD_PROVEN,
				      .source = T0_RADV, .meaning = "bytes of the per-allocation blob",
				      .verified_by = "probe: allocation"},
};

static const struct field allocation_fields[] = {
	[ALLOCATION_ENTRY_SIZES] = {"entry_sizes", 0x00, 4, .count = 4, .confidence = FIELD_PROVEN,
				    .source = MAGMA, .meaning = "bytes after the header, per GPU; 0x1D8",
				    .verified_by = "probe: allocation"},
	[ALLOCATION_ADAPTER_ID] = {"adapter_id", 0x10, 4, .confidence = FIELD_AGREED, .source = T0_RADV,
				   .meaning = "0", .verified_by = "probe: allocation"},
	[ALLOCATION_CHECKSUM] = {"checksum", 0x14, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				 .meaning = "0, or the checksum of the first 64 bytes",
				 .verified_by = "check 15"},
	[ALLOCATION_ENTRY_COUNT] = {"entry_count", 0x3C, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				    .meaning = "1", .verified_by = "probe: allocation"},
	[ALLOCATION_ENTRY_SIZE] = {"entry_size", 0x40, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				   .meaning = "0x1D8 again", .verified_by = "probe: allocation"},
	[ALLOCATION_SECTIONS] = {"sections", 0x44, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				 .meaning = "mask of the sections that follow; 1 metadata",
				 .verified_by = "probe: allocation"},
	[ALLOCATION_BUFFER_SECTION_SIZE] = {"buffer_section_size", 0x48, 4, .confidence = FIELD_PROVEN,
					    .source = MAGMA, .meaning = "0x80",
					    .verified_by = "probe: allocation"},
	[ALLOCATION_HEAPS] =
		{"heaps", 0x50, 4, 0, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
		 .meaning = "allowed heaps: 1 visible VRAM, 2 invisible VRAM, 4 GART write-combined, "
			    "8 GART cached",
		 .verified_by = "probe: result"},
	[ALLOCATION_HOST_MEMORY] = {"host_memory", 0x50, 4, 26, 1, .confidence = FIELD_PROVEN,
				    .source = T0_RADV, .meaning = "the process brings the memory",
				    .verified_by = "probe: result"},
	[ALLOCATION_CPU_VISIBLE] = {"cpu_visible", 0x50, 4, 29, 1, .confidence = FIELD_SINGLE,
				    .source = "RADV WDDM2, Magma", .meaning = "the CPU will lock it",
				    .verified_by = "none: nothing locks VRAM"},
	[ALLOCATION_SIZE_LOW] = {"size_low", 0x54, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				 .meaning = "low 32 bits of the size", .verified_by = "probe: allocation"},
	[ALLOCATION_ALIGNMENT] = {"alignment", 0x58, 4, .confidence = FIELD_AGREED, .source = T0_RADV,
				  .meaning = "bytes", .verified_by = "probe: mapping"},
	[ALLOCATION_HEAP_COUNT] = {"heap_count", 0x5C, 4, 0, 3, .confidence = FIELD_SINGLE, .source = T0_GPU,
				   .meaning = "entries of heap_order; RADV reads a priority here",
				   .verified_by = "probe: allocation"},
	[ALLOCATION_HEAP_ORDER] = {"heap_order", 0x60, 1, .count = 4, .confidence = FIELD_PROVEN,
				   .source = T0_RADV, .meaning = "preferred heaps, bit number + 1",
				   .verified_by = "probe: result"},
	[ALLOCATION_QUEUE_MARK0] = {"queue_mark0", 0xA4, 4, 16, 1, .confidence = FIELD_SINGLE,
				    .source = T0_GPU, .meaning = "1 for a user queue",
				    .verified_by = "probe: ring memory"},
	[ALLOCATION_QUEUE_MARK1] = {"queue_mark1", 0xA4, 4, 23, 1, .confidence = FIELD_SINGLE,
				    .source = T0_GPU, .meaning = "1 for a user queue",
				    .verified_by = "probe: ring memory"},
	[ALLOCATION_SIZE] = {"size", 0xA8, 8, .confidence = FIELD_PROVEN, .source = MAGMA, .meaning = "bytes",
			     .verified_by = "probe: mapping"},
	[ALLOCATION_VA] = {"va", 0xB0, 8, .confidence = FIELD_AGREED, .source = T0_RADV,
			   .meaning = "GPU address, 0 when not known",
			   .verified_by = "check 15; probe: ring memory"},
	[ALLOCATION_VA_SIZE] = {"va_size", 0xB8, 8, .confidence = FIELD_SINGLE, .source = "RADV WDDM2, Magma",
				.meaning = "bytes at that address", .verified_by = "check 15"},
	[ALLOCATION_METADATA_OFFSET] = {"metadata_offset", 0xF0, 4, .confidence = FIELD_PROVEN,
					.source = T0_RADV, .meaning = "from 0x40; 0xC4",
					.verified_by = "probe: allocation"},
	[ALLOCATION_SCHEDULER_ID] = {"scheduler_id", 0xF4, 4, 0, 7, .confidence = FIELD_SINGLE,
				     .source = T0_GPU, .meaning = "engine of a user queue",
				     .verified_by = "probe: ring memory"},
	[ALLOCATION_VERSION] = {"version", 0xFC, 4, .confidence = FIELD_PROVEN, .source = MAGMA,
				.meaning = "0, 8 and 9 are known to be taken", .verified_by = "check 15"},
	[ALLOCATION_METADATA_SIZE] = {"metadata_size", 0x104, 4, .confidence = FIELD_PROVEN,
				      .source = T0_RADV, .meaning = "0x114",
				      .verified_by = "probe: allocation"},
	[ALLOCATION_METADATA_VA] = {"metadata_va", 0x10C, 8, .confidence = FIELD_SINGLE, .source = RADV,
				    .meaning = "va again", .verified_by = "check 15"},
	[ALLOCATION_METADATA_VA_SIZE] = {"metadata_va_size", 0x114, 8, .confidence = FIELD_SINGLE,
					 .source = "RADV WDDM2, Magma", .meaning = "va_size again",
					 .verified_by = "check 15"},
	[ALLOCATION_MEMORY_TYPE] = {"memory_type", 0x1D0, 4, .confidence = FIELD_AGREED, .source = T0_RADV,
				    .meaning = "4 bypasses L2, up to gfx11",
				    .verified_by = "none: caching is not probed"},
};

static const struct field context_fields[] = {
	[CONTEXT_HEADER_SIZE] = {"header_size", 0x00, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
				 .meaning = "0x40", .verified_by = "probe: context"},
	[CONTEXT_CLIENT] = {"client", 0x04, 4, .confidence = FIELD_SINGLE, .source = T0_RADV,
			    .meaning = "kind of client: 0x100 HSA (t0-gpu), 0x100000 Vulkan (RADV)",
			    .verified_by = "check 15; probe: context"},
	[CONTEXT_FIRMWARE_STATE] = {"firmware_state", 0x38, 4, 21, 1, .confidence = FIELD_PROVEN,
				    .source = T0_RADV, .meaning = "1 if `ex` says firmware_managed_state",
				    .verified_by = "probe: result"},
	[CONTEXT_SECTION_SIZE] = {"section_size", 0x40, 4, .confidence = FIELD_SINGLE, .source = RADV,
				  .meaning = "bytes from here, Vulkan form only; 0x168",
				  .verified_by = "check 15"},
};

static const struct field hwqueue_fields[] = {
	[HWQUEUE_SIZE] = {"size", 0x00, 4, .confidence = FIELD_PROVEN, .source = T0_RADV, .meaning = "0x40",
			  .verified_by = "probe: queue"},
	[HWQUEUE_PRIORITY] = {"priority", 0x10, 4, 12, 3, .confidence = FIELD_PROVEN, .source = T0_RADV,
			      .meaning = "1 low and normal, 2 high", .verified_by = "probe: queue"},
	[HWQUEUE_FIRMWARE_STATE] = {"firmware_state", 0x10, 4, 17, 1, .confidence = FIELD_PROVEN,
				    .source = T0_RADV, .meaning = "1 if `ex` says firmware_managed_state",
				    .verified_by = "probe: result"},
	[HWQUEUE_ID] = {"queue_id", 0x14, 4, .confidence = FIELD_SINGLE, .source = RADV,
			.meaning = "out: number of the queue", .verified_by = "none: informative"},
};

static const struct field submit_fields[] = {
	[SUBMIT_VERSION] = {"version", 0x00, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
			    .meaning = "6; 9 is known to be taken too", .verified_by = "probe: fence"},
	[SUBMIT_ENTRY_COUNT] = {"entry_count", 0x04, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
				.meaning = "1", .verified_by = "probe: fence"},
	[SUBMIT_ENTRY_TYPE] = {"entry_type", 0x08, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
			       .meaning = "0, an indirect buffer", .verified_by = "probe: fence"},
	[SUBMIT_ENTRY_SIZE] = {"entry_size", 0x0C, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
			       .meaning = "0x40, the entry's bytes from its type on",
			       .verified_by = "probe: fence"},
	[SUBMIT_LENGTH] = {"length", 0x10, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
			   .meaning = "bytes of the command buffer", .verified_by = "probe: result"},
	[SUBMIT_FLAGS] = {"flags", 0x14, 4, .confidence = FIELD_PROVEN, .source = T0_RADV,
			  .meaning = "0, neither preamble nor postamble", .verified_by = "probe: fence"},
	[SUBMIT_COMMANDS] = {"commands", 0x20, 8, .confidence = FIELD_PROVEN, .source = T0_RADV,
			     .meaning = "GPU address of the command buffer", .verified_by = "probe: result"},
	[SUBMIT_USER_QUEUE] = {"user_queue", 0x28, 4, .confidence = FIELD_SINGLE, .source = T0_GPU,
			       .meaning = "allocation of a software queue's ring memory, or 0",
			       .verified_by = "probe: result"},
};

static const struct field power_fields[] = {
	[POWER_HEADER_SIZE] = {"header_size", 0x00, 4, .confidence = FIELD_PUBLISHED, .source = ROCDBGAPI,
			       .meaning = "0x80", .verified_by = "none: a hint"},
	[POWER_HEADER_VERSION] = {"header_version", 0x04, 4, .confidence = FIELD_PUBLISHED,
				  .source = ROCDBGAPI, .meaning = "0x10000", .verified_by = "none: a hint"},
	[POWER_CODE] = {"code", 0x08, 4, .confidence = FIELD_SINGLE, .source = T0_GPU,
			.meaning = "0x03006903: component, function and client",
			.verified_by = "none: a hint"},
	[POWER_CLIENT] = {"client", 0x0C, 4, .confidence = FIELD_SINGLE, .source = T0_GPU, .meaning = "3",
			  .verified_by = "none: a hint"},
	[POWER_RETURN_CODE] = {"return_code", 0x48, 4, .confidence = FIELD_PUBLISHED, .source = ROCDBGAPI,
			       .meaning = "all ones; out: 0 done, 2 not supported, others are refusals",
			       .verified_by = "none: informative"},
	[POWER_INPUT_SIZE] = {"input_size", 0x80, 4, .confidence = FIELD_SINGLE, .source = T0_GPU,
			      .meaning = "0x40", .verified_by = "none: a hint"},
	[POWER_RESTORE] = {"restore", 0x84, 1, .confidence = FIELD_SINGLE, .source = T0_GPU,
			   .meaning = "0 apply, 1 restore", .verified_by = "none: a hint"},
	[POWER_WORKLOAD] = {"workload", 0x88, 1, 1, 1, .confidence = FIELD_SINGLE, .source = T0_GPU,
			    .meaning = "1", .verified_by = "none: a hint"},
	[POWER_OUTPUT_SIZE] = {"output_size", 0xC4, 4, .confidence = FIELD_SINGLE, .source = T0_GPU,
			       .meaning = "0x20", .verified_by = "none: a hint"},
};

#define LAYOUT(name_, title_, base_, size_, fields_)                                                       \
	{                                                                                                  \
		.name = (name_), .title = (title_), .base = (base_), .size = (size_), .fields = (fields_), \
		.field_count = ARRAY_SIZE(fields_)                                                         \
	}

const struct blob_layout proxy_layout =
	LAYOUT("proxy", "adapter information, proxy part", 0, KMD_PROXY_SIZE, proxy_fields);
const struct blob_layout ati_layout =
	LAYOUT("ati", "adapter information of the 0xBC0 query", KMD_PROXY_SIZE, KMD_ATI_SIZE, ati_fields);
const struct blob_layout ex_layout =
	LAYOUT("ex", "adapter information of the 0x4360 query", KMD_PROXY_SIZE, KMD_EX_SIZE, ex_fields);
const struct blob_layout device_ids_layout =
	LAYOUT("device_ids", "query PHYSICALADAPTERDEVICEIDS", 0, KMD_DEVICE_IDS_SIZE, device_ids_fields);
const struct blob_layout address_layout =
	LAYOUT("address", "query ADAPTERADDRESS", 0, KMD_ADAPTER_ADDRESS_SIZE, address_fields);
const struct blob_layout segment_size_layout =
	LAYOUT("segment_size", "query GETSEGMENTSIZE", 0, KMD_SEGMENT_SIZE_SIZE, segment_size_fields);
const struct blob_layout driver_version_layout = LAYOUT("driver_version", "query KMD_DRIVER_VERSION", 0,
							KMD_DRIVER_VERSION_SIZE, driver_version_fields);
const struct blob_layout statistics_layout =
	LAYOUT("statistics", "statistics of the adapter", 0, KMD_STATISTICS_SIZE, statistics_fields);
const struct blob_layout resource_layout =
	LAYOUT("resource", "allocation, resource level", 0, KMD_RESOURCE_BLOB_SIZE, resource_fields);
const struct blob_layout allocation_layout =
	LAYOUT("allocation", "allocation, per allocation", 0, KMD_ALLOCATION_BLOB_SIZE, allocation_fields);
const struct blob_layout context_layout =
	LAYOUT("context", "context", 0, KMD_CONTEXT_LONG_SIZE, context_fields);
const struct blob_layout hwqueue_layout =
	LAYOUT("hwqueue", "hardware queue", 0, KMD_HWQUEUE_BLOB_SIZE, hwqueue_fields);
const struct blob_layout submit_layout = LAYOUT("submit", "submission, to a context or a hardware queue", 0,
						KMD_SUBMIT_BLOB_SIZE, submit_fields);
const struct blob_layout power_layout =
	LAYOUT("power", "escape that asks for high clocks", 0, KMD_POWER_BLOB_SIZE, power_fields);

const struct blob_layout *const kmd_layouts[] = {
	&device_ids_layout, &address_layout, &segment_size_layout,   &statistics_layout, &proxy_layout,
	&ati_layout,	    &ex_layout,	     &driver_version_layout, &resource_layout,	 &allocation_layout,
	&context_layout,    &hwqueue_layout, &submit_layout,	     &power_layout,
};
const uint32_t kmd_layout_count = ARRAY_SIZE(kmd_layouts);
