// SPDX-License-Identifier: MIT
/*
 * What to do when memory is short.
 *
 * The budget that Windows tells a process (Microsoft: D3DKMT_QUERYVIDEOMEMORYINFO) is advice: it decides what the library
 * keeps for later, never what a caller gets.  Callers are refused when the host refuses residency, and then only after
 * everything kept for later was given back.  What a caller has mapped stays resident: a kernel may follow any pointer to it.
 */
#include "memory/pressure.h"

#include <errno.h>

#include "util/compiler.h"

#define DRAIN_NS 1000000000ULL /* what takes longer is not worth waiting for */

/*
 * Gives back what is kept for later and ends what waits to be ended, for want of memory; waits for running work, not for
 * long.  True if there was anything, so that another try makes sense.
 */
bool memory_make_room(struct memory *memory)
{
	bool trimmed = memory->trim && memory->trim(memory);

	if (gsp_retire_is_empty(&memory->retired))
		return trimmed;
	gsp_retire_drain(&memory->retired, DRAIN_NS);
	return true;
}

/*
 * Whether `more` bytes of a GPU's own memory would put the process over its budget; false when the host does not tell.
 * One call to the host.
 */
bool memory_is_tight(struct memory *memory, uint32_t gpu, uint64_t more)
{
	struct gsp_device *device = memory_gpu_device(&memory->gpus[gpu]);
	struct dxg_video_memory video;
	int ret = gsp_device_result(device,
				    dxg_query_video_memory(gsp_device_dxg(device), gsp_device_adapter(device),
							   D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL, &video));

	if (ret || !video.budget)
		return false;
	return video.usage >= video.budget || more > video.budget - video.usage;
}

/*
 * Has a GPU allocate for a part of a buffer and, if asked, make it resident; the new backing is the first of the buffer's.
 * A refusal for want of room gets one more try when something of ours could be thrown out.
 */
int buffer_make_backing(struct buffer *buffer, const struct backing_spec *spec, bool resident)
{
	struct memory *memory = buffer->memory;
	struct backing *backing;
	int ret = backing_create(buffer, spec, &backing);

	if ((ret == -ENOSPC || ret == -ENOMEM) && memory_make_room(memory))
		ret = backing_create(buffer, spec, &backing);
	if (ret)
		return ret;
	if (resident)
		ret = buffer_make_resident(backing);
	if (ret) {
		backing_retire(backing, NULL);
		return ret;
	}
	backing->next = buffer->backings;
	buffer->backings = backing;
	return 0;
}

/*
 * Residency.  A refusal gets one more try after everything kept for later was given back, and also if there was
 * nothing: hosts refuse for a moment while they trim others.
 */
int buffer_make_resident(struct backing *backing)
{
	int ret = backing_make_resident(backing);

	if (ret != -ENOSPC)
		return ret;
	memory_make_room(backing->buffer->memory);
	return backing_make_resident(backing);
}
