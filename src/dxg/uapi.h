// SPDX-License-Identifier: MIT
/*
 * The ioctl interface of /dev/dxg: command words and argument structures.
 *
 * Public source of every name, number and offset: include/uapi/misc/d3dkmthk.h of Microsoft's WSL2
 * Linux kernel (module dxgkrnl).  The text here is our own; tests/unit/uapi_check.py holds each
 * command word, size, offset and flag bit against the tables in tests/data at build time.
 *
 * Conventions: user pointers travel as uint64_t, handles are 32-bit values (d3dkmt_handle), flag
 * words are plain integers with one macro per bit (STRUCT_FIELD).  The driver compares the whole
 * command word, so a wrong structure size is ENOTTY.
 */
#ifndef DXG_UAPI_H
#define DXG_UAPI_H

#include <sys/ioctl.h>

#include "dxg/uapi_device.h"
#include "dxg/uapi_memory.h"
#include "dxg/uapi_sync.h"

#define DXG_IOCTL_MAGIC		      0x47
#define LX_DXOPENADAPTERFROMLUID      _IOWR(DXG_IOCTL_MAGIC, 0x01, struct d3dkmt_openadapterfromluid)
#define LX_DXCREATEDEVICE	      _IOWR(DXG_IOCTL_MAGIC, 0x02, struct d3dkmt_createdevice)
#define LX_DXCREATECONTEXTVIRTUAL     _IOWR(DXG_IOCTL_MAGIC, 0x04, struct d3dkmt_createcontextvirtual)
#define LX_DXDESTROYCONTEXT	      _IOWR(DXG_IOCTL_MAGIC, 0x05, struct d3dkmt_destroycontext)
#define LX_DXCREATEALLOCATION	      _IOWR(DXG_IOCTL_MAGIC, 0x06, struct d3dkmt_createallocation)
#define LX_DXCREATEPAGINGQUEUE	      _IOWR(DXG_IOCTL_MAGIC, 0x07, struct d3dkmt_createpagingqueue)
#define LX_DXRESERVEGPUVIRTUALADDRESS _IOWR(DXG_IOCTL_MAGIC, 0x08, struct d3dddi_reservegpuvirtualaddress)
#define LX_DXQUERYADAPTERINFO	      _IOWR(DXG_IOCTL_MAGIC, 0x09, struct d3dkmt_queryadapterinfo)
#define LX_DXQUERYVIDEOMEMORYINFO     _IOWR(DXG_IOCTL_MAGIC, 0x0a, struct d3dkmt_queryvideomemoryinfo)
#define LX_DXMAKERESIDENT	      _IOWR(DXG_IOCTL_MAGIC, 0x0b, struct d3dddi_makeresident)
#define LX_DXMAPGPUVIRTUALADDRESS     _IOWR(DXG_IOCTL_MAGIC, 0x0c, struct d3dddi_mapgpuvirtualaddress)
#define LX_DXESCAPE		      _IOWR(DXG_IOCTL_MAGIC, 0x0d, struct d3dkmt_escape)
#define LX_DXGETDEVICESTATE	      _IOWR(DXG_IOCTL_MAGIC, 0x0e, struct d3dkmt_getdevicestate)
#define LX_DXSUBMITCOMMAND	      _IOWR(DXG_IOCTL_MAGIC, 0x0f, struct d3dkmt_submitcommand)
#define LX_DXCREATESYNCHRONIZATIONOBJECT \
	_IOWR(DXG_IOCTL_MAGIC, 0x10, struct d3dkmt_createsynchronizationobject2)
#define LX_DXSIGNALSYNCHRONIZATIONOBJECT \
	_IOWR(DXG_IOCTL_MAGIC, 0x11, struct d3dkmt_signalsynchronizationobject2)
#define LX_DXWAITFORSYNCHRONIZATIONOBJECT \
	_IOWR(DXG_IOCTL_MAGIC, 0x12, struct d3dkmt_waitforsynchronizationobject2)
