// SPDX-License-Identifier: MIT
/*
 * The channel that queues submit by: mostly one for each queue, but where the host gives no more contexts, several
 * share one.
 *
 * A lane outlives its queue while work is unfinished on it: lane_put() hands it to the retire list.
 */
#ifndef QUEUE_LANE_H
#define QUEUE_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/channel.h"

struct lane;
struct lanes; /* all lanes of the process */
struct gsp_retire_list;

struct lane_options {
	uint32_t gpu;
	enum kmd_engine engine;
	enum gsp_rung rung;
	bool high_priority;
};

#define LANE_WAITS 8U /* at most, for one submission */

/* Held back until this is done, which is another lane's; see channel_wait_for().  One that has ended meanwhile is not waited for. */
struct lane_wait {
	d3dkmt_handle fence;
	uint64_t value;
};

/* `gpus` by index, as in `memory`; both must outlive the lanes. */
int lanes_create(struct memory *memory, struct gsp_gpu *const *gpus, uint32_t count, struct lanes **out);
/* Ends what is left, also amid work.  All lanes were put. */
void lanes_destroy(struct lanes *lanes);
/* Who wants to know that a lane ends, before it does; once, before the first lane. */
void lanes_on_end(struct lanes *lanes, void (*ends)(void *arg, const struct lane *lane), void *arg);
/* Ends lanes whose work is over, and notes how far the others are. */
void lanes_run(struct lanes *lanes);

int lane_get(struct lanes *lanes, const struct lane_options *options, struct lane **out);
void lane_put(struct lane *lane);

/* Locked by who submits, for the time between lane_next() and the end of the submission. */
void lane_lock(struct lane *lane);
void lane_unlock(struct lane *lane);
/* The ordinal that the next submission will have; with the lock. */
uint64_t lane_next(const struct lane *lane);
/* With the lock: waits, then commands, as channel_wait_for() and channel_submit(); an ordinal though it failed: they may run. */
int lane_submit(struct lane *lane, uint64_t commands, uint32_t length, const struct lane_wait *waits,
		uint32_t wait_count, uint64_t *ordinal);

/* Without the lock. */
bool lane_is_shared(const struct lane *lane);
enum gsp_fence_state lane_read(const struct lane *lane, uint64_t ordinal);
/* Scheduling priority from now on, -3 to 3; shared: the latest counts. */
int lane_set_priority(struct lane *lane, int priority);
/* The ordinal of the latest submission, and of the latest that is done (0: none; UINT64_MAX: lost, all are). */
uint64_t lane_submitted(const struct lane *lane);
uint64_t lane_done(const struct lane *lane);
/* The latest that lanes_run() found done, which stays when the device is lost. */
uint64_t lane_seen(const struct lane *lane);
struct gsp_fence_point lane_point(const struct lane *lane, uint64_t ordinal);
/*
 * A word of host memory, at one address for the CPU and the GPU, to which submissions write their ordinal before they decrement
 * signals (book_mark()); 8 bytes, zero at first.
 */
volatile uint64_t *lane_mark(const struct lane *lane);
struct gsp_device *lane_device(const struct lane *lane);
const struct lane_options *lane_options(const struct lane *lane);

#endif
