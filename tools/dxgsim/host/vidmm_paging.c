// SPDX-License-Identifier: MIT
/*
 * Paging queues. Work is done at once in the model's books; the fence that tells the guest follows from a
 * worker thread after the adapter's paging delay, in order per queue, as on a real host.
 */
#include <stdlib.h>
#include <time.h>

#include "dxgsim/host/types.h"

static void *worker_main(void *arg)
{
	struct host_model *model = arg;

	pthread_mutex_lock(&model->lock);
	while (!model->worker_stop) {
		struct host_completion *next = TAILQ_FIRST(&model->completions);
		struct timespec due;

		if (!next) {
			pthread_cond_wait(&model->work, &model->lock);
			continue;
		}
		if (next->due_ns > model_now_ns()) {
			due.tv_sec = (time_t)(next->due_ns / 1000000000);
			due.tv_nsec = (long)(next->due_ns % 1000000000);
			pthread_cond_timedwait(&model->work, &model->lock, &due);
			continue;
		}
		TAILQ_REMOVE(&model->completions, next, link);
		fence_set(model, next->queue->sync.fence, next->value);
		free(next);
		vidsch_advance(model);
		guest_deliver(model);
	}
	pthread_mutex_unlock(&model->lock);
	return NULL;
}

static int start_worker(struct host_model *model)
{
	int rc;

	if (model->worker_runs)
		return 0;
	model->worker_stop = false;
	rc = host_thread(model, &model->worker, worker_main);
	if (!rc)
		model->worker_runs = true;
	return rc;
}

/* Without the lock. */
void paging_worker_stop(struct host_model *model)
{
	bool runs;

	pthread_mutex_lock(&model->lock);
	model->worker_stop = true;
	runs = model->worker_runs;
	model->worker_runs = false;
	pthread_cond_signal(&model->work);
	pthread_mutex_unlock(&model->lock);
	if (runs)
		pthread_join(model->worker, NULL);
}

int32_t paging_complete(struct host_model *model, struct host_paging_queue *queue, bool work, uint64_t *value)
{
	const struct fixture *fixture = queue->device->adapter->fixture;
	struct host_completion *completion;
	bool later = work;

	if (fixture->pending != FIXTURE_PENDING_AUTO)
		later = fixture->pending == FIXTURE_PENDING_ALWAYS;
	if (!later) {
		*value = queue->last_value;
		return HOST_STATUS_OK;
	}
	completion = calloc(1, sizeof(*completion));
	if (!completion || start_worker(model)) {
		/* the host has nobody to signal later, so it is done now, with all before it */
		free(completion);
		paging_drop_completions(model, queue);
		*value = ++queue->last_value;
		fence_set(model, queue->sync.fence, *value);
		return HOST_STATUS_OK;
	}
	completion->queue = queue;
	completion->value = ++queue->last_value;
	completion->due_ns = model_now_ns() + (uint64_t)fixture->paging_us * 1000;
	paging_insert_completion(model, completion);
	*value = completion->value;
	return HOST_STATUS_PENDING;
}

void host_create_paging_queue(struct host_call *call)
{
	const struct host_create_paging_queue *request = call->m->request.create_paging_queue;
	struct host_create_paging_queue_reply *reply = call->m->reply.create_paging_queue;
	uint64_t start = call->adapter->fixture->paging_fence_start;
	struct host_paging_queue *queue;
	struct host_device *device;

	/* no status: a refusal is a zero reply */
	device = objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	if (!device || !vidmm_device_active(call, device))
		return;
	if (request->priority < D3DDDI_PAGINGQUEUE_PRIORITY_BELOW_NORMAL ||
	    request->priority > D3DDDI_PAGINGQUEUE_PRIORITY_ABOVE_NORMAL || request->physical_adapter_index) {
		report_misuse("%s: priority %d, physical adapter %u", call->name, request->priority,
			      request->physical_adapter_index);
		return;
	}
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return;
	if (fence_create(call->model, D3DDDI_MONITORED_FENCE, start, true, &queue->sync.fence))
		goto fail;
	if (objects_add(&call->process->handles, &queue->object, HOST_OBJECT_PAGING_QUEUE))
		goto fail_fence;
	if (objects_add(&call->process->handles, &queue->sync.object, HOST_OBJECT_SYNC))
		goto fail_object;
	queue->sync.paging_queue = queue;
	queue->device = device;
	queue->last_value = start;
	LIST_INSERT_HEAD(&device->paging_queues, queue, link);
	reply->paging_queue = queue->object.handle;
	reply->sync_object = queue->sync.object.handle;
	reply->fence_page = io_fence_address(queue->sync.fence->page);
	return;
fail_object:
	objects_remove(&call->process->handles, &queue->object);
fail_fence:
	fence_put(call->model, queue->sync.fence);
fail:
	free(queue);
}

