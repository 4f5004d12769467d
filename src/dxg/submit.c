// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>

#include "dxg/fences.h"
#include "util/compiler.h"

/* Of one message (dxgkrnl: dxgvmbus.h).  Submissions go through the ring whole: keep them small. */
#define MAX_CONTEXT_DATA 130648U
#define MAX_HWQUEUE_DATA 130976U

static int check_submission(const struct dxg_submission *s, uint32_t limit)
{
	if (!s->commands || !s->length || s->private_data_size > limit)
		return dxg_fail(EINVAL, 0);
	return 0;
}

/* A call that the driver answers before the host does what it says; a positive status of the host's is success. */
static int ask(struct dxg *dxg, unsigned long command, void *args)
{
	int ret = dxg_ioctl(dxg, command, args);

	return ret < 0 ? ret : 0;
}

/*
 * Puts a command buffer into a context (Microsoft: D3DKMTSubmitCommand).  The host reads the private data
 * before the call returns or from its own copy: the buffer may be reused.
 *
 * -EINVAL: no commands, too much private data, or a bad handle.  -EAGAIN: the message ring stayed full.
 * -ENODEV.  0: see dxg.h.
 */
int dxg_submit(struct dxg *dxg, d3dkmt_handle context, const struct dxg_submission *submission)
{
	struct d3dkmt_submitcommand args = {
		.command_buffer = submission->commands,
		.command_length = submission->length,
		.broadcast_context_count = 1,
		.broadcast_context = {context},
		.priv_drv_data = ptr_to_u64(submission->private_data),
		.priv_drv_data_size = submission->private_data_size,
	};
	int ret = check_submission(submission, MAX_CONTEXT_DATA);

	return ret ? ret : ask(dxg, LX_DXSUBMITCOMMAND, &args);
}

/*
 * Puts a command buffer into a hardware queue, whose progress fence has the value `fence_id` when it is
 * done (Microsoft: D3DKMTSubmitCommandToHwQueue; ids count up by one).  Errors as dxg_submit(), -EINVAL also
 * for the ids that no fence can wait for.
 */
int dxg_submit_to_hwqueue(struct dxg *dxg, d3dkmt_handle hwqueue, uint64_t fence_id,
			  const struct dxg_submission *submission)
{
	struct d3dkmt_submitcommandtohwqueue args = {
		.hwqueue = hwqueue,
		.hwqueue_progress_fence_id = fence_id,
		.command_buffer = submission->commands,
		.command_length = submission->length,
		.priv_drv_data_size = submission->private_data_size,
		.priv_drv_data = ptr_to_u64(submission->private_data),
	};
	int ret = check_submission(submission, MAX_HWQUEUE_DATA);

	if (!ret && (!fence_id || fence_id == DXG_FENCE_LOST))
		ret = dxg_fail(EINVAL, 0);
	return ret ? ret : ask(dxg, LX_DXSUBMITCOMMANDTOHWQUEUE, &args);
}

/*
 * Sets 1 to 32 monitored fences when all that was put into a context before is done.  The form with values of
 * its own for each fence (SIGNAL...FROMGPU); the older ones have one value for all, or none.
 *
 * -EINVAL: count, a zero handle, the value that marks a lost device.  Others as dxg_submit().
 */
int dxg_context_signal(struct dxg *dxg, d3dkmt_handle context, const d3dkmt_handle *fences,
		       const uint64_t *values, uint32_t count)
{
	struct d3dkmt_signalsynchronizationobjectfromgpu args = {
		.context = context,
		.object_count = count,
		.objects = ptr_to_u64(fences),
		.monitored_fence_values = ptr_to_u64(values),
	};
	int ret = dxg_check_fences(fences, values, count);

	return ret ? ret : ask(dxg, LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, &args);
}

/*
 * Holds back what is put into a context from now on until 1 to 32 fences have their values; paging and
 * progress fences are allowed.  All are monitored fences: the driver goes by the first one.  Errors as
 * dxg_context_signal(); -EINVAL also when the first is no fence of this process.
 */
int dxg_context_wait(struct dxg *dxg, d3dkmt_handle context, const d3dkmt_handle *fences,
		     const uint64_t *values, uint32_t count)
{
	struct d3dkmt_waitforsynchronizationobjectfromgpu args = {
		.context = context,
		.object_count = count,
		.objects = ptr_to_u64(fences),
		.monitored_fence_values = ptr_to_u64(values),
	};
	int ret = dxg_check_fences(fences, values, count);

	return ret ? ret : ask(dxg, LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU, &args);
}

/* As dxg_context_signal(), after what was put into a hardware queue.  The queue's own progress fence is not for this. */
int dxg_hwqueue_signal(struct dxg *dxg, d3dkmt_handle hwqueue, const d3dkmt_handle *fences,
		       const uint64_t *values, uint32_t count)
{
	struct d3dkmt_submitsignalsyncobjectstohwqueue args = {
		.hwqueue_count = 1,
		.hwqueues = ptr_to_u64(&hwqueue),
		.object_count = count,
		.objects = ptr_to_u64(fences),
		.fence_values = ptr_to_u64(values),
	};
	int ret = dxg_check_fences(fences, values, count);

	return ret ? ret : ask(dxg, LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE, &args);
}

/* As dxg_context_wait(), for what is put into a hardware queue from now on. */
int dxg_hwqueue_wait(struct dxg *dxg, d3dkmt_handle hwqueue, const d3dkmt_handle *fences,
		     const uint64_t *values, uint32_t count)
{
	struct d3dkmt_submitwaitforsyncobjectstohwqueue args = {
		.hwqueue = hwqueue,
		.object_count = count,
		.objects = ptr_to_u64(fences),
		.fence_values = ptr_to_u64(values),
	};
	int ret = dxg_check_fences(fences, values, count);

	return ret ? ret : ask(dxg, LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE, &args);
}
