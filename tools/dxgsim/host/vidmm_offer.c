// SPDX-License-Identifier: MIT
/*
 * Offers: memory that its program can do without, and that may be discarded by whoever needs its place, until it is
 * reclaimed.  What is offered is not to be used, and does not count as resident.  Public source: Microsoft,
 * D3DKMTOfferAllocations, D3DKMTReclaimAllocations2.
 */
#include "dxgsim/host/types.h"

typedef int32_t (*visit_fn)(struct host_call *call, struct host_allocation *allocation, uint32_t index);

static int32_t visit_resource(struct host_call *call, const struct host_device *device, d3dkmt_handle handle,
			      uint32_t index, visit_fn visit)
{
	struct host_resource *resource =
		objects_find(&call->process->handles, handle, HOST_OBJECT_RESOURCE, call->name);
	struct host_allocation *allocation;
	int32_t status = HOST_STATUS_OK;

	if (!resource || resource->device != device)
		return HOST_STATUS_INVALID_HANDLE;
	LIST_FOREACH(allocation, &resource->allocations, resource_link)
	status = status ? status : visit(call, allocation, index);
	return status;
}

static int32_t visit_all(struct host_call *call, const struct host_device *device, bool resources,
			 uint32_t count, const d3dkmt_handle *handles, visit_fn visit)
{
	int32_t status = HOST_STATUS_OK;

	for (uint32_t i = 0; !status && i < count; i++) {
		struct host_allocation *allocation;

		if (resources) {
			status = visit_resource(call, device, handles[i], i, visit);
			continue;
		}
		allocation = vidmm_listed_allocation(call, device, handles[i]);
		status = allocation ? visit(call, allocation, i) : HOST_STATUS_INVALID_HANDLE;
	}
	return status;
}

/* ---- offering ---- */

static int32_t check_offer(struct host_call *call, struct host_allocation *allocation, uint32_t index)
{
	const char *why = NULL;

	(void)index;
	if (allocation->existing)
		why = "is of the program's own memory";
	else if (allocation->offered)
		why = "is offered already";
	else if (allocation->locks)
		why = "is locked";
	if (!why)
		return HOST_STATUS_OK;
	report_misuse("%s: allocation 0x%x %s", call->name, allocation->object.handle, why);
	return HOST_STATUS_INVALID_PARAMETER;
}

static int32_t offer_one(struct host_call *call, struct host_allocation *allocation, uint32_t index)
{
	struct host_adapter *adapter = allocation->device->adapter;
	enum segment segment = allocation->segment;

	(void)index;
	if (allocation->offered) /* it is twice in the list */
		return HOST_STATUS_OK;
	allocation->offered = true;
	allocation->discarded = false;
	allocation->offer_priority = (uint32_t)call->m->request.offer_allocations->priority;
	allocation->offer_number = ++adapter->offers;
	if (allocation->resident) {
		if (segment_group(segment) == SEGMENT_LOCAL)
			allocation->offered_bytes =
				arena_offer(call->model->arena, adapter->index, segment, allocation->size,
					    adapter->resident[segment] - allocation->size);
		adapter->offered[segment] += allocation->offered_bytes;
		segment_leave(allocation);
	}
	if (adapter->fixture->offers_discarded) {
		arena_unoffer(call->model->arena, adapter->index, segment, allocation->offered_bytes);
		offer_lose(call->model, allocation);
		presence_shrink(adapter, segment);
	}
	return HOST_STATUS_OK;
}

void host_offer_allocations(struct host_call *call)
{
	const struct host_offer_allocations *request = call->m->request.offer_allocations;
	struct host_device *device =
		objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	int32_t status;

	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!vidmm_device_active(call, device))
		return;
	if (request->flags & ~(D3DKMT_OFFER_FLAGS_OFFER_IMMEDIATELY | D3DKMT_OFFER_FLAGS_ALLOW_DECOMMIT) ||
	    request->priority < D3DKMT_OFFER_PRIORITY_LOW || request->priority > D3DKMT_OFFER_PRIORITY_AUTO) {
		report_misuse("%s: flags 0x%x, priority %d", call->name, request->flags, request->priority);
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	offers_sync(device->adapter);
	status = visit_all(call, device, request->resources, request->allocation_count, request->allocations,
			   check_offer);
	if (!status)
		status = visit_all(call, device, request->resources, request->allocation_count,
				   request->allocations, offer_one);
	call->m->status = status;
}

/* ---- reclaiming ---- */

static int32_t check_reclaim(struct host_call *call, struct host_allocation *allocation, uint32_t index)
{
	(void)index;
	if (allocation->offered)
		return HOST_STATUS_OK;
	report_misuse("%s: allocation 0x%x is not offered", call->name, allocation->object.handle);
	return HOST_STATUS_INVALID_PARAMETER;
}

/* Resident again, if it was; what finds no place stays offered, and is told. */
static int32_t reclaim_one(struct host_call *call, struct host_allocation *allocation, uint32_t index)
{
	uint32_t *results = call->m->reply.reclaim_allocations->results;
	enum segment before = allocation->segment, after = before;
	uint32_t result = D3DDDI_RECLAIM_RESULT_OK;
	uint64_t lack;

	if (!allocation->offered) /* it is twice in the list */
		return HOST_STATUS_OK;
	if (allocation->resident)
		after = segment_find(allocation, true, &lack);
	if (after == SEGMENTS) {
		result = D3DDDI_RECLAIM_RESULT_NOT_COMMITTED;
	} else {
		if (allocation->discarded)
			result = D3DDDI_RECLAIM_RESULT_DISCARDED;
		offer_end(call->model, allocation);
		segment_uncommit(allocation);
		segment_commit(allocation, after);
		if (allocation->resident) {
			segment_enter(allocation);
			allocation->placed = true;
		}
		presence_shrink(allocation->device->adapter, before);
	}
	if (results && result > results[index]) /* of a resource the worst */
		results[index] = result;
	return after == SEGMENTS && !results ? HOST_STATUS_NO_MEMORY : HOST_STATUS_OK;
}

void host_reclaim_allocations(struct host_call *call)
{
	const struct host_reclaim_allocations *request = call->m->request.reclaim_allocations;
	struct host_reclaim_allocations_reply *reply = call->m->reply.reclaim_allocations;
	struct host_paging_queue *queue;
	uint64_t again;
	int32_t status;

	queue = objects_find(&call->process->handles, request->paging_queue, HOST_OBJECT_PAGING_QUEUE,
			     call->name);
	if (!queue) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!vidmm_device_active(call, queue->device))
		return;
	offers_sync(queue->device->adapter);
	status = visit_all(call, queue->device, request->resources, request->allocation_count,
			   request->allocations, check_reclaim);
	if (!status)
		status = visit_all(call, queue->device, request->resources, request->allocation_count,
				   request->allocations, reclaim_one);
	call->m->status = status;
	if (status)
		return;
	presence_ready(queue->device->adapter, &again);
	call->m->status = paging_complete(call->model, queue, true, &reply->paging_fence_value);
}
