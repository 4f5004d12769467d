// SPDX-License-Identifier: MIT
/* Paging queues. */
#ifndef DXGSIM_DRIVER_PAGINGQUEUE_H
#define DXGSIM_DRIVER_PAGINGQUEUE_H

#include "dxgsim/driver/device.h"

extern const struct device_part pagingqueue_part;

#endif
