// SPDX-License-Identifier: MIT
/*
 * Which life of a GPU device something belongs to, and what state that life is in.
 *
 * A device that the host reset or removed never comes back: what was made on it is gone, and a new
 * device starts a new epoch.  Objects keep the number of the epoch they were made in; one whose
 * number is not the current one is lost.
 */
#ifndef GSP_EPOCH_H
#define GSP_EPOCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Ordered: a later state is worse, from GSP_HUNG on the epoch is over. */
enum gsp_state {
	GSP_ACTIVE = 0,
	GSP_POWERED_DOWN =
		1, /* the host does not answer: asleep perhaps, and then work and contents survive */
	GSP_HUNG = 2,
	GSP_RESET = 3, /* reset, or stopped by a fault of this device: contents are gone */
	GSP_REMOVED = 4,
};

struct gsp_epoch {
	_Atomic uint64_t word; /* number << 8 | state */
};

struct gsp_epoch_view {
	uint64_t number; /* 0: no device was made yet */
	enum gsp_state state;
};

void gsp_epoch_init(struct gsp_epoch *epoch);
struct gsp_epoch_view gsp_epoch_read(const struct gsp_epoch *epoch);
void gsp_epoch_follow(struct gsp_epoch *epoch, uint64_t number);
uint64_t gsp_epoch_begin(struct gsp_epoch *epoch);
bool gsp_epoch_resolve(struct gsp_epoch *epoch, uint64_t number, enum gsp_state host);
const char *gsp_state_name(enum gsp_state state);

static inline bool gsp_state_is_lost(enum gsp_state state)
{
	return state >= GSP_HUNG;
}

#endif
