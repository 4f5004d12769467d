// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"
#include "util/slack.h"

/* A message holds 131072 bytes, its headers included (dxgkrnl: dxgvmbus.h). */
#define MAX_PRIVATE_DATA 131001U
#define FIRST_GPU	 1U /* engine affinity: a bit per GPU of a linked adapter */
/* Microsoft: D3DKMT_CLIENTHINT; the Linux header leaves it out, the driver passes any value on */
#define CLIENT_HINT_OPENCL 3U

/*
 * Creates a context for one engine of a device.  The private data makes the round trip: on success the
 * request's buffer has the host's version, as long as what was sent (dxgkrnl copies back no more); it is
 * sent from a copy with room behind it all the same.
 *
 * -EINVAL: the host refused, or the message ring stayed full, or a handle is bad: the driver keeps the real
 * status to itself.  -EIO: success without a handle.  -EPROTO: something wrote behind the private data; the
 * context is gone again.  -ENODEV, -ENOMEM, -EFAULT as the driver gives them.
 */
int dxg_create_context(struct dxg *dxg, d3dkmt_handle device, const struct dxg_context_request *request,
		       d3dkmt_handle *context)
{
	struct d3dkmt_createcontextvirtual args = {
		.device = device,
		.node_ordinal = request->node,
		.engine_affinity = FIRST_GPU,
		.flags = request->flags,
		.priv_drv_data_size = request->private_data_size,
		.client_hint = CLIENT_HINT_OPENCL,
	};
	uint8_t *copy;
	int ret;

	*context = 0;
	if (request->private_data_size > MAX_PRIVATE_DATA)
		return dxg_fail(EINVAL, 0);
	copy = malloc(slack_copy_size(request->private_data_size));
	if (!copy)
		return dxg_fail(ENOMEM, 0);
	slack_copy(copy, request->private_data, request->private_data_size);
	args.priv_drv_data = ptr_to_u64(copy);
	ret = dxg_ioctl(dxg, LX_DXCREATECONTEXTVIRTUAL, &args);
	if (ret < 0)
		goto out;
	ret = args.context ? 0 : dxg_fail(EIO, 0);
	if (!ret && !slack_copy_intact(copy, request->private_data_size)) {
		dxg_destroy_context(dxg, args.context);
		ret = dxg_fail(EPROTO, 0);
	}
	if (ret)
		goto out;
	if (request->private_data_size)
		memcpy(request->private_data, copy, request->private_data_size);
	*context = args.context;
out:
	free(copy);
	return ret;
}

/*
 * Destroys a context; the guest's side of its hardware queues goes too, so destroy those first.  The handle
 * is gone even when the host answers an error, which is returned.
 */
int dxg_destroy_context(struct dxg *dxg, d3dkmt_handle context)
{
	int ret = dxg_ioctl(dxg, LX_DXDESTROYCONTEXT, &(struct d3dkmt_destroycontext){.context = context});

	return ret < 0 ? ret : 0;
}

/*
 * How urgent a context's work is among all that wants its engine, processes included: -7 to 7, new contexts have 0
 * (Microsoft: D3DKMTSetContextSchedulingPriority).  The host may refuse what is above 0 to those without the right.
 */
int dxg_set_context_priority(struct dxg *dxg, d3dkmt_handle context, int priority)
{
	struct d3dkmt_setcontextschedulingpriority args = {.context = context, .priority = priority};
	int ret = dxg_ioctl(dxg, LX_DXSETCONTEXTSCHEDULINGPRIORITY, &args);

	return ret < 0 ? ret : 0;
}
