// SPDX-License-Identifier: MIT
#include "dxg/ioctl.h"

#include "util/compiler.h"

#define IOCTL(name) [_IOC_NR(LX_DX##name)] = #name

/* By number; the holes are numbers that the driver does not know. */
static const char *const names[] = {
	IOCTL(OPENADAPTERFROMLUID),
	IOCTL(CREATEDEVICE),
	IOCTL(CREATECONTEXTVIRTUAL),
	IOCTL(DESTROYCONTEXT),
	IOCTL(CREATEALLOCATION),
	IOCTL(CREATEPAGINGQUEUE),
	IOCTL(RESERVEGPUVIRTUALADDRESS),
	IOCTL(QUERYADAPTERINFO),
	IOCTL(QUERYVIDEOMEMORYINFO),
	IOCTL(MAKERESIDENT),
	IOCTL(MAPGPUVIRTUALADDRESS),
	IOCTL(ESCAPE),
	IOCTL(GETDEVICESTATE),
	IOCTL(SUBMITCOMMAND),
	IOCTL(CREATESYNCHRONIZATIONOBJECT),
	IOCTL(SIGNALSYNCHRONIZATIONOBJECT),
	IOCTL(WAITFORSYNCHRONIZATIONOBJECT),
	IOCTL(DESTROYALLOCATION2),
	IOCTL(ENUMADAPTERS2),
	IOCTL(CLOSEADAPTER),
	IOCTL(CHANGEVIDEOMEMORYRESERVATION),
	IOCTL(CREATEHWQUEUE),
	IOCTL(DESTROYDEVICE),
	IOCTL(DESTROYHWQUEUE),
	IOCTL(DESTROYPAGINGQUEUE),
	IOCTL(DESTROYSYNCHRONIZATIONOBJECT),
	IOCTL(EVICT),
	IOCTL(FLUSHHEAPTRANSITIONS),
	IOCTL(FREEGPUVIRTUALADDRESS),
	IOCTL(GETCONTEXTINPROCESSSCHEDULINGPRIORITY),
	IOCTL(GETCONTEXTSCHEDULINGPRIORITY),
	IOCTL(INVALIDATECACHE),
	IOCTL(LOCK2),
	IOCTL(MARKDEVICEASERROR),
	IOCTL(OFFERALLOCATIONS),
	IOCTL(QUERYALLOCATIONRESIDENCY),
	IOCTL(RECLAIMALLOCATIONS2),
	IOCTL(SETALLOCATIONPRIORITY),
	IOCTL(SETCONTEXTINPROCESSSCHEDULINGPRIORITY),
	IOCTL(SETCONTEXTSCHEDULINGPRIORITY),
	IOCTL(SIGNALSYNCHRONIZATIONOBJECTFROMCPU),
	IOCTL(SIGNALSYNCHRONIZATIONOBJECTFROMGPU),
	IOCTL(SIGNALSYNCHRONIZATIONOBJECTFROMGPU2),
	IOCTL(SUBMITCOMMANDTOHWQUEUE),
	IOCTL(SUBMITSIGNALSYNCOBJECTSTOHWQUEUE),
	IOCTL(SUBMITWAITFORSYNCOBJECTSTOHWQUEUE),
	IOCTL(UNLOCK2),
	IOCTL(UPDATEALLOCPROPERTY),
	IOCTL(UPDATEGPUVIRTUALADDRESS),
	IOCTL(WAITFORSYNCHRONIZATIONOBJECTFROMCPU),
	IOCTL(WAITFORSYNCHRONIZATIONOBJECTFROMGPU),
	IOCTL(GETALLOCATIONPRIORITY),
	IOCTL(QUERYCLOCKCALIBRATION),
	IOCTL(ENUMADAPTERS3),
	IOCTL(SHAREOBJECTS),
	IOCTL(OPENSYNCOBJECTFROMNTHANDLE2),
	IOCTL(QUERYRESOURCEINFOFROMNTHANDLE),
	IOCTL(OPENRESOURCEFROMNTHANDLE),
	IOCTL(QUERYSTATISTICS),
	IOCTL(SHAREOBJECTWITHHOST),
	IOCTL(CREATESYNCFILE),
	IOCTL(WAITSYNCFILE),
	IOCTL(OPENSYNCOBJECTFROMSYNCFILE),
	IOCTL(ENUMPROCESSES),
	[_IOC_NR(LX_ISFEATUREENABLED)] = "ISFEATUREENABLED",
};

/* Name of an ioctl without LX_DX, never NULL. */
const char *dxg_ioctl_name(unsigned long command)
{
	unsigned long nr = _IOC_NR(command);

	return nr < ARRAY_SIZE(names) && names[nr] ? names[nr] : "unknown";
}

/*
 * Sets who is told of each ioctl of `dxg`, before and after; NULL: nobody.  There is one observer.  It is called
 * by whatever thread makes the call and must not use `dxg` itself.  Not to be changed while another thread may
 * be in a call.
 */
void dxg_observe(struct dxg *dxg, dxg_observer observer, void *arg)
{
	dxg->observer = observer;
	dxg->observer_arg = arg;
}

static int ioctl_observed(struct dxg *dxg, unsigned long command, void *arg)
{
	struct dxg_call call = {.name = dxg_ioctl_name(command)};
	uint64_t begin;

	dxg->observer(dxg->observer_arg, &call);
	begin = dxg_now_ns();
	call.result = dxg_ioctl_issue(dxg, command, arg);
	call.ns = dxg_now_ns() - begin;
	call.done = true;
	call.status = call.result < 0 ? dxg_last_status() : 0;
	dxg->observer(dxg->observer_arg, &call);
	return call.result;
}

/* Issues an ioctl as dxg_ioctl_issue() does and tells the observer, if there is one. */
int dxg_ioctl(struct dxg *dxg, unsigned long command, void *arg)
{
	if (__builtin_expect(dxg->observer != NULL, 0))
		return ioctl_observed(dxg, command, arg);
	return dxg_ioctl_issue(dxg, command, arg);
}
