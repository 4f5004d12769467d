// SPDX-License-Identifier: MIT
/* The scheduler's side. This host runs no contexts yet; what needs one is refused. */
#include "dxgsim/host/types.h"

/* CREATECONTEXTVIRTUAL has no status: context 0 is the refusal. */
void host_refuse_context(struct host_call *call)
{
	call->m->status = HOST_STATUS_NOT_SUPPORTED;
}

void host_refuse_queue_work(struct host_call *call)
{
	call->m->status = HOST_STATUS_NOT_SUPPORTED;
}
