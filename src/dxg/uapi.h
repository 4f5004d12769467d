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

#include <stdint.h>
#include <sys/ioctl.h>

#include "dxg/uapi_enums.h"

typedef uint32_t d3dkmt_handle;

/* A handle: instance bits 0-5, table index 6-29, unique bits 30-31. */
#define D3DKMTHANDLE_INSTANCE (0x3fU << 0)
#define D3DKMTHANDLE_INDEX    (0xffffffU << 6)
#define D3DKMTHANDLE_UNIQUE   (0x3U << 30)

struct winluid {
	uint32_t a;
	uint32_t b;
};

struct d3dkmt_adapterinfo {
	d3dkmt_handle adapter_handle;
	struct winluid adapter_luid;
	uint32_t num_sources;
	uint32_t present_move_regions_preferred;
};

struct d3dkmt_enumadapters2 {
	uint32_t num_adapters;
	uint32_t reserved;
	uint64_t adapters;
};

struct d3dkmt_closeadapter {
	d3dkmt_handle adapter_handle;
};

struct d3dkmt_openadapterfromluid {
	struct winluid adapter_luid;
	d3dkmt_handle adapter_handle;
};

#define D3DDDI_ALLOCATIONLIST_WRITE_OPERATION	     (1U << 0)
#define D3DDDI_ALLOCATIONLIST_DO_NOT_RETIRE_INSTANCE (1U << 1)
#define D3DDDI_ALLOCATIONLIST_OFFER_PRIORITY	     (0x7U << 2)
struct d3dddi_allocationlist {
	d3dkmt_handle allocation;
	uint32_t value;
};

#define D3DDDI_PATCHLOCATIONLIST_SLOT_ID (0xffffffU << 0)
struct d3dddi_patchlocationlist {
	uint32_t allocation_index;
	uint32_t value;
	uint32_t driver_id;
	uint32_t allocation_offset;
	uint32_t patch_offset;
	uint32_t split_offset;
};

/* d3dkmt_createdeviceflags: 32-bit flag word */
#define D3DKMT_CREATEDEVICEFLAGS_LEGACY_MODE	     (1U << 0)
#define D3DKMT_CREATEDEVICEFLAGS_REQUEST_VSYNC	     (1U << 1)
#define D3DKMT_CREATEDEVICEFLAGS_DISABLE_GPU_TIMEOUT (1U << 2)
#define D3DKMT_CREATEDEVICEFLAGS_GDI_DEVICE	     (1U << 3)

struct d3dkmt_createdevice {
	d3dkmt_handle adapter;
	uint32_t reserved3;
	uint32_t flags;
	d3dkmt_handle device;
	uint64_t command_buffer;
	uint32_t command_buffer_size;
	uint32_t reserved;
	uint64_t allocation_list;
	uint32_t allocation_list_size;
	uint32_t reserved1;
	uint64_t patch_location_list;
	uint32_t patch_location_list_size;
	uint32_t reserved2;
};

struct d3dkmt_destroydevice {
	d3dkmt_handle device;
};

/* d3dddi_createcontextflags: 32-bit flag word */
#define D3DDDI_CREATECONTEXTFLAGS_NULL_RENDERING       (1U << 0)
#define D3DDDI_CREATECONTEXTFLAGS_INITIAL_DATA	       (1U << 1)
#define D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT  (1U << 2)
#define D3DDDI_CREATECONTEXTFLAGS_SYNCHRONIZATION_ONLY (1U << 3)
#define D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED   (1U << 4)

struct d3dkmt_destroycontext {
	d3dkmt_handle context;
};

struct d3dkmt_createcontextvirtual {
	d3dkmt_handle device;
	uint32_t node_ordinal;
	uint32_t engine_affinity;
	uint32_t flags;
	uint64_t priv_drv_data;
	uint32_t priv_drv_data_size;
	uint32_t client_hint;
	d3dkmt_handle context;
};

/* d3dddi_createhwqueueflags: 32-bit flag word */
#define D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT (1U << 0)

struct d3dkmt_createpagingqueue {
	d3dkmt_handle device;
	int32_t priority;
	d3dkmt_handle paging_queue;
	d3dkmt_handle sync_object;
	uint64_t fence_cpu_virtual_address;
	uint32_t physical_adapter_index;
};

struct d3dddi_destroypagingqueue {
	d3dkmt_handle paging_queue;
};

struct d3dddi_translate_allocation_handle {
	uint32_t escape_type;
	d3dkmt_handle allocation;
};

