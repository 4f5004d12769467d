// SPDX-License-Identifier: MIT
/* Inside src/dxg only: how an ioctl is issued. */
#ifndef DXG_IOCTL_H
#define DXG_IOCTL_H

#include "dxg/dxg.h"

#include <sys/types.h>

/* NTSTATUS values the driver's results are told apart by (Microsoft: NTSTATUS values). */
enum dxg_ntstatus {
	DXG_STATUS_SUCCESS = 0,
	DXG_STATUS_TIMEOUT = 0x102,
	DXG_STATUS_PENDING = 0x103,
};

struct dxg {
	int fd;
	pid_t pid;	       /* the process whose handles these are: the driver keys them by it */
	dxg_observer observer; /* NULL: nobody */
	void *observer_arg;
};

int dxg_ioctl(struct dxg *dxg, unsigned long command, void *arg);
int dxg_ioctl_issue(struct dxg *dxg, unsigned long command, void *arg);
uint64_t dxg_now_ns(void);
const char *dxg_ioctl_name(unsigned long command);
int dxg_fail(int err, int32_t status);
int dxg_refuse_future_locks(void);

#endif