void vidmm_paging_queue_destroy(struct host_model *model, struct host_paging_queue *queue)
{
	struct host_handles *handles = &queue->device->process->handles;

	paging_drop_completions(model, queue);
	fence_release_waits(model, &queue->sync);
	objects_remove(handles, &queue->sync.object);
	objects_remove(handles, &queue->object);
	LIST_REMOVE(queue, link);
	fence_put(model, queue->sync.fence);
	free(queue);
}

void host_destroy_paging_queue(struct host_call *call)
{
	struct host_paging_queue *queue =
		objects_find(&call->process->handles, call->m->request.destroy_paging_queue->paging_queue,
			     HOST_OBJECT_PAGING_QUEUE, call->name);

	if (!queue)
		call->m->status = HOST_STATUS_INVALID_HANDLE;
	else
		vidmm_paging_queue_destroy(call->model, queue);
}

static struct host_allocation *listed_allocation(struct host_call *call, struct host_device *device,
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

/* All or nothing: either every allocation gets one more residency count, or none. */
static int32_t check_residency(struct host_call *call, struct host_device *device, uint64_t *trim)
{
	const struct host_make_resident *request = call->m->request.make_resident;
	uint64_t more[SEGMENT_GROUPS] = {0, 0};
	bool squeeze = request->flags &
		       (D3DDDI_MAKERESIDENT_FLAGS_CANT_TRIM_FURTHER | D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED);

	for (uint32_t i = 0; i < request->allocation_count; i++) {
		struct host_allocation *allocation = listed_allocation(call, device, request->allocations[i]);

		if (!allocation)
			return HOST_STATUS_INVALID_PARAMETER;
		if (allocation->existing && allocation->pages_told != allocation->page_count) {
			report_misuse("%s: allocation 0x%x has no memory yet", call->name,
				      request->allocations[i]);
			return HOST_STATUS_INVALID_PARAMETER;
		}
		if (!allocation->resident)
			more[segment_of(allocation)] += allocation->size;
	}
	for (int group = 0; group < SEGMENT_GROUPS; group++) {
		enum segment_group which = (enum segment_group)group;
		uint64_t limit = squeeze ? segment_size(device->adapter, which)
					 : segment_budget(device->adapter, which);
		uint64_t use = segment_used(device->adapter, which);

		if (more[group] && (use >= limit || more[group] > limit - use)) {
			*trim = use + more[group] - limit;
			return HOST_STATUS_NO_MEMORY;
		}
	}
	return 0;
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
	arena_lock(call->model->arena);
	status = check_residency(call, queue->device, &reply->num_bytes_to_trim);
	if (status == HOST_STATUS_NO_MEMORY && arena_reap(call->model->arena)) {
		reply->num_bytes_to_trim = 0;
		status = check_residency(call, queue->device, &reply->num_bytes_to_trim);
	}
	if (status) {
		arena_unlock(call->model->arena);
		if (request->flags & D3DDDI_MAKERESIDENT_FLAGS_MUST_SUCCEED)
			vidsch_device_lost(call->model, queue->device,
					   D3DKMT_DEVICEEXECUTION_ERROR_OUTOFMEMORY);
		call->m->status = status;
		return;
	}
	for (uint32_t i = 0; i < request->allocation_count; i++) {
		struct host_allocation *allocation =
			listed_allocation(call, queue->device, request->allocations[i]);

		if (allocation->resident++)
			continue;
		work = true;
		segment_resident(queue->device, segment_of(allocation), (int64_t)allocation->size);
	}
	arena_unlock(call->model->arena);
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
		struct host_allocation *allocation = listed_allocation(call, device, request->allocations[i]);

		if (!allocation)
			continue;
		if (!allocation->resident) {
			report_misuse("%s: allocation 0x%x is evicted more often than made resident",
				      call->name, request->allocations[i]);
			continue;
		}
		if (--allocation->resident)
			continue;
		segment_resident(device, segment_of(allocation), -(int64_t)allocation->size);
		device->adapter->evicted_bytes += allocation->size;
	}
}

static uint32_t residency_of(const struct host_allocation *allocation)
{
	if (!allocation->resident)
		return D3DKMT_ALLOCATIONRESIDENCYSTATUS_NOTRESIDENT;
	return segment_of(allocation) == SEGMENT_LOCAL
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
