// SPDX-License-Identifier: MIT
/*
 * How far the queues of a device are, for those who share the device with them: whether anything runs on it,
 * and whether page-table work may be left to the next submission to wait for.
 *
 * Every queue has one timeline: its fence, and the fence value of the latest submission that was announced.
 * A queue announces before it submits and looks at gsp_paging_due() afterwards; who changes page tables
 * publishes the fence value of the change first and looks whether the device is idle afterwards
 * (gsp_paging_settle()).  One of the two always sees the other.
 */
#ifndef GSP_TIMELINE_H
#define GSP_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "gsp/device.h"

struct gsp_timeline;

int gsp_timeline_create(struct gsp_device *device, const volatile uint64_t *value, struct gsp_timeline **out);
void gsp_timeline_announce(struct gsp_timeline *timeline, uint64_t value);
void gsp_timeline_retract(struct gsp_timeline *timeline, uint64_t value);
void gsp_timeline_stop(struct gsp_timeline *timeline);
void gsp_timeline_end(struct gsp_timeline *timeline);

bool gsp_device_is_idle(struct gsp_device *device);
bool gsp_device_hides_loss(struct gsp_device *device);
bool gsp_device_works(struct gsp_device *device, uint64_t *reached);

uint64_t gsp_paging_due(const struct gsp_device *device);
int gsp_paging_settle(struct gsp_device *device, uint64_t value, uint64_t timeout_ns);

#endif
