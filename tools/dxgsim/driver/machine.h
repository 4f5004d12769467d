// SPDX-License-Identifier: MIT
/*
 * The VM as the driver finds it: the host behind its channels, its vGPUs, and whether this process is ending.
 */
#ifndef DXGSIM_DRIVER_MACHINE_H
#define DXGSIM_DRIVER_MACHINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "dxgsim/host/message.h"

enum adapter_state {
	ADAPTER_ACTIVE,
	ADAPTER_STOPPED,
};

/* A vGPU.  One per host_config.vgpus entry, as long as the driver lives. */
struct adapter {
	uint32_t index;
	const struct host_vgpu *vgpu;
	_Atomic(enum adapter_state) state;
};

/*
 * Attaches to the host, whose ops and argument must stay until machine_detach().  -ENODEV: attached already,
 * -EINVAL: an impossible configuration, or what attach() says.
 */
int machine_prepare(const struct host_ops *ops, void *host);
int machine_attach(const struct host_upcalls *upcalls);
bool machine_running(void);
/* No message is sent any more; then machine_detach(). */
void machine_stop(void);
void machine_detach(void);
/* In a fork child. */
void machine_forked(void);

/* Valid from machine_prepare() on, after machine_detach() too: a call may outlive it. */
const struct host_config *machine_config(void);
struct adapter *machine_adapter(uint32_t index);
uint32_t machine_adapter_count(void);
/* The vGPU's channel is gone; calls on it fail from here on. */
void machine_adapter_removed(uint32_t index);
/* As host_ops.send; -ENODEV when no host is attached. */
int machine_send(struct host_message *m);
/* 0 or -ENODEV when its channel is gone. */
int adapter_check_active(const struct adapter *adapter);

/* The address space is going: no mapping is undone from here on. */
void machine_set_exiting(bool exiting);
bool machine_exiting(void);

#endif
