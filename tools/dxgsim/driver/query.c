// SPDX-License-Identifier: MIT
/* Queries of an adapter that are one message each (dxgkrnl: ioctl.c, dxgvmbus.c). */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/adapter.h"
#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/machine.h"
#include "dxgsim/driver/objects.h"
#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define QUERYADAPTERINFO_BODY 15u /* without private data */

static int active_adapter(struct process *process, d3dkmt_handle handle, struct adapter **adapter)
{
	int ret = adapter_lookup(process, handle, adapter);

	return ret ? ret : adapter_check_active(*adapter);
}

/* What a paravirtualized adapter can never be, whatever the host says; as many bytes as the caller has. */
static void adapter_type_correct(const struct adapter *adapter, void *data, size_t size)
{
	uint32_t type = 0;

	size = MIN(size, sizeof(type));
	memcpy(&type, data, size);
	type &= ~(D3DKMT_ADAPTERTYPE_DISPLAY_SUPPORTED | D3DKMT_ADAPTERTYPE_POST_DEVICE |
		  D3DKMT_ADAPTERTYPE_INDIRECT_DISPLAY_DEVICE | D3DKMT_ADAPTERTYPE_ACG_SUPPORTED |
		  D3DKMT_ADAPTERTYPE_SUPPORT_SET_TIMINGS_FROM_VIDPN | D3DKMT_ADAPTERTYPE_COMPUTE_ONLY);
	type |= D3DKMT_ADAPTERTYPE_PARAVIRTUALIZED;
	if (adapter->vgpu.compute_only)
		type |= D3DKMT_ADAPTERTYPE_COMPUTE_ONLY;
	memcpy(data, &type, size);
}

static int adapter_info_send(const struct process *process, const struct adapter *adapter, uint32_t type,
			     void *data, uint32_t size)
{
	struct host_query_adapter_info request = {.type = type, .size = size, .data = data};
	struct host_query_adapter_info_reply reply;
	bool with_status = message_ext_header() != 0;
	struct host_message m;
	void *sent;
	int ret;

	ret = message_init(&m, process, adapter, HOST_QUERYADAPTERINFO,
			   QUERYADAPTERINFO_BODY + (uint64_t)size, size + (with_status ? 4u : 0u));
	if (ret)
		return ret;
	sent = malloc(size);
	if (!sent)
		return -ENOMEM;
	memcpy(sent, data, size);
	request.data = sent;
	reply.data = data;
	m.has_status = with_status;
	m.request.query_adapter_info = &request;
	m.reply.query_adapter_info = &reply;
	ret = message_call(&m);
	free(sent);
	return ret;
}

int ioctl_query_adapter_info(struct process *process, uint64_t arg)
{
	struct d3dkmt_queryadapterinfo args;
	struct adapter *adapter;
	void *data;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	ret = active_adapter(process, args.adapter, &adapter);
	if (ret)
		return ret;
	if (args.private_data_size == 0 || args.private_data_size > PACKET_MAX)
		return -EINVAL;
	/* the size is judged before the buffer is touched */
	if (args.private_data_size + COMMAND_HEADER + message_ext_header() + QUERYADAPTERINFO_BODY >
	    PACKET_MAX)
		return -EINVAL;
	ret = copy_array_from_user(&data, args.private_data, args.private_data_size, 1);
	if (ret)
		return ret;
	ret = adapter_info_send(process, adapter, args.type, data, args.private_data_size);
	if (ret >= 0) {
		if (args.type == KMTQAITYPE_ADAPTERTYPE || args.type == KMTQAITYPE_ADAPTERTYPE_RENDER)
			adapter_type_correct(adapter, data, args.private_data_size);
		ret = copy_to_user(args.private_data, data, args.private_data_size);
	}
	free(data);
	return ret;
}

int ioctl_is_feature_enabled(struct process *process, uint64_t arg)
{
	struct host_is_feature_enabled_reply reply = {0};
	struct host_is_feature_enabled request;
	struct d3dkmt_isfeatureenabled args;
	struct adapter *adapter;
	struct host_message m;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = active_adapter(process, args.adapter, &adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_ISFEATUREENABLED, 8, 8);
	if (ret)
		return ret;
	request.feature_id = args.feature_id;
	m.request.is_feature_enabled = &request;
	m.reply.is_feature_enabled = &reply;
	ret = message_call(&m);
	if (ret)
		return ret;
	/* the driver returns the number of bytes it could not write as if it were a status */
	return (int)copy_to_user_left(arg + offsetof(struct d3dkmt_isfeatureenabled, result), &reply.result,
				      sizeof(reply.result));
}

