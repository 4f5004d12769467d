// SPDX-License-Identifier: MIT
/* The host this process is attached to, and its vGPUs. */
#include "dxgsim/driver/machine.h"

#include <errno.h>

static struct {
	const struct host_ops *ops;
	void *host;
	const struct host_config *config;
	struct adapter adapters[HOST_MAX_VGPUS];
	atomic_bool running;
	atomic_bool exiting;
} machine;

int machine_prepare(const struct host_ops *ops, void *host)
{
	const struct host_config *config;

	if (machine_running())
		return -ENODEV;
	config = ops->config(host);
	if (!config || config->vgpu_count > HOST_MAX_VGPUS)
		return -EINVAL;
	machine.ops = ops;
	machine.host = host;
	machine.config = config;
	for (uint32_t i = 0; i < config->vgpu_count; i++) {
		machine.adapters[i].index = i;
		machine.adapters[i].vgpu = &config->vgpus[i];
		atomic_store(&machine.adapters[i].state, ADAPTER_ACTIVE);
	}
	return 0;
}

int machine_attach(const struct host_upcalls *upcalls)
{
	int ret = machine.ops->attach(machine.host, upcalls);

	if (!ret)
		atomic_store(&machine.running, true);
	return ret;
}

bool machine_running(void)
{
	return atomic_load(&machine.running);
}

void machine_stop(void)
{
	atomic_store(&machine.running, false);
}

void machine_detach(void)
{
	machine.ops->detach(machine.host);
}

void machine_forked(void)
{
	if (machine.ops->forked)
		machine.ops->forked(machine.host);
}

const struct host_config *machine_config(void)
{
	return machine.config;
}

struct adapter *machine_adapter(uint32_t index)
{
	return &machine.adapters[index];
}

uint32_t machine_adapter_count(void)
{
	return machine.config->vgpu_count;
}

void machine_adapter_removed(uint32_t index)
{
	if (index < machine.config->vgpu_count)
		atomic_store(&machine.adapters[index].state, ADAPTER_STOPPED);
}

int machine_send(struct host_message *m)
{
	return machine_running() ? machine.ops->send(machine.host, m) : -ENODEV;
}

int adapter_check_active(const struct adapter *adapter)
{
	return atomic_load(&adapter->state) == ADAPTER_ACTIVE ? 0 : -ENODEV;
}

void machine_set_exiting(bool exiting)
{
	atomic_store(&machine.exiting, exiting);
}

bool machine_exiting(void)
{
	return atomic_load(&machine.exiting);
}
