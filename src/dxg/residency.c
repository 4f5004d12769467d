// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "util/compiler.h"

#define MAX_RESIDENT 10240U /* per call of each kind below (dxgkrnl: D3DKMT_MAKERESIDENT_ALLOC_MAX) */

/*
 * Makes allocations resident, all or nothing per 10240 of them.  *fence: see dxg.h.  -ENOMEM: the
 * host finds no room even after trimming others.
 */
int dxg_make_resident(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations,
		      uint32_t count, uint64_t *fence)
{
	uint32_t done = 0;

	*fence = 0;
	while (done < count) {
		struct d3dddi_makeresident args = {
			.paging_queue = paging_queue,
			.alloc_count = MIN(count - done, MAX_RESIDENT),
			.allocation_list = ptr_to_u64(allocations + done),
			.flags = D3DDDI_MAKERESIDENT_FLAGS_CANT_TRIM_FURTHER,
		};
		int ret = dxg_ioctl(dxg, LX_DXMAKERESIDENT, &args);

		if (ret < 0)
			return ret;
		if (ret == DXG_STATUS_PENDING && args.paging_fence_value == UINT64_MAX)
			return dxg_fail(EPROTO, 0); /* the mark of a lost device, never a value to wait for */
		if (ret == DXG_STATUS_PENDING)
			*fence = MAX(*fence, args.paging_fence_value);
		else if (ret)
			return dxg_fail(EPROTO, ret);
		done += args.alloc_count;
	}
	return 0;
}

/* Takes back one dxg_make_resident() of each allocation.  The reply carries no status. */
int dxg_evict(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count)
{
	uint32_t done = 0;

	while (done < count) {
		struct d3dkmt_evict args = {
			.device = device,
			.alloc_count = MIN(count - done, MAX_RESIDENT),
			.allocations = ptr_to_u64(allocations + done),
		};
		int ret = dxg_ioctl(dxg, LX_DXEVICT, &args);

		if (ret < 0)
			return ret;
		done += args.alloc_count;
	}
	return 0;
}

/*
 * Offers allocations to the host, which may throw their contents away when memory is short, until they are reclaimed.
 * They stay resident as far as counting goes, and nothing may use them meanwhile.  On failure those before some
 * multiple of 10240 are offered.
 */
int dxg_offer(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count)
{
	uint32_t done = 0;

	while (done < count) {
		struct d3dkmt_offerallocations args = {
			.device = device,
			.allocations = ptr_to_u64(allocations + done),
			.allocation_count = MIN(count - done, MAX_RESIDENT),
			.priority = D3DKMT_OFFER_PRIORITY_LOW,
		};
		int ret = dxg_ioctl(dxg, LX_DXOFFERALLOCATIONS, &args);

		if (ret < 0)
			return ret;
		done += args.allocation_count;
	}
	return 0;
}

static bool results_known(const uint32_t *results, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (results[i] > D3DDDI_RECLAIM_RESULT_NOT_COMMITTED)
			return false;
	return true;
}

/*
 * Takes offered allocations back.  results, if not NULL, has room for `count` D3DDDI_RECLAIM_RESULT_*: OK, DISCARDED
 * (there, its contents lost) or NOT_COMMITTED (it has no memory and cannot be used); one that the host did not fill in
 * counts as DISCARDED.  On failure they say nothing, and the caller has to take all as discarded.
 *
 * *fence: see dxg.h.  A call that asks for results says success where it means pending, so the value is honoured
 * whatever the result is (dxgkrnl: ioctl.c, dxgkio_reclaim_allocations).
 */
int dxg_reclaim(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations, uint32_t count,
		uint32_t *results, uint64_t *fence)
{
	uint32_t done = 0;

	*fence = 0;
	for (uint32_t i = 0; results && i < count; i++)
		results[i] = D3DDDI_RECLAIM_RESULT_DISCARDED;
	while (done < count) {
		struct d3dkmt_reclaimallocations2 args = {
			.paging_queue = paging_queue,
			.allocation_count = MIN(count - done, MAX_RESIDENT),
			.allocations = ptr_to_u64(allocations + done),
			.results = ptr_to_u64(results ? results + done : NULL),
		};
		uint32_t asked = args.allocation_count;
		int ret = dxg_ioctl(dxg, LX_DXRECLAIMALLOCATIONS2, &args);

		if (ret >= 0 && ret != DXG_STATUS_SUCCESS && ret != DXG_STATUS_PENDING)
			ret = dxg_fail(EPROTO, ret);
		/* all ones is the mark of a lost device, never a value to wait for */
		if (ret >= 0 && (args.paging_fence_value == UINT64_MAX ||
				 (results && !results_known(results + done, asked))))
			ret = dxg_fail(EPROTO, 0);
		if (ret < 0) {
			*fence = 0;
			return ret;
		}
		*fence = MAX(*fence, args.paging_fence_value);
		done += asked;
	}
	return 0;
}
