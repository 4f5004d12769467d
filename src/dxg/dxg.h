// SPDX-License-Identifier: MIT
/*
 * /dev/dxg as plain C: one function per ioctl.
 *
 * Every function returns 0 or a negative errno, gives its results through out-parameters that are
 * zero on failure, and turns the driver's surprises into that form: a zero handle after "success",
 * positive NTSTATUS values, raw NTSTATUS in the return value, a full message ring (retried, then
 * -EAGAIN).  dxg_last_status() keeps the NTSTATUS for a message.  -ENODEV is a lost adapter or device.
 */
#ifndef DXG_DXG_H
#define DXG_DXG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dxg/uapi.h"

#define DXG_MAX_ADAPTERS 64
#define DXG_PAGE_SIZE	 4096U

struct dxg;

/* open.c */
int dxg_open(struct dxg **out);
void dxg_close(struct dxg *dxg);
bool dxg_is_own_process(const struct dxg *dxg);

/* ioctl.c */
int32_t dxg_last_status(void);
const char *dxg_status_name(int32_t status);

/* observe.c: who wants to see every ioctl, e.g. to report them */
struct dxg_call {
	const char *name; /* without LX_DX */
	bool done;	  /* false: about to be issued, the members below are not valid yet */
	int result;	  /* 0, a positive NTSTATUS or -errno */
	int32_t status;	  /* NTSTATUS behind a failure */
	uint64_t ns;	  /* how long it took, retries included */
};
typedef void (*dxg_observer)(void *arg, const struct dxg_call *call);
void dxg_observe(struct dxg *dxg, dxg_observer observer, void *arg);

/* adapter.c */
struct dxg_adapter {
	d3dkmt_handle handle;
	struct winluid luid;
};

struct dxg_video_memory {
	uint64_t budget;
	uint64_t usage;
	uint64_t reservation;
	uint64_t available_for_reservation;
};

int dxg_enum_adapters(struct dxg *dxg, struct dxg_adapter adapters[DXG_MAX_ADAPTERS], size_t *count);
int dxg_close_adapter(struct dxg *dxg, d3dkmt_handle adapter);
int dxg_query_adapter_info(struct dxg *dxg, d3dkmt_handle adapter, uint32_t type, void *data, uint32_t size);
int dxg_query_statistics(struct dxg *dxg, struct d3dkmt_querystatistics *query);
int dxg_query_video_memory(struct dxg *dxg, d3dkmt_handle adapter, enum d3dkmt_memory_segment_group group,
			   struct dxg_video_memory *out);
int dxg_query_clock_calibration(struct dxg *dxg, d3dkmt_handle adapter, uint32_t node,
				struct dxgk_gpuclockdata *out);
int dxg_escape(struct dxg *dxg, d3dkmt_handle adapter, d3dkmt_handle device, uint32_t flags, void *data,
	       uint32_t size);

/* device.c */
struct dxg_paging_queue {
	d3dkmt_handle handle;
	d3dkmt_handle fence; /* for waits only: it cannot be destroyed, shared or made a sync file */
	const uint64_t *value;
};

int dxg_create_device(struct dxg *dxg, d3dkmt_handle adapter, uint32_t flags, d3dkmt_handle *device);
int dxg_destroy_device(struct dxg *dxg, d3dkmt_handle device);
int dxg_get_device_state(struct dxg *dxg, d3dkmt_handle device, enum d3dkmt_deviceexecution_state *state);
int dxg_get_page_fault(struct dxg *dxg, d3dkmt_handle device, struct d3dkmt_devicepagefault_state *fault);
int dxg_create_paging_queue(struct dxg *dxg, d3dkmt_handle device, struct dxg_paging_queue *queue);
int dxg_destroy_paging_queue(struct dxg *dxg, d3dkmt_handle queue);

/* context.c */
struct dxg_context_request {
	uint32_t node;	    /* ordinal */
	uint32_t flags;	    /* D3DDDI_CREATECONTEXTFLAGS_* */
	void *private_data; /* in and out */
	uint32_t private_data_size;
};

int dxg_create_context(struct dxg *dxg, d3dkmt_handle device, const struct dxg_context_request *request,
		       d3dkmt_handle *context);
int dxg_destroy_context(struct dxg *dxg, d3dkmt_handle context);
int dxg_set_context_priority(struct dxg *dxg, d3dkmt_handle context, int priority);

/* hwqueue.c */
struct dxg_hwqueue {
	d3dkmt_handle handle;
	d3dkmt_handle
		fence; /* progress fence, for waits only: it cannot be destroyed, shared or made a sync file */
	const uint64_t *value; /* read through gsp_fence_read only; never written */
	uint64_t gpu_va;
};

