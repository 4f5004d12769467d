// SPDX-License-Identifier: MIT
#ifndef THUNK_GPU_LIST_H
#define THUNK_GPU_LIST_H

#include <stdint.h>

#include <hsakmt/hsakmttypes.h>

struct process;

HSAKMT_STATUS gpus_of_nodes(struct process *process, const HSAuint32 *nodes, HSAuint64 count,
			    uint32_t **gpus);

#endif
