// SPDX-License-Identifier: MIT
/*
 * NT handles: the host's names for shared objects, kept by the VM as long as a file of the object is open in any
 * of its processes.
 */
#ifndef DXGSIM_DRIVER_NT_H
#define DXGSIM_DRIVER_NT_H

#include "dxgsim/driver/objects.h"

/*
 * One open file more for the NT handle that cache names, or a new one from the host for the object (cache is then
 * updated; it is local to the process).  -ENOTRECOVERABLE: the host gave none; -ENOMEM: too many; what
 * message_send() says.
 */
int nt_acquire(struct process *process, struct nt_ref *cache, d3dkmt_handle object, struct nt_ref *ref);
/* One open file less; the last one of the VM ends the NT handle. */
void nt_release(struct nt_ref ref);
/* The host's handle, 0 if it is gone. */
d3dkmt_handle nt_handle(struct nt_ref ref);

#endif
