// SPDX-License-Identifier: MIT
/* Contexts and hardware queues. Public source: Microsoft, D3DKMTCreateContextVirtual, D3DKMTCreateHwQueue. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dxgsim/host/amd_context.h"
#include "dxgsim/host/amd_queue.h"
#include "dxgsim/host/types.h"

#define MIN_PRIORITY (-7)
#define MAX_PRIORITY 7
#define REWRITTEN    0xd5
#define MAX_HINT     20u /* Microsoft: D3DKMT_CLIENTHINT */

static void note_unfinished(const struct host_fifo *fifo, const char *kind, d3dkmt_handle handle)
{
	const struct host_work *work;
	uint32_t others = 0;

	TAILQ_FOREACH(work, &fifo->work, link)
		others += work->kind != WORK_JOB;
	if (fifo->submitted != fifo->finished)
		report_note("%s 0x%x is destroyed with %llu jobs unfinished", kind, handle,
			    (unsigned long long)(fifo->submitted - fifo->finished));
	else if (others)
		report_note("%s 0x%x is destroyed with %u waits and signals unfinished", kind, handle,
			    others);
}

static void hwqueue_destroy(struct host_model *model, struct host_hwqueue *hwqueue)
{
	struct host_handles *handles = &hwqueue->context->device->process->handles;

	if (hwqueue->context->device->execution_state == D3DKMT_DEVICEEXECUTION_ACTIVE)
		note_unfinished(&hwqueue->fifo, "hardware queue", hwqueue->object.handle);
	vidsch_fifo_release(&hwqueue->fifo);
	fence_release_waits(model, &hwqueue->sync);
	objects_remove(handles, &hwqueue->sync.object);
	objects_remove(handles, &hwqueue->object);
	LIST_REMOVE(hwqueue, link);
	fence_put(model, hwqueue->sync.fence);
	free(hwqueue);
}

void vidsch_context_destroy(struct host_model *model, struct host_context *context)
{
	struct host_device *device = context->device;

	while (!LIST_EMPTY(&context->hwqueues))
		hwqueue_destroy(model, LIST_FIRST(&context->hwqueues));
	if (device->execution_state == D3DKMT_DEVICEEXECUTION_ACTIVE)
		note_unfinished(&context->fifo, "context", context->object.handle);
	vidsch_fifo_release(&context->fifo);
	objects_remove(&device->process->handles, &context->object);
	LIST_REMOVE(context, link);
	if (!device->retired)
		device->process->use[device->adapter->index].contexts--;
	free(context);
}

/* A mistake of the program, unless the adapter tells other things about itself than it goes by. */
static void __attribute__((format(printf, 2, 3)))
disagree(const struct fixture *fixture, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (fixture->patches)
		report_note("%s", text);
	else
		report_misuse("%s", text);
}

/* What the caller said beside the private data. */
static bool check_context(const struct host_call *call, const struct host_device *device)
{
	const struct host_create_context *request = call->m->request.create_context;
	const struct fixture *fixture = device->adapter->fixture;
	uint32_t known =
		D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT | D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED;
	uint64_t bit;

	if (request->node_ordinal >= fixture->engine_count) {
		disagree(fixture, "%s: node %u of %u", call->name, request->node_ordinal,
			 fixture->engine_count);
		return false;
	}
	bit = 1ull << request->node_ordinal;
	if (request->engine_affinity > 1) {
		report_misuse("%s: engine affinity 0x%x, a node has one engine", call->name,
			      request->engine_affinity);
		return false;
	}
	if (request->client_hint > MAX_HINT) {
		report_misuse("%s: client hint %u", call->name, request->client_hint);
		return false;
	}
	if (request->flags & ~known) {
		report_misuse("%s: flags 0x%x", call->name, request->flags);
		return false;
	}
	if ((request->flags & D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT) &&
	    !(fixture->timeout_mask & bit)) {
		disagree(fixture, "%s: DisableGpuTimeout on node %u, the adapter allows it on 0x%llx",
			 call->name, request->node_ordinal, (unsigned long long)fixture->timeout_mask);
		return false;
	}
	if ((request->flags & D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED) &&
	    !(fixture_hws_mask(fixture) & bit)) {
		disagree(fixture, "%s: HwQueueSupported on node %u, the adapter schedules 0x%llx itself",
			 call->name, request->node_ordinal, (unsigned long long)fixture_hws_mask(fixture));
		return false;
	}
	return true;
}

