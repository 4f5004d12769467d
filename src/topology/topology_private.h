// SPDX-License-Identifier: MIT
#ifndef TOPOLOGY_TOPOLOGY_PRIVATE_H
#define TOPOLOGY_TOPOLOGY_PRIVATE_H

#include <pthread.h>

#include "topology/gpu.h"

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
};

#endif
