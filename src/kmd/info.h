// SPDX-License-Identifier: MIT
/*
 * What is known of an adapter: the result of reading AMD's private data, and why it may be refused.
 * Types only, for those who decode, check and use it.
 */
#ifndef KMD_INFO_H
#define KMD_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "dxg/dxg.h"
#include "util/compiler.h"

#define KMD_VENDOR_AMD	  0x1002U
#define KMD_MAX_ENGINES	  64U	     /* entries of the engine table; index = node ordinal */
#define KMD_NO_NODE	  UINT32_MAX /* an engine the adapter does not have */
#define KMD_WGP_MAP_SE	  6U	     /* shader engines the WGP maps have room for */
#define KMD_WGP_MAP_SA	  2U
#define KMD_IB_ALIGNMENTS 8U
#define KMD_PATH_SIZE	  264U
#define KMD_MAX_NOTES	  8U

/* Scheduler ids: the values of the engine table. */
enum kmd_engine {
	KMD_ENGINE_GRAPHICS = 0,
	KMD_ENGINE_SDMA0 = 4,
	KMD_ENGINE_COMPUTE0 = 5,
	KMD_ENGINE_SDMA1 = 7,
};

/* Values of kmd_adapter.ib_alignment's index that are known. */
enum kmd_ip {
	KMD_IP_GRAPHICS = 0,
	KMD_IP_COMPUTE = 1,
};

enum kmd_vram_type {
	KMD_VRAM_UNKNOWN = 0,
	KMD_VRAM_GDDR3 = 1,
	KMD_VRAM_GDDR5 = 2,
	KMD_VRAM_GDDR4 = 3,
	KMD_VRAM_DDR3 = 4,
	KMD_VRAM_HBM = 5,
	KMD_VRAM_GDDR6 = 6,
	KMD_VRAM_DDR2 = 7,
	KMD_VRAM_DDR4 = 8,
	KMD_VRAM_DDR5 = 9,
	KMD_VRAM_LPDDR4 = 10,
	KMD_VRAM_LPDDR5 = 11,
	KMD_VRAM_HBM3E = 12,
	KMD_VRAM_HBM4 = 13,
};

/*
 * Values that the host may fail to give, or give implausibly.  A bit set in kmd_adapter.valid means
 * "read from the host and plausible"; a clear bit means the member is 0 (or what its comment says) and
 * a table or a constant has to supply it.  Members without a bit here are always valid.
 */
enum kmd_field {
	KMD_FIELD_FAMILY,	     /* family */
	KMD_FIELD_REVISION,	     /* external_revision, chip_revision, gfx_engine_id */
	KMD_FIELD_SUBSYSTEM,	     /* subsystem_id as the driver sees it */
	KMD_FIELD_ENGINE_COUNT,	     /* engine_count came from the table's own count */
	KMD_FIELD_NODE_COUNT,	     /* node_count came from the adapter statistics */
	KMD_FIELD_SEGMENT_COUNT,     /* segment_count */
	KMD_FIELD_ME_FIRMWARE,	     /* me_firmware */
	KMD_FIELD_MEC_FIRMWARE,	     /* mec_firmware */
	KMD_FIELD_PFP_FIRMWARE,	     /* pfp_firmware */
	KMD_FIELD_VRAM_HEAPS,	     /* vram_visible, vram_invisible; else taken from the segment sizes */
	KMD_FIELD_NON_LOCAL,	     /* non_local; else taken from the segment sizes */
	KMD_FIELD_VA_RANGE,	     /* va_base, va_limit */
	KMD_FIELD_PTE_FRAGMENT,	     /* pte_fragment */
	KMD_FIELD_IB_ALIGNMENT,	     /* ib_alignment[KMD_IP_GRAPHICS] and [KMD_IP_COMPUTE] */
	KMD_FIELD_HWS_MASK,	     /* hws_mask: the driver marks it meaningful and it fits the nodes */
	KMD_FIELD_TIMEOUT_MASK,	     /* no_timeout_mask fits the nodes */
	KMD_FIELD_PCIE_ATOMICS,	     /* pcie_atomics was read (discrete); integrated: assumed true */
	KMD_FIELD_GEOMETRY,	     /* shader_engines .. wave_size, all of them or none */
	KMD_FIELD_VGPRS,	     /* vgprs */
	KMD_FIELD_RBS,		     /* rbs_per_engine */
	KMD_FIELD_RB_PIPES,	     /* rb_pipes, rb_enabled, rb_mask */
	KMD_FIELD_GL1_CACHE,	     /* gl1_bytes */
	KMD_FIELD_GL2_CACHE,	     /* gl2_bytes */
	KMD_FIELD_GL2_CHANNELS,	     /* gl2_channels */
	KMD_FIELD_MALL,		     /* mall_mib; 0 with the bit set: the adapter has none */
	KMD_FIELD_SQC_INSTRUCTION,   /* sqc_instruction_bytes */
	KMD_FIELD_SQC_DATA,	     /* sqc_data_bytes */
	KMD_FIELD_SQCS_PER_WGP,	     /* sqcs_per_wgp */
	KMD_FIELD_VRAM_TYPE,	     /* vram_type */
	KMD_FIELD_BUS_WIDTH,	     /* bus_width_bits */
	KMD_FIELD_CLOCK_CALIBRATION, /* clock */
	KMD_FIELD_DRIVER_VERSION,    /* driver_version */
	KMD_FIELD_COUNT,
};

