// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include <errno.h>

#include "util/compiler.h"

/*
 * Maps an allocation for the CPU.  The kernel chooses the address, page-aligned and with no hint taken; the
 * mapping is cached or write-combined, as the host says.  A second lock of the same allocation gives the same
 * address and counts; memory of the caller behind an allocation is its own lock and does not count (dxgkrnl:
 * ioctl.c, dxgkio_lock2).  The mapping must never be unmapped, moved or mapped over: the driver unmaps the range
 * itself, at the last unlock or with the allocation.
 *
 * The driver computes sizes in 32 bits: of an allocation of 4 GiB and more only the rest modulo 4 GiB is mapped, and
 * the caller keeps to smaller ones.  -ENOMEM: the VM's window for such mappings is full, or the size is a multiple
 * of 4 GiB.  -EINVAL: the host refuses (the memory is not visible to the CPU), or tells no address.  -ECANCELED:
 * memory locking is on, see dxg_refuse_future_locks().
 */
int dxg_lock(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle allocation, void **address)
{
	struct d3dkmt_lock2 args = {.device = device, .allocation = allocation};
	int ret;

	*address = NULL;
	ret = dxg_refuse_future_locks();
	if (ret)
		return ret;
	ret = dxg_ioctl(dxg, LX_DXLOCK2, &args);
	if (ret < 0)
		return ret;
	if (!args.data)
		return dxg_fail(EINVAL, 0);
	if (args.data % DXG_PAGE_SIZE) {
		dxg_unlock(dxg, device, allocation);
		return dxg_fail(EPROTO, 0);
	}
	*address = u64_to_ptr(args.data);
	return 0;
}

/*
 * Takes back one dxg_lock(); after the last the address is nothing any more.  Not for memory of the caller: such a
 * lock was never counted.  -EINVAL: not locked.  The mapping is gone even when the host answers another error, which
 * is returned.
 */
int dxg_unlock(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle allocation)
{
	int ret = dxg_ioctl(dxg, LX_DXUNLOCK2,
			    &(struct d3dkmt_unlock2){.device = device, .allocation = allocation});

	return ret < 0 ? ret : 0;
}
