// SPDX-License-Identifier: MIT
/*
 * Things that wait for the GPU before they may end.
 *
 * An object that is to be freed while the GPU may still use it goes on this list with what has to be over
 * first: a moment of some queues, page-table work, or both.  Nobody waits for it: whoever comes by runs
 * what has passed.
 */
#ifndef GSP_RETIRE_H
#define GSP_RETIRE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gsp/fence.h"
#include "gsp/moment.h"

struct gsp_retire;

/*
 * Ends the object that holds `item`.  why: 0 all is over; -ENODEV some device was lost and the others' work is over;
 * -ETIMEDOUT given up at close.  Called once per gsp_retire_add(), without the list's lock; it may add the
 * item again (with something else to wait for) or other items, not drain the list.
 */
typedef void (*gsp_retire_callback)(struct gsp_retire *item, int why);

/* Embedded in the object, which must last until the callback. */
struct gsp_retire {
	struct gsp_retire *next;
	gsp_retire_callback run;
	struct gsp_moment *moment;    /* NULL: none.  A reference that the list takes over and puts */
	struct gsp_fence_point point; /* device NULL: none */
	int why;
	/* of the first item behind a moment */
	struct gsp_retire *last_behind;
	struct gsp_retire *next_moment;
};

/* The first item behind each moment, in the order they came; the others follow it by `next`. */
struct gsp_retire_lane {
	const struct gsp_device *device; /* NULL: moments of several devices */
	struct gsp_retire *first, *last;
};

struct gsp_retire_chain {
	struct gsp_retire *first, **last;
};

struct gsp_retire_list {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct gsp_retire_lane mixed;
	struct gsp_retire_lane lanes[DXG_MAX_ADAPTERS];
	unsigned lane_count;
	struct gsp_retire_chain passed; /* behind no moment (any more), some behind a point */
	size_t ending;			/* taken from the list, their callbacks not over */
};

void gsp_retire_list_init(struct gsp_retire_list *list);
void gsp_retire_list_destroy(struct gsp_retire_list *list);
bool gsp_retire_is_empty(struct gsp_retire_list *list);
void gsp_retire_add(struct gsp_retire_list *list, struct gsp_retire *item);
size_t gsp_retire_run(struct gsp_retire_list *list);
int gsp_retire_drain(struct gsp_retire_list *list, uint64_t timeout_ns);

#endif
