// SPDX-License-Identifier: MIT
/* The ioctls, each implemented in the file of its object. */
#ifndef DXGSIM_DRIVER_HANDLERS_H
#define DXGSIM_DRIVER_HANDLERS_H

#include <stdint.h>

struct process;

/*
 * Result of a handler: 0 and positive NTSTATUS as they are, -errno in -4095..-1, anything below is a raw
 * NTSTATUS shown to the caller.
 */
typedef int (*ioctl_handler)(struct process *process, uint64_t arg);

#define DRIVER_HANDLER(fn) int fn(struct process *process, uint64_t arg)

/* enumerate.c, query.c */
DRIVER_HANDLER(ioctl_open_adapter_from_luid);
DRIVER_HANDLER(ioctl_enum_adapters2);
DRIVER_HANDLER(ioctl_enum_adapters3);
DRIVER_HANDLER(ioctl_close_adapter);
DRIVER_HANDLER(ioctl_query_adapter_info);
DRIVER_HANDLER(ioctl_is_feature_enabled);
DRIVER_HANDLER(ioctl_enum_processes);
DRIVER_HANDLER(ioctl_query_statistics);
DRIVER_HANDLER(ioctl_query_video_memory_info);
DRIVER_HANDLER(ioctl_change_video_memory_reservation);
DRIVER_HANDLER(ioctl_query_clock_calibration);
DRIVER_HANDLER(ioctl_flush_heap_transitions);
DRIVER_HANDLER(ioctl_escape);
/* device.c, context.c, hwqueue.c, pagingqueue.c */
DRIVER_HANDLER(ioctl_create_device);
DRIVER_HANDLER(ioctl_destroy_device);
DRIVER_HANDLER(ioctl_get_device_state);
DRIVER_HANDLER(ioctl_mark_device_as_error);
DRIVER_HANDLER(ioctl_create_context_virtual);
DRIVER_HANDLER(ioctl_destroy_context);
DRIVER_HANDLER(ioctl_get_context_in_process_scheduling_priority);
DRIVER_HANDLER(ioctl_get_context_scheduling_priority);
DRIVER_HANDLER(ioctl_set_context_in_process_scheduling_priority);
DRIVER_HANDLER(ioctl_set_context_scheduling_priority);
DRIVER_HANDLER(ioctl_create_hwqueue);
DRIVER_HANDLER(ioctl_destroy_hwqueue);
DRIVER_HANDLER(ioctl_create_paging_queue);
DRIVER_HANDLER(ioctl_destroy_paging_queue);
/* syncobject.c, sync.c, submit.c */
DRIVER_HANDLER(ioctl_create_sync_object);
DRIVER_HANDLER(ioctl_destroy_sync_object);
DRIVER_HANDLER(ioctl_signal_sync_object);
DRIVER_HANDLER(ioctl_wait_sync_object);
DRIVER_HANDLER(ioctl_signal_from_cpu);
DRIVER_HANDLER(ioctl_signal_from_gpu);
DRIVER_HANDLER(ioctl_signal_from_gpu2);
DRIVER_HANDLER(ioctl_wait_from_cpu);
DRIVER_HANDLER(ioctl_wait_from_gpu);
DRIVER_HANDLER(ioctl_submit_command);
DRIVER_HANDLER(ioctl_submit_command_to_hwqueue);
DRIVER_HANDLER(ioctl_submit_signal_to_hwqueue);
DRIVER_HANDLER(ioctl_submit_wait_to_hwqueue);
/* the memory half: allocation.c, create.c, userptr.c, residency.c, gpuva.c, lock.c */
DRIVER_HANDLER(ioctl_create_allocation);
DRIVER_HANDLER(ioctl_destroy_allocation2);
DRIVER_HANDLER(ioctl_make_resident);
DRIVER_HANDLER(ioctl_evict);
DRIVER_HANDLER(ioctl_offer_allocations);
DRIVER_HANDLER(ioctl_reclaim_allocations2);
DRIVER_HANDLER(ioctl_query_allocation_residency);
DRIVER_HANDLER(ioctl_set_allocation_priority);
DRIVER_HANDLER(ioctl_get_allocation_priority);
DRIVER_HANDLER(ioctl_update_alloc_property);
DRIVER_HANDLER(ioctl_map_gpu_virtual_address);
DRIVER_HANDLER(ioctl_reserve_gpu_virtual_address);
DRIVER_HANDLER(ioctl_free_gpu_virtual_address);
DRIVER_HANDLER(ioctl_update_gpu_virtual_address);
DRIVER_HANDLER(ioctl_lock2);
DRIVER_HANDLER(ioctl_unlock2);
DRIVER_HANDLER(ioctl_invalidate_cache);
/* the sharing half: share.c, resource.c, syncfile.c */
DRIVER_HANDLER(ioctl_share_objects);
DRIVER_HANDLER(ioctl_open_sync_object_from_nt_handle2);
DRIVER_HANDLER(ioctl_query_resource_info_from_nt_handle);
DRIVER_HANDLER(ioctl_open_resource_from_nt_handle);
DRIVER_HANDLER(ioctl_share_object_with_host);
DRIVER_HANDLER(ioctl_create_sync_file);
DRIVER_HANDLER(ioctl_wait_sync_file);
DRIVER_HANDLER(ioctl_open_sync_object_from_sync_file);

#endif
