// SPDX-License-Identifier: MIT
/*
 * The nodes of the system as HSA sees them: CPU nodes (one per NUMA node), then one node per usable GPU.
 *
 * struct topology finds the adapters at the first acquire and keeps their handles until it is destroyed;
 * a snapshot is what it found, immutable and reference counted.  Reading a snapshot needs no lock and no
 * ioctl, and nothing here creates a device on the GPU.
 */
#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include <hsakmt/hsakmttypes.h>

#include "kmd/adapter.h"
#include "topology/gfx_version.h"
#include "topology/origin.h"

struct topology;
struct topology_snapshot;

struct topology_options {
	/* Capability2.AqlEmulationPm4_ of the GPU nodes: the caller translates AQL packets to PM4. */
	bool aql_emulation;
	/* Directory that holds proc/ and sys/; NULL: the system's own. */
	const char *root;
};

/* A GPU that became a node.  Valid, and its adapter handle open, until topology_destroy(). */
struct topology_gpu {
	d3dkmt_handle adapter;
	struct winluid luid;
	struct kmd_adapter kmd;
	struct kmd_pci_address pci;
	bool pci_known;
	char name[3 * HSA_PUBLIC_NAME_SIZE]; /* UTF-8 */
	struct gfx_version gfx;		     /* of the hardware, as far as known */
	struct gfx_version gfx_reported;     /* with HSA_OVERRIDE_GFX_VERSION */
	bool gfx_overridden;
	uint64_t wallclock_hz; /* of the GPU's timestamp counter */
	enum origin origin[PROPERTY_COUNT];
};

/* Why an adapter that Windows lists is no node. */
enum topology_hidden_reason {
	TOPOLOGY_HIDDEN_NO_IDS,	     /* its PCI ids cannot be read */
	TOPOLOGY_HIDDEN_FOREIGN,     /* another vendor's: nothing else was asked */
	TOPOLOGY_HIDDEN_UNKNOWN,     /* neither a table nor the user knows the device id */
	TOPOLOGY_HIDDEN_SELF_CHECK,  /* a query failed or a self-check did */
	TOPOLOGY_HIDDEN_NO_GEOMETRY, /* nobody says how many compute units there are */
};

struct topology_hidden {
	struct winluid luid;
	struct kmd_pci_ids pci; /* vendor 0: not known */
	enum topology_hidden_reason reason;
	uint32_t rule;	/* of the self-check, else 0 */
	char text[512]; /* for the user */
};

struct topology_node {
	HsaNodeProperties props;
	uint32_t numa_node; /* CPU nodes: the kernel's number, for mbind(2); else UINT32_MAX */
	uint32_t bank_count;
	uint32_t cache_count;
	uint32_t link_count;
	HsaMemoryProperties *banks;
	HsaCacheProperties *caches;
	HsaIoLinkProperties *links;
	const struct topology_gpu *gpu; /* NULL: a CPU node */
};

int topology_create(struct dxg *dxg, int open_error, const struct topology_options *options,
		    struct topology **out);
void topology_destroy(struct topology *topology);
int topology_acquire(struct topology *topology, struct topology_snapshot **out);
uint32_t topology_hidden(struct topology *topology, const struct topology_hidden **hidden);
int topology_find_again(struct topology *topology, const struct topology_gpu *gpu, d3dkmt_handle *adapter,
			struct kmd_adapter *kmd);
int topology_clock_counters(struct topology *topology, const struct topology_node *node,
			    HsaClockCounters *counters);

struct topology_snapshot *topology_snapshot_get(struct topology_snapshot *snapshot);
void topology_snapshot_put(struct topology_snapshot *snapshot);
const HsaSystemProperties *topology_system_properties(const struct topology_snapshot *snapshot);
uint32_t topology_node_count(const struct topology_snapshot *snapshot);
const struct topology_node *topology_node(const struct topology_snapshot *snapshot, uint32_t id);
void topology_make_public(struct topology_snapshot *snapshot, uint32_t id);

#endif
