// SPDX-License-Identifier: MIT
/* The host this process is attached to, and its vGPUs. */
#include "dxgsim/driver/machine.h"

#include <errno.h>
#include <stdlib.h>

#include "dxgsim/driver/notice.h"

static struct {
	const struct host_ops *ops;
	void *host;
	const struct host_config *config;
	_Atomic(struct adapter *) adapters;
	atomic_bool removals;
	atomic_bool running;
	atomic_bool exiting;
} machine;

static void adapters_free(void)
{
	struct adapter *adapter = atomic_exchange(&machine.adapters, NULL);

	while (adapter) {
		struct adapter *next = atomic_load(&adapter->next);

		free(adapter);
		adapter = next;
	}
}

static int adapter_append(uint32_t index, const struct host_vgpu *vgpu)
{
	struct adapter *adapter = calloc(1, sizeof(*adapter)), *last = NULL;
	_Atomic(struct adapter *) *end = &machine.adapters;

	if (!adapter)
		return -ENOMEM;
	adapter->index = index;
	adapter->vgpu = *vgpu;
	atomic_store(&adapter->state, ADAPTER_ACTIVE);
	while (!atomic_compare_exchange_strong(end, &last, adapter)) {
		end = &last->next;
		last = NULL;
	}
	return 0;
}

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
	adapters_free();
	atomic_store(&machine.removals, false);
	for (uint32_t i = 0; i < config->vgpu_count; i++)
		if (!config->vgpus[i].removed && adapter_append(i, &config->vgpus[i]))
			return -ENOMEM;
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

struct adapter *machine_adapter_after(const struct adapter *adapter)
{
	struct adapter *next = adapter ? atomic_load(&adapter->next) : atomic_load(&machine.adapters);

	while (next && adapter_check_active(next))
		next = atomic_load(&next->next);
	return next;
}

uint32_t machine_adapter_count(void)
{
	uint32_t count = 0;

	for (const struct adapter *adapter = NULL; (adapter = machine_adapter_after(adapter));)
		count++;
	return count;
}

static struct adapter *adapter_by_index(uint32_t index)
{
	struct adapter *adapter = NULL;

	while ((adapter = machine_adapter_after(adapter)) && adapter->index != index)
		;
	return adapter;
}

void machine_removal_noticed(void)
{
	atomic_store(&machine.removals, true);
}

void machine_adapter_removed(uint32_t index)
{
	struct adapter *adapter = adapter_by_index(index);

	if (!adapter)
		return;
	atomic_store(&adapter->state, ADAPTER_STOPPED);
	machine_removal_noticed();
}

void machine_adapter_added(uint32_t index, const struct host_vgpu *vgpu)
{
	if (index >= machine.config->vgpu_count || adapter_by_index(index))
		return;
	if (adapter_append(index, vgpu))
		notice_noted("dxgsim: out of memory, an adapter that is back cannot be seen");
}

bool machine_take_removals(void)
{
	return atomic_load_explicit(&machine.removals, memory_order_relaxed) &&
	       atomic_exchange(&machine.removals, false);
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
