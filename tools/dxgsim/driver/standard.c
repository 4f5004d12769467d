// SPDX-License-Identifier: MIT
/*
 * Standard allocations: the caller gives a size, the guest asks the host's driver for the private data of a GDI
 * surface of that width (dxgkrnl: ioctl.c, dxgvmbus.c GETSTANDARDALLOCATIONDRIVERDATA).
 */
#include "dxgsim/driver/standard.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/driver/user.h"
#include "dxgsim/driver/vmbus.h"
#include "util/compiler.h"

#define STANDARD_BODY		  40u
#define STANDARD_REPLY		  36u /* without the data behind it */
#define GDI_SURFACE		  4u  /* D3DKMDT_STANDARDALLOCATION_GDISURFACE */
#define FORMAT_D3DDDIFMT_A8R8G8B8 21u

int standard_allocation_check(const struct d3dkmt_createallocation *args,
			      const struct d3dddi_allocationinfo2 *info,
			      struct d3dkmt_createstandardallocation *standard)
{
	bool existing = args->flags & D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM;

	if (!args->standard_allocation)
		return -EINVAL;
	if (copy_from_user(standard, args->standard_allocation, sizeof(*standard)))
		return -EFAULT;
	switch (standard->type) {
	case D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP:
		if (!info->sysmem || !IS_ALIGNED(info->sysmem, HOST_PAGE_SIZE) || !existing)
			return STATUS_INVALID_PARAMETER;
		break;
	case D3DKMT_STANDARDALLOCATIONTYPE_CROSSADAPTER:
		if (info->sysmem || existing)
			return STATUS_INVALID_PARAMETER;
		break;
	default:
		return STATUS_INVALID_PARAMETER;
	}
	if (args->priv_drv_data_size || args->alloc_count != 1 || info->priv_drv_data_size)
		return -EINVAL;
	if (!standard->existing_heap_data.size ||
	    !IS_ALIGNED(standard->existing_heap_data.size, HOST_PAGE_SIZE))
		return -EINVAL;
	return 0;
}

/* One of the two messages: sizes only while data->data is NULL, then the data. */
static int send_standard(struct device *device, uint32_t width, uint32_t surface_type,
			 const struct standard_data *data, struct host_standard_allocation_reply *reply)
{
	struct host_standard_allocation request = {
		.allocation_type = GDI_SURFACE,
		.gdi_surface =
			{
				.width = width,
				.height = 1,
				.format = FORMAT_D3DDDIFMT_A8R8G8B8,
				.type = surface_type,
			},
		.private_data_size = data->size,
		.resource_private_data_size = data->resource_size,
	};
	struct host_message m;
	int ret;

	ret = message_init(&m, device->process, device->adapter, HOST_GETSTANDARDALLOCATIONDRIVERDATA,
			   STANDARD_BODY, STANDARD_REPLY + (uint64_t)data->size + data->resource_size);
	if (ret)
		return ret;
	*reply = (struct host_standard_allocation_reply){
		.private_data = data->data,
		.resource_private_data = data->resource_data,
	};
	m.request.standard_allocation = &request;
	m.reply.standard_allocation = reply;
	ret = message_call(&m);
	return ret < 0 ? ret : 0;
}

int standard_allocation_data(struct device *device, const struct d3dkmt_createstandardallocation *standard,
			     struct standard_data *data)
{
	uint32_t width = (uint32_t)standard->existing_heap_data.size; /* the message has 32 bits for it */
	uint32_t surface = standard->type == D3DKMT_STANDARDALLOCATIONTYPE_EXISTINGHEAP
				   ? D3DKMDT_GDISURFACE_EXISTINGSYSMEM
				   : D3DKMDT_GDISURFACE_TEXTURE_CROSSADAPTER;
	struct host_standard_allocation_reply reply;
	int ret;

	memset(data, 0, sizeof(*data));
	ret = send_standard(device, width, surface, data, &reply);
	if (ret)
		return ret;
	data->size = reply.private_data_size;
	data->resource_size = reply.resource_private_data_size;
	if (data->size == 0 || data->size >= PACKET_MAX || data->resource_size >= PACKET_MAX)
		return -EINVAL;
	data->data = calloc(1, data->size);
	data->resource_data = calloc(1, MAX(data->resource_size, 1u));
	ret = data->data && data->resource_data ? send_standard(device, width, surface, data, &reply)
						: -ENOMEM;
	if (ret) {
		free(data->data);
		free(data->resource_data);
		data->data = data->resource_data = NULL;
	}
	return ret;
}
