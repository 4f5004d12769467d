// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"
#include "util/slack.h"

#define MAX_PRIVATE_DATA 130985U /* of one message (dxgkrnl: dxgvmbus.h) */

static int check_queue(const struct d3dkmt_createhwqueue *args, const uint8_t *copy)
{
	if (!args->queue || !args->queue_progress_fence || !args->queue_progress_fence_cpu_va)
		return EIO;
	return slack_copy_intact(copy, args->priv_drv_data_size) ? 0 : EPROTO;
}

/*
 * Creates a hardware queue in a context that was created for one, and maps its progress fence.  flags:
 * D3DDDI_CREATEHWQUEUEFLAGS_*.  The private data comes back as the host left it, as long as what was sent
 * (dxgkrnl copies back no more); it is sent from a copy with room behind it all the same.
 *
 * -EIO: success without a handle, a fence or its page.  -EPROTO: something wrote behind the private data.
 * -EPERM: the engine has no hardware queues (NOT_SUPPORTED).  -ECANCELED: memory locking is on, see
 * dxg_refuse_future_locks().  -ENOMEM: host or guest memory, or the fence page could not be mapped.
 * -EINVAL also stands for most refusals of the host.  On failure nothing is left behind.
 */
int dxg_create_hwqueue(struct dxg *dxg, d3dkmt_handle context, uint32_t flags, void *private_data,
		       uint32_t private_data_size, struct dxg_hwqueue *hwqueue)
{
	struct d3dkmt_createhwqueue args = {
		.context = context,
		.flags = flags,
		.priv_drv_data_size = private_data_size,
	};
	uint8_t *copy;
	int ret, err;

	memset(hwqueue, 0, sizeof(*hwqueue));
	if (private_data_size > MAX_PRIVATE_DATA)
		return dxg_fail(EINVAL, 0);
	ret = dxg_refuse_future_locks();
	if (ret)
		return ret;
	copy = malloc(slack_copy_size(private_data_size));
	if (!copy)
		return dxg_fail(ENOMEM, 0);
	slack_copy(copy, private_data, private_data_size);
	args.priv_drv_data = ptr_to_u64(copy);
	ret = dxg_ioctl(dxg, LX_DXCREATEHWQUEUE, &args);
	if (ret < 0)
		goto out;
	ret = 0;
	err = check_queue(&args, copy);
	if (err) {
		if (args.queue)
			dxg_destroy_hwqueue(dxg, args.queue);
		ret = dxg_fail(err, 0);
		goto out;
	}
	if (private_data_size)
		memcpy(private_data, copy, private_data_size);
	hwqueue->handle = args.queue;
	hwqueue->fence = args.queue_progress_fence;
	hwqueue->value = u64_to_ptr(args.queue_progress_fence_cpu_va);
	hwqueue->gpu_va = args.queue_progress_fence_gpu_va;
out:
	free(copy);
	return ret;
}

/*
 * Destroys a hardware queue; its progress fence goes with it and the fence's page must not be read any
 * more.  The handle is gone even when the host answers an error, which is returned.
 */
int dxg_destroy_hwqueue(struct dxg *dxg, d3dkmt_handle hwqueue)
{
	int ret = dxg_ioctl(dxg, LX_DXDESTROYHWQUEUE, &(struct d3dkmt_destroyhwqueue){.queue = hwqueue});

	return ret < 0 ? ret : 0;
}
