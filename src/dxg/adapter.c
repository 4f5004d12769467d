// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <string.h>

#include "util/compiler.h"

/* A pattern that no host writes over a whole statistics result: it tells "not answered" from zeros. */
#define UNTOUCHED 0x5c

static int copy_adapters(const struct d3dkmt_adapterinfo *from, uint32_t n, struct dxg_adapter *to,
			 size_t *count)
{
	for (uint32_t i = 0; i < n; i++) {
		to[i].handle = from[i].adapter_handle;
		to[i].luid = from[i].adapter_luid;
	}
	*count = n;
	return 0;
}

static int enum_adapters2(struct dxg *dxg, struct dxg_adapter *adapters, size_t *count)
{
	struct d3dkmt_adapterinfo found[DXG_MAX_ADAPTERS] = {0};
	struct d3dkmt_enumadapters2 args = {
		.num_adapters = DXG_MAX_ADAPTERS,
		.adapters = ptr_to_u64(found),
	};
	int ret = dxg_ioctl(dxg, LX_DXENUMADAPTERS2, &args);

	if (ret < 0)
		return ret;
	if (args.num_adapters > DXG_MAX_ADAPTERS)
		return dxg_fail(EOVERFLOW, 0);
	return copy_adapters(found, args.num_adapters, adapters, count);
}

/*
 * Lists every active adapter, compute-only ones included, and opens a handle for each, which the
 * caller owns (dxg_close_adapter).  Asks with room for 64 at once: with less room than adapters the
 * driver returns success, no list, and leaks the handles.  A driver without ENUMADAPTERS3 (before 2022-12)
 * is asked by ENUMADAPTERS2, which hides compute-only adapters.
 *
 * -EOVERFLOW: more than 64 adapters; others as the driver gives them.  *count is 0 on failure.
 */
int dxg_enum_adapters(struct dxg *dxg, struct dxg_adapter adapters[DXG_MAX_ADAPTERS], size_t *count)
{
	struct d3dkmt_adapterinfo found[DXG_MAX_ADAPTERS] = {0};
	struct d3dkmt_enumadapters3 args = {
		.filter = D3DKMT_ENUMADAPTERS_FILTER_INCLUDE_COMPUTE_ONLY,
		.adapter_count = DXG_MAX_ADAPTERS,
		.adapters = ptr_to_u64(found),
	};
	int ret;

	*count = 0;
	ret = dxg_ioctl(dxg, LX_DXENUMADAPTERS3, &args);
	if (ret == -ENOTTY || ret == -EINVAL)
		return enum_adapters2(dxg, adapters, count);
	if (ret < 0)
		return ret;
	if (args.adapter_count > DXG_MAX_ADAPTERS)
		return dxg_fail(EOVERFLOW, 0);
	return copy_adapters(found, args.adapter_count, adapters, count);
}

/*
 * Gives an adapter handle back.  Closing the last handle of an adapter destroys every device the
 * process has on it.
 */
int dxg_close_adapter(struct dxg *dxg, d3dkmt_handle adapter)
{
	struct d3dkmt_closeadapter args = {.adapter_handle = adapter};
	int ret = dxg_ioctl(dxg, LX_DXCLOSEADAPTER, &args);

	return ret < 0 ? ret : 0;
}

/*
 * One host query; `type` is a Windows KMTQAITYPE (Microsoft: D3DKMTQueryAdapterInfo).  The whole
 * buffer travels both ways.  Hosts whose VMBus interface is older than 40 report no status: a
 * refusal is then success with the buffer as it was, so the caller fills it with something the
 * answer cannot be.
 */
int dxg_query_adapter_info(struct dxg *dxg, d3dkmt_handle adapter, uint32_t type, void *data, uint32_t size)
{
	struct d3dkmt_queryadapterinfo args = {
		.adapter = adapter,
		.type = type,
		.private_data = ptr_to_u64(data),
		.private_data_size = size,
	};
	int ret = dxg_ioctl(dxg, LX_DXQUERYADAPTERINFO, &args);

	return ret < 0 ? ret : 0;
}

/*
 * Fills query->result for query->type, adapter_luid, process and selector.  The driver answers an
 * unknown LUID with success and writes nothing: that is -ENOENT here, with a zeroed result.
 */
int dxg_query_statistics(struct dxg *dxg, struct d3dkmt_querystatistics *query)
{
	const uint8_t *bytes = (const uint8_t *)&query->result;
	size_t same = 0;
	int ret;

	memset(&query->result, UNTOUCHED, sizeof(query->result));
	ret = dxg_ioctl(dxg, LX_DXQUERYSTATISTICS, query);
	if (ret >= 0) {
		while (same < sizeof(query->result) && bytes[same] == UNTOUCHED)
			same++;
		if (same < sizeof(query->result))
			return 0;
		ret = dxg_fail(ENOENT, 0);
	}
	memset(&query->result, 0, sizeof(query->result));
	return ret;
}

/*
 * Budget and usage of this process, in bytes.  The reply carries no status; a host that refuses
 * answers zeros, which is -ENODATA here.
 */
int dxg_query_video_memory(struct dxg *dxg, d3dkmt_handle adapter, enum d3dkmt_memory_segment_group group,
			   struct dxg_video_memory *out)
{
	struct d3dkmt_queryvideomemoryinfo args = {.adapter = adapter, .memory_segment_group = group};
	int ret = dxg_ioctl(dxg, LX_DXQUERYVIDEOMEMORYINFO, &args);

	memset(out, 0, sizeof(*out));
	if (ret < 0)
		return ret;
	if (!args.budget && !args.current_usage)
		return dxg_fail(ENODATA, 0);
	out->budget = args.budget;
	out->usage = args.current_usage;
	out->reservation = args.current_reservation;
	out->available_for_reservation = args.available_for_reservation;
	return 0;
}

/*
 * GPU and host CPU counters of one instant.  The driver copies the data out even when the host
 * refused; a zero frequency is -ENODATA.
 */
int dxg_query_clock_calibration(struct dxg *dxg, d3dkmt_handle adapter, uint32_t node,
				struct dxgk_gpuclockdata *out)
{
	struct d3dkmt_queryclockcalibration args = {.adapter = adapter, .node_ordinal = node};
	int ret = dxg_ioctl(dxg, LX_DXQUERYCLOCKCALIBRATION, &args);

	memset(out, 0, sizeof(*out));
	if (ret < 0)
		return ret;
	if (!args.clock_data.gpu_frequency)
		return dxg_fail(ENODATA, 0);
	*out = args.clock_data;
	return 0;
}

/*
 * A driver-private escape.  The reply carries no status: 0 means that the data made the round trip,
 * and the answer is whatever the blob says.
 */
int dxg_escape(struct dxg *dxg, d3dkmt_handle adapter, d3dkmt_handle device, uint32_t flags, void *data,
	       uint32_t size)
{
	struct d3dkmt_escape args = {
		.adapter = adapter,
		.device = device,
		.type = D3DKMT_ESCAPE_DRIVERPRIVATE,
		.flags = flags,
		.priv_drv_data = ptr_to_u64(data),
		.priv_drv_data_size = size,
	};
	int ret = dxg_ioctl(dxg, LX_DXESCAPE, &args);

	return ret < 0 ? ret : 0;
}
