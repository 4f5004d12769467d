// SPDX-License-Identifier: MIT
/* The floors below the topology, played by a table of adapters. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "kmd/adapter.h"

#define FAKE_MAX_ADAPTERS 8

struct fake_adapter {
	struct winluid luid;
	struct kmd_pci_ids pci;
	struct kmd_pci_address address;
	int identify_error;
	int locate_error;
	int read_error;
	int version_error;
	uint64_t driver_version; /* asked for apart */
	bool removed;		 /* not listed, and -ENODEV for those who have a handle */
	struct kmd_adapter kmd;
	const char *name; /* NULL: the query fails */
	uint64_t engine_hz;
	uint64_t memory_hz;
	uint64_t pcie_bytes;
	struct dxgk_gpuclockdata clock;
	int clock_error;
};

struct fake_host {
	struct fake_adapter adapters[FAKE_MAX_ADAPTERS];
	size_t count;
	int enum_error;
	/* what was done */
	unsigned enumerations;
	unsigned open_handles;
	unsigned bad_closes;
	unsigned private_queries; /* of adapters that are not AMD's */
	unsigned round_trips;
	unsigned calls;
	unsigned fail_call; /* the n-th from the start fails with ... */
	int fail_error;	    /* ... this */
};

extern struct fake_host fake_host;

void fake_host_reset(void);
struct fake_adapter *fake_host_add(const struct fake_adapter *adapter);
struct dxg *fake_host_dxg(void);

struct fake_adapter fake_rx6800(void);
struct fake_adapter fake_rx7900xtx(void);
struct fake_adapter fake_radeon680m(void);
struct fake_adapter fake_foreign(void);

#endif
