// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_TOPOLOGY_PRIVATE_H
#define TOPOLOGY_TOPOLOGY_PRIVATE_H

#include <pthread.h>

#include "topology/gpu.h"

/* An adapter that was looked at in place of a GPU's that was removed. */
struct adapter_again {
	struct adapter_again *next;
	const struct topology_gpu *gpu;
	struct winluid luid;
	d3dkmt_handle handle; /* open; 0: not what the GPU was any more */
};

struct topology {
	struct dxg *dxg; /* NULL: no GPU can be; not owned */
	int open_error;
	bool aql_emulation;
	char *root;

	pthread_mutex_t lock; /* guards what follows; not held while the host is asked */
	pthread_cond_t built;
	bool building;
	struct topology_snapshot *snapshot; /* the first acquire's, kept for all later ones */
	struct gpu_discovery found;
	struct adapter_again *again; /* the latest first */
};

#endif
