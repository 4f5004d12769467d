// SPDX-License-Identifier: MIT
/* What the process makes of the GPUs of its first snapshot. */
#ifndef THUNK_GPUS_H
#define THUNK_GPUS_H

struct process;
struct topology_snapshot;

int gpus_make(struct process *process, const struct topology_snapshot *snapshot);
void gpus_let_go(struct process *process);

#endif