static bool check_context_data(const struct host_call *call, const struct host_device *device)
{
	const struct host_create_context *request = call->m->request.create_context;
	const struct fixture *fixture = device->adapter->fixture;
	char why[160];

	if (!fixture->amd) {
		report_misuse("%s: AMD private data sent to vendor 0x%04x", call->name, fixture->vendor);
		return false;
	}
	if (amd_context_decode(fixture, request->node_ordinal, request->private_data,
			       request->private_data_size, why, sizeof(why))) {
		disagree(fixture, "%s: %s", call->name, why);
		return false;
	}
	/* a driver that knows only the form of graphics clients is no fault of the program */
	return !fixture->context_long || request->private_data_size == AMD_CONTEXT_LONG_SIZE;
}

/* The message carries no status: context 0 is the refusal. */
void host_create_context(struct host_call *call)
{
	const struct host_create_context *request = call->m->request.create_context;
	struct host_create_context_reply *reply = call->m->reply.create_context;
	struct host_context *context;
	struct host_device *device;
	struct host_use *use;

	device = objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	if (!device || !check_context(call, device) || !check_context_data(call, device))
		return;
	use = &call->process->use[device->adapter->index];
	if (device->execution_state != D3DKMT_DEVICEEXECUTION_ACTIVE ||
	    use->contexts >= device->adapter->fixture->max_contexts)
		return;
	context = calloc(1, sizeof(*context));
	if (!context || objects_add(&call->process->handles, &context->object, HOST_OBJECT_CONTEXT)) {
		free(context);
		return;
	}
	context->device = device;
	context->node = request->node_ordinal;
	context->takes_hwqueues = request->flags & D3DDDI_CREATECONTEXTFLAGS_HW_QUEUE_SUPPORTED;
	LIST_INIT(&context->hwqueues);
	vidsch_fifo_init(&context->fifo, context, NULL,
			 request->flags & D3DDDI_CREATECONTEXTFLAGS_DISABLE_GPU_TIMEOUT);
	LIST_INSERT_HEAD(&device->contexts, context, link);
	use->contexts++;
	if (device->adapter->fixture->context_reply == FIXTURE_REPLY_REWRITTEN && reply->private_data)
		memset(reply->private_data, REWRITTEN, request->private_data_size);
	reply->context = context->object.handle;
}

static struct host_context *find_context(struct host_call *call, d3dkmt_handle handle)
{
	struct host_context *context =
		objects_find(&call->process->handles, handle, HOST_OBJECT_CONTEXT, call->name);

	if (!context)
		call->m->status = HOST_STATUS_INVALID_HANDLE;
	return context;
}

void host_destroy_context(struct host_call *call)
{
	struct host_context *context = find_context(call, call->m->request.destroy_context->context);

	if (context)
		vidsch_context_destroy(call->model, context);
}

void host_get_context_priority(struct host_call *call)
{
	const struct host_get_context_priority *request = call->m->request.get_context_priority;
	struct host_context *context = find_context(call, request->context);

	if (context)
		call->m->reply.get_context_priority->priority =
			request->in_process ? context->in_process_priority : context->priority;
}

void host_set_context_priority(struct host_call *call)
{
	const struct host_set_context_priority *request = call->m->request.set_context_priority;
	struct host_context *context = find_context(call, request->context);

	if (!context)
		return;
	if (request->priority < MIN_PRIORITY || request->priority > MAX_PRIORITY) {
		call->m->status = HOST_STATUS_INVALID_PARAMETER;
		return;
	}
	if (request->in_process)
		context->in_process_priority = request->priority;
	else
		context->priority = request->priority;
}

/* ---- hardware queues ---- */

