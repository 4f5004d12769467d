// SPDX-License-Identifier: MIT
/*
 * The line between the guest driver and the Windows host: the messages dxgkrnl sends over VMBus, and the
 * few things the host does to the guest without being asked.
 *
 * driver/ fills a struct host_message and calls host_ops.send(); a host (the model, or the scripted one of
 * the conformance tests) answers before send() returns.  Everything a message points to belongs to the
 * driver and is valid only during send(): a host copies what it keeps.  No lock of the driver that a host
 * upcall could need is held during send(), so a host may make upcalls from inside it or from its own threads.
 *
 * Public source of the messages and their fields: dxgkrnl, dxgvmbus.h and dxgvmbus.c.
 */
#ifndef DXGSIM_HOST_MESSAGE_H
#define DXGSIM_HOST_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "dxg/uapi.h"

#define HOST_PAGE_SIZE 4096u

/* X(enumerator suffix, member of the request and reply unions, printed name) */
#define HOST_MESSAGES(X)                                                                           \
	X(CREATEPROCESS, create_process, "CREATEPROCESS")                                          \
	X(DESTROYPROCESS, destroy_process, "DESTROYPROCESS")                                       \
	X(QUERYADAPTERINFO, query_adapter_info, "QUERYADAPTERINFO")                                \
	X(ISFEATUREENABLED, is_feature_enabled, "ISFEATUREENABLED")                                \
	X(QUERYSTATISTICS, query_statistics, "QUERYSTATISTICS")                                    \
	X(QUERYVIDEOMEMORYINFO, query_video_memory_info, "QUERYVIDEOMEMORYINFO")                   \
	X(CHANGEVIDEOMEMORYRESERVATION, change_reservation, "CHANGEVIDEOMEMORYRESERVATION")        \
	X(QUERYCLOCKCALIBRATION, query_clock_calibration, "QUERYCLOCKCALIBRATION")                 \
	X(FLUSHHEAPTRANSITIONS, flush_heap_transitions, "FLUSHHEAPTRANSITIONS")                    \
	X(ESCAPE, escape, "ESCAPE")                                                                \
	X(BUILDTESTCOMMANDBUFFER, build_test_command_buffer, "BUILDTESTCOMMANDBUFFER")             \
	X(CREATEDEVICE, create_device, "CREATEDEVICE")                                             \
	X(DESTROYDEVICE, destroy_device, "DESTROYDEVICE")                                          \
	X(FLUSHDEVICE, flush_device, "FLUSHDEVICE")                                                \
	X(GETDEVICESTATE, get_device_state, "GETDEVICESTATE")                                      \
	X(MARKDEVICEASERROR, mark_device_as_error, "MARKDEVICEASERROR")                            \
	X(CREATECONTEXTVIRTUAL, create_context, "CREATECONTEXTVIRTUAL")                            \
	X(DESTROYCONTEXT, destroy_context, "DESTROYCONTEXT")                                       \
	X(GETCONTEXTSCHEDULINGPRIORITY, get_context_priority, "GETCONTEXTSCHEDULINGPRIORITY")      \
	X(SETCONTEXTSCHEDULINGPRIORITY, set_context_priority, "SETCONTEXTSCHEDULINGPRIORITY")      \
	X(CREATEHWQUEUE, create_hwqueue, "CREATEHWQUEUE")                                          \
	X(DESTROYHWQUEUE, destroy_hwqueue, "DESTROYHWQUEUE")                                       \
	X(CREATEPAGINGQUEUE, create_paging_queue, "CREATEPAGINGQUEUE")                             \
	X(DESTROYPAGINGQUEUE, destroy_paging_queue, "DESTROYPAGINGQUEUE")                          \
	X(CREATESYNCOBJECT, create_sync_object, "CREATESYNCOBJECT")                                \
	X(DESTROYSYNCOBJECT, destroy_sync_object, "DESTROYSYNCOBJECT")                             \
	X(SIGNALSYNCOBJECT, signal_sync_object, "SIGNALSYNCOBJECT")                                \
	X(WAITFORSYNCOBJECTFROMCPU, wait_from_cpu, "WAITFORSYNCOBJECTFROMCPU")                     \
	X(WAITFORSYNCOBJECTFROMGPU, wait_from_gpu, "WAITFORSYNCOBJECTFROMGPU")                     \
	X(SUBMITCOMMAND, submit_command, "SUBMITCOMMAND")                                          \
	X(SUBMITCOMMANDTOHWQUEUE, submit_to_hwqueue, "SUBMITCOMMANDTOHWQUEUE")                     \
	X(CREATEALLOCATION, create_allocation, "CREATEALLOCATION")                                 \
	X(DESTROYALLOCATION, destroy_allocation, "DESTROYALLOCATION")                              \
	X(GETSTANDARDALLOCATIONDRIVERDATA, standard_allocation, "GETSTANDARDALLOCATIONDRIVERDATA") \
	X(GPADLESTABLISH, gpadl_establish, "(gpadl-establish)")                                    \
	X(GPADLTEARDOWN, gpadl_teardown, "(gpadl-teardown)")                                       \
	X(SETEXISTINGSYSMEMSTORE, set_sysmem_store, "SETEXISTINGSYSMEMSTORE")                      \
	X(SETEXISTINGSYSMEMPAGES, set_sysmem_pages, "SETEXISTINGSYSMEMPAGES")                      \
	X(MAKERESIDENT, make_resident, "MAKERESIDENT")                                             \
	X(EVICT, evict, "EVICT")                                                                   \
	X(OFFERALLOCATIONS, offer_allocations, "OFFERALLOCATIONS")                                 \
	X(RECLAIMALLOCATIONS, reclaim_allocations, "RECLAIMALLOCATIONS")                           \
	X(QUERYALLOCATIONRESIDENCY, query_residency, "QUERYALLOCATIONRESIDENCY")                   \
	X(SETALLOCATIONPRIORITY, set_allocation_priority, "SETALLOCATIONPRIORITY")                 \
	X(GETALLOCATIONPRIORITY, get_allocation_priority, "GETALLOCATIONPRIORITY")                 \
	X(UPDATEALLOCPROPERTY, update_alloc_property, "UPDATEALLOCPROPERTY")                       \
	X(MAPGPUVIRTUALADDRESS, map_gpu_va, "MAPGPUVIRTUALADDRESS")                                \
	X(RESERVEGPUVIRTUALADDRESS, reserve_gpu_va, "RESERVEGPUVIRTUALADDRESS")                    \
	X(FREEGPUVIRTUALADDRESS, free_gpu_va, "FREEGPUVIRTUALADDRESS")                             \
	X(UPDATEGPUVIRTUALADDRESS, update_gpu_va, "UPDATEGPUVIRTUALADDRESS")                       \
	X(LOCK2, lock, "LOCK2")                                                                    \
	X(UNLOCK2, unlock, "UNLOCK2")                                                              \
	X(INVALIDATECACHE, invalidate_cache, "INVALIDATECACHE")                                    \
	X(CREATENTSHAREDOBJECT, create_nt_shared_object, "CREATENTSHAREDOBJECT")                   \
	X(DESTROYNTSHAREDOBJECT, destroy_nt_shared_object, "DESTROYNTSHAREDOBJECT")                \
	X(OPENSYNCOBJECT, open_sync_object, "OPENSYNCOBJECT")                                      \
	X(OPENRESOURCE, open_resource, "OPENRESOURCE")                                             \
	X(SHAREOBJECTWITHHOST, share_with_host, "SHAREOBJECTWITHHOST")

