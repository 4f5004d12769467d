// SPDX-License-Identifier: MIT
/* Contexts. */
#ifndef DXGSIM_DRIVER_CONTEXT_H
#define DXGSIM_DRIVER_CONTEXT_H

#include "dxgsim/driver/device.h"

extern const struct device_part context_part;

#endif
