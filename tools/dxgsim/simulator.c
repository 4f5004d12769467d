// SPDX-License-Identifier: MIT
/* Puts libdxgsim.so together: the driver behind libc's calls runs on the model host. */
#include "dxgsim/hooks.h"
#include "dxgsim/preload/seam.h"
#include "dxgsim/report.h"

int seam_host(const struct host_ops **ops, void **host)
{
	return hook_host(ops, host);
}

/* Only what the program itself leaves at its end; a closed /dev/dxg has nothing any more. */
static void __attribute__((destructor)) at_exit(void)
{
	seam_enter();
	report_leaks_at_exit();
	seam_leave();
}
