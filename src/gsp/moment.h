// SPDX-License-Identifier: MIT
/*
 * What was submitted on some devices at one moment, and whether all of it is over by now.
 */
#ifndef GSP_MOMENT_H
#define GSP_MOMENT_H

#include <stdbool.h>

#include "gsp/device.h"
#include "gsp/fence.h"

struct gsp_moment;

struct gsp_moment *gsp_moment_take(struct gsp_device *const *devices, unsigned count);
struct gsp_moment *gsp_moment_get(struct gsp_moment *moment);
void gsp_moment_put(struct gsp_moment *moment);
enum gsp_fence_state gsp_moment_read(struct gsp_moment *moment);
void gsp_moment_check(struct gsp_moment *moment);
const struct gsp_device *gsp_moment_device(const struct gsp_moment *moment);
bool gsp_moment_equals(const struct gsp_moment *a, const struct gsp_moment *b);

#endif
