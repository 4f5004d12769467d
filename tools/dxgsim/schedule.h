// SPDX-License-Identifier: MIT
/* What befalls the host as the fault specs of this process have it: just before a call, or at a time. */
#ifndef DXGSIM_SCHEDULE_H
#define DXGSIM_SCHEDULE_H

#include "dxgsim/fault.h"

struct host_model;

/* What an error of host_model_happen() or arena_happen() means, for people. */
void schedule_explain(int error, const struct happening *happening, char *text, unsigned int size);

/* Lets the happening of @fault happen, in no call of the host.  That it could not is told as a note. */
void schedule_strike(struct host_model *model, const struct fault *fault);

/*
 * A timed one, which belongs to the schedule from then on.  After the first open its time counts from now.
 * 0 or -errno of pthread_create().
 */
int schedule_add(struct fault *fault);
/*
 * /dev/dxg was opened, in no call of the host: the first time counts.  What is due then happens before this returns.
 * 0 or -errno of pthread_create().
 */
int schedule_opened(struct host_model *model);
/* What has not come yet never comes. */
void schedule_clear(void);
/* Before the guest leaves the host: nothing happens any more, on no thread.  The next open is the first. */
void schedule_stop(void);
/* In a fork child: its first open is to come. */
void schedule_forked(void);

#endif
