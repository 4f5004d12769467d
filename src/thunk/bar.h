// SPDX-License-Identifier: MIT
/* Frame buffers that are reported as visible to the CPU. */
#ifndef THUNK_BAR_H
#define THUNK_BAR_H

struct process;
struct topology_snapshot;

void bar_make_public(struct process *process, struct topology_snapshot *snapshot);

#endif
