// SPDX-License-Identifier: MIT
/*
 * Work for contexts and hardware queues: command buffers, waits, signals, events. These messages may come without
 * anybody who waits for the answer; a refusal then shows in the device's state alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dxgsim/host/amd_submit.h"
#include "dxgsim/host/types.h"

static void refuse(struct host_call *call, struct host_device *device, int32_t status)
{
	call->m->status = status;
	if (!call->m->sync && device)
		vidsch_device_lost(call->model, device, D3DKMT_DEVICEEXECUTION_RESET);
}

static struct host_device *device_of(const struct host_fifo *fifo)
{
	return fifo->context->device;
}

static bool accepts(struct host_call *call, const struct host_fifo *fifo)
{
	return vidmm_device_active(call, device_of(fifo));
}

/* Where a context or hardware queue keeps its work; NULL after a report. */
static struct host_fifo *find_fifo(struct host_call *call, d3dkmt_handle handle)
{
	struct host_object *object = objects_peek(&call->process->handles, handle);
	struct host_context *context;

	if (object && object->kind == HOST_OBJECT_HWQUEUE)
		return &((struct host_hwqueue *)(void *)object)->fifo;
	context = objects_find(&call->process->handles, handle, HOST_OBJECT_CONTEXT, call->name);
	if (!context) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return NULL;
	}
	if (!context->takes_hwqueues)
		return &context->fifo;
	report_misuse("%s: context 0x%x takes work through its hardware queues only", call->name, handle);
	refuse(call, context->device, HOST_STATUS_INVALID_PARAMETER);
	return NULL;
}

/* ---- command buffers ---- */

/* Ring memory that a software queue names: of this device and engine, and in place. */
static bool check_user_queue(struct host_call *call, const struct host_fifo *fifo, d3dkmt_handle handle,
			     bool *usable)
{
	const struct host_device *device = device_of(fifo);
	const struct fixture_engine *engine = &device->adapter->fixture->engines[fifo->context->node];
	struct host_allocation *allocation;

	*usable = false;
	if (!handle)
		return true;
	allocation = objects_find(&call->process->handles, handle, HOST_OBJECT_ALLOCATION, call->name);
	if (!allocation)
		return false;
	if (!allocation->user_queue || allocation->device != device ||
	    allocation->scheduler_id != engine->scheduler_id) {
		report_misuse(
			"%s: allocation 0x%x at 0x28 is no user queue of scheduler id %u on this device",
			call->name, handle, engine->scheduler_id);
		return false;
	}
	*usable = allocation->resident && allocation->mappings;
	return true;
}

