// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <string.h>

#include "dxg/fences.h"
#include "util/compiler.h"

#define MAX_WAIT_OBJECTS 10916U

/*
 * Creates a monitored fence with its page mapped for CPU and GPU.  On a GPU reset the host sets it
 * to all ones.  A host refusal shows as -ENOMEM; -ECANCELED: see dxg_refuse_future_locks().
 */
int dxg_create_fence(struct dxg *dxg, d3dkmt_handle device, uint64_t initial, struct dxg_fence *fence)
{
	struct d3dkmt_createsynchronizationobject2 args;
	int ret;

	memset(fence, 0, sizeof(*fence));
	ret = dxg_refuse_future_locks();
	if (ret)
		return ret;
	/* sync_object stays zero: a failing call destroys whatever handle it finds there */
	memset(&args, 0, sizeof(args));
	args.device = device;
	args.info.type = D3DDDI_MONITORED_FENCE;
	args.info.monitored_fence.initial_fence_value = initial;
	ret = dxg_ioctl(dxg, LX_DXCREATESYNCHRONIZATIONOBJECT, &args);
	if (ret < 0)
		return ret;
	if (!args.sync_object)
		return dxg_fail(EIO, 0);
	if (!args.info.monitored_fence.fence_cpu_virtual_address) {
		dxg_destroy_fence(dxg, args.sync_object);
		return dxg_fail(EIO, 0);
	}
	fence->handle = args.sync_object;
	fence->value = u64_to_ptr(args.info.monitored_fence.fence_cpu_virtual_address);
	fence->gpu_va = args.info.monitored_fence.fence_gpu_virtual_address;
	return 0;
}

/* Destroys a fence of dxg_create_fence(); its page must not be read any more. */
int dxg_destroy_fence(struct dxg *dxg, d3dkmt_handle fence)
{
	int ret = dxg_ioctl(dxg, LX_DXDESTROYSYNCHRONIZATIONOBJECT,
			    &(struct d3dkmt_destroysynchronizationobject){.sync_object = fence});

	return ret < 0 ? ret : 0;
}

/*
 * Sets 1 to 32 monitored fences from the CPU.  The host may be told without an answer: 0 does not mean that
 * the values can be read yet.  Paging and progress fences are not for this.
 *
 * -EINVAL: count, a zero handle (the driver checks none), the value that marks a lost device, or the host's
 * refusal.  -EAGAIN: the message ring stayed full.  -ENODEV.
 */
int dxg_signal_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		      const uint64_t *values, uint32_t count)
{
	struct d3dkmt_signalsynchronizationobjectfromcpu args = {
		.device = device,
		.object_count = count,
		.objects = ptr_to_u64(fences),
		.fence_values = ptr_to_u64(values),
	};
	int ret = dxg_check_fences(fences, values, count);

	if (!ret)
		ret = dxg_ioctl(dxg, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, &args);
	return ret < 0 ? ret : 0;
}

/*
 * Arms a one-shot wait: the eventfd (which must not be fd 0) counts one up when all, or with `any` one, of the fences
 * have reached their values.  Paging and progress fences may be waited for too.  There is no way to
 * take a wait back; one that never ends keeps a small object in the kernel.  The blocking form of
 * the ioctl is not offered: nothing wakes it when the adapter goes away.
 */
int dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		    const uint64_t *values, uint32_t count, bool any, int eventfd)
{
	struct d3dkmt_waitforsynchronizationobjectfromcpu args = {
		.device = device,
		.object_count = count,
		.objects = ptr_to_u64(fences),
		.fence_values = ptr_to_u64(values),
		.async_event = (uint64_t)(uint32_t)eventfd,
		.flags = any ? D3DDDI_WAITFORSYNCHRONIZATIONOBJECTFROMCPU_FLAGS_WAIT_ANY : 0,
	};
	int ret;

	if (!count || count > MAX_WAIT_OBJECTS || eventfd <= 0)
		return dxg_fail(EINVAL, 0);
	ret = dxg_ioctl(dxg, LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, &args);
	return ret < 0 ? ret : 0;
}