enum host_message_type {
#define HOST_MESSAGE_ENUM(suffix, member, name) HOST_##suffix,
	HOST_MESSAGES(HOST_MESSAGE_ENUM)
#undef HOST_MESSAGE_ENUM
		HOST_MESSAGE_COUNT
};

/*
 * Requests and replies.  A message without request fields, or whose reply is at most an NTSTATUS
 * (host_message.status), has no structure here: its pointer is NULL.  Before send() a reply is all zeros
 * except for its pointers, which name buffers of the driver: zeroed for results, already holding a copy of
 * what was sent where private data makes the round trip.
 */

struct host_create_process {
	pid_t pid;
	char name[16];
};
struct host_create_process_reply {
	d3dkmt_handle process; /* 0: refused */
};

struct host_query_adapter_info {
	uint32_t type;
	uint32_t size;
	const void *data;
};
struct host_query_adapter_info_reply {
	void *data; /* as many bytes as were sent */
};

struct host_is_feature_enabled {
	uint32_t feature_id;
};
struct host_is_feature_enabled_reply {
	struct dxgk_isfeatureenabled_result result;
};

struct host_query_statistics {
	/* adapter_luid is the host's; process is the host process handle, 0 for none */
	struct d3dkmt_querystatistics args;
};
struct host_query_statistics_reply {
	struct d3dkmt_querystatistics_result result;
};

