// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>

/*
 * Reserves `size` bytes of the process' address space on an adapter, at `base`, or anywhere in
 * [minimum, maximum) when base is 0.  The reply carries no status: a zero address is -ENOMEM here,
 * an address other than the one asked for is given back and -EEXIST.
 */
int dxg_reserve_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t minimum,
		       uint64_t maximum, uint64_t size, uint64_t *va)
{
	struct d3dddi_reservegpuvirtualaddress args = {
		.adapter = adapter,
		.base_address = base,
		.minimum_address = minimum,
		.maximum_address = maximum,
		.size = size,
		.reservation_type = D3DDDIGPUVA_RESERVE_NO_ACCESS,
	};
	int ret = dxg_ioctl(dxg, LX_DXRESERVEGPUVIRTUALADDRESS, &args);

	*va = 0;
	if (ret < 0)
		return ret;
	if (!args.virtual_address)
		return dxg_fail(ENOMEM, 0);
	if (base && args.virtual_address != base) {
		dxg_free_gpu_va(dxg, adapter, args.virtual_address, size);
		return dxg_fail(EEXIST, 0);
	}
	*va = args.virtual_address;
	return 0;
}

/* Gives back a whole reservation, or a mapping the host chose the address of. */
int dxg_free_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t size)
{
	struct d3dkmt_freegpuvirtualaddress args = {.adapter = adapter, .base_address = base, .size = size};
	int ret = dxg_ioctl(dxg, LX_DXFREEGPUVIRTUALADDRESS, &args);

	return ret < 0 ? ret : 0;
}

/*
 * Maps part of an allocation (or, with NO_ACCESS protection and no allocation, takes a mapping
 * away) at an address inside a reservation.  *va is where it went; an address other than the
 * one asked for is -EEXIST.  *fence: see dxg.h.  -EINVAL also for sizes that are no page multiple.
 */
int dxg_map_gpu_va(struct dxg *dxg, const struct dxg_gpu_va_map *map, uint64_t *va, uint64_t *fence)
{
	struct d3dddi_mapgpuvirtualaddress args = {
		.paging_queue = map->paging_queue,
		.base_address = map->base,
		.minimum_address = map->minimum,
		.maximum_address = map->maximum,
		.allocation = map->allocation,
		.offset_in_pages = map->offset / DXG_PAGE_SIZE,
		.size_in_pages = map->size / DXG_PAGE_SIZE,
		.protection = map->protection,
	};
	int ret;

	*va = 0;
	*fence = 0;
	if (!map->size || (map->size | map->offset) % DXG_PAGE_SIZE)
		return dxg_fail(EINVAL, 0);
	ret = dxg_ioctl(dxg, LX_DXMAPGPUVIRTUALADDRESS, &args);
	if (ret < 0)
		return ret;
	if (ret && ret != DXG_STATUS_PENDING)
		return dxg_fail(EPROTO, ret);
	if (ret == DXG_STATUS_PENDING && args.paging_fence_value == UINT64_MAX)
		return dxg_fail(EPROTO, 0); /* the mark of a lost device, never a value to wait for */
	if (ret == DXG_STATUS_PENDING)
		*fence = args.paging_fence_value;
	*va = args.virtual_address;
	if (map->base && *va != map->base)
		return dxg_fail(EEXIST, 0);
	return *va ? 0 : dxg_fail(EIO, 0);
}
