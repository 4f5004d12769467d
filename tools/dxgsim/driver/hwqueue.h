// SPDX-License-Identifier: MIT
/* Hardware queues. */
#ifndef DXGSIM_DRIVER_HWQUEUE_H
#define DXGSIM_DRIVER_HWQUEUE_H

#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/objects.h"

/* Teardown of a context's queues; no lock is held. */
void hwqueues_destroy_all(struct context *context);
/* Shows them; process->lock is held. */
void hwqueues_report(const struct context *context, driver_visit visit, void *arg);

#endif
