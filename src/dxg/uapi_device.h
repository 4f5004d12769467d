// SPDX-License-Identifier: MIT
/* Adapters, devices, contexts, queries and escapes of the /dev/dxg interface; see dxg/uapi.h. */
#ifndef DXG_UAPI_DEVICE_H
#define DXG_UAPI_DEVICE_H

#include "dxg/uapi_types.h"

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

struct d3dkmt_markdeviceaserror {
	d3dkmt_handle device;
	uint32_t reason;
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

#endif
