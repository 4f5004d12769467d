// SPDX-License-Identifier: MIT
/*
 * What to do when memory is short.
 *
 * The budget that Windows tells a process (Microsoft: D3DKMT_QUERYVIDEOMEMORYINFO) is advice: it decides what the library
 * keeps for later, never what a caller gets.  Callers are refused when the host refuses residency, and then only after
 * everything kept for later was given back.  What a caller has mapped stays resident: a kernel may follow any pointer to it.
 */
#include "memory/pressure.h"

#include "memory/buffer.h"
#include "memory/memory.h"
#include "memory/slab.h"
#include "util/compiler.h"

#define DRAIN_NS 1000000000ULL /* what takes longer is not worth waiting for */

/*
 * Gives back what is kept for later and ends what waits to be ended, for want of memory; waits for running work, not for
 * long.  True if there was anything, so that another try makes sense.
 */
bool memory_make_room(struct memory *memory)
{
	bool trimmed = slabs_trim(memory);

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
	struct gsp_device *device = memory->gpus[gpu].device;
	struct dxg_video_memory video;
	int ret = gsp_device_result(device,
				    dxg_query_video_memory(gsp_device_dxg(device), gsp_device_adapter(device),
							   D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL, &video));

	if (ret || !video.budget)
		return false;
	return video.usage >= video.budget || more > video.budget - video.usage;
}

/*
 * Bytes of a GPU's own memory that the library keeps and would give back for want of memory; *offered is the part of them
 * that the host was offered already, which Windows does not count as this process' usage any more, while it stays in
 * its place.  What was freed and is over is ended first, so that it is not counted either.
 */
uint64_t memory_spare(struct memory *memory, uint32_t gpu, uint64_t *offered)
{
	uint64_t cached;

	*offered = 0;
	if (gpu >= memory->count)
		return 0;
	gsp_retire_run(&memory->retired);
	cached = slabs_cached(memory, gpu);
	*offered = MIN(slabs_offered(memory, gpu), cached);
	return cached;
}
