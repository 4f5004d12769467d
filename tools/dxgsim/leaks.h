// SPDX-License-Identifier: MIT
/* What the program has not given back, told to the report. */
#ifndef DXGSIM_LEAKS_H
#define DXGSIM_LEAKS_H

struct host_model;

/* The program has freed GPU addresses, of which a host that cannot be reached does not know. */
void leaks_range_not_taken_back(void);
/* @model may be NULL: the program never opened /dev/dxg. */
/* At the last close of /dev/dxg: leaks. */
void leaks_report_at_close(struct host_model *model);
/* At exit without close: the kernel cleans up, so these are notes. */
void leaks_report_at_exit(struct host_model *model);

#endif