static void submit(struct host_call *call, struct host_fifo *fifo, const struct amd_submission *submission,
		   uint64_t progress)
{
	const struct fixture *fixture = device_of(fifo)->adapter->fixture;
	struct host_work *work;
	bool user_queue;

	if (!check_user_queue(call, fifo, submission->user_queue, &user_queue)) {
		refuse(call, device_of(fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	work = vidsch_work(WORK_JOB, 0);
	if (!work) {
		refuse(call, device_of(fifo), HOST_STATUS_NO_MEMORY);
		return;
	}
	work->commands = submission->commands;
	work->bytes = submission->bytes;
	work->progress = progress;
	work->stuck = fixture->submit == FIXTURE_SUBMIT_LOST ||
		      (fixture->user_queue_required && !fifo->hwqueue && !user_queue);
	vidsch_enqueue(fifo, work);
}

static bool decode(struct host_call *call, const struct host_fifo *fifo, const void *data, uint32_t size,
		   struct amd_submission *submission)
{
	char why[160];

	if (!amd_submit_decode(device_of(fifo)->adapter->fixture, fifo->context->node, fifo->hwqueue, data,
			       size, submission, why, sizeof(why)))
		return true;
	report_misuse("%s: %s", call->name, why);
	return false;
}

void host_submit_command(struct host_call *call)
{
	const struct host_submit_command *request = call->m->request.submit_command;
	const struct d3dkmt_submitcommand *args = &request->args;
	struct amd_submission submission = {.commands = args->command_buffer, .bytes = args->command_length};
	struct host_fifo *fifo = find_fifo(call, args->broadcast_context[0]);

	if (!fifo || !accepts(call, fifo))
		return;
	if (fifo->hwqueue) {
		report_misuse("%s: 0x%x is a hardware queue, not a context", call->name,
			      args->broadcast_context[0]);
		refuse(call, device_of(fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	if (args->broadcast_context_count != 1 || args->flags || args->present_history_token ||
	    args->num_primaries || args->num_history_buffers) {
		report_misuse("%s: %u contexts, flags 0x%x, history token 0x%llx, %u primaries, %u history "
			      "buffers; want one context and nothing else",
			      call->name, args->broadcast_context_count, args->flags,
			      (unsigned long long)args->present_history_token, args->num_primaries,
			      args->num_history_buffers);
		refuse(call, device_of(fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	if (!decode(call, fifo, request->private_data, args->priv_drv_data_size, &submission)) {
		refuse(call, device_of(fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	submit(call, fifo, &submission, 0);
}

void host_submit_to_hwqueue(struct host_call *call)
{
	const struct host_submit_to_hwqueue *request = call->m->request.submit_to_hwqueue;
	const struct d3dkmt_submitcommandtohwqueue *args = &request->args;
	struct amd_submission submission = {.commands = args->command_buffer, .bytes = args->command_length};
	struct host_hwqueue *hwqueue;

	hwqueue = objects_find(&call->process->handles, args->hwqueue, HOST_OBJECT_HWQUEUE, call->name);
	if (!hwqueue) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	if (!accepts(call, &hwqueue->fifo))
		return;
	if (args->hwqueue_progress_fence_id != hwqueue->last_id + 1) {
		report_misuse("%s: progress fence id %llu after %llu", call->name,
			      (unsigned long long)args->hwqueue_progress_fence_id,
			      (unsigned long long)hwqueue->last_id);
		refuse(call, device_of(&hwqueue->fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	if (args->num_primaries) {
		report_misuse("%s: %u primaries without a display", call->name, args->num_primaries);
		refuse(call, device_of(&hwqueue->fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	if (!decode(call, &hwqueue->fifo, request->private_data, args->priv_drv_data_size, &submission)) {
		refuse(call, device_of(&hwqueue->fifo), HOST_STATUS_INVALID_PARAMETER);
		return;
	}
	submit(call, &hwqueue->fifo, &submission, args->hwqueue_progress_fence_id);
	if (!call->m->status)
		hwqueue->last_id = args->hwqueue_progress_fence_id;
}

/* ---- waits ---- */

static bool may_wait(const struct host_call *call, const struct host_fifo *fifo, const struct host_sync *sync,
		     bool legacy, uint64_t value)
{
	uint32_t type = sync->fence->type;
	bool by_value = type == D3DDDI_MONITORED_FENCE;

	if (legacy && !fifo->hwqueue && (type == D3DDDI_SEMAPHORE || type == D3DDDI_FENCE))
		return true;
	if (legacy || !by_value) {
		report_misuse("%s: sync object 0x%x of type %u cannot be waited for like that", call->name,
			      sync->object.handle, type);
		return false;
	}
	if (sync->hwqueue && sync->hwqueue == fifo->hwqueue && value > sync->hwqueue->last_id) {
		report_misuse("%s: hardware queue 0x%x waits for its own progress fence to reach %llu, which "
			      "it never will",
			      call->name, fifo->hwqueue->object.handle, (unsigned long long)value);
		return false;
	}
	return true;
}

void host_wait_from_gpu(struct host_call *call)
{
	const struct host_wait_from_gpu *request = call->m->request.wait_from_gpu;
	struct host_fifo *fifo = find_fifo(call, request->context);
	struct host_work *work;

	if (!fifo || !accepts(call, fifo))
		return;
	work = vidsch_work(WORK_WAIT, request->object_count);
	if (!work) {
		refuse(call, device_of(fifo), HOST_STATUS_NO_MEMORY);
		return;
	}
	for (uint32_t i = 0; i < request->object_count; i++) {
		struct host_sync *sync = objects_find(&call->process->handles, request->objects[i],
						      HOST_OBJECT_SYNC, call->name);
		uint64_t value = request->fence_values[i];

		if (!sync || !may_wait(call, fifo, sync, request->legacy_fence, value)) {
			vidsch_work_free(call->model, work);
			refuse(call, device_of(fifo), HOST_STATUS_INVALID_PARAMETER);
			return;
		}
		sync->fence->refs++;
		work->points[work->count++] = (struct host_point){sync->fence, value, request->objects[i]};
	}
	vidsch_enqueue(fifo, work);
}

/* ---- signals ---- */

#define SIGNAL_FLAGS                                                                          \
	(D3DDDICB_SIGNALFLAGS_SIGNAL_AT_SUBMISSION | D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT | \
	 D3DDDICB_SIGNALFLAGS_ALLOW_FENCE_REWIND)

static bool may_signal(struct host_call *call, d3dkmt_handle handle, struct host_sync **sync)
{
	*sync = objects_find(&call->process->handles, handle, HOST_OBJECT_SYNC, call->name);
	if (!*sync)
		return false;
	if ((*sync)->paging_queue || (*sync)->hwqueue) {
		report_misuse("%s: 0x%x is the fence of a %s queue, only the host signals it", call->name,
			      handle, (*sync)->hwqueue ? "hardware" : "paging");
		return false;
	}
	return true;
}

static struct host_work *signal_work(struct host_call *call, struct host_event *event)
{
	const struct host_signal_sync_object *request = call->m->request.signal_sync_object;
	struct host_work *work = vidsch_work(event ? WORK_EVENT : WORK_SIGNAL, request->object_count);

	if (!work)
		return NULL;
	if (event) {
		event->refs++;
		work->event = event;
		return work;
	}
	work->rewind = request->flags & D3DDDICB_SIGNALFLAGS_ALLOW_FENCE_REWIND;
	for (uint32_t i = 0; i < request->object_count; i++) {
		struct host_sync *sync = NULL;

		if (!may_signal(call, request->objects[i], &sync)) {
			vidsch_work_free(call->model, work);
			return NULL;
		}
		sync->fence->refs++;
		work->points[work->count++] = (struct host_point){
			sync->fence,
			i < request->fence_value_count ? request->fence_values[i] : request->fence_value,
			request->objects[i],
		};
	}
	return work;
}

/* The last refusal. */
static int32_t at_once(struct host_call *call, struct host_work *work)
{
	int32_t status, result = HOST_STATUS_OK;

	for (uint32_t i = 0; i < work->count; i++) {
		status = fence_signal(call->model, &work->points[i], work->rewind, call->name);
		result = status ? status : result;
	}
	vidsch_work_free(call->model, work);
	return result;
}

static int32_t check_signal(struct host_call *call)
{
	const struct host_signal_sync_object *request = call->m->request.signal_sync_object;
	bool event = request->flags & D3DDDICB_SIGNALFLAGS_ENQUEUE_CPU_EVENT;
	uint32_t known = request->context_count ? SIGNAL_FLAGS : D3DDDICB_SIGNALFLAGS_ALLOW_FENCE_REWIND;
	struct host_sync *sync;

	if (request->flags & ~known ||
	    (event && request->flags & D3DDDICB_SIGNALFLAGS_SIGNAL_AT_SUBMISSION)) {
		report_misuse("%s: flags 0x%x", call->name, request->flags);
		return HOST_STATUS_INVALID_PARAMETER;
	}
	if (event ? request->object_count != 0 : request->object_count == 0) {
		report_misuse("%s: %u objects %s an event", call->name, request->object_count,
			      event ? "with" : "without");
		return HOST_STATUS_INVALID_PARAMETER;
	}
	for (uint32_t i = 0; i < request->object_count; i++) {
		if (!may_signal(call, request->objects[i], &sync))
			return HOST_STATUS_INVALID_PARAMETER;
	}
	return HOST_STATUS_OK;
}

static void signal_from_cpu(struct host_call *call)
{
	const struct host_signal_sync_object *request = call->m->request.signal_sync_object;
	struct host_device *device =
		objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE, call->name);
	struct host_work *work;
	int32_t status;

	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	status = check_signal(call);
	if (!status) {
		work = signal_work(call, NULL);
		status = work ? at_once(call, work) : HOST_STATUS_NO_MEMORY;
	}
	if (status)
		refuse(call, device, status);
}

static void signal_from_gpu(struct host_call *call)
{
	const struct host_signal_sync_object *request = call->m->request.signal_sync_object;
	struct host_fifo *first = find_fifo(call, request->contexts[0]);
	struct host_event *event = NULL;
	int32_t status;

	if (!first || !accepts(call, first))
		return;
	status = check_signal(call);
	for (uint32_t i = 1; !status && i < request->context_count; i++) {
		struct host_fifo *fifo = find_fifo(call, request->contexts[i]);

		if (!fifo || !accepts(call, fifo))
			status = call->m->status;
	}
	if (!status && request->guest_event) {
		event = calloc(1, sizeof(*event));
		status = event ? HOST_STATUS_OK : HOST_STATUS_NO_MEMORY;
	}
	if (status) {
		refuse(call, device_of(first), status);
		return;
	}
	if (event)
		*event = (struct host_event){.guest_event = request->guest_event, .refs = 1};
	for (uint32_t i = 0; i < request->context_count; i++) {
		struct host_work *work = signal_work(call, event);

		if (!work) {
			refuse(call, device_of(first), HOST_STATUS_NO_MEMORY);
			break;
		}
		if (request->flags & D3DDDICB_SIGNALFLAGS_SIGNAL_AT_SUBMISSION)
			at_once(call, work);
		else
			vidsch_enqueue(find_fifo(call, request->contexts[i]), work);
	}
	if (event && !--event->refs)
		free(event);
}

void host_signal_sync_object(struct host_call *call)
{
	if (call->m->request.signal_sync_object->context_count)
		signal_from_gpu(call);
	else
		signal_from_cpu(call);
}

/* ---- the end of a device ---- */

/* The guest's process ends: what it has queued is not waited for. */
void host_flush_device(struct host_call *call)
{
	const struct host_flush_device *request = call->m->request.flush_device;
	struct host_context *context;
	struct host_hwqueue *hwqueue;
	struct host_device *device;

	/* the guest driver keeps a device that the host refused to make, and flushes it at the end */
	device = request->device ? objects_find(&call->process->handles, request->device, HOST_OBJECT_DEVICE,
						call->name)
				 : NULL;
	if (!device) {
		call->m->status = HOST_STATUS_INVALID_HANDLE;
		return;
	}
	LIST_FOREACH(context, &device->contexts, link)
	{
		vidsch_fifo_drop(&context->fifo, true);
		LIST_FOREACH(hwqueue, &context->hwqueues, link)
		vidsch_fifo_drop(&hwqueue->fifo, true);
	}
}
