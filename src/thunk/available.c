// SPDX-License-Identifier: MIT
/*
 * How much memory of a GPU is left.
 *
 * Windows has three ways to tell.  The budget of this process and what it uses of it exist since WDDM 2.0 and are per
 * process, so they come first; a host that does not answer gives zeros.  Then the segments' statistics, which are
 * of the whole adapter, and which hosts before WDDM 3.1 may refuse.  What neither tells is ERROR.
 */
#include <errno.h>
#include <string.h>

#include <hsakmt/hsakmt.h>

#include "dxg/dxg.h"
#include "gsp/gpu.h"
#include "memory/memory.h"
#include "thunk/process.h"
#include "topology/topology.h"
#include "util/compiler.h"

/* Microsoft: D3DKMT_QUERYSTATISTICS_SEGMENT_INFORMATION; bytes from the start of the result */
#define SEGMENT_COMMIT_LIMIT   0
#define SEGMENT_BYTES_RESIDENT 16
#define SEGMENT_APERTURE       40

/* What the budget leaves in one segment group.  -ENODATA: the group is empty, or the host does not tell. */
static int of_group(struct gsp_device *gpu, enum d3dkmt_memory_segment_group group, uint64_t *bytes)
{
	struct dxg_video_memory memory;
	int ret = dxg_query_video_memory(gsp_device_dxg(gpu), gsp_device_adapter(gpu), group, &memory);

	*bytes = !ret && memory.budget > memory.usage ? memory.budget - memory.usage : 0;
	return gsp_device_result(gpu, ret);
}

/*
 * The sum over the groups that a GPU's memory may be in.  Windows may put all segments of a GPU with unified
 * memory into one group (Microsoft: DXGI_MEMORY_SEGMENT_GROUP); the other one is then empty.
 */
static int by_budget(struct gsp_device *gpu, uint64_t *bytes)
{
	int ret = of_group(gpu, D3DKMT_MEMORY_SEGMENT_GROUP_LOCAL, bytes), other;
	uint64_t shared;

	if (gsp_device_info(gpu)->discrete || (ret && ret != -ENODATA))
		return ret;
	other = of_group(gpu, D3DKMT_MEMORY_SEGMENT_GROUP_NON_LOCAL, &shared);
	*bytes += MIN(shared, UINT64_MAX - *bytes);
	return other == -ENODATA ? ret : other;
}

static uint64_t read64(const struct d3dkmt_querystatistics *query, size_t offset)
{
	uint64_t value;

	memcpy(&value, query->result.size + offset, sizeof(value));
	return value;
}

/* The same of one segment: its size less what is there, whosever it is.  A segment of no size adds nothing. */
static int of_segment(struct gsp_device *gpu, uint32_t segment, uint64_t *size, uint64_t *left)
{
	const struct kmd_adapter *info = gsp_device_info(gpu);
	struct d3dkmt_querystatistics query = {
		.type = D3DKMT_QUERYSTATISTICS_SEGMENT,
		.adapter_luid = info->luid,
		.selector = segment,
	};
	int ret = gsp_device_result(gpu, dxg_query_statistics(gsp_device_dxg(gpu), &query));
	uint64_t resident;
	uint32_t aperture;

	*size = *left = 0;
	if (ret)
		return ret;
	memcpy(&aperture, query.result.size + SEGMENT_APERTURE, sizeof(aperture));
	/* an aperture is system memory: part of an integrated GPU's heap, not of a discrete one's */
	if (aperture && info->discrete)
		return 0;
	*size = read64(&query, SEGMENT_COMMIT_LIMIT);
	resident = read64(&query, SEGMENT_BYTES_RESIDENT);
	*left = *size > resident ? *size - resident : 0;
	return 0;
}

/* The same of all segments.  -ENODATA: the host does not tell, or what it tells is no memory. */
static int by_segments(struct gsp_device *gpu, uint64_t total, uint64_t *bytes)
{
	const struct kmd_adapter *info = gsp_device_info(gpu);
	uint64_t all = 0;

	*bytes = 0;
	if (!kmd_adapter_has(info, KMD_FIELD_SEGMENT_COUNT))
		return -ENODATA;
	for (uint32_t i = 0; i < info->segment_count; i++) {
		uint64_t size, left;
		int ret = of_segment(gpu, i, &size, &left);

		if (ret)
			return ret;
		/* sizes beyond any sense would run over in the sum */
		all += MIN(size, total - MIN(all, total));
		*bytes += MIN(left, total - MIN(*bytes, total));
	}
	return all ? 0 : -ENODATA;
}

/* Bytes of the frame buffer as the topology tells them. */
static uint64_t heap_size(const struct topology_node *node)
{
	for (uint32_t i = 0; i < node->bank_count; i++)
		if (node->banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PRIVATE ||
		    node->banks[i].HeapType == HSA_HEAPTYPE_FRAME_BUFFER_PUBLIC)
			return node->banks[i].SizeInBytes;
	return 0;
}

static int available(struct process *process, uint32_t index, uint64_t total, uint64_t *bytes)
{
	struct gsp_device *gpu = gsp_gpu_device(process->gpus[index]);
	/* first: the host counts what was freed as used until it is ended */
	uint64_t offered, spare = memory_spare(process->memory, index, &offered);
	int ret = by_budget(gpu, bytes);

	if (!ret)
		spare -= offered;
	else if (ret != -ENODEV)
		ret = by_segments(gpu, total, bytes);
	if (ret)
		return ret;
	*bytes = MIN(*bytes, total);
	*bytes += MIN(spare, total - *bytes);
	return 0;
}

/*
 * What is left for this process of a GPU's memory, in bytes: what it may still use, what the library keeps for later use
 * included; of an integrated GPU with the system memory it shares.  Never more than there is.  ERROR for a CPU
 * node and where the host does not tell: never a number that means nothing.
 */
HSAKMT_STATUS HSAKMTAPI hsaKmtAvailableMemory(HSAuint32 Node, HSAuint64 *AvailableBytes)
{
	struct topology_snapshot *snapshot = NULL;
	struct process *process;
	HSAKMT_STATUS status = process_enter(&process);
	const struct topology_node *node;
	uint64_t bytes;
	int gpu;

	if (status != HSAKMT_STATUS_SUCCESS)
		return status;
	status = process_check_node(process, Node, &gpu);
	if (status != HSAKMT_STATUS_SUCCESS)
		goto out;
	status = HSAKMT_STATUS_ERROR;
	if (gpu < 0)
		goto out;
	if (!AvailableBytes) {
		status = HSAKMT_STATUS_INVALID_PARAMETER;
		goto out;
	}
	snapshot = process_snapshot(process);
	node = snapshot ? topology_node(snapshot, Node) : NULL;
	if (node && !available(process, (uint32_t)gpu, heap_size(node), &bytes)) {
		*AvailableBytes = bytes;
		status = HSAKMT_STATUS_SUCCESS;
	}
out:
	if (snapshot)
		topology_snapshot_put(snapshot);
	process_leave();
	return status;
}
