// SPDX-License-Identifier: MIT
/* The dispatch table: which handler answers which command word, and what libc makes of its result. */
#include "dxgsim/driver/ioctl.h"

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dxgsim/driver/handlers.h"
#include "dxgsim/driver/io.h"
#include "dxgsim/driver/machine.h"
#include "util/compiler.h"

#define NR_MASK			  0xffu
#define ENTRY(cmd, handler, name) [(cmd)&NR_MASK] = {(uint32_t)(cmd), handler, name}

struct ioctl_entry {
	uint32_t cmd;
	ioctl_handler handler;
	const char *name;
};

static const struct ioctl_entry ioctls[] = {
	ENTRY(LX_DXOPENADAPTERFROMLUID, ioctl_open_adapter_from_luid, "OPENADAPTERFROMLUID"),
	ENTRY(LX_DXCREATEDEVICE, ioctl_create_device, "CREATEDEVICE"),
	ENTRY(LX_DXCREATECONTEXTVIRTUAL, ioctl_create_context_virtual, "CREATECONTEXTVIRTUAL"),
	ENTRY(LX_DXDESTROYCONTEXT, ioctl_destroy_context, "DESTROYCONTEXT"),
	ENTRY(LX_DXCREATEALLOCATION, ioctl_create_allocation, "CREATEALLOCATION"),
	ENTRY(LX_DXCREATEPAGINGQUEUE, ioctl_create_paging_queue, "CREATEPAGINGQUEUE"),
	ENTRY(LX_DXRESERVEGPUVIRTUALADDRESS, ioctl_reserve_gpu_virtual_address, "RESERVEGPUVIRTUALADDRESS"),
	ENTRY(LX_DXQUERYADAPTERINFO, ioctl_query_adapter_info, "QUERYADAPTERINFO"),
	ENTRY(LX_DXQUERYVIDEOMEMORYINFO, ioctl_query_video_memory_info, "QUERYVIDEOMEMORYINFO"),
	ENTRY(LX_DXMAKERESIDENT, ioctl_make_resident, "MAKERESIDENT"),
	ENTRY(LX_DXMAPGPUVIRTUALADDRESS, ioctl_map_gpu_virtual_address, "MAPGPUVIRTUALADDRESS"),
	ENTRY(LX_DXESCAPE, ioctl_escape, "ESCAPE"),
	ENTRY(LX_DXGETDEVICESTATE, ioctl_get_device_state, "GETDEVICESTATE"),
	ENTRY(LX_DXSUBMITCOMMAND, ioctl_submit_command, "SUBMITCOMMAND"),
	ENTRY(LX_DXCREATESYNCHRONIZATIONOBJECT, ioctl_create_sync_object, "CREATESYNCHRONIZATIONOBJECT"),
	ENTRY(LX_DXSIGNALSYNCHRONIZATIONOBJECT, ioctl_signal_sync_object, "SIGNALSYNCHRONIZATIONOBJECT"),
	ENTRY(LX_DXWAITFORSYNCHRONIZATIONOBJECT, ioctl_wait_sync_object, "WAITFORSYNCHRONIZATIONOBJECT"),
	ENTRY(LX_DXDESTROYALLOCATION2, ioctl_destroy_allocation2, "DESTROYALLOCATION2"),
	ENTRY(LX_DXENUMADAPTERS2, ioctl_enum_adapters2, "ENUMADAPTERS2"),
	ENTRY(LX_DXCLOSEADAPTER, ioctl_close_adapter, "CLOSEADAPTER"),
	ENTRY(LX_DXCHANGEVIDEOMEMORYRESERVATION, ioctl_change_video_memory_reservation,
	      "CHANGEVIDEOMEMORYRESERVATION"),
	ENTRY(LX_DXCREATEHWQUEUE, ioctl_create_hwqueue, "CREATEHWQUEUE"),
	ENTRY(LX_DXDESTROYDEVICE, ioctl_destroy_device, "DESTROYDEVICE"),
	ENTRY(LX_DXDESTROYHWQUEUE, ioctl_destroy_hwqueue, "DESTROYHWQUEUE"),
	ENTRY(LX_DXDESTROYPAGINGQUEUE, ioctl_destroy_paging_queue, "DESTROYPAGINGQUEUE"),
	ENTRY(LX_DXDESTROYSYNCHRONIZATIONOBJECT, ioctl_destroy_sync_object, "DESTROYSYNCHRONIZATIONOBJECT"),
	ENTRY(LX_DXEVICT, ioctl_evict, "EVICT"),
	ENTRY(LX_DXFLUSHHEAPTRANSITIONS, ioctl_flush_heap_transitions, "FLUSHHEAPTRANSITIONS"),
	ENTRY(LX_DXFREEGPUVIRTUALADDRESS, ioctl_free_gpu_virtual_address, "FREEGPUVIRTUALADDRESS"),
	ENTRY(LX_DXGETCONTEXTINPROCESSSCHEDULINGPRIORITY, ioctl_get_context_in_process_scheduling_priority,
	      "GETCONTEXTINPROCESSSCHEDULINGPRIORITY"),
	ENTRY(LX_DXGETCONTEXTSCHEDULINGPRIORITY, ioctl_get_context_scheduling_priority,
	      "GETCONTEXTSCHEDULINGPRIORITY"),
	ENTRY(LX_DXINVALIDATECACHE, ioctl_invalidate_cache, "INVALIDATECACHE"),
	ENTRY(LX_DXLOCK2, ioctl_lock2, "LOCK2"),
	ENTRY(LX_DXMARKDEVICEASERROR, ioctl_mark_device_as_error, "MARKDEVICEASERROR"),
	ENTRY(LX_DXOFFERALLOCATIONS, ioctl_offer_allocations, "OFFERALLOCATIONS"),
	ENTRY(LX_DXQUERYALLOCATIONRESIDENCY, ioctl_query_allocation_residency, "QUERYALLOCATIONRESIDENCY"),
	ENTRY(LX_DXRECLAIMALLOCATIONS2, ioctl_reclaim_allocations2, "RECLAIMALLOCATIONS2"),
	ENTRY(LX_DXSETALLOCATIONPRIORITY, ioctl_set_allocation_priority, "SETALLOCATIONPRIORITY"),
	ENTRY(LX_DXSETCONTEXTINPROCESSSCHEDULINGPRIORITY, ioctl_set_context_in_process_scheduling_priority,
	      "SETCONTEXTINPROCESSSCHEDULINGPRIORITY"),
	ENTRY(LX_DXSETCONTEXTSCHEDULINGPRIORITY, ioctl_set_context_scheduling_priority,
	      "SETCONTEXTSCHEDULINGPRIORITY"),
	ENTRY(LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMCPU, ioctl_signal_from_cpu,
	      "SIGNALSYNCHRONIZATIONOBJECTFROMCPU"),
	ENTRY(LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU, ioctl_signal_from_gpu,
	      "SIGNALSYNCHRONIZATIONOBJECTFROMGPU"),
	ENTRY(LX_DXSIGNALSYNCHRONIZATIONOBJECTFROMGPU2, ioctl_signal_from_gpu2,
	      "SIGNALSYNCHRONIZATIONOBJECTFROMGPU2"),
	ENTRY(LX_DXSUBMITCOMMANDTOHWQUEUE, ioctl_submit_command_to_hwqueue, "SUBMITCOMMANDTOHWQUEUE"),
	ENTRY(LX_DXSUBMITSIGNALSYNCOBJECTSTOHWQUEUE, ioctl_submit_signal_to_hwqueue,
	      "SUBMITSIGNALSYNCOBJECTSTOHWQUEUE"),
	ENTRY(LX_DXSUBMITWAITFORSYNCOBJECTSTOHWQUEUE, ioctl_submit_wait_to_hwqueue,
	      "SUBMITWAITFORSYNCOBJECTSTOHWQUEUE"),
	ENTRY(LX_DXUNLOCK2, ioctl_unlock2, "UNLOCK2"),
	ENTRY(LX_DXUPDATEALLOCPROPERTY, ioctl_update_alloc_property, "UPDATEALLOCPROPERTY"),
	ENTRY(LX_DXUPDATEGPUVIRTUALADDRESS, ioctl_update_gpu_virtual_address, "UPDATEGPUVIRTUALADDRESS"),
	ENTRY(LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMCPU, ioctl_wait_from_cpu,
	      "WAITFORSYNCHRONIZATIONOBJECTFROMCPU"),
	ENTRY(LX_DXWAITFORSYNCHRONIZATIONOBJECTFROMGPU, ioctl_wait_from_gpu,
	      "WAITFORSYNCHRONIZATIONOBJECTFROMGPU"),
	ENTRY(LX_DXGETALLOCATIONPRIORITY, ioctl_get_allocation_priority, "GETALLOCATIONPRIORITY"),
	ENTRY(LX_DXQUERYCLOCKCALIBRATION, ioctl_query_clock_calibration, "QUERYCLOCKCALIBRATION"),
	ENTRY(LX_DXENUMADAPTERS3, ioctl_enum_adapters3, "ENUMADAPTERS3"),
	ENTRY(LX_DXSHAREOBJECTS, ioctl_share_objects, "SHAREOBJECTS"),
	ENTRY(LX_DXOPENSYNCOBJECTFROMNTHANDLE2, ioctl_open_sync_object_from_nt_handle2,
	      "OPENSYNCOBJECTFROMNTHANDLE2"),
	ENTRY(LX_DXQUERYRESOURCEINFOFROMNTHANDLE, ioctl_query_resource_info_from_nt_handle,
	      "QUERYRESOURCEINFOFROMNTHANDLE"),
	ENTRY(LX_DXOPENRESOURCEFROMNTHANDLE, ioctl_open_resource_from_nt_handle, "OPENRESOURCEFROMNTHANDLE"),
	ENTRY(LX_DXQUERYSTATISTICS, ioctl_query_statistics, "QUERYSTATISTICS"),
	ENTRY(LX_DXSHAREOBJECTWITHHOST, ioctl_share_object_with_host, "SHAREOBJECTWITHHOST"),
	ENTRY(LX_DXCREATESYNCFILE, ioctl_create_sync_file, "CREATESYNCFILE"),
	ENTRY(LX_DXWAITSYNCFILE, ioctl_wait_sync_file, "WAITSYNCFILE"),
	ENTRY(LX_DXOPENSYNCOBJECTFROMSYNCFILE, ioctl_open_sync_object_from_sync_file,
	      "OPENSYNCOBJECTFROMSYNCFILE"),
	ENTRY(LX_DXENUMPROCESSES, ioctl_enum_processes, "ENUMPROCESSES"),
	ENTRY(LX_ISFEATUREENABLED, ioctl_is_feature_enabled, "ISFEATUREENABLED"),
};

const char *ioctl_name(unsigned int nr)
{
	return nr < ARRAY_SIZE(ioctls) ? ioctls[nr].name : NULL;
}

int device_file_ioctl(struct driver_file *file, unsigned long cmd, uint64_t arg)
{
	uint32_t word = (uint32_t)cmd;
	const struct ioctl_entry *entry;

	/* a descriptor that a fork or SCM_RIGHTS brought to another process is of no use there */
	if (file->inherited || file->tgid != getpid())
		return -ENOTTY;
	if ((word & NR_MASK) >= ARRAY_SIZE(ioctls))
		return -ENOTTY;
	entry = &ioctls[word & NR_MASK];
	if (!entry->handler || entry->cmd != word)
		return -ENOTTY;
	if (machine_take_removals())
		io_abandon();
	return entry->handler(file->private, arg);
}
