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

	model_lock(model);
	while (!model->worker_stop) {
		struct host_completion *next = TAILQ_FIRST(&model->completions);
		struct timespec due;

		if (!next || model->happenings.now.asleep) {
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

	model_lock(model);
	model->worker_stop = true;
	runs = model->worker_runs;
	model->worker_runs = false;
	pthread_cond_signal(&model->work);
	pthread_mutex_unlock(&model->lock);
	if (runs)
		pthread_join(model->worker, NULL);
}

/* After all that was promised before it, and when what is on its way has arrived. */
static uint64_t due_ns(const struct host_model *model, struct host_paging_queue *queue)
{
	const struct host_adapter *adapter = queue->device->adapter;
	uint64_t due = model_now_ns();

	if (due < adapter->paging_until_ns)
		due = adapter->paging_until_ns;
	due += (uint64_t)adapter->fixture->paging_us * 1000 + model->slow_ns;
	if (due < queue->last_due_ns)
		due = queue->last_due_ns;
	queue->last_due_ns = due;
	return due;
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
	completion->due_ns = due_ns(model, queue);
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
