// SPDX-License-Identifier: MIT
/* Inside src/gsp only: what a timeline is made of. */
#ifndef GSP_TIMELINE_PRIVATE_H
#define GSP_TIMELINE_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "gsp/fence.h"
#include "gsp/timeline.h"

struct gsp_timeline {
	struct gsp_device *device;
	_Atomic uint64_t announced;  /* written by the queue's owner */
	_Atomic unsigned references; /* one of the owner, one per moment that names it */

	/* under device->activity */
	struct gsp_timeline *next;
	const volatile uint64_t *value; /* the fence's page; `last` once stopped */
	uint64_t last;			/* what the fence was at when the timeline was stopped */
	bool ended;
};

enum gsp_fence_state gsp_timeline_state(const struct gsp_timeline *timeline, uint64_t wanted);
void gsp_timeline_get(struct gsp_timeline *timeline);
void gsp_timeline_put(struct gsp_timeline *timeline);

#endif