struct host_query_video_memory_info {
	uint32_t memory_segment_group;
	uint32_t physical_adapter_index;
};
struct host_query_video_memory_info_reply {
	uint64_t budget;
	uint64_t current_usage;
	uint64_t current_reservation;
	uint64_t available_for_reservation;
};

struct host_change_reservation {
	uint32_t memory_segment_group;
	uint32_t physical_adapter_index;
	uint64_t reservation;
};

struct host_query_clock_calibration {
	uint32_t node_ordinal;
	uint32_t physical_adapter_index;
};
struct host_query_clock_calibration_reply {
	struct dxgk_gpuclockdata clock_data;
};

struct host_escape {
	d3dkmt_handle device;
	uint32_t type;
	uint32_t flags;
	d3dkmt_handle context;
	uint32_t size;
	const void *data;
};
struct host_escape_reply {
	void *data; /* as many bytes as were sent */
};

struct host_build_test_command_buffer {
	d3dkmt_handle device;
	d3dkmt_handle context;
	uint32_t flags;
	struct d3dddi_testcommand command;
	uint32_t dma_buffer_size;
	uint32_t dma_buffer_priv_data_size;
};
struct host_build_test_command_buffer_reply {
	uint32_t dma_buffer_size; /* written, at most what was asked for */
	uint32_t dma_buffer_priv_data_size;
	void *dma_buffer;
	void *dma_buffer_priv_data;
};

struct host_create_device {
	uint32_t flags;
};
struct host_create_device_reply {
	d3dkmt_handle device; /* 0: refused */
};

struct host_destroy_device {
	d3dkmt_handle device;
};

enum host_flush_reason {
	HOST_FLUSH_DEVICE_TERMINATE = 4,
};
struct host_flush_device {
	d3dkmt_handle device;
	uint32_t reason;
};

struct host_get_device_state {
	struct d3dkmt_getdevicestate args;
};
struct host_get_device_state_reply {
	struct d3dkmt_getdevicestate args;
};

struct host_mark_device_as_error {
	d3dkmt_handle device;
	uint32_t reason;
};

struct host_create_context {
	d3dkmt_handle device;
	uint32_t node_ordinal;
	uint32_t engine_affinity;
	uint32_t flags;
	uint32_t client_hint;
	uint32_t private_data_size;
	const void *private_data;
};
struct host_create_context_reply {
	d3dkmt_handle context; /* 0: refused */
	void *private_data;
};

struct host_destroy_context {
	d3dkmt_handle context;
};

struct host_get_context_priority {
	d3dkmt_handle context;
	bool in_process;
};
struct host_get_context_priority_reply {
	int32_t priority;
};

struct host_set_context_priority {
	d3dkmt_handle context;
	int32_t priority;
	bool in_process;
};

