// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/compiler.h"
#include "util/slack.h"

#define MAX_ALLOCATIONS 1024U	/* per CREATEALLOCATION and DESTROYALLOCATION2 */
#define MAX_REPLY	131072U /* bytes of a host's message (dxgkrnl: dxgvmbus.h) */

static void destroy_partial(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle resource,
			    const struct d3dddi_allocationinfo2 *infos, uint32_t count)
{
	int32_t status = dxg_last_status();

	if (resource) {
		dxg_destroy_allocations(dxg, device, resource, NULL, 0);
	} else {
		for (uint32_t i = 0; i < count; i++)
			if (infos[i].allocation)
				dxg_destroy_allocations(dxg, device, 0, &infos[i].allocation, 1);
	}
	dxg_fail(EIO, status); /* the first failure is the one to tell */
}

/*
 * Creates 1..1024 allocations in one call, all with or all without memory of the caller behind
 * them.  `flags` are D3DKMT_CREATEALLOCATIONFLAGS_*; with `resource` they become one new resource
 * (and are destroyed by it when it is shared).  Each private data buffer is sent, and the host's
 * version of it, as long as what was sent, is copied back.
 *
 * The host decides how long its version is and the driver copies that many bytes to user space, so
 * the wrapper sends copies with room behind them, as much as a message can hold: a longer answer does
 * no harm and is -EPROTO.  The reply carries no status; a refusal shows as a zero handle (-EIO here) or
 * -EOVERFLOW.  The caller's memory must be at least as long as the size in the private data,
 * page-aligned and writable unless flags say read_only; it stays pinned until the allocation is
 * destroyed.  -ENOMEM: it could not be pinned, or guest or host memory ran out.  On failure nothing is
 * left behind.
 */
int dxg_create_allocations(struct dxg *dxg, d3dkmt_handle device, const void *resource_data,
			   uint32_t resource_data_size, uint32_t flags, struct dxg_allocation *allocations,
			   uint32_t count, d3dkmt_handle *resource)
{
	struct d3dddi_allocationinfo2 *infos;
	struct d3dkmt_createallocation args;
	uint8_t *slots, *slot;
	size_t total = MAX_REPLY;
	int ret;

	if (resource)
		*resource = 0;
	if (!count || count > MAX_ALLOCATIONS)
		return dxg_fail(EINVAL, 0);
	for (uint32_t i = 0; i < count; i++) {
		allocations[i].handle = 0;
		total += slack_copy_size(allocations[i].private_data_size);
	}
	infos = calloc(count, sizeof(*infos));
	slots = malloc(total);
	if (!infos || !slots) {
		free(infos);
		free(slots);
		return dxg_fail(ENOMEM, 0);
	}
	slot = slots;
	for (uint32_t i = 0; i < count; i++) {
		slack_copy(slot, allocations[i].private_data, allocations[i].private_data_size);
		infos[i].sysmem = ptr_to_u64(allocations[i].sysmem);
		infos[i].priv_drv_data = ptr_to_u64(slot);
		infos[i].priv_drv_data_size = allocations[i].private_data_size;
		infos[i].vidpn_source_id = UINT32_MAX;
		slot += slack_copy_size(allocations[i].private_data_size);
	}
	memset(&args, 0, sizeof(args));
	args.device = device;
	args.priv_drv_data = ptr_to_u64(resource_data);
	args.priv_drv_data_size = resource_data_size;
	args.alloc_count = count;
	args.allocation_info = ptr_to_u64(infos);
	args.flags = flags | (resource ? D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE : 0);

	ret = dxg_ioctl(dxg, LX_DXCREATEALLOCATION, &args);
	if (ret < 0)
		goto out;
	ret = resource && !args.resource ? dxg_fail(EIO, 0) : 0;
	slot = slots;
	for (uint32_t i = 0; i < count && !ret; i++) {
		if (!infos[i].allocation)
			ret = dxg_fail(EIO, 0);
		else if (!slack_copy_intact(slot, allocations[i].private_data_size))
			ret = dxg_fail(EPROTO, 0);
		slot += slack_copy_size(allocations[i].private_data_size);
	}
	if (ret) {
		destroy_partial(dxg, device, args.resource, infos, count);
		goto out;
	}
	slot = slots;
	for (uint32_t i = 0; i < count; i++) {
		allocations[i].handle = infos[i].allocation;
		if (allocations[i].private_data_size)
			memcpy(allocations[i].private_data, slot, allocations[i].private_data_size);
		slot += slack_copy_size(allocations[i].private_data_size);
	}
	if (resource)
		*resource = args.resource;
out:
	free(infos);
	free(slots);
	return ret;
}

/*
 * Destroys the allocations of `resource`, or the `count` listed ones when `resource` is 0.  The
 * caller vouches that no submitted work uses them.  The handles are gone even when the host
 * answers an error, which is returned.
 */
int dxg_destroy_allocations(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle resource,
			    const d3dkmt_handle *allocations, uint32_t count)
{
	struct d3dkmt_destroyallocation2 args = {
		.device = device,
		.resource = resource,
		.flags = D3DDDICB_DESTROYALLOCATION2FLAGS_ASSUME_NOT_IN_USE,
	};
	uint32_t done = 0;
	int ret = 0;

	if (resource) {
		ret = dxg_ioctl(dxg, LX_DXDESTROYALLOCATION2, &args);
		return ret < 0 ? ret : 0;
	}
	while (done < count) {
		int err;

		args.allocations = ptr_to_u64(allocations + done);
		args.alloc_count = MIN(count - done, MAX_ALLOCATIONS);
		err = dxg_ioctl(dxg, LX_DXDESTROYALLOCATION2, &args);
		if (err < 0 && !ret)
			ret = err;
		done += args.alloc_count;
	}
	return ret;
}
