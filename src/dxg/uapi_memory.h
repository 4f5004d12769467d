// SPDX-License-Identifier: MIT
/* Allocations, residency and GPU addresses of the /dev/dxg interface; see dxg/uapi.h. */
#ifndef DXG_UAPI_MEMORY_H
#define DXG_UAPI_MEMORY_H

#include "dxg/uapi_types.h"

#define D3DDDI_ALLOCATIONLIST_WRITE_OPERATION	     (1U << 0)
#define D3DDDI_ALLOCATIONLIST_DO_NOT_RETIRE_INSTANCE (1U << 1)
#define D3DDDI_ALLOCATIONLIST_OFFER_PRIORITY	     (0x7U << 2)
struct d3dddi_allocationlist {
	d3dkmt_handle allocation;
	uint32_t value;
};

struct d3dddi_translate_allocation_handle {
	uint32_t escape_type;
	d3dkmt_handle allocation;
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

struct d3dkmt_invalidatecache {
	d3dkmt_handle device;
	d3dkmt_handle allocation;
	uint64_t offset;
	uint64_t length;
};

#endif