struct d3dddi_testcommand {
	uint8_t buffer[72];
};

struct d3dddi_buildtestcommandbuffer {
	uint32_t escape_type;
	d3dkmt_handle device;
	d3dkmt_handle context;
	uint32_t flags;
	struct d3dddi_testcommand command;
	uint64_t dma_buffer;
	uint64_t dma_buffer_priv_data;
	uint32_t dma_buffer_size;
	uint32_t dma_buffer_priv_data_size;
};

/* d3dddi_escapeflags: 32-bit flag word */
#define D3DDDI_ESCAPEFLAGS_HARDWARE_ACCESS	      (1U << 0)
#define D3DDDI_ESCAPEFLAGS_DEVICE_STATUS_QUERY	      (1U << 1)
#define D3DDDI_ESCAPEFLAGS_CHANGE_FRAME_LATENCY	      (1U << 2)
#define D3DDDI_ESCAPEFLAGS_NO_ADAPTER_SYNCHRONIZATION (1U << 3)
#define D3DDDI_ESCAPEFLAGS_VIRTUAL_MACHINE_DATA	      (1U << 5)
#define D3DDDI_ESCAPEFLAGS_DRIVER_KNOWN_ESCAPE	      (1U << 6)
#define D3DDDI_ESCAPEFLAGS_DRIVER_COMMON_ESCAPE	      (1U << 7)

struct d3dkmt_escape {
	d3dkmt_handle adapter;
	d3dkmt_handle device;
	uint32_t type;
	uint32_t flags;
	uint64_t priv_drv_data;
	uint32_t priv_drv_data_size;
	d3dkmt_handle context;
};

/* dxgk_fault_error_code: 32-bit flag word */
#define DXGK_FAULT_ERROR_CODE_IS_DEVICE_SPECIFIC_CODE		   (1U << 0)
#define DXGK_FAULT_ERROR_CODE_GENERAL_ERROR_CODE		   (0x7fffffffU << 1)
#define DXGK_FAULT_ERROR_CODE_IS_DEVICE_SPECIFIC_CODE_RESERVED_BIT (1U << 0)
#define DXGK_FAULT_ERROR_CODE_DEVICE_SPECIFIC_CODE		   (0x7fffffffU << 1)

/* d3dkmt_devicereset_state: 32-bit flag word */
#define D3DKMT_DEVICERESET_STATE_DESKTOP_SWITCHED (1U << 0)

struct d3dkmt_devicepagefault_state {
	uint64_t faulted_primitive_api_sequence_number;
	uint32_t faulted_pipeline_stage;
	uint32_t faulted_bind_table_entry;
	uint32_t page_fault_flags;
	uint32_t fault_error_code;
	uint64_t faulted_virtual_address;
};

struct d3dkmt_getdevicestate {
	d3dkmt_handle device;
	uint32_t state_type;
	union {
		uint32_t execution_state;
		uint32_t reset_state;
		struct d3dkmt_devicepagefault_state page_fault_state;
		uint8_t alignment[48];
	};
};

struct d3dddi_rational {
	uint32_t numerator;
	uint32_t denominator;
};

struct d3dkmdt_gdisurfacedata {
	uint32_t width;
	uint32_t height;
	uint32_t format;
	uint32_t type;
	uint32_t flags;
	uint32_t pitch;
};

struct d3dkmdt_stagingsurfacedata {
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
};

struct d3dkmdt_sharedprimarysurfacedata {
	uint32_t width;
	uint32_t height;
	uint32_t format;
	struct d3dddi_rational refresh_rate;
	uint32_t vidpn_source_id;
};

struct d3dkmdt_shadowsurfacedata {
	uint32_t width;
	uint32_t height;
	uint32_t format;
	uint32_t pitch;
};

/* d3dddi_synchronizationobject_flags: 32-bit flag word */
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_SHARED		      (1U << 0)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NT_SECURITY_SHARING	      (1U << 1)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_CROSS_ADAPTER	      (1U << 2)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_TOP_OF_PIPELINE	      (1U << 3)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_SIGNAL		      (1U << 4)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_WAIT		      (1U << 5)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_SIGNAL_MAX_VALUE_ON_TDR (1U << 6)
#define D3DDDI_SYNCHRONIZATIONOBJECT_FLAGS_NO_GPU_ACCESS	      (1U << 7)