struct host_create_hwqueue {
	d3dkmt_handle context;
	uint32_t flags;
	uint32_t private_data_size;
	const void *private_data;
};
struct host_create_hwqueue_reply {
	d3dkmt_handle hwqueue;
	d3dkmt_handle progress_fence;
	uint64_t fence_page; /* guest physical address in the IO window */
	uint64_t fence_gpu_va;
	void *private_data;
};

struct host_destroy_hwqueue {
	d3dkmt_handle hwqueue;
};

struct host_create_paging_queue {
	d3dkmt_handle device;
	int32_t priority;
	uint32_t physical_adapter_index;
};
struct host_create_paging_queue_reply {
	d3dkmt_handle paging_queue;
	d3dkmt_handle sync_object;
	uint64_t fence_page;
};

struct host_destroy_paging_queue {
	d3dkmt_handle paging_queue;
};

struct host_create_sync_object {
	/* as the caller passed it; for CPU_NOTIFICATION info.cpu_notification.event is the guest event id */
	struct d3dkmt_createsynchronizationobject2 args;
};
struct host_create_sync_object_reply {
	d3dkmt_handle sync_object;
	d3dkmt_handle global_sync_object; /* shared objects only: the VM-wide name, else 0 */
	uint64_t fence_gpu_va;
	uint64_t fence_page; /* types 5 and 6 only */
};

struct host_destroy_sync_object {
	d3dkmt_handle sync_object;
};

/* One message for CPU, GPU and hardware queue signals. */
struct host_signal_sync_object {
	uint32_t flags; /* D3DDDICB_SIGNALFLAGS_* */
	uint32_t object_count;
	const d3dkmt_handle *objects;
	/* contexts or hardware queues that signal; 0 of them: the CPU signals, then device is valid */
	uint32_t context_count;
	const d3dkmt_handle *contexts;
	d3dkmt_handle device;
	uint64_t guest_event; /* ENQUEUE_CPU_EVENT: raise this when reached, else 0 */
	uint64_t fence_value; /* legacy form without fence_values */
	uint32_t fence_value_count;
	const uint64_t *fence_values;
};

struct host_wait_from_cpu {
	d3dkmt_handle device;
	uint32_t flags;
	uint32_t object_count;
	const d3dkmt_handle *objects;
	const uint64_t *fence_values;
	uint64_t guest_event; /* raised once when satisfied, possibly before send() returns */
};

struct host_wait_from_gpu {
	d3dkmt_handle context; /* or hardware queue */
	bool legacy_fence;     /* objects are not monitored fences */
	uint32_t object_count;
	const d3dkmt_handle *objects;
	const uint64_t *fence_values;
};

struct host_submit_command {
	struct d3dkmt_submitcommand args;     /* its pointers are the caller's: use the ones below */
	const void *private_data;	      /* args.priv_drv_data_size bytes */
	const d3dkmt_handle *history_buffers; /* args.num_history_buffers */
};

struct host_submit_to_hwqueue {
	struct d3dkmt_submitcommandtohwqueue args; /* its pointers are the caller's: use the ones below */
	const void *private_data;		   /* args.priv_drv_data_size bytes */
	const d3dkmt_handle *written_primaries;	   /* args.num_primaries */
};

