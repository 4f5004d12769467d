// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <string.h>

#include "util/compiler.h"

/*
 * Creates a device on an adapter whose handle is open.  flags: D3DKMT_CREATEDEVICEFLAGS_*.
 *
 * The driver reports a host refusal, a full ring and a broken channel alike: success with a zero
 * handle.  That is -EIO here.  It is not retried: each such call leaves an object in the driver
 * until the adapter is closed.
 */
int dxg_create_device(struct dxg *dxg, d3dkmt_handle adapter, uint32_t flags, d3dkmt_handle *device)
{
	struct d3dkmt_createdevice args = {.adapter = adapter, .flags = flags};
	int ret = dxg_ioctl(dxg, LX_DXCREATEDEVICE, &args);

	*device = 0;
	if (ret < 0)
		return ret;
	if (!args.device)
		return dxg_fail(EIO, 0);
	*device = args.device;
	return 0;
}

/*
 * Destroys a device with its allocations, contexts, queues and fences, and unmaps the fence pages.
 * Works on an adapter that is gone.
 */
int dxg_destroy_device(struct dxg *dxg, d3dkmt_handle device)
{
	int ret = dxg_ioctl(dxg, LX_DXDESTROYDEVICE, &(struct d3dkmt_destroydevice){.device = device});

	return ret < 0 ? ret : 0;
}

/*
 * The execution state as the host last announced it.  Answered in the guest unless the state of
 * some device of the machine changed, so it is cheap enough for every late fence.
 */
int dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device, enum d3dkmt_deviceexecution_state *state)
{
	struct d3dkmt_getdevicestate args = {
		.device = device,
		.state_type = D3DKMT_DEVICESTATE_EXECUTION,
	};
	int ret = dxg_ioctl(dxg, LX_DXGETDEVICESTATE, &args);

	*state = 0;
	if (ret < 0)
		return ret;
	if (args.execution_state < D3DKMT_DEVICEEXECUTION_ACTIVE ||
	    args.execution_state > D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT)
		return dxg_fail(EPROTO, 0);
	*state = args.execution_state;
	return 0;
}

/* What the host says of the page fault that stopped a device: a host round trip. */
int dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device, struct d3dkmt_devicepagefault_state *fault)
{
	struct d3dkmt_getdevicestate args = {
		.device = device,
		.state_type = D3DKMT_DEVICESTATE_PAGE_FAULT,
	};
	int ret = dxg_ioctl(dxg, LX_DXGETDEVICESTATE, &args);

	memset(fault, 0, sizeof(*fault));
	if (ret < 0)
		return ret;
	*fault = args.page_fault_state;
	return 0;
}

/*
 * Creates a paging queue of normal priority and maps its fence page.  The reply carries no status; a host failure
 * shows as -ENOMEM.  -ECANCELED: memory locking is on, see dxg_refuse_future_locks().
 */
int dxg_create_paging_queue(struct dxg *dxg, d3dkmt_handle device, struct dxg_paging_queue *queue)
{
	struct d3dkmt_createpagingqueue args = {
		.device = device,
		.priority = D3DDDI_PAGINGQUEUE_PRIORITY_NORMAL,
	};
	int ret;

	memset(queue, 0, sizeof(*queue));
	ret = dxg_refuse_future_locks();
	if (ret)
		return ret;
	ret = dxg_ioctl(dxg, LX_DXCREATEPAGINGQUEUE, &args);
	if (ret < 0)
		return ret;
	if (!args.paging_queue || !args.sync_object || !args.fence_cpu_virtual_address) {
		if (args.paging_queue)
			dxg_destroy_paging_queue(dxg, args.paging_queue);
		return dxg_fail(EIO, 0);
	}
	queue->handle = args.paging_queue;
	queue->fence = args.sync_object;
	queue->value = u64_to_ptr(args.fence_cpu_virtual_address);
	return 0;
}

/* Destroys a paging queue; its fence page is unmapped by the driver and must not be read any more. */
int dxg_destroy_paging_queue(struct dxg *dxg, d3dkmt_handle queue)
{
	int ret = dxg_ioctl(dxg, LX_DXDESTROYPAGINGQUEUE,
			    &(struct d3dddi_destroypagingqueue){.paging_queue = queue});

	return ret < 0 ? ret : 0;
}