struct d3dddi_synchronizationobjectinfo2 {
	uint32_t type;
	uint32_t flags;
	union {
		struct {
			uint32_t initial_state;
		} synchronization_mutex;
		struct {
			uint32_t max_count;
			uint32_t initial_count;
		} semaphore;
		struct {
			uint64_t fence_value;
		} fence;
		struct {
			uint64_t event;
		} cpu_notification;
		struct {
			uint64_t initial_fence_value;
			uint64_t fence_cpu_virtual_address;
			uint64_t fence_gpu_virtual_address;
			uint32_t engine_affinity;
		} monitored_fence;
		struct {
			d3dkmt_handle adapter;
			uint32_t vidpn_target_id;
			uint64_t time;
			uint64_t fence_cpu_virtual_address;
			uint64_t fence_gpu_virtual_address;
			uint32_t engine_affinity;
		} periodic_monitored_fence;
		struct {
			uint64_t reserved[8];
		} reserved;
	};
	d3dkmt_handle shared_handle;
};

struct d3dkmt_createsynchronizationobject2 {
	d3dkmt_handle device;
	uint32_t reserved;
	struct d3dddi_synchronizationobjectinfo2 info;
	d3dkmt_handle sync_object;
	uint32_t reserved1;
};

struct d3dkmt_waitforsynchronizationobject2 {
	d3dkmt_handle context;
	uint32_t object_count;
	d3dkmt_handle object_array[32];
	union {
		struct {
			uint64_t fence_value;
		} fence;
		uint64_t reserved[8];
	};
};

/* d3dddicb_signalflags: 32-bit flag word */
#define D3DDDICB_SIGNALFLAGS_SIGNAL_AT_SUBMISSION	(1U << 0)
#define D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT		(1U << 1)
#define D3DDDICB_SIGNALFLAGS_ALLOW_FENCE_REWIND		(1U << 2)
#define D3DDDICB_SIGNALFLAGS_DXGK_SIGNAL_FLAG_INTERNAL0 (1U << 31)

struct d3dkmt_signalsynchronizationobject2 {
	d3dkmt_handle context;
	uint32_t object_count;
	d3dkmt_handle object_array[32];
	uint32_t flags;
	uint32_t context_count;
	d3dkmt_handle contexts[64];
	union {
		struct {
			uint64_t fence_value;
		} fence;
		uint64_t cpu_event_handle;
		uint64_t reserved[8];
	};
};

/* d3dddi_waitforsynchronizationobjectfromcpu_flags: 32-bit flag word */
#define D3DDDI_WAITFORSYNCHRONIZATIONOBJECTFROMCPU_FLAGS_WAIT_ANY (1U << 0)

struct d3dkmt_waitforsynchronizationobjectfromcpu {
	d3dkmt_handle device;
	uint32_t object_count;
	uint64_t objects;
	uint64_t fence_values;
	uint64_t async_event;
	uint32_t flags;
};

struct d3dkmt_signalsynchronizationobjectfromcpu {
	d3dkmt_handle device;
	uint32_t object_count;
	uint64_t objects;
	uint64_t fence_values;
	uint32_t flags;
};

struct d3dkmt_waitforsynchronizationobjectfromgpu {
	d3dkmt_handle context;
	uint32_t object_count;
	uint64_t objects;
	union {
		uint64_t monitored_fence_values;
		uint64_t fence_value;
		uint64_t reserved[8];
	};
};

struct d3dkmt_signalsynchronizationobjectfromgpu {
	d3dkmt_handle context;
	uint32_t object_count;
	uint64_t objects;
	union {
		uint64_t monitored_fence_values;
		uint64_t reserved[8];
	};
};

struct d3dkmt_signalsynchronizationobjectfromgpu2 {
	uint32_t object_count;
	uint32_t reserved1;
	uint64_t objects;
	uint32_t flags;
	uint32_t context_count;
	uint64_t contexts;
	union {
		uint64_t fence_value;
		uint64_t cpu_event_handle;
		uint64_t monitored_fence_values;
		uint64_t reserved[8];
	};
};

struct d3dkmt_destroysynchronizationobject {
	d3dkmt_handle sync_object;
};

/* d3dkmt_submitcommandflags: 32-bit flag word */
#define D3DKMT_SUBMITCOMMANDFLAGS_NULL_RENDERING     (1U << 0)
#define D3DKMT_SUBMITCOMMANDFLAGS_PRESENT_REDIRECTED (1U << 1)