struct host_allocation_request {
	uint32_t flags; /* D3DDDI_ALLOCATIONINFO2_FLAGS_* */
	uint32_t vidpn_source_id;
	uint32_t private_data_size;
	const void *private_data;
};
struct host_create_allocation {
	d3dkmt_handle device;
	d3dkmt_handle resource; /* 0, or the resource to add to */
	uint32_t flags;		/* D3DKMT_CREATEALLOCATIONFLAGS_*, EXISTING_SYSMEM set by the driver */
	uint64_t runtime_resource_handle;
	uint32_t runtime_data_size;
	uint32_t resource_private_data_size;
	const void *runtime_data;
	const void *resource_private_data;
	uint32_t allocation_count;
	const struct host_allocation_request *allocations;
};
struct host_allocation_reply {
	d3dkmt_handle allocation;
	bool cached;	    /* CPU mappings are write-back */
	uint64_t size;	    /* bytes; the driver counts size / 4096 pages */
	void *private_data; /* as many bytes as were sent */
	/*
	 * What the host says how many they are; 0: as many as were sent.  dxgkrnl copies so many to the caller, who
	 * may have less room.  The driver has room for HOST_REPLY_SLACK bytes more than were sent.
	 */
	uint32_t private_data_size;
};
#define HOST_REPLY_SLACK 256u
struct host_create_allocation_reply {
	d3dkmt_handle resource;
	d3dkmt_handle global_share;
	struct host_allocation_reply *allocations; /* allocation_count of them */
};

struct host_destroy_allocation {
	d3dkmt_handle device;
	d3dkmt_handle resource; /* or the list */
	uint32_t flags;		/* D3DDDICB_DESTROYALLOCATION2FLAGS_* */
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};

struct host_standard_allocation {
	uint32_t allocation_type; /* D3DKMDT standard allocation type: 4, GDI surface */
	struct d3dkmdt_gdisurfacedata gdi_surface;
	uint32_t physical_adapter_index;
	uint32_t private_data_size; /* first call: both 0, the reply tells the sizes */
	uint32_t resource_private_data_size;
};
struct host_standard_allocation_reply {
	uint32_t private_data_size;
	uint32_t resource_private_data_size;
	void *private_data; /* NULL in the first call */
	void *resource_private_data;
};

/* Pages of existing system memory are named by their address in this process, page aligned. */
struct host_gpadl_establish {
	uint64_t page_count;
	const uint64_t *pages;
};
struct host_gpadl_establish_reply {
	uint32_t gpadl;
};

struct host_gpadl_teardown {
	uint32_t gpadl;
};

struct host_set_sysmem_store {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
	uint32_t gpadl;
};

struct host_set_sysmem_pages {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
	uint32_t page_count; /* in this message, at most 15867 */
	uint32_t first_page;
	const uint64_t *pages;
};

struct host_make_resident {
	d3dkmt_handle device;
	d3dkmt_handle paging_queue;
	uint32_t flags;
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};
struct host_make_resident_reply {
	uint64_t paging_fence_value;
	uint64_t num_bytes_to_trim;
};

struct host_evict {
	d3dkmt_handle device;
	uint32_t flags;
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};
struct host_evict_reply {
	uint64_t num_bytes_to_trim;
};

struct host_offer_allocations {
	d3dkmt_handle device;
	bool resources; /* the handles are resources */
	int32_t priority;
	uint32_t flags;
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};

struct host_reclaim_allocations {
	d3dkmt_handle device;
	d3dkmt_handle paging_queue;
	bool resources;
	bool write_results;
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};
struct host_reclaim_allocations_reply {
	uint64_t paging_fence_value;
	uint32_t *results; /* allocation_count of them, NULL unless write_results */
};

struct host_query_residency {
	d3dkmt_handle device;
	d3dkmt_handle resource; /* or the list */
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};
struct host_query_residency_reply {
	uint32_t *residency; /* allocation_count, 1 for a resource */
};

struct host_set_allocation_priority {
	d3dkmt_handle device;
	d3dkmt_handle resource; /* or the list */
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
	uint32_t priority_count; /* allocation_count, 1 for a resource */
	const uint32_t *priorities;
};

struct host_get_allocation_priority {
	d3dkmt_handle device;
	d3dkmt_handle resource; /* or the list */
	uint32_t allocation_count;
	const d3dkmt_handle *allocations;
};
struct host_get_allocation_priority_reply {
	uint32_t priority_count;
	uint32_t *priorities;
};

struct host_update_alloc_property {
	struct d3dddi_updateallocproperty args;
};
struct host_update_alloc_property_reply {
	uint64_t paging_fence_value;
};

