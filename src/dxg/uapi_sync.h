// SPDX-License-Identifier: MIT
/* Queues, submission, fences and sharing in the /dev/dxg interface; see dxg/uapi.h. */
#ifndef DXG_UAPI_SYNC_H
#define DXG_UAPI_SYNC_H

#include "dxg/uapi_types.h"

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

struct d3dkmt_shareobjects {
	uint32_t object_count;
	uint32_t reserved;
	uint64_t objects;
	uint64_t object_attr;
	uint32_t desired_access;
	uint32_t reserved1;
	uint64_t shared_handle;
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

#endif