/* The host's standard answer, known before any AMD query. */
struct kmd_pci_ids {
	uint32_t vendor;
	uint32_t device;
	uint32_t subvendor;
	uint32_t subsystem;
	uint32_t revision;
	uint32_t bus_type; /* 1 PCI, 2 AGP, 3 PCI Express ...: DXGK numbering; informative */
};

/* Whether two adapters are of a kind. */
static inline bool kmd_same_ids(const struct kmd_pci_ids *a, const struct kmd_pci_ids *b)
{
	return a->vendor == b->vendor && a->device == b->device && a->subvendor == b->subvendor &&
	       a->subsystem == b->subsystem && a->revision == b->revision;
}

struct kmd_pci_address {
	uint32_t bus;
	uint32_t device;
	uint32_t function;
};

/*
 * What a device table says of this device id.  A member that is 0 is unknown.  Several products share
 * a device id with some of their units switched off, so numbers that differ are believed while they are
 * plausible; engines and arrays only go into the message when they are not.
 */
struct kmd_expected {
	uint32_t compute_units;
	uint32_t shader_engines;
	uint32_t arrays_per_engine;
};

/*
 * The self-checks of docs/private-data.md.  Those that need a queue or memory are run by the floors that make
 * them.
 */
enum kmd_rule_number {
	KMD_RULE_NONE = 0,
	KMD_RULE_ANSWERED = 1,
	KMD_RULE_PROXY = 2,
	KMD_RULE_DEVICE_ID = 3,
	KMD_RULE_ENGINES = 4,
	KMD_RULE_COUNTER = 5,
	KMD_RULE_HEAPS = 6,
	KMD_RULE_GEOMETRY = 7,
	KMD_RULE_MASKS = 8,
	KMD_RULE_ADDRESSES = 9,
	KMD_RULE_PROBE = 10,	    /* the GPU does what it is told: queue/probe.c */
	KMD_RULE_DEVICE_STATE = 11, /* a late fence is looked into: queue/probe.c */
	KMD_RULE_SLACK = 12,
	KMD_RULE_DRIVER_AGE = 13,
	KMD_RULE_UNKNOWN_DEVICE = 14,
	KMD_RULE_FORMS = 15, /* each known form once: memory/backing.c, gsp/context.c */
	KMD_RULE_COUNT
};

/* Why an adapter is hidden (or a value replaced). */
struct kmd_failure {
	uint32_t rule; /* enum kmd_rule_number */
	char text[240];
};

