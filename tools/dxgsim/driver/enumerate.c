// SPDX-License-Identifier: MIT
/* Finding, opening and closing adapters, and who else uses them (dxgkrnl: ioctl.c). */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/process_adapter.h"
#include "dxgsim/driver/shared.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"

#define ENUM2_MAX 64u
#define ENUM3_MAX 0xffffu

static struct adapter *adapter_by_luid(struct winluid luid)
{
	struct adapter *adapter = NULL;

	while ((adapter = machine_adapter_after(adapter)))
		if (adapter->vgpu.guest_luid.a == luid.a && adapter->vgpu.guest_luid.b == luid.b)
			break;
	return adapter;
}

int ioctl_open_adapter_from_luid(struct process *process, uint64_t arg)
{
	struct d3dkmt_openadapterfromluid args;
	struct adapter *adapter;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	adapter = adapter_by_luid(args.adapter_luid);
	if (adapter) {
		ret = process_adapter_open(process, adapter, &args.adapter_handle);
		if (ret)
			return ret;
	}
	/* "not found" is told by the handle alone, so whatever the caller left there counts */
	if (args.adapter_handle == 0)
		return -EINVAL;
	ret = copy_to_user(arg + offsetof(struct d3dkmt_openadapterfromluid, adapter_handle),
			   &args.adapter_handle, sizeof(args.adapter_handle));
	if (ret && adapter)
		process_adapter_close(process, args.adapter_handle);
	return ret;
}

int ioctl_close_adapter(struct process *process, uint64_t arg)
{
	struct d3dkmt_closeadapter args;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	return process_adapter_close(process, args.adapter_handle);
}

/* Opens what is there and wanted; room for HOST_MAX_VGPUS. */
static int adapters_open(struct process *process, bool compute_only, struct d3dkmt_adapterinfo *infos,
			 uint32_t *count)
{
	struct adapter *adapter = NULL;

	*count = 0;
	while (*count < HOST_MAX_VGPUS && (adapter = machine_adapter_after(adapter))) {
		struct d3dkmt_adapterinfo *info = &infos[*count];
		int ret;

		if (adapter->vgpu.compute_only && !compute_only)
			continue;
		info->adapter_luid = adapter->vgpu.guest_luid;
		ret = process_adapter_open(process, adapter, &info->adapter_handle);
		if (ret)
			return ret;
		++*count;
	}
	return 0;
}

static void adapters_close(struct process *process, const struct d3dkmt_adapterinfo *infos, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		process_adapter_close(process, infos[i].adapter_handle);
}

/* Opens adapters for the caller: the count is written first and stays when the array cannot be. */
static int adapters_return(struct process *process, bool compute_only, uint64_t count_to, uint64_t array_to,
			   uint32_t max)
{
	struct d3dkmt_adapterinfo infos[HOST_MAX_VGPUS] = {0};
	uint32_t total = machine_adapter_count();
	uint32_t count;
	int ret;

	ret = adapters_open(process, compute_only, infos, &count);
	if (!ret && count > max)
		/* the handles stay open with nobody to know them, and the total is called success */
		return copy_to_user(count_to, &total, sizeof(total));
	if (!ret)
		ret = copy_to_user(count_to, &count, sizeof(count));
	if (!ret)
		ret = copy_to_user(array_to, infos, count * sizeof(infos[0]));
	if (ret)
		adapters_close(process, infos, count);
	return ret;
}

int ioctl_enum_adapters2(struct process *process, uint64_t arg)
{
	const uint64_t count_to = arg + offsetof(struct d3dkmt_enumadapters2, num_adapters);
	uint32_t total = machine_adapter_count();
	struct d3dkmt_enumadapters2 args;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (!args.adapters)
		return copy_to_user(count_to, &total, sizeof(total));
	if (args.num_adapters < total)
		return -EOVERFLOW;
	if (args.num_adapters > ENUM2_MAX)
		return -EINVAL;
	return adapters_return(process, false, count_to, args.adapters, args.num_adapters);
}

int ioctl_enum_adapters3(struct process *process, uint64_t arg)
{
	const uint64_t count_to = arg + offsetof(struct d3dkmt_enumadapters3, adapter_count);
	uint32_t total = machine_adapter_count();
	struct d3dkmt_enumadapters3 args;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (!args.adapters || args.adapter_count == 0)
		return copy_to_user(count_to, &total, sizeof(total));
	if (args.adapter_count > ENUM3_MAX)
		return -EINVAL;
	return adapters_return(process, args.filter & D3DKMT_ENUMADAPTERS_FILTER_INCLUDE_COMPUTE_ONLY,
			       count_to, args.adapters, args.adapter_count);
}

/* count is the 64-bit room of the caller; *required is what there is, 0 while unknown */
static int processes_return(const struct d3dkmt_enumprocesses *args, uint32_t *required)
{
	const struct adapter *adapter = adapter_by_luid(args->adapter_luid);
	uint32_t room, users, *pids;
	int ret;

	if (!adapter)
		return -EINVAL;
	users = shared_adapter_users(adapter->vgpu.guest_luid, NULL, 0);
	if (!args->buffer || users > args->buffer_count) {
		*required = users;
		return -EOVERFLOW;
	}
	room = users;
	pids = calloc((size_t)room + 1, sizeof(*pids));
	if (!pids)
		return -ENOMEM;
	users = shared_adapter_users(adapter->vgpu.guest_luid, pids, room);
	if (users > room)
		users = room;
	ret = copy_to_user(args->buffer, pids, users * sizeof(*pids));
	if (!ret)
		*required = users;
	free(pids);
	return ret;
}

int ioctl_enum_processes(struct process *process, uint64_t arg)
{
	struct d3dkmt_enumprocesses args;
	uint32_t required = 0;
	int ret;

	(void)process;
	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	ret = processes_return(&args, &required);
	/* only the low half of the count is ever written, on failure too */
	if (copy_to_user(arg + offsetof(struct d3dkmt_enumprocesses, buffer_count), &required,
			 sizeof(required)))
		return -EFAULT;
	return ret;
}

int ioctl_query_statistics(struct process *process, uint64_t arg)
{
	struct host_query_statistics_reply reply = {0};
	struct host_query_statistics request;
	struct d3dkmt_querystatistics *args = &request.args;
	const struct adapter *adapter;
	struct winluid guest_luid;
	struct host_message m;
	d3dkmt_handle target = 0;
	int ret;

	ret = copy_from_user(args, arg, sizeof(*args));
	if (ret)
		return ret;
	if (args->process) {
		ret = shared_process_handle(args->process, &target);
		if (ret)
			return ret;
	}
	guest_luid = args->adapter_luid;
	adapter = adapter_by_luid(guest_luid);
	if (!adapter)
		return 0;
	args->adapter_luid = adapter->vgpu.host_luid;
	args->process = target;
	ret = message_init(&m, process, adapter, HOST_QUERYSTATISTICS, sizeof(*args),
			   8 + sizeof(reply.result));
	if (ret)
		return ret;
	m.request.query_statistics = &request;
	m.reply.query_statistics = &reply;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	args->adapter_luid = guest_luid;
	args->process = 0;
	args->result = reply.result;
	return copy_to_user(arg, args, sizeof(*args));
}