static int32_t check_hwqueue(const struct host_call *call, const struct host_context *context,
			     uint32_t *queue_id)
{
	const struct host_create_hwqueue *request = call->m->request.create_hwqueue;
	const struct fixture *fixture = context->device->adapter->fixture;
	char why[160];

	if (!context->takes_hwqueues) {
		report_misuse("%s: context 0x%x was not created with HwQueueSupported", call->name,
			      context->object.handle);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (request->flags & ~D3DDDI_CREATEHWQUEUEFLAGS_DISABLE_GPU_TIMEOUT) {
		report_misuse("%s: flags 0x%x", call->name, request->flags);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (request->flags && !(fixture->timeout_mask & 1ull << context->node)) {
		disagree(fixture, "%s: DisableGpuTimeout on node %u, the adapter allows it on 0x%llx",
			 call->name, context->node, (unsigned long long)fixture->timeout_mask);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (amd_queue_decode(fixture, request->private_data, request->private_data_size, why, sizeof(why))) {
		disagree(fixture, "%s: %s", call->name, why);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (context->device->execution_state != D3DKMT_DEVICEEXECUTION_ACTIVE)
		return HOST_STATUS_DEVICE_REMOVED;
	if (fixture->hwqueue_refused)
		return HOST_STATUS_INVALID_PARAMETER;
	*queue_id = ++context->device->adapter->next_queue_id;
	return HOST_STATUS_OK;
}

static struct host_hwqueue *hwqueue_create(struct host_call *call, struct host_context *context)
{
	struct host_handles *handles = &call->process->handles;
	struct host_hwqueue *hwqueue = calloc(1, sizeof(*hwqueue));

	if (!hwqueue)
		return NULL;
	if (fence_create(call->model, D3DDDI_MONITORED_FENCE, 0, true, &hwqueue->sync.fence))
		goto fail;
	if (objects_add(handles, &hwqueue->object, HOST_OBJECT_HWQUEUE))
		goto fail_fence;
	if (objects_add(handles, &hwqueue->sync.object, HOST_OBJECT_SYNC))
		goto fail_object;
	hwqueue->sync.hwqueue = hwqueue;
	hwqueue->sync.fence->gpu_visible = true;
	hwqueue->sync.fence->owner = call->process->handle;
	hwqueue->context = context;
	return hwqueue;
fail_object:
	objects_remove(handles, &hwqueue->object);
fail_fence:
	fence_put(call->model, hwqueue->sync.fence);
fail:
	free(hwqueue);
	return NULL;
}

void host_create_hwqueue(struct host_call *call)
{
	const struct host_create_hwqueue *request = call->m->request.create_hwqueue;
	struct host_create_hwqueue_reply *reply = call->m->reply.create_hwqueue;
	struct host_context *context = find_context(call, request->context);
	struct host_hwqueue *hwqueue;
	uint32_t queue_id = 0;

	if (!context)
		return;
	call->m->status = check_hwqueue(call, context, &queue_id);
	if (call->m->status)
		return;
	hwqueue = hwqueue_create(call, context);
	if (!hwqueue) {
		call->m->status = HOST_STATUS_NO_MEMORY;
		return;
	}
	vidsch_fifo_init(&hwqueue->fifo, context, hwqueue, request->flags);
	LIST_INSERT_HEAD(&context->hwqueues, hwqueue, link);
	amd_queue_answer(reply->private_data, queue_id);
	reply->hwqueue = hwqueue->object.handle;
	reply->progress_fence = hwqueue->sync.object.handle;
	reply->fence_page = io_fence_address(hwqueue->sync.fence->page);
	reply->fence_gpu_va = fence_gpu_address(hwqueue->sync.fence);
}

void host_destroy_hwqueue(struct host_call *call)
{
	struct host_hwqueue *hwqueue =
		objects_find(&call->process->handles, call->m->request.destroy_hwqueue->hwqueue,
			     HOST_OBJECT_HWQUEUE, call->name);

	if (!hwqueue)
		call->m->status = HOST_STATUS_INVALID_HANDLE;
	else
		hwqueue_destroy(call->model, hwqueue);
}
