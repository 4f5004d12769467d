// SPDX-License-Identifier: MIT
/* The process object of this thread group. */
#ifndef DXGSIM_DRIVER_PROCESS_H
#define DXGSIM_DRIVER_PROCESS_H

#include "dxgsim/driver/interface.h"
#include "dxgsim/driver/objects.h"

/* 0, or -errno of whatever went wrong; a reference and one open file are counted. */
int process_open(struct process **process);
/* One open file less; the last one destroys everything and tells the host. */
void process_close(struct process *process);
/* Shows every live object; locks are held meanwhile. */
void process_report(driver_visit visit, void *arg);

/* The lock is taken around fork(); the child has no process object. */
void process_fork_prepare(void);
void process_fork_done(void);
void process_fork_child(void);

#endif