struct d3dkmt_submitcommand {
	uint64_t command_buffer;
	uint32_t command_length;
	uint32_t flags;
	uint64_t present_history_token;
	uint32_t broadcast_context_count;
	d3dkmt_handle broadcast_context[64];
	uint32_t reserved;
	uint64_t priv_drv_data;
	uint32_t priv_drv_data_size;
	uint32_t num_primaries;
	d3dkmt_handle written_primaries[16];
	uint32_t num_history_buffers;
	uint32_t reserved1;
	uint64_t history_buffer_array;
};

struct d3dkmt_submitcommandtohwqueue {
	d3dkmt_handle hwqueue;
	uint32_t reserved;
	uint64_t hwqueue_progress_fence_id;
	uint64_t command_buffer;
	uint32_t command_length;
	uint32_t priv_drv_data_size;
	uint64_t priv_drv_data;
	uint32_t num_primaries;
	uint32_t reserved1;
	uint64_t written_primaries;
};

struct d3dkmt_setcontextschedulingpriority {
	d3dkmt_handle context;
	int32_t priority;
};

struct d3dkmt_setcontextinprocessschedulingpriority {
	d3dkmt_handle context;
	int32_t priority;
};

struct d3dkmt_getcontextschedulingpriority {
	d3dkmt_handle context;
	int32_t priority;
};

struct d3dkmt_getcontextinprocessschedulingpriority {
	d3dkmt_handle context;
	int32_t priority;
};

struct d3dkmt_setallocationpriority {
	d3dkmt_handle device;
	d3dkmt_handle resource;
	uint64_t allocation_list;
	uint32_t allocation_count;
	uint32_t reserved;
	uint64_t priorities;
};

struct d3dkmt_getallocationpriority {
	d3dkmt_handle device;
	d3dkmt_handle resource;
	uint64_t allocation_list;
	uint32_t allocation_count;
	uint32_t reserved;
	uint64_t priorities;
};

struct d3dkmt_queryallocationresidency {
	d3dkmt_handle device;
	d3dkmt_handle resource;
	uint64_t allocations;
	uint32_t allocation_count;
	uint32_t reserved;
	uint64_t residency_status;
};

struct d3dkmt_lock2 {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
	uint32_t flags;
	uint32_t reserved;
	uint64_t data;
};

struct d3dkmt_unlock2 {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
};

struct d3dkmt_markdeviceaserror {
	d3dkmt_handle device;
	uint32_t reason;
};

struct d3dkmt_standardallocation_existingheap {
	uint64_t size;
};

struct d3dkmt_createstandardallocation {
	uint32_t type;
	uint32_t reserved;
	struct d3dkmt_standardallocation_existingheap existing_heap_data;
	uint32_t flags;
	uint32_t reserved1;
};

#define D3DDDI_ALLOCATIONINFO2_FLAGS_PRIMARY	       (1U << 0)
#define D3DDDI_ALLOCATIONINFO2_FLAGS_STEREO	       (1U << 1)
#define D3DDDI_ALLOCATIONINFO2_FLAGS_OVERRIDE_PRIORITY (1U << 2)
struct d3dddi_allocationinfo2 {
	d3dkmt_handle allocation;
	uint64_t sysmem;
	uint64_t priv_drv_data;
	uint32_t priv_drv_data_size;
	uint32_t vidpn_source_id;
	uint32_t flags;
	uint64_t gpu_virtual_address;
	union {
		uint32_t priority;
		uint64_t unused;
	};
	uint64_t reserved[5];
};

/* d3dkmt_createallocationflags: 32-bit flag word */
#define D3DKMT_CREATEALLOCATIONFLAGS_CREATE_RESOURCE	     (1U << 0)
#define D3DKMT_CREATEALLOCATIONFLAGS_CREATE_SHARED	     (1U << 1)
#define D3DKMT_CREATEALLOCATIONFLAGS_NON_SECURE		     (1U << 2)
#define D3DKMT_CREATEALLOCATIONFLAGS_CREATE_PROTECTED	     (1U << 3)
#define D3DKMT_CREATEALLOCATIONFLAGS_RESTRICT_SHARED_ACCESS  (1U << 4)
#define D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SYSMEM	     (1U << 5)
#define D3DKMT_CREATEALLOCATIONFLAGS_NT_SECURITY_SHARING     (1U << 6)
#define D3DKMT_CREATEALLOCATIONFLAGS_READ_ONLY		     (1U << 7)
#define D3DKMT_CREATEALLOCATIONFLAGS_CREATE_WRITE_COMBINED   (1U << 8)
#define D3DKMT_CREATEALLOCATIONFLAGS_CREATE_CACHED	     (1U << 9)
#define D3DKMT_CREATEALLOCATIONFLAGS_SWAP_CHAIN_BACK_BUFFER  (1U << 10)
#define D3DKMT_CREATEALLOCATIONFLAGS_CROSS_ADAPTER	     (1U << 11)
#define D3DKMT_CREATEALLOCATIONFLAGS_OPEN_CROSS_ADAPTER	     (1U << 12)
#define D3DKMT_CREATEALLOCATIONFLAGS_PARTIAL_SHARED_CREATION (1U << 13)
#define D3DKMT_CREATEALLOCATIONFLAGS_ZEROED		     (1U << 14)
#define D3DKMT_CREATEALLOCATIONFLAGS_WRITE_WATCH	     (1U << 15)
#define D3DKMT_CREATEALLOCATIONFLAGS_STANDARD_ALLOCATION     (1U << 16)
#define D3DKMT_CREATEALLOCATIONFLAGS_EXISTING_SECTION	     (1U << 17)

