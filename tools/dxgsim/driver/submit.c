// SPDX-License-Identifier: MIT
/* Command buffers to contexts and hardware queues (dxgkrnl: ioctl.c, dxgvmbus.c). */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "dxgsim/driver/device.h"
#include "dxgsim/driver/handle.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define MAX_CONTEXTS	    64u
#define MAX_HISTORY_BUFFERS 1024u

static int send_submit_command(struct device *device, const struct d3dkmt_submitcommand *args)
{
	struct host_submit_command request = {.args = *args};
	d3dkmt_handle *history = NULL;
	void *data = NULL;
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_SUBMITCOMMAND,
			   sizeof(*args) + args->num_history_buffers * (uint64_t)sizeof(*history) +
				   args->priv_drv_data_size,
			   4);
	if (ret)
		return ret;
	ret = copy_array_from_user((void **)&history, args->history_buffer_array, args->num_history_buffers,
				   sizeof(*history));
	if (!ret)
		ret = copy_array_from_user(&data, args->priv_drv_data, args->priv_drv_data_size, 1);
	if (!ret) {
		request.private_data = data;
		request.history_buffers = history;
		m.request.submit_command = &request;
		ret = message_call_async(&m);
	}
	free(data);
	free(history);
	return ret;
}

int ioctl_submit_command(struct process *process, uint64_t arg)
{
	struct d3dkmt_submitcommand args;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	/* the number of primaries is held against the packet size, not against its array of 16 */
	if (args.broadcast_context_count == 0 || args.broadcast_context_count > MAX_CONTEXTS ||
	    args.priv_drv_data_size > PACKET_MAX || args.num_history_buffers > MAX_HISTORY_BUFFERS ||
	    args.num_primaries > PACKET_MAX)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_CONTEXT, args.broadcast_context[0], &device);
	if (ret)
		return ret;
	ret = send_submit_command(device, &args);
	device_put(device);
	return ret;
}

static int send_submit_to_hwqueue(struct device *device, const struct d3dkmt_submitcommandtohwqueue *args)
{
	struct host_submit_to_hwqueue request = {.args = *args};
	d3dkmt_handle *primaries = NULL;
	void *data = NULL;
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_SUBMITCOMMANDTOHWQUEUE,
			   sizeof(*args) + args->num_primaries * (uint64_t)sizeof(*primaries) +
				   args->priv_drv_data_size,
			   4);
	if (ret)
		return ret;
	ret = copy_array_from_user((void **)&primaries, args->written_primaries, args->num_primaries,
				   sizeof(*primaries));
	if (!ret)
		ret = copy_array_from_user(&data, args->priv_drv_data, args->priv_drv_data_size, 1);
	if (!ret) {
		request.private_data = data;
		request.written_primaries = primaries;
		m.request.submit_to_hwqueue = &request;
		ret = message_call_async(&m);
	}
	free(data);
	free(primaries);
	return ret;
}

int ioctl_submit_command_to_hwqueue(struct process *process, uint64_t arg)
{
	struct d3dkmt_submitcommandtohwqueue args;
	struct device *device;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.priv_drv_data_size > PACKET_MAX || args.num_primaries > PACKET_MAX)
		return -EINVAL;
	ret = device_get_active(process, HANDLE_HWQUEUE, args.hwqueue, &device);
	if (ret)
		return ret;
	ret = send_submit_to_hwqueue(device, &args);
	device_put(device);
	return ret;
}