#define LX_DXDESTROYALLOCATION2 _IOWR(DXG_IOCTL_MAGIC, 0x13, struct d3dkmt_destroyallocation2)
#define LX_DXENUMADAPTERS2	_IOWR(DXG_IOCTL_MAGIC, 0x14, struct d3dkmt_enumadapters2)
#define LX_DXCLOSEADAPTER	_IOWR(DXG_IOCTL_MAGIC, 0x15, struct d3dkmt_closeadapter)
#define LX_DXCHANGEVIDEOMEMORYRESERVATION \
	_IOWR(DXG_IOCTL_MAGIC, 0x16, struct d3dkmt_changevideomemoryreservation)
#define LX_DXCREATEHWQUEUE	_IOWR(DXG_IOCTL_MAGIC, 0x18, struct d3dkmt_createhwqueue)
#define LX_DXDESTROYDEVICE	_IOWR(DXG_IOCTL_MAGIC, 0x19, struct d3dkmt_destroydevice)
#define LX_DXDESTROYHWQUEUE	_IOWR(DXG_IOCTL_MAGIC, 0x1b, struct d3dkmt_destroyhwqueue)
#define LX_DXDESTROYPAGINGQUEUE _IOWR(DXG_IOCTL_MAGIC, 0x1c, struct d3dddi_destroypagingqueue)
#define LX_DXDESTROYSYNCHRONIZATIONOBJECT \
	_IOWR(DXG_IOCTL_MAGIC, 0x1d, struct d3dkmt_destroysynchronizationobject)
#define LX_DXEVICT		   _IOWR(DXG_IOCTL_MAGIC, 0x1e, struct d3dkmt_evict)
#define LX_DXFLUSHHEAPTRANSITIONS  _IOWR(DXG_IOCTL_MAGIC, 0x1f, struct d3dkmt_flushheaptransitions)
#define LX_DXFREEGPUVIRTUALADDRESS _IOWR(DXG_IOCTL_MAGIC, 0x20, struct d3dkmt_freegpuvirtualaddress)
#define LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY \
	_IOWR(DXG_IOCTL_MAGIC, 0x21, struct d3dkmt_getcontextinprocessschedulingpriority)
#define LX_DXGETCONTEXTSCHEDULINGPRIORITY \
	_IOWR(DXG_IOCTL_MAGIC, 0x22, struct d3dkmt_getcontextschedulingpriority)
#define LX_DXINVALIDATECACHE	      _IOWR(DXG_IOCTL_MAGIC, 0x24, struct d3dkmt_invalidatecache)
#define LX_DXLOCK2		      _IOWR(DXG_IOCTL_MAGIC, 0x25, struct d3dkmt_lock2)
#define LX_DXMARKDEVICEASERROR	      _IOWR(DXG_IOCTL_MAGIC, 0x26, struct d3dkmt_markdeviceaserror)
#define LX_DXOFFERALLOCATIONS	      _IOWR(DXG_IOCTL_MAGIC, 0x27, struct d3dkmt_offerallocations)
#define LX_DXQUERYALLOCATIONRESIDENCY _IOWR(DXG_IOCTL_MAGIC, 0x2a, struct d3dkmt_queryallocationresidency)
#define LX_DXRECLAIMALLOCATIONS2      _IOWR(DXG_IOCTL_MAGIC, 0x2c, struct d3dkmt_reclaimallocations2)
#define LX_DXSETALLOCATIONPRIORITY    _IOWR(DXG_IOCTL_MAGIC, 0x2e, struct d3dkmt_setallocationpriority)
#define LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY \
	_IOWR(DXG_IOCTL_MAGIC, 0x2f, struct d3dkmt_setcontextinprocessschedulingpriority)
#define LX_DXSETCONTEXTSCHEDULINGPRIORITY \
	_IOWR(DXG_IOCTL_MAGIC, 0x30, struct d3dkmt_setcontextschedulingpriority)
#define LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU \
	_IOWR(DXG_IOCTL_MAGIC, 0x31, struct d3dkmt_signalsynchronizationobjectfromcpu)