struct d3dkmt_createallocation {
	d3dkmt_handle device;
	d3dkmt_handle resource;
	d3dkmt_handle global_share;
	uint32_t reserved;
	uint64_t private_runtime_data;
	uint32_t private_runtime_data_size;
	uint32_t reserved1;
	union {
		uint64_t standard_allocation;
		uint64_t priv_drv_data;
	};
	uint32_t priv_drv_data_size;
	uint32_t alloc_count;
	uint64_t allocation_info;
	uint32_t flags;
	uint32_t reserved2;
	uint64_t private_runtime_resource_handle;
};

/* d3dddicb_destroyallocation2flags: 32-bit flag word */
#define D3DDDICB_DESTROYALLOCATION2FLAGS_ASSUME_NOT_IN_USE   (1U << 0)
#define D3DDDICB_DESTROYALLOCATION2FLAGS_SYNCHRONOUS_DESTROY (1U << 1)
#define D3DDDICB_DESTROYALLOCATION2FLAGS_SYSTEM_USE_ONLY     (1U << 31)

struct d3dkmt_destroyallocation2 {
	d3dkmt_handle device;
	d3dkmt_handle resource;
	uint64_t allocations;
	uint32_t alloc_count;
	uint32_t flags;
};

/* d3dddi_makeresident_flags: 32-bit flag word */
#define D3DDDI_MAKERESIDENT_FLAGS_CANT_TRIM_FURTHER (1U << 0)
#define D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED	    (1U << 1)

struct d3dddi_makeresident {
	d3dkmt_handle paging_queue;
	uint32_t alloc_count;
	uint64_t allocation_list;
	uint64_t priority_list;
	uint32_t flags;
	uint64_t paging_fence_value;
	uint64_t num_bytes_to_trim;
};

/* d3dddi_evict_flags: 32-bit flag word */
#define D3DDDI_EVICT_FLAGS_EVICT_ONLY_IF_NECESSARY (1U << 0)
#define D3DDDI_EVICT_FLAGS_NOT_WRITTEN_TO	   (1U << 1)

struct d3dkmt_evict {
	d3dkmt_handle device;
	uint32_t alloc_count;
	uint64_t allocations;
	uint32_t flags;
	uint32_t reserved;
	uint64_t num_bytes_to_trim;
};

/* d3dddigpuva_protection_type: 64-bit flag word */
#define D3DDDIGPUVA_PROTECTION_TYPE_WRITE	    (1ULL << 0)
#define D3DDDIGPUVA_PROTECTION_TYPE_EXECUTE	    (1ULL << 1)
#define D3DDDIGPUVA_PROTECTION_TYPE_ZERO	    (1ULL << 2)
#define D3DDDIGPUVA_PROTECTION_TYPE_NO_ACCESS	    (1ULL << 3)
#define D3DDDIGPUVA_PROTECTION_TYPE_SYSTEM_USE_ONLY (1ULL << 4)

struct d3dddi_updategpuvirtualaddress_operation {
	uint32_t operation;
	union {
		struct {
			uint64_t base_address;
			uint64_t size;
			d3dkmt_handle allocation;
			uint64_t allocation_offset;
			uint64_t allocation_size;
		} map;
		struct {
			uint64_t base_address;
			uint64_t size;
			d3dkmt_handle allocation;
			uint64_t allocation_offset;
			uint64_t allocation_size;
			uint64_t protection;
			uint64_t driver_protection;
		} map_protect;
		struct {
			uint64_t base_address;
			uint64_t size;
			uint64_t protection;
		} unmap;
		struct {
			uint64_t source_address;
			uint64_t size;
			uint64_t dest_address;
		} copy;
	};
};

