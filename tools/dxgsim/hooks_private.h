// SPDX-License-Identifier: MIT
/* What the hooks know, for their own files. */
#ifndef DXGSIM_HOOKS_PRIVATE_H
#define DXGSIM_HOOKS_PRIVATE_H

#include <pthread.h>

#include "dxgsim/hooks.h"

struct fixture_error;

struct hooks {
	pthread_mutex_t lock; /* faults, counters, model */
	bool ready;
	uint64_t rtt_us;
	struct fault *faults;
	struct fault *retired; /* calls in flight may still point to them */
	struct hook_counters counters;
	int fault_hit;	    /* nr of the call that was struck last, -1: none */
	bool fault_applied; /* and the fault changed something */
	uint64_t hits;
	struct host_model *model;
	struct gpu_profile *profile; /* NULL: nobody asks for it */
};
extern struct hooks hooks;

/* The host as far as it is there: NULL before the first open of /dev/dxg. */
struct host_model *hooks_model(void);
/* The host that the environment describes.  0 or -errno, with the reason in @error if there is one of its own. */
int hooks_make_host(struct gpu_profile *profile, struct host_model **out, struct fixture_error *error);

#endif