struct host_map_gpu_va {
	struct d3dddi_mapgpuvirtualaddress args;
	d3dkmt_handle device;
};
struct host_map_gpu_va_reply {
	uint64_t virtual_address;
	uint64_t paging_fence_value;
};

struct host_reserve_gpu_va {
	struct d3dddi_reservegpuvirtualaddress args;
};
struct host_reserve_gpu_va_reply {
	uint64_t virtual_address;
};

struct host_free_gpu_va {
	struct d3dkmt_freegpuvirtualaddress args;
};

struct host_update_gpu_va {
	uint64_t fence_value;
	d3dkmt_handle device;
	d3dkmt_handle context;
	d3dkmt_handle fence_object;
	uint32_t flags;
	uint32_t operation_count;
	const struct d3dddi_updategpuvirtualaddress_operation *operations;
};

struct host_lock {
	struct d3dkmt_lock2 args;
};
struct host_lock_reply {
	uint64_t address; /* guest physical, in the IO window; as long as the allocation */
};

struct host_unlock {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
};

struct host_invalidate_cache {
	struct d3dkmt_invalidatecache args;
};

struct host_create_nt_shared_object {
	d3dkmt_handle object; /* sync object: its global name; resource: its handle */
};
struct host_create_nt_shared_object_reply {
	d3dkmt_handle nt_handle; /* 0: refused */
};

struct host_destroy_nt_shared_object {
	d3dkmt_handle nt_handle;
};

struct host_open_sync_object {
	d3dkmt_handle device;
	d3dkmt_handle global_sync_object;
	uint32_t flags;
	uint32_t engine_affinity;
	bool monitored_fence;
};
struct host_open_sync_object_reply {
	d3dkmt_handle sync_object;
	uint64_t fence_gpu_va;
	uint64_t fence_page;
};

struct host_open_resource {
	d3dkmt_handle device;
	d3dkmt_handle nt_handle;
	uint32_t allocation_count;
	uint32_t total_private_data_size;
};
struct host_open_resource_reply {
	d3dkmt_handle resource;
	d3dkmt_handle *allocations; /* allocation_count of them */
};

struct host_share_with_host {
	d3dkmt_handle device;
	d3dkmt_handle object;
	uint64_t reserved;
};
struct host_share_with_host_reply {
	uint64_t nt_handle;
};

union host_request {
	const void *any;
#define HOST_REQUEST_MEMBER(suffix, member, name) const struct host_##member *member;
	HOST_MESSAGES(HOST_REQUEST_MEMBER)
#undef HOST_REQUEST_MEMBER
};

union host_reply {
	void *any;
#define HOST_REPLY_MEMBER(suffix, member, name) struct host_##member##_reply *member;
	HOST_MESSAGES(HOST_REPLY_MEMBER)
#undef HOST_REPLY_MEMBER
};

#define HOST_VM (-1) /* host_message.vgpu of messages that concern no adapter */

struct adapter;

struct host_message {
	enum host_message_type type;
	const struct adapter *adapter; /* the driver's: the one meant, NULL with HOST_VM */
	int vgpu;		       /* index into host_config.vgpus of the adapter meant, or HOST_VM */
	bool global_channel;	       /* sent through the VM's channel, not the vGPU's own */
	bool sync;		       /* false: fire and forget, reply and status are never looked at */
	uint32_t length;	       /* bytes on the wire with both headers; of a GPADL its bytes */
	d3dkmt_handle process;	       /* host handle of the sending process, 0 in CREATEPROCESS */
	union host_request request;
	union host_reply reply;
	/*
	 * Bytes of the completion packet.  The driver sets reply_length to what it waits for
	 * (reply_expected); a host that answers short lowers it, and the driver then takes nothing from
	 * the reply.  0 expected: any answer will do.
	 */
	uint32_t reply_expected;
	uint32_t reply_length;
	bool has_status;  /* the real reply carries an NTSTATUS; without it the driver ignores status */
	int32_t status;	  /* NTSTATUS, preset to 0 */
	uint64_t slow_ns; /* not on the wire: how much longer its paging operations take than they would */
};