#define D3DKMT_UPDATEGPUVIRTUALADDRESS_FLAGS_DO_NOT_WAIT (1U << 0)
struct d3dkmt_updategpuvirtualaddress {
	d3dkmt_handle device;
	d3dkmt_handle context;
	d3dkmt_handle fence_object;
	uint32_t num_operations;
	uint64_t operations;
	uint32_t reserved0;
	uint32_t reserved1;
	uint64_t reserved2;
	uint64_t fence_value;
	uint32_t flags;
	uint32_t reserved3;
};

struct d3dddi_mapgpuvirtualaddress {
	d3dkmt_handle paging_queue;
	uint64_t base_address;
	uint64_t minimum_address;
	uint64_t maximum_address;
	d3dkmt_handle allocation;
	uint64_t offset_in_pages;
	uint64_t size_in_pages;
	uint64_t protection;
	uint64_t driver_protection;
	uint32_t reserved0;
	uint64_t reserved1;
	uint64_t virtual_address;
	uint64_t paging_fence_value;
};

struct d3dddi_reservegpuvirtualaddress {
	d3dkmt_handle adapter;
	uint64_t base_address;
	uint64_t minimum_address;
	uint64_t maximum_address;
	uint64_t size;
	uint32_t reservation_type;
	uint64_t driver_protection;
	uint64_t virtual_address;
	uint64_t paging_fence_value;
};

struct d3dkmt_freegpuvirtualaddress {
	d3dkmt_handle adapter;
	uint32_t reserved;
	uint64_t base_address;
	uint64_t size;
};

struct d3dkmt_queryvideomemoryinfo {
	uint64_t process;
	d3dkmt_handle adapter;
	uint32_t memory_segment_group;
	uint64_t budget;
	uint64_t current_usage;
	uint64_t current_reservation;
	uint64_t available_for_reservation;
	uint32_t physical_adapter_index;
};

/* d3dkmt_adaptertype: 32-bit flag word */
#define D3DKMT_ADAPTERTYPE_RENDER_SUPPORTED		  (1U << 0)
#define D3DKMT_ADAPTERTYPE_DISPLAY_SUPPORTED		  (1U << 1)
#define D3DKMT_ADAPTERTYPE_SOFTWARE_DEVICE		  (1U << 2)
#define D3DKMT_ADAPTERTYPE_POST_DEVICE			  (1U << 3)
#define D3DKMT_ADAPTERTYPE_HYBRID_DISCRETE		  (1U << 4)
#define D3DKMT_ADAPTERTYPE_HYBRID_INTEGRATED		  (1U << 5)
#define D3DKMT_ADAPTERTYPE_INDIRECT_DISPLAY_DEVICE	  (1U << 6)
#define D3DKMT_ADAPTERTYPE_PARAVIRTUALIZED		  (1U << 7)
#define D3DKMT_ADAPTERTYPE_ACG_SUPPORTED		  (1U << 8)
#define D3DKMT_ADAPTERTYPE_SUPPORT_SET_TIMINGS_FROM_VIDPN (1U << 9)
#define D3DKMT_ADAPTERTYPE_DETACHABLE			  (1U << 10)
#define D3DKMT_ADAPTERTYPE_COMPUTE_ONLY			  (1U << 11)
#define D3DKMT_ADAPTERTYPE_PROTOTYPE			  (1U << 12)

struct d3dkmt_queryadapterinfo {
	d3dkmt_handle adapter;
	uint32_t type;
	uint64_t private_data;
	uint32_t private_data_size;
};

/* dxgk_gpuclockdata_flags: 32-bit flag word */
#define DXGK_GPUCLOCKDATA_FLAGS_CONTEXT_MANAGEMENT_PROCESSOR (1U << 0)

struct dxgk_gpuclockdata {
	uint64_t gpu_frequency;
	uint64_t gpu_clock_counter;
	uint64_t cpu_clock_counter;
	uint32_t flags;
} __attribute__((packed));

struct d3dkmt_queryclockcalibration {
	d3dkmt_handle adapter;
	uint32_t node_ordinal;
	uint32_t physical_adapter_index;
	struct dxgk_gpuclockdata clock_data;
} __attribute__((packed));

