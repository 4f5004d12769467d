// SPDX-License-Identifier: MIT
/* Offered memory that goes, for whoever needs its place: which allocation it is, and that its bytes are lost. */
#include "dxgsim/host/types.h"

static bool goes_before(const struct host_allocation *a, const struct host_allocation *b)
{
	return a->offer_priority != b->offer_priority ? a->offer_priority < b->offer_priority
						      : a->offer_number < b->offer_number;
}

static void find_first(const struct host_device *device, enum segment segment, struct host_allocation **best)
{
	struct host_allocation *allocation;

	LIST_FOREACH(allocation, &device->allocations, link)
	{
		if (allocation->offered_bytes && allocation->segment == segment &&
		    (!*best || goes_before(allocation, *best)))
			*best = allocation;
	}
}

/* What is discarded next: of least priority, offered first. */
static struct host_allocation *next_victim(const struct host_adapter *adapter, enum segment segment)
{
	struct host_allocation *best = NULL;
	struct host_process *process;
	struct host_device *device;

	LIST_FOREACH(process, &adapter->model->processes, link)
	{
		LIST_FOREACH(device, &process->devices, link)
		{
			if (device->adapter == adapter)
				find_first(device, segment, &best);
		}
	}
	return best;
}

void offer_lose(struct host_model *model, struct host_allocation *allocation)
{
	struct host_adapter *adapter = allocation->device->adapter;

	adapter->offered[allocation->segment] -= allocation->offered_bytes;
	allocation->offered_bytes = 0;
	allocation->discarded = true;
	va_forget_allocation(&allocation->device->process->use[adapter->index].va, allocation);
	allocation->placed = false;
	if (allocation->store)
		io_store_clear(model, allocation->store, allocation->size);
}

static void sync_segment(struct host_adapter *adapter, enum segment segment)
{
	struct arena *arena = adapter->model->arena;
	uint64_t left;

	while (adapter->offered[segment] > arena_offered(arena, adapter->index, segment)) {
		struct host_allocation *victim = next_victim(adapter, segment);

		if (!victim)
			break;
		offer_lose(adapter->model, victim);
	}
	/* an allocation goes as a whole: nobody has taken the rest of it yet */
	left = arena_offered(arena, adapter->index, segment);
	if (left <= adapter->offered[segment])
		return;
	arena_unoffer(arena, adapter->index, segment, left - adapter->offered[segment]);
	presence_shrink(adapter, segment);
}

void offers_sync(struct host_adapter *adapter)
{
	sync_segment(adapter, SEGMENT_VISIBLE);
	sync_segment(adapter, SEGMENT_INVISIBLE);
}

void offer_end(struct host_model *model, struct host_allocation *allocation)
{
	struct host_adapter *adapter = allocation->device->adapter;

	offers_sync(adapter);
	arena_unoffer(model->arena, adapter->index, allocation->segment, allocation->offered_bytes);
	adapter->offered[allocation->segment] -= allocation->offered_bytes;
	allocation->offered_bytes = 0;
	allocation->offered = false;
}
