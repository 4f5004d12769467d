// SPDX-License-Identifier: MIT
/* Names of what an adapter tells, for tools and messages. */
#include "kmd/info.h"

static const char *const field_names[KMD_FIELD_COUNT] = {
	[KMD_FIELD_FAMILY] = "family",
	[KMD_FIELD_REVISION] = "revision",
	[KMD_FIELD_SUBSYSTEM] = "subsystem",
	[KMD_FIELD_ENGINE_COUNT] = "engine count",
	[KMD_FIELD_NODE_COUNT] = "node count",
	[KMD_FIELD_SEGMENT_COUNT] = "segment count",
	[KMD_FIELD_ME_FIRMWARE] = "ME firmware",
	[KMD_FIELD_MEC_FIRMWARE] = "MEC firmware",
	[KMD_FIELD_PFP_FIRMWARE] = "PFP firmware",
	[KMD_FIELD_VRAM_HEAPS] = "VRAM heaps",
	[KMD_FIELD_NON_LOCAL] = "non-local heap",
	[KMD_FIELD_VA_RANGE] = "GPU address range",
	[KMD_FIELD_PTE_FRAGMENT] = "page table fragment",
	[KMD_FIELD_IB_ALIGNMENT] = "IB alignment",
	[KMD_FIELD_HWS_MASK] = "hardware queue mask",
	[KMD_FIELD_TIMEOUT_MASK] = "timeout mask",
	[KMD_FIELD_PCIE_ATOMICS] = "PCIe atomics",
	[KMD_FIELD_GEOMETRY] = "geometry",
	[KMD_FIELD_VGPRS] = "VGPRs",
	[KMD_FIELD_RBS] = "render back-ends",
	[KMD_FIELD_RB_PIPES] = "render back-end pipes",
	[KMD_FIELD_GL1_CACHE] = "GL1 cache",
	[KMD_FIELD_GL2_CACHE] = "L2 cache",
	[KMD_FIELD_GL2_CHANNELS] = "L2 channels",
	[KMD_FIELD_MALL] = "MALL",
	[KMD_FIELD_SQC_INSTRUCTION] = "instruction cache",
	[KMD_FIELD_SQC_DATA] = "scalar cache",
	[KMD_FIELD_SQCS_PER_WGP] = "sequencer caches per WGP",
	[KMD_FIELD_VRAM_TYPE] = "VRAM type",
	[KMD_FIELD_BUS_WIDTH] = "memory bus width",
	[KMD_FIELD_CLOCK_CALIBRATION] = "clock calibration",
	[KMD_FIELD_DRIVER_VERSION] = "driver version",
};

static const char *const vram_names[] = {
	[KMD_VRAM_UNKNOWN] = "unknown", [KMD_VRAM_GDDR3] = "GDDR3",   [KMD_VRAM_GDDR5] = "GDDR5",
	[KMD_VRAM_GDDR4] = "GDDR4",	[KMD_VRAM_DDR3] = "DDR3",     [KMD_VRAM_HBM] = "HBM",
	[KMD_VRAM_GDDR6] = "GDDR6",	[KMD_VRAM_DDR2] = "DDR2",     [KMD_VRAM_DDR4] = "DDR4",
	[KMD_VRAM_DDR5] = "DDR5",	[KMD_VRAM_LPDDR4] = "LPDDR4", [KMD_VRAM_LPDDR5] = "LPDDR5",
	[KMD_VRAM_HBM3E] = "HBM3E",	[KMD_VRAM_HBM4] = "HBM4",
};

static const char *const rule_names[KMD_RULE_COUNT] = {
	[KMD_RULE_NONE] = "none",
	[KMD_RULE_ANSWERED] = "answered",
	[KMD_RULE_PROXY] = "proxy",
	[KMD_RULE_DEVICE_ID] = "device id",
	[KMD_RULE_ENGINES] = "engine table",
	[KMD_RULE_COUNTER] = "counter",
	[KMD_RULE_HEAPS] = "heaps",
	[KMD_RULE_GEOMETRY] = "geometry",
	[KMD_RULE_MASKS] = "masks",
	[KMD_RULE_ADDRESSES] = "addresses",
	[KMD_RULE_PROBE] = "probe",
	[KMD_RULE_DEVICE_STATE] = "device state",
	[KMD_RULE_SLACK] = "slack",
	[KMD_RULE_DRIVER_AGE] = "driver age",
	[KMD_RULE_UNKNOWN_DEVICE] = "unknown device",
	[KMD_RULE_FORMS] = "forms",
};

const char *kmd_field_name(enum kmd_field field)
{
	return (uint32_t)field < KMD_FIELD_COUNT ? field_names[field] : "?";
}

const char *kmd_vram_type_name(enum kmd_vram_type type)
{
	return (uint32_t)type < ARRAY_SIZE(vram_names) ? vram_names[type] : "?";
}

/* A word or two for a self-check, never NULL. */
const char *kmd_rule_name(uint32_t rule)
{
	return rule < KMD_RULE_COUNT ? rule_names[rule] : "?";
}