struct d3dkmt_flushheaptransitions {
	d3dkmt_handle adapter;
};

struct d3dddi_openallocationinfo2 {
	d3dkmt_handle allocation;
	uint64_t priv_drv_data;
	uint32_t priv_drv_data_size;
	uint64_t gpu_va;
	uint64_t reserved[6];
};

/* d3dddi_updateallocproperty_flags: 32-bit flag word */
#define D3DDDI_UPDATEALLOCPROPERTY_FLAGS_ACCESSED_PHYSICALLY (1U << 0)

/* d3dddi_segmentpreference: 32-bit flag word */
#define D3DDDI_SEGMENTPREFERENCE_SEGMENT_ID0 (0x1fU << 0)
#define D3DDDI_SEGMENTPREFERENCE_DIRECTION0  (1U << 5)
#define D3DDDI_SEGMENTPREFERENCE_SEGMENT_ID1 (0x1fU << 6)
#define D3DDDI_SEGMENTPREFERENCE_DIRECTION1  (1U << 11)
#define D3DDDI_SEGMENTPREFERENCE_SEGMENT_ID2 (0x1fU << 12)
#define D3DDDI_SEGMENTPREFERENCE_DIRECTION2  (1U << 17)
#define D3DDDI_SEGMENTPREFERENCE_SEGMENT_ID3 (0x1fU << 18)
#define D3DDDI_SEGMENTPREFERENCE_DIRECTION3  (1U << 23)
#define D3DDDI_SEGMENTPREFERENCE_SEGMENT_ID4 (0x1fU << 24)
#define D3DDDI_SEGMENTPREFERENCE_DIRECTION4  (1U << 29)

#define D3DDDI_UPDATEALLOCPROPERTY_SET_ACCESSED_PHYSICALLY  (1U << 0)
#define D3DDDI_UPDATEALLOCPROPERTY_SET_SUPPORTED_SEGMENTSET (1U << 1)
#define D3DDDI_UPDATEALLOCPROPERTY_SET_PREFERRED_SEGMENT    (1U << 2)
struct d3dddi_updateallocproperty {
	d3dkmt_handle paging_queue;
	d3dkmt_handle allocation;
	uint32_t supported_segment_set;
	uint32_t preferred_segment;
	uint32_t flags;
	uint64_t paging_fence_value;
	uint32_t property_mask_value;
};

/* d3dkmt_offer_flags: 32-bit flag word */
#define D3DKMT_OFFER_FLAGS_OFFER_IMMEDIATELY (1U << 0)
#define D3DKMT_OFFER_FLAGS_ALLOW_DECOMMIT    (1U << 1)

struct d3dkmt_offerallocations {
	d3dkmt_handle device;
	uint32_t reserved;
	uint64_t resources;
	uint64_t allocations;
	uint32_t allocation_count;
	int32_t priority;
	uint32_t flags;
	uint32_t reserved1;
};

struct d3dkmt_reclaimallocations2 {
	d3dkmt_handle paging_queue;
	uint32_t allocation_count;
	uint64_t resources;
	uint64_t allocations;
	union {
		uint64_t discarded;
		uint64_t results;
	};
	uint64_t paging_fence_value;
};

struct d3dkmt_changevideomemoryreservation {
	uint64_t process;
	d3dkmt_handle adapter;
	uint32_t memory_segment_group;
	uint64_t reservation;
	uint32_t physical_adapter_index;
};

struct d3dkmt_createhwqueue {
	d3dkmt_handle context;
	uint32_t flags;
	uint32_t priv_drv_data_size;
	uint32_t reserved;
	uint64_t priv_drv_data;
	d3dkmt_handle queue;
	d3dkmt_handle queue_progress_fence;
	uint64_t queue_progress_fence_cpu_va;
	uint64_t queue_progress_fence_gpu_va;
};

struct d3dkmt_destroyhwqueue {
	d3dkmt_handle queue;
};

struct d3dkmt_submitwaitforsyncobjectstohwqueue {
	d3dkmt_handle hwqueue;
	uint32_t object_count;
	uint64_t objects;
	uint64_t fence_values;
};

struct d3dkmt_submitsignalsyncobjectstohwqueue {
	uint32_t flags;
	uint32_t hwqueue_count;
	uint64_t hwqueues;
	uint32_t object_count;
	uint32_t reserved;
	uint64_t objects;
	uint64_t fence_values;
};

