// SPDX-License-Identifier: MIT
/*
 * What dxginfo looks at: this kernel, every adapter that /dev/dxg offers, and the nodes that the library
 * makes of them.  Nothing here creates anything on a GPU.
 */
#ifndef DXGINFO_MACHINE_H
#define DXGINFO_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "dxg/dxg.h"
#include "topology/topology.h"

#define MACHINE_MAX_NODES 64U /* of engines of one adapter that are asked for */

/* D3DKMDT engine types, Microsoft: DXGK_ENGINE_TYPE. */
enum engine_type {
	ENGINE_OTHER = 0,
	ENGINE_3D = 1,
	ENGINE_VIDEO_DECODE = 2,
	ENGINE_VIDEO_ENCODE = 3,
	ENGINE_VIDEO_PROCESSING = 4,
	ENGINE_SCENE_ASSEMBLY = 5,
	ENGINE_COPY = 6,
	ENGINE_OVERLAY = 7,
	ENGINE_CRYPTO = 8,
};

struct adapter_engine {
	bool known; /* the host describes this node */
	uint32_t type;
	char name[3 * 32]; /* UTF-8 */
};

struct adapter {
	uint32_t index; /* in the order of the host's list */
	d3dkmt_handle handle;
	struct winluid luid;
	int ids_error;
	struct kmd_pci_ids ids;
	bool address_known;
	struct kmd_pci_address address;
	char name[3 * HSA_PUBLIC_NAME_SIZE]; /* as Windows calls it, "": not told */
	uint64_t driver_version;	     /* 0: not told */
	uint32_t wddm_version;		     /* 3100 is WDDM 3.1, 0: not told */
	uint32_t type;			     /* D3DKMT_ADAPTERTYPE_*, 0: not told */
	bool segments_known;
	uint64_t dedicated_video, dedicated_system, shared_system; /* bytes */
	uint32_t engine_count;
	struct adapter_engine engines[MACHINE_MAX_NODES];

	/* one of the two, or neither when the topology could not be read */
	const struct topology_gpu *gpu;
	uint32_t node; /* of gpu */
	const struct topology_hidden *hidden;
};

enum host_reports {
	HOST_REPORTS_UNKNOWN, /* no adapter to find out with */
	HOST_REPORTS_STATUS,  /* VMBus interface 40 or later: refusals are told */
	HOST_REPORTS_NOTHING, /* an older host: a refused query looks like an unchanged buffer */
};

struct watchdog;

struct machine {
	struct watchdog *watchdog;
	struct utsname kernel;
	bool is_wsl;
	struct dxg *dxg;
	int open_error; /* of /dev/dxg */
	int list_error; /* of the enumeration */
	int topology_error;
	enum host_reports host_reports;
	uint32_t adapter_count;
	struct adapter adapters[DXG_MAX_ADAPTERS];
	struct topology *topology;
	struct topology_snapshot *snapshot; /* NULL when topology_error is set */
	char *messages;			    /* of the library, a line each; "" if there were none */
};

int machine_open(struct machine *machine, uint32_t seconds, FILE *report);
void machine_close(struct machine *machine);
struct adapter *machine_find(struct machine *machine, const char *selector);
const char *machine_open_problem(const struct machine *machine);

/* query.c */
int adapter_query(struct dxg *dxg, d3dkmt_handle handle, uint32_t type, void *data, uint32_t size);
void adapter_describe(struct dxg *dxg, struct adapter *adapter);
enum host_reports host_reports_status(struct dxg *dxg, d3dkmt_handle handle);
bool engine_describe(struct dxg *dxg, d3dkmt_handle handle, uint32_t node, struct adapter_engine *engine);
const char *engine_type_name(uint32_t type);
const char *scheduler_name(uint32_t id);

#endif
