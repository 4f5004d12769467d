// SPDX-License-Identifier: MIT
/*
 * Things that wait for the GPU before they may end.
 *
 * An object that is to be freed while the GPU may still use it goes on this list with the fence
 * values that prove the use over.  Nobody waits for it: whoever comes by runs what has passed.
 */
#ifndef GSP_RETIRE_H
#define GSP_RETIRE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gsp/fence.h"

struct gsp_retire;

/*
 * Ends the object that holds `item`.  why: 0 all points passed; -ENODEV some device was lost and the others passed;
 * -ETIMEDOUT given up at close.  Called once, without the list's lock; it may add other items, not drain the list.
 */
typedef void (*gsp_retire_callback)(struct gsp_retire *item, int why);

/* Embedded in the object; the points are the object's and stay unchanged while it is listed. */
struct gsp_retire {
	struct gsp_retire *next;
	gsp_retire_callback run;
	const struct gsp_fence_point *points;
	unsigned count;
	int why;
};

struct gsp_retire_list {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct gsp_retire *first;
	struct gsp_retire **last;
	size_t ending; /* taken from the list, their callbacks not over */
};

void gsp_retire_list_init(struct gsp_retire_list *list);
void gsp_retire_list_destroy(struct gsp_retire_list *list);
bool gsp_retire_is_empty(struct gsp_retire_list *list);
void gsp_retire_add(struct gsp_retire_list *list, struct gsp_retire *item);
size_t gsp_retire_run(struct gsp_retire_list *list);
int gsp_retire_drain(struct gsp_retire_list *list, uint64_t timeout_ns);

#endif
