// SPDX-License-Identifier: MIT
#include "thunk/gpu_list.h"

#include <stdlib.h>

#include "memory/types.h"
#include "thunk/process.h"

/*
 * Turns an array of node ids into GPU indices, which the caller frees.  libhsakmt's order of checks; a CPU node cannot be
 * mapped to, which is ERROR.
 */
HSAKMT_STATUS gpus_of_nodes(struct process *process, const HSAuint32 *nodes, HSAuint64 count, uint32_t **gpus)
{
	HSAKMT_STATUS status = HSAKMT_STATUS_SUCCESS;

	*gpus = NULL;
	if (!nodes || !count || count > MEMORY_MAX_GPUS * 16)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	*gpus = calloc(count, sizeof(**gpus));
	if (!*gpus)
		return HSAKMT_STATUS_NO_MEMORY;
	for (HSAuint64 i = 0; i < count && status == HSAKMT_STATUS_SUCCESS; i++) {
		int gpu;

		status = process_check_node(process, nodes[i], &gpu);
		if (status == HSAKMT_STATUS_SUCCESS && gpu < 0)
			status = HSAKMT_STATUS_ERROR;
		(*gpus)[i] = (uint32_t)gpu;
	}
	if (status != HSAKMT_STATUS_SUCCESS) {
		free(*gpus);
		*gpus = NULL;
	}
	return status;
}