struct d3dkmt_opensyncobjectfromnthandle2 {
	uint64_t nt_handle;
	d3dkmt_handle device;
	uint32_t flags;
	d3dkmt_handle sync_object;
	uint32_t reserved1;
	union {
		struct {
			uint64_t fence_value_cpu_va;
			uint64_t fence_value_gpu_va;
			uint32_t engine_affinity;
		} monitored_fence;
		uint64_t reserved[8];
	};
};

struct d3dkmt_openresourcefromnthandle {
	d3dkmt_handle device;
	uint32_t reserved;
	uint64_t nt_handle;
	uint32_t allocation_count;
	uint32_t reserved1;
	uint64_t open_alloc_info;
	int32_t private_runtime_data_size;
	uint32_t reserved2;
	uint64_t private_runtime_data;
	uint32_t resource_priv_drv_data_size;
	uint32_t reserved3;
	uint64_t resource_priv_drv_data;
	uint32_t total_priv_drv_data_size;
	uint64_t total_priv_drv_data;
	d3dkmt_handle resource;
	d3dkmt_handle keyed_mutex;
	uint64_t keyed_mutex_private_data;
	uint32_t keyed_mutex_private_data_size;
	d3dkmt_handle sync_object;
};

struct d3dkmt_queryresourceinfofromnthandle {
	d3dkmt_handle device;
	uint32_t reserved;
	uint64_t nt_handle;
	uint64_t private_runtime_data;
	uint32_t private_runtime_data_size;
	uint32_t total_priv_drv_data_size;
	uint32_t resource_priv_drv_data_size;
	uint32_t allocation_count;
};

struct d3dkmt_shareobjects {
	uint32_t object_count;
	uint32_t reserved;
	uint64_t objects;
	uint64_t object_attr;
	uint32_t desired_access;
	uint32_t reserved1;
	uint64_t shared_handle;
};

/* d3dkmt_enumadapters_filter: 64-bit flag word */
#define D3DKMT_ENUMADAPTERS_FILTER_INCLUDE_COMPUTE_ONLY (1ULL << 0)
#define D3DKMT_ENUMADAPTERS_FILTER_INCLUDE_DISPLAY_ONLY (1ULL << 1)

struct d3dkmt_enumadapters3 {
	uint64_t filter;
	uint32_t adapter_count;
	uint32_t reserved;
	uint64_t adapters;
};

struct d3dkmt_querystatistics_result {
	uint8_t size[776];
};

struct d3dkmt_querystatistics {
	uint32_t type;
	struct winluid adapter_luid;
	uint64_t process;
	struct d3dkmt_querystatistics_result result;
	/* not named by the Linux header: the segment, node or physical adapter asked for */
	uint32_t selector;
	uint32_t reserved;
};

struct d3dkmt_shareobjectwithhost {
	d3dkmt_handle device_handle;
	d3dkmt_handle object_handle;
	uint64_t reserved;
	uint64_t object_vail_nt_handle;
};

struct d3dkmt_createsyncfile {
	d3dkmt_handle device;
	d3dkmt_handle monitored_fence;
	uint64_t fence_value;
	uint64_t sync_file_handle;
};

struct d3dkmt_waitsyncfile {
	uint64_t sync_file_handle;
	d3dkmt_handle context;
	uint32_t reserved;
};

struct d3dkmt_opensyncobjectfromsyncfile {
	uint64_t sync_file_handle;
	d3dkmt_handle device;
	d3dkmt_handle syncobj;
	uint64_t fence_value;
	uint64_t fence_value_cpu_va;
	uint64_t fence_value_gpu_va;
};

struct d3dkmt_enumprocesses {
	struct winluid adapter_luid;
	uint64_t buffer;
	uint64_t buffer_count;
};

#define DXGK_ISFEATUREENABLED_RESULT_ENABLED		 (1U << 0)
#define DXGK_ISFEATUREENABLED_RESULT_KNOWN_FEATURE	 (1U << 1)
#define DXGK_ISFEATUREENABLED_RESULT_SUPPORTED_BY_DRIVER (1U << 2)
#define DXGK_ISFEATUREENABLED_RESULT_SUPPORTED_ON_CONFIG (1U << 3)
struct dxgk_isfeatureenabled_result {
	uint16_t version;
	uint16_t value;
};

struct d3dkmt_isfeatureenabled {
	d3dkmt_handle adapter;
	uint32_t feature_id;
	struct dxgk_isfeatureenabled_result result;
};

struct d3dkmt_invalidatecache {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
	uint64_t offset;
	uint64_t length;
};

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
