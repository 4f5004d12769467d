// SPDX-License-Identifier: MIT
/*
 * Stand-ins for lanes (src/queue/lane.h), linked in the place of lane.c: they submit nothing, and are as far as the test says.
 */
#ifndef TESTS_FAKE_LANE_H
#define TESTS_FAKE_LANE_H

#include "queue/lane.h"

/* The fence of a lane starts at FAKE_LANE_BASE, so that ordinals and fence values are not mixed up. */
#define FAKE_LANE_BASE 1000U

/* device may be NULL for who asks no device. */
struct lane *fake_lane_create(struct gsp_device *device, uint32_t gpu);
void fake_lane_destroy(struct lane *lane);
/* One submission more, and how many are done.  May be called beside the functions of lane.h. */
uint64_t fake_lane_submit(struct lane *lane);
void fake_lane_finish(struct lane *lane, uint64_t ordinal);
void fake_lane_lose(struct lane *lane);
void fake_lane_share(struct lane *lane, bool shared);
/* The next lane_submit() fails; 0: it does not. */
void fake_lane_refuse(struct lane *lane, int error);
/* ... with its commands in, of which nobody will hear. */
void fake_lane_break(struct lane *lane, int error);

#endif