int dxg_create_hwqueue(struct dxg *dxg, d3dkmt_handle context, uint32_t flags, void *private_data,
		       uint32_t private_data_size, struct dxg_hwqueue *hwqueue);
int dxg_destroy_hwqueue(struct dxg *dxg, d3dkmt_handle hwqueue);

/*
 * submit.c.  The host may be told without an answer: 0 means that the message is on its way, not that
 * the host took it.  What was refused shows in the device's state, or as a fence that never moves.
 */
#define DXG_MAX_GPU_WAITS 32U

struct dxg_submission {
	uint64_t commands; /* GPU address */
	uint32_t length;   /* bytes */
	const void *private_data;
	uint32_t private_data_size;
};

int dxg_submit(struct dxg *dxg, d3dkmt_handle context, const struct dxg_submission *submission);
int dxg_submit_to_hwqueue(struct dxg *dxg, d3dkmt_handle hwqueue, uint64_t fence_id,
			  const struct dxg_submission *submission);
int dxg_context_signal(struct dxg *dxg, d3dkmt_handle context, const d3dkmt_handle *fences,
		       const uint64_t *values, uint32_t count);
int dxg_context_wait(struct dxg *dxg, d3dkmt_handle context, const d3dkmt_handle *fences,
		     const uint64_t *values, uint32_t count);
int dxg_hwqueue_signal(struct dxg *dxg, d3dkmt_handle hwqueue, const d3dkmt_handle *fences,
		       const uint64_t *values, uint32_t count);
int dxg_hwqueue_wait(struct dxg *dxg, d3dkmt_handle hwqueue, const d3dkmt_handle *fences,
		     const uint64_t *values, uint32_t count);

/* allocation.c */
struct dxg_allocation {
	void *sysmem;	    /* page-aligned memory of the caller, or NULL; all or none of an array */
	void *private_data; /* in and out */
	uint32_t private_data_size;
	d3dkmt_handle handle; /* out */
};

int dxg_create_allocations(struct dxg *dxg, d3dkmt_handle device, const void *resource_data,
			   uint32_t resource_data_size, uint32_t flags, struct dxg_allocation *allocations,
			   uint32_t count, d3dkmt_handle *resource);
int dxg_destroy_allocations(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle resource,
			    const d3dkmt_handle *allocations, uint32_t count);

/*
 * residency.c and gpuva.c.  What ends in a paging fence gives *fence: 0 when the work is done, else the value that the
 * paging queue's fence reaches when it is.
 */
int dxg_make_resident(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations,
		      uint32_t count, uint64_t *fence);
int dxg_evict(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count);
int dxg_offer(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *allocations, uint32_t count);
int dxg_reclaim(struct dxg *dxg, d3dkmt_handle paging_queue, const d3dkmt_handle *allocations, uint32_t count,
		uint32_t *results, uint64_t *fence);

/* gpuva.c */
struct dxg_gpu_va_map {
	d3dkmt_handle paging_queue;
	d3dkmt_handle allocation; /* 0 with NO_ACCESS protection: unmap */
	uint64_t base;		  /* wanted address; 0 lets the host choose in [minimum, maximum) */
	uint64_t minimum;
	uint64_t maximum;
	uint64_t offset;     /* bytes into the allocation, page multiple */
	uint64_t size;	     /* bytes, page multiple */
	uint64_t protection; /* D3DDDIGPUVA_PROTECTION_TYPE_* */
};

int dxg_reserve_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t minimum,
		       uint64_t maximum, uint64_t size, uint64_t *va);
int dxg_free_gpu_va(struct dxg *dxg, d3dkmt_handle adapter, uint64_t base, uint64_t size);
int dxg_map_gpu_va(struct dxg *dxg, const struct dxg_gpu_va_map *map, uint64_t *va, uint64_t *fence);

/* lock.c */
int dxg_lock(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle allocation, void **address);
int dxg_unlock(struct dxg *dxg, d3dkmt_handle device, d3dkmt_handle allocation);

/* sync.c */
struct dxg_fence {
	d3dkmt_handle handle;
	const uint64_t *value; /* read through gsp_fence_read only; never written */
	uint64_t gpu_va;
};

int dxg_create_fence(struct dxg *dxg, d3dkmt_handle device, uint64_t initial, struct dxg_fence *fence);
int dxg_destroy_fence(struct dxg *dxg, d3dkmt_handle fence);
int dxg_signal_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		      const uint64_t *values, uint32_t count);
int dxg_wait_fences(struct dxg *dxg, d3dkmt_handle device, const d3dkmt_handle *fences,
		    const uint64_t *values, uint32_t count, bool any, int eventfd);

#endif