int ioctl_query_video_memory_info(struct process *process, uint64_t arg)
{
	struct host_query_video_memory_info_reply reply = {0};
	struct host_query_video_memory_info request;
	struct d3dkmt_queryvideomemoryinfo args;
	struct adapter *adapter;
	struct host_message m;
	uint64_t values[4];
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.process)
		return -EINVAL;
	ret = active_adapter(process, args.adapter, &adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_QUERYVIDEOMEMORYINFO, 16, sizeof(reply));
	if (ret)
		return ret;
	request.memory_segment_group = args.memory_segment_group;
	request.physical_adapter_index = args.physical_adapter_index;
	m.has_status = false;
	m.request.query_video_memory_info = &request;
	m.reply.query_video_memory_info = &reply;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	values[0] = reply.budget;
	values[1] = reply.current_usage;
	values[2] = reply.current_reservation;
	values[3] = reply.available_for_reservation;
	return copy_to_user(arg + offsetof(struct d3dkmt_queryvideomemoryinfo, budget), values,
			    sizeof(values));
}

int ioctl_change_video_memory_reservation(struct process *process, uint64_t arg)
{
	struct d3dkmt_changevideomemoryreservation args;
	struct host_change_reservation request;
	struct adapter *adapter;
	struct host_message m;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (ret)
		return ret;
	if (args.process)
		return -EINVAL;
	ret = active_adapter(process, args.adapter, &adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_CHANGEVIDEOMEMORYRESERVATION, sizeof(args), 4);
	if (ret)
		return ret;
	request.memory_segment_group = args.memory_segment_group;
	request.physical_adapter_index = args.physical_adapter_index;
	request.reservation = args.reservation;
	m.request.change_reservation = &request;
	return message_call(&m);
}

int ioctl_query_clock_calibration(struct process *process, uint64_t arg)
{
	struct host_query_clock_calibration_reply reply = {0};
	struct host_query_clock_calibration request;
	struct d3dkmt_queryclockcalibration args;
	struct adapter *adapter;
	struct host_message m;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = active_adapter(process, args.adapter, &adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_QUERYCLOCKCALIBRATION, sizeof(args), 32);
	if (ret)
		return ret;
	request.node_ordinal = args.node_ordinal;
	request.physical_adapter_index = args.physical_adapter_index;
	m.request.query_clock_calibration = &request;
	m.reply.query_clock_calibration = &reply;
	ret = message_send(&m);
	if (ret)
		return ret;
	/* the clocks are handed out before the status is looked at */
	if (copy_to_user(arg + offsetof(struct d3dkmt_queryclockcalibration, clock_data), &reply.clock_data,
			 sizeof(reply.clock_data)))
		return -EFAULT;
	return ntstatus_to_result(m.status);
}

int ioctl_flush_heap_transitions(struct process *process, uint64_t arg)
{
	struct d3dkmt_flushheaptransitions args;
	struct adapter *adapter;
	struct host_message m;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = active_adapter(process, args.adapter, &adapter);
	if (!ret)
		ret = message_init(&m, process, adapter, HOST_FLUSHHEAPTRANSITIONS, 0, 4);
	if (ret)
		return ret;
	ret = message_call(&m);
	if (ret < 0)
		return ret;
	/* dxgkrnl translates the handle in place and copies the structure back like that */
	args.adapter = adapter->vgpu.host_adapter;
	return copy_to_user(arg, &args, sizeof(args));
}

#define TEST_COMMAND_MAX_DMA	 4096u
#define TEST_COMMAND_MAX_PRIVATE 1024u

