// SPDX-License-Identifier: MIT
/*
 * Residency as a program wants it: counted, refused when its own would not fit.  Whether it is in its place then is
 * another matter (vidmm_presence.c).  Public source: Microsoft, D3DKMTMakeResident, D3DKMTEvict.
 */
#include "dxgsim/host/types.h"

struct host_allocation *vidmm_listed_allocation(struct host_call *call, const struct host_device *device,
						d3dkmt_handle handle)
{
	struct host_allocation *allocation =
		objects_find(&call->process->handles, handle, HOST_OBJECT_ALLOCATION, call->name);

	if (allocation && allocation->device != device) {
		report_misuse("%s: allocation 0x%x belongs to another device", call->name, handle);
		return NULL;
	}
	return allocation;
}

static int32_t check_one(const struct host_call *call, const struct host_allocation *allocation)
{
	if (allocation->existing && allocation->pages_told != allocation->page_count) {
		report_misuse("%s: allocation 0x%x has no memory yet", call->name, allocation->object.handle);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (allocation->offered) {
		report_misuse("%s: allocation 0x%x is offered and has to be reclaimed first", call->name,
			      allocation->object.handle);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	return HOST_STATUS_OK;
}

/* One count less. */
static void drop_one(struct host_allocation *allocation)
{
	if (!--allocation->resident && !allocation->offered)
		segment_leave(allocation);
}

/* One count more; the first needs a place. */
static int32_t add_one(struct host_allocation *allocation, bool squeeze, uint64_t *trim)
{
	enum segment segment;

	if (!allocation->resident) {
		segment = segment_find(allocation, squeeze, trim);
		if (segment == SEGMENTS)
			return HOST_STATUS_NO_MEMORY;
		segment_uncommit(allocation);
		segment_commit(allocation, segment);
		segment_enter(allocation);
	}
	allocation->resident++;
	return HOST_STATUS_OK;
}

/* All or nothing: either every allocation gets one more residency count, or none. */
static int32_t add_all(struct host_call *call, struct host_device *device, bool *work, uint64_t *trim)
{
	const struct host_make_resident *request = call->m->request.make_resident;
	bool squeeze = request->flags &
		       (D3DDDI_MAKERESIDENT_FLAGS_CANT_TRIM_FURTHER | D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED);
	int32_t status = HOST_STATUS_OK;
	uint32_t done;

	for (done = 0; done < request->allocation_count; done++) {
		struct host_allocation *allocation =
			vidmm_listed_allocation(call, device, request->allocations[done]);

		status = allocation ? check_one(call, allocation) : HOST_STATUS_INVALID_PARAMETER;
		if (!status) {
			*work |= !allocation->resident;
			status = add_one(allocation, squeeze, trim);
		}
		if (status)
			break;
	}
	while (done--) {
		struct host_allocation *allocation =
			vidmm_listed_allocation(call, device, request->allocations[done]);

		if (status)
			drop_one(allocation);
		else
			allocation->placed = true;
	}
	return status;
}

static bool check_flags(struct host_call *call)
{
	uint32_t flags = call->m->request.make_resident->flags;

	if (flags <= (D3DDDI_MAKERESIDENT_FLAGS_CANT_TRIM_FURTHER | D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED) &&
	    flags != D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED)
		return true;
	report_misuse("%s: flags 0x%x; MustSucceed goes with CantTrimFurther only", call->name, flags);
	call->m->status = HOST_STATUS_INVALID_PARAMETER;
	return false;
}

void host_make_resident(struct host_call *call)
{
	const struct host_make_resident *request = call->m->request.make_resident;
	struct host_make_resident_reply *reply = call->m->reply.make_resident;
	struct host_paging_queue *queue;
	uint64_t trim = 0, again;
	bool work = false;
	int32_t status;

	queue = objects_find(&call->process->handles, request->paging_queue, HOST_OBJECT_PAGING_QUEUE,
			     call->name);
	if (!queue) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!vidmm_device_active(call, queue->device) || !check_flags(call))
		return;
	status = add_all(call, queue->device, &work, &trim);
	if (status) {
		if (status == HOST_STATUS_NO_MEMORY)
			reply->num_bytes_to_trim = trim;
		if (request->flags & D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED)
			vidsch_device_lost(call->model, queue->device,
					   D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY);
		call->m->status = status;
		return;
	}
	/* where others have their turn, the next job waits for it */
	if (work)
		presence_ready(queue->device->adapter, &again);
	call->m->status = paging_complete(call->model, queue, work, &reply->paging_fence_value);
}

void host_evict(struct host_call *call)
{
	const struct host_evict *request = call->m->request.evict;
	struct host_device *device;

	device = objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	if (!device)
		return;
	if (request->flags &
	    ~(D3DDDI_EVICT_FLAGS_EVICT_ONLY_IF_NECESSARY | D3DDDI_EVICT_FLAGS_NOT_WRITTEN_TO))
		report_misuse("%s: flags 0x%x", call->name, request->flags);
	for (uint32_t i = 0; i < request->allocation_count; i++) {
		struct host_allocation *allocation =
			vidmm_listed_allocation(call, device, request->allocations[i]);

		if (!allocation)
			continue;
		if (!allocation->resident) {
			/* a device that is lost has given up everything, which who evicts may not have heard yet */
			if (device->execution_state != D3DKMT_DEVICEEXECUTION_ACTIVE)
				continue;
			report_misuse("%s: allocation 0x%x is evicted more often than made resident",
				      call->name, request->allocations[i]);
			continue;
		}
		drop_one(allocation);
		if (!allocation->resident)
			device->adapter->evicted_bytes += allocation->size;
	}
}

static uint32_t residency_of(const struct host_allocation *allocation)
{
	if (!allocation->resident || allocation->offered)
		return D3DKMT_ALLOCATIONRESIDENCYSTATUS_NOTRESIDENT;
	return segment_group(allocation->segment) == SEGMENT_LOCAL
		       ? D3DKMT_ALLOCATIONRESIDENCYSTATUS_RESIDENTINGPUMEMORY
		       : D3DKMT_ALLOCATIONRESIDENCYSTATUS_RESIDENTINSHAREDMEMORY;
}

void host_query_residency(struct host_call *call)
{
	const struct host_query_residency *request = call->m->request.query_residency;
	uint32_t *residency = call->m->reply.query_residency->residency;

	if (request->resource) {
		struct host_resource *resource = objects_find(&call->process->handles, request->resource,
							      HOST_OBJECT_RESOURCE, call->name);
		struct host_allocation *allocation;

		if (!resource) {
			call->m->status = HOST_STATUS_INVALID_HANDLE;
			return;
		}
		/* the worst of its allocations */
		residency[0] = D3DKMT_ALLOCATIONRESIDENCYSTATUS_RESIDENTINGPUMEMORY;
		LIST_FOREACH(allocation, &resource->allocations, resource_link)
		{
			if (residency_of(allocation) > residency[0])
				residency[0] = residency_of(allocation);
		}
		return;
	}
	for (uint32_t i = 0; i < request->allocation_count; i++) {
		struct host_allocation *allocation = objects_find(
			&call->process->handles, request->allocations[i], HOST_OBJECT_ALLOCATION, call->name);

		if (!allocation) {
			call->m->status = HOST_STATUS_INVALID_HANDLE;
			return;
		}
		residency[i] = residency_of(allocation);
	}
}