struct host_vgpu {
	struct winluid guest_luid; /* what user space sees */
	struct winluid host_luid;
	d3dkmt_handle host_adapter; /* the host's own handle of the adapter */
	bool compute_only;
	bool removed; /* when the driver starts, it is not there; it may arrive later */
};

#define HOST_MAX_VGPUS 64

/*
 * What the guest learns when its channels start.  Constant while a driver runs; vGPUs that come back later are told of by
 * host_upcalls.vgpu_added().
 * The IO window is the memory behind the "guest physical addresses" of fence pages and Lock2: address A is
 * offset A - io_base of io_fd, which the driver maps MAP_SHARED.
 */
struct host_config {
	uint32_t interface_version; /* 40, or 27: no extension header, no status in QUERYADAPTERINFO */
	bool async_messages;
	bool map_guest_memory;
	uint32_t vgpu_count; /* 0: the global channel alone */
	struct host_vgpu vgpus[HOST_MAX_VGPUS];
	int io_fd;
	uint64_t io_base;
	uint64_t io_size;
	/*
	 * Memory shared by every process of the simulated VM for the driver's own VM-wide lists (at least
	 * DRIVER_SHARED_SIZE bytes, zeroed before the first process).  NULL: the driver makes its own,
	 * which fork children share and nobody else.
	 */
	void *guest_shared;
	size_t guest_shared_size;
};

/* What the host does to the guest.  May be called from any thread, also inside send(). */
struct host_upcalls {
	/* raise the guest event named in a wait, an enqueued CPU event or a CPU_NOTIFICATION object */
	void (*signal_event)(uint64_t guest_event);
	/* some device's execution state changed: GETDEVICESTATE asks again everywhere in the VM */
	void (*device_state_changed)(void);
	/* the channel of a vGPU is gone: every later call on it is ENODEV */
	void (*vgpu_removed)(uint32_t vgpu);
	/*
	 * After its removal: the same GPU is back as another vGPU, under the same index, with other LUIDs and another handle.
	 * What the guest had of the one before stays removed.  @now is valid during the call; host_config still says what was so
	 * when the driver began.  Neither this nor vgpu_removed() is called from inside send(), nor two of them at the same time;
	 * send() may be called from them.  May be NULL.
	 */
	void (*vgpu_added)(uint32_t vgpu, const struct host_vgpu *now);
	/*
	 * The fence page at this guest physical address is about to change.  For who looks on (tsan.h): no guest is told on
	 * hardware.  Called with the host's lock held, so that nothing can be sent from it.  May be NULL.
	 */
	void (*fence_changes)(uint64_t address);
};

struct host_ops {
	const struct host_config *(*config)(void *host);
	/* once, before the first send(); upcalls stays valid until detach() */
	int (*attach)(void *host, const struct host_upcalls *upcalls);
	/*
	 * Delivers and, if m->sync, answers.  0; -EAGAIN: ring full, the driver tries again;
	 * another -errno: channel error, nothing was delivered.
	 */
	int (*send)(void *host, struct host_message *m);
	/* no upcall after it returns */
	void (*detach)(void *host);
	/* in a fork child, before anything else; the child is a new guest process.  May be NULL. */
	void (*forked)(void *host);
};

/* Printed name of a message type, "?" for a number that is none. */
static inline const char *host_message_name(enum host_message_type type)
{
	static const char *const names[] = {
#define HOST_MESSAGE_NAME(suffix, member, name) name,
		HOST_MESSAGES(HOST_MESSAGE_NAME)
#undef HOST_MESSAGE_NAME
	};

	return (unsigned int)type < HOST_MESSAGE_COUNT ? names[type] : "?";
}

#endif