static int test_command_buffer(const struct process *process, const struct adapter *adapter,
			       const struct d3dkmt_escape *escape)
{
	struct d3dddi_buildtestcommandbuffer args;
	struct host_build_test_command_buffer_reply reply = {0};
	struct host_build_test_command_buffer request;
	struct host_message m;
	char *buffers;
	int ret;

	if (escape->priv_drv_data_size != sizeof(args))
		return -EINVAL;
	ret = copy_from_user(&args, escape->priv_drv_data, sizeof(args));
	if (ret)
		return ret;
	if (!args.dma_buffer || args.dma_buffer_size == 0 || args.dma_buffer_size > TEST_COMMAND_MAX_DMA ||
	    args.dma_buffer_priv_data_size > TEST_COMMAND_MAX_PRIVATE)
		return -EINVAL;
	ret = message_init(&m, process, adapter, HOST_BUILDTESTCOMMANDBUFFER, 96,
			   16u + args.dma_buffer_size + args.dma_buffer_priv_data_size);
	if (ret)
		return ret;
	buffers = calloc(1, args.dma_buffer_size + args.dma_buffer_priv_data_size);
	if (!buffers)
		return -ENOMEM;
	request = (struct host_build_test_command_buffer){
		.device = args.device,
		.context = args.context,
		.flags = args.flags,
		.command = args.command,
		.dma_buffer_size = args.dma_buffer_size,
		.dma_buffer_priv_data_size = args.dma_buffer_priv_data_size,
	};
	reply.dma_buffer = buffers;
	reply.dma_buffer_priv_data = buffers + args.dma_buffer_size;
	m.request.build_test_command_buffer = &request;
	m.reply.build_test_command_buffer = &reply;
	ret = message_call(&m);
	if (ret >= 0) {
		if (reply.dma_buffer_size > args.dma_buffer_size ||
		    reply.dma_buffer_priv_data_size > args.dma_buffer_priv_data_size)
			ret = -EOVERFLOW;
		else
			ret = copy_to_user(args.dma_buffer, reply.dma_buffer, reply.dma_buffer_size);
	}
	if (!ret)
		ret = copy_to_user(args.dma_buffer_priv_data, reply.dma_buffer_priv_data,
				   reply.dma_buffer_priv_data_size);
	if (!ret) {
		args.dma_buffer_size = reply.dma_buffer_size;
		args.dma_buffer_priv_data_size = reply.dma_buffer_priv_data_size;
		ret = copy_to_user(escape->priv_drv_data, &args, sizeof(args));
	}
	free(buffers);
	return ret;
}

static int escape_send(const struct process *process, const struct adapter *adapter,
		       const struct d3dkmt_escape *args)
{
	struct host_escape_reply reply;
	struct host_escape request;
	struct host_message m;
	void *sent, *data;
	int ret;

	ret = message_init(&m, process, adapter, HOST_ESCAPE, 31u + (uint64_t)args->priv_drv_data_size,
			   args->priv_drv_data_size);
	if (ret)
		return ret;
	ret = copy_array_from_user(&sent, args->priv_drv_data, args->priv_drv_data_size, 1);
	if (ret)
		return ret;
	data = malloc((size_t)args->priv_drv_data_size + 1);
	if (!data) {
		free(sent);
		return -ENOMEM;
	}
	if (sent)
		memcpy(data, sent, args->priv_drv_data_size);
	request = (struct host_escape){
		.device = args->device,
		.type = args->type,
		.flags = args->flags,
		.context = args->context,
		.size = args->priv_drv_data_size,
		.data = sent,
	};
	reply.data = data;
	m.has_status = false;
	m.request.escape = &request;
	m.reply.escape = &reply;
	ret = message_call(&m);
	/* a fault here is told as a bad parameter */
	if (ret >= 0 && copy_to_user(args->priv_drv_data, data, args->priv_drv_data_size))
		ret = -EINVAL;
	free(data);
	free(sent);
	return ret;
}

int ioctl_escape(struct process *process, uint64_t arg)
{
	struct d3dkmt_escape args;
	struct adapter *adapter;
	uint32_t known;
	int ret;

	ret = copy_from_user(&args, arg, sizeof(args));
	if (!ret)
		ret = active_adapter(process, args.adapter, &adapter);
	if (ret)
		return ret;
	if (args.type == D3DKMT_ESCAPE_DRIVERPRIVATE && args.flags & D3DDDI_ESCAPEFLAGS_DRIVER_KNOWN_ESCAPE) {
		if (args.priv_drv_data_size < sizeof(known))
			return -EINVAL;
		ret = copy_from_user(&known, args.priv_drv_data, sizeof(known));
		if (ret)
			return ret;
		switch (known) {
		case D3DDDI_DRIVERESCAPETYPE_TRANSLATEALLOCATIONHANDLE:
		case D3DDDI_DRIVERESCAPETYPE_TRANSLATERESOURCEHANDLE:
			return 0; /* guest and host use the same numbers */
		case D3DDDI_DRIVERESCAPETYPE_BUILDTESTCOMMANDBUFFER:
			return test_command_buffer(process, adapter, &args);
		default:
			break;
		}
	}
	return escape_send(process, adapter, &args);
}
