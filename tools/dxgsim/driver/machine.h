// SPDX-License-Identifier: MIT
/*
 * The VM as the driver finds it: the host behind its channels, its vGPUs, and whether this process is ending.
 *
 * A vGPU that is removed leaves the list of those there are at once (dxgkrnl: dxgmodule.c, dxg_pci_remove_device), and so
 * do the mappings and user pages of the devices on it (dxgadapter.c, dxgdevice_stop); its handles stay.  The GPU comes back
 * as another adapter, behind all others.
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

/* A vGPU.  One per host_config.vgpus entry, and another one for each return of it; it stays until the next start. */
struct adapter {
	uint32_t index; /* of the host's; no two active ones have the same */
	struct host_vgpu vgpu;
	_Atomic(enum adapter_state) state;
	_Atomic(struct adapter *) next; /* that came later */
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
/* Those that are there: the first one that came after @adapter (NULL: the first of all), and how many there are. */
struct adapter *machine_adapter_after(const struct adapter *adapter);
uint32_t machine_adapter_count(void);
/* The vGPU of that index is gone, with its channel; calls on it fail from here on. */
void machine_adapter_removed(uint32_t index);
/* The GPU of that index is back.  Without effect while it has not been removed. */
void machine_adapter_added(uint32_t index, const struct host_vgpu *vgpu);
/* Whether any was removed since the last call, or somebody has noticed belatedly that it was. */
bool machine_take_removals(void);
void machine_removal_noticed(void);
/* As host_ops.send; -ENODEV when no host is attached. */
int machine_send(struct host_message *m);
/* 0 or -ENODEV when its channel is gone. */
int adapter_check_active(const struct adapter *adapter);

/* The address space is going: no mapping is undone from here on. */
void machine_set_exiting(bool exiting);
bool machine_exiting(void);

#endif