#define LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU \
	_IOWR(DXG_IOCTL_MAGIC, 0x32, struct d3dkmt_signalsynchronizationobjectfromgpu)
#define LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2 \
	_IOWR(DXG_IOCTL_MAGIC, 0x33, struct d3dkmt_signalsynchronizationobjectfromgpu2)
#define LX_DXSUBMITCOMMANDTOHWQUEUE _IOWR(DXG_IOCTL_MAGIC, 0x34, struct d3dkmt_submitcommandtohwqueue)
#define LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE \
	_IOWR(DXG_IOCTL_MAGIC, 0x35, struct d3dkmt_submitsignalsyncobjectstohwqueue)
#define LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE \
	_IOWR(DXG_IOCTL_MAGIC, 0x36, struct d3dkmt_submitwaitforsyncobjectstohwqueue)
#define LX_DXUNLOCK2		     _IOWR(DXG_IOCTL_MAGIC, 0x37, struct d3dkmt_unlock2)
#define LX_DXUPDATEALLOCPROPERTY     _IOWR(DXG_IOCTL_MAGIC, 0x38, struct d3dddi_updateallocproperty)
#define LX_DXUPDATEGPUVIRTUALADDRESS _IOWR(DXG_IOCTL_MAGIC, 0x39, struct d3dkmt_updategpuvirtualaddress)
#define LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU \
	_IOWR(DXG_IOCTL_MAGIC, 0x3a, struct d3dkmt_waitforsynchronizationobjectfromcpu)
#define LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU \
	_IOWR(DXG_IOCTL_MAGIC, 0x3b, struct d3dkmt_waitforsynchronizationobjectfromgpu)
#define LX_DXGETALLOCATIONPRIORITY _IOWR(DXG_IOCTL_MAGIC, 0x3c, struct d3dkmt_getallocationpriority)
#define LX_DXQUERYCLOCKCALIBRATION _IOWR(DXG_IOCTL_MAGIC, 0x3d, struct d3dkmt_queryclockcalibration)
#define LX_DXENUMADAPTERS3	   _IOWR(DXG_IOCTL_MAGIC, 0x3e, struct d3dkmt_enumadapters3)
#define LX_DXSHAREOBJECTS	   _IOWR(DXG_IOCTL_MAGIC, 0x3f, struct d3dkmt_shareobjects)
#define LX_DXOPENSYNCOBJECTFROMNTHANDLE2 \
	_IOWR(DXG_IOCTL_MAGIC, 0x40, struct d3dkmt_opensyncobjectfromnthandle2)
#define LX_DXQUERYRESOURCEINFOFROMNTHANDLE \
	_IOWR(DXG_IOCTL_MAGIC, 0x41, struct d3dkmt_queryresourceinfofromnthandle)
#define LX_DXOPENRESOURCEFROMNTHANDLE	_IOWR(DXG_IOCTL_MAGIC, 0x42, struct d3dkmt_openresourcefromnthandle)
#define LX_DXQUERYSTATISTICS		_IOWR(DXG_IOCTL_MAGIC, 0x43, struct d3dkmt_querystatistics)
#define LX_DXSHAREOBJECTWITHHOST	_IOWR(DXG_IOCTL_MAGIC, 0x44, struct d3dkmt_shareobjectwithhost)
#define LX_DXCREATESYNCFILE		_IOWR(DXG_IOCTL_MAGIC, 0x45, struct d3dkmt_createsyncfile)
#define LX_DXWAITSYNCFILE		_IOWR(DXG_IOCTL_MAGIC, 0x46, struct d3dkmt_waitsyncfile)
#define LX_DXOPENSYNCOBJECTFROMSYNCFILE _IOWR(DXG_IOCTL_MAGIC, 0x47, struct d3dkmt_opensyncobjectfromsyncfile)
#define LX_DXENUMPROCESSES		_IOWR(DXG_IOCTL_MAGIC, 0x48, struct d3dkmt_enumprocesses)
#define LX_ISFEATUREENABLED		_IOWR(DXG_IOCTL_MAGIC, 0x49, struct d3dkmt_isfeatureenabled)

#endif