struct kmd_adapter {
	struct kmd_pci_ids pci;
	struct winluid luid; /* 0: not known */
	uint64_t valid;	     /* bit per enum kmd_field; ask kmd_adapter_has */

	/* kind and age */
	bool discrete;
	uint32_t family;
	uint32_t external_revision;
	uint32_t chip_revision;
	uint32_t gfx_engine_id;
	uint32_t subsystem_id;
	uint32_t wddm_version;	 /* 0x3100 = WDDM 3.1 */
	uint64_t driver_version; /* a.b.c.d in 16 bits each; 0: the host does not tell */
	uint32_t me_firmware;
	uint32_t mec_firmware;
	uint32_t pfp_firmware;
	char registry_path[KMD_PATH_SIZE];     /* of the kernel driver; printable ASCII, "" if none */
	char umd_registry_path[KMD_PATH_SIZE]; /* of the user-mode driver */

	/* engines and nodes */
	uint32_t node_count;	/* scheduling nodes; from statistics, else the engine table */
	uint32_t segment_count; /* memory segments of VidMm */
	uint32_t engine_count;	/* entries of engines[] that are meaningful */
	uint8_t engines[KMD_MAX_ENGINES];
	uint32_t graphics_node; /* node ordinals, KMD_NO_NODE if absent */
	uint32_t compute_node;	/* never absent */
	uint32_t sdma_node[2];
	uint64_t hws_mask;	  /* nodes with hardware queues, known engines only */
	uint64_t no_timeout_mask; /* nodes for which the OS' GPU timeout is to be disabled */
	bool firmware_managed_state;
	bool pcie_atomics;

	/* memory, bytes */
	uint64_t vram_visible;
	uint64_t vram_invisible;
	uint64_t non_local;
	uint64_t dedicated_video; /* the segment sizes, as the standard query gives them */
	uint64_t dedicated_system;
	uint64_t shared_system;
	uint64_t va_base;
	uint64_t va_limit;     /* exclusive */
	uint64_t pte_fragment; /* bytes, power of two */
	struct {
		uint32_t start; /* bytes */
		uint32_t size;
	} ib_alignment[KMD_IB_ALIGNMENTS];

	/* geometry: all 0 while KMD_FIELD_GEOMETRY is clear */
	uint32_t shader_engines;
	uint32_t arrays_per_engine;
	uint32_t cus_per_wgp;
	uint32_t compute_units;
	uint32_t wave_size;
	uint16_t wgp_active[KMD_WGP_MAP_SE][KMD_WGP_MAP_SA];
	uint16_t wgp_always_on[KMD_WGP_MAP_SE][KMD_WGP_MAP_SA];
	uint32_t vgprs;
	uint32_t rbs_per_engine;
	uint32_t rb_pipes;
	uint32_t rb_enabled;
	uint64_t rb_mask;
	bool degraded_geometry; /* the host's geometry was refused: use the device table */
	bool geometry_trusted; /* checks 3 to 7 passed on the host's own numbers: enough for an id no table has */

	/* caches and memory chips */
	uint32_t gl1_bytes;
	uint32_t gl2_bytes;
	uint32_t gl2_channels;
	uint32_t mall_mib;
	uint32_t sqc_instruction_bytes;
	uint32_t sqc_data_bytes;
	uint32_t sqcs_per_wgp;
	enum kmd_vram_type vram_type;
	uint32_t bus_width_bits;

	/* time */
	uint32_t counter_hz;		/* the GPU's timestamp clock */
	struct dxgk_gpuclockdata clock; /* one correlated pair of counters, taken on compute_node */

	/* what was replaced or ignored, in words; none of it hides the adapter */
	uint32_t note_count;
	struct kmd_failure notes[KMD_MAX_NOTES];
};

static inline bool kmd_adapter_has(const struct kmd_adapter *adapter, enum kmd_field field)
{
	return (adapter->valid >> field) & 1;
}

const char *kmd_field_name(enum kmd_field field);
const char *kmd_rule_name(uint32_t rule);
const char *kmd_vram_type_name(enum kmd_vram_type type);

#endif
