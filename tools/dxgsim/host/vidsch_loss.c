// SPDX-License-Identifier: MIT
/*
 * How work ends badly: time-outs, page faults and packets an engine refuses. The device at fault is lost; everybody
 * else goes on, unless the whole adapter has to be reset. Public source: Microsoft, "Timeout detection and recovery", D3DKMT_DEVICESTATE_TYPE.
 */
#include "dxgsim/host/types.h"

/* Microsoft, "TDR registry keys": TdrLimitCount and TdrLimitTime, beyond which Windows stops (VIDEO_TDR_FAILURE) */
#define TIMEOUTS_ALLOWED 5u
#define TIMEOUTS_SECONDS 60u

void vidsch_device_lost(struct host_model *model, struct host_device *device, uint32_t state)
{
	struct host_paging_queue *queue;
	struct host_context *context;
	struct host_hwqueue *hwqueue;
	struct host_sync *sync;

	if (device->execution_state != D3DKMT_DEVICEEXECUTION_ACTIVE)
		return; /* the first reason stays */
	vidmm_device_set_state(model, device, state);
	LIST_FOREACH(context, &device->contexts, link)
	{
		vidsch_fifo_drop(&context->fifo, true);
		LIST_FOREACH(hwqueue, &context->hwqueues, link)
		{
			vidsch_fifo_drop(&hwqueue->fifo, true);
			fence_lose(model, hwqueue->sync.fence);
		}
	}
	LIST_FOREACH(queue, &device->paging_queues, link)
	{
		paging_drop_completions(model, queue);
		fence_lose(model, queue->sync.fence);
	}
	LIST_FOREACH(sync, &device->syncs, link)
	fence_lose(model, sync->fence);
}

/* Why the address does not lead to memory, as far as that is known. */
static const char *explain(const struct va_space *va, const struct gpu_error *error)
{
	const struct va_range *range = va_find(va, error->va);

	if (error->reason == GPU_FAULT_UNMAPPED)
		return va_history(va, error->va);
	if (error->reason != GPU_FAULT_NOT_RESIDENT || !range || !range->allocation)
		return "";
	if (range->allocation->offered)
		return "it is offered";
	return range->allocation->placed ? "it was evicted" : "it was never made resident";
}

static void report_page_fault(const struct host_place *place, const struct gpu_error *error)
{
	const struct host_device *device = place->running->context->device;
	const struct va_space *va = &device->process->use[device->adapter->index].va;
	const char *history = explain(va, error);
	char who[160];

	vidsch_describe(place, who, sizeof(who));
	report_misuse("GPU page fault in %s: %s%s%s", who, error->text, *history ? ": " : "", history);
}

static void lose_by_fault(struct host_place *place, const struct gpu_error *error)
{
	struct host_device *device = place->running->context->device;

	device->page_fault = (struct d3dkmt_devicepagefault_state){
		.faulted_primitive_api_sequence_number = place->running->finished + 1,
		.page_fault_flags = DXGK_PAGE_FAULT_ENGINE_RESET_REQUIRED |
				    (error->access == GPU_WRITE ? DXGK_PAGE_FAULT_WRITE : 0),
		.fault_error_code = DXGK_GENERAL_ERROR_PAGE_FAULT << 1,
		/* the hardware tells the page */
		.faulted_virtual_address = error->va & ~(uint64_t)(HOST_PAGE_SIZE - 1),
	};
	vidsch_device_lost(place->engine->adapter->model, device, D3DKMT_DEVICEEXECUTION_ERROR_DMAPAGEFAULT);
}

/*
 * Windows resets the engine, and where that does not help the adapter, so that everybody's devices are lost.  It does not do
 * so for ever: the machine is lost to whoever makes it.
 */
static void hung(struct host_place *place)
{
	struct host_adapter *adapter = place->engine->adapter;
	struct host_model *model = adapter->model;
	bool from_outside = place->in_trouble;

	vidsch_device_lost(model, place->running->context->device, D3DKMT_DEVICEEXECUTION_HUNG);
	if (adapter->fixture->tdr_adapter)
		model->happenings.reset(adapter);
	if (from_outside)
		return;
	if (arena_reset_happened(model->arena, model_now_ns(), TIMEOUTS_SECONDS * 1000000000ull) >
	    TIMEOUTS_ALLOWED)
		report_fatal(
			"the simulated Windows has crashed: the GPU had to be reset more than %u times in "
			"%u s",
			TIMEOUTS_ALLOWED, TIMEOUTS_SECONDS);
}

void vidsch_stopped(struct host_place *place, const struct gpu_error *error, bool host_fault)
{
	struct host_device *device = place->running->context->device;
	char who[160];

	vidsch_describe(place, who, sizeof(who));
	switch (error->kind) {
	case GPU_ERROR_PAGE_FAULT:
		if (!host_fault)
			report_page_fault(place, error);
		lose_by_fault(place, error);
		return;
	case GPU_ERROR_UNSUPPORTED:
		report_note("not simulated in %s: %s", who, error->text);
		vidsch_device_lost(place->engine->adapter->model, device, D3DKMT_DEVICEEXECUTION_HUNG);
		return;
	case GPU_ERROR_KERNEL:
		report_misuse("GPU kernel error in %s: %s", who, error->text);
		break;
	case GPU_ERROR_PACKET:
	case GPU_ERROR_NONE:
		report_misuse("GPU packet error in %s: %s", who, error->text);
		break;
	}
	/* the command processor, or the wave, stands still until it is reset */
	hung(place);
}

/*
 * Hardware queues stand in nobody's way, but for those without exemption the limit is the same.  Where contexts take turns
 * an exempt one may stay as long as nobody else wants to have its turn.
 */
bool vidsch_timed_out(struct host_place *place, uint64_t *due_ns)
{
	uint64_t limit = (uint64_t)place->engine->adapter->fixture->timeout_ms * 1000000u;
	uint64_t now = model_now_ns();
	bool wanted = vidsch_wanted(place);
	uint64_t start = place->started_ns;
	char who[160];

	if (!wanted)
		place->wanted_ns = 0;
	else if (!place->wanted_ns)
		place->wanted_ns = now;
	if (place->running->exempt)
		start = place->wanted_ns ? place->wanted_ns : now;
	*due_ns = place->running->exempt && !wanted ? UINT64_MAX : start + limit;
	if (now < *due_ns)
		return false;
	vidsch_describe(place, who, sizeof(who));
	if (!place->in_trouble && !vidsch_hangs(place->engine))
		report_misuse("GPU timeout: %s held the engine for over %u ms%s", who,
			      place->engine->adapter->fixture->timeout_ms,
			      place->running->exempt ? " that another context wanted" : "");
	hung(place);
	return true;
}
