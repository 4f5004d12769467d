// SPDX-License-Identifier: MIT
/* Contexts of a device: where work of one engine is put in. */
#ifndef GSP_CONTEXT_H
#define GSP_CONTEXT_H

#include "gsp/caps.h"
#include "gsp/device.h"

const struct gsp_caps *gsp_device_caps(const struct gsp_device *device);
int gsp_context_create(struct gsp_device *device, enum kmd_engine engine, enum gsp_rung rung,
		       d3dkmt_handle *context);
int gsp_context_destroy(struct gsp_device *device, d3dkmt_handle context);
bool gsp_context_form_known(const struct gsp_device *device);

/* Whether hardware queues are promised and were not refused yet. */
bool gsp_hardware_usable(const struct gsp_device *device, enum kmd_engine engine);
void gsp_hardware_granted(struct gsp_device *device, enum kmd_engine engine);
void gsp_hardware_refused(struct gsp_device *device, enum kmd_engine engine, int error);

#endif
