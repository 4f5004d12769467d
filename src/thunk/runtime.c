// SPDX-License-Identifier: MIT
/* The debugger's runtime interface and trap handlers. */
#include <hsakmt/hsakmt.h>

#include "thunk/process.h"

/*
 * The debugger interface of the Linux driver (trap buffers, queue suspension) has no counterpart in
 * the D3DKMT interface.  ROCr takes NOT_SUPPORTED for "run without a debugger".
 */
static HSAKMT_STATUS debug_support(void)
{
	return process_is_open() ? HSAKMT_STATUS_NOT_SUPPORTED : HSAKMT_STATUS_ERROR;
}

HSAKMT_STATUS HSAKMTAPI hsaKmtCheckRuntimeDebugSupport(void)
{
	return debug_support();
}

HSAKMT_STATUS HSAKMTAPI hsaKmtRuntimeEnable(void *rDebug, bool setupTtmp)
{
	(void)rDebug;
	(void)setupTtmp;
	return debug_support();
}

/*
 * SUCCESS although RuntimeEnable refused: newer ROCr breaks its shutdown off, before it releases and
 * closes, when this fails.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtRuntimeDisable(void)
{
	return process_is_open() ? HSAKMT_STATUS_SUCCESS : HSAKMT_STATUS_ERROR;
}

/* No capability: RuntimeEnable never succeeded.  Works closed, as in libhsakmt. */
HSAKMT_STATUS HSAKMTAPI hsaKmtGetRuntimeCapabilities(HSAuint32 *caps_mask)
{
	if (!caps_mask)
		return HSAKMT_STATUS_INVALID_PARAMETER;
	*caps_mask = 0;
	return HSAKMT_STATUS_SUCCESS;
}

/*
 * Remembers the second-level trap handler of a GPU node for its queues.  Handing it to the host's
 * driver needs an escape whose layout is not public, so traps end the wave as without a handler.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtSetTrapHandler(HSAuint32 NodeId, void *TrapHandlerBaseAddress,
					     HSAuint64 TrapHandlerSizeInBytes, void *TrapBufferBaseAddress,
					     HSAuint64 TrapBufferSizeInBytes)
{
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	int gpu;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = process_check_node(process, NodeId, &gpu);
	if (status == HSAKMT_STATUS_SUCCESS && gpu < 0)
		status = HSAKMT_STATUS_ERROR;
	if (status == HSAKMT_STATUS_SUCCESS) {
		pthread_mutex_lock(&process->lock);
		process->traps[gpu] = (struct trap_handler){
			.handler = TrapHandlerBaseAddress,
			.handler_size = TrapHandlerSizeInBytes,
			.buffer = TrapBufferBaseAddress,
			.buffer_size = TrapBufferSizeInBytes,
		};
		pthread_mutex_unlock(&process->lock);
	}
	process_leave();
	return status;
}
